"""Split tables that hold several indicators in one column of values: each is charted by itself."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from flaskdash.charts.kinds import Chart
from flaskdash.charts.suggest.wording import humanise
from flaskdash.inspect.model import Column, Inspection
from flaskdash.inspect.words import known, words
from flaskdash.names import capital

INDICATOR_WORDS = known("indicator variable series metric item element parameter measure")
UNIT_WORDS = known("unit units currency")
MAX_INDICATORS, MIN_ROWS, MIN_RATIO = 3, 8, 5.0


@dataclass(frozen=True)
class Indicator:
    """An indicator: the column and the value that select its rows, and what these hold."""

    column: str
    value: str
    measure: str
    inspection: Inspection


def split(inspection: Inspection) -> list[Indicator]:
    """Return the indicators with the most rows, if one column holds the values of unlike ones."""
    measures = [m for m in inspection.columns if m.role == "measure"]
    if len(measures) != 1:
        return []
    measure = measures[0]
    column = _indicator_column(inspection, measure)
    if column is None:
        return []
    frame = inspection.frame
    counts = frame.dropna(subset=measure.name)[column.name].value_counts(sort=True)
    largest = [str(value) for value in counts.index if counts[value] >= MIN_ROWS]
    largest = [value for value in largest if not re.search(r"['\\]|\s:\w", value)]
    # Among equally frequent indicators, the shortest name comes first.
    largest.sort(key=lambda value: (-int(counts[value]), len(value), value))
    return [
        _indicator(inspection, column.name, value, measure.name)
        for value in largest[:MAX_INDICATORS]
    ]


def _indicator_column(inspection: Inspection, measure: Column) -> Column | None:
    """Return the column that names the indicator or unit of each value, if their sizes differ."""
    candidates = [
        column
        for column in inspection.columns
        if column.type == "text"
        and column.role in ("category", "text", "identifier")
        and 2 <= column.distinct <= min(500, len(inspection.frame) / MIN_ROWS)
        and (INDICATOR_WORDS | UNIT_WORDS) & set(words(column.name))
        and not {"code", "id"} & set(words(column.name))
    ]
    # Labels, which are longer, say more than codes.
    candidates.sort(
        key=lambda c: (
            not INDICATOR_WORDS & set(words(c.name)),
            -_mean_length(inspection, c),
        )
    )
    for column in candidates:
        sizes = inspection.frame.groupby(column.name)[measure.name].median().astype("float64").abs()
        sizes = sizes[sizes > 0]
        has_units = bool(UNIT_WORDS & set(words(column.name)))
        if has_units or (len(sizes) > 1 and float(sizes.max() / sizes.min()) > MIN_RATIO):
            return column
    return None


def _mean_length(inspection: Inspection, column: Column) -> float:
    return float(inspection.frame[column.name].dropna().astype("str").str.len().mean())


def _indicator(inspection: Inspection, name: str, value: str, measure: str) -> Indicator:
    """Return an indicator, with the inspection of its rows."""
    frame = inspection.frame[inspection.frame[name] == value]
    columns = []
    for column in inspection.columns:
        distinct = int(frame[column.name].astype("str").nunique()) if column.distinct else 0
        missing = int(frame[column.name].isna().sum())
        role = column.role
        if column.name == name or (distinct <= 1 and role not in ("measure", "time")):
            role = "constant"
        # Nothing tells whether values of the indicator may be added up, so they are averaged.
        agg = "mean" if column.name == measure else column.agg
        columns.append(replace(column, distinct=distinct, missing=missing, role=role, agg=agg))
    part = replace(inspection, frame=frame, columns=tuple(columns), total=0)
    return Indicator(name, value, measure, part)


def only(chart: Chart, indicator: Indicator) -> Chart:
    """Return the chart, limited to the rows of an indicator that its title names."""
    name, label = humanise(indicator.measure), humanise(indicator.value, 50)
    pattern = rf"\b{re.escape(name)}\b"
    title = re.sub(pattern, lambda _: label, chart.title, count=1, flags=re.IGNORECASE)
    if title == chart.title:
        title = f"{title}: {label}"
    reason = (
        f"{chart.reason}, of {label} only: the values of {humanise(indicator.column)}"
        " are not comparable"
    )
    condition = (indicator.column, indicator.value)
    return replace(chart, only=condition, title=capital(title), reason=reason)
