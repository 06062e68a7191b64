"""Read a sheet of a workbook: xlsx, xlsm, xlsb, xls and ods, all through calamine."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from python_calamine import (
    CalamineError,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from flaskdash.errors import FlaskdashError
from flaskdash.inspect.formats.given import Given
from flaskdash.inspect.literals import comment, literal
from flaskdash.inspect.model import Read
from flaskdash.inspect.text.dialect import Header, Record, find_header, goes_on, groups, joined
from flaskdash.inspect.text.dialect import is_value as is_written_value
from flaskdash.inspect.text.table import TOP, Table, tabulate
from flaskdash.inspect.values import missing
from flaskdash.inspect.values.cells import kind_of, native, text_of
from flaskdash.inspect.values.column_plan import ColumnPlan
from flaskdash.inspect.writing.draft import Draft
from flaskdash.inspect.writing.pandas_code import Layout
from flaskdash.inspect.writing.tabular import SourceTable, draft

OLD_EXCEL = b"\xd0\xcf\x11\xe0"
LOCKED = "EncryptedPackage".encode("utf-16-le")  # how Excel calls what it locked
REQUIRES = ("python-calamine>=0.4",)
HEADER_ROWS = 4
SHOWN = 6


def matches(given: Given) -> bool:
    """Tell whether a file is a workbook, by its content."""
    return given.head.startswith((b"PK\x03\x04", OLD_EXCEL))


def read(given: Given) -> Draft:
    """Read the sheet that was asked for, or the first that holds a table."""
    return draft(given.path, find_table(given))


def find_table(given: Given) -> SourceTable:
    """Return the table of a sheet, and how pandas reads it."""
    if LOCKED in given.data[:200_000] or LOCKED in given.data[-200_000:]:
        raise locked(given.path)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(given.data))
        names = [
            sheet.name for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet
        ]
        sheet = _choose(given, book, names)
    except PasswordError as error:
        raise locked(given.path) from error
    except (CalamineError, OSError) as error:
        reason = " ".join(str(error).split())[:150]
        raise FlaskdashError(
            f"{given.path} is not a workbook that can be read: {reason}",
            "open it and save it again as .xlsx, or its sheet as CSV",
        ) from error
    found = sheet.found(given)
    others = [name for name in names if name != sheet.name]
    if others and given.table is None:
        shown = ", ".join(map(comment, others[:SHOWN])) + (", ..." if len(others) > SHOWN else "")
        note = f"read sheet {comment(sheet.name)}; --table takes another: {shown}"
        found = replace(found, notes=(note, *found.notes))
    return found


def locked(path: Path) -> FlaskdashError:
    """Return the error for a workbook that only opens with a password."""
    return FlaskdashError(
        f"{path} is protected by a password.", "save a copy without one, and give that"
    )


def _choose(given: Given, book: CalamineWorkbook, names: Sequence[str]) -> Sheet:
    """Return the sheet that was asked for, else the first visible one that holds a table."""
    if given.table is not None:
        if given.table not in names:
            raise FlaskdashError(
                f"{given.path} has no sheet {given.table!r}.",
                f"--table with one of: {', '.join(names)}",
            )
        return Sheet.of(given.path, book, given.table)
    hidden = {s.name for s in book.sheets_metadata if s.visible != SheetVisibleEnum.Visible}
    first: Sheet | None = None
    for name in sorted(names, key=hidden.__contains__):
        sheet = Sheet.of(given.path, book, name)
        if sheet.holds_table:
            return sheet
        if first is None and sheet.table is not None:
            first = sheet
    if first is None:
        raise FlaskdashError(f"{given.path} has no sheet with values.", "give a file with rows")
    return first


@dataclass(frozen=True)
class Sheet:
    """A sheet: its cells, without blank columns at its left, and the same as strings."""

    path: Path
    name: str
    left: int
    cells: list[list[Any]]
    records: list[Record]
    merged: Sequence[tuple[tuple[int, int], tuple[int, int]]]

    @classmethod
    def of(cls, path: Path, book: CalamineWorkbook, name: str) -> Sheet:
        """Return a sheet of a workbook."""
        sheet = book.get_sheet_by_name(name)
        cells = sheet.to_python(skip_empty_area=False)
        records = [[text_of(cell) for cell in row] for row in cells]
        blank = (next((i for i, cell in enumerate(row) if cell.strip()), None) for row in records)
        left = min((index for index in blank if index is not None), default=0)
        return cls(
            path,
            name,
            left,
            [row[left:] for row in cells],
            [row[left:] for row in records],
            tuple(sheet.merged_cell_ranges or ()),
        )

    @cached_property
    def header(self) -> tuple[Header, int] | None:
        """Return the header with its last row and joined names, and how many rows it has."""
        top = self.records[:TOP]
        if not any(any(cell.strip() for cell in record) for record in top):
            return None
        found = find_header(top)
        if found.names is None:
            return found, 1
        last = found.skip
        typed = self._typed(found.skip + HEADER_ROWS)
        while last - found.skip < HEADER_ROWS - 1 and self._names(last + 1, typed):
            last += 1
        rest = self.records[last + 2 : last + TOP]
        if last + 1 < len(self.records) and goes_on(
            self.records[last], self.records[last + 1], rest
        ):
            last += 1
        first = found.skip
        if first and groups(self.records[first - 1], self.records[last], bool(self.merged)):
            first -= 1
        if first == last:
            return found, 1
        names = joined(self.records[first : last + 1])
        return replace(found, skip=last, names=names), last - first + 1

    def _typed(self, start: int) -> list[int]:
        """Return the columns that hold numbers or dates in most rows from `start` on."""
        rows = self.cells[start : start + TOP]
        columns = []
        for index in range(len(self.records[0])):
            filled = [row[index] for row in rows if text_of(row[index]).strip()]
            if filled and sum(map(_is_value, filled)) >= 0.8 * len(filled):
                columns.append(index)
        return columns

    def _names(self, row: int, typed: Sequence[int]) -> bool:
        """Tell whether a row below the header goes on with names."""
        if row >= len(self.cells) - 1 or not typed:
            return False
        cells = [self.records[row][i].strip() for i in typed if self.records[row][i].strip()]
        if len(cells) < 0.5 * len(typed) or not all(map(_is_name, cells)):
            return False
        others = set(range(len(self.records[row]))) - set(typed)
        data = [i for i in others if self.records[row][i].strip() not in ("", *self._above(row, i))]
        return len(cells) > 1 or not data

    def _above(self, row: int, column: int) -> list[str]:
        """Return the cells above one, stripped."""
        return [record[column].strip() for record in self.records[:row]]

    def _one_table(self, kept: list[int], start: int, end: int) -> tuple[list[int], list[str]]:
        """Return the columns of the longest of several tables side by side, and the others' names.

        Blank columns are between them, and they end in different rows.
        """
        groups: list[list[int]] = []
        for index in kept:
            if groups and groups[-1][-1] == index - 1:
                groups[-1].append(index)
            else:
                groups.append([index])
        ends = [
            max(
                (r for r in range(start, end) for i in g if self._cell(r, i)),
                default=0,
            )
            for g in groups
        ]
        if max(ends) - min(ends) < 2 or min(map(len, groups)) < 2:
            return kept, []
        best = max(range(len(groups)), key=lambda i: (ends[i], -i))
        names = [
            self._cell(start - 1, i) for n, g in enumerate(groups) if n != best for i in g if start
        ]
        return groups[best], [name for name in names if name]

    def _cell(self, row: int, column: int) -> str:
        """Return a cell's text, stripped."""
        cells = self.records[row]
        return cells[column].strip() if column < len(cells) else ""

    def _filled(self, column: ColumnPlan, index: int, start: int) -> ColumnPlan:
        """Return the plan with its blanks filled where cells are merged downwards."""
        if column.kind not in ("text", "date") or not column.missing:
            return column
        merged = {
            row
            for (top, left), (bottom, _) in self.merged
            if left == self.left + index and top >= start and self._cell(top, index)
            for row in range(top + 1, bottom + 1)
        }
        blank = {row for row in range(start, len(self.records)) if not self._cell(row, index)}
        gaps = len(blank & merged)
        if not gaps or gaps < column.missing:
            return column
        note = "cells that are merged downwards stand for each of their rows"
        return replace(column, fill=True, missing=0, notes=(*column.notes, note))

    @cached_property
    def table(self) -> Table | None:
        """Return the table in the sheet, without blank columns; None without any value."""
        if self.header is None:
            return None
        return tabulate(lambda: iter(self.records), self.header[0], gaps=True)

    @property
    def holds_table(self) -> bool:
        """Tell whether there is a table with a header, rather than notes."""
        table = self.table
        if table is None or table.header.names is None or table.rows < 2:
            return False
        kept = _kept(table)
        filled = sum(sum(table.columns[i].values()) - table.columns[i][""] for i in kept)
        named = sum(bool(table.header.names[i].strip()) for i in kept)
        return len(kept) > 1 and filled > 0.4 * table.rows * len(kept) and named > 0.6 * len(kept)

    def found(self, given: Given) -> SourceTable:
        """Return the table, and how pandas reads it."""
        table, header = self.table, self.header
        if table is None or header is None:
            raise FlaskdashError(
                f"{self.path} has no values in sheet {self.name}.", "give a sheet with rows"
            )
        start = table.header.skip + (table.header.names is not None)
        kept, beside = self._one_table(_kept(table), start, len(self.records) - table.footer)
        body = self.cells[start : len(self.cells) - table.footer]
        names = table.header.names
        texts = all(isinstance(self.cells[table.header.skip][i], str) for i in kept)
        notes = [f"{header[1]} header rows were joined into one"] if header[1] > 1 else []
        blank = kept[-1] - kept[0] + 1 - len(kept)
        if beside:
            notes.append(f"another table beside it is left out: {comment(', '.join(beside))}")
        if blank:
            notes.append(f"{blank} blank column(s) left out")
        if names is not None:
            names = [names[i] for i in kept]
        short = replace(table.header, names=names, width=len(kept))
        table = replace(
            table, header=short, columns=[table.columns[i] for i in kept], trailing=False
        )
        whole = self.left == 0 and kept == list(range(len(self.records[0])))
        joined = header[1] > 1

        def adjust(plans: list[ColumnPlan]) -> list[ColumnPlan]:
            columns = ([row[i] for row in body] for i in kept)
            found = [native(p, cells) for p, cells in zip(plans, columns, strict=True)]
            return [self._filled(p, i, start) for p, i in zip(found, kept, strict=True)]

        return SourceTable(
            table,
            Layout(
                skip=start if joined else table.header.skip,
                has_header=names is not None and not joined,
                function="read_excel",
                arguments=(f"sheet_name={literal(self.name)},", 'engine="calamine",'),
                packed=given.packed,
                names_to_text=names is not None and not joined and not texts,
                columns="" if whole else f"{literal(_letters([self.left + i for i in kept]))},",
            ),
            Read(format=_format(given), table=self.name),
            "a sheet",
            adjust=adjust,
            notes=notes,
            header_rows=header[1],
            requires=REQUIRES,
            hint="save the sheet as CSV, and give that",
        )


