"""The SQL that a chart asks: static text that names its loader as a table."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from flaskdash.charts.check import candles
from flaskdash.charts.kinds import CANDLE, KINDS, Chart
from flaskdash.charts.labels import labels
from flaskdash.inspect.dialects import DUCKDB, Dialect
from flaskdash.inspect.model import Column
from flaskdash.inspect.words import DATE_PARTS, words

BINS = 30
FUNCTIONS = {"sum": "sum", "last": "sum", "mean": "avg", "min": "min"}
FUNCTIONS |= {"max": "max", "count": "count"}
TABLE_COLUMNS = 12
IN_ORDER, AGES = DATE_PARTS | {"age"}, 120
# How many days without rows the end of a step in time may have, and how long the step is.
SLACK = {"day": 0, "week": 1, "month": 3, "quarter": 9, "year": 20}
DAYS = {"day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366}
SHARES = {"waterfall": 14}  # names apart from "Other"
BOX = {"low": 0.05, "q1": 0.25, "median": 0.5, "q3": 0.75, "high": 0.95}


@dataclass(frozen=True)
class Bins:
    """A histogram's bins: `width` in units of its column, the first and the last one counted in widths.

    What lies before the first or after the last bin belongs to that one.
    """

    width: float = 0.0
    first: int | None = None
    last: int | None = None


NO_BINS = Bins()


def measure_name(chart: Chart) -> str:
    """Return the name under which the chart's SQL returns what it measures: y, or `count`.

    A chart of a column by itself has that name already, so its measure is called sum_of_units.
    """
    if chart.across or (chart.y is not None and not KINDS[chart.kind].sums_up):
        return chart.y or ""
    name, other = (
        ("count", "row_count") if chart.y is None else (chart.y, f"{chart.agg}_of_{chart.y}")
    )
    return _apart(name, other, (chart.x, chart.by, chart.color))


def _apart(name: str, other: str, taken: Iterable[str | None]) -> str:
    """Return the name, or where it is taken the other one, longer until it is not."""
    used = {each.lower() for each in taken if each}
    if name.lower() not in used:
        return name
    while other.lower() in used:
        other += "_"
    return other


def select(
    chart: Chart, columns: Mapping[str, Column], bins: Bins = NO_BINS, to: Dialect = DUCKDB
) -> str:
    """Return the chart's SQL, as the engine `to` writes it; `bins` are those of a histogram."""
    if chart.across:
        return _compared(chart, columns, to) + to.ending
    if chart.kind == "histogram":
        return _histogram(chart, columns, bins, to) + to.ending
    return SHAPES[chart.kind](chart, columns, to) + to.ending


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


def _measure(chart: Chart, columns: Mapping[str, Column], to: Dialect) -> str:
    return f"{_aggregate(chart, columns, to)} AS {to.quote(measure_name(chart))}"


def _holds(name: str, columns: Mapping[str, Column], to: Dialect) -> str:
    """Return the condition that a flag holds: it says yes, is true, or is not zero."""
    column, quoted = columns[name], to.quote(name)
    if column.yes is not None:
        return f"{quoted} = '{column.yes}'"
    return quoted if column.type == "boolean" else f"{quoted} <> 0"


def _aggregate(chart: Chart, columns: Mapping[str, Column], to: Dialect) -> str:
    if chart.y is None:
        return "count(*)"
    y = to.quote(chart.y)
    if chart.agg == "share":
        return f"avg(CASE WHEN {_holds(chart.y, columns, to)} THEN 100.0 ELSE 0.0 END)"
    if chart.agg == "distinct":
        return f"count(DISTINCT {y})"
    if chart.agg == "median":
        return to.middle(y)
    return f"{FUNCTIONS[chart.agg or 'sum']}({y})"


def _time(columns: Mapping[str, Column]) -> str | None:
    return next((name for name, column in columns.items() if column.role == "time"), None)


def _step(chart: Chart, columns: Mapping[str, Column], to: Dialect) -> str:
    """Return x, cut to the chart's grain where that is coarser than the days themselves."""
    assert chart.x is not None
    name, column = to.quote(chart.x), columns[chart.x]
    as_it_is = column.type == "date" and chart.grain == column.grain
    if chart.grain and column.type in {"date", "datetime"} and not as_it_is:
        return to.cut(chart.grain, name)
    return name


