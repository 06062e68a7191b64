"""Inspect a table or a query of a database, with the same code that a project reads it with."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from itertools import takewhile
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from flaskdash import skeletons
from flaskdash.errors import FlaskdashError
from flaskdash.inspect import dialects
from flaskdash.inspect.dialects import Dialect
from flaskdash.inspect.model import Inspection, Read
from flaskdash.progress import working

if TYPE_CHECKING:
    import pandas as pd
    import sqlalchemy as sa

SCHEMES = """postgres postgresql mysql mariadb sqlite clickhouse clickhousedb bigquery snowflake trino
    databricks hive"""
ADDRESS = re.compile(rf"({'|'.join(SCHEMES.split())})(\+\w+)?://", re.IGNORECASE)
VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
SAMPLE = 100_000  # the number of rows that an inspection reads at most
MOST_LISTED = 20
SECONDS = 60  # the limit of time for each query of an inspection
REQUIRES = {
    "postgresql": ("psycopg[binary]>=3.2", "sqlalchemy>=2.0"),
    "mysql": ("pymysql[rsa]>=1.1", "sqlalchemy>=2.0"),
    "spark": ("pyhive[hive-pure-sasl]>=0.7", "sqlalchemy>=2.0"),
}
CHANCE = {
    "postgresql": "random() < {share}",
    "mysql": "rand() < {share}",
    "spark": "rand() < {share}",
    "sqlite": "abs(random()) < {share} * 9223372036854775807",
}
TEXT = {"mysql": "char", "spark": "string"}  # the type to cast unknown types to
ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")
ISO_TIME = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")


@dataclass(frozen=True)
class Database:
    """A table or a query that a loader reads, and the environment variable with the address.

    `name` is the table's name. `new` is true if the project's .env does not contain the address.
    """

    variable: str
    url: str = field(repr=False)
    query: str
    columns: dict[str, str]
    name: str
    live: bool = False
    new: bool = True

    @property
    def dialect(self) -> Dialect:
        return dialects.from_url(self.url)


@dataclass(frozen=True)
class Selection:
    """The SQL that selects the rows of a table or query, and what the database knows of them.

    `types` maps columns to DuckDB's types, if they are known. `keys` are the columns that are keys.
    """

    name: str
    sql: str
    types: dict[str, str] | None = None
    notes: Sequence[str] = ()
    keys: frozenset[str] = frozenset()


def is_address(source: str) -> bool:
    """Tell whether a source is the address of a database, or may be a variable that holds one."""
    if ADDRESS.match(source):
        return True
    return VARIABLE.fullmatch(source) is not None and not Path(source).exists()


def resolve(source: str, variables: Mapping[str, str]) -> tuple[str, str]:
    """Return the address of a database, and the name of the variable that holds it, or "".

    `variables` are those of the project's .env; the environment takes precedence.
    """
    if ADDRESS.match(source):
        return _absolute(source), ""
    value = os.environ.get(source) or variables.get(source)
    if not value:
        raise FlaskdashError(
            f"{source} is neither a file nor a variable that is set. "
            f"Write {source}=postgresql://... to .env, or set it in the environment."
        )
    if not ADDRESS.match(value):
        raise FlaskdashError(
            f"The variable {source} does not contain the address of a database. "
            "Write it as postgresql://user:password@host/name."
        )
    return _absolute(value), source


def _absolute(url: str) -> str:
    """Return an address that does not depend on the current folder."""
    match = re.fullmatch(r"sqlite(\+\w+)?:///([^?]+)(\?.*)?", url)
    if match is None:
        return url
    return f"sqlite:///{Path(match[2]).expanduser().resolve()}{match[3] or ''}"


def free_variable(
    url: str, name: str, variables: Mapping[str, str], preferred: str = "DATABASE_URL"
) -> str:
    """Return the variable that holds this address, or a new one."""
    for variable, value in variables.items():
        if value == url:
            return variable
    stem = re.sub(r"\W", "_", name).upper()
    candidates = [
        preferred,
        f"{stem}_URL",
        *(f"{stem}_{number}_URL" for number in range(2, 100)),
    ]
    return next(
        candidate
        for candidate in candidates
        if candidate not in variables and candidate not in os.environ
    )


def redact(url: str) -> str:
    """Return an address without its password and parameters."""
    import sqlalchemy as sa

    try:
        return sa.make_url(url).set(query={}).render_as_string(hide_password=True)
    except (sa.exc.ArgumentError, ValueError):
        return "the address"


def inspect_database(
    source: str, table: str | None, query: str | None, live: bool, variables: Mapping[str, str]
) -> tuple[Database, Inspection]:
    """Work out how to read a table or a query of a database, and what its columns mean."""
    from flaskdash.inspect.meaning import remarks, roles, totals

    url, variable = resolve(source, variables)
    selection, rows, frame = _read_sample(url, table, query)
    sql, notes = selection.sql, list(selection.notes)
    if frame.empty:
        raise FlaskdashError(f"{selection.name} has columns but no rows. Use a table with rows.")
    if len(frame) < rows:
        notes.append(f"read a sample of {len(frame):,} of the {rows:,} rows")
    described = roles.describe(frame, {})
    left_out = totals.redundant(frame, described)
    if left_out:
        sql = _without_totals(sql, left_out, dialects.from_url(url), is_table=query is None)
        for column, values in left_out.items():
            frame = frame[~frame[column].isin(values)]
        described = roles.describe(frame, {})
    key_roles = roles.of_keys(described, selection.keys)
    described = roles.override(described, key_roles, frame)
    declined = roles.decline(described, len(frame))
    types = selection.types or {}
    database = Database(variable, url, sql, types, selection.name, live, not variable)
    inspection = Inspection(
        source=f"{redact(url)}: {selection.name}",
        read=Read(database.dialect.title, rows=rows, table=table),
        columns=described,
        body="",
        frame=frame,
        notes=(
            *notes,
            *map(remarks.left_out, left_out.items()),
            *remarks.remark(frame, described),
        ),
        declined=declined,
        requires=REQUIRES.get(database.dialect.name, ("sqlalchemy>=2.0",)),
        roles=key_roles,
    )
    return database, inspection


def _read_sample(
    url: str, table: str | None, query: str | None
) -> tuple[Selection, int, pd.DataFrame]:
    """Return what selects the rows of a table or query, their number, and a sample of them."""
    try:
        with working(f"Reading {redact(url)}..."), _template(url) as module:
            with module.Table("FLASKDASH_URL", "", {}).connection(SECONDS) as connection:
                selection = _select(connection, table, query, url)
                rows = _count(module, connection, selection.sql)
            sample = _sample_query(selection.sql, rows, dialects.from_url(url))
            if selection.types is None:
                selection = replace(selection, types=_column_types(module, sample))
            frame = module.Table("FLASKDASH_URL", sample, selection.types).read(SAMPLE).df()
    except ModuleNotFoundError as error:
        raise FlaskdashError(
            f"{redact(url)} needs the package {error.name}.", "pip install 'flaskdash[databases]'"
        ) from error
    except RuntimeError as error:  # the template's DatabaseError
        raise _read_error(url, str(error)) from None
    return selection, rows, frame


def _without_totals(
    sql: str, left_out: Mapping[str, Sequence[str]], dialect: Dialect, *, is_table: bool
) -> str:
    """Return SQL that selects the same rows except the totals, which would count twice."""
    if not is_table:
        sql = f"SELECT * FROM (\n{sql}\n) AS whole"
    tests = []
    for column, values in left_out.items():
        name = dialect.quote(column)
        listed = _wrap(f"'{value}'" for value in values)
        tests.append(f"({name} IS NULL OR {name} NOT IN ({listed}))")
    return (
        f"{sql}\n-- Without totals of other rows, which would count twice.\nWHERE "
        + "\n    AND ".join(tests)
    )


def _read_error(url: str, reason: str) -> FlaskdashError:
    """Return the error for a database that can't be read, with what the user can do."""
    message = f"{redact(url)} can't be read: {reason.rstrip('.')}."
    if "sqlalchemy.dialects:hive" in reason:
        return FlaskdashError(message, "pip install 'flaskdash[spark]'")
    if "Can't load plugin" in reason:
        return FlaskdashError(f"{message} Install the SQLAlchemy dialect of this database.")
    return FlaskdashError(f"{message} Check the address, and that the database is running.")


