"""Grain: the step in time of charts whose GRAIN is "auto", which their SQL has as $grain."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING

from app.engine.filters import is_day, limits
from app.engine.models import GRAINS, STEP, Filter

if TYPE_CHECKING:
    from app.engine.query import Data

AUTO = "auto"
MOST_STEPS, FEWEST_STEPS = 200, 12  # that a chart shows, if the visitor does not choose
FEWEST_ROWS = 10  # in a step of events: a line of two or none of them a day is noise
ONE_A_DAY, MOST_DAYS = 1.1, 0.6  # rows a day of a series; of its days, but for weekends
COLUMN = re.compile(r"[$]grain\s*,\s*(?:\"((?:[^\"]|\"\")+)\"|(\w+))")


def grain_of(sql: str, filters: Sequence[Filter], tables: Sequence[Data]) -> str:
    """Return the value of $grain in SQL: what the visitor chose, or what suits the filtered time."""
    match = COLUMN.search(sql)
    if match is None:
        return ""
    chosen = [value for item in filters if item.column == STEP for value in item.values]
    column = match[1].replace('""', '"') if match[1] else match[2]
    return chosen[0] if chosen else _finest(column, filters, tables)


def _finest(column: str, filters: Sequence[Filter], tables: Sequence[Data]) -> str:
    """Return the finest step of which the filtered time has few, with several events in each."""
    for table in tables:
        kind = table.columns().get(column, "")
        if is_day(kind):
            *ends, times = table.span(column)
            first, last = (str(end)[:10] for end in ends)
            whole = _days(first, last)
            for item in filters:
                if item.column == column:
                    low, high = limits(item, kind)
                    first, last = max(first, low), min(last, high or last)
            days, a_day = _days(first, last), table.state().rows / whole
            steps = [s for s in GRAINS if days <= MOST_STEPS * GRAINS[s]] or ["year"]
            if a_day <= ONE_A_DAY and times >= MOST_DAYS * whole:
                return steps[0]  # a series with one row at a time
            dense = next((s for s in steps if a_day * GRAINS[s] >= FEWEST_ROWS), steps[-1])
            coarser = reversed(steps[: steps.index(dense) + 1])
            return next((s for s in coarser if days >= FEWEST_STEPS * GRAINS[s]), steps[0])
    return "month"


def _days(first: str, last: str) -> int:
    """Return how many days there are from the first to the last; 1 if these are no days."""
    with suppress(ValueError):
        return max(1, (date.fromisoformat(last) - date.fromisoformat(first)).days + 1)
    return 1
