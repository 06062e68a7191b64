"""The result of inspect_source, and whether the code that it writes reads the file."""

from __future__ import annotations

import ast
import csv
import io
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from flaskdash.errors import FlaskdashError
from flaskdash.inspect import Inspection, inspect_source
from flaskdash.inspect.literals import comment, literal
from flaskdash.inspect.text.encoding import detect
from flaskdash.inspect.writing.column_names import repair
from tests.support.data import rows
from tests.support.errors import has_remedy
from tests.support.fixtures import Write
from tests.support.loaders import execute


def roles(inspection: Inspection) -> dict[str, str]:
    return {column.name: column.role for column in inspection.columns}


def test_clean_csv_needs_no_argument(write: Write) -> None:
    path = write("city,sold\n" + rows(lambda i: f"{'ABC'[i % 3]},{i * 7}"))
    inspection = inspect_source(path)
    assert inspection.body.split("\n") == [
        "import pandas as pd",
        "",
        "df = pd.read_csv(SOURCE)",
        "return df",
    ]
    assert (inspection.read.format, inspection.read.delimiter, inspection.read.encoding) == (
        "csv",
        ",",
        "utf-8",
    )
    assert (inspection.read.header_row, inspection.read.rows, inspection.read.skipped_rows) == (
        1,
        40,
        0,
    )
    assert inspection.notes == ()
    assert inspection.declined == ""


def test_frame_is_what_the_body_returns(write: Write) -> None:
    path = write(
        "Datum;Ort;Betrag\n" + rows(lambda i: f"{i % 28 + 1:02}.01.2024;Zürich;1.{i:03},50"),
        encoding="cp1252",
    )
    inspection = inspect_source(path)
    pd.testing.assert_frame_equal(execute(inspection, path), inspection.frame)
    assert inspection.read.encoding == "cp1252"
    assert inspection.frame["Betrag"].sum() == pytest.approx(sum(1000.5 + i for i in range(40)))
    assert inspection.frame["Datum"].max() == pd.Timestamp("2024-01-28")


@pytest.mark.parametrize(
    ("mark", "format"), [(",", "csv"), (";", "csv"), ("\t", "tsv"), ("|", "csv")]
)
def test_delimiters(write: Write, mark: str, format: str) -> None:
    path = write(f"a{mark}b\n" + rows(lambda i: f"{i}.5{mark}x y"), "data.txt")
    inspection = inspect_source(path)
    assert (inspection.read.delimiter, inspection.read.format) == (mark, format)
    assert inspection.frame.shape == (40, 2)


def test_runs_of_blanks(write: Write) -> None:
    path = write(
        "\n  yr   a     b\n" + rows(lambda i: f"  {i}   {i}.25   NaN" if i else " 0  1.5   2")
    )
    inspection = inspect_source(path)
    assert inspection.frame.shape == (40, 3)
    assert inspection.frame["b"].notna().sum() == 1
    assert inspection.read.header_row == 2


def test_a_comma_in_a_file_with_semicolons_is_a_decimal_mark(write: Write) -> None:
    path = write("name;amount\n" + rows(lambda i: f"A;{i},5"))
    inspection = inspect_source(path)
    assert inspection.read.decimal == ","
    assert inspection.frame["amount"].tolist() == [i + 0.5 for i in range(40)]


def test_three_digits_after_a_comma_follow_the_other_columns(write: Write) -> None:
    path = write("exp;pop\n" + rows(lambda i: f"28,{i + 100};{i},5"))
    assert inspect_source(path).frame["exp"].iloc[1] == pytest.approx(28.101)


def test_thousands_money_and_percent(write: Write) -> None:
    path = write(
        "n,money,share,loss\n" + rows(lambda i: f'"{i + 1},000","${i + 1},000.50",{i}%,({i}.25)')
    )
    inspection = inspect_source(path)
    assert inspection.frame["n"].iloc[0] == 1000
    assert inspection.frame["money"].iloc[1] == 2000.5
    assert inspection.frame["share"].iloc[7] == 7
    assert inspection.frame["loss"].iloc[3] == -3.25
    assert inspection.column("money").unit == "$"
    assert (inspection.column("share").unit, inspection.column("share").agg) == ("%", "mean")


