"""What a reader is given: a file, unpacked where it is packed, and which table of it is meant."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from flaskdash.inspect.text import compressed as packing
from flaskdash.inspect.text.compressed import NOT_PACKED, Packed


@dataclass(frozen=True)
class Given:
    """A source: `path` is what SOURCE names, `name` and `head` are those of its content.

    `table` is the sheet or the list of records that was asked for.
    """

    path: Path
    name: str
    head: bytes
    packed: Packed = NOT_PACKED
    table: str | None = None

    @cached_property
    def data(self) -> bytes:
        """Return all of the content, unpacked."""
        return packing.read(self.path, self.packed)

    @property
    def suffix(self) -> str:
        """Return the ending of the content's name, in lower case."""
        return Path(self.name).suffix.lower()
