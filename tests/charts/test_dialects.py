"""Run the SQL of charts in the dialects of the installed engines, and parse that of the others."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa
import sqlglot

from flaskdash.charts import sql
from flaskdash.charts.kinds import KINDS
from flaskdash.errors import FlaskdashError
from flaskdash.inspect.dialects import DIALECTS, DUCKDB, Dialect, from_url
from tests.support import servers
from tests.support.dialects import CHARTS, COLUMNS, TABLE, plain, rows

RUN = {"duckdb", "sqlite", "postgresql", "mysql"}
PARSED = {name: {"postgresql": "postgres"}.get(name, name) for name in DIALECTS}


@pytest.fixture(scope="module", params=sorted(RUN - {"duckdb"}))
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """Yield the name of an engine, and a connection to one with the rows in its table `sales`."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("sqlite") / "shop.db"
        with sqlite3.connect(path) as connection:
            connection.execute(TABLE.format(q='"', moment="DATETIME", number="DOUBLE"))
            texts = [tuple(str(v) if isinstance(v, date) else v for v in row) for row in rows()]
            connection.executemany(f"INSERT INTO sales VALUES ({', '.join('?' * 7)})", texts)
        connection.close()
        yield request.param, sa.create_engine(f"sqlite:///{path}")
        return
    with (servers.postgresql if request.param == "postgresql" else servers.mariadb)() as server:
        url = sa.make_url(server.url()).set(drivername=server.admin.drivername)
        database = sa.create_engine(url)
        quote, number = (
            ('"', "DOUBLE PRECISION") if request.param == "postgresql" else ("`", "DOUBLE")
        )
        with database.begin() as connection:
            table = TABLE.format(q=quote, number=number, moment="TIMESTAMP NULL")
            connection.exec_driver_sql(table.replace(" NULL", "") if quote == '"' else table)
            marks = ", ".join(["%s"] * 7)
            connection.exec_driver_sql(f"INSERT INTO sales VALUES ({marks})", rows())
        yield request.param, database
        database.dispose()


@pytest.fixture(scope="module")
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(TABLE.format(q='"', moment="TIMESTAMP", number="DOUBLE"))
        connection.executemany(f"INSERT INTO sales VALUES ({', '.join('?' * 7)})", rows())
        yield connection


def test_each_kind_has_a_chart() -> None:
    assert {chart.kind for chart, _ in CHARTS.values()} == KINDS.keys()


@pytest.mark.parametrize("name", CHARTS)
def test_each_chart_is_the_same_in_each_engine(
    name: str, engine: tuple[str, sa.Engine], duck: duckdb.DuckDBPyConnection
) -> None:
    dialect_name, connectable = engine
    chart, bins = CHARTS[name]
    if chart.agg == "median" and not DIALECTS[dialect_name].median:
        with pytest.raises(FlaskdashError, match="has no median"):
            sql.select(chart, COLUMNS, bins, DIALECTS[dialect_name])
        return
    with connectable.connect() as connection:
        text = sql.select(chart, COLUMNS, bins, DIALECTS[dialect_name])
        if dialect_name != "sqlite":
            text = text.replace("%", "%%")
        result = [tuple(map(plain, row)) for row in connection.exec_driver_sql(text)]
    expected = [
        tuple(map(plain, row))
        for row in duck.execute(sql.select(chart, COLUMNS, bins, DUCKDB)).fetchall()
    ]
    assert expected
    if chart.kind in {"scatter", "bubble", "violin", "map"}:
        result, expected = sorted(result), sorted(expected)
    assert result == expected


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda dialect: dialect.name)
def test_each_chart_can_be_parsed(dialect: Dialect) -> None:
    for chart, bins in CHARTS.values():
        if dialect.median or chart.agg != "median":
            text = sql.select(chart, COLUMNS, bins, dialect)
            assert len(sqlglot.parse(text, dialect=PARSED[dialect.name])) == 1, text


def test_a_scheme_has_a_dialect() -> None:
    schemes = ("postgres", "postgresql+psycopg", "mariadb://me:pw@host/db", "trino", "oracle")
    names = ["postgresql", "postgresql", "mysql", "trino", "postgresql"]
    assert [from_url(scheme).name for scheme in schemes] == names


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda dialect: dialect.name)
def test_hostile_names_stay_names(dialect: Dialect) -> None:
    for name in ('a"b', "a`b", "x; DROP TABLE y --", "select", "Order Date", "a\\b", "ü", "%s"):
        text = f"SELECT {dialect.quote(name)} FROM t"
        tree = sqlglot.parse_one(text, dialect=PARSED[dialect.name])
        assert [column.name for column in tree.find_all(sqlglot.exp.Column)] == [name]
