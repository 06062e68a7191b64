"""Point out what may mislead in the values: totals among their parts, numbers for "missing"."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

from flaskdash.inspect.literals import comment
from flaskdash.inspect.model import Column

TOTALS = frozenset(
    {"total", "totals", "all", "world", "overall", "grand total", "sum", "both"}
    | {"gesamt", "insgesamt", "합계", "총계", "합", "合计", "合計", "итого"}
)
_TOTAL = re.compile(rf"\s*({'|'.join(TOTALS)}|(grand )?total(\s?\w+)?|.*\btotal)\s*", re.I)
SENTINELS = frozenset({-9.0, -99.0, -999.0, -9999.0, -0.99, -9.99, -99.9, -99.99, -999.9, -200.0})
DISTINCT = 1000
AT_LEAST = 3


def remark(frame: pd.DataFrame, columns: Iterable[Column]) -> list[str]:
    """Return warnings about values, in words."""
    notes = []
    for column in columns:
        if column.role in ("category", "geography") and 3 < column.distinct <= DISTINCT:
            notes += _totals(frame[column.name], column.name)
        elif column.role == "measure":
            notes += _sentinel(frame[column.name], column.name)
    return notes


def _totals(values: pd.Series, name: str) -> list[str]:
    """Return a note if one of the values seems to hold the sum of the others."""
    found = [str(value) for value in values.dropna().unique() if _TOTAL.fullmatch(str(value))]
    found.sort(key=lambda value: value.strip().lower() not in TOTALS)
    shown = ", ".join(repr(comment(value)) for value in found[:3])
    return [f"{name}: {shown} may be totals of the others"] if found else []


def _sentinel(values: pd.Series, name: str) -> list[str]:
    """Return a note if the smallest number looks like a sign for "missing"."""
    low = float(values.min())
    if low not in SENTINELS:
        return []
    count = int((values == low).sum())
    return [f"{name}: {low:g} in {count} rows may mean missing"] if count >= AT_LEAST else []
