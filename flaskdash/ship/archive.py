"""Reproducible tar.gz archives: equal content gives equal bytes."""

from __future__ import annotations

import gzip
import io
import os
import sys
import tarfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

YEAR_2020 = 1_577_836_800
FIVE_YEARS = 5 * 365 * 86_400
CHUNK = 1 << 20


@dataclass(frozen=True, order=True)
class Entry:
    """A file in an archive: its path there, and its content, or the file to copy."""

    path: str
    content: Path | bytes
    executable: bool = False


def from_file(path: str, file: Path) -> Entry:
    """Return the entry of a file of the project.

    Windows has no executable bits and calls each file executable; there, scripts are those files
    that begin with #!.
    """
    if sys.platform == "win32":
        with file.open("rb") as content:
            return Entry(path, file, content.read(2) == b"#!")
    return Entry(path, file, os.access(file, os.X_OK))


def write(output: Path, entries: Iterable[Entry]) -> None:
    """Write the entries, sorted, with owners, times and modes that do not depend on this machine."""
    with (
        output.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for entry in sorted(entries, key=lambda entry: entry.path):
            _add(tar, entry)


def _add(tar: tarfile.TarFile, entry: Entry) -> None:
    content = entry.content
    with io.BytesIO(content) if isinstance(content, bytes) else content.open("rb") as file:
        info = tarfile.TarInfo(entry.path)
        info.mode = 0o755 if entry.executable else 0o644
        # Python's .pyc files and the project's snapshots detect a change by a file's size and
        # time. A time that depends on the content also reveals an edit that keeps the size.
        checksum = 0
        while chunk := file.read(CHUNK):
            checksum = zlib.crc32(chunk, checksum)
            info.size += len(chunk)
        info.mtime = YEAR_2020 + checksum % FIVE_YEARS
        file.seek(0)
        tar.addfile(info, file)
