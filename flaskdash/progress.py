"""Tell the user how far a command is: lines on stdout, and on stderr what takes more than a second."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

Echo = Callable[[str], None]  # how a command prints a line


@contextmanager
def working(message: str) -> Iterator[None]:
    """Show `message` while the block runs: a spinner on a terminal, else a line after a second."""
    if not sys.stderr.isatty():
        line = threading.Timer(1.0, click.echo, [message], {"err": True})
        line.start()
        try:
            yield
        finally:
            line.cancel()
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status(Text(message)):
        yield
