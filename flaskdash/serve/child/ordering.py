"""Give charts an order with as few new numbers as possible."""

from collections.abc import Sequence
from itertools import pairwise
from math import ceil, floor

Chart = tuple[str, float]  # its slug and its ORDER; charts of the same ORDER are sorted by slug


def renumber(charts: Sequence[Chart], moved: str) -> dict[str, int]:
    """Return new ORDERs, by slug, with which these charts sort as they are listed.

    They are as few as possible. Of two charts that could change, it is the one that was moved.
    """
    fixed = _keep(charts, moved)
    orders = [order for index, (_, order) in enumerate(charts) if index in fixed]
    step = 10 if all(order % 10 == 0 for order in orders) else 1
    new: dict[str, int] = {}
    ends = [-1, *fixed, len(charts)]
    for low, high in pairwise(ends):
        slugs = [slug for slug, _ in charts[low + 1 : high]]
        below = charts[low] if low >= 0 else None
        above = charts[high] if high < len(charts) else None
        new |= dict(zip(slugs, _between(below, slugs, above, step), strict=True))
    return new


def _keep(charts: Sequence[Chart], moved: str) -> list[int]:
    """Return the indexes of the most charts whose ORDER can stay."""
    best: list[tuple[int, list[int]]] = []  # for each chart, of those that end with it
    for index, (slug, _) in enumerate(charts):
        weight = 1 if slug == moved else 2
        before = [best[i] for i in range(index) if _has_room(charts[i : index + 1])]
        score, indexes = max(before, key=lambda each: each[0], default=(0, []))
        best.append((score + weight, [*indexes, index]))
    return max(best, key=lambda each: each[0], default=(0, []))[1]


def _has_room(charts: Sequence[Chart]) -> bool:
    """Return whether whole numbers for the charts in the middle fit between those at the ends."""
    (slug, order), *middle, last = charts
    *_, lowest = [order, *_count_up(charts[0], [each for each, _ in middle])]
    return (lowest, middle[-1][0] if middle else slug) < last[::-1]


def _count_up(below: Chart, slugs: Sequence[str]) -> list[int]:
    """Return the lowest whole numbers with which charts come after the one below them."""
    before, order = below
    numbers: list[int] = []
    for slug in slugs:
        order = int(order) if slug > before and order == floor(order) else floor(order) + 1
        numbers.append(order)
        before = slug
    return numbers


def _between(
    below: Chart | None, slugs: Sequence[str], above: Chart | None, step: int
) -> Sequence[int]:
    """Return rising numbers between two charts: multiples of `step` if there are enough."""
    count = len(slugs)
    for each in (step, 1):
        first = floor(below[1] / each) + 1 if below else 1
        if above is None:
            return [each * (first + index) for index in range(count)]
        last = ceil(above[1] / each) - 1
        room = last - first + 1
        if room >= count:
            return [each * (first + (2 * i + 1) * room // (2 * count)) for i in range(count)]
        if below is None and each == 1:
            return range(last - count + 1, last + 1)
    assert below  # without one, there is always room
    return _count_up(below, slugs)
