"""Data: SQL over the loaders' snapshots, and what the page's filters ask of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from app.filters import Filter, quote, where
from app.snapshots import Snapshots

if TYPE_CHECKING:
    from pandas import DataFrame

MOST_CHOICES = 500
MOST_TOGETHER = 20_000_000
SNAPSHOT = "read_parquet($snapshot)"
OWN_WITH = re.compile(r"(?>\s|--.*\n|/\*[\s\S]*?\*/)*WITH(\s+RECURSIVE)?\b", re.IGNORECASE)


class Data(Snapshots):
    """The loaders' data: small DataFrames, asked of the snapshots with SQL."""

    def __init__(self, loaders: Mapping[str, ModuleType], folder: Path) -> None:
        super().__init__(loaders, folder)
        self._facts = lru_cache(1000)(lambda file, sql: self._run(file, sql, {}).to_dict("list"))

    def query(self, name: str, sql: str, filters: Iterable[Filter] = ()) -> DataFrame:
        """Run SQL that names the loader as its table, over the rows that pass the filters."""
        file = self.state(name).file
        clause, values = where(filters, self.columns(name))
        rows = f"{quote(name)} AS (SELECT * FROM {SNAPSHOT}{clause})"
        own = OWN_WITH.match(sql)
        text = f"WITH{own[1] or ''} {rows}, {sql[own.end() :]}" if own else f"WITH {rows} {sql}"
        return self._run(file, text, values)

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

    def days(self, name: str, column: str) -> tuple[str, str]:
        """Return the first and the last day of a column."""
        sql = f"SELECT min({quote(column)}), max({quote(column)}) FROM {SNAPSHOT}"
        first, last = (str(value)[:10] for value, in self._fact(name, sql).values())
        return first, last

    def _fact(self, name: str, sql: str) -> dict[Any, Any]:
        """Ask what stays the same for as long as the snapshot does."""
        return self._facts(self.state(name).file, sql)

    def _run(self, file: str, sql: str, values: Mapping[str, object]) -> DataFrame:
        with self.cursor() as cursor:
            return cursor.execute(sql, {**values, "snapshot": str(self.folder / file)}).df()
