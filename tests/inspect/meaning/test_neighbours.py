"""Columns whose meaning shows beside others."""

from __future__ import annotations

import pytest

from flaskdash.inspect import inspect_source
from tests.support.fixtures import Write


def test_a_long_jump_is_no_longitude(write: Write) -> None:
    lines = [f"a{n},{6 + n % 17 / 10},{10 + n % 13 / 10},{n % 37 + 40}" for n in range(80)]
    path = write("\n".join(["athlete,Long.jump,100m,skill_long_passing", *lines]))
    inspection = inspect_source(path)
    assert inspection.column("Long.jump").role == "measure"
    assert inspection.column("skill_long_passing").role == "measure"


@pytest.mark.parametrize("names", ["lat,long", "start_lat,start_long", "lat,drop long"])
def test_a_longitude_beside_a_latitude_is_one(write: Write, names: str) -> None:
    lines = [f"{n % 60 + 0.5},{n % 90 - 7.5},{n % 7}" for n in range(60)]
    inspection = inspect_source(write("\n".join([f"{names},n", *lines])))
    assert [inspection.column(name).role for name in names.split(",")] == ["geography"] * 2


def test_numbers_that_repeat_an_identifier_are_codes(write: Write) -> None:
    lines = [f'"{29_001 + 2 * n:05}",{29_001 + 2 * n},{n * 7 % 50}.5' for n in range(80)]
    lines[0] = '"01001",1001,3.5'
    inspection = inspect_source(write("\n".join(["FIPS,FIPSNO,rate", *lines])))
    assert inspection.column("FIPSNO").role == "identifier"


@pytest.mark.parametrize("sizes", [(61_234, 7_034_567), (812, 1_203_456)])
def test_amounts_of_labels_are_no_codes(write: Write, sizes: tuple[int, int]) -> None:
    low, high = sizes
    step = (high - low) // 15
    lines = [
        f"region{n},{low + n * step},{(n * 12 + part) * 31 % 997},{part}"
        for n in range(16)
        for part in range(12)
    ]
    inspection = inspect_source(write("\n".join(["region,inscrits,voix,candidate", *lines])))
    column = inspection.column("inscrits")
    assert (column.role, column.agg) == ("measure", "mean")  # each row of a region repeats it


def test_what_is_numbered_from_one_is_a_code_whatever_its_name(write: Write) -> None:
    lines = [
        f"region{n // 12},{n % 12 + 1},name{n % 12},{n * 31 % 997},{n % 12 * 3 + 1}"
        for n in range(12 * 16)
    ]
    inspection = inspect_source(write("\n".join(["region,num_sign,party,votes,num_seats", *lines])))
    assert inspection.column("num_sign").role == "identifier"
    assert inspection.column("num_seats").role == "measure"


def test_siblings_are_averaged_alike(write: Write) -> None:
    lines = [
        f"car{n},{6000 + n % 31 * 20},{1800 + n * 7 % 11 * 90 + n % 3 * 2500}" for n in range(50)
    ]
    inspection = inspect_source(write("\n".join(["model,hp_rpm,trq_rpm", *lines])))
    assert [inspection.column(name).agg for name in ("hp_rpm", "trq_rpm")] == ["mean", "mean"]


def test_siblings_of_amounts_stay(write: Write) -> None:
    lines = [f"x{n},{n % 9 + 60}.5,{n * 977 % 5000}" for n in range(50)]
    inspection = inspect_source(write("\n".join(["name,price_web,orders_web", *lines])))
    assert [inspection.column(name).agg for name in ("price_web", "orders_web")] == ["mean", "sum"]
