"""Read from a chart's data how its axes are drawn: steps in time, shares of one, magnitudes."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from flaskdash.charts.kinds import AUTO, AUTO_KINDS, Chart
from flaskdash.charts.sql import SLACK, THIN, days_late
from flaskdash.inspect.model import Column
from flaskdash.inspect.words import known, words

if TYPE_CHECKING:
    import pandas as pd

PERIODS = {"year": "Y", "quarter": "Q", "month": "M", "week": "W", "day": "D", "hour": "h"}
MAX_COLOURED = 5  # lines
LABELLED = {"scatter", "bubble", "map"}
MAX_LABELLED = 2000  # points; the names of more would be most of the page
MAX_UNLABELLED, MAX_LABEL = 8, 40  # values that tell points apart too little; letters on average
MAX_STEPS, FEWEST_STEPS = 200, 12  # in time
FEWEST_ROWS, AS_MANY = 10, 0.7  # rows in a step of events; share of times with the usual number
MOSTLY_USUAL, MAX_THIN = 0.8, 2  # share of the steps with a usual number of rows; steps at the end
SECONDS = {
    "hour": 3600,
    "day": 86_400,
    "week": 604_800,
    "month": 2_629_746,
    "quarter": 7_889_238,
    "year": 31_556_952,
}
MIN_LOG_RATIO, MIN_LOG_SPREAD = 1000, 30  # of the extremes, and of the middle nine tenths
MANY_SIZES = 1e6  # the ratio of extremes from which not each power of ten has a label
MIN_HEAP_RATIO, MOST_OF_HEAP = 100, 0.15  # of the extremes; of the largest, for all but 5 %
MOST_ZEROS = 0.2  # of the rows
ROWS_OF_BOX = 5
MIN_DAYS, RARE, FULL = 14, 0.1, 0.97  # days, shares of the fullest weekday, and of all days
MIN_FILLED_BY_EVENTS = 0.2
MIN_FILLED = 0.6  # of all steps in time; a table without weekends has five of seven
FRACTION_WORDS = known(
    "rate share percent percentage pct fraction probability occupancy margin discount utilization"
    " utilisation churn conversion turnout coverage proportion"
)
MONEY = {"Rs", "Rp", "RM", "KSh", "TSh", "USh", "Fr", "Fr."}
CURRENCY_WORDS = known("exchange fx currency usd eur gbp")


def line_grain(frame: pd.DataFrame, time: Column | None) -> str | None:
    """Return the finest grain that gives a readable number of points.

    Of events, a point should count several, if that leaves some points: a line of two or none of
    them a day is noise. app/engine/grain.py decides the same for the time that is filtered.
    """
    if time is None or time.type not in ("date", "datetime"):
        return "year" if time else None
    values = frame[time.name].dropna()
    if values.empty:  # of a form that nobody has filled in yet
        return "day"
    span = (values.max() - values.min()).total_seconds()
    finer = [*SECONDS][[*SECONDS].index(time.grain or "day") :]
    grains = [grain for grain in finer if span / SECONDS[grain] <= MAX_STEPS] or ["year"]
    counts = values.value_counts()
    is_regular = float((counts == counts.mode().iloc[0]).mean()) >= AS_MANY
    if is_regular and len(counts) >= MIN_FILLED * span / SECONDS[finer[0]]:
        return grains[0]  # series, with as many rows each time
    is_dense = (len(values) * SECONDS[grain] >= FEWEST_ROWS * span for grain in grains)
    first = next((n for n, dense in enumerate(is_dense) if dense), len(grains) - 1)
    many = (n for n in range(first, 0, -1) if span / SECONDS[grains[n]] >= FEWEST_STEPS)
    return grains[next(many, 0)]


def follows_span(chart: Chart, columns: Mapping[str, Column]) -> bool:
    """Tell whether a chart over time can show finer steps in a shorter time, as in days of a month."""
    column = columns.get(chart.x or "")
    return (
        chart.kind in AUTO_KINDS
        and chart.grain not in {None, "hour"}
        and column is not None
        and column.grain in {"hour", "day"}
        and not chart.across
        and chart.join is None
    )


def usual(chart: Chart, columns: Mapping[str, Column], frame: pd.DataFrame) -> Chart:
    """Return a chart of grain "auto" with the one that it has without filters."""
    if chart.grain != AUTO:
        return chart
    return replace(chart, grain=line_grain(frame, columns[chart.x or ""]))


def step_source(step: str) -> str:
    """Return the step between the points of a chart as Python source."""
    return 'df.attrs["grain"]' if step == AUTO else f'"{step}"'


def line_count(chart: Chart, columns: Mapping[str, Column]) -> int:
    """Return how many lines a chart draws in colours."""
    column = columns.get(chart.color or "")
    count = len(chart.across) if column is None else column.distinct
    return min(count, chart.limit or count)


def time_step(chart: Chart, columns: Mapping[str, Column]) -> str:
    """Return the step in time between the points of a chart, or "" if its x is no time."""
    column = columns.get(chart.x or "")
    if column is None or column.role != "time":
        return ""
    return "year" if column.type == "integer" else chart.grain or column.grain or ""


def every_step(chart: Chart, columns: Mapping[str, Column], frame: pd.DataFrame) -> str:
    """Return the call that adds the steps without rows, as Python source, or "" if it has none.

    A time without rows is 0 for a sum, and a gap in a mean. Data of a coarser step, such as every
    fifth year, has no gaps; nor have means by day or hour, which pause each night and holiday.
    """
    source = step_source(time_step(chart, columns))
    chart = usual(chart, columns, frame)
    step, is_sum = time_step(chart, columns), chart.agg in {"sum", "count"}
    if chart.kind not in {"line", "area", "kpi"} or not step or chart.across:
        return ""
    if not is_sum and step in {"day", "hour"}:
        return ""
    if chart.only:
        frame = frame[frame[chart.only[0]] == chart.only[1]]
    times = frame[chart.x].dropna()
    if times.dtype.kind == "M":
        times = times.dt.tz_localize(None).dt.to_period(PERIODS[step]).astype("int64")
    if times.dtype.kind not in "iuf" or times.empty:
        return ""
    steps = times.drop_duplicates().sort_values()
    # Events come in bursts; what comes every fifth year never comes a year after.
    follow_each_other = is_sum and steps.diff().mode().eq(1).any()
    least = MIN_FILLED_BY_EVENTS if follow_each_other else MIN_FILLED
    if len(steps) < least * (steps.iloc[-1] - steps.iloc[0] + 1):
        return ""
    fill = ", fill=0" if is_sum else ""
    return f"every_step(#, {chart.x!r}, {source}{fill})"


def starts_late(chart: Chart, frame: pd.DataFrame) -> bool:
    """Tell whether the first step of a sum over time is not whole: a month from its 14th day on."""
    if chart.x is None or chart.grain not in SLACK or chart.agg not in {"sum", "count"}:
        return False
    times = frame[chart.x].dropna()
    if times.empty or times.dtype.kind != "M":
        return False
    first = times.min().tz_localize(None)
    start = first.to_period(PERIODS[chart.grain]).start_time
    return bool((first - start).days > days_late(chart))


def ends_thinly(chart: Chart, columns: Mapping[str, Column], frame: pd.DataFrame) -> bool:
    """Tell whether the last step or two, as the data names them, have far fewer rows than usual.

    A table of countries and years has the latest year of a few countries: a sum would collapse. What
    comes and goes, such as winter games, and what has declined for longer is drawn to its end.
    """
    column = columns.get(chart.x or "")
    if column is None or column.role != "time" or chart.grain not in {None, column.grain}:
        return False
    rows = frame[frame[chart.only[0]] == chart.only[1]] if chart.only else frame
    measures = chart.across or (chart.y or column.name,)
    rows = rows[rows[list(measures)].notna().any(axis="columns")]
    counts = rows[column.name].value_counts().sort_index()
    is_usual = counts >= THIN * counts.mean()
    usual = is_usual[is_usual].index
    if counts.empty or is_usual.iloc[-1]:
        return False
    is_abrupt = len(counts.loc[usual[-1] :]) - 1 <= MAX_THIN
    return is_abrupt and bool(is_usual.loc[usual[0] : usual[-1]].mean() >= MOSTLY_USUAL)


def ends_apart(chart: Chart, columns: Mapping[str, Column], frame: pd.DataFrame) -> bool:
    """Tell whether the categories of the latest values have their last rows at different times."""
    time = next((name for name, column in columns.items() if column.role == "time"), None)
    if chart.agg != "last" or chart.x in {None, time} or chart.only or time is None or not chart.y:
        return False
    rows = frame.dropna(subset=[chart.y, time])
    return bool(rows.groupby(chart.x)[time].max().nunique() > 1)


def is_each_once(chart: Chart, frame: pd.DataFrame) -> bool:
    """Tell whether each bar or point is one row, so that nothing is averaged."""
    if chart.x not in frame or chart.color or chart.by or chart.only:
        return False
    return not bool(frame[chart.x].dropna().duplicated().any())


def least_rows(chart: Chart, frame: pd.DataFrame) -> int | None:
    """Return the fewest rows of a box, which shows five numbers, or None if none has as many."""
    if chart.kind != "box":
        return None
    sizes = frame.dropna(subset=[chart.x, chart.y])[chart.x].value_counts()
    return ROWS_OF_BOX if bool((sizes >= ROWS_OF_BOX).sum() > 1) else None


def slack(chart: Chart, frame: pd.DataFrame) -> int | None:
    """Return how many days without rows a whole step may end with, or None if the data does not tell.

    Where nearly every day has rows, a step that lacks one is not whole; where weekends have none, a
    week ends with Friday.
    """
    if chart.x is None or chart.grain not in SLACK or chart.grain == "day":
        return None
    times = frame[chart.x].dropna()
    if times.dtype.kind != "M":
        return None
    days = times.dt.tz_localize(None).dt.normalize().drop_duplicates()
    if len(days) < MIN_DAYS:
        return None
    per_weekday = days.dt.day_of_week.value_counts()
    open_weekdays = per_weekday[per_weekday > RARE * per_weekday.max()].index
    if len(days) < FULL * ((days.max() - days.min()).days + 1) * len(open_weekdays) / 7:
        return None
    idle = 6 - int(max(open_weekdays))
    return idle if chart.grain == "week" else SLACK[chart.grain] * bool(idle)


def label(chart: Chart, columns: Mapping[str, Column], frame: pd.DataFrame) -> str | None:
    """Return the column whose short texts tell most of a chart's points apart, or None."""
    if chart.kind not in LABELLED or len(frame) > MAX_LABELLED:
        return None
    colored = columns[chart.color].distinct if chart.color else 0  # colours name the points, too
    names = [
        column
        for column in columns.values()
        if column.type == "text"
        and column.role in {"category", "geography"}
        and not column.separator
        and column.distinct > max(MAX_UNLABELLED, colored)
        and float(frame[column.name].dropna().astype("str").str.len().mean()) <= MAX_LABEL
    ]
    return max(names, key=lambda column: column.distinct).name if names else None


