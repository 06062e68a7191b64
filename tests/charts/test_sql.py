"""Run the SQL of each kind of chart with DuckDB, on a small table."""

from dataclasses import replace

import duckdb
import pandas as pd
import pytest

from flaskdash.charts import axes, sql
from flaskdash.charts.kinds import Chart
from flaskdash.inspect.dialects import DUCKDB
from flaskdash.inspect.meaning.roles import describe
from flaskdash.inspect.model import Column
from tests.support.sql import chart, column

COLUMNS = {
    c.name: c
    for c in (
        column("day", "date", "time", grain="day"),
        column("region", "text", "category"),
        column("Sub Kind", "text", "category"),
        column("revenue", agg="sum"),
        column("cases", agg="last"),
    )
}
ROWS = """
    (DATE '2024-01-01', 'N', 'a', 1.0, 10), (DATE '2024-01-01', 'S', 'b', 2.0, 20),
    (DATE '2024-01-31', 'N', 'a', 3.0, 11), (DATE '2024-01-31', 'S', 'a', 4.0, 22),
    (DATE '2024-02-01', 'N', 'b', 5.0, 12), (DATE '2024-02-01', NULL, 'b', 90.0, 1)
"""


def run(
    chart: Chart, bins: sql.Bins = sql.NO_BINS, columns: dict[str, Column] = COLUMNS
) -> list[tuple[object, ...]]:
    text = sql.select(chart, columns, bins)
    with duckdb.connect() as connection:
        connection.execute(
            'CREATE TABLE sales(day DATE, region TEXT, "Sub Kind" TEXT, revenue DOUBLE, cases INT)'
        )
        connection.execute(f"INSERT INTO sales VALUES {ROWS}")
        return connection.execute(text).fetchall()


def test_kpi_counts_and_sums() -> None:
    assert run(chart("kpi", agg="count")) == [(6,)]
    assert run(chart("kpi", y="revenue", agg="sum")) == [(105.0,)]
    assert run(chart("kpi", y="region", agg="distinct")) == [(2,)]


@pytest.mark.parametrize(
    ("fields", "result"),
    [
        ({"kind": "kpi"}, [(34 / 12,)]),
        ({"kind": "bar", "x": "place"}, [("b", 3.0), ("a", 2.5)]),
        (
            {"kind": "line", "x": "day", "grain": "month"},
            [("2024-01-01", 2.5), ("2024-02-01", 3.0)],
        ),
    ],
)
def test_a_mean_is_weighted(fields: dict[str, str], result: list[object]) -> None:
    columns = {
        c.name: c
        for c in (
            column("day", "date", "time", grain="day"),
            column("place", "text", "category"),
            column("income", agg="mean"),
            column("people", "integer", agg="last"),
        )
    }
    rows = """
        (DATE '2024-01-01', 'a', 1.0, 1), (DATE '2024-01-05', 'a', 3.0, 3),
        (DATE '2024-02-01', 'b', 3.0, 8), (DATE '2024-02-01', 'b', NULL, 900)
    """
    text = sql.select(chart(y="income", agg="mean", weight="people", **fields), columns)
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE sales(day DATE, place TEXT, income DOUBLE, people BIGINT)")
        connection.execute(f"INSERT INTO sales VALUES {rows}")
        answer = connection.execute(text).fetchall()
    assert [(*(str(value)[:10] for value in row[:-1]), row[-1]) for row in answer] == result


def test_kpi_over_time_has_a_value_for_each_step() -> None:
    rows = run(chart("kpi", x="day", y="revenue", agg="sum", grain="month"))
    assert [value for _, value in rows] == [10.0, 95.0]


def test_kpi_of_a_running_total_is_the_sum_at_the_last_day() -> None:
    assert run(chart("kpi", y="cases", agg="last")) == [(13,)]


def test_line_by_month() -> None:
    rows = run(chart("line", x="day", y="revenue", agg="sum", grain="month"))
    assert [(str(day)[:7], value) for day, value in rows] == [("2024-01", 10.0), ("2024-02", 95.0)]


