"""What a chart says in words, and the steps in time that it shows."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.support.projects import module_of_skeleton

PARTS = pd.Series(["West", "East", "South", "North"])
MONTHS = pd.Series(pd.date_range("2023-01-01", periods=14, freq="MS"))


def say(function: str, *arguments: Any) -> str:
    with module_of_skeleton("app.notes") as notes:
        return str(getattr(notes, function)(*arguments))


def test_the_largest_values_are_named() -> None:
    values = pd.Series([725_000.0, 679_000.0, -5.0, 501_000.0])
    assert say("largest", PARTS, values, "$") == "West $725k, East $679k, North $501k"
    customers = pd.Series(["Customer 1618", "Customer 2"])
    assert say("largest", customers, pd.Series([970, 2])) == "Customer 1618: 970, Customer 2: 2"
    years = pd.Series([2012.0, 2013.0], name="model_year")
    assert say("largest", years, pd.Series([1.0, None])) == "Model year 2012: 1"
    assert say("largest", pd.Series(["a" * 50]), pd.Series([1])) == f"{'a' * 29}… 1"


def test_parts_of_a_whole_are_named_by_their_shares() -> None:
    assert say("shares", PARTS, pd.Series([50, 30, 20, 0])) == "West 50%, East 30%, South 20%"
    # Losses are no shares.
    assert say("shares", PARTS, pd.Series([50, 30, -20, 0])) == "West 50, East 30, North 0"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (
            [100.0, 120.0] + [50.0] * 10 + [110.0, 90.0],
            "90 in February 2024, -25% since February 2023; ",
        ),
        (range(1, 15), "14 in February 2024, +600% since February 2023; never higher"),
        ([1.0, 0.0] + [50.0] * 12, "50 in February 2024; never higher"),
        ([None] * 12 + [1.0, 2.0], ""),
    ],
)
def test_the_course_of_a_line_is_that_since_a_year_before(values: Any, text: str) -> None:
    sentence = say("course", MONTHS, pd.Series(values), "month")
    assert sentence.startswith(text) if text else sentence == ""


def test_the_course_of_years_is_that_since_the_first() -> None:
    years = pd.Series([2000, 2001, 2002])
    sentence = say("course", years, pd.Series([10.0, 30.0, 15.0]), "year", "%")
    assert sentence == "15% in 2002, +50% since 2000; highest in 2001 (30%)"


def test_hours_are_not_compared() -> None:
    hours = pd.Series(pd.date_range("2024-05-01 10:00", periods=3, freq="h"))
    sentence = say("course", hours, pd.Series([1, 9, 3]), "hour")
    assert sentence == "3 at 1 May 2024, 12:00; highest at 1 May 2024, 11:00 (9)"


def test_the_middle_half_of_a_histogram() -> None:
    sentence = say("middle", pd.Series([0, 10, 20, 30]), pd.Series([10, 40, 40, 10]), 10)
    assert sentence == "80% are from 10 to below 30"


def test_two_columns_are_related_or_nothing_is_said() -> None:
    numbers = pd.Series(range(100))
    assert say("related", numbers, numbers**2) == "Closely related: they rise together"
    loose = numbers * -1 + pd.Series([0, 150] * 50)
    assert say("related", numbers, loose) == "Loosely related: when one rises, the other falls"
    assert say("related", numbers, pd.Series([0, 1] * 50)) == ""
    assert say("related", numbers[:1], numbers[:1]) == ""


@pytest.mark.parametrize(
    ("when", "step", "text"),
    [
        (pd.Timestamp(2023, 8, 4), "month", "August 2023"),
        (pd.Timestamp(2023, 8, 4), "quarter", "Q3 2023"),
        (date(2023, 8, 4), "year", "2023"),
        (date(2023, 8, 4), "week", "4 August 2023"),
        (datetime(2023, 8, 4, 5), "hour", "4 August 2023, 05:00"),
        (pd.Timestamp(np.datetime64("-0043-03-15", "s")), "day", "15 March -43"),
        (pd.Timestamp(np.datetime64("12000-01-01T05", "s")), "hour", "1 January 12000, 05:00"),
        (2023.0, "year", "2023"),
        ("2023-08", "month", "2023-08"),
    ],
)
def test_a_period_in_words(when: Any, step: str, text: str) -> None:
    with module_of_skeleton("app.steps") as steps:
        assert steps.period(when, step) == text


def with_steps(times: Any, step: str, fill: float | None) -> list[Any]:
    df = pd.DataFrame({"when": times, "sales": range(1, len(times) + 1), "region": "North"})
    with module_of_skeleton("app.steps") as steps:
        return list(steps.every_step(df, "when", step, fill)["sales"].fillna(-1))


def test_a_step_without_rows_is_nothing_of_a_sum_and_a_gap_in_a_mean() -> None:
    months = pd.to_datetime(["2024-01-01", "2024-02-01", "2024-05-01"])
    assert with_steps(months, "month", 0) == [1, 2, 0, 0, 3]
    assert with_steps(months, "month", None) == [1, 2, -1, -1, 3]
    assert with_steps([2000, 2003], "year", 0) == [1, 0, 0, 2]
    weeks = pd.to_datetime(["2024-01-07", "2024-01-21"])
    assert with_steps(weeks, "week", 0) == [1, 0, 2]


def test_a_week_without_weekends_has_none() -> None:
    days = pd.bdate_range("2024-01-01", "2024-01-12").delete(3)
    assert with_steps(days, "day", 0) == [1, 2, 3, 0, 4, 5, 6, 7, 8, 9]


def test_steps_that_are_no_firsts_of_their_month_stay_as_they_are() -> None:
    ends = pd.to_datetime(["2024-01-31", "2024-03-31"])
    assert with_steps(ends, "month", 0) == [1, 2]
    assert with_steps(["2024-01", "2024-03"], "month", 0) == [1, 2]


@pytest.mark.parametrize(
    ("times", "values", "step", "note"),
    [
        (["2024-05-01"], [4.0], "month", "May 2024"),
        (["2024-04-01", "2024-05-01"], [4, 5], "month", "May 2024, +25.0% on April 2024"),
        (["2024-04-01", "2024-05-01"], [-4, -5], "month", "May 2024, -25.0% on April 2024"),
        (
            ["2024-04-01", "2024-05-01"],
            [0.5, 20],
            "month",
            "May 2024, after 0.5 in April 2024",
        ),
        (["2024-04-01", "2024-05-01"], [0, 5], "month", "May 2024"),
        (["2024-02-01", "2024-05-01"], [4, 5], "month", "May 2024, +25.0% on February 2024"),
        (
            ["2023-05-01", "2024-04-01", "2024-05-01"],
            [10, 4, 5],
            "month",
            "May 2024, +25.0% on April 2024, -50.0% on May 2023",
        ),
        (
            ["2023-02-28", "2024-01-31", "2024-02-29"],
            [10, 4, 5],
            "month",
            "February 2024, +25.0% on January 2024, -50.0% on February 2023",
        ),
        (["2024-05-03", "2024-05-10"], [4, 5], "day", "10 May 2024, +25.0% on 3 May 2024"),
        (["2024-05-06", "2024-05-13"], [4, 5], "week", "13 May 2024, +25.0% on 6 May 2024"),
        ([2019, 2020], [4, 5], "year", "2020, +25.0% on 2019"),
        ([2016, 2020], [4, 5], "year", "2020, +25.0% on 2016"),
    ],
)
def test_the_course_of_a_number(times: Any, values: Any, step: str, note: str) -> None:
    times = pd.Series(times if step == "year" else pd.to_datetime(times))
    with module_of_skeleton("app.sparkline") as sparkline:
        course = sparkline.course(times, pd.Series(values), step)
    assert course.startswith(f"{note} <svg")
    assert len(re.findall(r"[\d.]+,[\d.]+", course.split("points=")[1])) == len(values)
