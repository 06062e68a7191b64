"""Look at a table, or at what a query selects, in a database: by the very code that a project reads it with."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import takewhile
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from flaskdash.errors import FlaskdashError
from flaskdash.inspect import dialects
from flaskdash.inspect.dialects import Dialect
from flaskdash.inspect.model import Inspection, Read
from flaskdash.progress import working
from flaskdash.skeletons import TEMPLATES

if TYPE_CHECKING:
    import sqlalchemy as sa

SCHEMES = """postgres postgresql mysql mariadb sqlite clickhouse clickhousedb bigquery snowflake trino
    databricks hive"""
ADDRESS = re.compile(rf"({'|'.join(SCHEMES.split())})(\+\w+)?://", re.IGNORECASE)
VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
SAMPLE = 100_000  # rows that are looked at
SHOWN = 20
SECONDS = 60  # that looking may take
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
TEXT = {"mysql": "char", "spark": "string"}  # what odd types are cast to
ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")
ISO_TIME = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")


@dataclass(frozen=True)
class Database:
    """What a loader reads from a database: the address is known by the name of a variable only.

    `name` is what it is called after; `new` tells that the project has to be told the address.
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
        """Return how the engine writes SQL."""
        return dialects.of(self.url)

    @property
    def shown(self) -> str:
        """Return the address without what is secret in it."""
        return shown(self.url)


def is_address(given: str) -> bool:
    """Tell whether a source is the address of a database, or the name of a variable that may hold one."""
    return bool(ADDRESS.match(given)) or (
        VARIABLE.fullmatch(given) is not None and not Path(given).exists()
    )


def resolve(given: str, known: Mapping[str, str]) -> tuple[str, str]:
    """Return an address, and the variable that holds it already, or "".

    `known` are the variables of the project's .env; the environment's own come first.
    """
    if ADDRESS.match(given):
        return _absolute(given), ""
    value = os.environ.get(given) or known.get(given)
    if not value:
        raise FlaskdashError(
            f"{given} is neither a file nor a variable that is set",
            f"write {given}=postgresql://... to .env, or set it in the environment",
        )
    if not ADDRESS.match(value):
        raise FlaskdashError(
            f"{given} holds no address of a database", "postgresql://user:password@host/name"
        )
    return _absolute(value), given


def _absolute(url: str) -> str:
    """Return an address that means the same in whatever folder it is used."""
    path = re.fullmatch(r"sqlite(\+\w+)?:///([^?]+)(\?.*)?", url)
    if path is None:
        return url
    return f"sqlite:///{Path(path[2]).expanduser().resolve()}{path[3] or ''}"


def free_variable(url: str, name: str, known: Mapping[str, str]) -> str:
    """Return the variable that holds this address, or one that holds none yet."""
    for variable, value in known.items():
        if value == url:
            return variable
    stem = re.sub(r"\W", "_", name).upper()
    candidates = ["DATABASE_URL", f"{stem}_URL", *(f"{stem}_{n}_URL" for n in range(2, 100))]
    return next(one for one in candidates if one not in known and one not in os.environ)


def shown(url: str) -> str:
    """Return an address without what is secret in it."""
    import sqlalchemy as sa

    try:
        return sa.make_url(url).set(query={}).render_as_string(hide_password=True)
    except (sa.exc.ArgumentError, ValueError):
        return "the address"


