"""Tables: what a reader asks of one, and the page of its rows that answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from app.formats import plain

if TYPE_CHECKING:
    from pandas import DataFrame

PAGE_ROWS = 25
ENDING = re.compile(r";(\s|--.*|/\*[\s\S]*?\*/)*\Z")
LAST_ORDER = re.compile(
    r"""\bORDER\s+BY\b(?!.*\bLIMIT\b)([\w\s.,-]|"[^"]*"|`[^`]*`)*\Z""", re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True)
class View:
    """What a reader asks of a table: the rows that hold a text, in an order, a page of them."""

    prefix: str  # of its names in the URL: orders.find, orders.sort, orders.desc, orders.page
    find: str = ""
    sort: str = ""
    desc: bool = False
    page: int = 1

    @classmethod
    def of(cls, args: Mapping[str, str], prefix: str) -> View:
        """Return the view that a query string asks for."""
        find, sort, desc, page = (
            args.get(prefix + n, "") for n in ("find", "sort", "desc", "page")
        )
        number = int(page) if re.fullmatch("[1-9][0-9]{0,8}", page) else 1
        find = find.replace("\0", "").strip()[:200]
        return cls(prefix, find, sort, bool(sort and desc), number)

    def pairs(self) -> list[tuple[str, str]]:
        """Return the view as it stands in a query string."""
        page = str(self.page) if self.page > 1 else ""
        said = {"find": self.find, "sort": self.sort, "desc": "1" * self.desc, "page": page}
        return [(self.prefix + name, value) for name, value in said.items() if value]

    def within(self, columns: Iterable[str], total: int) -> View:
        """Return the view without what is not there: a column, a page after the last."""
        view = self if self.sort in columns else replace(self, sort="", desc=False)
        return replace(view, page=min(self.page, max(1, -(-total // PAGE_ROWS))))

    @property
    def start(self) -> int:
        """Return how many rows stand before its page."""
        return (self.page - 1) * PAGE_ROWS


@dataclass(frozen=True)
class Page:
    """The rows that a view shows, of how many that it finds, and the columns that can be sorted."""

    view: View
    rows: DataFrame
    total: int
    columns: tuple[str, ...]

    @classmethod
    def of(cls, df: DataFrame, view: View) -> Page:
        """Return a page of rows that are there already."""
        if view.find:
            find = view.find.casefold()
            df = df[
                plain(df).map(lambda v: v is not None and find in str(v).casefold()).any(axis=1)
            ]
        columns = tuple(map(str, df.columns))
        view = view.within(columns, len(df))
        if view.sort:
            df = df.sort_values(
                view.sort,
                ascending=not view.desc,
                kind="stable",
                key=lambda values: values.map(str, "ignore") if values.dtype == "O" else values,
            )
        return cls(view, df[view.start : view.start + PAGE_ROWS], len(df), columns)

    @property
    def pages(self) -> int:
        """Return how many pages there are."""
        return -(-self.total // PAGE_ROWS)

    @property
    def said(self) -> str:
        """Return in words which rows these are."""
        if self.pages < 2:
            return f"{self.total:,} row{'s' * (self.total != 1)}"
        last = min(self.view.start + PAGE_ROWS, self.total)
        return f"{self.view.start + 1:,}–{last:,} of {self.total:,}"

    def link(self, others: Iterable[tuple[str, str]], **changes: Any) -> str:
        """Return the query string of another view of the table: of its first page, unless told."""
        view = replace(self.view, **{"page": 1} | changes)
        return "?" + urlencode([*others, *view.pairs()])

    def sorting(self, column: str) -> dict[str, Any]:
        """Return what a click on a column's name asks for: ascending, descending, as they came."""
        up, down = (self.view.sort == column and self.view.desc == way for way in (False, True))
        return {"sort": "" if down else column, "desc": up}


def rows_of(sql: str) -> tuple[str, str]:
    """Return SQL as what other SQL selects from; and so that it need not order all of its rows."""
    sql = ENDING.sub("", sql)
    unordered = sql if re.search(r"\bDISTINCT\s+ON\b", sql, re.I) else LAST_ORDER.sub("", sql)
    return f"FROM (\n{sql}\n) AS shown", f"FROM (\n{unordered}\n) AS shown"
