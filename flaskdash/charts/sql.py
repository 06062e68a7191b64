"""Write the SQL of a chart: static text that names its loader as a table."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from flaskdash.charts.check import candle_columns
from flaskdash.charts.kinds import AUTO, CANDLE, KINDS, Chart
from flaskdash.charts.labels import are_years, labels
from flaskdash.inspect.dialects import DUCKDB, Dialect
from flaskdash.inspect.model import Column
from flaskdash.inspect.words import DATE_PARTS, words

BINS, MIN_BINS = 30, 6
ROUNDING = 1e-6  # of a bin: 1.88 / 0.02 is a little less than 94
FUNCTIONS = {"sum": "sum", "last": "sum", "mean": "avg", "min": "min"}
FUNCTIONS |= {"max": "max", "count": "count"}
TABLE_COLUMNS = 12
# Bars of these words are in the order of their numbers, up to MAX_AGES of them.
ORDERED_WORDS, MAX_AGES = DATE_PARTS | {"age"}, 120
# How many days without rows a finished step in time may end with, and how many days it has.
SLACK = {"day": 0, "week": 1, "month": 3, "quarter": 9, "year": 20}
DAYS = {"day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366}
THIN = 0.5  # of the usual number of rows: a step with fewer is not whole
MOST_AREAS = 5_000  # the counties of the USA are 3,100
MOST_LEVELS = 31  # whole numbers that are categories; the days of a month
DEFAULT_PARTS = 7  # besides "Other"
MAX_PARTS = {"waterfall": 14}
BOX = {"low": 0.05, "q1": 0.25, "median": 0.5, "q3": 0.75, "high": 0.95}


@dataclass(frozen=True)
class Bins:
    """A histogram's bins: `width` in units of its column, `first` and `last` in multiples of it.

    Values before the first or after the last bin belong to that bin.
    """

    width: float = 0.0
    first: int | None = None
    last: int | None = None


NO_BINS = Bins()


def measure_name(chart: Chart) -> str:
    """Return the column of the chart's SQL that holds its measure: y, or `count`.

    If the chart has another column of that name, the measure is called sum_of_units.
    """
    if chart.y is not None and (chart.across or not KINDS[chart.kind].sums_up):
        return chart.y
    used_names = (chart.x, chart.by, chart.color)
    if chart.y is None:
        return _unused_name("count", "row_count", used_names)
    return _unused_name(chart.y, f"{chart.agg}_of_{chart.y}", used_names)


def _unused_name(name: str, alternative: str, used_names: Iterable[str | None]) -> str:
    """Return the name if it is unused, else the alternative with as many "_" as it takes."""
    used = {used_name.lower() for used_name in used_names if used_name}
    if name.lower() not in used:
        return name
    while alternative.lower() in used:
        alternative += "_"
    return alternative


def _unused_table(name: str, chart: Chart) -> str:
    return _unused_name(name, f"{name}_", (chart.data,))


def select(
    chart: Chart, columns: Mapping[str, Column], bins: Bins = NO_BINS, dialect: Dialect = DUCKDB
) -> str:
    """Return the chart's SQL in the dialect of an engine; `bins` are those of a histogram."""
    if chart.across:
        query = _compared(chart, columns, dialect)
    elif chart.kind == "histogram":
        query = _histogram(chart, columns, bins, dialect)
    else:
        query = SHAPES[chart.kind](chart, columns, dialect)
    return (chart.join.before(query) if chart.join else query) + dialect.ending


def bins(
    low: float, high: float, least: float, greatest: float, *, whole: bool, rows: int = 1000
) -> Bins:
    """Return about 30 bins from low to high, for values from `least` to `greatest`.

    Fewer than 225 rows have fewer bins. If it would take half as many bins again to reach an extreme,
    the outermost bin covers it.
    """
    width = nice_width(low, high, whole, min(BINS, max(MIN_BINS, round(2 * math.sqrt(rows)))))
    first, last, lowest, highest = (
        math.floor(value / width + ROUNDING) for value in (low, high, least, greatest)
    )
    return Bins(
        width,
        first if lowest < first - BINS / 2 else None,
        last if highest > last + BINS / 2 else None,
    )


def nice_width(low: float, high: float, whole: bool, count: int = BINS) -> float:
    """Return the width of a bin, 1, 2 or 5 times a power of ten, for at most `count` from low to high."""
    span = high - low
    if span <= 0 or not math.isfinite(span):
        return 1
    exact = span / count
    power = 10.0 ** math.floor(math.log10(exact))
    width = next((step * power for step in (1, 2, 5, 10) if step * power >= exact), 10 * power)
    width = max(1, width) if whole else width
    return int(width) if width >= 1 else float(f"{width:.1g}")


