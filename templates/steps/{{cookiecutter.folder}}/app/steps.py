"""Steps in time: their names, and a row for each."""

from __future__ import annotations

from calendar import month_name
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame

STEPS = {"year": "YS", "quarter": "QS", "month": "MS", "week": "7D", "day": "D", "hour": "h"}


def period(when: Any, step: str) -> str:
    """Return a year, quarter, month or day in words: August 2023, Q3 2023, 4 August 2023."""
    if not isinstance(when, date):
        return f"{when:.0f}" if isinstance(when, float) else str(when)
    month = month_name[when.month]  # strftime needs a year from 1 to 9999
    starts = {"year": "", "quarter": f"Q{(when.month + 2) // 3} ", "month": f"{month} "}
    time = f", {when.time():%H:%M}" if step == "hour" and isinstance(when, datetime) else ""
    return f"{starts.get(step, f'{when.day} {month} ')}{when.year}{time}"


def every_step(df: DataFrame, when: str, step: str, fill: float | None = None) -> DataFrame:
    """Return the table with a row for each step from its first time to its last.

    Steps without rows get `fill`: 0 for a sum, and None, which breaks a line, for a mean.
    """
    import pandas as pd

    times = df[when]
    steps: Any
    if times.dtype.kind == "M":
        steps = pd.date_range(times.min(), times.max(), freq=STEPS[step])
        if step == "day":  # a table without rows on Sundays has no Sundays
            steps = steps[steps.day_of_week.isin(times.dt.day_of_week.unique())]
    elif times.dtype.kind in "iuf":
        steps = pd.RangeIndex(int(times.min()), int(times.max()) + 1)
    pauses = fill is None and step in {"day", "hour"}  # a mean, each night and holiday
    if pauses or times.dtype.kind not in "Miuf" or not times.isin(steps).all():
        return df  # or its months are not at their first days, say
    rows = df.set_index(when).reindex(steps).rename_axis(when).reset_index()
    if fill is not None:
        numbers = rows.select_dtypes("number").columns
        rows[numbers] = rows[numbers].fillna(fill)
    return rows
