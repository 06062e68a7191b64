"""Separate the few mistyped cells of a column from its numbers or dates."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial

import pandas as pd

from flaskdash.inspect.values import dates, numbers
from flaskdash.inspect.values.sample import SAMPLE, sample_of
from flaskdash.inspect.words import (
    CODE_WORDS,
    ID_WORDS,
    MEAN_WORDS,
    NUMBER_WORDS,
    SUM_WORDS,
    known,
    names_time,
    words,
)

MIN_SHARE = 0.9  # of the cells; of five columns of films, up to 9% were mistyped
MIN_REGULAR = 30  # cells
MIN_DISTINCT = 12  # fewer numbers may be steps of a scale, whose ends are words
MOST_STRAYS = 20  # different ones: the loader lists them
MOST_REPEATS = 2  # cells with the same stray; more of them mean something
MOST_UNIQUE = 0.9  # of whole numbers, of which more are keys
MIN_OF_FORM, MOST_DATE_FORMS = 3, 3  # cells of a form of dates; forms in a column
PARTS = 5

# Numbers in columns with such names are not measured.
LABEL_WORDS = known(
    "house hausnummer hausnr street address adresse room zimmer flat apt apartment unit version ver release"
    " build model lot batch size grade seed draw rownames name label title family station route line gate"
    " level floors bus platform page chapter section item article artikel product produkt"
)
_MEASURES = (MEAN_WORDS | SUM_WORDS) - LABEL_WORDS
_VERSION = re.compile(r"v?\d++(?:\.\d++)(?:\.\d|[ -]?(?:a|b|rc|alpha|beta|dev)\d*$)", re.I)
_CODE = re.compile(r"(?=.*\d)(?=.*[^\W\d_])(?:[^\W_]++(?:[-/ ][^\W_]++)?|\d[\d.,]*+[^\W\d_]++)")
_AMOUNT = re.compile(r"[\d.,\s'\u2019()+\-\u2212\u2013]+")
_IN_BRACKETS = re.compile(r"\s*\([^()\d]*\)$")
_MONTH = re.compile(r"(?<![^\W_])[^\W\d_]{3,12}(?![^\W_])")
_LETTERS = re.compile(r"[^\W\d_]+\.?")
_DIGITS = re.compile(r"\d+")


def candidates(name: str, values: Mapping[str, int]) -> Iterator[tuple[str, set[str]]]:
    """Yield sets of cells without which the column may be one of numbers or of dates."""
    named = set(words(name))
    if named & (CODE_WORDS | ID_WORDS | NUMBER_WORDS) or sum(values.values()) < MIN_REGULAR:
        return
    sample = sample_of(values)
    # Many different values, of which a few are strays, are nearly all alike in a sample.
    least = (MIN_SHARE if len(values) > len(sample) else 0.5) * len(sample)
    if sum(bool(_DIGITS.search(value)) for value in sample) < least:
        return
    if sum(_amount_form(value).count("9") == 1 for value in sample) > least:
        for form in _number_forms(sample, least):
            strays = _unlike(form, values, 1)
            if strays and not _are_labels(named, values, strays):
                yield "number", strays
    if sum(bool(_date_form(value)) for value in sample) > least:
        for most in range(MOST_DATE_FORMS, 0, -1):
            if strays := _unlike(_date_form, values, most):
                yield "date", strays
        for strays in _impossible_dates(values, names_time(name)):
            yield "date", strays


def _unlike(form: Callable[[str], str], values: Mapping[str, int], most: int) -> set[str]:
    """Return the few values that have none of the `most` usual forms, or an empty set."""
    forms: Counter[str] = Counter()
    for value, count in values.items():
        forms[form(value)] += count
    usual = {text for text, count in forms.most_common(most) if text and count >= MIN_OF_FORM}
    regular = sum(forms[text] for text in usual)
    if regular < max(MIN_SHARE * sum(values.values()), MIN_REGULAR):
        return set()
    strays = {value for value in values if form(value) not in usual}
    return strays if len(strays) <= MOST_STRAYS else set()


def _impossible_dates(values: Mapping[str, int], named: bool) -> Iterator[set[str]]:
    """Yield the dates that are in no calendar, such as 31.02.2024, and all that is no date."""
    strays = _unlike(_date_form, values, 1)
    regular = [value for value in values if value not in strays]
    for start in range(PARTS):
        dating = dates.recognise(regular[start::PARTS][:SAMPLE], named)
        if dating is None or dating.kind != "format" or dating.rewrites or dating.zoned:
            continue
        days = pd.to_datetime(
            pd.Series(regular, dtype="str"), format=dating.format, errors="coerce"
        )
        wrong = strays.union(
            value for value, day in zip(regular, days, strict=True) if pd.isna(day)
        )
        cells = sum(values[value] for value in wrong)
        if len(wrong) <= MOST_STRAYS and cells <= (1 - MIN_SHARE) * sum(values.values()):
            yield wrong


def _are_labels(named: set[str], values: Mapping[str, int], strays: set[str]) -> bool:
    """Tell whether the numbers may be labels: keys, versions, house numbers such as 12A."""
    if named & LABEL_WORDS or any(map(_VERSION.match, strays)):
        return True
    regular = [value for value in values if value not in strays]
    units = {"", *map(numbers.unit_of, regular)}
    if not all(numbers.unit_of(value) in units for value in strays):
        return True  # an amount in another currency is not mistyped
    if any(values[value] > MOST_REPEATS for value in strays if _DIGITS.search(value)):
        return True
    if named & _MEASURES:
        return False
    if len(regular) < MIN_DISTINCT:
        return True
    codes = [value for value in strays if _CODE.fullmatch(value)]
    if not codes:
        return False
    cells = sum(values[value] for value in regular)
    is_key = all(map(str.isdigit, regular)) and len(regular) > MOST_UNIQUE * cells
    return is_key or sum(values[value] for value in codes) > 1


def _number_forms(sample: list[str], least: float) -> Iterator[Callable[[str], str]]:
    """Yield functions that tell numbers of one notation from other cells."""
    tried: list[list[str]] = []
    styles = [partial(_style_form, pattern) for _, _, pattern in numbers.STYLES.values()]
    notations: list[Callable[[str], str]] = [_amount_form, *styles]
    for form in notations:
        forms = [form(value) for value in sample]
        usual = Counter(filter(None, forms)).most_common(1)
        if usual and usual[0][1] > least and forms not in tried:
            tried.append(forms)
            yield form


def _style_form(pattern: re.Pattern[str], value: str) -> str:
    """Return what stands around a number of a style, or ""."""
    number = _AMOUNT.search(value)
    is_number = number and pattern.fullmatch(number[0].strip())
    return _amount_form(value) if is_number else ""


def _amount_form(value: str) -> str:
    """Return what stands around a number, as its unit does: "$9", "9kg"."""
    return _AMOUNT.sub("9", value) if _DIGITS.search(value) else ""


def _date_form(value: str) -> str:
    """Return the marks of a date, with a for each word and 9 for each number: "a 9, 9"."""
    bare = _IN_BRACKETS.sub("", value)
    form = _DIGITS.sub("9", _LETTERS.sub("a", bare))
    is_date = form.count("9") > 2 or (_MONTH.search(bare) and "9" in form)
    return form if is_date else ""
