"""SQLite files with views that do not end."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from flaskdash.errors import FlaskdashError
from flaskdash.inspect import inspect_source
from flaskdash.inspect.formats import sqlite

NUMBERS = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n FROM t"


@pytest.mark.parametrize(
    ("condition", "reason"),
    [("n > 0", "over 2,000,000 rows in the table endless"), ("n < 0", "within 1 s")],
)
def test_a_view_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, condition: str, reason: str
) -> None:
    """The second view computes without end and never has a row."""
    monkeypatch.setattr(sqlite, "SECONDS", 60 if "2,000" in reason else 1)
    path = tmp_path / "data.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"CREATE VIEW endless AS {NUMBERS} WHERE {condition}")
        connection.commit()
    with pytest.raises(FlaskdashError, match=reason):
        inspect_source(path, table="endless")