def _as_x(chart: Chart, columns: Mapping[str, Column], to: Dialect) -> str:
    """Return the step, under the name of x."""
    step, name = _step(chart, columns, to), to.quote(chart.x or "")
    return step if step == name else f"{step} AS {name}"


def _where(chart: Chart, columns: Mapping[str, Column], to: Dialect, *names: str | None) -> str:
    """Return the WHERE clause: no missing values, and the end of each period for a running total."""
    clauses = [f"{to.quote(name)} IS NOT NULL" for name in dict.fromkeys(names) if name]
    if chart.only:
        clauses.insert(0, f"{to.quote(chart.only[0])} = '{chart.only[1]}'")
    time = _time(columns)
    if chart.agg == "last" and time is not None:
        filled = f"FROM {to.quote(chart.data)} WHERE {to.quote(chart.y or time)} IS NOT NULL"
        if chart.only:
            filled += f" AND {clauses[0]}"
        if chart.x == time and _step(chart, columns, to) == to.quote(time):
            pass  # each day is the end of its period
        elif chart.x == time:
            periods = f"SELECT max({to.quote(time)}) {filled} GROUP BY {_step(chart, columns, to)}"
            clauses.append(f"{to.quote(time)} IN ({periods})")
        else:
            clauses.append(f"{to.quote(time)} = (SELECT max({to.quote(time)}) {filled})")
    return _clause(clauses, _unfinished(chart, columns, to) + _either_totals(chart, columns, to))


def _unfinished(chart: Chart, columns: Mapping[str, Column], to: Dialect) -> list[str]:
    """Return what leaves out a last month (week, year...) that is not over: it would look like a collapse.

    A few days without rows do not count, and a time of less than three such steps is drawn whole.
    """
    column = columns.get(chart.x or "")
    if (
        column is None
        or column.type not in {"date", "datetime"}
        or chart.agg not in {"sum", "count"}
        or chart.grain not in SLACK
        or chart.grain == column.grain
    ):
        return []
    name, grain = to.quote(column.name), chart.grain
    slack = 1 + SLACK[grain] + {"week": 6, "month": 30, "quarter": 91}.get(column.grain or "", 0)
    few = to.after(3 * DAYS[grain], f"min({name})")
    # A day of events may end two hours before midnight.
    past = (2, "HOUR") if grain == "day" else (slack, "DAY")
    over = to.cut(grain, to.after(past[0], f"max({name})", past[1]))
    return [
        f"{name} < (  -- no last {grain} that is not over yet\n"
        f"    SELECT CASE WHEN max({name}) < {few}\n"
        f"        THEN {to.after(1, f'max({name})')}\n"
        f"        ELSE {over} END\n"
        f"    FROM {to.quote(chart.data)}\n)"
    ]


def _clause(clauses: list[str], parts: list[str]) -> str:
    """Return a WHERE clause: the plain ones in a line, then a line for each with a remark."""
    lines = [" AND ".join(clauses), *parts] if clauses else parts
    return "\nWHERE " + "\nAND ".join(lines) if lines else ""


def _either_totals(chart: Chart, columns: Mapping[str, Column], to: Dialect) -> list[str]:
    """Return what keeps totals apart from parts that overlap or are incomplete.

    Loaders leave other totals out. Beside its parts a total is left out, unless a filter leaves nothing else. Else it is what counts,
    where it is there: parts may overlap, such as continents and countries.
    """
    found = []
    for column in columns.values() if chart.agg != "count" else ():
        name, data = to.quote(column.name), to.quote(chart.data)
        totals = ", ".join(f"'{value}'" for value in column.totals)
        if not totals:
            continue
        if not KINDS[chart.kind].sums_up or column.name in {chart.x, chart.by, chart.color}:
            alone = f"(SELECT min({name}) = max({name}) FROM {data})"
            parts = f"(coalesce({name}, '') NOT IN ({totals}) OR {alone})"
            found.append(f"{parts}  -- not the total beside its parts")
        else:
            total = f"{name} = '{column.totals[0]}'"
            # The world has no continent: by that, there are the parts only.
            by = [
                each for each in (chart.x, chart.by, chart.color) if each and each != _time(columns)
            ]
            known = "".join(f" AND {to.quote(each)} IS NOT NULL" for each in by if each in columns)
            nowhere = f"NOT EXISTS (SELECT 1 FROM {data} WHERE {total}{known})"
            found.append(f"({total} OR {nowhere})  -- the total, not its parts as well")
    return found


