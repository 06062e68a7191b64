"""Choose charts by what people drew: weigh their features, and avoid repeats."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from flaskdash.charts.kinds import Chart

# What is left of a chart's score for each time that a chosen chart has its x, y, or kind. Fitted by
# hand on cross-validated tables; a measure may come back, as in what people draw.
SAME_X, SAME_Y, SAME_KIND = 0.5, 0.7, 0.6


def score(features: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Return how much a chart is like those that people drew of such a table."""
    return sum(weights.get(name, 0.0) * value for name, value in features.items())


def choose(charts: Sequence[Chart], scores: Sequence[float], count: int) -> list[int]:
    """Return the indexes of `count` charts that are likely and show different things."""
    highest = max(scores, default=0.0)
    likelihood = [math.exp(value - highest) for value in scores]
    uses_x: Counter[str | None] = Counter()
    uses_y: Counter[str | None] = Counter()
    kinds: Counter[tuple[str, bool]] = Counter()
    bars: set[tuple[str | None, str | None]] = (
        set()
    )  # the same with another aggregate says it twice
    chosen: list[int] = []

    def worth(index: int) -> float:
        chart = charts[index]
        repeats_y = uses_y[chart.y] if chart.y else 0
        if chart.kind == "scatter":
            repeats_y = max(repeats_y, uses_y[chart.x])
        value = likelihood[index] * SAME_Y**repeats_y
        value *= SAME_X ** max(uses_x[chart.x], uses_x[chart.y] if chart.y else 0)
        return value * SAME_KIND ** max(0, kinds[chart.kind, chart.agg == "count"] - 1)

    remaining = set(range(len(charts)))
    while remaining and len(chosen) < count:
        best = max(remaining, key=lambda index: (worth(index), -index))
        chart = charts[best]
        remaining.remove(best)
        if chart.kind == "bar" and chart.color is None and not chart.across:
            if chart.y and (chart.x, chart.y) in bars:
                continue
            bars.add((chart.x, chart.y))
        chosen.append(best)
        uses_x[chart.x] += 1
        kinds[chart.kind, chart.agg == "count"] += 1
        if chart.y:
            uses_y[chart.y] += 1
        if chart.kind == "scatter":
            uses_y[chart.x] += 1
    return chosen
