"""`flaskdash releases`: what was deployed."""

from dataclasses import asdict

import click

from flaskdash.commands import _target


@click.command("releases")
@_target.argument
@_target.as_json
@_target.errors_as_json
def command(target: str | None, as_json: bool) -> None:
    """List the releases on TARGET, the newest first; the live one has a star.

    \b
    Example:
      flaskdash releases
    """
    found = _target.live(target).releases()
    if as_json:
        _target.dump([asdict(one) for one in found])
        return
    for one in found:
        line = f"{'*' if one.live else ' '} {one.name}  {one.when}  {one.note}"
        click.echo(line.rstrip())
    if not found:
        click.echo("Nothing was deployed yet.")
