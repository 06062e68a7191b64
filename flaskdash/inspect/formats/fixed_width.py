"""Read fixed-width text: columns that begin and end at the same place in each line."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from flaskdash.inspect.formats.given import Given
from flaskdash.inspect.literals import literal
from flaskdash.inspect.model import Read
from flaskdash.inspect.text.dialect import Dialect, Header, Record, find_header, is_value, tidiness
from flaskdash.inspect.text.table import TOP, tabulate
from flaskdash.inspect.writing.pandas_code import Layout
from flaskdash.inspect.writing.tabular import SourceTable

Span = tuple[int, int]
TIDY = 0.95
TOP_LINES = 12
END_LINES = 6
LEAST = 4
_RULE = re.compile(r"[-=+ _|]{3,}")


def find(given: Given, text: str, encoding: str, dialect: Dialect) -> SourceTable | None:
    """Return the table of a text whose columns are aligned; None where a delimiter explains it."""
    if "\t" in text[:10_000] or tidiness(text, dialect) >= TIDY:
        return None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
    found = [one for rows in _surely_rows(lines) if (one := _aligned(lines, rows)) is not None]
    if not found:
        return None
    # The first of those with the most columns that all have names.
    aligned = max(found, key=lambda one: (all(one[1] or [""]), len(one[0])))
    spans, names, start, end, above = aligned
    rows = [cut(line, spans) for line in lines[:end]]
    skip = start - 1 if names is not None else start
    table = tabulate(lambda: iter(rows), Header(skip, names, len(spans)))
    if table is None:
        return None
    table = replace(table, footer=table.footer + len(lines) - end, trailing=False)
    specs = ", ".join(map(str, spans))
    arguments = [f"colspecs=[{specs}],  # where each column begins and ends"]
    if encoding not in ("utf-8", "ascii"):
        arguments.append(f"encoding={literal(encoding)},")
    return SourceTable(
        table,
        Layout(
            skip=start,
            has_header=False,
            function="read_fwf",
            arguments=tuple(arguments),
            packed=given.packed,
        ),
        Read(format="fixed-width", encoding=encoding),
        "fixed-width text",
        header_rows=skip - above + 1,
    )


def _aligned(
    lines: Sequence[str], rows: Sequence[str]
) -> tuple[list[Span], list[str] | None, int, int, int] | None:
    """Return the columns, their names, the lines of the rows, and how many lines are above."""
    spans = _spans(rows)
    block = _block(lines, spans)
    if len(spans) < 2 or block is None:
        return None
    first, end = block
    names: list[str] | None = None
    start = above = first
    if (words := _names_inside(lines[first:end], spans)) is not None:
        start += 1
    elif (words := _names_above(lines, first, spans)) is not None:
        above = _header_line(lines, first)
    if words is not None:
        named = _merge(spans, words, [line for line in lines[start:end] if line.strip()])
        if not named[1][0]:
            named = _in_order(spans, lines[above]) or named
        spans, names = named
    if start < end and _RULE.fullmatch(lines[start]):
        start += 1
    body = [line for line in lines[start:end] if line.strip()]
    if len(spans) < 2 or len(body) < LEAST or not _plausible(body, spans, names):
        return None
    return [*spans[:-1], (spans[-1][0], max(map(len, body)))], names, start, end, above


def cut(line: str, spans: Sequence[Span]) -> Record:
    """Return the cells of a line; a blank line is an empty record."""
    return [line[a:b].strip() for a, b in spans] if line.strip() else []


def _surely_rows(lines: list[str]) -> Iterator[list[str]]:
    """Yield choices of lines that are neither titles nor notes, the likelier first."""
    filled = [line for line in lines if line.strip() and not _RULE.fullmatch(line)]
    if len(filled) > 1.5 * (TOP_LINES + END_LINES):
        yield filled[TOP_LINES:-END_LINES]
        return
    for top in (1, 2, 3, 5):
        for end in (0, 1, 2, 4):
            if len(filled) - top - end >= LEAST:
                yield filled[top : len(filled) - end]


def _spans(lines: Sequence[str]) -> list[Span]:
    """Return where columns are: between the places that are blank in all lines."""
    width = max(map(len, lines), default=0)
    used = [False] * width
    for line in lines:
        for index, character in enumerate(line):
            if character != " ":
                used[index] = True
    spans: list[Span] = []
    begin: int | None = None
    for index, taken in enumerate([*used, False]):
        if taken and begin is None:
            begin = index
        elif not taken and begin is not None:
            spans.append((begin, index))
            begin = None
    return spans


def _fits(line: str, spans: Sequence[Span]) -> bool:
    """Tell whether a line is blank between the columns."""
    end = 0
    for a, b in spans:
        if line[end:a].strip():
            return False
        end = b
    return not line[end:].strip()


def _block(lines: Sequence[str], spans: Sequence[Span]) -> tuple[int, int] | None:
    """Return the first line of the rows and the line after the last; None with odd ones between."""
    fit = [not line.strip() or _fits(line, spans) for line in lines]
    odd = [index for index, good in enumerate(fit) if not good]
    middle = len(lines) // 2
    first = max((index for index in odd if index < middle), default=-1) + 1
    end = min((index for index in odd if index >= middle), default=len(lines))
    if first > TOP_LINES + 20 or len(lines) - end > 20:
        return None
    while first < end and (not lines[first].strip() or _RULE.fullmatch(lines[first])):
        first += 1
    while end > first and not lines[end - 1].strip():
        end -= 1
    return first, end


def _header_line(lines: Sequence[str], first: int) -> int:
    """Return the line above the rows that may hold the names; -1 without one."""
    index = first - 1
    while index >= 0 and (not lines[index].strip() or _RULE.fullmatch(lines[index])):
        index -= 1
    return index


def _names_above(lines: Sequence[str], first: int, spans: Sequence[Span]) -> list[list[str]] | None:
    """Return the words for each column in the line above the rows, if that is a header."""
    index = _header_line(lines, first)
    if index < 0:
        return None
    # A comment above the rows, of other words than there are columns, names none of them.
    if lines[index].startswith("#") and len(lines[index][1:].split()) != len(spans):
        return None
    found = _words(lines[index], spans)
    named = sum(map(bool, found))
    values = sum(is_value(word) for words in found for word in words)
    far = lines[index].strip().count(" ") > 0 and len(lines[index].rstrip()) > spans[-1][0] * 0.6
    return found if far and named >= 0.5 * len(spans) and values <= 0.3 * named else None


def _names_inside(lines: Sequence[str], spans: Sequence[Span]) -> list[list[str]] | None:
    """Return the words for each column in the first line of the block, if that is a header."""
    rows = [cut(line, spans) for line in lines[:TOP] if line.strip()]
    rows = [row for row in rows if not all(re.fullmatch(r"[-=]*", cell) for cell in row)]
    header = find_header(rows)
    if header.names is None or header.skip:
        return None
    return _words(lines[0], spans)


def _words(line: str, spans: Sequence[Span]) -> list[list[str]]:
    """Return the words of a header, each with the column that it stands over, or nearest to.

    Words one blank apart stay together, unless they stand over several columns.
    """
    found: list[list[str]] = [[] for _ in spans]
    for phrase in re.finditer(r"\S+( \S+)*", line):
        over = [s for s in spans if min(phrase.end(), s[1]) > max(phrase.start(), s[0])]
        apart = any(b[0] - a[1] > 1 for a, b in itertools.pairwise(over))
        pieces = re.finditer(r"\S+", phrase[0]) if apart or len(over) > 1 else [None]
        for piece in pieces:
            a = phrase.start() + (piece.start() if piece else 0)
            text = piece[0] if piece else phrase[0]
            found[_nearest(spans, a, a + len(text))].append(text)
    return found


def _nearest(spans: Sequence[Span], a: int, b: int) -> int:
    """Return the column with which a word shares most places, or to which it is nearest."""
    return min(
        range(len(spans)),
        key=lambda i: (max(a, spans[i][0]) - min(b, spans[i][1]), abs(a - spans[i][0])),
    )


def _merge(
    spans: Sequence[Span], words: Sequence[Sequence[str]], rows: Sequence[str] = ()
) -> tuple[list[Span], list[str]]:
    """Join columns without a name to the neighbour that is one blank away: "Jan 01 2020".

    Numbers with a decimal mark are whole values, and stay apart.
    """
    merged: list[Span] = []
    names: list[str] = []
    for (a, b), found in zip(spans, words, strict=True):
        name = " ".join(found)
        near = bool(merged) and a - merged[-1][1] == 1
        if near and rows:
            left = slice(*merged[-1])
            near = not all(re.fullmatch(r"\s*-?\d*[.,]\d+\s*|\s*", row[left]) for row in rows)
        if near and (not name or not names[-1]):
            merged[-1] = (merged[-1][0], b)
            names[-1] = names[-1] or name
        else:
            merged.append((a, b))
            names.append(name)
    return merged, names


def _in_order(spans: Sequence[Span], line: str) -> tuple[list[Span], list[str]] | None:
    """Give each column the next name of a header that is not aligned with them."""
    phrases = re.split(r"\s{2,}", line.strip())
    groups = _merge(spans, [["x"], *([] for _ in spans[1:])])[0]
    return (groups, phrases) if len(phrases) == len(groups) else None


def _plausible(body: Sequence[str], spans: Sequence[Span], names: Sequence[str] | None) -> bool:
    """Tell whether this is a table rather than lines of words that happen to align."""
    sample = [cut(line, spans) for line in body[:TOP]]
    columns = list(zip(*sample, strict=True))
    filled = [[cell for cell in column if cell] for column in columns]
    values = [bool(cells) and sum(map(is_value, cells)) >= 0.8 * len(cells) for cells in filled]
    gaps = [b[0] - a[1] for a, b in itertools.pairwise(spans)]
    wide = sum(gap > 1 for gap in gaps) >= 0.5 * len(gaps)
    if names is None:
        return any(values) and len(spans) > 2
    return sum(map(bool, names)) > 0.5 * len(names) and (any(values) or wide)
