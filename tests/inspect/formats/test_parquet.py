"""Parquet files with records in their cells."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import pytest

from flaskdash.inspect import inspect_source
from tests.support.loaders import execute


@pytest.mark.parametrize(
    ("select", "names"),
    [
        (
            "{'city': 'Rome', 'zip': '00' || n} AS address, n AS amount",
            ["amount", "address.city", "address.zip"],
        ),
        (
            "{'id': n, 'home': {'town': 'Oslo', 'at': TIMESTAMP '2024-01-01 10:00'}} AS person",
            ["person.id", "person.home.town", "person.home.at"],
        ),
        ("n, {'a \"b\"': n, 'tags': ['x', 'y']} AS odd", ["n", 'odd.a "b"', "odd.tags"]),
    ],
)
def test_records_become_columns(tmp_path: Path, select: str, names: list[str]) -> None:
    path = tmp_path / "data.parquet"
    with duckdb.connect() as connection:
        connection.sql(f"SELECT {select} FROM range(20) AS t(n)").write_parquet(str(path))
    inspection = inspect_source(path)
    assert list(inspection.frame.columns) == names
    assert inspection.read.rows == 20
    pd.testing.assert_frame_equal(execute(inspection, path), inspection.frame)


@pytest.mark.parametrize("kind", ["DATE", "TIMESTAMP", "TIMESTAMPTZ"])
def test_infinite_days_are_missing(tmp_path: Path, kind: str) -> None:
    """PostgreSQL and DuckDB write them for "without end"; pandas has no such day."""
    path = tmp_path / "data.parquet"
    day = f"CASE WHEN n < 2 THEN '-infinity'::{kind} ELSE DATE '2024-01-01' + n::INT END::{kind}"
    with duckdb.connect() as connection:
        connection.sql(f"SELECT {day} AS day, n FROM range(20) AS t(n)").write_parquet(str(path))
    inspection = inspect_source(path)
    assert inspection.frame["day"].isna().sum() == 2
    assert "infinite days are read as missing: day" in inspection.notes
    pd.testing.assert_frame_equal(execute(inspection, path), inspection.frame)