def _measure(chart: Chart, columns: Mapping[str, Column], dialect: Dialect) -> str:
    return f"{_aggregate(chart, columns, dialect)} AS {dialect.quote(measure_name(chart))}"


def _flag_condition(name: str, columns: Mapping[str, Column], dialect: Dialect) -> str:
    """Return the condition that a flag is set: it says yes, is true, or is not zero."""
    column, quoted = columns[name], dialect.quote(name)
    if column.yes is not None:
        return f"{quoted} = '{column.yes}'"
    return quoted if column.type == "boolean" else f"{quoted} <> 0"


def _aggregate(chart: Chart, columns: Mapping[str, Column], dialect: Dialect) -> str:
    if chart.y is None:
        return "count(*)"
    y = dialect.quote(chart.y)
    if chart.agg == "share":
        condition = _flag_condition(chart.y, columns, dialect)
        return f"avg(CASE WHEN {condition} THEN 100.0 ELSE 0.0 END)"
    if chart.agg == "distinct":
        return f"count(DISTINCT {y})"
    if chart.agg == "median":
        return dialect.middle(y)
    if chart.weight and chart.agg == "mean":  # rows without the measure are left out: see _where
        weight = dialect.quote(chart.weight)
        # A product of whole numbers might be too large for their type.
        product = (
            f"{y} * {weight}" if columns[chart.y].type == "number" else f"1e0 * {y} * {weight}"
        )
        return f"sum({product}) / nullif(sum({weight}), 0)"
    return f"{FUNCTIONS[chart.agg or 'sum']}({y})"


def _time_column(columns: Mapping[str, Column]) -> str | None:
    return next((name for name, column in columns.items() if column.role == "time"), None)


def _x_step(chart: Chart, columns: Mapping[str, Column], dialect: Dialect) -> str:
    """Return x as SQL, truncated to the chart's grain if that is coarser than its values."""
    assert chart.x is not None
    name, column = dialect.quote(chart.x), columns[chart.x]
    is_that_grain = column.type == "date" and chart.grain == column.grain
    if chart.grain and column.type in {"date", "datetime"} and not is_that_grain:
        return dialect.cut(chart.grain, name)
    return name


def _x_column(chart: Chart, columns: Mapping[str, Column], dialect: Dialect) -> str:
    """Return the step of x, under the name of x."""
    step, name = _x_step(chart, columns, dialect), dialect.quote(chart.x or "")
    return step if step == name else f"{step} AS {name}"


def _indent(text: str) -> str:
    return text.replace("\n", "\n    ")


def _where(
    chart: Chart, columns: Mapping[str, Column], dialect: Dialect, *names: str | None
) -> str:
    """Return the WHERE clause: named columns have values, and running totals are at their last."""
    names = (*names, chart.y if chart.weight else None)
    clauses = [f"{dialect.quote(name)} IS NOT NULL" for name in dict.fromkeys(names) if name]
    if chart.only:
        clauses.insert(0, f"{dialect.quote(chart.only[0])} = '{chart.only[1]}'")
    if chart.agg == "last":
        clauses += _at_period_ends(chart, columns, dialect, clauses)
    commented = _without_unfinished_step(chart, columns, dialect)
    commented += _without_thin_end(chart, dialect, clauses)
    commented += _total_conditions(chart, columns, dialect)
    lines = [" AND ".join(clauses), *commented] if clauses else commented
    return "\nWHERE " + "\nAND ".join(lines) if lines else ""


def _at_period_ends(
    chart: Chart, columns: Mapping[str, Column], dialect: Dialect, clauses: list[str]
) -> list[str]:
    """Return the condition that a row is the last of its period, for a running total."""
    name = _time_column(columns)
    if name is None:
        return []
    time, step = dialect.quote(name), ""
    if chart.x == name:
        step = _x_step(chart, columns, dialect)
        if step == time:
            return []  # each row's time is the end of its period
    rows = f"FROM {dialect.quote(chart.data)} WHERE {dialect.quote(chart.y or name)} IS NOT NULL"
    if chart.only:
        rows += f" AND {clauses[0]}"
    if step:
        return [f"{time} IN (SELECT max({time}) {rows} GROUP BY {step})"]
    if chart.ends_apart and chart.x:
        x, data = dialect.quote(chart.x), dialect.quote(chart.data)
        y = dialect.quote(chart.y or name)
        own = f"SELECT max(own.{time}) FROM {data} AS own"
        return [f"{time} = (\n    {own}\n    WHERE own.{x} = {data}.{x} AND own.{y} IS NOT NULL\n)"]
    return [f"{time} = (SELECT max({time}) {rows})"]


