"""Decide the kind and notation of each column from all of its distinct values as strings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from flaskdash.inspect.values import answers, dates, durations, missing, periods, strays, wrappings
from flaskdash.inspect.values import numbers as number_format
from flaskdash.inspect.values.dates import Dating
from flaskdash.inspect.values.numbers import Numerals
from flaskdash.inspect.values.sample import SAMPLE, sample_of
from flaskdash.inspect.words import CODE_WORDS, DATE_PARTS, ID_WORDS, names_time, words

Kind = Literal["text", "integer", "number", "date", "boolean", "empty"]
Notation = TypeVar("Notation", Numerals, Dating)
FEW = 4  # times SAMPLE: a column with more distinct values is tried on a sample first
EXACT_DIGITS = 15
MOST_LEVELS = 20  # different numbers of a question, with the codes for "no answer"
MOST_ON_SCALE = 11  # numbers from 0 to 10, whose ends may be words
MOST_ODD = 12  # different words beside numbers or dates
MOST_WORDS = 0.3  # share of cells with "don't know" or "refused" among amounts
MOSTLY = 0.5  # share of numbers from which a column that stays text says why
MOST_ZEROS = 0.1  # of decimals, that begin with a zero too many
LONGEST_IDENTIFIER = 20  # digits of a number of 64 bits
MOST_OF_TWO_LENGTHS = 0.9  # of amounts of many digits; random numbers of 64 bits have 99%
_STRAY = "are written differently"
BOOLEANS = frozenset({"True", "TRUE", "true", "False", "FALSE", "false"})


@dataclass(frozen=True)
class ColumnPlan:
    """The kind of a column and how its values are written.

    `missing` is the number of cells without a value. `gaps` are the column's words for "no value",
    and `literal_words` are values that only look like such words. `reason` says why a column of
    digits stays text. `cut` is an ending to cut off. With `fill`, a value also applies to the
    blank cells below it. `prepare` is a method that changes the text before all else, and `prepared`
    says what it does. `strays` are the mistyped ones of the gaps, in `stray_cells` cells, and
    `codes` the numbers for "no answer" among them. `mixed` tells that pandas would read some parts of a stacked table with another
    type.
    """

    name: str
    kind: Kind
    missing: int
    gaps: frozenset[str] = frozenset()
    literal_words: frozenset[str] = frozenset()
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
    prepare: str = ""
    prepared: str = ""
    mixed: bool = False
    strays: frozenset[str] = frozenset()
    stray_cells: int = 0
    codes: tuple[int, ...] = ()
    notes: tuple[str, ...] = field(default_factory=tuple)

    def as_text(self, reason: str = "") -> ColumnPlan:
        """Return a copy of the plan that leaves the column, with its mistyped cells, as text."""
        return replace(
            self,
            kind="text",
            numbers=None,
            dating=None,
            numeric_text=True,
            reason=reason,
            gaps=self.gaps - self.strays,
            strays=frozenset(),
            missing=self.missing - self.stray_cells,
            stray_cells=0,
            codes=(),
            notes=tuple(note for note in self.notes if _STRAY not in note),
        )


def plan_column(name: str, counts: Mapping[str, int]) -> ColumnPlan:
    """Plan one column by its own values. `settle` then compares the columns."""
    for wrapping in wrappings.ALL:
        if not wrapping.fits(counts):
            continue
        bare: Counter[str] = Counter()
        for cell, count in counts.items():
            bare[wrapping.unwrap(cell)] += count
        plan = _plan_column(name, bare)
        if plan.kind != "text" or wrapping.is_certain:
            gaps = frozenset(
                cell
                for cell in counts
                if wrapping.unwrap(cell) in plan.gaps or (cell and not wrapping.unwrap(cell))
            )
            method = wrapping.method(counts)
            notes = (*plan.notes, wrapping.note) if wrapping.note else plan.notes
            return replace(plan, gaps=gaps, prepare=method, prepared=wrapping.comment, notes=notes)
    return _plan_column(name, counts)


def _plan_column(name: str, counts: Mapping[str, int], may_have_strays: bool = True) -> ColumnPlan:
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
        return _plan_text(base, counts, values)
    numbers, odd = _numbers(values)
    if numbers and numbers.unit and periods.recognise([*values]):
        numbers = None  # the unit is a word for a month: 2010.04 월
    if numbers:
        base = _widen(base, odd, counts)
        regular = [value for value in values if value not in odd]
        if sentinel := missing.sentinel({value: values[value] for value in regular}):
            base = _without_sentinel(base, sentinel, counts)
            regular.remove(sentinel)
            numbers = number_format.recognise(regular) or numbers
        return _plan_numbers(base, numbers, regular)
    if set(values) <= BOOLEANS and empty == 0 and not base.padded:
        return replace(base, kind="boolean")
    numbers, odd = _durations(name, values)
    if numbers and (duration := numbers.duration):
        base = _widen(base, odd, counts)
        form = f" (as {duration.form})" if duration.form else ""
        notes = (*base.notes, f"durations are read as numbers, in {duration.unit}{form}")
        return replace(base, kind="number", numbers=numbers, notes=notes)
    dating, odd = _dating(name, values)
    if dating:
        base = _widen(base, odd, counts)
        if dating.zones and not dating.offsets:
            zone = ", ".join(dating.zones)
            note = f"times are local: their zone ({zone}) is left out"
            base = replace(base, notes=(*base.notes, note))
        return _plan_dates(base, dating, values.keys() - odd)
    if may_have_strays and (plan := _plan_without_strays(base, counts, values)):
        return plan
    return _plan_text(base, counts, values)


def _plan_without_strays(
    base: ColumnPlan, counts: Mapping[str, int], values: Mapping[str, int]
) -> ColumnPlan | None:
    """Plan a column of numbers or dates without the few cells that are written differently."""
    if len(values) > FEW * SAMPLE:
        sample = {value: values[value] for value in sample_of(values)}
        if _plan_column(base.name, sample).kind == "text":
            return None
    for kind, mistyped in strays.candidates(base.name, values):
        regular = {cell: count for cell, count in counts.items() if cell.strip() not in mistyped}
        plan = _plan_column(base.name, regular, may_have_strays=False)
        if kind == ("number" if plan.kind == "integer" else plan.kind):
            cells = frozenset(cell for cell in counts if cell.strip() in mistyped)
            total = sum(counts[cell] for cell in cells)
            whole = sum(values.values())
            note = (
                f"{total} of {whole:,} values {_STRAY} "
                f"({_quoted_examples(mistyped)}), so they are read as missing"
            )
            return replace(
                plan,
                gaps=plan.gaps | cells,
                missing=plan.missing + total,
                padded=base.padded,
                strays=cells,
                stray_cells=total,
                notes=(*plan.notes, note),
            )
    return None


def _plan_text(
    base: ColumnPlan, counts: Mapping[str, int], values: Mapping[str, int]
) -> ColumnPlan:
    """Plan a text column, in which "None" or "NA" may be a value."""
    if sentinel := missing.sentinel_word(values):
        base = _without_sentinel(base, sentinel, counts)
        values = {value: count for value, count in values.items() if value != sentinel}
    literal_words = missing.real_values(base.name, base.gaps, counts)
    rows = sum(values.values())
    sample = sample_of(values)
    has_numbers = any(map(number_format.is_number, sample))
    notes: tuple[str, ...] = ()
    count = 0
    if has_numbers:
        count = sum(values[value] for value in values if number_format.is_number(value))
    is_code = bool((CODE_WORDS | ID_WORDS) & set(words(base.name)))
    if all(map(_PAIR.fullmatch, sample)) or all(map(_CLOCK.fullmatch, sample)):
        pass  # coordinates and times of the day, which get columns of their own
    elif rows and MOSTLY < count / rows < 1 and not is_code:
        odd = {value for value in values if not number_format.is_number(value)}
        notes = (
            f"{rows - count} of {rows} values are not numbers ({_quoted_examples(odd)}), "
            "so it is kept as text",
        )
    elif rows and _look_like_dates(sample):
        calendar = dates.calendar(sample)
        reason = f"are of the {calendar} calendar" if calendar else "have several formats"
        notes = (f"its dates {reason}, so it is kept as text",)
    elif rows and count == rows and not is_code:
        examples = _quoted_examples(set(sample[:20]))
        notes = (f"its numbers have several units or formats ({examples}), so it is kept as text",)
    return replace(
        base,
        gaps=base.gaps - literal_words,
        literal_words=frozenset(literal_words),
        missing=base.missing - sum(counts[word] for word in literal_words),
        numeric_text=has_numbers or set(values) <= BOOLEANS,
        notes=(*base.notes, *notes),
    )


_DATE_LIKE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\b.*|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})(\b.*)?"
    r"|\d{1,2}\.? [^\W\d_]{3,10}\.? \d{4}.*|[^\W\d_]{3,10}\.? \d{1,2},? \d{4}.*"
)


_CLOCK = re.compile(r"\d?\d\.[0-5]\d\.[0-5]\d")  # 18.00.00, as text
_PAIR = re.compile(r"[(\[]?-?\d+\.\d+\s*,\s*-?\d+\.\d+[)\]]?")


def _look_like_dates(values: list[str]) -> bool:
    """Tell whether most values look like dates."""
    return sum(bool(_DATE_LIKE.fullmatch(value)) for value in values) > 0.8 * len(values)


def _widen(base: ColumnPlan, odd: set[str], counts: Mapping[str, int]) -> ColumnPlan:
    """Return the plan with the `odd` values added to the words for "no value"."""
    if not odd:
        return base
    cells = {cell for cell in counts if cell.strip() in odd}
    total = sum(counts[cell] for cell in cells)
    return replace(
        base,
        gaps=base.gaps | cells,
        missing=base.missing + total,
        notes=(f"{total} cell(s) without a value ({_quoted_examples(odd)}) read as missing",),
    )


def _without_sentinel(base: ColumnPlan, sentinel: str, counts: Mapping[str, int]) -> ColumnPlan:
    """Return the plan with a number added to the words for "no value"."""
    cells = {cell for cell in counts if cell.strip() == sentinel}
    total = sum(counts[cell] for cell in cells)
    note = f"{sentinel} in {total:,} cells, unlike all others, read as missing"
    gaps, notes = base.gaps | cells, (*base.notes, note)
    return replace(base, gaps=gaps, missing=base.missing + total, notes=notes)


def _quoted_examples(cells: set[str]) -> str:
    """Return up to three cells in quotes, for a note."""
    return ", ".join(repr(cell) for cell in sorted(cells)[:3])


def _numbers(values: Mapping[str, int]) -> tuple[Numerals | None, set[str]]:
    """Return how the column writes numbers, and the few values that are not numbers.

    What fails on a sample is not looked for in all values, which takes long if they are many.
    """
    sample = sample_of(values)
    if number_format.recognise(sample):
        if notation := number_format.recognise(values):
            return notation, set()
    elif sum(map(_may_be_number, sample)) < 0.5 * len(sample):
        return None, set()
    return _recognise_most(values, _may_be_number, number_format.recognise)


def _may_be_number(value: str) -> bool:
    """Tell whether a value is a number, with or without a flag after it."""
    return any(
        test(value)
        for test in (number_format.is_number, number_format.is_flagged, number_format.is_marked)
    )


def _durations(name: str, values: Mapping[str, int]) -> tuple[Numerals | None, set[str]]:
    """Return how the column writes durations, and the few values that are none, such as DNF."""

    def recognise(regular: Collection[str]) -> Numerals | None:
        duration = durations.recognise(name, regular)
        if duration is None:
            return None
        return Numerals(("integer",), duration.unit, affixed=True, duration=duration)

    if not any(map(str.isdigit, next(iter(values)))) and len(values) > SAMPLE:
        return None, set()
    if notation := recognise(values):
        return notation, set()
    return _recognise_most(values, lambda value: bool(re.search(r"\d", value)), recognise)


def _dating(name: str, values: Mapping[str, int]) -> tuple[Dating | None, set[str]]:
    """Return how the column writes dates, and the few values that are not dates."""
    named = names_time(name)
    sample = sample_of(values)
    may_be_dates = _look_like_dates(sample) or bool(dates.recognise(sample, named))
    if may_be_dates and (dating := dates.recognise(list(values), named)):
        return dating, set()
    digits = [value for value in sample if re.search(r"\d", value)]
    if len(digits) < 0.5 * len(sample):
        return None, set()
    return _recognise_most(
        values,
        lambda value: bool(re.search(r"\d", value)) and not missing.is_far_day(value),
        lambda regular: dates.recognise(list(regular), named),
    )


def _recognise_most(
    values: Mapping[str, int],
    fits: Callable[[str], bool],
    recognise: Callable[[Collection[str]], Notation | None],
) -> tuple[Notation | None, set[str]]:
    """Recognise the values that fit, if the odd ones are few words without a digit."""
    sample = [value for value in sample_of(values) if fits(value)]
    if len(sample_of(values)) - len(sample) > MOST_ODD or not recognise(sample):
        return None, set()
    odd = {value for value in values if not fits(value)}
    rows = sum(values.values())
    share = sum(values[value] for value in odd) / rows
    mean_missing = all(missing.among_numbers(value) or missing.is_far_day(value) for value in odd)
    no_digits = all(not re.search(r"\d", value) or missing.is_far_day(value) for value in odd)
    max_share, max_odd, min_rows = (0.7, MOST_ODD, 5) if mean_missing else (0.1, 3, 5)
    if len(values) - len(odd) > MOST_ON_SCALE and not mean_missing:
        max_share = MOST_WORDS  # so many different numbers are amounts, not steps of a scale
    if all(not any(map(str.isalnum, value)) for value in odd):  # ":" is never a value
        max_share, min_rows = 0.95, 2
    if not odd or not no_digits or len(odd) > max_odd:
        return None, set()
    if share > max_share or rows * (1 - share) < min_rows:
        return None, set()
    regular = {value: count for value, count in values.items() if value not in odd}
    notation = recognise(regular)
    return (notation, odd) if notation else (None, set())


def _plan_numbers(base: ColumnPlan, numbers: Numerals, values: list[str]) -> ColumnPlan:
    """Plan a column whose values look like numbers: quantities, dates, or codes kept as text."""
    named = set(words(base.name))
    if numbers.affixed:
        notes = base.notes
        if numbers.flags:
            flags = ", ".join(repr(flag.strip()) for flag in numbers.flags[:6])
            notes = (*notes, f"flags after numbers ({flags}) are cut off")
        if numbers.limits:
            limits = [value for value in values if re.search(number_format.LIMIT, value)]
            read = "their number, or 0 if below all" if numbers.below_is_zero else "their number"
            notes = (*notes, f"limits ({_quoted_examples(set(limits))}) are read as {read}")
        if numbers.debit:
            notes = (*notes, f"amounts with {numbers.debit!r} behind them are negative")
        return replace(base, kind="number", numbers=numbers, notes=notes)
    if numbers.integer:
        dating = dates.recognise_integers(values, names_time(base.name))
        if dating := dating or dates.recognise_serials(values, named):
            return _plan_dates(base, dating)
        is_padded = named & DATE_PARTS and set(map(len, values)) == {2}  # the months 01 to 12
        if any(map(_LEADING_ZERO.match, values)) and not is_padded:
            return base.as_text("leading zeros")
        if CODE_WORDS & named:
            return base.as_text("codes, not numbers")
        if max(map(len, values)) > EXACT_DIGITS:
            if not _are_amounts(values) or named & ID_WORDS:
                return base.as_text("too many digits for a number")
            note = f"numbers of more than {EXACT_DIGITS} digits are rounded"
            long = replace(numbers, long=True)
            return replace(base, kind="number", numbers=long, notes=(*base.notes, note))
        return replace(base, kind="integer", numbers=numbers)
    if dating := dates.recognise_serials(values, named) or dates.recognise_decimals(values):
        return _plan_dates(base, dating)
    if reason := _code_reason(values):
        return base.as_text(reason)
    if CODE_WORDS & named and all(re.fullmatch(r"\d+(\.0)?", value) for value in values):
        return replace(base.as_text("codes, not numbers"), cut=".0")
    if any(map(_LONG_NUMBER.fullmatch, values)):
        return base.as_text("too many digits for a number")
    return replace(base, kind="number", numbers=numbers)


def _are_amounts(values: Collection[str]) -> bool:
    """Tell whether long numbers differ in their length, as amounts do: identifiers have one or two."""
    lengths = Counter(map(len, values)).most_common()
    if len(lengths) > 1 and max(map(len, values)) > LONGEST_IDENTIFIER:
        return True
    return sum(count for _, count in lengths[:2]) < MOST_OF_TWO_LENGTHS * len(values)


def _plan_dates(base: ColumnPlan, dating: Dating, values: Collection[str] = ()) -> ColumnPlan:
    """Plan a column of dates."""
    if name := dates.calendar(values):
        note = f"its dates are of the {name} calendar, so it is kept as text"
        return replace(base.as_text(), notes=(*base.notes, note))
    notes = (*base.notes, *([dating.note] if dating.note else []))
    if dating.latest:
        notes = (*notes, f"years of two digits after {dating.latest} are read as 19xx")
    if dating.kind == "excel":
        notes = (*notes, "numbers read as Excel's days since 1900")
    return replace(base, kind="date", dating=dating, notes=notes)


_LEADING_ZERO = re.compile(r"0\d")
_LONG_NUMBER = re.compile(r"\d{16,}")
_DECIMAL = re.compile(r"\d+[.,]\d+")
_WHOLE = re.compile(r"[+-]?\d{1,15}")
_POWER = re.compile(r"\d+E\d+")
_INTEGER_OR_POWER = re.compile(r"\d+(E\d+)?")


def _code_reason(values: Collection[str]) -> str:
    """Return the reason why number-like values are codes (12E4, 01.2), or "" if they are not.

    One 08.9 among decimals has a zero too many.
    """
    # Programs write powers with a point or a sign: 1.2E+05, or a small e.
    if any(map(_POWER.fullmatch, values)) and all(map(_INTEGER_OR_POWER.fullmatch, values)):
        return "codes such as 12E4, not powers of ten"
    zeros = [value for value in values if _LEADING_ZERO.match(value)]
    if len(zeros) <= MOST_ZEROS * len(values) and all(map(_DECIMAL.fullmatch, zeros)):
        return ""
    return "leading zeros"


def without_codes(
    plans: Sequence[ColumnPlan], columns: Sequence[Mapping[str, int]]
) -> list[ColumnPlan]:
    """Add the codes for "no answer" that several columns of a scale share to the missing cells."""
    counts: dict[int, dict[int, int]] = {}
    for index, (plan, column) in enumerate(zip(plans, columns, strict=True)):
        if plan.kind == "integer" and len(column) < MOST_LEVELS:
            whole = {cell: n for cell, n in column.items() if _WHOLE.fullmatch(cell.strip())}
            counts[index] = {int(cell): n for cell, n in whole.items()}
    result = list(plans)
    for index, codes in answers.shared_codes(counts).items():
        cells = frozenset(cell for cell in columns[index] if _is_one_of(cell, codes))
        total = sum(columns[index][cell] for cell in cells)
        plan = plans[index]
        result[index] = replace(
            plan,
            gaps=plan.gaps | cells,
            missing=plan.missing + total,
            strays=plan.strays | cells,
            stray_cells=plan.stray_cells + total,
            codes=tuple(codes),
        )
    return result


def _is_one_of(cell: str, codes: Collection[int]) -> bool:
    return bool(_WHOLE.fullmatch(cell.strip())) and int(cell) in codes


def settle(plans: list[ColumnPlan], decimal_hint: str, is_given: bool = False) -> list[ColumnPlan]:
    """Choose the decimal mark, and the order of day and month, by comparing all columns.

    The hint counts if no column proves a mark, or if it is given by the user.
    """
    marks = [number_format.proves(plan.numbers) for plan in plans if plan.numbers]
    proven = [mark for mark in marks if mark]
    decimal = max(set(proven), key=proven.count) if proven and not is_given else decimal_hint
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
