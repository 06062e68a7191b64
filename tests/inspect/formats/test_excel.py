"""Workbooks: their inspection, and whether the written code reads their sheets."""

from __future__ import annotations

import ast
import datetime as dt
import io
import tomllib
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from openpyxl import Workbook

from flaskdash.errors import FlaskdashError
from flaskdash.inspect import Inspection, inspect_source
from tests.support.errors import has_remedy
from tests.support.fixtures import Cli
from tests.support.loaders import execute

Book = Callable[..., Path]
DAY = dt.datetime(2024, 1, 1)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """Return a function that writes a workbook: rows for each sheet, by name."""

    def write(merge: Sequence[str] = (), name: str = "book.xlsx", **sheets: Any) -> Path:
        workbook = Workbook()
        workbook.remove(workbook.active)
        for title, rows in sheets.items():
            sheet = workbook.create_sheet(title)
            for row in rows:
                sheet.append(row)
            for cells in merge:
                sheet.merge_cells(cells)
        workbook.save(tmp_path / name)
        return tmp_path / name

    return write


def sales(count: int = 30) -> list[list[Any]]:
    """Return a header and rows: a date, a region, a number and a code with leading zeros."""
    rows = [[DAY + dt.timedelta(days=i), "NSEW"[i % 4], i + 0.5, f"{i:05}"] for i in range(count)]
    return [["day", "region", "amount", "zip"], *rows]


def check(inspection: Inspection, path: Path) -> None:
    """Check that the body of the loader reads the file with explicit arguments."""
    pd.testing.assert_frame_equal(execute(inspection, path), inspection.frame)
    assert 'engine="calamine"' in inspection.body
    assert inspection.requires == ("python-calamine>=0.4",)


def test_types_are_those_of_the_cells(book: Book) -> None:
    path = book(Sales=sales())
    inspection = inspect_source(path)
    check(inspection, path)
    assert [column.type for column in inspection.columns] == ["date", "text", "number", "text"]
    assert inspection.frame["zip"].iloc[3] == "00003"
    assert inspection.frame["day"].iloc[3] == pd.Timestamp("2024-01-04")
    assert (inspection.read.format, inspection.read.table, inspection.read.rows) == (
        "xlsx",
        "Sales",
        30,
    )
    assert "to_datetime" not in inspection.body


def prices(count: int) -> list[list[Any]]:
    """Return a header and rows of another shape than those of `sales`."""
    return [["article", "price"], *([f"A{i}", i / 4] for i in range(count))]


def test_the_largest_sheet_is_read_and_the_others_are_named(book: Book) -> None:
    path = book(Cover=[["Sales of 2024"], ["by us"]], Empty=[], More=prices(5), Data=sales())
    inspection = inspect_source(path)
    assert inspection.read.table == "Data"
    assert any("--table" in note and "Cover, Empty, More" in note for note in inspection.notes)
    assert inspect_source(path, "More").read.rows == 5
    with pytest.raises(FlaskdashError, match="no sheet 'Nope'") as error:
        inspect_source(path, "Nope")
    assert "Data" in error.value.message


def test_hidden_sheets_come_last(tmp_path: Path, book: Book) -> None:
    from openpyxl import load_workbook

    path = book(Old=sales(9), New=sales(7))
    workbook = load_workbook(path)
    workbook["Old"].sheet_state = "hidden"
    workbook.save(path)
    inspection = inspect_source(path)
    assert (inspection.read.table, inspection.read.rows) == ("New", 7)


COVER = [["Sales of 2024"], ["by us"], [], ["All rights reserved"]]
CONTENTS = [["Sheet", "Content"], *([f"Table {i}", f"Persons by region, {i}"] for i in range(9))]
GUIDE = [[f"Line {i} says what the columns of this workbook mean"] for i in range(80)]


@pytest.mark.parametrize(
    "sheets",
    [
        {"Cover": COVER, "Data": sales()},
        {"Inhalt": CONTENTS, "Tabelle 1": prices(4), "Daten": sales()},
        {"数据": sales(), "说明": GUIDE, "目录": CONTENTS},
    ],
)
def test_the_sheet_with_the_most_data_is_read(book: Book, sheets: dict[str, Any]) -> None:
    path = book(**sheets)
    inspection = inspect_source(path)
    check(inspection, path)
    assert sheets[str(inspection.read.table)] == sales()
    assert inspection.read.rows == 30


