"""Describe columns whose numbers stand for something else than an amount."""

import random

import pandas as pd
import pytest

from flaskdash.inspect.meaning.roles import describe
from flaskdash.inspect.words import is_per, names_degrees

SEED = 5
ROWS = 200


def roles(frame: pd.DataFrame) -> dict[str, str]:
    """Return the aggregate of each measure, and the role of each other column."""
    return {column.name: column.agg or column.role for column in describe(frame, {})}


def shuffled(count: int, gaps: int = 0) -> list[int]:
    return random.Random(SEED).sample(range(7, 7 + count + gaps), count)


@pytest.mark.parametrize("gaps", [0, 1, 2])
def test_numbers_that_number_the_rows_are_no_measures(gaps: int) -> None:
    numbers = shuffled(ROWS, gaps)
    frame = pd.DataFrame({"name": [f"n{i}" for i in range(ROWS)], "lap_order": numbers})
    assert roles(frame)["lap_order"] == "identifier"
    frame.loc[3, "lap_order"] = numbers[5]  # a tie
    assert roles(frame)["lap_order"] == "identifier"
    frame["lap_order"] *= 3
    assert roles(frame)["lap_order"] != "identifier"


def test_row_numbers_beside_the_names_of_rows() -> None:
    frame = pd.DataFrame({"rownames": [f"C{i}" for i in range(ROWS)], "case": range(1, ROWS + 1)})
    assert roles(frame)["case"] == "identifier"
    few = frame.head(3)
    assert roles(few)["case"] == "sum"


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        (["Retained", "Churned"], "Retention_Encoded"),
        (["Nord", "Süd", "West"], "zone_nr"),
        (["bus", "tram", "ferry", "metro"], "mode_cat"),
    ],
)
def test_the_code_of_a_label_is_no_flag_and_no_category(labels: list[str], name: str) -> None:
    codes = [i * i % 7 % len(labels) for i in range(ROWS)]
    frame = pd.DataFrame({"label": [labels[code] for code in codes], name: codes, "pay": codes})
    frame["pay"] = [i % 41 * 9 for i in range(ROWS)]
    assert roles(frame)[name] == "identifier"
    frame.loc[1, name] = 1 - frame.loc[1, name]
    assert roles(frame)[name] != "identifier"
    # A remark in two rows is no label of a flag.
    frame["remark"] = pd.Series(["checked", "open"] + [None] * (ROWS - 2))
    assert roles(frame[[name, "remark"]])[name] != "identifier"


def test_floats_of_zero_and_one_are_flags() -> None:
    frame = pd.DataFrame({"target": [float(i % 3 == 0) for i in range(ROWS)]})
    assert roles(frame) == {"target": "flag"}
    assert roles(frame * 2) == {"target": "category"}


@pytest.mark.parametrize("levels", [2, 5, 10])
def test_codes_with_empty_fractions_are_integers(levels: int) -> None:
    frame = pd.DataFrame({"v1": [float(i % levels + 1) for i in range(ROWS)]})
    assert roles(frame) == {"v1": "category"}
    assert roles(frame + 0.5) != {"v1": "category"}


@pytest.mark.parametrize(
    "name", ["Deaths / 100 Cases", "suicides/100k pop", "Kosten / 1.000 km", "GDP per capita"]
)
def test_names_of_rates(name: str) -> None:
    assert is_per(name)
    values = [i % 37 * 1.5 for i in range(ROWS)]
    assert roles(pd.DataFrame({"x": values, name: values}))[name] == "mean"


@pytest.mark.parametrize(
    ("name", "degrees"),
    [
        ("Longditude", "longitude"),
        ("longitud", "longitude"),
        ("geo_latitudine", "latitude"),
        ("altitude", ""),
        ("attitude", ""),
        ("lon", "longitude"),
    ],
)
def test_names_of_degrees(name: str, degrees: str) -> None:
    assert names_degrees(name) == degrees


def test_projected_positions_are_no_measures() -> None:
    places = random.Random(SEED)
    latitude = [places.uniform(47, 55) for _ in range(ROWS)]
    longitude = [places.uniform(6, 15) for _ in range(ROWS)]
    frame = pd.DataFrame({"lat": latitude, "lon": longitude})
    frame["rechtswert"] = 4_000_000 + 70_000.0 * frame["lon"] - 3_000 * frame["lat"]
    frame["gitter_y"] = 500.5 * frame["lat"] + 0.1 * frame["lon"] ** 2
    frame["regen"] = [places.uniform(0, 9) + 0.2 * lat for lat in latitude]
    frame["visits"] = frame["lat"] * 10.5
    expected = {"rechtswert": "identifier", "gitter_y": "identifier"}
    expected |= {"regen": "mean", "visits": "sum"}
    assert {name: roles(frame)[name] for name in expected} == expected


def test_totals_of_what_is_measured_are_averaged() -> None:
    values = random.Random(SEED)
    names = ["ph", "density", "alcohol", "acidity", "total phenols"]
    frame = pd.DataFrame({name: [values.uniform(1, 90) for _ in range(ROWS)] for name in names})
    assert roles(frame)["total phenols"] == "mean"
    frame["sales"] = frame["ph"] * 3
    assert roles(frame)["total phenols"] == "sum"


def test_a_season_is_a_category_and_numbers_in_it_are_labels() -> None:
    frame = pd.DataFrame({"season": [1 + i // 5 for i in range(ROWS)]})
    frame["number_in_season"] = [1 + i % 5 for i in range(ROWS)]
    frame["num_viewers"] = [i * 31 % 97 for i in range(ROWS)]
    expected = {"season": "category", "number_in_season": "identifier", "num_viewers": "sum"}
    assert roles(frame) == expected


def test_mileage_and_prices_as_numbers_are_averaged() -> None:
    frame = pd.DataFrame({"mileage": [i * 731 % 90_001 for i in range(ROWS)]})
    frame["price_num"] = [i * 31.5 for i in range(ROWS)]
    assert roles(frame) == {"mileage": "mean", "price_num": "mean"}


@pytest.mark.parametrize("name", ["id", "dcode", "school code"])
def test_whole_numbers_with_a_point_may_be_keys(name: str) -> None:
    frame = pd.DataFrame({"pay": [i % 37 * 9.5 for i in range(ROWS)]})
    frame[name] = [float(number * 3) for number in shuffled(ROWS)]
    assert roles(frame)[name] == "identifier"
    frame.loc[2, name] = 0.5
    assert roles(frame)[name] == "mean"


def test_flags_of_single_years_are_no_flags() -> None:
    frame = pd.DataFrame({"year": [1990 + i % 5 for i in range(ROWS)], "pay": range(7, ROWS + 7)})
    for year in range(1991, 1995):
        frame[f"y{year}"] = (frame["year"] == year).astype(int)
    assert {roles(frame)[f"y{year}"] for year in range(1991, 1995)} == {"identifier"}
