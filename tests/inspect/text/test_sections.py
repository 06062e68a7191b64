"""Several tables in one text, and lines of several types."""

from __future__ import annotations

import pytest

from flaskdash.errors import FlaskdashError
from flaskdash.inspect import inspect_source
from tests.support.data import rows
from tests.support.fixtures import Write


def test_of_sections_with_titles_the_largest_is_read(write: Write) -> None:
    text = "Schlaf\nTag;Stunden;Note\n" + rows(
        lambda i: f"{i % 28 + 1:02d}.01.2024;7,{i % 9};{i}", 9
    )
    text += "\nGewicht\nTag;kg\n" + rows(lambda i: f"{i + 1:02d}.01.2024;8{i},5", 5)
    text += "\nSchritte\nTag;Anzahl;km\n" + rows(lambda i: f"{i + 1:02d}.01.2024;{i};{i},5", 28)
    path = write(text, "uhr.csv")
    inspection = inspect_source(path)
    assert inspection.frame["Anzahl"].sum() == sum(range(28))
    assert [str(kind) for kind in inspection.frame.dtypes][1:] == ["int64", "float64"]
    assert "Schritte: Tag, Anzahl, km; --table takes another table: " in inspection.notes[-1]
    for label, names in (("uhr#2", ["Tag", "Stunden", "Note"]), ("uhr#3", ["Tag", "kg"])):
        assert label in inspection.notes[-1]
        assert list(inspect_source(path, label).frame) == names


def test_a_table_without_a_blank_line_above_is_told_by_its_width(write: Write) -> None:
    text = "region,target\nNord,100\nSud,200\nmonth,units,cost\n"
    path = write(text + rows(lambda i: f"2020-{i % 12 + 1:02d}-01,{i},{i * 2}", 24))
    inspection = inspect_source(path)
    assert inspection.frame["units"].sum() == sum(range(24))
    assert "(region, target)" in inspection.notes[0]


def test_delimiters_alone_are_a_blank_line(write: Write) -> None:
    text = (
        "Harbour,,\n,,\nShips by flag,,\nFlag,Ships,\nMalta,12,\nPanama,40,\n,,\nShips by day,,\n"
    )
    text += "Day,Arrived,Left\n" + rows(lambda i: f"2024-01-{i % 28 + 1:02d},{i},{i}", 28)
    inspection = inspect_source(write(text))
    assert inspection.frame.shape == (28, 3)
    assert "#2 (Ships by flag: Flag, Ships" in inspection.notes[-1]


def test_sections_of_one_shape_are_stacked_with_their_titles(write: Write) -> None:
    part = "Date,Rain\n" + rows(lambda i: f"2024-01-{i + 1:02d},{i}", 20)
    path = write("\n".join(f"Station {letter}\n{part}" for letter in "ABC"))
    frame = inspect_source(path).frame
    assert frame["section"].value_counts().to_dict() == {f"Station {x}": 20 for x in "ABC"}
    assert frame["Rain"].sum() == 3 * sum(range(20))


def test_blank_lines_among_rows_begin_no_table(write: Write) -> None:
    part = rows(lambda i: f"R{i},{i}", 10)
    inspection = inspect_source(write("name,value\n" + "\n".join([part] * 5)))
    assert inspection.read.rows == 50
    assert inspection.notes == ()


def test_a_quoted_blank_line_begins_no_table(write: Write) -> None:
    text = "text,n\n" + rows(lambda i: f'"first\n\nname,number\na,{i}\nb,2",{i}')
    assert inspect_source(write(text)).read.rows == 40


METER = "100,V1,2024\n" + "".join(
    f"200,M{meter},kWh\n" + rows(lambda i: f"300,202401{i + 1:02d},{i},{i},{i}", 9)
    for meter in range(3)
)
ORDERS = "".join(
    f"Order|{i}|2024-01-{i + 1:02d}|Ann\nItem|{i}|tea\nItem|{i}|salt\n" for i in range(20)
)
FORMS = "".join(
    f"Patient;P{i};Visit\nNurse;Room\nEva;{i}\n\nDrug;Dose;Unit;Way\nA;{i};mg;oral\nB;{i};g;iv\n\n"
    for i in range(15)
)


@pytest.mark.parametrize(
    ("text", "types", "label", "shape"),
    [
        (METER + "900\n", "300 (27), 200 (3), 100 (1), 900 (1)", "300", (27, 5)),
        (ORDERS, "Item (40), Order (20)", "Order", (20, 4)),
        (FORMS, "Patient (15), Nurse (15)", "Drug", None),
    ],
)
def test_types_of_lines_are_declined_until_one_is_chosen(
    write: Write, text: str, types: str, label: str, shape: tuple[int, int] | None
) -> None:
    path = write(text)
    with pytest.raises(FlaskdashError) as error:
        inspect_source(path)
    assert types in str(error.value)
    assert error.value.hint.startswith("--table ")
    if shape:
        assert inspect_source(path, label).frame.shape == shape


def test_a_first_and_a_last_line_of_other_types_are_left_out(write: Write) -> None:
    text = "HDR,2024-01-31,DE12\n" + rows(lambda i: f"TRX,{i},2024-01-{i % 28 + 1:02d},{i}.5,x")
    inspection = inspect_source(write(text + "TRL,40,1234.00\n"))
    assert inspection.read.rows == 40
    assert "TRX (40), HDR (1), TRL (1); read TRX" in inspection.notes[0]


def test_a_category_in_the_first_column_is_no_type(write: Write) -> None:
    inspection = inspect_source(write("kind,n\n" + rows(lambda i: f"{'ABC'[i % 3]},{i}")))
    assert inspection.read.rows == 40


def test_an_unknown_table_is_refused(write: Write) -> None:
    with pytest.raises(FlaskdashError, match="Choose one with --table"):
        inspect_source(write(ORDERS), "Nothing")
