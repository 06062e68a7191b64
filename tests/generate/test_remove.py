"""Remove what flaskdash made, and nothing that was edited."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath

from flaskdash.generate import render
from tests.support.data import sales_csv
from tests.support.fixtures import Cli
from tests.support.flags import BAR
from tests.support.projects import snapshot


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
