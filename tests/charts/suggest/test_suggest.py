"""Suggest charts for kinds of data."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from flaskdash.charts.kinds import AGGREGATES, GRAINS, KINDS
from flaskdash.charts.suggest import filters, humanise, suggest
from flaskdash.inspect import Inspection
from flaskdash.names import capital
from tests.support.suggesting import Look, find, noise


def sales(look: Look) -> Inspection:
    return look(
        "Order ID,Order Date,Region,Category,Zip,Sales,Discount,Same",
        lambda i: (
            f"CA-{i},{2020 + i // 360}-{i // 30 % 12 + 1:02}-{i % 28 + 1:02},"
            f"{['East', 'West', 'South', 'North', 'East'][noise(i, 5)]},{'ABCDEFG'[noise(i, 7)]},"
            f"0{noise(i, 89) + 1000},{noise(i)}.5,0.{noise(i, 5)},x"
        ),
        720,
    )


def test_sales_get_a_trend_and_breakdowns_first(look: Look) -> None:
    charts = suggest(sales(look), "orders")
    assert find(charts, "line", x="Order Date", y="Sales", agg="sum", grain="week", color=None) == [
        0
    ]
    assert min(find(charts, "bar", x="Region")) < 4
    assert min(find(charts, "bar", x="Category")) < 6
    assert charts[0].title == "Sales over time"
    assert {"Sales by region", "Sales by category"} & {chart.title for chart in charts[:3]}


def test_rates_average_and_codes_are_never_measures(look: Look) -> None:
    charts = suggest(sales(look), "orders")
    used = {name for chart in charts for name in (chart.x, chart.y, chart.color)}
    assert not used & {"Order ID", "Zip", "Same"}
    assert all(chart.agg == "mean" for chart in charts if chart.y == "Discount" and chart.agg)


def test_list_ends_in_the_table_and_the_kpis(look: Look) -> None:
    charts = suggest(sales(look), "orders")
    kinds = [chart.kind for chart in charts]
    table = kinds.index("table")
    assert "kpi" not in kinds[:table]
    assert set(kinds[table + 1 :]) == {"kpi"}
    assert 2 <= len(kinds) - table - 1 <= 4
    assert "Total sales" in {chart.title for chart in charts[table:]}


def test_charts_fit_their_kinds(look: Look) -> None:
    inspection = sales(look)
    charts = suggest(inspection, "orders")
    names = {column.name for column in inspection.columns}
    for chart in charts:
        kind = KINDS[chart.kind]
        assert chart.data == "orders"
        assert all(getattr(chart, field) for field in kind.needs)
        flags = {f for f in ("x", "y", "agg", "color", "grain", "limit") if getattr(chart, f)}
        assert flags <= {*kind.needs, *kind.takes}
        assert {chart.x, chart.y, chart.color} - {None} <= names
        assert chart.agg in (None, *AGGREGATES)
        assert chart.grain in (None, *GRAINS)
        assert chart.reason
        if chart.y is None and chart.kind in ("line", "bar", "kpi"):
            assert chart.agg == "count"
    titles = [chart.title.lower() for chart in charts]
    assert len(set(titles)) == len(titles)
    assert suggest(inspection, "orders") == charts


def test_prices_of_several_things_are_split_by_colour(look: Look) -> None:
    inspection = look(
        "symbol,date,price",
        lambda i: (
            f"{['MSFT', 'AMZN', 'IBM'][i % 3]},{2000 + i // 36}-{i // 3 % 12 + 1:02}-01,{noise(i)}.25"
        ),
    )
    charts = suggest(inspection, "stocks")
    assert find(charts, "line", y="price", agg="mean", color="symbol", grain="month") == [0]
    # Each symbol has one row a month, so counting rows says nothing.
    assert not find(charts, "bar", agg="count")
    assert not find(charts, "line", agg="count")


def test_measurements_without_time_get_scatter_histogram_and_counts(look: Look) -> None:
    inspection = look(
        "species,island,bill_length_mm,bill_depth_mm",
        lambda i: (
            f"{['A', 'A', 'B', 'C'][noise(i, 4)]},{['X', 'X', 'Y'][noise(i, 3)]},"
            f"{30 + noise(i, 50)}.1,{15 + noise(i, 50) / 3 + noise(i, 11):.2f}"
        ),
    )
    charts = suggest(inspection, "birds")
    assert find(charts[:6], "scatter", color="species")
    assert find(charts, "histogram")
    assert find(charts, "bar", agg="count", y=None)
    assert "Birds by species" in {chart.title for chart in charts}


def test_rows_are_counted_if_nothing_can_be_measured(look: Look) -> None:
    inspection = look(
        "zip_code,latitude,longitude,state",
        lambda i: (
            f"0{i + 1000},{40 + noise(i, 9)}.5,{-70 - noise(i, 9)}.5,{['NY', 'NY', 'NJ', 'CT'][noise(i, 4)]}"
        ),
    )
    charts = suggest(inspection, "zips")
    assert find(charts[:3], "bar", x="state", agg="count")
    assert find(charts, "map", x="longitude", y="latitude")
    assert not any(chart.kind == "histogram" or chart.agg == "mean" for chart in charts)


def test_many_values_are_limited_and_ids_are_skipped(look: Look) -> None:
    inspection = look(
        "player,salary",
        lambda i: f"Player {chr(65 + i % 26)}{'abcdefgh'[i // 26]} Doe,{noise(i) + 1}000",
    )
    charts = suggest(inspection, "nba")
    assert find(charts, "bar", x="player", y="salary", limit=15) == [0]
    inspection = look("user_id,event,ms", lambda i: f"u{i:05},{'abc'[noise(i, 3)]},{noise(i)}")
    assert not any(chart.x == "user_id" for chart in suggest(inspection, "log"))


def test_years_are_the_time_axis(look: Look) -> None:
    inspection = look(
        "country,continent,year,lifeExp,pop",
        lambda i: (
            f"C{i % 20},{'ABC'[i % 20 % 3]},{1950 + i // 20 * 5},{40 + noise(i, 40)}.5,{noise(i)}000"
        ),
        240,
    )
    charts = suggest(inspection, "gap")
    assert find(charts[:3], "line", x="year", y="lifeExp", agg="mean", color="continent")
    assert not any("year" in (chart.y, chart.color) for chart in charts)


def test_cumulative_cases_are_not_summed_over_time(look: Look) -> None:
    inspection = look(
        "date,state,cases",
        lambda i: (
            f"2020-{i // 4 // 28 + 1:02}-{i // 4 % 28 + 1:02},{'ABCD'[i % 4]},{i // 4 * 10 + i % 4}"
        ),
        400,
    )
    charts = suggest(inspection, "covid")
    assert all(chart.agg == "last" for chart in charts if chart.y == "cases" and chart.agg)
    assert find(charts, "bar", x="state", agg="last")


@pytest.mark.parametrize(
    ("days", "grain"), [(60, "day"), (1500, "month"), (400, "week"), (9000, "quarter")]
)
def test_lines_have_a_readable_number_of_points(look: Look, days: int, grain: str) -> None:
    start = date(1990, 1, 1)
    inspection = look("day,kwh", lambda i: f"{start + timedelta(days=i)},{noise(i)}", days)
    assert suggest(inspection, "power")[0].grain == grain


def test_declined_data_gets_only_the_table(look: Look) -> None:
    inspection = look("id,description", lambda i: f"{i},{'long words about it ' * 5}{i}")
    assert [chart.kind for chart in suggest(inspection, "texts")] == ["table"]
    assert filters(inspection) == ()


def test_one_column_and_hostile_names_are_fine(look: Look) -> None:
    assert suggest(look("x", lambda i: str(noise(i))), "one")
    inspection = look(
        '"\'; drop",[a].b,</script>', lambda i: f"{noise(i, 4)},{noise(i)}.5,{'xyz'[noise(i, 3)]}"
    )
    assert suggest(inspection, "bad")
    assert filters(inspection)


def test_filters_begin_with_time_and_are_small(look: Look) -> None:
    names = filters(sales(look))
    assert names[0] == "Order Date"
    assert set(names[1:]) >= {"Region", "Category"}
    assert len(names) <= 4


def test_larger_categories_are_filters_if_few_are_small(look: Look) -> None:
    def line(i: int) -> str:
        return f"Player {noise(i, 300)},Club {noise(i, 90)},{noise(i, 1000)}.5,{'abc'[noise(i, 3)]}"

    assert filters(look("player,club,pay,league", line, 2000)) == ("league", "club")
    without = look("player,club,pay", lambda i: line(i).rpartition(",")[0], 2000)
    assert filters(without) == ("club", "player")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("temp_max", "temp max"),
        ("OrderDate", "order date"),
        ("Order Date", "order date"),
        ("Sub-Category", "sub-category"),
        ("capital-gain", "capital gain"),
        ("hours-per-week", "hours per week"),
        ("Mining-revenue-USD", "mining revenue ($)"),
        ("check-in", "check-in"),
        ("e-mail opened", "e-mail opened"),
        ("Petal.Length", "petal length"),
        ("U.S.", "U.S"),
        ("GDP per Capita", "GDP per capita"),
        ("GDPGrowth", "GDP growth"),
        ("TOTAL_SALES", "total sales"),
        ("FY2021", "FY2021"),
        ("RevPAR", "RevPAR"),
        ("iPhone", "iPhone"),
        ("GitHub", "GitHub"),
        ("pH", "pH"),
        ("orderDate", "order date"),
        ("customerID", "customer ID"),
        ("totalGDP", "total GDP"),
        ("gdp_growth", "GDP growth"),
        ("sales2024", "sales 2024"),
        ("exam2", "exam2"),
        ("USA total", "USA total"),
        ("  padded ", "padded"),
        ("How old are you?", "\u201cHow old are you?\u201d"),
        ("Attending?", "attending"),
        ("___", "___"),
        ("é", "é"),
    ],
)
def test_humanise(name: str, words: str) -> None:
    assert humanise(name) == words


@pytest.mark.parametrize(
    ("text", "expected"),
    [("sales", "Sales"), ("iPhone sales", "iPhone sales"), ("pH by day", "pH by day"), ("", "")],
)
def test_titles_begin_with_a_capital(text: str, expected: str) -> None:
    assert capital(text) == expected


def test_humanise_limits_the_length() -> None:
    assert len(humanise("word " * 50)) <= 60
