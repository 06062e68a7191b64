"""Read text files: CSV, TSV, other delimiters, and columns of a fixed width."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from flaskdash.errors import FlaskdashError
from flaskdash.inspect.formats import big_csv, fixed_width
from flaskdash.inspect.formats.source_file import SourceFile
from flaskdash.inspect.literals import literal
from flaskdash.inspect.model import Omission, Read
from flaskdash.inspect.reading import BLANKS, GAPS, Reading
from flaskdash.inspect.text import lines
from flaskdash.inspect.text.dialect import (
    CsvDialect,
    find_header_block,
    given_header,
    is_split_by_gaps,
    other_delimiter,
    records,
    separator,
    sniff,
    take,
)
from flaskdash.inspect.text.encoding import decode
from flaskdash.inspect.text.lines import NO_TRIM, Trim
from flaskdash.inspect.text.table import MOST_EXAMPLES, TOP, line_of, tabulate
from flaskdash.inspect.writing import duckdb_code
from flaskdash.inspect.writing.draft import Draft
from flaskdash.inspect.writing.pandas_code import Layout
from flaskdash.inspect.writing.tabular import SourceTable, without_blank_columns
from flaskdash.inspect.writing.tabular import draft as write_draft

LONGEST_LINE = 1_000_000


def read(source: SourceFile) -> Draft:
    """Read a text file; raise FlaskdashError if it holds no table."""
    if not big_csv.is_big(source):
        return read_whole(source)
    try:
        return big_csv.read(source)
    except duckdb_code.Unfit as unfit:
        draft = read_whole(source)
        note = big_csv.memory_note(source, str(unfit))
        return replace(draft, notes=(note, *draft.notes))


def read_whole(source: SourceFile) -> Draft:
    """Read a text file with pandas, which needs it in memory."""
    try:
        return write_draft(source.path, find_table(source))
    except FlaskdashError:
        text, encoding = decoded(source)
        dialect = sniff(text, source.reading.sep)
        if not dialect.quoted or '"' not in text or source.reading.quote is not None:
            raise
        # A stray quote may have swallowed the lines after it: try quotes as ordinary characters.
        plain = CsvDialect(dialect.delimiter, quoted=False)
        return write_draft(source.path, parse_table(source, text, encoding, plain))


def find_table(source: SourceFile) -> SourceTable:
    """Return the table in a text file, and how pandas reads it."""
    text, encoding = decoded(source)
    refuse_one_line(source.path, text)
    reading = source.reading
    trim = lines.detect_trim(text)
    trimmed = trim.apply(text) if trim else text
    dialect = sniff(trimmed, reading.sep, reading.quote)
    mark = dialect.delimiter or ""
    if '"' in trimmed and len(mark) == 1 and (fields := lines.count_fields(trimmed, mark)):
        trim = replace(trim, fields=fields, delimiter=mark)
        trimmed = trim.apply(text)
        dialect = sniff(trimmed, reading.sep, reading.quote)
    if not trim and reading.sep is None:
        aligned = fixed_width.find_table(source, text, encoding, dialect)
        has_gaps = bool(aligned or dialect.delimiter is None) and is_split_by_gaps(text)
        if aligned and not (has_gaps and _holds_gaps(aligned)):
            return aligned
        if has_gaps:
            dialect = CsvDialect(GAPS)
    return parse_table(source, trimmed, encoding, dialect, trim)


def _holds_gaps(aligned: SourceTable) -> bool:
    """Tell whether a cell between two fixed positions holds several values."""
    cells = (cell for counts in aligned.table.columns for cell in counts)
    return any(re.search(r"\S\s{2,}\S", cell) for cell in cells)


def decoded(source: SourceFile) -> tuple[str, str]:
    """Return the text of a file, without a byte order mark, and its encoding."""
    text, encoding = decode(source.data, source.path, source.reading.encoding)
    return text.removeprefix("\ufeff"), encoding


def parse_table(
    source: SourceFile, text: str, encoding: str, dialect: CsvDialect, trim: Trim = NO_TRIM
) -> SourceTable:
    """Return the table that a dialect reads from a text, and how pandas reads it."""
    reading = _of_lines(source, trim)
    top = take(records(text, dialect), TOP + (reading.header or reading.skip or 0))
    if not any(any(map(str.strip, record)) for record in top):
        raise _empty(source.path)
    block = given_header(source.path, top, reading) or find_header_block(top)
    header = block.header
    if header.names and not block.rows and (line := lines.repeated_header(text, header.names)):
        repeats = lines.unify_newlines(text).split("\n").count(line) - 1
        text, trim = Trim(header=line).apply(text), replace(trim, header=line)
        block.notes.append(f"the header comes {repeats} more time(s): left out")
    place = _places(source, text, trim)
    table = tabulate(lambda: records(text, dialect), header, place=place)
    if table is None:
        raise _empty(source.path)
    if table.rows:
        table = without_blank_columns(table)
    notes = [*block.notes]
    if trim.fields:
        stray = sum(
            line.count('"') % 2 for line in lines.unify_newlines(decoded(source)[0]).split("\n")
        )
        notes.append(f"{stray} line(s) with a quote that has no pair: it is removed")
    if source.reading.sep is None and (rival := other_delimiter(text, dialect)):
        name = {"\t": "tab", BLANKS: "space"}.get(rival, rival)
        notes.append(
            f"{literal(rival)} separates the values nearly as well as "
            f'{literal(dialect.delimiter or "")}: --read "sep={name}" reads them so'
        )
    if not dialect.quoted:
        notes.append("quotes are not those of CSV: they are read as ordinary characters")
    named = table.header.names is not None
    read_arguments = arguments(dialect, separator(text, dialect))
    if not trim:
        read_arguments = (*read_arguments, *encoding_arguments(text, encoding))
    return SourceTable(
        table,
        Layout(
            skip=table.header.skip + bool(block.rows),
            has_header=named and not block.rows,
            arguments=read_arguments,
            packed=source.packed,
            padded=dialect.padded,
            slow=dialect.delimiter != BLANKS and len(dialect.delimiter or "") > 1,
            trim=trim,
            reading=text_arguments(text, encoding) if trim else "",
        ),
        Read(
            format="tsv" if dialect.delimiter == "\t" else "csv",
            encoding=encoding,
            delimiter=_shown_delimiter(text, dialect),
        ),
        "delimited text",
        decimal=reading.decimal or ("," if dialect.delimiter == ";" else "."),
        is_decimal_given=reading.decimal is not None,
        notes=(*notes, *broken_bytes(text)),
        header_rows=block.rows or 1,
        rows=lambda: (
            (place(number), record)
            for number, record in enumerate(records(text, dialect))
            if number >= header.skip + (header.names is not None)
        ),
        omitted=_omitted(source, trim) if trim else (),
        advice="Open it in an editor, and check that each row is on a line of its own, with the same "
        "delimiter.",
    )


def _of_lines(source: SourceFile, trim: Trim) -> Reading:
    """Return the user's choices, with the numbers that the lines have in the trimmed text."""
    reading = source.reading
    above = (reading.header or 1) - 1 + (reading.skip or 0)
    if not trim or not above:
        return reading
    text = lines.unify_newlines(decoded(source)[0]).split("\n")[:above]
    trimmed = trim.apply("\n".join(text))
    rows = len(trimmed.split("\n")) if trimmed else 0
    return replace(reading, header=rows + 1) if reading.header else replace(reading, skip=rows)


