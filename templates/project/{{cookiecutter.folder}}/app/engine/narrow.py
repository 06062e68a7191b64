"""Narrow: what the filters of other columns leave of a control's choices."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from werkzeug.exceptions import HTTPException

from app.engine import filters
from app.engine.controls import RANGES, Control, ends_of, with_choices
from app.engine.models import Filter, Offer


def narrow(controls: Sequence[Control], active: Sequence[Filter]) -> list[Control]:
    """Return the controls with what the filters of other columns leave of their choices."""
    with suppress(HTTPException):  # a database that does not answer
        offered = _offered(controls, active)
        return [
            _narrowed(control, offered[control.column]) if control.column in offered else control
            for control in controls
        ]
    return [*controls]


def _offered(controls: Sequence[Control], active: Sequence[Filter]) -> dict[str, list[str]]:
    """Return by column what the data offers under the filters of the others."""
    offered: dict[str, list[str]] = {}
    data = {each.loader.name: each for control in controls for each in control.data}
    for each in data.values():
        offers = [
            Offer(control.column, control.form in RANGES, remaining)
            for control in controls
            if each in control.data
            and filters.fits(control.form, each.columns()[control.column])
            and (remaining := _filters_beside(control, active)) is not None
        ]
        answers = each.offered(offers) if offers else []
        for offer, answer in zip(offers, answers, strict=True):
            offered.setdefault(offer.column, []).extend(answer)
    return offered


def find(control: Control, active: Sequence[Filter], text: str) -> Control:
    """Return the control with the choices that contain a text, under the other filters."""
    remaining = [item for item in active if item.column != control.column]
    matches = [Filter(control.column, text=text)] if text else []
    return with_choices(control, [*remaining, *matches])


def _filters_beside(control: Control, active: Sequence[Filter]) -> tuple[Filter, ...] | None:
    """Return the filters under which a control offers choices, or None if it offers all."""
    remaining = tuple(item for item in active if item.column != control.column)
    types = [each.columns() for each in control.data]
    if control.form == "search" or not any(o.column in kinds for o in remaining for kinds in types):
        return None
    if control.more:  # of a long list, only the chosen values are looked for
        values = control.chosen.values
        return (*remaining, Filter(control.column, values)) if values else None
    return remaining


def _narrowed(control: Control, values: list[str]) -> Control:
    if control.form in RANGES:
        return replace(control, within=ends_of(control.form, values))
    listed = control.chosen.values if control.more else control.choices
    return replace(control, empty=frozenset(listed).difference(values))
