"""Dates and times whose parts are in several columns."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest

from flaskdash.inspect import inspect_source
from tests.support.fixtures import Write
from tests.support.loaders import execute

DAYS = [date(2023, 11, 20) + timedelta(days=n) for n in range(60)]
GERMAN = (
    "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split()
)
FRENCH = (
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()
)


@pytest.mark.parametrize(
    ("header", "row", "first"),
    [
        ("year,month,day,n", "{0.year},{0.month},{0.day},{1}", "2023-11-20"),
        ("Tag;Monat;Jahr;Menge", "{0.day};{0.month};{0.year};{1}", "2023-11-20"),
        ("n,Ano,Mês", "{1},{0.year},{0.month}", "2023-11-01"),
        ("YEAR,MONTH_NAME,n", "{0.year},{0:%B},{1}", "2023-11-01"),
        ("year,mon,n", "{0.year},{0:%b},{1}", "2023-11-01"),
        ("année;mois;jour;n", "{0.year};{french};{0.day};{1}", "2023-11-20"),
        ("Jahr\tMonat\tn", "{0.year}\t{german}\t{1}", "2023-11-01"),
        ("rok,miesiąc,dzień,n", "{0.year},{0.month},{0.day},{1}", "2023-11-20"),
    ],
)
def test_years_months_and_days_become_a_date(
    write: Write, header: str, row: str, first: str
) -> None:
    lines = [
        row.format(day, n, german=GERMAN[day.month - 1], french=FRENCH[day.month - 1])
        for n, day in enumerate(DAYS)
    ]
    path = write("\n".join([header, *lines]))
    inspection = inspect_source(path)
    dates = inspection.frame["date"]
    last = "2024-01-18" if first.endswith("20") else "2024-01-01"
    assert (dates.iloc[0], dates.iloc[-1]) == (pd.Timestamp(first), pd.Timestamp(last))
    assert inspection.column("date").role == "time"
    pd.testing.assert_frame_equal(execute(inspection, path), inspection.frame)


@pytest.mark.parametrize(
    ("header", "row", "hours"),
    [
        ("date,hour,load", "{day},{hour},{n}", range(24)),
        ("Datum;Stunde;Last", "{day:%d.%m.%Y};{hour};{n}", range(1, 25)),
        ("date,time,temp", "{day:%d/%m/%Y},{hour:02}:00:00,{n}", range(0, 24, 3)),
        ("HourEnding,day,mw", "{hour:02}:00,{day:%m/%d/%Y},{n}", range(1, 25)),
        ("n,fecha,hora", "{n},{day},{hour}:30", range(24)),
        ("Trade Date,Trade Time,price", "{day},{clock},{n}", range(24)),
        ("y,x,n", "{day},{hour:02}:15,{n}", range(24)),
        ("Date;Time;CO", "{day:%d/%m/%Y};{hour:02}.00.00;{n}", range(24)),
        ("Datum;Uhrzeit;Besucher", "{day:%d.%m.%Y};{hour:02}.05 Uhr;{n}", range(24)),
        ("date,heure,passages", "{day},{hour}h05,{n}", range(24)),
        ("x,y,n", "{day},{hour:02}:15 h,{n}", range(24)),
    ],
)
def test_a_date_and_an_hour_are_joined(write: Write, header: str, row: str, hours: range) -> None:
    lines = [
        row.format(
            day=day,
            hour=hour,
            n=n * hour % 97,
            clock=f"{hour % 12 or 12}:05 {'AP'[hour // 12 % 2]}M",
        )
        for n, day in enumerate(DAYS)
        for hour in hours
    ]
    path = write("\n".join([header, *lines]))
    inspection = inspect_source(path)
    times = inspection.frame["datetime"]
    expected = [pd.Timestamp(day) + pd.Timedelta(hours=hour) for day in DAYS for hour in hours]
    assert times.dt.floor("h").tolist() == expected
    assert inspection.column("datetime").type == "datetime"
    pd.testing.assert_frame_equal(execute(inspection, path), inspection.frame)


def test_the_hour_is_part_of_a_date_in_four_columns(write: Write) -> None:
    lines = [
        f"{day.year},{day.month},{day.day},{hour},{n + hour}"
        for n, day in enumerate(DAYS)
        for hour in range(24)
    ]
    frame = inspect_source(write("\n".join(["year,month,day,hour,pm25", *lines]))).frame
    assert frame["date"].iloc[25] == pd.Timestamp("2023-11-21 01:00")


@pytest.mark.parametrize(
    "row",
    ["{day},{n},12:30-13:30", "{day},{n},open", "{day} 10:30,{n},08:15", "{day},1.{n:02}.05,{n}"],
)
def test_other_columns_beside_a_date_stay(write: Write, row: str) -> None:
    lines = [row.format(day=day, n=n % 60) for n, day in enumerate(DAYS * 2)]
    header = "date,version,n" if "1." in row else "date,n,time"
    assert "datetime" not in inspect_source(write("\n".join([header, *lines]))).frame


ENGLISH = "jan feb mar apr may jun jul aug sep oct nov dec".split()


def months_table(sep: str, names: list[str], first: str, more: dict[str, float]) -> str:
    """Return a table of six years with a column for each month, and columns made of them.

    These are given as the share of the sum of all months.
    """
    lines = [sep.join([first, *names, *more])]
    for year in range(2015, 2021):
        values = [year % 7 + (n - 6) ** 2 % 11 + n / 4 for n in range(12)]
        made = [f"{sum(values) * share:.1f}" for share in more.values()]
        lines.append(sep.join([str(year), *(f"{value:.1f}" for value in values), *made]))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("sep", "names", "year", "more"),
    [
        (",", ENGLISH, "Year", {"Annual": 1 / 12}),
        (";", [name[:3] for name in GERMAN], "Jahr", {"Summe": 1.0}),
        ("\t", FRENCH, "année", {}),
        (",", [name.upper() for name in ENGLISH], "YEAR", {"Avg": 1 / 12, "Total": 1.0}),
    ],
)
def test_columns_named_by_months_become_rows_with_a_date(
    write: Write, sep: str, names: list[str], year: str, more: dict[str, float]
) -> None:
    path = write(months_table(sep, names, year, more))
    inspection = inspect_source(path)
    df = execute(inspection, path)
    assert list(df.columns) == [year, "month", "value", "date"]
    assert len(df) == 72
    assert df["date"].min() == pd.Timestamp("2015-01-01")
    assert df.set_index("date")["value"][pd.Timestamp("2020-03-01")] == 2020 % 7 + 16 % 11 + 0.5
    assert all(name in " ".join(inspection.notes) for name in more)


def test_months_without_a_year_become_a_category_in_order(write: Write) -> None:
    lines = [
        f"{city}," + ",".join(str(n * k + 0.5) for n in range(12)) for k, city in enumerate("ABC")
    ]
    inspection = inspect_source(write("city," + ",".join(ENGLISH) + "\n" + "\n".join(lines)))
    assert [c.name for c in inspection.columns] == ["city", "month", "value"]
    assert list(inspection.column("month").order) == ENGLISH


def test_what_lies_beside_the_months_but_is_not_made_of_them_stays(write: Write) -> None:
    heights = [12.5, 3.5, 9.5, 4.5, 11.5, 2.5]
    lines = months_table(",", ENGLISH, "year", {}).splitlines()
    lines = [f"{line},{extra}" for line, extra in zip(lines, ["height", *heights], strict=True)]
    inspection = inspect_source(write("\n".join(lines)))
    assert "height" in {column.name for column in inspection.columns}


def test_names_of_persons_are_no_months(write: Write) -> None:
    names = "Jan Mara April May June Julia August Otto Nora Dieter Sepp Feline".split()
    lines = [
        f"{year}," + ",".join(str(year % 7 + n) for n in range(12)) for year in range(2000, 2010)
    ]
    inspection = inspect_source(write("year," + ",".join(names) + "\n" + "\n".join(lines)))
    assert [c.name for c in inspection.columns] == ["year", *names]
