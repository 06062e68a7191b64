"""How two tables fit together: the columns that could join them, and what a join does."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from flaskdash.inspect import fit
from flaskdash.inspect.fit import Table
from flaskdash.inspect.meaning import roles

COUNTRIES = [f"{letter}land" for letter in "ABCDEFGHIJ"]


def table(name: str, columns: dict[str, list[object]]) -> Table:
    frame = pd.DataFrame(columns)
    described = {column.name: column for column in roles.describe(frame, {})}
    return Table(name, frame, described, len(frame))


def panel(
    name: str, measure: str, countries: list[str] = COUNTRIES, years: range = range(2000, 2010)
) -> Table:
    """Return a table with a row for each country and year."""
    rows = [(country, year) for country in countries for year in years]
    return table(
        name,
        {
            "country": [country for country, _ in rows],
            "code": [country[:1] + "XX" for country, _ in rows],
            "year": [year for _, year in rows],
            measure: [1000.5 + number * number for number in range(len(rows))],
        },
    )


def names(left: Table, right: Table) -> list[str]:
    return [pair.name for pair in fit.suggest(left, right, fit.candidates(left, right))]


@pytest.fixture
def rural() -> Table:
    return panel("rural", "rural_population")


def test_shared_columns_are_the_keys_and_a_code_adds_nothing(rural: Table) -> None:
    forest = panel("forest", "forest_area", COUNTRIES[2:] + ["Zland"], range(2004, 2012))
    assert names(rural, forest) == ["country", "year"]
    pair = next(p for p in fit.candidates(rural, forest) if p.left == "country")
    assert (pair.common, pair.left_values, pair.right_values) == (8, 10, 9)
    assert (pair.left_only, pair.right_only) == (("Aland", "Bland"), ("Zland",))
    each = fit.fit(rural, forest, [("country", "country"), ("year", "year")])
    assert (each.left_matched, each.right_matched) == (48, 48)
    assert (each.left_most, each.right_most) == (1, 1)


def test_a_key_with_fewer_common_values_gives_way_to_its_code(rural: Table) -> None:
    forest = panel("forest", "forest_area")
    forest.frame["country"] = forest.frame["country"].replace("Aland", "The A Land")
    assert names(rural, forest) == ["code", "year"]


def test_names_that_are_alike(rural: Table) -> None:
    forest = panel("forest", "forest_area")
    renamed = {"country": "Country Name", "code": "ISO", "year": "Year"}
    second = table("forest", dict(forest.frame.rename(columns=renamed).to_dict("list")))
    assert names(rural, second) == ["country=Country Name", "year=Year"]


def test_a_code_that_matches_better_than_a_name(rural: Table) -> None:
    forest = panel("forest", "forest_area")
    forest.frame["country"] = forest.frame["country"].replace("Aland", "The A Land")
    renamed = {"country": "Country", "code": "iso_alpha"}
    columns = dict(forest.frame.rename(columns=renamed).to_dict("list"))
    assert names(rural, table("forest", columns)) == ["code=iso_alpha", "year"]


def test_years_of_other_names_are_no_keys(rural: Table) -> None:
    start = {"country": COUNTRIES, "Estimates Start After": [2000 + n for n in range(10)]}
    lands = table("lands", {**start, "debt": [n * 3.7 for n in range(10)]})
    assert names(rural, lands) == ["country"]


def test_values_join_columns_of_different_names() -> None:
    customers = table("customers", {"nation": COUNTRIES * 4, "spent": [n * 1.5 for n in range(40)]})
    nations = table("nations", {"place": COUNTRIES[1:], "people": [n * 997 for n in range(9)]})
    assert names(customers, nations) == ["nation=place"]
    each = fit.fit(customers, nations, [("nation", "place")])
    assert (each.left_most, each.right_most, each.left_matched) == (4, 1, 36)
    assert not each.multiplies


def test_numbers_of_rows_and_flags_are_no_keys() -> None:
    left = table(
        "left", {"id": [*range(40)], "paid": ["yes", "no"] * 20, "a": [0.5 + n for n in range(40)]}
    )
    right = table(
        "right", {"id": [*range(40)], "open": ["yes", "no"] * 20, "b": [0.7 + n for n in range(40)]}
    )
    assert fit.candidates(left, right) == []
    assert fit.sentences(left, right) == [
        "No columns of the two have values in common by which they could be joined."
    ]


def test_two_possible_partners_are_no_sensible_set() -> None:
    flights = table(
        "flights",
        {"origin": COUNTRIES * 3, "target": COUNTRIES[::-1] * 3, "n": [n * 1.1 for n in range(30)]},
    )
    places = table("places", {"place": COUNTRIES, "height": [n * 13.7 for n in range(10)]})
    assert names(flights, places) == []
    assert [pair.name for pair in fit.candidates(flights, places)] == [
        "origin=place",
        "target=place",
    ]
    assert (
        fit.sentences(flights, places)[-1]
        == "Several columns could be the key: choose with --join."
    )


def test_a_join_that_multiplies_rows(rural: Table) -> None:
    forest = panel("forest", "forest_area", years=range(2004, 2008))
    each = fit.fit(rural, forest, [("country", "country")])
    assert each.multiplies
    assert (each.left_most, each.right_most) == (10, 4)
    text = fit.multiplied("rural", "forest", ["country"], each)
    assert (
        "one value has up to 10 rows in rural and 4 in forest, which is up to 40 together" in text
    )
    more = fit.more_keys(rural, forest, [("country", "country")], fit.candidates(rural, forest))
    assert [pair.name for pair in more] == ["year"]


@pytest.mark.parametrize("convert", [float, "Int64"])
def test_years_match_whatever_their_type(rural: Table, convert: Callable[..., object]) -> None:
    forest = panel("forest", "forest_area")
    frame = forest.frame.astype({"year": convert})  # type: ignore[arg-type]
    described = {column.name: column for column in roles.describe(frame, {})}
    second = Table("forest", frame, described, len(frame))
    assert fit.coverage(rural, second, ("year", "year")).common == 10


def test_missing_values_match_nothing() -> None:
    left = table("left", {"k": ["a", "b", None, None], "x": [1.5, 2.5, 3.5, 4.5]})
    right = table("right", {"k": ["a", None, "c", None], "y": [1.5, 2.5, 3.5, 4.5]})
    each = fit.fit(left, right, [("k", "k")])
    assert (each.left_matched, each.right_matched, each.left_most) == (1, 1, 1)


def test_a_sample_is_named(rural: Table) -> None:
    big = Table("big", rural.frame, rural.columns, 5_000_000)
    assert fit.sentences(big, rural)[-1] == (
        "These are numbers of a sample: big has 5,000,000 rows."
    )


def test_the_report_in_words(rural: Table) -> None:
    forest = panel("forest", "forest_area", COUNTRIES[5:], range(2004, 2012))
    lines = fit.sentences(rural, forest)
    assert "country: 5 of 10 values of rural are in forest, 5 of 5 the other way" in lines
    assert "  only in rural: 'Aland', 'Bland', 'Cland' and 2 more" in lines
    assert lines[-1] == (
        "Joined by country and year, 30 of 100 rows of rural and 30 of 40 of forest match;"
        " both have one row for each."
    )
