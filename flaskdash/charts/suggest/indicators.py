"""Tables with one column of values for several indicators or units: each is charted by itself."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from flaskdash.charts.kinds import Chart
from flaskdash.charts.suggest.facts import Facts
from flaskdash.charts.suggest.wording import humanise
from flaskdash.inspect.model import Column, Inspection
from flaskdash.inspect.words import known, words
from flaskdash.names import capital

NAMES = known("indicator variable series metric item element parameter measure")
UNITS = known("unit units currency")
SHOWN, ROWS, APART = 3, 8, 5.0


@dataclass(frozen=True)
class Part:
    """The rows of one indicator."""

    column: str
    value: str
    measure: str
    inspection: Inspection


def split(inspection: Inspection, facts: Facts) -> list[Part]:
    """Return the largest indicators, where one column holds the values of several unlike ones."""
    measures = [m for m in inspection.columns if m.role == "measure"]
    if len(measures) != 1:
        return []
    measure = measures[0]
    column = _telling(inspection, measure)
    if column is None:
        return []
    frame = inspection.frame
    counts = frame.dropna(subset=measure.name)[column.name].value_counts(sort=True)
    largest = [str(value) for value in counts.index if counts[value] >= ROWS]
    largest = [value for value in largest if not re.search(r"['\\]|\s:\w", value)]
    # Of equally many, the plainest name.
    largest.sort(key=lambda value: (-int(counts[value]), len(value), value))
    return [_part(inspection, column.name, value, measure.name) for value in largest[:SHOWN]]


def _telling(inspection: Inspection, measure: Column) -> Column | None:
    """Return the column that says what each value is of, where those are not of one size."""
    found = [
        column
        for column in inspection.columns
        if column.type == "text"
        and column.role in ("category", "text", "identifier")
        and 2 <= column.distinct <= min(500, len(inspection.frame) / ROWS)
        and (NAMES | UNITS) & set(words(column.name))
        and "code" not in words(column.name)
    ]
    found.sort(key=lambda c: (not NAMES & set(words(c.name)), -_length(inspection, c)))
    for column in found:
        sizes = inspection.frame.groupby(column.name)[measure.name].median().astype("float64").abs()
        sizes = sizes[sizes > 0]
        units = bool(UNITS & set(words(column.name)))
        if units or (len(sizes) > 1 and float(sizes.max() / sizes.min()) > APART):
            return column
    return None


def _length(inspection: Inspection, column: Column) -> float:
    """Return how long the values are: labels say more than codes."""
    return float(inspection.frame[column.name].dropna().astype("str").str.len().mean())


def _part(inspection: Inspection, column: str, value: str, measure: str) -> Part:
    """Return the inspection of the rows of one indicator."""
    frame = inspection.frame[inspection.frame[column] == value]
    columns = []
    for each in inspection.columns:
        distinct = int(frame[each.name].astype("str").nunique()) if each.distinct else 0
        missing = int(frame[each.name].isna().sum())
        role = each.role
        if each.name == column or (distinct <= 1 and role not in ("measure", "time")):
            role = "constant"
        # Nothing is known of what the value is: it is never added up.
        agg = "mean" if each.name == measure else each.agg
        columns.append(replace(each, distinct=distinct, missing=missing, role=role, agg=agg))
    return Part(
        column, value, measure, replace(inspection, frame=frame, columns=tuple(columns), total=0)
    )


def only(chart: Chart, part: Part, facts: Facts) -> Chart:
    """Return a chart of one indicator's rows, whose title says which."""
    name, said = humanise(part.measure), humanise(part.value, 50)
    text = re.sub(
        rf"\b{re.escape(name)}\b", lambda _: said, chart.title, count=1, flags=re.IGNORECASE
    )
    if text == chart.title:
        text = f"{text}: {said}"
    why = f"{chart.why}, of {said} only: other values of {humanise(part.column)} are not like it"
    return replace(chart, only=(part.column, part.value), title=capital(text), why=why)
