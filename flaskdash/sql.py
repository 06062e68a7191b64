"""The SQL that a chart asks: static text that names its loader as a table."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flaskdash.charts import Chart
from flaskdash.inspect.model import Column
from flaskdash.names import is_reserved

BINS = 30
FUNCTIONS = {"sum": "sum", "last": "sum", "mean": "avg", "median": "median", "min": "min"}
FUNCTIONS |= {"max": "max", "count": "count"}
TABLE_COLUMNS = 12


@dataclass(frozen=True)
class Bins:
    """A histogram's bins: `width` in units of its column, the first and the last one counted in widths.

    What lies before the first or after the last bin belongs to that one.
    """

    width: float = 0.0
    first: int | None = None
    last: int | None = None


NO_BINS = Bins()


# Words that DuckDB keeps for itself, beside those that every engine does.
DUCKDB_WORDS = frozenset(
    """anti asof asymmetric at authorization binary collation concurrently deferrable freeze glob ilike
    initially isnull leading notnull overlaps pivot_longer pivot_wider positional semi tablesample
    unpack variadic verbose""".split()
)


def quote(name: str) -> str:
    """Return a name as an SQL identifier, in quotes where it needs them."""
    plain = re.fullmatch(r"[a-z_][a-z0-9_]*", name)
    if plain and not is_reserved(name) and name not in DUCKDB_WORDS:
        return name
    return '"' + name.replace('"', '""') + '"'


def measure_name(chart: Chart) -> str:
    """Return the name under which the chart's SQL returns what it measures: y, or `count`.

    A chart of a column by itself has that name already, so its measure is called sum_of_units.
    """
    if chart.kind == "scatter":
        return chart.y or ""
    name, other = (
        ("count", "row_count") if chart.y is None else (chart.y, f"{chart.agg}_of_{chart.y}")
    )
    return _apart(name, other, (chart.x, chart.color))


def _apart(name: str, other: str, taken: Iterable[str | None]) -> str:
    """Return the name, or where it is taken the other one, longer until it is not."""
    used = {each.lower() for each in taken if each}
    if name.lower() not in used:
        return name
    while other.lower() in used:
        other += "_"
    return other


def select(chart: Chart, columns: Mapping[str, Column], bins: Bins = NO_BINS) -> str:
    """Return the chart's SQL; `bins` are those of a histogram."""
    return {
        "kpi": _kpi,
        "line": _line,
        "bar": _bar,
        "scatter": _scatter,
        "histogram": lambda c, k: _histogram(c, bins),
        "table": _table,
    }[chart.kind](chart, columns)


def bins(low: float, high: float, least: float, greatest: float, *, whole: bool) -> Bins:
    """Return about 30 bins from low to high, for values from `least` to `greatest`.

    The outer bins take in the rest where that would need half as many bins again.
    """
    width = nice_width(low, high, whole)
    first, last, lowest, highest = (
        math.floor(value / width) for value in (low, high, least, greatest)
    )
    return Bins(
        width,
        first if lowest < first - BINS / 2 else None,
        last if highest > last + BINS / 2 else None,
    )


def nice_width(low: float, high: float, whole: bool) -> float:
    """Return the width of a bin, 1, 2 or 5 times a power of ten, for about 30 from low to high."""
    span = high - low
    if span <= 0 or not math.isfinite(span):
        return 1
    exact = span / BINS
    power = 10.0 ** math.floor(math.log10(exact))
    width = next((step * power for step in (1, 2, 5, 10) if step * power >= exact), 10 * power)
    width = max(1, width) if whole else width
    return int(width) if width >= 1 else float(f"{width:.1g}")


def _measure(chart: Chart) -> str:
    return f"{_aggregate(chart)} AS {quote(measure_name(chart))}"


def _aggregate(chart: Chart) -> str:
    if chart.y is None:
        return "count(*)"
    if chart.agg == "distinct":
        return f"count(DISTINCT {quote(chart.y)})"
    return f"{FUNCTIONS[chart.agg or 'sum']}({quote(chart.y)})"


def _time(columns: Mapping[str, Column]) -> str | None:
    return next((name for name, column in columns.items() if column.role == "time"), None)


def _step(chart: Chart, columns: Mapping[str, Column]) -> str:
    """Return x, cut to the chart's grain where that is coarser than the days themselves."""
    assert chart.x is not None
    name, column = quote(chart.x), columns[chart.x]
    as_it_is = column.type == "date" and chart.grain == column.grain
    if chart.grain and column.type in {"date", "datetime"} and not as_it_is:
        return f"date_trunc('{chart.grain}', {name})"
    return name


