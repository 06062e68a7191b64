"""What the file of a chart says of its data: steps in time, units, notes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from flaskdash.charts.kinds import Chart
from flaskdash.generate import chart_file
from flaskdash.inspect.meaning.roles import describe

DAYS = pd.date_range("2023-01-15", periods=400)
TABLE = pd.DataFrame(
    {
        "day": DAYS,
        "hotel": ["Alpha", "Beta"] * 200,
        "occupancy_rate": [0.4, 0.687] * 200,
        "exchange_rate": [0.9, 0.95] * 200,
        "bonus ($)": [-5234.5, 12.0] * 200,
        "guests": range(400),
        "election": [2000 + 4 * (n // 40) for n in range(400)],
    }
)


def drawn(tmp_path: Path, kind: str, table: pd.DataFrame = TABLE, **flags: str | None) -> str:
    columns = {column.name: column for column in describe(table, {})}
    spec = Chart(kind, "stays", "A chart", **flags)  # type: ignore[arg-type]
    chart_file.chart(tmp_path, "a_chart", spec, columns, table)
    return (tmp_path / "app/charts/a_chart.py").read_text("utf-8")


def test_a_rate_of_less_than_one_is_written_in_percent(tmp_path: Path) -> None:
    bars = drawn(tmp_path, "bar", x="hotel", y="occupancy_rate", agg="mean")
    assert "'tickformat': '.0%'" in bars
    assert "%{x:.1%}" in bars
    assert "largest(df['hotel'], 100 * df['occupancy_rate'], '%')" in bars
    number = drawn(tmp_path, "kpi", y="occupancy_rate", agg="mean")
    assert "number(100 * df['occupancy_rate'].iloc[0], '%')" in number
    currency = drawn(tmp_path, "bar", x="hotel", y="exchange_rate", agg="mean")
    assert "%}" not in currency


def test_a_loss_has_its_sign_before_the_dollar(tmp_path: Path) -> None:
    bars = drawn(tmp_path, "bar", x="hotel", y="bonus ($)", agg="sum")
    assert "'tickformat': '$~s'" in bars
    assert "tickprefix" not in bars
    assert "%{x:$,.4~r}" in bars


@pytest.mark.parametrize(
    ("flags", "call"),
    [
        (
            {"y": "guests", "agg": "sum", "grain": "month"},
            "every_step(df, 'day', \"month\", fill=0)",
        ),
        ({"y": "guests", "agg": "mean", "grain": "month"}, "every_step(df, 'day', \"month\")"),
        ({"y": "guests", "agg": "sum"}, "every_step(df, 'day', \"day\", fill=0)"),
        ({"y": "guests", "agg": "mean"}, ""),  # a night, a weekend or a holiday is no gap
    ],
)
def test_a_line_has_each_step_of_its_time(tmp_path: Path, flags: dict[str, str], call: str) -> None:
    line = drawn(tmp_path, "line", x="day", **flags)
    assert (call or "every_step") in line if call else "every_step" not in line


def test_years_that_lie_apart_have_no_gaps(tmp_path: Path) -> None:
    table = TABLE.rename(columns={"election": "year"})
    line = drawn(tmp_path, "line", table, x="year", y="guests", agg="sum")
    assert "every_step" not in line


def test_a_first_month_that_is_not_whole_is_left_out(tmp_path: Path) -> None:
    flags = {"x": "day", "y": "guests", "agg": "sum", "grain": "month"}
    assert "without the first month" in drawn(tmp_path, "line", **flags)
    whole = TABLE[TABLE["day"] >= "2023-02-01"]
    assert "without the first month" not in drawn(tmp_path, "line", whole, **flags)


def test_of_many_lines_three_have_colours(tmp_path: Path) -> None:
    table = TABLE.assign(hotel=[f"Hotel {n % 7}" for n in range(400)])
    flags = {"x": "day", "y": "guests", "agg": "sum", "color": "hotel"}
    assert "nlargest(3)" in drawn(tmp_path, "line", table, **flags)
    assert "nlargest" not in drawn(tmp_path, "line", **flags)


def test_points_of_all_sizes_have_axes_by_their_magnitude(tmp_path: Path) -> None:
    table = TABLE.assign(people=[10.0 ** (n % 5) for n in range(400)])
    points = drawn(tmp_path, "scatter", table, x="people", y="guests")
    assert points.count("'type': 'log'") == 1
    with_zero = table.assign(people=table["people"].where(table["people"] > 1, 0))
    assert "(log scale, without 0)" in drawn(tmp_path, "scatter", with_zero, x="people", y="guests")
    with_loss = table.assign(people=table["people"].where(table["people"] > 1, -1))
    assert "log" not in drawn(tmp_path, "scatter", with_loss, x="people", y="guests")


def test_shares_are_those_of_a_whole(tmp_path: Path) -> None:
    table = TABLE.assign(town=[f"Town {n % 40}" for n in range(400)])
    flags = {"y": "guests", "agg": "sum"}
    assert "shares(" in drawn(tmp_path, "bar", table, x="hotel", **flags)
    assert "largest(" in drawn(tmp_path, "bar", table, x="town", **flags)  # 15 of 40
    assert "largest(" in drawn(tmp_path, "bar", table, x="hotel", y="guests", agg="mean")


@pytest.mark.parametrize(
    ("kind", "flags"),
    [("scatter", {}), ("bubble", {"size": "guests"}), ("map", {"color": "hotel"})],
)
def test_points_have_names(tmp_path: Path, kind: str, flags: dict[str, str]) -> None:
    towns = [f"Town {n % 90}" for n in range(400)]
    table = TABLE.assign(
        town=towns, hotel=["A", "B"] * 200, long=[f"{'x' * 60} {n}" for n in range(400)]
    )
    flags |= {"x": "guests", "y": "election"}
    points = drawn(tmp_path, kind, table, **flags)
    assert '["town"].fillna("")' in points.replace("'", '"')
    assert "%{hovertext}<br>" in points
    assert "hovertext" not in drawn(tmp_path, kind, table.drop(columns="town"), **flags)
    many = pd.concat([table] * 6, ignore_index=True)
    assert "hovertext" not in drawn(tmp_path, kind, many, **flags)


@pytest.mark.parametrize(
    ("unit", "axis", "hover", "words"),
    [
        ("€", "'tickprefix': '€'", "€%{x:,.4~r}<", "'€'"),
        ("AED", "'tickprefix': 'AED '", "AED %{x:,.4~r}<", "'AED '"),
        ("min", "'ticksuffix': ' min'", ": %{x:,.4~r} min<", "' min'"),
        ("MW", "'ticksuffix': ' MW'", ": %{x:,.4~r} MW<", "' MW'"),
        ("%", "'ticksuffix': '%'", ": %{x:,.4~r}%<", "'%'"),
    ],
)
def test_a_unit_stands_where_people_write_it(
    tmp_path: Path, unit: str, axis: str, hover: str, words: str
) -> None:
    columns = {column.name: column for column in describe(TABLE, {"guests": unit})}
    spec = Chart("bar", "stays", "A chart", x="hotel", y="guests", agg="max")
    chart_file.chart(tmp_path, "a_chart", spec, columns, TABLE)
    bars = (tmp_path / "app/charts/a_chart.py").read_text("utf-8")
    assert axis in bars
    assert hover in bars
    assert f"largest(df['hotel'], df['guests'], {words})" in bars


@pytest.mark.parametrize("grain", ["month", "auto"])
def test_a_table_without_rows_is_charted(tmp_path: Path, grain: str) -> None:
    assert "date_trunc" in drawn(
        tmp_path, "line", TABLE.head(0), x="day", y="guests", agg="sum", grain=grain
    )


def test_levels_have_colours_in_their_order(tmp_path: Path) -> None:
    table = TABLE.assign(stay=[["short", "long"][n % 2] for n in range(400)])
    table["mood"] = [["bad", "ok", "very good", "good", "very bad"][n % 5] for n in range(400)]
    flags = {"x": "stay", "agg": "count", "mode": "stack"}
    bars = drawn(tmp_path, "bar", table, color="mood", **flags)
    assert "['very bad', 'bad', 'ok', 'good', 'very good']" in " ".join(bars.split())
    assert "sort=True" in drawn(tmp_path, "bar", table, color="hotel", **flags)


def test_a_box_has_five_rows_or_more(tmp_path: Path) -> None:
    table = TABLE.assign(beds=[n % 3 if n < 390 else n for n in range(400)])
    flags = {"x": "beds", "y": "guests"}
    assert "HAVING count(*) >= 5" in drawn(tmp_path, "box", table, **flags)
    each_once = table.assign(beds=range(400))
    assert "HAVING" not in drawn(tmp_path, "box", each_once, **flags)


def test_a_bar_of_one_row_is_no_average(tmp_path: Path) -> None:
    table = TABLE.assign(name=[f"Guest {n}" for n in range(400)])
    flags = {"y": "guests", "agg": "mean"}
    assert "Average" not in drawn(tmp_path, "bar", table, x="name", **flags)
    assert "Average" in drawn(tmp_path, "bar", table, x="hotel", **flags)


@pytest.mark.parametrize(
    ("number", "text"),
    [(16_000_000, "16M"), (26_000, "26k"), (2500, "2500"), (0.04, "0.04"), (-3e9, "-3B")],
)
def test_the_ends_of_a_histogram_are_written_like_its_axis(number: float, text: str) -> None:
    assert chart_file._short(number) == text


def test_a_time_without_events_is_zero_though_they_come_in_bursts(tmp_path: Path) -> None:
    days = [n if n < 60 else n + 200 for n in range(100)]
    bursts = TABLE.head(100).assign(day=pd.Timestamp("2023-01-01") + pd.to_timedelta(days, "D"))
    flags = {"x": "day", "grain": "day"}
    assert "fill=0" in drawn(tmp_path, "line", bursts, agg="count", **flags)
    assert "every_step" not in drawn(tmp_path, "line", bursts, y="guests", agg="mean", **flags)
    fifth_years = TABLE.assign(day=pd.to_datetime([f"{1950 + 5 * (n % 9)}" for n in range(400)]))
    flags = {"x": "day", "grain": "year"}
    assert "every_step" not in drawn(tmp_path, "line", fifth_years, agg="count", **flags)