def is_fraction(name: str | None, columns: Mapping[str, Column], frame: pd.DataFrame) -> bool:
    """Tell whether a column holds shares of one, such as a rate of 0.687, which people read in %."""
    column = columns.get(name or "")
    if column is None or column.type != "number" or column.unit not in {None, "%"}:
        return False
    name_words = set(words(column.name))
    if not name_words & FRACTION_WORDS or name_words & CURRENCY_WORDS:
        return False
    return bool(frame[name].dropna().abs().max() <= 1)


def placed(unit: str) -> str:
    """Return a unit as it is written at a number: "$", "AED " before it; " min", "%" after it."""
    if not unit or unit == "%" or any(unicodedata.category(sign) == "Sc" for sign in unit):
        return unit
    is_money = (len(unit) == 3 and unit.isupper()) or unit in MONEY
    return f"{unit} " if is_money else f" {unit}"


def has_losses(values: pd.Series) -> bool:
    """Tell whether amounts are below zero, and large enough to be written in thousands."""
    return bool(values.min() < 0 and values.abs().max() >= 1000)


@dataclass(frozen=True)
class LogScale:
    """A logarithmic axis: the `words` for its title, and the `decades` between two labels."""

    words: str
    decades: int


def log_scale(values: pd.Series) -> LogScale | None:
    """Return the logarithmic axis of amounts of very different sizes, or None.

    They span three orders of magnitude, or nearly all are a small part of the largest: on another axis
    most would be one heap. Zeros, if they are few, have no place.
    """
    present = values.dropna()
    if present.empty or present.dtype.kind not in "iuf" or present.min() < 0:
        return None
    positive = present[present > 0]
    if len(positive) < (1 - MOST_ZEROS) * len(present):
        return None
    low, high = (float(positive.quantile(share)) for share in (0.05, 0.95))
    ratio = float(positive.max()) / float(positive.min())
    is_heap = high <= MOST_OF_HEAP * float(positive.max())
    is_wide = ratio >= MIN_LOG_RATIO and high >= MIN_LOG_SPREAD * low
    if not is_wide and not (is_heap and ratio >= MIN_HEAP_RATIO):
        return None
    zeros = "" if len(positive) == len(present) else ", without 0"
    return LogScale(f"log scale{zeros}", 1 if ratio < MANY_SIZES else 2)
