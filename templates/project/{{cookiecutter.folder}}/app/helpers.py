"""Helpers: how values are written for readers. Add your own functions here."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from app.engine.tables import plain

if TYPE_CHECKING:
    from pandas import DataFrame, Series

MISSING = "–"
WORD = re.compile("(?<=[a-z]{2})(?=[A-Z][a-z])")
# Numbers in columns with these names are identifiers: order_id, ZIP, orderId.
CODE = re.compile(
    r"(?:^|[\W_])(?i:ids?|codes?|keys?|year|zip|zipcode|postcode|phone|fips|isbn|ean|upc|sku)$"
    r"|[\W_](?i:no|nr|number)$|[a-z](?:ID|Id|Code|Key|No|Nr|Number|Year)$"
)


def number(value: float | None, unit: str = "") -> str:
    """Return a number in short form: 1.23M, 1.23e+20; with a unit, as $1.23M, 1.23M% or 5 km."""
    try:
        if value is None or not math.isfinite(value):
            return MISSING
    except TypeError:  # pandas' own mark for a missing integer
        return MISSING
    if not 1e3 <= abs(value) < 1e4:
        value = float(f"{value:.3g}")
    scales = ((1e15, 1, ""), (1e12, 1e12, "T"), (1e9, 1e9, "B"), (1e6, 1e6, "M"), (1e4, 1e3, "k"))
    size, suffix = next(((size, s) for least, size, s in scales if abs(value) >= least), (1, ""))
    text = f"{abs(value):,.0f}" if 1e3 <= abs(value) < 1e4 else f"{abs(value) / size:.3g}"
    sign = "-" if value < 0 else ""
    return sign + (f"{text}{suffix}{unit}" if unit[:1] in {"%", " "} else f"{unit}{text}{suffix}")


def words(name: str) -> str:
    """Return a column's name as a label: order_date as Order date, JobRole as Job Role."""
    text = WORD.sub(" ", str(name).replace("_", " ")).strip()
    return text[:1].upper() + text[1:]


def cells(df: DataFrame) -> list[tuple[str, ...]]:
    """Return the rows of a table as text; the numbers of a column have the same decimals."""
    table, columns = plain(df), []
    for n, name in enumerate(df.columns):
        is_number = df.dtypes.iloc[n].kind in "iuf"
        to_text = _number_format(str(name), df.iloc[:, n]) if is_number else str
        columns.append([MISSING if v is None else to_text(v) for v in table.iloc[:, n]])
    return list(zip(*columns, strict=True))


def _number_format(name: str, values: Series[Any]) -> Callable[[Any], str]:
    """Return how to write a column's numbers: 1,234.50, but years and codes without a comma."""
    filled = values.dropna().astype("float64")
    filled = filled[filled.abs() < math.inf]
    largest = filled.abs().max()
    if (filled == filled.round()).all():
        is_code = CODE.search(name) or filled.between(1500, 2100).all() or largest >= 1e15
        comma = "" if is_code else ","
        return lambda v: f"{v:{comma}.0f}" if isinstance(v, float) else f"{v:{comma}d}"
    most = 2 if largest >= 1000 else min(12, max(4, 3 - math.floor(math.log10(largest))))
    exact = [filled.round(n).equals(filled.round(most)) for n in range(most)]
    places = [*exact, True].index(True)
    return lambda v: f"{v:,.{places}f}"


def summary(df: DataFrame) -> str:
    """Return in words what a chart's rows hold, for screen readers."""
    columns = [df.iloc[:, n] for n in range(len(df.columns))]
    names = [column for column in columns if column.dtype.kind not in "iuf"][:2]
    parts = [f"{len(df):,} row{'s' * (len(df) != 1)}"]
    for values in [column for column in columns if column.dtype.kind in "iuf"][:4]:
        if values.notna().any():
            rows = int(values.argmin()), int(values.argmax())
            ends = [number(values.iloc[row]) + _label(names, row) for row in rows]
            parts.append(f"{words(str(values.name))} from {' to '.join(ends)}")
    return "; ".join(parts) + "."


def _label(columns: Iterable[Series[Any]], row: int) -> str:
    values = (column.iloc[row] for column in columns)
    known = (str(value) for value in values if value is not None and value == value)
    text = ", ".join(value.removesuffix(" 00:00:00")[:60] for value in known if value)
    return f" ({text})" if text else ""


def periods(first: date, last: date, step: timedelta) -> dict[str, tuple[date, date]]:
    """Return the periods that a filter by days offers, by name.

    The data goes from `first` to `last`, in steps. Periods that begin before it, that are all of
    it, or that hold less than two steps are left out.
    """
    monday = last - timedelta(last.weekday())
    quarter = last.replace(month=(last.month - 1) // 3 * 3 + 1, day=1)
    before = quarter - timedelta(1)  # the last day of another quarter
    january = last.replace(month=1, day=1)
    periods = {
        **{f"Last {days} days": (last - timedelta(days - 1), last) for days in (7, 30, 90)},
        "This week": (monday, last),
        "Last week": (monday - timedelta(7), monday - timedelta(1)),
        "This month": (last.replace(day=1), last),
        "This quarter": (quarter, last),
        "Last quarter": (before.replace(month=before.month - 2, day=1), before),
        "This year": (january, last),
        "Last year": (january.replace(year=last.year - 1), january - timedelta(1)),
    }
    return {
        name: (low, high)
        for name, (low, high) in periods.items()
        if first <= low and (low, high) != (first, last) and high - low + timedelta(1) >= 2 * step
    }