def _kpi(chart: Chart, columns: Mapping[str, Column], to: Dialect) -> str:
    if chart.x is not None:
        return _line(chart, columns, to)
    where = _where(chart, columns, to, chart.y if chart.agg == "share" else None)
    return f"SELECT {_measure(chart, columns, to)}\nFROM {to.quote(chart.data)}{where}"


def _bullet(chart: Chart, columns: Mapping[str, Column], to: Dialect) -> str:
    return (_bar if chart.x else _kpi)(chart, columns, to)


def _words(chart: Chart, columns: Mapping[str, Column], to: Dialect) -> str:
    """Select what a text may say: the measure, the number of rows, the first and the last time."""
    shown = {"value": _aggregate(chart, columns, to)} if chart.y else {}
    shown["rows"] = "count(*)"
    if (time := _time(columns)) is not None:
        shown |= {"first": f"min({to.quote(time)})", "last": f"max({to.quote(time)})"}
    names = ", ".join(f"{value} AS {to.quote(name)}" for name, value in shown.items())
    where = _where(chart, columns, to, chart.y if chart.agg == "share" else None)
    return f"SELECT {names}\nFROM {to.quote(chart.data)}{where}"


def _line(chart: Chart, columns: Mapping[str, Column], to: Dialect) -> str:
    assert chart.x is not None
    color = f", {to.quote(chart.color)}" if chart.color else ""
    first = _as_x(chart, columns, to)
    groups = "1, 2" if color else "1"
    where = _where(chart, columns, to, chart.x, chart.color, chart.y)
    largest = join = ""
    if chart.color and chart.kind == "line" and chart.limit:
        largest = _largest(chart, columns, where, to)
        join = f"\nJOIN largest USING ({to.quote(chart.color)})"
    return (
        f"{largest}SELECT {first}{color}, {_measure(chart, columns, to)}\nFROM {to.quote(chart.data)}"
        f"{join}{where}\n"
        f"GROUP BY {groups}\nORDER BY {groups}"
    )


def _largest(chart: Chart, columns: Mapping[str, Column], where: str, to: Dialect) -> str:
    """Return the WITH clause of the lines that stand highest at the end, or of most rows."""
    assert chart.color is not None
    if chart.agg == "mean" and _time(columns):
        ranked = replace(chart, agg="last", grain=None, x=chart.color, color=None)
        where = _where(ranked, columns, to, chart.color, chart.y)
    ranked = replace(chart, agg={"last": "max"}.get(chart.agg or "", chart.agg))
    inner = where.replace("\n", "\n    ")
    return (
        f"WITH largest AS (\n    SELECT {to.quote(chart.color)}\n    FROM {to.quote(chart.data)}{inner}\n"
        f"    GROUP BY 1\n    ORDER BY {_aggregate(ranked, columns, to)} DESC, 1\n    LIMIT {chart.limit}\n)\n"
    )


def _compared(chart: Chart, columns: Mapping[str, Column], to: Dialect) -> str:
    """Return the rows of a chart that compares measures in columns of their own: a SELECT for each."""
    which = chart.x if chart.x not in columns else chart.by or chart.color
    across = to.quote(which or "")
    selects = []
    for label, name in zip(labels(chart.across), chart.across, strict=True):
        one = replace(chart, y=name, across=())
        measure = f"{_aggregate(one, columns, to)} AS {to.quote(chart.y or '')}"
        if chart.x not in columns:
            one = replace(one, x=None)
            where = _where(one, columns, to, name)
            selects.append(
                f"SELECT '{label}' AS {across}, {measure}\nFROM {to.quote(chart.data)}{where}"
            )
            continue
        one = replace(one, color=None, by=None)
        first = _as_x(one, columns, to)
        where = _where(one, columns, to, chart.x, name)
        selects.append(
            f"SELECT {first}, '{label}' AS {across}, {measure}\nFROM {to.quote(chart.data)}{where}\nGROUP BY 1"
        )
    text = "\nUNION ALL\n".join(selects)
    if chart.x in columns:
        return f"{text}\nORDER BY 1, 2"
    return f"{text}\nORDER BY 2 DESC, 1\nLIMIT {chart.limit or 15}"


