"""Weigh rates per head by the heads: a mean over countries is none over people."""

from __future__ import annotations

from dataclasses import replace

from flaskdash.charts.kinds import KINDS, Chart
from flaskdash.charts.suggest.facts import Facts
from flaskdash.inspect.model import Column
from flaskdash.inspect.words import is_per, known, words

HEADS = known("population pop people inhabitants einwohner habitants habitantes 인구")
PER_HEAD = known("capita percapita percap expectancy lifeexp")
NO_HEADS = known("density growth rate change percent pct share rank urban rural year")


def weighted(facts: Facts, chart: Chart) -> Chart:
    """Return a chart whose mean of a rate per head counts each row by its population, if there is one."""
    measure = next((c for c in facts.measures if c.name == chart.y), None)
    if measure is None or chart.agg != "mean" or "weight" not in KINDS[chart.kind].takes:
        return chart
    category = next((c for c in facts.columns if c.name == chart.x), None)
    is_single = category is not None and category.distinct == facts.rows
    if chart.across or is_single or (chart.kind == "line" and facts.is_single):
        return chart  # a mean of one row has no weights
    weight = _population(facts)
    if weight is None or weight == measure or not _is_per_head(measure):
        return chart
    return replace(chart, weight=weight.name)


def _is_per_head(measure: Column) -> bool:
    name_words = set(words(measure.name))
    is_life = {"life", "exp"} <= name_words
    return is_life or bool(PER_HEAD & name_words) or (is_per(measure.name) and _has_heads(measure))


def _has_heads(column: Column) -> bool:
    return bool(HEADS & set(words(column.name)))


def _population(facts: Facts) -> Column | None:
    """Return the only column that has a number of people in each row."""
    heads = [
        c
        for c in facts.columns
        if c.role == "measure"
        and _has_heads(c)
        and not is_per(c.name)
        and not NO_HEADS & set(words(c.name))
        and c.missing == 0
        and float(facts.frame[c.name].min()) > 0
    ]
    return heads[0] if len(heads) == 1 else None
