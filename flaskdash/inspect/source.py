"""Find the file, ask its format to read it, and say what its columns mean."""

from __future__ import annotations

import difflib
import glob
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from flaskdash.errors import FlaskdashError
from flaskdash.inspect.formats.given import Given
from flaskdash.inspect.model import Column, Inspection
from flaskdash.inspect.text import compressed

if TYPE_CHECKING:
    from flaskdash.inspect.writing.draft import Draft

READS = "CSV and other delimited text, Excel, JSON, GeoJSON, fixed-width text, Parquet and SQLite"
HEAD = 65_536
BLANK = b"\xef\xbb\xbf\xff\xfe \t\r\n\0"

HTML = (b"<!doctype html", b"<!--", b"<html", b"<head", b"<body", b"<table", b"<div", b"<script")
XML_SHEETS = b"urn:schemas-microsoft-com:office:spreadsheet"

# How files begin that are not read: what to call them, and what to do instead.
SIGNATURES = (
    (b"7z\xbc\xaf", "a 7-Zip archive", "unpack it first"),
    (b"Rar!", "a RAR archive", "unpack it first"),
    (b"(\xb5/\xfd", "a zstd archive", "unpack it first"),
    (b"%PDF", "a PDF document", "find the data as CSV"),
    (b"\x89PNG", "an image", "give a data file"),
    (b"\xff\xd8\xff", "an image", "give a data file"),
    (b"GIF8", "an image", "give a data file"),
    (b"ARROW1", "an Arrow file", "save it as Parquet"),
    (b"{\\rtf", "a rich-text document", "save it as plain text"),
)


def inspect_source(source: str | Path, table: str | None = None) -> Inspection:
    """Work out how to read a source, and what its columns mean.

    `table` names the sheet, the member of an archive or the list of records to read, where the
    source holds several. Raises FlaskdashError, with a hint, for whatever can't be read.
    """
    path, pattern = find(source)
    files: list[Path] = []
    try:
        # Imported here, because they import pandas and DuckDB.
        from flaskdash.inspect.meaning import remarks, roles, totals

        if pattern is not None:
            given, draft, files = read_folder(path, pattern, table)
        else:
            given, others = open_source(path, table)
            draft = reader_of(given).read(given)
            draft = replace(draft, notes=(*others, *draft.notes))
        columns = draft.columns or roles.describe(draft.frame, draft.units)
        left_out = totals.redundant(draft.frame, columns)
        if left_out:
            draft, columns = _without(draft, path, left_out)
        declined = draft.declined or roles.decline(columns, draft.read.rows)
    except PermissionError as error:
        raise FlaskdashError(f"{path} can't be read: permission denied.", "chmod +r it") from error
    except MemoryError as error:
        raise FlaskdashError(
            f"{path} does not fit into memory.", "give a part of it, or a Parquet copy"
        ) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise FlaskdashError(f"{path} can't be read: {reason}.", "check the file") from error
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, Warning) as error:
        # A file that nobody thought of is no reason for a traceback.
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise FlaskdashError(
            f"{path} can't be read: {reason}", "report it as a bug, with the file's first lines"
        ) from error
    part = len(draft.frame) if draft.columns else draft.read.rows
    sample = f" (in a sample of {part:,} rows)" if part < draft.read.rows else ""
    return Inspection(
        source=str(source),
        read=replace(
            draft.read,
            table=draft.read.table or given.packed.member or None,
            compression=given.packed.kind or None,
        ),
        columns=columns,
        body=draft.body,
        frame=draft.frame,
        notes=(
            *draft.notes,
            *map(remarks.left_out, left_out.items()),
            *(note + sample for note in remarks.remark(draft.frame, columns)),
        ),
        declined=declined,
        requires=draft.requires,
        files=tuple(files),
        total=draft.read.rows if draft.columns else len(draft.frame),
        left_out=left_out,
    )


def _without(
    draft: Draft, path: Path, left_out: Mapping[str, Sequence[str]]
) -> tuple[Draft, tuple[Column, ...]]:
    """Return the draft whose body drops these totals, and what its columns mean then."""
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
        found = sampled.describe(connection, copy, draft.units)
    read = replace(draft.read, rows=found.rows)
    draft = replace(draft, body=body, frame=found.frame, columns=found.columns, read=read)
    return draft, found.columns


def read_folder(folder: Path, pattern: str, table: str | None) -> tuple[Given, Draft, list[Path]]:
    """Return the first of a folder's files, the draft of all of them, and their paths."""
    from flaskdash.inspect.formats import folder as folders

    files, pattern = folders.files_of(folder, pattern)
    given = [open_source(path, table)[0] for path in files]
    return given[0], folders.read(folder, pattern, given, list(map(reader_of, given))), files


def reader_of(given: Given) -> ModuleType:
    """Return the module that reads a file, by its content."""
    from flaskdash.inspect.formats import csv, excel, json, parquet, sqlite

    readers = (parquet, excel, sqlite, json)
    return next((reader for reader in readers if reader.matches(given)), csv)