def test_money_in_two_currencies_stays_text(write: Write) -> None:
    path = write("price\n" + rows(lambda i: f"{'$€'[i % 2]}{i}"))
    assert inspect_source(path).column("price").type == "text"


def test_magnitudes_and_units_become_numbers(write: Write) -> None:
    path = write("size,length\n" + rows(lambda i: f"{i + 1}.5M,{i + 60} min"))
    inspection = inspect_source(path)
    assert inspection.frame["size"].iloc[0] == 1.5e6
    assert inspection.frame["length"].iloc[0] == 60
    assert inspection.column("length").unit == "min"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["16/12/2020", "03/01/2019"], "2019-01-03"),
        (["12/16/2020", "03/01/2019"], "2019-03-01"),
        (["16/12/20", "03/01/19"], "2019-01-03"),
        (["8/27/2014 11:29", "3/1/2014 9:05"], "2014-03-01 09:05"),
        (["31.12.2020", "01.02.2020"], "2020-02-01"),
        (["Aug 1 2004", "May 1 2005"], "2005-05-01"),
        (["September 9, 2019", "May 14, 2018"], "2018-05-14"),
        (["01-Mar-2024", "02-May-2024"], "2024-05-02"),
        (["Jan 2020", "Feb 2021"], "2021-02-01"),
        (["1958-03", "1958-04"], "1958-04-01"),
        (["2020-Q1", "2020-Q3"], "2020-07-01"),
        (["Q1 2020", "Q3 2020"], "2020-07-01"),
        (["2024-01-05 10:00", "2024-01-06 23:59"], "2024-01-06 23:59"),
        (["2024-01-05T10:00:00Z", "2024-01-06T10:00:00+02:00"], "2024-01-06 08:00"),
        (["2024-01-05", "2024-01-06 10:00:00"], "2024-01-06 10:00"),
    ],
)
def test_dates(write: Write, values: list[str], expected: str) -> None:
    path = write("when,n\n" + rows(lambda i: f'"{values[i % len(values)]}",{i}'))
    inspection = inspect_source(path)
    assert inspection.frame["when"].iloc[1] == pd.Timestamp(expected)
    assert inspection.frame["when"].dt.tz is None
    assert inspection.column("when").role == "time"
    assert not any("assumed" in note for note in inspection.notes)


def test_the_zone_is_noted(write: Write) -> None:
    path = write("when,n\n" + rows(lambda i: f"2024-01-{i % 28 + 1:02}T10:00:00Z,{i}"))
    assert any("UTC" in note for note in inspect_source(path).notes)


@pytest.mark.parametrize("date", ["{day:02}/03/2024", "03/{day:02}/2024"])
def test_an_assumed_order_of_day_and_month_is_noted(write: Write, date: str) -> None:
    path = write("d,n\n" + rows(lambda i: f"{date.format(day=i % 12 + 1)},{i}"))
    inspection = inspect_source(path)
    assert any("assumed" in note for note in inspection.notes)
    assert "assumed" in inspection.body
    # One month of days is likelier than the third of each month.
    assert set(inspection.frame["d"].dt.month) == {3}


def test_order_follows_an_unambiguous_column(write: Write) -> None:
    path = write(
        "ordered,shipped\n" + rows(lambda i: f"0{i % 9 + 1}/01/2024,{i % 28 + 1:02}/02/2024")
    )
    inspection = inspect_source(path)
    assert set(inspection.frame["ordered"].dt.month) == {1}


def test_integers_that_are_dates(write: Write) -> None:
    path = write(
        "day,created,score\n"
        + rows(lambda i: f"202301{i % 28 + 1:02},{1_700_000_000_000 + i * 86_400_000},{i}")
    )
    inspection = inspect_source(path)
    assert inspection.frame["day"].iloc[0] == pd.Timestamp("2023-01-01")
    assert inspection.frame["created"].iloc[0] == pd.Timestamp("2023-11-14 22:13:20")


def test_impossible_dates_fall_back_to_text(write: Write) -> None:
    path = write("d,n\n" + rows(lambda i: f"{'2024-02-01' if i % 6 else f'2024-02-{31 + i}'},{i}"))
    inspection = inspect_source(path)
    assert inspection.column("d").type == "text"
    assert inspection.frame["d"].iloc[30] == "2024-02-61"


