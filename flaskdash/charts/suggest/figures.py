"""Suggest KPIs, and the table of rows."""

from __future__ import annotations

from dataclasses import replace

from flaskdash.charts.kinds import Chart
from flaskdash.charts.suggest.facts import Facts
from flaskdash.charts.suggest.wording import aggregation, humanise, measure_title, share
from flaskdash.inspect.model import Column
from flaskdash.names import capital


def table(data: str, reason: str) -> Chart:
    """Return the table of the first rows."""
    return Chart("table", data, "First rows", limit=100, reason=reason)


def kpis(facts: Facts) -> list[Chart]:
    """Return the number of rows, and the totals or means of the main measures."""
    charts = [_aggregate(facts, measure) for measure in facts.single_measures[:3]]
    if facts.outcome:
        charts = [_outcome(facts, facts.outcome), *charts[:2]]
    latest = _latest(facts)
    if latest:
        # The total, the latest, and a further measure.
        total = [] if latest.agg == "last" else charts[:1]
        charts = [*total, latest, *charts[1:2]]
    if not charts and facts.categories:
        charts = [_distinct(facts, facts.categories[0])]
    count = Chart("kpi", facts.data, "Rows", agg="count", reason="how many rows the data has")
    return [*charts, count]


def _aggregate(facts: Facts, measure: Column) -> Chart:
    name = humanise(measure.name)
    adjective = {"sum": "Total", "mean": "Average", "last": "Latest"}[measure.agg or "sum"]
    title = f"{adjective} {name}"
    for repeated in ("Total", "Average"):
        title = title.replace(f"{repeated} {repeated.lower()}", repeated)
    return Chart(
        "kpi",
        facts.data,
        title,
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
    name = humanise(category.name)
    return Chart(
        "kpi",
        facts.data,
        f"Different values of {name}",
        y=category.name,
        agg="distinct",
        reason=f"how many values {name} has",
    )


def _latest(facts: Facts) -> Chart | None:
    """Return the main measure, or the number of rows, in the latest step and its change."""
    time, grain = facts.time, facts.step
    if time is None or grain is None or (facts.series() and not facts.adds_up):
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
        return chart
    if not facts.single_measures:
        return None
    measure = facts.single_measures[0]
    name = measure_title(measure).removeprefix("Latest ")
    title = capital(f"{name} in the latest {grain}")
    return replace(chart, y=measure.name, agg=measure.agg, title=title)