def test_line_of_a_running_total_takes_the_end_of_each_month() -> None:
    rows = run(chart("line", x="day", y="cases", agg="last", grain="month"))
    assert [value for _, value in rows] == [33, 13]


def test_line_at_its_own_grain_keeps_the_days() -> None:
    text = sql.select(chart("line", x="day", y="revenue", agg="sum", grain="day"), COLUMNS)
    assert "date_trunc" not in text


def test_bar_is_sorted_and_limited_without_missing_values() -> None:
    assert run(chart("bar", x="region", y="revenue", agg="sum")) == [("N", 9.0), ("S", 6.0)]
    assert run(chart("bar", x="region", y="revenue", agg="sum", limit=1)) == [("N", 9.0)]


def test_coloured_bar_keeps_the_largest_bars_whole() -> None:
    rows = run(chart("bar", x="region", y="revenue", agg="sum", color="Sub Kind", limit=1))
    assert rows == [("N", "b", 5.0), ("N", "a", 4.0)]


def test_bar_over_time_is_in_order_of_time() -> None:
    rows = run(chart("bar", x="day", y="revenue", agg="sum", grain="month"))
    assert [value for _, value in rows] == [10.0, 95.0]


def test_shares_beyond_the_limit_are_combined() -> None:
    spec = chart("pie", x="Sub Kind", y="revenue", agg="sum", limit=1)
    assert run(spec) == [("b", 97.0), ("Other", 8.0)]
    assert run(chart("donut", x="cases", agg="count", limit=1)) == [("1", 1), ("Other", 5)]
    assert run(chart("pie", x="region", agg="count", limit=2)) == [("N", 3), ("S", 2)]


def test_area_has_the_sql_of_a_line() -> None:
    flags = {"x": "day", "y": "revenue", "agg": "sum", "grain": "month", "color": "region"}
    assert run(chart("area", **flags)) == run(chart("line", **flags))


def test_bubble_has_three_measures() -> None:
    rows = run(chart("bubble", x="revenue", y="cases", size="revenue", color="region"))
    assert sorted(rows)[0] == (1.0, 10, "N")


def test_heatmap_has_a_cell_for_each_pair_of_the_most_frequent() -> None:
    flags = {"x": "region", "by": "Sub Kind", "y": "revenue", "agg": "sum"}
    rows = [("N", "a", 4.0), ("N", "b", 5.0), ("S", "a", 4.0), ("S", "b", 2.0)]
    assert run(chart("heatmap", **flags)) == rows
    assert run(chart("heatmap", **flags, limit=1)) == rows[:1]
    months = run(chart("heatmap", x="day", by="region", agg="count", grain="month"))
    assert [(str(day)[:7], *more) for day, *more in months] == [
        ("2024-01", "N", 2),
        ("2024-01", "S", 2),
        ("2024-02", "N", 1),
    ]


def test_box_has_five_numbers() -> None:
    rows = run(chart("box", x="Sub Kind", y="revenue"))
    assert rows == [("a", 1.0, 1.0, 3.0, 4.0, 4.0), ("b", 2.0, 2.0, 5.0, 90.0, 90.0)]
    assert run(chart("box", x="region", y="revenue", limit=1)) == [("N", 1, 1, 3, 5, 5)]


def test_parts_of_parts_are_positive_and_the_largest() -> None:
    flags = {"x": "region", "by": "Sub Kind", "y": "revenue", "agg": "sum"}
    for kind in ("treemap", "sunburst", "sankey"):
        assert run(chart(kind, **flags, limit=2)) == [("N", "b", 5.0), ("N", "a", 4.0)]
    assert run(chart("treemap", x="region", agg="count")) == [("N", 3), ("S", 2)]


def test_waterfall_keeps_losses() -> None:
    steps = chart("waterfall", x="region", y="revenue", agg="sum")
    assert "HAVING" not in sql.select(steps, COLUMNS)
    assert "HAVING sum(revenue) > 0" in sql.select(chart("pie", x="region", y="revenue"), COLUMNS)
    assert run(steps) == [("N", 9.0), ("S", 6.0)]


