"""A table for each SQL dialect, and the charts that query it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flaskdash.charts import sql
from flaskdash.charts.kinds import AGGREGATES, GRAINS, Chart
from tests.support.sql import chart, column

COLUMNS = {
    c.name: c
    for c in (
        column("day", "date", "time", grain="day"),
        column("at", "datetime", "category", grain="hour"),
        column("region", "text", "category"),
        column("Sub Kind", "text", "category", yes="a"),
        column("revenue", agg="sum"),
        column("units", "integer", agg="sum"),
        column("cases", "integer", agg="last"),
    )
}


def rows() -> list[tuple[Any, ...]]:
    """Return 200 rows over three years, with gaps, negative numbers and ends of weeks and years."""
    table: list[tuple[Any, ...]] = []
    for n in range(200):
        day = date.fromordinal(date(2022, 12, 28).toordinal() + n * 5 + n % 3)
        at = datetime(day.year, day.month, day.day, n * 7 % 24, n * 11 % 60)
        region = None if n % 17 == 0 else ("North", "South", "East")[n * 5 % 7 % 3]
        revenue = None if n % 19 == 0 else (n * 37 % 101) * 1.25 - 40
        table.append((day, at, region, "ab"[n % 2], revenue, n * 13 % 29 - 9, 1000 + n))
    return table


TABLE = """CREATE TABLE sales (day DATE, {q}at{q} {moment}, region VARCHAR(20), {q}Sub Kind{q} VARCHAR(20),
    revenue {number}, units INTEGER, cases BIGINT)"""


def plain(value: Any) -> Any:
    """Normalize a value of any engine: times become text, numbers become floats."""
    if isinstance(value, datetime):
        value = value.replace(tzinfo=None)
        return str(value.date() if value.time() == value.min.time() else value)
    if isinstance(value, str):
        return value.removesuffix(" 00:00:00")
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return round(float(value), 3)
    return str(value) if isinstance(value, date) else value


WEIGHTED_LINES = {
    **{"x": "day", "y": "revenue", "agg": "mean", "weight": "units"},
    **{"color": "region", "grain": "month", "limit": 1},
}


def charts() -> dict[str, tuple[Chart, sql.Bins]]:
    """Return a chart of each kind, each grain and each aggregate, by name."""
    charts = {
        "table": (chart("table", limit=300), sql.NO_BINS),
        "scatter": (chart("scatter", x="units", y="revenue", color="Sub Kind"), sql.NO_BINS),
        **{
            f"{example.kind} {n}": (example, sql.NO_BINS)
            for n, example in enumerate(
                (
                    chart("heatmap", x="region", by="Sub Kind", y="units", agg="sum", limit=2),
                    chart("heatmap", x="at", by="region", agg="count", grain="month"),
                    chart("box", x="region", y="revenue", limit=2),
                    chart("violin", x="region", y="revenue"),
                    chart("choropleth", x="region", y="units", agg="sum"),
                    chart("map", x="units", y="revenue", size="cases", color="region"),
                    chart("treemap", x="region", by="Sub Kind", agg="count"),
                    chart("sunburst", x="region", y="revenue", agg="sum"),
                    chart("sankey", x="region", by="Sub Kind", y="cases", agg="last"),
                    chart("funnel", x="region", agg="count"),
                    chart("waterfall", x="region", y="revenue", agg="sum", limit=1),
                    chart("waterfall", x="day", y="revenue", agg="sum", grain="year"),
                    chart("gauge", y="revenue", agg="sum"),
                    chart("bullet", y="revenue", agg="mean"),
                    chart("bar", x="region", y="revenue", agg="mean", weight="units"),
                    chart("kpi", y="units", agg="mean", weight="cases"),
                    chart("line", **WEIGHTED_LINES),
                    chart("bullet", x="region", y="revenue", agg="sum", limit=2),
                    chart("text", y="revenue", agg="sum"),
                    chart("text"),
                    chart("candlestick", x="day", y="cases", grain="quarter"),
                    chart("radar", x="region", y="units", agg="sum", color="Sub Kind"),
                )
            )
        },
        "bubble": (chart("bubble", x="units", y="revenue", size="units"), sql.NO_BINS),
        "pie": (chart("pie", x="region", y="units", agg="sum", limit=2), sql.NO_BINS),
        "donut of numbers": (chart("donut", x="units", agg="count", limit=3), sql.NO_BINS),
        "area": (chart("area", x="at", agg="count", grain="month", color="region"), sql.NO_BINS),
        "histogram": (chart("histogram", x="revenue"), sql.Bins(5)),
        "histogram of whole numbers": (chart("histogram", x="units"), sql.Bins(4)),
        "histogram of totals": (chart("histogram", x="units", by="region"), sql.Bins(20)),
        "histogram of counts": (chart("histogram", x="region", by="Sub Kind"), sql.Bins(5)),
        "histogram of few": (chart("histogram", x="units"), sql.Bins(0.5, -3, 8)),
        "bar": (chart("bar", x="region", limit=2), sql.NO_BINS),
        "bar in colours": (
            chart("bar", x="region", y="units", agg="sum", color="Sub Kind", limit=2),
            sql.NO_BINS,
        ),
    }
    for agg in AGGREGATES:
        y = {"count": None, "last": "cases"}.get(agg, "revenue")
        charts[f"kpi {agg}"] = (chart("kpi", y=y, agg=agg), sql.NO_BINS)
        charts[f"bar {agg}"] = (chart("bar", x="region", y=y, agg=agg), sql.NO_BINS)
    measures = ("revenue", "units")
    binned = {
        "bar share of words": chart("bar", x="region", y="Sub Kind", agg="share"),
        "kpi share of words": chart("kpi", y="Sub Kind", agg="share"),
        "bar of columns": chart("bar", x="measure", y="value", agg="sum", across=measures),
        "bar of columns by": chart(
            "bar", x="region", y="value", agg="mean", color="measure", across=measures
        ),
        "heatmap of columns": chart(
            "heatmap", x="region", by="measure", y="value", agg="sum", across=measures
        ),
        "line of columns": chart(
            "line", x="day", y="value", agg="sum", color="measure", grain="month", across=measures
        ),
        "bar of one value": chart(
            "bar", x="region", y="revenue", agg="sum", only=("Sub Kind", "b")
        ),
        "histogram of one": chart("histogram", x="units", only=("Sub Kind", "b")),
        "line of the largest": chart(
            "line", x="day", y="revenue", agg="sum", color="region", grain="year", limit=2
        ),
        "line of the latest": chart(
            "line", x="day", y="cases", agg="last", color="region", limit=2
        ),
    }
    charts |= {name: (example, sql.Bins(4)) for name, example in binned.items()}
    for grain in (*GRAINS, None):
        for kind in ("line", "bar"):
            for x in ("day", "at"):
                if x == "day" and grain == "hour":
                    continue
                for color in (None, "region"):
                    for y, agg in (("revenue", "sum"), ("cases", "last")):
                        example = chart(kind, x=x, y=y, agg=agg, color=color, grain=grain)
                        charts[f"{kind} {agg} by {x} {grain} {color}"] = (example, sql.NO_BINS)
    return charts


CHARTS = charts()
