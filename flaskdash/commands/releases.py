"""`flaskdash releases`: list the releases of a target."""

from dataclasses import asdict

import click

from flaskdash.commands import _target
from flaskdash.progress import echo, echo_json


@click.command("releases")
@_target.argument
@_target.as_json
@_target.errors_as_json
def command(target: str | None, as_json: bool) -> None:
    """List the releases on TARGET, newest first; the live one has a star.

    \b
    Example:
      flaskdash releases
    """
    releases = _target.current(target).releases()
    if as_json:
        echo_json([asdict(release) for release in releases])
        return
    for release in releases:
        line = f"{'*' if release.live else ' '} {release.name}  {release.when}  {release.note}"
        echo(line.rstrip())
    if not releases:
        echo("Nothing has been deployed yet.")