def test_codes_stay_text(write: Write) -> None:
    path = write("zip,big,v\n" + rows(lambda i: f"{i:05},{12345678901234567890 + i},{i}"))
    inspection = inspect_source(path)
    assert inspection.frame["zip"].iloc[1] == "00001"
    assert inspection.frame["big"].iloc[1] == "12345678901234567891"
    assert roles(inspection) == {"zip": "identifier", "big": "identifier", "v": "measure"}
    assert '"str",  # leading zeros' in inspection.body


def test_few_large_numbers_in_many_rows_are_no_measures(write: Write) -> None:
    accounts, prices = [1200, 1800, 4400, 70001], [1200, 1800, 4400, 70001]
    path = write("konto,price,n\n" + rows(lambda i: f"{accounts[i % 4]},{prices[i % 4]},{i}", 60))
    assert roles(inspect_source(path)) == {"konto": "category", "price": "measure", "n": "measure"}


def test_numbers_of_things_that_stand_in_as_many_rows_each_are_keys(write: Write) -> None:
    path = write(
        "plant,age,weight,score\n"
        + rows(lambda i: f"{i % 15 + 1},{i % 15 + 1},{i * 37 % 41},{i * 7 % 13 + 1}", 60)
    )
    by_name = roles(inspect_source(path))
    assert by_name == {
        "plant": "identifier",
        "age": "measure",
        "weight": "measure",
        "score": "measure",
    }


def test_numbers_of_codes_are_codes(write: Write) -> None:
    header = "course_no,course_numeric,seats\n"
    path = write(
        header
        + rows(lambda i: f"{'M' * (i % 2)}{i % 29 + 5}{'AB'[i % 2]},{i % 29 + 5},{i * 7}", 60)
    )
    assert roles(inspect_source(path))["course_numeric"] == "identifier"
    assert roles(inspect_source(path))["seats"] == "measure"


def test_a_rate_of_keys_is_no_key(write: Write) -> None:
    header = "hash_rate,link length,login\n"
    path = write(header + rows(lambda i: f"{i * 37 % 31 + 9},{i % 23 + 40},{i + 700}"))
    expected = {"hash_rate": "measure", "link length": "measure", "login": "identifier"}
    assert roles(inspect_source(path)) == expected


def test_late_text_in_a_number_column_is_counted(write: Write) -> None:
    path = write("id,v\n" + rows(lambda i: f"{i},{i}", 30_000) + "30000,n/a (revised)\n")
    inspection = inspect_source(path)
    assert inspection.column("v").type == "integer"
    assert inspection.column("v").missing == 1
    assert any("n/a (revised)" in note for note in inspection.notes)


def test_mixed_column_stays_text(write: Write) -> None:
    path = write("code,v\n" + rows(lambda i: f"{'A7' if i % 4 == 0 else i},{i}"))
    inspection = inspect_source(path)
    assert inspection.frame["code"].iloc[1] == "1"
    assert inspection.column("code").missing == 0


def test_na_is_missing_among_numbers_and_a_value_among_continents(write: Write) -> None:
    cells = ["NA,NA", "EU,1", "AS,2.5", "SA,"]
    path = write("continent,w\n" + rows(lambda i: cells[i % 4]))
    inspection = inspect_source(path)
    assert inspection.column("continent").missing == 0
    assert inspection.frame["continent"].iloc[0] == "NA"
    assert inspection.column("w").missing == 20


def test_none_is_a_category(write: Write) -> None:
    path = write("band,v\n" + rows(lambda i: f"{['None', 'Low', 'High', ''][i % 4]},{i}"))
    inspection = inspect_source(path)
    assert inspection.frame["band"].iloc[0] == "None"
    assert inspection.column("band").missing == 10


def test_dashes_and_dots_are_missing(write: Write) -> None:
    path = write(
        "a,b\n"
        + rows(
            lambda i: f"{'-' if i % 5 == 0 else i},{'..' if i % 4 == 0 else i}.5".replace(
                "...5", ".."
            )
        )
    )
    inspection = inspect_source(path)
    assert (inspection.column("a").missing, inspection.column("b").missing) == (8, 10)
    assert {inspection.column("a").type, inspection.column("b").type} == {"integer", "number"}


