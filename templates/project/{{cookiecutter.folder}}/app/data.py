"""Data: SQL over the loaders' snapshots, and what the page's filters ask of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from app.filters import Filter, quote, where
from app.formats import plain
from app.snapshots import Snapshots

if TYPE_CHECKING:
    from pandas import DataFrame

MOST_CHOICES = 500
MOST_TOGETHER = 20_000_000
SNAPSHOT = "read_parquet($snapshot)"
PAGE_ROWS = 25
OWN_WITH = re.compile(r"(?>\s|--.*\n|/\*[\s\S]*?\*/)*WITH(\s+RECURSIVE)?\b", re.IGNORECASE)
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


class Data(Snapshots):
    """The loaders' data: small DataFrames, asked of the snapshots with SQL."""

    def __init__(self, loaders: Mapping[str, ModuleType], folder: Path) -> None:
        super().__init__(loaders, folder)
        self._facts = lru_cache(1000)(lambda file, sql: self._run(file, sql, {}).to_dict("list"))

    def query(
        self, name: str, sql: str, filters: Iterable[Filter] = (), find: str = ""
    ) -> DataFrame:
        """Run SQL that names the loader as its table, over the rows that pass the filters."""
        file = self.state(name).file
        clause, values = where(filters, self.columns(name))
        rows = f"{quote(name)} AS (SELECT * FROM {SNAPSHOT}{clause})"
        own = OWN_WITH.match(sql)
        text = f"WITH{own[1] or ''} {rows}, {sql[own.end() :]}" if own else f"WITH {rows} {sql}"
        return self._run(file, text, values | ({"find": find} if find else {}))

    def page(self, name: str, sql: str, filters: Iterable[Filter], view: View) -> Page:
        """Return one page of the rows that SQL selects, by asking for no more than these."""
        rows, unordered = rows_of(sql)
        empty = self.query(name, f"SELECT * {unordered} LIMIT 0", filters)
        columns, found, order = tuple(map(str, empty.columns)), "", ""
        if view.find:
            texts = (f"lower(CAST({quote(each)} AS VARCHAR))" for each in columns)
            found = f"WHERE {' OR '.join(f'contains({text}, lower($find))' for text in texts)}"
        count = f"SELECT count(*) AS total {unordered} {found}"
        total = int(self.query(name, count, filters, view.find)["total"].sum())
        view = view.within(columns, total)
        if view.sort:  # and then by all columns: else a row may be on two pages, or on none
            ties = "".join(f", {number}" for number in range(1, len(columns) + 1))
            way = "DESC" if view.desc else "ASC"
            rows, order = unordered, f"ORDER BY {quote(view.sort)} {way} NULLS LAST{ties}"
        shown = f"SELECT * {rows} {found} {order} LIMIT {PAGE_ROWS} OFFSET {view.start}"
        return Page(view, self.query(name, shown, filters, view.find), total, columns)

    def together(self, name: str, sqls: list[str], filters: Iterable[Filter]) -> list[DataFrame]:
        """Run several charts' SQL in one pass over the filtered rows: a third of the work of one each.

        Nothing is run in a database, nor on more rows than MOST_TOGETHER: some of them are kept.
        """
        state = self.state(name)
        if self.loaders[name].LIVE or state.rows > MOST_TOGETHER:
            return []
        clause, values = where(filters, self.columns(name))
        rows = f"{quote(name)} AS MATERIALIZED (SELECT * FROM {SNAPSHOT}{clause})"
        lists = [f"(SELECT list(row) FROM ({sql}\n) AS row) AS a{n}" for n, sql in enumerate(sqls)]
        answers = f"CREATE TEMP TABLE answers AS WITH {rows} SELECT {', '.join(lists)}"
        with self.cursor() as cursor:
            cursor.execute(answers, {**values, "snapshot": str(self.folder / state.file)})
            found = [f"SELECT unnest(a{n}, max_depth := 2) FROM answers" for n in range(len(sqls))]
            return [cursor.execute(sql).df() for sql in found]

    def columns(self, name: str) -> dict[str, str]:
        """Return the SQL type of each column."""
        found = self._fact(name, f"DESCRIBE FROM {SNAPSHOT}")
        return dict(zip(found["column_name"], found["column_type"], strict=True))

    def choices(self, name: str, column: str) -> tuple[list[str], int]:
        """Return the first 500 values of a column as text, in order, and how many more it has."""
        value = quote(column)
        sql = f"""SELECT CAST({value} AS VARCHAR) AS choice, count(*) OVER () AS total
            FROM {SNAPSHOT} WHERE CAST({value} AS VARCHAR) <> ''
            GROUP BY {value} ORDER BY {value} LIMIT {MOST_CHOICES}"""
        found = self._fact(name, sql)
        return found["choice"], sum(found["total"][:1]) - len(found["choice"])

    def span(self, name: str, column: str) -> tuple[Any, Any, int]:
        """Return the least and greatest day or number of a column, and about how many it has."""
        value = quote(column)
        sql = f"""SELECT min({value}), max({value}), approx_count_distinct({value})
            FROM {SNAPSHOT} WHERE isfinite({value})"""
        (low,), (high,), (distinct,) = self._fact(name, sql).values()
        return low, high, distinct

    def count(self, name: str, filters: Iterable[Filter] = ()) -> int:
        """Return how many rows pass the filters."""
        if not where(filters := tuple(filters), self.columns(name))[0]:
            return self.state(name).rows
        return int(self.query(name, f"SELECT count(*) AS n FROM {quote(name)}", filters)["n"][0])

    def _fact(self, name: str, sql: str) -> dict[Any, Any]:
        """Ask what stays the same for as long as the snapshot does."""
        return self._facts(self.state(name).file, sql)

    def _run(self, file: str, sql: str, values: Mapping[str, object]) -> DataFrame:
        with self.cursor() as cursor:
            return cursor.execute(sql, {**values, "snapshot": str(self.folder / file)}).df()
