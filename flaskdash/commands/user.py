"""`flaskdash user`: manage who may sign in, with the project's own command."""

import click


@click.command(
    "user", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="add|list|... [ARGS]")
def command(arguments: tuple[str, ...]) -> None:
    """Manage who may sign in, also while the site is down: see add-auth.

    The commands are add, list, role, password, disable and sessions, and passkeys if the project has
    them. They change the database of this project on this machine; on a server, run `flask user` there.

    \b
    Example:
      flaskdash user add ann@example.com --role admin
    """
    from flaskdash.generate.backend import run_command

    run_command("user", arguments)
