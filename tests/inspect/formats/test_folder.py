"""Folders of files, patterns and standard input: their inspection, and projects of them."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from openpyxl import Workbook

from flaskdash.errors import FlaskdashError
from flaskdash.inspect import Inspection, inspect_source
from tests.support.data import sales_csv
from tests.support.errors import has_remedy
from tests.support.fixtures import Cli
from tests.support.loaders import execute

Fill = Callable[..., Path]


@pytest.fixture
def fill(tmp_path: Path) -> Fill:
    """Return a function that writes files to a folder, by name."""

    def write(**files: str | bytes) -> Path:
        folder = tmp_path / "month files"
        folder.mkdir()
        for name, text in files.items():
            raw = text if isinstance(text, bytes) else text.encode()
            (folder / name.replace("__", "-").replace("_csv", ".csv")).write_bytes(raw)
        return folder

    return write


def part(start: int, count: int = 10, names: str = "day;shop;amount") -> str:
    lines = [f"{i % 28 + 1:02}.01.2024;{'AB'[i % 2]};{i},5" for i in range(start, start + count)]
    return "\n".join([names, *lines]) + "\n"


def read(folder: Path | str) -> Inspection:
    """Inspect a folder, and check that the resulting body reads the same data."""
    inspection = inspect_source(folder)
    source = Path(folder) if Path(folder).is_dir() else Path(folder).parent
    pd.testing.assert_frame_equal(execute(inspection, source), inspection.frame)
    return inspection


def test_files_of_one_shape_become_one_table(fill: Fill) -> None:
    folder = fill(sales__2024__01_csv=part(0), sales__2024__02_csv=part(10), README=b"x")
    inspection = read(folder)
    assert inspection.read.rows == 20
    assert inspection.frame["amount"].sum() == sum(i + 0.5 for i in range(20))
    assert inspection.column("day").type == "date"
    assert set(inspection.frame["file"]) == {pd.Timestamp("2024-01-01"), pd.Timestamp("2024-02-01")}
    assert 'for file in sorted(SOURCE.glob("*.csv")):' in inspection.body
    assert [path.name for path in inspection.files] == ["sales-2024-01.csv", "sales-2024-02.csv"]
    assert inspection.notes[0].startswith("2 files read as one")


@pytest.mark.parametrize(
    ("names", "values"),
    [
        (("north", "north-west", "south"), ["north", "north-west", "south"]),
        (("sales-2023", "sales-2024", "sales-2025"), ["2023", "2024", "2025"]),
        (("part-1", "part-2", "part-3"), None),
        (("0001", "0002", "0003"), None),
        (("north sales", "south sales", "east sales"), ["east", "north", "south"]),
    ],
)
def test_the_different_parts_of_names_become_a_column(
    fill: Fill, names: tuple[str, ...], values: list[str] | None
) -> None:
    inspection = read(fill(**{f"{name}.csv": part(i * 10) for i, name in enumerate(names)}))
    assert inspection.read.rows == 30
    labels = sorted(set(inspection.frame["file"])) if "file" in inspection.frame else None
    assert labels == values


def test_a_pattern_selects_files_but_not_hidden_ones(fill: Fill) -> None:
    folder = fill(**{"a-x.csv": part(0), "a-y.csv": part(10), "b.csv": "q\n1\n", ".c.csv": "z\n"})
    inspection = read(f"{folder}/a-*.csv")
    assert inspection.read.rows == 20
    (folder / "b.csv").unlink()
    assert read(folder).read.rows == 20


def test_a_column_that_is_already_named_file(fill: Fill) -> None:
    inspection = read(fill(x_csv=part(0, names="file;shop;n"), y_csv=part(5, names="file;shop;n")))
    assert set(inspection.frame["file_2"]) == {"x", "y"}


def test_no_header_gaps_codes_and_encodings(fill: Fill) -> None:
    inspection = read(fill(x_csv="01;A;1,5\n" * 9, y_csv="02;B;\n" * 9))
    assert inspection.frame["column_1"].iloc[-1] == "02"
    assert inspection.frame["column_3"].isna().sum() == 9


def test_a_byte_order_mark_in_some_files(fill: Fill) -> None:
    inspection = read(fill(x_csv=part(0), y_csv=b"\xef\xbb\xbf" + part(10).encode()))
    assert list(inspection.frame.columns)[:3] == ["day", "shop", "amount"]


@pytest.mark.parametrize(
    ("names", "more"),
    [
        (("day;shop;amount", "DAY; Shop ;Amount"), []),
        (("tag;filiale;umsatz", "Tag;Filiale;Umsatz;Stück"), ["Stück"]),
        (("날짜;매장;총 매출", "날짜;매장;총매출;수량"), ["수량"]),
    ],
)
def test_columns_are_matched_by_their_names(
    fill: Fill, names: tuple[str, str], more: list[str]
) -> None:
    second = part(10, names=names[1])
    if more:
        head, *lines = second.splitlines()
        second = "\n".join([head, *(f"{line};{i}" for i, line in enumerate(lines))]) + "\n"
    inspection = read(fill(x_csv=part(0, names=names[0]), y_csv=second))
    assert list(inspection.frame.columns) == [*names[0].split(";"), "file", *more]
    assert [column.type for column in inspection.columns][:3] == ["date", "text", "number"]
    for name in more:
        assert inspection.frame[name].isna().sum() == 10
        assert any("1 of 2 files have no column" in note for note in inspection.notes)


def test_the_order_of_columns_may_differ(fill: Fill) -> None:
    rows = [line.split(";") for line in part(10).splitlines()]
    turned = "\n".join(";".join(row[::-1]) for row in rows) + "\n"
    inspection = read(fill(x_csv=part(0), y_csv=turned))
    assert inspection.frame["amount"].sum() == sum(i + 0.5 for i in range(20))


def test_codes_stay_text_in_each_spelling(fill: Fill) -> None:
    first = "zip,amount\n" + "".join(f"{i + 1000},{i}\n" for i in range(9))
    second = "Zip,Amount\n" + "".join(f"0{i},{i}\n" for i in range(9))
    inspection = read(fill(x_csv=first, y_csv=second))
    assert inspection.frame["zip"].iloc[-1] == "08"
    assert inspection.frame["zip"].iloc[0] == "1000"


def test_packed_and_sheets(fill: Fill, tmp_path: Path) -> None:
    packed = {f"{n}.csv.gz": gzip.compress(part(0).encode()) for n in ("north", "south")}
    inspection = read(fill(**packed))
    assert inspection.read.rows == 20
    assert set(inspection.frame["file"]) == {"north", "south"}
    folder = tmp_path / "books"
    folder.mkdir()
    for name in ("north", "south"):
        book = Workbook()
        for row in [["name", "n"], *([f"n{i}", i] for i in range(9))]:
            book.active.append(row)
        book.save(folder / f"{name}.xlsx")
    inspection = read(folder)
    assert (inspection.read.rows, inspection.read.format) == (18, "xlsx")
    assert inspection.requires == ("python-calamine>=0.4",)


@pytest.mark.parametrize("names", [("Jan", "Feb"), ("Blatt 1", "Blatt 2"), ("일월", "이월")])
def test_workbooks_whose_sheets_have_other_names(tmp_path: Path, names: tuple[str, str]) -> None:
    for name in names:
        book = Workbook()
        book.active.title = name
        for row in [["name", "n"], *([f"n{i}", i] for i in range(9))]:
            book.active.append(row)
        book.create_sheet("Notes").append(["checked by us"])
        book.save(tmp_path / f"sales {name}.xlsx")
    inspection = read(tmp_path)
    assert inspection.read.rows == 18
    assert "sheet_name=0" in inspection.body


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (part(0, names="day;shop;sum"), "y.csv has other columns than x.csv: it lacks amount"),
        (part(0, names="shop;day;amount"), "other kinds of values"),
        (part(0).replace(";", "\t"), "y.csv is written in another way"),
        (f"Title;;\n\n{part(0)}", "y.csv is written in another way"),
        ("day;shop;amount\n", "y.csv has a header but no rows"),
        (b"PAR1", "holds parquet"),
    ],
)
def test_the_file_that_differs_is_named(fill: Fill, second: str | bytes, message: str) -> None:
    with pytest.raises(FlaskdashError, match=message) as error:
        inspect_source(fill(x_csv=part(0), y_csv=second))
    assert has_remedy(error.value)


def test_folders_and_patterns_without_data(fill: Fill) -> None:
    folder = fill(**{"a.csv": part(0), "b.tsv": "x\ty\n1\t2\n", "c.pdf": b"%PDF"})
    with pytest.raises(FlaskdashError, match="several kinds") as error:
        inspect_source(folder)
    assert "*." in error.value.hint
    with pytest.raises(FlaskdashError, match="No file matches"):
        inspect_source(f"{folder}/z*.csv")
    with pytest.raises(FlaskdashError, match="does not exist"):
        inspect_source(f"{folder}/none/*.csv")


def test_the_files_are_copied_into_a_folder_of_the_project(
    fill: Fill, made: Path, flaskdash: Cli
) -> None:
    folder = fill(north_csv=part(0), south_csv=part(10))
    flaskdash("add-data", folder)
    assert "identical data/month_files/north.csv" in flaskdash("add-data", folder).output
    code = "import app.loaders.month_files as loader; print(len(loader.load()))"
    done = subprocess.run([sys.executable, "-c", code], cwd=made, capture_output=True, text=True)
    assert done.stdout.strip() == "20", done.stderr
    flaskdash("add-chart", "n", "--data", "month_files", "--kind", "bar", "--x", "file")
    flaskdash("remove", "n")
    flaskdash("remove", "month_files")
    assert not (made / "data/month_files").exists()
    assert (made / "data/sales.csv").exists()


def test_standard_input_is_saved_and_read(made: Path, flaskdash: Cli) -> None:
    inspection = json.loads(flaskdash("inspect", "-", "--json", stdin=sales_csv()).stdout)
    assert (inspection["source"], inspection["read"]["rows"]) == ("-", 360)
    result = flaskdash("add-data", "-", stdin=sales_csv(), code=1)
    assert "--name" in result.output
    flaskdash("add-data", "-", "--name", "piped", stdin=sales_csv())
    assert (made / "data/piped.csv").read_text("utf-8") == sales_csv()
    flaskdash("add-data", "-", "--name", "events", stdin='{"a": 1}\n{"a": 2}\n')
    assert (made / "data/events.jsonl").exists()


def test_a_project_from_standard_input(folder: Path, flaskdash: Cli) -> None:
    flaskdash("new", "shop", "--data", "-", "--no-install", "--no-git", stdin=sales_csv())
    assert (folder / "shop/data/data.csv").read_text("utf-8") == sales_csv()
    assert "is empty" in flaskdash("new", "x", "--data", "-", stdin="", code=1).output


def test_json_files_of_one_shape(fill: Fill) -> None:
    days = {
        f"2024-0{m + 1}.json": [{"n": m * 10 + i, "by": {"x": i}} for i in range(10)]
        for m in range(3)
    }
    inspection = read(fill(**{name: json.dumps({"rows": value}) for name, value in days.items()}))
    assert list(inspection.frame.columns) == ["n", "by.x", "file"]
    assert inspection.frame["n"].tolist() == list(range(30))
    assert inspection.frame["file"].nunique() == 3


def test_json_lines_of_one_shape(fill: Fill) -> None:
    lines = "".join(json.dumps({"id": 10**17 + i, "v": i / 2}) + "\n" for i in range(10))
    inspection = read(fill(**{"a.jsonl": lines, "b.jsonl": lines.replace("\n", "\r\n")}))
    assert len(inspection.frame) == 20
    assert str(inspection.frame["id"].iloc[3]) == str(10**17 + 3)


def test_json_of_another_shape_is_named(fill: Fill) -> None:
    folder = fill(**{"a.json": '[{"a": 1}, {"a": 2}]', "b.json": '[{"c": 1}, {"c": 2}]'})
    with pytest.raises(FlaskdashError, match=r"b\.json has other records than a\.json"):
        inspect_source(folder)


def test_parquet_files_of_one_shape(tmp_path: Path) -> None:
    for m in range(3):
        sql = f"SELECT {m} * 10 + i AS n, ['a', 'b'] AS tags FROM range(10) t(i)"
        duckdb.execute(f"COPY ({sql}) TO '{tmp_path / f'part-{m}.parquet'}' (FORMAT parquet)")
    inspection = read(tmp_path)
    assert inspection.frame["n"].tolist() == list(range(30))
    duckdb.execute(f"COPY (SELECT 'x' AS n) TO '{tmp_path / 'part-9.parquet'}' (FORMAT parquet)")
    with pytest.raises(
        FlaskdashError, match=r"part-9\.parquet has other columns than part-0\.parquet: "
    ):
        inspect_source(tmp_path)


def test_a_project_of_a_folder_of_json(
    tmp_path: Path, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "parts"
    folder.mkdir()
    for m in range(2):
        rows = [{"day": f"2024-0{m + 1}-{i + 1:02d}", "n": i} for i in range(20)]
        (folder / f"p{m}.json").write_text(json.dumps(rows))
    result = flaskdash("new", "proj", "--data", str(folder), "--no-install", "--no-git")
    assert result.exit_code == 0, result.output
    loaders = [p for p in Path("proj/app/loaders").glob("*.py") if not p.name.startswith("_")]
    run = "import sys; sys.path.insert(0, '.'); import importlib; "
    run += f"print(len(importlib.import_module('app.loaders.{loaders[0].stem}').load()))"
    done = subprocess.run([sys.executable, "-c", run], cwd="proj", capture_output=True, text=True)
    assert done.stdout.strip() == "40", done.stderr
