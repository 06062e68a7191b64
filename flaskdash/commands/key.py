"""`flaskdash key`: manage the keys of programs, with the project's own command."""

import click


@click.command(
    "key", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="add|list|revoke [ARGS]")
def command(arguments: tuple[str, ...]) -> None:
    """Manage the keys with which programs read the API: see add-api.

    The commands are add, list and revoke. They change the database of this project on this machine;
    on a server, run `flask key` there.

    \b
    Example:
      flaskdash key add reports --days 90
    """
    from flaskdash.generate.backend import run_command

    run_command("key", arguments)