def month(start: int, *names: str, count: int = 8) -> list[list[Any]]:
    """Return a header and rows: a date, a shop, an amount, and more numbers for further names."""
    return [
        list(names),
        *(
            [DAY + dt.timedelta(days=start + i), "XY"[i % 2], 100.5 + start + i]
            + [i] * (len(names) - 3)
            for i in range(count)
        ),
    ]


@pytest.mark.parametrize(
    ("sheets", "labels", "names"),
    [
        (
            {f"M{i}": month(i * 30, "Date", "Shop", "Revenue") for i in range(3)}
            | {"Summary": [["Total", 33903]]},
            ["M0", "M1", "M2"],
            ["Date", "Shop", "Revenue", "sheet"],
        ),
        (
            {
                "Deckblatt": COVER,
                "Januar": month(0, "Datum", "Filiale", "Umsatz"),
                "Februar": month(31, "DATUM", " filiale ", "Umsatz"),
                "März": month(60, "Datum", "Filiale", "umsatz", "Stück"),
            },
            ["Januar", "Februar", "März"],
            ["Datum", "Filiale", "Umsatz", "sheet", "Stück"],
        ),
        (
            {
                "2023": month(0, "날짜", "매장", "총 매출"),
                "합계": [["매장", "매출"], ["X", 5], ["Y", 6]],
                "2024": [[row[2], row[0], row[1]] for row in month(366, "날짜", "매장", "총매출")],
            },
            ["2023", "2024"],
            ["날짜", "매장", "총 매출", "sheet"],
        ),
    ],
)
def test_sheets_of_one_shape_are_stacked(
    book: Book, sheets: dict[str, Any], labels: list[str], names: list[str]
) -> None:
    path = book(**sheets)
    inspection = inspect_source(path)
    check(inspection, path)
    assert list(inspection.frame.columns) == names
    assert inspection.read.rows == len(labels) * 8
    assert inspection.frame["sheet"].nunique() == len(labels)
    assert [column.type for column in inspection.columns][:3] == ["date", "text", "number"]
    assert inspection.notes[0].startswith(f"{len(labels)} sheets stacked into one table")
    unread = [name for name in sheets if name not in labels]
    assert inspection.notes[0].endswith(f"or another: {', '.join(unread)}")
    lacking = [note for note in inspection.notes if "have no column" in note]
    assert len(lacking) == ("Stück" in names)
    alone = inspect_source(path, labels[1])
    assert (alone.read.rows, alone.read.table) == (8, labels[1])
    assert "sheet" not in alone.frame


@pytest.mark.parametrize(
    ("order", "summary"),
    [
        (("A", "B", "C", "All"), "All"),
        (("Gesamt", "A", "B", "C", "D"), "Gesamt"),
        (("A", "B", "T1", "C", "D"), "T1"),
    ],
)
def test_a_sheet_that_sums_up_others_is_not_stacked(
    book: Book, order: tuple[str, ...], summary: str
) -> None:
    parts = {name: month(30 * i, "day", "shop", "sum") for i, name in enumerate("ABCD")}
    covered = "AB" if summary == "T1" else [name for name in order if name in parts]
    rows = [row for name in covered for row in parts[name][1:]]
    parts[summary] = [["day", "shop", "sum"], *rows]
    inspection = inspect_source(book(**{name: parts[name] for name in order}))
    assert summary not in set(inspection.frame["sheet"])
    note = f"left out, as its numbers are the sums of others: {summary}"
    assert note in inspection.notes
    assert inspection.read.rows == 8 * (len(order) - 1)


def test_one_sheet_and_its_sums_are_not_stacked(book: Book) -> None:
    rows = [[DAY, "NSEW"[i % 4], 1000 + i] for i in range(8)]
    sums = [[DAY, "NSEW"[i], 2004 + 2 * i] for i in range(4)]
    names = ["day", "region", "amount"]
    inspection = inspect_source(book(Sums=[names, *sums], Sales=[names, *rows]))
    assert inspection.read.table == "Sales"


