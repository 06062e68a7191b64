"""`flaskdash check`: the preflight by itself."""

from pathlib import Path

import click

from flaskdash.commands import _target


@click.command("check")
@_target.argument
def command(target: str | None) -> None:
    """Look whether the project is fit to go to TARGET, and say how to mend what is not.

    \b
    Example:
      flaskdash check
    """
    from flaskdash.deploy import preflight, targets
    from flaskdash.project import Project

    project = Project.find(Path.cwd())
    choice = targets.choose(project, target)
    preflight.run(targets.target(project, choice.place).plan().rules, project, click.echo)
