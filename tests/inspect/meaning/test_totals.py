"""Totals among their parts: told by their name, and by being as large as any part."""

from __future__ import annotations

import pandas as pd
import pytest

from flaskdash.inspect.meaning import remarks, roles


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
def test_other_names_are_parts(name: str) -> None:
    assert roles.describe(frame(name), {})[1].totals == ()


def test_what_is_smaller_than_a_part_is_no_total() -> None:
    table = frame("Total", factor=0)
    columns = roles.describe(table, {})
    assert columns[1].totals == ()
    assert any("may be totals" in note for note in remarks.remark(table, columns))


@pytest.mark.parametrize("name", ["Total d'ensemble", "to\\\\tal total"])
def test_names_that_engines_write_differently_are_left(name: str) -> None:
    assert roles.describe(frame(name), {})[1].totals == ()


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


def places(*groups: str) -> tuple[str, ...]:
    """Return which values are marked as groups of the others."""
    names = [*COUNTRIES, *groups]
    rows = [(name, year, 1.5 + i) for i, name in enumerate(names) for year in (2020, 2021)]
    table = pd.DataFrame(rows, columns=["Country Name", "year", "rate"])
    return roles.describe(table, {})[0].groups


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
        "Western Europe",
    ]
    + [
        "Euro area \u2013 20 countries (from 2023)",
        "Least developed countries: UN classification",
        "G20",
    ],
)
def test_regions_among_countries_are_groups(name: str) -> None:
    assert places(name) == (name,)


@pytest.mark.parametrize(
    "name", ["South Africa", "Central African Republic", "South Sudan", "Oman"]
)
def test_countries_are_none(name: str) -> None:
    assert places(name) == ()


def test_where_regions_are_the_parts_they_are_no_groups() -> None:
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
    assert roles.describe(table, {})[0].groups == ()
