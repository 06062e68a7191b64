"""Tables: one page of a chart's rows, and the links to its other pages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from app.engine.models import View

if TYPE_CHECKING:
    from pandas import DataFrame

SEMICOLON = re.compile(r";(\s|--.*|/\*[\s\S]*?\*/)*\Z")
LAST_ORDER = re.compile(
    r"""\bORDER\s+BY\b(?!.*\bLIMIT\b)([\w\s.,-]|"[^"]*"|`[^`]*`)*\Z""", re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True)
class Page:
    """The rows of one page, how many rows the view has in all, and the columns it can sort by."""

    view: View
    rows: Any  # a DataFrame, or the objects of a table that people edit
    total: int
    size: int  # rows on a page
    columns: tuple[str, ...]

    @classmethod
    def of(cls, df: DataFrame, view: View, size: int) -> Page:
        """Return a page of rows that are in memory."""
        if view.find:
            text = view.find.casefold()
            matches = plain(df).map(lambda v: v is not None and text in str(v).casefold())
            df = df[matches.any(axis=1)]
        columns = tuple(map(str, df.columns))
        view = view.within(columns, -(-len(df) // size))
        if view.sort:
            df = df.sort_values(
                view.sort,
                ascending=not view.desc,
                kind="stable",
                key=lambda values: values.map(str, "ignore") if values.dtype == "O" else values,
            )
        start = (view.page - 1) * size
        return cls(view, df[start : start + size], len(df), size, columns)

    @property
    def pages(self) -> int:
        return -(-self.total // self.size)

    @property
    def caption(self) -> str:
        """Return which rows these are: 26-50 of 1,234."""
        if self.pages < 2:
            return f"{self.total:,} row{'s' * (self.total != 1)}"
        start = (self.view.page - 1) * self.size
        return f"{start + 1:,}–{min(start + self.size, self.total):,} of {self.total:,}"

    def link(self, parameters: Iterable[tuple[str, str]], **changes: Any) -> str:
        """Return the query string of another view of the table: by default of its first page."""
        view = replace(self.view, **{"page": 1} | changes)
        return "?" + urlencode([*parameters, *view.pairs()])

    def next_sort(self, column: str) -> dict[str, Any]:
        """Return the sort after a click on a column's name: ascending, descending, none."""
        if self.view.sort == column and self.view.desc:
            return {"sort": "", "desc": False}
        return {"sort": column, "desc": self.view.sort == column}


def as_source(sql: str) -> tuple[str, str]:
    """Return SQL as the FROM clause of other SQL, and the same without its last ORDER BY."""
    sql = SEMICOLON.sub("", sql)
    unordered = sql if re.search(r"\bDISTINCT\s+ON\b", sql, re.I) else LAST_ORDER.sub("", sql)
    return f"FROM (\n{sql}\n) AS source", f"FROM (\n{unordered}\n) AS source"


def plain(df: DataFrame) -> DataFrame:
    """Return a table of plain values: days and times as ISO text, missing ones as None."""
    out = df.copy()
    for column in out.select_dtypes(["datetime", "datetimetz"]).columns:
        times = out[column].dropna()
        days = bool((times == times.dt.normalize()).all())
        out[column] = out[column].dt.strftime("%Y-%m-%d" if days else "%Y-%m-%d %H:%M:%S")
    return out.astype(object).where(out.notna(), None)
