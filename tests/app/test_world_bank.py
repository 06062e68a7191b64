"""The dashboard of docs/recipes/world-bank.md: four files of the World Bank, by its commands alone."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from tests.support.fixtures import Cli
from tests.support.projects import borrow_environment, inside, run

RECIPE = Path(__file__).parents[2] / "docs/recipes/world-bank.md"
COUNTRIES = [f"{letter}land" for letter in "ABCDEFGHIJKL"]
YEARS = range(1960, 2018)
INDICATORS = {
    "arable_land": "Arable land (hectares per person)",
    "rural_percent": "Rural population (% of total population)",
    "rural_population": "Rural population",
    "forest_area": "Forest area (sq. km)",
}


def value(file: str, country: str, year: int) -> float:
    """Return an invented number for a file, a country and a year."""
    number, passed = COUNTRIES.index(country) + 1, year - 1959
    return {
        "arable_land": round(number / 10 + passed / 1000, 4),
        "rural_percent": round(80 - number - passed / 4, 2),
        "rural_population": 1000 * number * passed + 17 * passed,
        "forest_area": 500.5 * number - passed,
    }[file]


def csv(file: str) -> str:
    """Return a file in the World Bank's layout: a column for each year, below four lines."""
    names = ["Country Name", "Country Code", "Indicator Name", "Indicator Code", *map(str, YEARS)]
    rows = [names]
    for country in COUNTRIES:
        cells = [country, f"{country[0]}LD", INDICATORS[file], f"X.{file.upper()}"]
        # The last years are missing, and the forests were first measured in 1990.
        years = range(1990 if file == "forest_area" else 1960, 2016)
        cells += [str(value(file, country, year)) if year in years else "" for year in YEARS]
        rows.append(cells)
    lines = ["\ufeff" + '"Data Source","World Development Indicators",', ""]
    lines += ['"Last Updated Date","2018-05-02",', ""]
    lines += [",".join(f'"{cell}"' for cell in row) + "," for row in rows]
    return "\r\n".join(lines) + "\r\n"


def commands() -> list[list[str]]:
    """Return the commands of the recipe."""
    text = RECIPE.read_text("utf-8").replace("\\\n", " ")
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    return [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]


def test_the_recipe(
    folder: Path, shared_project: Path, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in INDICATORS:
        Path(f"{file}.csv").write_text(csv(file), "utf-8")
    for command in filter(None, commands()):
        if command[0] == "cd":
            monkeypatch.chdir(command[1])
            borrow_environment(Path.cwd(), shared_project)
            continue
        assert command[0] == "flaskdash"
        if command[1] != "serve":
            flaskdash(*command[1:], *(["--no-install", "--no-git"] if command[1] == "new" else []))
    (query,) = re.findall(r"http://127.0.0.1:5000/(\?\S+)", RECIPE.read_text("utf-8"))
    ten = COUNTRIES[:10]
    for name in (
        "Austria",
        "Brazil",
        "Canada",
        "Chile",
        "France",
        "Germany",
        "India",
        "Japan",
        "Kenya",
        "Norway",
    ):
        assert name in query
        query = query.replace(name, ten.pop(0))
    answers = inside(
        Path.cwd(),
        f"""
        engine.freeze()
        page = get("/{query}")
        assert page.status_code == 200 and "could not be drawn" not in page.text
        print(json.dumps({{
            chart.file.stem: json.loads(get(f"/charts/{{slug}}/data.json{query}").data)["rows"]
            for slug, chart in engine.charts.items()
        }}))
        figure = json.loads(get("/charts/forest-and-people/figure.json{query}").data)
        assert len(figure["data"]) == 10
        assert {{trace["type"] for trace in figure["data"]}} == {{"scatter"}}
        """,
    )
    charts = json.loads(answers)
    ten, years = COUNTRIES[:10], range(1990, 2016)
    for name, file in (("arable_land", "arable_land"), ("rural_percent", "rural_percent")):
        assert {(year, country): number for year, country, number in charts[name]} == {
            (year, country): value(file, country, year) for country in ten for year in years
        }
    for name, file in (("arable_land_2015", "arable_land"), ("rural_2015", "rural_population")):
        assert dict(charts[name]) == {country: value(file, country, 2015) for country in ten}
    assert sorted(map(tuple, charts["forest_and_people"])) == sorted(
        (
            value("rural_population", country, year),
            value("forest_area", country, year),
            country,
        )
        for country in ten
        for year in years
    )
    assert "All checks passed" in run(Path.cwd(), "ruff", "check", "--no-cache")
    assert "already formatted" in run(Path.cwd(), "ruff", "format", "--check", "--no-cache")
    assert "no issues found" in run(Path.cwd(), "mypy")
    summary = run(Path.cwd(), "pytest", "-q", "-p", "no:cacheprovider").splitlines()[-1]
    assert re.fullmatch(r"\d+ passed in .*", summary), summary
