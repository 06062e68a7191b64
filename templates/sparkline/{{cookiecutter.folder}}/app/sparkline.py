"""The course of a number: its change on the step before, and a line without axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

if TYPE_CHECKING:
    from pandas import Series


def course(values: Series[Any], when: str, step: str) -> Markup:
    """Return when the last value was, its change on the one before, and a line of them all."""
    return Markup("{}{} {}").format(when, change(values, step), line(values))


def change(values: Series[Any], step: str) -> str:
    """Return how the last value differs from the one before: ", +4.2% on the month before"."""
    if len(values) < 2 or not values.iloc[-2]:
        return ""
    last, before = float(values.iloc[-1]), float(values.iloc[-2])
    share = (last - before) / abs(before)
    if abs(share) >= 10:  # a mean near zero: a percentage says nothing
        return f", after {before:,.4g} in the {step} before"
    return f", {share:+.1%} on the {step} before"


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