@contextmanager
def _template(url: str) -> Iterator[ModuleType]:
    """Import the code that a project gets, and set the variable of its address meanwhile."""
    module = skeletons.import_module("database/{{cookiecutter.folder}}/app/engine/database.py")
    os.environ["FLASKDASH_URL"] = url
    try:
        yield module
    finally:
        del os.environ["FLASKDASH_URL"]


def _select(connection: sa.Connection, table: str | None, query: str | None, url: str) -> Selection:
    """Return what selects the rows of a table or a query."""
    import sqlalchemy as sa

    if query is not None:
        database = str(connection.engine.url.database or "data")
        name = table or database.rpartition("/")[2].partition(".")[0]
        return Selection(name, query.strip().rstrip(";").rstrip())
    dialect = dialects.from_url(url)
    inspector: Any
    inspector = _SparkInspector(connection) if dialect.name == "spark" else sa.inspect(connection)
    names = sorted({*inspector.get_table_names(), *inspector.get_view_names()})
    table = table or _only_table(url, names)
    schema, _, plain = (None, "", table) if table in names else table.rpartition(".")
    try:
        described = inspector.get_columns(plain, schema or None)
    except sa.exc.NoSuchTableError:
        described = []
    if not described:
        raise _no_table(f"{redact(url)} has no table {table!r}.", names)
    keys = _keys(inspector, plain, schema or None)
    binary = [column["name"] for column in described if isinstance(column["type"], sa.LargeBinary)]
    parts, columns = [], {}
    for column in described:
        if column["name"] in binary:
            continue
        kind, quoted = _duckdb_type(column["type"]), dialect.quote(column["name"])
        needs_cast = not kind and dialect.name in REQUIRES
        text = TEXT.get(dialect.name, "text")
        parts.append(f"CAST({quoted} AS {text}) AS {quoted}" if needs_cast else quoted)
        columns[column["name"]] = kind or "VARCHAR"
    if not schema and dialect.name != "mysql":
        # In a live query the loader is a CTE, often with the table's name: the schema tells them
        # apart.
        schema = "main" if dialect.name == "sqlite" else inspector.default_schema_name
    source = ".".join(dialect.quote(part) for part in (schema, plain) if part)
    # A column of SQLite can hold values of any type, so the types are those of the values.
    types = columns if dialect.name in REQUIRES else None
    return Selection(
        plain,
        f"SELECT {_wrap(parts)}\nFROM {source}",
        types,
        notes=[f"left out, as it is binary: {name}" for name in binary],
        keys=keys,
    )


