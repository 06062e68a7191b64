"""Suggest histograms, box plots and scatters: how measures spread, and how they relate."""

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

MAX_POINTS = 5000
PAIRS = 3
MAX_GROUPS, MIN_EFFECT = 12, 0.02
ORDERS = ORDER_WORDS | known("basket cart session visit line bill ticket")
ADJUSTED = known("adj adjusted")
SAMPLE = 20_000
MONEY = known(
    "price cost budget spend income salary gross revenue sales profit fare amount bill tip"
)


def distributions(facts: Facts) -> Iterator[Chart]:
    """Yield histograms of the main measures; the age of people comes first."""
    yield from _order_sizes(facts)
    measures = [m for m in (*facts.single_measures[:6], *facts.years) if not facts.is_stepped(m)]
    # Running totals and stocks of all times together have no meaningful distribution.
    measures = [m for m in measures if m.agg != "last" or facts.time is None]
    if not facts.is_panel:
        ages = [m for m in facts.measures if words(m.name) == ["age"]][:1]
        measures = [*ages, *(m for m in measures if m not in ages)]
    for measure in measures:
        if measure.distinct > 8 and facts.rows >= 20 and not facts.is_by_design(measure):
            yield distribution(facts, measure)


def distribution(facts: Facts, measure: Column) -> Chart:
    """Return the histogram of a measure."""
    name = humanise(measure.name)
    return Chart(
        "histogram",
        facts.data,
        f"Distribution of {name}",
        x=measure.name,
        reason=f"how the {measure.distinct:,} values of {name} spread",
    )


def _order_sizes(facts: Facts) -> Iterator[Chart]:
    """Yield a histogram of the sizes of orders: totals of the rows that share an order number."""
    if facts.rows != len(facts.frame):
        return  # in a sample, orders are incomplete
    column = next((c for c in facts.columns if _numbers_orders(facts, c)), None)
    if column is None:
        return
    sums = [m for m in facts.single_measures[:1] if m.agg == "sum"]
    categories = [c for c in facts.columns if c.role == "category" and c.missing == 0][:1]
    candidates = sums or ([] if facts.measures else categories)
    if not candidates:
        return
    name = humanise(candidates[0].name)
    order = humanise(column.name)
    total = f"total {name}" if sums else f"{name.removesuffix('s')}s"
    mean_rows = facts.rows / max(column.distinct, 1)
    yield Chart(
        "histogram",
        facts.data,
        f"Distribution of {total} per {order}",
        x=candidates[0].name,
        by=column.name,
        reason=f"{column.distinct:,} values of {order} have {mean_rows:.1f} rows each",
    )


def _numbers_orders(facts: Facts, column: Column) -> bool:
    """Tell whether a column numbers orders that have several rows."""
    is_order = column.role == "identifier" and bool(ORDERS & set(words(column.name)))
    return is_order and facts.rows / max(column.distinct, 1) >= 1.5


def boxes(facts: Facts) -> Iterator[Chart]:
    """Yield box plots of the main measures by the category on which they depend most."""
    if facts.is_panel:
        return
    categories = [
        c
        for c in facts.categories
        if 2 <= c.distinct <= MAX_GROUPS and facts.rows >= 8 * c.distinct
    ]
    for measure in facts.single_measures[:2]:
        if measure.agg != "mean" or facts.is_stepped(measure) or not categories:
            continue
        effects = [(_effect(facts, measure, c), -n, c) for n, c in enumerate(categories[:8])]
        effect, _, category = max(effects, key=lambda entry: entry[:2])
        if effect >= MIN_EFFECT:
            yield box(facts, measure, category, effect)


def box(facts: Facts, measure: Column, category: Column, effect: float) -> Chart:
    """Return boxes of a measure by a category that explains that share of its variance."""
    name, category_name = humanise(measure.name), humanise(category.name)
    return Chart(
        "box",
        facts.data,
        f"Spread of {name} by {humanise(category.name, 30)}",
        x=category.name,
        y=measure.name,
        reason=f"{category_name} explains {effect:.0%} of the variance of {name}",
    )


