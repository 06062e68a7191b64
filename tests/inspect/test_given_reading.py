"""What the user says with --read about how a text is written."""

from __future__ import annotations

import pytest

from flaskdash.errors import FlaskdashError
from flaskdash.inspect import inspect_source, reading
from tests.support.fixtures import Write

REPORT = "Report of May\n\nname;amount;day\n" + "".join(
    f"R{number};{number + 1}.{200 + number};{number + 1:02}/02/2024\n" for number in range(12)
)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["sep=;"], reading.Reading(sep=";")),
        (["sep=,,decimal=."], reading.Reading(sep=",", decimal=".")),
        (["sep=tab, header=3"], reading.Reading(sep="\t", header=3)),
        (["header=none", "quote='"], reading.Reading(header=0, quote="'")),
        (["encoding=UTF8", "skip=2"], reading.Reading(encoding="utf-8", skip=2)),
        (["sheet=North, South"], reading.Reading(sheet="North, South")),
        (["sep= "], reading.Reading(sep=reading.BLANKS)),
    ],
)
def test_choices_are_separated_by_commas_or_repeated(
    texts: list[str], expected: reading.Reading
) -> None:
    assert reading.parse(texts) == expected


@pytest.mark.parametrize(
    "text",
    ["delimiter=;", "sep", "sep=", "header=first", "skip=-1", "decimal=;", "encoding=klingon"],
)
def test_an_unknown_key_or_value_lists_the_keys(text: str) -> None:
    with pytest.raises(FlaskdashError, match=r"The keys are sep .* header .* decimal") as error:
        reading.parse([text])
    assert error.value.hint.startswith("--read")


def test_the_decimal_mark_of_the_user_wins(write: Write) -> None:
    path = write(REPORT)
    assert inspect_source(path).frame["amount"].tolist() == [1200 + 1001 * n for n in range(12)]
    given = inspect_source(path, reading=reading.parse(["decimal=."]))
    assert given.frame["amount"].tolist() == [round(1.2 + 1.001 * n, 3) for n in range(12)]


def test_the_header_of_the_user_wins(write: Write) -> None:
    path = write("2019;2020\n2021;2022\n" + "".join(f"{n};{n + 1}\n" for n in range(2023, 2040)))
    assert list(inspect_source(path).frame) == ["column_1", "column_2"]
    given = inspect_source(path, reading=reading.parse(["header=2"]))
    assert list(given.frame) == ["2021", "2022"]
    assert len(given.frame) == 17
    assert "skiprows=1" in given.body


def test_a_table_without_a_header_below_skipped_lines(write: Write) -> None:
    given = inspect_source(write(REPORT), reading=reading.parse(["header=none,skip=3"]))
    assert list(given.frame) == ["column_1", "column_2", "column_3"]
    assert len(given.frame) == 12


def test_lines_are_counted_in_the_file_even_if_some_are_comments(write: Write) -> None:
    lines = [f"N{n},{n},{n + 1}" for n in range(20)]
    lines.insert(10, "# a pause, of the logger")
    text = "\n".join(["# made by a logger", "# in May", "a,b,c", "first,second,third", *lines])
    given = inspect_source(write(text), reading=reading.parse(["header=4"]))
    assert list(given.frame) == ["first", "second", "third"]
    assert len(given.frame) == 20


def test_the_delimiter_quote_and_encoding_of_the_user_win(write: Write) -> None:
    text = "a|b,c|d\n" + "".join(f"'{n}|x',{n}|'ä {n}'\n" for n in range(20))
    path = write(text.encode("cp1252"))
    given = inspect_source(path, reading=reading.parse(["sep=|,quote=none,encoding=cp1252"]))
    assert given.read.delimiter == "|"
    given = inspect_source(path, reading=reading.parse(["sep=comma,quote=',encoding=cp1252"]))
    assert given.frame.shape == (20, 2)
    assert given.frame["a|b"].tolist()[:2] == ["0|x", "1|x"]


def test_a_wrong_encoding_is_reported(write: Write) -> None:
    path = write("a;b\nä;1\nö;2\n".encode("cp1252"))
    with pytest.raises(FlaskdashError, match="not ascii"):
        inspect_source(path, reading=reading.parse(["encoding=ascii"]))


def test_choices_for_text_do_not_apply_to_other_files(write: Write) -> None:
    with pytest.raises(FlaskdashError, match="sep= only applies to text"):
        inspect_source(write('[{"a": 1}, {"a": 2}]'), reading=reading.parse(["sep=;"]))


def test_a_line_below_the_table_cannot_be_the_header(write: Write) -> None:
    with pytest.raises(FlaskdashError, match="no values from line 99"):
        inspect_source(write(REPORT), reading=reading.parse(["header=99"]))


def test_another_delimiter_that_fits_as_well_is_offered(write: Write) -> None:
    path = write("a;b,c\n" + "".join(f"{n};{n * 2},{n * 3}\n" for n in range(30)))
    inspection = inspect_source(path)
    offers = [note for note in inspection.notes if "--read" in note]
    assert len(offers) == 1
    offer = offers[0].partition('--read "')[2].partition('"')[0]
    given = inspect_source(path, reading=reading.parse([offer]))
    assert given.read.delimiter != inspection.read.delimiter
    assert not [note for note in given.notes if "--read" in note]