def test_long_rows_are_counted_and_short_ones_filled(write: Write) -> None:
    path = write("a,b,c\n" + rows(lambda i: f"{i},{i},{i}") + "1,2,3,4\n5,6\n")
    inspection = inspect_source(path)
    assert (inspection.read.rows, inspection.read.skipped_rows) == (41, 1)
    assert any("too many fields" in note for note in inspection.notes)
    assert inspection.frame["c"].isna().sum() == 1


def test_long_first_row_shifts_nothing(write: Write) -> None:
    path = write("a,b\n1,2,3\n" + rows(lambda i: f"{i},{i * 2}"))
    inspection = inspect_source(path)
    assert inspection.frame["b"].tolist() == [i * 2 for i in range(40)]
    assert inspection.read.skipped_rows == 1


def test_header_with_a_name_too_few_shifts_nothing(write: Write) -> None:
    path = write("day,price\n" + rows(lambda i: f"2024-01-{i % 28 + 1:02},{i}.5,{i}"))
    inspection = inspect_source(path)
    assert list(inspection.frame.columns) == ["day", "price", "column_3"]
    assert inspection.frame["price"].iloc[2] == 2.5
    assert any("names" in note for note in inspection.notes)


def test_row_names_of_r_shift_nothing(write: Write) -> None:
    path = write('"mpg","cyl"\n' + rows(lambda i: f'"Mazda {i}",{i}.5,{i % 3}'))
    inspection = inspect_source(path)
    assert list(inspection.frame.columns) == ["column_1", "mpg", "cyl"]
    assert inspection.frame["mpg"].iloc[2] == 2.5


def test_preamble_and_footer(write: Write) -> None:
    path = write(
        "Sales report\nmade 2024-06-01\n\nregion;day;amount\n"
        + rows(lambda i: f"R{i % 4};{i % 28 + 1:02}.01.2024;{i},50")
        + "\nTotal;;800,00\nSource: us\n"
    )
    inspection = inspect_source(path)
    assert inspection.read.header_row == 4
    assert inspection.read.rows == 40
    assert inspection.frame["amount"].sum() == pytest.approx(sum(i + 0.5 for i in range(40)))


def test_comment_lines_and_no_header(write: Write) -> None:
    inspection = inspect_source(write("# by a tool\n# today\nid,v\n" + rows(lambda i: f"{i},{i}")))
    assert (inspection.read.header_row, inspection.read.rows) == (3, 40)
    inspection = inspect_source(write(rows(lambda i: f"2024-01-{i % 28 + 1:02},{i}.5,n{i % 3}")))
    assert inspection.read.header_row is None
    assert list(inspection.frame.columns) == ["column_1", "column_2", "column_3"]
    assert inspection.read.rows == 40


def test_trailing_delimiters_and_blank_rows(write: Write) -> None:
    inspection = inspect_source(write("a,b\n" + rows(lambda i: f"{i},x{i % 4},")))
    assert inspection.frame.shape == (40, 2)
    inspection = inspect_source(write("a,b\n1,2\n,\n" + rows(lambda i: f"{i},{i}")))
    assert inspection.read.rows == 41
    assert any("without any value" in note for note in inspection.notes)


def test_quoted_newlines_unclosed_quotes_and_padding(write: Write) -> None:
    inspection = inspect_source(write("id,note\n" + rows(lambda i: f'{i},"one\ntwo, ""q"" {i}"')))
    assert inspection.read.rows == 40
    inspection = inspect_source(
        write("a\tb\n" + rows(lambda i: f'{i}\t5" x') + '41\t"open\n42\tok\n')
    )
    assert inspection.read.rows == 42
    assert inspection.frame["b"].iloc[-2] == '"open'
    inspection = inspect_source(write("a, b, c\n" + rows(lambda i: f'{i}, "x, y", z ')))
    assert inspection.frame.iloc[0].tolist() == [0, "x, y", "z"]