def _keys(inspector: Any, table: str, schema: str | None) -> frozenset[str]:
    """Return the columns of a table that are keys: its own, and those of other tables."""
    try:
        own = inspector.get_pk_constraint(table, schema)["constrained_columns"]
        foreign = inspector.get_foreign_keys(table, schema)
    except (NotImplementedError, AttributeError):  # a dialect that knows no keys
        return frozenset()
    return frozenset([*own, *(name for key in foreign for name in key["constrained_columns"])])


def _only_table(url: str, names: Sequence[str]) -> str:
    """Return the name of the only table; raise FlaskdashError if there are several, or none."""
    if len(names) == 1:
        return names[0]
    if not names:
        raise FlaskdashError(
            f"{redact(url)} has no tables in its default schema. "
            "Give the table of another schema as --table SCHEMA.TABLE."
        )
    raise _no_table(f"{redact(url)} has {len(names)} tables.", names)


def _no_table(problem: str, names: Sequence[str]) -> FlaskdashError:
    """Return an error with the names of the tables to choose from."""
    if not names:
        return FlaskdashError(f"{problem} Check its name, and its schema.")
    listed = ", ".join(names[:MOST_LISTED]) + (", ..." if len(names) > MOST_LISTED else "")
    return FlaskdashError(
        f"{problem} Choose one with --table: {listed}.", f"--table {shlex.quote(names[0])}"
    )


