"""Inspect a source: locate its file, let the reader of its format read it, describe its columns."""

from __future__ import annotations

import difflib
import glob
import os
import re
import shlex
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from flaskdash.errors import FlaskdashError
from flaskdash.inspect.formats.source_file import SourceFile
from flaskdash.inspect.model import Column, Inspection
from flaskdash.inspect.reading import DETECTED, Reading
from flaskdash.inspect.text import compressed, dialect, encoding, lines

if TYPE_CHECKING:
    from flaskdash.inspect.writing.draft import Draft

READS = "CSV and other delimited text, Excel, JSON, GeoJSON, fixed-width text, Parquet and SQLite"
HEAD = 65_536  # bytes that are enough to recognise a format
BLANK = b"\xef\xbb\xbf\xff\xfe \t\r\n\0"
MOST_LISTED = 5
MOST_FILES = 1000

HTML = (b"<!doctype html", b"<!--", b"<html", b"<head", b"<body", b"<table", b"<div", b"<script")
XML = (b"<?xml", b"<!doctype", b"<svg", b"<rss", b"<kml", b"<gpx")
TIDY = 0.95  # of a table: in a page, few lines have the same number of commas

# The first bytes of formats that flaskdash does not read, their names, and what the user can do.
UNPACK = "Unpack it, and use the file inside."
SIGNATURES = (
    (b"7z\xbc\xaf", "a 7-Zip archive", UNPACK),
    (b"Rar!", "a RAR archive", UNPACK),
    (b"(\xb5/\xfd", "a zstd archive", UNPACK),
    (b"%PDF", "a PDF document", "Look for the same data as CSV."),
    (b"\x89PNG", "an image", "Use a data file."),
    (b"\xff\xd8\xff", "an image", "Use a data file."),
    (b"GIF8", "an image", "Use a data file."),
    (b"ARROW1", "an Arrow file", "Save it as Parquet."),
    (b"{\\rtf", "a rich-text document", "Save it as plain text."),
)


def inspect_source(
    source: str | Path, table: str | None = None, reading: Reading = DETECTED
) -> Inspection:
    """Work out how to read a source, and what its columns mean.

    `table` is the name of the sheet, the member of an archive or the list of records to read, if
    the source has several. `reading` is what the user says about the text. Raises FlaskdashError if the
    source can't be read.
    """
    path, pattern = locate(source)
    table = table or reading.sheet
    files: list[Path] = []
    with _readable_errors(path):
        # These modules import pandas and DuckDB, which take long to load.
        from flaskdash.inspect.meaning import remarks, roles, totals
        from flaskdash.inspect.writing import omissions

        if pattern is not None:
            file, draft, files = read_folder(path, pattern, table, reading)
        else:
            file, draft = read_file(path, table, reading)
        columns = draft.columns or roles.describe(draft.frame, draft.units)
        left_out = totals.redundant(draft.frame, columns)
        dropped = [
            omissions.of_rows(
                f"rows of totals in {name}", draft.frame, ~draft.frame[name].isin(values)
            )
            for name, values in left_out.items()
        ]
        if left_out:
            draft, columns = _without_totals(draft, path, left_out)
        key_roles = roles.of_keys(columns, draft.keys)
        columns = roles.override(columns, key_roles, draft.frame)
        declined = draft.declined or roles.decline(columns, draft.read.rows)
    sample_rows = len(draft.frame) if draft.columns else draft.read.rows
    sampled = sample_rows < draft.read.rows
    suffix = f" (in a sample of {sample_rows:,} rows)" if sampled else ""
    column_notes = [note + suffix for note in remarks.remark(draft.frame, columns)]
    total = draft.read.rows if draft.columns else len(draft.frame)
    read = replace(
        draft.read,
        rows=total,
        table=draft.read.table or file.packed.member or None,
        compression=file.packed.kind or None,
    )
    return Inspection(
        source=str(source),
        read=read,
        columns=columns,
        body=draft.body,
        frame=draft.frame,
        notes=(*draft.notes, *map(remarks.left_out, left_out.items()), *column_notes),
        declined=declined,
        requires=draft.requires,
        files=tuple(files),
        total=total,
        left_out=left_out,
        omitted=(*draft.omitted, *dropped),
        roles=key_roles,
    )


