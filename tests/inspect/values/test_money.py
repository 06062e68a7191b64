"""Amounts of money as they are written in many countries."""

from __future__ import annotations

import pytest

from flaskdash.inspect import inspect_source
from tests.support.fixtures import Write

AMOUNTS = (5, 37, 999, 12_345, 123_456, 1_234_567, 98_765_432, 640, 71, 8_020)


def lakhs(number: int) -> str:
    """Return a number with India's groups: 12,34,567."""
    head, tail = str(number)[:-3], str(number)[-3:]
    groups = [tail]
    while head:
        groups.insert(0, head[-2:])
        head = head[:-2]
    return ",".join(groups)


def grouped(number: int, mark: str) -> str:
    return f"{number:,}".replace(",", mark)


@pytest.mark.parametrize(
    ("text", "mark", "cents"),
    [
        ("Rs. {}", ",", 0),
        ("Rs. {}.50", ",", 0.5),
        ("{},00 ₺", ".", 0),
        ("₺{},50", ".", 0.5),
        ("R$ {},90", ".", 0.9),
        ("{},00 Kč", " ", 0),
        ("{} zł", "\u00a0", 0),
        ("CHF {}.50", "'", 0.5),
        ("{}.\u2013 CHF", "\u2019", 0),
        ("CHF {}.-", "'", 0),
        ("{},- kr", ".", 0),
        ("kr. {},-", ".", 0),
        ("€{},-", ".", 0),
        ("GH₵{}.00", ",", 0),
        ("KSh {}", ",", 0),
        ("{} AED", ",", 0),
        ("Dhs. {}", ",", 0),
        ("S/ {}.00", ",", 0),
        ("R {}.25", ",", 0.25),
        ("{}đ", ".", 0),
        ("{}원", ",", 0),
        ("{} TL", ",", 0),
        ("Rp. {}", ".", 0),
    ],
)
def test_amounts_with_marks_of_money(write: Write, text: str, mark: str, cents: float) -> None:
    rows = [f"I{n}\t{text.format(grouped(amount, mark))}" for n, amount in enumerate(AMOUNTS)]
    inspection = inspect_source(write("item\tamount\n" + "\n".join(rows)))
    assert inspection.frame["amount"].tolist() == [amount + cents for amount in AMOUNTS]
    assert inspection.column("amount").unit


@pytest.mark.parametrize("text", ["₹{}", "₹ {}/-", "INR {}", "Rs {}/-", "Rs. {}.00", "{} INR"])
def test_rupees_in_lakhs(write: Write, text: str) -> None:
    rows = [f"I{n}\t{text.format(lakhs(amount))}" for n, amount in enumerate(AMOUNTS)]
    inspection = inspect_source(write("item\tamount\n" + "\n".join(rows)))
    assert inspection.frame["amount"].tolist() == list(AMOUNTS)


def test_lakh_and_crore_are_scales(write: Write) -> None:
    prices = ["₹45.5 L", "₹1.2 Cr", "₹ 98 Lac", "₹2 Crore", "₹70 Lakh", "₹60 Lakhs", "₹3.25 Cr"]
    rows = [f"F{n}\t{price}" for n, price in enumerate(prices)]
    inspection = inspect_source(write("flat\tprice\n" + "\n".join(rows)))
    assert inspection.frame["price"].round().tolist() == [
        *(4_550_000, 12_000_000, 9_800_000, 20_000_000, 7_000_000, 6_000_000, 32_500_000)
    ]
    assert inspection.column("price").unit == "₹"


@pytest.mark.parametrize("text", ["A{}", "v{}.10", "Room {}", "INV-{}", "{}/2024", "{}-"])
def test_codes_are_no_amounts(write: Write, text: str) -> None:
    rows = [f"I{n}\t{text.format(n + 10)}" for n in range(20)]
    inspection = inspect_source(write("item\tcode\n" + "\n".join(rows)))
    assert inspection.column("code").unit is None


@pytest.mark.parametrize("unit", ["per mille", "‰", "kWh per km", "sq. ft", "Mio. €", "µg/m³"])
def test_a_unit_of_several_words_behind_all_numbers(write: Write, unit: str) -> None:
    rows = [f"P{n};{n * 1.5:.1f} {unit}".replace(".", ",", 1) for n in range(20)]
    inspection = inspect_source(write("place;value\n" + "\n".join(rows)))
    assert inspection.frame["value"].tolist() == [n * 1.5 for n in range(20)]
    assert inspection.column("value").unit == unit
