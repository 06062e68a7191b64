"""Controls: what the filter form of a page offers, and which filters are active."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from app.engine import filters
from app.engine.models import GRAINS, STEP, Chart, Filter
from app.engine.query import Data
from app.helpers import periods, words

if TYPE_CHECKING:
    from pandas import DataFrame

RANGES = {"range", "days"}  # the forms with limits in place of choices
FEW_NUMBERS = 50  # whole numbers, such as years and ratings, that are listed as choices
MOST_PRESETS = 8
SPARE_PRESETS = ("Last week", "Last quarter")  # the first that go if there are more
MOST_CHIPS = 5  # of one filter
MOST_LABELS = 200  # of one column whose points can be clicked


@dataclass(frozen=True)
class Control:
    """What the form offers for one filter, and what is chosen in it: limits only if they fit."""

    column: str
    form: str  # one of filters.FORMS
    data: tuple[Data, ...]  # of the loaders that have the column
    chosen: Filter
    default: str = ""  # as FILTERS has it
    ends: tuple[str, str] = ("", "")  # the least and greatest, of a range
    within: tuple[str, str] = ("", "")  # those under the other filters
    distinct: int = 0  # values, of a range
    choices: tuple[str, ...] = ()  # the last is empty if values are missing
    more: int = 0  # choices that are not listed
    empty: frozenset[str] = frozenset()  # choices without rows under the other filters

    @property
    def label(self) -> str:
        return "Time step" if self.form == STEP else words(self.column)

    @property
    def is_single(self) -> bool:
        """Return whether only one choice is possible at a time."""
        return self.form in {"single", STEP}


def check(chart: Chart, types: Mapping[str, str]) -> None:
    """Raise LookupError if FILTERS names an unknown column, or a form that its type does not allow."""
    names = " or ".join(chart.data)
    for column, form in chart.filters.items():
        form = form.partition("=")[0]
        if column not in types:
            raise LookupError(f"FILTERS has {column!r}, which {names} does not have")
        if not filters.fits(form, types[column]):
            raise LookupError(f"FILTERS has {column!r} as {form!r}, but it is {types[column]}")


def find_controls(
    data: Sequence[Data], forms: Mapping[str, str], active: Sequence[Filter]
) -> list[Control]:
    """Return a control for each filter whose column is in the data."""
    controls = []
    for column, form in forms.items():
        having = tuple(each for each in data if column in each.columns())
        current = next((item for item in active if item.column == column), Filter(column))
        if form == STEP:
            controls.append(Control(column, STEP, (), current, choices=tuple(GRAINS)))
        elif having:
            controls.append(_control(having, current, form))
    return controls


def _control(data: tuple[Data, ...], current: Filter, form: str) -> Control:
    column = current.column
    kind = data[0].columns()[column]
    form, _, default = form.partition("=")
    if not form or not filters.fits(form, kind):
        form = _default_form(data[0], column, kind)
    low, high = filters.limits(current, kind)
    control = Control(column, form, data, replace(current, low=low, high=high), default)
    if form not in RANGES:
        return with_choices(control, (), current.values)
    spans = [each.span(column) for each in data if filters.fits(form, each.columns()[column])]
    ends = ends_of(form, [end for span in spans for end in span[:2]])
    return replace(control, ends=ends, within=ends, distinct=max(span[2] for span in spans))


def with_choices(control: Control, active: Sequence[Filter], chosen: Sequence[str] = ()) -> Control:
    """Return the control with the first values of its column in the rows that pass some filters."""
    listed = [each.choices(control.column, active) for each in control.data]
    more = max(left for _, left in listed)
    choices = dict.fromkeys(choice for choices, _ in listed for choice in choices)
    choices |= dict.fromkeys(chosen if more else ())
    return replace(control, choices=tuple(sorted(choices, key="".__eq__)), more=more)


def ends_of(form: str, values: Iterable[Any]) -> tuple[str, str]:
    """Return the least and greatest of values as text."""
    known = [value for value in values if value not in {None, ""} and value == value]
    if form == "range":
        texts = [f"{value:.10g}" for value in sorted(map(float, known))]
    else:
        texts = sorted(str(value)[:10] for value in known)
    return (texts[0], texts[-1]) if texts else ("", "")


def _default_form(data: Data, column: str, kind: str) -> str:
    """Return the form that suits a column's type and its values."""
    if filters.is_day(kind):
        return "days"
    if not filters.is_number(kind):
        return "choice"
    if data.span(column)[2] > FEW_NUMBERS:
        return "range"
    numbers = map(float, filter(None, data.choices(column)[0]))
    return "choice" if all(number.is_integer() for number in numbers) else "range"


