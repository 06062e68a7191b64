"""Suggest lines over time, and candlesticks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from flaskdash.charts.kinds import Chart
from flaskdash.charts.suggest.facts import Facts
from flaskdash.charts.suggest.wording import aggregation, humanise, measure_title
from flaskdash.inspect.model import Column
from flaskdash.names import capital

LINES = 8


def trends(facts: Facts) -> Iterator[Chart]:
    """Yield lines over time: the main measures, plain and by colour, or the number of rows."""
    time = facts.time
    if time is None or time.distinct < 3:
        return
    color = facts.color()
    first_lines, more_lines = [], []
    # Compared columns have lines already.
    compared = {column.name for group in facts.groups for column in group}
    measures = [m for m in facts.single_measures if m.name not in compared]
    for measure in [m for m in measures if facts.changes_in_time(m)][:4]:
        first, *more = _measure_lines(facts, measure, color)
        first_lines.append(first)
        more_lines += more
    lines = [
        *first_lines[: facts.main],
        *more_lines[:1],
        *first_lines[facts.main :],
        *more_lines[1:],
    ]
    if facts.counts_matter:
        count = count_line(facts, time)
        is_first = not lines or facts.are_events
        lines.insert(0 if is_first else 1, count)
        if color:
            lines.insert(3, _by_color(count, color))
    yield from lines


def count_line(facts: Facts, time: Column) -> Chart:
    """Return the line of the number of rows."""
    return Chart(
        "line",
        facts.data,
        "Rows over time",
        x=time.name,
        grain=facts.grain,
        agg="count",
        reason="how many rows there are",
    )


def line(facts: Facts, time: Column, measure: Column) -> Chart:
    """Return the line of a measure, which pools all rows of a time."""
    name = measure_title(measure, facts.is_single).removeprefix("Latest ")
    return Chart(
        "line",
        facts.data,
        f"{capital(name)} over time",
        x=time.name,
        y=measure.name,
        agg=measure.agg,
        grain=facts.grain,
        reason=f"{humanise(measure.name)} {aggregation(measure)} along {humanise(time.name)}",
    )


def _measure_lines(facts: Facts, measure: Column, color: Column | None) -> list[Chart]:
    """Return the line charts of a measure, best first."""
    assert facts.time is not None
    plain = line(facts, facts.time, measure)
    series = facts.series()
    if series is not None:
        # With many series, the highest tell more than an average of all.
        highest = _highest(plain, series)
        if measure.agg == "mean":
            return [_by_color(plain, color) if color else highest, highest, plain]
        return [plain, highest]
    if color is None:
        return [plain]
    # An average of unlike things says little, so the line by colour comes first.
    if measure.agg == "mean" and facts.crowded:
        return [_by_color(plain, color), plain]
    return [plain, _by_color(plain, color)]


def candles(facts: Facts) -> Iterator[Chart]:
    """Yield a candlestick chart if the table has the open, high, low and close of a price."""
    time = facts.time
    if time is None or not facts.has_candles or facts.crowded:
        return
    coarser = facts.grain if facts.grain != time.grain and time.type != "integer" else None
    yield Chart(
        "candlestick",
        facts.data,
        "Open, high, low and close over time",
        x=time.name,
        grain=coarser,
        reason="each has an open, a high, a low and a close",
    )


def _by_color(line: Chart, color: Column) -> Chart:
    """Return the line chart with a line for each value of a category."""
    name = humanise(color.name, 30)
    title = f"{line.title.removesuffix(' over time')} over time by {name}"
    reason = f"{line.reason}, a line for each {name}"
    return replace(line, color=color.name, title=title, reason=reason)


def _highest(line: Chart, series: Column) -> Chart:
    """Return the line chart with a line for each of the highest of many series."""
    by_series = _by_color(line, series)
    return replace(
        by_series,
        limit=LINES,
        title=f"{by_series.title} (top {LINES})",
        reason=f"{line.reason}, a line for each of the {LINES} highest of {series.distinct:,}",
    )
