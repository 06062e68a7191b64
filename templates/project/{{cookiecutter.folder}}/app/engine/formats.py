"""Formats: rows as JSON for browsers and CSV for spreadsheets."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame

# What a spreadsheet takes for the start of a formula; the last four are = + - @ in full width.
FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


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


def as_json(df: DataFrame) -> str:
    """Return the table as JSON of plain types: NaN and infinity become null."""
    table = {"columns": list(df.columns), "rows": plain(df).to_numpy().tolist()}
    text = json.dumps(table, default=lambda v: v.tolist() if hasattr(v, "tolist") else str(v))
    return json.dumps(json.loads(text, parse_constant=lambda _: None))


def as_csv(df: DataFrame, *, header: bool = True) -> str:
    """Return the table as CSV; an apostrophe marks what a spreadsheet would run as a formula."""

    def neutralise(value: Any) -> Any:
        return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value

    table = plain(df).map(neutralise).rename(columns=neutralise)
    text = table.to_csv(index=False, header=header, lineterminator="\r\n")
    return "\ufeff" + text if header else text  # Excel reads UTF-8 only with this mark