def open_source(path: Path, table: str | None) -> tuple[Given, list[str]]:
    """Return a file for the readers, unpacked if it is packed, and a note on what is beside it."""
    head = read_head(path)
    how, others = compressed.detect(path, head, table)
    if not how.kind:
        refuse_unknown(path, head)
        return Given(path, path.name, head, table=table), []
    head = compressed.read(path, how, HEAD)
    if not head.strip(BLANK):
        raise FlaskdashError(f"{path} holds an empty file.", "give one with a header and rows")
    name = compressed.inner_name(path, how)
    if head[257:262] == b"ustar" or name.lower().endswith(".tar"):
        raise FlaskdashError(f"{path} is a tar archive.", "unpack it, and give a file of it")
    if head.startswith((*compressed.SIGNATURES, b"PK\x03\x04")) and not is_workbook(head):
        raise FlaskdashError(
            f"{path} holds another archive.", "unpack it, and give the file inside"
        )
    refuse_unknown(path, head)
    given = Given(path, name, head, how, None if others else table)
    if not others:
        return given, []
    shown = ", ".join(others[:5]) + (f" and {len(others) - 5} more" if len(others) > 5 else "")
    return given, [f"read {how.member}; --table takes another file of the archive: {shown}"]


def is_workbook(head: bytes) -> bool:
    """Tell whether the beginning of a zip archive is that of a workbook."""
    first = head[:4000]
    return any(
        sign in first
        for sign in (b"[Content_Types].xml", b"xl/", b"_rels/", b"opendocument.spreadsheet")
    )


def find(source: str | Path) -> tuple[Path, str | None]:
    """Return the path of a file; or of a folder, with a pattern for its files, "" for all.

    Raises FlaskdashError with the names that come close.
    """
    text = str(source)
    if "://" in text or re.match(r"https?:/", text):
        raise FlaskdashError(
            f"{text} is a URL, and URLs are not read yet.", "download it and give the file"
        )
    if not text.strip() or "\0" in text:
        raise FlaskdashError("The source has no name.", "give the path of a data file")
    path = Path(source).expanduser()
    try:
        if path.is_dir():
            return path, ""
        if path.is_file():
            return path, None
        if path.exists():
            raise FlaskdashError(f"{path} is not a regular file.", "save its content to a file")
    except OSError as error:
        reason = error.strerror or str(error)
        raise FlaskdashError(f"{text} can't be read: {reason}.", "check the path") from error
    if glob.has_magic(path.name):
        if glob.has_magic(str(path.parent)):
            raise FlaskdashError(f"{text} is a pattern of folders.", "one folder: data/*.csv")
        return path.parent, path.name
    raise FlaskdashError(f"{path} does not exist.", missing_hint(path))


def missing_hint(path: Path) -> str:
    """Return the hint for a missing file: close names in its folder."""
    if not path.parent.is_dir():
        return f"check the folder: {path.parent} does not exist either"
    names = [near.name for near in files(path.parent)]
    close = difflib.get_close_matches(path.name, names, n=3, cutoff=0.6) or [
        name for name in names if Path(name).stem.lower() == path.stem.lower()
    ]
    if close:
        return "did you mean " + " or ".join(str(path.parent / name) for name in close) + "?"
    return f"check the spelling; the folder is {path.parent.resolve()}"


def files(folder: Path) -> list[Path]:
    """Return the visible files of a folder, at most a thousand, sorted."""
    found: list[Path] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_file() and not entry.name.startswith("."):
                    found.append(folder / entry.name)
                if len(found) == 1000:
                    break
    except OSError:
        return []
    return sorted(found)


def read_head(path: Path) -> bytes:
    """Return the first bytes of a file; raise if it is empty."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head.strip(BLANK):
        if path.stat().st_size <= HEAD:
            raise FlaskdashError(f"{path} is empty.", "give a file with a header and rows")
        raise FlaskdashError(f"{path} begins with blanks only.", "give a file with rows")
    return head


def refuse_unknown(path: Path, head: bytes) -> None:
    """Raise if a file is of a format that flaskdash does not read."""
    for start, name, hint in SIGNATURES:
        if head.startswith(start):
            raise FlaskdashError(f"{path} is {name}; flaskdash reads {READS} today.", hint)
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(HTML):
        raise FlaskdashError(
            f"{path} is an HTML page, not data.",
            "download the data file itself: a login or an error page is often saved in its place",
        )
    sheets = text.startswith(b"<?xml") and XML_SHEETS in text
    if sheets or text.startswith(b"mime-version:"):
        raise FlaskdashError(
            f"{path} is a web page or XML that Excel can open, not a workbook.",
            "open it in Excel, and save it as .xlsx",
        )
    if text.startswith((b"<?xml", b"<!doctype", b"<svg", b"<rss", b"<kml", b"<gpx")):
        raise FlaskdashError(f"{path} is XML; flaskdash reads {READS} today.", "save it as CSV")
