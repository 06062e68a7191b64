"""`flaskdash rollback`: the way back."""

from dataclasses import asdict
from pathlib import Path

import click

from flaskdash.commands import _target


@click.command("rollback")
@click.argument("release", required=False)
@click.option("--target", metavar="TARGET", help="The target.  [default: the remembered one]")
@_target.as_json
@_target.errors_as_json
def command(release: str | None, target: str | None, as_json: bool) -> None:
    """Make RELEASE live again: by default, the one before the live one.

    Exit codes: 0 done, 4 it failed and what was live is live, 5 it failed and is live.

    \b
    Example:
      flaskdash rollback
    """
    from flaskdash.deploy import targets
    from flaskdash.project import Project

    place = _target.live(target)
    with targets.alone(Project.find(Path.cwd())):
        outcome = place.rollback(release, _target.echo if as_json else click.echo)
    if as_json:
        _target.dump(asdict(outcome))
