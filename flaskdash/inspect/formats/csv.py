"""Read text files: CSV, TSV, other delimiters, and columns of a fixed width."""

from __future__ import annotations

import itertools
import re
import shlex
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from flaskdash.errors import FlaskdashError
from flaskdash.inspect.formats import big_csv, fixed_width
from flaskdash.inspect.formats.source_file import SourceFile
from flaskdash.inspect.formats.stack import amounts_of_data, merge
from flaskdash.inspect.literals import comment, literal
from flaskdash.inspect.model import Omission, Read
from flaskdash.inspect.reading import BLANKS, GAPS, Reading
from flaskdash.inspect.text import lines, sections
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
from flaskdash.inspect.text.shifted import Row, blank_places, find_shifted
from flaskdash.inspect.text.table import MOST_EXAMPLES, TOP, TextTable, line_of, tabulate
from flaskdash.inspect.writing import duckdb_code
from flaskdash.inspect.writing.draft import Draft
from flaskdash.inspect.writing.pandas_code import Layout, Stack
from flaskdash.inspect.writing.tabular import SourceTable, without_blank_columns
from flaskdash.inspect.writing.tabular import draft as write_draft

LONGEST_LINE = 1_000_000
MOST_LISTED = 6
LEAST_ROWS = 3  # of a table in a page
LEAST_UNNAMED_ROWS = 10  # of one without a header: a form may have fewer
MOST_NAMES = 3  # of the columns of another table


def read(source: SourceFile) -> Draft:
    """Read a text file; raise FlaskdashError if it holds no table."""
    if not big_csv.is_big(source) or lines.detect_markup(decode(source.head, source.path)[0]):
        return read_whole(source)
    try:
        return big_csv.read(source)
    except duckdb_code.Unfit as unfit:
        draft = read_whole(source)
        note = big_csv.memory_note(source, str(unfit))
        return replace(draft, notes=(note, *draft.notes))


def read_whole(source: SourceFile) -> Draft:
    """Read a text file with pandas, which needs it in memory."""
    table = find_table(source)
    least = LEAST_UNNAMED_ROWS if table.table.header.names is None else LEAST_ROWS
    is_small = table.table.rows < least or table.table.width < 2
    if table.read.format == "html" and is_small and source.table is None:
        raise FlaskdashError(
            f"{source.path} is an HTML page without a table of data: it may be a login or an error "
            "page that was saved under the name of the file. Download the data file itself."
        )
    try:
        return write_draft(source.path, table)
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
    markup = lines.detect_markup(text)
    trim = Trim(markup=markup) if markup else lines.detect_trim(text)
    trimmed = trim.apply(text) if trim else text
    dialect = sniff(trimmed, reading.sep, reading.quote)
    mark = dialect.delimiter or ""
    if '"' in trimmed and len(mark) == 1 and (fields := lines.count_fields(trimmed, mark)):
        trim = replace(trim, fields=fields, delimiter=mark)
        trimmed = trim.apply(text)
        dialect = sniff(trimmed, reading.sep, reading.quote)
    if trim == Trim(markup=markup) and not reading.of_text:
        table = _find_part(source, trimmed, encoding, dialect, trim)
        if table is not None:
            return table
    if not trim and reading.sep is None:
        aligned = fixed_width.find_table(source, text, encoding, dialect)
        has_gaps = bool(aligned or dialect.delimiter is None) and is_split_by_gaps(text)
        if aligned and not (has_gaps and _holds_gaps(aligned)):
            return aligned
        if has_gaps:
            dialect = CsvDialect(GAPS)
    return parse_table(source, trimmed, encoding, dialect, trim)


def _find_part(
    source: SourceFile, text: str, encoding: str, dialect: CsvDialect, trim: Trim
) -> SourceTable | None:
    """Return the chosen or largest part of a text that holds several tables, or types of lines."""
    if types := sections.record_types(text, dialect):
        return _of_type(source, text, encoding, dialect, types, trim)
    parts = sections.find_sections(text)
    if not parts:
        return None
    lines = sections.split_lines(text)
    # Sections of one shape are one table, if their titles tell them apart.
    groups: dict[object, list[tuple[sections.Section, SourceTable]]] = {}
    titles = [part.title for part in parts]
    for part in parts:
        table = parse_table(
            source,
            "\n".join(lines[part.first : part.last]),
            encoding,
            part.dialect,
            replace(trim, span=(str(part.first), str(part.last))),
        )
        is_named = part.title and titles.count(part.title) == 1
        key = (part.names, part.dialect) if is_named else part
        groups.setdefault(key, []).append((part, table))
    ranked = sorted(
        groups.values(), key=lambda group: _sum_amounts(table for _, table in group), reverse=True
    )
    stem = Path(source.name).stem
    labels = [stem, *(f"{stem}#{number}" for number in range(2, len(ranked) + 1))]
    if sections.is_form(parts) and source.table is None:
        raise FlaskdashError(
            f"{source.path} holds {len(parts)} small tables, one below the other, as a form does. "
            f"Choose one with --table: {listed(labels)}.",
            f"--table {shlex.quote(labels[0])}",
        )
    chosen = labels.index(choose_table(source, labels))
    group = ranked[chosen]
    alternatives = [
        f"{label} ({_described(group)})"
        for label, group in zip(labels, ranked, strict=True)
        if label != labels[chosen]
    ]
    notes = []
    if len(group) > 1:
        joined = listed([part.title for part, _ in group])
        notes.append(f"{len(group)} tables of one shape stacked, one below the other: {joined}")
    if alternatives:
        notes.append(
            f"read {_described(group)}; --table takes another table: {listed(alternatives)}"
        )
    table = _stack_sections(group) if len(group) > 1 else group[0][1]
    return replace(
        table,
        notes=(*notes, *table.notes),
        read=replace(table.read, table=labels[chosen]),
    )


