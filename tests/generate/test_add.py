"""add-chart and add-data: files are created, never edited."""

from __future__ import annotations

import ast
import errno
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flaskdash.charts.kinds import KINDS
from tests.support.data import sales_csv, world_bank_csv
from tests.support.fixtures import Cli
from tests.support.flags import BAR, FLAGS, name_a_country
from tests.support.projects import module_of_skeleton, snapshot


def test_each_kind_has_flags_here() -> None:
    assert FLAGS.keys() == KINDS.keys()


@pytest.mark.parametrize("kind", FLAGS)
def test_adds_one_file_and_changes_none(made: Path, flaskdash: Cli, kind: str) -> None:
    name_a_country(made)
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
    new = {path for path in after.keys() - before.keys() if "__pycache__" not in path}
    records = {path for path in new if path.startswith(".flaskdash/parts/")}
    assert bool(records) == bool(KINDS[kind].parts)
    originals = {path for path in new - records if path.startswith(".flaskdash/")}
    code = {path for path in new - records - originals if "/vendor/" not in path}
    assert {f".flaskdash/{path}.orig" for path in code} <= originals
    assert code - {"app/engine/static/more.js", "app/markdown.py"} == {"app/charts/mine.py"}
    assert "create    app/charts/mine.py" in result.output
    ast.parse(after["app/charts/mine.py"])


def test_the_parts_of_a_kind_are_added_once_and_not_changed(made: Path, flaskdash: Cli) -> None:
    flags = ("--kind", "treemap", "--x", "region")
    assert "create    app/static/vendor/plotly-more.min.js" in flaskdash("add-chart", *flags).output
    assert not list(made.rglob("world_110m.json"))
    (made / "app/engine/static/more.js").write_text("// mine", "utf-8")
    name_a_country(made)
    output = flaskdash("add-chart", "--kind", "choropleth", "--x", "region").output
    assert "plotly" not in output
    assert "create    app/static/vendor/world_110m.json" in output
    assert (made / "app/engine/static/more.js").read_text("utf-8") == "// mine"


def test_the_axis_of_a_weighted_mean_says_so(made: Path, flaskdash: Cli) -> None:
    flags = ("--x", "region", "--y", "revenue", "--agg", "mean", "--weight", "units")
    flaskdash("add-chart", "--kind", "bar", *flags, "mine")
    code = (made / "app/charts/mine.py").read_text("utf-8")
    assert '"Average, weighted by units"' in code
    assert "sum(revenue * units) / nullif(sum(units), 0)" in code


def test_rows_are_called_what_the_table_calls_them(made: Path, flaskdash: Cli) -> None:
    (made / "loans.csv").write_text(
        "book,days\n" + "".join(f"{'ab'[n % 2]},{n}\n" for n in range(40)), "utf-8"
    )
    flaskdash("add-data", "loans.csv")
    flaskdash("add-chart", "--data", "loans", "--kind", "bar", "--x", "book", "pages")
    assert 'TITLE = "Loans by book"' in (made / "app/charts/pages.py").read_text("utf-8")


def test_a_loader_names_the_units_that_it_takes_off(made: Path, flaskdash: Cli) -> None:
    lines = [f'{"AB"[n % 2]},"${n * 37 + 1000:,}",{n % 9}' for n in range(40)]
    (made / "offers.csv").write_text("shop,price,units\n" + "\n".join(lines), "utf-8")
    flaskdash("add-data", "offers.csv")
    loader = (made / "app/loaders/offers.py").read_text("utf-8")
    assert 'UNITS = {"price": "$"}\n' in loader
    flags = ("--kind", "bar", "--x", "shop", "--y", "price")
    flaskdash("add-chart", "prices", "--data", "offers", *flags)
    assert '"tickprefix": "$"' in (made / "app/charts/prices.py").read_text("utf-8")


