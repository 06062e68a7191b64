"""Check whether a chart fits the columns of its data."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from flaskdash.charts.kinds import (
    ADDITIVE,
    AUTO,
    AUTO_KINDS,
    CANDLE,
    COLUMNS,
    FILE_FLAGS,
    FLAGS,
    KINDS,
    WHOLES,
    Chart,
    Kind,
)
from flaskdash.errors import FlaskdashError

if TYPE_CHECKING:
    from flaskdash.inspect.model import Column

DATE_TYPES = {"date", "datetime"}
MAX_TARGET = 1e300  # an axis ends beyond it
# Flags that do for some kinds what the other one does for others.
SIMILAR = {"by": "color", "color": "by"}


def check(chart: Chart, columns: Mapping[str, Column]) -> Chart:
    """Return the chart with its aggregate and grain filled in.

    Raises FlaskdashError that names the flag and the nearest column if a column does not exist or
    does not fit the chart's kind.
    """
    if chart.across:
        for name in chart.across:
            check_exists(name, chart.data, columns)
        return chart
    _check_flags(chart, columns)
    for name in chart.filters:
        check_exists(name, chart.data, columns)
    _check_measures(chart, columns)
    chart = replace(chart, grain=_grain(chart, columns))
    chart = replace(chart, agg=_aggregate(chart, columns))
    if chart.grain is not None and chart.x is None:
        raise FlaskdashError("--grain needs --x", hint="--x COLUMN, of dates")
    _check_kind(chart, columns)
    _check_weight(chart, columns)
    if chart.grain is not None and chart.x is not None:
        column = columns[chart.x]
        if column.type not in DATE_TYPES:
            raise FlaskdashError(
                f"--grain needs a column of dates; {column.name} is {column.type}",
                hint="leave --grain out",
            )
    if chart.grain == AUTO and chart.kind not in AUTO_KINDS:
        raise FlaskdashError(
            f"a {chart.kind} does not take --grain auto", hint="--grain month, or another step"
        )
    return chart


def _check_flags(chart: Chart, columns: Mapping[str, Column]) -> None:
    """Raise if the kind needs a flag that is missing, or does not take one that is set."""
    kind = KINDS[chart.kind]
    if chart.target is not None and not abs(chart.target) < MAX_TARGET:
        raise FlaskdashError(
            f"--target {chart.target} is not a number that a chart can show", hint="--target 5000"
        )
    for flag in (*FLAGS, *FILE_FLAGS):
        value = getattr(chart, flag)
        if value is None and flag in kind.needs:
            hint = f"--{flag} {'COLUMN' if flag in COLUMNS else 'VALUE'}"
            raise FlaskdashError(f"a {kind.name} needs --{flag}", hint=hint)
        if value is not None and flag in COLUMNS:
            check_exists(value, chart.data, columns)
        if value is not None and flag not in kind.needs + kind.takes:
            similar = SIMILAR.get(flag, flag)
            fits = similar in kind.needs + kind.takes and getattr(chart, similar) is None
            raise FlaskdashError(
                f"a {kind.name} does not take --{flag}{_accepted_flags(kind)}",
                hint=f"--{similar} {shlex.quote(value)}" if fits else f"leave --{flag} out",
            )


def _accepted_flags(kind: Kind) -> str:
    flags = ", ".join(f"--{flag}" for flag in kind.needs + kind.takes)
    return f"; it takes {flags}" if flags else ""


def _check_measures(chart: Chart, columns: Mapping[str, Column]) -> None:
    for flag in KINDS[chart.kind].numbers:
        name = getattr(chart, flag)
        is_histogram_of_totals = chart.kind == "histogram" and chart.by is not None
        if name is None or is_histogram_of_totals or _is_counted(columns[name], chart):
            continue
        _check_numeric(columns[name], chart)


def _grain(chart: Chart, columns: Mapping[str, Column]) -> str | None:
    """Return the chart's grain, or that of the dates of a KPI with a trend."""
    if chart.kind != "kpi" or chart.x is None or chart.grain is not None:
        return chart.grain
    column = columns[chart.x]
    is_year = column.role == "time" and column.type == "integer"
    return None if is_year else column.grain or "month"


