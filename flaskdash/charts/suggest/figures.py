"""Suggest KPIs, and the table of rows."""

from __future__ import annotations

from dataclasses import replace

from flaskdash.charts.axes import PERIODS
from flaskdash.charts.kinds import Chart
from flaskdash.charts.suggest.facts import Facts
from flaskdash.charts.suggest.interest import MINOR_WORDS, is_of_rows
from flaskdash.charts.suggest.wording import aggregation, humanise, measure_title, plural, share
from flaskdash.inspect.model import Column
from flaskdash.inspect.words import NUMBER_WORDS, STOCK_WORDS, SUM_WORDS, words
from flaskdash.names import capital

AMOUNTS = (SUM_WORDS | STOCK_WORDS) - NUMBER_WORDS
MANY_VALUES = 8  # a reader counts fewer in a chart
ROWS_OF_STEP, ROWS_OF_MEAN = 4, 10  # a change from one to two rows is none, as that of their mean
MOSTLY_THERE, HARDLY_THERE = 0.7, 0.1  # of the rows that a time has usually


def table(data: str, reason: str) -> Chart:
    """Return the table of the first rows."""
    return Chart("table", data, "First rows", limit=100, reason=reason)


def kpis(facts: Facts) -> list[Chart]:
    """Return the numbers that sum up a table, at most four, and none that says little.

    These are the totals or means of the main measures, the latest, how often the outcome is true,
    and how many rows there are if they have a name, or if nothing else is to be counted.
    """
    charts = [_aggregate(facts, measure) for measure in _main_measures(facts)]
    if facts.outcome:
        charts = [_outcome(facts, facts.outcome), *charts[:2]]
    latest = _latest(facts)
    if latest:
        # The total, the latest, and a further measure.
        total = [] if latest.agg == "last" else charts[:1]
        charts = [*total, latest, *charts[1:2]]
    counts = [_count(facts)] if facts.row_name else []
    if not facts.measures and not charts:
        named = [c for c in facts.categories[:1] if c.distinct >= MANY_VALUES]
        counts = [_distinct(facts, c) for c in named if _is_noun(_noun(c))] + counts
    return [*charts, *counts]


def _main_measures(facts: Facts) -> list[Column]:
    """Return up to three amounts, or the means of one or two measures that matter most.

    A mean over rows that measure different things again and again is a mean of none of them.
    """
    amounts = [m for m in facts.single_measures[:3] if _adds_up(m)]
    # The latest of a few countries would stand for all.
    amounts = [
        m for m in amounts if m.agg != "last" or not _lacks_latest_rows(facts, m, facts.step)
    ]
    if facts.is_panel and facts.crowded:
        return amounts
    means = [m for m in facts.single_measures[: facts.main] if m.agg == "mean"]
    means = [m for m in means if not facts.is_by_design(m)]
    is_first = facts.single_measures[:1] == tuple(means[:1])
    return (means + amounts if is_first else amounts + means)[:3]


def _adds_up(measure: Column) -> bool:
    """Tell whether people ask for a total: of what a word calls an amount, not a mentor's number."""
    name_words = set(words(measure.name))
    is_amount = bool(measure.unit) or bool(name_words & AMOUNTS)
    adds_up = measure.agg == "last" or (measure.agg == "sum" and is_amount)
    return adds_up and not name_words & MINOR_WORDS


def _count(facts: Facts) -> Chart:
    return Chart("kpi", facts.data, "Rows", agg="count", reason="how many rows the data has")


def _aggregate(facts: Facts, measure: Column) -> Chart:
    name = humanise(measure.name)
    if measure.agg == "mean" and facts.is_spoilt(measure):
        measure = replace(measure, agg="median")
    adjectives = {"sum": "Total", "mean": "Average", "median": "Median", "last": "Latest"}
    adjective = adjectives[measure.agg or "sum"]
    is_said = adjective.lower() in name.split()
    return Chart(
        "kpi",
        facts.data,
        capital(name if is_said else f"{adjective} {name}"),
        y=measure.name,
        agg=measure.agg,
        reason=f"{name} {aggregation(measure)} over all rows",
    )


def _outcome(facts: Facts, flag: Column) -> Chart:
    return Chart(
        "kpi",
        facts.data,
        capital(share(flag.name)),
        y=flag.name,
        agg="share",
        reason=f"how often {humanise(flag.name)} is true",
    )


def _distinct(facts: Facts, category: Column) -> Chart:
    return Chart(
        "kpi",
        facts.data,
        f"Different {plural(_noun(category))}",
        y=category.name,
        agg="distinct",
        reason=f"how many values {humanise(category.name)} has",
    )


def _noun(category: Column) -> str:
    return humanise(category.name).removesuffix(" name")


def _is_noun(text: str) -> bool:
    """Tell whether text has a plural in English: not a question, and not several words."""
    return text.isalpha() and text.isascii()


def _lacks_latest_rows(facts: Facts, measure: Column, grain: str | None) -> bool:
    """Tell whether the latest step lacks most of what is measured, or nearly all of what happens."""
    time = facts.time
    if time is None or not facts.crowded or grain != (time.grain or grain):
        return False
    counts = facts.frame[facts.frame[measure.name].notna()][time.name].value_counts().sort_index()
    least = MOSTLY_THERE if measure.agg == "mean" or facts.is_panel else HARDLY_THERE
    return counts.empty or bool(counts.iloc[-1] < least * counts.median())


def _has_rows(count: int, facts: Facts, time: Column, grain: str) -> bool:
    """Tell whether a step has usually so many rows that it can be compared with another."""
    times = facts.frame[time.name].dropna()
    if time.type != "integer":
        times = times.dt.tz_localize(None).dt.to_period(PERIODS[grain])
    return bool(times.value_counts().median() >= count)


def _latest(facts: Facts) -> Chart | None:
    """Return the main measure, or the number of rows, in the latest step and its change."""
    time, grain = facts.time, facts.step
    if time is None or grain is None or is_of_rows(time) or (facts.series() and not facts.adds_up):
        return None
    chart = Chart(
        "kpi",
        facts.data,
        f"Rows in the latest {grain}",
        x=time.name,
        grain=grain if time.type != "integer" else None,
        agg="count",
        reason=f"the latest complete {grain} of {humanise(time.name)}, and its change",
    )
    if facts.counts_matter:
        return chart if _has_rows(ROWS_OF_STEP, facts, time, grain) else None
    if not facts.single_measures:
        return None
    measure = facts.single_measures[0]
    is_mean_of_events = measure.agg == "mean" and not facts.is_panel and not facts.balanced
    if is_mean_of_events and not _has_rows(ROWS_OF_MEAN, facts, time, grain):
        return None
    if _lacks_latest_rows(facts, measure, grain):
        return None
    name = measure_title(measure, facts.is_single).removeprefix("Latest ")
    title = capital(f"{name} in the latest {grain}")
    return replace(chart, y=measure.name, agg=measure.agg, title=title)
