"""Notes: what a chart shows, in a line of words under its title. See NOTES in config.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.helpers import number
from app.steps import period

if TYPE_CHECKING:
    from pandas import Series

LONGEST = 30  # letters of a name
AT = {"week": "in the week of", "day": "on", "hour": "at"}
RELATED, CLOSELY = 0.3, 0.7  # rank correlations


def largest(names: Series[Any], values: Series[Any], unit: str = "") -> str:
    """Name the largest values: "West $725k, East $679k, Central $501k"."""
    rows = values.dropna().nlargest(3).index
    return ", ".join(f"{_short(names[row])} {number(values[row], unit)}" for row in rows)


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

    If there is none, or if the steps are not months or quarters, it is compared with the first.
    """
    filled = values.dropna()
    if len(filled) < 3:
        return ""
    before, last, top = filled.index[0], filled.index[-1], filled.idxmax()
    if step in {"month", "quarter"}:
        before = next(iter(filled.index[times[filled.index] == _year_before(times[last])]), before)
    at = AT.get(step, "in")
    text = f"{number(filled[last], unit)} {at} {period(times[last], step)}"
    if filled[before] > 0 and 0.1 < filled[last] / filled[before] < 10:
        change = filled[last] / filled[before] - 1
        text += f", {change:+.0%} since {period(times[before], step)}"
    if top == last:
        return f"{text}; never higher"
    return f"{text}; highest {at} {period(times[top], step)} ({number(filled[top], unit)})"


def _year_before(time: Any) -> Any:
    from pandas import DateOffset

    return time - DateOffset(years=1)


def middle(starts: Series[Any], counts: Series[Any], width: float, unit: str = "") -> str:
    """Tell between which bins of a histogram the middle half of all values lies."""
    below = counts.cumsum() / counts.sum()
    low, high = starts[(below > 0.25).idxmax()], starts[(below >= 0.75).idxmax()] + width
    return f"Half are between {number(low, unit)} and {number(high, unit)}"


def related(first: Series[Any], second: Series[Any]) -> str:
    """Tell whether two columns rise together, by their rank correlation."""
    strength = first.rank().corr(second.rank())
    if not abs(strength) >= RELATED:  # or there are too few points to tell
        return ""
    how = "Closely related" if abs(strength) >= CLOSELY else "Loosely related"
    turn = "they rise together" if strength > 0 else "when one rises, the other falls"
    return f"{how}: {turn}"
