"""Formats: values and names in the form that a browser or a URL needs."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame


def slugify(title: str) -> str:
    """Return a title as part of a URL: Sales & costs as sales-costs."""
    return "-".join(re.findall(r"\w+", title.lower())) or "dashboard"


def plain(df: DataFrame) -> DataFrame:
    """Return a table of plain values: days and times as ISO text, missing ones as None."""
    out = df.copy()
    for column in out.select_dtypes(["datetime", "datetimetz"]).columns:
        times = out[column].dropna()
        days = bool((times == times.dt.normalize()).all())
        out[column] = out[column].dt.strftime("%Y-%m-%d" if days else "%Y-%m-%d %H:%M:%S")
    return out.astype(object).where(out.notna(), None)


def escape(df: DataFrame) -> DataFrame:
    """Return the table with markup in its cells escaped: Plotly obeys <b> and <a> in labels."""
    escaped = df.copy()
    for name in (name for name, kind in df.dtypes.items() if kind.kind == "O"):  # numbers need none
        escaped[name] = df[name].map(lambda v: html.escape(v, False) if isinstance(v, str) else v)
    return escaped