def test_carriage_returns_only_and_one_column(write: Write) -> None:
    inspection = inspect_source(write("id,v\r" + "".join(f"{i},{i * 2}\r" for i in range(40))))
    assert inspection.frame["v"].iloc[-1] == 78
    inspection = inspect_source(write("name\n" + rows(lambda i: f"person {i}")))
    assert inspection.frame.shape == (40, 1)
    assert inspection.read.delimiter == ","  # which read_csv splits at


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Allée, Besançon, été", "cp1252"),
        ("Příliš žluťoučký kůň", "cp1250"),
        ("Łódź Białystok zażółć gęślą", "cp1250"),
        ("Москва город Санкт-Петербург", "cp1251"),
        ("Montréal, Québec, où ça", "mac_roman"),
        ("서울특별시 종로구", "euc_kr"),
        ("naïve café", "utf-8"),
    ],
)
def test_encodings_are_detected(text: str, encoding: str) -> None:
    raw = ((text + ",1\n") * 30).encode(encoding)
    assert raw.decode(detect(raw)) == raw.decode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_with_and_without_marks(write: Write, encoding: str) -> None:
    path = write("id,näme\n" + rows(lambda i: f"{i},é{i}"), encoding=encoding)
    inspection = inspect_source(path)
    assert list(inspection.frame.columns) == ["id", "näme"]
    assert inspection.frame["näme"].iloc[3] == "é3"


def test_late_odd_byte_decides_the_encoding(write: Write) -> None:
    path = write(b"name,n\n" + b"Cafe,1\n" * 30_000 + b"Z\xfcrich,2\n")
    assert inspect_source(path).frame["name"].iloc[-1] == "Zürich"


HOSTILE = [
    "</script>",
    '"); import os; os.abort() #',
    "two\nlines",
    "it's",
    "back\\slash\\",
    "{c}",
    "{0}",
    "%s",
    "😀",
    '"""',
    "'''",
    "\u2028",
    "#c",
    "=1+1",
    "  padded ",
    "",
    "a",
    "A",
    "a",
    "x" * 300,
]


@pytest.mark.parametrize(
    "cell", ["{i}", "{i}%", "$1,0{i:02}", "0{i}", "{i:02}/01/2024", "text {i}", "NA", "x"]
)
def test_hostile_names_never_break_the_body(write: Write, cell: str) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HOSTILE)
    for number in range(1, 29):
        writer.writerow([cell.format(i=number)] * len(HOSTILE))
    path = write(text.getvalue())
    inspection = inspect_source(path)
    pd.testing.assert_frame_equal(execute(inspection, path), inspection.frame)
    names = [str(name) for name in inspection.frame.columns]
    assert names[:2] == ["</script>", '"); import os; os.abort() #']
    assert names[2] == "two lines"
    assert len({name.lower() for name in names}) == len(HOSTILE)
    assert all(name.isprintable() and name.strip() for name in names)
    nodes = list(ast.walk(ast.parse(inspection.body.replace("return df", "df"))))
    assert sum(isinstance(node, ast.Import) for node in nodes) == 1


def test_hostile_names_among_many_columns(write: Write) -> None:
    names = [*(f"c{i}" for i in range(20)), "", ' "x" ', "\\"]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(names)
    for number in range(20):
        writer.writerow([f"00{number}"] * len(names))
    path = write(text.getvalue())
    inspection = inspect_source(path)
    assert list(inspection.frame.columns)[-3:] == ["column_21", '"x"', "\\"]
    assert inspection.frame["\\"].iloc[3] == "003"


def test_literals_and_comments_are_safe() -> None:
    for text in (*HOSTILE, "\x00\x7f\ud800", "\r\n", "é\u200b"):
        assert ast.literal_eval(literal(text)) == text
        assert literal(text).isprintable()
        assert comment(text).isprintable()
        assert len(comment(text)) <= 60


def test_names_are_repaired() -> None:
    names, notes = repair([" a ", "A", "a_2", "", "column_4", "x\ty"])
    assert names == ["a", "A_3", "a_2", "column_5", "column_4", "x y"]
    assert len(notes) == 2