def days_late(chart: Chart) -> int:
    """Return how many days after its beginning the rows of a whole first step may start."""
    if chart.slack is None:
        return SLACK[chart.grain or ""]
    return 0 if chart.grain == "week" else chart.slack


def _without_unfinished_step(
    chart: Chart, columns: Mapping[str, Column], dialect: Dialect
) -> list[str]:
    """Return the conditions that leave out an unfinished last month (week, year...), and first one.

    Its total would look like a collapse. A few days without rows do not make a step unfinished, and
    if there are less than three steps, all are drawn.
    """
    column = columns.get(chart.x or "")
    if (
        column is None
        or column.type not in {"date", "datetime"}
        or chart.agg not in {"sum", "count"}
        or chart.grain not in {*SLACK, AUTO}
        or chart.grain == column.grain
    ):
        return []
    name, grain = dialect.quote(column.name), chart.grain
    if grain == AUTO:
        return _without_unfinished_steps(chart, name, dialect)
    idle = SLACK[grain] if chart.slack is None else chart.slack
    slack = 1 + idle + {"week": 6, "month": 30, "quarter": 91}.get(column.grain or "", 0)
    third_step = dialect.after(3 * DAYS[grain], f"min({name})")
    # The events of a day may end two hours before midnight.
    margin = (2, "HOUR") if grain == "day" else (slack, "DAY")
    end = dialect.cut(grain, dialect.after(margin[0], f"max({name})", margin[1]))
    first = dialect.cut(grain, f"min({name})")
    second = dialect.cut(grain, dialect.after(DAYS[grain], first))
    start = [
        f"{name} >= (  -- without the first {grain} if it began before the data\n"
        f"    SELECT CASE WHEN min({name}) < {dialect.after(1 + days_late(chart), first)}\n"
        f"            OR max({name}) < {third_step}\n"
        f"        THEN {first}\n"
        f"        ELSE {second} END\n"
        f"    FROM {dialect.quote(chart.data)}\n)"
    ]
    return [
        *(start if chart.starts_late else []),
        f"{name} < (  -- without the last {grain} if it is not over\n"
        f"    SELECT CASE WHEN max({name}) < {third_step}\n"
        f"        THEN {dialect.after(1, f'max({name})')}\n"
        f"        ELSE {end} END\n"
        f"    FROM {dialect.quote(chart.data)}\n)",
    ]


def _without_unfinished_steps(chart: Chart, name: str, dialect: Dialect) -> list[str]:
    """Return the same conditions for steps that the query has as a parameter."""
    step, rows = dialect.cut(AUTO, name), f"FROM {dialect.quote(chart.data)}"
    all_of_few = f"CASE WHEN count(DISTINCT {step}) < 3\n        THEN"
    whole = f"{step} >= (SELECT min({name}) - INTERVAL 1 DAY {rows})"
    last = dialect.cut(AUTO, dialect.after(1 + (chart.slack or 0), f"max({name})"))
    start = [
        f"{name} >= (  -- without the first step if it began before the data\n"
        f"    SELECT {all_of_few} min({name})\n"
        f"        ELSE min({step})\n            FILTER ({whole}) END\n"
        f"    {rows}\n)"
    ]
    return [
        *(start if chart.starts_late else []),
        f"{name} < (  -- without the last step if it is not over\n"
        f"    SELECT {all_of_few} {dialect.after(1, f'max({name})')}\n"
        f"        ELSE {last} END\n"
        f"    {rows}\n)",
    ]


def _without_thin_end(chart: Chart, dialect: Dialect, clauses: list[str]) -> list[str]:
    """Return the condition that leaves out the last steps in time that have few rows, if it has any."""
    if not chart.ends_thinly:
        return []
    assert chart.x is not None
    name = dialect.quote(chart.x)
    rows = f"FROM {dialect.quote(chart.data)} WHERE {dialect.quote(chart.y or chart.x)} IS NOT NULL"
    if chart.only:
        rows += f" AND {clauses[0]}"
    return [
        # The name of a column may hold a line break, which would end a comment.
        f"{name} <= (  -- without a last step that has less than half of the usual rows\n"
        f"    SELECT max({name}) FROM (\n"
        f"        SELECT {name} {rows}\n"
        f"        GROUP BY 1 HAVING count(*) >= (\n"
        f"            SELECT {THIN} * count(*) / count(DISTINCT {name}) {rows}\n"
        f"        )\n    ) AS whole\n)"
    ]


