"""Describe Parquet files of any size; big ones by a sample, with counts from DuckDB."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pandas as pd

from flaskdash.inspect.meaning import roles
from flaskdash.inspect.model import Column
from flaskdash.inspect.writing.duckdb_code import quote

MAX_ROWS = 500_000  # up to which a file is read into a DataFrame as it is
SAMPLE = 150_000
EXACT = 20_000  # distinct values, up to which they are counted exactly
FEW = 1000  # distinct values, up to which the sample has each of them
MEMORY = "700MB"


@dataclass(frozen=True)
class Described:
    """The contents of a Parquet file of `rows`; `frame` is a sample if it has fewer."""

    frame: pd.DataFrame
    columns: tuple[Column, ...]
    rows: int


def connect(folder: Path) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB connection with a low memory limit that spills to a folder."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY,
        "temp_directory": str(folder),
        "threads": 2,
    }
    return duckdb.connect(config=config)


def describe(
    connection: duckdb.DuckDBPyConnection, path: Path, units: Mapping[str, str]
) -> Described:
    """Return the contents of a Parquet file, in memory that does not grow with its rows.

    The sample is the same at each call. It has the least and the greatest value of each column, and
    every value of columns with few values.
    """
    source = connection.read_parquet(str(path))
    rows = int(_row(source.aggregate("count(*)"))[0])
    if rows <= MAX_ROWS:
        frame = source.df()
        return Described(frame, roles.describe(frame, units), rows)
    present, distinct = _counts(source)
    table = f"read_parquet({_literal(path)}, file_row_number = true)"
    numbers = _telling_rows(connection, source, table, distinct)
    frame = connection.execute(
        f"SELECT * EXCLUDE (file_row_number) FROM {table} "
        f"WHERE hash(file_row_number) % {max(1, rows // SAMPLE)} = 0 "
        "OR file_row_number IN (SELECT unnest($numbers)) ORDER BY file_row_number",
        {"numbers": sorted(numbers)},
    ).df()
    columns = [
        replace(column, missing=rows - present[name], distinct=distinct[name])
        for name, column in zip(source.columns, roles.describe(frame, units), strict=True)
    ]
    return Described(frame, tuple(_without_index(connection, table, columns, rows)), rows)


def _counts(source: duckdb.DuckDBPyRelation) -> tuple[dict[str, int], dict[str, int]]:
    """Return the numbers of present and of distinct values by column; large ones approximately."""
    names = source.columns
    counts = _row(
        source.aggregate(
            ", ".join(f"count({quote(n)}), approx_count_distinct({quote(n)})" for n in names)
        )
    )
    present = {name: int(count) for name, count in zip(names, counts[::2], strict=True)}
    distinct = {name: int(count) for name, count in zip(names, counts[1::2], strict=True)}
    countable = [name for name, count in distinct.items() if count <= EXACT]
    if countable:
        exact = _row(source.aggregate(", ".join(f"count(DISTINCT {quote(n)})" for n in countable)))
        distinct |= {name: int(count) for name, count in zip(countable, exact, strict=True)}
    return present, distinct


def _telling_rows(
    connection: duckdb.DuckDBPyConnection,
    source: duckdb.DuckDBPyRelation,
    table: str,
    distinct: Mapping[str, int],
) -> set[int]:
    """Return the numbers of rows with each of few values, and with the extremes of columns."""
    numbers: set[int] = set()
    ends = []
    for name, kind in zip(source.columns, source.types, strict=True):
        if distinct[name] <= FEW:
            first_rows = f"SELECT min(file_row_number) FROM {table} GROUP BY {quote(name)}"
            numbers.update(row[0] for row in connection.execute(first_rows).fetchall())
        elif not str(kind).startswith(("VARCHAR", "BLOB")):
            ends += [f"{end}(file_row_number, {quote(name)})" for end in ("arg_min", "arg_max")]
    if ends:
        extremes = connection.execute(f"SELECT {', '.join(ends)} FROM {table}").fetchall()[0]
        numbers.update(number for number in extremes if number is not None)
    return numbers


def _without_index(
    connection: duckdb.DuckDBPyConnection, table: str, columns: list[Column], rows: int
) -> list[Column]:
    """Return the columns; if the first one only numbers the rows, it is an identifier."""
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


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
