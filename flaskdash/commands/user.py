"""`flaskdash user`: manage who may sign in, with the project's own command."""

from pathlib import Path

import click

from flaskdash.progress import echo


@click.command(
    "user", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="add|list|... [ARGS]")
def command(arguments: tuple[str, ...]) -> None:
    """Manage who may sign in, also while the site is down: see add-auth.

    The commands are add, list, role, password, disable and sessions. They change the database of
    this project on this machine; on a server, run `flask user` there.

    \b
    Example:
      flaskdash user add ann@example.com --role admin
    """
    from flaskdash import shell
    from flaskdash.errors import FlaskdashError
    from flaskdash.generate.auth import PART
    from flaskdash.generate.parts import is_part
    from flaskdash.project import Project
    from flaskdash.project.environment import ensure_environment

    project = Project.find(Path.cwd())
    if not is_part(project, PART.name):
        raise FlaskdashError("The project has no accounts. Add them.", hint="flaskdash add-auth")
    ensure_environment(project, echo)
    python = str(project.python)
    shell.replace([python, "-m", "flask", "user", *arguments], project.root, {})