def _places(source: SourceFile, text: str, trim: Trim) -> Callable[[int], str]:
    """Return the function that names the place of a record in the file.

    Records that span several lines are counted as records.
    """
    if not trim:
        has_long_cells = '"' in text and any(line.count('"') % 2 for line in text.split("\n"))
        return (lambda number: f"record {number + 1}") if has_long_cells else line_of
    places = [number for number, _, is_kept in _trimmed(source, trim) if is_kept]
    return lambda number: line_of(places[number] if number < len(places) else number)


def _omitted(source: SourceFile, trim: Trim) -> list[Omission]:
    """Return the lines that are removed from a text before it is parsed."""
    removed = [(number, line) for number, line, is_kept in _trimmed(source, trim) if not is_kept]
    examples: dict[str, list[str]] = {}
    for number, line in removed:
        is_header = line == trim.header
        reason = "lines that repeat the header" if is_header else "lines of comments or borders"
        examples.setdefault(reason, []).append(f"{line_of(number)}: {line}")
    return [
        Omission(reason, len(listed), tuple(listed[:MOST_EXAMPLES]))
        for reason, listed in examples.items()
    ]


def _trimmed(source: SourceFile, trim: Trim) -> Iterator[tuple[int, str, bool]]:
    """Yield the lines of a file with their numbers, and whether the trimmed text has them."""
    text = decoded(source)[0]
    remaining = iter(trim.apply(text).split("\n"))
    following = next(remaining, None)
    for number, line in enumerate(lines.unify_newlines(text).split("\n")):
        is_kept = following is not None and _bare(line) == _bare(following)
        if is_kept:
            following = next(remaining, None)
        yield number, line, is_kept