def _total_conditions(chart: Chart, columns: Mapping[str, Column], dialect: Dialect) -> list[str]:
    """Return the conditions that keep a total from being counted beside its parts.

    Only totals whose parts overlap or are incomplete, such as continents and countries, get here:
    loaders leave out the others. A chart that shows the parts leaves the total out, unless a filter
    leaves nothing else. Other charts use the total if it exists.
    """
    conditions = []
    shown_columns = {chart.x, chart.by, chart.color}
    for column in columns.values() if chart.agg != "count" else ():
        if not column.totals:
            continue
        if not KINDS[chart.kind].sums_up or column.name in shown_columns:
            conditions.append(_without_totals(column, chart, dialect))
        else:
            conditions.append(_only_total(column, chart, columns, dialect))
    return conditions


def _without_totals(column: Column, chart: Chart, dialect: Dialect) -> str:
    name, data = dialect.quote(column.name), dialect.quote(chart.data)
    totals = ", ".join(f"'{value}'" for value in column.totals)
    is_filtered = f"(SELECT min({name}) = max({name}) FROM {data})"
    parts = f"(coalesce({name}, '') NOT IN ({totals}) OR {is_filtered})"
    return f"{parts}  -- without the total, which is not a part"


def _only_total(
    column: Column, chart: Chart, columns: Mapping[str, Column], dialect: Dialect
) -> str:
    data = dialect.quote(chart.data)
    total = f"{dialect.quote(column.name)} = '{column.totals[0]}'"
    # The world has no continent, so a chart by continent has to use the parts.
    groups = [name for name in (chart.x, chart.by, chart.color) if name in columns]
    groups = [name for name in groups if name != _time_column(columns)]
    has_groups = "".join(f" AND {dialect.quote(name or '')} IS NOT NULL" for name in groups)
    no_total = f"NOT EXISTS (SELECT 1 FROM {data} WHERE {total}{has_groups})"
    return f"({total} OR {no_total})  -- the total alone: with its parts, it would count twice"


def _kpi(chart: Chart, columns: Mapping[str, Column], dialect: Dialect) -> str:
    if chart.x is not None:
        return _line(chart, columns, dialect)
    where = _where(chart, columns, dialect, chart.y if chart.agg == "share" else None)
    measure = _measure(chart, columns, dialect)
    return f"SELECT {measure}\nFROM {dialect.quote(chart.data)}{where}"


def _bullet(chart: Chart, columns: Mapping[str, Column], dialect: Dialect) -> str:
    return (_bar if chart.x else _kpi)(chart, columns, dialect)


def _text(chart: Chart, columns: Mapping[str, Column], dialect: Dialect) -> str:
    """Select the figures of a text: the measure, the number of rows, the first and last time."""
    figures = {"value": _aggregate(chart, columns, dialect)} if chart.y else {}
    figures["rows"] = "count(*)"
    time = _time_column(columns)
    if time is not None:
        figures |= {"first": f"min({dialect.quote(time)})", "last": f"max({dialect.quote(time)})"}
    names = ", ".join(f"{value} AS {dialect.quote(name)}" for name, value in figures.items())
    where = _where(chart, columns, dialect, chart.y if chart.agg == "share" else None)
    return f"SELECT {names}\nFROM {dialect.quote(chart.data)}{where}"


def _line(chart: Chart, columns: Mapping[str, Column], dialect: Dialect) -> str:
    assert chart.x is not None
    color = f", {dialect.quote(chart.color)}" if chart.color else ""
    x = _x_column(chart, columns, dialect)
    measure = _measure(chart, columns, dialect)
    groups = "1, 2" if color else "1"
    where = _where(chart, columns, dialect, chart.x, chart.color, chart.y)
    largest = join = ""
    if chart.color and chart.kind == "line" and chart.limit:
        largest = _largest_lines(chart, columns, where, dialect)
        join = f"\nJOIN largest USING ({dialect.quote(chart.color)})"
    return (
        f"{largest}SELECT {x}{color}, {measure}\nFROM {dialect.quote(chart.data)}{join}{where}\n"
        f"GROUP BY {groups}\nORDER BY {groups}"
    )


def _largest_lines(
    chart: Chart, columns: Mapping[str, Column], where: str, dialect: Dialect
) -> str:
    """Return the WITH clause that selects the largest lines, by the last value of means."""
    assert chart.color is not None
    color = dialect.quote(chart.color)
    if chart.agg == "mean" and _time_column(columns):
        ranked = replace(chart, agg="last", grain=None, x=chart.color, color=None)
        where = _where(ranked, columns, dialect, chart.color, chart.y)
    ranked = replace(chart, agg={"last": "max"}.get(chart.agg or "", chart.agg))
    return (
        f"WITH largest AS (\n    SELECT {color}\n"
        f"    FROM {dialect.quote(chart.data)}{_indent(where)}\n    GROUP BY 1\n"
        f"    ORDER BY {_aggregate(ranked, columns, dialect)} DESC, 1\n    LIMIT {chart.limit}\n)\n"
    )


