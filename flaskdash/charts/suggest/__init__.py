"""From what the columns mean to a ranked list of charts, each with its reason.

To add an intent: a generator of charts, best first, in a module here; a line in `_intents`; and its
turns in facts._INTENTS, one line for each kind of data.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace

from flaskdash.charts.kinds import Chart
from flaskdash.charts.suggest import indicators, wording
from flaskdash.charts.suggest.by_category import breakdowns, occurrences, shares
from flaskdash.charts.suggest.facts import Facts
from flaskdash.charts.suggest.figures import kpis, table
from flaskdash.charts.suggest.geography import maps
from flaskdash.charts.suggest.grids import grids
from flaskdash.charts.suggest.interest import MIXED_WORDS
from flaskdash.charts.suggest.over_time import candles, trends
from flaskdash.charts.suggest.side_by_side import comparisons
from flaskdash.charts.suggest.spread import boxes, correlations, distributions
from flaskdash.charts.suggest.wording import humanise
from flaskdash.inspect.model import Inspection
from flaskdash.inspect.words import words
from flaskdash.names import capital

__all__ = ["filters", "humanise", "suggest"]

MOST = 14
FILTER_VALUES = 50
SEARCHED_VALUES = 5_000


def suggest(inspection: Inspection, data: str) -> list[Chart]:
    """Return the charts that a person would draw, best first; `data` is the loader's name.

    Charts come first, then the table of rows, then two to four KPIs.
    """
    if inspection.declined:
        return [table(data, "nothing in it can be charted: the rows themselves")]
    facts = Facts.of(inspection, data)
    rows = table(data, "the rows behind the charts")
    if facts.time:
        rows = replace(rows, title="Latest rows")
    if found := indicators.split(inspection, facts):
        charts = _of_indicators(found, data)
        count = [chart for chart in kpis(facts) if chart.y is None]
        return [*charts, rows, *count]
    charts = [replace(chart, title=_title(chart, facts)) for chart in _take_turns(facts)]
    return [*charts, rows, *kpis(facts)]


def filters(inspection: Inspection) -> tuple[str, ...]:
    """Return the columns worth filtering, at most four: time first, then the smallest categories.

    Where these are fewer than two, there follow larger ones, which a page lets people search.
    """
    facts = Facts.of(inspection, "")
    chosen = [facts.time.name] if facts.time else []
    small = sorted(facts.categories, key=lambda c: not MIXED_WORDS & set(words(c.name)))
    small = [c for c in small if 2 <= c.distinct <= FILTER_VALUES]
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
    """Return what a person may want to see, each with its charts, best first."""
    return {
        "compare": comparisons(facts),
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


def _take_turns(facts: Facts) -> list[Chart]:
    """Return the charts of all intents, in turns, without near-duplicates."""
    sources = _intents(facts)
    charts: list[Chart] = []
    rounds = [*facts.pattern, *facts.pattern, *sources, *sources]
    for intent in rounds:
        chart = next(sources[intent], None)
        if chart is not None and not any(_alike(chart, other) for other in charts):
            charts.append(chart)
    return charts[:MOST]


def _title(chart: Chart, facts: Facts) -> str:
    """Return the title, in which rows and nameless measures are called after their table."""
    rows = wording.rows_of(facts.data, [measure.name for measure in facts.measures])
    text = capital(re.sub("^Rows", lambda _: rows, chart.title)) if chart.y is None else chart.title
    measure = chart.x if chart.kind == "histogram" else chart.y
    has_unit = any(column.name == measure and column.unit for column in facts.measures)
    if measure is None or chart.across or (has_unit and re.search(r"[^\W\d_]", measure)):
        return text
    return wording.said(text, measure, chart.data)


def _of_indicators(found: list[indicators.Part], data: str) -> list[Chart]:
    """Return the charts of each indicator by itself, in turns."""
    lists = []
    for part in found:
        facts = Facts.of(part.inspection, data)
        lists.append([indicators.only(chart, part, facts) for chart in _take_turns(facts)])
    mixed = itertools.chain.from_iterable(itertools.zip_longest(*lists))
    return [chart for chart in mixed if chart is not None][:MOST]


def _alike(one: Chart, other: Chart) -> bool:
    """Tell whether two charts differ in next to nothing, or one shows what the other compares."""
    if other.kind == one.kind == "bar" and other.x == one.x and one.y in other.across:
        return True

    def gist(chart: Chart) -> tuple[object, ...]:
        return (chart.kind, chart.x, chart.y, chart.agg, chart.color, chart.across, chart.by)

    return gist(one) == gist(other)
