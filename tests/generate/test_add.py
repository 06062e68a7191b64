"""add-chart, add-data, list and remove: files are created and deleted, never edited."""

from __future__ import annotations

import ast
import errno
import json
import re
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

import pexpect
import pytest

from flaskdash.charts.kinds import KINDS
from flaskdash.generate import render
from flaskdash.generate.add import default_filters, suggested
from flaskdash.project import Project
from flaskdash.project.results import table
from tests.support.data import sales_csv
from tests.support.fixtures import Cli
from tests.support.flags import FLAGS

BAR = ("--kind", "bar", "--x", "region", "--y", "revenue")


def snapshot(root: Path) -> dict[str, bytes]:
    return {str(path): (root / path).read_bytes() for path in render.files(root)}


def test_each_kind_has_flags_here() -> None:
    assert FLAGS.keys() == KINDS.keys()


@pytest.mark.parametrize("kind", FLAGS)
def test_adds_one_file_and_changes_none(made: Path, flaskdash: Cli, kind: str) -> None:
    before = snapshot(made)
    result = flaskdash("add-chart", "mine", "--data", "sales", "--kind", kind, *FLAGS[kind])
    after = snapshot(made)
    for requirement in KINDS[kind].requires:
        text = before["pyproject.toml"].decode()
        assert requirement not in text
        assert f"require   {requirement}" in result.output
        assert set(after["pyproject.toml"].decode().splitlines()) == {
            *text.splitlines(),
            f'    "{requirement}",',
        }
        before["pyproject.toml"] = after["pyproject.toml"]
    assert {path: after[path] for path in before} == before
    new = sorted(path for path in after.keys() - before.keys() if "__pycache__" not in path)
    part = {
        "app/static/more.js",
        "app/markdown.py",
        *(path for path in new if path.startswith("app/static/vendor/")),
    }
    assert bool(part & set(new)) == bool(KINDS[kind].parts)
    new = [path for path in new if path not in part]
    assert new == [".flaskdash/app/charts/mine.py.orig", "app/charts/mine.py"]
    assert "create    app/charts/mine.py" in result.output
    ast.parse(after["app/charts/mine.py"])


def test_what_a_kind_needs_comes_once_and_stays_as_it_is(made: Path, flaskdash: Cli) -> None:
    flags = ("--kind", "treemap", "--x", "region")
    assert "create    app/static/vendor/plotly-more.min.js" in flaskdash("add-chart", *flags).output
    assert not list(made.rglob("world_110m.json"))
    (made / "app/static/more.js").write_text("// mine", "utf-8")
    output = flaskdash("add-chart", "--kind", "choropleth", "--x", "region").output
    assert "plotly" not in output
    assert "create    app/static/vendor/world_110m.json" in output
    assert (made / "app/static/more.js").read_text("utf-8") == "// mine"


def test_a_second_text_requires_nothing_more(made: Path, flaskdash: Cli) -> None:
    assert "require   markdown-it-py" in flaskdash("add-chart", "one", "--kind", "text").output
    assert "require" not in flaskdash("add-chart", "other", "--kind", "text").output


def test_a_dry_run_says_what_a_text_requires(made: Path, flaskdash: Cli) -> None:
    before = snapshot(made)
    assert (
        "require   markdown-it-py" in flaskdash("add-chart", "--kind", "text", "--dry-run").output
    )
    assert snapshot(made) == before


def test_a_repeat_changes_nothing(made: Path, flaskdash: Cli) -> None:
    flags = (*BAR, "--agg", "sum", "--title", "Best regions")
    flaskdash("add-chart", *flags)
    before = snapshot(made)
    result = flaskdash("add-chart", *flags)
    assert "identical app/charts/best_regions.py" in result.output
    assert snapshot(made) == before


def test_what_new_made_already_is_not_made_again(made: Path, flaskdash: Cli) -> None:
    before = snapshot(made)
    result = flaskdash("add-chart", *BAR, "--agg", "sum", "--title", "Revenue by region")
    assert "identical app/charts/revenue_by_region.py" in result.output
    assert snapshot(made) == before