def _compared(chart: Chart, columns: Mapping[str, Column], dialect: Dialect) -> str:
    """Compare measures in columns of their own: a SELECT for each, labelled."""
    if chart.agg == "count":
        return _answers(chart, dialect)
    has_x = chart.x in columns
    label_column = dialect.quote((chart.by or chart.color if has_x else chart.x) or "")
    largest = join = ""
    if has_x and chart.limit:
        x, data = dialect.quote(chart.x or ""), dialect.quote(chart.data)
        sums = " + ".join(f"coalesce(sum({dialect.quote(name)}), 0)" for name in chart.across)
        largest = (
            f"WITH largest AS (\n    SELECT {x}\n    FROM {data}\n    WHERE {x} IS NOT NULL\n"
            f"    GROUP BY 1\n    ORDER BY {sums} DESC, 1\n    LIMIT {chart.limit}\n)\n"
        )
        join = f"\nJOIN largest USING ({x})"
    selects = []
    texts = labels(chart.across)
    for label, name in zip(texts, chart.across, strict=True):
        part = replace(chart, y=name, across=())
        measure = f"{_aggregate(part, columns, dialect)} AS {dialect.quote(chart.y or '')}"
        labelled = f"'{label}' AS {label_column}, {measure}\nFROM {dialect.quote(chart.data)}{join}"
        if has_x:
            part = replace(part, color=None, by=None)
            x = _x_column(part, columns, dialect)
            where = _where(part, columns, dialect, chart.x, name)
            selects.append(f"SELECT {x}, {labelled}{where}\nGROUP BY 1")
        else:
            where = _where(replace(part, x=None), columns, dialect, name)
            selects.append(f"SELECT {labelled}{where}")
    union = "\nUNION ALL\n".join(selects)
    if has_x:
        return f"{largest}{union}\nORDER BY 1, 2"
    if are_years(texts):
        return f"{union}\nORDER BY 1"
    return f"{union}\nORDER BY 2 DESC, 1\nLIMIT {chart.limit or 15}"


def _answers(chart: Chart, dialect: Dialect) -> str:
    """Count the answers to each question, of columns with one scale."""
    question, answer = dialect.quote(chart.x or ""), dialect.quote(chart.color or "")
    rows = dialect.quote(measure_name(chart))
    return "\nUNION ALL\n".join(
        f"SELECT '{label}' AS {question}, {dialect.quote(name)} AS {answer}, count(*) AS {rows}\n"
        f"FROM {dialect.quote(chart.data)}\n"
        f"WHERE {dialect.quote(name)} IS NOT NULL\nGROUP BY {dialect.quote(name)}"
        for label, name in zip(labels(chart.across), chart.across, strict=True)
    )


def _bar(chart: Chart, columns: Mapping[str, Column], dialect: Dialect) -> str:
    assert chart.x is not None
    column = columns[chart.x]
    if chart.grain or column.role == "time":
        return _line(chart, columns, dialect)
    if chart.color:
        return _coloured_bars(chart, columns, dialect)
    limit, order = chart.limit or 15, "2 DESC, 1"
    if column.separator and dialect is DUCKDB:
        return _choices(chart, columns, limit)
    are_few = column.distinct <= (chart.limit or MOST_LEVELS)
    is_ordered = are_few or bool(ORDERED_WORDS & set(words(chart.x)))
    if column.type == "integer" and is_ordered:
        # Months, hours, levels, seasons and ratings stay in their own order.
        limit, order = max(limit, MOST_LEVELS, min(column.distinct, MAX_AGES)), "1"
    where = _where(chart, columns, dialect, chart.x, chart.y)
    return (
        f"SELECT {dialect.quote(chart.x)}, {_measure(chart, columns, dialect)}\n"
        f"FROM {dialect.quote(chart.data)}{where}\n"
        f"GROUP BY 1\nORDER BY {order}\nLIMIT {limit}"
    )