def test_candles_open_with_the_first_and_close_with_the_last() -> None:
    rows = run(chart("candlestick", x="day", y="cases", grain="year"))
    assert [row[2:4] for row in rows] == [(22, 1)]
    priced = {name: column(name) for name in ("Open", "high", "low", "close")}
    text = sql.select(chart("candlestick", x="day"), COLUMNS | priced)
    assert text.startswith('SELECT day, "Open" AS open, high AS high, low AS low, close AS close')


@pytest.mark.parametrize("width", [0.01, 0.02, 0.05, 0.1, 0.2, 0.5])
def test_a_decimal_at_the_edge_of_a_bin_is_in_it(width: float) -> None:
    numbers = [round(n * width, 2) for n in range(1000)]
    query = sql.select(chart("histogram", x="revenue"), COLUMNS, sql.Bins(width))
    with duckdb.connect() as connection:
        connection.register("sales", pd.DataFrame({"revenue": numbers}))
        rows = connection.execute(query).fetchall()
    assert [(round(start, 2), count) for start, count in rows] == [(n, 1) for n in numbers]


def test_few_rows_have_few_bins() -> None:
    assert sql.bins(0, 100, 0, 100, whole=False, rows=16).width == 20
    assert sql.bins(0, 100, 0, 100, whole=False, rows=300).width == 5


def test_histogram_counts_each_row_once() -> None:
    assert run(chart("histogram", x="revenue"), sql.Bins(2)) == [(0, 1), (2, 2), (4, 2), (90, 1)]


def test_scatter_is_bounded_and_the_same_each_time() -> None:
    spec = chart("scatter", x="revenue", y="cases", limit=3)
    assert len(run(spec)) == 3
    assert run(spec) == run(spec)


def test_outer_bars_of_a_histogram_count_values_beyond_them() -> None:
    spec = chart("histogram", x="revenue")
    assert run(spec, sql.Bins(2, last=3)) == [(0, 1), (2, 2), (4, 2), (6, 1)]
    assert run(spec, sql.Bins(2, first=1, last=3)) == [(2, 3), (4, 2), (6, 1)]
    assert "all values above 8" in sql.select(spec, COLUMNS, sql.Bins(2, last=3))


def test_bins_do_not_reach_to_outliers() -> None:
    assert sql.bins(0, 100, -10, 150, whole=False) == sql.Bins(5)
    assert sql.bins(0, 100, -10, 10_000, whole=False) == sql.Bins(5, last=20)
    assert sql.bins(0.1, 1, -10, 2, whole=False) == sql.Bins(0.05, first=2, last=20)


@pytest.mark.parametrize(
    ("spec", "both", "total", "part"),
    [
        (chart("kpi", y="revenue", agg="sum"), [(9.0,)], [(9.0,)], [(6.0,)]),
        (chart("kpi", agg="count"), [(6,)], [(3,)], [(2,)]),
        (chart("bar", x="region", y="revenue", agg="sum"), [("S", 6)], [("N", 9)], [("S", 6)]),
        (chart("histogram", x="revenue"), [(0, 2), (90, 1)], [(0, 3)], [(0, 2)]),
    ],
)
def test_a_total_counts_once(spec: Chart, both: object, total: object, part: object) -> None:
    columns = COLUMNS | {"region": column("region", "text", "category", totals=("N",))}
    text = sql.select(spec, columns, sql.Bins(10))
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE rows(day DATE, region TEXT, k TEXT, revenue DOUBLE, n INT)"
        )
        connection.execute(f"INSERT INTO rows VALUES {ROWS}")
        for where, expected in (("true", both), ("region = 'N'", total), ("region = 'S'", part)):
            rows = f"WITH sales AS (SELECT * FROM rows WHERE {where})"
            assert connection.execute(f"{rows} {text}").fetchall() == expected


def test_share_is_the_percentage_of_a_flag() -> None:
    spec = chart("bar", x="region", y="Sub Kind", agg="share")
    columns = COLUMNS | {"Sub Kind": column("Sub Kind", "text", "flag", yes="a")}
    assert run(spec, columns=columns) == [("N", pytest.approx(200 / 3)), ("S", 50.0)]
    number = chart("kpi", y="revenue", agg="share")
    assert run(number) == [(100.0,)]


