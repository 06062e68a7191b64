"""`flaskdash list`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.fixtures import Cli


def test_list_has_the_file_of_each_loader_and_chart(made: Path, flaskdash: Cli) -> None:
    listing = json.loads(flaskdash("list", "--json").output)
    assert listing["loaders"] == [
        {
            "name": "sales",
            "file": "app/loaders/sales.py",
            "source": "data/sales.csv",
            "snapshot": {"rows": None, "built": None, "error": None, "failed": None, "unread": 0},
        }
    ]
    assert {chart["file"] for chart in listing["charts"]} == {
        str(path.relative_to(made).as_posix()) for path in (made / "app/charts").glob("[!_]*.py")
    }
    assert listing["dashboards"][0]["title"] == "Overview"
    text = flaskdash("list").output
    assert "app/loaders/sales.py" in text


def state(made: Path, **values: object) -> None:
    """Write the state of the sales' snapshot, as a running project does."""
    folder = made / "instance"
    folder.mkdir(exist_ok=True)
    (folder / "sales.1.parquet").touch()
    state = {"signature": "", "file": "sales.1.parquet", "rows": 1360, "error": ""}
    text = json.dumps(state | values)
    (folder / "sales.json").write_text(text, "utf-8")


def ago(**units: int) -> datetime:
    return datetime.now(UTC) - timedelta(**units)


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(0, "just now"), (1, "1 minute ago"), (150, "2 hours ago"), (3 * 24 * 60, "3 days ago")],
)
def test_list_shows_the_age_of_a_snapshot(
    made: Path, flaskdash: Cli, minutes: int, text: str
) -> None:
    then = ago(minutes=minutes)
    assert "no snapshot yet" in flaskdash("list").output
    state(made, built=then.isoformat())
    assert f"data/sales.csv  1,360 rows, {text}\n" in flaskdash("list").output
    (loader,) = json.loads(flaskdash("list", "--json").output)["loaders"]
    expected = {"rows": 1360, "built": then.isoformat(), "error": None, "failed": None}
    assert loader["snapshot"] == expected | {"unread": 0}


@pytest.mark.parametrize("key", ["tried", "failed"])
def test_list_shows_why_a_rebuild_failed(made: Path, flaskdash: Cli, key: str) -> None:
    built, failed = ago(hours=2), ago(minutes=5)
    state(made, built=built.isoformat(), error="ValueError", **{key: failed.timestamp()})
    output = flaskdash("list").output
    assert "1,360 rows, 2 hours ago; failed 5 minutes ago: ValueError\n" in output
    snapshot = json.loads(flaskdash("list", "--json").output)["loaders"][0]["snapshot"]
    assert (snapshot["error"], snapshot["failed"]) == ("ValueError", failed.isoformat())
    state(made, built="", error="ValueError", **{key: failed.timestamp()})
    assert "no snapshot yet; failed 5 minutes ago: ValueError\n" in flaskdash("list").output


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "null", "\0", "[" * 100_000, '{"built": 3, "error": ""}'),
        '{"file": "sales.1.parquet", "built": "2024-01-01", "rows": 1, "error": "x", "tried": 1e300}',
        '{"file": "\\u0000", "built": "2024-01-01", "rows": 1, "error": ""}',
    ],
    ids=range(9),
)
def test_list_ignores_an_invalid_state(made: Path, flaskdash: Cli, text: str) -> None:
    state(made)
    (made / "instance/sales.json").write_text(text, "utf-8")
    assert "no snapshot yet" in flaskdash("list").output


def test_list_finds_snapshots_in_the_instance_folder_of_the_project(
    made: Path, flaskdash: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state(made, built=ago(hours=2).isoformat())
    with (made / ".env").open("a", encoding="utf-8") as env:
        env.write("INSTANCE_PATH=elsewhere\n")
    assert "no snapshot yet" in flaskdash("list").output
    (made / "instance").rename(made / "elsewhere")
    assert "1,360 rows" in flaskdash("list").output
    (made / "elsewhere").rename(tmp_path / "moved")
    monkeypatch.setenv("INSTANCE_PATH", str(tmp_path / "moved"))
    assert "1,360 rows" in flaskdash("list").output
    output = flaskdash("remove", "sales", "--force").output
    assert f"remove    {tmp_path}/moved/sales.1.parquet" in output
    assert not list((tmp_path / "moved").iterdir())


def test_list_names_a_file_that_is_not_python(made: Path, flaskdash: Cli) -> None:
    (made / "app/charts/broken.py").write_text("TITLE = (\n", "utf-8")
    result = flaskdash("list", code=1)
    assert "broken.py, line 1" in result.output


def test_none_means_the_default(made: Path, flaskdash: Cli) -> None:
    chart = made / "app/charts/revenue_by_region.py"
    chart.write_text(chart.read_text("utf-8") + "\nORDER = None\nFILTERS = None\n", "utf-8")
    chart.write_text(chart.read_text("utf-8").replace("FILTERS = [", "_ = ["), "utf-8")
    flaskdash("list")
