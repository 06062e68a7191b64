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
    ["{day},{n},12:30-13:30", "{day},{n},open", "{day} 10:30,{n},08:15"],
)
def test_other_columns_beside_a_date_stay(write: Write, row: str) -> None:
    lines = [row.format(day=day, n=n) for n, day in enumerate(DAYS * 2)]
    assert "datetime" not in inspect_source(write("\n".join(["date,n,time", *lines]))).frame