def test_another_chart_of_the_same_title_gets_a_name_of_its_own(made: Path, flaskdash: Cli) -> None:
    result = flaskdash("add-chart", *BAR, "--limit", 3)
    assert "create    app/charts/revenue_by_region_2.py" in result.output
    result = flaskdash("add-chart", "revenue_by_region", *BAR, "--limit", 3, code=1)
    assert "app/charts/revenue_by_region.py exists already" in result.output


def test_dry_run_writes_nothing(made: Path, flaskdash: Cli) -> None:
    before = snapshot(made)
    result = flaskdash("add-chart", "mine", *BAR, "--dry-run")
    assert "create    app/charts/mine.py" in result.output
    assert snapshot(made) == before


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--kind", "bar", "--x", "regon"), "no column 'regon' in sales; did you mean 'region'?"),
        (("--kind", "bar", "--x", "zzz"), "no column 'zzz' in sales"),
        (("--kind", "bar"), "a bar needs --x"),
        (("--kind", "scatter", "--x", "units"), "a scatter needs --y"),
        (("--kind", "histogram", "--x", "units", "--y", "revenue"), "a histogram takes no --y"),
        (("--kind", "histogram", "--x", "region"), "a histogram measures numbers"),
        (("--kind", "bar", "--x", "region", "--y", "product"), "'product' is text"),
        (("--kind", "bar", "--x", "region", "--agg", "sum"), "--agg sum needs --y"),
        (("--kind", "line", "--x", "region", "--grain", "day"), "--grain needs a column of dates"),
        (("--kind", "kpi", "--y", "units", "--grain", "day"), "--grain needs --x"),
        (("--kind", "bar", "--x", "region", "--filter", "prodct"), "did you mean 'product'?"),
        (("--kind", "bar", "--x", "region", "--data", "nope"), "no loader 'nope'"),
        (("--kind", "kpi", "--x", "region"), "--grain needs a column of dates"),
        (("--kind", "gauge", "--y", "units"), "a gauge needs --target"),
        (("--kind", "bullet", "--x", "region"), "a bullet needs --target"),
        (("--kind", "text", "--x", "region"), "a text takes no --x"),
        (("--kind", "heatmap", "--x", "region"), "a heatmap needs --by"),
        (("--kind", "choropleth", "--x", "units"), "a choropleth needs names of places"),
        (("--kind", "candlestick", "--x", "date"), "sales has no columns open, high, low, close"),
        (("--kind", "candlestick", "--x", "date", "--y", "units"), "needs --grain"),
        (("--kind", "box", "--x", "region", "--y", "product"), "'product' is text"),
        (("--kind", "bubble", "--x", "units", "--y", "revenue"), "a bubble needs --size"),
        (
            ("--kind", "pie", "--x", "region", "--y", "revenue", "--agg", "mean"),
            "don't add up to a whole",
        ),
        (("--kind", "bar", "--x", "region", "--mode", "stack"), "--mode stack needs --color"),
        (
            ("--kind", "bar", "--x", "region", "--by", "product"),
            "a bar takes no --by",
        ),
        (
            ("--kind", "area", "--x", "date", "--color", "region", "--mode", "group"),
            "an area takes --mode stack or percent",
        ),
        (("--x", "region"), "--kind is missing"),
        ((), "--kind is missing"),
    ],
)
def test_flags_are_checked(
    made: Path, flaskdash: Cli, flags: tuple[str, ...], message: str
) -> None:
    before = snapshot(made)
    result = flaskdash("add-chart", *flags, code=1)
    assert message in result.output
    assert snapshot(made) == before


@pytest.mark.parametrize("name", ["../evil", "class", "9lives", "a b"])
def test_refuses_a_name_of_a_chart(made: Path, flaskdash: Cli, name: str) -> None:
    before = snapshot(made)
    result = flaskdash("add-chart", name, *BAR, code=1)
    assert f"{name!r} can't be the name of a chart" in result.output
    assert snapshot(made) == before


