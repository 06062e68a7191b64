"""Read a sheet of a workbook (xlsx, xlsm, xlsb, xls, ods) with calamine."""

from __future__ import annotations

import io
import shlex
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
from flaskdash.inspect.formats.source_file import SourceFile
from flaskdash.inspect.formats.stack import amount_of_data, are_alike, merge, summaries
from flaskdash.inspect.literals import comment, literal
from flaskdash.inspect.model import Read
from flaskdash.inspect.text.dialect import (
    Header,
    Record,
    find_header,
    is_group_row,
    is_second_header,
    join_names,
)
from flaskdash.inspect.text.dialect import is_value as is_written_value
from flaskdash.inspect.text.table import TOP, TextTable, tabulate
from flaskdash.inspect.values import missing
from flaskdash.inspect.values.cells import kind_of, text_of
from flaskdash.inspect.writing.draft import Draft
from flaskdash.inspect.writing.pandas_code import Layout, Stack
from flaskdash.inspect.writing.tabular import SourceTable
from flaskdash.inspect.writing.tabular import draft as write_draft

OLD_EXCEL = b"\xd0\xcf\x11\xe0"
LOCKED = "EncryptedPackage".encode("utf-16-le")  # the name of a part that Excel encrypted
LOCKED_RANGE = 200_000  # bytes at either end of a workbook that may hold this name
ENGINE = 'engine="calamine",'
REQUIRES = ("python-calamine>=0.4",)
HEADER_ROWS = 4
MOST_LISTED = 6


def matches(source: SourceFile) -> bool:
    """Tell whether a file is a workbook, by its content."""
    return source.head.startswith((b"PK\x03\x04", OLD_EXCEL))


def read(source: SourceFile) -> Draft:
    """Read the sheet that the user chose, the sheets of one shape that hold most, or the largest."""
    return write_draft(source.path, _stacked_or_largest(source, may_stack=not source.packed.kind))


def find_table(source: SourceFile) -> SourceTable:
    """Return the table in the sheet that the user chose, or in the largest."""
    return _stacked_or_largest(source, may_stack=False)


def _stacked_or_largest(source: SourceFile, may_stack: bool) -> SourceTable:
    """Return the table in a sheet, or in all sheets of one shape, and how pandas reads it."""
    if LOCKED in source.data[:LOCKED_RANGE] or LOCKED in source.data[-LOCKED_RANGE:]:
        raise password_error(source.path)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(source.data))
        names = [
            sheet.name for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet
        ]
        if source.table is not None:
            return _named_sheet(source.path, book, names, source.table).read(source)
        sheets = _sheets(source, book, names)
    except PasswordError as error:
        raise password_error(source.path) from error
    except (CalamineError, OSError) as error:
        reason = " ".join(str(error).split())[:150].rstrip(".")
        raise FlaskdashError(
            f"{source.path} is not an Excel workbook that can be read: {reason}. "
            "Open it and save a copy as .xlsx, or save its sheet as CSV."
        ) from error
    tables = _largest_group(source, sheets) if may_stack else [_largest(sheets).read(source)]
    read_names = [str(table.read.table) for table in tables]
    unread = [name for name in names if name not in read_names]
    notes = []
    if len(tables) > 1:
        note = f"{len(tables)} sheets stacked into one table: {_listed(read_names)}"
        choice = f", or another: {_listed(unread)}" if unread else ""
        notes = [f"{note}; --table takes one alone{choice}"]
    elif unread:
        notes = [f"read sheet {comment(read_names[0])}; --table takes another: {_listed(unread)}"]
    table = _stack(tables, read_all=not unread) if len(tables) > 1 else tables[0]
    return replace(table, notes=(*notes, *table.notes))


def _listed(names: Sequence[str]) -> str:
    """Return the names of sheets as a list, shortened if there are many."""
    more = ", ..." if len(names) > MOST_LISTED else ""
    return ", ".join(map(comment, names[:MOST_LISTED])) + more


def password_error(path: Path) -> FlaskdashError:
    return FlaskdashError(
        f"{path} is protected by a password. Save a copy without one, and use the copy."
    )


def _named_sheet(path: Path, book: CalamineWorkbook, names: Sequence[str], name: str) -> Sheet:
    """Return the sheet that the user chose."""
    if name not in names:
        advice = f"Choose one with --table: {', '.join(names)}." if names else ""
        raise FlaskdashError(
            f"{path} has no sheet {name!r}. {advice}".rstrip(),
            f"--table {shlex.quote(names[0])}" if names else "",
        )
    return Sheet.from_book(path, book, name)


