"""Numbers that are never added up: keys, pay, exchange rates, amounts of wholes, angles, years."""

from __future__ import annotations

import random

import pytest

from flaskdash.inspect import inspect_source
from tests.support.data import rows
from tests.support.fixtures import Write


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("seed", 10**8, 10**9), ("x", 0, 2**31), ("Zufall", 10**9, 10**10), ("run", 10**8, 2**32)],
)
def test_long_numbers_drawn_by_chance_are_keys(
    write: Write, name: str, low: int, high: int
) -> None:
    chance = random.Random(8)
    path = write(
        f"city,{name},score\n"
        + rows(lambda i: f"{'abcd'[i % 4]},{chance.randrange(low, high)},{i % 7}.5", 200)
    )
    assert inspect_source(path).column(name).role == "identifier"


@pytest.mark.parametrize(
    ("name", "amount"),
    [
        ("umsatz_eur", lambda chance: int(chance.lognormvariate(16, 1.2))),
        ("x", lambda chance: int(chance.lognormvariate(17, 1))),
        ("budget", lambda chance: chance.randrange(10**7, 10**8)),
        ("betrag", lambda chance: 1000 * chance.randrange(10**4, 10**5)),
    ],
)
def test_large_amounts_are_measures(write: Write, name: str, amount: object) -> None:
    chance = random.Random(9)
    assert callable(amount)
    path = write(f"city,{name}\n" + rows(lambda i: f"{'abcd'[i % 4]},{amount(chance)}", 200))
    assert inspect_source(path).column(name).role == "measure"


@pytest.mark.parametrize(
    ("name", "step", "role"),
    [
        ("QKEY", 10, "identifier"),
        ("recordkey", 5, "identifier"),
        ("x", 100, "identifier"),
        ("minutes", 10, "measure"),
        ("dose", 5, "measure"),
        ("depth", 2, "measure"),
    ],
)
def test_numbers_in_equal_steps_are_keys_unless_they_measure(
    write: Write, name: str, step: int, role: str
) -> None:
    path = write(f"{name},v\n" + rows(lambda i: f"{step * (i + 1)},{i * 7 % 31}.5", 80))
    assert inspect_source(path).column(name).role == role


@pytest.mark.parametrize(
    "name",
    ["ConvertedCompYearly", "CompTotal", "What is your total compensation?", "Gehalt", "total_pay"],
)
def test_pay_is_averaged(write: Write, name: str) -> None:
    path = write(f"nr;{name}\n" + rows(lambda i: f"{i};{20_000 + i * i * 37}", 80))
    assert inspect_source(path).column(name).agg == "mean"


@pytest.mark.parametrize(
    "names", [("USD", "JPY", "CHF"), ("US dollar", "Japanese yen"), ("EUR/USD", "EUR/GBP")]
)
def test_exchange_rates_are_averaged(write: Write, names: tuple[str, ...]) -> None:
    def rates(i: int) -> str:
        return ",".join(f"{(place + 1) * 1.7 + i % 9 / 100:.3f}" for place, _ in enumerate(names))

    path = write(
        f"date,{','.join(names)}\n" + rows(lambda i: f"2024-01-{i % 28 + 1:02},{rates(i)}", 28)
    )
    inspection = inspect_source(path)
    assert [inspection.column(name).agg for name in names] == ["mean"] * len(names)


def test_amounts_in_two_currencies_are_added_up(write: Write) -> None:
    path = write(
        "date,USD,EUR\n"
        + rows(lambda i: f"2024-01-{i % 28 + 1:02},{i * 97 % 300}.5,{i * 61 % 250}.2", 28)
    )
    inspection = inspect_source(path)
    assert [inspection.column(name).agg for name in ("USD", "EUR")] == ["sum", "sum"]


@pytest.mark.parametrize(("year", "step"), [("year", 10), ("Jahr", 5), ("census_year", 10)])
def test_what_is_counted_each_fifth_or_tenth_year_is_not_added_up(
    write: Write, year: str, step: int
) -> None:
    chance = random.Random(3)

    def line(i: int) -> str:
        return f"{1900 + i % 8 * step},{'fm'[i // 8 % 2]},{i // 16},{chance.randrange(9000)}"

    path = write(f"{year},sex,block,dwellers\n" + rows(line, 160))
    assert inspect_source(path).column("dwellers").agg == "last"
    # Games are played each fourth year, and their goals add up.
    path = write(f"{year},sex,block,dwellers\n" + rows(line, 160).replace("1910", "1911"))
    assert inspect_source(path).column("dwellers").agg == "sum"


@pytest.mark.parametrize(
    ("key", "amount"), [("order_no", "order_total"), ("household", "spending"), ("city", "budget")]
)
def test_the_amount_of_a_whole_is_not_added_up_over_its_parts(
    write: Write, key: str, amount: str
) -> None:
    chance = random.Random(4)
    wholes = [chance.randrange(10**6) for _ in range(40)]

    def line(i: int) -> str:
        return f"w{i // 4}x,{'abcd'[i % 4]},{i % 13},{wholes[i // 4]}"

    header = f"{key},part,pieces,{amount}\n"
    assert inspect_source(write(header + rows(line, 160))).column(amount).agg == "mean"
    # Goods of one price have no amounts of their own.
    wholes = [100 * (n % 9) for n in range(40)]
    assert inspect_source(write(header + rows(line, 160))).column(amount).agg == "sum"


@pytest.mark.parametrize(
    ("name", "agg"), [("dir", "mean"), ("wind_direction", "mean"), ("boiling point", "mean")]
)
def test_angles_and_points_are_never_added_up(write: Write, name: str, agg: str) -> None:
    chance = random.Random(5)
    path = write(f"tree,{name}\n" + rows(lambda i: f"t{i % 30},{chance.randrange(360)}", 200))
    assert inspect_source(path).column(name).agg == agg


@pytest.mark.parametrize("names", [("start", "end"), ("born", "died"), ("Founded", "Closed")])
def test_years_before_1900_are_no_amounts(write: Write, names: tuple[str, str]) -> None:
    path = write(
        ",".join(("house", *names)) + "\n" + rows(lambda i: f"h{i},{1500 + 7 * i},{1520 + 9 * i}")
    )
    assert {inspect_source(path).column(name).role for name in names} <= {"category", "identifier"}


@pytest.mark.parametrize(
    ("group", "start", "text"),
    [
        ("AgeGrp", "AgeGrpStart", "{0}-{1}"),
        ("income band", "band from", "{0} to {1}"),
        ("Größe", "Größe ab", "ab {0} m"),
    ],
)
def test_the_first_number_of_a_group_is_its_code(
    write: Write, group: str, start: str, text: str
) -> None:
    def line(i: int) -> str:
        low = i % 9 * 5
        return f"{text.format(low, low + 4)},{low},{i % 17}"

    path = write(f"{group},{start},men\n" + rows(line, 180))
    assert inspect_source(path).column(start).role == "identifier"