def _is_name(cell: str) -> bool:
    """Tell whether a cell among numbers or dates is a name, rather than a word for a gap."""
    gap = cell.lower() in missing.ALWAYS | missing.AMONG_NUMBERS
    return not gap and not is_written_value(cell) and any(map(str.isalpha, cell))


def _kept(table: Table) -> list[int]:
    """Return the columns that have a name or a value; all of them where none has."""
    names = table.header.names or []
    kept = [
        index
        for index, counts in enumerate(table.columns)
        if any(cell.strip() for cell in counts) or (index < len(names) and names[index].strip())
    ]
    return kept or list(range(table.width))


def _is_value(cell: object) -> bool:
    """Tell whether a cell is a number or a date, also as text."""
    return is_written_value(cell) if isinstance(cell, str) else kind_of(cell) in ("number", "date")


def _letters(columns: Sequence[int]) -> str:
    """Return columns as Excel names them: "B:D,F"."""
    runs: list[list[int]] = []
    for column in columns:
        if runs and runs[-1][1] == column - 1:
            runs[-1][1] = column
        else:
            runs.append([column, column])
    return ",".join(_letter(a) if a == b else f"{_letter(a)}:{_letter(b)}" for a, b in runs)


def _letter(column: int) -> str:
    """Return the letters of a column that is counted from 0."""
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def _format(given: Given) -> str:
    """Return the workbook's format, from its content."""
    if given.head.startswith(OLD_EXCEL):
        return "xls"
    if b"opendocument" in given.head[:200]:
        return "ods"
    return given.suffix[1:] if given.suffix in (".xlsm", ".xlsb") else "xlsx"
