"""Temporary folders that last as long as the program."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path


def folder() -> Path:
    """Return a new folder, which goes when the program ends."""
    path = Path(tempfile.mkdtemp(prefix="flaskdash-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path
