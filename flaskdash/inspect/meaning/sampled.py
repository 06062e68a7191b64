"""Describe Parquet of any size: small ones whole, big ones by a sample and DuckDB's totals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pandas as pd

from flaskdash.inspect.meaning import roles
from flaskdash.inspect.model import Column
from flaskdash.inspect.writing.duckdb_code import quote

MOST = 500_000  # rows that are taken into a DataFrame as they are
SAMPLE = 150_000
EXACT = 20_000  # distinct values up to which they are counted one by one
FEW = 1000  # distinct values of a column, of which each is in the sample
MEMORY = "700MB"


@dataclass(frozen=True)
class Described:
    """What Parquet holds: `frame` is a sample where that has fewer rows than `rows`."""

    frame: pd.DataFrame
    columns: tuple[Column, ...]
    rows: int


def connect(folder: Path) -> duckdb.DuckDBPyConnection:
    """Return a connection that takes little memory, and the rest of its room in a folder."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY,
        "temp_directory": str(folder),
        "threads": 2,
    }
    return duckdb.connect(config=config)


def describe(
    connection: duckdb.DuckDBPyConnection, path: Path, units: Mapping[str, str]
) -> Described:
    """Return what a Parquet file holds, in a memory that does not grow with its rows.

    The sample is the same at each call. It has the least and the greatest of each column, and each
    value of a column with few.
    """
    source = connection.read_parquet(str(path))
    names, kinds = source.columns, [str(kind) for kind in source.types]
    rows = int(_row(source.aggregate("count(*)"))[0])
    if rows <= MOST:
        frame = source.df()
        return Described(frame, roles.describe(frame, units), rows)
    facts = _row(
        source.aggregate(
            ", ".join(f"count({quote(n)}), approx_count_distinct({quote(n)})" for n in names)
        )
    )
    present, distinct = list(facts[::2]), list(facts[1::2])
    table = f"read_parquet({_text(path)}, file_row_number = true)"
    many = [n for n, count in zip(names, distinct, strict=True) if count <= EXACT]
    if many:
        counted = ", ".join(f"count(DISTINCT {quote(n)})" for n in many)
        exact = dict(zip(many, _row(source.aggregate(counted)), strict=True))
        distinct = [exact.get(n, count) for n, count in zip(names, distinct, strict=True)]
    some = [n for n, count in zip(names, distinct, strict=True) if count <= FEW]
    wanted: set[int] = set()
    for name in some:
        found = f"SELECT min(file_row_number) FROM {table} GROUP BY {quote(name)}"
        wanted.update(row[0] for row in connection.execute(found).fetchall())
    ends = [
        f"{how}(file_row_number, {quote(name)})"
        for name, kind in zip(names, kinds, strict=True)
        if name not in some and not kind.startswith(("VARCHAR", "BLOB"))
        for how in ("arg_min", "arg_max")
    ]
    if ends:
        found_ends = connection.execute(f"SELECT {', '.join(ends)} FROM {table}").fetchall()[0]
        wanted.update(row for row in found_ends if row is not None)
    frame = connection.execute(
        f"SELECT * EXCLUDE (file_row_number) FROM {table} "
        f"WHERE hash(file_row_number) % {max(1, rows // SAMPLE)} = 0 "
        "OR file_row_number IN (SELECT unnest($wanted)) ORDER BY file_row_number",
        {"wanted": sorted(wanted)},
    ).df()
    columns = [
        replace(column, missing=rows - int(here), distinct=int(count))
        for column, here, count in zip(roles.describe(frame, units), present, distinct, strict=True)
    ]
    return Described(frame, tuple(_uncounted(connection, table, columns, rows)), rows)


def _uncounted(
    connection: duckdb.DuckDBPyConnection, table: str, columns: list[Column], rows: int
) -> list[Column]:
    """Return the columns, with a first one that only counts the rows as an identifier."""
    first = columns[0]
    if first.type != "integer" or first.role != "measure" or first.missing:
        return columns
    name = quote(first.name)
    low, high = connection.execute(f"SELECT min({name}), max({name}) FROM {table}").fetchall()[0]
    if high - low + 1 == rows and first.distinct > 0.9 * rows:
        return [replace(first, role="identifier", agg=None, unit=None), *columns[1:]]
    return columns


def _row(relation: duckdb.DuckDBPyRelation) -> tuple[int, ...]:
    return tuple(relation.fetchall()[0])


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
