"""Whether a chart fits the columns of its data."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from flaskdash.charts.kinds import ADDITIVE, CANDLE, COLUMNS, FLAGS, KINDS, WHOLES, Chart, Kind
from flaskdash.errors import FlaskdashError

if TYPE_CHECKING:
    from flaskdash.inspect.model import Column


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
