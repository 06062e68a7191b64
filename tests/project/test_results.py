"""The table of a loader, and the roles that it declares."""

from __future__ import annotations

from pathlib import Path

import pytest

from flaskdash.generate.add import default_filters, suggested
from flaskdash.project import Project
from flaskdash.project.results import load_table
from tests.support.fixtures import Cli
from tests.support.flags import BAR


def test_an_edited_loader_is_run_again(made: Path, flaskdash: Cli) -> None:
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


def declare(project: Path, value: str, constant: str = "ROLES") -> None:
    """Append a constant to the loader of the sales."""
    loader = project / "app/loaders/sales.py"
    loader.write_text(loader.read_text("utf-8") + f"\n\n{constant} = {value}\n", "utf-8")


def test_declared_roles_replace_inferred_ones(made: Path, flaskdash: Cli) -> None:
    declare(made, '{"units": "mean", "region": "identifier", "product": "constant"}')
    flaskdash("add-chart", "one", "--kind", "bar", "--x", "product", "--y", "units")
    assert "avg(units)" in (made / "app/charts/one.py").read_text("utf-8")
    table = load_table(Project.find(made), "sales")
    assert table.columns["region"].role == "identifier"
    assert default_filters(table) == ("date",)
    charts = suggested(Project.find(made), table)
    assert not any("region" in (chart.x, chart.color) for chart in charts)


def test_declared_units_are_written_beside_values(made: Path, flaskdash: Cli) -> None:
    declare(made, '{"revenue": "€"}', "UNITS")
    flaskdash("add-chart", "one", "--kind", "bar", "--x", "product", "--y", "revenue")
    assert '"tickprefix": "€"' in (made / "app/charts/one.py").read_text("utf-8")


@pytest.mark.parametrize(
    ("units", "message"),
    [
        ('{"revenu": "€"}', "UNITS names 'revenu', which is not a column. The columns are: "),
        ('{"revenue": 1}', "UNITS is not a dict"),
    ],
)
def test_impossible_units_are_refused(made: Path, flaskdash: Cli, units: str, message: str) -> None:
    declare(made, units, "UNITS")
    result = flaskdash("add-chart", *BAR, code=1)
    assert message in result.output
    assert "sales.py" in result.output


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        ('{"regon": "category"}', "ROLES names 'regon', which is not a column. The columns are: "),
        ('{"region": "place"}', "ROLES gives 'region' the role 'place'"),
        ('{"region": "sum"}', "ROLES makes 'region' a measure, but its type is text"),
        ('{"region": "time"}', "ROLES makes 'region' a time, but its type is text"),
        ('["region"]', "ROLES is not a dict"),
        ("dict(zip([], []))", "ROLES is not a dict"),
    ],
)
def test_impossible_roles_are_refused(made: Path, flaskdash: Cli, roles: str, message: str) -> None:
    declare(made, roles)
    result = flaskdash("add-chart", *BAR, code=1)
    assert message in result.output
    assert "sales.py" in result.output
