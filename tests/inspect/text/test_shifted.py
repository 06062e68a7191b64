"""Rows whose cells stand beside their columns, as one is missing or too many."""

from __future__ import annotations

import pytest

from flaskdash.inspect import Inspection, inspect_source
from tests.support.data import rows
from tests.support.fixtures import Write


def note(inspection: Inspection) -> str:
    return next((note for note in inspection.notes if "beside their columns" in note), "")


def app(number: int) -> list[str]:
    words = ["GAME", "ART"][number % 2], ["Free", "Paid"][number % 2]
    return [f"App {number}", words[0], f"{number % 5}.1", str(number * 7), words[1], "2024-01-02"]


@pytest.mark.parametrize("missing", [1, 2, 3])
def test_a_row_with_a_missing_cell_is_left_out(write: Write, missing: int) -> None:
    lines = [app(number) for number in range(100)]
    lines[76] = [*lines[76][:missing], *lines[76][missing + 1 :], ""]
    text = "app,category,rating,reviews,type,day\n" + rows(lambda i: ",".join(lines[i]), 100)
    inspection = inspect_source(write(text))
    assert note(inspection).endswith("(records 78)")
    assert inspection.read.rows == 99
    assert [str(inspection.frame[name].dtype) for name in ("rating", "reviews")] == [
        "float64",
        "int64",
    ]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_blank_cell_is_put_into_short_rows(write: Write, separator: str) -> None:
    lines = [[str(i), "Oslo", f"{i % 28 + 1:02d}.01.2024", f"{i},5", "N"] for i in range(90)]
    for number in (20, 55):
        del lines[number][1]
    text = separator.join(["Nr", "Ort", "Tag", "Wert", "Wind"]) + "\n"
    inspection = inspect_source(write(text + rows(lambda i: separator.join(lines[i]), 90)))
    assert "a blank one is put in (lines 22, 57)" in "; ".join(inspection.notes)
    assert inspection.column("Tag").type == "date"
    assert inspection.frame["Wert"].sum() == sum(range(90)) + 45
    assert inspection.column("Ort").missing == 2


def test_a_row_with_a_cell_too_many_before_a_blank_one_is_left_out(write: Write) -> None:
    lines = [[f"N{i}", "x", str(i), "2024-01-02", ""] for i in range(60)]
    lines[30] = ["N30", "y", "x", "30", "2024-01-02"]
    text = "name,kind,n,day,remark\n" + rows(lambda i: ",".join(lines[i]), 60)
    inspection = inspect_source(write(text))
    assert note(inspection).endswith("(records 32)")
    assert inspection.frame["n"].sum() == sum(range(60)) - 30


def test_other_exceptions_stay(write: Write) -> None:
    lines = [app(number) for number in range(100)]
    lines[10][3] = "many"
    lines[20] = ["Total", "", "", "34650", "", ""]
    text = "app,category,rating,reviews,type,day\n" + rows(lambda i: ",".join(lines[i]), 100)
    assert note(inspect_source(write(text))) == ""
