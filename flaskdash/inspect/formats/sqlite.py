"""Read a table of an SQLite file, which is copied and read like any other file."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd

from flaskdash.errors import FlaskdashError
from flaskdash.inspect.dialects import DIALECTS
from flaskdash.inspect.formats.given import Given
from flaskdash.inspect.literals import literal
from flaskdash.inspect.model import Read
from flaskdash.inspect.writing.column_names import repair
from flaskdash.inspect.writing.draft import Draft, run

MAGIC = b"SQLite format 3\0"
MOST = 2_000_000  # rows that fit into a DataFrame
SHOWN = 20
ISO = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?)?")
TABLES = """SELECT name FROM sqlite_master
    WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"""


def matches(given: Given) -> bool:
    """Tell whether a file is an SQLite database."""
    return given.head.startswith(MAGIC)


def read(given: Given) -> Draft:
    """Read a table of an SQLite database; raise FlaskdashError where that is not possible."""
    path = given.path
    if given.packed.kind:
        raise FlaskdashError(f"{path} holds an SQLite database.", "unpack it first")
    quote = DIALECTS["sqlite"].quote
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as opened:
            table = _chosen(path, opened, given.table)
            info = opened.execute(f"PRAGMA table_info({quote(table)})").fetchall()
            rows = int(opened.execute(f"SELECT count(*) FROM {quote(table)}").fetchone()[0])
        if rows == 0:
            raise FlaskdashError(f"{path} has no rows in {table}.", "a table with rows")
        if rows > MOST:
            raise FlaskdashError(
                f"{table} has {rows:,} rows, too many to be read at once.",
                f"sqlite:///{path}, which is read in pieces, in place of the file",
            )
        blobs = [name for _, name, kind, *_ in info if "BLOB" in kind.upper()]
        shown = ", ".join(quote(name) for _, name, *_ in info if name not in blobs)
        lines = _lines(f"SELECT {shown} FROM {quote(table)}")
        frame = run("\n".join([*lines, "return df"]), path)
    except (sqlite3.Error, pd.errors.DatabaseError) as error:
        raise FlaskdashError(f"{path} can't be read: {error}", "check that it is whole") from error
    notes = [f"left out, as it is binary: {name}" for name in blobs]
    old = [str(name) for name in frame.columns]
    new, repairs = repair(old)
    changes = [f"df.columns = {literal(new)}"] if old != new else []
    declared = {name: kind.upper() for _, name, kind, *_ in info}
    for before, name in zip(old, new, strict=True):
        changes += _typed(name, frame[before], declared.get(before, ""))
    body = "\n".join([*lines, *changes, "return df"])
    if changes:
        frame = run(body, path)
    found = Read(format="sqlite", rows=len(frame), table=table)
    return Draft(read=found, body=body, frame=frame, notes=(*notes, *repairs))


def _chosen(path: Path, opened: sqlite3.Connection, asked: str | None) -> str:
    names = [str(row[0]) for row in opened.execute(TABLES)]
    listed = ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
    if asked is not None:
        if asked not in names:
            raise FlaskdashError(
                f"{path} has no table {asked!r}.", f"--table with one of: {listed}"
            )
        return asked
    if len(names) != 1:
        raise FlaskdashError(
            f"{path} has {len(names) or 'no'} tables.",
            f"--table with one of: {listed}" if names else "a database with a table",
        )
    return names[0]


def _lines(query: str) -> list[str]:
    return [
        "import sqlite3",
        "from contextlib import closing",
        "",
        "import pandas as pd",
        "",
        'with closing(sqlite3.connect(f"{SOURCE.resolve().as_uri()}?mode=ro", uri=True)) as opened:',
        f"    df = pd.read_sql_query({literal(query)}, opened)",
    ]


def _typed(name: str, values: pd.Series, declared: str) -> list[str]:
    """Return the line that gives a column the type that SQLite has none for."""
    target = f"df[{literal(name)}]"
    present = values.dropna()
    if present.empty:
        return []
    if isinstance(values.dtype, pd.StringDtype):
        texts = present.drop_duplicates()
        if texts.map(lambda text: ISO.fullmatch(text) is not None).all():
            return [f'{target} = pd.to_datetime({target}, format="ISO8601")']
    elif declared.startswith("BOOL") and len(present) == len(values) and present.isin([0, 1]).all():
        return [f"{target} = {target}.astype(bool)"]
    return []
