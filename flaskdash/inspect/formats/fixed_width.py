"""Read fixed-width text: columns that begin and end at the same position in every line."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from flaskdash.inspect.formats.source_file import SourceFile
from flaskdash.inspect.literals import literal
from flaskdash.inspect.model import Read
from flaskdash.inspect.text.dialect import (
    CsvDialect,
    Header,
    Record,
    find_header,
    is_value,
    tidiness,
)
from flaskdash.inspect.text.table import TOP, tabulate
from flaskdash.inspect.writing.pandas_code import Layout
from flaskdash.inspect.writing.tabular import SourceTable

Span = tuple[int, int]  # the first position of a column, and the position after its last
TIDY = 0.95  # the share of lines that a delimiter must split well to explain a text
TOP_LINES = 12  # lines at the beginning that may be titles
END_LINES = 6  # lines at the end that may be notes
LEAST = 4  # rows of a table
_RULE = re.compile(r"[-=+ _|]{3,}")


@dataclass(frozen=True)
class _Alignment:
    """The columns of a text, and the lines that hold the table.

    `start` and `end` delimit the lines of the rows, `top` is the line of the header.
    """

    spans: list[Span]
    names: list[str] | None
    start: int
    end: int
    top: int


def find_table(
    source: SourceFile, text: str, encoding: str, dialect: CsvDialect
) -> SourceTable | None:
    """Return the table in a text with aligned columns; None if a delimiter explains the text."""
    if "\t" in text[:10_000] or tidiness(text, dialect) >= TIDY:
        return None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
    candidates = [_align(lines, rows) for rows in _likely_rows(lines)]
    alignments = [candidate for candidate in candidates if candidate is not None]
    if not alignments:
        return None
    # The best alignment has a name for every column, and the most columns.
    best = max(
        alignments, key=lambda alignment: (all(alignment.names or [""]), len(alignment.spans))
    )
    rows = [cut(line, best.spans) for line in lines[: best.end]]
    mark = (dialect.delimiter or "").strip()
    if mark and _are_delimited(rows[best.start :], mark):
        return None
    skip = best.start - 1 if best.names is not None else best.start
    table = tabulate(lambda: iter(rows), Header(skip, best.names, len(best.spans)))
    if table is None:
        return None
    table = replace(table, footer=table.footer + len(lines) - best.end, trailing=False)
    specs = ", ".join(map(str, best.spans))
    arguments = [f"colspecs=[{specs}],  # where each column begins and ends"]
    if encoding not in ("utf-8", "ascii"):
        arguments.append(f"encoding={literal(encoding)},")
    return SourceTable(
        table,
        Layout(
            skip=best.start,
            has_header=False,
            function="read_fwf",
            arguments=tuple(arguments),
            packed=source.packed,
        ),
        Read(format="fixed-width", encoding=encoding),
        "fixed-width text",
        header_rows=skip - best.top + 1,
    )


def _are_delimited(rows: Sequence[Record], delimiter: str) -> bool:
    """Tell whether all cells of a column begin or end with the delimiter: it stands between cells."""
    columns = zip(*filter(None, rows), strict=True)
    return any(
        all(cell.startswith(delimiter) for cell in column)
        or all(cell.endswith(delimiter) for cell in column)
        for column in columns
    )


def _align(lines: Sequence[str], rows: Sequence[str]) -> _Alignment | None:
    """Return the columns of the text that ROWS suggest, if the result is plausible."""
    spans = _spans(rows)
    block = _block(lines, spans)
    if len(spans) < 2 or block is None:
        return None
    first, end = block
    names: list[str] | None = None
    start = top = first
    if (words := _names_inside(lines[first:end], spans)) is not None:
        start += 1
    elif (words := _names_above(lines, first, spans)) is not None:
        top = _header_line(lines, first)
    if words is not None:
        named = _merge(spans, words, [line for line in lines[start:end] if line.strip()])
        if not named[1][0]:
            named = _in_order(spans, lines[top]) or named
        spans, names = named
    if start < end and _RULE.fullmatch(lines[start]):
        start += 1
    body = [line for line in lines[start:end] if line.strip()]
    if len(spans) < 2 or len(body) < LEAST or not _plausible(body, spans, names):
        return None
    # The values of the last column may be longer than those in ROWS.
    last = (spans[-1][0], max(map(len, body)))
    return _Alignment([*spans[:-1], last], names, start, end, top)


def cut(line: str, spans: Sequence[Span]) -> Record:
    """Return the cells of a line; a blank line is an empty record."""
    return [line[begin:end].strip() for begin, end in spans] if line.strip() else []


def _likely_rows(lines: list[str]) -> Iterator[list[str]]:
    """Yield sets of lines that may be rows, without titles and notes; the likeliest set first."""
    filled = [line for line in lines if line.strip() and not _RULE.fullmatch(line)]
    if len(filled) > 1.5 * (TOP_LINES + END_LINES):
        yield filled[TOP_LINES:-END_LINES]
        return
    for top in (1, 2, 3, 5):
        for end in (0, 1, 2, 4):
            if len(filled) - top - end >= LEAST:
                yield filled[top : len(filled) - end]


def _spans(lines: Sequence[str]) -> list[Span]:
    """Return the columns: the ranges between positions that are blank in all lines."""
    width = max(map(len, lines), default=0)
    used = [False] * width
    for line in lines:
        for index, character in enumerate(line):
            if character != " ":
                used[index] = True
    spans: list[Span] = []
    begin: int | None = None
    for index, filled in enumerate([*used, False]):
        if filled and begin is None:
            begin = index
        elif not filled and begin is not None:
            spans.append((begin, index))
            begin = None
    return spans


def _fits(line: str, spans: Sequence[Span]) -> bool:
    """Tell whether a line is blank between the columns."""
    last_end = 0
    for begin, end in spans:
        if line[last_end:begin].strip():
            return False
        last_end = end
    return not line[last_end:].strip()


def _block(lines: Sequence[str], spans: Sequence[Span]) -> tuple[int, int] | None:
    """Return the first line of the rows and the line after the last.

    None if lines that do not fit the columns lie far from the beginning and the end.
    """
    misfits = [index for index, line in enumerate(lines) if line.strip() and not _fits(line, spans)]
    middle = len(lines) // 2
    first = max((index for index in misfits if index < middle), default=-1) + 1
    end = min((index for index in misfits if index >= middle), default=len(lines))
    if first > TOP_LINES + 20 or len(lines) - end > 20:
        return None
    while first < end and (not lines[first].strip() or _RULE.fullmatch(lines[first])):
        first += 1
    while end > first and not lines[end - 1].strip():
        end -= 1
    return first, end


def _header_line(lines: Sequence[str], first: int) -> int:
    """Return the index of the line above the rows that may hold the names, or -1."""
    index = first - 1
    while index >= 0 and (not lines[index].strip() or _RULE.fullmatch(lines[index])):
        index -= 1
    return index


def _names_above(lines: Sequence[str], first: int, spans: Sequence[Span]) -> list[list[str]] | None:
    """Return the words over each column in the line above the rows, if it is a header."""
    index = _header_line(lines, first)
    if index < 0:
        return None
    # A comment above the rows is a header only if it has a word for every column.
    if lines[index].startswith("#") and len(lines[index][1:].split()) != len(spans):
        return None
    header = _words(lines[index], spans)
    named = sum(map(bool, header))
    values = sum(is_value(word) for words in header for word in words)
    line = lines[index].rstrip()
    is_wide = " " in line.strip() and len(line) > spans[-1][0] * 0.6
    return header if is_wide and named >= 0.5 * len(spans) and values <= 0.3 * named else None


def _names_inside(lines: Sequence[str], spans: Sequence[Span]) -> list[list[str]] | None:
    """Return the words over each column in the first line of the block, if it is a header."""
    rows = [cut(line, spans) for line in lines[:TOP] if line.strip()]
    rows = [row for row in rows if not all(re.fullmatch(r"[-=]*", cell) for cell in row)]
    header = find_header(rows)
    if header.names is None or header.skip:
        return None
    return _words(lines[0], spans)


def _words(line: str, spans: Sequence[Span]) -> list[list[str]]:
    """Return for each column the words of a header that are over it, or nearest to it.

    Words one blank apart stay together, unless they are over several columns.
    """
    header: list[list[str]] = [[] for _ in spans]
    for phrase in re.finditer(r"\S+( \S+)*", line):
        columns = [
            span for span in spans if min(phrase.end(), span[1]) > max(phrase.start(), span[0])
        ]
        if len(columns) > 1:
            words = [
                (phrase.start() + word.start(), word[0]) for word in re.finditer(r"\S+", phrase[0])
            ]
        else:
            words = [(phrase.start(), phrase[0])]
        for begin, text in words:
            header[_nearest(spans, begin, begin + len(text))].append(text)
    return header


def _nearest(spans: Sequence[Span], begin: int, end: int) -> int:
    """Return the column that shares most positions with a word, or that is nearest to it."""

    def distance(index: int) -> tuple[int, int]:
        span_begin, span_end = spans[index]
        return max(begin, span_begin) - min(end, span_end), abs(begin - span_begin)

    return min(range(len(spans)), key=distance)


def _merge(
    spans: Sequence[Span], words: Sequence[Sequence[str]], rows: Sequence[str] = ()
) -> tuple[list[Span], list[str]]:
    """Join columns without a name to the neighbour that is one blank away: "Jan 01 2020".

    Numbers with a decimal mark are complete values, and stay columns of their own.
    """
    merged: list[Span] = []
    names: list[str] = []
    for (begin, end), phrases in zip(spans, words, strict=True):
        name = " ".join(phrases)
        adjacent = bool(merged) and begin - merged[-1][1] == 1
        if adjacent and rows:
            cells = [row[slice(*merged[-1])] for row in rows]
            adjacent = not all(re.fullmatch(r"\s*-?\d*[.,]\d+\s*|\s*", cell) for cell in cells)
        if adjacent and (not name or not names[-1]):
            merged[-1] = (merged[-1][0], end)
            names[-1] = names[-1] or name
        else:
            merged.append((begin, end))
            names.append(name)
    return merged, names


def _in_order(spans: Sequence[Span], line: str) -> tuple[list[Span], list[str]] | None:
    """Give the columns the names of a header that is not aligned with them, from left to right."""
    phrases = re.split(r"\s{2,}", line.strip())
    groups = _merge(spans, [["x"], *([] for _ in spans[1:])])[0]
    return (groups, phrases) if len(phrases) == len(groups) else None


def _plausible(body: Sequence[str], spans: Sequence[Span], names: Sequence[str] | None) -> bool:
    """Tell whether the lines are a table, and not prose whose words happen to align."""
    sample = [cut(line, spans) for line in body[:TOP]]
    columns = list(zip(*sample, strict=True))
    filled = [[cell for cell in column if cell] for column in columns]
    values = [bool(cells) and sum(map(is_value, cells)) >= 0.8 * len(cells) for cells in filled]
    gaps = [right[0] - left[1] for left, right in itertools.pairwise(spans)]
    wide = sum(gap > 1 for gap in gaps) >= 0.5 * len(gaps)
    if names is None:
        return any(values) and len(spans) > 2
    return sum(map(bool, names)) > 0.5 * len(names) and (any(values) or wide)