def _bar(chart: Chart, columns: Mapping[str, Column], to: Dialect) -> str:
    assert chart.x is not None
    if chart.grain or columns[chart.x].role == "time":
        return _line(chart, columns, to)
    x, limit = to.quote(chart.x), chart.limit or 15
    measure = to.quote(measure_name(chart))
    total = _measure(chart, columns, to)
    where = _where(chart, columns, to, chart.x, chart.color, chart.y)
    if not chart.color:
        # Months, hours, levels and ratings stand in their own order.
        part = columns[chart.x].type == "integer" and (
            bool(IN_ORDER & set(words(chart.x))) or columns[chart.x].distinct <= limit
        )
        limit = max(limit, 31, min(columns[chart.x].distinct, AGES)) if part else limit
        order = "1" if part else "2 DESC, 1"
        return (
            f"SELECT {x}, {total}\nFROM {to.quote(chart.data)}{where}\n"
            f"GROUP BY 1\nORDER BY {order}\nLIMIT {limit}"
        )
    of_bar = to.quote(_apart("total_of_bar", "total_of_bar_2", columns))
    largest = (
        f"    SELECT {x}, {_aggregate(chart, columns, to)} AS {of_bar}\n"
        f"    FROM {to.quote(chart.data)}{where.replace(chr(10), chr(10) + '    ')}\n"
        f"    GROUP BY 1\n    ORDER BY 2 DESC, 1\n    LIMIT {limit}\n"
    )
    return (
        f"WITH largest AS (\n{largest})\n"
        f"SELECT {x}, {to.quote(chart.color)}, {total}\nFROM {to.quote(chart.data)}\nJOIN largest USING ({x})"
        f"{where}\nGROUP BY {x}, {to.quote(chart.color)}, {of_bar}\n"
        f"ORDER BY {of_bar} DESC, {x}, {measure} DESC"
    )


def _points(chart: Chart, columns: Mapping[str, Column], to: Dialect) -> str:
    shown = [name for name in dict.fromkeys((chart.x, chart.y, chart.size, chart.color)) if name]
    names = [to.quote(name) for name in shown]
    where = _where(chart, columns, to, *shown)
    return (
        f"SELECT {', '.join(names)}\nFROM {to.quote(chart.data)}{where}\n"
        f"-- at most so many points, and the same ones each time\n"
        f"ORDER BY {to.shuffle}\nLIMIT {chart.limit or 2000}"
    )


def _shares(chart: Chart, columns: Mapping[str, Column], to: Dialect) -> str:
    """Select the largest parts of a whole, the others as one."""
    assert chart.x is not None
    x, limit, y = (
        to.quote(chart.x),
        chart.limit or SHARES.get(chart.kind, 7),
        to.quote(measure_name(chart)),
    )
    place = to.quote(_apart("place", "place_", (chart.x, measure_name(chart))))
    text = x if columns[chart.x].type == "text" else to.text.format(x=x)
    whole = _aggregate(chart, columns, to)
    positive = "" if chart.kind == "waterfall" else f"\n    HAVING {whole} > 0"
    where = _where(chart, columns, to, chart.x, chart.y).replace("\n", "\n    ")
    parts, ranked = (to.quote(_apart(n, f"{n}_", (chart.data,))) for n in ("parts", "ranked"))
    return (  # in two steps, as Spark takes an aggregate in a window for the column of its name
        f"WITH {parts} AS (\n    SELECT {x}, {whole} AS {y}\n"
        f"    FROM {to.quote(chart.data)}{where}\n    GROUP BY {x}{positive}\n),\n"
        f"{ranked} AS (\n    SELECT {x}, {y}, row_number() OVER (ORDER BY {y} DESC, {x}) AS {place}\n"
        f"    FROM {parts}\n)\n"
        f"SELECT CASE WHEN {place} <= {limit} THEN {text} ELSE 'Other' END AS {x}, sum({y}) AS {y}\n"
        f"FROM {ranked}\nGROUP BY 1\nORDER BY min({place})"
    )


def _steps(chart: Chart, columns: Mapping[str, Column], to: Dialect) -> str:
    """Select what is gained or lost at each step: of time, or by category."""
    assert chart.x is not None
    timed = chart.grain or columns[chart.x].role == "time"
    return (_line if timed else _shares)(chart, columns, to)


def _places(chart: Chart, columns: Mapping[str, Column], to: Dialect) -> str:
    return _bar(replace(chart, limit=500), columns, to)


