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
from flaskdash.inspect.writing.hierarchy import MIN_SUM, TOLERANCE, Hierarchy, find_hierarchy

MIN_ROWS = 4
MIN_ROWS_OF_ONE_MEASURE = 6  # one equality may be chance, unless there are many parts
MIN_ROWS_OF_MEAN = 10
SPREAD = 2e-3  # share of the spread of values by which a rounded mean may miss theirs
STATISTICS = ["mean", "std", "min", "max", "median", "count", "sum", "var"]
MOST_GAPS = 0.1  # share of the other rows with a gap where a total has one


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
    hierarchy = find_hierarchy(measures.to_numpy())
    if hierarchy and (sums := _without_levels(frame, hierarchy)):
        return sums
    if sums := _statistics_below(frame, measures):
        return sums
    for position, place, remaining in ((0, "first", "1:"), (-1, "last", ":-1")):
        for method in ("sum", "mean"):
            if name := _measure_of_total(frame, measures, position, method):
                column = f"[{literal(name)}]"
                lines = (
                    f"others = df.iloc[{remaining}]",
                    f"total = others{column}.{method}()",
                    f"if abs(df{column}.iloc[{position}] - total) <= {TOLERANCE} * abs(total):"
                    f"  # the {place} row is their {method}",
                    "    df = others.reset_index(drop=True)",
                )
                is_total = frame.index.to_series() == frame.index[position]
                note = f"the {place} row is the {method} of the others: left out"
                return Sums(lines, note, is_total)
    return _total_among(frame, measures)


def _statistics_below(frame: pd.DataFrame, measures: pd.DataFrame) -> Sums | None:
    """Return how to remove the last rows if these are the mean, deviation, least... of all above."""
    labels = [name for name in _labels(frame) if frame[name].is_unique]
    for count in range(2, len(STATISTICS) + 1):
        above, below = measures.iloc[:-count], measures.iloc[-count:]
        if not labels or len(above) < MIN_ROWS_OF_MEAN or measures.shape[1] < 2:
            return None
        expected = pd.DataFrame({kind: above.agg(kind) for kind in STATISTICS}).T
        margin = SPREAD * (above.max() - above.min())
        names = []
        for _, row in below.iterrows():
            is_near = ((expected - row).abs() <= margin) | row.isna()
            names += [str(name) for name in expected.index[is_near.all(axis="columns")][:1]]
        if len(set(names)) == count and "mean" in names and below.notna().any(axis=None):
            cells = list(map(str, frame[labels[0]].iloc[-count:]))
            line = (
                f"df = df[~df[{literal(labels[0])}].isin({literal(cells)})].reset_index(drop=True)"
            )
            note = f"the last {count} rows are the {', '.join(names)} of the others: left out"
            is_last = pd.Series(range(len(frame)), frame.index) >= len(above)
            return Sums((f"{line}  # statistics of the other rows",), note, is_last)
    return None


def _total_among(frame: pd.DataFrame, measures: pd.DataFrame) -> Sums | None:
    """Return how to remove a row among the others that is their sum, in two measures or more."""
    whole = measures.sum()
    is_half = (2 * measures - whole).abs().le(TOLERANCE * whole.abs()) & measures.abs().ge(MIN_SUM)
    is_total = is_half.sum(axis="columns") >= max(2, 0.5 * measures.shape[1])
    labels = [name for name in _labels(frame) if frame[name].is_unique]
    if is_total.sum() != 1 or not labels or len(frame) < MIN_ROWS_OF_ONE_MEASURE:
        return None
    label = str(frame.loc[is_total, labels[0]].iloc[0])
    line = f"df = df[df[{literal(labels[0])}] != {literal(label)}].reset_index(drop=True)"
    note = f"the row {comment(label, 30)} is the sum of the others: left out"
    return Sums((f"{line}  # the sum of the others",), note, is_total)