def listed(names: Sequence[str]) -> str:
    """Return names as a list, shortened if there are many."""
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return ", ".join(map(comment, names[:MOST_LISTED])) + more


def choose_table(source: SourceFile, labels: Sequence[str]) -> str:
    """Return the label that the user chose, or the first."""
    if source.table is None:
        return labels[0]
    if source.table not in labels:
        raise FlaskdashError(
            f"{source.path} has no table {source.table!r}. Choose one with --table: "
            f"{listed(labels)}.",
            f"--table {shlex.quote(labels[0])}",
        )
    return source.table


def _sum_amounts(tables: Iterable[SourceTable]) -> tuple[int, int]:
    """Return the number of numbers and dates in tables, and that of all cells."""
    amounts = [amounts_of_data(table.table) for table in tables]
    return sum(typed for typed, _ in amounts), sum(total for _, total in amounts)


def _described(group: Sequence[tuple[sections.Section, SourceTable]]) -> str:
    """Return the title of a section and its first columns, for a note."""
    part = group[0][0]
    names = comment(", ".join(part.names[:MOST_NAMES]), 60)
    title = f"{comment(part.title, 40)}: " if part.title else ""
    return f"{title}{names}"


def _stack_sections(group: Sequence[tuple[sections.Section, SourceTable]]) -> SourceTable:
    """Return the table that sections of one shape make up, with a column for their titles."""
    rows = ", ".join(f"({literal(p.title)}, {p.first}, {p.last})" for p, _ in group)
    stack = Stack((f"for title, first, last in [{rows}]:",), label="title")
    titles = [part.title for part, _ in group]
    table = merge([table for _, table in group], titles, "section", stack, "sections")
    trim = replace(table.layout.trim, span=("first", "last"))
    return replace(table, layout=replace(table.layout, trim=trim))


def _of_type(
    source: SourceFile,
    text: str,
    encoding: str,
    dialect: CsvDialect,
    types: Mapping[str, int],
    trim: Trim,
) -> SourceTable:
    """Return the table of the lines of one type.

    Raises FlaskdashError if several types recur, and none is chosen.
    """
    mark = dialect.delimiter or ""
    starts = {start.removesuffix(mark).strip('"'): start for start in types}
    labels = sorted(starts, key=lambda label: -types[starts[label]])
    counts = ", ".join(f"{comment(name, 30)} ({types[starts[name]]:,})" for name in labels)
    described = f"lines of {len(types)} types, which their first cell names: {counts}"
    if sum(count > 1 for count in types.values()) > 1 and source.table is None:
        raise FlaskdashError(
            f"{source.path} holds {described}. Each type has its own columns. "
            "Choose one with --table.",
            f"--table {shlex.quote(labels[0])}",
        )
    label = choose_table(source, labels)
    lines_of_type = Trim(start=starts[label]).apply(text)
    trim = replace(trim, start=starts[label])
    table = parse_table(source, lines_of_type, encoding, dialect, trim)
    return replace(
        table,
        notes=(f"{described}; read {comment(label, 30)}", *table.notes),
        read=replace(table.read, table=label),
    )


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
    if blanks := _blanks(text, dialect, table):
        mark = dialect.delimiter or ","
        text = Trim(blanks=blanks, delimiter=mark).apply(text)
        trim = replace(trim, blanks=blanks, delimiter=mark)
        table = tabulate(lambda: records(text, dialect), header, place=place) or table
        listed_lines = ", ".join(str(number + 1) for number, _ in blanks[:MOST_LISTED])
        block.notes.append(
            f"a cell is missing in the middle of {len(blanks)} line(s), by the types of the cells "
            f"behind it: a blank one is put in (lines {listed_lines})"
        )
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
            format=trim.markup or ("tsv" if dialect.delimiter == "\t" else "csv"),
            encoding=encoding,
            delimiter=_shown_delimiter(text, dialect),
        ),
        "delimited text",
        decimal=reading.decimal or ("," if dialect.delimiter == ";" else "."),
        is_decimal_given=reading.decimal is not None,
        notes=(*notes, *broken_bytes(text)),
        header_rows=block.rows or 1,
        rows=lambda: _rows(text, dialect, table),
        place=place,
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


def _blanks(text: str, dialect: CsvDialect, table: TextTable) -> tuple[tuple[int, int], ...]:
    """Return the lines of rows in which a cell is missing, and its place."""
    if not table.shorter or not dialect.is_plain:
        return ()
    short = (row for row in _rows(text, dialect, table) if len(row[1]) == table.width - 1)
    rows = find_shifted(short, table.columns)
    lines_of_text = text.count("\n") + (not text.endswith("\n"))
    if not rows or sum(1 for _ in records(text, dialect)) != lines_of_text:
        return ()  # a record of several lines: their numbers are not those of records
    return tuple(blank_places(rows, table.columns).items())


def _rows(text: str, dialect: CsvDialect, table: TextTable) -> Iterator[Row]:
    """Yield the rows of a table in a text, each with its number among the records."""
    start = table.header.skip + (table.header.names is not None)
    left_out = set(table.long)
    numbered = enumerate(records(text, dialect))
    rows = (row for row in numbered if row[0] >= start and row[0] not in left_out)
    # The footer comes last.
    last_rows: deque[Row] = deque(itertools.islice(rows, table.footer))
    for row in rows:
        last_rows.append(row)
        yield last_rows.popleft()


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
