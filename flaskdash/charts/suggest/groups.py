"""Find groups of columns that measure the same for different things: stations, questions, drugs."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

from flaskdash.charts.suggest.interest import EXTREMES
from flaskdash.charts.suggest.wording import UNITS
from flaskdash.inspect.model import Column
from flaskdash.inspect.words import MEAN_WORDS, STOCK_WORDS, SUM_WORDS, known, words

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Numbers = np.ndarray[tuple[int], np.dtype[np.float64]]

MIN_COLUMNS, MAX_COLUMNS = 3, 80
# How many times as large as the median, or as small, the columns of a group may be.
NAMED_SCALE, UNNAMED_SCALE = 300.0, 30.0
# Words that only say how a number was made, or its unit, do not make columns a group.
_STATISTICS = known(
    "mean avg average total sum min max std worst error se num number count new n no of the a in per"
    " is has percent rate"
) | set(UNITS)
MIN_RUN, MOST_OF_TABLE = 5, 0.5
MOST_ON_SCALE = 7  # levels: strongly disagree to strongly agree, and don't know
MIN_SHARED = 3  # letters; "is" and "q" alone do not make flags the answers to one question
MAX_ADDENDS = 14
DECIMALS = 7  # that numbers are looked at for
ROUNDED, NEARLY_ALL = 0.002, 0.98  # of a total, by which rounded sums differ; of the rows
MANY = 8  # columns that are compared though their names share nothing
_QUANTITIES = (MEAN_WORDS | SUM_WORDS | STOCK_WORDS) - known("gold silver bronze")
_PERIODS = known("daily hourly weekly monthly yearly annual day hour week month year")
_PAIRS = (
    (known("budget budgeted plan planned target forecast"), known("actual actuals spent")),
    (known("min minimum low lowest"), known("max maximum high highest")),
    (known("male males men man"), known("female females women woman")),
    (known("import imports"), known("export exports")),
    (known("income revenue"), known("expense expenses expenditure")),
)


def groups(
    columns: Sequence[Column],
    measures: Sequence[Column],
    frame: pd.DataFrame,
    *,
    is_series: bool,
) -> list[tuple[Column, ...]]:
    """Return the groups of columns that measure the same for different things, the largest first.

    In a table that `is_series`, each row is a time and each column a thing.
    """
    candidates = [*measures, *_ratings(columns)]
    if len(candidates) > MAX_COLUMNS:
        return []  # too many to be read side by side
    result = _named_alike(frame, candidates) or _named_after_things(frame, measures, is_series)
    return result or _pair(measures)


def answers(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Return the flags that are the answers to one question, or ().

    They begin or end alike, or stand side by side and are most of the table.
    """
    flags = [c for c in columns if c.role == "flag"]
    runs = [
        list(run)
        for is_flag, run in itertools.groupby(columns, key=lambda c: c.role == "flag")
        if is_flag
    ]
    run: list[Column] = max(runs, key=len, default=[])
    if len(run) >= MIN_RUN and len(run) >= MOST_OF_TABLE * len(columns):
        return tuple(run)
    alike = [
        tuple(members)
        for key, members in _by_shared_words(flags).items()
        if len(members) >= MIN_COLUMNS and len("".join(key[1:])) >= MIN_SHARED
    ]
    return max(alike, key=len, default=())


def scales(columns: Sequence[Column], frame: pd.DataFrame) -> tuple[Column, ...]:
    """Return the columns whose answers are levels of one scale, such as agreement, or ()."""
    levels = {
        column.name: frozenset(frame[column.name].dropna().unique())
        for column in columns
        if column.order and MIN_COLUMNS <= column.distinct <= MOST_ON_SCALE
    }
    groups = [
        tuple(c for c in columns if c.name in levels and levels[c.name] <= scale)
        for scale in dict.fromkeys(levels.values())
    ]
    return max((group for group in groups if len(group) >= MIN_COLUMNS), key=len, default=())


def _ratings(columns: Sequence[Column]) -> list[Column]:
    """Return the categories of whole numbers, such as answers on a scale, as measures."""
    return [
        replace(column, agg="mean")
        for column in columns
        if column.role == "category" and column.type == "integer" and 3 <= column.distinct <= 11
    ]


def _named_alike(frame: pd.DataFrame, columns: Sequence[Column]) -> list[tuple[Column, ...]]:
    """Return the groups whose names begin or end alike, or differ in a number only."""
    name_words = {column.name: words(column.name) for column in columns}
    by_key = _by_shared_words(columns)
    grouped_names: set[str] = set()
    result = []
    for key in sorted(by_key, key=lambda key: (-len(by_key[key]), -len(key), key)):
        members = by_key[key]
        meaningful = {word for word in key[1:] if len(word) > 1 or word == "q"}
        if not {word for word in meaningful if not word.isdigit()} - _STATISTICS:
            continue
        differing = {word for member in members for word in name_words[member.name]} - set(key[1:])
        if differing & _PERIODS or (key[0] == "begin" and differing & _QUANTITIES):
            continue  # the weight and the price of an item are not the same for different things
        members = [
            member
            for member in members
            if member.name not in grouped_names and "total" not in name_words[member.name]
        ]
        members = _of_one_scale(frame, members, NAMED_SCALE)
        if len(members) >= MIN_COLUMNS:
            result.append(tuple(members))
            grouped_names |= {member.name for member in members}
    return result


