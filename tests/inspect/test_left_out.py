"""What a loader leaves out of a source is counted, and shown with its place."""

from __future__ import annotations

from pathlib import Path

import openpyxl

from flaskdash.inspect import inspect_source
from tests.support.fixtures import Cli, Write


def omitted(path: Path) -> dict[str, tuple[int, tuple[str, ...]]]:
    """Return the count and the examples of all that is left out of a source, by reason."""
    return {each.reason: (each.count, each.examples) for each in inspect_source(path).omitted}


def test_rows_around_a_table_are_shown_with_their_lines(write: Write) -> None:
    lines = ["Umsatz 2024", "", "Ort;Tag;Betrag"]
    lines += [f"Ort {n % 4};{n + 1:02}.03.2024;{n},5" for n in range(20)]
    lines[9:9] = ["Nord;01.03.2024;1,5;verrutscht"]
    lines[12:12] = ["Ort;Tag;Betrag"]
    text = "\n".join([*lines, "Summe;;200,0", "Quelle: Amt"])
    assert omitted(write(text)) == {
        "lines that repeat the header": (1, ("line 13: Ort;Tag;Betrag",)),
        "rows above the table": (1, ("line 1: Umsatz 2024",)),
        "rows with too many fields": (
            1,
            ("line 10: Nord | 01.03.2024 | 1,5 | verrutscht",),
        ),
        "rows below the table": (2, ("line 26: Summe | 200,0", "line 27: Quelle: Amt")),
    }


def test_cells_that_are_read_as_missing_are_shown_with_their_lines(write: Write) -> None:
    lines = [f"P{n},{'n/a' if n in (3, 8) else n}" for n in range(20)]
    result = omitted(write("plot,yield\n" + "\n".join(lines)))
    assert result == {"cells of yield read as missing": (2, ("line 5: n/a", "line 10: n/a"))}


def test_lines_are_records_if_cells_span_several(write: Write) -> None:
    lines = ['"a\nb",1', '"c",-', *(f"d{n},{n}" for n in range(12))]
    result = omitted(write("text,size\n" + "\n".join(lines)))
    assert result == {"cells of size read as missing": (1, ("record 3: -",))}


def test_rows_of_totals_are_shown(write: Write) -> None:
    places = {"Nord": 40, "Süd": 35, "West": 25, "Alle": 100}
    rows = [
        f"{year},{place},{size * (year - 1999)}"
        for year in range(2000, 2012)
        for place, size in places.items()
    ]
    result = omitted(write("Jahr,Gebiet,Menge\n" + "\n".join(rows)))
    count, examples = result["rows that are sums of others"]
    assert count == len(examples) == 12
    assert examples[0].startswith("row 4: 2000")
    assert all("Alle" in example for example in examples)


def test_rows_of_a_sheet_are_shown_with_their_numbers(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Visitors of the museum"])
    sheet.append([])
    sheet.append(["month", "visitors", "guides"])
    for number in range(1, 13):
        sheet.append([f"2024-{number:02}", "k.A." if number == 5 else number * 7, number])
    sheet.append(["Source: tickets"])
    path = tmp_path / "museum.xlsx"
    book.save(path)
    assert omitted(path) == {
        "rows above the table": (1, ("row 1: Visitors of the museum",)),
        "rows below the table": (1, ("row 16: Source: tickets",)),
        "cells of visitors read as missing": (1, ("row 8: k.A.",)),
    }


def test_inspect_prints_what_is_left_out(flaskdash: Cli, write: Write) -> None:
    lines = [f"P{n},{'n/a' if n < 30 else n}" for n in range(60)]
    path = write("plot,yield\n" + "\n".join(lines))
    output = flaskdash("inspect", path, "--left-out").output
    assert "Cells of yield read as missing: 30\n  line 2: n/a" in output
    assert "and 10 more" in output
    complete = write("plot,yield\nA,1\nB,2\nC,4\n", "complete.csv")
    assert "Nothing is left out." in flaskdash("inspect", complete, "--left-out").output
