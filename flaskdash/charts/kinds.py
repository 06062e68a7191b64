"""The kinds of charts, and a chart.

To add a kind, add an entry to KINDS, its SQL to sql.SHAPES, and a template
templates/chart/templates/KIND.jinja.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flaskdash.charts.joins import Join

AGGREGATES = ("sum", "mean", "median", "min", "max", "count", "distinct", "last", "share")
GRAINS = ("year", "quarter", "month", "week", "day", "hour")
AUTO = "auto"  # the grain that follows the filtered time, and which a reader may choose
AUTO_KINDS = {"line", "area", "bar"}
ADDITIVE = ("sum", "count", "last")
# Kinds that show parts of a whole.
WHOLES = {"pie", "donut", "treemap", "sunburst", "waterfall", "sankey"}
CANDLE = ("open", "high", "low", "close")
MODES = ("stack", "group", "percent")
ORIENTATIONS = ("vertical", "horizontal")
COLUMNS = ("x", "y", "by", "size", "color", "weight")  # the flags that name a column
FLAGS = (*COLUMNS, "agg", "grain", "limit", "mode", "orientation", "target")
FILE_FLAGS = ("shapes", "key")  # of the command alone: a form in the browser has no files


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of chart: the flags that it needs, and those that it takes as well.

    `title` is the pattern of its charts' titles. The flags in `numbers` name measures.

    `parts` are the skeletons in templates/ that its page needs, and `requires` are packages.
    """

    name: str
    summary: str
    title: str
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ("y",)
    parts: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()

    @property
    def sums_up(self) -> bool:
        """Tell whether it aggregates rows, instead of showing each of them."""
        return "agg" in self.takes


MORE_TRACES: dict[str, Any] = {"parts": ("plotly",)}
MAP: dict[str, Any] = {"parts": ("plotly", "maps")}
KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            name="kpi",
            summary="one number: a total, a mean or a count; with --x, the latest and its trend",
            title="{total}",
            takes=("y", "agg", "x", "grain", "weight"),
        ),
        Kind(
            name="line",
            summary="a measure over time",
            title="{measure} over time",
            needs=("x",),
            takes=("y", "agg", "color", "grain", "limit", "weight"),
        ),
        Kind(
            name="bar",
            summary="a measure by category, largest first",
            title="{measure} by {x}",
            needs=("x",),
            takes=("y", "agg", "color", "grain", "limit", "mode", "orientation", "weight"),
        ),
        Kind(
            name="area",
            summary="a measure over time, with its parts stacked",
            title="{measure} over time",
            needs=("x",),
            takes=("y", "agg", "color", "grain", "mode"),
        ),
        Kind(
            name="pie",
            summary="a whole and the shares of a few parts",
            title="{measure} by {x}",
            needs=("x",),
            takes=("y", "agg", "limit"),
        ),
        Kind(
            name="donut",
            summary="a pie with a hole",
            title="{measure} by {x}",
            needs=("x",),
            takes=("y", "agg", "limit"),
        ),
        Kind(
            name="scatter",
            summary="two measures against each other",
            title="{y} by {x}",
            needs=("x", "y"),
            takes=("color", "limit"),
            numbers=("x", "y"),
        ),
        Kind(
            name="bubble",
            summary="three measures: two against each other, the third as the size of a point",
            title="{y} by {x}, sized by {size}",
            needs=("x", "y", "size"),
            takes=("color", "limit"),
            numbers=("x", "y", "size"),
        ),
        Kind(
            name="histogram",
            summary="how a measure is distributed; with --by, its totals for each value of that",
            title="distribution of {x}",
            needs=("x",),
            takes=("by",),
            numbers=("x",),
        ),
        Kind(
            name="heatmap",
            summary="a measure by two categories, as colours",
            title="{measure} by {x} and {by}",
            needs=("x", "by"),
            takes=("y", "agg", "grain", "limit", "weight"),
            **MORE_TRACES,
        ),
        Kind(
            name="box",
            summary="how a measure spreads by category",
            title="spread of {y} by {x}",
            needs=("x", "y"),
            takes=("limit",),
        ),
        Kind(
            name="violin",
            summary="how a measure spreads by category, with the shape of its distribution",
            title="spread of {y} by {x}",
            needs=("x", "y"),
            takes=("limit",),
            **MORE_TRACES,
        ),
        Kind(
            name="choropleth",
            summary="a measure by country, by state of the USA, or by area of --shapes, on a map",
            title="{measure} by {x}",
            needs=("x",),
            takes=("y", "agg", "shapes", "key", "weight"),
            **MAP,
        ),
        Kind(
            name="map",
            summary="points on a map: x is the longitude, y the latitude",
            title="{data} on the map",
            needs=("x", "y"),
            takes=("size", "color", "limit"),
            numbers=("x", "y", "size"),
            **MAP,
        ),
        Kind(
            name="treemap",
            summary="parts of a whole and their parts, as areas",
            title="{measure} by {x}",
            needs=("x",),
            takes=("by", "y", "agg", "limit"),
            **MORE_TRACES,
        ),
        Kind(
            name="sunburst",
            summary="parts of a whole and their parts, as rings",
            title="{measure} by {x}",
            needs=("x",),
            takes=("by", "y", "agg", "limit"),
            **MORE_TRACES,
        ),
        Kind(
            name="funnel",
            summary="how much is left at each stage",
            title="{measure} by {x}",
            needs=("x",),
            takes=("y", "agg", "limit"),
            **MORE_TRACES,
        ),
        Kind(
            name="waterfall",
            summary="how gains and losses make up a total",
            title="{measure} by {x}",
            needs=("x",),
            takes=("y", "agg", "grain", "limit"),
            **MORE_TRACES,
        ),
        Kind(
            name="gauge",
            summary="how near a measure is to a target",
            title="{total}",
            needs=("target",),
            takes=("y", "agg"),
            **MORE_TRACES,
        ),
        Kind(
            name="bullet",
            summary="a measure and its target, as a bar on bands; with --x, a bar per category",
            title="{measure} against the target",
            needs=("target",),
            takes=("y", "agg", "x", "limit"),
        ),
        Kind(
            name="candlestick",
            summary="how a price moved: open, high, low and close of each period",
            title="{price} over time",
            needs=("x",),
            takes=("y", "grain"),
            **MORE_TRACES,
        ),
        Kind(
            name="radar",
            summary="a measure of a few categories, as a shape",
            title="{measure} by {x}",
            needs=("x",),
            takes=("y", "agg", "color", "limit"),
            **MORE_TRACES,
        ),
        Kind(
            name="sankey",
            summary="how much goes from one category to another",
            title="{measure} from {x} to {by}",
            needs=("x", "by"),
            takes=("y", "agg", "limit"),
            **MORE_TRACES,
        ),
        Kind(
            name="table",
            summary="the rows themselves",
            title="rows of {data}",
            takes=("limit",),
        ),
        Kind(
            name="text",
            summary="words in Markdown, with figures from the data",
            title="about {data}",
            takes=("y", "agg"),
            parts=("markdown",),
            requires=("markdown-it-py>=4.0",),
        ),
    )
}