def _without_totals(
    draft: Draft, path: Path, left_out: Mapping[str, Sequence[str]]
) -> tuple[Draft, tuple[Column, ...]]:
    """Return a draft whose body drops the rows of these totals, and its columns."""
    from flaskdash.inspect.meaning import roles, sampled
    from flaskdash.inspect.writing.draft import execute, without_totals

    body = without_totals(draft.body)
    rows = execute(body, path, left_out)
    if not draft.columns:
        return replace(draft, body=body, frame=rows), roles.describe(rows, draft.units)
    with (
        tempfile.TemporaryDirectory(prefix="flaskdash-") as folder,
        sampled.connect(Path(folder)) as connection,
    ):
        copy = Path(folder) / "rows.parquet"
        rows.write_parquet(str(copy))
        sample = sampled.describe(connection, copy, draft.units)
    read = replace(draft.read, rows=sample.rows)
    draft = replace(draft, body=body, frame=sample.frame, columns=sample.columns, read=read)
    return draft, sample.columns


@contextmanager
def _readable_errors(path: Path) -> Iterator[None]:
    """Raise whatever goes wrong while a file is read as a FlaskdashError with its path."""
    try:
        yield
    except PermissionError as error:
        raise FlaskdashError(
            f"{path} can't be read: permission denied.", f"chmod +r {shlex.quote(str(path))}"
        ) from error
    except MemoryError as error:
        raise FlaskdashError(
            f"{path} does not fit into memory. Use a part of it, or a copy as Parquet."
        ) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise FlaskdashError(
            f"{path} can't be read: {reason}. Check the file and its disk."
        ) from error
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, Warning) as error:
        # Files vary more than any test covers, and a traceback would not help an analyst.
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise FlaskdashError(
            f"{path} can't be read: {reason}. "
            "This is a bug in flaskdash: please report it with the first lines of the file."
        ) from error


def read_folder(
    folder: Path, pattern: str, table: str | None, reading: Reading
) -> tuple[SourceFile, Draft, list[Path]]:
    """Return the first file of a folder, the draft that reads all its files, and their paths."""
    from flaskdash.inspect.formats import folder as folders

    paths, pattern = folders.data_files(folder, pattern)
    files = [replace(open_source(path, table)[0], reading=reading) for path in paths]
    readers = [reader_of(file) for file in files]
    return files[0], folders.read(folder, pattern, files, readers), paths


def read_file(path: Path, table: str | None, reading: Reading) -> tuple[SourceFile, Draft]:
    """Return a file and the draft that reads it, or the members of one shape in an archive."""
    from flaskdash.inspect.formats import archive, csv

    file, sizes = open_source(path, table)
    file = replace(file, reading=reading)
    stacked = None
    if table is None and len(sizes) > 1 and reader_of(file) is csv:
        stacked = archive.read(file, sizes)
    if stacked:
        draft, members = stacked
        file = replace(file, packed=replace(file.packed, member=""))
        note = f"{len(members)} files of the archive stacked into one table: {_listed(members)}"
        note += "; --table takes one alone"
    else:
        draft, members = reader_of(file).read(file), [file.packed.member]
        note = f"read {file.packed.member}"
    unread = [name for name in sizes if name not in members]
    if unread:
        joint = ", or" if stacked else "; --table takes"
        note += f"{joint} another file of the archive: {_listed(unread)}"
    notes = [note] if len(sizes) > 1 else []
    return file, replace(draft, notes=(*notes, *draft.notes))


def _listed(names: Sequence[str]) -> str:
    """Return names as a list, shortened if there are many."""
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return ", ".join(names[:MOST_LISTED]) + more


def reader_of(file: SourceFile) -> ModuleType:
    """Return the module that reads a file, by its content."""
    from flaskdash.inspect.formats import csv, excel, json, parquet, sqlite

    readers = (parquet, excel, sqlite, json)
    reader = next((reader for reader in readers if reader.matches(file)), csv)
    if reader is not csv and (keys := file.reading.of_text):
        raise FlaskdashError(
            f"--read {' '.join(keys)} only applies to text, and {file.path} is not text. Leave it out."
        )
    return reader


def open_source(path: Path, table: str | None) -> tuple[SourceFile, dict[str, int]]:
    """Return a file, unpacked if it is packed, and the sizes of an archive's members."""
    head = read_head(path)
    packed, sizes = compressed.detect(path, head, table)
    if not packed.kind:
        refuse_unknown(path, head)
        return SourceFile(path, path.name, head, table=table), {}
    head = compressed.read(path, packed, HEAD)
    if not head.strip(BLANK):
        raise FlaskdashError(
            f"{path} is an archive that holds an empty file. "
            "Use a file with a header and at least one row."
        )
    name = compressed.inner_name(path, packed)
    if head[257:262] == b"ustar" or name.lower().endswith(".tar"):
        raise FlaskdashError(f"{path} is a tar archive. {UNPACK}")
    if head.startswith((*compressed.SIGNATURES, b"PK\x03\x04")) and not is_workbook(head):
        raise FlaskdashError(f"{path} is an archive that holds another archive. {UNPACK}")
    refuse_unknown(path, head)
    return SourceFile(path, name, head, packed, None if len(sizes) > 1 else table), sizes


