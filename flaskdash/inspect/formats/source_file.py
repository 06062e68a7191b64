"""The input of a reader: one file, and the name of the table to read from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from flaskdash.inspect.reading import DETECTED, Reading
from flaskdash.inspect.text import compressed
from flaskdash.inspect.text.compressed import NOT_PACKED, Packed


@dataclass(frozen=True)
class SourceFile:
    """A file on disk, and how it is packed.

    `path` is what the loader calls SOURCE. `name` and `head` (its first bytes) describe the
    unpacked content. `table` is the sheet or the list of records that the user chose. Only whole
    lines of the first `limit` bytes are read, if it is not None. `reading` is what the user says about
    the text.
    """

    path: Path
    name: str
    head: bytes
    packed: Packed = NOT_PACKED
    table: str | None = None
    limit: int | None = None
    reading: Reading = DETECTED

    @cached_property
    def data(self) -> bytes:
        """Return the content, unpacked."""
        data = compressed.read(self.path, self.packed, self.limit)
        if self.limit is None or len(data) < self.limit:
            return data
        return data[: data.rfind(b"\n") + 1] or data

    @property
    def suffix(self) -> str:
        """Return the suffix of the content's name, in lower case."""
        return Path(self.name).suffix.lower()
