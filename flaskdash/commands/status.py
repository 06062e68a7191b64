"""`flaskdash status`: show the state of a target."""

import click

from flaskdash.commands import _target
from flaskdash.progress import echo, echo_json


@click.command("status")
@_target.argument
@_target.as_json
@_target.errors_as_json
def command(target: str | None, as_json: bool) -> None:
    """Show the live release on TARGET and whether it answers. Exit with code 1 if it does not.

    \b
    Example:
      flaskdash status
    """
    status = _target.current(target).status()
    if as_json:
        echo_json(status.as_dict())
    else:
        no = f"no: {status.reason}" if status.reason else "no"
        facts = {
            "release": status.release or "none yet",
            "url": status.url,
            "answers": "yes" if status.healthy else no,
            **status.facts,
        }
        width = max(len(name) for name in facts)
        for name, value in facts.items():
            echo(f"{name:{width}}  {value}".rstrip())
    if not status.healthy:
        raise click.exceptions.Exit(1)