def test_kpi_with_a_grain_has_the_steps_to_the_latest() -> None:
    rows = run(chart("kpi", x="day", y="revenue", agg="sum", grain="month"))
    assert [value for _, value in rows] == [10.0, 95.0]


@pytest.mark.parametrize(
    ("weekdays", "last", "week"),
    [
        ("0123456", "2022-12-31", "2022-12-19"),  # without its Sunday
        ("0123456", "2023-01-01", "2022-12-26"),
        ("01234", "2022-12-30", "2022-12-26"),  # Friday is the end
        ("01234", "2022-12-29", "2022-12-19"),
        ("012345", "2022-12-31", "2022-12-26"),
    ],
)
def test_a_week_is_over_after_the_last_day_that_has_rows(
    weekdays: str, last: str, week: str
) -> None:
    days = pd.date_range("2022-01-04", last)  # a Tuesday
    frame = pd.DataFrame({"day": days[[str(day.day_of_week) in weekdays for day in days]]})
    spec = chart("line", x="day", agg="count", grain="week")
    spec = replace(spec, slack=axes.slack(spec, frame))
    spec = replace(spec, starts_late=axes.starts_late(spec, frame))
    query = sql.select(spec, {"day": column("day", "date", "time", grain="day")})
    with duckdb.connect() as connection:
        connection.register("sales", frame)
        rows = connection.execute(query).fetchall()
    assert (str(rows[0][0])[:10], str(rows[-1][0])[:10]) == ("2022-01-10", week)


def test_days_that_come_and_go_do_not_tell_when_a_week_is_over() -> None:
    days = pd.date_range("2022-01-01", "2022-12-31", freq="3D").to_frame(name="day")
    spec = chart("line", x="day", agg="count", grain="week")
    assert axes.slack(spec, days) is None
    assert axes.slack(spec, days.head(3)) is None


def test_an_unfinished_day_of_events_is_left_out() -> None:
    spec = chart("line", x="moment", agg="count", grain="day")
    columns = {"moment": column("moment", "datetime", "time", grain="hour")}
    text = sql.select(spec, columns)
    for last, days in (("2024-01-09 13:00", 8), ("2024-01-09 23:30", 9)):
        hours = f"SELECT moment FROM range(TIMESTAMP '2024-01-01', TIMESTAMP '{last}', INTERVAL 30 MINUTE) t(moment)"
        with duckdb.connect() as connection:
            assert len(connection.execute(f"WITH sales AS ({hours}) {text}").fetchall()) == days


def test_compared_columns_have_a_row_each() -> None:
    spec = chart("bar", x="measure", y="value", agg="sum", across=("revenue", "cases"))
    assert run(spec) == [("Revenue", 105.0), ("Cases", 76.0)]
    lines = chart(
        "line",
        x="day",
        y="value",
        agg="mean",
        color="measure",
        grain="year",
        across=("revenue", "cases"),
    )
    assert [row[1:] for row in run(lines)] == [("Cases", pytest.approx(76 / 6)), ("Revenue", 17.5)]
    groups = chart(
        "bar", x="region", y="value", agg="sum", color="measure", across=("revenue", "cases")
    )
    assert run(groups) == [
        ("N", "Cases", 33),
        ("N", "Revenue", 9),
        ("S", "Cases", 42),
        ("S", "Revenue", 6),
    ]


def test_only_one_value_is_charted() -> None:
    only = ("Sub Kind", "b")
    assert run(chart("bar", x="region", y="revenue", agg="sum", only=only)) == [
        ("N", 5.0),
        ("S", 2.0),
    ]
    assert run(chart("histogram", x="cases", only=only), sql.Bins(10)) == [(0, 1), (10, 1), (20, 1)]
    # The last day is that of the charted rows: other rows may have a later one.
    latest = chart("bar", x="region", y="cases", agg="last", only=("Sub Kind", "a"))
    assert run(latest) == [("S", 22), ("N", 11)]