def test_title_name_dashboard_and_filters(made: Path, flaskdash: Cli) -> None:
    flags = ("--title", "Where it's sold", "--dashboard", "Details", "--filter", "product")
    flaskdash("add-chart", *BAR, *flags)
    text = (made / "app/charts/where_it_s_sold.py").read_text("utf-8")
    assert 'TITLE = "Where it\'s sold"' in text
    assert 'DASHBOARDS = ["Details"]' in text
    assert 'FILTERS = ["product"]' in text


def answer(made: Path, *questions: tuple[str, str], flags: tuple[str, ...] = ()) -> str:
    """Run add-chart on a terminal, answer its questions in turn, and return what it printed."""
    child = pexpect.spawn(
        sys.executable,
        ["-m", "flaskdash", "add-chart", "mine", *flags],
        cwd=str(made),
        timeout=60,
        encoding="utf-8",
        dimensions=(50, 200),
    )
    printed = ""
    for question, reply in questions:
        child.expect(question)
        printed += str(child.before) + str(child.after)
        child.sendline(reply)
    child.expect("create +app/charts/mine.py")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    return printed


def test_asks_for_a_chart_of_ones_own(made: Path) -> None:
    printed = answer(
        made,
        (r"Chart.*\[1\]: ", "0"),
        (r"Kind \(kpi, line,.*\) \[bar\]: ", "line"),
        (r"x, along the axis \[date\]: ", ""),
        (r"y, what is measured \(- for the number of rows\) \[\w+\]: ", "units"),
        (r"Put together by \(sum, .*\) \[sum\]: ", "mean"),
        (r"Step in time \(year, .*\) \[\w+\]: ", "quarter"),
        (r"Colour by \(- for none\) \[-\]: ", "region"),
        (r"Filters \(- for none\) \[date, region, product\]: ", "prodct"),
        (r"no column 'prodct'.*Filters", "region, product"),
        (r"Dashboard \(there: Overview; or a new one\) \[Overview\]: ", "Details"),
        (r"Title \[Average units over time, by region\]: ", "Units"),
    )
    assert re.search("revenue +number +measure", printed)
    text = (made / "app/charts/mine.py").read_text("utf-8")
    assert "date_trunc('quarter', date)" in text
    assert "avg(units)" in text
    assert 'TITLE = "Units"' in text
    assert 'FILTERS = ["region", "product"]' in text
    assert 'DASHBOARDS = ["Details"]' in text


def test_enter_takes_each_default(made: Path) -> None:
    answer(made, (r"\[1\]: ", "0"), *[(r"\[[^]]+\]: ", "")] * 8)
    text = (made / "app/charts/mine.py").read_text("utf-8")
    assert "sum(" in text
    assert 'DASHBOARDS = ["Overview"]' in text


ASKED = {"x", "y", "by", "size", "color", "agg", "grain"}


def questions(kind: str) -> int:
    flags = {*KINDS[kind].needs, *KINDS[kind].takes}
    if "x" not in KINDS[kind].needs:
        flags -= {"x", "grain"}
    return 3 + len(ASKED & flags)


UNLIKE = {questions(kind): kind for kind in FLAGS if kind not in {"bar", "gauge"}}


@pytest.mark.parametrize("kind", UNLIKE.values())
def test_enter_takes_the_defaults_of_a_kind(made: Path, kind: str) -> None:
    asked = questions(kind)
    answer(made, (r"\[1\]: ", "0"), ("Kind .*: ", kind), *[(r"\[[^]]+\]: ", "")] * asked)


def test_a_target_is_asked_for(made: Path) -> None:
    ours = (("Kind .*: ", "gauge"), ("y, .*: ", "units"), ("Put .*: ", ""), ("Target: ", "2000"))
    answer(made, (r"\[1\]: ", "0"), *ours, *[(r"\[[^]]+\]: ", "")] * 3)
    text = (made / "app/charts/mine.py").read_text("utf-8")
    assert 'value, target = df["units"].iloc[0], 2000' in text