def are_offered(active: Iterable[Filter], controls: Iterable[Control]) -> bool:
    """Return whether the form offers all values of the active filters, so that others ask for them too."""
    by_column = {control.column: control for control in controls}
    return all(
        item.column in by_column and _is_offered(item, by_column[item.column]) for item in active
    )


def _is_offered(item: Filter, control: Control) -> bool:
    least, most = control.ends if control.form == "days" else ("", "")
    limits = item.low, item.high
    are_within = all(least <= limit <= most for limit in limits if limit)
    if item.text or not are_within or limits != (control.chosen.low, control.chosen.high):
        return False
    unlisted = {*item.values}.difference(() if control.more else control.choices)
    named = [Filter(item.column, tuple(unlisted))]  # all in one query: an address may have thousands
    return not unlisted or unlisted <= {*with_choices(control, named).choices}


def chips(controls: Iterable[Control], chosen: Iterable[Filter]) -> list[tuple[str, str]]:
    """Return each active filter in words, with the query string of the page without it.

    Those that are active by default are not among the chosen ones, which the URL names.
    """
    chips: list[tuple[str, str]] = []
    for control in controls:
        for text, smaller in _without_each(control.chosen):
            remaining = {each.column: each for each in chosen} | {control.column: smaller}
            if smaller == Filter(control.column) and not control.default:
                del remaining[control.column]
            chips.append((f"{control.label}{text}", filters.to_query(remaining.values())))
    return chips


def _without_each(item: Filter) -> Iterable[tuple[str, Filter]]:
    """Yield each condition of a filter in words, and the filter without it."""
    values = list(dict.fromkeys(value.replace("\r\n", "\n") for value in item.values))
    start = ": not " if item.is_not else ": "
    if len(values) > MOST_CHIPS:
        yield f"{start}{len(values)} values", replace(item, values=(), is_not=False)
    else:
        for value in values:
            remaining = tuple(v for v in item.values if v.replace("\r\n", "\n") != value)
            is_not = item.is_not and bool(remaining)
            yield f"{start}{value or 'blank'}", replace(item, values=remaining, is_not=is_not)
    if item.text:
        yield f" has “{item.text}”", replace(item, text="")
    low, high = item.low, item.high
    if low or high:
        text = f"{low} – {high}" if low and high else f"from {low}" if low else f"to {high}"
        yield f": {text}", replace(item, low="", high="")


def presets(control: Control, chosen: Iterable[Filter]) -> list[tuple[str, str]]:
    """Return the periods of helpers.py, each with the query string that sets it."""
    try:
        first, last = map(date.fromisoformat, control.ends)
        spans = periods(first, last, (last - first) / max(1, control.distinct - 1))
    except (ValueError, OverflowError):  # no days, or days before the year 1
        return []
    unlike = {span: name for name, span in reversed(spans.items())}  # the first name of each
    spans = {name: span for name, span in spans.items() if unlike[span] == name}
    for name in SPARE_PRESETS:
        if len(spans) > MOST_PRESETS:
            spans.pop(name, None)
    remaining = [item for item in chosen if item.column != control.column]
    return [
        (name, filters.to_query([*remaining, Filter(control.column, (), str(low), str(high))]))
        for name, (low, high) in [*spans.items()][:MOST_PRESETS]
    ]


def clickable(rows: DataFrame, controls: Iterable[Control]) -> dict[str, dict[str, str]]:
    """Return what a click on a figure can choose: by column, by label, the value of the filter."""
    labels: dict[str, dict[str, str]] = {}
    for control in controls:
        if control.form in RANGES or list(rows.columns).count(control.column) != 1:
            continue
        choices = {choice: choice for choice in control.choices}
        choices |= {"True": "true", "False": "false"} if "true" in choices else {}
        values = rows[control.column].dropna().map(str).unique()[:MOST_LABELS]
        if control.more:  # some choices are not listed; "Other" is the rest of a pie, not a value
            choices |= {value: value for value in values if value != "Other"}
        labels[control.column] = {
            html.escape(value, quote=False): choices[value] for value in values if choices.get(value)
        }
    return {column: values for column, values in labels.items() if values}
