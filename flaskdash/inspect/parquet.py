"""Read Parquet files, through DuckDB."""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb
import pandas as pd

from flaskdash.errors import FlaskdashError
from flaskdash.inspect import dates, sampled
from flaskdash.inspect.big import BIG
from flaskdash.inspect.casts import quote
from flaskdash.inspect.draft import Draft, execute, run
from flaskdash.inspect.given import Given
from flaskdash.inspect.literals import literal
from flaskdash.inspect.model import Read
from flaskdash.inspect.names import repair

MAGIC = b"PAR1"
AS_TEXT = ("STRUCT", "MAP", "UNION", "UUID", "BLOB", "TIME", "INTERVAL", "BIT")


def matches(given: Given) -> bool:
    """Tell whether a file is Parquet, or claims to be."""
    return given.head.startswith(MAGIC) or given.suffix in (".parquet", ".pq", ".parq")


def read(given: Given) -> Draft:
    """Read a Parquet file; raise FlaskdashError where it is none."""
    path = given.path
    if given.packed.kind:
        raise FlaskdashError(f"{path} holds a Parquet file.", "unpack it: Parquet is packed inside")
    try:
        if path.stat().st_size > BIG:
            return _read_big(path)
        opening = _opening(path)
        frame = run("\n".join([*opening, "return df"]), path)
    except (duckdb.Error, ValueError, OverflowError) as error:
        reason = " ".join(str(error).split())[:200]
        raise FlaskdashError(
            f"{path} is not a Parquet file that can be read: {reason}",
            "check that it was copied whole",
        ) from error
    if frame.empty:
        raise FlaskdashError(f"{path} has columns but no rows.", "give a file with rows")
    old = [str(name) for name in frame.columns]
    new, notes = repair(old)
    changes = [f"df.columns = {literal(new)}"] if old != new else []
    for position, name in enumerate(new):
        changes += _dates(name, frame.iloc[:, position])
    imports = ["import duckdb"]
    if any("pd." in line for line in changes):
        imports.append("import pandas as pd")
    body = "\n".join([*imports, *opening[1:], *changes, "return df"])
    if changes:
        frame = run(body, path)
    read = Read(format="parquet", rows=len(frame))
    return Draft(read=read, body=body, frame=frame, notes=tuple(notes))


def _read_big(path: Path) -> Draft:
    """Read a file that is too big for a DataFrame, as a relation."""
    names, casts = _casts(path)
    new, notes = repair(names)
    renames = [f"{quote(a)} AS {quote(b)}" for a, b in zip(names, new, strict=True) if a != b]
    rows = "duckdb.connect().read_parquet(str(SOURCE))"
    comment = f"# A relation, not a DataFrame: above {BIG / 1e6:.0f} MB that takes too much memory."
    lines = ["import duckdb", "", comment, f"rows = {rows}"]
    with (
        tempfile.TemporaryDirectory(prefix="flaskdash-") as folder,
        sampled.connect(Path(folder)) as connection,
    ):
        copy = path
        if casts or renames:
            replaced = f" REPLACE ({', '.join(casts)})" if casts else ""
            renamed = f" RENAME ({', '.join(renames)})" if renames else ""
            lines += [f"rows = rows.project({literal(f'*{replaced}{renamed}')})"]
            copy = Path(folder) / "copy.parquet"
            execute("\n".join([*lines, "return rows"]), path).write_parquet(str(copy))
        found = sampled.describe(connection, copy, {})
    if not found.rows:
        raise FlaskdashError(f"{path} has columns but no rows.", "give a file with rows")
    notes.append(f"above {BIG / 1e6:.0f} MB: the loader returns a relation, not a DataFrame")
    body = "\n".join([*lines, "return rows"])
    read = Read(format="parquet", rows=found.rows)
    return Draft(read, body, found.frame, tuple(notes), columns=found.columns)


def _casts(path: Path) -> tuple[list[str], list[str]]:
    """Return a file's columns, and the casts to types that pandas and charts can hold."""
    with duckdb.connect() as connection:
        relation = connection.read_parquet(str(path))
        types = dict(zip(relation.columns, map(str, relation.types), strict=True))
    casts = []
    for name, kind in types.items():
        quoted = quote(name)
        if kind == "TIMESTAMP WITH TIME ZONE":
            casts.append(f"timezone('UTC', {quoted}) AS {quoted}")
        elif kind.endswith("]") or (kind.startswith(AS_TEXT) and not kind.startswith("TIMESTAMP")):
            casts.append(f"{quoted}::VARCHAR AS {quoted}")
    return list(types), casts


def _opening(path: Path) -> list[str]:
    """Return the lines that read the file, with types that pandas and charts can hold."""
    casts = _casts(path)[1]
    rows = "connection.read_parquet(str(SOURCE))"
    lines = ["import duckdb", "", "with duckdb.connect() as connection:"]
    if not casts:
        return [*lines, f"    df = {rows}.df()"]
    return [
        *lines,
        f"    rows = {rows}",
        "    # Times in UTC; what is nested, binary or no point in time as text.",
        f"    df = rows.project({literal('* REPLACE (' + ', '.join(casts) + ')')}).df()",
    ]


def _dates(name: str, values: pd.Series) -> list[str]:
    """Return the line that turns a column of dates as text into dates, if it is one."""
    if not isinstance(values.dtype, pd.StringDtype):
        return []
    unique = [str(value) for value in values.dropna().unique()]
    found = dates.recognise(unique[:1000]) and dates.recognise(unique)
    if not found or found.kind != "format" or found.ambiguous or found.rewrites:
        return []
    target = f"df[{literal(name)}]"
    call = f"pd.to_datetime({target}, format={literal(found.format)}"
    if found.zoned:
        return [f"{target} = {call}, utc=True).dt.tz_localize(None)  # in UTC"]
    return [f"{target} = {call})"]
