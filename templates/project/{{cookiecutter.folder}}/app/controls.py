"""Controls: what the form of a page offers for each filter, and which of them are active."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date, timedelta
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from app import filters
from app.filters import Filter
from app.formats import words

if TYPE_CHECKING:
    from pandas import DataFrame

    from app.data import Data

FEW_NUMBERS = 50  # whole ones, such as years and ratings: they are listed
MOST_CHIPS = 5  # of one filter
MOST_LABELS = 200  # of one column that can be clicked
Control = dict[str, Any]


def forms(charts: Iterable[ModuleType]) -> dict[str, str]:
    """Return the columns that charts are filtered by, each with its form, where a chart tells it."""
    found: dict[str, str] = {}
    for chart in charts:
        for column, form in chart.FILTERS.items():
            found[column] = found.get(column) or form
    return found


def check(chart: ModuleType, types: Mapping[str, str]) -> None:
    """Refuse filters by what is no column of a chart's data, and in a form that does not fit it."""
    if unknown := set(chart.FILTERS) - set(types):
        raise LookupError(f"FILTERS names {unknown}, no column of {chart.DATA}")
    for column, form in chart.FILTERS.items():
        if not filters.fits(form, types[column]):
            raise LookupError(f"FILTERS has {column!r} as {form!r}, but it is {types[column]}")


def controls(
    data: Data, wanted: Mapping[str, str], loaders: Iterable[str], active: Sequence[Filter]
) -> list[Control]:
    """Return what the form needs for each filter that the data of these loaders has."""
    found, loaders = [], dict.fromkeys(loaders)
    for column, form in wanted.items():
        names = [name for name in loaders if column in data.columns(name)]
        now = next((item for item in active if item.column == column), Filter(column))
        if names:
            found.append(_control(data, names, now, form))
    return found


def _control(data: Data, names: list[str], now: Filter, form: str) -> Control:
    kind = data.columns(names[0])[now.column]
    if not form or not filters.fits(form, kind):
        form = _form(data, names, now.column, kind)
    low, high = filters.ends(now, kind)
    control = asdict(replace(now, low=low, high=high)) | {"form": form, "loaders": names}
    if form in {"range", "days"}:
        alike = [name for name in names if filters.fits(form, data.columns(name)[now.column])]
        spans = [data.span(name, now.column) for name in alike]
        known = [end for span in spans for end in span[:2] if end is not None and end == end]
        read: Any = float if form == "range" else lambda end: str(end)[:10]
        least, most = (each(map(read, known), default="") for each in (min, max))
        ends = [f"{end:.10g}" if form == "range" and known else end for end in (least, most)]
        return control | {"ends": ends, "different": max(span[2] for span in spans)}
    found = [data.choices(name, now.column) for name in names]
    more = max(left for _, left in found)
    choices = dict.fromkeys(choice for listed, _ in found for choice in listed)
    choices |= dict.fromkeys(now.values if more else ())
    return control | {"choices": list(choices), "more": more}


def _form(data: Data, names: list[str], column: str, kind: str) -> str:
    """Return the form of a filter that a column's type and its number of values ask for."""
    if filters.is_day(kind):
        return "days"
    if filters.is_number(kind) and data.span(names[0], column)[2] > FEW_NUMBERS:
        return "range"
    found = [data.choices(name, column) for name in names]
    if filters.is_number(kind) and not all(float(choice).is_integer() for choice in found[0][0]):
        return "range"
    return "search" if any(more for _, more in found) else "choice"


def are_known(data: Data, active: Iterable[Filter], found: Iterable[Control]) -> bool:
    """Tell whether filters let through what anybody can choose, and not free text or numbers."""
    by_column = {control["column"]: control for control in found}
    return all(
        item.column in by_column and _is_known(data, item, by_column[item.column])
        for item in active
    )


def _is_known(data: Data, item: Filter, control: Control) -> bool:
    if item.text or (item.low, item.high) != (control["low"], control["high"]):
        return False
    least, most = control["ends"] if control["form"] == "days" else ("", "")
    if not all(least <= end <= most for end in (item.low, item.high) if end):
        return False
    listed = () if control.get("more") else control.get("choices", ())
    free = [Filter(item.column, (value,)) for value in item.values if value not in listed]
    return all(any(data.count(name, [one]) for name in control["loaders"]) for one in free)


def chips(found: Iterable[Control], active: Sequence[Filter]) -> list[tuple[str, str]]:
    """Return in words what is active, each with the query of the page without it."""
    chips: list[tuple[str, str]] = []
    shown = {control["column"]: (control["low"], control["high"]) for control in found}
    for n, item in enumerate(active):
        if item.column not in shown:
            continue
        (low, high), named = shown[item.column], words(item.column)
        values = list(dict.fromkeys(value.replace("\r\n", "\n") for value in item.values))
        several = (f"{named}: {len(values)} values", replace(item, values=()))
        less = [several] if len(values) > MOST_CHIPS else []
        for value in values if not less else ():
            others = tuple(v for v in item.values if v.replace("\r\n", "\n") != value)
            less.append((f"{named}: {value}", replace(item, values=others)))
        if item.text:
            less.append((f"{named} has “{item.text}”", replace(item, text="")))
        if low or high:
            text = f"{low} – {high}" if low and high else f"from {low}" if low else f"to {high}"
            less.append((f"{named}: {text}", replace(item, low="", high="")))
        before, after = active[:n], active[n + 1 :]
        chips += [(text, _query([*before, one, *after])) for text, one in less]
    return chips


def _query(active: Iterable[Filter]) -> str:
    return urlencode(filters.pairs(active))


def presets(control: Control, active: Iterable[Filter]) -> list[tuple[str, str]]:
    """Return spans of days that end with the newest of the data, each with the query that sets it.

    Those that reach back further than the data, or hold less than two of its steps, are left out.
    """
    try:
        first, last = map(date.fromisoformat, control["ends"])
        january = last.replace(month=1, day=1)
        spans = {f"Last {days} days": (last - timedelta(days - 1), last) for days in (7, 30, 90)}
        spans["This month"] = last.replace(day=1), last
        spans["This year"] = january, last
        spans["Last year"] = january.replace(year=last.year - 1), january - timedelta(1)
    except (ValueError, OverflowError):  # no days, or those of antiquity
        return []
    step = (last - first) / max(1, control["different"] - 1)
    rest = [item for item in active if item.column != control["column"]]
    return [
        (name, _query([*rest, Filter(control["column"], (), str(low), str(high))]))
        for name, (low, high) in spans.items()
        if first <= low and (low, high) != (first, last) and high - low + timedelta(1) >= 2 * step
    ]


def clickable(rows: DataFrame, found: Iterable[Control]) -> dict[str, dict[str, str]]:
    """Return what a click on a figure of these rows can choose: by column, then by label."""
    labels: dict[str, dict[str, str]] = {}
    for control in found:
        name: str = control["column"]
        if "ends" in control or list(rows.columns).count(name) != 1:
            continue
        listed = {choice: choice for choice in control["choices"]}
        listed |= {"True": "true", "False": "false"} if "true" in listed else {}
        values = rows[name].dropna().map(str).unique()[:MOST_LABELS]
        if control["more"]:  # not all are listed; what a pie has no room for is none of them
            listed |= {value: value for value in values if value != "Other"}
        chosen = {value: listed[value] for value in values if value in listed}
        labels[name] = {html.escape(k, quote=False): v for k, v in chosen.items()}
    return {column: each for column, each in labels.items() if each}
