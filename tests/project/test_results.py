"""What a loader returns, and the roles that it declares."""

from __future__ import annotations

from pathlib import Path

import pytest

from flaskdash.generate.add import default_filters, suggested
from flaskdash.project import Project
from flaskdash.project.results import table
from tests.support.fixtures import Cli
from tests.support.flags import BAR


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
        ('{"regon": "category"}', "ROLES names 'regon', which is not a column. The columns are: "),
        ('{"region": "place"}', "ROLES gives 'region' the role 'place'"),
        ('{"region": "sum"}', "ROLES makes 'region' a measure, but its type is text"),
        ('{"region": "time"}', "ROLES makes 'region' a time, but its type is text"),
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
