"""Read a sheet of a workbook (xlsx, xlsm, xlsb, xls, ods), or its sheets of one shape, with calamine."""

from __future__ import annotations

import io
import re
import shlex
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial, reduce
from pathlib import Path

from python_calamine import (
    CalamineError,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from flaskdash.errors import FlaskdashError
from flaskdash.inspect.formats.sheet import ENGINE, OLD_EXCEL, Sheet, letters_of
from flaskdash.inspect.formats.source_file import SourceFile
from flaskdash.inspect.formats.stack import are_alike, merge, without_summaries
from flaskdash.inspect.literals import comment, literal
from flaskdash.inspect.writing.draft import Draft
from flaskdash.inspect.writing.pandas_code import Stack
from flaskdash.inspect.writing.tabular import SourceTable
from flaskdash.inspect.writing.tabular import draft as write_draft

LOCKED = "EncryptedPackage".encode("utf-16-le")  # the name of a part that Excel encrypted
LOCKED_RANGE = 200_000  # bytes at either end of a workbook that may hold this name
MOST_LISTED = 6
MOST_CELLS = 2**25  # of a sheet's rectangle that is nearly empty; calamine takes 32 bytes for each
MOST_REPEATS = 2**20  # of a row in a sheet of LibreOffice
CELL = re.compile(rb' r="([A-Z]+)([0-9]+)"')
SHEETS = ("xl/worksheets/", "content.xml")
REPEATS = re.compile(rb'-repeated="([0-9]+)"')


def matches(source: SourceFile) -> bool:
    """Tell whether a file is a workbook, by its content."""
    return source.head.startswith((b"PK\x03\x04", OLD_EXCEL))


def read(source: SourceFile) -> Draft:
    """Read the sheet that the user chose, the sheets of one shape that hold most, or the largest."""
    return write_draft(source.path, _stacked_or_largest(source, may_stack=not source.packed.kind))


def find_table(source: SourceFile) -> SourceTable:
    """Return the table in the sheet that the user chose, or in the largest."""
    return _stacked_or_largest(source, may_stack=False)


def find_first(source: SourceFile) -> SourceTable:
    """Return the table in the first sheet, which pandas then reads whatever its name is."""
    table = find_table(replace(source, table=sheet_names(source)[0]))
    layout = replace(table.layout, arguments=("sheet_name=0,", ENGINE))
    return replace(table, layout=layout, read=replace(table.read, table=None))


def sheet_names(source: SourceFile) -> list[str]:
    """Return the names of the sheets, without those of charts and macros."""
    with _readable_errors(source):
        return _names(CalamineWorkbook.from_filelike(io.BytesIO(source.data)))


@contextmanager
def _readable_errors(source: SourceFile) -> Iterator[None]:
    """Raise what goes wrong in a locked or damaged workbook as a FlaskdashError with its path."""
    if LOCKED in source.data[:LOCKED_RANGE] or LOCKED in source.data[-LOCKED_RANGE:]:
        raise password_error(source.path)
    _check_extent(source)
    try:
        yield
    except PasswordError as error:
        raise password_error(source.path) from error
    except (CalamineError, OSError) as error:
        reason = " ".join(str(error).split())[:150].rstrip(".")
        raise FlaskdashError(
            f"{source.path} is not an Excel workbook that can be read: {reason}. "
            "Open it and save a copy as .xlsx, or save its sheet as CSV."
        ) from error


def _check_extent(source: SourceFile) -> None:
    """Raise FlaskdashError if a cell far outside a sheet's data would take all memory.

    calamine holds the whole rectangle up to that cell, and ends the process if it can't.
    """
    damages = (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, zlib.error)
    with suppress(*damages), zipfile.ZipFile(io.BytesIO(source.data)) as archive:
        for part in archive.infolist():
            if part.filename.startswith(SHEETS) and part.filename.endswith(".xml"):
                with archive.open(part) as file:
                    _check_cells(source.path, iter(partial(file.read, 2**20), b""))


def _check_cells(path: Path, chunks: Iterator[bytes]) -> None:
    columns: set[bytes] = set()
    size = rows = 0
    end = b""
    for chunk in chunks:
        text, end = end + chunk, chunk[-100:]  # a cell's name may be in two chunks
        size += len(chunk)
        if cells := CELL.findall(text):
            columns.update(letters for letters, _ in cells)
            rows = max(rows, *(int(row[:12]) for row in {row for _, row in cells}))
        if any(int(number[:12]) > MOST_REPEATS for number in REPEATS.findall(text)):
            raise _too_large(path, "repeats cells more than a million times")
    column = max(map(_column_number, columns), default=0)
    if size < column * rows > MOST_CELLS:  # a cell with a value takes 20 bytes
        raise _too_large(path, f"has cells up to row {rows:,} and column {column:,}")


def _column_number(letters: bytes) -> int:
    """Return the number of a column, counted from 1: AB is 28."""
    return reduce(lambda number, letter: number * 26 + letter - 64, letters[:12], 0)


def _too_large(path: Path, reason: str) -> FlaskdashError:
    return FlaskdashError(
        f"{path} {reason}, most of them empty, so it would take all memory. "
        "Delete the empty rows and columns after the data, or save its sheet as CSV."
    )


def _names(book: CalamineWorkbook) -> list[str]:
    return [sheet.name for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]


def _stacked_or_largest(source: SourceFile, may_stack: bool) -> SourceTable:
    """Return the table in a sheet, or in all sheets of one shape, and how pandas reads it."""
    with _readable_errors(source):
        book = CalamineWorkbook.from_filelike(io.BytesIO(source.data))
        names = _names(book)
        if source.table is not None:
            return _named_sheet(source.path, book, names, source.table).read(source)
        sheets = _sheets(source, book, names)
    largest = [sheet.tables[0] for sheet in sheets]
    tables = _largest_group(source, largest) if may_stack else [_largest(largest).read(source)]
    labels = [str(table.read.table) for table in tables]
    unread = [name for name in names if name not in labels]
    unread += [table.title for sheet in sheets for table in sheet.tables[1:]]
    notes = []
    if len(tables) > 1:
        note = f"{len(tables)} sheets stacked into one table: {_listed(labels)}"
        choice = f", or another: {_listed(unread)}" if unread else ""
        notes = [f"{note}; --table takes one alone{choice}"]
    elif unread:
        notes = [f"read sheet {comment(labels[0])}; --table takes another: {_listed(unread)}"]
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
    """Return the sheet that the user chose, or one of its tables: NAME#2."""
    sheet_name, _, number = name.rpartition("#")
    if name not in names and sheet_name in names and number.isdecimal():
        tables = Sheet.from_book(path, book, sheet_name).tables
        if 0 < int(number) <= len(tables):
            return tables[int(number) - 1]
    if name not in names:
        advice = f"Choose one with --table: {', '.join(names)}." if names else ""
        raise FlaskdashError(
            f"{path} has no sheet {name!r}. {advice}".rstrip(),
            f"--table {shlex.quote(names[0])}" if names else "",
        )
    return Sheet.from_book(path, book, name).tables[0]


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
    if len(sheets) == 1:
        return [sheets[0].read(source)]
    groups: list[list[tuple[Sheet, SourceTable]]] = []
    for sheet in sorted(sheets, key=lambda sheet: -sheet.amount):
        if not sheet.has_rows:
            continue
        table = sheet.read(source)
        # Of sheets with a column for each year, each mostly has a measure of its own.
        is_wide = table.layout.names_to_text
        alike = (group for group in groups if not is_wide and are_alike(group[0][1], table))
        group = next(alike, None)
        if group is not None:
            group.append((sheet, table))
        elif sheet.holds_table:
            groups.append([(sheet, table)])
    if not groups:
        return [_largest(sheets).read(source)]
    group = max(groups, key=lambda group: sum(sheet.amount for sheet, _ in group))
    group.sort(key=lambda pair: sheets.index(pair[0]))
    return list(without_summaries({sheet.name: table for sheet, table in group}).values())


def _stack(tables: list[SourceTable], read_all: bool) -> SourceTable:
    """Return the table that sheets of one shape make up, and how pandas reads it."""
    names = [str(table.read.table) for table in tables]
    columns = [table.layout.columns for table in tables]
    if len(set(columns)) > 1:
        whole = [f"{literal(letters_of(range(table.table.width)))}," for table in tables]
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
