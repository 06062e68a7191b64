"""Dates with stray marks, and with brackets."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.support.columns import DAYS, inspect_column, mixed
from tests.support.fixtures import Write


@pytest.mark.parametrize(
    "cells",
    [
        mixed([f"{day:%B} {day.day}, {day.year}" for day in DAYS], ["October 16. 2019"]),
        mixed([f"{day.day} {day:%b} {day.year}" for day in DAYS], ["16, Oct 2019", "16.Oct 2019"]),
        mixed([f"{day:%d-%b-%Y}" for day in DAYS], ["16/Oct-2019", "16 Oct. 2019", "16-Oct.2019"]),
        mixed([f"{day.day}. März {day.year}" for day in DAYS], ["16 März. 2019"]),
        mixed([f"{day.day} de mayo de {day.year}" for day in DAYS], ["16 de mayo, 2019"]),
        [f"{day:%m/%d/%Y} (5:54:01 AM)" for day in DAYS],
        [f"{day:%d.%m.%Y} (17:54)" for day in DAYS],
        [f"{day:%Y-%m-%d} (05:54)" for day in DAYS],
        [f"{day:%B} {day.day}, {day.year} (United States)" for day in DAYS],
        [f"{day:%d.%m.%Y} ({'Österreich' if day.day % 2 else 'geschätzt'})" for day in DAYS],
        [f"{day:%Y-%m-%d} (estimé)" for day in DAYS],
    ],
)
def test_dates_with_other_marks_are_dates(write: Write, cells: list[str]) -> None:
    inspection = inspect_column(write, "premiere", cells)
    values = inspection.frame["premiere"]
    assert pd.api.types.is_datetime64_dtype(values)
    assert not values.isna().any()
    if not any(character.isdigit() for character in cells[0].partition("(")[2]):
        assert ("cut off" in " ".join(inspection.notes)) == ("(" in cells[0])


@pytest.mark.parametrize(
    "cells",
    [
        [f"{day:%Y. %m. %d.}" for day in DAYS],
        [f"{day.day}. {day.month}. {day.year}" for day in DAYS],
        [f"{day.day}. {day.month}. {day.year}." for day in DAYS],
        [f"{day.day}. {day.month}. {day.year} 9:05" for day in DAYS],
        [f"{day.year}. {day.month}. {day.day}. 19:05:07" for day in DAYS],
        [f"19:05:07 {day.day}/{day.month}/{day.year}" for day in DAYS],
        [f"9:05 {day:%Y-%m-%d}" for day in DAYS],
        [f"09:05, {day:%d.%m.%Y}" for day in DAYS],
        [f"{day:%d/%b/%y} 9:05 PM" for day in DAYS],
        [f"{day:%Y%b}" for day in DAYS],
        [f"{day:%d%b%Y}:10:11:12".upper() for day in DAYS],
        [f"{day:%d/%b/%Y}:10:11:12" for day in DAYS],
        [f"/Date({day.toordinal() * 86_400_000 - 62_135_683_200_000})/" for day in DAYS],
        [f"/Date({day.toordinal() * 86_400_000 - 62_135_683_200_000}+0100)/" for day in DAYS],
    ],
)
def test_dates_and_clocks_in_other_orders_and_marks(write: Write, cells: list[str]) -> None:
    values = inspect_column(write, "premiere", cells).frame["premiere"]
    assert list(values.dt.strftime("%Y-%m")) == [f"{day:%Y-%m}" for day in DAYS]
