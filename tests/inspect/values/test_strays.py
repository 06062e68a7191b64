"""A few mistyped cells do not turn a column of numbers or dates into text."""

from __future__ import annotations

import pandas as pd
import pytest

from flaskdash.inspect.values.column_plan import plan_column
from tests.support.columns import DAYS, inspect_column, mixed
from tests.support.fixtures import Write


@pytest.mark.parametrize(
    ("name", "regular", "strays"),
    [
        ("Duration", [str(60 + n * 7 % 130) for n in range(96)], ["178c", "Inf", "Not Applicable"]),
        ("Income", [f"$ {n * 977_013 + 4000:,}" for n in range(99)], ["$ 4o8,035,783"]),
        ("Score", [f"{7 + n * 7 % 25 / 10:.1f}" for n in range(90)], ["8,9f", "8:8"]),
        ("Betrag", [f"{n * 13},{n % 90 + 10}" for n in range(99)], ["12,,50", "1O,35"]),
        ("poids", [f"{40 + n} kg" for n in range(60)], ["7l kg", "55kgg?"]),
        ("вес", [f"{n}.{n % 9 + 1}" for n in range(50)], ["около 3.5"]),
        ("monto", [f"€{n}.000,50" for n in range(1, 70)], ["€1,000.50,", "€ x"]),
        ("visits", [f"{n},{n + 100}" for n in range(1, 80)], ["~3,100", "3,1OO"]),
        ("x", [f"{n * 3}" for n in range(40)] * 3, ["1;2", "4/5"]),
    ],
)
def test_a_few_mistyped_numbers_are_missing(
    write: Write, name: str, regular: list[str], strays: list[str]
) -> None:
    inspection = inspect_column(write, name, mixed(regular, strays))
    column = next(column for column in inspection.columns if column.name == name)
    assert column.type in ("integer", "number")
    assert column.missing == len(strays)
    notes = " ".join(inspection.notes)
    assert f"{len(strays)} of {len(regular) + len(strays)} values are written differently" in notes
    assert all(repr(stray) in notes for stray in strays)
    omitted = {each.reason: each.count for each in inspection.omitted}
    assert omitted[f"cells of {name} read as missing"] == len(strays)


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("x", [*map(str, range(100)), "12A"]),
        ("level", [*map(str, range(1, 40)), *map(str, range(1, 40)), "12A", "13B"]),
        ("hausnummer", [*map(str, range(1, 80)), *map(str, range(1, 80)), "7 a"]),
        ("family", [*(str(n // 3) for n in range(300)), *["136A"] * 4]),
        ("product", [str(1000 + 3 * n) for n in range(90)] * 2 + ["1003-B"]),
        ("version", [f"{n}.{n % 10}" for n in range(60)] + ["1.2.3"]),
        ("x", [f"{n}.{n % 10}" for n in range(60)] + ["1.2.3"]),
        ("x", [f"{n}.{n % 10}" for n in range(60)] + ["1.2rc1"]),
        ("bus", [str(n) for n in range(1, 60)] * 3 + ["N12"]),
        ("price", [f"€ {n}.50" for n in range(60)] + ["$ 4.50"]),
        ("x", [f"{n}" for n in range(20)] + ["1o"]),
        ("time", [f"+{n}.{n % 10}00" for n in range(80)] + ["1:34:50.616"] * 3),
    ],
)
def test_labels_with_a_letter_stay_text(write: Write, name: str, cells: list[str]) -> None:
    inspection = inspect_column(write, name, cells)
    assert list(inspection.frame[name]) == cells


@pytest.mark.parametrize(
    ("cells", "strays"),
    [
        ([f"{day:%Y-%m-%d}" for day in DAYS], ["2019-02-30", "20190101", "about 1980"]),
        ([f"{day:%d.%m.%Y}" for day in DAYS], ["13,01.2020", "1..2.2019", "31.02.2019"]),
        ([f"{day:%m/%d/%Y}" for day in DAYS], ["14/21/2019", "spring 2019"]),
        ([f"{day:%B} {day.day}, {day.year} (Japan)" for day in DAYS], ["1980 (Japan)"]),
    ],
)
def test_a_few_cells_that_are_no_dates_are_missing(
    write: Write, cells: list[str], strays: list[str]
) -> None:
    inspection = inspect_column(write, "day", mixed(cells, strays))
    values = inspection.frame["day"]
    assert pd.api.types.is_datetime64_dtype(values)
    assert values.isna().sum() == len(strays)
    assert all(repr(stray) in " ".join(inspection.notes) for stray in strays)


def test_one_zero_too_many_is_that_of_a_number(write: Write) -> None:
    cells = [f"{n % 9 + 1}.{n % 10}" for n in range(60)]
    inspection = inspect_column(write, "score", [*cells, "08.9"])
    assert inspection.frame["score"].iloc[-1] == 8.9


def test_a_column_that_does_not_convert_has_all_its_cells() -> None:
    plan = plan_column("score", {**{f"{n}.5": 3 for n in range(40)}, "8:8": 1, "-": 2})
    assert (plan.kind, plan.missing, set(plan.gaps)) == ("number", 3, {"8:8", "-"})
    text = plan.as_text()
    assert (text.kind, text.missing, set(text.gaps), text.notes) == ("text", 2, {"-"}, ())