def test_add_plotly_adds_all_that_the_messages_of_cards_count_on(
    made: Path, flaskdash: Cli
) -> None:
    before = snapshot(made)
    assert "create    app/static/vendor" in flaskdash("add-plotly", "--dry-run").output
    assert snapshot(made) == before
    output = flaskdash("add-plotly").output
    assert "create    app/engine/static/more.js" in output
    assert "identical app/static/vendor/plotly-more.min.js" in flaskdash("add-plotly").output
    vendor = made / "app/static/vendor"
    basic, more = (
        {*re.findall(r'moduleType:"trace",name:"(\w+)"', (vendor / name).read_text("utf-8"))}
        for name in ("plotly-basic.min.js", "plotly-more.min.js")
    )
    with module_of_skeleton("app.engine.bundles") as bundles:
        assert basic < more
        assert (more - basic) | {path.name for path in vendor.glob("*.json")} == bundles.ADDED


def test_a_second_text_requires_nothing_more(made: Path, flaskdash: Cli) -> None:
    assert "require   markdown-it-py" in flaskdash("add-chart", "one", "--kind", "text").output
    assert "require" not in flaskdash("add-chart", "other", "--kind", "text").output


def test_a_dry_run_prints_the_requirements_of_a_text(made: Path, flaskdash: Cli) -> None:
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


def test_a_chart_that_new_created_is_not_created_again(made: Path, flaskdash: Cli) -> None:
    before = snapshot(made)
    result = flaskdash("add-chart", *BAR, "--agg", "sum", "--title", "Revenue by region")
    assert "identical app/charts/revenue_by_region.py" in result.output
    assert snapshot(made) == before


def test_a_different_chart_with_the_same_title_gets_another_name(
    made: Path, flaskdash: Cli
) -> None:
    result = flaskdash("add-chart", *BAR, "--limit", 3)
    assert "create    app/charts/revenue_by_region_2.py" in result.output
    result = flaskdash("add-chart", "revenue_by_region", *BAR, "--limit", 3, code=1)
    assert "app/charts/revenue_by_region.py already exists" in result.output


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
        (
            ("--kind", "histogram", "--x", "units", "--y", "revenue"),
            "a histogram does not take --y",
        ),
        (("--kind", "histogram", "--x", "region"), "a histogram measures numbers"),
        (("--kind", "bar", "--x", "region", "--y", "product"), "'product' is text"),
        (("--kind", "bar", "--x", "region", "--agg", "sum"), "--agg sum needs --y"),
        (("--kind", "line", "--x", "region", "--grain", "day"), "--grain needs a column of dates"),
        (("--kind", "kpi", "--y", "units", "--grain", "day"), "--grain needs --x"),
        (("--kind", "kpi", "--y", "units", "--agg", "sum", "--weight", "revenue"), "--agg mean"),
        (("--kind", "kpi", "--y", "units", "--agg", "mean", "--weight", "region"), "is text"),
        (("--kind", "waterfall", "--x", "date", "--y", "units", "--grain", "auto"), "--grain auto"),
        (("--kind", "bar", "--x", "region", "--filter", "prodct"), "did you mean 'product'?"),
        (("--kind", "bar", "--x", "region", "--data", "nope"), "Unknown loader 'nope'"),
        (("--kind", "kpi", "--x", "region"), "--grain needs a column of dates"),
        (("--kind", "gauge", "--y", "units"), "a gauge needs --target"),
        (("--kind", "bullet", "--x", "region"), "a bullet needs --target"),
        (("--kind", "text", "--x", "region"), "a text does not take --x"),
        (("--kind", "heatmap", "--x", "region"), "a heatmap needs --by"),
        (("--kind", "choropleth", "--x", "units"), "a choropleth needs names of places"),
        (("--kind", "choropleth", "--x", "region"), "'region' has none of them, but: North, "),
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
            "a bar does not take --by",
        ),
        (("--kind", "bar", "--x", "region", "--by", "product"), "Try: --color product"),
        (
            ("--kind", "line", "--x", "date", "--y", "units", "--by", "product"),
            "Try: --color product",
        ),
        (
            ("--kind", "area", "--x", "date", "--color", "region", "--mode", "group"),
            "an area takes --mode stack or percent",
        ),
        (("--x", "region"), "--kind is missing"),
        ((), "--kind is missing"),
        *(
            (("--kind", "gauge", "--y", "revenue", "--target", number), "--target")
            for number in ("nan", "inf", "-inf", "1e301")
        ),
        *(
            ((*BAR, "--dashboard", title), "cannot be the title of a dashboard")
            for title in ("", " ", "---", " - ", "!!!")
        ),
        *(
            ((*BAR, flag, "caf\udce9"), "is not valid UTF-8")
            for flag in ("--title", "--dashboard", "--filter", "--y", "--data")
        ),
        ((*BAR, "--title=caf\udce9"), "is not valid UTF-8"),
    ],
)
def test_flags_are_checked(
    made: Path, flaskdash: Cli, flags: tuple[str, ...], message: str
) -> None:
    before = snapshot(made)
    result = flaskdash("add-chart", *flags, code=1)
    assert message in result.output
    assert snapshot(made) == before


