"""`flaskdash rollback`: make an earlier release live again."""

from dataclasses import asdict
from pathlib import Path

import click

from flaskdash.commands import _target
from flaskdash.progress import echo, echo_json


@click.command("rollback")
@click.argument("release", required=False)
@_target.option
@_target.as_json
@_target.errors_as_json
def command(release: str | None, target: str | None, as_json: bool) -> None:
    """Make RELEASE live again; the default is the release before the live one.

    Exit codes: 0 success; 4 RELEASE failed, and the previous release is live; 5 RELEASE failed,
    and the previous release could not be restored.

    \b
    Example:
      flaskdash rollback
    """
    from flaskdash.deploy import targets
    from flaskdash.project import Project

    destination = _target.current(target)
    with targets.exclusive(Project.find(Path.cwd())):
        outcome = destination.rollback(release, _target.echo_on_stderr if as_json else echo)
    if as_json:
        echo_json(asdict(outcome))