def _choices(chart: Chart, columns: Mapping[str, Column], limit: int) -> str:
    """Select a bar for each choice of the lists in a column's cells."""
    assert chart.x is not None
    x, mark = DUCKDB.quote(chart.x), columns[chart.x].separator.replace("'", "''")
    part = f"'{mark}'" if mark.isprintable() else f"chr({ord(mark)})"
    measured = f", {DUCKDB.quote(chart.y)}" if chart.y else ""
    return (
        f"SELECT {x}, {_measure(chart, columns, DUCKDB)}\n"
        f"FROM (\n    SELECT trim(unnest(string_split({x}, {part}))) AS {x}{measured}\n"
        f"    FROM {DUCKDB.quote(chart.data)}{_indent(_where(chart, columns, DUCKDB, chart.x, chart.y))}\n"
        f") AS choices\nWHERE {x} <> ''\nGROUP BY 1\nORDER BY 2 DESC, 1\nLIMIT {limit}"
    )


def _coloured_bars(chart: Chart, columns: Mapping[str, Column], dialect: Dialect) -> str:
    """Select the parts of the largest bars."""
    assert chart.x is not None
    x, color = dialect.quote(chart.x), dialect.quote(chart.color or "")
    data = dialect.quote(chart.data)
    where = _where(chart, columns, dialect, chart.x, chart.color, chart.y)
    bar_total = dialect.quote(_unused_name("total_of_bar", "total_of_bar_2", columns))
    largest = (
        f"    SELECT {x}, {_aggregate(chart, columns, dialect)} AS {bar_total}\n"
        f"    FROM {data}{_indent(where)}\n"
        f"    GROUP BY 1\n    ORDER BY 2 DESC, 1\n    LIMIT {chart.limit or 15}\n"
    )
    return (
        f"WITH largest AS (\n{largest})\n"
        f"SELECT {x}, {color}, {_measure(chart, columns, dialect)}\n"
        f"FROM {data}\nJOIN largest USING ({x}){where}\nGROUP BY {x}, {color}, {bar_total}\n"
        f"ORDER BY {bar_total} DESC, {x}, {dialect.quote(measure_name(chart))} DESC"
    )


def _points(chart: Chart, columns: Mapping[str, Column], dialect: Dialect) -> str:
    names = dict.fromkeys((chart.x, chart.y, chart.size, chart.color))
    quoted = [dialect.quote(name) for name in (*names, chart.label) if name]
    where = _where(chart, columns, dialect, *names)
    return (
        f"SELECT {', '.join(quoted)}\nFROM {dialect.quote(chart.data)}{where}\n"
        f"-- a sample, which is the same each time\n"
        f"ORDER BY {dialect.shuffle}\nLIMIT {chart.limit or 2000}"
    )


def _shares(chart: Chart, columns: Mapping[str, Column], dialect: Dialect) -> str:
    """Select the largest parts of a whole, and the sum of the others."""
    assert chart.x is not None
    x, y = dialect.quote(chart.x), dialect.quote(measure_name(chart))
    limit = chart.limit or MAX_PARTS.get(chart.kind, DEFAULT_PARTS)
    rank = dialect.quote(_unused_name("place", "place_", (chart.x, measure_name(chart))))
    text = x if columns[chart.x].type == "text" else dialect.text.format(x=x)
    total = _aggregate(chart, columns, dialect)
    having = "" if chart.kind == "waterfall" else f"\n    HAVING {total} > 0"
    where = _indent(_where(chart, columns, dialect, chart.x, chart.y))
    parts = dialect.quote(_unused_table("parts", chart))
    ranked = dialect.quote(_unused_table("ranked", chart))
    # Two steps, because Spark takes an aggregate in a window for the column of the same name.
    return (
        f"WITH {parts} AS (\n    SELECT {x}, {total} AS {y}\n"
        f"    FROM {dialect.quote(chart.data)}{where}\n    GROUP BY {x}{having}\n),\n"
        f"{ranked} AS (\n"
        f"    SELECT {x}, {y}, row_number() OVER (ORDER BY {y} DESC, {x}) AS {rank}\n"
        f"    FROM {parts}\n)\n"
        f"SELECT CASE WHEN {rank} <= {limit} THEN {text} ELSE 'Other' END AS {x}, sum({y}) AS {y}\n"
        f"FROM {ranked}\nGROUP BY 1\nORDER BY min({rank})"
    )


def _waterfall(chart: Chart, columns: Mapping[str, Column], dialect: Dialect) -> str:
    """Select what is gained or lost at each step in time, or by category."""
    assert chart.x is not None
    is_timed = chart.grain or columns[chart.x].role == "time"
    return (_line if is_timed else _shares)(chart, columns, dialect)


def _areas(chart: Chart, columns: Mapping[str, Column], dialect: Dialect) -> str:
    return _bar(replace(chart, limit=MOST_AREAS), columns, dialect)


