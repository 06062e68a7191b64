"""Count the values of each column of a text as strings."""

from __future__ import annotations

import itertools
import statistics
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from flaskdash.inspect.model import Omission
from flaskdash.inspect.text.dialect import (
    DATE,
    Header,
    Record,
    find_header,
    is_word,
    most_common_width,
    take,
)

TOP = 200
TAIL = 30
MOST_EXAMPLES = 20  # records that are shown of those that are no rows
SPARSE = 0.5  # of the cells that rows have: a balance below a blank line has two of seven
MIN_DATED = 10  # records above a footer that has no date
CHUNK = 500  # records at a time: more of them leave the cache of the processor
TOTAL_LABELS = frozenset(
    {
        "total",
        "totals",
        "grand total",
        "sum",
        "summe",
        "gesamt",
        "total général",
        "totale",
        "합계",
        "총계",
        "合计",
        "合計",
        "итого",
        "suma",
        "totaal",
        "total geral",
        "all rows",
    }
)


@dataclass(frozen=True)
class TextTable:
    """The content of a text: `columns[i]` counts the values of column i, as they are written.

    `rows` does not include the `blank` rows, which have no value at all. `long` are the numbers of
    the records with more fields than names, counted from 0 in the whole file. `shorter` rows have
    fewer fields. `titles` are rows with a value in the first column only. `footer` is the number of
    records after the last row. `trailing` tells whether the rows end in a delimiter. `shifted` are
    the numbers of records that are left out, as their cells stand beside their columns. Of the
    footer, the records `beyond` belong to other tables. `omitted` are the records that are not rows.
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
    beyond: int = 0
    shifted: tuple[int, ...] = ()
    omitted: tuple[Omission, ...] = ()

    @property
    def width(self) -> int:
        return len(self.columns)

    def without(self, rows: Sequence[tuple[int, Record]]) -> TextTable:
        """Return the table without rows, each given with its number, that are shifted."""
        columns = [Counter(counts) for counts in self.columns]
        for _, row in rows:
            for index, counts in enumerate(columns):
                counts[row[index] if index < len(row) else ""] -= 1
        return replace(
            self,
            columns=[Counter({c: n for c, n in counts.items() if n > 0}) for counts in columns],
            rows=self.rows - len(rows),
            shorter=self.shorter - sum(len(row) < self.width for _, row in rows),
            shifted=tuple(number for number, _ in rows),
        )


def line_of(number: int) -> str:
    """Return the place of a record in a text; records are counted from 0."""
    return f"line {number + 1}"


def tabulate(
    records: Callable[[], Iterator[Record]],
    header: Header | None = None,
    gaps: bool = False,
    place: Callable[[int], str] = line_of,
) -> TextTable | None:
    """Count the values of all records. Returns None if there are none.

    Each call of `records` yields them from the first one. The header is detected if it is None.
    With `gaps`, a blank line is a row without values, as in a sheet. Without, it is skipped, as
    pandas does in text. `place` names the place of a record in the source.
    """
    if header is None:
        top = take(records(), TOP)
        if not any(any(cell.strip() for cell in record) for record in top):
            return None
        header = find_header(top)
    start = header.skip + (header.names is not None)
    body = _measure_body(itertools.islice(records(), start, None), header.width, gaps)
    counts = _Counts(_count_columns(header, body.widths, body.filled), body.trailing, gaps)
    for chunk, offset in _chunks(records, start, body.size):
        counts.add(chunk, start + offset)
    end = start + body.size
    omitted = (
        _omission("above the table", records, 0, header.skip, place),
        counts.omission("with too many fields", place),
        _omission("below the table", records, end, end + body.footer, place),
    )
    return TextTable(
        header=header,
        columns=counts.columns,
        rows=counts.rows,
        long=counts.long,
        shorter=counts.shorter,
        footer=body.footer,
        trailing=body.trailing,
        blank=counts.blank,
        titles=counts.titles,
        omitted=tuple(omission for omission in omitted if omission.count),
    )


def example(place: str, record: Sequence[str]) -> str:
    """Return a record as text, with its place."""
    return f"{place}: {' | '.join(filter(None, map(str.strip, record)))}"


def _omission(
    reason: str,
    records: Callable[[], Iterator[Record]],
    start: int,
    end: int,
    place: Callable[[int], str],
) -> Omission:
    """Return what is left out from one record up to another; blank ones do not count."""
    if start == end:
        return Omission(reason, 0)
    rows = itertools.islice(records(), start, end)
    filled = [(number, row) for number, row in enumerate(rows, start) if any(map(str.strip, row))]
    examples = tuple(example(place(number), row) for number, row in filled[:MOST_EXAMPLES])
    return Omission(f"rows {reason}", len(filled), examples)


@dataclass
class _Counts:
    """What is counted while the records are read in chunks; see TextTable."""

    width: int
    trailing: bool
    gaps: bool
    columns: list[Counter[str]] = field(init=False)
    long: list[int] = field(default_factory=list)
    rows: int = 0
    shorter: int = 0
    blank: int = 0
    titles: int = 0
    examples: list[Record] = field(default_factory=list)

    def omission(self, reason: str, place: Callable[[int], str]) -> Omission:
        """Return the records with too many fields."""
        numbered = zip(self.long, self.examples, strict=False)
        examples = tuple(example(place(number), record) for number, record in numbered)
        return Omission(f"rows {reason}", len(self.long), examples)

    def __post_init__(self) -> None:
        self.columns = [Counter() for _ in range(self.width)]

    def add(self, chunk: list[Record], first: int) -> None:
        """Count the records of a chunk, which begins with the record number `first`."""
        rows: list[Record] = []
        for number, record in enumerate(chunk, start=first):
            if len(record) == self.width > 1 and record[-1]:  # like most rows
                rows.append(record)
                continue
            if not self.gaps and _is_blank_line(record):
                continue
            has_surplus = any(record[self.width :]) or not self.trailing
            if len(record) > self.width and has_surplus:
                self.long.append(number)
                if len(self.long) <= MOST_EXAMPLES:
                    self.examples.append(record)
            elif not any(record):
                self.blank += 1
            else:
                self.shorter += len(record) < self.width
                self.titles += bool(record[0]) and not any(record[1:])
                rows.append(record)
        self.rows += len(rows)
        cells = itertools.zip_longest(*rows, fillvalue="") if rows else ()
        for counter, values in zip(self.columns, cells, strict=False):
            counter.update(values)
        longest = max(map(len, rows), default=self.width)
        for counter in self.columns[longest:]:
            counter[""] += len(rows)


def _is_blank_line(record: Record) -> bool:
    """Tell whether pandas skips this record as a blank line."""
    return len(record) <= 1 and not (record and record[0].strip())


@dataclass(frozen=True)
class _Body:
    """The records below the header, as a first pass measures them.

    `size` is the number of the table's records. `widths` counts the records by their number of
    fields, and `filled` is the largest such number without trailing blanks.
    """

    size: int
    widths: Counter[int]
    filled: int
    footer: int
    trailing: bool


def _measure_body(source: Iterator[Record], width: int, gaps: bool) -> _Body:
    """Measure the records below the header, up to the footer."""
    widths: Counter[int] = Counter()
    tail: deque[Record] = deque(maxlen=TAIL)
    filled = 0
    while chunk := list(itertools.islice(source, CHUNK)):
        widths.update(map(len, chunk))
        tail.extend(chunk[-TAIL:])
        filled = max(filled, *(_size_without_blanks(record, width) for record in chunk))
    total = widths.total()
    footer = _count_footer(list(tail), widths, total, gaps)
    return _Body(
        size=total - footer,
        widths=widths,
        filled=filled,
        footer=footer,
        trailing=filled <= width < max(widths, default=0),
    )


def _size_without_blanks(record: Record, width: int) -> int:
    """Return the number of fields, without the blank ones at the end that exceed `width`."""
    size = len(record)
    while size > width and not record[size - 1].strip():
        size -= 1
    return size


def _count_footer(tail: list[Record], widths: Counter[int], total: int, gaps: bool) -> int:
    """Return the number of records at the end that are notes or totals below the table."""
    usual = most_common_width(widths)
    if usual < 2 or total < 3:
        return 0
    last_row = len(tail)
    filled = statistics.median(map(_count_filled, tail))
    while last_row and _is_footer(tail, last_row - 1, usual, filled):
        last_row -= 1
    footer = len(tail) - last_row
    if not gaps and not any(cell.strip() for record in tail[last_row:] for cell in record):
        return 0  # pandas skips blank lines
    # If every row looks like a note, the table has no footer.
    return 0 if footer == len(tail) or footer >= total else footer


def _count_filled(record: Record) -> int:
    return sum(bool(cell.strip()) for cell in record)


def _is_footer(tail: list[Record], index: int, usual: int, usually_filled: float) -> bool:
    """Tell whether a record is blank, a note or a total. `usual` is the width of the rows."""
    record = tail[index]
    above = tail[index - 1] if index else [""]
    filled = _count_filled(record)
    is_short = len(record) < usual
    is_note = filled == 1 and bool(record[0].strip()) and (usual > 2 or is_short)
    label = next((cell for cell in record[:3] if cell.strip()), "")
    is_total = label.strip().lower().rstrip(":") in TOTAL_LABELS
    is_sparse = filled < SPARSE * usually_filled and not any(map(str.strip, record[:1]))
    follows_blank = not any(above) and (is_short or is_sparse)
    return not filled or is_note or is_total or follows_blank or _is_undated(tail, index)


def _is_undated(tail: list[Record], index: int) -> bool:
    """Tell whether a record has a word where all above it have a date: "Balance", for example."""
    record, above = tail[index], tail[max(0, index - MIN_DATED) : index]
    if len(above) < MIN_DATED:
        return False
    for column, cell in enumerate(record):
        cells = [row[column].strip() for row in above if column < len(row)]
        if is_word(cell.strip()) and len(cells) == MIN_DATED and all(map(DATE.fullmatch, cells)):
            return True
    return False


def _count_columns(header: Header, widths: Counter[int], filled: int) -> int:
    """Return the number of columns: the number of names, unless most rows have more fields."""
    common = most_common_width(widths)
    total = sum(widths.values())
    if header.names is None:
        ragged = sum(count for width, count in widths.items() if width != common)
        return max(filled if ragged > 0.3 * total else common, 1)
    names = len(header.names)
    longer = sum(count for width, count in widths.items() if width > names)
    if longer > 0.5 * total and filled > names:
        return max(common, names)
    return names


def _chunks(
    records: Callable[[], Iterator[Record]], start: int, size: int
) -> Iterator[tuple[list[Record], int]]:
    """Yield the table's `size` records in chunks, each with the number of records before it."""
    source = itertools.islice(records(), start, start + size)
    offset = 0
    while chunk := list(itertools.islice(source, CHUNK)):
        yield chunk, offset
        offset += len(chunk)
