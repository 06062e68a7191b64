"""Chart kinds, and whether a chart fits its data.

To add a kind: an entry in KINDS here, its SQL in sql.SHAPES, and templates/chart/templates/KIND.jinja.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from flaskdash.errors import FlaskdashError

if TYPE_CHECKING:
    from flaskdash.inspect.model import Column

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


def check(chart: Chart, columns: Mapping[str, Column]) -> Chart:
    """Return a chart whose columns are there and fit its kind, with what follows from them.

    Raises FlaskdashError that names the flag and the nearest column.
    """
    kind = KINDS[chart.kind]
    if chart.across:
        for compared in chart.across:
            _known(compared, chart.data, columns)
        return chart
    for flag in FLAGS:
        value = getattr(chart, flag)
        if value is None and flag in kind.needs:
            hint = f"--{flag} {'COLUMN' if flag in COLUMNS else 'VALUE'}"
            raise FlaskdashError(f"a {kind.name} needs --{flag}", hint=hint)
        if value is not None and flag in COLUMNS:
            _known(value, chart.data, columns)
        if value is not None and flag not in kind.needs + kind.takes:
            raise FlaskdashError(f"a {kind.name} takes no --{flag}", hint=_takes(kind))
    for name in chart.filters:
        _known(name, chart.data, columns)
    for flag in kind.numbers:
        name = getattr(chart, flag)
        per = chart.kind == "histogram" and chart.by is not None
        if name is not None and not per and not _is_counted(columns[name], chart):
            _numeric(columns[name], chart)
    if chart.kind == "kpi" and chart.x is not None and chart.grain is None:
        column = columns[chart.x]
        is_year = column.role == "time" and column.type == "integer"
        chart = replace(chart, grain=None if is_year else column.grain or "month")
    chart = replace(chart, agg=_aggregate(chart, columns))
    if chart.grain is not None and chart.x is None:
        raise FlaskdashError("--grain needs --x", hint="--x COLUMN, of dates")
    _fits(chart, columns)
    if chart.grain is not None and chart.x is not None:
        column = columns[chart.x]
        if column.type not in {"date", "datetime"}:
            raise FlaskdashError(
                f"--grain needs a column of dates; {column.name} is {column.type}",
                hint="leave --grain out",
            )
    return chart


def _aggregate(chart: Chart, columns: Mapping[str, Column]) -> str | None:
    if not KINDS[chart.kind].sums_up:
        return None
    if chart.y is None:
        if chart.agg not in {None, "count"}:
            raise FlaskdashError(f"--agg {chart.agg} needs --y", hint="--y COLUMN, or --agg count")
        return "count"
    return chart.agg or columns[chart.y].agg or "sum"


def _fits(chart: Chart, columns: Mapping[str, Column]) -> None:
    """Raise where parts are to make up a whole and do not, and where a map has no places."""
    whole = chart.kind in WHOLES or chart.mode in {"stack", "percent"}
    whole = whole or (chart.kind == "area" and chart.color is not None)
    if whole and chart.agg not in ADDITIVE:
        raise FlaskdashError(
            f"parts with --agg {chart.agg} don't add up to a whole",
            hint=f"--agg {', or '.join(ADDITIVE)}; or --kind {'line' if chart.kind == 'area' else 'bar --mode group'}",
        )
    if chart.kind == "candlestick":
        _candles(chart, columns)
    if chart.kind == "choropleth" and columns[chart.x or ""].type != "text":
        raise FlaskdashError(
            f"a {chart.kind} needs names of places, and {chart.x!r} is {columns[chart.x or ''].type}",
            hint="--x COLUMN with countries, or with states of the USA",
        )
    if chart.mode is not None and chart.color is None:
        raise FlaskdashError(f"--mode {chart.mode} needs --color", hint="--color COLUMN")
    if chart.kind == "area" and chart.mode == "group":
        raise FlaskdashError(
            "an area takes --mode stack or percent", hint="--kind line, to compare"
        )


def candles(chart: Chart, columns: Mapping[str, Column]) -> list[str]:
    """Return the columns of a candlestick: open, high, low and close, or the measure for each."""
    if chart.y is not None:
        return [chart.y] * 4
    lower = {name.lower().strip(): name for name in columns}
    return [lower[name] for name in CANDLE if name in lower]


def _candles(chart: Chart, columns: Mapping[str, Column]) -> None:
    if chart.y is not None and chart.grain is None:
        raise FlaskdashError("a candlestick of one column needs --grain", hint="--grain month")
    found = candles(chart, columns)
    if len(found) < 4:
        raise FlaskdashError(
            f"{chart.data} has no columns {', '.join(CANDLE)}", hint="--y COLUMN with a price"
        )
    for name in found:
        _numeric(columns[name], chart)


def _known(name: str, data: str, columns: Mapping[str, Column]) -> None:
    if name in columns:
        return
    near = difflib.get_close_matches(name.lower(), [each.lower() for each in columns], 1, 0.6)
    found = next((each for each in columns if near and each.lower() == near[0]), None)
    if found:
        raise FlaskdashError(f"no column {name!r} in {data}; did you mean {found!r}?")
    known = ", ".join(list(columns)[:20])
    raise FlaskdashError(f"no column {name!r} in {data}", hint=f"one of: {known}")


def _is_counted(column: Column, chart: Chart) -> bool:
    """Tell whether a column need not hold numbers: its values are counted, or where it holds."""
    is_flag = column.type == "boolean" or column.yes is not None
    return chart.agg in {"count", "distinct"} or (chart.agg == "share" and is_flag)


def _numeric(column: Column, chart: Chart) -> None:
    if column.type not in {"integer", "number"}:
        instead = "--agg count or --agg distinct" if KINDS[chart.kind].sums_up else ""
        raise FlaskdashError(
            f"a {chart.kind} measures numbers, and {column.name!r} is {column.type}",
            hint=f"a column of numbers{', or ' + instead if instead else ''}",
        )


def _takes(kind: Kind) -> str:
    flags = ", ".join(f"--{flag}" for flag in kind.needs + kind.takes)
    return f"it takes {flags}" if flags else "leave it out"
