"""A project with one source of each kind passes its own tests and linters."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook

from flaskdash.errors import FlaskdashError
from flaskdash.inspect import inspect_source
from tests.support.data import sales_csv
from tests.support.fixtures import Cli, Write


def records() -> list[dict[str, object]]:
    return [
        {"day": f"2024-01-{i % 28 + 1:02}", "kind": "ABC"[i % 3], "n": i, "at": {"x": i / 2}}
        for i in range(40)
    ]


def features() -> dict[str, object]:
    points = [
        {
            "type": "Feature",
            "properties": {"time": 1_700_000_000_000 + i * 86_400_000, "mag": i % 7 / 2},
            "geometry": {"type": "Point", "coordinates": [i, -i]},
        }
        for i in range(40)
    ]
    return {"type": "FeatureCollection", "features": points}


def sheets() -> bytes:
    book, content = Workbook(), io.BytesIO()
    book.active.append(["Report"])
    sheet = book.create_sheet("Data")
    for row in [["Costs of 2024"], [], ["team", "month", "cost"]]:
        sheet.append(row)
    for i in range(36):
        sheet.append(["ABC"[i % 3], f"{i % 12 + 1:02}/2024", i * 10.5])
    sheet.append(["Total", None, 9999])
    book.save(content)
    return content.getvalue()


def months() -> bytes:
    """Return a workbook with a sheet for each month, whose tables begin in different rows."""
    book, content = Workbook(), io.BytesIO()
    book.active.append(["Total", 999])
    for number in range(1, 4):
        sheet = book.create_sheet(f"2024-{number:02}")
        for row in [*[["Costs"]] * number, ["Team", "day", "code"]]:
            sheet.append(row if number > 1 else [str(cell).lower() for cell in row])
        for i in range(20):
            sheet.append(["ABC"[i % 3], f"2024-{number:02}-{i + 1:02}", f"0{number}{i}"])
    book.save(content)
    return content.getvalue()


def zipped(files: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def sources(folder: Path) -> list[Path]:
    """Write one source of each kind; and return their paths."""
    aligned = [f"{'ABC'[i % 3]} b  {i * 2:>5}  2024-02-{i % 28 + 1:02}" for i in range(40)]
    contents = {
        "book.xlsx": sheets(),
        "nested.json": json.dumps({"data": records()}).encode(),
        "lines.jsonl": "\n".join(map(json.dumps, records())).encode(),
        "quakes.geojson": json.dumps(features()).encode(),
        "zipped.csv.gz": gzip.compress(sales_csv().encode()),
        "archive.zip": zipped({"in/visits.csv": sales_csv(), "readme.txt": "hello"}),
        "months.xlsx": months(),
        "months.zip": zipped({f"{n}.csv": sales_csv(n) for n in (100, 200)}),
        "aligned.txt": "\n".join(["name   count  day", *aligned]).encode(),
        "parts/north.csv": sales_csv(100).encode(),
        "parts/south.csv": sales_csv(200).encode(),
    }
    for name, content in contents.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    names = [name for name in contents if "/" not in name]
    return [folder / name for name in [*names, "parts"]]


@pytest.mark.slow
def test_a_project_of_all_kinds_passes_its_own_checks(
    tmp_path: Path, folder: Path, flaskdash: Cli
) -> None:
    (tmp_path / "given").mkdir()
    given = [arg for path in sources(tmp_path / "given") for arg in ("--data", path)]
    flaskdash("new", "all", *given, "--charts", "16", "--no-git")
    for command in (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"], ["pytest", "-q"]):
        program, *args = command
        run = [folder / "all/.venv/bin" / program, *args]
        done = subprocess.run(run, cwd=folder / "all", capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "<!-- x -->", "<html>", "<svg onload=x>", "<?xml"]
)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_may_begin_like_a_page(write: Write, name: str, separator: str) -> None:
    rows = [(name, "region", "units"), *((f"<b>{n}</b>", "NS"[n % 2], str(n)) for n in range(30))]
    path = write("\n".join(map(separator.join, rows)))
    inspection = inspect_source(path)
    assert [column.name for column in inspection.columns] == [name, "region", "units"]
    assert len(inspection.frame) == 30


@pytest.mark.parametrize(
    "page",
    [
        "<html><body>Sign in, please, now</body></html>",
        "<!DOCTYPE html>\n<html>\n\t<head>\n\t\t<title>Error, sorry</title>\n\t</head>\n</html>\n",
        "<script>var a = 1, b = 2;</script>\n<p>One, two, three</p>\n<p>Four</p>\n<p>5, 6</p>\n",
        "<table>\n" + "<tr><td>Name</td><td><input></td></tr>\n" * 3 + "</table>\n",
        "<div>\n" + "  <p>a; b</p>\n" * 2 + "</div>",
    ],
)
def test_a_page_is_not_a_table(write: Write, page: str) -> None:
    with pytest.raises(FlaskdashError, match="is an HTML page"):
        inspect_source(write(page))