def _bare(line: str) -> str:
    """Return a line without the characters that trimming may remove."""
    return re.sub(r'[\ufeff"|\s]', "", line)


def _shown_delimiter(text: str, dialect: CsvDialect) -> str | None:
    """Return the delimiter to report: a comma for one column, if none is in it."""
    mark = separator(text, dialect)
    if mark == BLANKS:
        return " "
    return mark if dialect.delimiter or mark == "," else None


def _empty(path: Path) -> FlaskdashError:
    return FlaskdashError(f"{path} is empty. Use a file with a header and at least one row.")


def arguments(dialect: CsvDialect, mark: str) -> tuple[str, ...]:
    """Return the arguments of read_csv for a dialect; `mark` is the delimiter in the text."""
    parts = []
    if dialect.delimiter == BLANKS:
        parts.append('sep=r"\\s+",  # runs of blanks')
    elif dialect.delimiter == GAPS:
        parts.append('sep=r"\\s{2,}",  # two blanks or more')
    elif len(mark) > 1:
        parts.append(f'sep=r"{re.escape(mark)}",')
    elif mark != ",":
        parts.append(f"sep={literal(mark)},")
    if dialect.quote != '"':
        parts.append(f"quotechar={literal(dialect.quote)},")
    if dialect.escape:
        parts.append(f"escapechar={literal(dialect.escape)},")
        parts.append("doublequote=False,")
    if not dialect.quoted:
        parts.append("quoting=3,  # csv.QUOTE_NONE: quotes are ordinary characters here")
    return tuple(parts)


def encoding_arguments(text: str, encoding: str) -> list[str]:
    """Return the arguments of read_csv for an encoding, also if some bytes are damaged."""
    parts = []
    if encoding not in ("utf-8", "ascii"):
        parts.append(f"encoding={literal(encoding)},")
    if _is_damaged(text, encoding):
        parts.append('encoding_errors="replace",  # some bytes are not UTF-8')
    return parts


def text_arguments(text: str, encoding: str) -> str:
    """Return the arguments of Path.read_text for a text."""
    return literal(encoding) + (', errors="replace"' if _is_damaged(text, encoding) else "")


def _is_damaged(text: str, encoding: str) -> bool:
    return "\ufffd" in text and encoding in ("utf-8", "utf-8-sig")


def broken_bytes(text: str) -> list[str]:
    """Return a note if some bytes could not be decoded."""
    count = text.count("\ufffd")
    return [f"{count} character(s) are not UTF-8, and are shown as \ufffd"] if count else []


def refuse_one_line(path: Path, text: str) -> None:
    """Raise FlaskdashError if a big text has no line breaks."""
    start = text[:LONGEST_LINE]
    if len(text) > LONGEST_LINE and "\n" not in start and "\r" not in start:
        raise FlaskdashError(
            f"{path} is one line of more than {LONGEST_LINE:,} characters, not a table. "
            "Export it again with a line for each row."
        )
