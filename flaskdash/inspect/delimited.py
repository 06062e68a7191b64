"""Read text: CSV, TSV and what else has delimiters, or columns of a fixed width."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from flaskdash.errors import FlaskdashError
from flaskdash.inspect import big, casts, fixed
from flaskdash.inspect.dialect import (
    BLANKS,
    Dialect,
    Header,
    Record,
    find_header,
    goes_on,
    head,
    joined,
    records,
    separator,
    sniff,
)
from flaskdash.inspect.draft import Draft
from flaskdash.inspect.encoding import decode
from flaskdash.inspect.given import Given
from flaskdash.inspect.literals import literal
from flaskdash.inspect.model import Read
from flaskdash.inspect.table import TOP, tabulate
from flaskdash.inspect.tabular import Found, draft, without_blank_columns
from flaskdash.inspect.writer import Layout

LONGEST_LINE = 1_000_000


def read(given: Given) -> Draft:
    """Read text of any kind; raise FlaskdashError where there is no table in it."""
    if not big.is_big(given):
        return read_whole(given)
    try:
        return big.read(given)
    except casts.Unfit as unfit:
        found = read_whole(given)
        return replace(found, notes=(big.too_much(given, str(unfit)), *found.notes))


def read_whole(given: Given) -> Draft:
    """Read text of any kind with pandas, and so into memory."""
    try:
        return draft(given.path, find_table(given))
    except FlaskdashError:
        text, encoding = decoded(given)
        dialect = sniff(text)
        if not dialect.quoted or '"' not in text:
            raise
        # A stray quote may have swallowed what follows: take quotes for ordinary characters.
        plain = Dialect(dialect.delimiter, quoted=False)
        return draft(given.path, find(given, text, encoding, plain))


def find_table(given: Given) -> Found:
    """Return the table of a text, and how pandas reads it."""
    text, encoding = decoded(given)
    refuse_one_line(given.path, text)
    dialect = sniff(text)
    aligned = fixed.find(given, text, encoding, dialect)
    return aligned or find(given, text, encoding, dialect)


def decoded(given: Given) -> tuple[str, str]:
    """Return a file's text, without a byte order mark, and its encoding."""
    text, encoding = decode(given.data, given.path)
    return text.removeprefix("\ufeff"), encoding


def find(given: Given, text: str, encoding: str, dialect: Dialect) -> Found:
    """Return the table of a text under a dialect, and how pandas reads it."""
    top = head(records(text, dialect), TOP)
    header = find_header(top) if any(any(map(str.strip, record)) for record in top) else None
    two = bool(header and header.names) and _two_rows(header, top)
    if two and header:
        names = joined(top[header.skip : header.skip + 2])
        header = replace(header, skip=header.skip + 1, names=names)
    table = tabulate(lambda: records(text, dialect), header)
    if table is None:
        raise FlaskdashError(f"{given.path} is empty.", "give a file with a header and rows")
    if table.rows:
        table = without_blank_columns(table)
    quotes = "a quote is never closed: quotes are read as ordinary characters"
    return Found(
        table,
        Layout(
            skip=table.header.skip + two,
            has_header=table.header.names is not None and not two,
            arguments=(
                *arguments(dialect, separator(text, dialect), encoding),
                *encoding_errors(text, encoding),
            ),
            packed=given.packed,
            padded=dialect.padded,
        ),
        Read(
            format="tsv" if dialect.delimiter == "\t" else "csv",
            encoding=encoding,
            delimiter=dialect.delimiter,
        ),
        "delimited text",
        decimal="," if dialect.delimiter == ";" else ".",
        notes=(
            *(["2 header rows were joined into one"] * two),
            *([quotes] * (not dialect.quoted)),
            *broken_bytes(text),
        ),
        header_rows=1 + two,
        hint="open it in an editor: is each row on a line of its own, with the same delimiter?",
    )


def _two_rows(header: Header | None, top: list[Record]) -> bool:
    """Tell whether the record below the header holds names too."""
    if header is None or header.names is None or header.skip + 1 >= len(top):
        return False
    return goes_on(header.names, top[header.skip + 1], top[header.skip + 2 :])


def arguments(dialect: Dialect, mark: str, encoding: str) -> tuple[str, ...]:
    """Return the arguments of read_csv that say how the records are written."""
    lines = []
    if dialect.delimiter == BLANKS:
        lines.append('sep=r"\\s+",  # runs of blanks')
    elif mark != ",":
        lines.append(f"sep={literal(mark)},")
    if encoding not in ("utf-8", "ascii"):
        lines.append(f"encoding={literal(encoding)},")
    if not dialect.quoted:
        lines.append("quoting=3,  # csv.QUOTE_NONE: quotes are ordinary characters here")
    return tuple(lines)


def encoding_errors(text: str, encoding: str) -> tuple[str, ...]:
    """Return the argument of read_csv for UTF-8 that is damaged in places."""
    if "\ufffd" not in text or encoding not in ("utf-8", "utf-8-sig"):
        return ()
    return ('encoding_errors="replace",  # some bytes are no UTF-8',)


def broken_bytes(text: str) -> list[str]:
    """Return a note on bytes that could not be read."""
    count = text.count("\ufffd")
    return [f"{count} character(s) are no UTF-8, and are shown as \ufffd"] if count else []


def refuse_one_line(path: Path, text: str) -> None:
    """Raise if a big text has no line ends at all."""
    if len(text) > LONGEST_LINE:
        start = text[:LONGEST_LINE]
        if "\n" not in start and "\r" not in start:
            raise FlaskdashError(
                f"{path} is one line of more than {LONGEST_LINE:,} characters, not a table.",
                "check how it was written: a table has a line for each row",
            )
