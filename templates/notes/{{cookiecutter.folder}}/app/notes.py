"""Notes: what a chart shows, in a line of words under its title. See NOTES in config.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.helpers import number, words
from app.steps import period

if TYPE_CHECKING:
    from pandas import Series

LONGEST = 30  # letters of a name
AT = {"week": "in the week of", "day": "on", "hour": "at"}
RELATED, CLOSELY = 0.3, 0.7  # rank correlations


def largest(names: Series[Any], values: Series[Any], unit: str = "") -> str:
    """Name the largest values: "West $725k, East $679k, Central $501k", "Month 8: 31, 7: 30"."""
    top = values.dropna().nlargest(3)
    labels = [_short(name) for name in names[top.index]]
    colon = ":" if any(label[-1:].isdigit() for label in labels) else ""
    start = f"{words(str(names.name))} " if colon and all(map(str.isdigit, labels)) else ""
    pairs = zip(labels, top, strict=True)
    return start + ", ".join(f"{label}{colon} {number(value, unit)}" for label, value in pairs)


def _short(name: Any) -> str:
    text = f"{name:g}" if isinstance(name, float) else str(name)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def shares(names: Series[Any], values: Series[Any]) -> str:
    """Name the largest parts of a whole: "West 32%, East 30%, Central 22%"."""
    if values.min() < 0 or not values.sum():
        return largest(names, values)
    return largest(names, (100 * values / values.sum()).round(1), "%")


def course(times: Series[Any], values: Series[Any], step: str, unit: str = "") -> str:
    """Tell how the last value differs from that of a year before, and when it was highest.

    Without one, it is compared with the first. Hours are not: the first and last are seldom whole.
    """
    points = [point for point in zip(times, values, strict=True) if point[1] == point[1]]
    if len(points) < 3:
        return ""
    last_time, last = points[-1]
    top_time, top = max(points, key=lambda point: point[1])
    before_time, before = points[0]
    if step in {"month", "quarter"}:
        year_before = last_time.year - 1, last_time.month
        matches = (p for p in points if (p[0].year, p[0].month) == year_before)
        before_time, before = next(matches, points[0])
    at = AT.get(step, "in")
    text = f"{number(last, unit)} {at} {period(last_time, step)}"
    if before > 0 and 0.1 < last / before < 10 and step != "hour":
        text += f", {last / before - 1:+.0%} since {period(before_time, step)}"
    if top == last:
        return f"{text}; never higher"
    return f"{text}; highest {at} {period(top_time, step)} ({number(top, unit)})"


def middle(starts: Series[Any], counts: Series[Any], width: float, unit: str = "") -> str:
    """Tell how many values lie in the bins of a histogram that hold the middle half."""
    below = counts.cumsum() / counts.sum()
    bins = starts[(below > 0.25) & (below.shift(fill_value=0) < 0.75)]
    share, low, high = counts[bins.index].sum() / counts.sum(), bins.min(), bins.max() + width
    return f"{share:.0%} are from {number(low, unit)} to below {number(high, unit)}"


def related(first: Series[Any], second: Series[Any]) -> str:
    """Tell whether two columns rise together, by their rank correlation."""
    strength = first.rank().corr(second.rank())
    if not abs(strength) >= RELATED:  # or there are too few points to tell
        return ""
    how = "Closely related" if abs(strength) >= CLOSELY else "Loosely related"
    turn = "they rise together" if strength > 0 else "when one rises, the other falls"
    return f"{how}: {turn}"
