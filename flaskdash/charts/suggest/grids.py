"""Heat maps: a measure by two categories, where a table is such a grid."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from flaskdash.charts.kinds import Chart
from flaskdash.charts.suggest.facts import Facts
from flaskdash.charts.suggest.side_by_side import free_name, title_of
from flaskdash.charts.suggest.wording import how, humanise, named
from flaskdash.inspect.model import Column
from flaskdash.inspect.words import DATE_PARTS, words

SIDE = (4, 40)
FILLED, COMPARED = 0.6, 5


def grids(facts: Facts) -> Iterator[Chart]:
    """Yield the main measure by two parts of a date, or by two categories that have one row each time."""
    measure = next(iter(facts.alone), None)
    low, high = SIDE
    sides = [c for c in facts.categories if low <= c.distinct <= high]
    if facts.time is not None and facts.time.type == "integer" and facts.time.distinct <= high:
        sides = [facts.time, *(c for c in sides if c is not facts.time)]
    for one, other in itertools.combinations(sides[:8], 2) if measure else ():
        if not _is_grid(facts, one, other):
            continue
        x, by = sorted((one, other), key=lambda c: (c is not facts.time, -c.distinct))
        assert measure is not None
        yield Chart(
            "heatmap",
            facts.data,
            f"{named(measure, not _repeats(facts, x, by))} by {humanise(x.name, 30)} and {humanise(by.name, 30)}",
            x=x.name,
            by=by.name,
            y=measure.name,
            agg=measure.agg,
            why=f"{humanise(measure.name)} {how(measure)}: there is one for nearly each pair",
        )
    yield from _of_columns(facts)


def _is_grid(facts: Facts, one: Column, other: Column) -> bool:
    """Tell whether two columns are the sides of a grid that is filled."""
    pairs = len(facts.frame[[one.name, other.name]].dropna().drop_duplicates())
    if pairs < FILLED * one.distinct * other.distinct:
        return False
    parts = all(DATE_PARTS & set(words(column.name)) for column in (one, other))
    return parts or (facts.time is None and not _repeats(facts, one, other))


def _repeats(facts: Facts, one: Column, other: Column) -> bool:
    return bool(facts.frame.duplicated([one.name, other.name]).any())


def _of_columns(facts: Facts) -> Iterator[Chart]:
    """Yield the columns that are compared by a category of which each value has one row."""
    low, high = COMPARED, SIDE[1]
    rows = [c for c in facts.categories if low <= c.distinct == facts.rows <= high]
    for group, column in zip(facts.groups[:1], rows[:1], strict=False):
        if len(group) >= COMPARED:
            yield _heat(facts, group, column)


def _heat(facts: Facts, group: Sequence[Column], column: Column) -> Chart:
    names = tuple(member.name for member in group)
    agg = group[0].agg or "mean"
    return Chart(
        "heatmap",
        facts.data,
        f"{title_of(names, agg)} by {humanise(column.name, 30)}",
        x=column.name,
        by=free_name("measure", facts),
        y=free_name("value", facts),
        agg=agg,
        across=names,
        why=f"{len(names)} columns hold the same of different things, in {facts.rows} rows",
    )
