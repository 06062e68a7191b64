"""The result of an inspection: plain values, so that importing this does not import pandas."""

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
    """How a source is read.

    `header_row` counts from 1, and is None if there is no header. `rows` are those of the table that
    the loader returns, after columns became rows and totals were left out. `table` is the sheet, the member
    of an archive or the list of records; `compression` is the kind of archive.
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
    """A column of the DataFrame that a loader returns.

    `agg` is how a measure adds up: "sum", "mean" or "last". `grain` is the natural step of a time
    column. `unit` is a sign such as "$" or "%" that charts show with the values. `distinct` is the
    number of different values, without missing ones.

    Categories: `totals` are the values that sum up the others ("World"), `order` the values in their
    natural order (age bands).
    Flags of words: `yes` is the word that means true.
    Lists in cells: `separator` is the text between their choices.
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
    separator: str = ""


@dataclass(frozen=True)
class Omission:
    """The rows, columns or cells of a source that a loader does not return, for one reason.

    `examples` are some of the `count`, each with its place in the source and its content.
    """

    reason: str
    count: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Inspection:
    """The columns of a source, and the loader code that reads it.

    `body` is the body of the loader's ``load()``: Python statements that end in ``return`` and
    name the source ``SOURCE`` (a pathlib.Path). `frame` is the DataFrame that it returned, or a
    sample if the source is very big; `total` is the number of all rows.

    `notes` are decisions and warnings. `declined` is the reason if nothing can be charted, else "".
    `requires` are the packages that `body` needs besides the project's own. `files` are the files
    of a folder; SOURCE is then the path of the folder. `left_out` are, by column, the totals whose
    rows `body` drops; it names them ``TOTALS``. `omitted` is all that the loader leaves out. `roles`
    are those that the source tells by its keys, and the loader declares as ``ROLES``.
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
    omitted: tuple[Omission, ...] = ()
    roles: Mapping[str, str] = field(default_factory=dict)

    def column(self, name: str) -> Column:
        """Return the column of that name; raise KeyError if it does not exist."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)
