"""The course of a number: its change on the time before, and a line without axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from app.steps import period

if TYPE_CHECKING:
    from pandas import Series


def course(times: Series[Any], values: Series[Any], step: str) -> Markup:
    """Return the last time, the changes on the one before and the year before, and a line of all."""
    *earlier, (last, value) = zip(times, values, strict=True)
    compared = earlier[-1:]
    if step in {"month", "quarter"}:
        year_before = last.year - 1, last.month
        compared += [p for p in earlier[:-1] if (p[0].year, p[0].month) == year_before]
    changes = "".join(change(value, before, period(time, step)) for time, before in compared)
    return Markup("{}{} {}").format(period(last, step), changes, line(values))


def change(last: float, before: float, when: str) -> str:
    """Return how a value differs from an earlier one: ", +4.2% on April 2024"."""
    if not before or before != before:
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