def _aggregate(chart: Chart, columns: Mapping[str, Column]) -> str | None:
    if not KINDS[chart.kind].sums_up:
        return None
    if chart.y is None:
        if chart.agg not in {None, "count"}:
            raise FlaskdashError(f"--agg {chart.agg} needs --y", hint="--y COLUMN, or --agg count")
        return "count"
    return chart.agg or columns[chart.y].agg or "sum"


def _check_kind(chart: Chart, columns: Mapping[str, Column]) -> None:
    """Raise if the parts of a whole do not add up, or a map's column does not name places."""
    is_whole = chart.kind in WHOLES or chart.mode in {"stack", "percent"}
    is_whole = is_whole or (chart.kind == "area" and chart.color is not None)
    if is_whole and chart.agg not in ADDITIVE:
        kind = "line" if chart.kind == "area" else "bar --mode group"
        raise FlaskdashError(
            f"parts with --agg {chart.agg} don't add up to a whole",
            hint=f"--agg {', or '.join(ADDITIVE)}; or --kind {kind}",
        )
    if chart.kind == "candlestick":
        _check_candlestick(chart, columns)
    x = columns.get(chart.x or "")
    types = {"text", "integer"} if chart.shapes else {"text"}  # codes may be numbers
    if chart.kind == "choropleth" and x is not None and x.type not in types:
        raise FlaskdashError(
            f"a choropleth needs names of places, and {x.name!r} is {x.type}",
            hint="--x COLUMN with countries, or with states of the USA",
        )
    if chart.key and not chart.shapes:
        raise FlaskdashError("--key needs --shapes", hint="--shapes FILE.geojson")
    if chart.mode is not None and chart.color is None:
        raise FlaskdashError(f"--mode {chart.mode} needs --color", hint="--color COLUMN")
    if chart.kind == "area" and chart.mode == "group":
        raise FlaskdashError(
            "an area takes --mode stack or percent", hint="--kind line, to compare"
        )


def candle_columns(chart: Chart, columns: Mapping[str, Column]) -> list[str]:
    """Return the columns for open, high, low and close: four times y if the chart has one."""
    if chart.y is not None:
        return [chart.y] * 4
    by_lower_name = {name.lower().strip(): name for name in columns}
    return [by_lower_name[name] for name in CANDLE if name in by_lower_name]


def _check_candlestick(chart: Chart, columns: Mapping[str, Column]) -> None:
    if chart.y is not None and chart.grain is None:
        raise FlaskdashError("a candlestick of one column needs --grain", hint="--grain month")
    names = candle_columns(chart, columns)
    if len(names) < 4:
        raise FlaskdashError(
            f"{chart.data} has no columns {', '.join(CANDLE)}", hint="--y COLUMN with a price"
        )
    for name in names:
        _check_numeric(columns[name], chart)


def check_exists(name: str, data: str, columns: Mapping[str, Column]) -> None:
    """Raise if a column does not exist, with the nearest name or the first 20."""
    if name in columns:
        return
    lower_names = [column.lower() for column in columns]
    matches = difflib.get_close_matches(name.lower(), lower_names, 1, 0.6)
    if matches:
        nearest = list(columns)[lower_names.index(matches[0])]
        raise FlaskdashError(f"no column {name!r} in {data}; did you mean {nearest!r}?")
    names = ", ".join(list(columns)[:20])
    raise FlaskdashError(f"no column {name!r} in {data}, which has: {names}")


def _check_weight(chart: Chart, columns: Mapping[str, Column]) -> None:
    if chart.weight is None:
        return
    if chart.agg != "mean":
        raise FlaskdashError("--weight needs --agg mean", hint="--agg mean")
    if columns[chart.weight].type not in {"integer", "number"}:
        raise FlaskdashError(
            f"a weight is a number, and {chart.weight!r} is {columns[chart.weight].type}",
            hint="--weight COLUMN of numbers",
        )


def _is_counted(column: Column, chart: Chart) -> bool:
    """Tell whether the chart counts values, so that the column may hold anything."""
    is_flag = column.type == "boolean" or column.yes is not None
    return chart.agg in {"count", "distinct"} or (chart.agg == "share" and is_flag)


def _check_numeric(column: Column, chart: Chart) -> None:
    if column.type not in {"integer", "number"}:
        alternative = ", or --agg count or --agg distinct" if KINDS[chart.kind].sums_up else ""
        raise FlaskdashError(
            f"a {chart.kind} measures numbers, and {column.name!r} is {column.type}",
            hint=f"a column of numbers{alternative}",
        )
