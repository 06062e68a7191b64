"""add-chart with several loaders: the SQL that joins them, the keys it suggests, what it refuses."""

from __future__ import annotations

import ast
import json
import shutil
from contextlib import chdir
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from click.testing import CliRunner

from flaskdash.cli import cli
from flaskdash.commands import _ask, add_chart
from flaskdash.inspect.meaning import sampled
from flaskdash.project import contents
from tests.support.fixtures import Cli

COUNTRIES = [f"{letter}land" for letter in "ABCDEFGHIJ"]
YEARS = range(2000, 2010)
PANEL = [(country, year) for country in COUNTRIES for year in YEARS]


def csv(path: Path, columns: dict[str, list[Any]]) -> Path:
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


def panel(measure: str, factor: float, country: str = "country") -> dict[str, list[Any]]:
    return {
        country: [name for name, _ in PANEL],
        "year": [year for _, year in PANEL],
        measure: [round(factor * (3 + n * n % 97), 2) for n in range(len(PANEL))],
        "notes": [f"{measure} {n % 4}" for n in range(len(PANEL))],
    }


@pytest.fixture(scope="module")
def world_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with several loaders; tests must copy it."""
    folder = tmp_path_factory.mktemp("world")
    files = [
        csv(folder / "rural.csv", panel("rural_population", 10.5)),
        csv(folder / "forest.csv", panel("forest_area", 3.25)),
        csv(folder / "water.csv", panel("water_area", 7.75, "Country Name")),
        csv(
            folder / "lands.csv",
            {
                "country": COUNTRIES[1:],
                "continent": ["North", "South", "East"] * 3,
                "area": [101.5 + n * n for n in range(9)],
            },
        ),
        csv(
            folder / "other.csv",
            {"city": ["x", "y", "z"] * 9, "cost": [n * 1.5 for n in range(27)]},
        ),
    ]
    command = ["new", "world", "--no-install", "--no-git", "--charts", "0"]
    with chdir(folder):
        arguments = [part for file in files for part in ("--data", str(file))]
        result = CliRunner().invoke(cli, [*command, *arguments])
    assert result.exit_code == 0, result.output
    instance = folder / "world/instance"
    instance.mkdir()
    for file in files:  # else each add-chart runs the loaders
        duckdb.from_df(pd.read_csv(file)).write_parquet(str(instance / f"{file.stem}.1.parquet"))
        state = {"file": f"{file.stem}.1.parquet", "built": "now"}
        (instance / f"{file.stem}.json").write_text(json.dumps(state), "utf-8")
    return folder / "world"


@pytest.fixture
def world(world_once: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(world_once, folder / "world")
    monkeypatch.chdir(folder / "world")
    return folder / "world"


def constants(path: Path) -> dict[str, Any]:
    tree = ast.parse(path.read_text("utf-8"))
    return {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }


def answer(root: Path, chart: dict[str, Any]) -> pd.DataFrame:
    """Run a chart's SQL over the files of its loaders."""
    with duckdb.connect() as connection:
        for loader in chart["DATA"]:
            connection.register(loader, pd.read_csv(root / f"data/{loader}.csv"))
        return connection.execute(chart["SQL"]).df()


BOTH = ("--data", "rural", "--data", "forest")
SCATTER = (*BOTH, "--kind", "scatter", "--x", "rural_population", "--y", "forest_area")


def test_the_sql_joins_by_the_keys(world: Path, flaskdash: Cli) -> None:
    flaskdash("add-chart", "pair", *SCATTER, "--join", "country,year", "--color", "country")
    chart = constants(world / "app/charts/pair.py")
    assert chart["DATA"] == ["rural", "forest"]
    assert chart["FILTERS"] == ["year", "country"]
    assert chart["SQL"].startswith(
        "\nWITH rural_forest AS (\n    SELECT country, rural_population, forest_area\n"
        "    FROM rural\n    JOIN forest USING (country, year)\n)\nSELECT "
    )
    rows = answer(world, chart)
    assert len(rows) == 100
    assert (rows["rural_population"] / rows["forest_area"]).round(2).eq(round(10.5 / 3.25, 2)).all()


