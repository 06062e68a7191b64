"""Lists in cells are choices that each count."""

from __future__ import annotations

import random
from collections import Counter

import duckdb
import pytest

from flaskdash.charts import sql
from flaskdash.charts.suggest import filters, suggest
from flaskdash.inspect import Inspection, inspect_source
from tests.support.fixtures import Write
from tests.support.suggesting import find

WATER = ("Well", "Tap", "Rain", "River", "Bottle")
VEHICLES = ("Bus", "Fahrrad", "zu Fuß", "Bahn", "Auto")
LANGUAGES = ("C#", "C++", "Python", "HTML/CSS", "Bash (all shells)", "it's")
CODES = ("1", "2", "3", "4", "9")


def lists(choices: tuple[str, ...], separator: str, size: int = 80) -> list[str]:
    """Return cells with one to three choices each."""
    source = random.Random(len(choices) + len(separator))
    return [
        separator.join(source.sample(choices, source.choice([1, 1, 2, 3]))) for _ in range(size)
    ]


def inspect_cells(write: Write, cells: list[str]) -> Inspection:
    rows = [f'{number * 7 % 31}\t"{cell}"' for number, cell in enumerate(cells)]
    return inspect_source(write("\n".join(["age\tanswer", *rows])))


@pytest.mark.parametrize(
    ("choices", "separator"),
    [
        (WATER, "|"),
        (VEHICLES, "; "),
        (LANGUAGES, ";"),
        (WATER, ", "),
        (VEHICLES, ","),
        (CODES, ";"),
        (WATER, "\n"),
        (VEHICLES, "、"),
    ],
)
def test_bars_count_each_choice(write: Write, choices: tuple[str, ...], separator: str) -> None:
    cells = lists(choices, separator)
    inspection = inspect_cells(write, cells)
    column = inspection.column("answer")
    assert (column.role, column.separator) == ("category", separator.strip(" "))
    assert any("lists of choices" in note for note in inspection.notes)
    charts = suggest(inspection, "survey")
    (position, *_) = find(charts, "bar", x="answer", agg="count")
    query = sql.select(charts[position], {each.name: each for each in inspection.columns})
    with duckdb.connect() as connection:
        connection.register("survey", inspection.frame)
        counted = dict(connection.execute(query).fetchall())
    assert counted == Counter(part.strip() for cell in cells for part in cell.split(separator))


def test_a_mean_is_taken_for_each_choice(write: Write) -> None:
    inspection = inspect_cells(write, lists(WATER, "|"))
    charts = suggest(inspection, "survey")
    (position, *_) = find(charts, "bar", x="answer", y="age", agg="mean")
    query = sql.select(charts[position], {each.name: each for each in inspection.columns})
    frame = inspection.frame
    with duckdb.connect() as connection:
        connection.register("survey", frame)
        means = dict(connection.execute(query).fetchall())
    wells = frame[frame["answer"].str.contains("Well")]
    assert means["Well"] == pytest.approx(wells["age"].mean())
    assert set(means) == set(WATER)


def test_lists_are_no_filters(write: Write) -> None:
    assert "answer" not in filters(inspect_cells(write, lists(WATER, "|")))


@pytest.mark.parametrize(
    "cells",
    [
        ["Austin, TX", "Boston, MA", "Denver, CO", "Miami, FL"] * 20,
        [f"{last}, {first}" for last in ("Smith", "Lee", "Cox") for first in ("Al", "Bo", "Cy")]
        * 9,
        ["1,5", "2,5", "5,1", "2,1"] * 20,
        [f"I like {place}, but not {number}" for number, place in enumerate(WATER * 16)],
        ["Well", "Tap", "Rain", "River"] * 20,
        [f"{number};{number + 1}" for number in range(80)],
        ["Yes, often", "Yes, rarely", "No", "No, never"] * 20,
    ],
)
def test_other_cells_with_commas_are_no_lists(write: Write, cells: list[str]) -> None:
    assert inspect_cells(write, cells).column("answer").separator == ""