@pytest.mark.parametrize(
    ("names", "measures"),
    [
        ([2019, 2020, 2021, 2022], ("GDP", "Population")),
        (["Land", 1990, 2000, 2010], ("Bevölkerung", "Fläche")),
        ([DAY, DAY + dt.timedelta(days=1), "합계"], ("매출", "비용")),
    ],
)
def test_sheets_with_a_column_for_each_year_are_not_stacked(
    book: Book, names: list[Any], measures: tuple[str, str]
) -> None:
    header = ["country", *names]
    rows = [[f"C{i}", *range(i, i + len(names))] for i in range(8)]
    more = [[name, *(1000 * value for value in values)] for name, *values in rows]
    inspection = inspect_source(
        book(**{measures[0]: [header, *rows], measures[1]: [header, *more]})
    )
    assert inspection.read.table == measures[0]
    assert inspection.notes[0].endswith(f"--table takes another: {measures[1]}")


def test_columns_are_converted_over_all_sheets(book: Book) -> None:
    names = ["day", "code", "price", "seen", "note"]
    path = book(
        One=[names, *([f"{i + 1:02}.02.2024", str(100 + i), 5, DAY, None] for i in range(9))],
        Two=[names, *([f"{i + 13}.03.2024", f"0{i}", 2.5, None, "x"] for i in range(9))],
        Three=[names, *([f"{i + 1:02}.04.2024", "A1", None, DAY, None] for i in range(9))],
    )
    inspection = inspect_source(path)
    check(inspection, path)
    assert [column.type for column in inspection.columns] == [
        *("date", "text", "number", "date", "text", "text")
    ]
    frame = inspection.frame
    assert frame["day"].iloc[0] == pd.Timestamp(2024, 2, 1)
    assert set(frame["code"].map(type)) == {str}
    assert frame["seen"].isna().sum() == 9


def test_sheets_may_begin_and_end_in_other_rows(book: Book) -> None:
    rows = [month(i * 30, "Date", "Shop", "Sum") for i in range(3)]
    path = book(
        Jan=[["January"], [], *rows[0]],
        Feb=[["February"], ["closed on Sunday"], [], *rows[1], [], ["Source: us"]],
        Mar=[[None, *row] for row in rows[2]],
    )
    inspection = inspect_source(path)
    check(inspection, path)
    assert inspection.read.rows == 24
    assert [column.type for column in inspection.columns] == ["date", "text", "number", "text"]
    assert "for name, skip, footer, columns in [" in inspection.body


def test_titles_totals_and_blank_columns(book: Book) -> None:
    rows = [[None, None, *row[:2], None, *row[2:]] for row in sales()]
    top: list[list[Any]] = [[None, None, "Sales report"], [None, None, "made today"], []]
    end: list[list[Any]] = [[], [None, None, "Total", None, None, 480], [None, None, "Source: us"]]
    path = book(Data=[*top, *rows, *end])
    inspection = inspect_source(path)
    check(inspection, path)
    assert inspection.frame["amount"].sum() == sum(i + 0.5 for i in range(30))
    assert inspection.read.header_row == 4
    assert 'usecols="C:D,F:G"' in inspection.body
    assert [column.name for column in inspection.columns] == ["day", "region", "amount", "zip"]


def test_merged_headers_are_joined(book: Book) -> None:
    header = [["city", "2023", None, "2024", None], [None, "men", "women", "men", "women"]]
    rows = [[f"city {i}", i, i * 2, i * 3, i * 4] for i in range(20)]
    path = book(merge=("A1:A2", "B1:C1", "D1:E1"), Data=[*header, *rows])
    inspection = inspect_source(path)
    check(inspection, path)
    assert [c.name for c in inspection.columns] == [
        "city",
        "2023 men",
        "2023 women",
        "2024 men",
        "2024 women",
    ]
    assert inspection.read.rows == 20
    assert "2 header rows were joined into one" in inspection.notes


