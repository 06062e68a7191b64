"""Say how a measure adds up, and in which unit it is."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from flaskdash.inspect import words as vocabulary
from flaskdash.inspect.model import Column, ColumnType
from flaskdash.inspect.words import is_per, words

# What is in these units adds up, unless the name is that of a price or a rate.
_AMOUNT = re.compile(r"(?<![a-z])([kmgt]wh|tonn?e?s|mtoe|lit(er|re)s)(?![a-z])", re.IGNORECASE)
EXTREMES = frozenset({"min", "max", "minimum", "maximum", "lowest", "highest", "peak"})
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


def aggregation(
    name: str, kind: ColumnType, unit: str | None, present: pd.Series | None = None
) -> str:
    """Return how a measure adds up: rates and prices average, counts and amounts sum.

    Where the name leaves it open, the values that are `present` tell.
    """
    named = words(name)
    found = set(named)
    if found & vocabulary.LAST_WORDS and not {"running", "time"} <= found:
        return "last"
    if found & EXTREMES or named[:1] == ["ave"]:
        return "mean"
    if unit == "%" or is_per(name) or found & {"rate", "ratio", "avg", "average", "mean", "median"}:
        return "mean"
    if "unit" in found and found & {"cost", "costs", "value"}:
        return "mean"  # what one piece costs
    if _AMOUNT.search(name) and not found & {"price", "tariff", "factor", "intensity"}:
        return "sum"
    # The last word is what a name is about: "price total" is a total, "total price" a price.
    for word in reversed(named):
        if word in vocabulary.MEAN_WORDS:
            return "mean"
        if word in vocabulary.SUM_WORDS or word in vocabulary.STOCK_WORDS:
            # A leading "total" says little: total phenols is a concentration.
            open_to = word in vocabulary.RATED_WORDS and (word != named[-1] or word == "points")
            return "mean" if open_to and not unit and _is_rating(present) else "sum"
    if unit:
        return "sum"
    return "sum" if kind == "integer" and not _is_score(present) else "mean"


def _is_rating(present: pd.Series | None) -> bool:
    """Tell whether values are much alike: amounts come in all sizes, ratings do not."""
    if present is None or len(present) < 20:
        return False
    values = present.astype("float64")
    fractions = bool(values.between(0, 1).all()) and bool((values % 1 != 0).any())
    return fractions or float(values.std()) < 0.5 * abs(float(values.mean()))


def _is_score(present: pd.Series | None) -> bool:
    """Tell whether whole numbers fill a scale, as scores and temperatures do; counts crowd at its low end."""
    if present is None or len(present) < 20:
        return False
    values = present.astype("float64")
    low, high = float(values.min()), float(values.max())
    if low < 0:
        return True
    middle = float(values.median())
    return 10 <= high <= 1000 and middle > (0.25 if low > 0.1 * high else 0.4) * high


def readings(frame: pd.DataFrame, columns: Sequence[Column]) -> set[str]:
    """Return the whole numbers that are all much alike, and whose names say nothing: of a sensor, of a speed."""
    adding = vocabulary.SUM_WORDS | vocabulary.STOCK_WORDS
    found = set()
    for column in columns:
        plain = column.type == "integer" and column.agg == "sum" and column.unit is None
        if not plain or column.distinct < 20 or adding & set(words(column.name)):
            continue
        values = frame[column.name].dropna().astype("float64")
        low, high = float(values.quantile(0.01)), float(values.quantile(0.99))
        if low > 0.4 * high and float(values.std()) < 0.2 * float(values.median()):
            found.add(column.name)
    return found


def ages(frame: pd.DataFrame, columns: Sequence[Column]) -> set[str]:
    """Return the ages by which a table is broken down: each has one row for each place, time and category."""
    found = {c.name for c in columns if c.role == "measure" and words(c.name) == ["age"]}
    keys = [c for c in columns if c.role in ("time", "geography", "category", "flag")]
    for name in found:
        rows = 0.6 * frame[name].nunique()
        for key in keys:
            rows *= max(key.distinct, 1)
        if len(frame) < max(rows, 10) or frame.duplicated([name, *(k.name for k in keys)]).any():
            return set()
    return found


def running_totals(frame: pd.DataFrame, columns: Sequence[Column]) -> set[str]:
    """Return the measures that only ever grow in time, within each place or category."""
    times = [c for c in columns if c.role == "time"]
    times.sort(key=lambda c: c.type == "integer")  # dates before years
    sums = [c for c in columns if c.role == "measure" and c.agg == "sum"]
    if not times or not sums or len(frame) < 30:
        return set()
    keys = [c.name for c in columns if c.role in ("geography", "category") and c.type == "text"]
    # A month beside the year is a part of the time, no thing that is measured again and again.
    keys = [key for key in keys if not vocabulary.DATE_PARTS & set(words(key))]
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
        # So is what hardly moves from one time to the next, such as a number of jobs.
        size = float(frame[name].abs().median())
        unnamed = not vocabulary.SUM_WORDS & set(words(name))
        if len(step) > 20 and unnamed and 0 < float(step.abs().median()) < 0.02 * size:
            found.add(name)
    return found


def line_amounts(frame: pd.DataFrame, columns: Sequence[Column]) -> set[str]:
    """Return the prices that are of a whole line: of two pieces, twice that of one of the same item."""
    pieces = [
        c.name for c in columns if c.type == "integer" and {"quantity", "qty"} & set(words(c.name))
    ]
    prices = [c.name for c in columns if "price" in words(c.name) and c.agg == "mean"]
    items = [
        c.name
        for c in columns
        if c.role == "category" and c.type == "text" and 1 < c.distinct < len(frame) / 2
    ]
    if not (pieces and prices and items):
        return set()
    item = max(items, key=lambda name: next(c.distinct for c in columns if c.name == name))
    found = set()
    for price in prices:
        by = frame[frame[pieces[0]].isin([1, 2])].groupby([item, pieces[0]])[price].median()
        table = by.astype("float64").unstack()
        if {1, 2} <= set(table.columns):
            times = (table[2] / table[1]).dropna()
            if len(times) > 2 and 1.8 < float(times.median()) < 2.2:
                found.add(price)
    return found
