"""Which lines are the header, which are not rows, and where the fields of a line end."""

from __future__ import annotations

import pandas as pd
import pytest

from flaskdash.inspect import inspect_source
from tests.support.data import rows
from tests.support.fixtures import Write
from tests.support.loaders import execute


def lines(count: int, text: str) -> str:
    return "".join(
        text.format(n=n, day=f"2024-01-{n + 1:02}", odd=n * 7 % 10, up=n * 3) + "\n"
        for n in range(count)
    )


@pytest.mark.parametrize(
    ("text", "names"),
    [
        # A line of settings above, wider or narrower than the table.
        (
            '"EXTF";700;21;"Buchungen";;;"EUR"\nKonto;Betrag;Text\n'
            + lines(20, "12{n};{odd},50;x{n}"),
            ["Konto", "Betrag", "Text"],
        ),
        (
            "v2,device 7,50 Hz,on,off\ntime,volts,amps\n" + lines(20, "{day},{odd}.5,{up}.25"),
            ["time", "volts", "amps"],
        ),
        (
            "Origen;3;MX;A;B;C\nfecha;monto\n" + lines(20, "{day};{odd},5"),
            ["fecha", "monto"],
        ),
        # Units, labels or types below the names.
        (
            "NO.\tCH1\tCH2\nNO.\tmV\tmV\n" + lines(20, "{n}\t+ 0.{odd}\t-  1.{up}"),
            ["NO.", "CH1 mV", "CH2 mV"],
        ),
        (
            "GEO_ID,NAME,B001\nGeography,Area Name,Estimate of income\n"
            + lines(20, "1400US{n},Tract {n},{up}50"),
            ["GEO_ID", "NAME", "B001"],
        ),
        (
            "site,code,flow\nCode du site,Mesure,Debit\n" + lines(20, "S{n},M-{up},{odd}.5"),
            ["site", "code", "flow"],
        ),
        # Options of a question, below blank names.
        (
            "ID,Which do you own?,,,Score\n,Car,Bike,Train,\n" + lines(20, "{n}1,Car,,Train,{odd}"),
            ["ID", "Which do you own? Car", "Which do you own? Bike"],
        ),
        (
            "Nr,Was nutzen Sie?,,\n,Bahn,Bus,Sonstiges\n" + lines(20, "{n}1,Bahn,,"),
            ["Nr", "Was nutzen Sie? Bahn", "Was nutzen Sie? Bus"],
        ),
        (
            "Q1,,Q2,,Age\nYes,No,Often,Never,\n" + lines(20, "Yes,,Often,,{n}7"),
            ["Q1 Yes", "Q1 No", "Q2 Often"],
        ),
    ],
)
def test_a_header_is_known_by_the_rows_below_it(write: Write, text: str, names: list[str]) -> None:
    path = write(text)
    inspection = inspect_source(path)
    assert list(inspection.frame.columns)[: len(names)] == names
    assert inspection.read.rows == 20
    pd.testing.assert_frame_equal(execute(inspection, path), inspection.frame)


@pytest.mark.parametrize("label", ["Kontostand", "Closing balance", "残高"])
def test_a_last_row_without_a_date_is_no_row(write: Write, label: str) -> None:
    inspection = inspect_source(
        write("day,text,amount\n" + lines(20, "{day},x{n},{up}") + f"{label},,570\n")
    )
    assert inspection.read.rows == 20
    assert inspection.frame["amount"].sum() == 570


ROW = '{day},"a, b {n}",{odd},"c ""{n}""",'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"a, b 7"', '""a, b 7"'),  # doubled at the start
        ('"a, b 7"', '"a, b 7""'),  # doubled at the end
        ('"c ""7""",', '"c ""7""","'),  # opened at the end of the line
        ("2024-01-08,", '"2024-01-08,'),  # opened, never closed
        ("day,", '"day,'),  # in the header
        ("code,text", 'code,"text'),
    ],
)
def test_a_quote_without_its_pair_costs_no_row(write: Write, old: str, new: str) -> None:
    text = "day,name,code,text,\n" + lines(20, ROW)
    assert old in text
    path = write(text.replace(old, new, 1))
    inspection = inspect_source(path)
    good = inspect_source(write(text, "good.csv"))
    assert "1 line(s) with a quote that has no pair: it is removed" in inspection.notes
    expected = execute(good, path.with_name("good.csv"))
    pd.testing.assert_frame_equal(execute(inspection, path), expected)


