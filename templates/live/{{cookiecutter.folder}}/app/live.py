"""Live: charts ask the database itself, and its answers are kept for when it can't be reached."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, partial
from hashlib import blake2b
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import sqlalchemy as sa
from werkzeug.exceptions import ServiceUnavailable

from app.data import OWN_WITH, Data
from app.database import DatabaseError, Statement, Table, moments
from app.filters import ends, is_day
from app.snapshots import State
from app.tables import PAGE_ROWS, Page, View, rows_of

if TYPE_CHECKING:
    from pandas import DataFrame

    from app.filters import Filter

log = logging.getLogger(__name__)
RETRY_SECONDS = 10.0  # until the database is tried again; PAUSE: a query that failed by itself
PAUSE_SECONDS = 60.0
MOST_CHOICES = 500
MOST_KEPT = 300  # answers


class LiveData(Data):
    """The loaders' data: of those that say LIVE the database's own, of the others the snapshots."""

    def __init__(self, loaders: Mapping[str, ModuleType], folder: Path) -> None:
        super().__init__(loaders, folder)
        self._live = {
            name: Live(name, loader.TABLE, folder / f"{name}.live", loader.LASTS)
            for name, loader in loaders.items()
            if loader.LIVE
        }

    def state(self, name: str) -> State:
        """Return from when the data is, and what failed; or say when to come again."""
        if name not in self._live:
            return super().state(name)
        state = self.check(name)
        if not state.built:
            message = f"The database of {name} can't be asked. Try again in {RETRY_SECONDS:.0f} s."
            raise ServiceUnavailable(message, retry_after=int(RETRY_SECONDS))
        return state

    def check(self, name: str) -> State:
        """Return from when the data is, and what failed."""
        return self._live[name].state() if name in self._live else super().check(name)

    def query(
        self, name: str, sql: str, filters: Iterable[Filter] = (), find: str = ""
    ) -> DataFrame:
        """Run SQL that names the loader as its table, over the rows that pass the filters."""
        live = self._live.get(name)
        return live.query(filters, sql) if live else super().query(name, sql, filters, find)

    def chunks(self, name: str, sql: str, filters: Iterable[Filter]) -> Iterator[DataFrame]:
        """Yield what `query` returns: all at once of a database, as its answers are kept whole."""
        live = self._live.get(name)
        yield from [live.query(filters, sql)] if live else super().chunks(name, sql, filters)

    def page(self, name: str, sql: str, filters: Iterable[Filter], view: View) -> Page:
        """Return one page of the rows that SQL selects, by asking for no more than these."""
        live = self._live.get(name)
        return live.page(filters, sql, view) if live else super().page(name, sql, filters, view)

    def columns(self, name: str) -> dict[str, str]:
        """Return the SQL type of each column."""
        live = self._live.get(name)
        return dict(live.table.columns) if live else super().columns(name)

    def choices(self, name: str, column: str) -> tuple[list[str], int]:
        """Return the first 500 values of a column as text, in order, and how many more it has."""
        if name not in self._live:
            return super().choices(name, column)
        found = self._live[name].choices(column)
        return list(found["choice"]), int(found["total"][:1].sum()) - len(found)

    def span(self, name: str, column: str) -> tuple[Any, Any, int]:
        """Return the least and greatest day or number of a column, and how many it has."""
        if name not in self._live:
            return super().span(name, column)
        low, high, distinct = self._live[name].span(column).iloc[0]
        return low, high, int(distinct)

    def count(self, name: str, filters: Iterable[Filter] = ()) -> int:
        """Return how many rows pass the filters."""
        live = self._live.get(name)
        return live.count(tuple(filters)) if live else super().count(name, filters)


class Live:
    """A table of a database; while that can't be reached, the last answers are shown with their age."""

    def __init__(self, name: str, table: Table, folder: Path, lasts: float) -> None:
        self.name, self.table, self.folder = name, table, folder
        self.lasts = min(lasts, 86_400.0)
        self.error, self._down, self._since, self._again = "", False, 0.0, 0.0
        self._refused: dict[str, tuple[float, str]] = {}
        self._facts = lru_cache(500)(lambda _state, fact, column: fact(column))

    def state(self) -> State:
        """Return from when answers are, and what failed, if something did."""
        now = time.time()
        if self.error and time.monotonic() > self._again:
            self._again = time.monotonic() + RETRY_SECONDS
            Thread(target=self._try_again, daemon=True).start()
        stale = self.error and (self._since or self._down)
        moment = self._since if stale else now - now % self.lasts
        built = datetime.fromtimestamp(moment, UTC).isoformat() if moment else ""
        return State(built=built, error=self.error)

    def query(
        self, filters: Iterable[Filter], sql: str, *more: str | sa.ClauseElement, keep: bool = True
    ) -> DataFrame:
        """Run SQL that names the loader as its table, over the rows that pass the filters."""
        own = OWN_WITH.match(sql)
        start = f"WITH{own[1] or ''} " if own else "WITH "
        end = f"), {sql[own.end() :]}" if own else f") {sql}"
        source = f" AS (SELECT * FROM (\n{self.table.query}\n) AS source WHERE "
        parts = start, sa.column(self.name), source, self._where(filters), end, *more
        return self._ask(Statement(*parts), keep)

    def page(self, filters: Iterable[Filter], sql: str, view: View) -> Page:
        """Return one page of the rows that SQL selects, by asking for no more than these."""
        rows, unordered = (f"{each} WHERE " for each in rows_of(sql))
        # The first page is there when the database is not; searches would drive out other answers.
        ask = partial(self.query, list(filters), keep=view == View(view.prefix))
        columns = tuple(map(str, ask(f"SELECT * {unordered}", sa.false()).columns))
        order: list[str | sa.ClauseElement] = []
        found: sa.ColumnElement[bool] = sa.true()
        if view.find:
            escaped = re.sub(r"([/%_])", r"/\1", view.find)
            like = sa.func.lower(sa.literal(f"%{escaped}%"))
            texts = (sa.func.lower(sa.cast(sa.column(each), sa.String)) for each in columns)
            found = sa.or_(*(text.like(like, escape="/") for text in texts))
        total = int(ask(f"SELECT count(*) AS total {unordered}", found)["total"].sum())
        view = view.within(columns, total)
        if view.sort:  # missing values last; and then by all columns, as in data.py
            rows = unordered
            column: sa.ColumnClause[Any] = sa.column(view.sort)
            missing = sa.case((column.is_(None), 1), else_=0)
            ties = "".join(f", {number}" for number in range(1, len(columns) + 1))
            order = [" ORDER BY ", missing, ", ", column, (" DESC" if view.desc else "") + ties]
        limit = sa.select(sa.literal(1)).limit(PAGE_ROWS).offset(view.start)
        return Page(view, ask(f"SELECT * {rows}", found, *order, limit), total, columns)

    def choices(self, column: str) -> DataFrame:
        """Return the first values of a column as text, each with the number of all of them."""
        found: DataFrame = self._facts(self.state(), self._choices, column)
        return found

    def span(self, column: str) -> DataFrame:
        """Return the least and the greatest value of a column, and how many it has."""
        found: DataFrame = self._facts(self.state(), self._span, column)
        return found

    def count(self, filters: tuple[Filter, ...]) -> int:
        """Return how many rows pass the filters."""
        applied = tuple(item for item in filters if item.column in self.table.columns)
        found = self._count(applied) if applied else self._facts(self.state(), self._count, ())
        return int(found["rows_passed"].iloc[0])

    def _choices(self, column: str) -> DataFrame:
        value: sa.ColumnClause[Any] = sa.column(column)
        text = sa.cast(value, sa.String)
        source = f"FROM (\n{self.table.query}\n) AS source WHERE "
        parts = "SELECT ", text, f" AS choice, count(*) OVER () AS total {source}", text != ""
        end = " GROUP BY ", value, " ORDER BY ", value, f" LIMIT {MOST_CHOICES}"
        return self._ask(Statement(*parts, *end))

    def _span(self, column: str) -> DataFrame:
        value: sa.ColumnClause[Any] = sa.column(column)
        parts = "SELECT min(", value, ") AS low, max(", value, ") AS high, count(DISTINCT ", value
        return self._ask(
            Statement(*parts, f") AS different FROM (\n{self.table.query}\n) AS source")
        )

    def _count(self, filters: Iterable[Filter]) -> DataFrame:
        source = f"(\n{self.table.query}\n) AS source WHERE "
        parts = f"SELECT count(*) AS rows_passed FROM {source}", self._where(filters)
        return self._ask(Statement(*parts))

    def _where(self, filters: Iterable[Filter]) -> sa.ColumnElement[bool]:
        clauses: list[sa.ColumnElement[bool]] = [sa.true()]
        for item in filters:
            kind = self.table.columns.get(item.column, "")
            column: sa.ColumnClause[Any] = sa.column(item.column)
            text = sa.cast(column, sa.String) if kind != "VARCHAR" else column
            low, high = ends(item, kind)
            if kind and item.values:
                clauses.append(text.in_([value for value in item.values if "\0" not in value]))
            if kind and item.text:
                has = text.icontains(item.text, autoescape=True)
                clauses.append(sa.false() if "\0" in item.text else has)
            read: Any = date.fromisoformat if is_day(kind) else float
            if low:
                clauses.append(column >= read(low))
            if high and is_day(kind):
                with suppress(OverflowError):  # after the last day that there is
                    clauses.append(column < read(high) + timedelta(days=1))
            elif high:
                clauses.append(column <= read(high))
        return sa.and_(*clauses)

    def _ask(self, statement: Statement, keep: bool = True) -> DataFrame:
        """Return the answer of the database; the last one that it gave, where it gives none."""
        compiled = statement.compile()
        asked = f"{os.environ.get(self.table.variable)} {compiled} {compiled.params}"
        digest = blake2b(asked.encode("utf-8", "replace"), digest_size=12).hexdigest()
        kept = self.folder / f"{digest}.parquet"
        until, failure = self._refused.get(digest, (0.0, ""))
        if self._down or time.monotonic() < until:
            failure = failure or "the database can't be reached"
        else:
            try:
                frame = self._run(statement)
                if keep:
                    with suppress(OSError):  # on a full disk it is not kept
                        self._keep(kept, frame)
                return frame
            except DatabaseError as error:
                failure = str(error)
                self._note(failure)
                self._refused[digest] = time.monotonic() + PAUSE_SECONDS, failure
        self.error = DatabaseError.__name__
        if not kept.exists():
            message = f"The database of {self.name} gave no answer; the log says why."
            raise ServiceUnavailable(message, retry_after=int(PAUSE_SECONDS))
        self._since = min(self._since, kept.stat().st_mtime)
        return _parquet(kept)

    def _run(self, statement: Statement) -> DataFrame:
        """Run a statement; return what it selects in the types that charts are used to."""
        import pandas as pd

        with self.table.connection() as connection:
            result = connection.execute(statement)
            frame = pd.DataFrame(result.fetchall(), columns=list(result.keys()))
        for name in frame:
            values = frame[name]
            kind = pd.api.types.infer_dtype(values, skipna=True)
            column = self.table.columns.get(str(name), "")
            if kind.startswith("date") or (
                kind == "string" and column.startswith(("DATE", "TIMESTAMP"))
            ):
                frame[name] = moments(values)
            elif kind == "decimal":
                frame[name] = values.astype("float64")
            elif values.dtype == object and kind not in {"boolean", "empty"}:
                frame[name] = values.map(str, na_action="ignore")
        return frame

    def _note(self, failure: str) -> None:
        """Find out whether a query is to blame for a failure, or the database can't be reached."""
        log.error("%s: %s", self.name, failure)
        self._down = not self._answers()
        self._again = time.monotonic() + RETRY_SECONDS
        if not self.error:
            newest = [path.stat().st_mtime for path in self.folder.glob("*.parquet")]
            self._since = max(newest, default=0.0)

    def _try_again(self) -> None:
        if self._answers():
            self.error, self._down = "", False
            now = time.monotonic()
            self._refused = {k: v for k, v in list(self._refused.items()) if v[0] > now}

    def _answers(self) -> bool:
        try:
            with self.table.connection() as connection:
                connection.execute(sa.select(1))
        except DatabaseError:
            return False
        return True

    def _keep(self, path: Path, frame: DataFrame) -> None:
        import duckdb

        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.stem}.{uuid4().hex}")
        with duckdb.connect() as connection:
            connection.from_df(frame).write_parquet(str(temporary))
        temporary.replace(path)
        files = sorted(self.folder.iterdir(), key=lambda file: file.stat().st_mtime)
        for old in files[:-MOST_KEPT]:
            old.unlink(missing_ok=True)


def _parquet(path: Path) -> DataFrame:
    import duckdb

    with duckdb.connect() as connection:
        frame: DataFrame = connection.read_parquet(str(path)).df()
    return frame
