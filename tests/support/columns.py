"""Columns of a file with a few cells that are written differently."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pandas as pd

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
