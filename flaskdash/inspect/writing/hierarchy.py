"""Find the levels of a report by arithmetic: subtotals above or below their parts, and differences."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

TOLERANCE = 1e-3  # share of a sum by which rounded parts may miss it
MIN_SUM = 100  # of one sum at least: smaller ones are equal by chance
MIN_SUMS = 2
MOST_SUMS = 0.6  # share of the rows
LEAST_SUMS = 0.01
LEAST_SEVERAL = 0.25  # share of the sums that have several parts: equal neighbours are none
MOST_PARTS = 100  # of a sum, and rows before the first one
MOST_ROWS = 5000
MOST_MEASURES = 6  # that are tried alone
MOST_TERMS = 6  # of a difference

Values = npt.NDArray[np.float64]


@dataclass
class Hierarchy:
    """The rows that are sums: for each its parts, which may be sums, too.

    The sums are `above` their parts, or below. `blank` rows have no number: titles, for example.
    """

    above: bool
    parts: dict[int, list[int]] = field(default_factory=dict)
    blank: list[int] = field(default_factory=list)

    def levels(self) -> list[list[int]]:
        """Return the sums of each level, the topmost first, without totals of all."""
        inner = {part for parts in self.parts.values() for part in parts}
        level = [row for row in self.parts if row not in inner]
        if len(level) == 1:
            level = self.parts[level[0]]  # it is the total of all
        levels = []
        while level := sorted(row for row in level if row in self.parts):
            levels.append(level)
            level = [part for row in level for part in self.parts[row]]
        return levels


def find_hierarchy(values: Values) -> Hierarchy | None:
    """Return the sums among rows of numbers, if they explain all rows; else None."""
    if len(values) > MOST_ROWS or not values.size:
        return None
    alone = [values[:, [index]] for index in range(min(MOST_MEASURES, values.shape[1]))]
    # A measure alone proves nothing about rows that have numbers in others only.
    is_blank = np.isnan(values).all(axis=1)
    alone = [column for column in alone if (np.isnan(column[:, 0]) == is_blank).all()]
    candidates = [values, *(alone if values.shape[1] > 1 else [])]
    # Below a sum and parts, the last part looks like a difference: differences come last.
    forms = itertools.product(candidates, (0, MOST_TERMS), (2, 1), (False, True))
    for measures, terms, least, above in forms:
        hierarchy = _parse(measures, least, above, 0 if above else terms)
        if hierarchy and _is_certain(hierarchy, measures):
            return hierarchy
    return None


def _parse(values: Values, least: int, above: bool, terms: int) -> Hierarchy | None:
    """Return the sums of LEAST parts or more, and the differences of up to TERMS rows.

    It is None if rows stay that are part of none.
    """
    hierarchy = Hierarchy(above)
    stack: list[int] = []
    numbers = np.nan_to_num(values)
    order = range(len(values))
    for done, row in enumerate(reversed(order) if above else order):
        if np.isnan(values[row]).all():
            hierarchy.blank.append(row)
            continue
        # A sum of one sum is another level, or a profit without costs.
        fewest = 1 if stack and stack[-1] in hierarchy.parts else least
        count = _count_parts(values[row], numbers[stack[: -MOST_PARTS - 1 : -1]], fewest)
        if not count and terms and hierarchy.parts:
            count = _count_terms(values[row], numbers[stack[: -terms - 1 : -1]])
        if count:
            hierarchy.parts[row] = stack[-count:]
            del stack[-count:]
        stack.append(row)
        if done > MOST_PARTS and not LEAST_SUMS * done < len(hierarchy.parts) < MOST_SUMS * done:
            return None
    return hierarchy if _explain(stack, values, hierarchy) else None


def _explain(stack: list[int], values: Values, hierarchy: Hierarchy) -> bool:
    """Tell whether all rows that are left are sums; the first may be the total of all others."""
    loose = [row for row in stack if row not in hierarchy.parts]
    if not loose:
        return True
    parts = stack[1:]
    if loose != stack[:1] or len(parts) < MIN_SUMS:
        return False
    total = np.nan_to_num(values[parts]).sum(axis=0, keepdims=True)
    if not _are_equal(values[loose[0]], total)[0]:
        return False
    hierarchy.parts[loose[0]] = parts
    return True


def _count_parts(row: Values, tail: Values, least: int) -> int:
    """Return how many of the last rows, in TAIL from the last one on, add up to a row."""
    if not row.any() or len(tail) < least:
        return 0
    sums = tail.cumsum(axis=0)
    is_equal = _are_equal(row, sums)
    is_equal[: least - 1] = False
    if not is_equal.any():
        return 0
    errors = np.where(is_equal, np.abs(np.nan_to_num(row) - sums).sum(axis=1), np.inf)
    count = int(errors.argmin()) + 1
    while count < len(tail) and not tail[count].any():
        count += 1
    return count


def _count_terms(row: Values, tail: Values) -> int:
    """Return how many of the last rows make a difference: the first of them less the others."""
    for count in range(2, len(tail) + 1):
        difference = tail[count - 1] - tail[: count - 1].sum(axis=0)
        if _are_equal(row, difference[None])[0]:
            return count
    return 0


def _are_equal(row: Values, sums: Values) -> npt.NDArray[np.bool_]:
    """Tell which sums are equal to a row in all its numbers."""
    errors = np.abs(sums - row)
    is_near = np.less_equal(errors, TOLERANCE * np.abs(sums) + 1e-9)
    return np.asarray(np.logical_or(is_near, np.isnan(row)).all(axis=1))


def _is_certain(hierarchy: Hierarchy, values: Values) -> bool:
    """Tell whether there are enough sums, not too many, and large ones of several parts."""
    sums = list(hierarchy.parts)
    rows = len(values) - len(hierarchy.blank)
    several = sum(len(parts) > 1 for parts in hierarchy.parts.values())
    return (
        MIN_SUMS <= len(sums) <= MOST_SUMS * rows
        and several >= LEAST_SEVERAL * len(sums)
        and bool(np.nan_to_num(np.abs(values[sums])).max() >= MIN_SUM)
    )
