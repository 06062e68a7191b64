"""Live: the data of a loader whose charts ask its database, through SQLAlchemy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date, timedelta
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from werkzeug.exceptions import ServiceUnavailable

from app.engine.controls import are_offered, find_controls
from app.engine.database import Statement
from app.engine.filters import is_day, limits
from app.engine.kept_answers import RETRY_SECONDS, KeptAnswers
from app.engine.models import Filter, Loader, Offer, State, View
from app.engine.query import MOST_CHOICES, OWN_WITH, Data
from app.engine.rights import Rights, rights
from app.engine.tables import Page, as_source

if TYPE_CHECKING:
    from pandas import DataFrame

LONGEST_KEPT = 86_400.0  # seconds
Part = str | sa.ClauseElement


class LiveData(Data):
    """The data of a table in a database; its snapshot has what load() returns: see database.py."""

    def __init__(self, loader: Loader, folder: Path) -> None:
        super().__init__(loader, folder)
        self.table = loader.table
        self._max_age = min(loader.max_age, LONGEST_KEPT)
        self._answers = KeptAnswers(loader.name, loader.table, folder / f"{loader.name}.live")
        self._known = lru_cache(500)(lambda _state, _rights, fact, column: fact(column))

    def state(self) -> State:
        state = self.check()
        if not state.built:
            message = (
                f"The database of {self.loader.name} does not answer. "
                f"Try again in {RETRY_SECONDS:.0f} s."
            )
            raise ServiceUnavailable(message, retry_after=int(RETRY_SECONDS))
        return state

    def check(self) -> State:
        return self._answers.state(self._max_age)

    def query(self, sql: str, filters: Sequence[Filter] = ()) -> DataFrame:
        return self._query(filters, sql)

    def query_all(self, sqls: list[str], filters: Sequence[Filter]) -> list[DataFrame]:
        return []  # the database is asked for one chart at a time, so that each answer is kept

    def chunks(self, sql: str, filters: Sequence[Filter]) -> Iterator[DataFrame]:
        yield self.query(sql, filters)  # at once, because an answer is kept as a whole

    def page(self, sql: str, filters: Sequence[Filter], view: View, rows: int) -> Page:
        source, unordered = (f"{each} WHERE " for each in as_source(sql))
        # Only the first page is kept for when the database is away: searches would displace others.
        ask = partial(self._query, filters, keep=view == View(view.prefix))
        columns = tuple(map(str, ask(f"SELECT * {unordered}", sa.false()).columns))
        matches = _matches(columns, view.find)
        total = int(ask(f"SELECT count(*) AS total {unordered}", matches)["total"].sum())
        view = view.within(columns, -(-total // rows))
        order: list[Part] = []
        if view.sort:  # missing values last; and then by all columns, as in query.py
            source = unordered
            column: sa.ColumnClause[Any] = sa.column(view.sort)
            missing = sa.case((column.is_(None), 1), else_=0)
            ties = "".join(f", {number}" for number in range(1, len(columns) + 1))
            order = [" ORDER BY ", missing, ", ", column, (" DESC" if view.desc else "") + ties]
        limit = sa.select(sa.literal(1)).limit(rows).offset((view.page - 1) * rows)
        answer = ask(f"SELECT * {source}", matches, *order, limit)
        return Page(view, answer, total, rows, columns)

    def columns(self) -> dict[str, str]:
        return dict(self.table.columns)

    def choices(self, column: str, filters: Sequence[Filter] = ()) -> tuple[list[str], int]:
        listed: DataFrame
        if self._applied(filters):
            listed = self._choices(column, filters)
        else:
            listed = self._known(self.state(), rights(self.loader), self._choices, column)
        return list(listed["choice"]), int(listed["total"][:1].sum()) - len(listed)

    def span(self, column: str) -> tuple[Any, Any, int]:
        span: DataFrame = self._known(self.state(), rights(self.loader), self._span, column)
        low, high, distinct = span.iloc[0]
        return low, high, int(distinct)

    def offered(self, offers: Sequence[Offer]) -> list[list[str]]:
        parts: list[Part] = []
        for n, offer in enumerate(offers):
            value: sa.ColumnClause[Any] = sa.column(offer.column)
            ends = [sa.func.min(value), sa.func.max(value)]
            for selected in ends if offer.is_range else [value]:
                start = f"{' UNION ALL ' if parts else ''}SELECT {n} AS number, "
                parts += start, sa.cast(selected, sa.String), f" AS value {self._source} WHERE "
                parts.append(self._where(offer.filters))
                parts += [] if offer.is_range else [" GROUP BY ", value]
        rows = self._answers.ask(Statement(*parts), is_kept=lambda: False)
        texts = rows["value"].fillna("").map(str)
        return [texts[rows["number"] == n].tolist() for n in range(len(offers))]

    def count(self, filters: Sequence[Filter] = ()) -> int:
        applied = self._applied(filters)
        counted = (
            self._count(applied)
            if applied
            else self._known(self.state(), rights(self.loader), self._count, ())
        )
        return int(counted["rows_passed"].iloc[0])

    def _query(
        self, filters: Sequence[Filter], sql: str, *more: Part, keep: bool = True
    ) -> DataFrame:
        """Run SQL with the filtered rows in front, as a CTE with the loader's name."""
        own = OWN_WITH.match(sql)
        start = f"WITH{own[1] or ''} " if own else "WITH "
        end = f"), {sql[own.end() :]}" if own else f") {sql}"
        source = f" AS (SELECT * {self._source} WHERE "
        name: sa.ColumnClause[Any] = sa.column(self.loader.name)
        parts = start, name, source, self._where(filters), end, *more
        applied = self._applied(filters)
        return self._answers.ask(
            Statement(*parts),
            bool(applied),
            lambda: (
                keep and self._known(self.check(), rights(self.loader), self._are_offered, applied)
            ),
        )

    def _applied(self, filters: Iterable[Filter]) -> tuple[Filter, ...]:
        return tuple(item for item in filters if item.column in self.table.columns)

    def _are_offered(self, filters: Sequence[Filter]) -> bool:
        """Return whether a form offers these filters: other answers would displace its own."""
        forms = dict.fromkeys((item.column for item in filters), "")
        with suppress(ServiceUnavailable):
            return are_offered(filters, find_controls([self], forms, filters))
        return False

    @property
    def _source(self) -> str:
        return f"FROM (\n{self.table.query}\n) AS source"

    def _choices(self, column: str, filters: Sequence[Filter] = ()) -> DataFrame:
        value: sa.ColumnClause[Any] = sa.column(column)
        text = sa.func.coalesce(sa.cast(value, sa.String), "")
        total = f" AS choice, count(*) OVER () AS total {self._source} WHERE "
        where = self._where(filters), " GROUP BY "
        order = sa.case((value.is_(None), 0), else_=1), ", ", value
        end = " ORDER BY ", *order, f" LIMIT {MOST_CHOICES}"
        statement = Statement("SELECT ", text, total, *where, value, *end)
        return self._answers.ask(statement, bool(filters), lambda: not filters)

    def _span(self, column: str) -> DataFrame:
        value: sa.ColumnClause[Any] = sa.column(column)
        parts = "SELECT min(", value, ") AS low, max(", value, ") AS high, count(DISTINCT ", value
        source = f") AS different {self._source} WHERE ", self._where(())
        return self._answers.ask(Statement(*parts, *source))

    def _count(self, filters: Sequence[Filter]) -> DataFrame:
        statement = f"SELECT count(*) AS rows_passed {self._source} WHERE ", self._where(filters)
        return self._answers.ask(Statement(*statement), bool(filters), lambda: not filters)

    def _where(self, filters: Iterable[Filter]) -> sa.ColumnElement[bool]:
        clauses: list[sa.ColumnElement[bool]] = [sa.true(), *_allowed(rights(self.loader))]
        for item in filters:
            if kind := self.table.columns.get(item.column, ""):
                clauses += _clauses(item, kind)
        return sa.and_(*clauses)


