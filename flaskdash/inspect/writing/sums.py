"""Find the rows that are sums of other rows, by arithmetic: they would double each sum.

A word such as "Total" proves nothing, and no list has the words of all languages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from flaskdash.inspect.literals import comment, literal
from flaskdash.inspect.words import CODE_WORDS, ID_WORDS, TIME_WORDS, words
from flaskdash.inspect.writing.column_names import free

TOLERANCE = 1e-3  # share of a sum by which rounded parts may miss it
MIN_ROWS = 4
MIN_ROWS_OF_ONE_MEASURE = 6  # one equality may be chance, unless there are many parts
MIN_SUM = 100  # smaller ones are equal by chance: in flags, for example
MIN_GROUPS = 2
MIN_PARTS = 2  # of a group
MOST_GAPS = 0.1  # share of the other rows without a label
MOST_SUMS = 0.5  # share of the rows
MOST_UNEXPLAINED = 0.1  # share of the rows without a label that are no sums


@dataclass(frozen=True)
class Sums:
    """The lines that remove the rows that are sums, a note on them, and which rows they are."""

    lines: tuple[str, ...]
    note: str
    rows: pd.Series


def find_sums(frame: pd.DataFrame) -> Sums | None:
    """Return how to remove the rows that are sums of the others, or None."""
    measures = frame[[*_measures(frame)]].astype("float64")
    if len(frame) < MIN_ROWS or measures.shape[1] == 0:
        return None
    for name in _labels(frame):
        is_sum = frame[name].isna()
        if 2 <= is_sum.sum() <= MOST_SUMS * len(frame) and _are_subtotals(measures, is_sum):
            line = (
                f"df = df.dropna(subset={literal(name)}, ignore_index=True)  # sums of other rows"
            )
            note = f"{is_sum.sum()} row(s) without {comment(name)} are sums of others: left out"
            return Sums((line,), note, is_sum)
    for position, place, remaining in ((0, "first", "1:"), (-1, "last", ":-1")):
        if name := _measure_of_total(frame, measures, position):
            column = f"[{literal(name)}]"
            lines = (
                f"others = df.iloc[{remaining}]",
                f"total = others{column}.sum()",
                f"if abs(df{column}.iloc[{position}] - total) <= {TOLERANCE} * abs(total):"
                f"  # the {place} row is their sum",
                "    df = others.reset_index(drop=True)",
            )
            is_total = frame.index.to_series() == frame.index[position]
            return Sums(lines, f"the {place} row is the sum of the others: left out", is_total)
    labels = [name for name in _labels(frame) if frame[name].notna().all()]
    return _groups(frame, labels[0], measures) if len(labels) == 1 else None


def _groups(frame: pd.DataFrame, label: str, measures: pd.DataFrame) -> Sums | None:
    """Return how to make a column of the groups of a compact pivot, each above its parts."""
    rows = measures.fillna(0).to_numpy()
    groups, start = [], 0
    while start < len(rows):
        sums = rows[start + 1 :].cumsum(axis=0)
        is_equal = (abs(sums - rows[start]) <= TOLERANCE * abs(sums)).all(axis=1)
        if not is_equal[MIN_PARTS - 1 :].any() or not rows[start].any():
            return None
        groups.append(frame[label].iloc[start])
        start += MIN_PARTS + 1 + int(is_equal[MIN_PARTS - 1 :].argmax())
    is_unique = frame[label].isin(groups).sum() == len(groups)
    if len(groups) < MIN_GROUPS or not is_unique or abs(rows).max() < MIN_SUM:
        return None
    name = free("group", {str(column).lower() for column in frame.columns})
    lines = (
        "# The rows of groups are the sums of the rows below them.",
        f"groups = {literal(list(map(str, groups)))}",
        f"is_group = df[{literal(label)}].isin(groups)",
        f"df[{literal(name)}] = df[{literal(label)}].where(is_group).ffill()",
        "df = df[~is_group].reset_index(drop=True)",
    )
    note = f"{len(groups)} row(s) of groups are sums of the rows below them: they are in {name} now"
    return Sums(lines, note, frame[label].isin(groups))


def _measures(frame: pd.DataFrame) -> Iterator[str]:
    """Yield the columns of numbers that may be added up."""
    for name in map(str, frame.columns):
        is_number = pd.api.types.is_numeric_dtype(frame[name]) and frame[name].dtype != bool
        if is_number and not (TIME_WORDS | ID_WORDS | CODE_WORDS) & set(words(name)):
            yield name


def _labels(frame: pd.DataFrame) -> list[str]:
    return [
        str(name) for name in frame.columns if not pd.api.types.is_numeric_dtype(frame[name].dtype)
    ]


def _measure_of_total(frame: pd.DataFrame, measures: pd.DataFrame, position: int) -> str:
    """Return a measure whose first or last value is the sum of the others, if that row is a total.

    It is "" if the row is no total. Small sums may be equal by chance, and so may a single one.
    """
    total = measures.iloc[position]
    sums = measures.drop(index=measures.index[position]).sum()
    compared = total.notna() & (sums != 0)
    is_equal = compared & ((total - sums).abs() <= TOLERANCE * sums.abs())
    largest = sums[is_equal].abs()
    if is_equal.sum() < 0.5 * compared.sum() or not (largest >= MIN_SUM).any():
        return ""
    has_gap = any(
        pd.isna(frame[name].iloc[position])
        and frame[name].isna().sum() <= max(1, MOST_GAPS * len(frame))
        for name in _labels(frame)
    )
    is_alone = is_equal.sum() == 1
    if is_alone and not (has_gap and len(frame) >= MIN_ROWS_OF_ONE_MEASURE):
        return ""
    return str(largest.idxmax())


def _are_subtotals(measures: pd.DataFrame, is_sum: pd.Series) -> bool:
    """Tell whether these rows have the sums of the rows above or below, or of all the others."""
    parts, sums = measures[~is_sum], measures[is_sum]
    place = is_sum.cumsum()[~is_sum]  # how many sums are above a part
    whole = pd.DataFrame([parts.sum()] * len(sums), sums.index)
    for first in (0, 1):  # a sum is below its parts, or above them
        grouped = parts.groupby(place).sum().reindex(range(first, first + len(sums)))
        explained = _match(sums, grouped.set_axis(sums.index)) | _match(sums, whole)
        if (~explained).mean() <= MOST_UNEXPLAINED:
            return True
    return False


def _match(sums: pd.DataFrame, expected: pd.DataFrame) -> pd.Series:
    """Return which rows are equal to the expected ones, in at least half of their measures."""
    compared = sums.notna() & (expected != 0)
    is_equal = compared & ((sums - expected).abs() <= TOLERANCE * expected.abs())
    return (is_equal.sum(axis="columns") >= 0.5 * compared.sum(axis="columns")) & is_equal.any(
        axis="columns"
    )
