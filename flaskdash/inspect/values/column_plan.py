"""Decide what each column is, from all of its distinct values as strings."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from flaskdash.inspect.values import dates, missing, months
from flaskdash.inspect.values import numbers as number_format
from flaskdash.inspect.values.dates import Dating
from flaskdash.inspect.values.numbers import Numerals
from flaskdash.inspect.words import CODE_WORDS, TIME_WORDS, words

Kind = Literal["text", "integer", "number", "date", "boolean", "empty"]
Found = TypeVar("Found", Numerals, Dating)
SAMPLE = 300
EXACT_DIGITS = 15
BOOLEANS = frozenset({"True", "TRUE", "true", "False", "FALSE", "false"})


@dataclass(frozen=True)
class ColumnPlan:
    """What a column is and how it is written; `missing` cells are expected in the result.

    `gaps` are the words for "no value" in it, and `kept` the words that look like one but are
    values. `reason` says why a column of digits stays text. `cut` is an ending to cut off,
    and `fill` tells that a value stands for the blanks below it too.
    """

    name: str
    kind: Kind
    missing: int
    gaps: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()
    padded: bool = False
    nul: bool = False
    numeric_text: bool = False
    numbers: Numerals | None = None
    dating: Dating | None = None
    decimal: str = ""
    thousands: str = ""
    reason: str = ""
    cut: str = ""
    fill: bool = False
    notes: tuple[str, ...] = field(default_factory=tuple)

    def as_text(self, reason: str = "") -> ColumnPlan:
        """Return the plan for leaving the column as text."""
        return replace(
            self, kind="text", numbers=None, dating=None, numeric_text=True, reason=reason
        )


def plan_column(name: str, counts: Mapping[str, int]) -> ColumnPlan:
    """Return what a column is, before the columns are compared with each other."""
    gaps = missing.words(counts)
    values = {cell.strip(): count for cell, count in counts.items() if cell and cell not in gaps}
    empty = counts.get("", 0) + sum(counts[word] for word in gaps)
    base = ColumnPlan(
        name,
        "text",
        empty,
        frozenset(gaps),
        padded=any(cell != cell.strip() for cell in counts),
        nul=any("\0" in cell for cell in counts),
    )
    if not values:
        return replace(base, kind="empty")
    if base.nul:
        return _text(base, counts, values)
    numbers, odd = _numbers(values)
    if numbers:
        base = _widen(base, odd, counts)
        rest = [value for value in values if value not in odd]
        return _of_numbers(base, numbers, rest)
    if set(values) <= BOOLEANS and empty == 0 and not base.padded:
        return replace(base, kind="boolean")
    dating, odd = _dating(name, values)
    if dating:
        base = _widen(base, odd, counts)
        if any(pattern == months.ZONES for pattern, _ in dating.rewrites):
            zone = re.search(months.ZONES, next(iter(values.keys() - odd)))
            told = f"times are local: their zone ({zone[0].strip() if zone else ''}) is left out"
            base = replace(base, notes=(*base.notes, told))
        return replace(base, kind="date", dating=dating)
    return _text(base, counts, values)


def _text(base: ColumnPlan, counts: Mapping[str, int], values: Mapping[str, int]) -> ColumnPlan:
    """Return the plan of a text column, where "None" or "NA" may be a value."""
    kept = missing.real(base.name, base.gaps, counts)
    rows = sum(values.values())
    numeric = [value for value in _some(values) if number_format.is_number(value)]
    notes: tuple[str, ...] = ()
    count = (
        sum(values[value] for value in values if number_format.is_number(value)) if numeric else 0
    )
    if rows and 0.8 < count / rows < 1:
        notes = (f"{rows - count} of {rows} values are not numbers, so it is kept as text",)
    elif rows and _like_dates(_some(values)):
        notes = ("its dates are not all written in one way, so it is kept as text",)
    elif rows and count == rows:
        shown = _listed(set(_some(values)[:20]))
        notes = (f"its numbers are in several units, or written in several ways ({shown}): text",)
    return replace(
        base,
        gaps=base.gaps - kept,
        kept=frozenset(kept),
        missing=base.missing - sum(counts[word] for word in kept),
        numeric_text=bool(numeric) or set(values) <= BOOLEANS,
        notes=notes,
    )


_DATE_LIKE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\b.*|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})(\b.*)?"
    r"|\d{1,2}\.? [^\W\d_]{3,10}\.? \d{4}.*|[^\W\d_]{3,10}\.? \d{1,2},? \d{4}.*"
)


def _like_dates(values: list[str]) -> bool:
    """Tell whether most values look like dates."""
    return sum(bool(_DATE_LIKE.fullmatch(value)) for value in values) > 0.8 * len(values)


def _widen(base: ColumnPlan, odd: set[str], counts: Mapping[str, int]) -> ColumnPlan:
    """Return the plan with more words for "no value": those that are no number or date."""
    if not odd:
        return base
    cells = {cell for cell in counts if cell.strip() in odd}
    total = sum(counts[cell] for cell in cells)
    return replace(
        base,
        gaps=base.gaps | cells,
        missing=base.missing + total,
        notes=(f"{total} cell(s) without a value ({_listed(odd)}) read as missing",),
    )


def _listed(cells: set[str]) -> str:
    """Return a few cells for a note."""
    return ", ".join(repr(cell) for cell in sorted(cells)[:3])


def _some(values: Mapping[str, int]) -> list[str]:
    """Return distinct values from the whole of a column, few enough to look at."""
    keys = list(values)
    return keys if len(keys) <= SAMPLE else keys[:: len(keys) // SAMPLE]


def _numbers(values: Mapping[str, int]) -> tuple[Numerals | None, set[str]]:
    """Return how the column writes numbers, and the few words among them that are none."""
    sample = _some(values)
    few = sum(map(_may_be_number, sample)) < 0.5 * len(sample)
    if few and not number_format.recognise(sample):
        return None, set()
    if found := number_format.recognise(values):
        return found, set()
    return _without_odd(values, _may_be_number, number_format.recognise)


def _may_be_number(value: str) -> bool:
    """Tell whether one value is a number, perhaps with a flag behind it."""
    return number_format.is_number(value) or number_format.is_flagged(value)


def _dating(name: str, values: Mapping[str, int]) -> tuple[Dating | None, set[str]]:
    """Return how the column writes dates, and the few words among them that are none."""
    named = bool(TIME_WORDS & set(words(name)))
    keys = list(values)
    if found := dates.recognise(keys, named):
        return found, set()
    digits = [value for value in _some(values) if re.search(r"\d", value)]
    if len(digits) < 0.5 * len(_some(values)):
        return None, set()
    return _without_odd(
        values,
        lambda value: bool(re.search(r"\d", value)) and not missing.is_far_day(value),
        lambda rest: dates.recognise(list(rest), named),
    )


def _without_odd(
    values: Mapping[str, int],
    fits: Callable[[str], bool],
    recognise: Callable[[Collection[str]], Found | None],
) -> tuple[Found | None, set[str]]:
    """Recognise the values that fit, if the others are few words without a digit."""
    odd = {value for value in values if not fits(value)}
    rows = sum(values.values())
    share = sum(values[value] for value in odd) / rows
    known = all(missing.among_numbers(value) or missing.is_far_day(value) for value in odd)
    wordy = all(not re.search(r"\d", value) or missing.is_far_day(value) for value in odd)
    limit, most, least = (0.7, 12, 5) if known else (0.1, 3, 5)
    if all(not any(map(str.isalnum, value)) for value in odd):  # ":" is never a value
        limit, least = 0.95, 2
    if not odd or not wordy or len(odd) > most or share > limit or rows * (1 - share) < least:
        return None, set()
    rest = {value: count for value, count in values.items() if value not in odd}
    found = recognise(rest)
    return (found, odd) if found else (None, set())


def _of_numbers(base: ColumnPlan, numbers: Numerals, values: list[str]) -> ColumnPlan:
    """Return the plan of a column of numbers: codes and dates among them are told apart."""
    named = set(words(base.name))
    if numbers.affixed:
        notes = base.notes
        if numbers.flags:
            flags = ", ".join(repr(flag.strip()) for flag in numbers.flags[:6])
            notes = (*notes, f"flags behind numbers ({flags}) are cut off")
        return replace(base, kind="number", numbers=numbers, notes=notes)
    if numbers.integer:
        found = dates.recognise_integers(values, bool(TIME_WORDS & named))
        if found := found or dates.recognise_serials(values, named):
            return _dated(base, found)
        if any(re.match(r"0\d", value) for value in values):
            return base.as_text("leading zeros")
        if max(map(len, values)) > EXACT_DIGITS:
            return base.as_text("too many digits for a number")
        if CODE_WORDS & named:
            return base.as_text("codes, not numbers")
        return replace(base, kind="integer", numbers=numbers)
    if found := dates.recognise_serials(values, named) or dates.recognise_decimals(values):
        return _dated(base, found)
    if reason := _code_like(values):
        return base.as_text(reason)
    if CODE_WORDS & named and all(re.fullmatch(r"\d+(\.0)?", value) for value in values):
        return replace(base.as_text("codes, not numbers"), cut=".0")
    digits = [re.sub(r"\D", "", value) for value in values if re.fullmatch(r"\d{16,}", value)]
    if digits:
        return base.as_text("too many digits for a number")
    return replace(base, kind="number", numbers=numbers)


def _dated(base: ColumnPlan, dating: Dating) -> ColumnPlan:
    """Return the plan of a column of numbers that are dates."""
    told = ("numbers read as Excel's days since 1900",) if dating.kind == "excel" else ()
    return replace(base, kind="date", dating=dating, notes=(*base.notes, *told))


def _code_like(values: Collection[str]) -> str:
    """Return why these are codes though each could be a number: 12E4, or 01.2; else ""."""
    # Programs write powers with a point or a sign: 1.2E+05, or a small e.
    powers = [value for value in values if re.fullmatch(r"\d+E\d+", value)]
    if powers and all(re.fullmatch(r"\d+(E\d+)?", value) for value in values):
        return "codes such as 12E4, not powers of ten"
    if any(re.match(r"0\d+[.,]?", value) for value in values):
        return "leading zeros"
    return ""


def settle(plans: list[ColumnPlan], decimal_hint: str) -> list[ColumnPlan]:
    """Return the plans with what only the columns together tell: marks, and order of dates."""
    proven = [
        mark for plan in plans if plan.numbers and (mark := number_format.proves(plan.numbers))
    ]
    decimal = max(set(proven), key=proven.count) if proven else decimal_hint
    orders = {
        plan.dating.order
        for plan in plans
        if plan.dating and plan.dating.order and not plan.dating.ambiguous
    }
    settled = []
    for plan in plans:
        if plan.numbers:
            mark, thousands = number_format.choose(plan.numbers, decimal)
            plan = replace(plan, decimal=mark, thousands=thousands)
        if plan.dating and plan.dating.ambiguous and len(orders) == 1:
            order = next(iter(orders))
            dating = plan.dating if plan.dating.order == order else plan.dating.swapped()
            plan = replace(
                plan,
                dating=replace(dating, ambiguous=False),
                reason=f"{order} first, as in the other dates",
                notes=(*plan.notes, f"read {order} first, as the other dates are"),
            )
        settled.append(plan)
    return settled
