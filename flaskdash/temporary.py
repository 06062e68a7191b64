"""The folder for a command's temporary files; what a killed command left is removed later."""

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from flaskdash import shell

PREFIX = "flaskdash-"


@contextmanager
def folder() -> Iterator[None]:
    """Let all temporary files of the block be in one folder, whose name has this process's ID."""
    outer = tempfile.tempdir
    path = None
    with suppress(OSError):  # a command without temporary files works without the folder
        remove_stale(Path(tempfile.gettempdir()), PREFIX)
        path = tempfile.tempdir = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-")
    try:
        yield
    finally:
        tempfile.tempdir = outer
        if path:
            shutil.rmtree(path, ignore_errors=True)


def remove_stale(parent: Path, start: str) -> None:
    """Remove this user's folders whose process has ended: its ID follows the pattern `start`."""
    if sys.platform == "win32":  # which cannot tell whether a process runs
        return
    with suppress(OSError):
        for path in parent.iterdir():
            match = re.fullmatch(rf"{start}(\d+)(-\w{{8}})?", path.name)
            if match and path.lstat().st_uid == os.getuid() and not shell.runs(match[1]):
                shutil.rmtree(path, ignore_errors=True)
