"""Recognise totals among their parts, by name and by size."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from flaskdash.charts import sql
from flaskdash.charts.suggest import suggest
from flaskdash.inspect import inspect_source
from flaskdash.inspect.formats import big_csv
from flaskdash.inspect.meaning import remarks, roles, sampled, totals
from flaskdash.inspect.writing.draft import execute
from tests.support.fixtures import Cli, Write
from tests.support.projects import own_environment, run


def frame(total: str, factor: int = 1) -> pd.DataFrame:
    """Return sales of five regions in three years, with a row for all of them in each."""
    regions = ["North", "South", "East", "West", "Centre"]
    rows = [
        (year, region, 10 + i) for year in (2021, 2022, 2023) for i, region in enumerate(regions)
    ]
    rows += [(year, total, 60 * factor) for year in (2021, 2022, 2023)]
    return pd.DataFrame(rows, columns=["year", "region", "sales"])


@pytest.mark.parametrize("total", ["Total", "World", "TotalUS", "Grand total", "합계", "EU total"])
def test_a_total_is_marked(total: str) -> None:
    table = frame(total)
    columns = roles.describe(table, {})
    assert columns[1].totals == (total,)
    assert any("would count twice" in note for note in remarks.remark(table, columns))


@pytest.mark.parametrize("name", ["Totality Inc", "Allied", "Summit", "Worldwide Ltd"])
def test_other_names_are_totals_only_if_they_are_the_sums_of_the_others(name: str) -> None:
    assert roles.describe(frame(name, factor=2), {})[1].totals == ()
    assert roles.describe(frame(name), {})[1].totals == (name,)


def test_a_value_that_is_smaller_than_a_part_is_not_a_total() -> None:
    table = frame("Total", factor=0)
    columns = roles.describe(table, {})
    assert columns[1].totals == ()
    assert any("may be totals" in note for note in remarks.remark(table, columns))


@pytest.mark.parametrize("name", ["Total d'ensemble", "to\\\\tal total"])
def test_names_that_need_escaping_are_not_marked(name: str) -> None:
    assert roles.describe(frame(name), {})[1].totals == ()


def left_out(table: pd.DataFrame) -> dict[str, list[str]]:
    return totals.redundant(table, roles.describe(table, {}))


COUNTRIES = [
    "Chile",
    "Peru",
    "Japan",
    "Kenya",
    "Ghana",
    "Norway",
    "Malta",
    "Cuba",
    "Niger",
    "India",
]


def places(*groups: str) -> list[str]:
    """Return the values that are left out as groups of countries."""
    names = [*COUNTRIES, *groups]
    rows = [(name, year, 1.5 + i) for i, name in enumerate(names) for year in (2020, 2021)]
    table = pd.DataFrame(rows, columns=["Country Name", "year", "rate"])
    return left_out(table).get("Country Name", [])


@pytest.mark.parametrize(
    "name",
    [
        "World",
        "Euro area",
        "European Union",
        "EU27_2020",
        "OECD - Total",
        "OECD members",
        "Low & middle income",
    ]
    + [
        "High-income countries",
        "Sub-Saharan Africa (IDA & IBRD)",
        "Arab World",
        "Small states",
    ]
    + [
        "Euro area \u2013 20 countries (from 2023)",
        "Least developed countries: UN classification",
        "G20",
    ],
)
def test_regions_among_countries_are_groups(name: str) -> None:
    assert places(name) == [name]


def test_regions_are_groups_only_beside_the_world() -> None:
    assert places("Western Europe", "Oceania") == []
    assert places("Western Europe", "Oceania", "World") == ["Oceania", "Western Europe", "World"]


@pytest.mark.parametrize(
    "name", ["South Africa", "Central African Republic", "South Sudan", "Oman", "Micronesia"]
)
def test_countries_are_not_groups(name: str) -> None:
    assert places(name) == []
    assert places(name, "World") == ["World"]


def test_regions_without_countries_are_not_groups() -> None:
    names = [
        "Africa",
        "Asia",
        "Europe",
        "Oceania",
        "North America",
        "South America",
        "Arab World",
        "World",
    ]
    table = pd.DataFrame({"region": names * 3, "rate": [0.5 + i for i in range(24)]})
    assert left_out(table) == {}


YEARS = range(2015, 2023)
WIDE = f"Country Name,{','.join(map(str, YEARS))}\n" + "".join(
    f"{name},{','.join(str(n * size) for n, _ in enumerate(YEARS, start=10))}\n"
    for name, size in [*((name, 2) for name in COUNTRIES), ("World", 20), ("Africa", 6), ("G20", 2)]
)
LONG = "year,region,sales\n" + "".join(
    f"{year},{region},{sales}\n"
    for year in (2021, 2022, 2023)
    for region, sales in (("North", 5), ("South", 7), ("East", 9), ("", 4), ("Total", 25))
)
CROSSED = "year,sex,age,people\n" + "".join(
    f"{year},{sex},{age},{s * a}\n"
    for year in (2021, 2022)
    for sex, s in (("female", 2), ("male", 3), ("both", 5))
    for age, a in (("young", 10), ("middle", 20), ("old", 30), ("All", 60))
)


@pytest.mark.parametrize(
    ("text", "expected", "rows"),
    [
        (WIDE, {"Country Name": ["Africa", "G20", "World"]}, 80),
        (LONG, {"region": ["Total"]}, 12),
        (CROSSED, {"sex": ["both"], "age": ["All"]}, 12),
    ],
    ids=["wide", "long", "crossed"],
)
@pytest.mark.parametrize("size", ["small", "big"])
def test_totals_are_left_out_by_the_loader(
    text: str,
    expected: dict[str, list[str]],
    rows: int,
    size: str,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if size == "big":
        monkeypatch.setattr(big_csv, "BIG", 10)
        monkeypatch.setattr(sampled, "MAX_ROWS", 5)
    path = write(text, "sales.csv")
    inspection = inspect_source(path)
    assert inspection.left_out == expected
    result = execute(inspection.body, path, inspection.left_out)
    assert len(result) == len(inspection.frame) == inspection.total == rows
    assert ("connection" in inspection.body) == (size == "big" and text != WIDE)
    for name, values in expected.items():
        assert any(note.startswith(f"{name}: rows of {values[0]!r}") for note in inspection.notes)
    columns = {column.name: column for column in inspection.columns}
    for chart in suggest(inspection, "sales"):
        assert "NOT IN" not in sql.select(chart, columns, sql.Bins(1))


def test_a_folder_excel_and_json_leave_totals_out_too(tmp_path: Path) -> None:
    table = frame("Total", factor=1).sort_values("year")
    (tmp_path / "parts").mkdir()
    for year, part in table.groupby("year"):
        part.to_csv(tmp_path / f"parts/{year}.csv", index=False)
    table.to_json(tmp_path / "sales.json", orient="records")
    table.to_excel(tmp_path / "sales.xlsx", index=False)
    duckdb.from_df(table).write_parquet(str(tmp_path / "sales.parquet"))
    for name in ("parts", "sales.json", "sales.xlsx", "sales.parquet"):
        inspection = inspect_source(tmp_path / name)
        assert inspection.left_out == {"region": ["Total"]}, name
        assert inspection.frame["sales"].sum() == 180, name


def test_a_total_of_overlapping_parts_stays() -> None:
    assert left_out(frame("Total", factor=2)) == {}


def test_a_table_of_margins_stays() -> None:
    sexes = [("both", 50), ("female", 20), ("male", 30)]
    ages = [("young", 10), ("middle", 15), ("old", 25)]
    rows = [(year, sex, "All", n) for year in (2021, 2022) for sex, n in sexes]
    rows += [(year, "both", age, n) for year in (2021, 2022) for age, n in ages]
    assert left_out(pd.DataFrame(rows, columns=["year", "sex", "age", "people"])) == {}


@pytest.mark.parametrize("flags", [("--table", "sales"), ("--query", "SELECT * FROM sales")])
def test_a_database_leaves_totals_out_of_its_query(
    flags: tuple[str, ...], made: Path, flaskdash: Cli
) -> None:
    with sqlite3.connect(made / "shop.db") as database:
        frame("Total").to_sql("sales", database, index=False)
        database.execute("INSERT INTO sales VALUES (2023, NULL, 4)")
    database.close()
    flaskdash("add-data", f"sqlite:///{made}/shop.db", *flags, "--name", "shop", "--live")
    loader = (made / "app/loaders/shop.py").read_text("utf-8")
    query = loader.split('"""')[3]
    with sqlite3.connect(made / "shop.db") as database:
        (total,) = database.execute(f"SELECT sum(sales) FROM ({query})").fetchone()
    database.close()
    assert total == 184


def test_a_project_without_its_totals_passes_its_own_checks(
    project: Path, shared_project: Path, flaskdash: Cli
) -> None:
    own_environment(project, shared_project)
    (project / "crossed.csv").write_text(CROSSED)
    flaskdash("add-data", "crossed.csv")
    loader = (project / "app/loaders/crossed.py").read_text("utf-8")
    assert 'TOTALS = {"sex": ["both"], "age": ["All"]}\n' in loader
    run(project, "ruff", "check", "--no-cache")
    run(project, "ruff", "format", "--check", "--no-cache")
    run(project, "mypy")
    run(project, "pytest", "-q", "-p", "no:cacheprovider")