def _sheets(source: SourceFile, book: CalamineWorkbook, names: Sequence[str]) -> list[Sheet]:
    """Return the sheets with values; hidden ones only if no visible one holds a table."""
    hidden = {
        sheet.name for sheet in book.sheets_metadata if sheet.visible != SheetVisibleEnum.Visible
    }
    sheets: list[Sheet] = []
    for name in sorted(names, key=hidden.__contains__):
        if name in hidden and any(sheet.holds_table for sheet in sheets):
            break
        sheet = Sheet.from_book(source.path, book, name)
        if sheet.table is not None:
            sheets.append(sheet)
    if not sheets:
        raise FlaskdashError(
            f"{source.path} has no sheet with values. Use a workbook with at least one row."
        )
    return sheets


def _largest(sheets: Sequence[Sheet]) -> Sheet:
    """Return the sheet with the most data, or the first if none holds a table."""
    return max(sheets, key=lambda sheet: sheet.amount)


def _largest_group(source: SourceFile, sheets: Sequence[Sheet]) -> list[SourceTable]:
    """Return the tables of one shape that together hold the most data, without their summaries."""
    groups: list[list[tuple[Sheet, SourceTable]]] = []
    for sheet in sorted(sheets, key=lambda sheet: -sheet.amount):
        if not sheet.has_rows:
            continue
        table = sheet.read(source)
        group = next((group for group in groups if are_alike(group[0][1], table)), None)
        if group is not None:
            group.append((sheet, table))
        elif sheet.holds_table:
            groups.append([(sheet, table)])
    if not groups:
        return [_largest(sheets).read(source)]
    group = max(groups, key=lambda group: sum(sheet.amount for sheet, _ in group))
    group.sort(key=lambda pair: sheets.index(pair[0]))
    tables = [table for _, table in group]
    left_out = summaries(tables)
    return [table for index, table in enumerate(tables) if index not in left_out]


def _stack(tables: list[SourceTable], read_all: bool) -> SourceTable:
    """Return the table that sheets of one shape make up, and how pandas reads it."""
    names = [str(table.read.table) for table in tables]
    columns = [table.layout.columns for table in tables]
    if len(set(columns)) > 1:
        whole = [f"{literal(_letters(range(table.table.width)))}," for table in tables]
        columns = [own or letters for own, letters in zip(columns, whole, strict=True)]
    places: dict[str, list[object]] = {
        "skip": [table.layout.skip for table in tables],
        "footer": [table.table.footer for table in tables],
        "columns": [text.rstrip(",") for text in columns],
    }
    varying = tuple(name for name, values in places.items() if len(set(values)) > 1)
    opening: tuple[str, ...] = ()
    argument = f"sheet_name={'None' if read_all else literal(names)},"
    if varying:
        rows = zip(names, *(places[name] for name in varying), strict=True)
        listed = ", ".join(
            f"({literal(name)}, {', '.join(map(str, values))})" for name, *values in rows
        )
        opening = (f"for name, {', '.join(varying)} in [{listed}]:",)
        argument = "sheet_name=name,"
    stack = Stack(opening, label="name", varying=varying)
    table = merge(tables, names, "sheet", stack, "sheets")
    layout = replace(table.layout, arguments=(argument, ENGINE), columns=columns[0])
    return replace(table, layout=layout, read=replace(table.read, table=None))


