"""Find the tables one below the other in a text, and lines whose first cell tells their type."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from flaskdash.inspect.text.dialect import (
    CsvDialect,
    find_header,
    is_label,
    is_typed,
    is_value,
    is_word,
    most_common_width,
    records,
    sniff,
    take,
)
from flaskdash.inspect.text.lines import unify_newlines

BLANKS = ' \t,;|"'  # a line of these alone has no value
TOP = 200
MOST_TITLES = 3  # lines above the header of a table that is not the first
LEAST_ROWS = 2
MOST_CUTS = 50  # places where a table may begin without a blank line above
MOST_PIECES = 300  # runs of lines that are looked at
MOST_TYPES = 12
LONGEST_TYPE = 30  # characters of its name
LEAST_RECORDS = 8
ONE_WIDTH = 0.9  # share of the lines of a type that have its usual width
LEAST_RECURRING = 3  # times that a table of a form recurs


@dataclass(frozen=True)
class Section:
    """The lines of a table from `first` up to `last`, its title, and its names.

    It `has_values` if a column holds numbers or dates.
    """

    first: int
    last: int
    dialect: CsvDialect
    names: tuple[str, ...]
    title: str = ""
    has_values: bool = False


def split_lines(text: str) -> list[str]:
    return unify_newlines(text).split("\n")


def find_sections(text: str) -> list[Section]:
    """Return the tables of a text, one below the other; [] if there are not two.

    A blank line or a change of width comes before each, and perhaps a title.
    """
    lines = split_lines(text)
    sections: list[Section] = []
    title = ""
    pieces = list(itertools.islice(_pieces(lines), MOST_PIECES + 1))
    for first, last in pieces[:MOST_PIECES]:
        section = _table(lines, first, last, sections[-1] if sections else None)
        previous = sections[-1] if sections else None
        if section and previous and section.names == previous.names and not section.title + title:
            sections[-1] = replace(previous, last=last)  # the header is repeated
        elif section:
            sections.append(replace(section, title=section.title or title))
        elif previous and _continues(lines[first:last], previous):
            sections[-1] = replace(previous, last=last)
        title = "" if section else _title(lines[first:last])
    is_known = len(pieces) <= MOST_PIECES or is_form(sections)
    return sections if len(sections) > 1 and is_known else []


def _pieces(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the runs of lines between blank lines, cut where a header of another width follows."""
    start = quotes = 0
    for index, line in enumerate([*lines, ""]):
        is_open = quotes % 2 == 1
        quotes += line.count('"')
        if is_open or line.strip(BLANKS):
            continue
        if start < index:
            bounds = [start, *_cuts(lines, start, index), index]
            yield from itertools.pairwise(bounds)
        start = index + 1


def _cuts(lines: Sequence[str], first: int, last: int) -> list[int]:
    """Return the lines of a run that are a header of another width than the line above."""
    mark = sniff("\n".join(lines[first : min(last, first + TOP)])).delimiter
    if mark is None or len(mark) > 1:
        return []
    counts = [line.count(mark) for line in lines[first:last]]
    places = [
        first + index
        for index in range(1, len(counts) - LEAST_ROWS)
        if counts[index - 1] != counts[index] == counts[index + 1] == counts[index + 2] > 0
    ]
    if len(places) > MOST_CUTS:
        return []
    return [place for place in places if _is_header(lines, place, last)]


def _is_header(lines: Sequence[str], first: int, last: int) -> bool:
    """Tell whether the first line of a run is the header of a table."""
    table = _table(lines, first, last, None)
    if table is None:
        return False
    names = next(records(lines[first], table.dialect))
    return tuple(map(str.strip, names)) == table.names


def _table(lines: Sequence[str], first: int, last: int, previous: Section | None) -> Section | None:
    """Return the table that begins in a run of lines, if its header tells so."""
    if last - first <= LEAST_ROWS:
        return None
    sample = "\n".join(lines[first : min(last, first + TOP)])
    dialect = sniff(sample)
    if dialect.delimiter is None:
        return None
    top = take(records(sample, dialect), TOP)
    header = find_header(top)
    if header.names is None or (previous and header.skip > MOST_TITLES):
        return None
    width = len(header.names)
    rows = [row for row in top[header.skip + 1 :] if len(row) == width]
    if len(rows) < LEAST_ROWS or width < 2:
        return None
    columns = [[row[i].strip() for row in rows if row[i].strip()] for i in range(width)]
    names = tuple(name.strip() for name in header.names)
    typed = [name for name, column in zip(names, columns, strict=True) if is_typed(column)]
    filled = list(filter(None, names))
    if typed:
        # A name may look like a word for no value: "n".
        named = [is_word(name) or is_label(name) for name in typed]
        is_table = any(named) and not any(map(_is_plain_value, typed)) and any(map(is_word, filled))
    else:
        # Words above words: lines of a key and a value are no table.
        differs = previous is None or previous.has_values or width != len(previous.names)
        is_plain = all(map(is_word, filled)) and len(filled) == width
        is_table = differs and is_plain and (width > 2 or previous is not None)
    if not is_table or len(set(filled)) < len(filled):
        return None
    above = list(filter(str.strip, top[header.skip - 1])) if header.skip else []
    title = above[0].strip() if len(above) == 1 else ""
    return Section(first, last, dialect, names, title, bool(typed))


def _is_plain_value(name: str) -> bool:
    return is_value(name) and not is_label(name)


def _title(lines: Sequence[str]) -> str:
    """Return the last of a few lines above a table, or ""."""
    return lines[-1].strip(BLANKS) if len(lines) <= MOST_TITLES else ""


def _continues(lines: Sequence[str], section: Section) -> bool:
    """Tell whether lines below a blank one are more rows of the table above."""
    rows = list(records("\n".join(lines[:TOP]), section.dialect))
    return 2 * sum(len(row) == len(section.names) for row in rows) > len(rows)


def is_form(sections: Sequence[Section]) -> bool:
    """Tell whether two tables of different shapes recur, as in a form for each order."""
    counts = Counter(section.names for section in sections)
    return sum(count >= LEAST_RECURRING for count in counts.values()) > 1


def record_types(text: str, dialect: CsvDialect) -> dict[str, int]:
    """Return the types of lines that their first cell names, with their numbers; {} if none does.

    The lines of each type have a width of their own. The keys are the beginnings of lines, with
    the delimiter.
    """
    mark = dialect.delimiter
    if mark is None or len(mark) > 1:
        return {}
    lines = [line for line in split_lines(text) if line.strip(BLANKS)]
    counts: dict[str, Counter[int]] = {}
    for line in lines:
        start, delimiter, _ = line.partition(mark)
        counts.setdefault(start + delimiter, Counter())[line.count(mark)] += 1
        if len(counts) > MOST_TYPES or len(start) > LONGEST_TYPE:
            return {}
    recurring = {start: widths for start, widths in counts.items() if sum(widths.values()) > 1}
    if len(lines) < LEAST_RECORDS or not recurring or len(counts) < 2:
        return {}
    usual = {start: most_common_width(widths) for start, widths in counts.items()}
    are_regular = all(
        widths[usual[start]] >= ONE_WIDTH * sum(widths.values()) and usual[start]
        for start, widths in recurring.items()
    )
    differ = len({usual[start] for start in (recurring if len(recurring) > 1 else counts)}) > 1
    header = find_header(take(records(text, dialect), TOP))
    begins = header.names is None or f"{header.names[0]}{mark}" in recurring
    if not (are_regular and differ and begins):
        return {}
    return {start: sum(widths.values()) for start, widths in counts.items()}
