"""Test each rule of the suggestions on data made for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import duckdb
import pandas as pd
import pytest

from flaskdash.charts import sql
from flaskdash.charts.check import check
from flaskdash.charts.kinds import Chart
from flaskdash.charts.suggest import filters, suggest
from flaskdash.inspect import Inspection
from flaskdash.inspect.meaning.roles import describe
from flaskdash.inspect.model import Read
from tests.support.suggesting import Look, find, noise


def suggested(frame: pd.DataFrame) -> list[Chart]:
    return suggest(inspected(frame), "data")


def inspected(frame: pd.DataFrame) -> Inspection:
    return Inspection("x.csv", Read("csv"), describe(frame, {}), "", frame, total=len(frame))


def frame(rows: int, **columns: Callable[[int], object]) -> pd.DataFrame:
    """Return a frame with that many rows; each column is a function of the row number."""
    return pd.DataFrame({name: [make(i) for i in range(rows)] for name, make in columns.items()})


def day(number: int) -> pd.Timestamp:
    """Return the day that many days after the first of 2022."""
    return pd.Timestamp(date(2022, 1, 1) + timedelta(days=number))


def employees(attrition: Callable[[int], object]) -> pd.DataFrame:
    return frame(
        400,
        Age=lambda i: 20 + noise(i, 40),
        Attrition=attrition,
        Department=lambda i: ["Sales", "HR", "IT"][i % 3],
        Floor=lambda i: ["first", "second", "third"][noise(i, 3)],
        MonthlyIncome=lambda i: 2000 + noise(i, 5003),
    )


def test_an_outcome_is_charted_as_a_share() -> None:
    charts = suggested(employees(lambda i: "Yes" if noise(i, 10) < 2 + 5 * (i % 3 == 0) else "No"))
    (place,) = find(charts[:6], "bar", x="Department", y="Attrition", agg="share")
    assert charts[place].title == "Attrition rate by department"
    assert "from" in charts[place].reason
    assert find(charts, "kpi", y="Attrition", agg="share")
    # The age of people comes before their income.
    assert find(charts, "histogram")[0] == find(charts, "histogram", x="Age")[0]


def test_a_flag_that_is_hardly_ever_true_has_no_share() -> None:
    charts = suggested(employees(lambda i: "Yes" if i == 7 else "No"))
    assert not find(charts, "bar", agg="share")


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("is_canceled", "Share canceled by team"),
        ("readmitted", "Share readmitted by team"),
        ("churn", "Churn rate by team"),
        ("treatment", "Share with treatment by team"),
    ],
)
def test_a_share_is_called_by_its_flag(name: str, title: str) -> None:
    table = frame(
        300,
        team=lambda i: "abc"[i % 3],
        cost=lambda i: noise(i, 500) + 0.5,
        flag=lambda i: int(noise(i, 10) < 3),
    )
    charts = suggested(table.rename(columns={"flag": name}))
    assert title in {chart.title for chart in charts[:6]}


def counters(**more: Callable[[int], object]) -> pd.DataFrame:
    return frame(
        300,
        Date=day,
        **{
            name: (lambda i, k=k: 100 * k + noise(i * k, 997))
            for k, name in enumerate(["Berri", "Rachel", "Du Parc", "Pierre"], 1)
        },
        **more,
    )


def test_columns_that_measure_the_same_are_compared() -> None:
    charts = suggested(counters())
    names = ("Berri", "Rachel", "Du Parc", "Pierre")
    assert find(charts, "line", x="Date", color="measure", across=names, agg="sum") == [0]
    (bars,) = find(charts[:4], "bar", x="measure", y="value", across=names, agg="sum")
    assert charts[bars].title == "Total of Berri, Rachel and 2 more"
    columns = {column.name: column for column in inspected(counters()).columns}
    assert check(charts[0], columns) == charts[0]


@pytest.mark.parametrize("levels", [(7.808, 8.106, 7.351, 6.573), (1.03, 1.11, 1.27, 1.36)])
def test_few_values_that_were_measured_are_no_categories(levels: tuple[float, ...]) -> None:
    table = frame(
        400,
        unemployment=lambda i: levels[i % 4],
        price=lambda i: 10 * levels[i % 4] + noise(i, 50) / 10,
        dose=lambda i: (0.5, 1.0, 2.0, 2.25)[i // 3 % 4],
    )
    charts = suggested(table)
    assert not [c for c in charts if c.kind in ("bar", "box") and "unemployment" in (c.x, c.by)]
    table["price"] = table["dose"] * 9 + table["price"] / 10
    assert find(suggested(table), "box", y="price", x="dose")


def test_years_are_compared_in_their_order_and_the_latest_leads() -> None:
    years = {
        f"density_{year}": (lambda i, year=year: 20 + noise(i, 400) + (2030 - year) / 7)
        for year in range(1996, 2022, 5)
    }
    table = frame(200, town=lambda i: f"t{i}", kind=lambda i: "abc"[noise(i, 3)], **years)
    charts = suggested(table)
    (bars,) = find(charts, "bar", across=tuple(years), x="measure")
    assert charts[bars].title == "Average density, 1996 to 2021"
    columns = {column.name: column for column in inspected(table).columns}
    assert sql.select(charts[bars], columns).endswith("\nORDER BY 1")
    single = next(c for c in charts if c.y and c.y.startswith("density_") and not c.across)
    assert "density_2021" in (single.x, single.y)


def test_a_column_that_is_the_sum_of_the_others_is_not_compared_with_them() -> None:
    table = counters()
    table["Everywhere"] = table[["Berri", "Rachel", "Du Parc", "Pierre"]].sum(axis="columns")
    assert "Everywhere" not in suggested(table)[0].across


def test_names_that_begin_alike_make_a_group_of_any_width() -> None:
    table = frame(
        200,
        who=lambda i: f"r{i}x{noise(i)}",
        group=lambda i: "abc"[noise(i, 3)],
        **{
            f"How much do you like the traditional cuisine of {name}?": (
                lambda i, k=k: noise(i * k, 5) + 1
            )
            for k, name in enumerate(["Algeria", "Brazil", "China", "Denmark"], 3)
        },
    )
    charts = suggested(table)
    compared = next(chart for chart in charts[:3] if chart.across)
    assert compared.kind == "bar"
    assert len(compared.across) == 4
    assert compared.agg == "mean"
    assert compared.title == "Average traditional cuisine: Algeria, Brazil and 2 more"
    assert max(len(chart.title) for chart in charts) < 90


def test_measures_of_different_meaning_are_not_compared() -> None:
    table = frame(
        300,
        date=day,
        precipitation=lambda i: noise(i, 31) / 10,
        temperature=lambda i: 5 + noise(i, 200) / 10,
        wind=lambda i: noise(i, 90) / 10,
        pressure=lambda i: 8 + noise(i, 70) / 10,
    )
    assert not any(chart.across for chart in suggested(table))


def test_columns_with_different_names_are_compared_only_if_they_correlate() -> None:
    table = frame(
        100,
        growth=lambda i: noise(i, 91) / 10,
        trade=lambda i: noise(i * 7 + 3, 83) / 10,
        coups=lambda i: noise(i * 13 + 5, 89) / 10,
    )
    assert not [chart for chart in suggested(table) if chart.across]
    table["trade"], table["coups"] = table["growth"] * 1.5 + 1, table["growth"] * 0.7 + 2
    assert [chart for chart in suggested(table) if chart.across]


def test_means_that_do_not_differ_are_not_drawn() -> None:
    table = frame(
        120,
        child=lambda i: f"C{i // 4:02d}",
        visit_age=lambda i: [8.5, 10.5, 12.5, 14.5][i % 4],
        distance=lambda i: 20.5 + noise(i, 71) / 10,
    )
    charts = suggested(table)
    assert find(charts, "bar", x="child", y="visit_age") == []
    assert find(charts, "bar", x="child", y="distance")


def test_a_flag_of_demography_is_not_an_outcome() -> None:
    table = frame(
        300,
        vote=lambda i: int(noise(i, 10) < 7),
        school=lambda i: "abc"[noise(i * 3, 3)],
        female=lambda i: int(noise(i * 5, 10) < 5),
    )
    shared = {chart.y for chart in suggested(table) if chart.agg == "share"}
    assert shared == {"vote"}


def test_readings_of_a_sensor_are_not_counted_over_time() -> None:
    table = pd.DataFrame(
        {
            "at": pd.date_range("2024-01-01", periods=3000, freq="5min"),
            "glucose": [100 + noise(i, 67) / 2 for i in range(3000)],
        }
    )
    assert find(suggested(table), "line", agg="count") == []


def test_contents_of_items_are_averaged() -> None:
    table = frame(
        80,
        item=lambda i: f"Sandwich of the {i}th kind",
        kind=lambda i: "abcd"[noise(i, 4)],
        calories=lambda i: 80 + noise(i, 397),
        sales=lambda i: noise(i * 3, 997),
    )
    charts = suggested(table)
    assert find(charts, "bar", y="calories", agg="sum") == []
    assert find(charts, "bar", y="sales", agg="mean") == []


def test_compared_levels_are_not_added_up() -> None:
    table = frame(
        200,
        month=day,
        **{
            name: (lambda i, k=k: 9000 + k * 500 + noise(i * (k + 1), 2903))
            for k, name in enumerate(["Acme", "Bolt", "Cog"])
        },
    )
    compared = [chart for chart in suggested(table) if chart.across]
    assert compared
    assert {chart.agg for chart in compared} == {"mean"}


def test_budgeted_and_actual_are_compared() -> None:
    table = frame(
        45,
        Department=lambda i: ["Police", "Fire", "Parks", "Library", "Streets"][i % 5],
        Item=lambda i: ["Salaries", "Supplies", "Capital"][i // 5 % 3],
        Budgeted=lambda i: 100.5 + noise(i, 900),
        Actual=lambda i: 90.25 + noise(i, 900),
    )
    (pair,) = [chart for chart in suggested(table) if chart.across]
    assert (pair.kind, pair.across, pair.agg) == ("bar", ("Budgeted", "Actual"), "sum")


def test_lowest_and_highest_share_a_line_chart_and_no_scatter() -> None:
    table = frame(
        400,
        date=day,
        temp_max=lambda i: 15 + noise(i, 90) / 10,
        temp_min=lambda i: 5 + noise(i, 90) / 10,
        weather=lambda i: ["sun", "rain", "rain"][noise(i, 3)],
    )
    table["temp_min"] = table["temp_max"] - 5 - table["temp_min"] / 10
    charts = suggested(table)
    compared = next(chart for chart in charts if chart.across)
    assert set(compared.across) == {"temp_max", "temp_min"}
    assert compared.kind == "line"
    assert not find(charts, "scatter")
    # With a row for each day, days are counted by their weather, but not over time.
    assert find(charts, "bar", x="weather", agg="count")
    assert not find(charts, "line", agg="count")


def indicators() -> pd.DataFrame:
    scale = {"Life satisfaction": 1, "Household wealth": 10_000, "Air pollution": 30}
    return pd.DataFrame(
        [
            (f"Land {c}", name, size * (1 + noise(c * size, 50) / 50))
            for name, size in scale.items()
            for c in range(20)
        ],
        columns=["Country", "Indicator", "Value"],
    )


def test_each_indicator_is_charted_by_itself() -> None:
    charts = [chart for chart in suggested(indicators()) if chart.kind not in ("table", "kpi")]
    assert charts
    assert {chart.only[0] for chart in charts if chart.only} == {"Indicator"}
    assert all(chart.only and "value" not in chart.title.lower().split() for chart in charts)
    assert len({chart.only for chart in charts[:3]}) == 3
    assert not any(chart.agg == "sum" for chart in charts)


def test_a_single_indicator_needs_no_condition() -> None:
    table = indicators()
    assert not any(chart.only for chart in suggested(table[table["Indicator"] == "Air pollution"]))


def test_the_highest_of_many_series_have_lines() -> None:
    table = pd.DataFrame(
        [
            (f"Land {c}", year, 1.5 + noise(c, 50) + year / 100)
            for c in range(30)
            for year in range(1990, 2020)
        ],
        columns=["country", "year", "hectares per person"],
    )
    charts = suggested(table)
    (lines,) = find(charts[:3], "line", color="country", limit=8, agg="mean")
    assert charts[lines].title.endswith("by country (top 8)")
    assert find(charts, "bar", x="country", agg="last")[0] < 3


def quakes(**more: Callable[[int], object]) -> pd.DataFrame:
    start = datetime(2024, 5, 1)
    return frame(
        500,
        time=lambda i: pd.Timestamp(start + timedelta(minutes=i * 20 + noise(i, 19))),
        magnitude=lambda i: noise(i, 60) / 10 + 0.1,
        kind=lambda i: ["quake", "quake", "blast", "quake"][noise(i, 4)],
        **more,
    )


def test_events_are_counted_over_time() -> None:
    charts = suggested(quakes())
    assert find(charts[:6], "line", x="time", agg="count", color=None)
    assert find(charts, "bar", x="kind", agg="count")[0] < 6
    assert find(charts, "histogram", x="magnitude")[0] < 6


def test_few_values_have_bars_and_no_histogram() -> None:
    charts = suggested(quakes(power_kw=lambda i: [3.7, 7.4, 11.0, 22.0, 50.0][noise(i, 5)]))
    assert find(charts, "bar", x="power_kw", agg="count")
    assert not find(charts, "histogram", x="power_kw")


def test_nearly_constant_categories_compare_nothing() -> None:
    charts = suggested(quakes(network=lambda i: "us" if i % 100 else "ak"))
    assert not any("network" in (chart.x, chart.color) for chart in charts)


def orders(price: Callable[[int], float]) -> pd.DataFrame:
    items = ["Bowl", "Burrito", "Chips", "Salad", "Tacos"]
    return frame(
        300,
        order_id=lambda i: i // 3,
        quantity=lambda i: 1 + noise(i, 5) // 3,
        item=lambda i: items[noise(i, 5)],
        item_price=price,
    )


def test_a_price_that_grows_with_the_quantity_adds_up() -> None:
    prices = [8.75, 9.25, 2.15, 7.4, 6.5]
    of_line = orders(lambda i: prices[noise(i, 5)] * (1 + noise(i, 5) // 3))
    of_piece = orders(lambda i: prices[noise(i, 5)])
    # The quantity must not depend on the item.
    for table in (of_line, of_piece):
        table["quantity"] = [1 + noise(i, 2) for i in range(300)]
    of_line["item_price"] = of_piece["item_price"] * of_line["quantity"]
    assert find(suggested(of_line), "bar", x="item", y="item_price", agg="sum")
    assert find(suggested(of_piece), "bar", x="item", y="item_price", agg="mean")
    assert not find(suggested(of_piece), "bar", y="item_price", agg="sum")


@pytest.mark.parametrize("name", ["Beat", "Ward", "Police District", "Community Area", "precinct"])
def test_numbers_of_places_are_never_measures(name: str) -> None:
    table = frame(
        600,
        when=lambda i: day(noise(i, 300)),
        kind=lambda i: ["theft", "theft", "fraud"][noise(i, 3)],
        code=lambda i: 100 + noise(i, 250),
    ).rename(columns={"code": name})
    assert not any(
        chart.y == name or (chart.kind == "histogram" and chart.x == name)
        for chart in suggested(table)
    )


def test_a_column_of_years_is_not_a_category_beside_dates() -> None:
    table = frame(
        730,
        date=day,
        Yr=lambda i: 2022 + i // 365,
        Mo=lambda i: day(i).month,
        wind=lambda i: noise(i, 90) / 10,
    )
    charts = suggested(table)
    assert not any("Yr" in (chart.x, chart.color) for chart in charts)
    assert find(charts, "bar", x="Mo", agg="mean")


def test_items_with_several_measures_get_a_scatter() -> None:
    budget = [1_000_000 + noise(i, 997) * 100_000 for i in range(300)]
    table = frame(
        300,
        Title=lambda i: f"Film {i}",
        Genre=lambda i: ["Drama", "Comedy", "Action", "Horror", "Western"][noise(i, 5)],
        **{
            "Production Budget": lambda i: budget[i],
            "Worldwide Gross": lambda i: budget[i] * 2 + noise(i, 503) * 200_000,
            "Rating": lambda i: noise(i, 90) / 10,
        },
    )
    charts = suggested(table)
    both = {"Production Budget", "Worldwide Gross"}
    assert [c for c in charts[:6] if c.kind == "scatter" and {c.x, c.y} == both]
    assert find(charts, "bar", x="Genre", y="Worldwide Gross")


def test_a_value_of_unknown_meaning_is_never_added_up() -> None:
    table = pd.DataFrame(
        [
            (f"Land {c}", y, 20_000 + noise(c * y, 900))
            for c in range(12)
            for y in range(2000, 2023)
        ],
        columns=["geo", "TIME_PERIOD", "OBS_VALUE"],
    )
    assert {chart.agg for chart in suggested(table) if chart.y == "OBS_VALUE"} <= {"mean", "last"}


@pytest.mark.parametrize(
    ("name", "values", "agg"),
    [
        ("points", lambda i: 80 + noise(i, 20), "mean"),
        ("points", lambda i: noise(i, 5) * noise(i + 9, 40), "sum"),
        ("total_phenols", lambda i: 1 + noise(i, 30) / 10, "mean"),
        ("total_amount", lambda i: noise(i, 20) * noise(i + 9, 40) + 0.5, "sum"),
        ("hardness", lambda i: 40 + noise(i, 50), "mean"),
        ("orders received", lambda i: noise(i, 7) * noise(i + 9, 40), "sum"),
        ("balance change", lambda i: noise(i, 90) - 40, "mean"),
        ("time spent here", lambda i: 3 + noise(i, 5), "mean"),
        ("time spent here", lambda i: noise(i, 5) * noise(i + 9, 40), "sum"),
    ],
)
def test_values_decide_how_a_doubtful_name_is_aggregated(
    name: str, values: Callable[[int], object], agg: str
) -> None:
    table = frame(200, shape=lambda i: "abc"[i % 3], measure=values).rename(
        columns={"measure": name}
    )
    assert describe(table, {})[1].agg == agg


def test_persons_names_are_not_counted(look: Look) -> None:
    inspection = look(
        "first_name,last_name,country",
        lambda i: (
            f"{'ABCDEFGHIJ'[noise(i, 10)]}nn,{'KLMNOP'[noise(i, 6)]}oe,{'XYZ'[noise(i * i, 3)]}land"
        ),
    )
    charts = suggest(inspection, "people")
    assert find(charts, "bar", x="country", agg="count")
    assert not any(chart.x in ("first_name", "last_name") for chart in charts)


def test_the_latest_month_comes_after_the_total() -> None:
    table = frame(
        400,
        date=day,
        region=lambda i: ["North", "South", "East"][noise(i, 3)],
        revenue=lambda i: noise(i, 5003) + 0.5,
    )
    kpis = [chart for chart in suggested(table) if chart.kind == "kpi"]
    assert [chart.title for chart in kpis] == [
        "Total revenue",
        "Revenue in the latest month",
    ]
    assert (kpis[1].x, kpis[1].y, kpis[1].agg, kpis[1].grain) == ("date", "revenue", "sum", "month")


def test_an_indicator_whose_name_needs_escaping_is_left_out() -> None:
    table = indicators().replace({"Indicator": {"Air pollution": "Air \\' pollution"}})
    names = {chart.only[1] for chart in suggested(table) if chart.only}
    assert names == {"Life satisfaction", "Household wealth"}


def test_hundreds_of_columns_are_not_compared() -> None:
    table = frame(40, **{f"gene_{n}": (lambda i, n=n: noise(i * n, 97) / 7) for n in range(120)})
    assert not any(chart.across for chart in suggested(table))


def test_a_minimum_is_never_added_up() -> None:
    table = frame(
        200,
        host=lambda i: "abc"[i % 3],
        minimum_nights=lambda i: 1 + noise(i, 4) * noise(i + 5, 30),
    )
    assert describe(table, {})[1].agg == "mean"


def test_a_measure_that_hardly_changes_is_a_level() -> None:
    table = frame(120, month=day, jobs=lambda i: 130_000 + 40 * i + noise(i, 100))
    assert describe(table, {})[1].agg == "last"


def test_dates_of_birth_are_not_a_time_axis() -> None:
    table = frame(
        300,
        name=lambda i: f"n{noise(i)}",
        birthdate=lambda i: day(noise(i, 290)),
        country=lambda i: "XYZ"[noise(i * i, 3)],
        salary=lambda i: 2000 + noise(i, 5003) + 0.5,
    )
    assert not any(chart.x == "birthdate" for chart in suggested(table))


def test_countries_and_states_get_a_map() -> None:
    names = ["France", "Spain", "Italy", "Poland", "Greece", "Norway", "Chile", "Peru", "Atlantis"]
    table = frame(90, land=lambda i: names[i % 9], year=lambda i: 2010 + i // 9, price=noise)
    (drawn,) = [chart for chart in suggested(table) if chart.kind == "choropleth"]
    assert (drawn.x, drawn.y, drawn.agg) == ("land", "price", "last")
    assert drawn.title == "Latest price by land on the map"
    assert check(drawn, {c.name: c for c in inspected(table).columns}) == drawn
    codes = ["TX", "CA", "NY", "WA", "OH", "FL", "UT", "ME"]
    counted = frame(200, where=lambda i: codes[noise(i, 6) + i % 3])
    assert [c.agg for c in suggested(counted) if c.kind == "choropleth"] == ["count"]
    few = frame(90, land=lambda i: names[i % 5], price=noise)
    teams = frame(90, team=lambda i: f"Team {'ABCDEFGHI'[i % 9]}", price=noise)
    assert not [c for table in (few, teams) for c in suggested(table) if c.kind == "choropleth"]


def test_points_far_apart_get_a_map_and_near_ones_a_scatter() -> None:
    def drawn(wide: float) -> Chart:
        table = frame(
            80, lon=lambda i: noise(i) * wide, lat=lambda i: noise(i, 50) * wide, visits=noise
        )
        return next(chart for chart in suggested(table) if "lon" in (chart.x, chart.y))

    assert (drawn(0.5).kind, drawn(0.5).size, drawn(0.5).title) == (
        "map",
        "visits",
        "Visits on the map",
    )
    assert (drawn(0.002).kind, drawn(0.002).size) == ("scatter", None)


def test_a_box_shows_the_groups_that_differ() -> None:
    table = frame(
        200,
        colour=lambda i: "red blue".split()[noise(i, 2)],
        species=lambda i: "ABC"[i % 3],
        weight=lambda i: 100.5 * (i % 3) + noise(i, 40),
    )
    (box,) = [chart for chart in suggested(table) if chart.kind == "box"]
    assert (box.x, box.y) == ("species", "weight")
    assert "species explains 9" in box.reason
    alike = frame(200, species=lambda i: "ABC"[i % 3], weight=lambda i: 10.5 + i // 3)
    assert not [chart for chart in suggested(alike) if chart.kind == "box"]


def test_a_grid_gets_a_heat_map() -> None:
    days = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
    rota = frame(168, weekday=lambda i: days[i // 24], hour=lambda i: i % 24, visits=noise)
    (drawn,) = [chart for chart in suggested(rota) if chart.kind == "heatmap"]
    assert (drawn.x, drawn.by, drawn.y, drawn.agg) == ("hour", "weekday", "visits", "sum")
    matrix = frame(
        48, shop=lambda i: "ABCDEFGH"[i // 6], kind=lambda i: "UVWXYZ"[i % 6], sales=noise
    )
    assert [c.title for c in suggested(matrix) if c.kind == "heatmap"] == ["Sales by shop and kind"]
    events = frame(
        480,
        shop=lambda i: "ABCDEFGH"[noise(i, 8)],
        kind=lambda i: "UVWXYZ"[noise(i, 6)],
        sales=noise,
    )
    assert not [chart for chart in suggested(events) if chart.kind == "heatmap"]


def test_compared_columns_get_a_heat_map_by_a_unique_category() -> None:
    columns = {
        f"{name}_use": (lambda i, n=n: 5.5 + noise(i + n, 30)) for n, name in enumerate("abcdef")
    }
    table = frame(16, age=lambda i: f"{10 + i}-{11 + i}", **columns)
    (drawn,) = [chart for chart in suggested(table) if chart.kind == "heatmap"]
    assert (drawn.x, drawn.by, len(drawn.across)) == ("age", "measure", 6)


def test_four_prices_of_each_day_get_a_candlestick() -> None:
    table = frame(
        300,
        Date=day,
        **{
            name: (lambda i, n=n: 50.5 + noise(i + n, 30))
            for n, name in enumerate(["Open", "High", "Low", "Close"])
        },
        Volume=noise,
    )
    first, second = suggested(table)[:2]
    candles = first if first.kind == "candlestick" else second
    assert (candles.kind, candles.x, candles.grain) == ("candlestick", "Date", "week")
    assert "Close" in (first.y, second.y)
    check(candles, {c.name: c for c in inspected(table).columns})


def test_a_measure_that_repeats_another_has_no_charts_of_its_own() -> None:
    table = frame(
        60,
        player=lambda i: f"Player {'ABCDEFGHIJ'[i % 10]}{'KLMNOP'[i // 10]}",
        **{
            "2023": lambda i: 1000 * noise(i, 900) + 5,
            "2023(*)": lambda i: 1030 * noise(i, 900) + 6,
        },
    )
    charts = suggest(inspected(table), "mlb_salaries_2023")
    assert charts[0].title == "MLB salaries 2023 by player (top 15)"
    assert not [c for c in charts if "2023(*)" in (c.x, c.y) and c.kind in ("bar", "histogram")]


def test_charges_of_persons_are_averaged() -> None:
    table = frame(
        120,
        sex=lambda i: "mf"[noise(i, 2)],
        age=lambda i: 20 + noise(i, 9),
        smoker=lambda i: "yn"[i % 2],
        charges=lambda i: 100.5 + noise(i, 1000),
    )
    assert {
        chart.agg for chart in suggested(table) if chart.kind == "bar" and chart.y == "charges"
    } == {"mean"}
    grouped = frame(120, sex=lambda i: "mf"[i % 2], age=lambda i: i // 2, deaths=noise)
    assert {
        chart.agg for chart in suggested(grouped) if chart.y == "deaths" and chart.kind == "bar"
    } == {"sum"}


def test_ranks_readings_and_amounts_are_recognised_by_values_and_units() -> None:
    table = frame(
        97,
        day=day,
        place=lambda i: i * 31 % 97 + 1,
        sensor=lambda i: 900 + noise(i, 60),
        **{"Wind (TWh)": lambda i: 3.5 + noise(i, 9)},
        price_per_kWh=lambda i: 0.1 + noise(i, 9) / 100,
    )
    columns = {column.name: column for column in inspected(table).columns}
    assert columns["place"].role == "identifier"
    assert [columns[name].agg for name in list(columns)[2:]] == ["mean", "sum", "mean"]


def test_months_of_growing_years_are_added_up() -> None:
    months = "January February March April May June".split()
    table = frame(
        72,
        year=lambda i: 1949 + i // 6,
        month=lambda i: months[i % 6],
        flown=lambda i: 10_000 + 9_000 * (i // 6) + noise(i, 5),
    )
    assert next(c for c in inspected(table).columns if c.name == "flown").agg == "sum"


@pytest.mark.parametrize(
    ("data", "title"),
    [
        ("crimes", "Crimes by kind"),
        ("nyc_crimes_2023", "Crimes by kind"),
        ("data", "Rows by kind"),
        ("export", "Rows by kind"),
        ("sales", "Rows by kind"),
        ("titanic", "Rows by kind"),
        ("census", "Rows by kind"),
        ("movies_mixed_types", "Rows by kind"),
        ("web_analytics", "Rows by kind"),
    ],
)
def test_rows_are_called_after_a_table_with_a_plural_name(data: str, title: str) -> None:
    table = frame(200, kind=lambda i: ["theft", "fraud", "fraud", "arson"][noise(i, 4)])
    assert suggest(inspected(table), data)[0].title == title


@pytest.mark.parametrize(
    ("column", "rows"),
    [
        ("PassengerId", "Passengers"),
        ("company_id", "Companies"),
        ("App", "Apps"),
        ("row_id", "Rows"),
        ("Full name", "Rows"),
        ("id", "Rows"),
    ],
)
def test_rows_are_called_after_a_column_that_identifies_them(column: str, rows: str) -> None:
    table = frame(
        200, **{column: lambda i: f"item {i}"}, kind=lambda i: "theft" if noise(i, 4) else "fraud"
    )
    titles = {chart.title for chart in suggest(inspected(table), "export")}
    assert f"{rows} by kind" in titles
    assert (rows in titles) == (rows != "Rows")


def test_a_panel_has_no_mean_of_unlike_things_as_its_kpi() -> None:
    table = frame(
        400,
        year=lambda i: 2000 + i // 20,
        town=lambda i: f"town {i % 20}",
        rent=lambda i: 500 + 100 * (i % 20) + noise(i, 40) + 0.5,
    )
    kpis = [chart.title for chart in suggest(inspected(table), "rents") if chart.kind == "kpi"]
    assert "Average rent" not in kpis


def test_rows_are_not_counted_by_parts_of_dates_in_a_regular_series() -> None:
    table = frame(
        730,
        date=day,
        dy=lambda i: day(i).day,
        wind=lambda i: noise(i, 40) + 0.25,
    )
    counted = {chart.x for chart in suggest(inspected(table), "data") if chart.agg == "count"}
    assert "dy" not in counted


@pytest.mark.parametrize(
    ("data", "name", "title"),
    [
        ("population", "value", "Average population by town"),
        ("data", "value", "Average value by town"),
        ("gdp_per_capita", "2015", "Average GDP per capita 2015 by town"),
        ("rents", "median", "Average median by town"),
    ],
)
def test_a_measure_with_a_generic_name_is_called_after_its_table(
    data: str, name: str, title: str
) -> None:
    table = frame(200, town=lambda i: "ABCDE"[noise(i, 5)], **{name: lambda i: noise(i) + 0.5})
    assert title in {chart.title for chart in suggest(inspected(table), data)}


def test_an_age_by_which_a_table_is_broken_down_is_a_category() -> None:
    table = frame(
        152,
        year=lambda i: 1900 + i // 38,
        age=lambda i: i % 19 * 5,
        sex=lambda i: i // 19 % 2,
        people=lambda i: 1000 + noise(i),
    )
    charts = suggested(table)
    assert find(charts, "bar", x="age", y="people", agg="sum")
    assert not [
        chart for chart in charts if "age" in (chart.y, chart.kind == "histogram" and chart.x)
    ]
    persons = frame(152, age=lambda i: 20 + noise(i, 50), sex=lambda i: "mf"[noise(i, 2)])
    assert [c.role for c in inspected(persons).columns] == ["measure", "category"]


def test_measures_that_are_mostly_zero_come_last() -> None:
    table = frame(
        200,
        kind=lambda i: "ABC"[noise(i, 3)],
        price=lambda i: noise(i) + 0.5 if i % 10 == 0 else 0.0,
        rating=lambda i: noise(i, 50) / 10,
    )
    bars = [chart for chart in suggested(table) if chart.kind == "bar" and chart.y]
    assert bars[0].y == "rating"


def test_unit_costs_are_averaged() -> None:
    table = frame(60, kind=lambda i: "ABC"[i % 3], unit_cost=noise, cost=noise)
    assert [c.agg for c in inspected(table).columns][1:] == ["mean", "sum"]


def test_a_table_of_persons_with_ages_alone_counts_them() -> None:
    table = frame(
        200, age=lambda i: 20 + noise(i, 50), job=lambda i: "ABC"[noise(i, 6) // 2 % 3 * (i % 2)]
    )
    assert find(suggested(table)[:3], "bar", x="job", agg="count")


def test_totals_of_orders_get_a_histogram() -> None:
    lines = frame(
        300,
        order_id=lambda i: 70_000_000_001 + noise(i, 90),
        item=lambda i: "ABCDE"[noise(i, 5)],
        amount=lambda i: noise(i) + 0.5,
    )
    first = next(chart for chart in suggested(lines) if chart.kind == "histogram")
    assert (first.x, first.by) == ("amount", "order_id")
    assert first.title == "Distribution of total amount per order ID"
    baskets = lines.drop(columns="amount")
    counted = next(chart for chart in suggested(baskets) if chart.kind == "histogram")
    assert (counted.x, counted.by, counted.title[-18:]) == (
        "item",
        "order_id",
        "items per order ID",
    )
    check(counted, {c.name: c for c in inspected(baskets).columns})
    single = lines.assign(order_id=range(70_000_000_001, 70_000_000_301))
    assert not [chart for chart in suggested(single) if chart.kind == "histogram" and chart.by]


def test_lines_along_a_second_date_name_it() -> None:
    start = datetime(2024, 1, 1)
    table = frame(
        336,
        ordered=lambda i: start + timedelta(days=i),
        shipped=lambda i: start + timedelta(days=i // 28 * 28 + 3 * noise(i, 30)),
        amount=noise,
    )
    titles = {chart.x: chart.title for chart in suggested(table) if chart.kind == "line"}
    assert titles["ordered"].endswith(" over time")
    assert titles["shipped"].endswith(" by shipped")


def test_a_flag_with_the_stem_of_the_tables_name_is_what_it_is_about() -> None:
    table = frame(
        300,
        age=lambda i: 20 + noise(i, 40),
        smoke=lambda i: "Yes" if noise(i, 10) < 2 + 4 * (i % 3 == 0) else "No",
        region=lambda i: ["North", "South", "East"][i % 3],
        paid=lambda i: "Yes" if noise(i, 7) < 3 else "No",
    )
    charts = suggest(inspected(table), "smoking_2024")
    assert find(charts[:4], "bar", x="region", y="smoke", agg="share")
    assert find(charts, "kpi", y="smoke", agg="share")
    assert not find(suggest(inspected(table), "people"), "kpi", y="smoke", agg="share")


@pytest.mark.parametrize(("stores", "title"), [(1, "Price"), (3, "Average price")])
def test_one_row_for_each_month_is_no_average(stores: int, title: str) -> None:
    table = frame(
        48 * stores,
        month=lambda i: pd.Timestamp(2020 + i // stores // 12, i // stores % 12 + 1, 1),
        price=lambda i: 20 + noise(i, 400) / 10,
    )
    titles = [chart.title for chart in suggest(inspected(table), "data")]
    assert f"{title} in the latest month" in titles


@pytest.mark.parametrize(("column", "name"), [("player_of_match", "matches"), ("match", "")])
def test_what_a_column_is_of_may_be_the_rows(column: str, name: str) -> None:
    table = frame(
        60,
        **{
            column: lambda i: f"P{i % 20}",
            "city": lambda i: "ABC"[i % 3],
            "runs": lambda i: noise(i),
        },
    )
    assert {chart.row_name for chart in suggest(inspected(table), "matches")} == {"", name}


def test_rows_are_not_called_after_a_column_that_repeats() -> None:
    table = frame(60, state=lambda i: ["Utah", "Iowa", "Ohio"][i % 3], sales=lambda i: noise(i, 97))
    names = {chart.row_name for chart in suggest(inspected(table), "states")}
    assert names == {""}
    assert "loans" in {chart.row_name for chart in suggest(inspected(table), "loans")}


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("loans-2k", "loans"),
        ("loans_10M", "loans"),
        ("loans", "loans"),
        ("loan4k", ""),
    ],
)
def test_a_number_of_rows_in_the_name_of_a_table_is_left_out(data: str, name: str) -> None:
    table = frame(60, city=lambda i: ["Oslo", "Rome", "Bern"][i % 3], paid=lambda i: noise(i, 97))
    assert {chart.row_name for chart in suggest(inspected(table), data)} == {"", name}


def test_codes_do_not_name_rows() -> None:
    table = frame(60, fips=lambda i: f"{i:05}", rate=lambda i: noise(i, 97) / 10)
    assert {chart.row_name for chart in suggested(table)} == {""}


@pytest.mark.parametrize(("shops", "is_time"), [(9, False), (400, True)])
def test_a_year_that_belongs_to_a_few_shops_is_no_time(shops: int, is_time: bool) -> None:
    table = frame(
        400,
        shop=lambda i: f"Shop {i % shops}",
        year=lambda i: 1985 + (i % shops) * 7 % 8,
        kind=lambda i: ["Tea", "Rice", "Soap"][noise(i, 3)],
        sales=lambda i: 20 + noise(i, 400),
    )
    charts = suggested(table)
    assert bool(find(charts, "kpi", y="sales", x="year")) is is_time


def test_a_rounded_total_is_not_compared_with_its_parts() -> None:
    parts = {
        f"{place}_sales": (lambda i, n=n: noise(i * n, 900) / 100)
        for n, place in enumerate(["EU", "NA", "JP"], 3)
    }
    table = frame(200, **parts)
    table["world_sales"] = (table.sum(axis=1) + 0.004).round(2)
    compared = [chart for chart in suggested(table) if chart.across]
    assert compared
    assert not any("world_sales" in chart.across for chart in compared)


def test_different_measures_of_an_item_are_not_compared() -> None:
    table = frame(
        200,
        item_weight=lambda i: 5 + noise(i, 90) / 10,
        item_price=lambda i: 12 + noise(i * 3, 110) / 10,
        item_rating=lambda i: 2 + noise(i * 7, 30) / 10,
    )
    assert not any(chart.across for chart in suggested(table))


def test_an_average_is_not_averaged_in_its_title() -> None:
    table = frame(
        80, shop=lambda i: "ABCD"[i % 4], medical_average_price=lambda i: 9 + noise(i, 50)
    )
    titles = [chart.title for chart in suggested(table)]
    assert any("edical average price" in title for title in titles)
    assert not any(title.lower().count("average") > 1 for title in titles)


@pytest.mark.parametrize(("last", "is_shown"), [(2023, True), (2024, False)])
def test_a_last_year_in_which_most_are_missing_is_no_figure(last: int, is_shown: bool) -> None:
    table = frame(
        120,
        country=lambda i: f"Country {i % 10}",
        year=lambda i: 2012 + i // 10,
        income=lambda i: 100 + noise(i, 97) + i,
    )
    more = frame(2, country=lambda i: f"Country {i}", year=lambda i: 2024, income=lambda i: 900 + i)
    table = pd.concat([table, more] if last == 2024 else [table], ignore_index=True)
    table.insert(2, "sales", table.pop("income"))
    assert bool([c for c in suggested(table) if c.kind == "kpi" and c.x]) is is_shown


@pytest.mark.parametrize(("last", "is_shown"), [(10, True), (2, False)])
def test_the_latest_stock_of_a_few_countries_is_no_figure(last: int, is_shown: bool) -> None:
    table = frame(
        110 + last,
        country=lambda i: f"Country {i % 10}",
        year=lambda i: 2012 + i // 10,
        population=lambda i: 9000 + 100 * (i % 10) + i,
    )
    assert bool(find(suggested(table), "kpi", y="population", agg="last")) is is_shown


@pytest.mark.parametrize(("a_day", "grain"), [(1, "day"), (4, "week"), (40, "day")])
def test_a_step_of_events_counts_several(a_day: int, grain: str) -> None:
    table = frame(
        180 * a_day,
        day=lambda i: (
            pd.Timestamp(2024, 1, 1) + pd.Timedelta(days=noise(i, 180) if a_day > 1 else i)
        ),
        kind=lambda i: ["Tea", "Rice", "Soap"][i % 3],
        sales=lambda i: 20 + noise(i, 400),
    )
    assert find(suggested(table), "line", x="day", y="sales", grain=grain)


def test_the_code_of_a_place_is_not_charted_beside_its_name() -> None:
    table = frame(
        50,
        code=lambda i: f"{chr(65 + i // 10)}{chr(65 + i % 10)}",
        state=lambda i: f"State of {chr(65 + i // 10)}{chr(97 + i % 10)}",
        exports=lambda i: 50 + noise(i, 900),
        fruits=lambda i: 10 + noise(i * 3, 300),
    )
    assert not [chart.title for chart in suggested(table) if "code" in (chart.x, chart.by)]


@pytest.mark.parametrize("name", ["plan", "Tarif", "branch"])
@pytest.mark.parametrize("is_thin", [True, False])
def test_shares_are_of_several_rows_each(name: str, is_thin: bool) -> None:
    # Two of seven values have two rows each.
    table = frame(400, **{name: lambda i: "ABCDEFG"[5 + i // 2 if is_thin and i < 4 else i % 5]})
    table["age"] = [20 + noise(i, 60) for i in range(400)]
    table["churned"] = ["Yes" if noise(i, 8) < 1 + i % 5 else "No" for i in range(400)]
    assert bool(find(suggested(table), "bar", x=name, agg="share")) is not is_thin


@pytest.mark.parametrize(("rows_each", "is_drawn"), [(2, False), (20, True)])
def test_the_highest_of_many_means_are_of_several_rows(rows_each: int, is_drawn: bool) -> None:
    # A third of the rows are of cities with so few rows; the others are of twenty cities.
    table = frame(
        900,
        city=lambda i: f"City {i % 20 if i % 3 else 20 + i // 3 // rows_each}",
        rating=lambda i: 1 + noise(i, 40) / 10 + (i % 20) / 10,
    )
    assert bool(find(suggested(table), "bar", x="city", y="rating", agg="mean")) is is_drawn


@pytest.mark.parametrize(
    ("first", "second"), [("quality", "alcohol"), ("price", "area"), ("yield", "nitrogen")]
)
def test_what_depends_is_on_the_y_axis(first: str, second: str) -> None:
    for names in [(first, second), (second, first)]:
        table = frame(
            90, **{name: (lambda i, n=n: i + noise(i * n, 30)) for n, name in enumerate(names, 3)}
        )
        (place,) = find(suggested(table), "scatter")
        assert suggested(table)[place].y == first


def test_names_with_and_in_a_title_are_told_apart() -> None:
    table = frame(
        90, **{"food and drink": lambda i: i + noise(i, 30), "rent": lambda i: i + noise(i * 3, 30)}
    )
    (title,) = [chart.title for chart in suggested(table) if chart.kind == "scatter"]
    assert title in ("Food and drink against rent", "Rent against food and drink")


@pytest.mark.parametrize(("wide", "narrow"), [("state", "county"), ("country", "city")])
def test_places_of_the_same_name_are_not_added_up(wide: str, narrow: str) -> None:
    states = "Ohio Iowa Texas Utah Maine Idaho Nevada Oregon Kansas Alaska".split()
    table = frame(
        600,
        **{
            wide: lambda i: states[i % 10],
            # Two of six places in each state have a name that is used in further states.
            narrow: lambda i: f"{i // 10 % 6}, {i % 10 if i // 10 % 6 > 1 else i % 3}",
            "cases": lambda i: 20 + noise(i, 900),
        },
    )
    charts = suggested(table)
    assert find(charts, "bar", x=wide, y="cases")
    assert not find(charts, "bar", x=narrow)


@pytest.mark.parametrize(("name", "is_figure"), [("mentor", False), ("units", True)])
def test_only_the_total_of_an_amount_is_a_figure(name: str, is_figure: bool) -> None:
    table = frame(
        90,
        kind=lambda i: "ABC"[noise(i, 3)],
        **{name: lambda i: noise(i, 9)},
        sales=lambda i: 5 + noise(i, 400),
    )
    titles = [chart.title for chart in suggested(table) if chart.kind == "kpi"]
    assert "Total sales" in titles
    assert (f"Total {name}" in titles) is is_figure


def test_bars_of_which_one_has_nearly_all_rows_are_not_drawn() -> None:
    table = frame(
        400,
        size=lambda i: "small" if noise(i, 100) < 94 else "large",
        city=lambda i: "ABC"[noise(i, 3)],
        sales=lambda i: 5 + noise(i, 400),
    )
    charts = suggested(table)
    assert find(charts, "bar", x="city")
    assert not find(charts, "bar", x="size", agg="count")


def test_a_total_is_called_after_its_table() -> None:
    table = frame(60, kind=lambda i: "ABCD"[i % 4], total=lambda i: 20 + noise(i, 900))
    titles = {chart.title for chart in suggest(inspected(table), "tax_revenues")}
    assert "Tax revenues" in titles
    assert "Total" not in titles


@pytest.mark.parametrize("name", ["place_final", "Platz", "running_order"])
@pytest.mark.parametrize("heats", [1, 2])
@pytest.mark.parametrize("is_place", [True, False])
def test_places_of_each_race_are_not_added_up(name: str, heats: int, is_place: bool) -> None:
    table = frame(
        200 * heats,
        year=lambda i: 2001 + i // 20 // heats,
        heat=lambda i: "AB"[i // 20 % heats],
        team=lambda i: f"Team {noise(i, 12)}",
        points=lambda i: 5 + noise(i, 400),
    )
    table[name] = [(i * 7 % 20 if is_place else noise(i, 20)) + 1 for i in range(len(table))]
    assert any(name in (chart.x, chart.y) for chart in suggested(table)) is not is_place


@pytest.mark.parametrize(("last", "is_shown"), [(1, False), (40, True)])
def test_a_last_year_with_hardly_any_rows_is_no_figure(last: int, is_shown: bool) -> None:
    table = frame(
        360 + last,
        year=lambda i: 2011 + i // 40,
        kind=lambda i: "ABC"[noise(i, 3)],
        sales=lambda i: 20 + noise(i, 400),
    )
    assert bool(find(suggested(table), "kpi", x="year")) is is_shown


@pytest.mark.parametrize("name", ["left", "Churned", "approved"])
def test_a_chart_of_the_outcome_is_among_the_first(name: str) -> None:
    # Most columns have numbers, whose distributions people look at first.
    table = frame(
        3000,
        level=lambda i: noise(i, 97) / 100,
        evaluation=lambda i: 0.4 + noise(i * 17, 60) / 100,
        average_hours=lambda i: 90 + noise(i * 3, 200),
        time_spent=lambda i: 2 + noise(i * 7, 9),
        accident=lambda i: int(noise(i * 19, 9) == 0),
        promotion=lambda i: int(noise(i * 23, 9) == 0),
        department=lambda i: "ABCDEFGHIJ"[noise(i * 11, 10)],
        salary=lambda i: ["low", "medium", "high"][noise(i * 13, 3)],
    )
    outcome = [int(noise(i * 13, 3) + noise(i, 3) > 2) for i in range(3000)]
    table.insert(5, name, outcome)
    assert find(suggested(table)[:6], "bar", y=name, agg="share")


@pytest.mark.parametrize(
    ("rate", "heads", "is_weighted"),
    [
        ("gdp_per_capita", "population", True),
        ("lifeExp", "pop", True),
        ("suicides/100k pop", "population", True),
        ("gdp_per_capita", "population_growth", False),
        ("gdp_per_capita", "area", False),
        ("price", "population", False),
    ],
)
def test_rates_per_head_are_weighted_by_the_heads(rate: str, heads: str, is_weighted: bool) -> None:
    table = frame(
        480,
        country=lambda i: f"Country {i % 24}",
        continent=lambda i: ["Asia", "Europe", "Africa"][i % 3],
        year=lambda i: 2000 + i // 24,
    )
    table[heads] = [1000 + 97 * noise(i % 24, 500) for i in range(480)]
    table[rate] = [50 + noise(i % 24, 30) + noise(i, 9) + 0.5 for i in range(480)]
    means = [c for c in suggested(table) if c.y == rate and c.agg == "mean" and not c.across]
    assert means
    assert {c.weight for c in means} == {heads if is_weighted else None}


def test_a_mean_of_one_row_has_no_weight() -> None:
    table = frame(
        60,
        country=lambda i: f"Country {i}",
        population=lambda i: 5000 + noise(i, 900),
        gdp_per_capita=lambda i: 20.5 + noise(i * 3, 400),
    )
    assert not [c.title for c in suggested(table) if c.weight and c.kind != "kpi"]


@pytest.mark.parametrize(("first", "second"), [("row", "col"), ("N", "K"), ("dose", "Woche")])
def test_factors_of_a_trial_are_not_what_was_measured(first: str, second: str) -> None:
    table = frame(600, **{first: lambda i: i % 20, second: lambda i: i // 20 % 15})
    table["yield"] = [3 + noise(i, 50) / 10 + i % 20 / 9 for i in range(600)]
    charts = suggested(table)
    assert find(charts, "histogram", x="yield")
    for factor in (first, second):
        assert not find(charts, "histogram", x=factor)
        assert not find(charts, "kpi", y=factor)


@pytest.mark.parametrize("name", ["Marital_Status", "is_married", "gender_male"])
def test_who_people_are_is_no_outcome(name: str) -> None:
    table = employees(lambda i: int(noise(i, 9) < 2 + 3 * (i % 3 == 0)))
    charts = suggested(table.rename(columns={"Attrition": name}))
    assert not find(charts[:6], "bar", agg="share")
    assert not find(charts, "kpi", agg="share")


def test_medals_do_not_explain_medals_and_ranks_are_no_axis() -> None:
    medals = frame(
        40,
        NOC=lambda i: f"Team {i:02}",
        Gold=lambda i: noise(i, 9) + (40 - i) // 4,
        Silver=lambda i: noise(i + 3, 8) + (40 - i) // 4,
        Bronze=lambda i: noise(i + 5, 7) + (40 - i) // 4,
    )
    medals["Total"] = medals[["Gold", "Silver", "Bronze"]].sum(axis="columns")
    medals["Rank"] = medals["Total"].rank(ascending=False, method="min").astype("int64")
    charts = suggested(medals)
    kinds = ("Gold", "Silver", "Bronze")
    (stack, *_) = find(charts[:6], "bar", across=kinds, x="NOC", mode="stack")
    with duckdb.connect() as connection:
        connection.register("data", medals)
        columns = {column.name: column for column in describe(medals, {})}
        rows = connection.execute(sql.select(charts[stack], columns)).fetchall()
    highest = set(medals.sort_values(["Total", "NOC"], ascending=[False, True])["NOC"].head(15))
    assert {row[0] for row in rows} == highest
    assert sum(row[2] for row in rows) == medals[medals["NOC"].isin(highest)]["Total"].sum()
    assert not find(charts, "box")
    assert not find(charts, "bar", x="NOC", y="Total")
    assert not [chart for chart in charts if "Rank" in (chart.x, chart.y)]


@pytest.mark.parametrize(
    ("measure", "title"),
    [("book_price", "Books by genre"), ("book_count", "Rows by genre"), ("books", "Rows by genre")],
)
def test_rows_have_the_name_of_the_table_unless_a_measure_counts_it(
    measure: str, title: str
) -> None:
    books = frame(
        100,
        genre=lambda i: ["crime", "poetry", "travel"][noise(i, 9) % 3],
        **{measure: lambda i: 5 + noise(i, 97)},
    )
    charts = suggest(inspected(books), "books_data")
    assert title in [chart.title for chart in charts]


@pytest.mark.parametrize(
    ("names", "is_question"),
    [
        (["Used bus", "Used tram", "Used ferry"], True),
        (["Bread", "Milk", "Fish", "Fruit", "Rice"], True),
        (["q_1", "q_2", "is_3"], False),
        (["smoker", "insured", "employed"], False),
    ],
)
def test_answers_to_one_question_stand_side_by_side(names: list[str], is_question: bool) -> None:
    answers: dict[str, Callable[[int], object]] = {
        name: lambda i, at=place: noise(i * 7 + at, 10) < 3 + at % 4  # type: ignore[misc]
        for place, name in enumerate(names)
    }
    survey = frame(
        200, respondent_id=lambda i: i * 7 + 3, district=lambda i: "ABC"[i % 3], **answers
    )
    charts = suggested(survey)
    together = find(charts, "bar", across=tuple(names), agg="share")
    alone = [chart for chart in charts if chart.x in names and chart.agg == "count"]
    assert bool(together) == is_question
    assert bool(alone) != is_question


def test_a_city_and_its_districts_keep_their_names_and_the_city_comes_first() -> None:
    districts = frame(
        24,
        year=lambda i: 2000 + i,
        Mitte=lambda i: 300_000 + 900 * i + noise(i, 99),
        Pankow=lambda i: 280_000 + 2100 * i + noise(i + 50, 99),
        Spandau=lambda i: 220_000 + 400 * i + noise(i + 90, 99),
    )
    districts["Berlin"] = districts[["Mitte", "Pankow", "Spandau"]].sum(axis="columns")
    charts = suggest(inspected(districts), "districts")
    figures = [chart for chart in charts if chart.kind == "kpi"]
    assert figures[0].y == "Berlin"
    assert figures[0].title.endswith("Berlin")
    assert "Districts" not in [figure.title for figure in figures]  # rows are years


def test_bars_of_levels_are_all_drawn() -> None:
    episodes = frame(
        200,
        season=lambda i: 1 + noise(i, 24),
        code=lambda i: f"S{noise(i + 7, 24)}",
        rating=lambda i: noise(i, 97) / 10,
    )
    charts = suggested(episodes)
    (season,) = (charts[n] for n in find(charts, "bar", x="season", agg="mean"))
    assert season.limit is None
    assert all(charts[n].limit for n in find(charts, "bar", x="code"))


def test_a_month_with_a_row_or_two_is_no_figure() -> None:
    def figures(days: int) -> list[str]:
        table = frame(
            150,
            day=lambda i: day(noise(i, days)),
            place=lambda i: "AABC"[noise(i, 4)],
        )
        return [chart.title for chart in suggested(table) if chart.kind == "kpi"]

    assert "Rows in the latest month" in figures(365)
    assert "Rows in the latest month" not in figures(3650)


@pytest.mark.parametrize(
    "levels",
    [
        ["Strongly disagree", "Disagree", "Neutral", "Agree", "Strongly agree"],
        ["never", "rarely", "sometimes", "often", "always"],
        ["sehr unzufrieden", "unzufrieden", "zufrieden", "sehr zufrieden"],
    ],
)
def test_questions_on_one_scale_stand_side_by_side(levels: list[str]) -> None:
    names = ("Teacher", "Rooms", "Workload")
    answers: dict[str, Callable[[int], object]] = {
        name: lambda i, at=place: levels[noise(i * 7 + at, 97) % (len(levels) - at // 2)]  # type: ignore[misc]
        for place, name in enumerate(names)
    }
    survey = frame(120, town=lambda i: ["Ulm", "Bonn", "Kiel"][noise(i, 3)], **answers)
    inspection = inspected(survey)
    charts = suggest(inspection, "survey")
    (place,) = find(charts[:6], "bar", across=names, mode="percent")
    assert not [chart for chart in charts if chart.x in names and chart.agg == "count"]
    assert filters(inspection)[0] == "town"
    with duckdb.connect() as connection:
        connection.register("survey", survey)
        columns = {column.name: column for column in inspection.columns}
        rows = connection.execute(sql.select(charts[place], columns)).fetchall()
    expected = {
        (name, level, count)
        for name in names
        for level, count in survey[name].value_counts().items()
    }
    assert set(rows) == expected


def test_questions_are_titles_as_they_were_asked() -> None:
    survey = frame(
        90,
        **{
            "What is your age?": lambda i: 18 + noise(i, 60),
            "How do you travel?": lambda i: ["bus", "bike", "car"][noise(i, 3) // (1 + i % 2)],
        },
    )
    titles = {chart.title for chart in suggested(survey)}
    assert "How do you travel?" in titles
    assert "Distribution of \u201cWhat is your age?\u201d" in titles
    assert "Responses" in titles


@pytest.mark.parametrize(("values", "is_figure"), [(3, False), (20, True)])
def test_a_number_of_values_is_a_figure_if_they_are_many(values: int, is_figure: bool) -> None:
    table = frame(200, species=lambda i: f"bird {noise(i, values)}")
    titles = {chart.title for chart in suggested(table)}
    assert ("Different species" in titles) == is_figure


def test_an_impossible_value_spoils_no_figure() -> None:
    people = frame(
        300,
        person_id=lambda i: f"p{i}",
        age=lambda i: 99_999_999_999 if i == 7 else 18 + noise(i, 60),
        team=lambda i: "ABC"[noise(i, 3)],
    )
    charts = suggested(people)
    (figure,) = (charts[n] for n in find(charts, "kpi", y="age"))
    assert (figure.agg, figure.title) == ("median", "Median age")
    assert not find(charts, "bar", y="age", agg="mean")
    assert find(suggested(people.drop(index=7)), "bar", y="age", agg="mean")


def test_a_measure_with_a_row_or_two_for_each_value_is_no_dose() -> None:
    table = frame(
        17,
        age_band=lambda i: f"band {i}",
        crack_use=lambda i: [0.0, 0.2, 0.4, 0.5, 0.6][noise(i, 5)],
        tea_frequency=lambda i: noise(i, 60) + 0.5,
    )
    assert not find(suggested(table), "box", x="crack_use")


def test_the_mean_of_a_few_answers_a_day_is_no_series() -> None:
    survey = frame(
        120,
        submitted=lambda i: pd.Timestamp(
            datetime(2024, 5, 1) + timedelta(minutes=noise(i, 50_000))
        ),
        age=lambda i: 18 + noise(i, 60),
        visits=lambda i: noise(i, 9),
    )
    charts = suggested(survey)
    assert not find(charts, "line", y="age")
    assert not find(charts, "kpi", x="submitted", agg="mean")
    assert find(charts, "histogram", x="age")


def measured_daily(value: Callable[[int, int], float]) -> pd.DataFrame:
    """Return a frame of ten stations over 60 days; the value depends on the day and the station."""
    return frame(
        600,
        day=lambda i: day(i // 10),
        station=lambda i: f"S{i % 10}",
        heat=lambda i: float(value(i // 10, i % 10)),
    )


def test_series_without_a_trend_are_averaged_and_not_the_latest() -> None:
    weather = suggested(measured_daily(lambda d, s: 10 + s / 2 + noise(d * 10 + s, 50) / 10))
    assert find(weather, "bar", x="station", y="heat", agg="mean")
    assert not find(weather, "bar", x="station", y="heat", agg="last")
    grown = suggested(measured_daily(lambda d, s: 10 + s + d / 5 + noise(d * 10 + s, 50) / 10))
    assert find(grown, "bar", x="station", y="heat", agg="last")


def test_prices_of_one_day_are_not_compared_with_each_other() -> None:
    prices = frame(
        600,
        ticker=lambda i: "ABC"[i % 3],
        date=lambda i: day(i // 3),
        open=lambda i: 50.0 + noise(i, 40),
        close=lambda i: 50.5 + noise(i, 40) + i % 2,
        adj_close=lambda i: 45.5 + noise(i, 40) + i % 3,
        volume=lambda i: 1000 + noise(i + 1, 5000),
    )
    names = {"open", "close", "adj_close"}
    assert not [c for c in suggested(prices) if c.kind == "scatter" and {c.x, c.y} <= names]


def test_measures_of_one_scale_are_compared_beside_one_of_another() -> None:
    losses = frame(
        24,
        date=lambda i: pd.Timestamp(1854 + i // 12, i % 12 + 1, 1),
        wounds=lambda i: 10 + noise(i, 60),
        fever=lambda i: 90 + noise(i, 400),
        frostbite=lambda i: 20 + noise(i + 2, 80),
        army_size=lambda i: 20_000 + noise(i, 9000),
    )
    charts = suggested(losses)
    (place, *_) = find(charts, "line", across=("wounds", "fever", "frostbite"))
    assert place < 6


def test_the_trait_of_a_row_is_no_time_for_the_latest_number() -> None:
    elements = frame(
        118,
        name=lambda i: f"element {i}",
        year_discovered=lambda i: 1700 + noise(i, 300),
        hardness=lambda i: noise(i, 2000),
        electrons=lambda i: noise(i + 1, 3000),
        melting=lambda i: 20.5 + noise(i, 900),
    )
    charts = suggested(elements)
    assert not find(charts, "kpi", x="year_discovered")
    assert all(c.agg != "sum" for c in charts)


def test_rows_with_a_count_are_not_counted() -> None:
    hours = frame(
        300,
        time=lambda i: pd.Timestamp("2015-01-01") + timedelta(hours=i + noise(i, 3) + 3 * i // 2),
        count=lambda i: 1 + noise(i, 25),
    )
    assert not find(suggested(hours), "line", agg="count")


@pytest.mark.parametrize(
    ("name", "made", "make"),
    [
        ("wage", "lwage", lambda value: len(str(value)) + value / 1000),
        ("age", "agesq", lambda value: value**2),
        ("price", "price_k", lambda value: value / 1000),
    ],
)
def test_a_measure_made_of_another_has_no_charts(
    name: str, made: str, make: Callable[[int], float]
) -> None:
    values = frame(150, **{name: lambda i: 10 + noise(i, 900), "depth": lambda i: noise(i, 70) / 7})
    values[made] = values[name].map(make)
    assert not [c for c in suggested(values) if made in (c.x, c.y)]
    values.loc[4:9, made] = 1  # it is no function of the other any more
    assert [c for c in suggested(values) if made in (c.x, c.y)]


def test_a_year_of_two_digits_is_an_axis_of_time() -> None:
    cars = frame(200, yr=lambda i: 70 + i % 13, mpg=lambda i: 15 + noise(i, 200) / 10)
    assert find(suggested(cars), "line", x="yr", y="mpg")
    classes = frame(200, year=lambda i: 1 + i % 6, mark=lambda i: noise(i, 200) / 10)
    assert not find(suggested(classes), "line")


def test_infinite_numbers_are_left_out_of_what_is_measured() -> None:
    data = frame(200, day=day, region=lambda i: "NSEW"[i % 4], sales=lambda i: 10 + i % 7)
    infinite = data.assign(ratio=[float("inf") if i % 5 == 0 else i / 7 for i in range(200)])
    charts = suggested(infinite)  # a warning of NumPy would fail this test
    assert {"sales", "ratio"} <= {chart.y for chart in charts}
    assert infinite["ratio"].max() == float("inf")  # what is charted stays as it is