def look(
    given: str, table: str | None, query: str | None, live: bool, known: Mapping[str, str]
) -> tuple[Database, Inspection]:
    """Work out how to read a table or a query of a database, and what its columns mean."""
    from flaskdash.inspect.meaning import remarks, roles, totals

    url, variable = resolve(given, known)
    try:
        with working(f"Asking {shown(url)}..."), _template(url) as module:
            one = module.Table("FLASKDASH_URL", "", {})
            with one.connection(SECONDS) as connection:
                name, sql, columns, notes = _chosen(connection, table, query, url)
                rows = _count(module, connection, sql)
            sample = _sampled(sql, rows, dialects.of(url))
            if columns is None:
                columns = _guessed(module, sample)
            frame = module.Table("FLASKDASH_URL", sample, columns).read(SAMPLE).df()
    except ModuleNotFoundError as error:
        raise FlaskdashError(
            f"{shown(url)} needs the package {error.name}", "pip install 'flaskdash[databases]'"
        ) from error
    except RuntimeError as error:  # the template's DatabaseError
        raise FlaskdashError(f"{shown(url)} can't be read: {error}", _hint(str(error))) from None
    if frame.empty:
        raise FlaskdashError(f"{name} has columns but no rows.", "a table with rows")
    if len(frame) < rows:
        notes.append(f"looked at {len(frame):,} of the {rows:,} rows")
    described = roles.describe(frame, {})
    left_out = totals.redundant(frame, described)
    if left_out:
        sql = _without(sql, left_out, dialects.of(url), is_table=query is None)
        for column, values in left_out.items():
            frame = frame[~frame[column].isin(values)]
        described = roles.describe(frame, {})
    declined = roles.decline(described, len(frame))
    database = Database(variable, url, sql, columns, name, live, not variable)
    inspection = Inspection(
        source=f"{shown(url)}: {name}",
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
    )
    return database, inspection


def _without(
    sql: str, left_out: Mapping[str, Sequence[str]], to: Dialect, *, is_table: bool
) -> str:
    """Return SQL that selects the same rows but the totals, which would count twice."""
    if not is_table:
        sql = f"SELECT * FROM (\n{sql}\n) AS whole"
    tests = []
    for column, values in left_out.items():
        name, listed = to.quote(column), _wrapped(f"'{value}'" for value in values)
        tests.append(f"({name} IS NULL OR {name} NOT IN ({listed}))")
    return (
        f"{sql}\n-- Without totals of other rows, which would count twice.\nWHERE "
        + "\n    AND ".join(tests)
    )


def _hint(error: str) -> str:
    if "sqlalchemy.dialects:hive" in error:
        return "pip install 'flaskdash[spark]'"
    if "Can't load plugin" in error:
        return "pip install the SQLAlchemy dialect of that database"
    return "check the address, and that the database runs"


