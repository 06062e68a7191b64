"""Read text: CSV, TSV and what else has delimiters, or columns of a fixed width."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from flaskdash.errors import FlaskdashError
from flaskdash.inspect.formats import big_csv, fixed_width
from flaskdash.inspect.formats.given import Given
from flaskdash.inspect.literals import literal
from flaskdash.inspect.model import Read
from flaskdash.inspect.text import lines
from flaskdash.inspect.text.dialect import (
    BLANKS,
    GAPS,
    LONG_DELIMITERS,
    Dialect,
    find_heading,
    gaps,
    head,
    records,
    separator,
    sniff,
)
from flaskdash.inspect.text.encoding import decode
from flaskdash.inspect.text.lines import NO_TRIM, Trim
from flaskdash.inspect.text.table import TOP, tabulate
from flaskdash.inspect.writing import duckdb_code
from flaskdash.inspect.writing.draft import Draft
from flaskdash.inspect.writing.pandas_code import Layout
from flaskdash.inspect.writing.tabular import SourceTable, draft, without_blank_columns

LONGEST_LINE = 1_000_000


def read(given: Given) -> Draft:
    """Read text of any kind; raise FlaskdashError where there is no table in it."""
    if not big_csv.is_big(given):
        return read_whole(given)
    try:
        return big_csv.read(given)
    except duckdb_code.Unfit as unfit:
        found = read_whole(given)
        return replace(found, notes=(big_csv.too_much(given, str(unfit)), *found.notes))


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


def find_table(given: Given) -> SourceTable:
    """Return the table of a text, and how pandas reads it."""
    text, encoding = decoded(given)
    refuse_one_line(given.path, text)
    trim = lines.find(text)
    trimmed = trim.apply(text) if trim else text
    dialect = sniff(trimmed)
    if not trim:
        aligned = fixed_width.find(given, text, encoding, dialect)
        apart = bool(aligned or dialect.delimiter is None) and gaps(text)
        if aligned and not (apart and _holds_gaps(aligned)):
            return aligned
        if apart:
            dialect = Dialect(GAPS)
    return find(given, trimmed, encoding, dialect, trim)


def _holds_gaps(found: SourceTable) -> bool:
    """Tell whether cells that were cut at fixed places are several values."""
    return any(re.search(r"\S\s{2,}\S", cell) for counts in found.table.columns for cell in counts)


def decoded(given: Given) -> tuple[str, str]:
    """Return a file's text, without a byte order mark, and its encoding."""
    text, encoding = decode(given.data, given.path)
    return text.removeprefix("\ufeff"), encoding


def find(
    given: Given, text: str, encoding: str, dialect: Dialect, trim: Trim = NO_TRIM
) -> SourceTable:
    """Return the table of a text under a dialect, and how pandas reads it."""
    top = head(records(text, dialect), TOP)
    if not any(any(map(str.strip, record)) for record in top):
        raise FlaskdashError(f"{given.path} is empty.", "give a file with a header and rows")
    heading = find_heading(top)
    header = heading.header
    if header.names and not heading.rows and (line := lines.again(text, header.names)):
        again = Trim(header=line)
        count = lines.unix(text).split("\n").count(line) - 1
        text, trim = again.apply(text), replace(trim, header=line)
        heading.notes.append(f"the header comes {count} more time(s): left out")
    table = tabulate(lambda: records(text, dialect), header)
    if table is None:
        raise FlaskdashError(f"{given.path} is empty.", "give a file with a header and rows")
    if table.rows:
        table = without_blank_columns(table)
    quotes = "quotes are not those of CSV: they are read as ordinary characters"
    named = table.header.names is not None
    read = arguments(dialect, separator(text, dialect))
    return SourceTable(
        table,
        Layout(
            skip=table.header.skip + bool(heading.rows),
            has_header=named and not heading.rows,
            arguments=read if trim else (*read, *encoding_arguments(text, encoding)),
            packed=given.packed,
            padded=dialect.padded,
            slow=dialect.delimiter == GAPS or dialect.delimiter in LONG_DELIMITERS,
            trim=trim,
            reading=reading(text, encoding) if trim else "",
        ),
        Read(
            format="tsv" if dialect.delimiter == "\t" else "csv",
            encoding=encoding,
            delimiter=dialect.delimiter,
        ),
        "delimited text",
        decimal="," if dialect.delimiter == ";" else ".",
        notes=(*heading.notes, *([quotes] * (not dialect.quoted)), *broken_bytes(text)),
        header_rows=heading.rows or 1,
        hint="open it in an editor: is each row on a line of its own, with the same delimiter?",
    )


def arguments(dialect: Dialect, mark: str) -> tuple[str, ...]:
    """Return the arguments of read_csv that say how the records are written."""
    found = []
    if dialect.delimiter == BLANKS:
        found.append('sep=r"\\s+",  # runs of blanks')
    elif dialect.delimiter == GAPS:
        found.append('sep=r"\\s{2,}",  # two blanks or more')
    elif len(mark) > 1:
        found.append(f'sep=r"{re.escape(mark)}",')
    elif mark != ",":
        found.append(f"sep={literal(mark)},")
    if dialect.quote != '"':
        found.append(f"quotechar={literal(dialect.quote)},")
    if dialect.escape:
        found.append(f"escapechar={literal(dialect.escape)},")
        found.append("doublequote=False,")
    if not dialect.quoted:
        found.append("quoting=3,  # csv.QUOTE_NONE: quotes are ordinary characters here")
    return tuple(found)


def encoding_arguments(text: str, encoding: str) -> list[str]:
    """Return the arguments of read_csv for the encoding, also of UTF-8 that is damaged in places."""
    found = []
    if encoding not in ("utf-8", "ascii"):
        found.append(f"encoding={literal(encoding)},")
    if _is_damaged(text, encoding):
        found.append('encoding_errors="replace",  # some bytes are no UTF-8')
    return found


def reading(text: str, encoding: str) -> str:
    """Return the arguments with which Python reads the text."""
    return literal(encoding) + (', errors="replace"' if _is_damaged(text, encoding) else "")


def _is_damaged(text: str, encoding: str) -> bool:
    return "\ufffd" in text and encoding in ("utf-8", "utf-8-sig")


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
