"""Label columns that measure the same for different things."""

from __future__ import annotations

import pytest

from flaskdash.charts.labels import labels, shared_affixes


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["math score", "reading score"], ["Math", "Reading"]),
        (["q1_pay", "q2_tools"], ["Q1 pay", "Q2 tools"]),
        (["sensor_1", "sensor_2"], ["Sensor 1", "Sensor 2"]),
        (["rate it: Peru?", "rate it: Chile?"], ["Peru", "Chile"]),
        (["Berri 1", "Rachel1"], ["Berri 1", "Rachel1"]),
        (["density_1996", "density_2021"], ["1996", "2021"]),
        (["pcgdp1940", "pcgdp1950"], ["1940", "1950"]),
        (["sensor_1001", "sensor_1002"], ["Sensor 1001", "Sensor 1002"]),
        (["a'; DROP", 'b"\\x'], ["A DROP", "B x"]),
        (["x?", "x!"], ["X (1)", "X (2)"]),
    ],
)
def test_labels(names: list[str], expected: list[str]) -> None:
    assert labels(names) == expected


def test_only_whole_words_are_shared() -> None:
    assert shared_affixes(["Northampton", "Northumbria"]) == ("", "")
    assert shared_affixes(["US sales in 2023", "UK sales in 2023"]) == ("", " sales in 2023")
