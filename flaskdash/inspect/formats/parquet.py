"""Read Parquet files, through DuckDB."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pandas as pd

from flaskdash.errors import FlaskdashError
from flaskdash.inspect.formats.big_csv import BIG
from flaskdash.inspect.formats.given import Given
from flaskdash.inspect.literals import comment, literal
from flaskdash.inspect.meaning import sampled
from flaskdash.inspect.model import Read
from flaskdash.inspect.values import dates
from flaskdash.inspect.writing.column_names import repair
from flaskdash.inspect.writing.draft import Draft, execute, run
from flaskdash.inspect.writing.duckdb_code import changes, quote

MAGIC = b"PAR1"
AS_TEXT = ("STRUCT", "MAP", "UNION", "UUID", "BLOB", "TIME", "INTERVAL", "BIT")


def matches(given: Given) -> bool:
    """Tell whether a file is Parquet, or claims to be."""
    return given.head.startswith(MAGIC) or given.suffix in (".parquet", ".pq", ".parq")


def read(given: Given) -> Draft:
    """Read a Parquet file; raise FlaskdashError where it is none."""
    path = given.path
    try:
        if given.packed.kind:
            return _read_packed(given)
        if path.stat().st_size > BIG:
            return _read_big(path)
        return _draft(path, _opening(_casts(path)[1]))
    except (duckdb.Error, ValueError, OverflowError) as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> FlaskdashError:
    """Return the error for what is no Parquet file."""
    reason = " ".join(str(error).split())[:200]
    return FlaskdashError(
        f"{path} is not a Parquet file that can be read: {reason}", "check that it was copied whole"
    )


def _draft(path: Path, opening: list[str]) -> Draft:
    """Return the draft of what the opening reads into `df`."""
    frame = run("\n".join([*opening, "return df"]), path)
    if frame.empty:
        raise FlaskdashError(f"{path} has columns but no rows.", "give a file with rows")
    old = [str(name) for name in frame.columns]
    new, notes = repair(old)
    more = [f"df.columns = {literal(new)}"] if old != new else []
    for position, name in enumerate(new):
        more += _dates(name, frame.iloc[:, position])
    if any("pd." in line for line in more):
        at = opening.index("import duckdb") + 1
        opening = [*opening[:at], "import pandas as pd", *opening[at:]]
    body = "\n".join([*opening, *more, "return df"])
    if more:
        frame = run(body, path)
    read = Read(format="parquet", rows=len(frame))
    return Draft(read=read, body=body, frame=frame, notes=tuple(notes))


def _read_packed(given: Given) -> Draft:
    """Read a file that is packed, through a copy that DuckDB can open."""
    with tempfile.TemporaryDirectory(prefix="flaskdash-") as folder:
        copy = Path(folder) / "data.parquet"
        copy.write_bytes(given.data)
        casts = _casts(copy)[1]
    modules = sorted({*given.packed.modules, "import shutil", "import tempfile"})
    lines = _opening(casts, "copy.name")[2:]
    opening = [
        *modules,
        "",
        "import duckdb",
        "",
        "# DuckDB reads Parquet from a file of its own.",
        f'{given.packed.opening[:-1]}, tempfile.NamedTemporaryFile(suffix=".parquet") as copy:',
        "    shutil.copyfileobj(file, copy)",
        "    copy.flush()",
        *(f"    {line}" for line in lines),
    ]
    return _draft(given.path, opening)


def read_folder(folder: Path, pattern: str, files: Sequence[Path]) -> Draft:
    """Read Parquet files of one shape as one table; raise FlaskdashError naming one that differs."""
    try:
        first = _types(files[0])
        for path in files[1:]:
            if (types := _types(path)) != first:
                differ = sorted(set(types.items()) ^ set(first.items()))
                names = ", ".join(dict.fromkeys(comment(name, 30) for name, _ in differ[:5]))
                raise FlaskdashError(
                    f"{path.name} has other columns than {files[0].name}: {names}.",
                    "give files of one shape: a pattern may leave this one out",
                )
        listed = f"[str(file) for file in sorted(SOURCE.glob({literal(pattern)}))]"
        if sum(path.stat().st_size for path in files) > BIG:
            return _read_big(folder, listed, files)
        return _draft(folder, _opening(_casts(files[0])[1], listed))
    except (duckdb.Error, ValueError, OverflowError) as error:
        raise unreadable(folder, error) from error


def _types(path: Path) -> dict[str, str]:
    """Return the types of a file's columns by name."""
    with duckdb.connect() as connection:
        relation = connection.read_parquet(str(path))
        return dict(zip(relation.columns, map(str, relation.types), strict=True))


def _read_big(path: Path, source: str = "str(SOURCE)", files: Sequence[Path] = ()) -> Draft:
    """Read what is too big for a DataFrame, as a relation."""
    names, casts = _casts(files[0] if files else path)
    new, notes = repair(names)
    renames = {a: f"{quote(a)} AS {quote(b)}" for a, b in zip(names, new, strict=True) if a != b}
    rows = f"duckdb.connect().read_parquet({source})"
    comment = f"# A relation, not a DataFrame: above {BIG / 1e6:.0f} MB that takes too much memory."
    lines = ["import duckdb", "", comment, f"rows = {rows}"]
    with (
        tempfile.TemporaryDirectory(prefix="flaskdash-") as folder,
        sampled.connect(Path(folder)) as connection,
    ):
        copy = path
        if casts or renames:
            lines += changes("casts", "REPLACE", casts, "rows.columns")
            lines += changes("names", "RENAME", renames, "rows.columns")
        if casts or renames or files:
            copy = Path(folder) / "copy.parquet"
            execute("\n".join([*lines, "return rows"]), path).write_parquet(str(copy))
        found = sampled.describe(connection, copy, {})
    if not found.rows:
        raise FlaskdashError(f"{path} has columns but no rows.", "give a file with rows")
    notes.append(f"above {BIG / 1e6:.0f} MB: the loader returns a relation, not a DataFrame")
    body = "\n".join([*lines, "return rows"])
    read = Read(format="parquet", rows=found.rows)
    return Draft(read, body, found.frame, tuple(notes), columns=found.columns)


def _casts(path: Path) -> tuple[list[str], dict[str, str]]:
    """Return a file's columns, and the casts to types that pandas and charts can hold."""
    types = _types(path)
    casts = {}
    for name, kind in types.items():
        quoted = quote(name)
        if kind == "TIMESTAMP WITH TIME ZONE":
            casts[name] = f"timezone('UTC', {quoted}) AS {quoted}"
        elif kind.endswith("]") or (kind.startswith(AS_TEXT) and not kind.startswith("TIMESTAMP")):
            casts[name] = f"{quoted}::VARCHAR AS {quoted}"
    return list(types), casts


def _opening(casts: Mapping[str, str], source: str = "str(SOURCE)") -> list[str]:
    """Return the lines that read files, with types that pandas and charts can hold."""
    rows = f"connection.read_parquet({source})"
    lines = ["import duckdb", "", "with duckdb.connect() as connection:"]
    if not casts:
        return [*lines, f"    df: DataFrame = {rows}.df()"]
    return [
        *lines,
        f"    rows = {rows}",
        "    # Times in UTC; what is nested, binary or no point in time as text.",
        *(f"    {line}" for line in changes("casts", "REPLACE", casts, "rows.columns")),
        "    df: DataFrame = rows.df()",
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