def _allowed(allowed: Rights) -> list[sa.ColumnElement[bool]]:
    """Return the conditions that the rows meet which the visitor may see."""
    clauses: list[sa.ColumnElement[bool]] = [
        sa.column(name).in_(values) for name, values in allowed.columns
    ]
    if allowed.sql:
        values = {f"visible_{name}": value for name, value in allowed.values}
        sql = re.sub(r"[$](?=[a-zA-Z_])", ":visible_", allowed.sql)
        clauses.append(sa.and_(sa.text(f"({sql})").bindparams(**values)))
    return clauses


def _clauses(item: Filter, kind: str) -> list[sa.ColumnElement[bool]]:
    clauses: list[sa.ColumnElement[bool]] = []
    column: sa.ColumnClause[Any] = sa.column(item.column)
    text: Any = sa.cast(column, sa.String) if kind != "VARCHAR" else column
    low, high = limits(item, kind)
    if item.is_not or "" in item.values:
        text = sa.func.coalesce(sa.cast(column, sa.String), "")
    if item.values:
        values = [value for value in item.values if "\0" not in value]
        clauses.append(text.not_in(values) if item.is_not else text.in_(values))
    if item.text:
        has = text.icontains(item.text, autoescape=True)
        clauses.append(sa.false() if "\0" in item.text else has)
    convert: Any = date.fromisoformat if is_day(kind) else float
    if low:
        clauses.append(column >= convert(low))
    if high and is_day(kind):
        with suppress(OverflowError):  # there is no day after 9999-12-31
            clauses.append(column < convert(high) + timedelta(days=1))
    elif high:
        clauses.append(column <= convert(high))
    return clauses


def _matches(columns: Iterable[str], find: str) -> sa.ColumnElement[bool]:
    """Return the condition that any column of a row contains a text."""
    if not find:
        return sa.true()
    escaped = re.sub(r"([/%_])", r"/\1", find)
    like = sa.func.lower(sa.literal(f"%{escaped}%"))
    texts = (sa.func.lower(sa.cast(sa.column(name), sa.String)) for name in columns)
    return sa.or_(*(text.like(like, escape="/") for text in texts))
