"""Read Parquet files, through DuckDB."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd

from flaskdash.errors import FlaskdashError
from flaskdash.inspect import dates
from flaskdash.inspect.draft import Draft, run
from flaskdash.inspect.literals import literal
from flaskdash.inspect.model import Read
from flaskdash.inspect.names import repair

MAGIC = b"PAR1"


def matches(path: Path, head: bytes) -> bool:
    """Tell whether a file is Parquet, or claims to be."""
    return head.startswith(MAGIC) or path.suffix.lower() in (".parquet", ".pq", ".parq")


def read(path: Path) -> Draft:
    """Read a Parquet file; raise FlaskdashError where it is none."""
    body = "\n".join(
        [
            "import duckdb",
            "",
            "with duckdb.connect() as connection:",
            "    df = connection.read_parquet(str(SOURCE)).df()",
            "return df",
        ]
    )
    try:
        frame = run(body, path)
    except duckdb.Error as error:
        reason = " ".join(str(error).split())[:200]
        raise FlaskdashError(
            f"{path} is not a Parquet file that can be read: {reason}",
            "check that it was copied whole",
        ) from error
    old = [str(name) for name in frame.columns]
    new, _ = repair(old)
    if not new:
        raise FlaskdashError(f"{path} has no columns.", "give a file with data")
    changes = [f"df.columns = {literal(new)}"] if old != new else []
    for name in new:
        changes += _plain(name, frame.iloc[:, new.index(name)])
    if changes:
        lines = body.split("\n")
        if any("pd." in line for line in changes):
            lines[0:1] = ["import duckdb", "import pandas as pd"]
        lines[-1:-1] = changes
        body = "\n".join(lines)
        frame = run(body, path)
    if frame.empty:
        raise FlaskdashError(f"{path} has columns but no rows.", "give a file with rows")
    return Draft(read=Read(format="parquet", rows=len(frame)), body=body, frame=frame)


def _plain(name: str, values: pd.Series) -> list[str]:
    """Return the lines that turn a column into a type which charts understand."""
    target = f"df[{literal(name)}]"
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return [f'{target} = {target}.dt.tz_convert("UTC").dt.tz_localize(None)  # UTC']
    if pd.api.types.is_string_dtype(values.dtype) and values.dtype != object:
        unique = [str(value) for value in values.dropna().unique()]
        found = dates.recognise(unique[:1000]) and dates.recognise(unique)
        if found and found.kind == "format" and not found.ambiguous:
            call = f"pd.to_datetime({target}, format={literal(found.format)}"
            if found.zoned:
                return [f"{target} = {call}, utc=True).dt.tz_localize(None)  # in UTC"]
            return [f"{target} = {call})"]
    return []
