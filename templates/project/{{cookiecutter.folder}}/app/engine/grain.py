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
MOST_STEPS = 200  # that a chart shows, if the visitor does not choose
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
    """Return the finest step of which the filtered time has at most MOST_STEPS."""
    for table in tables:
        kind = table.columns().get(column, "")
        if is_day(kind):
            first, last = (str(end)[:10] for end in table.span(column)[:2])
            for item in filters:
                if item.column == column:
                    low, high = limits(item, kind)
                    first, last = max(first, low), min(last, high or last)
            with suppress(ValueError):  # no days at all
                days = (date.fromisoformat(last) - date.fromisoformat(first)).days + 1
                return next((s for s in GRAINS if days <= MOST_STEPS * GRAINS[s]), "year")
    return "month"
