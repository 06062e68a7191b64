"""The kinds of charts, and a chart.

To add a kind: an entry in KINDS here, its SQL in sql.SHAPES, and templates/chart/templates/KIND.jinja.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

AGGREGATES = ("sum", "mean", "median", "min", "max", "count", "distinct", "last", "share")
GRAINS = ("year", "quarter", "month", "week", "day", "hour")
ADDITIVE = ("sum", "count", "last")
# Kinds whose parts make up a whole.
WHOLES = {"pie", "donut", "treemap", "sunburst", "waterfall", "sankey"}
CANDLE = ("open", "high", "low", "close")
MODES = ("stack", "group", "percent")
ORIENTATIONS = ("vertical", "horizontal")
COLUMNS = ("x", "y", "by", "size", "color")  # the flags that name one
FLAGS = (*COLUMNS, "agg", "grain", "limit", "mode", "orientation", "target")


@dataclass(frozen=True)
class Kind:
    """A kind of chart: which of its flags must be given, and which may be.

    `title` is for a chart that has none. The columns of `numbers` are measures. What its page needs
    beside the skeleton is `plotly`, the bundle that draws it, `parts`, skeletons in templates/, and
    `requires`, packages.
    """

    name: str
    needs: tuple[str, ...]
    takes: tuple[str, ...]
    summary: str
    title: str
    numbers: tuple[str, ...] = ("y",)
    plotly: str = "basic"
    parts: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()

    @property
    def sums_up(self) -> bool:
        """Tell whether it puts rows together, or shows them one by one."""
        return "agg" in self.takes


SPREAD = "spread of {y} by {x}"
MORE: dict[str, Any] = {"plotly": "more", "parts": ("plotly",)}
MAP: dict[str, Any] = {"plotly": "more", "parts": ("plotly", "maps")}
KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "kpi",
            (),
            ("y", "agg", "x", "grain"),
            "one number: a total, a mean, a count; with --x, the latest and its course",
            "{total}",
        ),
        Kind(
            "line",
            ("x",),
            ("y", "agg", "color", "grain", "limit"),
            "a measure over time",
            "{measure} over time",
        ),
        Kind(
            "bar",
            ("x",),
            ("y", "agg", "color", "grain", "limit", "mode", "orientation"),
            "a measure by category, largest first",
            "{measure} by {x}",
        ),
        Kind(
            "area",
            ("x",),
            ("y", "agg", "color", "grain", "mode"),
            "a measure over time, its parts one upon the other",
            "{measure} over time",
        ),
        Kind(
            "pie",
            ("x",),
            ("y", "agg", "limit"),
            "the shares of a few parts in a whole",
            "{measure} by {x}",
        ),
        Kind("donut", ("x",), ("y", "agg", "limit"), "a pie with a hole", "{measure} by {x}"),
        Kind(
            "scatter",
            ("x", "y"),
            ("color", "limit"),
            "two measures against each other",
            "{y} by {x}",
            numbers=("x", "y"),
        ),
        Kind(
            "bubble",
            ("x", "y", "size"),
            ("color", "limit"),
            "three measures: two against each other, the third as the size of a point",
            "{y} by {x}, sized by {size}",
            numbers=("x", "y", "size"),
        ),
        Kind(
            "histogram",
            ("x",),
            ("by",),
            "how a measure is distributed; with --by, its total for each value of that",
            "distribution of {x}",
            numbers=("x",),
        ),
        Kind(
            "heatmap",
            ("x", "by"),
            ("y", "agg", "grain", "limit"),
            "a measure by two categories, as colours",
            "{measure} by {x} and {by}",
            **MORE,
        ),
        Kind("box", ("x", "y"), ("limit",), "how a measure spreads by category", SPREAD, **MORE),
        Kind("violin", ("x", "y"), ("limit",), "the same, with its shape", SPREAD, **MORE),
        Kind(
            "choropleth",
            ("x",),
            ("y", "agg"),
            "a measure by country, or by state of the USA, on a map",
            "{measure} by {x}",
            **MAP,
        ),
        Kind(
            "map",
            ("x", "y"),
            ("size", "color", "limit"),
            "points on a map: x is the longitude, y the latitude",
            "{data} on the map",
            numbers=("x", "y", "size"),
            **MAP,
        ),
        Kind(
            "treemap",
            ("x",),
            ("by", "y", "agg", "limit"),
            "parts of a whole and their parts, as areas",
            "{measure} by {x}",
            **MORE,
        ),
        Kind(
            "sunburst",
            ("x",),
            ("by", "y", "agg", "limit"),
            "parts of a whole and their parts, as rings",
            "{measure} by {x}",
            **MORE,
        ),
        Kind(
            "funnel",
            ("x",),
            ("y", "agg", "limit"),
            "how much is left at each stage",
            "{measure} by {x}",
            **MORE,
        ),
        Kind(
            "waterfall",
            ("x",),
            ("y", "agg", "grain", "limit"),
            "how gains and losses make up a total",
            "{measure} by {x}",
            **MORE,
        ),
        Kind(
            "gauge",
            ("target",),
            ("y", "agg"),
            "how near a measure is to a target",
            "{total}",
            **MORE,
        ),
        Kind(
            "bullet",
            ("target",),
            ("y", "agg", "x", "limit"),
            "a measure beside its target, as a bar on bands; with --x, a bar for each category",
            "{measure} against the target",
        ),
        Kind(
            "candlestick",
            ("x",),
            ("y", "grain"),
            "how a price moved: first, greatest, least and last of each step",
            "{price} over time",
            **MORE,
        ),
        Kind(
            "radar",
            ("x",),
            ("y", "agg", "color", "limit"),
            "a measure of a few categories, as a shape",
            "{measure} by {x}",
            **MORE,
        ),
        Kind(
            "sankey",
            ("x", "by"),
            ("y", "agg", "limit"),
            "how much goes from one category to another",
            "{measure} from {x} to {by}",
            **MORE,
        ),
        Kind("table", (), ("limit",), "the rows themselves", "rows of {data}"),
        Kind(
            "text",
            (),
            ("y", "agg"),
            "words in Markdown, with figures of the data in them",
            "about {data}",
            parts=("markdown",),
            requires=("markdown-it-py>=4.0",),
        ),
    )
}


@dataclass(frozen=True)
class Chart:
    """One chart: what to draw from which columns of a loader.

    `y` None with `agg` "count" counts rows. `by` is a second category, `size` that of a point.
    `limit` is the number of bars, points or rows, and of a line chart's lines. `why` comes from
    the suggestion.

    `across` are measures of one kind in columns of their own, which are compared: `y` is then the name
    of their values, and `x` or `color` that of what tells them apart. `only` is a column and its one
    value that is charted: that of several indicators, say.
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
    why: str = ""
    across: tuple[str, ...] = ()
    only: tuple[str, str] | None = None
    by: str | None = None
    size: str | None = None
    mode: str | None = None
    orientation: str | None = None
    target: float | None = None
