"""remove: deletes generated files, and refuses edited ones."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath

from flaskdash.generate import render
from tests.support.data import sales_csv
from tests.support.fixtures import Cli
from tests.support.flags import BAR
from tests.support.projects import close_dashboards, snapshot


def test_remove_undoes_add(made: Path, flaskdash: Cli) -> None:
    before = snapshot(made)
    flaskdash("add-chart", "mine", *BAR)
    result = flaskdash("remove", "mine")
    assert "remove    app/charts/mine.py" in result.output
    assert snapshot(made) == before


def test_remove_names_a_dashboard_with_roles_that_has_no_chart_left(
    made: Path, flaskdash: Cli
) -> None:
    close_dashboards(made, {"Board": ["admin"]})
    for name in ("mine", "yours"):
        flaskdash("add-chart", name, *BAR, "--dashboard", "Board")
    assert "DASHBOARD_ROLES" not in flaskdash("remove", "mine").output
    assert "Remove it from DASHBOARD_ROLES in app/config.py" in flaskdash("remove", "yours").output


def test_a_chart_that_was_deleted_by_hand_can_be_added_again(made: Path, flaskdash: Cli) -> None:
    flaskdash("add-chart", "mine", *BAR)
    (made / "app/charts/mine.py").unlink()
    flaskdash("add-chart", "mine", *BAR, "--limit", 3)
    flaskdash("remove", "mine")


def test_remove_refuses_an_edited_chart_and_prints_the_edits(made: Path, flaskdash: Cli) -> None:
    flaskdash("add-chart", "mine", *BAR)
    file = made / "app/charts/mine.py"
    file.write_text(file.read_text("utf-8").replace("LIMIT 15", "LIMIT 7"), "utf-8")
    result = flaskdash("remove", "mine", code=1)
    assert "-LIMIT 15" in result.output
    assert "+LIMIT 7" in result.output
    assert file.exists()
    flaskdash("remove", "mine", "--force")
    assert not file.exists()


def test_remove_refuses_a_chart_that_flaskdash_did_not_create(made: Path, flaskdash: Cli) -> None:
    shutil.copy(made / "app/charts/total_revenue.py", made / "app/charts/own.py")
    assert "has no original in .flaskdash" in flaskdash("remove", "own", code=1).output
    assert "Did you mean 'total_revenue'" in flaskdash("remove", "total_revenu", code=1).output
    assert "no chart, loader or part" in flaskdash("remove", "../../etc/passwd", code=1).output


def test_remove_refuses_a_loader_that_charts_use(made: Path, sales: Path, flaskdash: Cli) -> None:
    before = snapshot(made)
    result = flaskdash("remove", "sales", code=1)
    assert "These charts use the loader sales" in result.output
    assert snapshot(made) == before
    costs = sales.with_name("costs.csv")
    costs.write_text(sales_csv(100), "utf-8")
    flaskdash("add-data", costs)
    flaskdash("remove", "costs")
    assert snapshot(made) == before


def test_a_loader_has_the_name_of_its_table(made: Path, flaskdash: Cli) -> None:
    """My-Sales.py is the table my_sales in SQL and in snapshots, so commands use that name."""
    (made / "app/loaders/sales.py").rename(made / "app/loaders/My-Sales.py")
    original = made / render.original_of(PurePosixPath("app/loaders/sales.py"))
    original.rename(original.with_name(original.name.replace("sales", "My-Sales")))
    for chart in (made / "app/charts").glob("[!_]*.py"):
        text = chart.read_text("utf-8").replace('DATA = "sales"', 'DATA = "my_sales"')
        chart.write_text(text.replace("FROM sales", "FROM my_sales"), "utf-8")
    for file in (made / "instance").iterdir():
        file.unlink()
    for end in ("json", "lock", "1.parquet"):
        (made / f"instance/my_sales.{end}").touch()
    assert "my_sales" in flaskdash("list").output
    flaskdash("add-chart", "mine", "--kind", "bar", "--x", "region")
    assert "FROM my_sales" in (made / "app/charts/mine.py").read_text("utf-8")
    for name in ("my_sales", "My-Sales", "loaders/My-Sales.py"):
        output = flaskdash("remove", name, code=1).output
        assert "These charts use the loader my_sales: " in output
    flaskdash("remove", "my-sales", "--force")
    assert not (made / "app/loaders/My-Sales.py").exists()
    assert not list((made / "instance").iterdir())


def test_remove_keeps_data_that_changed(made: Path, sales: Path, flaskdash: Cli) -> None:
    costs = sales.with_name("costs.csv")
    costs.write_text(sales_csv(100), "utf-8")
    flaskdash("add-data", costs)
    (made / "data/costs.csv").write_text(sales_csv(200), "utf-8")
    result = flaskdash("remove", "costs")
    assert "keep      data/costs.csv" in result.output
    assert (made / "data/costs.csv").exists()