def _nested(chart: Chart, columns: Mapping[str, Column], dialect: Dialect) -> str:
    """Select the largest parts of a whole, or the parts of these."""
    names = [dialect.quote(name) for name in (chart.x, chart.by) if name]
    groups = ", ".join(str(number) for number in range(1, len(names) + 1))
    where = _where(chart, columns, dialect, chart.x, chart.by, chart.y)
    return (
        f"SELECT {', '.join(names)}, {_measure(chart, columns, dialect)}\n"
        f"FROM {dialect.quote(chart.data)}{where}\nGROUP BY {groups}\n"
        f"HAVING {_aggregate(chart, columns, dialect)} > 0\n"
        f"ORDER BY {len(names) + 1} DESC, {groups}\nLIMIT {chart.limit or 60}"
    )


def _heatmap(chart: Chart, columns: Mapping[str, Column], dialect: Dialect) -> str:
    """Select the measure by the most frequent values of two categories."""
    assert chart.x is not None
    x, by = dialect.quote(chart.x), dialect.quote(chart.by or "")
    data = dialect.quote(chart.data)
    where = _where(chart, columns, dialect, chart.x, chart.by, chart.y)
    is_category = _x_step(chart, columns, dialect) == x and not chart.grain
    names = {"across": x, "down": by} if is_category else {"down": by}
    tables = {dialect.quote(_unused_table(table, chart)): name for table, name in names.items()}
    frequent = ",\n".join(
        f"{table} AS (\n    SELECT {name}\n    FROM {data}{_indent(where)}\n    GROUP BY 1\n"
        f"    ORDER BY count(*) DESC, 1\n    LIMIT {chart.limit or 30}\n)"
        for table, name in tables.items()
    )
    joins = "".join(f"\nJOIN {table} USING ({name})" for table, name in tables.items())
    x_column = _x_column(chart, columns, dialect)
    return (
        f"WITH {frequent}\nSELECT {x_column}, {by}, {_measure(chart, columns, dialect)}\n"
        f"FROM {data}{joins}{where}\nGROUP BY 1, 2\nORDER BY 1, 2"
    )


def candle_names(chart: Chart) -> list[str]:
    """Return the columns of a candlestick's SQL that hold its four prices."""
    return [_unused_name(name, f"{name}_", (chart.x,)) for name in CANDLE]


def _candlestick(chart: Chart, columns: Mapping[str, Column], dialect: Dialect) -> str:
    """Select the first, greatest, least and last price of each step."""
    assert chart.x is not None
    quote = dialect.quote
    x, step, data = quote(chart.x), _x_step(chart, columns, dialect), quote(chart.data)
    price_columns = candle_columns(chart, columns)
    prices = [quote(name) for name in price_columns]
    names = [quote(name) for name in candle_names(chart)]
    where = _where(chart, columns, dialect, chart.x, *price_columns)
    if step == x:
        pairs = zip(prices, names, strict=True)
        selected = ", ".join(f"{price} AS {name}" for price, name in pairs)
        return f"SELECT {x}, {selected}\nFROM {data}{where}\nORDER BY 1"
    used_names = (chart.x, chart.data, *price_columns)
    # The step is not called x yet: MySQL would order by that.
    steps, step_name, from_first, from_last = (
        quote(_unused_name(name, f"{name}_", used_names))
        for name in ("steps", "step", "at_first", "at_last")
    )
    opening, high, low, closing = prices
    return (
        f"WITH {steps} AS (\n"
        f"    SELECT {step} AS {step_name}, {', '.join(dict.fromkeys(prices))},\n"
        f"        row_number() OVER (PARTITION BY {step} ORDER BY {x}) AS {from_first},\n"
        f"        row_number() OVER (PARTITION BY {step} ORDER BY {x} DESC) AS {from_last}\n"
        f"    FROM {data}{_indent(where)}\n)\n"
        f"SELECT {step_name} AS {x},\n"
        f"    max(CASE WHEN {from_first} = 1 THEN {opening} END) AS {names[0]},\n"
        f"    max({high}) AS {names[1]},\n    min({low}) AS {names[2]},\n"
        f"    max(CASE WHEN {from_last} = 1 THEN {closing} END) AS {names[3]}\n"
        f"FROM {steps}\nGROUP BY {step_name}\nORDER BY 1"
    )


def box_names(chart: Chart) -> list[str]:
    """Return the columns of a box plot's SQL that hold its five numbers."""
    return [_unused_name(name, f"{name}_", (chart.x,)) for name in BOX]


