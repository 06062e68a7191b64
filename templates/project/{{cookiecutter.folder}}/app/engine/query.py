"""Query: a chart's SQL over the rows that pass the filters, as a small DataFrame."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.engine.connection import cursor
from app.engine.filters import quote, where
from app.engine.grain import grain_of
from app.engine.models import Filter, Loader, Offer, View
from app.engine.rights import ALL, Rights, rights, visible_rows
from app.engine.snapshots import Snapshot
from app.engine.tables import Page, as_source

if TYPE_CHECKING:
    from pandas import DataFrame

MOST_CHOICES = 500
MOST_OFFERED = 500  # answers that are kept, of as many choices
MOST_TOGETHER = 20_000_000  # rows, because some of them are held in memory
CHUNK_VECTORS = 5  # of 2,048 rows
OWN_WITH = re.compile(r"(?>\s|--.*\n|/\*[\s\S]*?\*/)*WITH(\s+RECURSIVE)?\b", re.IGNORECASE)


class Rows:
    """What a chart asks: the rows of a snapshot, or of several that its SQL joins."""

    def __init__(self, tables: Sequence[Any]) -> None:
        self.tables = tables  # of Data, or of what stands for it in an export

    def query(self, sql: str, filters: Sequence[Filter] = ()) -> DataFrame:
        """Run SQL that names each loader as a table, over the rows that pass the filters."""
        text, values = self._filtered(sql, filters)
        return _with_grain(_run(text, values), values.get("grain"))

    def query_all(self, sqls: list[str], filters: Sequence[Filter]) -> list[DataFrame]:
        """Run the SQL of several charts at once, or return nothing if that has no advantage.

        This takes a third of the time of one query for each chart. One statement materialises the
        filtered rows, runs each chart's SQL over them, and packs its answer into a list; the lists
        are in a temporary table of one row, from which each answer is unpacked. If any chart's SQL
        fails, the whole statement does: the caller then runs them one by one.
        """
        if sum(table.state().rows for table in self.tables) > MOST_TOGETHER:
            return []
        sources, values = self._sources(filters)
        grains = [grain_of(sql, filters, self.tables) for sql in sqls]
        values |= {f"grain{n}": grain for n, grain in enumerate(grains) if grain}
        sqls = [sql.replace("$grain", f"$grain{n}") for n, sql in enumerate(sqls)]
        tables = (f"{quote(name)} AS MATERIALIZED ({rows})" for name, rows in sources.items())
        lists = (f"(SELECT list(row) FROM ({sql}\n) AS row) AS a{n}" for n, sql in enumerate(sqls))
        create = f"CREATE TEMP TABLE answers AS WITH {', '.join(tables)} SELECT {', '.join(lists)}"
        unpack = "SELECT unnest(a{}, max_depth := 2) FROM answers"
        with cursor() as connection:
            connection.execute(create, values)
            answers = [connection.execute(unpack.format(n)).df() for n in range(len(sqls))]
        return [*map(_with_grain, answers, grains)]

    def chunks(self, sql: str, filters: Sequence[Filter]) -> Iterator[DataFrame]:
        """Yield what `query` returns in parts: at least one."""
        text, values = self._filtered(sql, filters)
        with cursor() as connection:
            connection.execute(text, values)
            yield (df := connection.fetch_df_chunk(CHUNK_VECTORS))
            while len(df):
                yield (df := connection.fetch_df_chunk(CHUNK_VECTORS))

    def page(self, sql: str, filters: Sequence[Filter], view: View, rows: int) -> Page:
        """Return one page of the rows that SQL selects, and read no more than these."""

        def ask(sql: str) -> DataFrame:
            text, values = self._filtered(sql, filters)
            return _run(text, values | ({"find": view.find} if view.find else {}))

        source, unordered = as_source(sql)
        columns = tuple(map(str, self.query(f"SELECT * {unordered} LIMIT 0", filters).columns))
        matches = ""
        if view.find:
            texts = (f"lower(CAST({quote(column)} AS VARCHAR))" for column in columns)
            matches = "WHERE " + " OR ".join(f"contains({text}, lower($find))" for text in texts)
        total = int(ask(f"SELECT count(*) AS total {unordered} {matches}")["total"].sum())
        view = view.within(columns, -(-total // rows))
        order = ""
        if view.sort:  # and then by all columns: else a row may be on two pages, or on none
            ties = "".join(f", {number}" for number in range(1, len(columns) + 1))
            direction = "DESC" if view.desc else "ASC"
            order = f"ORDER BY {quote(view.sort)} {direction} NULLS LAST{ties}"
            source = unordered
        start = (view.page - 1) * rows
        selected = f"SELECT * {source} {matches} {order} LIMIT {rows} OFFSET {start}"
        return Page(view, ask(selected), total, rows, columns)

    def columns(self) -> dict[str, str]:
        """Return the SQL type of each column."""
        tables = reversed(self.tables)  # the first that has a column decides its type
        return {name: kind for table in tables for name, kind in table.columns().items()}

    def _sources(self, filters: Iterable[Filter]) -> tuple[dict[str, str], dict[str, object]]:
        """Return the SQL of each loader's filtered rows, and the values of their parameters."""
        sources: dict[str, str] = {}
        values: dict[str, object] = {}
        for n, table in enumerate(self.tables):
            clause, parameters = where(filters, table.columns(), f"f{n}_")
            rows, more = visible_rows(f"snapshot{n}", rights(table.loader), table.path())
            values |= parameters | more
            sources[table.loader.name] = f"SELECT * FROM {rows}{clause}"
        return sources, values

    def _filtered(self, sql: str, filters: Sequence[Filter]) -> tuple[str, dict[str, object]]:
        """Return SQL with the filtered rows in front, as CTEs with the loaders' names."""
        sources, values = self._sources(filters)
        if grain := grain_of(sql, filters, self.tables):
            values["grain"] = grain
        tables = ", ".join(f"{quote(name)} AS ({rows})" for name, rows in sources.items())
        if own := OWN_WITH.match(sql):
            return f"WITH{own[1] or ''} {tables}, {sql[own.end() :]}", values
        return f"WITH {tables} {sql}", values