def test_a_text_is_counted_and_a_category_has_no_step(made: Path) -> None:
    answer(
        made,
        (r"\[1\]: ", "0"),
        (r"Kind .*: ", "bar"),
        (r"x, .*: ", "region"),
        (r"y, .*: ", "product"),
        (r"Put together by \(count, distinct\) \[count\]: ", "distinct"),
        (r"Colour .*: ", ""),
        (r"Filters .*: ", "-"),
        (r"Dashboard .*: ", ""),
        (r"Title .*: ", ""),
    )
    text = (made / "app/charts/mine.py").read_text("utf-8")
    assert "count(DISTINCT product)" in text
    assert "FILTERS = []" in text


def test_a_suggestion_asks_for_its_place_and_title_alone(made: Path, sales: Path) -> None:
    other = sales.with_name("costs.csv")
    other.write_text(sales_csv(100), "utf-8")
    subprocess.run([sys.executable, "-m", "flaskdash", "add-data", other], cwd=made, check=True)
    answer(
        made,
        (r"Data \(costs, sales\) \[costs\]: ", "costs"),
        (r"Chart.*\[1\]: ", ""),
        (r"Dashboard .* \[Overview\]: ", ""),
        (r"Title \[.+\]: ", ""),
    )
    assert 'DATA = "costs"' in (made / "app/charts/mine.py").read_text("utf-8")


def test_what_a_flag_says_is_not_asked(made: Path) -> None:
    flags = ("--title", "Ours", "--dashboard", "Details", "--filter", "product")
    answer(made, (r"Chart.*\[1\]: ", "1"), flags=flags)
    text = (made / "app/charts/mine.py").read_text("utf-8")
    assert 'TITLE = "Ours"' in text
    assert 'DASHBOARDS = ["Details"]' in text
    assert 'FILTERS = ["product"]' in text


def test_add_data_copies_and_writes_a_loader(made: Path, sales: Path, flaskdash: Cli) -> None:
    other = sales.with_name("Costs 2024.csv")
    other.write_text(sales_csv(100), "utf-8")
    before = snapshot(made)
    result = flaskdash("add-data", other)
    assert "create    app/loaders/costs_2024.py" in result.output
    assert "create    data/costs_2024.csv" in result.output
    assert {path: text for path, text in snapshot(made).items() if path in before} == before
    assert "identical app/loaders/costs_2024.py" in flaskdash("add-data", other).output
    flaskdash("add-chart", "costs_by_region", "--data", "costs_2024", *BAR)


def test_add_data_refuses_another_file_of_that_name(
    made: Path, sales: Path, flaskdash: Cli
) -> None:
    before = snapshot(made)
    sales.write_text(sales_csv(10), "utf-8")
    result = flaskdash("add-data", sales, code=1)
    assert "there is a loader sales already" in result.output
    assert "--name sales_2" in result.output
    assert (
        "can't be the name of a loader"
        in flaskdash("add-data", sales, "--name", "a b", code=1).output
    )
    assert snapshot(made) == before
    flaskdash("add-data", sales, "--name", "sales_2")
    assert (made / "data/sales_2.csv").read_bytes() == sales.read_bytes()


