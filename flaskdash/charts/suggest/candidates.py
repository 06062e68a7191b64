"""Collect all charts that may be suggested: what the intents yield, and each sensible pair."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

from flaskdash.charts.axes import line_grain
from flaskdash.charts.kinds import Chart
from flaskdash.charts.suggest.by_category import breakdown, occurrence, share
from flaskdash.charts.suggest.facts import (
    CLOCK,
    DEMOGRAPHY,
    PERSONAL_WORDS,
    UNEVEN,
    Facts,
    by_year,
)
from flaskdash.charts.suggest.interest import (
    NAME_WORDS,
    SAME,
    is_ambiguous,
    is_one_sided,
    is_part_of_name,
    is_year,
    without_repeats,
    without_twins,
    worth_counting,
)
from flaskdash.charts.suggest.over_time import count_line, line
from flaskdash.charts.suggest.relations import Relations
from flaskdash.charts.suggest.spread import box, distribution, is_range, scatter
from flaskdash.charts.suggest.wording import humanise
from flaskdash.inspect.model import Column
from flaskdash.inspect.words import words

MAX_TIMES, MAX_MEASURES, MAX_CATEGORIES = 4, 40, 40
FEW, MOST_BOXES, MOST_SHARES, MOST_BARS, MOST_RANKED = 12, 15, 24, 60, 5000
# Of categories with many values, only these are tried.
MAX_RANKED, MAX_NAMES, ALL_NAMES = 5, 2, 300
BY_DESIGN = 0.005  # values whose numbers of rows differ by less were chosen to be as frequent
LEAST_EFFECT, LEAST_STRENGTH = 0.0, 0.05
ROWS_OF_LEVEL = 5  # of each value of a measure that is taken for a dose or a rating
LONGEST_NAME = 80  # characters
REPEATED = 0.6  # a value of such a share of the rows, or fewer, is not a name of its row

Key = tuple[object, ...]


def candidates(facts: Facts, relations: Relations, by_rule: list[Chart]) -> list[Chart]:
    """Return the charts `by_rule`, and those of all pairs of columns, each pair once a kind."""
    unique: dict[Key, Chart] = {}
    for chart in itertools.chain(by_rule, _pairs(facts, relations)):
        unique.setdefault(key(chart), chart)
    return list(unique.values())


def key(chart: Chart) -> Key:
    """Return what a chart shows: charts with the same key differ in colours or order only."""
    columns = frozenset((chart.x, chart.y)) if chart.kind == "scatter" else (chart.x, chart.y)
    return chart.kind, columns, chart.agg, chart.by, chart.across


def _pairs(facts: Facts, relations: Relations) -> Iterator[Chart]:
    """Yield the charts of one column, and of two, that make sense.

    What is left out here is never right; what people like of the rest is learned.
    """
    # Of columns that differ in a year, the latest stands by itself; the others beside it.
    earlier = {name for names in by_year(facts.settled) for name in names[1:]}
    settled = tuple(c for c in facts.settled if c.name not in earlier)
    measures = without_repeats(facts.frame, settled)[:MAX_MEASURES]
    small, many = small_categories(facts), _large_categories(facts)[:MAX_RANKED]
    names = _names(facts, small)[:MAX_NAMES]
    # The code of a state says what its name does.
    unlike = without_twins(facts.frame, [*names, *many, *small])
    unlike = [c for c in unlike if not is_ambiguous(facts.frame, c, facts.columns)]
    small, many, names = ([c for c in part if c in unlike] for part in (small, many, names))
    # Beside an amount that adds up, a number of rows that hardly differs is one of the table's making.
    least = UNEVEN if facts.adds_up else BY_DESIGN
    for category in (*small, *many):
        is_answer = category in (*facts.answers, *facts.scales)  # all stand side by side
        if (
            facts.is_uneven(category, least)
            and not _is_spread_out(facts, category)
            and not is_answer
        ):
            yield occurrence(facts, category)
    for measure in (*measures, *facts.years):
        is_flat = facts.is_stepped(measure) or facts.is_by_design(measure)
        if measure.distinct > 2 and not is_flat:
            yield distribution(facts, measure)
    yield from _lines(facts, measures)
    for category in (*small, *many, *names):
        has_means = not facts.is_thin(category, "mean")
        for measure in measures:
            if measure.name == category.name:
                continue
            effect = relations.explained(measure, category)
            is_mean = measure.agg == "mean"
            if is_mean and (not has_means or facts.is_spoilt(measure)):
                continue
            if not is_mean or effect > LEAST_EFFECT or category.distinct > MOST_BARS:
                yield breakdown(facts, measure, category)
            if category.distinct <= MOST_BOXES and effect > LEAST_EFFECT and not facts.is_panel:
                yield box(facts, measure, category, effect)
    yield from _shares(facts, relations, small)
    known = {c.name for c in facts.settled}
    numbers = [c for c in relations.numeric if c.role != "measure" or c.name in known]
    numbers = [c for c in numbers if not is_year(c, facts.frame, facts.time)]
    numbers = [c for c in numbers if c != facts.time]  # a line shows it
    for first, second in itertools.combinations(numbers, 2):
        strength = relations.correlation(first, second)
        are_levels = "category" in (first.role, second.role)
        if (LEAST_STRENGTH if are_levels else 0) <= strength < SAME and not is_range(first, second):
            yield scatter(facts, first, second, strength)


def _shares(facts: Facts, relations: Relations, small: Sequence[Column]) -> Iterator[Chart]:
    for flag in facts.flags:
        if flag in facts.answers:
            continue
        is_result = flag == facts.outcome or not DEMOGRAPHY & set(words(flag.name))
        if not is_result or is_one_sided(facts.frame, flag):
            continue
        for category in small:
            if flag.name == category.name or category.distinct > MOST_SHARES:
                continue
            effect = relations.explained(flag, category)
            if effect > LEAST_EFFECT and not facts.is_thin(category, "share"):
                yield share(facts, flag, category)


def _lines(facts: Facts, measures: tuple[Column, ...]) -> Iterator[Chart]:
    times = [c for c in facts.columns if c.role == "time" and c.distinct > 1]
    times = [
        c
        for c in times
        if not PERSONAL_WORDS & set(words(c.name)) and not is_year(c, facts.frame, facts.time)
    ]
    for time in times[:MAX_TIMES]:
        if time is facts.time:
            yield from _lines_along(facts, time, measures)
            continue
        along = replace(facts, time=time, grain=line_grain(facts.frame, time))
        for chart in _lines_along(along, time, measures):
            if chart.agg == "count" and facts.is_panel:
                continue
            title = chart.title.replace(" over time", f" by {humanise(time.name)}")
            yield replace(chart, title=title)


def _lines_along(facts: Facts, time: Column, measures: tuple[Column, ...]) -> Iterator[Chart]:
    if facts.counts_matter:
        yield count_line(facts, time)
    for measure in measures:
        if facts.changes_in_time(measure):
            yield line(facts, time, measure)


def small_categories(facts: Facts) -> list[Column]:
    """Return the columns with few values; numbers too, such as doses or ratings."""
    small = [
        c
        for c in facts.columns
        if not c.separator
        and 2 <= c.distinct <= (FEW if c.role == "measure" else MOST_BARS)
        and (c.role in ("category", "flag", "measure") or _is_place(c))
    ]
    # Medals of one kind don't explain those of another.
    compared = {c.name for group in facts.groups for c in group if c.agg == "sum"}
    small = [
        c
        for c in small
        if c.name not in compared
        and (c.role != "measure" or _is_level(facts, c))
        and not is_one_sided(facts.frame, c)
        and not is_year(c, facts.frame, facts.time)
        and not is_part_of_name(c)
    ]
    return without_twins(facts.frame, small)[: MAX_CATEGORIES - MAX_RANKED - MAX_NAMES]


def _is_level(facts: Facts, measure: Column) -> bool:
    return facts.rows >= ROWS_OF_LEVEL * measure.distinct and facts.is_round(measure)


def _large_categories(facts: Facts) -> list[Column]:
    most = min(MOST_RANKED, REPEATED * facts.rows)
    return [
        c
        for c in facts.columns
        if c.type == "text"
        and not c.separator
        and c.role in ("category", "geography")
        and MOST_BARS < c.distinct <= most
        and worth_counting(c, facts.rows, len(facts.columns), facts.position(c))
    ]


def _names(facts: Facts, small: list[Column]) -> list[Column]:
    """Return the columns that name each row of a table that is not large, without twins."""
    names = [
        c
        for c in facts.columns
        if c.type == "text"
        and not c.separator
        and c.role in ("category", "geography", "identifier", "text")
        and REPEATED * facts.rows < c.distinct <= ALL_NAMES
        and _names_rows(facts, c)
        and c not in small
    ]
    names.sort(key=lambda c: c.role == "identifier")  # a name says more than a code
    return without_twins(facts.frame, names)


def _is_spread_out(facts: Facts, category: Column) -> bool:
    """Tell whether a column says when, in a table of regular times, or is a measure of few rows."""
    if CLOCK & set(words(category.name)):
        return facts.is_panel
    return category.role == "measure" and facts.rows < FEW * category.distinct


def _is_place(column: Column) -> bool:
    return column.role == "geography" and column.type == "text"


def _names_rows(facts: Facts, column: Column) -> bool:
    """Tell whether a column names things, other than by a number or the first name of a person.

    Long texts, such as the outlines of districts, are no names.
    """
    length = facts.frame[column.name].astype("str").str.len().median()
    if is_part_of_name(column) or length > LONGEST_NAME:
        return False
    name_words = set(words(column.name))
    is_number = column.role == "identifier" and "id" in name_words
    return not is_number and (facts.position(column) == 0 or bool(NAME_WORDS & name_words))
