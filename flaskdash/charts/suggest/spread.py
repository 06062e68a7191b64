"""How measures spread, and which go together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from flaskdash.charts.kinds import Chart
from flaskdash.charts.suggest.facts import ORDER_WORDS, Facts
from flaskdash.charts.suggest.interest import EXTREMES
from flaskdash.charts.suggest.wording import humanise
from flaskdash.inspect.model import Column
from flaskdash.inspect.words import known, words
from flaskdash.names import capital

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

SCATTER = 5000
PAIRS = 3
GROUPS, LEAST = 12, 0.02
ORDERS = ORDER_WORDS | known("basket cart session visit line bill ticket")
SAMPLE = 20_000
MONEY = known(
    "price cost budget spend income salary gross revenue sales profit fare amount bill tip"
)


def distributions(facts: Facts) -> Iterator[Chart]:
    """Yield histograms of the main measures; of people, their age comes first."""
    yield from _totals(facts)
    measures = [m for m in (*facts.alone[:6], *facts.years) if not facts.is_stepped(m)]
    # Those of running totals and stocks over all time mix what was with what is.
    measures = [m for m in measures if m.agg != "last" or facts.time is None]
    if not facts.is_panel:
        ages = [m for m in facts.measures if words(m.name) == ["age"]]
        measures = [*ages[:1], *(m for m in measures if m not in ages[:1])]
    for measure in measures:
        if measure.distinct > 8 and facts.rows >= 20:
            name = humanise(measure.name)
            yield Chart(
                "histogram",
                facts.data,
                f"Distribution of {name}",
                x=measure.name,
                why=f"{name} takes {measure.distinct:,} values: how they spread",
            )


def _totals(facts: Facts) -> Iterator[Chart]:
    """Yield how large orders are, or baskets: totals of the rows that have the same number."""
    if facts.rows != len(facts.frame):
        return  # of a sample, no order is whole
    for column in facts.columns:
        again = facts.rows / max(column.distinct, 1)
        if column.role != "identifier" or not ORDERS & set(words(column.name)) or again < 1.5:
            continue
        measures = [m for m in facts.alone[:1] if m.agg == "sum"]
        texts = [c for c in facts.columns if c.role == "category" and c.missing == 0]
        for x in measures or ([] if facts.measures else texts[:1]):
            of = (
                f"total {humanise(x.name)}"
                if measures
                else humanise(x.name).removesuffix("s") + "s"
            )
            name = f"{of} per {humanise(column.name)}"
            why = (
                f"{column.distinct:,} values of {humanise(column.name)} have {again:.1f} rows each"
            )
            title = f"Distribution of {name}"
            yield Chart("histogram", facts.data, title, x=x.name, by=column.name, why=why)
            return


def boxes(facts: Facts) -> Iterator[Chart]:
    """Yield how the main measures spread in the groups that differ most in them."""
    if facts.is_panel:
        return
    few = [
        c for c in facts.categories if 2 <= c.distinct <= GROUPS and facts.rows >= 8 * c.distinct
    ]
    for measure in facts.alone[:2]:
        if measure.agg != "mean" or facts.is_stepped(measure) or not few:
            continue
        found = [(_told(facts, measure, c), -n, c) for n, c in enumerate(few[:8])]
        effect, _, category = max(found, key=lambda one: one[:2])
        if effect < LEAST:
            continue
        yield Chart(
            "box",
            facts.data,
            f"Spread of {humanise(measure.name)} by {humanise(category.name, 30)}",
            x=category.name,
            y=measure.name,
            why=f"{humanise(category.name)} tells {effect:.0%} of how {humanise(measure.name)} differs",
        )


def _told(facts: Facts, measure: Column, category: Column) -> float:
    """Return how much of a measure's variance lies between the groups of a category, from 0 to 1."""
    values = facts.frame[[category.name, measure.name]].dropna()
    numbers = values[measure.name].astype("float64")
    within = numbers - numbers.groupby(values[category.name]).transform("mean")
    whole = float(((numbers - numbers.mean()) ** 2).sum())
    return 1 - float((within**2).sum()) / whole if whole > 0 else 0.0


def correlations(facts: Facts) -> Iterator[Chart]:
    """Yield scatters of the measures that go together most."""
    measures = [m for m in facts.measures[:8] if m.distinct > 8 and m.missing < 0.5 * facts.rows]
    if len(measures) < 2 or facts.rows < 8:
        return
    sample = facts.frame[[m.name for m in measures]].head(SAMPLE).astype("float64")
    found = sample.corr(method="spearman").abs().fillna(0.0).to_numpy()
    color = facts.color()
    within = _within(facts, sample, color)
    pairs = [
        (float(found[i, j]), i, j)
        for i in range(len(measures))
        for j in range(i + 1, len(measures))
        # More than 0.98 is the same thing measured twice, and so are the ends of one range.
        if 0.1 < found[i, j] < 0.98
        and not _is_range(measures[i], measures[j])
        and not (found[i, j] > 0.85 and _is_part(measures[i], measures[j]))
    ]
    pairs.sort(
        key=lambda p: (
            -within[p[1], p[2]] - _interest(measures[p[1]], measures[p[2]], p[1]),
            p[1],
            p[2],
        )
    )
    for value, i, j in pairs[:PAIRS]:
        one, other = measures[i], measures[j]
        yield Chart(
            "scatter",
            facts.data,
            capital(f"{humanise(one.name, 40)} and {humanise(other.name, 40)}"),
            x=one.name,
            y=other.name,
            color=color.name if color else None,
            limit=SCATTER if facts.rows > SCATTER else None,
            why=f"the two go together (rank correlation {value:.2f}, by size)",
        )


def _within(facts: Facts, sample: pd.DataFrame, color: Column | None) -> NDArray[np.float64]:
    """Return the rank correlations within each colour, for the groups may differ in both measures."""
    import numpy as np

    whole = sample.corr(method="spearman").abs().fillna(0.0)
    if color is None:
        return whole.to_numpy()
    groups = sample.groupby(facts.frame[color.name].head(SAMPLE))
    parts = [part.corr(method="spearman").abs() for _, part in groups if len(part) > 7]
    if not parts:
        return whole.to_numpy()
    mean: NDArray[np.float64] = np.mean([part.fillna(0.0).to_numpy() for part in parts], axis=0)
    return mean


def _interest(one: Column, other: Column, place: int) -> float:
    """Return what speaks for a pair: two sides of one thing, or the main measure and another."""
    mine, its = words(one.name), words(other.name)
    same_thing = bool(mine and its) and mine[0] == its[0] and len(mine) > 1
    letters = max(len(one.name), len(other.name)) == 1 or min(len(one.name), len(other.name)) == 1
    money = bool(MONEY & set(mine)) and bool(MONEY & set(its))
    return 0.4 * same_thing + 0.2 * (place == 0) + 0.2 * money - 0.3 * letters


def _is_part(one: Column, other: Column) -> bool:
    """Tell whether one may be a part of the other: US gross and worldwide gross."""
    return one.agg == other.agg == "sum" and words(one.name)[-1:] == words(other.name)[-1:]


def _is_range(one: Column, other: Column) -> bool:
    """Tell whether two names are the ends of one range: temp_min and temp_max, open and close."""
    mine, its = set(words(one.name)), set(words(other.name))
    different = mine ^ its
    return bool(different) and different <= EXTREMES
