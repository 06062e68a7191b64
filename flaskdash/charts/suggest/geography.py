"""Maps: a measure by country or state, and points."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from flaskdash.charts.kinds import Chart
from flaskdash.charts.suggest import places
from flaskdash.charts.suggest.facts import Facts
from flaskdash.charts.suggest.wording import how, humanise, named
from flaskdash.inspect.model import Column
from flaskdash.names import capital

POINTS, MEASURES = 5000, 2
WIDE = 8.0  # degrees: of what is closer, an outline of countries shows nothing


def maps(facts: Facts) -> Iterator[Chart]:
    """Yield the places that have coordinates, and those that have names; in a panel, these first."""
    points = [_points(facts, *facts.place)] if facts.place else []
    areas = [*_areas(facts)]
    yield from (*areas, *points) if facts.is_panel else (*points, *areas)


def _areas(facts: Facts) -> Iterator[Chart]:
    """Yield maps of the main measures, or of the number of rows, by country or state."""
    column, kind = _named(facts)
    if column is None:
        return
    name = humanise(column.name, 30)
    base = Chart("choropleth", facts.data, "", x=column.name)
    for measure in facts.alone[:MEASURES]:
        if measure.agg == "mean" and facts.is_series(column):
            measure = replace(measure, agg="last")
        single = column.distinct == facts.rows
        yield replace(
            base,
            y=measure.name,
            agg=measure.agg,
            title=f"{named(measure, single)} by {name} on the map",
            why=f"each {kind} has its place: {humanise(measure.name)} {how(measure)}",
        )
    if not facts.alone and column.distinct < 0.5 * facts.rows and facts.is_uneven(column):
        why = f"each {kind} has its place: how often it occurs"
        yield replace(base, agg="count", title=f"Rows by {name} on the map", why=why)


def _named(facts: Facts) -> tuple[Column | None, str]:
    """Return the column that names countries or states, and which of both they are."""
    for column in facts.columns:
        if column.type != "text" or not places.LEAST <= column.distinct <= 400:
            continue
        if column.role not in ("geography", "category"):
            continue
        kind = places.kind_of(facts.frame[column.name].dropna().unique())
        if kind:
            return column, kind
    return None, ""


def _points(facts: Facts, longitude: str, latitude: str) -> Chart:
    """Return the points: on a map where they are far from each other, else as they lie."""
    color = facts.color()
    by = f" by {humanise(color.name, 30)}" if color else ""
    points = Chart(
        "scatter",
        facts.data,
        f"Places{by}: {humanise(longitude)} and {humanise(latitude)}",
        x=longitude,
        y=latitude,
        color=color.name if color else None,
        limit=POINTS if facts.rows > POINTS else None,
        why="where the rows are",
    )
    if places.spread(facts.frame[[longitude, latitude]]) < WIDE:
        return points
    amounts = [measure for measure in facts.alone[:1] if measure.agg == "sum"]
    if not amounts:
        return replace(points, kind="map", title=f"Places{by} on the map")
    amount, name = amounts[0].name, humanise(amounts[0].name)
    return replace(points, kind="map", size=amount, color=None, title=capital(f"{name} on the map"))