@pytest.mark.parametrize("every", [1, 30, 100])
def test_text_of_several_lines_is_one_cell(write: Write, every: int) -> None:
    cells = ["one\ntwo, three" if n % every == 0 else f"x{n}" for n in range(200)]
    inspection = inspect_source(
        write("number,name\n" + "".join(f'{n},"{cell}"\n' for n, cell in enumerate(cells)))
    )
    assert list(inspection.frame["name"]) == cells
    assert not any("no pair" in note for note in inspection.notes)


@pytest.mark.parametrize(
    ("text", "mark", "width"),
    [
        (lines(20, "Plaza {n}#Calle {odd}, 6#0{up}"), "#", 3),
        (lines(30, "{n} # 'x dr {n}' # ' town, ma'"), "#", 3),
        ("# a, b, c\n# d, e, f\nx|y\n" + lines(20, "{n}|a, b"), "|", 2),
        (lines(30, "word{n} {up} n"), " ", 3),
        ("name\n" + lines(20, "Party {n}"), ",", 1),
        ("code,\n" + lines(20, "SARAH-{n},"), ",", 1),
        ("id, mark;\n" + lines(20, "{n}, I;"), ",", 2),
        ("a\tb\n" + lines(20, "1,5{n}\t2,5{odd}"), "\t", 2),
        ("a;b\n" + lines(20, "1,5{n};2,5{odd}"), ";", 2),
    ],
)
def test_a_delimiter_splits_into_cells_that_make_sense(
    write: Write, text: str, mark: str, width: int
) -> None:
    inspection = inspect_source(write(text, "data.txt"))
    assert (inspection.read.delimiter, inspection.frame.shape[1]) == (mark, width)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        # pandas writes two and three levels of names, and the names of the index below.
        (",price,price,n,n\n,min,max,min,max\ntown,,,,\n", ["town", "price min", "price max"]),
        (",sum,sum,mean,mean\n,v,w,v,w\nkind,x,y,x,y\ntown,,,,\n", ["town", "sum v x", "sum w y"]),
        ("Stadt,2022,,2023,\n,Q1,Q2,Q1,Q2\n,Euro,Stück,Euro,Stück\n", ["Stadt", "2022 Q1 Euro"]),
        ("日,流量,水位,降雨,備考\n,m3/s,cm,mm,%\n", ["日", "流量 m3/s", "水位 cm"]),
    ],
)
@pytest.mark.parametrize("count", [5, 40])
def test_rows_of_names_are_joined(write: Write, text: str, names: list[str], count: int) -> None:
    inspection = inspect_source(write(text + lines(count, "T{n},{odd},{odd}.5,{odd},{odd}.5")))
    assert list(inspection.frame.columns)[: len(names)] == names
    assert inspection.read.rows == count


def test_names_above_the_columns_and_below_for_the_index_are_joined(write: Write) -> None:
    text = ",,v,v\n,,min,max\ntown,kind,,\n" + lines(20, "T{n},x,{odd},{up}")
    inspection = inspect_source(write(text))
    assert list(inspection.frame) == ["town", "kind", "v min", "v max"]


def test_a_mark_in_a_row_of_units_means_none(write: Write) -> None:
    text = "time,flow,level,state\n-,m3/s,cm,-\n" + lines(40, "{day},{odd}.5,{up},ok")
    inspection = inspect_source(write(text))
    assert inspection.read.rows == 40
    assert inspection.column("flow").type == "number"


@pytest.mark.parametrize("count", [1, 2, 5])
def test_lines_of_a_key_and_a_value_are_above_the_header(write: Write, count: int) -> None:
    settings = "".join(f"Setting {n};value {n}\n" for n in range(count))
    text = settings + "Zeit;Temp;Feuchte\n" + lines(40, "{day};{odd},5;{up}")
    inspection = inspect_source(write(text))
    assert list(inspection.frame) == ["Zeit", "Temp", "Feuchte"]
    assert f"{count} line(s) above the header skipped" in inspection.notes


@pytest.mark.parametrize("name", ["#", "# "])
def test_a_column_may_be_named_by_a_mark_alone(write: Write, name: str) -> None:
    path = write(f"{name},town,price\n" + rows(lambda i: f"b{i:04x},Oslo {i % 3},{i}.5"))
    assert inspect_source(path).columns[0].name == "#"


