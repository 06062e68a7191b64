"""Defaults: what a filter lets through as long as the URL does not name its column."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, timedelta

from app.engine import filters
from app.engine.controls import RANGES, Control, find_controls
from app.engine.models import Chart, Filter
from app.engine.query import Data
from app.helpers import periods


def with_defaults(
    chosen: Sequence[Filter], data: Sequence[Data], forms: Mapping[str, str]
) -> tuple[Filter, ...]:
    """Return the filters that apply: those of the URL, and the defaults of the other columns."""
    named = {item.column: item for item in chosen}
    unnamed = {c: form for c, form in forms.items() if "=" in form and c not in named}
    for control in find_controls(data, unnamed, ()):
        with suppress(LookupError):  # check_defaults() reports it
            named[control.column] = default_filter(control)
    return tuple(named[c] for c in forms if named.get(c, Filter(c)) != Filter(c))


def check_defaults(chart: Chart, controls: Sequence[Control]) -> None:
    """Raise LookupError if a default in FILTERS does not fit the form of its filter."""
    for control in controls:
        if "=" in chart.filters.get(control.column, ""):
            default_filter(control, chart.filters[control.column].partition("=")[2])


def default_query(control: Control) -> str:
    """Return the query string that says the same as no query string."""
    with suppress(LookupError):
        return filters.to_query([default_filter(control)])
    return ""


def default_filter(control: Control, text: str = "") -> Filter:
    """Return what a default stands for; raise LookupError if it does not fit the form."""
    column, form, text = control.column, control.form, text or control.default
    allowed = "one value, such as North" if form == "single" else "values, such as North, East"
    if form == "days":
        newest = date.fromisoformat(control.ends[1]) if control.ends[1] else date.today()
        spans = periods(date.min, newest, timedelta(0))
        for name, (low, high) in spans.items():
            if name.lower() == text.lower():
                return Filter(column, (), str(low), str(high))
        allowed = f"one of {', '.join(spans).lower()}, or days such as 2024-01-31..2024-02-29"
    elif form == "range":
        allowed = "limits such as 10..20, 10.. or ..20"
    elif form == "search" and text:
        return Filter(column, text=text)
    if form in RANGES:
        least, dots, most = (part.strip() for part in text.partition(".."))
        kind = control.data[0].columns()[column]
        limits = filters.limits(Filter(column, (), least, most), kind)
        if dots and any(limits) and [*map(bool, limits)] == [bool(least), bool(most)]:
            return Filter(column, (), *limits)
    else:
        values = {value.strip() for value in text.split(",")} - {""}
        if values and (form != "single" or len(values) == 1):
            return Filter(column, tuple(sorted(values)))
    raise LookupError(f"FILTERS has {column!r} with the default {text!r}. Write {allowed}.")
