"""Temporary folders that last as long as the program."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path


def new_folder() -> Path:
    """Create a folder that is deleted when the program ends."""
    path = Path(tempfile.mkdtemp(prefix="flaskdash-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path
