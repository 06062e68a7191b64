"""Say how a measure adds up, and in which unit it is."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from flaskdash.inspect import words as vocabulary
from flaskdash.inspect.model import Column, ColumnType
from flaskdash.inspect.words import is_per, words

UNITS = {
    "%": "%",
    "percent": "%",
    "percentage": "%",
    "pct": "%",
    "$": "$",
    "usd": "$",
    "dollars": "$",
    "€": "€",
    "eur": "€",
    "euro": "€",
    "£": "£",
    "gbp": "£",
}


def unit_of(name: str) -> str | None:
    """Return the unit that a column's name tells, if any."""
    return next((UNITS[word] for word in words(name) if word in UNITS), None)


def aggregation(name: str, kind: ColumnType, unit: str | None) -> str:
    """Return how a measure adds up: rates and prices average, counts and amounts sum."""
    named = words(name)
    found = set(named)
    if found & vocabulary.LAST_WORDS and not {"running", "time"} <= found:
        return "last"
    if unit == "%" or is_per(name) or found & {"rate", "ratio", "avg", "average", "mean", "median"}:
        return "mean"
    # The last word is what a name is about: "price total" is a total, "total price" a price.
    for word in reversed(named):
        if word in vocabulary.MEAN_WORDS:
            return "mean"
        if word in vocabulary.SUM_WORDS or word in vocabulary.STOCK_WORDS:
            return "sum"
    return "sum" if kind == "integer" or unit else "mean"


def running_totals(frame: pd.DataFrame, columns: Sequence[Column]) -> set[str]:
    """Return the measures that only ever grow in time, within each place or category."""
    times = [c for c in columns if c.role == "time"]
    times.sort(key=lambda c: c.type == "integer")  # dates before years
    sums = [c for c in columns if c.role == "measure" and c.agg == "sum"]
    if not times or not sums or len(frame) < 30:
        return set()
    keys = [c.name for c in columns if c.role in ("geography", "category") and c.type == "text"]
    names = [c.name for c in sums]
    if frame.duplicated([times[0].name, *keys]).mean() > 0.1:
        return set()  # events, of which several share a time
    ordered = frame[[times[0].name, *keys, *names]].sort_values(times[0].name, kind="stable")
    if keys:
        groups = ordered.groupby(keys, dropna=False, sort=False)
        if groups.ngroups > len(frame) / 5:
            return set()
        steps = groups[names].diff()
    else:
        steps = ordered[names].diff()
    # Stocks such as a population are not added up over time either.
    found = {name for name in names if vocabulary.STOCK_WORDS & set(words(name))}
    for name in names:
        step = steps[name].dropna()
        up, down = float((step > 0).mean()), float((step < 0).mean())
        if len(step) > 20 and up > 0.02 and down < 0.05 * up:
            found.add(name)
    return found
