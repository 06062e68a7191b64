"""Read Parquet files with DuckDB."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from flaskdash.errors import FlaskdashError
from flaskdash.inspect.formats.big_csv import BIG
from flaskdash.inspect.formats.source_file import SourceFile
from flaskdash.inspect.literals import comment, literal
from flaskdash.inspect.meaning import sampled
from flaskdash.inspect.model import Read
from flaskdash.inspect.values import dates
from flaskdash.inspect.writing.column_names import repair
from flaskdash.inspect.writing.draft import Draft, execute, run
from flaskdash.inspect.writing.duckdb_code import changes, quote

MAGIC = b"PAR1"
AS_TEXT = ("STRUCT", "MAP", "UNION", "UUID", "BLOB", "TIME", "INTERVAL", "BIT")


def matches(source: SourceFile) -> bool:
    """Tell whether a file is Parquet, by its first bytes or its suffix."""
    return source.head.startswith(MAGIC) or source.suffix in (".parquet", ".pq", ".parq")


def read(source: SourceFile) -> Draft:
    """Read a Parquet file; raise FlaskdashError if that is not possible."""
    path = source.path
    try:
        if source.packed.kind:
            return _read_packed(source)
        if path.stat().st_size > BIG:
            return _read_big(path)
        return _draft(path, _opening(path), _infinity_notes(_casts(path)[1]))
    except (duckdb.Error, ValueError, OverflowError) as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> FlaskdashError:
    """Return the error for a file that DuckDB can't read as Parquet."""
    reason = " ".join(str(error).split())[:200].rstrip(".")
    return FlaskdashError(
        f"{path} is not a Parquet file that can be read: {reason}. "
        "Check that the file was copied completely."
    )


def without_rows(path: Path) -> FlaskdashError:
    """Return the error for a file without rows."""
    return FlaskdashError(f"{path} has columns but no rows. Use a file with at least one row.")


def _draft(path: Path, opening: list[str], notes: Sequence[str] = ()) -> Draft:
    """Return the draft for the statements that read a DataFrame `df`."""
    frame = run("\n".join([*opening, "return df"]), path)
    if frame.empty:
        raise without_rows(path)
    old_names = [str(name) for name in frame.columns]
    names, repairs = repair(old_names)
    changes = [f"df.columns = {literal(names)}"] if old_names != names else []
    for position, name in enumerate(names):
        changes += _dates(name, frame.iloc[:, position])
    if any("pd." in line for line in changes):
        imports = opening.index("import duckdb") + 1
        opening = [*opening[:imports], "import pandas as pd", *opening[imports:]]
    body = "\n".join([*opening, *changes, "return df"])
    if changes:
        frame = run(body, path)
    read = Read(format="parquet", rows=len(frame))
    return Draft(read=read, body=body, frame=frame, notes=(*notes, *repairs))


def _read_packed(source: SourceFile) -> Draft:
    """Read a packed file from an unpacked copy, because DuckDB needs a file of its own."""
    with tempfile.TemporaryDirectory(prefix="flaskdash-") as folder:
        copy = Path(folder) / "data.parquet"
        copy.write_bytes(source.data)
        lines = _opening(copy, "copy.name")[2:]
        notes = _infinity_notes(_casts(copy)[1])
    modules = sorted({*source.packed.modules, "import shutil", "import tempfile"})
    opening = [
        *modules,
        "",
        "import duckdb",
        "",
        "# DuckDB can't read Parquet from an archive, only from a file.",
        f'{source.packed.opening[:-1]}, tempfile.NamedTemporaryFile(suffix=".parquet") as copy:',
        "    shutil.copyfileobj(file, copy)",
        "    copy.flush()",
        *(f"    {line}" for line in lines),
    ]
    return _draft(source.path, opening, notes)


