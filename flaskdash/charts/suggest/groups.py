"""Find the columns that hold the same of different things: stations, counters, questions, drugs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

from flaskdash.charts.suggest.interest import EXTREMES
from flaskdash.charts.suggest.wording import UNITS
from flaskdash.inspect.model import Column
from flaskdash.inspect.words import MEAN_WORDS, STOCK_WORDS, SUM_WORDS, word_set, words

if TYPE_CHECKING:
    import pandas as pd

LEAST, WIDEST = 3, 80
NAMED_SCALE, UNNAMED_SCALE = 300.0, 30.0
# A word that says how a number was made, or in which unit it is, does not make columns alike.
_STATISTICS = word_set(
    "mean avg average total sum min max std worst error se num number count new n no of the a in per"
    " is has percent rate"
) | set(UNITS)
MOST = 14
MANY = 8  # columns without a common name that are compared though they differ
_PERIODS = word_set("daily hourly weekly monthly yearly annual day hour week month year")
_PAIRS = (
    (word_set("budget budgeted plan planned target forecast"), word_set("actual actuals spent")),
    (word_set("min minimum low lowest"), word_set("max maximum high highest")),
    (word_set("male males men man"), word_set("female females women woman")),
    (word_set("import imports"), word_set("export exports")),
    (word_set("income revenue"), word_set("expense expenses expenditure")),
)


def groups(
    columns: Sequence[Column],
    measures: Sequence[Column],
    frame: pd.DataFrame,
    *,
    is_series: bool,
) -> list[tuple[Column, ...]]:
    """Return the groups of columns that hold the same of different things, the largest first.

    `is_series` says that the table has a row for each time, and a column for each thing.
    """
    candidates = [*measures, *_ratings(columns)]
    if len(candidates) > WIDEST:
        return []  # too many to be read side by side
    found = _named(frame, candidates)
    if not found:
        found = _unnamed(frame, measures, is_series)
    return found or _pairs(measures)


def _ratings(columns: Sequence[Column]) -> list[Column]:
    """Return the answers on a scale, which are categories of whole numbers, as measures."""
    return [
        replace(column, agg="mean")
        for column in columns
        if column.role == "category" and column.type == "integer" and 3 <= column.distinct <= 11
    ]


def _named(frame: pd.DataFrame, columns: Sequence[Column]) -> list[tuple[Column, ...]]:
    """Return the groups whose names begin or end alike, or differ in a number only."""
    split = {column.name: words(column.name) for column in columns}
    found: dict[tuple[str, ...], list[Column]] = {}
    for column in columns:
        mine = split[column.name]
        for size in range(1, len(mine)):
            for key in (("begin", *mine[:size]), ("end", *mine[-size:])):
                found.setdefault(key, []).append(column)
        if mine and mine[-1].isdigit():
            found.setdefault(("number", *mine[:-1]), []).append(column)
    taken: set[str] = set()
    kept = []
    for key, members in sorted(found.items(), key=lambda one: (-len(one[1]), -len(one[0]), one[0])):
        telling = {
            word for word in key[1:] if (len(word) > 1 or word == "q") and not word.isdigit()
        }
        if not telling - _STATISTICS:
            continue
        different = {word for m in members for word in split[m.name]} - set(key[1:])
        if different & _PERIODS:
            continue
        members = [m for m in members if m.name not in taken and "total" not in split[m.name]]
        members = _of_one_scale(frame, members, NAMED_SCALE)
        if len(members) >= LEAST:
            kept.append(tuple(members))
            taken |= {m.name for m in members}
    return kept


def _unnamed(
    frame: pd.DataFrame, measures: Sequence[Column], is_series: bool
) -> list[tuple[Column, ...]]:
    """Return the group of nearly all measures, where their names are those of things: streets, brands."""
    vocabulary = MEAN_WORDS | SUM_WORDS | STOCK_WORDS | EXTREMES
    medals = word_set("gold silver bronze")
    measures = [m for m in measures if "total" not in words(m.name)]
    if any((vocabulary - medals) & set(words(m.name)) for m in measures):
        return []
    members = _of_one_scale(frame, measures, UNNAMED_SCALE)
    enough = len(members) >= LEAST and len(members) >= 0.6 * len(measures)
    alike = is_series or len(members) >= MANY or (enough and _agree(frame, members))
    return [tuple(members)] if enough and alike else []


def _agree(frame: pd.DataFrame, members: Sequence[Column]) -> bool:
    """Tell whether columns rise and fall together, as those of one thing at several places do."""
    values = frame[[m.name for m in members]].astype("float64").head(5000)
    ranks = values.corr(method="spearman").to_numpy()
    pairs = [ranks[i, j] for i in range(len(members)) for j in range(i)]
    return bool(median(pairs) > 0.25)


def _pairs(measures: Sequence[Column]) -> list[tuple[Column, ...]]:
    """Return two measures that belong side by side: budgeted and actual, lowest and highest."""
    for one in measures[:12]:
        for other in measures[:12]:
            mine, its = set(words(one.name)), set(words(other.name))
            for left, right in _PAIRS:
                if (
                    mine & left
                    and its & right
                    and mine - left == its - right
                    and one.agg == other.agg
                ):
                    return [(one, other)]
    return []


def _of_one_scale(frame: pd.DataFrame, members: Sequence[Column], factor: float) -> list[Column]:
    """Return those that add up alike and are about as large as the others."""
    if len(members) < LEAST:
        return []
    kinds = [(m.agg, m.unit) for m in members]
    usual = max(kinds, key=kinds.count)
    members = [m for m, kind in zip(members, kinds, strict=True) if kind == usual]
    sizes = frame[[m.name for m in members]].astype("float64").abs().mean()
    middle = float(sizes.median())
    if not middle > 0:
        return []
    order = {name: place for place, name in enumerate(frame.columns)}
    near = [m for m in members if middle / factor <= float(sizes[m.name]) <= middle * factor]
    near.sort(key=lambda m: order[m.name])
    return _without_total(frame, near)


def _without_total(frame: pd.DataFrame, members: list[Column]) -> list[Column]:
    """Return the members without the one that is the sum of others; none where there are more such."""
    head = members[:MOST]
    values = frame[[m.name for m in head]].head(1000).astype("float64").fillna(0.0)
    totals = set()
    for number, total in enumerate(head):
        rest = [m.name for i, m in enumerate(head) if i != number]
        pairs = [(a, b) for i, a in enumerate(rest) for b in rest[i + 1 :]]
        sums = [values[a] + values[b] for a, b in pairs] + [values[rest].sum(axis="columns")]
        if any(bool((one - values[total.name]).abs().max() < 1e-6) for one in sums):
            totals.add(total.name)
    return [] if len(totals) > 1 else [m for m in members if m.name not in totals]