def test_a_row_of_units_joins_the_header(book: Book) -> None:
    rows = [[f"n{i}", i, i / 2] for i in range(20)]
    path = book(Data=[["name", "weight", "height"], [None, "kg", "m"], *rows])
    inspection = inspect_source(path)
    assert list(inspection.frame.columns) == ["name", "weight kg", "height m"]
    assert inspection.read.rows == 20


def test_numbers_and_dates_stored_as_text(book: Book) -> None:
    rows = [
        [f"{i},250.5", f"{i % 28 + 1:02}/02/2024", i if i % 2 else f"{i}"] for i in range(1, 31)
    ]
    path = book(Data=[["money", "day", "count"], *rows])
    inspection = inspect_source(path)
    check(inspection, path)
    assert inspection.frame["money"].iloc[1] == 2250.5
    assert inspection.frame["day"].iloc[0] == pd.Timestamp("2024-02-02")
    assert inspection.frame["count"].sum() == sum(range(1, 31))


def test_gaps_words_and_mixed_cells(book: Book) -> None:
    rows = [
        [
            None if i % 5 == 0 else DAY + dt.timedelta(days=i),
            "n/a" if i % 7 == 0 else i * 1.5,
            DAY if i % 2 else "soon",
            f"A{i}" if i % 3 else i,
        ]
        for i in range(30)
    ]
    path = book(Data=[["day", "value", "when", "code"], *rows])
    inspection = inspect_source(path)
    check(inspection, path)
    assert [column.type for column in inspection.columns] == ["date", "number", "text", "text"]
    assert (inspection.column("day").missing, inspection.column("value").missing) == (6, 5)
    assert inspection.frame["code"].iloc[3] == "3"
    assert any("when: 15 cells are dates" in note for note in inspection.notes)


def test_years_in_the_header_are_melted(book: Book) -> None:
    header = ["country", *range(2000, 2012)]
    rows = [[f"country {i}", *(i * year / 7 for year in range(12))] for i in range(10)]
    path = book(Data=[header, *rows])
    inspection = inspect_source(path)
    check(inspection, path)
    assert list(inspection.frame.columns) == ["country", "year", "value"]
    assert inspection.frame["year"].max() == 2011


def test_flags_and_times_of_day(book: Book) -> None:
    rows = [[i % 2 == 0, dt.time(10, i), None if i % 3 else True] for i in range(30)]
    path = book(Data=[["open", "at", "seen"], *rows])
    inspection = inspect_source(path)
    check(inspection, path)
    assert (inspection.column("open").role, inspection.column("at").type) == ("flag", "text")
    assert inspection.frame["at"].iloc[1] == "10:01:00"


def test_hostile_names_and_cells_stay_literals(book: Book) -> None:
    names = ['"); import os #', "it's", "{c}", '"""', "a", "A", "x" * 300, 7, DAY, None]
    rows = [[f"{i}%" if i % 2 else "=1+1", *range(9)] for i in range(12)]
    path = book(**{'Sh"eet': [names, *rows]})
    inspection = inspect_source(path)
    ast.parse("def load():\n" + "".join(f"    {line}\n" for line in inspection.body.split("\n")))
    check(inspection, path)
    assert inspection.frame.shape == (12, 10)


def test_a_workbook_with_another_suffix(book: Book) -> None:
    path = book(Data=sales())
    assert inspect_source(path.rename(path.with_name("data.csv"))).read.rows == 30


@pytest.mark.parametrize("name", ["cut.xlsx", "old.xls"])
def test_the_error_for_a_damaged_workbook_is_one_line_with_a_remedy(
    tmp_path: Path, book: Book, name: str
) -> None:
    path = tmp_path / name
    content = book(Data=sales()).read_bytes()
    path.write_bytes(content[:3000] if name == "cut.xlsx" else b"\xd0\xcf\x11\xe0" * 999)
    with pytest.raises(FlaskdashError, match=r"workbook") as error:
        inspect_source(path)
    assert "\n" not in error.value.message
    assert has_remedy(error.value)