def test_the_one_sensible_set_of_keys_is_taken(world: Path, flaskdash: Cli) -> None:
    result = flaskdash("add-chart", "pair", *SCATTER)
    assert (
        "join      Joined by country and year, 100 of 100 rows of rural and 100 of 100 of forest match"
        in result.output
    )
    assert "USING (country, year)" in (world / "app/charts/pair.py").read_text("utf-8")


@pytest.mark.parametrize("join", [(), ("--join", "country=Country Name,year")])
def test_keys_of_different_names(world: Path, flaskdash: Cli, join: tuple[str, ...]) -> None:
    data = ("--data", "rural", "--data", "water", "--kind", "bubble", "--size", "water.water_area")
    flags = ("--x", "year", "--y", "rural_population", "--color", "Country Name")
    flaskdash("add-chart", "pair", *data, *flags, *join)
    chart = constants(world / "app/charts/pair.py")
    assert (
        "SELECT country, rural.year, rural_population, water_area\n    FROM rural\n"
        '    JOIN water ON rural.country = water."Country Name" AND rural.year = water.year\n'
    ) in chart["SQL"]
    assert list(answer(world, chart).columns) == [
        "year",
        "rural_population",
        "water_area",
        "country",
    ]
    assert len(answer(world, chart)) == 100


def test_a_column_of_both_is_written_with_its_loader(world: Path, flaskdash: Cli) -> None:
    flags = (*BOTH, "--kind", "bar", "--y", "forest_area")
    result = flaskdash("add-chart", *flags, "--x", "notes", code=1)
    assert (
        "'notes' is a column of rural and forest. Write the loader in front of it." in result.output
    )
    assert "rural.notes, or forest.notes" in result.output
    flaskdash("add-chart", "pair", *flags, "--x", "forest.notes", "--filter", "notes")
    chart = constants(world / "app/charts/pair.py")
    assert "SELECT forest_area, forest.notes AS forest_notes\n" in chart["SQL"]
    assert chart["FILTERS"] == ["notes"]
    assert len(answer(world, chart)) == 4


def test_kinds_whose_sql_has_a_with_of_its_own(world: Path, flaskdash: Cli) -> None:
    flaskdash("add-chart", "shares", *BOTH, "--kind", "pie", "--x", "country", "--agg", "count")
    flaskdash("add-chart", "listing", *BOTH, "--kind", "table")
    for name, count in (("shares", 8), ("listing", 100)):
        chart = constants(world / f"app/charts/{name}.py")
        assert chart["SQL"].count("WITH") == 1
        assert len(answer(world, chart)) == count


def test_three_loaders(world: Path, flaskdash: Cli) -> None:
    flags = (*BOTH, "--data", "lands", "--kind", "line", "--x", "year", "--y", "forest_area")
    flaskdash("add-chart", "three", *flags, "--color", "continent")
    chart = constants(world / "app/charts/three.py")
    assert "JOIN forest USING (country, year)\n    JOIN lands USING (country)\n" in chart["SQL"]
    assert set(answer(world, chart)["continent"]) == {"North", "South", "East"}


def test_a_join_that_multiplies_rows_is_refused(world: Path, flaskdash: Cli) -> None:
    result = flaskdash("add-chart", *SCATTER, "--join", "country", code=1)
    assert (
        "one value has up to 10 rows in rural and 10 in forest, which is up to 100 together."
        " Add year to --join." in result.output
    )
    assert "Try: --join country,year" in result.output
    assert not list((world / "app/charts").glob("[a-z]*.py"))


