"""Find the tables on a sheet, and how pandas reads them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from python_calamine import (
    CalamineWorkbook,
)

from flaskdash.errors import FlaskdashError
from flaskdash.inspect.formats.formulas import count_uncalculated
from flaskdash.inspect.formats.source_file import SourceFile
from flaskdash.inspect.formats.stack import amounts_of_data
from flaskdash.inspect.literals import comment, literal
from flaskdash.inspect.model import Omission, Read
from flaskdash.inspect.text.dialect import (
    HEADER_ROWS,
    Header,
    Record,
    find_header,
    is_group_row,
    is_second_header,
    is_word,
    join_names,
    names_index,
)
from flaskdash.inspect.text.dialect import is_value as is_written_value
from flaskdash.inspect.text.table import MOST_EXAMPLES, TOP, TextTable, tabulate
from flaskdash.inspect.values import missing
from flaskdash.inspect.values.cells import kind_of, text_of
from flaskdash.inspect.writing.pandas_code import Layout
from flaskdash.inspect.writing.tabular import SourceTable

OLD_EXCEL = b"\xd0\xcf\x11\xe0"
ENGINE = 'engine="calamine",'
REQUIRES = ("python-calamine>=0.4",)
MOST_NAMES = 3  # of the columns of another table
MOST_TITLES = 3  # above the header of a table below another


@dataclass(frozen=True)
class Sheet:
    """The cells of a sheet, as values and as text (`records`).

    `left` is the number of blank columns at the left, which are cut off. `merged` are the ranges of
    merged cells, each as the (row, column) of its first and last cell. One of several tables of the
    sheet has a `number`: 1 for the largest. Then rows at the `top` and the `bottom`, and columns at
    the left and the `right`, belong to the others.
    """

    path: Path
    name: str
    left: int
    cells: list[list[Any]]
    records: list[Record]
    merged: Sequence[tuple[tuple[int, int], tuple[int, int]]]
    top: int = 0
    bottom: int = 0
    right: int = 0
    number: int = 1

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

    @property
    def label(self) -> str:
        """Return what --table calls the table: the sheet's name, and a number but for the largest."""
        return self.name if self.number == 1 else f"{self.name}#{self.number}"

    @property
    def title(self) -> str:
        """Return the label of the table, with its first columns."""
        names = self.header[0].names if self.header else None
        return f"{self.label} ({', '.join(map(str.strip, (names or [])[:MOST_NAMES]))})"

    @cached_property
    def tables(self) -> list[Sheet]:
        """Return the parts of the sheet that are tables of their own, the largest first."""
        pieces = [
            piece
            for rows in self._segments()
            for block in rows._blocks()
            for piece in block._segments()
            if piece.holds_table
        ]
        if len(pieces) < 2:
            return [self]
        pieces.sort(key=lambda piece: piece.amounts, reverse=True)
        return [replace(piece, number=number) for number, piece in enumerate(pieces, start=1)]

    def _cut(self, rows: slice, columns: slice) -> Sheet:
        """Return a range of the cells; both slices have a start and a stop."""
        return replace(
            self,
            left=self.left + columns.start,
            cells=[row[columns] for row in self.cells[rows]],
            records=[row[columns] for row in self.records[rows]],
            merged=[
                ((top - rows.start, left), (bottom - rows.start, right))
                for (top, left), (bottom, right) in self.merged
                if top >= rows.start
            ],
            top=self.top + rows.start,
            bottom=self.bottom + len(self.records) - rows.stop,
            right=self.right + len(self.records[0]) - columns.stop,
        )

    def _segments(self) -> list[Sheet]:
        """Return the tables one below the other: a blank row and a header begin the next one."""
        starts = [0]
        columns = slice(0, len(self.records[0]) if self.records else 0)
        filled = [any(map(str.strip, record)) for record in self.records]
        for row in range(1, len(filled)):
            if not filled[row] or filled[row - 1] or not self._begins_table(row):
                continue
            if self._cut(slice(starts[-1], row), columns).holds_table:
                starts.append(row)
        if len(starts) == 1:
            return [self]
        bounds = itertools.pairwise([*starts, len(self.records)])
        return [self._cut(slice(*bound), columns) for bound in bounds]

    def _begins_table(self, row: int) -> bool:
        """Tell whether a header follows: words above numbers or dates, up to the next blank row."""
        rows = itertools.takewhile(
            lambda record: any(map(str.strip, record)), self.records[row : row + TOP]
        )
        band = list(rows)
        header = find_header(band)
        below = band[header.skip + 1 :]
        if header.names is None or header.skip > MOST_TITLES or len(below) < 2:
            return False
        typed = []
        for index, name in enumerate(header.names):
            cells = [record[index].strip() for record in below if record[index].strip()]
            if cells and sum(map(is_written_value, cells)) >= 0.8 * len(cells):
                typed.append(name.strip())
        is_repeated = self.header is not None and self.header[0].names == header.names
        return bool(typed) and all(map(is_word, typed)) and not is_repeated

    def _blocks(self) -> list[Sheet]:
        """Return the tables side by side."""
        table = self.table
        if table is None or table.header.names is None:
            return [self]
        blocks = _adjacent(_filled_columns(table))
        if not self._are_tables(blocks, table.header.skip + 1, len(self.records) - table.footer):
            return [self]
        rows = slice(0, len(self.records))
        return [self._cut(rows, slice(block[0], block[-1] + 1)) for block in blocks]

    def _are_tables(self, blocks: Sequence[Sequence[int]], start: int, end: int) -> bool:
        """Tell whether blocks of columns are tables side by side, which end in different rows."""
        ends = [self._last_row(block, start, end) for block in blocks]
        return max(ends) - min(ends) >= 2 and min(map(len, blocks)) >= 2

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
        header_rows = self.records[first : last + 1]
        if first < last < len(self.records) - 1 and names_index(
            header_rows, self.records[last + 1]
        ):
            last += 1
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
        """Return the columns of the longest table, and the names of the columns beside it."""
        blocks = _adjacent(columns)
        if not self._are_tables(blocks, start, end):
            return columns, []
        longest = max(blocks, key=lambda block: self._last_row(block, start, end))
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
        return tabulate(lambda: iter(self.records), self.header[0], gaps=True, place=self._place)

    def _place(self, number: int) -> str:
        return f"row {self.top + number + 1}"

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
    def amounts(self) -> tuple[int, int]:
        """Return the numbers of typed and of all filled cells; 0 if the sheet holds no table."""
        return amounts_of_data(self.table) if self.table and self.holds_table else (0, 0)

    @property
    def amount(self) -> int:
        """Return the amount of data in the sheet; see amount_of_data."""
        return sum(self.amounts)

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
        is_whole = self.left == self.right == 0 and columns == list(range(len(self.records[0])))
        letters = letters_of([self.left + index for index in columns])
        table = _select(table, columns)
        table = replace(table, footer=table.footer + self.bottom, beyond=self.bottom)
        skip = self.top + table.header.skip
        return SourceTable(
            replace(table, header=replace(table.header, skip=skip)),
            Layout(
                skip=self.top + start if is_joined else skip,
                has_header=named,
                function="read_excel",
                arguments=(f"sheet_name={literal(self.name)},", ENGINE),
                packed=source.packed,
                names_to_text=named and not all(isinstance(cell, str) for cell in header_cells),
                columns="" if is_whole else f"{literal(letters)},",
            ),
            Read(format=_format(source), table=self.label),
            "a sheet",
            cells=[[row[index] for row in self.cells[start:end]] for index in columns],
            gaps=[self._gaps(index, start) for index in columns],
            notes=[
                *_notes(columns, beside, header_rows),
                *self._formula_notes(source, columns, table),
            ],
            omitted=_omitted(columns, beside),
            header_rows=header_rows,
            rows=lambda: (
                (self.top + number, [self.records[number][index] for index in columns])
                for number in range(start, end)
            ),
            place=lambda number: self._place(number - self.top),
            requires=REQUIRES,
            advice="Save the sheet as CSV, and use the copy.",
        )

    def _formula_notes(
        self, source: SourceFile, columns: Sequence[int], table: TextTable
    ) -> list[str]:
        """Return a note on each column without values whose formulas were never calculated."""
        blank = [i for i, counts in enumerate(table.columns) if not any(map(str.strip, counts))]
        if not blank or not source.head.startswith(b"PK"):
            return []
        counts = count_uncalculated(source.data, self.name)
        names = table.header.names or [""] * table.width
        return [
            f"{comment(names[index], 30) or letter}: its {counts[letter]} formula(s) were never "
            "calculated: open the workbook in a spreadsheet program, and save it"
            for index in blank
            if counts[letter := _letter(self.left + columns[index])]
        ]


def _omitted(columns: Sequence[int], beside: Sequence[str]) -> list[Omission]:
    """Return the columns of a sheet that are not read."""
    blank = columns[-1] - columns[0] + 1 - len(columns)
    omitted = [
        Omission("columns of another table beside it", len(beside), tuple(beside[:MOST_EXAMPLES])),
        Omission("columns without any value", blank),
    ]
    return [omission for omission in omitted if omission.count > 0]


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


def letters_of(columns: Sequence[int]) -> str:
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
