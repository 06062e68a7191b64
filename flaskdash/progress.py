"""Print progress: results to stdout, and steps that take more than a second to stderr."""

import sys
import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

Echo = Callable[[str], None]  # prints a line


def printable(text: str) -> str:
    """Replace control characters by spaces: names in data must not control the terminal."""
    return "".join(
        " " if unicodedata.category(character).startswith("C") else character for character in text
    )


def printable_lines(text: str) -> str:
    """Replace control characters by spaces, except for line feeds."""
    return "\n".join(map(printable, text.split("\n")))


def echo(text: str, err: bool = False) -> None:
    """Print text without control characters."""
    click.echo(printable_lines(text), err=err)


def draw(picture: str) -> None:
    """Print a picture that flaskdash made, with the control characters of its colours."""
    click.echo(picture)


def echo_json(value: object) -> None:
    """Print a value as JSON, with escapes for control characters that JSON itself allows."""
    import json

    text = json.dumps(value, indent=2, ensure_ascii=False)
    click.echo("".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text))


@contextmanager
def working(message: str) -> Iterator[None]:
    """Show `message` while the block runs: with a spinner on a terminal, else after one second."""
    if not sys.stderr.isatty():
        timer = threading.Timer(1.0, echo, [message], {"err": True})
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status(Text(printable(message))):
        yield