def test_limited_lines_are_the_largest() -> None:
    spec = chart("line", x="day", y="revenue", agg="sum", color="region", limit=1)
    assert {row[1] for row in run(spec)} == {"N"}
    unlimited = replace(spec, limit=None)
    assert {row[1] for row in run(unlimited)} == {"N", "S"}


def months_of_daily_rows(last: str, first: str = "2023-01-01", **more: object) -> list[str]:
    """Return the months that a line of daily rows has."""
    spec = chart("line", x="day", y="revenue", agg="sum", grain="month", **more)
    rows = f"SELECT day, 1 AS revenue FROM range(DATE '{first}', DATE '{last}' + 1, INTERVAL 1 DAY) t(day)"
    with duckdb.connect() as connection:
        query = f"WITH sales AS ({rows}) {sql.select(spec, COLUMNS)}"
        result = connection.execute(query).fetchall()
    return [str(day)[:7] for day, *_ in result]


@pytest.mark.parametrize(
    ("last", "month"),
    [
        ("2023-08-09", "2023-07"),
        ("2023-08-31", "2023-08"),
        ("2023-08-29", "2023-08"),
        ("2023-02-10", "2023-02"),
    ],
)
def test_an_unfinished_month_is_left_out(last: str, month: str) -> None:
    assert months_of_daily_rows(last)[-1] == month


@pytest.mark.parametrize(
    ("first", "month"),
    [
        ("2023-01-20", "2023-02"),
        ("2023-01-04", "2023-01"),
        ("2022-12-31", "2023-01"),
        ("2023-07-10", "2023-07"),  # of less than three months, all are drawn
    ],
)
def test_a_first_month_that_began_before_the_data_is_left_out(first: str, month: str) -> None:
    assert months_of_daily_rows("2023-08-31", first, starts_late=True)[0] == month


def test_an_unfinished_month_stays_if_it_is_averaged() -> None:
    spec = chart("line", x="day", y="revenue", agg="mean", grain="month")
    assert "not over" not in sql.select(spec, COLUMNS)
    assert "not over" in sql.select(replace(spec, agg="sum"), COLUMNS)
    assert "not over" not in sql.select(replace(spec, agg="sum", grain="day"), COLUMNS)


def test_parts_are_used_by_a_category_that_the_total_lacks() -> None:
    columns = COLUMNS | {"region": column("region", "text", "geography", totals=("World",))}
    text = sql.select(chart("bar", x="Sub Kind", y="revenue", agg="sum"), columns)
    rows = """SELECT * FROM (VALUES ('Peru', 'south', 2.0), ('Chile', 'south', 3.0), ('Mali', 'north', 1.0),
        ('World', NULL, 6.0)) t(region, "Sub Kind", revenue)"""
    with duckdb.connect() as connection:
        result = connection.execute(f"WITH sales AS ({rows}) {text}").fetchall()
    assert [(name, float(value)) for name, value in result] == [("south", 5.0), ("north", 1.0)]


def test_bars_of_levels_are_in_their_order() -> None:
    columns = COLUMNS | {"cases": column("cases", "integer", "category")}
    rows = run(chart("bar", x="cases", y="revenue", agg="sum"), columns=columns)
    assert [row[0] for row in rows] == [1, 10, 11, 12, 20, 22]


def test_table_shows_the_latest_first() -> None:
    assert str(run(chart("table", limit=1))[0][0]) == "2024-02-01"


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ("revenue", "revenue"),
        ("Order Date", '"Order Date"'),
        ("order", '"order"'),
        ('a"b', '"a""b"'),
        ("x); DROP TABLE sales; --", '"x); DROP TABLE sales; --"'),
    ],
)
def test_quote(name: str, quoted: str) -> None:
    assert DUCKDB.quote(name) == quoted


@pytest.mark.parametrize(
    ("low", "high", "whole", "width"),
    [
        (0, 100, False, 5),
        (0, 1, False, 0.05),
        (0, 3, True, 1),
        (5, 5, False, 1),
        (0, 3e6, True, 100000),
    ],
)
def test_nice_width(low: float, high: float, whole: bool, width: float) -> None:
    assert sql.nice_width(low, high, whole) == width


