"""Dates with stray marks, and with brackets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pandas as pd
import pytest

from flaskdash.inspect import Inspection, inspect_source
from tests.support.fixtures import Write
from tests.support.loaders import execute

DAYS = [date(2019, 1, 1) + timedelta(3 * number) for number in range(120)]


def inspect_column(write: Write, name: str, cells: Sequence[str]) -> Inspection:
    """Inspect a file with this column beside two others."""
    lines = [f'{number};"{cell}";{"abcd"[number % 4]}' for number, cell in enumerate(cells)]
    path = write("\n".join([f"row;{name};kind", *lines]) + "\n")
    inspection = inspect_source(path)
    pd.testing.assert_frame_equal(execute(inspection, path), inspection.frame)
    return inspection


def mixed(regular: Sequence[str], strays: Sequence[str]) -> list[str]:
    """Return the cells with strays spread among them."""
    cells = list(regular)
    for number, stray in enumerate(strays):
        cells.insert((number * 37 + 1) % len(cells), stray)
    return cells


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
