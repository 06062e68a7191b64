"""Point out what may mislead in the values: totals among their parts, numbers for "missing"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from flaskdash.inspect.literals import comment
from flaskdash.inspect.meaning import totals
from flaskdash.inspect.model import Column

SENTINELS = frozenset({-9.0, -99.0, -999.0, -9999.0, -0.99, -9.99, -99.9, -99.99, -999.9, -200.0})
SENTINELS |= {-99999.0, -999.99, -9999.9, -9999.99, -32768.0}
HIGH = frozenset({999.0, 9999.0, 99999.0, 999999.0, 999.9, 9999.9, 99.99, 999.99, 9999.99, 32767.0})
AT_LEAST = 3


def remark(frame: pd.DataFrame, columns: Iterable[Column]) -> list[str]:
    """Return warnings about values, in words."""
    columns = list(columns)
    notes = _once(frame, columns) if columns else []
    for column in columns:
        if totals.is_divided(column):
            notes += _totals(frame[column.name], column)
        elif column.role == "measure":
            notes += _sentinel(frame[column.name], column.name)
    return notes


def left_out(of_column: tuple[str, Sequence[str]]) -> str:
    """Return the note on a column's totals, whose rows the loader drops."""
    name, values = of_column
    shown = ", ".join(repr(comment(value)) for value in values[:3])
    more = f" and {len(values) - 3} more" if len(values) > 3 else ""
    return f"{name}: rows of {shown}{more} left out: as totals of other rows they would count twice"


def _totals(values: pd.Series, column: Column) -> list[str]:
    """Return a note on the values that are, or seem to be, totals of the others."""
    if column.totals:
        shown = ", ".join(repr(comment(value)) for value in column.totals[:3])
        return [f"{column.name}: {shown} would count twice: charts take it or its parts"]
    shown = ", ".join(repr(comment(value)) for value in totals.candidates(values)[:3])
    return [f"{column.name}: {shown} may be totals of the others"] if shown else []


def _sentinel(values: pd.Series, name: str) -> list[str]:
    """Return a note if the smallest or the largest number looks like a sign for "missing"."""
    notes = []
    low, high = float(values.min()), float(values.max())
    found = [low] if low in SENTINELS else []
    if high in HIGH and float(values[values < high].max()) < 0.5 * high:
        found.append(high)
    for sign in found:
        count = int((values == sign).sum())
        if count >= AT_LEAST:
            notes.append(f"{name}: {sign:g} in {count} rows may mean missing")
    return notes


def _once(frame: pd.DataFrame, columns: Iterable[Column]) -> list[str]:
    """Return a note on a first column whose names may go for the rows below them too."""
    first, *others = columns
    values = frame.iloc[:, 0]
    gaps = first.missing > 0.3 * len(values) and bool(values.notna().iloc[:1].all())
    if first.type != "text" or not gaps or values.nunique() < max(2, values.notna().sum()):
        return []
    if all(column.missing > 0.2 * len(values) for column in others):
        return []
    return [f"{first.name}: a blank below a name may mean the same name"]
