"""Lists in cells: choices between marks, codes between blanks, arrays of programs."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from flaskdash.charts.suggest import suggest
from flaskdash.inspect import inspect_source
from tests.support.data import rows
from tests.support.fixtures import Write


def save(write: Write, options: list[str], join: Callable[[list[str]], str]) -> Path:
    """Write a table with some of the options in each of its rows."""
    chance = random.Random(5)

    def cell(_: int) -> str:
        chosen = [option for option in options if chance.random() < 0.45]
        return join(chosen or options[:1])

    return write("nr;sources;age\n" + rows(lambda i: f"{i + 1};{cell(i)};{20 + i}", 60))


@pytest.mark.parametrize(
    "options", ["well tap rain_water", "mais haba papa yuca", "1 2 3 4", "go-kart b12 c.4"]
)
def test_codes_between_blanks_are_choices(write: Write, options: str) -> None:
    inspection = inspect_source(save(write, options.split(), " ".join))
    assert inspection.column("sources").separator == " "
    assert any(chart.x == "sources" for chart in suggest(inspection, "data"))


@pytest.mark.parametrize(
    "labels",
    [["very good", "good", "not good", "bad"], ["new york", "york", "oslo"], ["3 4", "5 6", "4 3"]],
)
def test_labels_with_blanks_are_no_choices(write: Write, labels: list[str]) -> None:
    path = write("nr;sources;age\n" + rows(lambda i: f"{i + 1};{labels[i % len(labels)]};{20 + i}"))
    assert inspect_source(path).column("sources").separator == ""


@pytest.mark.parametrize(
    ("mark", "options"),
    [
        ('"', ["bus", "bike", "walk"]),
        ("'", ["Zug", "Rad, E-Bike"]),
        ('"', ["早い", "安い", "近い"]),
    ],
)
def test_arrays_of_programs_are_choices(write: Write, mark: str, options: list[str]) -> None:
    quoted = [f"{mark}{option}{mark}" for option in options]
    options = [*quoted, f"{mark}x{mark}"]
    path = save(write, options, lambda chosen: f"[{', '.join(chosen)}]")
    column = inspect_source(path).column("sources")
    assert (column.separator, column.role) == ("|", "category")


def test_an_empty_array_is_missing(write: Write) -> None:
    text = "nr;tags\n" + rows(lambda i: f"{i};" + ("[]" if i % 4 == 0 else "['a', 'b']"))
    assert inspect_source(write(text)).column("tags").missing == 10


@pytest.mark.parametrize(
    "options",
    [
        ["Nudeln", "Reis", "Salat, gemischt"],
        ["Excel, Sheets", "R", "SQL"],
        ["Oui, bien", "Thé", "Eau"],
    ],
)
def test_a_comma_within_a_choice(write: Write, options: list[str]) -> None:
    inspection = inspect_source(save(write, options, ", ".join))
    assert inspection.column("sources").separator == ","


def test_towns_with_states_are_no_lists(write: Write) -> None:
    towns = ["Austin, TX", "Dallas, TX", "Paris, France", "Oslo, Norway"]
    path = write("nr;sources\n" + rows(lambda i: f"{i};{towns[i % 4]}", 60))
    assert inspect_source(path).column("sources").separator == ""


@pytest.mark.parametrize("options", ["1 2 3 4", "10 20 30", "1 5 9 12 98"])
def test_numbers_of_answers_between_commas_are_choices(write: Write, options: str) -> None:
    inspection = inspect_source(save(write, options.split(), ",".join))
    assert inspection.column("sources").separator == ","


def test_numbers_with_a_decimal_comma_are_no_choices(write: Write) -> None:
    path = write("nr;sources\n" + rows(lambda i: f"{i};{i % 3 + 1},{i % 2 + 1}", 60))
    assert inspect_source(path).column("sources").type == "number"
