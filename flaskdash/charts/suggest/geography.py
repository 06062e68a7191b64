"""Suggest maps: a measure by country or state, and points."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from flaskdash.charts.kinds import Chart
from flaskdash.charts.suggest import places
from flaskdash.charts.suggest.facts import Facts
from flaskdash.charts.suggest.wording import aggregation, humanise, measure_title
from flaskdash.inspect.model import Column
from flaskdash.names import capital

MAX_POINTS, MEASURES = 5000, 2
MIN_DEGREES = 8.0  # the outlines of countries show nothing about points that are closer


def maps(facts: Facts) -> Iterator[Chart]:
    """Yield maps of coordinates and of named areas; in a panel, areas come first."""
    points = [_points(facts, *facts.coordinates)] if facts.coordinates else []
    areas = [*_areas(facts)]
    yield from (*areas, *points) if facts.is_panel else (*points, *areas)


def _areas(facts: Facts) -> Iterator[Chart]:
    """Yield maps of the main measures, or of the number of rows, by country or state."""
    column, kind = _area_column(facts)
    if column is None:
        return
    name = humanise(column.name, 30)
    base = Chart("choropleth", facts.data, "", x=column.name)
    for measure in facts.single_measures[:MEASURES]:
        if measure.agg == "mean" and facts.is_series(column):
            measure = replace(measure, agg="last")
        is_single = column.distinct == facts.rows
        yield replace(
            base,
            y=measure.name,
            agg=measure.agg,
            title=f"{measure_title(measure, is_single)} by {name} on the map",
            reason=f"{humanise(measure.name)} {aggregation(measure)} for each {kind}",
        )
    is_repeated = column.distinct < 0.5 * facts.rows
    if not facts.single_measures and is_repeated and facts.is_uneven(column):
        title = f"Rows by {name} on the map"
        yield replace(base, agg="count", title=title, reason=f"how often each {kind} occurs")


def _area_column(facts: Facts) -> tuple[Column | None, str]:
    """Return the column that names countries or states, and "country" or "state"."""
    for column in facts.columns:
        if column.type != "text" or not places.MIN_PLACES <= column.distinct <= 400:
            continue
        if column.role not in ("geography", "category"):
            continue
        kind = places.kind_of(facts.frame[column.name].dropna().unique())
        if kind:
            return column, kind
    return None, ""


def _points(facts: Facts, longitude: str, latitude: str) -> Chart:
    """Return the points on a map if they are far from each other, else as a scatter."""
    color = facts.color()
    by = f" by {humanise(color.name, 30)}" if color else ""
    points = Chart(
        "scatter",
        facts.data,
        f"Places{by}: {humanise(longitude)} and {humanise(latitude)}",
        x=longitude,
        y=latitude,
        color=color.name if color else None,
        limit=MAX_POINTS if facts.rows > MAX_POINTS else None,
        reason="where the rows are",
    )
    if places.spread(facts.frame[[longitude, latitude]]) < MIN_DEGREES:
        return points
    amounts = [measure for measure in facts.single_measures[:1] if measure.agg == "sum"]
    if not amounts:
        return replace(points, kind="map", title=f"Places{by} on the map")
    title = capital(f"{humanise(amounts[0].name)} on the map")
    return replace(points, kind="map", size=amounts[0].name, color=None, title=title)
