"""Suggest bars: measures, numbers of rows, and shares of a flag by category."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from flaskdash.charts.kinds import Chart
from flaskdash.charts.sql import MOST_LEVELS
from flaskdash.charts.suggest.facts import ALL_BARS, Facts
from flaskdash.charts.suggest.interest import MIXED_WORDS, NAME_WORDS
from flaskdash.charts.suggest.wording import (
    aggregation,
    humanise,
    is_question,
    measure_title,
    shortened,
    value_count,
)
from flaskdash.inspect.model import Column
from flaskdash.inspect.words import is_per, words

MAX_TITLE = 100  # letters, of a question; a card has room for two lines
BARS = 15  # of a category with many values


def breakdowns(facts: Facts) -> Iterator[Chart]:
    """Yield bars of measures by category: first each category once, then with further measures."""
    for measure, category in _pairs(facts):
        if (
            measure.agg == "mean"
            and facts.is_series(category)
            and facts.has_trend(measure, category)
        ):
            # The mean of a series over all time says little about today.
            measure = replace(measure, agg="last")
        if facts.differs(measure, category):
            yield breakdown(facts, measure, category)
    for measure in facts.single_measures[:1]:
        for column in facts.lists if measure.agg == "mean" else ():  # a sum would count a row twice
            name = humanise(measure.name)
            reason = f"{name} {aggregation(measure)} for each choice of its lists"
            yield replace(breakdown(facts, measure, column), limit=BARS, reason=reason)


def breakdown(facts: Facts, measure: Column, category: Column) -> Chart:
    """Return bars of a measure by a category."""
    is_single = category.distinct == facts.rows
    return Chart(
        "bar",
        facts.data,
        f"{measure_title(measure, is_single)} by {humanise(category.name, 30)}",
        x=category.name,
        y=measure.name,
        agg=measure.agg,
        limit=bar_limit(category),
        reason=f"{humanise(measure.name)} {aggregation(measure)} for {value_count(category)}",
    )


def _pairs(facts: Facts) -> list[tuple[Column, Column]]:
    """Return the measures and categories to combine, best first."""
    measures, categories = facts.single_measures[:4], facts.categories[:6]
    measures = tuple(m for m in measures if m.agg != "mean" or not facts.is_spoilt(m))
    if mixed := [c for c in categories if MIXED_WORDS & set(words(c.name))]:
        categories = tuple(mixed)  # values in several units are compared only within a unit
    main = min(facts.main, len(measures))
    # Sums by place or group mostly show its size, so a rate per head comes first.
    rates = [m for m in measures[:main] if m.agg == "mean" and is_per(m.name)]
    measures = (*rates, *(m for m in measures if m not in rates))
    pairs = []
    for turn in range(main):
        for index, category in enumerate(categories):
            # A category with one row for each value is ranked by the main measure.
            shift = index if category.distinct < facts.rows else 0
            pairs.append((measures[(shift + turn) % main], category))
    pairs += [(measure, category) for category in categories for measure in measures[main:]]
    return pairs


def occurrences(facts: Facts) -> Iterator[Chart]:
    """Yield bars that count rows by category, unless most values have one row."""
    for column in () if facts.is_panel and facts.crowded else facts.lists:
        reason = "how often each choice of its lists occurs"
        yield replace(occurrence(facts, column), limit=BARS, reason=reason)
    for category in _counted_categories(facts):
        if category.distinct > 0.5 * facts.rows or facts.balanced:
            continue
        is_long = category.distinct > 60 and category.role != "geography"
        if (is_long and facts.rows / category.distinct < 4) or not facts.is_uneven(category):
            continue
        yield occurrence(facts, category)


def occurrence(facts: Facts, category: Column) -> Chart:
    """Return bars that count the rows of each value."""
    name = category.name
    title = shortened(name, MAX_TITLE) if is_question(name) else f"Rows by {humanise(name, 50)}"
    return Chart(
        "bar",
        facts.data,
        title,
        x=category.name,
        agg="count",
        limit=bar_limit(category),
        reason=f"how often each of {value_count(category)} occurs",
    )


def _counted_categories(facts: Facts) -> list[Column]:
    """Return the categories whose rows are counted, best first."""
    frequent = [
        c
        for c in facts.categories
        if c.distinct > 60 and facts.rows / c.distinct >= 8 and NAME_WORDS & set(words(c.name))
    ]
    frequent.sort(key=lambda c: -c.distinct)
    stepped = [m for m in facts.measures[:4] if m.agg == "mean" and facts.is_stepped(m)]
    together = (*facts.answers, *facts.scales)
    categories = [c for c in facts.categories if c not in together][:8]
    small = [c for c in (*categories, *stepped) if c not in frequent]
    if facts.outcome and facts.outcome in small and facts.time is None:
        small.sort(key=lambda c: c != facts.outcome)
    return [*small[:1], *frequent[:1], *small[1:], *frequent[1:]]


def shares(facts: Facts) -> Iterator[Chart]:
    """Yield bars of how often the outcome is true by category, such as attrition by department."""
    for category, (lowest, highest) in facts.outcome_categories():
        assert facts.outcome is not None
        chart = share(facts, facts.outcome, category)
        yield replace(chart, reason=f"{chart.reason} (from {lowest:.0%} to {highest:.0%})")


def share(facts: Facts, flag: Column, category: Column) -> Chart:
    """Return bars of how often a flag is true by category."""
    name = humanise(flag.name)
    return Chart(
        "bar",
        facts.data,
        f"{measure_title(replace(flag, agg='share', unit='%'))} by {humanise(category.name, 30)}",
        x=category.name,
        y=flag.name,
        agg="share",
        limit=bar_limit(category),
        reason=f"how often {name} is true, for {value_count(category)}",
    )


def bar_limit(category: Column) -> int | None:
    """Return the most bars to draw, or None if the category has few values."""
    are_levels = category.type == "integer" and category.distinct <= MOST_LEVELS
    if category.distinct <= BARS or are_levels:
        return None
    if category.distinct <= ALL_BARS:
        return ALL_BARS
    return max(BARS, len(category.order))
