"""Look for suggested charts in the tests."""

from __future__ import annotations

import random
from collections.abc import Callable

from flaskdash.charts.kinds import Chart
from flaskdash.inspect import Inspection

Look = Callable[..., Inspection]


def noise(number: int, size: int = 97) -> int:
    """Return a reproducible random number below SIZE."""
    return random.Random(number * 101 + size).randrange(size)


def find(charts: list[Chart], kind: str, **fields: object) -> list[int]:
    """Return the positions of the charts of a kind with these fields."""
    return [
        index
        for index, chart in enumerate(charts)
        if chart.kind == kind and all(getattr(chart, key) == value for key, value in fields.items())
    ]
