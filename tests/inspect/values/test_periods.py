"""Quarters, halves, weeks and months that are numbers within a year."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from flaskdash.inspect import inspect_source
from tests.support.columns import inspect_column
from tests.support.fixtures import Write

ROMAN = ["I", "II", "III", "IV"]
ORDINAL = ["1st", "2nd", "3rd", "4th"]


@pytest.mark.parametrize(
    "form",
    [
        *("T{q} {y}", "K{q} {y}", "{y}K{q}", "{y}-T{q}", "t{q}/{y}", "{q}Q{y}", "Q{q}/{y}"),
        *("{y}Q{q}", "{y}-Q{q}", "{y}q{q}", "{y} Q{q}", "Quarter {q}, {y}", "{q}. Quartal {y}"),
        *("{roman} kw. {y}", "{y} {roman}", "{roman} trimestre {y}", "{ordinal} quarter of {y}"),
        *("{y}年第{q}四半期", "{y}年第{q}季度", "{y}년 {q}분기", "{q}º trimestre de {y}"),
    ],
)
def test_quarters(write: Write, form: str) -> None:
    quarters = [(2010 + n // 4, n % 4) for n in range(24)]
    cells = [
        form.format(q=n + 1, y=year, roman=ROMAN[n], ordinal=ORDINAL[n]) for year, n in quarters
    ]
    values = inspect_column(write, "period", cells).frame["period"]
    assert [(day.year, day.month) for day in values] == [(year, 3 * n + 1) for year, n in quarters]


@pytest.mark.parametrize("mark", ["\n", "\r", "\t", '"" ; (', "\\"])
def test_hostile_marks_stay_in_their_text(write: Write, mark: str) -> None:
    lines = [f'"Q{n % 4 + 1}{mark}{2010 + n // 4}",{n}' for n in range(24)]
    inspection = inspect_source(write("\n".join(["period,n", *lines])))
    assert inspection.column("period").type == "date"


@pytest.mark.parametrize(
    "form", ["H{n} {y}", "{y}-H{n}", "{y}S{n}", "{n}S{y}", "{n}. Halbjahr {y}", "{n}º semestre {y}"]
)
def test_halves(write: Write, form: str) -> None:
    cells = [form.format(n=n % 2 + 1, y=2010 + n // 2) for n in range(12)]
    values = inspect_column(write, "period", cells).frame["period"]
    assert [(day.year, day.month) for day in values] == [
        (2010 + n // 2, 1 + 6 * (n % 2)) for n in range(12)
    ]


@pytest.mark.parametrize(
    "form",
    [
        *("{y}-W{w:02}", "{y}W{w:02}", "KW {w:02}/{y}", "KW {w} {y}", "Week {w}, {y}", "v.{w} {y}"),
        *("{y} S{w:02}", "Semaine {w} {y}", "{w:02}/wk/{y}"),
    ],
)
def test_weeks(write: Write, form: str) -> None:
    mondays = [date(2021, 1, 11) + timedelta(weeks=5 * n) for n in range(30)]
    weeks = [monday.isocalendar() for monday in mondays]
    cells = [form.format(w=week, y=year) for year, week, _ in weeks]
    values = inspect_column(write, "period", cells).frame["period"]
    assert [day.date() for day in values] == mondays


@pytest.mark.parametrize(
    "form", ["M{m:02} {y}", "{y}M{m:02}", "mes {m} de {y}", "{y}년 {m}월", "{y}.{m:02} 월"]
)
def test_months(write: Write, form: str) -> None:
    cells = [form.format(m=n % 12 + 1, y=2010 + n // 12) for n in range(30)]
    values = inspect_column(write, "period", cells).frame["period"]
    assert [(day.year, day.month) for day in values] == [
        (2010 + n // 12, n % 12 + 1) for n in range(30)
    ]


@pytest.mark.parametrize(
    "form", ["Model {n} {y}", "FY{y} Q{q}", "Q{n} {y}", "H{q} {y}", "Room {q}, {y}", "M{w} {y}"]
)
def test_other_numbers_beside_a_year_are_text(write: Write, form: str) -> None:
    cells = [form.format(n=n % 9, q=n % 4 + 1, w=n + 1, y=2010 + n // 4) for n in range(36)]
    assert inspect_column(write, "period", cells).column("period").type == "text"