def _by_shared_words(columns: Sequence[Column]) -> dict[tuple[str, ...], list[Column]]:
    """Return columns by the words that their names begin or end with, or that precede a number."""
    result: dict[tuple[str, ...], list[Column]] = {}
    for column in columns:
        name_words = words(column.name)
        for size in range(1, len(name_words)):
            result.setdefault(("begin", *name_words[:size]), []).append(column)
            result.setdefault(("end", *name_words[-size:]), []).append(column)
        if name_words and name_words[-1].isdigit():
            result.setdefault(("number", *name_words[:-1]), []).append(column)
    return result


def _named_after_things(
    frame: pd.DataFrame, measures: Sequence[Column], is_series: bool
) -> list[tuple[Column, ...]]:
    """Return the group of nearly all measures, if they are named after things such as brands."""
    medals = known("gold silver bronze")
    quantity_words = (MEAN_WORDS | SUM_WORDS | STOCK_WORDS | EXTREMES) - medals
    measures = [measure for measure in measures if "total" not in words(measure.name)]
    unlike = [m for m in measures if not quantity_words & set(words(m.name))]
    if len(unlike) < len(measures) and not is_series:
        return []
    members = _of_one_scale(frame, unlike, UNNAMED_SCALE)
    if len(members) < max(MIN_COLUMNS, 0.6 * len(measures)):
        return []
    are_alike = is_series or len(members) >= MANY or _correlate(frame, members)
    return [tuple(members)] if are_alike else []


def _correlate(frame: pd.DataFrame, members: Sequence[Column]) -> bool:
    """Tell whether columns rise and fall together, like one measure at several places."""
    values = frame[[member.name for member in members]].astype("float64").head(5000)
    ranks = values.corr(method="spearman").to_numpy()
    pairs = [ranks[i, j] for i in range(len(members)) for j in range(i)]
    return bool(median(pairs) > 0.25)


def _pair(measures: Sequence[Column]) -> list[tuple[Column, ...]]:
    """Return the first two measures that belong together, such as budgeted and actual."""
    for first in measures[:12]:
        for second in measures[:12]:
            if first.agg == second.agg and _is_pair(words(first.name), words(second.name)):
                return [(first, second)]
    return []


def _is_pair(first: Sequence[str], second: Sequence[str]) -> bool:
    """Tell whether two names, as words, differ in the words of a pair only."""
    first_words, second_words = set(first), set(second)
    return any(
        first_words & left and second_words & right and first_words - left == second_words - right
        for left, right in _PAIRS
    )


def _of_one_scale(frame: pd.DataFrame, members: Sequence[Column], factor: float) -> list[Column]:
    """Return the members with the usual aggregate and unit, and with a mean near the median one."""
    if len(members) < MIN_COLUMNS:
        return []
    kinds = [(member.agg, member.unit) for member in members]
    usual = max(kinds, key=kinds.count)
    members = [member for member, kind in zip(members, kinds, strict=True) if kind == usual]
    sizes = frame[[member.name for member in members]].astype("float64").abs().mean()
    middle = float(sizes.median())
    if not middle > 0:
        return []
    positions = {name: position for position, name in enumerate(frame.columns)}
    low, high = middle / factor, middle * factor
    near = [member for member in members if low <= float(sizes[member.name]) <= high]
    near.sort(key=lambda member: positions[member.name])
    return _without_total(frame, near)


def _is_sum(sums: Numbers, totals: Numbers, tolerance: float) -> bool:
    """Tell whether nearly all sums are the totals, which rounding moves a little."""
    near = abs(sums - totals) <= tolerance + ROUNDED * abs(totals) * (tolerance > 1e-6)
    return float(near.mean()) >= NEARLY_ALL


def _without_total(frame: pd.DataFrame, members: list[Column]) -> list[Column]:
    """Return the members without a column that is the sum of others; none if there are several."""
    import numpy as np

    head = [member.name for member in members[:MAX_ADDENDS]]
    frame = frame[head].head(1000).astype("float64").fillna(0.0)
    values = {name: frame[name].to_numpy() for name in head}
    # Programs round each addend, and their sum, to the same decimals.
    digits = next((n for n in range(DECIMALS) if bool((frame.round(n) == frame).all(axis=None))), 0)
    tolerance = 1.5 / 10**digits if digits else 1e-6
    totals = set()
    for total in head:
        addends = [values[name] for name in head if name != total]
        sums = [sum(addends), *(a + b for a, b in itertools.combinations(addends, 2))]
        with np.errstate(invalid="ignore"):  # infinity less infinity
            if any(_is_sum(total_of, values[total], tolerance) for total_of in sums):
                totals.add(total)
    return [] if len(totals) > 1 else [m for m in members if m.name not in totals]