def _without_levels(frame: pd.DataFrame, hierarchy: Hierarchy) -> Sums | None:
    """Return how to remove the sums of a report, and to make columns of its groups."""
    is_sum = pd.Series(False, frame.index)
    is_sum.iloc[list(hierarchy.parts)] = True
    is_blank = pd.Series(False, frame.index)
    is_blank.iloc[hierarchy.blank] = True
    count, labels = int(is_sum.sum()), _labels(frame)
    for name in labels:
        if bool((frame[name].isna() == is_sum)[~is_blank].all()):
            subset = f"df.dropna(subset={literal(name)}, ignore_index=True)"
            note = f"{count} row(s) without {comment(name)} are sums of others: left out"
            return Sums((f"df = {subset}  # sums of other rows",), note, frame[name].isna())
    texts = [name for name in labels if any(isinstance(cell, str) for cell in frame[name])]
    for name in sorted(texts, key=lambda name: frame.loc[is_sum, name].nunique()):
        if not frame.loc[is_sum, name].isin(frame.loc[~is_sum, name]).any():
            groups, note = _group_lines(frame, name, hierarchy) if len(texts) == 1 else ([], "")
            sums = literal(list(map(str, frame.loc[is_sum, name].dropna().unique())))
            titles = f'df = df.dropna(subset={literal(list(_measures(frame)))}, how="all")'
            lines = (
                "# These rows are sums or differences of others.",
                f"sums = {sums}",
                *groups,
                *([titles] if is_blank.any() else []),
                f"df = df[~df[{literal(name)}].isin(sums)].reset_index(drop=True)",
            )
            kind = f"{count} row(s) are sums or differences of others: left out"
            blank = f"; {len(hierarchy.blank)} row(s) without numbers, too"
            is_removed = frame[name].isin(frame.loc[is_sum, name]) | is_blank
            return Sums(lines, kind + blank * bool(is_blank.any()) + note, is_removed)
    return None  # without a label of their own, they are sums by chance


def _group_lines(frame: pd.DataFrame, label: str, hierarchy: Hierarchy) -> tuple[list[str], str]:
    """Return the lines that make columns of the groups, of which LABEL holds the names, and a note.

    A group is named by a title without numbers, or by its sum, above or below its parts.
    """
    used = {str(column).lower() for column in frame.columns}
    target = f"df[{literal(label)}]"
    levels, fill = [hierarchy.blank], "ffill"
    if not hierarchy.blank:
        fill = "ffill" if hierarchy.above else "bfill"
        levels = hierarchy.levels()
        levels = levels if hierarchy.above else levels[-1:]
    lines, names = [], []
    for rows in levels:
        groups = list(map(str, frame[label].iloc[rows].dropna()))
        if frame[label].isin(groups).sum() != len(rows):
            return [], ""
        names.append(free("group", used))
        used.add(names[-1])
        lines.append(f"groups = {literal(groups)}")
        lines.append(f"df[{literal(names[-1])}] = {target}.where({target}.isin(groups)).{fill}()")
    return lines, f"; their groups are in {', '.join(names)}" if names else ""


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


def _measure_of_total(
    frame: pd.DataFrame, measures: pd.DataFrame, position: int, method: str
) -> str:
    """Return a measure whose first or last value is the sum or mean of the others, if that row is.

    It is "" if the row is none. Small sums may be equal by chance, and so may a single one.
    """
    total = measures.iloc[position]
    remaining = measures.drop(index=measures.index[position])
    sums = remaining.agg(method)
    compared = total.notna() & (sums != 0)
    margin = TOLERANCE * sums.abs()
    if method == "mean":
        # Coordinates of one town are all near their mean: what counts is how far they spread.
        margin = SPREAD * (remaining.max() - remaining.min())
        compared &= margin > 0
    is_equal = compared & ((total - sums).abs() <= margin)
    largest = sums[is_equal].abs()
    if is_equal.sum() < 0.5 * compared.sum() or largest.empty:
        return ""
    if method == "mean":
        is_certain = is_equal.sum() >= max(2, compared.sum())
        return str(largest.idxmax()) if is_certain and len(frame) >= MIN_ROWS_OF_MEAN else ""
    if not (largest >= MIN_SUM).any():
        return ""
    has_gap = any(
        pd.isna(frame[name].iloc[position])
        and frame[name].isna().sum() <= max(1, MOST_GAPS * len(frame))
        for name in frame.columns
    )
    is_alone = is_equal.sum() == 1
    if is_alone and not (has_gap and len(frame) >= MIN_ROWS_OF_ONE_MEASURE):
        return ""
    return str(largest.idxmax())
