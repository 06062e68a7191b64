"""`flaskdash status`: what is live."""

import click

from flaskdash.commands import _target


@click.command("status")
@_target.argument
@_target.as_json
@_target.errors_as_json
def command(target: str | None, as_json: bool) -> None:
    """Show what is live on TARGET, where, and whether it answers; exit with 1 if it does not.

    \b
    Example:
      flaskdash status
    """
    found = _target.live(target).status()
    if as_json:
        _target.dump(found.as_dict())
    else:
        shown = {
            "release": found.release or "none yet",
            "url": found.url,
            "answers": "yes" if found.healthy else "no",
            **found.facts,
        }
        width = max(len(name) for name in shown)
        for name, value in shown.items():
            click.echo(f"{name:{width}}  {value}".rstrip())
    if not found.healthy:
        raise click.exceptions.Exit(1)