def test_a_project_that_can_not_be_written(
    made: Path, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(made)
    real = Path.open

    def refuse(self: Path, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if "x" in mode and self.name.startswith(".mine.py."):  # chmod would not stop root
            raise OSError(errno.ENOSPC, "No space left on device", str(self))
        return real(self, mode, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refuse)
    result = flaskdash("add-chart", "mine", *BAR, code=1)
    assert "No space left on device; nothing was written" in result.output
    assert snapshot(made) == before


KILLED = """
import os, shutil, signal, sys
from pathlib import Path
from flaskdash.cli import cli

def die(*args):
    os.kill(os.getpid(), signal.SIGKILL)

def half(source, out):
    if out.name.rpartition("/")[2].startswith(".costs.csv."):
        out.write(source.read(100))
        out.flush()
        die()
    whole(source, out)

def link(self, target):
    global left
    if left == 0:
        die()
    left -= 1
    real(self, target)

left = int(sys.argv[1])
whole, real = shutil.copyfileobj, Path.hardlink_to
if left < 0:
    shutil.copyfileobj = half
Path.hardlink_to = link
cli(["add-data", sys.argv[2]])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="it has no SIGKILL")
@pytest.mark.parametrize("steps", [-1, 0, 1, 2, 3])
def test_add_data_that_is_killed_leaves_no_half_file(
    made: Path, sales: Path, flaskdash: Cli, steps: int
) -> None:
    before = snapshot(made)
    other = sales.with_name("costs.csv")
    other.write_text(sales_csv(100), "utf-8")
    done = subprocess.run([sys.executable, "-c", KILLED, str(steps), str(other)], cwd=made)
    assert done.returncode == -signal.SIGKILL
    copy = made / "data/costs.csv"
    assert not copy.exists() or copy.read_bytes() == other.read_bytes()
    assert copy.exists() or not (made / "app/loaders/costs.py").exists()
    flaskdash("add-data", other)
    flaskdash("remove", "costs")
    assert snapshot(made) == before


def test_a_disk_without_links_takes_files_all_the_same(
    made: Path, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(made)

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    flaskdash("add-chart", "mine", *BAR)
    flaskdash("remove", "mine")
    assert snapshot(made) == before


def test_a_file_that_appears_meanwhile_is_kept(
    made: Path, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(made)
    mine = made / "app/charts/mine.py"
    real = Path.hardlink_to

    def late(self: Path, target: Path) -> None:
        if self == mine:
            mine.write_text("theirs", "utf-8")
        real(self, target)

    monkeypatch.setattr(Path, "hardlink_to", late)
    assert "nothing was written" in flaskdash("add-chart", "mine", *BAR, code=1).output
    assert snapshot(made) == before | {"app/charts/mine.py": b"theirs"}


def test_list_says_where_each_lives(made: Path, flaskdash: Cli) -> None:
    found = json.loads(flaskdash("list", "--json").output)
    assert found["loaders"] == [
        {
            "name": "sales",
            "file": "app/loaders/sales.py",
            "source": "data/sales.csv",
            "snapshot": {"rows": None, "built": None, "error": None, "failed": None, "unread": 0},
        }
    ]
    assert {chart["file"] for chart in found["charts"]} == {
        str(path.relative_to(made).as_posix()) for path in (made / "app/charts").glob("[!_]*.py")
    }
    assert found["dashboards"][0]["title"] == "Overview"
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
def test_list_says_how_old_a_snapshot_is(
    made: Path, flaskdash: Cli, minutes: int, text: str
) -> None:
    then = ago(minutes=minutes)
    assert "no snapshot yet" in flaskdash("list").output
    state(made, built=then.isoformat())
    assert f"data/sales.csv  1,360 rows, {text}\n" in flaskdash("list").output
    (snapshot,) = (
        one["snapshot"] for one in json.loads(flaskdash("list", "--json").output)["loaders"]
    )
    expected = {"rows": 1360, "built": then.isoformat(), "error": None, "failed": None}
    assert snapshot == expected | {"unread": 0}


@pytest.mark.parametrize("key", ["tried", "failed"])
def test_list_says_why_a_snapshot_was_not_rebuilt(made: Path, flaskdash: Cli, key: str) -> None:
    built, failed = ago(hours=2), ago(minutes=5)
    state(made, built=built.isoformat(), error="ValueError", **{key: failed.timestamp()})
    said = flaskdash("list").output
    assert "1,360 rows, 2 hours ago; failed 5 minutes ago: ValueError\n" in said
    found = json.loads(flaskdash("list", "--json").output)["loaders"][0]["snapshot"]
    assert (found["error"], found["failed"]) == ("ValueError", failed.isoformat())
    state(made, built="", error="ValueError", **{key: failed.timestamp()})
    assert "no snapshot yet; failed 5 minutes ago: ValueError\n" in flaskdash("list").output


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"built": 3, "error": ""}'])
def test_list_bears_a_state_that_can_not_be_read(made: Path, flaskdash: Cli, text: str) -> None:
    state(made)
    (made / "instance/sales.json").write_text(text, "utf-8")
    assert "no snapshot yet" in flaskdash("list").output


def test_snapshots_are_looked_for_where_the_project_keeps_them(
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
    said = flaskdash("remove", "sales", "--force").output
    assert f"remove    {tmp_path}/moved/sales.1.parquet" in said
    assert not list((tmp_path / "moved").iterdir())


def test_list_names_a_file_that_is_not_python(made: Path, flaskdash: Cli) -> None:
    (made / "app/charts/broken.py").write_text("TITLE = (\n", "utf-8")
    result = flaskdash("list", code=1)
    assert "broken.py, line 1" in result.output


def test_list_takes_none_for_the_default(made: Path, flaskdash: Cli) -> None:
    chart = made / "app/charts/revenue_by_region.py"
    chart.write_text(chart.read_text("utf-8") + "\nORDER = None\nFILTERS = None\n", "utf-8")
    chart.write_text(chart.read_text("utf-8").replace("FILTERS = [", "_ = ["), "utf-8")
    flaskdash("list")


def test_remove_undoes_add(made: Path, flaskdash: Cli) -> None:
    before = snapshot(made)
    flaskdash("add-chart", "mine", *BAR)
    result = flaskdash("remove", "mine")
    assert "remove    app/charts/mine.py" in result.output
    assert snapshot(made) == before


def test_a_chart_that_was_deleted_by_hand_can_be_made_anew(made: Path, flaskdash: Cli) -> None:
    flaskdash("add-chart", "mine", *BAR)
    (made / "app/charts/mine.py").unlink()
    flaskdash("add-chart", "mine", *BAR, "--limit", 3)
    flaskdash("remove", "mine")


def test_remove_refuses_what_was_edited_and_shows_it(made: Path, flaskdash: Cli) -> None:
    flaskdash("add-chart", "mine", *BAR)
    file = made / "app/charts/mine.py"
    file.write_text(file.read_text("utf-8").replace("LIMIT 15", "LIMIT 7"), "utf-8")
    result = flaskdash("remove", "mine", code=1)
    assert "-LIMIT 15" in result.output
    assert "+LIMIT 7" in result.output
    assert file.exists()
    flaskdash("remove", "mine", "--force")
    assert not file.exists()


def test_remove_refuses_what_it_did_not_make(made: Path, flaskdash: Cli) -> None:
    shutil.copy(made / "app/charts/total_revenue.py", made / "app/charts/own.py")
    assert "not made by flaskdash" in flaskdash("remove", "own", code=1).output
    assert "did you mean 'total_revenue'" in flaskdash("remove", "total_revenu", code=1).output
    assert "no chart or loader" in flaskdash("remove", "../../etc/passwd", code=1).output


def test_remove_a_loader_when_no_chart_needs_it(made: Path, sales: Path, flaskdash: Cli) -> None:
    before = snapshot(made)
    result = flaskdash("remove", "sales", code=1)
    assert "charts are drawn from sales" in result.output
    assert snapshot(made) == before
    other = sales.with_name("costs.csv")
    other.write_text(sales_csv(100), "utf-8")
    flaskdash("add-data", other)
    flaskdash("remove", "costs")
    assert snapshot(made) == before


def test_a_loader_goes_by_the_name_that_charts_give_it(made: Path, flaskdash: Cli) -> None:
    """A file My-Sales.py is the table my_sales to SQL, to the snapshots, and so to each command."""
    (made / "app/loaders/sales.py").rename(made / "app/loaders/My-Sales.py")
    original = made / render.original_of(PurePosixPath("app/loaders/sales.py"))
    original.rename(original.with_name(original.name.replace("sales", "My-Sales")))
    for chart in (made / "app/charts").glob("[!_]*.py"):
        text = chart.read_text("utf-8").replace('DATA = "sales"', 'DATA = "my_sales"')
        chart.write_text(text.replace("FROM sales", "FROM my_sales"), "utf-8")
    (made / "instance").mkdir()
    for end in ("json", "lock", "1.parquet"):
        (made / f"instance/my_sales.{end}").touch()
    assert "my_sales" in flaskdash("list").output
    flaskdash("add-chart", "mine", "--kind", "bar", "--x", "region")
    assert "FROM my_sales" in (made / "app/charts/mine.py").read_text("utf-8")
    for given in ("my_sales", "My-Sales", "loaders/My-Sales.py"):
        said = flaskdash("remove", given, code=1).output
        assert "charts are drawn from my_sales: " in said
    flaskdash("remove", "my-sales", "--force")
    assert not (made / "app/loaders/My-Sales.py").exists()
    assert not list((made / "instance").iterdir())


def test_remove_keeps_data_that_changed(made: Path, sales: Path, flaskdash: Cli) -> None:
    other = sales.with_name("costs.csv")
    other.write_text(sales_csv(100), "utf-8")
    flaskdash("add-data", other)
    (made / "data/costs.csv").write_text(sales_csv(200), "utf-8")
    result = flaskdash("remove", "costs")
    assert "keep      data/costs.csv" in result.output
    assert (made / "data/costs.csv").exists()


def test_a_loader_that_was_edited_is_followed(made: Path, flaskdash: Cli) -> None:
    loader = made / "app/loaders/sales.py"
    text = loader.read_text("utf-8")
    loader.write_text(
        text.replace("    return", '    df["margin"] = df["revenue"] / df["units"]\n    return'),
        "utf-8",
    )
    flaskdash("add-chart", "--kind", "histogram", "--x", "margin")
    loader.write_text(
        text.replace("    return", '    raise ValueError("no luck")\n    return'), "utf-8"
    )
    result = flaskdash("add-chart", "--kind", "histogram", "--x", "revenue", code=1)
    assert "app/loaders/sales.py failed: ValueError: no luck" in result.output


@pytest.mark.parametrize("command", [("list",), ("add-chart", *BAR), ("remove", "x"), ("serve",)])
def test_outside_a_project(folder: Path, flaskdash: Cli, command: tuple[str, ...]) -> None:
    assert "not inside a flaskdash project" in flaskdash(*command, code=1).output


def declare(project: Path, roles: str) -> None:
    """Write roles into the loader of the sales."""
    loader = project / "app/loaders/sales.py"
    loader.write_text(loader.read_text("utf-8") + f"\n\nROLES = {roles}\n", "utf-8")


def test_roles_that_a_loader_declares_are_followed(made: Path, flaskdash: Cli) -> None:
    declare(made, '{"units": "mean", "region": "identifier", "product": "constant"}')
    flaskdash("add-chart", "one", "--kind", "bar", "--x", "product", "--y", "units")
    assert "avg(units)" in (made / "app/charts/one.py").read_text("utf-8")
    found = table(Project.find(made), "sales")
    assert found.columns["region"].role == "identifier"
    assert default_filters(found) == ("date",)
    drawn = suggested(Project.find(made), found)
    assert not any("region" in (chart.x, chart.color) for chart in drawn)


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        ('{"regon": "category"}', "ROLES names 'regon', which is no column"),
        ('{"region": "place"}', "ROLES gives 'region' the role 'place'"),
        ('{"region": "sum"}', "ROLES makes 'region' a measure, and it is text"),
        ('{"region": "time"}', "ROLES makes 'region' a time, and it is text"),
        ('["region"]', "ROLES can't be read"),
        ("dict(zip([], []))", "ROLES can't be read"),
    ],
)
def test_roles_that_can_not_be_are_refused(
    made: Path, flaskdash: Cli, roles: str, message: str
) -> None:
    declare(made, roles)
    result = flaskdash("add-chart", *BAR, code=1)
    assert message in result.output
    assert "sales.py" in result.output
