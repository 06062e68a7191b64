"""Data from standard input: saved to a file, and then read as one."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from flaskdash.errors import FlaskdashError
from flaskdash.inspect import scratch

DASH = "-"
ENDINGS = {"fixed-width": "txt"}


def saved() -> Path:
    """Return a file with all of standard input, which goes when the program ends."""
    if sys.stdin is None or sys.stdin.isatty():
        raise FlaskdashError(
            "Nothing is piped into standard input.", "cat sales.csv | flaskdash inspect -"
        )
    path = scratch.folder() / "stdin"
    with path.open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
    return path


def ending(format: str, compression: str | None) -> str:
    """Return the ending of a file's name for what was found in it."""
    if compression == "zip":
        return ".zip"
    packed = {"gzip": ".gz", "bz2": ".bz2", "xz": ".xz"}.get(compression or "", "")
    return f".{ENDINGS.get(format, format)}{packed}"