@pytest.mark.parametrize("target", ["0.1", "-5", "1234567"])
def test_a_target_is_written_with_all_its_digits(made: Path, flaskdash: Cli, target: str) -> None:
    flaskdash("add-chart", "mine", "--kind", "gauge", "--y", "revenue", "--target", target)
    assert f"target = df['revenue'].iloc[0], {target}\n" in (made / "app/charts/mine.py").read_text(
        "utf-8"
    ).replace('"', "'")


def test_a_title_of_blanks_is_none(made: Path, flaskdash: Cli) -> None:
    flaskdash("add-chart", "mine", *BAR, "--title", " \n ")
    assert 'TITLE = "Revenue by region"' in (made / "app/charts/mine.py").read_text("utf-8")


@pytest.mark.skipif(sys.platform != "linux", reason="file names are text elsewhere")
def test_a_file_may_have_a_name_that_is_not_utf8(made: Path, sales: Path, flaskdash: Cli) -> None:
    costs = sales.with_name("caf\udce9.csv")
    costs.write_text(sales_csv(100), "utf-8")
    flaskdash("add-data", costs)
    assert (made / "data/caf.csv").is_file()


@pytest.mark.parametrize("name", ["../evil", "class", "9lives", "a b"])
def test_refuses_a_name_of_a_chart(made: Path, flaskdash: Cli, name: str) -> None:
    before = snapshot(made)
    result = flaskdash("add-chart", name, *BAR, code=1)
    assert f"{name!r} cannot be the name of a chart" in result.output
    assert snapshot(made) == before


def test_title_name_dashboard_and_filters(made: Path, flaskdash: Cli) -> None:
    flags = ("--title", "Where it's sold", "--dashboard", "Details", "--filter", "product")
    flaskdash("add-chart", *BAR, *flags)
    text = (made / "app/charts/where_it_s_sold.py").read_text("utf-8")
    assert 'TITLE = "Where it\'s sold"' in text
    assert 'DASHBOARDS = ["Details"]' in text
    assert 'FILTERS = ["product"]' in text


def test_add_data_copies_and_writes_a_loader(made: Path, sales: Path, flaskdash: Cli) -> None:
    costs = sales.with_name("Costs 2024.csv")
    costs.write_text(sales_csv(100), "utf-8")
    before = snapshot(made)
    result = flaskdash("add-data", costs)
    assert "create    app/loaders/costs_2024.py" in result.output
    assert "create    data/costs_2024.csv" in result.output
    assert {path: text for path, text in snapshot(made).items() if path in before} == before
    assert "identical app/loaders/costs_2024.py" in flaskdash("add-data", costs).output
    flaskdash("add-chart", "costs_by_region", "--data", "costs_2024", *BAR)


def test_add_data_refuses_another_file_of_that_name(
    made: Path, sales: Path, flaskdash: Cli
) -> None:
    before = snapshot(made)
    sales.write_text(sales_csv(10), "utf-8")
    result = flaskdash("add-data", sales, code=1)
    assert "A loader named sales already exists" in result.output
    assert "--name sales_2" in result.output
    assert (
        "cannot be the name of a loader"
        in flaskdash("add-data", sales, "--name", "a b", code=1).output
    )
    assert snapshot(made) == before
    flaskdash("add-data", sales, "--name", "sales_2")
    assert (made / "data/sales_2.csv").read_bytes() == sales.read_bytes()