def test_sheets_without_a_table(book: Book) -> None:
    with pytest.raises(FlaskdashError, match="no sheet with values"):
        inspect_source(book(Empty=[]))
    with pytest.raises(FlaskdashError, match="no rows"):
        inspect_source(book(Data=[["a", "b"]]))


def test_a_workbook_that_is_too_big_when_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flaskdash.inspect.text import compressed

    monkeypatch.setattr(compressed, "MAX_UNPACKED_BYTES", 1000)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 5000)
    (tmp_path / "bomb.xlsx").write_bytes(content.getvalue())
    with pytest.raises(FlaskdashError, match="when unpacked"):
        inspect_source(tmp_path / "bomb.xlsx")


def test_a_new_project_depends_on_what_its_loader_needs(
    book: Book, folder: Path, flaskdash: Cli
) -> None:
    path = book(Data=sales(), More=sales(5))
    flaskdash("new", "shop", "--data", path, "--table", "More", "--no-install", "--no-git")
    listed = tomllib.loads((folder / "shop/pyproject.toml").read_text("utf-8"))["project"]
    assert "python-calamine>=0.4" in listed["dependencies"]
    assert listed["dependencies"] == sorted(listed["dependencies"])
    assert 'sheet_name="More"' in (folder / "shop/app/loaders/more.py").read_text("utf-8")
    assert (folder / "shop/data/more.xlsx").read_bytes() == path.read_bytes()


def test_a_table_belongs_to_one_source(book: Book, folder: Path, flaskdash: Cli) -> None:
    path = book(Data=sales())
    result = flaskdash("new", "shop", "--data", path, "--data", path, "--table", "Data", code=1)
    assert "add-data FILE --table NAME" in result.output
    assert not (folder / "shop").exists()


def test_added_data_adds_the_dependency_once(book: Book, made: Path, flaskdash: Cli) -> None:
    path = book(Data=sales(), More=sales(5))
    assert "require   python-calamine>=0.4" in flaskdash("add-data", path).output
    assert "require" not in flaskdash("add-data", path, "--table", "More", "--name", "more").output
    text = (made / "pyproject.toml").read_text("utf-8")
    assert text.count("python-calamine>=0.4") == 1
    assert (made / "data/more.xlsx").exists()