def test_roles_by_name_and_value(write: Write) -> None:
    header = "Row ID,month,year,country,lat,sex,active,same,none,rating,price,note,course"
    path = write(
        header
        + "\n"
        + rows(
            lambda i: (
                f"{i + 1},{i % 12 + 1},{2000 + i % 9},{'ABCDE'[i % 5]}land,{i % 80}.5,"
                f"{'MF'[i % 2]},{['Yes', 'No'][i % 2]},1,,{i % 5 + 1},{i * 1.37:.2f},"
                f"a long remark number {i} with many different words and some more of them,"
                f"{9500 + i % 7}"
            ),
            300,
        )
    )
    assert roles(inspect_source(path)) == {
        "Row ID": "identifier",
        "month": "category",
        "year": "time",
        "country": "geography",
        "lat": "geography",
        "sex": "category",
        "active": "flag",
        "same": "constant",
        "none": "empty",
        "rating": "measure",
        "price": "measure",
        "note": "text",
        "course": "category",
        "date": "time",  # made of year and month
    }


def test_codes_of_labels_and_of_categories_are_not_measures(write: Write) -> None:
    header = "subject,schoolid,paid,ward_no,ward,is_a,is_b,is_c,kind,ccode,position_lat,position_long,year,score"
    path = write(
        header
        + "\n"
        + rows(
            lambda i: (
                f"{i % 60 * 7},{i % 70 * 13},{i % 70 * 11},{1000 + i % 30 * 37},w{i % 30},{int(i % 3 == 0)},{int(i % 3 == 1)},"
                f"{int(i % 3 == 2)},{'abc'[i % 3]},{i % 50 * 11},{503000000 + i},{-997000000 - i},"
                f"{1960 + i % 40}.0,{i % 17 * 3}"
            ),
            200,
        )
    )
    inspection = roles(inspect_source(path))
    assert [name for name, role in inspection.items() if role == "measure"] == ["paid", "score"]
    assert {inspection["ward"], inspection["kind"]} == {"category"}
    assert inspection["year"] == "time"


def test_numbers_that_do_not_always_match_a_label_are_measures(write: Write) -> None:
    path = write(
        "shop,staff,a,b,c\n"
        + rows(
            lambda i: f"s{i % 30},{(i % 30) * 3 + (i == 77)},{i % 2},{i % 3 % 2},{i % 5 % 2}", 200
        )
    )
    inspection = roles(inspect_source(path))
    assert inspection["staff"] == "measure"
    assert [inspection[name] for name in "abc"] == ["flag"] * 3


def test_a_file_with_many_misfitting_rows_is_declined(write: Write) -> None:
    event = "BEGIN:VEVENT\nUID:{}@home\nSTART;VALUE=DATE:20130101\nEND;VALUE=DATE:20130102\nEND:VEVENT\n"
    text = "BEGIN:VCALENDAR\nVERSION:2.0\n" + "".join(event.format(n) for n in range(40))
    inspection = inspect_source(write(text))
    assert "rows have more fields" in inspection.declined


def test_aggregation_follows_meaning(write: Write) -> None:
    names = "revenue,units,avg price,discount rate,temp_max,deaths/100k pop,age"
    path = write(
        names
        + "\n"
        + rows(lambda i: ",".join(str((i * 31 + k * 7) % 97 + 0.5) for k in range(7)), 100)
    )
    assert [column.agg for column in inspect_source(path).columns] == [
        *["sum", "sum", "mean", "mean", "mean", "mean", "mean"],
    ]


def test_running_totals_take_the_last(write: Write) -> None:
    path = write(
        "day,state,cases,new\n"
        + rows(lambda i: f"2024-01-{i // 2 % 28 + 1:02},{'AB'[i % 2]},{i * 10},{i * 37 % 11}", 56)
    )
    inspection = inspect_source(path)
    assert inspection.column("cases").agg == "last"
    assert inspection.column("new").agg != "last"


@pytest.mark.parametrize(
    ("step", "grain"),
    [
        ("h", "hour"),
        ("D", "day"),
        ("7D", "week"),
        ("MS", "month"),
        ("QS", "quarter"),
        ("YS", "year"),
    ],
)
def test_grain_is_the_natural_step(write: Write, step: str, grain: str) -> None:
    days = pd.date_range("2020-01-01", periods=40, freq=step)
    inspection = inspect_source(write("t,v\n" + rows(lambda i: f"{days[i]},{i}")))
    assert inspection.column("t").grain == grain


