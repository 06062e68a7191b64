"""Bars: measures, numbers of rows, and shares of a flag by category."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from flaskdash.charts.kinds import Chart
from flaskdash.charts.suggest.facts import Facts
from flaskdash.charts.suggest.interest import MIXED_WORDS, NAME_WORDS
from flaskdash.charts.suggest.wording import how, humanise, named, values
from flaskdash.inspect.model import Column
from flaskdash.inspect.words import is_per, words

BARS = 15
ORDERED = 31


def breakdowns(facts: Facts) -> Iterator[Chart]:
    """Yield bars of measures by category: each category once, then with the next measure."""
    measures, categories = facts.alone[:4], facts.categories[:6]
    if mixed := [c for c in categories if MIXED_WORDS & set(words(c.name))]:
        categories = tuple(mixed)  # values in several units are compared within one only
    main = min(facts.main, len(measures))
    # Sums by place or group follow its size; where there is a rate per head, that compares them.
    rates = [m for m in measures[:main] if m.agg == "mean" and is_per(m.name)]
    measures = (*rates, *(m for m in measures if m not in rates))
    pairs = [
        # Of what each thing has once, the main measure ranks the things.
        (measures[(index * (category.distinct < facts.rows) + turn) % main], category)
        for turn in range(main)
        for index, category in enumerate(categories)
    ]
    pairs += [(measure, category) for category in categories for measure in measures[main:]]
    for measure, category in pairs:
        if measure.agg == "mean" and facts.is_series(category):
            measure = replace(measure, agg="last")  # the mean of a series over all time is stale
        if not facts.differs(measure, category):
            continue
        single = category.distinct == facts.rows
        yield Chart(
            "bar",
            facts.data,
            f"{named(measure, single)} by {humanise(category.name, 30)}",
            x=category.name,
            y=measure.name,
            agg=measure.agg,
            limit=bars(category),
            why=f"{humanise(measure.name)} {how(measure)} for {values(category)}",
        )


def occurrences(facts: Facts) -> Iterator[Chart]:
    """Yield bars that count rows by category, unless each value has one row or nearly."""
    if facts.is_panel and facts.crowded:
        return
    often = [c for c in facts.categories if c.distinct > 60 and facts.rows / c.distinct >= 8]
    often = [c for c in often if NAME_WORDS & set(words(c.name))]
    often.sort(key=lambda c: -c.distinct)
    few = [m for m in facts.measures[:4] if m.agg == "mean" and facts.is_stepped(m)]
    small = [c for c in (*facts.categories[:8], *few) if c not in often]
    if facts.outcome and facts.outcome in small and facts.time is None:
        # What a table is about is shown first, where rows are counted.
        small.sort(key=lambda c: c != facts.outcome)
    for category in [*small[:1], *often[:1], *small[1:], *often[1:]]:
        if category.distinct > 0.5 * facts.rows or facts.balanced:
            continue
        many = category.distinct > 60 and category.role != "geography"
        if (many and facts.rows / category.distinct < 4) or not facts.is_uneven(category):
            continue
        yield Chart(
            "bar",
            facts.data,
            f"Rows by {humanise(category.name, 50)}",
            x=category.name,
            agg="count",
            limit=bars(category),
            why=f"how often each of {values(category)} occurs",
        )


def shares(facts: Facts) -> Iterator[Chart]:
    """Yield bars of how often a flag holds by category, such as attrition by department."""
    if facts.outcome is None:
        return
    flag = replace(facts.outcome, agg="share", unit="%")
    for category, spread in facts.told_by():
        yield Chart(
            "bar",
            facts.data,
            f"{named(flag)} by {humanise(category.name, 30)}",
            x=category.name,
            y=flag.name,
            agg="share",
            limit=bars(category),
            why=f"how often {humanise(flag.name)} holds, for {values(category)}"
            f" (from {spread[0]:.0%} to {spread[1]:.0%})",
        )


def bars(category: Column) -> int | None:
    """Return the most bars to draw, or None where the usual number is enough."""
    if category.order:
        return max(BARS, len(category.order)) if category.distinct > BARS else None
    return BARS if category.distinct > BARS else None
