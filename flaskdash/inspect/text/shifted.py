"""Find rows whose cells stand beside their columns, as one cell is missing or too many."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from flaskdash.inspect.text.dialect import DATE, NUMBER, Record

Row = tuple[int, Record]  # its number in the source, and its cells

LEAST_ROWS = 20
SAMPLE = 2000  # of a column's cells, which tell its forms
MOSTLY = 0.9  # share of a column's cells that are numbers or dates
LEAST_SHARE = 0.03  # of a form among the cells of a column
REGULAR = 0.95  # share of the cells that have such a form
MOST_SHIFTED = 0.02  # share of the rows


def find_shifted(rows: Iterable[Row], columns: Sequence[Counter[str]]) -> list[Row]:
    """Return the rows that fit the forms of the columns only if a cell is put in or left out.

    `columns` count the cells of each column. A row has two cells or more that do not fit as they
    stand, or one, if it is too short.
    """
    total = sum(columns[0].values()) if columns else 0
    exceptions = {
        index: words for index, counts in enumerate(columns) if (words := _exceptions(counts))
    }
    if total < LEAST_ROWS or not exceptions:
        return []
    forms = [_forms(counts) for counts in columns]
    limit = 1 + int(MOST_SHIFTED * total)
    suspects = (
        (number, row)
        for number, row in rows
        if any(i < len(row) and row[i].strip() in words for i, words in exceptions.items())
    )
    shifted = [
        pair for pair in itertools.islice(suspects, 4 * limit) if _is_shifted(pair[1], forms)
    ]
    return shifted if len(shifted) <= limit else []


def _exceptions(counts: Counter[str]) -> set[str]:
    """Return the cells of a column that are no numbers, or no dates, if nearly all others are."""
    filled = {cell: count for cell, count in counts.items() if cell.strip()}
    forms: Counter[str] = Counter()
    for cell, count in itertools.islice(filled.items(), SAMPLE):
        forms[_form(cell)] += count
    form, count = forms.most_common(1)[0] if forms else ("", 0)
    if form not in ("number", "date") or count < MOSTLY * sum(forms.values()):
        return set()
    return {cell.strip() for cell in filled if _form(cell) != form}


def _forms(counts: Counter[str]) -> set[str]:
    """Return the usual forms of a column's cells, or none if its cells have many forms."""
    sample = itertools.islice(((c, n) for c, n in counts.items() if c.strip()), SAMPLE)
    forms: Counter[str] = Counter()
    for cell, count in sample:
        forms[_form(cell)] += count
    total = sum(forms.values())
    usual = {form for form, count in forms.items() if count >= LEAST_SHARE * total}
    return usual if sum(forms[form] for form in usual) >= REGULAR * total else set()


def _form(cell: str) -> str:
    """Return what cells of one kind have in common: a number, a date, or digits and letters."""
    cell = cell.strip()
    if DATE.fullmatch(cell):
        return "date"
    if NUMBER.fullmatch(cell):
        return "number"
    return re.sub(r"\d+", "0", re.sub(r"[^\W\d_]+", "a", cell))


def _is_shifted(row: Record, forms: Sequence[set[str]]) -> bool:
    """Tell whether a row fits the forms only if a cell is put in or left out."""
    width = len(forms)
    cells = [*row, *[""] * (width - len(row))]
    least = 1 if len(row) == width - 1 else 2
    if len(cells) > width or _misfits(cells, forms) < least:
        return False
    return any(_misfits(moved, forms) == 0 for moved in _moved(cells))


def blank_places(rows: Sequence[Row], columns: Sequence[Counter[str]]) -> dict[int, int]:
    """Return where a blank cell is put into short rows so that they fit, by the row's number."""
    forms = [_forms(counts) for counts in columns]
    width = len(columns)
    return {
        number: next(
            place
            for place in range(width)
            if _misfits([*row[:place], "", *row[place:]], forms) == 0
        )
        for number, row in rows
        if len(row) == width - 1
        and any(_misfits([*row[:n], "", *row[n:]], forms) == 0 for n in range(width))
    }


def _moved(cells: Record) -> Iterator[Record]:
    """Yield a row with a blank cell put in, if its last one is free, or with a cell left out."""
    for index in range(len(cells) - 1):
        if not cells[-1].strip():
            yield [*cells[:index], "", *cells[index:-1]]
        yield [*cells[:index], *cells[index + 1 :], ""]


def _misfits(cells: Record, forms: Sequence[set[str]]) -> int:
    """Return the number of cells without a usual form of their column; blank ones fit."""
    pairs = zip(cells, forms, strict=True)
    return sum(
        bool(usual) and bool(cell.strip()) and _form(cell) not in usual for cell, usual in pairs
    )
