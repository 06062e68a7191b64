"""Fixed-width text: its inspection, and whether the written code reads it."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from flaskdash.inspect import Inspection, inspect_source
from tests.support.loaders import execute

Save = Callable[..., Path]
CITIES = ("New York", "Rio de Janeiro", "Oslo", "St. John's", "A, B")


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Return a function that writes lines to a file."""

    def write(lines: list[str], name: str = "data.txt", end: str = "\n") -> Path:
        path = tmp_path / name
        path.write_bytes((end.join(lines) + end).encode())
        return path

    return write


def read(path: Path) -> Inspection:
    """Inspect a file, and check that the resulting body reads the same data."""
    inspection = inspect_source(path)
    pd.testing.assert_frame_equal(execute(inspection, path), inspection.frame)
    return inspection


def rows(count: int = 40) -> list[str]:
    """Return rows with blanks within cells, gaps, and codes with leading zeros."""
    return [
        f"{CITIES[i % 5]:<16}{f'2024-01-{i % 28 + 1:02}':<12}{i:05} {'' if i % 6 == 0 else i * 1.5:>9}"
        for i in range(count)
    ]


HEADER = f"{'City':<16}{'Day':<12}{'Zip':<5} {'Net sales':>9}"


def check(inspection: Inspection, names: list[str], count: int = 40) -> None:
    assert list(inspection.frame.columns) == names
    assert (inspection.read.format, inspection.read.rows) == ("fixed-width", count)
    assert [c.type for c in inspection.columns] == ["text", "date", "text", "number"]
    assert inspection.frame.iloc[1, 0] == "Rio de Janeiro"
    assert inspection.frame.iloc[1, 2] == "00001"
    assert inspection.frame.iloc[:, 3].isna().sum() == sum(i % 6 == 0 for i in range(count))
    assert "pd.read_fwf(" in inspection.body
    assert "colspecs=[(0, 14), (16, 26), (28, 33), (" in inspection.body


NAMES = ["City", "Day", "Zip", "Net sales"]


def test_aligned_columns_with_a_header(save: Save) -> None:
    check(read(save([HEADER, *rows()])), NAMES)
    check(read(save([HEADER, *rows()], end="\r\n")), NAMES)


def test_a_rule_below_the_header(save: Save) -> None:
    check(read(save([HEADER, "-" * 14 + "  " + "-" * 10 + "  ----- ---------", *rows()])), NAMES)


def test_titles_above_and_notes_below(save: Save) -> None:
    top = ["Sales of the year, by city and day, as of today", ""]
    end = ["", "Source: the tills, read every evening by hand at six"]
    inspection = read(save([*top, HEADER, *rows(), *end]))
    check(inspection, NAMES)
    assert inspection.read.header_row == 3


def test_no_header(save: Save) -> None:
    check(read(save(rows())), ["column_1", "column_2", "column_3", "column_4"])


def test_names_wider_than_their_columns(save: Save) -> None:
    lines = [f"{i % 9}   {f'north {i % 3}':<9} {i * 2:>4}" for i in range(40)]
    inspection = read(save(["CodeNo  Region    Amount", *lines]))
    assert inspection.frame.shape == (40, 3)
    assert inspection.column("Amount").type == "integer"


def test_dates_with_blanks_are_one_column(save: Save) -> None:
    lines = [f"Jan {i % 28 + 1:02} 2024  {CITIES[i % 5]:<16} {i:>6}" for i in range(40)]
    inspection = read(save([f"{'Date':<13}{'City':<16} {'Count':>6}", *lines]))
    assert [c.type for c in inspection.columns] == ["date", "text", "integer"]


def test_packed(save: Save, tmp_path: Path) -> None:
    path = tmp_path / "data.txt.gz"
    path.write_bytes(gzip.compress(save([HEADER, *rows()]).read_bytes()))
    assert 'compression="gzip"' in read(path).body


@pytest.mark.parametrize(
    "lines",
    [
        ["id a b", *(f"{i}  {i * 3}   {i / 7:.3f}" for i in range(40))],
        ["name", *(f"person {i}" for i in range(40))],
        ["word", *("the quick brown fox" if i % 2 else "jumps over lazy dogs" for i in range(40))],
        ["a,b", *(f"x y {i},z {i}" for i in range(40))],
        ["a;b", *(f"x {i:>4};z {i:>4}" for i in range(40))],
    ],
)
def test_delimited_text_and_prose_are_not_fixed_width(save: Save, lines: list[str]) -> None:
    assert inspect_source(save(lines)).read.format == "csv"


def test_a_column_without_a_name_next_to_numbers_is_not_joined(save: Save) -> None:
    lines = [
        f"{i:06} {99999 - i:<5}  202001{i + 1:02}  {i + 0.5:>6} {20 + i % 4}" for i in range(20)
    ]
    inspection = read(save(["STN--- WBAN   YEARMODA    TEMP", *lines]))
    assert list(inspection.frame.columns) == ["STN---", "WBAN", "YEARMODA", "TEMP", "column_5"]
    assert [c.type for c in inspection.columns] == ["text", "integer", "date", "number", "integer"]


def test_a_title_is_not_a_header(save: Save) -> None:
    lines = ["Temperatures in 0.01 degrees Celsius", "base period: 1951-1980", ""]
    rows = [
        f"{1880 + i}  {-18 + i:>3}  {-25 + i:>3}  {'****' if i == 3 else i:>4}" for i in range(9)
    ]
    inspection = read(save([*lines, "Year  Jan  Feb   Mar", *rows]))
    assert list(inspection.frame.columns) == ["Year", "Jan", "Feb", "Mar"]
    assert inspection.column("Mar").missing == 1


@pytest.mark.parametrize(
    "form",
    [
        "key_{0:<12}, {1:<16}, note{2} {0}",
        "{0:>5}; {1:<14}; Größe {0:>7}{2}",
        "{1:<14} | {0:<6}| Nr. {0:<9}{2}",
    ],
)
def test_a_delimiter_in_the_same_place_of_each_line_is_no_fixed_width(
    save: Save, form: str
) -> None:
    mark = next(mark for mark in ",;|" if mark in form)
    lines = [form.format(i, CITIES[i % 4], mark * (i % 5 == 3)) for i in range(12)]
    assert inspect_source(save(lines)).read.delimiter == mark
