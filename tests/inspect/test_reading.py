"""Messy text from real sources: numbers, encodings, dates and layouts of many countries."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pandas as pd
import pytest

from flaskdash.inspect import Inspection, inspect_source
from tests.support.data import rows
from tests.support.fixtures import Write
from tests.support.loaders import execute


def types(inspection: Inspection) -> list[str]:
    return [column.type for column in inspection.columns]


def notes(inspection: Inspection) -> str:
    return "; ".join(inspection.notes)


def european(value: float, group: str) -> str:
    return f"{value:,.2f}".translate({ord(","): group, ord("."): ","})


@pytest.mark.parametrize("group", ["\u00a0", "\u202f", " ", "."])
def test_thousands_of_any_blank(write: Write, group: str) -> None:
    path = write("region;betrag\n" + rows(lambda i: f"R{i};{european(1234.5 * i, group)}"))
    frame = inspect_source(path).frame
    assert frame["betrag"].tolist() == [1234.5 * i for i in range(40)]


def test_thousands_of_two_kinds_of_blanks(write: Write) -> None:
    path = write("a;b\n" + rows(lambda i: f"R{i};{european(1234.5 * i, chr((32, 160)[i % 2]))}"))
    assert inspect_source(path).frame["b"].tolist() == [1234.5 * i for i in range(40)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("R$ {}", 1.0),
        ("{} zł", 1.0),
        ("{}\u00a0Kč", 1.0),
        ("kr {}", 1.0),
        ("{}-", -1.0),
        ("\u2212{}", -1.0),
        ("\u2013{}", -1.0),
        ("- {}", -1.0),
        ("({})", -1.0),
    ],
)
def test_signs_and_units_around_numbers(write: Write, text: str, value: float) -> None:
    path = write("a;b\n" + rows(lambda i: f"R{i};{text.format(european(1000.5 + i, '.'))}"))
    assert inspect_source(path).frame["b"].tolist() == [value * (1000.5 + i) for i in range(40)]


def test_flags_after_numbers_are_cut_off_with_a_note(write: Write) -> None:
    flags = ["", " e", " p", "", " bd"]
    path = write(
        "geo,rate\n" + rows(lambda i: f"R{i},{i + 0.5}{flags[i % 5]}" if i % 7 else f"R{i},:")
    )
    inspection = inspect_source(path)
    assert types(inspection) == ["text", "number"]
    assert inspection.frame["rate"].dropna().tolist() == [i + 0.5 for i in range(40) if i % 7]
    assert "rate: flags after numbers ('bd', 'e', 'p') are cut off" in inspection.notes


def test_letters_directly_after_whole_numbers_are_not_flags(write: Write) -> None:
    path = write("house,n\n" + rows(lambda i: f"{i + 1}{'ab'[i % 2] if i % 3 else ''},{i}"))
    assert types(inspect_source(path)) == ["text", "integer"]


@pytest.mark.parametrize("gap", ["k.A.", "#N/V", "[c]", "(X)", "*****", "///", "not stated"])
def test_more_words_for_no_value(write: Write, gap: str) -> None:
    path = write("a,b\n" + rows(lambda i: f"R{i},{i * 3 if i % 3 else gap}"))
    frame = inspect_source(path).frame
    assert frame["b"].isna().sum() == 14
    assert frame["b"].sum() == sum(i * 3 for i in range(40) if i % 3)


@pytest.mark.parametrize("code", ["{}E{}", "0{}.{}"])
def test_codes_that_could_be_numbers_stay_text(write: Write, code: str) -> None:
    path = write("kind,n\n" + rows(lambda i: f"{code.format(i % 9 + 1, i % 4)},{i}"))
    inspection = inspect_source(path)
    assert types(inspection) == ["text", "integer"]
    assert inspection.frame["kind"].tolist()[5] == code.format(6, 1)


def test_amounts_in_several_currencies_stay_text(write: Write) -> None:
    path = write("a,price,n\n" + rows(lambda i: f"R{i % 3},{'$€£'[i % 3]}{i}.50,{i}"))
    inspection = inspect_source(path)
    assert types(inspection) == ["text", "text", "integer"]
    assert "price: its numbers have several units" in notes(inspection)


def test_null_is_a_surname(write: Write) -> None:
    path = write("surname,n\n" + rows(lambda i: f"{['Null', 'Smith', 'Nguyen'][i % 3]},{i}"))
    assert inspect_source(path).frame["surname"].tolist()[0] == "Null"


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "cp866"])
def test_cyrillic(write: Write, encoding: str) -> None:
    cities = ["Москва", "Санкт-Петербург", "Казань", "Новосибирск"]
    path = write("Город;Население\n" + rows(lambda i: f"{cities[i % 4]};{i}"), encoding=encoding)
    inspection = inspect_source(path)
    assert inspection.read.encoding == encoding
    assert list(inspection.frame.columns) == ["Город", "Население"]
    assert inspection.frame["Город"].tolist()[:4] == cities


def test_utf8_with_a_broken_byte_stays_utf8(write: Write) -> None:
    text = ("ville,n\n" + rows(lambda i: f"Orléans {i},{i}")).encode() + b"Caf\xe9,40\n"
    inspection = inspect_source(write(text))
    assert inspection.frame["ville"].tolist()[::40] == ["Orléans 0", "Caf\ufffd"]
    assert "1 character(s) are not UTF-8" in notes(inspection)


def test_cp1252_with_a_copyright_sign_in_its_footer(write: Write) -> None:
    months = ["Januar", "Februar", "März", "April"]
    text = "Monat;Wert\n" + rows(lambda i: f"{months[i % 4]};{i}", 8) + "© Statistisches Amt\n"
    inspection = inspect_source(write(text, encoding="cp1252"))
    assert inspection.read.encoding == "cp1252"


def test_text_delimited_by_control_signs(write: Write) -> None:
    path = write("id\x01city\x01price\n" + rows(lambda i: f"{i}\x01C{i % 4}\x01{i}.5"))
    assert inspect_source(path).frame.shape == (40, 3)


BOXES = {
    "psql": (" name  | value \n-------+-------\n", " {:5} | {:5} \n", "(40 rows)\n"),
    "mysql": ("+--- ---+\n| name | value |\n+--- ---+\n", "| {:5} | {:5} |\n", "+---+---+\n"),
    "markdown": ("| name | value |\n|:---|---:|\n", "| {} | {} |\n", ""),
}


@pytest.mark.parametrize("box", BOXES)
def test_tables_drawn_with_bars(write: Write, box: str) -> None:
    top, line, end = BOXES[box]
    path = write(top + "".join(line.format(f"n{i}", i * 2) for i in range(40)) + end)
    inspection = inspect_source(path)
    assert list(inspection.frame.columns) == ["name", "value"]
    assert inspection.frame["name"].tolist()[-1] == "n39"
    assert inspection.frame["value"].tolist() == [i * 2 for i in range(40)]


def test_a_header_that_comes_again(write: Write) -> None:
    page = "day,n\n" + rows(lambda i: f"2024-01-{i + 1:02d},{i}", 20)
    inspection = inspect_source(write("Report\n\n" + page * 3))
    assert types(inspection) == ["date", "integer"]
    assert inspection.read.rows == 60
    assert "the header comes 2 more time(s): left out" in inspection.notes


def test_joined_files_with_a_byte_order_mark_each(write: Write) -> None:
    part = "day,n\n" + rows(lambda i: f"2024-01-{i + 1:02d},{i}", 20)
    inspection = inspect_source(write((b"\xef\xbb\xbf" + part.encode()) * 2))
    assert types(inspection) == ["date", "integer"]
    assert inspection.read.rows == 40


def test_comments_among_the_rows(write: Write) -> None:
    path = write(
        "time,t\n"
        + rows(lambda i: f"{'# restarted' + chr(10) if i % 9 == 8 else ''}10:{i:02d},{i}")
    )
    inspection = inspect_source(path)
    assert inspection.read.rows == 40
    assert types(inspection) == ["text", "integer"]


def test_values_that_begin_like_comments_are_kept(write: Write) -> None:
    path = write("tag,n\n" + rows(lambda i: f"{'#' if i % 5 == 2 else ''}love{i},{i}"))
    assert inspect_source(path).read.rows == 40


@pytest.mark.parametrize("line", ["#fall #ootd #style", "# Title; more, text", "#"])
def test_a_line_inside_a_quoted_cell_is_no_comment(write: Write, line: str) -> None:
    cell = f'"first\n{line}\nlast"'
    inspection = inspect_source(
        write("id,post,n\n" + rows(lambda i: f"{i},{cell if i == 9 else 'x'},{i}"))
    )
    assert inspection.read.rows == 40
    assert inspection.frame["post"].iloc[9] == f"first\n{line}\nlast"


@pytest.mark.parametrize("mark", ["::", "||", "|~|"])
def test_delimiters_of_several_signs(write: Write, mark: str) -> None:
    path = write(rows(lambda i: f"{i}{mark}{i * 7 % 11}{mark}{i}.5"), "ratings.dat")
    assert inspect_source(path).frame.iloc[39].tolist() == [39, 39 * 7 % 11, 39.5]


def test_gaps_of_two_blanks_between_values_of_several_words(write: Write) -> None:
    cities = ["New York City", "Los Angeles", "Rome"]
    path = write("City   Pop    Area\n" + rows(lambda i: f"{cities[i % 3]}   {1000 + i}    {i}.5"))
    inspection = inspect_source(path)
    assert types(inspection) == ["text", "integer", "number"]
    assert inspection.frame["City"].tolist()[:3] == cities


def test_row_names_of_r_with_quotes(write: Write) -> None:
    path = write('"mpg" "name"\n' + rows(lambda i: f'"{i + 1}" {i}.5 "Mazda RX{i}"'), "cars.txt")
    inspection = inspect_source(path)
    assert inspection.frame["name"].tolist()[3] == "Mazda RX3"
    assert inspection.frame["mpg"].tolist()[3] == 3.5


def test_single_quotes(write: Write) -> None:
    path = write("id,name,n\n" + rows(lambda i: f"{i},'Doe, {i}',{i * 2}"))
    assert inspect_source(path).frame["name"].tolist()[7] == "Doe, 7"


def test_an_apostrophe_is_not_a_quote(write: Write) -> None:
    path = write("id,name,n\n" + rows(lambda i: f"{i},'t Hart {i},{i * 2}"))
    assert inspect_source(path).frame["name"].tolist()[7] == "'t Hart 7"


def test_escaped_quotes(write: Write) -> None:
    path = write("id,said,n\n" + rows(lambda i: f'{i},"He said \\"no, {i}\\" twice",{i * 2}'))
    assert inspect_source(path).frame["said"].tolist()[7] == 'He said "no, 7" twice'


def test_quotes_that_end_before_the_field_are_text(write: Write) -> None:
    path = write("id\tsize\n" + rows(lambda i: f'{i}\t"best" offer {i}'))
    assert inspect_source(path).frame["size"].tolist()[7] == '"best" offer 7'


def test_names_below_merged_cells(write: Write) -> None:
    path = write(",2022,,2023,\nRegion,Men,Women,Men,Women\n" + rows(lambda i: f"R{i},1,2,3,{i}"))
    inspection = inspect_source(path)
    assert list(inspection.frame.columns) == [
        "Region",
        "2022 Men",
        "2022 Women",
        "2023 Men",
        "2023 Women",
    ]
    assert inspection.read.rows == 40


@pytest.mark.parametrize(
    "below",
    [
        "5s,15s,20d,14n\n",
        "Agency,Day,Mean flow,Level\n",
        'Agency,Day,"Mean flow,\nplease",Level\n"{""ImportId"":1}","{""a"":2}","{""b"":3}","{""c"":4}"\n',
    ],
)
def test_lines_below_the_names_that_describe_them(write: Write, below: str) -> None:
    path = write(
        "agency,day,flow,level\n"
        + below
        + rows(lambda i: f"X{i % 3},2024-01-{i % 28 + 1:02d},{i},{i}.5")
    )
    inspection = inspect_source(path)
    assert types(inspection) == ["text", "date", "integer", "number"]
    assert list(inspection.frame.columns) == ["agency", "day", "flow", "level"]
    assert inspection.read.rows == 40
    assert "below the header left out" in notes(inspection)


def test_units_below_the_names(write: Write) -> None:
    path = write("time,wind\nUTC,m/s\n" + rows(lambda i: f"2024-01-01T{i % 24:02d}:00,{i}.5"))
    inspection = inspect_source(path)
    assert list(inspection.frame.columns) == ["time UTC", "wind m/s"]
    assert types(inspection) == ["datetime", "number"]


def test_a_series_below_metadata(write: Write) -> None:
    meta = '"Title","CPI index"\n"CDID","D7BT"\n"PreUnit",""\n"Unit","Index"\n"Next","Soon"\n"Notes",""\n'
    path = write(meta + rows(lambda i: f'"{2000 + i} JAN","{100 + i}.5"'))
    inspection = inspect_source(path)
    assert types(inspection) == ["date", "number"]
    assert inspection.read.rows == 40


DATES = {
    "janv. 2022": lambda d: (
        f"{'janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.'.split()[d.month - 1]} {d.year}"
    ),
    "3. März 2024": lambda d: (
        f"{d.day}. {'Januar Februar März April Mai Juni Juli August September Oktober November Dezember'.split()[d.month - 1]} {d.year}"
    ),
    "ene-22": lambda d: (
        f"{d.day}-{'ene feb mar abr may jun jul ago sep oct nov dic'.split()[d.month - 1]}-{d:%y}"
    ),
    "3 de enero de 2024": lambda d: (
        f"{d.day} de {'enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre'.split()[d.month - 1]} de {d.year}"
    ),
    "Mi 03.01.2024": lambda d: f"{'Mo Di Mi Do Fr Sa So'.split()[d.weekday()]} {d:%d.%m.%Y}",
    "Wednesday, January 3, 2024": lambda d: f"{d:%A}, {d:%B} {d.day}, {d.year}",
    "Sept. 3, 2024": lambda d: (
        f"{'Jan. Feb. March April May June July Aug. Sept. Oct. Nov. Dec.'.split()[d.month - 1]} {d.day}, {d.year}"
    ),
    "3rd January 2024": lambda d: (
        f"{d.day}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(d.day % 10 if d.day // 10 != 1 else 0, 'th') } {d:%B} {d.year}"
    ),
    "2022M01": lambda d: f"{d:%YM%m}",
    "2022.01": lambda d: f"{d:%Y.%m}",
    "202201": lambda d: f"{d:%Y%m}",
    "2022年1月3日": lambda d: f"{d.year}年{d.month}月{d.day}日",
}
MONTHS_ONLY = ("janv. 2022", "2022M01", "2022.01", "202201")


@pytest.mark.parametrize("kind", DATES)
def test_dates_of_many_countries(write: Write, kind: str) -> None:
    days = [date(2022, 1, 1) + timedelta(days=i * 31) for i in range(36)]
    days = [day.replace(day=1) for day in days] if kind in MONTHS_ONLY else days
    text = "when;n\n" + "".join(f"{DATES[kind](day)};{i}\n" for i, day in enumerate(days))
    inspection = inspect_source(write(text))
    assert types(inspection) == ["date", "integer"]
    assert [stamp.date() for stamp in inspection.frame["when"]] == days


@pytest.mark.parametrize("name", ["created", "loanedAt", "paid_on", "sent_at"])
def test_seconds_since_1970_have_a_name_of_a_time(write: Write, name: str) -> None:
    path = write(f"n,{name}\n" + rows(lambda i: f"{i % 7},{1_700_000_000 + 86_423 * i}", 40))
    assert types(inspect_source(path)) == ["integer", "datetime"]
    path = write("n,people\n" + rows(lambda i: f"{i % 7},{1_300_000_000 + 86_423 * i}", 40))
    assert types(inspect_source(path)) == ["integer", "integer"]


def test_timestamps_of_ten_digits_are_hours_not_seconds(write: Write) -> None:
    path = write("MESS_DATUM;T\n" + rows(lambda i: f"20240101{i % 24:02d};{i}", 24))
    inspection = inspect_source(path)
    assert str(inspection.frame["MESS_DATUM"].iloc[8]) == "2024-01-01 08:00:00"


def test_excel_days_under_the_name_of_a_date(write: Write) -> None:
    path = write("Order Date,start\n" + rows(lambda i: f"{45292 + i},{45292 + i}"))
    inspection = inspect_source(path)
    assert types(inspection) == ["date", "integer"]
    assert str(inspection.frame["Order Date"].iloc[0])[:10] == "2024-01-01"
    assert "Order Date: numbers read as Excel's days since 1900" in inspection.notes


def test_the_zone_of_local_times_is_noted(write: Write) -> None:
    path = write("Timestamp,n\n" + rows(lambda i: f"2024/03/{i % 28 + 1:02d} 3:12:45 PM GMT+1,{i}"))
    inspection = inspect_source(path)
    assert types(inspection) == ["datetime", "integer"]
    assert "Timestamp: times are local: their zone (GMT+1) is left out" in inspection.notes


def test_a_day_in_9999_means_missing(write: Write) -> None:
    path = write(
        "until;n\n"
        + rows(lambda i: f"{'31.12.9999' if i % 5 == 2 else f'{i % 28 + 1:02d}.03.2024'};{i}")
    )
    inspection = inspect_source(path)
    assert types(inspection) == ["date", "integer"]
    assert inspection.columns[0].missing == 8
    assert "31.12.9999" in notes(inspection)


def test_a_decimal_comma_suggests_the_day_first(write: Write) -> None:
    path = write("tag;x\n" + rows(lambda i: f"{i % 12 + 1:02d}/01/2024 08:15;{i},5"))
    inspection = inspect_source(path)
    assert str(inspection.frame["tag"].iloc[1])[:10] == "2024-01-02"
    assert "assumed day first" in notes(inspection)


def test_some_dates_among_others_are_times_in_utc(write: Write) -> None:
    odd = ("2011-03-13T02:23:34.520Z", "2011-03-14T00:00:00.000Z")
    days = [f"{i % 12 + 1:02d}/{i % 28 + 1:02d}/2011" for i in range(38)]
    path = write("day,n\n" + "".join(f"{day},{i}\n" for i, day in enumerate((*days, *odd))))
    inspection = inspect_source(path)
    assert types(inspection) == ["datetime", "integer"]
    assert str(inspection.frame["day"].iloc[38]) == "2011-03-13 02:23:34.520000"
    assert str(inspection.frame["day"].iloc[12]) == "2011-01-13 00:00:00"
    assert "its dates have 2 formats" in notes(inspection)


def test_dates_that_contradict_each_other_stay_text_with_a_note(write: Write) -> None:
    days = [date(2023, 1, 1) + timedelta(days=i * 3) for i in range(60)]
    text = "".join(
        f"{day.strftime(('%m/%d/%Y', '%d/%m/%Y')[i % 2])},{i}\n" for i, day in enumerate(days)
    )
    inspection = inspect_source(write("day,n\n" + text))
    assert types(inspection) == ["text", "integer"]
    assert "day: its dates have several formats, so it is kept as text" in inspection.notes


def test_spellings_that_differ_in_case_are_noted(write: Write) -> None:
    names = ["Sales", "sales", "Ops", " Dr.  Müller", "dr. müller", "Sales ", "IT"]
    path = write("team,n\n" + rows(lambda i: f"{names[i % 7]},{i}"))
    assert "'Sales', 'sales'" in notes(inspect_source(path))
    assert "differ only in case or blanks" in notes(inspect_source(path))
    path = write("team,n\n" + rows(lambda i: f"{['Sales', 'Ops', 'IT'][i % 3]},{i}"))
    assert "differ" not in notes(inspect_source(path))


def test_copies_of_rows_are_noted_where_each_has_a_key(write: Write) -> None:
    lines = [f"{i},{i * 37 % 101}\n" for i in range(60)]
    path = write("order_id,amount\n" + "".join((*lines, *lines[:3])))
    assert "3 rows are copies of others" in notes(inspect_source(path))
    path = write("grade,amount\n" + "".join(f"{'AB'[i % 2]},{i % 7}\n" for i in range(60)))
    assert "copies" not in notes(inspect_source(path))


def test_words_for_missing_values_among_text_are_noted(write: Write) -> None:
    path = write("name,n\n" + rows(lambda i: f"{['NaN', 'Smith', 'Nguyen'][i % 3]},{i}"))
    assert "'NaN' is read as missing in name" in inspect_source(path).notes


@pytest.mark.parametrize(
    ("unit", "factor"), [(" m", 1), ("m", 1), (" K", 1), ("K", 1000), ("M", 1e6)]
)
def test_metres_are_not_millions(write: Write, unit: str, factor: float) -> None:
    path = write("a,b\n" + rows(lambda i: f"R{i},{i + 1.5}{unit}"))
    assert inspect_source(path).frame["b"].tolist() == [(i + 1.5) * factor for i in range(40)]


def test_the_flag_b_does_not_mean_billion(write: Write) -> None:
    path = write("a,b\n" + rows(lambda i: f"R{i},{i + 1.5}{' b' if i % 5 == 2 else ''}"))
    assert inspect_source(path).frame["b"].max() == 40.5


@pytest.mark.parametrize(
    ("names", "first"),
    [
        ([f"F{y}" for y in range(2000, 2008)], ("integer", "year", 2000)),
        ([f"{y}{' (p)' * (y == 2007)}" for y in range(2000, 2008)], ("integer", "year", 2000)),
        ([f"Population {y}" for y in range(2000, 2008)], ("integer", "year", 2000)),
        ([f"Q{q} {y}" for y in (2021, 2022) for q in (1, 2, 3, 4)], ("date", "date", "2021-01-01")),
        ([f"{m}-23" for m in ("Jan", "Feb", "Mar", "Apr", "May")], ("date", "date", "2023-01-01")),
    ],
)
def test_columns_for_years_quarters_and_months(
    write: Write, names: list[str], first: tuple[str, str, object]
) -> None:
    text = "region,kind," + ",".join(names) + ",Total\n"
    text += rows(lambda i: f"R{i},x," + ",".join(str(i + j) for j in range(len(names))) + ",9")
    inspection = inspect_source(write(text))
    assert len(inspection.frame) == 40 * len(names)
    assert "Total" not in inspection.frame
    kind, variable, value = first
    assert inspection.column(variable).type == kind
    assert str(inspection.frame[variable].min()).removesuffix(" 00:00:00") == str(value)


def test_two_measures_a_year_stay_wide(write: Write) -> None:
    names = [f"{measure} {y}" for measure in ("Sales", "Cost") for y in range(2015, 2021)]
    path = write("region," + ",".join(names) + "\n" + rows(lambda i: f"R{i}" + f",{i}" * 12))
    assert inspect_source(path).frame.shape == (40, 13)


def test_another_table_below_is_left_out(write: Write) -> None:
    text = "page,visits\n" + rows(lambda i: f"/p{i},{i}", 20) + "\nDay Index,Sessions\n"
    path = write(text + rows(lambda i: f"1/{i + 1}/24,{i}", 8), "pages.csv")
    inspection = inspect_source(path)
    assert types(inspection) == ["text", "integer"]
    assert inspection.read.rows == 20
    note = "--table takes another table: pages#2 (Day Index, Sessions)"
    assert inspection.notes == (f"read page, visits; {note}",)
    assert types(inspect_source(path, "pages#2")) == ["date", "integer"]


def test_a_blank_line_before_more_rows_does_not_end_the_table(write: Write) -> None:
    part = rows(lambda i: f"R{i},{i}", 20)
    assert inspect_source(write("a,b\n" + part + "\nunknown,n/a\n" + part)).read.rows == 41


def test_prose_is_declined(write: Write) -> None:
    text = "This data set was collected by the team.\nPlease cite us when you use it.\nSee the licence.\n"
    assert "text of one column" in inspect_source(write(text, "readme.txt")).declined


def test_a_comment_above_aligned_rows_is_not_a_header(write: Write) -> None:
    text = "# for use\n#            decimal   average   days\n"
    text += rows(
        lambda i: (
            f"{2000 + i // 12} {i % 12 + 1:2d} {2000 + i / 12:10.4f} {360 + i * 0.3:9.2f} {25:5d}"
        )
    )
    inspection = inspect_source(write(text, "co2.txt"))
    assert inspection.frame.iloc[:, :5].shape == (40, 5)
    assert types(inspection)[:5] == ["integer", "integer", "number", "number", "integer"]


def test_numbers_by_day_in_an_object(write: Write) -> None:
    days = {f"2024-01-{i + 1:02d}": i * 1.5 for i in range(20)}
    inspection = inspect_source(write(json.dumps(days), "series.json"))
    assert types(inspection) == ["date", "number"]


def test_a_high_number_for_missing_is_named(write: Write) -> None:
    path = write(
        "d,humidity\n"
        + rows(lambda i: f"2024-01-{i % 28 + 1:02d},{9999 if i % 8 == 3 else 40 + i}")
    )
    assert "humidity: 9999 in 5 rows may mean missing" in inspect_source(path).notes


@pytest.mark.parametrize("parts", [2, 4, 8])
def test_names_given_once_for_the_same_parts_are_repeated(write: Write, parts: int) -> None:
    path = write(
        "region,kind,n\n" + rows(lambda i: f"{f'R{i}' if i % parts == 0 else ''},K{i % parts},{i}")
    )
    inspection = inspect_source(path)
    assert inspection.column("region").missing == 0
    assert inspection.frame.groupby("region").size().tolist() == [parts] * (40 // parts)
    pd.testing.assert_frame_equal(execute(inspection, path), inspection.frame)


def test_names_given_once_for_several_rows_are_noted(write: Write) -> None:
    path = write("region,kind,n\n" + rows(lambda i: f"{f'R{i}' if i % 4 == 0 else ''},K{i},{i}"))
    assert "region: a blank below a name may mean the same name" in inspect_source(path).notes


@pytest.mark.parametrize(
    ("cells", "gap"),
    [
        ([f"{20 + i % 30}".replace("2", "2.", 1) for i in range(60)] + ["-1"] * 6, "-1"),  # ratings
        ([f"{1000 + 37 * i % 977}" for i in range(60)] + ["-1"] * 9, "-1"),  # more than any amount
        ([f"{28 + i % 70},5" for i in range(60)] + ["-9,99"] * 5, "-9,99"),
        ([f"{200 + i % 13}" for i in range(60)] + ["-999"] * 3, "-999"),
    ],
)
def test_a_negative_number_unlike_all_others_is_missing(
    write: Write, cells: list[str], gap: str
) -> None:
    path = write("shop;amount\n" + rows(lambda i: f"S{i % 5};{cells[i]}", len(cells)), "a.csv")
    inspection = inspect_source(path)
    count = cells.count(gap)
    assert inspection.columns[1].missing == count
    assert f"amount: {gap} in {count} cells, unlike all others, read as missing" in inspection.notes
    assert float(inspection.frame["amount"].min()) > 0


@pytest.mark.parametrize(
    "cells",
    [
        [f"{i % 30 - 1}" for i in range(60)],  # degrees
        [f"{i % 3 - 1}" for i in range(60)],  # against, neutral, for
        [f"{20 + i}" for i in range(60)] + ["-1", "-1"],  # too few
        [f"{20 + i % 9}" for i in range(60)] + ["-1"] * 4 + ["-3"],  # not the only one
        [f"{20 + i % 9}" for i in range(60)] + ["-7"] * 9,  # no program writes that
    ],
)
def test_a_negative_number_among_others_is_a_value(write: Write, cells: list[str]) -> None:
    path = write("shop,amount\n" + rows(lambda i: f"S{i % 5},{cells[i]}", len(cells)), "a.csv")
    inspection = inspect_source(path)
    assert inspection.columns[1].missing == 0
    assert not any("missing" in note for note in inspection.notes)


def test_a_negative_number_among_words_is_missing(write: Write) -> None:
    kinds = ["-1", "public", "private", "charity", "state"]
    table = [{"kind": kinds[i % 5], "score": -99 if i % 9 == 0 else 40 + i % 8} for i in range(60)]
    inspection = inspect_source(write(json.dumps(table), "a.json"))
    assert [column.missing for column in inspection.columns] == [12, 7]
    path = write("shop,kind\n" + rows(lambda i: f"S{i % 5},{kinds[i % 5]}", 60), "a.csv")
    assert inspect_source(path).columns[1].missing == 12
    path = write("shop,kind\n" + rows(lambda i: f"S{i % 5},{'-1' if i % 2 else 'a'}", 60), "b.csv")
    assert inspect_source(path).columns[1].missing == 0


def test_zeros_far_below_all_others_are_noted(write: Write) -> None:
    path = write(
        "shop,bmi\n" + rows(lambda i: f"S{i % 5},{0 if i % 20 == 3 else 21.5 + i % 9}", 80)
    )
    inspection = inspect_source(path)
    assert "bmi: 0 in 4 rows may mean missing" in inspection.notes
    assert inspection.columns[1].missing == 0


@pytest.mark.parametrize(
    "names",
    [
        ["Q1 2023", "Q2 2023", "Q3 2023", "Q4 2023"],
        ["2023-Q1", "2023-Q2", "2023-Q3", "2023-Q4"],
        ["31.03.2023", "30.06.2023", "30.09.2023", "31.12.2023"],
    ],
)
def test_the_quarters_of_one_year_become_rows(write: Write, names: list[str]) -> None:
    cells = rows(lambda i: f"Team {i};{i};{i + 1};{i + 3};{i + 2}", 9)
    inspection = inspect_source(write(f"team;{';'.join(names)}\n{cells}"))
    assert inspection.read.rows == 36
    assert inspection.columns[1].role == "time"


@pytest.mark.parametrize("mark", ["¹", "²", "⁴"])
def test_small_raised_digits_are_flags(write: Write, mark: str) -> None:
    path = write(
        "land;people\n" + rows(lambda i: f"L{i};{i + 1}.{i:03d}{mark if i % 3 == 1 else ''}")
    )
    inspection = inspect_source(path)
    assert inspection.frame["people"].sum() == sum((i + 1) * 1000 + i for i in range(40))


@pytest.mark.parametrize("low", [4.2, 10.2, 250.5])
def test_an_amount_that_comes_three_times_is_not_missing(write: Write, low: float) -> None:
    path = write("id,bmi\n" + rows(lambda i: f"{i},{low if i % 13 == 5 else low + 1 + i % 9 / 10}"))
    assert not any("may mean missing" in note for note in inspect_source(path).notes)


@pytest.mark.parametrize("name", ["Month", "Monat", "mes"])
def test_months_with_a_zero_are_numbers(write: Write, name: str) -> None:
    path = write(f"code,{name},mm\n" + rows(lambda i: f"{i:03d},{i % 12 + 1:02d},{i}.5"))
    inspection = inspect_source(path)
    assert inspection.column(name).type == "integer"
    assert inspection.column("code").type == "text"