@dataclass(frozen=True)
class Chart:
    """A chart: what to draw from which columns of a loader.

    If `y` is None, `agg` is "count", and rows are counted. `by` is a second category, `size` the
    measure that sizes a point. `limit` is the number of bars, points or rows, or of a line chart's
    lines. `reason` says why the chart was suggested.

    `across` names measures of one kind that stand in columns of their own, and are compared. Then
    `y` is the name for their values, and `x` or `color` the name for their labels.
    `only` is a column and the one value of it that is charted, such as one indicator of several.
    `row_name` is what each row is, in the plural, such as orders. `label` is a column that names each
    point, such as its country.
    `starts_late` tells that the first step in time is not whole, and is left out. `slack` are the
    days without rows that a whole step may end with, if the data tells.
    `ends_apart` tells that its categories have their last rows at different times, and `ends_thinly`
    that the last steps in time have so few rows that they are left out. `least_rows` are those of a
    box.
    `join` brings in the rows of several loaders; `data` is then the name of the joined rows.
    `weight` is the column by which rows count in a mean: the population behind a rate per head.
    `shapes` is the path of a GeoJSON file with the areas of a map, and `key` the property that names
    them.
    """

    kind: str
    data: str
    title: str
    x: str | None = None
    y: str | None = None
    agg: str | None = None
    color: str | None = None
    grain: str | None = None
    limit: int | None = None
    filters: tuple[str, ...] = ()
    reason: str = ""
    across: tuple[str, ...] = ()
    only: tuple[str, str] | None = None
    by: str | None = None
    size: str | None = None
    mode: str | None = None
    orientation: str | None = None
    target: float | None = None
    row_name: str = ""
    label: str | None = None
    starts_late: bool = False
    slack: int | None = None
    ends_apart: bool = False
    ends_thinly: bool = False
    least_rows: int | None = None
    join: Join | None = None
    weight: str | None = None
    shapes: str | None = None
    key: str | None = None
