"""`flaskdash logs`: print the log of a target."""

import click

from flaskdash.commands import _target


@click.command("logs")
@_target.argument
@click.option("-f", "--follow", is_flag=True, help="Continue with new lines until Ctrl-C.")
def command(target: str | None, follow: bool) -> None:
    """Print the last lines of TARGET's log.

    \b
    Example:
      flaskdash logs -f
    """
    _target.current(target).logs(follow=follow)
