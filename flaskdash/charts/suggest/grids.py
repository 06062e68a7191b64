"""Suggest heat maps: a measure by two categories whose pairs nearly all occur."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from flaskdash.charts.kinds import Chart
from flaskdash.charts.suggest.facts import Facts
from flaskdash.charts.suggest.side_by_side import title_of, unused_name
from flaskdash.charts.suggest.wording import aggregation, humanise, measure_title
from flaskdash.inspect.model import Column
from flaskdash.inspect.words import DATE_PARTS, words

SIDE = (4, 40)
MIN_FILLED, MIN_COMPARED = 0.6, 5


def grids(facts: Facts) -> Iterator[Chart]:
    """Yield the main measure by two parts of a date, or by two categories with one row a pair."""
    if facts.single_measures:
        yield from _measure_grids(facts, facts.single_measures[0])
    yield from _column_grids(facts)


def _measure_grids(facts: Facts, measure: Column) -> Iterator[Chart]:
    low, high = SIDE
    sides = [c for c in facts.categories if low <= c.distinct <= high]
    if facts.time is not None and facts.time.type == "integer" and facts.time.distinct <= high:
        sides = [facts.time, *(c for c in sides if c is not facts.time)]
    for pair in itertools.combinations(sides[:8], 2):
        if not _is_grid(facts, *pair):
            continue
        x, by = sorted(pair, key=lambda c: (c is not facts.time, -c.distinct))
        name = measure_title(measure, not _repeats(facts, x, by))
        yield Chart(
            "heatmap",
            facts.data,
            f"{name} by {humanise(x.name, 30)} and {humanise(by.name, 30)}",
            x=x.name,
            by=by.name,
            y=measure.name,
            agg=measure.agg,
            reason=f"{humanise(measure.name)} {aggregation(measure)}: nearly each pair has a value",
        )


def _is_grid(facts: Facts, first: Column, second: Column) -> bool:
    """Tell whether two columns are the sides of a grid that is filled."""
    pairs = len(facts.frame[[first.name, second.name]].dropna().drop_duplicates())
    if pairs < MIN_FILLED * first.distinct * second.distinct:
        return False
    are_date_parts = all(DATE_PARTS & set(words(column.name)) for column in (first, second))
    return are_date_parts or (facts.time is None and not _repeats(facts, first, second))


def _repeats(facts: Facts, first: Column, second: Column) -> bool:
    return bool(facts.frame.duplicated([first.name, second.name]).any())


def _column_grids(facts: Facts) -> Iterator[Chart]:
    """Yield compared columns by a category with one row for each value."""
    unique = [c for c in facts.categories if MIN_COMPARED <= c.distinct == facts.rows <= SIDE[1]]
    for group, column in zip(facts.groups[:1], unique[:1], strict=False):
        if len(group) >= MIN_COMPARED:
            yield _column_grid(facts, group, column)


def _column_grid(facts: Facts, group: Sequence[Column], column: Column) -> Chart:
    names = tuple(member.name for member in group)
    agg = group[0].agg or "mean"
    return Chart(
        "heatmap",
        facts.data,
        f"{title_of(names, agg)} by {humanise(column.name, 30)}",
        x=column.name,
        by=unused_name("measure", facts),
        y=unused_name("value", facts),
        agg=agg,
        across=names,
        reason=f"{len(names)} columns measure the same for different things, in {facts.rows} rows",
    )
