"""Tables in HTML and in XML of Excel 2003, mostly called .xls."""

from __future__ import annotations

import pandas as pd
import pytest

from flaskdash.errors import FlaskdashError
from flaskdash.inspect import inspect_source
from tests.support.fixtures import Write
from tests.support.loaders import execute

XML = (
    '<?xml version="1.0"?>\n<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
    'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">'
)


def html_row(*cells: object, tag: str = "td") -> str:
    return "<tr>" + "".join(f"<{tag} class=x>{cell}</{tag}>" for cell in cells) + "</tr>\n"


def xml_row(*cells: object) -> str:
    return "<Row>" + "".join(f"<Cell><Data>{cell}</Data></Cell>" for cell in cells) + "</Row>"


HTML_ROWS = "".join(
    html_row(f"2024-01-{n + 1:02d}", f"<b>{n}</b>", "Köln &amp; Ulm") for n in range(28)
)
XML_ROWS = "".join(xml_row(f"2024-01-{n + 1:02d}", n, "Köln &amp; Ulm") for n in range(28))


@pytest.mark.parametrize(
    "text",
    [
        f"<html><body><table>{html_row('Tag', 'n', 'Ort', tag='th')}{HTML_ROWS}</table>Ende</body>",
        f"<TABLE border=1>\n{html_row('Tag', 'n', 'Ort')}{HTML_ROWS}</TABLE>".replace("</td>", ""),
        f"<div><table><tr><td colspan='3'>Bericht</td></tr>{html_row('Tag', 'n', 'Ort')}{HTML_ROWS}</table>",
        f"{XML}<Worksheet><Table>{xml_row('Tag', 'n', 'Ort')}{XML_ROWS}</Table></Worksheet></Workbook>",
    ],
)
def test_tables_in_tags_are_read(write: Write, text: str) -> None:
    path = write(text, "bericht.xls")
    inspection = inspect_source(path)
    assert list(inspection.frame) == ["Tag", "n", "Ort"]
    assert inspection.frame["n"].sum() == sum(range(28))
    assert set(inspection.frame["Ort"]) == {"Köln & Ulm"}
    pd.testing.assert_frame_equal(execute(inspection, path), inspection.frame)


def test_cells_that_are_left_out_are_blank(write: Write) -> None:
    rows = "".join(
        f'<Row><Cell><Data>a{n}</Data></Cell><Cell ss:Index="4"><Data>{n}</Data></Cell></Row>'
        for n in range(20)
    )
    text = (
        f"{XML}<Worksheet><Table>{xml_row('w', 'x', 'y', 'z')}{rows}</Table></Worksheet></Workbook>"
    )
    assert inspect_source(write(text, "a.xls")).frame["z"].tolist() == list(range(20))


def test_of_several_tables_in_a_page_the_largest_is_read(write: Write) -> None:
    small = f"<table>{html_row('Art', 'Zahl')}{html_row('a', 1)}{html_row('b', 2)}</table>"
    large = f"<table>{html_row('Tag', 'n', 'Ort')}{HTML_ROWS}</table>"
    path = write(f"<html>{small}<p>Mehr</p>{large}", "seite.xls")
    inspection = inspect_source(path)
    assert inspection.read.rows == 28
    assert "seite#2 (Art, Zahl)" in inspection.notes[0]
    assert inspect_source(path, "seite#2").read.rows == 2


def test_a_page_without_data_is_refused(write: Write) -> None:
    form = "<html><table>" + html_row("Name", "<input>") + html_row("", "<button>") * 2 + "</table>"
    for text in ("<html><body>Please log in</body></html>", form):
        with pytest.raises(FlaskdashError, match="is an HTML page"):
            inspect_source(write(text, "export.csv"))