@dataclass(frozen=True)
class Sheet:
    """The cells of a sheet, as values and as text (`records`).

    `left` is the number of blank columns at the left, which are cut off. `merged` are the ranges of
    merged cells, each as the (row, column) of its first and last cell.
    """

    path: Path
    name: str
    left: int
    cells: list[list[Any]]
    records: list[Record]
    merged: Sequence[tuple[tuple[int, int], tuple[int, int]]]

    @classmethod
    def from_book(cls, path: Path, book: CalamineWorkbook, name: str) -> Sheet:
        sheet = book.get_sheet_by_name(name)
        cells = sheet.to_python(skip_empty_area=False)
        records = [[text_of(cell) for cell in row] for row in cells]
        filled = (index for record in records for index, cell in enumerate(record) if cell.strip())
        left = min(filled, default=0)
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
        """Return the header, with the names of all its rows joined, and the number of its rows."""
        top = self.records[:TOP]
        if not any(any(cell.strip() for cell in record) for record in top):
            return None
        header = find_header(top)
        if header.names is None:
            return header, 1
        first = last = header.skip
        typed = self._typed(first + HEADER_ROWS)
        while last - first < HEADER_ROWS - 1 and self._continues_names(last + 1, typed):
            last += 1
        below = self.records[last + 2 : last + TOP]
        if last + 1 < len(self.records) and is_second_header(
            self.records[last], self.records[last + 1], below
        ):
            last += 1
        if first and is_group_row(self.records[first - 1], self.records[last], bool(self.merged)):
            first -= 1
        if first == last:
            return header, 1
        names = join_names(self.records[first : last + 1])
        return replace(header, skip=last, names=names), last - first + 1

    def _typed(self, start: int) -> list[int]:
        """Return the columns that hold mostly numbers or dates, from row START on."""
        rows = self.cells[start : start + TOP]
        columns = []
        for index in range(len(self.records[0])):
            filled = [row[index] for row in rows if text_of(row[index]).strip()]
            if filled and sum(map(_is_value, filled)) >= 0.8 * len(filled):
                columns.append(index)
        return columns

    def _continues_names(self, row: int, typed: Sequence[int]) -> bool:
        """Tell whether a row below the header holds more names."""
        if row >= len(self.cells) - 1 or not typed:
            return False
        texts = [cell.strip() for cell in self.records[row]]
        names = [texts[index] for index in typed if texts[index]]
        if len(names) < 0.5 * len(typed) or not all(map(_is_name, names)):
            return False
        new_texts = [
            text
            for index, text in enumerate(texts)
            if index not in typed and text not in ("", *self._above(row, index))
        ]
        return len(names) > 1 or not new_texts

    def _above(self, row: int, column: int) -> list[str]:
        """Return the text of the cells above a cell, stripped."""
        return [record[column].strip() for record in self.records[:row]]

    def _longest_table(
        self, columns: list[int], start: int, end: int
    ) -> tuple[list[int], list[str]]:
        """Return the columns of the longest table, and the names of the columns beside it.

        Tables side by side have blank columns between them, and end in different rows.
        """
        blocks = _adjacent(columns)
        ends = [self._last_row(block, start, end) for block in blocks]
        if max(ends) - min(ends) < 2 or min(map(len, blocks)) < 2:
            return columns, []
        longest = blocks[ends.index(max(ends))]
        beside = [index for block in blocks if block != longest for index in block]
        names = [self._cell(start - 1, index) for index in beside] if start else []
        return longest, [name for name in names if name]

    def _last_row(self, columns: Sequence[int], start: int, end: int) -> int:
        """Return the last row with a value in one of the columns, or 0."""
        rows = range(end - 1, start - 1, -1)
        return next((row for row in rows if any(self._cell(row, i) for i in columns)), 0)

    def _cell(self, row: int, column: int) -> str:
        """Return the text of a cell, stripped."""
        cells = self.records[row]
        return cells[column].strip() if column < len(cells) else ""

    def _gaps(self, column: int, start: int) -> int:
        """Return the number of a column's blank cells that are merged with one above."""
        merged = {
            row
            for (top, left), (bottom, _) in self.merged
            if left == self.left + column and top >= start and self._cell(top, column)
            for row in range(top + 1, bottom + 1)
        }
        return sum(not self._cell(row, column) for row in merged if row < len(self.records))

    @cached_property
    def table(self) -> TextTable | None:
        """Return the table in the sheet; None if the sheet has no values."""
        if self.header is None:
            return None
        return tabulate(lambda: iter(self.records), self.header[0], gaps=True)

    @property
    def has_rows(self) -> bool:
        """Tell whether the sheet has a header and rows below it."""
        table = self.table
        return table is not None and table.header.names is not None and table.rows > 0

    @property
    def holds_table(self) -> bool:
        """Tell whether the sheet holds a table with a header, and not only notes."""
        table = self.table
        if table is None or table.header.names is None or table.rows < 2:
            return False
        columns = _filled_columns(table)
        width = len(columns)
        filled = sum(sum(table.columns[i].values()) - table.columns[i][""] for i in columns)
        named = sum(bool(table.header.names[i].strip()) for i in columns)
        return width > 1 and filled > 0.4 * table.rows * width and named > 0.6 * width

    @cached_property
    def amount(self) -> int:
        """Return the amount of data in the sheet; 0 if it holds no table."""
        return amount_of_data(self.table) if self.table and self.holds_table else 0

    def read(self, source: SourceFile) -> SourceTable:
        """Return the table in the sheet, and how pandas reads it."""
        table, header = self.table, self.header
        if table is None or header is None:
            raise FlaskdashError(
                f"{self.path} has no values in the sheet {self.name}. "
                "Choose a sheet with rows, with --table."
            )
        header_rows = header[1]
        is_joined = header_rows > 1
        start = table.header.skip + (table.header.names is not None)
        end = len(self.records) - table.footer
        columns, beside = self._longest_table(_filled_columns(table), start, end)
        named = table.header.names is not None and not is_joined
        header_cells = [self.cells[table.header.skip][index] for index in columns]
        is_whole = self.left == 0 and columns == list(range(len(self.records[0])))
        letters = _letters([self.left + index for index in columns])
        return SourceTable(
            _select(table, columns),
            Layout(
                skip=start if is_joined else table.header.skip,
                has_header=named,
                function="read_excel",
                arguments=(f"sheet_name={literal(self.name)},", ENGINE),
                packed=source.packed,
                names_to_text=named and not all(isinstance(cell, str) for cell in header_cells),
                columns="" if is_whole else f"{literal(letters)},",
            ),
            Read(format=_format(source), table=self.name),
            "a sheet",
            cells=[[row[index] for row in self.cells[start:end]] for index in columns],
            gaps=[self._gaps(index, start) for index in columns],
            notes=_notes(columns, beside, header_rows),
            header_rows=header_rows,
            requires=REQUIRES,
            advice="Save the sheet as CSV, and use the copy.",
        )


