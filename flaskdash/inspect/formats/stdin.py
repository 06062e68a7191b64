"""Save standard input to a file, so that the other readers can read it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from flaskdash.errors import FlaskdashError
from flaskdash.inspect import scratch

DASH = "-"
FORMAT_SUFFIXES = {"fixed-width": "txt"}
COMPRESSION_SUFFIXES = {"gzip": ".gz", "bz2": ".bz2", "xz": ".xz"}


def save() -> Path:
    """Save standard input to a file that is deleted when the program ends."""
    if sys.stdin is None or sys.stdin.isatty():
        raise FlaskdashError(
            "Standard input is empty: the source - needs data from a pipe.",
            "cat sales.csv | flaskdash inspect -",
        )
    path = scratch.new_folder() / "stdin"
    with path.open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
    return path


def suffix(format: str, compression: str | None) -> str:
    """Return the file suffix that fits a format and its compression."""
    if compression == "zip":
        return ".zip"
    packed = COMPRESSION_SUFFIXES.get(compression or "", "")
    return f".{FORMAT_SUFFIXES.get(format, format)}{packed}"
