"""Databases: a table that a query selects, read into a snapshot or asked live (live.py)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation
    from pandas import Series

CONNECT_SECONDS = 5
QUERY_SECONDS = int(os.environ.get("QUERY_SECONDS") or 20)  # that a chart may take
BLOCK = 50_000  # rows that are read at a time
DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}
DRIVERS |= {"mysql": "mysql+pymysql", "mariadb": "mysql+pymysql"}
READ_ONLY = {  # and in UTC, and with an end to slow statements
    "postgresql": "SET default_transaction_read_only = on; SET TIME ZONE 'UTC'; "
    "SET statement_timeout = '{seconds}s'",
    "mysql": "SET SESSION TRANSACTION READ ONLY; SET time_zone = '+00:00'; "
    "SET max_execution_time = {seconds}000",
    "mariadb": "SET SESSION TRANSACTION READ ONLY; SET time_zone = '+00:00'; "
    "SET max_statement_time = {seconds}",
    "sqlite": "PRAGMA query_only = ON",
    "hive": "SET spark.sql.session.timeZone = UTC; SET spark.sql.variable.substitute = false; "
    "SET spark.sql.ansi.doubleQuotedIdentifiers = true; "  # as in DuckDB's SQL
    "SET spark.sql.thriftServer.queryTimeout = {seconds}",
}
FAILURES: tuple[type[Exception], ...] = (sa.exc.SQLAlchemyError,)
with suppress(ImportError):  # Spark's driver raises errors that SQLAlchemy does not wrap
    FAILURES += (import_module("thrift.Thrift").TException,)
PANDAS: dict[str, Any] = {
    "BIGINT": "Int64",
    "DOUBLE": "float64",
    "BOOLEAN": "boolean",
    "VARCHAR": "str",
}


class DatabaseError(RuntimeError):
    """A failure of a database or its driver, without the password."""


class Statement(sa.Executable, sa.ClauseElement):
    """SQL as it was written, with clauses in between whose values are bound parameters."""

    inherit_cache = False

    def __init__(self, *parts: str | sa.ClauseElement) -> None:
        self.parts = parts


@compiles(Statement)
def _compile(statement: Statement, compiler: Any, **options: Any) -> str:
    return "".join(
        # To some drivers % begins a parameter, so it is doubled for them.
        compiler.post_process_text(part)
        if isinstance(part, str)
        else compiler.limit_clause(part, **options)  # of a SELECT, its LIMIT as the engine has it
        if isinstance(part, sa.Select)
        else compiler.process(part, **options)
        for part in statement.parts
    )


@dataclass(frozen=True)
class Table:
    """What a query selects from the database whose address a variable holds."""

    variable: str
    query: str
    columns: Mapping[str, str]  # name: type, as DuckDB calls it

    @contextmanager
    def connection(self, seconds: int = QUERY_SECONDS) -> Iterator[sa.Connection]:
        """Lend a connection, on which a statement may take some seconds."""
        try:
            with _engine(self.variable, seconds).connect() as connection:
                driver: Any = connection.connection.driver_connection
                stop = Timer(seconds, getattr(driver, "interrupt", int))
                if hasattr(driver, "interrupt"):  # SQLite has no time limit of its own
                    stop.start()
                try:
                    yield connection
                finally:
                    stop.cancel()
        except FAILURES as error:
            text = " ".join(str(getattr(error, "orig", None) or error).split())[:500]
            with suppress(ValueError, sa.exc.ArgumentError):
                secret = sa.make_url(os.environ[self.variable]).password
                text = text.replace(secret, "***") if secret else text
            raise DatabaseError(text) from None

    def read(self, most: int | None = None) -> DuckDBPyRelation:
        """Return all rows, or the first `most`, in memory that does not grow with their number."""
        import duckdb
        import pandas as pd

        spill = Path(tempfile.gettempdir()) / f"rows-{uuid4().hex}"  # DuckDB makes and removes it
        local = duckdb.connect(
            config={"memory_limit": "400MB", "temp_directory": str(spill), "threads": 2}
        )
        quoted = ['"' + name.replace('"', '""') + '"' for name in self.columns]
        types = dict(zip(quoted, self.columns.values(), strict=True))
        local.execute(f"CREATE TABLE rows ({', '.join(map(' '.join, types.items()))})")
        limit = f"LIMIT {most}" if most else ""
        statement = Statement(f"SELECT * FROM (\n{self.query}\n) AS source {limit}")
        with self.connection(seconds=3600) as source:
            streamed = source.execution_options(stream_results=True, max_row_buffer=BLOCK)
            result = streamed.execute(statement)
            while rows := result.fetchmany(BLOCK):
                frame = pd.DataFrame(rows, columns=list(self.columns), dtype=object)
                for name, kind in self.columns.items():
                    values = frame[name]
                    is_day = kind.startswith(("DATE", "TIMESTAMP"))
                    frame[name] = moments(values) if is_day else values.astype(PANDAS[kind])
                local.from_df(frame).insert_into("rows")
        return local.table("rows")


@lru_cache
def _engine(variable: str, seconds: int) -> sa.Engine:
    """Make an engine at its first use: one made before gunicorn forks would hang."""
    address = os.environ.get(variable)
    if not address:
        raise DatabaseError(f"{variable} is not set. Write {variable}=... to .env")
    try:
        url = sa.make_url(address)
    except (ValueError, sa.exc.ArgumentError):
        raise DatabaseError(
            f"{variable} is not an address such as postgresql://me:pw@host/db"
        ) from None
    url = url.set(drivername=DRIVERS.get(url.drivername, url.drivername))
    name = url.get_backend_name()
    if name == "sqlite" and not Path(url.database or "").is_file():
        raise DatabaseError(f"there is no file {url.database}")
    arguments: dict[str, dict[str, Any]] = {
        "postgresql": {"tcp_user_timeout": 1000 * (seconds + 5)},
        "mysql": {"read_timeout": seconds + 5},
    }
    options = {"connect_timeout": CONNECT_SECONDS, **arguments[name]} if name in arguments else {}
    pooled = seconds == QUERY_SECONDS  # charts share some connections; a snapshot has its own
    engine = sa.create_engine(
        url,
        connect_args=options,
        poolclass=None if pooled else sa.NullPool,
        pool_pre_ping=True,
        hide_parameters=True,
    )

    @sa.event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: object) -> None:
        is_mariadb = name == "mysql" and "MariaDB" in connection.get_server_info()
        cursor = connection.cursor()
        for statement in filter(
            None, READ_ONLY.get("mariadb" if is_mariadb else name, "").split("; ")
        ):
            cursor.execute(statement.format(seconds=seconds))
        cursor.close()
        if name in READ_ONLY:
            connection.commit()

    return engine


def moments(values: Series[Any]) -> Series[Any]:
    """Return dates, times or their text as times in UTC; other values become missing."""
    import pandas as pd

    times = pd.to_datetime(values, utc=True, errors="coerce", format="ISO8601")
    return times.dt.tz_localize(None).dt.as_unit("us")
