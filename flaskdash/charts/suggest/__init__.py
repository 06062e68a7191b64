"""Rank the charts that columns suggest, each with a reason.

To add an intent, write a generator of charts, best first, in a module here. Add it to `_intents`,
and its turns to facts._INTENTS, in the line of each kind of data.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from flaskdash.charts.kinds import Chart
from flaskdash.charts.suggest import indicators, wording
from flaskdash.charts.suggest.by_category import breakdowns, occurrence, occurrences, shares
from flaskdash.charts.suggest.candidates import MOST_BARS, candidates
from flaskdash.charts.suggest.facts import Facts
from flaskdash.charts.suggest.features import SIX, Features
from flaskdash.charts.suggest.figures import kpis, table
from flaskdash.charts.suggest.geography import maps
from flaskdash.charts.suggest.grids import grids
from flaskdash.charts.suggest.interest import MIXED_WORDS, is_one_sided
from flaskdash.charts.suggest.over_time import candles, trends
from flaskdash.charts.suggest.rank import choose, score
from flaskdash.charts.suggest.relations import Relations
from flaskdash.charts.suggest.side_by_side import answers, comparisons
from flaskdash.charts.suggest.spread import boxes, correlations, distributions
from flaskdash.charts.suggest.weighting import weighted
from flaskdash.charts.suggest.weights import WEIGHTS
from flaskdash.charts.suggest.wording import humanise
from flaskdash.inspect.model import Inspection
from flaskdash.inspect.words import words
from flaskdash.names import capital

__all__ = ["each_question", "filters", "humanise", "suggest"]

MAX_CHARTS = 14
MIN_QUESTIONS, MAX_QUESTIONS = 6, 12  # that have a dashboard of their own
QUESTION_ROLES = {"category", "flag", "geography"}
SURVEYED = {"responses", "respondents", "answers", "participants"}
FILTER_VALUES = 50
SEARCHED_VALUES = 5_000


def suggest(inspection: Inspection, data: str) -> list[Chart]:
    """Return the charts that a person would draw, best first; `data` is the loader's name.

    The table of rows follows them, then two to four KPIs.
    """
    if inspection.declined:
        return [table(data, "no column can be charted, so these are the rows themselves")]
    facts = Facts.from_inspection(inspection, data)
    rows = table(data, "the rows behind the charts")
    if facts.time:
        rows = replace(rows, title="Latest rows")
    if parts := indicators.split(inspection):
        charts = _indicator_charts(parts, data)
        numbers = [chart for chart in kpis(facts) if chart.y is None]
    else:
        charts, numbers = ranked(facts), kpis(facts)
    titled = [
        replace(weighted(facts, chart), title=_title(chart, facts), row_name=facts.row_name)
        for chart in (*charts, *numbers)
    ]
    return [*titled[: len(charts)], rows, *titled[len(charts) :]]


def each_question(inspection: Inspection, data: str) -> list[Chart]:
    """Return bars of the answers to each question of a survey, or none for another table."""
    facts = Facts.from_inspection(inspection, data)
    answered = [c for c in facts.columns if c.role in QUESTION_ROLES and c.type != "number"]
    questions = [
        c
        for c in answered
        if c.separator or (2 <= c.distinct <= MOST_BARS and not is_one_sided(facts.frame, c))
    ]
    is_survey = bool(facts.scales) or facts.row_name in SURVEYED
    if not is_survey or len(questions) < MIN_QUESTIONS:
        return []
    charts = [occurrence(facts, column) for column in questions[:MAX_QUESTIONS]]
    return [replace(c, title=_title(c, facts), row_name=facts.row_name) for c in charts]


def filters(inspection: Inspection) -> tuple[str, ...]:
    """Return at most four columns worth filtering by: time first, then the smallest categories.

    If these are fewer than two, larger ones follow, which a page lets people search.
    """
    facts = Facts.from_inspection(inspection, "")
    chosen = [facts.time.name] if facts.time else []
    small = sorted(facts.categories, key=lambda c: not MIXED_WORDS & set(words(c.name)))
    small = [c for c in small if 2 <= c.distinct <= FILTER_VALUES]
    small.sort(key=lambda c: c in facts.scales)  # who people are comes before what they answer
    flags = [c for c in inspection.columns if c.role == "flag"]
    places = [c for c in facts.categories if c.role == "geography" and c.distinct <= 500]
    for column in [*small, *flags, *(places if len(small) < 2 else [])]:
        if column.name not in chosen and len(chosen) < 4:
            chosen.append(column.name)
    large = [c for c in facts.categories if FILTER_VALUES < c.distinct <= SEARCHED_VALUES]
    for column in sorted(large, key=lambda c: c.distinct):
        if column.type == "text" and column.name not in chosen and len(chosen) < 2:
            chosen.append(column.name)
    return tuple(chosen)


def _intents(facts: Facts) -> dict[str, Iterator[Chart]]:
    """Return the charts of each thing that a person may want to see, best first."""
    return {
        "compare": comparisons(facts),
        "answers": answers(facts),
        "trend": trends(facts),
        "breakdown": breakdowns(facts),
        "share": shares(facts),
        "occurrence": occurrences(facts),
        "distribution": distributions(facts),
        "correlation": correlations(facts),
        "map": maps(facts),
        "box": boxes(facts),
        "grid": grids(facts),
        "candles": candles(facts),
    }


def ranked(facts: Facts) -> list[Chart]:
    """Return the charts of a table, those that people most likely draw first."""
    charts, features = described(facts)
    scores = [score(values, WEIGHTS) for values in features]
    chosen = [charts[index] for index in choose(charts, scores, MAX_CHARTS)]
    # What a table is laid out for comes first, though people who draw charts one by one miss it.
    laid_out = [*(comparisons(facts) if facts.is_compared else ()), *candles(facts)][:1]
    laid_out += answers(facts)
    # So does what its outcome depends on most, which people explore before they draw it.
    if facts.kind == "outcome" and not any(chart.agg == "share" for chart in chosen[:SIX]):
        laid_out += [*shares(facts)][:1]
    further = [c for c in chosen if not any(c == first or _is_in(c, first) for first in laid_out)]
    return [*laid_out, *further][:MAX_CHARTS]


def _is_in(chart: Chart, stack: Chart) -> bool:
    """Tell whether a stack of bars shows a chart, too: one of its parts, or their total."""
    if stack.mode != "stack" or chart.kind != "bar" or chart.x != stack.x or chart.y is None:
        return False
    return chart.y in stack.across or "total" in words(chart.y)


def described(facts: Facts) -> tuple[list[Chart], list[dict[str, float]]]:
    """Return all charts that may be suggested, and the features of each."""
    relations = Relations(facts.frame, facts.columns)
    intents = {name: list(charts) for name, charts in _intents(facts).items()}
    turns = _take_turns(facts, intents)
    by_rule = [*turns, *itertools.chain.from_iterable(intents.values())]
    charts = candidates(facts, relations, by_rule)
    features = Features(facts, relations, charts, turns, intents)
    return charts, [features.of(chart) for chart in charts]


def _take_turns(facts: Facts, intents: Mapping[str, list[Chart]]) -> list[Chart]:
    """Return the charts of all intents, in turns, without near-duplicates."""
    sources = {name: iter(charts) for name, charts in intents.items()}
    charts: list[Chart] = []
    rounds = [*facts.pattern, *facts.pattern, *sources, *sources]
    for intent in rounds:
        chart = next(sources[intent], None)
        if chart is not None and not any(_is_alike(chart, earlier) for earlier in charts):
            charts.append(chart)
    return charts[:MAX_CHARTS]


def _title(chart: Chart, facts: Facts) -> str:
    """Return the title, with rows and measures without a real name called after their table."""
    title = chart.title
    measure = chart.x if chart.kind == "histogram" else chart.y
    if measure and not chart.across and facts.is_thing(measure):
        # Mitte and Pankow are names, unlike Revenue and Price.
        name = re.escape(humanise(measure))
        title = capital(re.sub(rf"\b{name}\b", lambda _: measure, title))
    if chart.y is None:
        title = re.sub("^Rows", capital(facts.row_name or "rows"), title)
    category = next((c for c in facts.columns if c.name == chart.x), None)
    if chart.kind == "bar" and category and chart.limit and chart.limit < category.distinct:
        title += f" (top {chart.limit})"
    if measure is None or chart.across or chart.only or chart.kind == "scatter":
        return title
    has_unit = any(column.name == measure and column.unit for column in facts.measures)
    if has_unit and re.search(r"[^\W\d_]", measure):
        return title
    if "total" in words(measure) and facts.groups:
        return title  # of the parts beside it: medals of gold, silver and bronze
    return wording.with_subject(title, measure, chart.data)


def _indicator_charts(parts: list[indicators.Indicator], data: str) -> list[Chart]:
    """Return the charts of each indicator by itself, in turns."""
    lists = []
    for part in parts:
        facts = Facts.from_inspection(part.inspection, data)
        charts = _take_turns(facts, {name: list(its) for name, its in _intents(facts).items()})
        lists.append([indicators.only(chart, part) for chart in charts])
    mixed = itertools.chain.from_iterable(itertools.zip_longest(*lists))
    return [chart for chart in mixed if chart is not None][:MAX_CHARTS]


def _is_alike(chart: Chart, earlier: Chart) -> bool:
    """Tell whether a chart hardly differs from an earlier one, or shows a part of a comparison."""
    if earlier.kind == chart.kind == "bar" and earlier.x == chart.x and chart.y in earlier.across:
        return True

    def key(chart: Chart) -> tuple[object, ...]:
        return (chart.kind, chart.x, chart.y, chart.agg, chart.color, chart.across, chart.by)

    return key(chart) == key(earlier)