def test_the_step_of_the_grain_auto_is_a_parameter() -> None:
    spec = chart("line", x="day", y="revenue", agg="sum", grain="auto")
    query = sql.select(spec, COLUMNS)
    assert query.startswith("SELECT date_trunc($grain, day) AS day")
    assert "without the last step" in query
    assert "without the first" not in query
    assert "without the first step" in sql.select(replace(spec, starts_late=True), COLUMNS)
    assert "step" not in sql.select(replace(spec, agg="mean"), COLUMNS)


def test_the_latest_of_each_category_is_its_own() -> None:
    table = pd.DataFrame(
        {
            "country": ["A", "A", "B", "B", "C"],
            "year": [2020, 2021, 2019, 2020, 2021],
            "people": [1.0, 2.0, 30.0, 40.0, None],
        }
    )
    columns = {column.name: column for column in describe(table, {})}
    spec = Chart("bar", "countries", "", x="country", y="people", agg="last")
    assert axes.ends_apart(spec, columns, table)
    assert not axes.ends_apart(spec, columns, table[table["year"] == 2020])
    query = sql.select(replace(spec, ends_apart=True), columns)
    assert latest(table, query) == {"A": 2.0, "B": 40.0}
    assert latest(table, sql.select(spec, columns)) == {"A": 2.0}


def latest(countries: pd.DataFrame, query: str) -> dict[str, float]:
    with duckdb.connect() as connection:
        connection.register("countries", countries)
        return {row[0]: row[-1] for row in connection.execute(query).fetchall()}


@pytest.mark.parametrize(
    ("rows_per_year", "last"),
    [
        ([8, 9, 9, 10, 2], 2003),  # the last year has rows of a few countries yet
        ([8, 9, 10, 2, 1], 2002),
        ([3, 4, 9, 10, 12, 1], 2004),  # there were fewer countries once
        ([9, 9, 9, 9, 6], 2004),
        ([9, 2, 9, 2, 9, 2], 2005),  # summer and winter games
        ([9, 9, 9, 9, 9, 9, 4, 3, 2, 1], 2009),  # what has declined, such as nuclear tests
        ([1, 1, 1, 1], 2003),
    ],
)
def test_a_last_year_of_few_rows_is_left_out(rows_per_year: list[int], last: int) -> None:
    rows = [
        (2000 + number, f"C{country}", 5)
        for number, count in enumerate(rows_per_year)
        for country in range(count)
    ]
    rows.append((2000 + len(rows_per_year), "C0", None))
    table = pd.DataFrame(rows, columns=["year", "country", "people"])
    columns = {column.name: column for column in describe(table, {})}
    spec = Chart("line", "countries", "", x="year", y="people", agg="sum")
    spec = replace(spec, ends_thinly=axes.ends_thinly(spec, columns, table))
    query = sql.select(spec, columns)
    assert ("without a last step" in query) == (last < 1999 + len(rows_per_year))
    assert max(latest(table, query)) == last
    broken = table.rename(columns={"year": 'fiscal\n"year'})
    columns = {column.name: column for column in describe(broken, {})}
    query = sql.select(replace(spec, x='fiscal\n"year'), columns)
    assert max(latest(broken, query)) == last


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([10**n for n in range(9)], "log scale"),
        ([0, *(10**n for n in range(9))], "log scale, without 0"),
        ([0, 0, 0, *(10**n for n in range(9))], ""),
        ([-1, *(10**n for n in range(9))], ""),
        ([*range(1, 5000)], ""),
        ([*range(60, 660), 90_000], "log scale"),
        ([*range(60, 660), 3000], ""),
        ([], ""),
    ],
)
def test_amounts_of_all_sizes_have_a_logarithmic_axis(values: list[int], words: str) -> None:
    scale = axes.log_scale(pd.Series(values, dtype="float64"))
    assert (scale.words if scale else "") == words
