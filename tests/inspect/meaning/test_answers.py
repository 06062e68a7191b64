"""Surveys: answers, codes for "no answer", scales and weights."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from flaskdash.inspect import inspect_source
from tests.support.data import rows

Write = Callable[..., Path]


def save(write: Write, name: str, values: list[str], count: int = 120) -> Path:
    """Write a table whose second column takes the values by chance."""
    chance = random.Random(3)
    return write(f"nr;{name}\n" + rows(lambda i: f"{i + 1};{chance.choice(values)}", count))


@pytest.mark.parametrize(
    ("name", "values", "codes"),
    [
        ("hv024", "1 2 3 4 5 8 9 99", "8, 9, 99"),
        ("lrscale", "0 1 2 3 4 5 6 7 8 9 10 77 88 99", "77, 88, 99"),
        ("Zufriedenheit", "1 2 3 4 5 -9 -8", "-9, -8"),
        ("q7 rating", "1 2 3 4 5 98", "98"),
    ],
)
def test_codes_for_no_answer_make_a_question_a_category(
    write: Write, name: str, values: str, codes: str
) -> None:
    inspection = inspect_source(save(write, name, values.split()))
    assert inspection.column(name).role == "category"
    assert f"{name}: {codes} may mean no answer, and has a bar of its own" in inspection.notes


@pytest.mark.parametrize(
    "values", ["0 1 2 3 4 5 6 7 8 9", "-2 -1 0 1 2", "12 40 77 150 260 310 480", "1 2 3 4 5 6"]
)
def test_answers_without_a_gap_are_no_codes(write: Write, values: str) -> None:
    inspection = inspect_source(save(write, "value", values.split()))
    assert not any("no answer" in note for note in inspection.notes)