def _box(chart: Chart, columns: Mapping[str, Column], dialect: Dialect) -> str:
    """Select five quantiles of the most frequent categories, in SQL that all engines know."""
    assert chart.x is not None
    x, y = dialect.quote(chart.x), dialect.quote(chart.y or "")
    share = dialect.quote(_unused_name("share", "share_", (chart.x, chart.y)))
    ranked = dialect.quote(_unused_table("ranked", chart))
    where = _indent(_where(chart, columns, dialect, chart.x, chart.y))
    least = f"\nHAVING count(*) >= {chart.least_rows}" if chart.least_rows else ""
    quantiles = ",\n    ".join(
        f"min(CASE WHEN {share} >= {quantile} THEN {y} END) AS {dialect.quote(name)}"
        for name, quantile in zip(box_names(chart), BOX.values(), strict=True)
    )
    return (
        f"WITH {ranked} AS (\n"
        f"    SELECT {x}, {y}, cume_dist() OVER (PARTITION BY {x} ORDER BY {y}) AS {share}\n"
        f"    FROM {dialect.quote(chart.data)}{where}\n)\nSELECT {x},\n    {quantiles}\n"
        f"FROM {ranked}\nGROUP BY {x}{least}\nORDER BY count(*) DESC, {x}\nLIMIT {chart.limit or 15}"
    )


def _histogram(chart: Chart, columns: Mapping[str, Column], bins: Bins, dialect: Dialect) -> str:
    assert chart.x is not None
    x, width = dialect.quote(chart.x), bins.width
    quotient = dialect.ratio.format(x=x, width=width)
    comments = ""
    if width < 1:
        quotient += f" + {ROUNDING:f}"
        comments += f"-- 0.000001: a number divided by {width} may be a little less than it is\n"
    number = dialect.floor.format(x=quotient)
    if bins.first is not None:
        number = dialect.greatest.format(x=number, y=bins.first)
        comments += f"-- the first bar also counts all values below {bins.first * width:g}\n"
    if bins.last is not None:
        number = dialect.least.format(x=number, y=bins.last)
        comments += f"-- the last bar also counts all values above {(bins.last + 1) * width:g}\n"
    source = dialect.quote(chart.data)
    where = _where(chart, columns, dialect, chart.x, chart.by)
    if chart.by:
        totals = dialect.quote(_unused_table("totals", chart))
        source = (
            f"(\n    SELECT {total_per(columns[chart.x])}({x}) AS {x}\n"
            f"    FROM {source}{_indent(where)}\n    GROUP BY {dialect.quote(chart.by)}\n)"
            f" AS {totals}"
        )
        where = ""
    return (
        f"SELECT {number} * {width} AS {x}, count(*) AS {dialect.quote(measure_name(chart))}\n"
        f"FROM {source}{where}\n{comments}GROUP BY 1\nORDER BY 1"
    )


def total_per(column: Column) -> str:
    """Return the function for a histogram of totals: sum for a measure, else count."""
    is_number = column.type in {"integer", "number"}
    return "sum" if is_number and column.role == "measure" else "count"


def _table(chart: Chart, columns: Mapping[str, Column], dialect: Dialect) -> str:
    names = list(columns)
    for dull_roles in ({"constant", "empty"}, {"identifier"}, {"text"}):
        if len(names) > TABLE_COLUMNS:
            names = [name for name in names if columns[name].role not in dull_roles] or names
    names = names[:TABLE_COLUMNS]
    selected = "*" if len(names) == len(columns) else ", ".join(map(dialect.quote, names))
    time = _time_column(columns)
    end = f"\nLIMIT {chart.limit}" if chart.limit else dialect.unlimited
    order = [f"{dialect.quote(time)} DESC"] if time is not None else []
    if order or dialect is not DUCKDB:  # DuckDB reads a snapshot, which has the order of its source
        order += [str(number) for number, name in enumerate(names, 1) if name != time]
        comment = "-- by all columns, so that no row is on two pages"
        end = f"\nORDER BY {', '.join(order)}  {comment}{end}"
    return f"SELECT {selected}\nFROM {dialect.quote(chart.data)}{end}"


SHAPES: dict[str, Callable[[Chart, Mapping[str, Column], Dialect], str]] = {
    "kpi": _kpi,
    "line": _line,
    "area": _line,
    "bar": _bar,
    "pie": _shares,
    "donut": _shares,
    "scatter": _points,
    "bubble": _points,
    "heatmap": _heatmap,
    "box": _box,
    "violin": _points,
    "choropleth": _areas,
    "map": _points,
    "treemap": _nested,
    "sunburst": _nested,
    "funnel": _bar,
    "waterfall": _waterfall,
    "gauge": _kpi,
    "bullet": _bullet,
    "candlestick": _candlestick,
    "radar": _bar,
    "sankey": _nested,
    "table": _table,
    "text": _text,
}
