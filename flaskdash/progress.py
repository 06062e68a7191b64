"""Print progress: results to stdout, and steps that take more than a second to stderr."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

Echo = Callable[[str], None]  # prints a line


@contextmanager
def working(message: str) -> Iterator[None]:
    """Show `message` while the block runs: with a spinner on a terminal, else after one second."""
    if not sys.stderr.isatty():
        timer = threading.Timer(1.0, click.echo, [message], {"err": True})
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status(Text(message)):
        yield