def test_nothing_is_written_if_the_dependency_can_not_be_added(
    book: Book, made: Path, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flaskdash.project import environment

    def offline(*args: object, **kwargs: object) -> None:
        raise environment.OfflineError

    monkeypatch.setattr(environment, "_uv", offline)
    before = sorted(made.rglob("*"))
    result = flaskdash("add-data", book(Data=sales()), code=1)
    assert "uv add 'python-calamine>=0.4'" in result.output
    assert sorted(made.rglob("*")) == before


def test_a_blank_row_leaves_whole_numbers_whole(book: Book) -> None:
    rows = [["name", "n"], *([f"n{i}", i] for i in range(9)), [], *([f"m{i}", i] for i in range(9))]
    path = book(Data=[*rows, [None, " "]])
    inspection = inspect_source(path)
    check(inspection, path)
    assert (inspection.column("n").type, inspection.read.rows) == ("integer", 18)


def test_a_locked_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "locked.xlsx"
    name = "EncryptedPackage".encode("utf-16-le")
    path.write_bytes(b"\xd0\xcf\x11\xe0" + b"\0" * 999 + name + b"\0" * 999)
    with pytest.raises(FlaskdashError, match="protected by a password"):
        inspect_source(path)


def test_years_below_a_merged_name_belong_to_the_header(book: Book) -> None:
    header = [["Region", "Sales", None, "Profit", None], [None, 2023, 2024, 2023, 2024]]
    path = book(
        merge=("B1:C1", "D1:E1"), Data=[*header, *([f"R{i}", i, 2, 3, i] for i in range(9))]
    )
    inspection = inspect_source(path)
    check(inspection, path)
    names = ["Region", "Sales 2023", "Sales 2024", "Profit 2023", "Profit 2024"]
    assert [c.name for c in inspection.columns] == names
    assert inspection.read.rows == 9


def test_cells_merged_downwards_fill_each_row(book: Book) -> None:
    rows = [["NS"[i // 4] if i % 4 == 0 else None, f"P{i % 4}", i] for i in range(8)]
    path = book(merge=("A2:A5", "A6:A9"), Data=[["region", "product", "n"], *rows])
    inspection = inspect_source(path)
    check(inspection, path)
    assert inspection.frame["region"].tolist() == list("NNNNSSSS")
    assert any("merged cells are filled down" in note for note in inspection.notes)


def test_a_table_beside_another_is_left_out(book: Book) -> None:
    rows = [[f"T{i}", i, None, *([f"C{i}", i] if i < 6 else [])] for i in range(12)]
    path = book(Data=[["team", "budget", None, "city", "people"], *rows])
    inspection = inspect_source(path)
    check(inspection, path)
    assert [column.name for column in inspection.columns] == ["team", "budget"]
    assert inspection.notes == ("read sheet Data; --table takes another: Data#2 (city, people)",)
    assert inspect_source(path, "Data#2").read.rows == 6


def test_a_table_below_another_is_left_out(book: Book) -> None:
    first = [["team", "budget", "year"], *([f"T{i}", i, 2020] for i in range(12))]
    second = [["city", "people", "land"], *([f"C{i}", i, "FR"] for i in range(6))]
    path = book(Data=[*first, [], [], *second])
    inspection = inspect_source(path)
    check(inspection, path)
    assert inspection.frame.shape == (12, 3)
    note = "read sheet Data; --table takes another: Data#2 (city, people, land)"
    assert note in inspection.notes


def test_a_shifted_row_of_a_sheet_is_left_out(book: Book) -> None:
    cells: list[list[object]] = [[f"K{i}", "Ulm", i / 10, i, f"R{i}x"] for i in range(80)]
    cells[40] = ["K40", 4.5, 40, "R40x", None]
    inspection = inspect_source(book(Data=[["who", "town", "sum", "n", "code"], *cells]))
    assert "(records 42)" in inspection.notes[0]
    assert inspection.column("sum").type == "number"
    assert inspection.read.rows == 79


@pytest.mark.parametrize("name", ["Summe", "Gesamt & mehr"])
def test_formulas_that_were_never_calculated_are_named(book: Book, name: str) -> None:
    cells = [[i, i * 2, f"=A{i + 2}+B{i + 2}"] for i in range(20)]
    inspection = inspect_source(book(**{name: [["a", "b", name], *cells]}))
    note = f"{name}: its 20 formula(s) were never calculated: "
    assert note + "open the workbook in a spreadsheet program, and save it" in inspection.notes


def test_blank_columns_without_formulas_are_not_named(book: Book) -> None:
    inspection = inspect_source(
        book(Data=[["a", "b", "c"], *([i, i * 2, None] for i in range(20))])
    )
    assert not any("formula" in note for note in inspection.notes)


def test_days_as_column_names_become_rows(book: Book) -> None:
    names = [dt.datetime(2023, month, 1) for month in range(1, 13)]
    rows = [[f"A{i}", *range(i, i + 12), 99] for i in range(8)]
    path = book(Data=[["account", *names, "Total"], *rows])
    inspection = inspect_source(path)
    check(inspection, path)
    assert inspection.frame.shape == (96, 3)
    assert inspection.column("date").type == "date"


def block(names: Sequence[str], count: int) -> list[list[Any]]:
    """Return a header and rows: a word, a date, and numbers."""
    more = range(2, len(names))
    rows = [[f"R{i}", DAY + dt.timedelta(days=i), *(i * j for j in more)] for i in range(count)]
    return [list(names), *rows]


def beside(first: list[list[Any]], second: list[list[Any]], gap: int = 1) -> list[list[Any]]:
    """Return the rows of two tables, side by side."""
    rows = []
    for index in range(max(len(first), len(second))):
        row = first[index] if index < len(first) else [None] * len(first[0])
        rows.append([*row, *[None] * gap, *(second[index] if index < len(second) else [])])
    return rows


@pytest.mark.parametrize(
    ("rows", "names", "more"),
    [
        (
            [
                ["Report"],
                [],
                *beside(block(["month", "since", "n"], 12), block(["region", "day", "goal"], 4), 2),
                [],
                [],
                ["Customers"],
                *block(["customer", "joined", "orders", "returns"], 30),
            ],
            ["customer", "joined", "orders", "returns"],
            {2: ["month", "since", "n"], 3: ["region", "day", "goal"]},
        ),
        (
            [
                *block(["Konto", "Tag", "Betrag"], 25),
                [],
                ["Filialen"],
                ["Stand: heute"],
                *block(["Filiale", "Beginn", "Fläche", "Umsatz"], 5),
                [],
                *block(["Waren", "Datum", "Stück"], 6),
            ],
            ["Konto", "Tag", "Betrag"],
            {2: ["Filiale", "Beginn", "Fläche", "Umsatz"], 3: ["Waren", "Datum", "Stück"]},
        ),
        (
            beside(
                [
                    *block(["제품", "날짜", "수량"], 4),
                    [None] * 3,
                    *block(["지점", "개점", "매출"], 7),
                ],
                block(["고객", "가입일", "주문"], 40),
            ),
            ["고객", "가입일", "주문"],
            {2: ["지점", "개점", "매출"], 3: ["제품", "날짜", "수량"]},
        ),
    ],
)
def test_the_largest_of_several_tables_is_read(
    book: Book, rows: list[list[Any]], names: list[str], more: dict[int, list[str]]
) -> None:
    path = book(Data=[*rows])
    inspection = inspect_source(path)
    check(inspection, path)
    assert list(inspection.frame.columns) == names
    types = [column.type for column in inspection.columns]
    assert types == ["text", "date", *["integer"] * (len(names) - 2)]
    for number, columns in more.items():
        assert f"Data#{number} ({', '.join(columns[:3])})" in " ".join(inspection.notes)
        smaller = inspect_source(path, f"Data#{number}")
        check(smaller, path)
        assert list(smaller.frame.columns) == columns
    with pytest.raises(FlaskdashError, match="no sheet 'Data#9'"):
        inspect_source(path, "Data#9")


@pytest.mark.parametrize(
    "rows",
    [
        [*sales(12), [], *sales(40)[14:]],
        [*sales(12), [], ["Section B"], *sales(40)[14:]],
        [*sales(12), [], [None, "W", None, "00077"], *sales(40)[14:]],
    ],
)
def test_a_blank_row_does_not_end_a_table(book: Book, rows: list[list[Any]]) -> None:
    inspection = inspect_source(book(Data=rows))
    assert any(note.startswith("1 row(s) without any value") for note in inspection.notes)
    assert inspection.read.rows > 35


@pytest.mark.parametrize("cell", ["XFD1048576", "ZZZZZZZZ3", "B99999999999", "AAA99999"])
def test_a_cell_far_outside_the_data_is_named_before_it_takes_all_memory(
    book: Book, tmp_path: Path, cell: str
) -> None:
    far = tmp_path / "far.xlsx"
    with zipfile.ZipFile(book(Sheet=sales())) as source, zipfile.ZipFile(far, "w") as copy:
        for name in source.namelist():
            text = source.read(name).replace(b'r="B9"', f'r="{cell}"'.encode())
            copy.writestr(name, text)
    with pytest.raises(FlaskdashError, match="has cells up to row") as error:
        inspect_source(far)
    assert has_remedy(error.value)


def test_a_far_cell_that_fits_into_memory_is_read(book: Book) -> None:
    rows = [*sales(), *[[]] * 60_000, [None] * 100 + ["note"]]
    assert inspect_source(book(Sheet=rows)).read.rows >= 30


@pytest.mark.parametrize("repeated", ["columns", "rows"])
def test_a_cell_that_is_repeated_without_end_is_named(tmp_path: Path, repeated: str) -> None:
    path = tmp_path / "far.ods"
    cell = f'<table:table-cell table:number-{repeated}-repeated="2000000000"/>'
    with zipfile.ZipFile(path, "w") as copy:
        copy.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        copy.writestr("content.xml", f"<table:table>{cell}</table:table>")
    with pytest.raises(FlaskdashError, match="repeats cells more than a million times"):
        inspect_source(path)
