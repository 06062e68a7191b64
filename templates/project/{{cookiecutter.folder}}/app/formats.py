"""Formats: values as people read them."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame

MISSING = "–"


def number(value: Any, unit: str = "") -> str:
    """Return a number in short: 1234567 as 1.23M, 0.4567 as 0.457; the unit is "$", "%" or so."""
    if value is None or math.isnan(value):
        return MISSING
    size = abs(value)
    for limit, suffix in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e4, "k")):
        if size >= limit:
            text = f"{value / (1e3 if suffix == 'k' else limit):.3g}{suffix}"
            break
    else:
        text = f"{value:,.0f}" if size >= 1000 or value == int(value) else f"{value:.3g}"
    return f"{text}{unit}" if unit in {"", "%"} else f"{unit}{text}"


def cell(value: Any) -> str:
    """Return a value as a table shows it."""
    if value is None:
        return MISSING
    return f"{value:,.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def words(name: str) -> str:
    """Return a column's name as a label: order_date as Order date."""
    text = name.replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def slug(title: str) -> str:
    """Return a title as it stands in a URL: Sales & costs as sales-costs."""
    return "-".join(re.findall(r"\w+", title.lower()))


def plain(df: DataFrame) -> DataFrame:
    """Return a table of plain values: days and times as ISO text, missing ones as None."""
    import pandas as pd

    out = df.copy()
    for column in out.select_dtypes(["datetime", "datetimetz"]).columns:
        days = out[column].dropna()
        midnight = (days == days.dt.normalize()).all()
        out[column] = out[column].dt.strftime("%Y-%m-%d" if midnight else "%Y-%m-%d %H:%M:%S")
    return out.astype(object).where(pd.notna(out), None)


def as_text(df: DataFrame) -> DataFrame:
    """Return the table with markup in its cells escaped: Plotly reads <b> and <a> in labels."""
    out = df.copy()
    for column in out.select_dtypes(["object", "string"]).columns:
        out[column] = out[column].map(_escape, na_action="ignore")
    return out


def without_formulas(df: DataFrame) -> DataFrame:
    """Return the table with cells that a spreadsheet would run as formulas marked as text."""
    out = df.map(_neutral)
    return out.rename(columns=_neutral)


def _escape(value: object) -> object:
    if not isinstance(value, str):
        return value
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _neutral(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value
