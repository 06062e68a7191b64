"""Read a text as strings: the names, and how often each column holds each value."""

from __future__ import annotations

import itertools
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from flaskdash.inspect.text.dialect import Header, Record, find_header, head, is_value, is_word

TOP = 200
TAIL = 30
CHUNK = 20_000


@dataclass(frozen=True)
class Table:
    """What the text holds: `columns[i]` counts the values of column i, as they are written.

    `long` are the records (counted from 0, in the whole file) with more fields than names;
    `footer` is the number of records after the last row; `shorter` rows lack fields; `blank` rows
    have no value at all and are not among `rows`; `titles` have one in the first column only. `rest`
    records of the footer are another table.
    """

    header: Header
    columns: list[Counter[str]]
    rows: int
    long: list[int]
    shorter: int
    footer: int
    trailing: bool = False
    blank: int = 0
    titles: int = 0
    rest: int = 0

    @property
    def width(self) -> int:
        """Return the number of columns."""
        return len(self.columns)


def tabulate(
    records: Callable[[], Iterator[Record]], header: Header | None = None, gaps: bool = False
) -> Table | None:
    """Read all records, which `records` yields from the first at each call; None without any.

    The header is looked for unless it is given. With `gaps` a blank line is a row without values,
    as it is in a sheet; without, it is skipped, as pandas does in text.
    """
    if header is None:
        top = head(records(), TOP)
        if not any(any(cell.strip() for cell in record) for record in top):
            return None
        header = find_header(top)
    start = header.skip + (header.names is not None)
    body, kept = _body(itertools.islice(records(), start, None), header.width, gaps)
    width = _width(header, body.widths, body.filled)
    columns = [Counter[str]() for _ in range(width)]
    long: list[int] = []
    rows = shorter = blank = titles = 0
    for chunk, offset in _chunks(records, start, kept):
        good: list[Record] = []
        for number, record in enumerate(chunk, start=start + offset):
            if not gaps and len(record) <= 1 and not (record and record[0].strip()):
                continue  # pandas skips blank lines
            if len(record) > width and (any(record[width:]) or not body.trailing):
                long.append(number)
            elif not any(record):
                blank += 1
            else:
                shorter += len(record) < width
                titles += bool(record[0]) and not any(record[1:])
                good.append(record)
        rows += len(good)
        cells = itertools.zip_longest(*good, fillvalue="") if good else ()
        for counter, values in zip(columns, cells, strict=False):
            counter.update(values)
        for counter in columns[max(map(len, good), default=width) :]:
            counter[""] += len(good)
    return Table(
        header,
        columns,
        rows,
        long,
        shorter,
        body.footer,
        body.trailing,
        blank,
        titles,
        body.rest,
    )


@dataclass(frozen=True)
class _Shape:
    """What a first pass over the records tells."""

    widths: Counter[int]
    filled: int
    footer: int
    trailing: bool
    rest: int


def _body(source: Iterator[Record], width: int, gaps: bool) -> tuple[_Shape, int]:
    """Return the shape of the records below the header, and how many belong to the table."""
    widths: Counter[int] = Counter()
    tail: deque[Record] = deque(maxlen=TAIL)
    first: list[Record] = []
    total = filled = 0
    trailing = True
    blank = False
    names: Record | None = None
    rest = 0
    for record in source:
        if names is not None and any(map(is_value, map(str.strip, record))):
            # What came before this row are the names of another table.
            rest, names = 2 + sum(1 for _ in source), None
            break
        for one in (names, record) if names is not None else (record,):
            names = None
            if blank and one is record and _begins_another(record, first, widths):
                names = record
                break
            total += 1
            tail.append(one)
            if len(first) < TAIL:
                first.append(one)
            size = len(one)
            widths[size] += 1
            if size > width:
                while size > width and not one[size - 1].strip():
                    size -= 1
                trailing = trailing and size <= width
            filled = max(filled, size)
            blank = not any(cell.strip() for cell in one)
    if names is not None:
        total += 1
        tail.append(names)
        widths[len(names)] += 1
    footer = _footer(list(tail), widths, total, gaps or bool(rest))
    longer = any(size > width for size in widths)
    shape = _Shape(widths, filled, footer + rest, trailing and longer, rest)
    return shape, total - footer


def _begins_another(record: Record, first: list[Record], widths: Counter[int]) -> bool:
    """Tell whether a record below a blank one is the header of another table.

    It holds words only, where there are numbers or dates above, or is of another width.
    """
    cells = [cell.strip() for cell in record]
    words = list(map(is_word, cells))
    if sum(words) < 2 or sum(words) < sum(map(bool, cells)) or len(first) < 3:
        return False
    usual = max(widths, key=lambda w: (widths[w], w))
    typed = 0
    for index in range(min(usual, len(cells))):
        above = [r[index].strip() for r in first if index < len(r) and r[index].strip()]
        values = sum(map(is_value, above)) >= 0.8 * len(above) > 0
        typed += values and words[index]
    other = len(record) != usual and record == [cell for cell in record if cell.strip()]
    return typed > 0 and (other or typed > 1 or sum(map(bool, cells)) == len(cells))


def _footer(tail: list[Record], widths: Counter[int], total: int, gaps: bool) -> int:
    """Return how many records at the end are notes or totals below the table."""
    usual = max(widths, key=lambda w: (widths[w], w), default=1)
    if usual < 2 or total < 3:
        return 0
    last_row = len(tail)
    for index in range(len(tail) - 1, -1, -1):
        record = tail[index]
        cells = sum(bool(cell.strip()) for cell in record)
        blank = not cells
        above = tail[index - 1] if index else [""]
        note = cells == 1 and bool(record[0].strip()) and (usual > 2 or len(record) < usual)
        first = next((cell for cell in record[:3] if cell.strip()), "")
        total_row = first.strip().lower().rstrip(":") in _TOTALS
        if blank or note or total_row or (not any(above) and len(record) < usual):
            last_row = index
        else:
            break
    footer = len(tail) - last_row
    if not gaps and not any(cell.strip() for record in tail[last_row:] for cell in record):
        return 0  # blank lines only, which are skipped anyway
    # A table whose every row looks like a note has no footer.
    return 0 if footer == len(tail) or footer >= total else footer


_TOTALS = {
    "total",
    "totals",
    "grand total",
    "sum",
    "summe",
    "gesamt",
    "total général",
    "totale",
} | {"합계", "총계", "合计", "合計", "итого", "suma", "totaal", "total geral", "all rows"}


def _width(header: Header, widths: Counter[int], filled: int) -> int:
    """Return the number of columns: as many as names, unless most rows hold more."""
    if header.names is None:
        common = max(widths, key=lambda w: (widths[w], w), default=1)
        ragged = sum(n for w, n in widths.items() if w != common) > 0.3 * sum(widths.values())
        return max(filled, 1) if ragged else max(common, 1)
    more = sum(count for width, count in widths.items() if width > len(header.names))
    if more > 0.5 * sum(widths.values()) and filled > len(header.names):
        common = max(widths, key=lambda w: (widths[w], w))
        return max(common, len(header.names))
    return len(header.names)


def _chunks(
    records: Callable[[], Iterator[Record]], start: int, kept: int
) -> Iterator[tuple[list[Record], int]]:
    """Yield the table's records in chunks, each with the number of records before it."""
    source = itertools.islice(records(), start, start + kept)
    offset = 0
    while chunk := list(itertools.islice(source, CHUNK)):
        yield chunk, offset
        offset += len(chunk)
