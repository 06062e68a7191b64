"""refresh: the project's own code rebuilds its snapshots, and says in a line what failed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Cli, sales_csv


def snapshot(flaskdash: Cli) -> Any:
    return json.loads(flaskdash("list", "--json").output)["loaders"][0]["snapshot"]


def test_refresh_rebuilds_what_is_fresh_too(project: Path, flaskdash: Cli) -> None:
    said = flaskdash("refresh").output
    assert "refresh   sales: 360 rows in " in said
    first = snapshot(flaskdash)
    assert first["rows"] == 360
    flaskdash("refresh", "sales", "sales")
    again = snapshot(flaskdash)
    assert again["built"] > first["built"]
    assert "360 rows, just now" in flaskdash("list").output


def test_a_loader_that_fails_is_told_and_the_others_are_refreshed(
    project: Path, flaskdash: Cli, sales: Path
) -> None:
    flaskdash("refresh")
    good = (project / "instance/sales.parquet").read_bytes()
    loader = project / "app/loaders/sales.py"
    text = loader.read_text("utf-8").rstrip()
    broken = text.replace("    return", '    raise ValueError("no luck:\\n" + "today")\n    return')
    loader.write_text(broken, "utf-8")
    line = broken[: broken.index("raise")].count("\n") + 1
    (project / "app/loaders/z.py").write_text(text, "utf-8")
    said = flaskdash("refresh", code=1).output
    assert (
        f"failed    sales: ValueError: no luck: today (app/loaders/sales.py, line {line})" in said
    )
    assert "refresh   z: 360 rows in " in said
    assert "not refreshed: sales" in said
    assert "Traceback" not in said
    assert (project / "instance/sales.parquet").read_bytes() == good
    assert "360 rows" in flaskdash("list").output
    assert snapshot(flaskdash)["error"] == "ValueError"
    loader.write_text(text, "utf-8")
    flaskdash("refresh", "sales")
    assert snapshot(flaskdash)["error"] is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("def load(:\n", "is not valid Python"),
        ("import nowhere_at_all\n", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("import os\nos._exit(7)\n", "exit code 7"),
        ("import sys\nsys.exit('enough')\n", "SystemExit: enough (app/loaders/sales.py, line 2)"),
        ("SOURCE = ''\n", "load is missing"),
    ],
)
def test_a_project_that_does_not_start_is_told(
    project: Path, flaskdash: Cli, text: str, says: str
) -> None:
    (project / "app/loaders/sales.py").write_text(text, "utf-8")
    said = flaskdash("refresh", code=1).output
    assert says in said
    assert "Traceback" not in said


def test_refresh_without_a_secret_key_follows_the_source(project: Path, flaskdash: Cli) -> None:
    (project / ".env").unlink()
    (project / "data/sales.csv").write_text(sales_csv(20), "utf-8")
    assert "sales: 20 rows" in flaskdash("refresh").output


def test_refresh_knows_the_loaders(project: Path, flaskdash: Cli) -> None:
    assert "no loader 'sale'\nTry: one of: sales" in flaskdash("refresh", "sale", code=1).output
