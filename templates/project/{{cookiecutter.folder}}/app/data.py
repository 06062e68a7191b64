"""Data: SQL over the loaders' snapshots, and what the page's filters ask of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from app.filters import Filter, quote, where
from app.snapshots import Snapshots
from app.tables import PAGE_ROWS, Page, View, rows_of

if TYPE_CHECKING:
    from pandas import DataFrame

MOST_CHOICES = 500
MOST_TOGETHER = 20_000_000
VECTORS = 5  # of 2,048 rows, in a chunk
SNAPSHOT = "read_parquet($snapshot)"
OWN_WITH = re.compile(r"(?>\s|--.*\n|/\*[\s\S]*?\*/)*WITH(\s+RECURSIVE)?\b", re.IGNORECASE)


class Data(Snapshots):
    """The loaders' data: small DataFrames, asked of the snapshots with SQL."""

    def __init__(self, loaders: Mapping[str, ModuleType], folder: Path) -> None:
        super().__init__(loaders, folder)
        self._facts = lru_cache(1000)(lambda file, sql: self._run(file, sql, {}).to_dict("list"))

    def query(
        self, name: str, sql: str, filters: Iterable[Filter] = (), find: str = ""
    ) -> DataFrame:
        """Run SQL that names the loader as its table, over the rows that pass the filters."""
        text, values = self._filtered(name, sql, filters)
        return self._run(self.state(name).file, text, values | ({"find": find} if find else {}))

    def chunks(self, name: str, sql: str, filters: Iterable[Filter]) -> Iterator[DataFrame]:
        """Yield what `query` returns, some thousand rows at a time; one without rows at the end."""
        text, values = self._filtered(name, sql, filters)
        with self.cursor() as cursor:
            cursor.execute(text, {**values, "snapshot": str(self.folder / self.state(name).file)})
            yield (df := cursor.fetch_df_chunk(VECTORS))
            while len(df):
                yield (df := cursor.fetch_df_chunk(VECTORS))

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

    def _filtered(
        self, name: str, sql: str, filters: Iterable[Filter]
    ) -> tuple[str, dict[str, object]]:
        clause, values = where(filters, self.columns(name))
        rows = f"{quote(name)} AS (SELECT * FROM {SNAPSHOT}{clause})"
        own = OWN_WITH.match(sql)
        text = f"WITH{own[1] or ''} {rows}, {sql[own.end() :]}" if own else f"WITH {rows} {sql}"
        return text, values

    def _fact(self, name: str, sql: str) -> dict[Any, Any]:
        """Ask what stays the same for as long as the snapshot does."""
        return self._facts(self.state(name).file, sql)

    def _run(self, file: str, sql: str, values: Mapping[str, object]) -> DataFrame:
        with self.cursor() as cursor:
            return cursor.execute(sql, {**values, "snapshot": str(self.folder / file)}).df()