class Data(Snapshot, Rows):
    """The data of one loader: of its snapshot, or of a database (live.py)."""

    def __init__(self, loader: Loader, folder: Path) -> None:
        super().__init__(loader, folder)
        self.tables = [self]
        self._offered: dict[tuple[str, Rights, Offer], list[str] | None] = {}  # a click changes some
        self._facts = lru_cache(1000)(
            lambda path, allowed, sql: _run(
                sql, visible_rows("snapshot", allowed, path)[1]
            ).to_dict("list")
        )

    def path(self) -> str:
        """Return the file of the snapshot."""
        return str(self.folder / self.state().file)

    def columns(self) -> dict[str, str]:
        described = self._facts(self.path(), ALL, "DESCRIBE FROM read_parquet($snapshot)")
        return dict(zip(described["column_name"], described["column_type"], strict=True))

    def choices(self, column: str, filters: Sequence[Filter] = ()) -> tuple[list[str], int]:
        """Return the first values of a column as text, in order, and how many more it has.

        An empty text stands for missing values.
        """
        clause, parameters = where(filters, self.columns())
        rows, values = self._visible()
        value = quote(column)
        sql = f"""SELECT coalesce(CAST({value} AS VARCHAR), '') AS choice, count(*) OVER () AS total
            FROM {rows}{clause}
            GROUP BY {value} ORDER BY {value} NULLS FIRST LIMIT {MOST_CHOICES}"""
        values |= parameters
        listed = _run(sql, values).to_dict("list") if clause else self._fact(sql)
        return listed["choice"], sum(listed["total"][:1]) - len(listed["choice"])

    def span(self, column: str) -> tuple[Any, Any, int]:
        """Return the least and greatest day or number of a column, and about how many it has."""
        value = quote(column)
        sql = f"""SELECT min({value}), max({value}), approx_count_distinct({value})
            FROM {self._visible()[0]} WHERE isfinite({value})"""
        (low,), (high,), (distinct,) = self._fact(sql).values()
        return low, high, distinct

    def offered(self, offers: Sequence[Offer]) -> list[list[str]]:
        """Return for each offer the values as text, or both ends, in one query."""
        path, current = self.path(), rights(self.loader)
        known = {offer: self._offered.get((path, current, offer)) for offer in offers}
        if new := [offer for offer, answer in known.items() if answer is None]:
            known |= dict(zip(new, self._offered_now(new), strict=True))
            if len(self._offered) > MOST_OFFERED:
                self._offered.clear()
            self._offered |= {(path, current, offer): known[offer] for offer in new}
        return [known[offer] or [] for offer in offers]

    def _offered_now(self, offers: Sequence[Offer]) -> list[list[str]]:
        """Query what is offered, with two scans of the snapshot at most: each passes half the filters."""
        snapshot, values = self._visible()
        active = [*dict.fromkeys(item for offer in offers for item in offer.filters)]
        halves = {*active[: (len(active) + 1) // 2]}, {*active[(len(active) + 1) // 2 :]}
        columns = {item.column for item in active} | {offer.column for offer in offers}
        selected = ", ".join(quote(column) for column in columns if column in self.columns())
        tables: dict[str, str] = {}
        parts: list[str] = []

        def add(name: str, filters: Iterable[Filter], source: str, how: str = "") -> None:
            clause, parameters = where(filters, self.columns(), f"{name}_")
            values.update(parameters)
            tables[name] = f"{name} AS {how} (SELECT {selected} FROM {source}{clause})"

        names = {offer.filters: f"rows{n}" for n, offer in enumerate(offers)}
        for filters, name in names.items():
            half = next((half for half in halves if half <= {*filters}), set())
            base = f"half{halves.index(half)}" if half else snapshot
            if half and base not in tables:
                add(base, half, snapshot, "MATERIALIZED")
            add(name, [item for item in filters if item not in half], base)
        for n, offer in enumerate(offers):
            column, name = quote(offer.column), names[offer.filters]
            source = f"SELECT DISTINCT {column} AS value FROM {name}"
            if offer.is_range:
                ends = f"unnest([min({column}), max({column})])"
                source = f"SELECT {ends} AS value FROM {name} WHERE isfinite({column})"
            parts.append(f"SELECT {n}, CAST(value AS VARCHAR) FROM ({source})")
        answers: list[list[str]] = [[] for _ in offers]
        with cursor() as connection:
            sql = f"WITH {', '.join(tables.values())} {' UNION ALL '.join(parts)}"
            for n, text in connection.execute(sql, values).fetchall():
                answers[n].append(text or "")
        return answers

    def count(self, filters: Sequence[Filter] = ()) -> int:
        """Return how many rows pass the filters."""
        if rights(self.loader) == ALL and not where(filters, self.columns())[0]:
            return self.state().rows
        counted = self.query(f"SELECT count(*) AS n FROM {quote(self.loader.name)}", filters)
        return int(counted["n"][0])

    def _fact(self, sql: str) -> dict[Any, Any]:
        """Return an answer that changes with the snapshot and the visitor's rights alone."""
        return self._facts(self.path(), rights(self.loader), sql)

    def _visible(self) -> tuple[str, dict[str, object]]:
        """Return the SQL of the rows that the visitor may see, and its values."""
        return visible_rows("snapshot", rights(self.loader), self.path())


def _with_grain(df: DataFrame, grain: object) -> DataFrame:
    """Return the rows of a chart with the step that its SQL took, if its GRAIN is "auto"."""
    df.attrs = {"grain": grain} if grain else {}
    return df


def _run(sql: str, values: Mapping[str, object]) -> DataFrame:
    with cursor() as connection:
        return connection.execute(sql, values).df()
