"""Say on stderr that something longer than a second is going on."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def working(message: str) -> Iterator[None]:
    """Show `message` while the block runs: a spinner on a terminal, else one plain line."""
    if not sys.stderr.isatty():
        click.echo(message, err=True)
        yield
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status(Text(message)):
        yield
