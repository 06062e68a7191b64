"""Chart kinds, and whether a chart fits its data.

To add a kind: a line in KINDS here, its SQL in sql.py, and templates/chart/templates/KIND.jinja.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from flaskdash.errors import FlaskdashError

if TYPE_CHECKING:
    from flaskdash.inspect.model import Column

AGGREGATES = ("sum", "mean", "median", "min", "max", "count", "distinct", "last", "share")
GRAINS = ("year", "quarter", "month", "week", "day", "hour")


@dataclass(frozen=True)
class Kind:
    """A kind of chart: which of its columns must be given, and which may be."""

    name: str
    needs: tuple[str, ...]
    takes: tuple[str, ...]
    summary: str


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "kpi",
            (),
            ("x", "y", "agg", "grain"),
            "one number: a total, a mean, a count; along x the latest, and how it changed",
        ),
        Kind("line", ("x",), ("y", "agg", "color", "grain", "limit"), "a measure over time"),
        Kind(
            "bar",
            ("x",),
            ("y", "agg", "color", "grain", "limit"),
            "a measure by category, largest first",
        ),
        Kind("scatter", ("x", "y"), ("color", "limit"), "two measures against each other"),
        Kind("histogram", ("x",), (), "how a measure is distributed"),
        Kind("table", (), ("limit",), "the rows themselves"),
    )
}


@dataclass(frozen=True)
class Chart:
    """One chart: what to draw from which columns of a loader.

    `y` None with `agg` "count" counts rows. `limit` is the number of bars, points or rows, and of a
    line chart's lines. `score` (0 to 1) and `why` come from the suggestion.

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
    score: float = 0.0
    why: str = ""
    across: tuple[str, ...] = ()
    only: tuple[str, str] | None = None


def check(chart: Chart, columns: Mapping[str, Column]) -> Chart:
    """Return a chart whose columns are there and fit its kind, with what follows from them.

    Raises FlaskdashError that names the flag and the nearest column.
    """
    kind = KINDS[chart.kind]
    if chart.across:
        for compared in chart.across:
            _known(compared, chart.data, columns)
        return chart
    given = {"x": chart.x, "y": chart.y, "color": chart.color}
    for flag, name in given.items():
        if name is None and flag in kind.needs:
            raise FlaskdashError(f"a {kind.name} needs --{flag}", hint=f"--{flag} COLUMN")
        if name is not None:
            _known(name, chart.data, columns)
            if flag not in kind.needs + kind.takes:
                raise FlaskdashError(f"a {kind.name} takes no --{flag}", hint=_takes(kind))
    for flag in ("agg", "grain", "limit"):
        if getattr(chart, flag) is not None and flag not in kind.takes:
            raise FlaskdashError(f"a {kind.name} takes no --{flag}", hint=_takes(kind))
    for name in chart.filters:
        _known(name, chart.data, columns)
    measured = (chart.x, chart.y) if chart.kind in {"scatter", "histogram"} else (chart.y,)
    for name in measured:
        if name is not None and not _is_counted(columns[name], chart):
            _numeric(columns[name], chart)
    chart = replace(chart, agg=_aggregate(chart, columns))
    if chart.grain is not None and chart.x is None:
        raise FlaskdashError("--grain needs --x", hint="--x COLUMN, of dates")
    if chart.grain is not None and chart.x is not None:
        column = columns[chart.x]
        if column.type not in {"date", "datetime"}:
            raise FlaskdashError(
                f"--grain needs a column of dates; {column.name} is {column.type}",
                hint="leave --grain out",
            )
    return chart


def _aggregate(chart: Chart, columns: Mapping[str, Column]) -> str | None:
    if "agg" not in KINDS[chart.kind].takes:
        return None
    if chart.y is None:
        if chart.agg not in {None, "count"}:
            raise FlaskdashError(f"--agg {chart.agg} needs --y", hint="--y COLUMN, or --agg count")
        return "count"
    return chart.agg or columns[chart.y].agg or "sum"


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
        instead = "--agg count or --agg distinct" if "agg" in KINDS[chart.kind].takes else ""
        raise FlaskdashError(
            f"a {chart.kind} measures numbers, and {column.name!r} is {column.type}",
            hint=f"a column of numbers{', or ' + instead if instead else ''}",
        )


def _takes(kind: Kind) -> str:
    flags = ", ".join(f"--{flag}" for flag in kind.needs + kind.takes)
    return f"it takes {flags}" if flags else "leave it out"