def _nested(chart: Chart, columns: Mapping[str, Column], to: Dialect) -> str:
    """Select the largest of the parts, or of their parts."""
    names = [to.quote(name) for name in (chart.x, chart.by) if name]
    groups = ", ".join(str(n + 1) for n in range(len(names)))
    return (
        f"SELECT {', '.join(names)}, {_measure(chart, columns, to)}\nFROM {to.quote(chart.data)}"
        f"{_where(chart, columns, to, chart.x, chart.by, chart.y)}\nGROUP BY {groups}\n"
        f"HAVING {_aggregate(chart, columns, to)} > 0\n"
        f"ORDER BY {len(names) + 1} DESC, {groups}\nLIMIT {chart.limit or 60}"
    )


def _cells(chart: Chart, columns: Mapping[str, Column], to: Dialect) -> str:
    """Select the measure by two categories, of each those that are most often there."""
    assert chart.x is not None
    x, by, data = to.quote(chart.x), to.quote(chart.by or ""), to.quote(chart.data)
    step = _step(chart, columns, to)
    where = _where(chart, columns, to, chart.x, chart.by, chart.y)
    often = {"across": x, "down": by} if step == x and not chart.grain else {"down": by}
    tables = {to.quote(_apart(n, f"{n}_", (chart.data,))): name for n, name in often.items()}
    inner = where.replace("\n", "\n    ")
    largest = ",\n".join(
        f"{table} AS (\n    SELECT {name}\n    FROM {data}{inner}\n    GROUP BY 1\n"
        f"    ORDER BY count(*) DESC, 1\n    LIMIT {chart.limit or 30}\n)"
        for table, name in tables.items()
    )
    joins = "".join(f"\nJOIN {table} USING ({name})" for table, name in tables.items())
    first = _as_x(chart, columns, to)
    return (
        f"WITH {largest}\nSELECT {first}, {by}, {_measure(chart, columns, to)}\nFROM {data}{joins}{where}\n"
        f"GROUP BY 1, 2\nORDER BY 1, 2"
    )


def candle_names(chart: Chart) -> list[str]:
    """Return the names under which the SQL of a candlestick returns its four prices."""
    return [_apart(name, f"{name}_", (chart.x,)) for name in CANDLE]


def _candles(chart: Chart, columns: Mapping[str, Column], to: Dialect) -> str:
    """Select the first, greatest, least and last price of each step."""
    assert chart.x is not None
    x, step = to.quote(chart.x), _step(chart, columns, to)
    opened, high, low, closed = map(to.quote, candles(chart, columns))
    names = list(map(to.quote, candle_names(chart)))
    prices = list(dict.fromkeys((opened, high, low, closed)))
    where = _where(chart, columns, to, chart.x, *candles(chart, columns))
    data = to.quote(chart.data)
    if step == x:
        shown = [
            f"{one} AS {name}" for one, name in zip((opened, high, low, closed), names, strict=True)
        ]
        return f"SELECT {x}, {', '.join(shown)}\nFROM {data}{where}\nORDER BY 1"
    taken = (chart.x, chart.data, *candles(chart, columns))
    steps, cut, at_first, at_last = (
        to.quote(_apart(name, f"{name}_", taken))
        for name in ("steps", "step", "at_first", "at_last")
    )  # not cut AS x: MySQL would order by that
    inner = where.replace("\n", "\n    ")
    return (
        f"WITH {steps} AS (\n    SELECT {step} AS {cut}, {', '.join(prices)},\n"
        f"        row_number() OVER (PARTITION BY {step} ORDER BY {x}) AS {at_first},\n"
        f"        row_number() OVER (PARTITION BY {step} ORDER BY {x} DESC) AS {at_last}\n"
        f"    FROM {data}{inner}\n)\n"
        f"SELECT {cut} AS {x},\n    max(CASE WHEN {at_first} = 1 THEN {opened} END) AS {names[0]},\n"
        f"    max({high}) AS {names[1]},\n    min({low}) AS {names[2]},\n"
        f"    max(CASE WHEN {at_last} = 1 THEN {closed} END) AS {names[3]}\n"
        f"FROM {steps}\nGROUP BY {cut}\nORDER BY 1"
    )


def box_names(chart: Chart) -> list[str]:
    """Return the names under which the SQL of a box plot returns its five numbers."""
    return [_apart(name, f"{name}_", (chart.x,)) for name in BOX]


