"""Point out what may mislead in the values: totals among their parts, numbers for "missing"."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from flaskdash.inspect import totals
from flaskdash.inspect.literals import comment
from flaskdash.inspect.model import Column

SENTINELS = frozenset({-9.0, -99.0, -999.0, -9999.0, -0.99, -9.99, -99.9, -99.99, -999.9, -200.0})
AT_LEAST = 3


def remark(frame: pd.DataFrame, columns: Iterable[Column]) -> list[str]:
    """Return warnings about values, in words."""
    notes = []
    for column in columns:
        if totals.is_divided(column):
            notes += _totals(frame[column.name], column)
        elif column.role == "measure":
            notes += _sentinel(frame[column.name], column.name)
    return notes


def _totals(values: pd.Series, column: Column) -> list[str]:
    """Return a note on the values that are, or seem to be, totals of the others."""
    if column.totals:
        shown = ", ".join(repr(comment(value)) for value in column.totals[:3])
        return [f"{column.name}: {shown} would count twice: charts take it or its parts"]
    shown = ", ".join(repr(comment(value)) for value in totals.candidates(values)[:3])
    return [f"{column.name}: {shown} may be totals of the others"] if shown else []


def _sentinel(values: pd.Series, name: str) -> list[str]:
    """Return a note if the smallest number looks like a sign for "missing"."""
    low = float(values.min())
    if low not in SENTINELS:
        return []
    count = int((values == low).sum())
    return [f"{name}: {low:g} in {count} rows may mean missing"] if count >= AT_LEAST else []
