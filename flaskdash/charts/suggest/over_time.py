"""Lines over time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from flaskdash.charts.kinds import Chart
from flaskdash.charts.suggest.facts import Facts
from flaskdash.charts.suggest.wording import how, humanise, named
from flaskdash.inspect.model import Column
from flaskdash.names import capital

LINES = 8


def trends(facts: Facts) -> Iterator[Chart]:
    """Yield lines over time: the main measures, plain and by colour, or the number of rows."""
    time = facts.time
    if time is None or time.distinct < 3:
        return
    color, series = facts.color(), facts.series()
    base = Chart("line", facts.data, "", x=time.name, grain=facts.grain)
    lines, others = [], []
    # Those that are compared have their lines already.
    compared = {column.name for group in facts.groups for column in group}
    for column in [c for c in facts.alone if c.name not in compared][:4]:
        name = named(column, facts.is_single).removeprefix("Latest ")
        plain = replace(
            base,
            y=column.name,
            agg=column.agg,
            title=f"{capital(name)} over time",
            why=f"{humanise(column.name)} {how(column)} along {humanise(time.name)}",
        )
        if series is not None:
            # Many series: the ones that stand highest, before what pools them all.
            top = _top(plain, series)
            pooled = column.agg == "mean"
            grouped = _split(plain, color) if color else top
            lines.append(grouped if pooled else plain)
            others += [top, plain] if pooled else [top]
            continue
        # An average over unlike things says little: there the line is split first.
        split = column.agg == "mean" and facts.crowded and color is not None
        lines.append(_split(plain, color) if split and color else plain)
        if color:
            others.append(plain if split else _split(plain, color))
    lines = [*lines[: facts.main], *others[:1], *lines[facts.main :], *others[1:]]
    if facts.counts_tell:
        count = replace(base, agg="count", title="Rows over time", why="how many rows there are")
        first = not lines or facts.are_events
        lines.insert(0 if first else 1, count)
        if color:
            lines.insert(3, _split(count, color))
    yield from lines


def candles(facts: Facts) -> Iterator[Chart]:
    """Yield how a price moved, where each day has its first, greatest, least and last one."""
    time = facts.time
    if time is None or not facts.has_candles or facts.crowded:
        return
    coarser = facts.grain if facts.grain != time.grain and time.type != "integer" else None
    why = "each has a first, a greatest, a least and a last price"
    title = "Open, high, low and close over time"
    yield Chart("candlestick", facts.data, title, x=time.name, grain=coarser, why=why)


def _split(line: Chart, color: Column) -> Chart:
    """Return the line chart with a line for each value of a category."""
    name = humanise(color.name, 30)
    words = f"{line.title.removesuffix(' over time')} over time by {name}"
    return replace(line, color=color.name, title=words, why=f"{line.why}, a line for each {name}")


def _top(line: Chart, series: Column) -> Chart:
    """Return the line chart with a line for each of the largest values of a category of many."""
    split = _split(line, series)
    return replace(
        split,
        limit=LINES,
        title=f"{split.title} (top {LINES})",
        why=f"{line.why}, a line for each of the {LINES} highest of {series.distinct:,}",
    )