def read_folder(folder: Path, pattern: str, files: Sequence[Path]) -> Draft:
    """Read Parquet files with the same columns as one table.

    Raises FlaskdashError, with the file's name, if the columns of a file differ.
    """
    try:
        first = _types(files[0])
        for path in files[1:]:
            _refuse_types(path, _types(path), files[0], first)
        listed = f"[str(file) for file in sorted(SOURCE.glob({literal(pattern)}))]"
        if sum(path.stat().st_size for path in files) > BIG:
            return _read_big(folder, listed, files)
        return _draft(folder, _opening(files[0], listed))
    except (duckdb.Error, ValueError, OverflowError) as error:
        raise unreadable(folder, error) from error


def _refuse_types(
    path: Path, types: Mapping[str, str], reference: Path, expected: Mapping[str, str]
) -> None:
    """Raise if the columns of a file, or their types, differ from those of the first file."""
    if types == expected:
        return
    differences = sorted(set(types.items()) ^ set(expected.items()))
    names = ", ".join(dict.fromkeys(comment(name, 30) for name, _ in differences[:5]))
    raise FlaskdashError(
        f"{path.name} has other columns than {reference.name}: {names}. "
        "Use a pattern that leaves this file out."
    )


def _types(path: Path) -> dict[str, str]:
    """Return the types of a file's columns by name."""
    with duckdb.connect() as connection:
        relation = connection.read_parquet(str(path))
        if fields := _fields(relation):
            relation = relation.project(fields)
        return dict(zip(relation.columns, map(str, relation.types), strict=True))


def _fields(relation: duckdb.DuckDBPyRelation) -> str:
    """Return the projection that makes a column of each field of a record, or ""."""
    structs = [
        (name, kind)
        for name, kind in zip(relation.columns, relation.types, strict=True)
        if kind.id == "struct"
    ]
    if not structs:
        return ""
    fields = ", ".join(
        f"{expression} AS {quote(name)}"
        for column, kind in structs
        for expression, name in _flatten(quote(column), column, kind)
    )
    return f"* EXCLUDE ({', '.join(quote(name) for name, _ in structs)}), {fields}"


def _flatten(expression: str, name: str, kind: Any) -> Iterator[tuple[str, str]]:
    """Yield the expression and the name of each field of a record, at any depth."""
    if kind.id != "struct":
        yield expression, name
        return
    for field, field_kind in kind.children:
        yield from _flatten(f"{expression}.{quote(field)}", f"{name}.{field}", field_kind)


def _read_big(path: Path, argument: str = "str(SOURCE)", files: Sequence[Path] = ()) -> Draft:
    """Read files that are too big for a DataFrame, as a DuckDB relation."""
    names, casts = _casts(files[0] if files else path)
    repaired, notes = repair(names)
    notes += _infinity_notes(casts)
    renames = {
        old: f"{quote(old)} AS {quote(new)}"
        for old, new in zip(names, repaired, strict=True)
        if old != new
    }
    rows = f"duckdb.connect().read_parquet({argument})"
    reason = f"# A relation, not a DataFrame: above {BIG / 1e6:.0f} MB that takes too much memory."
    lines = ["import duckdb", "", reason, f"rows = {rows}"]
    with duckdb.connect() as schema:
        fields = _fields(schema.read_parquet(str(files[0] if files else path)))
    if fields:
        lines.append(f"rows = rows.project({literal(fields)})")
    with (
        tempfile.TemporaryDirectory(prefix="flaskdash-") as folder,
        sampled.connect(Path(folder)) as connection,
    ):
        copy = path
        if casts or renames:
            lines += changes("casts", "REPLACE", casts, "rows.columns")
            lines += changes("names", "RENAME", renames, "rows.columns")
        if casts or renames or files or fields:
            copy = Path(folder) / "copy.parquet"
            execute("\n".join([*lines, "return rows"]), path).write_parquet(str(copy))
        description = sampled.describe(connection, copy, {})
    if not description.rows:
        raise without_rows(path)
    notes.append(f"above {BIG / 1e6:.0f} MB: the loader returns a relation, not a DataFrame")
    body = "\n".join([*lines, "return rows"])
    read = Read(format="parquet", rows=description.rows)
    return Draft(read, body, description.frame, tuple(notes), columns=description.columns)