def _effect(facts: Facts, measure: Column, category: Column) -> float:
    """Return the share of a measure's variance between the groups of a category, from 0 to 1."""
    values = facts.frame[[category.name, measure.name]].dropna()
    numbers = values[measure.name].astype("float64")
    within = numbers - numbers.groupby(values[category.name]).transform("mean")
    total = float(((numbers - numbers.mean()) ** 2).sum())
    return 1 - float((within**2).sum()) / total if total > 0 else 0.0


def correlations(facts: Facts) -> Iterator[Chart]:
    """Yield scatters of the measures that correlate most."""
    measures = [m for m in facts.measures[:8] if m.distinct > 8 and m.missing < 0.5 * facts.rows]
    if len(measures) < 2 or facts.rows < 8:
        return
    sample = facts.frame[[m.name for m in measures]].head(SAMPLE).astype("float64")
    strength = sample.corr(method="spearman").abs().fillna(0.0).to_numpy()
    color = facts.color()
    strength_within = _strength_within(facts, sample, color)
    pairs = [
        (i, j)
        for i, first in enumerate(measures)
        for j, second in enumerate(measures[i + 1 :], i + 1)
        if _is_worth_drawing(first, second, float(strength[i, j]))
    ]

    def interest(pair: tuple[int, int]) -> float:
        i, j = pair
        return float(strength_within[i, j]) + _pair_interest(measures[i], measures[j], i == 0)

    pairs.sort(key=lambda pair: (-interest(pair), *pair))
    for i, j in pairs[:PAIRS]:
        yield scatter(facts, measures[i], measures[j], float(strength[i, j]))


def scatter(facts: Facts, first: Column, second: Column, strength: float) -> Chart:
    """Return the points of two measures with that rank correlation; what depends is on the y axis."""
    color = facts.color()
    x, y = sorted((first, second), key=facts.as_result)
    names = [humanise(column.name, 40) for column in (y, x)]
    joint = " against " if any(" and " in name for name in names) else " and "
    return Chart(
        "scatter",
        facts.data,
        capital(joint.join(names)),
        x=x.name,
        y=y.name,
        color=color.name if color else None,
        limit=MAX_POINTS if facts.rows > MAX_POINTS else None,
        reason=f"the two correlate (rank correlation {strength:.2f}, without sign)",
    )


def _is_worth_drawing(first: Column, second: Column, strength: float) -> bool:
    """Tell whether two measures correlate without being the same or parts of each other.

    Above 0.98 they are the same thing measured twice.
    """
    if not 0.1 < strength < 0.98 or is_range(first, second):
        return False
    return strength <= 0.85 or not _is_part(first, second)


def _strength_within(
    facts: Facts, sample: pd.DataFrame, color: Column | None
) -> NDArray[np.float64]:
    """Return the mean rank correlations within colours: these may differ in both measures."""
    import numpy as np

    overall = sample.corr(method="spearman").abs().fillna(0.0)
    if color is None:
        return overall.to_numpy()
    groups = sample.groupby(facts.frame[color.name].head(SAMPLE))
    parts = [part.corr(method="spearman").abs() for _, part in groups if len(part) > 7]
    if not parts:
        return overall.to_numpy()
    mean: NDArray[np.float64] = np.mean([part.fillna(0.0).to_numpy() for part in parts], axis=0)
    return mean


def _pair_interest(first: Column, second: Column, has_main: bool) -> float:
    """Score a pair: two sides of one thing, or the main measure and another one."""
    first_words, second_words = words(first.name), words(second.name)
    same_thing = bool(second_words) and len(first_words) > 1 and first_words[0] == second_words[0]
    has_letter = min(len(first.name), len(second.name)) == 1
    is_money = bool(MONEY & set(first_words)) and bool(MONEY & set(second_words))
    return 0.4 * same_thing + 0.2 * has_main + 0.2 * is_money - 0.3 * has_letter


def _is_part(first: Column, second: Column) -> bool:
    """Tell whether one may be a part of the other: US gross and worldwide gross."""
    return first.agg == second.agg == "sum" and words(first.name)[-1:] == words(second.name)[-1:]


def is_range(first: Column, second: Column) -> bool:
    """Tell whether two names are the ends of one range: temp_min and temp_max, open and adj close."""
    different = (set(words(first.name)) ^ set(words(second.name))) - ADJUSTED
    return bool(different) and different <= EXTREMES
