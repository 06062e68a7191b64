"""The course of a number: its change on the step before, and a line without axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

if TYPE_CHECKING:
    from pandas import Series

IN_A_YEAR = {"month": 12, "quarter": 4}


def course(values: Series[Any], when: str, step: str) -> Markup:
    """Return when the last value was, its changes on earlier ones, and a line of them all.

    The values are of steps that follow each other, without a gap.
    """
    changes = change(values, 1, f"the {step} before")
    if step in IN_A_YEAR:
        changes += change(values, IN_A_YEAR[step], "the year before")
    return Markup("{}{} {}").format(when, changes, line(values))


def change(values: Series[Any], steps: int, when: str) -> str:
    """Return how the last value differs from an earlier one: ", +4.2% on the month before"."""
    last, before = (float(value) for value in values.iloc[[-1, max(0, len(values) - 1 - steps)]])
    if len(values) <= steps or not before or before != before:
        return ""
    share = (last - before) / abs(before)
    if abs(share) >= 10:  # a mean near zero: a percentage says nothing
        return f", after {before:,.4g} in {when}"
    return f", {share:+.1%} on {when}"


def line(values: Series[Any]) -> Markup:
    """Return the values as a line: SVG, which needs no script."""
    low, high = float(values.min()), float(values.max())
    wide, tall = 100 / max(1, len(values) - 1), 22 / ((high - low) or 1)
    points = (f"{n * wide:.1f},{23 - (value - low) * tall:.1f}" for n, value in enumerate(values))
    return Markup(
        '<svg viewBox="0 0 100 24" preserveAspectRatio="none" width="100%" height="32" aria-hidden="true">'
        '<polyline points="{}" fill="none" stroke="var(--brand)" stroke-width="1.5"'
        ' vector-effect="non-scaling-stroke"/></svg>'
    ).format(" ".join(points))