def test_a_sum_over_repeated_rows_is_refused(world: Path, flaskdash: Cli) -> None:
    flags = ("--data", "rural", "--data", "lands", "--kind", "bar", "--x", "continent")
    result = flaskdash("add-chart", *flags, "--y", "area", "--agg", "sum", code=1)
    assert (
        "rural has up to 10 rows with the same country, so the join repeats rows of lands, and a"
        " sum counts them up to 10 times." in result.output
    )
    flaskdash("add-chart", *flags, "--y", "area", "--agg", "max")
    flaskdash("add-chart", "people", *flags, "--y", "rural_population", "--agg", "sum")
    rows = answer(world, constants(world / "app/charts/people.py"))
    rural = pd.read_csv(world / "data/rural.csv")
    expected = rural[rural["country"] != "Aland"]["rural_population"].sum()
    assert rows["rural_population"].sum() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            ("--data", "rural", "--data", "other"),
            "No columns of rural and other are an obvious key",
        ),
        ((*BOTH, "--join", "country,yaer"), "no column 'yaer' in rural; did you mean 'year'?"),
        ((*BOTH, "--join", "country=yaer"), "no column 'yaer' in forest; did you mean 'year'?"),
        ((*BOTH, "--join", "country=year"), "it is text in rural and integer in forest"),
        ((*BOTH, "--join", "notes"), "No row of rural has a row of forest with the same notes"),
        (("--data", "rural", "--join", "country"), "--join needs two loaders"),
        (("--data", "rural", "--data", "nothing"), "Unknown loader 'nothing'"),
    ],
)
def test_what_cannot_be_joined(
    world: Path, flaskdash: Cli, flags: tuple[str, ...], message: str
) -> None:
    result = flaskdash("add-chart", *flags, "--kind", "table", code=1)
    assert message in result.output
    assert not list((world / "app/charts").glob("[a-z]*.py"))


def test_a_live_database_is_not_joined(world: Path, flaskdash: Cli) -> None:
    loader = world / "app/loaders/forest.py"
    loader.write_text(loader.read_text("utf-8") + "\nLIVE = True\n", "utf-8")
    result = flaskdash("add-chart", *SCATTER, code=1)
    assert "Set LIVE = False in app/loaders/forest.py" in result.output


def test_keys_are_asked_for_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    questions: list[tuple[str, str | None]] = []

    def prompt(text: str, default: str | None) -> str:
        questions.append((text, default))
        return "country"

    monkeypatch.setattr("click.prompt", prompt)
    assert _ask.keys(["  country: 3 of 4"], "country,year") == "country"
    assert _ask.keys([], "") == "country"
    assert [default for _, default in questions] == ["country,year", None]


def test_commands_know_both_loaders(world: Path, flaskdash: Cli) -> None:
    flaskdash("add-chart", "pair", *SCATTER)
    assert "rural, forest" in flaskdash("list").output
    assert (
        '"data": [\n        "rural",\n        "forest"\n      ]'
        in flaskdash("list", "--json").output
    )
    for loader in ("rural", "forest"):
        result = flaskdash("remove", loader, code=1)
        assert f"These charts use the loader {loader}: pair." in result.output
    flaskdash("remove", "pair")
    flaskdash("remove", "forest")


def test_data_of_a_chart_as_its_file_has_it(world: Path, flaskdash: Cli) -> None:
    from flaskdash.project import Project

    flaskdash("add-chart", "pair", *SCATTER)
    flaskdash("add-chart", "single", "--data", "rural", "--kind", "table")
    charts = contents.charts(Project.find(world))
    assert charts["pair"].data == ("rural", "forest")
    assert charts["single"].data == ("rural",)


def test_repeated_keys_are_counted_in_all_rows_of_a_big_loader(
    world: Path, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampled, "MAX_ROWS", 50)
    monkeypatch.setattr(sampled, "SAMPLE", 10)
    monkeypatch.setattr(sampled, "FEW", 0)
    result = flaskdash("add-chart", *SCATTER, "--join", "country", code=1)
    assert "up to 10 rows in rural and 10 in forest" in result.output
    result = flaskdash("add-chart", "pair", *SCATTER, "--join", "country,year")
    assert "both have one row for each." in result.output
    assert "These are numbers of a sample: rural has 100 rows." in result.output
    (world / "instance/forest.json").unlink()
    result = flaskdash("add-chart", "pair", *SCATTER, code=1)
    assert "flaskdash refresh forest" in result.output


def test_a_chart_of_several_loaders_is_chosen_on_a_terminal(
    world: Path, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(add_chart, "is_terminal", lambda: True)
    result = flaskdash(
        "add-chart", *BOTH, stdin="\n0\nscatter\nrural_population\nforest_area\n-\n\n\n\n"
    )
    assert "Columns that could join rural and forest:" in result.output
    assert (
        "country: 10 of 10 values of rural are in forest, 10 of 10 the other way" in result.output
    )
    assert "Join by (separated by commas) [country,year]" in result.output
    (path,) = (world / "app/charts").glob("[a-z]*.py")
    assert "USING (country, year)" in path.read_text("utf-8")
    assert constants(path)["FILTERS"] == ["year", "country"]