def _notes(columns: Sequence[int], beside: Sequence[str], header_rows: int) -> list[str]:
    """Return notes on the columns of a sheet that are read, and the names that are left out."""
    notes = [f"{header_rows} header rows were joined into one"] if header_rows > 1 else []
    if beside:
        notes.append(f"another table beside it is left out: {comment(', '.join(beside))}")
    blank = columns[-1] - columns[0] + 1 - len(columns)
    if blank:
        notes.append(f"{blank} blank column(s) left out")
    return notes


def _select(table: TextTable, columns: Sequence[int]) -> TextTable:
    """Return a table with only some of its columns."""
    names = table.header.names
    if names is not None:
        names = [names[index] for index in columns]
    header = replace(table.header, names=names, width=len(columns))
    counts = [table.columns[index] for index in columns]
    return replace(table, header=header, columns=counts, trailing=False)


def _adjacent(columns: Sequence[int]) -> list[list[int]]:
    """Split sorted column numbers into blocks of consecutive numbers."""
    blocks: list[list[int]] = []
    for column in columns:
        if blocks and blocks[-1][-1] == column - 1:
            blocks[-1].append(column)
        else:
            blocks.append([column])
    return blocks


def _is_name(cell: str) -> bool:
    """Tell whether a cell among numbers or dates is a name, and not a word for "no value"."""
    is_gap = cell.lower() in missing.ALWAYS | missing.AMONG_NUMBERS
    return not is_gap and not is_written_value(cell) and any(map(str.isalpha, cell))


def _filled_columns(table: TextTable) -> list[int]:
    """Return the columns that have a name or a value, or all columns if none has."""
    names = table.header.names or []
    columns = [
        index
        for index, counts in enumerate(table.columns)
        if any(cell.strip() for cell in counts) or (index < len(names) and names[index].strip())
    ]
    return columns or list(range(table.width))


def _is_value(cell: object) -> bool:
    """Tell whether a cell is a number or a date, also as text."""
    return is_written_value(cell) if isinstance(cell, str) else kind_of(cell) in ("number", "date")


def _letters(columns: Sequence[int]) -> str:
    """Return columns, counted from 0, as Excel names them: "B:D,F"."""
    ranges = []
    for block in _adjacent(columns):
        first, last = _letter(block[0]), _letter(block[-1])
        ranges.append(first if first == last else f"{first}:{last}")
    return ",".join(ranges)


def _letter(column: int) -> str:
    """Return the letters of a column that is counted from 0."""
    text = ""
    column += 1
    while column:
        column, remainder = divmod(column - 1, 26)
        text = chr(65 + remainder) + text
    return text


def _format(source: SourceFile) -> str:
    """Return the format of a workbook, by its content."""
    if source.head.startswith(OLD_EXCEL):
        return "xls"
    if b"opendocument" in source.head[:200]:
        return "ods"
    return source.suffix[1:] if source.suffix in (".xlsm", ".xlsb") else "xlsx"