def test_years_as_columns_become_rows(write: Write) -> None:
    path = write(
        "Country,Indicator Name,"
        + ",".join(str(y) for y in range(2000, 2010))
        + ",\n"
        + rows(
            lambda i: (
                f"C{i},Land (ha)," + ",".join("" if y == 9 else f"{i}.{y}" for y in range(10)) + ","
            )
        )
    )
    inspection = inspect_source(path)
    assert inspection.frame.shape == (360, 4)
    assert list(inspection.frame.columns) == ["Country", "Indicator Name", "year", "Land (ha)"]
    assert (inspection.column("year").role, inspection.column("year").grain) == ("time", "year")
    assert (inspection.read.rows, inspection.total) == (360, 360)


def test_dates_as_columns_become_rows(write: Write) -> None:
    days = [f"1/{day}/2020" for day in range(1, 25)]
    path = write(
        "Place," + ",".join(days) + "\n" + rows(lambda i: f"P{i}," + ",".join([str(i)] * 24))
    )
    inspection = inspect_source(path)
    assert inspection.frame.shape == (960, 3)
    assert inspection.frame["date"].max() == pd.Timestamp("2020-01-24")


def test_codes_as_columns_do_not_become_rows(write: Write) -> None:
    inspection = inspect_source(
        write("x,4046,4225,4770\n" + rows(lambda i: f"a{i % 3},{i},{i},{i}"))
    )
    assert inspection.frame.shape == (40, 4)


def test_split_dates_are_joined(write: Write) -> None:
    path = write("year,month,day,n\n" + rows(lambda i: f"2020,{i % 12 + 1},{i % 28 + 1},{i}"))
    assert inspect_source(path).frame["date"].iloc[2] == pd.Timestamp("2020-03-03")
    path = write(
        "year,month,day,n\n" + rows(lambda i: f"2020,{i % 12 + 1},{99 if i > 30 else 1},{i}")
    )
    assert set(inspect_source(path).frame["date"].dt.day) == {1}


def test_crosstab_is_declined_with_a_reason(write: Write) -> None:
    section = "Question {},,,\n,Yes,37%,29%\n,No,60%,70%\n,Other,3%,1%\n"
    path = write(",Answer,Men,Women\n" + "".join(section.format(i) for i in range(12)))
    assert "crosstab" in inspect_source(path).declined


def test_nothing_to_chart_is_declined_with_a_reason(write: Write) -> None:
    path = write(
        "id,description\n" + rows(lambda i: f"{i},some long text about thing {i} " + "word " * 15)
    )
    assert "identifier and text" in inspect_source(path).declined


def test_totals_and_sentinels_are_noted(write: Write) -> None:
    path = write(
        "region,temp\n"
        + rows(lambda i: f"{['N', 'S', 'E', 'Total'][i % 4]},{-9.99 if i % 5 == 0 else i}")
    )
    notes = " ".join(inspect_source(path).notes)
    assert "'Total' may be totals" in notes
    assert "-9.99 in 8 cells" in notes


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "some [1].parquet"
    duckdb.connect().execute(
        "copy (select i, i * 1.5::double x, 'a' || (i % 3) s, date '2024-01-01' + i::int d, "
        "timestamptz '2024-01-01 00:00:00+00' z, '2024-01-01T05:00:00Z' t, [i] l "
        "from range(50) r(i)) to '" + str(path) + "'"
    )
    inspection = inspect_source(path)
    assert (inspection.read.format, inspection.read.rows) == ("parquet", 50)
    assert inspection.column("d").type == "date"
    assert inspection.frame["z"].dt.tz is None
    assert inspection.frame["t"].iloc[0] == pd.Timestamp("2024-01-01 05:00")
    assert len(execute(inspection, path)) == 50