def _boxes(chart: Chart, columns: Mapping[str, Column], to: Dialect) -> str:
    """Select five numbers of the most frequent categories; no engine's own function is needed."""
    assert chart.x is not None
    x, y = to.quote(chart.x), to.quote(chart.y or "")
    share = to.quote(_apart("share", "share_", (chart.x, chart.y)))
    ranked = to.quote(_apart("ranked", "ranked_", (chart.data,)))
    where = _where(chart, columns, to, chart.x, chart.y).replace("\n", "\n    ")
    numbers = ",\n    ".join(
        f"min(CASE WHEN {share} >= {part} THEN {y} END) AS {to.quote(name)}"
        for name, part in zip(box_names(chart), BOX.values(), strict=True)
    )
    return (
        f"WITH {ranked} AS (\n    SELECT {x}, {y}, cume_dist() OVER (PARTITION BY {x} ORDER BY {y}) AS {share}\n"
        f"    FROM {to.quote(chart.data)}{where}\n)\nSELECT {x},\n    {numbers}\n"
        f"FROM {ranked}\nGROUP BY {x}\nORDER BY count(*) DESC, {x}\nLIMIT {chart.limit or 15}"
    )


def _histogram(chart: Chart, columns: Mapping[str, Column], bins: Bins, to: Dialect) -> str:
    assert chart.x is not None
    x = to.quote(chart.x)
    number, notes = to.floor.format(x=to.ratio.format(x=x, width=bins.width)), ""
    if bins.first is not None:
        number = to.greatest.format(x=number, y=bins.first)
        notes += f"-- the first bar holds what lies below {bins.first * bins.width:g} too\n"
    if bins.last is not None:
        number = to.least.format(x=number, y=bins.last)
        notes += f"-- the last bar holds what lies above {(bins.last + 1) * bins.width:g} too\n"
    where = _where(chart, columns, to, chart.x, chart.by)
    if chart.by:
        inner = where.replace("\n", "\n    ")
        where = f" AS {to.quote(_apart('totals', 'totals_', (chart.data,)))}"
        source = (
            f"(\n    SELECT {total_per(columns[chart.x])}({x}) AS {x}\n"
            f"    FROM {to.quote(chart.data)}{inner}\n    GROUP BY {to.quote(chart.by)}\n)"
        )
    else:
        source = to.quote(chart.data)
    return (
        f"SELECT {number} * {bins.width} AS {x}, count(*) AS {to.quote(measure_name(chart))}\n"
        f"FROM {source}{where}\n{notes}GROUP BY 1\nORDER BY 1"
    )


def total_per(column: Column) -> str:
    """Return what puts a column together for a histogram of totals: numbers add up, others are counted."""
    return "sum" if column.type in {"integer", "number"} and column.role == "measure" else "count"


def _table(chart: Chart, columns: Mapping[str, Column], to: Dialect) -> str:
    shown = list(columns)
    for dull in ({"constant", "empty"}, {"identifier"}, {"text"}):
        if len(shown) > TABLE_COLUMNS:
            shown = [name for name in shown if columns[name].role not in dull] or shown
    shown = shown[:TABLE_COLUMNS]
    names = "*" if len(shown) == len(columns) else ", ".join(map(to.quote, shown))
    time = _time(columns)
    limit = f"\nLIMIT {chart.limit}" if chart.limit else to.unlimited
    order = [f"{to.quote(time)} DESC"] if time is not None else []
    if order or to is not DUCKDB:  # a snapshot is in the order of its source
        order += [str(n + 1) for n, name in enumerate(shown) if name != time]
        limit = f"\nORDER BY {', '.join(order)}  -- by all, so that no row is on two pages{limit}"
    return f"SELECT {names}\nFROM {to.quote(chart.data)}{limit}"


SHAPES: dict[str, Callable[[Chart, Mapping[str, Column], Dialect], str]] = {
    "kpi": _kpi,
    "line": _line,
    "area": _line,
    "bar": _bar,
    "pie": _shares,
    "donut": _shares,
    "scatter": _points,
    "bubble": _points,
    "heatmap": _cells,
    "box": _boxes,
    "violin": _points,
    "choropleth": _places,
    "map": _points,
    "treemap": _nested,
    "sunburst": _nested,
    "funnel": _bar,
    "waterfall": _steps,
    "gauge": _kpi,
    "bullet": _bullet,
    "candlestick": _candles,
    "radar": _bar,
    "sankey": _nested,
    "table": _table,
    "text": _words,
}