@contextmanager
def _template(url: str) -> Iterator[ModuleType]:
    """Lend the code that a project gets, with the address in its variable."""
    path = TEMPLATES / "database/{{cookiecutter.folder}}/app/engine/database.py"
    spec = importlib.util.spec_from_file_location("flaskdash_database", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    os.environ["FLASKDASH_URL"] = url
    try:
        yield module
    finally:
        del os.environ["FLASKDASH_URL"]


def _chosen(
    connection: sa.Connection, table: str | None, query: str | None, url: str
) -> tuple[str, str, dict[str, str] | None, list[str]]:
    """Return a name, the SQL that selects the rows, its columns where they are known, and notes."""
    import sqlalchemy as sa

    if query is not None:
        if table is None:
            table = (
                str(connection.engine.url.database or "data").rpartition("/")[2].partition(".")[0]
            )
        return table, query.strip().rstrip(";").rstrip(), None, []
    to = dialects.of(url)
    looking: Any = _Spark(connection) if to.name == "spark" else sa.inspect(connection)
    names = sorted({*looking.get_table_names(), *looking.get_view_names()})
    if table is None:
        if len(names) != 1:
            listed = ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
            raise FlaskdashError(
                f"{shown(url)} has {len(names)} tables."
                if names
                else f"{shown(url)} has no table.",
                f"--table with one of: {listed}" if names else "--table SCHEMA.TABLE",
            )
        table = names[0]
    schema, _, plain = (None, "", table) if table in names else table.rpartition(".")
    try:
        found = looking.get_columns(plain, schema or None)
    except sa.exc.NoSuchTableError:
        found = []
    if not found:
        near = ", ".join(names[:SHOWN])
        raise FlaskdashError(f"{shown(url)} has no table {table!r}.", f"one of: {near}")
    left = [column["name"] for column in found if isinstance(column["type"], sa.LargeBinary)]
    notes = [f"left out, as it is binary: {name}" for name in left]
    parts, columns = [], {}
    for column in found:
        if column["name"] in left:
            continue
        kind, quoted = _kind(column["type"]), to.quote(column["name"])
        odd = not kind and to.name in REQUIRES
        text = TEXT.get(to.name, "text")
        parts.append(f"CAST({quoted} AS {text}) AS {quoted}" if odd else quoted)
        columns[column["name"]] = kind or "VARCHAR"
    if not schema and to.name != "mysql":
        # In a live query the loader is a CTE, often of the table's name: this is the table.
        schema = "main" if to.name == "sqlite" else looking.default_schema_name
    source = ".".join(to.quote(part) for part in (schema, plain) if part)
    lines = _wrapped(parts)
    # SQLite's columns hold what they like: their types are those of the values.
    known = columns if to.name in REQUIRES else None
    return plain, f"SELECT {lines}\nFROM {source}", known, notes


class _Spark:
    """Tables and columns as Spark names them, which differs from Hive, for which its driver was written."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.default_schema_name = connection.engine.url.database or "default"

    def get_table_names(self) -> list[str]:
        return [str(row[1]) for row in self.connection.exec_driver_sql("SHOW TABLES")]

    def get_view_names(self) -> list[str]:
        return []  # SHOW TABLES has them

    def get_columns(self, table: str, schema: str | None) -> list[dict[str, Any]]:
        import sqlalchemy as sa

        types: dict[str, Any] = {"boolean": sa.Boolean, "binary": sa.LargeBinary, "date": sa.Date}
        types |= dict.fromkeys(("tinyint", "smallint", "int", "bigint"), sa.BigInteger)
        types |= dict.fromkeys(("float", "double", "decimal"), sa.Double)
        types |= dict.fromkeys(("string", "varchar", "char"), sa.String)
        types |= dict.fromkeys(("timestamp", "timestamp_ntz"), sa.DateTime)
        to = dialects.of("spark")
        name = ".".join(to.quote(part) for part in (schema, table) if part)
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


def _wrapped(parts: Iterable[str]) -> str:
    lines = [""]
    for part in parts:
        if len(lines[-1]) + len(part) > 88 and lines[-1]:
            lines.append("")
        lines[-1] += f"{part}, "
    return "\n    ".join(line.rstrip() for line in lines).rstrip(",")


def _kind(kind: Any) -> str:
    """Return DuckDB's name for a column's type; none where it has to be cast to text."""
    import sqlalchemy as sa

    if isinstance(kind, sa.Boolean) or getattr(kind, "display_width", 0) == 1:
        return "BOOLEAN"
    postgres_enum = isinstance(kind, sa.Enum) and "postgresql" in type(kind).__module__
    plain = (
        (sa.Integer, "BIGINT"),
        (sa.Numeric, "DOUBLE"),
        (sa.Float, "DOUBLE"),
        (sa.DateTime, "TIMESTAMP"),
        (sa.Date, "DATE"),
        (sa.String, "VARCHAR"),
    )
    if postgres_enum:
        return ""
    return next((name for one, name in plain if isinstance(kind, one)), "")


def _count(module: ModuleType, connection: sa.Connection, sql: str) -> int:
    statement = module.Statement(f"SELECT count(*) FROM (\n{sql}\n) AS source")
    return int(connection.execute(statement).scalar_one())


def _sampled(sql: str, rows: int, to: Dialect) -> str:
    """Return SQL that selects about as many rows as are looked at, from everywhere."""
    if rows <= SAMPLE or to.name not in CHANCE:
        return sql
    chance = CHANCE[to.name].format(share=f"{SAMPLE / rows:.9f}")
    return f"SELECT * FROM (\n{sql}\n) AS whole WHERE {chance}"


def _guessed(module: ModuleType, sql: str) -> dict[str, str]:
    """Return the columns that a query selects, each with the type of its values."""
    statement = module.Statement(f"SELECT * FROM (\n{sql}\n) AS source LIMIT {SAMPLE}")
    with module.Table("FLASKDASH_URL", "", {}).connection(SECONDS) as connection:
        result = connection.execute(statement)
        names, rows = list(result.keys()), result.fetchall()
    return {name: _type_of(row[n] for row in rows) for n, name in enumerate(names)}


def _type_of(values: Iterable[Any]) -> str:
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