def is_workbook(head: bytes) -> bool:
    """Tell whether a zip archive is a workbook, by its first bytes."""
    signs = (b"[Content_Types].xml", b"xl/", b"_rels/", b"opendocument.spreadsheet")
    return any(sign in head[:4000] for sign in signs)


def locate(source: str | Path) -> tuple[Path, str | None]:
    """Return the path of a file and None, or the path of a folder and a pattern for its files.

    The pattern is "" for all files of the folder. Raises FlaskdashError, with similar names, if
    the source does not exist.
    """
    text = str(source)
    if "://" in text or re.match(r"https?:/", text):
        raise FlaskdashError(f"{text} is a URL. Download it, and use the file.")
    if not text.strip() or "\0" in text:
        raise FlaskdashError("The source has no name. Give the path of a data file.")
    path = Path(source).expanduser()
    try:
        if path.is_dir():
            return path, ""
        if path.is_file():
            return path, None
        if path.exists():
            raise FlaskdashError(f"{path} is not a regular file. Save its content to a file.")
    except OSError as error:
        reason = error.strerror or str(error)
        raise FlaskdashError(f"{text} can't be read: {reason}. Check the path.") from error
    if glob.has_magic(path.name):
        if glob.has_magic(str(path.parent)):
            raise FlaskdashError(
                f"{text} is a pattern for folders. Use a pattern for the files of one folder.",
                '"data/*.csv"',
            )
        return path.parent, path.name
    raise missing_file(path)


def missing_file(path: Path) -> FlaskdashError:
    """Return the error for a file that does not exist, with similar names in its folder."""
    if not path.parent.is_dir():
        return FlaskdashError(
            f"{path} does not exist, and neither does its folder {path.parent}. Check the path."
        )
    names = [file.name for file in visible_files(path.parent)]
    matches = difflib.get_close_matches(path.name, names, n=3, cutoff=0.6) or [
        name for name in names if Path(name).stem.lower() == path.stem.lower()
    ]
    if matches:
        similar = [str(path.parent / name) for name in matches]
        return FlaskdashError(
            f"{path} does not exist. Did you mean {' or '.join(similar)}?",
            shlex.quote(similar[0]),
        )
    return FlaskdashError(
        f"{path} does not exist in the folder {path.parent.resolve()}. Check the spelling."
    )


def visible_files(folder: Path) -> list[Path]:
    """Return the sorted files of a folder, without hidden ones: at most MOST_FILES."""
    paths: list[Path] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_file() and not entry.name.startswith("."):
                    paths.append(folder / entry.name)
                if len(paths) == MOST_FILES:
                    break
    except OSError:
        return []
    return sorted(paths)


def read_head(path: Path) -> bytes:
    """Return the first bytes of a file; raise FlaskdashError if it is empty."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head.strip(BLANK):
        problem = "is empty" if path.stat().st_size <= HEAD else "begins with blanks only"
        raise FlaskdashError(f"{path} {problem}. Use a file with a header and at least one row.")
    return head


def refuse_unknown(path: Path, head: bytes) -> None:
    """Raise FlaskdashError if flaskdash does not read the format of a file."""
    for start, name, advice in SIGNATURES:
        if head.startswith(start):
            raise FlaskdashError(f"{path} is {name}. flaskdash reads {READS}. {advice}")
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((*HTML, *XML)) and (_is_table(head) or _holds_tables(head)):
        return
    if text.startswith(HTML):
        raise FlaskdashError(
            f"{path} is an HTML page, not data: it may be a login or an error page that was saved "
            "under the name of the file. Download the data file itself."
        )
    if text.startswith(b"mime-version:"):
        raise FlaskdashError(
            f"{path} is a web page that Excel can open, but not a workbook. "
            "Open it in Excel, and save it as .xlsx."
        )
    if text.startswith(XML):
        raise FlaskdashError(f"{path} is XML. flaskdash reads {READS}. Save it as CSV.")


def _holds_tables(head: bytes) -> bool:
    """Tell whether a page or XML of Excel 2003 holds tables."""
    return bool(lines.detect_markup(head.decode(encoding.detect(head), "replace")))


def _is_table(head: bytes) -> bool:
    """Tell whether a text that begins like a page is a table whose first column is named so."""
    rows = head.decode(encoding.detect(head), "replace").strip().splitlines()
    if len(rows) > 1 and len(head) == HEAD:
        rows.pop()  # it may be cut off
    text = "\n".join(rows)
    return len(rows) > 1 and dialect.tidiness(text, dialect.sniff(text)) > TIDY
