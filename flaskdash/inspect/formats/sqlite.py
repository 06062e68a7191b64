"""Read a table of an SQLite file, which is copied into the project like any other file."""

from __future__ import annotations

import shlex
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pandas as pd

from flaskdash.errors import FlaskdashError
from flaskdash.inspect.dialects import DIALECTS
from flaskdash.inspect.formats.source_file import SourceFile
from flaskdash.inspect.literals import literal
from flaskdash.inspect.model import Read
from flaskdash.inspect.writing.draft import Draft, run
from flaskdash.inspect.writing.tabular import column_notes, units
from flaskdash.inspect.writing.typed_frame import convert

MAGIC = b"SQLite format 3\0"
MOST_ROWS = 2_000_000  # More do not fit into a DataFrame.
SECONDS = 60.0  # A view may compute rows without end.
STEPS = 100_000  # SQLite's own, between two looks at the clock.
LISTED_TABLES = 20
TABLES = """SELECT name FROM sqlite_master
    WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"""


def matches(source: SourceFile) -> bool:
    """Tell whether a file is an SQLite database."""
    return source.head.startswith(MAGIC)


def read(source: SourceFile) -> Draft:
    """Read a table of an SQLite database; raise FlaskdashError if that is not possible."""
    path = source.path
    if source.packed.kind:
        raise FlaskdashError(
            f"{path} is an archive with an SQLite database. Unpack it, and use the file inside."
        )
    try:
        table, columns, keys = _table(source)
        binary = [name for name, declared in columns.items() if "BLOB" in declared]
        lines = _opening(table, [name for name in columns if name not in binary])
        frame = run("\n".join([*lines, "return df"]), path)
    except (sqlite3.Error, pd.errors.DatabaseError) as error:
        raise FlaskdashError(
            f"{path} can't be read as an SQLite database: {error}. "
            "Check that the file was copied completely."
        ) from error
    notes = [f"left out, as it is binary: {name}" for name in binary]
    for name in frame.columns:
        if columns.get(name, "").startswith("BOOL") and set(frame[name]) <= {0, 1}:
            lines.append(f"df[{literal(name)}] = df[{literal(name)}].astype(bool)")
            frame[name] = frame[name].astype(bool)
    advice = "Check the values of its columns."
    body, frame, plans, repairs = convert(path, lines, frame, advice)
    return Draft(
        read=Read(format="sqlite", rows=len(frame), table=table),
        body=body,
        frame=frame,
        notes=(*notes, *repairs, *column_notes(plans)),
        units=units(plans),
        keys=keys,
    )


def _table(source: SourceFile) -> tuple[str, dict[str, str], frozenset[str]]:
    """Return the table to read, its columns with their declared types, in upper case, and its keys."""
    path, quote = source.path, DIALECTS["sqlite"].quote
    address = f"{path.resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as connection:
        deadline = time.monotonic() + SECONDS
        connection.set_progress_handler(lambda: time.monotonic() > deadline, STEPS)
        table = _choose(path, connection, source.table)
        info = connection.execute(f"PRAGMA table_info({quote(table)})").fetchall()
        foreign = connection.execute(f"PRAGMA foreign_key_list({quote(table)})").fetchall()
        rows = _count(connection, table)
    if rows == 0:
        raise FlaskdashError(
            f"{path} has no rows in the table {table}. Choose a table with rows, with --table."
        )
    if rows > MOST_ROWS:
        raise FlaskdashError(
            f"{path} has over {MOST_ROWS:,} rows in the table {table}, too many for one DataFrame. "
            "Give the file as the address of a database: its rows are then read in batches.",
            shlex.quote(f"sqlite:///{path}"),
        )
    keys = {name for _, name, *_, place in info if place} | {
        column for _, _, _, column, *_ in foreign
    }
    return table, {name: declared.upper() for _, name, declared, *_ in info}, frozenset(keys)


def _count(connection: sqlite3.Connection, table: str) -> int:
    """Return how many rows a table or view has; if there are more than MOST_ROWS, one more."""
    rows = f"SELECT 1 FROM {DIALECTS['sqlite'].quote(table)} LIMIT {MOST_ROWS + 1}"
    try:
        return int(connection.execute(f"SELECT count(*) FROM ({rows})").fetchone()[0])
    except sqlite3.OperationalError as error:
        if "interrupted" not in str(error):
            raise
        raise FlaskdashError(
            f"{table} does not give its rows within {SECONDS:.0f} s. "
            "If it is a view, check that its query ends, or choose a table."
        ) from error


def _choose(path: Path, connection: sqlite3.Connection, table: str | None) -> str:
    """Return `table` if it exists, or the only table of the database."""
    names = [str(row[0]) for row in connection.execute(TABLES)]
    if table in names:
        return str(table)
    if table is None and len(names) == 1:
        return names[0]
    if not names:
        raise FlaskdashError(f"{path} has no tables. Use a database that has at least one.")
    names.sort(key=lambda name: -_count(connection, name))
    listed = ", ".join(names[:LISTED_TABLES]) + (", ..." if len(names) > LISTED_TABLES else "")
    problem = f"{len(names)} tables" if table is None else f"no table {table!r}"
    raise FlaskdashError(
        f"{path} has {problem}. Choose one with --table: {listed}.",
        f"--table {shlex.quote(names[0])}",
    )


def _opening(table: str, columns: list[str]) -> list[str]:
    """Return the statements that read the columns of a table into `df`."""
    quote = DIALECTS["sqlite"].quote
    query = f"SELECT {', '.join(map(quote, columns))} FROM {quote(table)}"
    return [
        "import sqlite3",
        "from contextlib import closing",
        "",
        "import pandas as pd",
        "",
        'with closing(sqlite3.connect(f"{SOURCE.resolve().as_uri()}?mode=ro", uri=True)) as opened:',
        f"    df = pd.read_sql_query({literal(query)}, opened)",
    ]