@pytest.mark.parametrize(
    ("name", "content", "message", "remedy"),
    [
        ("empty.csv", b"", "is empty", "header"),
        ("blank.csv", b"\n \n\n", "is empty", "header"),
        ("header.csv", b"a,b,c\n", "no rows", "row"),
        ("noise.csv", bytes(range(256)) * 40, "binary", "CSV"),
        ("page.csv", b"<!DOCTYPE html><html><body>Log in</body></html>", "HTML", "Download"),
        ("line.csv", b"x," * 1_000_000, "one line", "row"),
        ("data.json", b'{"a": 1}', "one object", "list"),
        ("data.xml", b"<?xml version='1.0'?><a/>", "XML", "CSV"),
        ("book.xlsx", b"PK\x03\x04....", "Excel", "copy"),
        ("photo.png", b"\x89PNG\r\n", "image", "data file"),
        ("fake.parquet", b"a,b\n1,2\n", "not a Parquet file", "copied"),
        ("cut.parquet", b"PAR1 and no more", "not a Parquet file", "copied"),
    ],
)
def test_a_file_without_a_table_is_refused(
    write: Write, name: str, content: bytes, message: str, remedy: str
) -> None:
    with pytest.raises(FlaskdashError, match=message) as error:
        inspect_source(write(content, name))
    assert remedy in f"{error.value.message} {error.value.hint}"


def test_missing_file_suggests_close_names(write: Write, tmp_path: Path) -> None:
    write("a,b\n1,2\n", "sales_2024.csv")
    with pytest.raises(FlaskdashError, match="does not exist") as error:
        inspect_source(tmp_path / "sale_2024.csv")
    assert "sales_2024.csv" in error.value.hint


def test_folder_and_url_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FlaskdashError, match="is a folder"):
        inspect_source(tmp_path)
    with pytest.raises(FlaskdashError, match="URL") as error:
        inspect_source("https://example.com/a.csv")
    assert has_remedy(error.value)


def test_unreadable_file_is_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("a,b\n1,2\n")

    def refuse(self: Path, *args: object, **kwargs: object) -> None:  # chmod does not stop root
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(FlaskdashError, match="permission"):
        inspect_source(path)


def test_two_thousand_columns(write: Write) -> None:
    header = ",".join(f"c{i}" for i in range(2000))
    path = write(header + "\n" + rows(lambda i: ",".join([f"{i}.5"] * 2000), 20))
    inspection = inspect_source(path)
    assert inspection.frame.shape == (20, 2000)


def test_model_is_free_of_pandas() -> None:
    code = "import sys, flaskdash.inspect, flaskdash.charts.suggest; print({'pandas', 'duckdb'} & set(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("header", "names"),
    [
        (
            "Region,Sales,,Profit,\n,2023,2024,2023,2024\n",
            ["Region", "Sales 2023", "Sales 2024", "Profit 2023", "Profit 2024"],
        ),
        (
            "name,weight,height,a,b\n,kg,m,EUR,days\n",
            ["name", "weight kg", "height m", "a EUR", "b days"],
        ),
    ],
)
def test_two_rows_of_names_are_joined(write: Write, header: str, names: list[str]) -> None:
    path = write(header + rows(lambda i: f"n{i},{i},{i * 2}.5,{i * 3},{i}"))
    inspection = inspect_source(path)
    assert list(inspection.frame.columns) == names
    assert (inspection.read.rows, inspection.read.header_row) == (40, 2)
    assert "2 header rows were joined into one" in inspection.notes
    pd.testing.assert_frame_equal(execute(inspection, path), inspection.frame)


@pytest.mark.parametrize(
    "text",
    [
        "name,a,b\n,n/a,-\n",
        "name,a,b\nx,total,many\n",
        ",a,b\n0,,2023\n",
        "name,year,b\n,2001,2002\n",
    ],
)
def test_a_first_row_with_gaps_is_a_row(write: Write, text: str) -> None:
    inspection = inspect_source(write(text + rows(lambda i: f"n{i},{i + 1990},{i}")))
    assert not any("header rows" in note for note in inspection.notes)
    assert inspection.read.rows == 41


@pytest.mark.parametrize("name", ["heat_num", "Lauf Nr", "semi final number"])
def test_a_number_at_the_end_of_a_name_is_a_label(write: Write, name: str) -> None:
    header = f"{name},num_guests,score"
    lines = rows(lambda i: f"{i % 3},{i % 3},{i * i % 47}.5", 150)
    inspection = inspect_source(write(f"{header}\n{lines}"))
    assert roles(inspection) == {name: "category", "num_guests": "measure", "score": "measure"}
