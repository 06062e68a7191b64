"""Describe each chart by numbers from 0 to 1, which weights.py weighs.

A feature's name begins with what it is about: a use of a column ("category.front"), a kind of chart
("bar.relation"), a kind in a kind of data ("bar in additive"), or the rules ("rules.place").
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property

from flaskdash.charts.kinds import Chart
from flaskdash.charts.suggest.candidates import MAX_MEASURES, key, small_categories
from flaskdash.charts.suggest.facts import DEMOGRAPHY, OUTCOMES, TARGETS, Facts
from flaskdash.charts.suggest.interest import (
    GROUP_WORDS,
    MAIN_WORDS,
    MINOR_WORDS,
    NAME_WORDS,
    RESULT,
    SECOND_WORDS,
)
from flaskdash.charts.suggest.relations import Relations
from flaskdash.charts.suggest.spread import MONEY
from flaskdash.inspect.model import Column
from flaskdash.inspect.words import DATE_PARTS, words

ROLES = ("category", "geography", "flag", "measure", "time", "identifier")
SIX = 6

Values = Mapping[str, float]


class Features:
    """The features of the charts of one table."""

    def __init__(
        self,
        facts: Facts,
        relations: Relations,
        charts: Sequence[Chart],
        turns: Sequence[Chart],
        intents: Mapping[str, Sequence[Chart]],
    ) -> None:
        self._facts, self._relations = facts, relations
        self._columns = {column.name: column for column in facts.columns}
        self._positions = {name: index for index, name in enumerate(self._columns)}
        self._measure_places = {c.name: place for place, c in enumerate(facts.measures)}
        self._category_places = {c.name: place for place, c in enumerate(facts.categories)}
        self._sums = {measure.name for measure in facts.settled if measure.agg == "sum"}
        self._column_values: dict[str, Values] = {}
        self._turns = {key(chart): place for place, chart in reversed([*enumerate(turns)])}
        self._intents = {
            key(chart): (intent, place)
            for intent, its_charts in intents.items()
            for place, chart in reversed([*enumerate(its_charts)])
        }
        self._strengths: dict[object, list[float]] = {}
        for chart in charts:
            strength = self._relation(chart)
            for group in self._groups(chart):
                self._strengths.setdefault(group, []).append(strength)
        for strengths in self._strengths.values():
            strengths.sort(reverse=True)

    def of(self, chart: Chart) -> dict[str, float]:
        """Return the features of a chart that are not 0."""
        kind = _kind(chart)
        values = {
            kind: 1.0,
            f"{kind} in {self._facts.kind}": 1.0,
            **_prefixed(kind, self._table),
            **self._uses(chart, kind),
            **self._by_rule(chart),
        }
        if chart.x in self._columns and chart.y in self._columns:
            values |= _prefixed(kind, self._pair(chart))
        return {name: value for name, value in values.items() if value}

    @cached_property
    def _table(self) -> Values:
        facts = self._facts
        has_few_values = [c for c in facts.columns if c.role in ("category", "flag")]
        return {
            "rows": math.log10(max(1, facts.rows)) / 4,
            "columns": min(30, len(facts.columns)) / 30,
            "measures": min(10, len(facts.settled)) / 10,
            "categories": min(10, len(has_few_values)) / 10,
            "has time": float(facts.time is not None),
            "panel": float(facts.is_panel),
            "has outcome": float(facts.outcome is not None),
            "counts matter": float(facts.counts_matter),
        }

    def _uses(self, chart: Chart, kind: str) -> dict[str, float]:
        """Return the features of the columns, by how the chart uses them."""
        x, y = self._of_column(chart.x), self._of_column(chart.y)
        match kind:
            case "scatter":
                return {
                    **_prefixed("higher", {name: max(x[name], y[name]) for name in x.keys() & y}),
                    **_prefixed("lower", {name: min(x[name], y[name]) for name in x.keys() & y}),
                }
            case "histogram":
                return _prefixed("spread", x)
            case "line" | "count line" | "candlestick":
                return _prefixed("axis", x) | _prefixed("measure", y)
            case "count":
                return _prefixed("category", x) | _prefixed("counted", x)
            case "bar" | "box" | "share":
                return _prefixed("category", x) | _prefixed("measure", y)
        return {}

    def _pair(self, chart: Chart) -> Values:
        x, y = self._columns[chart.x or ""], self._columns[chart.y or ""]
        strength = self._relation(chart)
        of_kind, of_measure, of_x = (
            1 / (1 + self._strengths[group].index(strength)) for group in self._groups(chart)
        )
        return {
            "relation": strength,
            "strongest": of_kind,
            "strongest of the measure": of_measure,
            "strongest of x": of_x,
            "neighbours": float(abs(self._positions[x.name] - self._positions[y.name]) == 1),
            "shared word": float(bool(set(words(x.name)) & set(words(y.name)))),
        }

    def _groups(self, chart: Chart) -> Sequence[object]:
        """Return the groups of charts in which a relation is compared."""
        return chart.kind, (chart.kind, "y", chart.y), (chart.kind, "x", chart.x)

    def _relation(self, chart: Chart) -> float:
        x, y = self._columns.get(chart.x or ""), self._columns.get(chart.y or "")
        if x is None or y is None or (y.type == "text" and y.role != "flag"):
            return 0.0
        if chart.kind == "scatter":
            return self._relations.correlation(x, y)
        if chart.kind in ("bar", "box", "line"):
            return self._relations.explained(y, x) if x.distinct <= 60 or x.role == "time" else 0.0
        return 0.0

    def _by_rule(self, chart: Chart) -> dict[str, float]:
        """Return what place the rules of an intent, and their turns, give to a chart."""
        values = {}
        if (place := self._turns.get(key(chart))) is not None:
            values = {
                "rules": 1.0,
                "rules.place": 1 / (1 + place),
                "rules.first six": float(place < SIX),
            }
        if key(chart) in self._intents:
            intent, place = self._intents[key(chart)]
            values[f"{intent}.first"] = float(place == 0)
            values[f"{intent}.place"] = 1 / (1 + place)
        return values

    def _of_column(self, name: str | None) -> Values:
        if name not in self._columns:
            return {}
        if name not in self._column_values:
            self._column_values[name] = self._column(self._columns[name])
        return self._column_values[name]

    def _column(self, column: Column) -> Values:
        facts, name, name_words = self._facts, column.name, set(words(column.name))
        position, last = self._positions[name], len(self._columns) - 1
        place = self._measure_places.get(name, self._category_places.get(name))
        rows = max(1, facts.rows)
        is_main = bool(name_words & MAIN_WORDS)
        return {
            "front": 1 / (1 + position),
            "last": float(position == last),
            "position": position / max(1, last),
            "few": float(column.distinct <= SIX),
            "two": float(column.distinct == 2),
            "many": float(column.distinct > 20),
            "values": math.log10(max(1, column.distinct)) / 3,
            "unique": min(1.0, column.distinct / rows),
            "missing": column.missing / rows,
            "length": min(40, len(name)) / 40,
            "integer": float(column.type == "integer"),
            "unit": float(bool(column.unit)),
            "sum": float(name in self._sums),
            **{role: float(column.role == role) for role in ROLES},
            "result": float(bool(RESULT.search(name))),
            "main": 1.0 if is_main else 0.6 * bool(name_words & SECOND_WORDS),
            "minor": float(bool(name_words & MINOR_WORDS)),
            "trait": float(bool(name_words & DEMOGRAPHY)),
            "group": float(bool(name_words & GROUP_WORDS)),
            "name": float(bool(name_words & NAME_WORDS)),
            "date part": float(bool(name_words & DATE_PARTS)),
            "money": float(bool(name_words & MONEY)),
            "outcome": float(bool(name_words & (TARGETS | OUTCOMES)) or column == facts.outcome),
            "ranked": float(place is not None),
            "rank": 0.0 if place is None else 1 / (1 + place),
            "best": float(place == 0),
            "main time": float(column == facts.time),
            **self._relations_of(column),
        }

    def _relations_of(self, column: Column) -> Values:
        """Return how strongly a column hangs together with the others of its table."""
        relations, name = self._relations, column.name
        measures = [m for m in self._facts.settled[:MAX_MEASURES] if m.name != name]
        categories = [c for c in self._categories if c.name != name]
        is_category = 2 <= column.distinct <= 60 and column.role != "time"
        is_number = column in relations.numeric or column.role == "flag"
        correlations = [relations.correlation(column, c) for c in relations.numeric if c != column]
        by_category = [relations.explained(column, c) for c in categories] if is_number else []
        explains = [relations.explained(m, column) for m in measures] if is_category else []
        return {
            "correlates": _mean_of_largest(correlations, 4),
            "explained": max(by_category, default=0.0),
            "explains": _mean_of_largest(explains, 3),
            "even": relations.evenness(column) if is_category or column.role == "time" else 0.0,
        }

    @cached_property
    def _categories(self) -> Sequence[Column]:
        """The columns that may explain others."""
        return small_categories(self._facts)


def _kind(chart: Chart) -> str:
    """Return the kind of chart, with those of several columns and those that count by themselves."""
    if chart.across:
        return "compared"
    if chart.kind == "bar":
        return {"count": "count", "share": "share"}.get(chart.agg or "", "bar")
    return "count line" if chart.kind == "line" and chart.agg == "count" else chart.kind


def _prefixed(prefix: str, values: Values) -> dict[str, float]:
    return {f"{prefix}.{name}": value for name, value in values.items()}


def _mean_of_largest(values: Sequence[float], count: int) -> float:
    largest = sorted(values, reverse=True)[:count]
    return sum(largest) / len(largest) if largest else 0.0
