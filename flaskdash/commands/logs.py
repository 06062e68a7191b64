"""`flaskdash logs`: the log of what is live."""

import click

from flaskdash.commands import _target


@click.command("logs")
@_target.argument
@click.option("-f", "--follow", is_flag=True, help="Go on with new lines, until Ctrl-C.")
def command(target: str | None, follow: bool) -> None:
    """Print the last lines of TARGET's log.

    \b
    Example:
      flaskdash logs -f
    """
    _target.live(target).logs(follow=follow)