def test_a_full_disk(made: Path, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot(made)
    real = Path.open

    def refuse(self: Path, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if "x" in mode and self.name.startswith(".mine.py."):  # chmod would not stop root
            raise OSError(errno.ENOSPC, "No space left on device", str(self))
        return real(self, mode, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refuse)
    result = flaskdash("add-chart", "mine", *BAR, code=1)
    assert "No space left on device. Nothing was written" in result.output
    assert "create" not in result.output
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
def test_a_killed_add_data_leaves_no_incomplete_file(
    made: Path, sales: Path, flaskdash: Cli, steps: int
) -> None:
    before = snapshot(made)
    costs = sales.with_name("costs.csv")
    costs.write_text(sales_csv(100), "utf-8")
    result = subprocess.run([sys.executable, "-c", KILLED, str(steps), str(costs)], cwd=made)
    assert result.returncode == -signal.SIGKILL
    copy = made / "data/costs.csv"
    assert not copy.exists() or copy.read_bytes() == costs.read_bytes()
    assert copy.exists() or not (made / "app/loaders/costs.py").exists()
    flaskdash("add-data", costs)
    flaskdash("remove", "costs")
    assert snapshot(made) == before


def test_a_disk_without_links(made: Path, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot(made)

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    flaskdash("add-chart", "mine", *BAR)
    flaskdash("remove", "mine")
    assert snapshot(made) == before


def test_a_file_that_appears_during_the_command_is_not_overwritten(
    made: Path, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(made)
    chart = made / "app/charts/mine.py"
    real = Path.hardlink_to

    def link_too_late(self: Path, target: Path) -> None:
        if self == chart:
            chart.write_text("theirs", "utf-8")
        real(self, target)

    monkeypatch.setattr(Path, "hardlink_to", link_too_late)
    assert "Nothing was written" in flaskdash("add-chart", "mine", *BAR, code=1).output
    assert snapshot(made) == before | {"app/charts/mine.py": b"theirs"}


@pytest.mark.parametrize("command", [("list",), ("add-chart", *BAR), ("remove", "x"), ("serve",)])
def test_outside_a_project(folder: Path, flaskdash: Cli, command: tuple[str, ...]) -> None:
    assert "not inside a flaskdash project" in flaskdash(*command, code=1).output


def test_loaders_of_one_indicator_in_two_units_have_distinct_names(
    made: Path, flaskdash: Cli
) -> None:
    for unit in ("current US$", "constant 2015 US$"):
        Path("API_NY.GDP_DS2.csv").write_text(world_bank_csv(f"GDP ({unit})", "NY.GDP"), "utf-8")
        flaskdash("add-data", "API_NY.GDP_DS2.csv")
    names = {path.stem for path in (made / "app/loaders").glob("gdp*.py")}
    assert names == {"gdp", "gdp_constant_2015_us"}
    assert (made / "data/gdp_constant_2015_us.csv").exists()


@pytest.mark.parametrize(
    ("name", "values", "order"),
    [
        ("stars", ["3", "1", "2"], "sort_values('stars')"),
        ("size", ["L", "S", "M"], "'categoryarray': ['S', 'M', 'L']"),
        ("shop", ["east", "west", "north"], "sort_values('median')"),
    ],
)
def test_boxes_of_levels_stand_in_their_order(
    folder: Path,
    flaskdash: Cli,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    values: list[str],
    order: str,
) -> None:
    rows = [f"{values[n % 3]},{n * 37 % 101}.5" for n in range(90)]
    (folder / "sizes.csv").write_text("\n".join([f"{name},price", *rows]), "utf-8")
    arguments = ("--data", folder / "sizes.csv", "--charts", 0, "--no-install", "--no-git")
    flaskdash("new", "boxes", *arguments)
    monkeypatch.chdir("boxes")
    flaskdash("add-chart", "--kind", "box", "--x", name, "--y", "price", "spread")
    text = (folder / "boxes/app/charts/spread.py").read_text("utf-8")
    assert order in text.replace('"', "'")