class _SparkInspector:
    """The tables and columns of Spark, whose driver was written for Hive's different output."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.default_schema_name = connection.engine.url.database or "default"

    def get_table_names(self) -> list[str]:
        return [str(row[1]) for row in self.connection.exec_driver_sql("SHOW TABLES")]

    def get_view_names(self) -> list[str]:
        return []  # SHOW TABLES lists views too.

    def get_columns(self, table: str, schema: str | None) -> list[dict[str, Any]]:
        import sqlalchemy as sa

        types: dict[str, Any] = {"boolean": sa.Boolean, "binary": sa.LargeBinary, "date": sa.Date}
        types |= dict.fromkeys(("tinyint", "smallint", "int", "bigint"), sa.BigInteger)
        types |= dict.fromkeys(("float", "double", "decimal"), sa.Double)
        types |= dict.fromkeys(("string", "varchar", "char"), sa.String)
        types |= dict.fromkeys(("timestamp", "timestamp_ntz"), sa.DateTime)
        dialect = dialects.from_url("spark")
        name = ".".join(dialect.quote(part) for part in (schema, table) if part)
        try:
            rows = self.connection.exec_driver_sql("DESCRIBE " + name.replace("%", "%%")).all()
        except sa.exc.DBAPIError as error:
            if "TABLE_OR_VIEW_NOT_FOUND" in str(error):
                return []
            raise
        columns = takewhile(lambda row: row[0] and not row[0].startswith("# "), rows)
        return [
            {"name": row[0], "type": types.get(re.split(r"\W", row[1])[0], sa.types.NullType)()}
            for row in columns
        ]


def _wrap(parts: Iterable[str]) -> str:
    """Join parts with commas, on indented lines of at most about 90 characters."""
    lines = [""]
    for part in parts:
        if len(lines[-1]) + len(part) > 88 and lines[-1]:
            lines.append("")
        lines[-1] += f"{part}, "
    return "\n    ".join(line.rstrip() for line in lines).rstrip(",")


def _duckdb_type(kind: Any) -> str:
    """Return DuckDB's name for a type of SQLAlchemy, or "" if it must be cast to text."""
    import sqlalchemy as sa

    if isinstance(kind, sa.Boolean) or getattr(kind, "display_width", 0) == 1:
        return "BOOLEAN"
    # PostgreSQL does not compare an enum with text.
    if isinstance(kind, sa.Enum) and "postgresql" in type(kind).__module__:
        return ""
    types = (
        (sa.Integer, "BIGINT"),
        (sa.Numeric, "DOUBLE"),
        (sa.Float, "DOUBLE"),
        (sa.DateTime, "TIMESTAMP"),
        (sa.Date, "DATE"),
        (sa.String, "VARCHAR"),
    )
    return next((name for base, name in types if isinstance(kind, base)), "")


def _count(module: ModuleType, connection: sa.Connection, sql: str) -> int:
    statement = module.Statement(f"SELECT count(*) FROM (\n{sql}\n) AS source")
    return int(connection.execute(statement).scalar_one())


def _sample_query(sql: str, rows: int, dialect: Dialect) -> str:
    """Return SQL that selects about SAMPLE random rows, if the engine can do that."""
    if rows <= SAMPLE or dialect.name not in CHANCE:
        return sql
    chance = CHANCE[dialect.name].format(share=f"{SAMPLE / rows:.9f}")
    return f"SELECT * FROM (\n{sql}\n) AS whole WHERE {chance}"


def _column_types(module: ModuleType, sql: str) -> dict[str, str]:
    """Return the columns of a query, with the types of their values."""
    statement = module.Statement(f"SELECT * FROM (\n{sql}\n) AS source LIMIT {SAMPLE}")
    with module.Table("FLASKDASH_URL", "", {}).connection(SECONDS) as connection:
        result = connection.execute(statement)
        names, rows = list(result.keys()), result.fetchall()
    return {name: _value_type(row[index] for row in rows) for index, name in enumerate(names)}


def _value_type(values: Iterable[Any]) -> str:
    """Return DuckDB's name for the type that holds all values."""
    kinds: set[type] = set()
    days = times = True
    for value in values:
        if value is None:
            continue
        kinds.add(type(value))
        if isinstance(value, str):
            days = days and ISO_DAY.fullmatch(value) is not None
            times = times and ISO_TIME.fullmatch(value) is not None
    if kinds == {bool}:
        return "BOOLEAN"
    if kinds == {int}:
        return "BIGINT"
    if kinds and kinds <= {int, float, Decimal}:
        return "DOUBLE"
    if kinds == {date} or (kinds == {str} and days):
        return "DATE"
    if (kinds and kinds <= {date, datetime}) or (kinds == {str} and times):
        return "TIMESTAMP"
    return "VARCHAR"