def _casts(path: Path) -> tuple[list[str], dict[str, str]]:
    """Return the names of a file's columns, and the casts to types that charts support."""
    types = _types(path)
    casts = {}
    for name, kind in types.items():
        quoted = quote(name)
        if kind == "TIMESTAMP WITH TIME ZONE":
            casts[name] = f"timezone('UTC', {quoted}) AS {quoted}"
        elif kind.endswith("]") or (kind.startswith(AS_TEXT) and not kind.startswith("TIMESTAMP")):
            casts[name] = f"{quoted}::VARCHAR AS {quoted}"
    for name in _infinite(path, types):
        day, quoted = quote(name), quote(name)
        if name in casts:
            day = f"timezone('UTC', {quoted})"
        casts[name] = f"CASE WHEN isfinite({quoted}) THEN {day} END AS {quoted}"
    return list(types), casts


def _infinite(path: Path, types: Mapping[str, str]) -> list[str]:
    """Return the columns of days and times with infinite ones, which pandas does not have."""
    names = [name for name, kind in types.items() if kind.startswith(("DATE", "TIMESTAMP"))]
    names = [name for name in names if not types[name].endswith("]")]
    if not names:
        return []
    tests = ", ".join(f"bool_and(isfinite({quote(name)}))" for name in names)
    with duckdb.connect() as connection:
        relation = connection.read_parquet(str(path))
        if fields := _fields(relation):
            relation = relation.project(fields)
        finite = relation.aggregate(tests).fetchall()[0]
    return [name for name, is_finite in zip(names, finite, strict=True) if is_finite is False]


def _infinity_notes(casts: Mapping[str, str]) -> list[str]:
    infinite = [name for name, expression in casts.items() if "isfinite(" in expression]
    return [f"infinite days are read as missing: {comment(name)}" for name in infinite]


def _opening(path: Path, argument: str = "str(SOURCE)") -> list[str]:
    """Return the statements that read files such as this one into `df`, with casts applied."""
    casts = _casts(path)[1]
    with duckdb.connect() as connection:
        fields = _fields(connection.read_parquet(str(path)))
    rows = f"connection.read_parquet({argument})"
    lines = ["import duckdb", "", "with duckdb.connect() as connection:"]
    if not (casts or fields):
        return [*lines, f"    df: DataFrame = {rows}.df()"]
    lines.append(f"    rows = {rows}")
    if fields:
        lines += [
            "    # A column for each field of a record.",
            f"    rows = rows.project({literal(fields)})",
        ]
    if not casts:
        return [*lines, "    df: DataFrame = rows.df()"]
    return [
        *lines,
        "    # Times are converted to UTC; nested, binary and time-of-day values to text.",
        *(["    # Infinite days become missing."] if _infinity_notes(casts) else []),
        *(f"    {line}" for line in changes("casts", "REPLACE", casts, "rows.columns")),
        "    df: DataFrame = rows.df()",
    ]


def _dates(name: str, values: pd.Series) -> list[str]:
    """Return the line that parses a text column as dates, if all its values are dates."""
    if not isinstance(values.dtype, pd.StringDtype):
        return []
    unique = [str(value) for value in values.dropna().unique()]
    # Most columns fail on the first values, which saves reading the others.
    dating = dates.recognise(unique[:1000]) and dates.recognise(unique)
    if not dating or dating.kind != "format" or dating.ambiguous or dating.rewrites:
        return []
    if dating.more or dating.midnight or dating.latest:
        return []
    target = f"df[{literal(name)}]"
    call = f"pd.to_datetime({target}, format={literal(dating.format)}"
    if dating.zoned:
        return [f"{target} = {call}, utc=True).dt.tz_localize(None)  # in UTC"]
    return [f"{target} = {call})"]
