"""`flaskdash open`: open the live dashboard in the browser."""

import click

from flaskdash.commands import _target
from flaskdash.progress import echo


@click.command("open")
@_target.argument
def command(target: str | None) -> None:
    """Open the dashboard on TARGET in the browser, and print its URL.

    \b
    Example:
      flaskdash open
    """
    url = _target.current(target).url()
    echo(url)
    click.launch(url)
