"""Warn of misleading values: totals among their parts, and numbers that mean "missing"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from flaskdash.inspect.literals import comment
from flaskdash.inspect.meaning import measures, totals
from flaskdash.inspect.model import Column
from flaskdash.inspect.values import answers

LOW_SENTINELS = frozenset(
    {-9.0, -99.0, -999.0, -9999.0, -0.99, -9.99, -99.9, -99.99, -999.9, -200.0}
    | {-99999.0, -999.99, -9999.9, -9999.99, -32768.0}
)
HIGH_SENTINELS = frozenset(
    {999.0, 9999.0, 99999.0, 999999.0, 999.9, 9999.9, 99.99, 999.99, 9999.99, 32767.0}
)
MIN_SENTINELS = 3
MOST_NAMES = 3  # of columns in a note
FEWEST_AMOUNTS = 0.8  # of the values, beside zeros that may mean missing
MAX_SPELLED, MAX_ROWS = 500, 200_000  # values of a category, and rows, that are compared


def remark(frame: pd.DataFrame, columns: Iterable[Column]) -> list[str]:
    """Return warnings about values."""
    columns = list(columns)
    notes = _blank_names(frame, columns) if columns else []
    for column in columns:
        if column.separator:
            mark = repr(comment(column.separator) or column.separator)
            notes.append(
                f"{column.name}: lists of choices with {mark} between them: bars count each choice"
            )
        if totals.is_divided(column):
            notes += _totals(frame[column.name], column)
        elif column.role == "measure":
            notes += _sentinels(frame[column.name], column)
        if column.type == "text" and column.role in ("category", "geography"):
            notes += _spellings(frame[column.name], column)
    notes += [
        f"{name}: weights of the rows, with a mean of 1: in no chart, but add-chart --weight takes it"
        for name in sorted(measures.survey_weights(frame, columns))
    ]
    return notes + _no_answers(frame, columns) + _copies(frame, columns)


def _spellings(values: pd.Series, column: Column) -> list[str]:
    """Return a note on values that differ only in case or blanks: charts count them apart."""
    if column.separator or column.distinct > MAX_SPELLED:
        return []
    spellings: dict[str, list[str]] = {}
    for value in map(str, values.dropna().unique()):
        spellings.setdefault(" ".join(value.casefold().split()), []).append(value)
    alike = [texts for texts in spellings.values() if len(texts) > 1]
    if not alike:
        return []
    more = f", and {len(alike) - 1} more such values," if len(alike) > 1 else ""
    return [f"{column.name}: {_listed(alike[0])}{more} differ only in case or blanks"]


def _copies(frame: pd.DataFrame, columns: Sequence[Column]) -> list[str]:
    """Return a note on rows that are copies of others, where a row has a key or a time of its own."""
    has_key = any(c.role == "identifier" or c.type == "datetime" for c in columns)
    has_measure = any(c.role == "measure" for c in columns)
    if not has_key or not has_measure or len(frame) > MAX_ROWS:
        return []
    try:
        count = int(frame.duplicated().sum())
    except TypeError:  # lists in cells
        return []
    rows = "row is a copy of another" if count == 1 else "rows are copies of others"
    return [f"{count:,} {rows}, and counted like them"] if count else []


def left_out(column_totals: tuple[str, Sequence[str]]) -> str:
    """Return the note on a column's totals, whose rows the loader drops."""
    name, values = column_totals
    more = f" and {len(values) - 3} more" if len(values) > 3 else ""
    return (
        f"{name}: rows of {_listed(values)}{more} left out: "
        "as totals of other rows they would count twice"
    )


def _listed(values: Sequence[str]) -> str:
    return ", ".join(repr(comment(value)) for value in values[:3])


def _totals(values: pd.Series, column: Column) -> list[str]:
    """Return a note on the values that are, or seem to be, totals of the others."""
    if column.totals:
        listed = _listed(column.totals)
        return [f"{column.name}: {listed} would count twice: charts take it or its parts"]
    candidates = totals.candidates(values)
    return (
        [f"{column.name}: {_listed(candidates)} may be totals of the others"] if candidates else []
    )


def _sentinels(values: pd.Series, column: Column) -> list[str]:
    """Return a note if the smallest or the largest number often stands for "missing"."""
    name, low, high = column.name, float(values.min()), float(values.max())
    sentinels = [low] if low in LOW_SENTINELS or _is_odd_zero(values, column) else []
    if high in HIGH_SENTINELS and float(values[values < high].max()) < 0.5 * high:
        sentinels.append(high)
    counts = [(number, int((values == number).sum())) for number in sentinels]
    return [
        f"{name}: {number:g} in {count} rows may mean missing"
        for number, count in counts
        if count >= MIN_SENTINELS
    ]


def _no_answers(frame: pd.DataFrame, columns: Sequence[Column]) -> list[str]:
    """Return a note on each set of codes that may mean "no answer", with the columns that have it."""
    names: dict[str, list[str]] = {}
    for column in columns:
        if column.type == "integer" and column.role == "category":
            codes = answers.no_answers(frame[column.name].dropna())
            names.setdefault(", ".join(map(str, codes)), []).append(column.name)
    names.pop("", None)
    return [
        f"{_names(same)}: {codes} may mean no answer, and has a bar of its own"
        for codes, same in names.items()
    ]


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more columns" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


def _is_odd_zero(values: pd.Series, column: Column) -> bool:
    """Tell whether few values are 0, and all others far above: the body mass of some patients."""
    amounts = values[values != 0].dropna()
    if column.agg != "mean" or amounts.empty or values.min() != 0 or amounts.min() <= 0:
        return False
    spread = float(amounts.quantile(0.75) - amounts.quantile(0.25))
    return len(amounts) > FEWEST_AMOUNTS * values.count() and float(amounts.min()) > spread > 0


def _blank_names(frame: pd.DataFrame, columns: Sequence[Column]) -> list[str]:
    """Return a note if the names in a first column may hold for the blank cells below them."""
    first, *following = columns
    values = frame.iloc[:, 0]
    has_gaps = first.missing > 0.3 * len(values) and bool(values.notna().iloc[:1].all())
    if first.type != "text" or not has_gaps or values.nunique() < max(2, values.notna().sum()):
        return []
    if all(column.missing > 0.2 * len(values) for column in following):
        return []
    return [f"{first.name}: a blank below a name may mean the same name"]