@pytest.mark.parametrize(
    "options",
    [
        ["18 - 24", "25 - 34", "35+"],
        ["1-2 Tage", "3-5 Tage", "täglich"],
        ["< 5 km", "5 km", "> 5 km"],
    ],
)
def test_options_with_digits_are_names_if_they_tick_their_columns(
    write: Write, options: list[str]
) -> None:
    def ticked(i: int) -> str:
        return ";".join(option if i % len(options) == n else "" for n, option in enumerate(options))

    blanks = ";" * (len(options) - 1)
    header = f"ID;Mail;How much?{blanks};Remarks\n;;{';'.join(options)};Response\n"
    cells = rows(lambda i: f"{1000 + i * 7};{i}@a.org;{ticked(i)};{'fine' if i % 2 else 'not bad'}")
    inspection = inspect_source(write(header + cells))
    assert inspection.read.rows == 40
    names = [column.name for column in inspection.columns]
    assert names[2 : 2 + len(options)] == [f"How much? {option}" for option in options]


@pytest.mark.parametrize("footer", [",,Saldo końcowe,570", ",Closing,,570", ",,,570"])
def test_a_balance_below_a_blank_line_is_no_row(write: Write, footer: str) -> None:
    text = "day,text,kind,amount\n" + lines(20, "{day},x{n},a{odd},{up}")
    inspection = inspect_source(write(f"{text}\n{footer}\n"))
    assert inspection.read.rows == 20
    assert pd.api.types.is_datetime64_dtype(inspection.frame["day"])
    assert [part.count for part in inspection.omitted] == [1]


@pytest.mark.parametrize(
    "questions",
    [
        '"Start Date",Finished,"Your role?","How many years?",Satisfaction',
        "Beginn,Fertig,Rolle,Jahre,Zufriedenheit",
        "Début,Fini,Métier,Années,Note donnée",
    ],
)
def test_questions_above_categories_are_no_answers(write: Write, questions: str) -> None:
    row = "{day} 10:00:00,True,Nurse,{n},Happy\n{day} 11:00:00,False,Doctor,{up},Sad"
    path = write(f"StartDate,Finished,Q1,Q2,Q3\n{questions}\n" + lines(20, row))
    inspection = inspect_source(path)
    assert inspection.read.rows == 40
    assert inspection.column("Q2").type == "integer"
    assert inspection.column("Q2").missing == 0


@pytest.mark.parametrize("name", ["#day", "# day", "##day"])
def test_a_mark_before_the_first_name_is_cut_off(write: Write, name: str) -> None:
    # Rows end in a delimiter, so that pandas is told which columns to read.
    path = write(f"{name};#x;\n" + lines(20, "{day};{n};"))
    inspection = inspect_source(path)
    assert pd.api.types.is_datetime64_dtype(inspection.frame["day"])
    assert not any("kept as text" in note for note in inspection.notes)
    pd.testing.assert_frame_equal(execute(inspection, path), inspection.frame)


@pytest.mark.parametrize(
    "settings",
    [
        "Channels,2,,\nSamples,100,100,",
        "Serial,81,82,83\nRate,10,10,10",
        "Gain,1,1,1\nOffset,0.5,0.5,0.5",
    ],
)
def test_settings_as_wide_as_the_rows_are_above_the_header(write: Write, settings: str) -> None:
    path = write(
        f"{settings}\nX_Value,Voltage,Current,Power\n" + lines(20, "{n},{odd}.5,{up},1.{n}")
    )
    inspection = inspect_source(path)
    assert list(inspection.frame.columns) == ["X_Value", "Voltage", "Current", "Power"]
    assert inspection.read.rows == 20


@pytest.mark.parametrize("month", ["{y}{m}", "{m} {y}", "{m}-{y}"])
def test_rows_of_names_above_months(write: Write, month: str) -> None:
    months = [pd.Timestamp(2020 + n // 12, n % 12 + 1, 1) for n in range(20)]
    body = "".join(f"{month.format(m=f'{m:%b}', y=m.year)},{m.month}.5,{m.year}\n" for m in months)
    inspection = inspect_source(write(f",A,B\nCollection,Average,End\nPeriod,[USD],[yen]\n{body}"))
    assert inspection.read.rows == 20
    assert pd.api.types.is_datetime64_dtype(inspection.frame.iloc[:, 0])