def _where(chart: Chart, columns: Mapping[str, Column], *names: str | None) -> str:
    """Return the WHERE clause: no missing values, and the end of each period for a running total."""
    clauses = [f"{quote(name)} IS NOT NULL" for name in dict.fromkeys(names) if name]
    time = _time(columns)
    if chart.agg == "last" and time is not None:
        filled = f"FROM {quote(chart.data)} WHERE {quote(chart.y or time)} IS NOT NULL"
        if chart.x == time and _step(chart, columns) == quote(time):
            pass  # each day is the end of its period
        elif chart.x == time:
            periods = f"SELECT max({quote(time)}) {filled} GROUP BY {_step(chart, columns)}"
            clauses.append(f"{quote(time)} IN ({periods})")
        else:
            clauses.append(f"{quote(time)} = (SELECT max({quote(time)}) {filled})")
    return f"\nWHERE {' AND '.join(clauses)}" if clauses else ""


def _kpi(chart: Chart, columns: Mapping[str, Column]) -> str:
    return f"SELECT {_measure(chart)}\nFROM {quote(chart.data)}{_where(chart, columns)}"


def _line(chart: Chart, columns: Mapping[str, Column]) -> str:
    assert chart.x is not None
    color = f", {quote(chart.color)}" if chart.color else ""
    step = _step(chart, columns)
    first = step if step == quote(chart.x) else f"{step} AS {quote(chart.x)}"
    groups = "1, 2" if color else "1"
    return (
        f"SELECT {first}{color}, {_measure(chart)}\nFROM {quote(chart.data)}"
        f"{_where(chart, columns, chart.x, chart.color, chart.y)}\n"
        f"GROUP BY {groups}\nORDER BY {groups}"
    )


def _bar(chart: Chart, columns: Mapping[str, Column]) -> str:
    assert chart.x is not None
    if chart.grain or columns[chart.x].role == "time":
        return _line(chart, columns)
    x, limit = quote(chart.x), chart.limit or 15
    measure = quote(measure_name(chart))
    total = _measure(chart)
    where = _where(chart, columns, chart.x, chart.color, chart.y)
    if not chart.color:
        return (
            f"SELECT {x}, {total}\nFROM {quote(chart.data)}{where}\n"
            f"GROUP BY 1\nORDER BY 2 DESC, 1\nLIMIT {limit}"
        )
    of_bar = quote(_apart("total_of_bar", "total_of_bar_2", columns))
    largest = (
        f"    SELECT {x}, {_aggregate(chart)} AS {of_bar}\n"
        f"    FROM {quote(chart.data)}{where.replace(chr(10), chr(10) + '    ')}\n"
        f"    GROUP BY 1\n    ORDER BY 2 DESC, 1\n    LIMIT {limit}\n"
    )
    return (
        f"WITH largest AS (\n{largest})\n"
        f"SELECT {x}, {quote(chart.color)}, {total}\nFROM {quote(chart.data)}\nJOIN largest USING ({x})"
        f"{where}\nGROUP BY {x}, {quote(chart.color)}, {of_bar}\n"
        f"ORDER BY {of_bar} DESC, {x}, {measure} DESC"
    )


def _scatter(chart: Chart, columns: Mapping[str, Column]) -> str:
    names = [quote(name) for name in dict.fromkeys((chart.x, chart.y, chart.color)) if name]
    where = _where(chart, columns, chart.x, chart.y, chart.color)
    return (
        f"SELECT {', '.join(names)}\nFROM {quote(chart.data)}{where}\n"
        f"-- at most so many points, and the same ones each time\n"
        f"ORDER BY hash(row_number() OVER ())\nLIMIT {chart.limit or 2000}"
    )


def _histogram(chart: Chart, bins: Bins) -> str:
    assert chart.x is not None
    x = quote(chart.x)
    number, notes = f"floor({x} / {bins.width})", ""
    if bins.first is not None:
        number = f"greatest({number}, {bins.first})"
        notes += f"-- the first bar holds what lies below {bins.first * bins.width:g} too\n"
    if bins.last is not None:
        number = f"least({number}, {bins.last})"
        notes += f"-- the last bar holds what lies above {(bins.last + 1) * bins.width:g} too\n"
    return (
        f"SELECT {number} * {bins.width} AS {x}, count(*) AS {quote(measure_name(chart))}\n"
        f"FROM {quote(chart.data)}\nWHERE {x} IS NOT NULL\n{notes}GROUP BY 1\nORDER BY 1"
    )


def _table(chart: Chart, columns: Mapping[str, Column]) -> str:
    shown = list(columns)
    for dull in ({"constant", "empty"}, {"identifier"}, {"text"}):
        if len(shown) > TABLE_COLUMNS:
            shown = [name for name in shown if columns[name].role not in dull] or shown
    shown = shown[:TABLE_COLUMNS]
    names = "*" if len(shown) == len(columns) else ", ".join(map(quote, shown))
    time = _time(columns)
    order = f"\nORDER BY {quote(time)} DESC" if time is not None else ""
    return f"SELECT {names}\nFROM {quote(chart.data)}{order}\nLIMIT {chart.limit or 100}"
