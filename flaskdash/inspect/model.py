"""What flaskdash sees in a source: plain values, without pandas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

ColumnType = Literal["text", "integer", "number", "boolean", "date", "datetime"]
Role = Literal[
    "time",
    "measure",
    "category",
    "geography",
    "flag",
    "identifier",
    "text",
    "constant",
    "empty",
]


@dataclass(frozen=True)
class Read:
    """How a source is read; `header_row` counts from 1, and is None where there is no header.

    `table` is the sheet, the member of an archive or the list of records that was read, and
    `compression` how the file is packed.
    """

    format: str
    encoding: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    header_row: int | None = None
    rows: int = 0
    skipped_rows: int = 0
    table: str | None = None
    compression: str | None = None


@dataclass(frozen=True)
class Column:
    """One column of what the loader returns.

    `agg` is how a measure adds up ("sum", "mean" or "last"), `grain` the natural step of a time
    column, `unit` a sign such as "$" or "%" to show with values. `distinct` does not count missing.
    `totals` are the values of a category that are totals of its others. `order` are the values of a category that has an order of its
    own, such as age bands. `yes` is what a flag of words says where it holds.
    """

    name: str
    type: ColumnType
    role: Role
    missing: int
    distinct: int
    agg: str | None = None
    grain: str | None = None
    unit: str | None = None
    totals: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    yes: str | None = None


@dataclass(frozen=True)
class Inspection:
    """What a source holds, and the loader code that reads it.

    `body` is the body of the loader's ``load()``: Python statements that end in ``return``, which
    name the source as ``SOURCE`` (a pathlib.Path). `frame` is what that code returned. `notes` are
    decisions and warnings in words. `declined` says why nothing can be charted, or is empty.
    `requires` are the packages that `body` needs besides the project's own. `files` are those of a
    folder, of which SOURCE is then the path. `total` is the number of rows, of which `frame` is a
    sample where there are very many. `left_out` are, by column, the totals whose rows `body` drops; it
    names them as ``TOTALS``.
    """

    source: str
    read: Read
    columns: tuple[Column, ...]
    body: str
    frame: pd.DataFrame = field(repr=False, compare=False)
    notes: tuple[str, ...] = ()
    declined: str = ""
    requires: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    total: int = 0
    left_out: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def column(self, name: str) -> Column:
        """Return the column of that name; raise KeyError where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)
