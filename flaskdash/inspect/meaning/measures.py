"""Decide how a measure is aggregated, and in which unit it is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import pandas as pd

from flaskdash.inspect import words as vocabulary
from flaskdash.inspect.model import Column, ColumnType
from flaskdash.inspect.values.numbers import CODES
from flaskdash.inspect.words import is_per, words

# Amounts in these units add up, unless the name is that of a price or a rate.
_AMOUNT_UNIT = re.compile(r"(?<![a-z])([kmgt]wh|tonn?e?s|mtoe|lit(er|re)s)(?![a-z])", re.IGNORECASE)
MANY_MEANS = 4
MIN_WHOLES, MIN_PARTS, OWN_AMOUNT = 10, 2, 0.9  # orders; lines of each; orders unlike all others
CENSUS_YEARS, MIN_CENSUSES = 5, 3
MIN_QUESTIONS = 3  # columns with one stem, so that they are the questions of a survey
TOP_OF_SCALE = 10
MEAN_TOLERANCE = 0.02  # weights are scaled to a mean of 1, maybe before some rows were left out
_NUMBERED = re.compile(r"([^\W\d]+[_.]?)\d+")
_QUESTION = re.compile("[?\uff1f]\\W*$")
_WEIGHT = re.compile(
    r"w(ei)?gh?t|w8|gewicht|gew(?![a-z])|pond|poids|peso|(?<![a-z])wt|wt(?![a-z])|(?<![a-z])vikt",
    re.I,
)
MIN_CURRENCIES = 2  # columns of exchange rates
MOST_CHANGE = 0.05  # of a rate, from one row to the next
_CURRENCY_CODES = frozenset(CODES.split("|"))
EXTREMES = frozenset({"min", "max", "minimum", "maximum", "lowest", "highest", "peak"})
MEANS = frozenset({"rate", "ratio", "avg", "average", "mean", "median"})
UNITS = {
    "%": "%",
    "percent": "%",
    "percentage": "%",
    "pct": "%",
    "$": "$",
    "usd": "$",
    "dollars": "$",
    "€": "€",
    "eur": "€",
    "euro": "€",
    "£": "£",
    "gbp": "£",
}


def unit_of(name: str) -> str | None:
    """Return the unit in a column's name, if any."""
    return next((UNITS[word] for word in words(name) if word in UNITS), None)


def aggregation(
    name: str, kind: ColumnType, unit: str | None, present: pd.Series | None = None
) -> str:
    """Return "sum" for counts and amounts, "mean" for rates and prices, "last" for running totals.

    If the name leaves it open, the `present` values decide.
    """
    name_words = words(name)
    word_set = set(name_words)
    if word_set & vocabulary.LAST_WORDS and not {"running", "time"} <= word_set:
        return "last"
    if word_set & EXTREMES or name_words[:1] == ["ave"]:
        return "mean"
    if unit == "%" or is_per(name) or word_set & (MEANS | vocabulary.PAY_WORDS):
        return "mean"
    if "unit" in word_set and word_set & {"cost", "costs", "value"}:
        return "mean"  # the price of one piece
    if _AMOUNT_UNIT.search(name) and not word_set & {"price", "tariff", "factor", "intensity"}:
        return "sum"
    if name_words[-1:] == ["num"]:
        name_words.pop()  # "price num" is a price as a number
    # The last word is what a name is about: "price total" is a total, "total price" a price.
    for word in reversed(name_words):
        if word in vocabulary.MEAN_WORDS:
            return "mean"
        if word in vocabulary.SUM_WORDS or word in vocabulary.STOCK_WORDS:
            # A leading "total" says little: total phenols is a concentration; nor does "spent" after
            # "time": years at a company are no amount.
            is_weak = word != name_words[-1] or word == "points"
            is_doubtful = word in vocabulary.RATED_WORDS or bool(word_set & vocabulary.MEAN_WORDS)
            may_be_rating = is_weak and is_doubtful and not unit
            return "mean" if may_be_rating and _is_rating(present) else "sum"
    if unit:
        return "sum"
    return "sum" if kind == "integer" and not _is_score(present) else "mean"


def _is_rating(present: pd.Series | None) -> bool:
    """Tell whether values are much alike, as ratings are; amounts come in all sizes."""
    if present is None or len(present) < 20:
        return False
    values = present.astype("float64")
    are_fractions = bool(values.between(0, 1).all()) and bool((values % 1 != 0).any())
    return are_fractions or float(values.std()) < 0.5 * abs(float(values.mean()))


def _is_score(present: pd.Series | None) -> bool:
    """Tell whether whole numbers fill a scale, as scores do; counts crowd at its low end."""
    if present is None or len(present) < 20:
        return False
    values = present.astype("float64")
    low, high = float(values.min()), float(values.max())
    if low < 0:
        return True
    middle = float(values.median())
    return 10 <= high <= 1000 and middle > (0.25 if low > 0.1 * high else 0.4) * high


def readings(frame: pd.DataFrame, columns: Sequence[Column]) -> set[str]:
    """Return the whole numbers that are much alike and have no name of an amount, like a speed."""
    amount_words = vocabulary.SUM_WORDS | vocabulary.STOCK_WORDS
    names = set()
    for column in columns:
        is_sum = column.type == "integer" and column.agg == "sum" and column.unit is None
        if not is_sum or column.distinct < 20 or amount_words & set(words(column.name)):
            continue
        values = frame[column.name].dropna().astype("float64")
        low, high = float(values.quantile(0.01)), float(values.quantile(0.99))
        if low > 0.4 * high and float(values.std()) < 0.2 * float(values.median()):
            names.add(column.name)
    return names


def exchange_rates(frame: pd.DataFrame, columns: Sequence[Column]) -> set[str]:
    """Return the columns named after currencies whose numbers change little from row to row."""
    if not any(column.role == "time" for column in columns):
        return set()
    named = [
        column.name
        for column in columns
        if column.role == "measure" and column.type == "number" and _names_currency(column.name)
    ]
    if len(named) < MIN_CURRENCIES:
        return set()
    values = frame[named].astype("float64")
    is_steady = values.diff().abs().median() < MOST_CHANGE * values.abs().median()
    return set(is_steady.index[is_steady])


def _names_currency(name: str) -> bool:
    """Tell whether a name is that of a currency: EUR, USD/EUR, Japanese yen."""
    name_words = words(name)
    last = name_words[-1:] and name_words[-1] in vocabulary.CURRENCY_WORDS
    codes = all(word.upper() in _CURRENCY_CODES for word in name_words)
    return bool(name_words) and len(name_words) <= 3 and bool(last or codes)


def weak_totals(columns: Sequence[Column]) -> set[str]:
    """Return the totals of things that are measured: total phenols, where all else is averaged."""
    sums = [c for c in columns if c.agg == "sum"]
    weak = {c.name for c in sums if words(c.name)[:1] == ["total"] and c.type == "number"}
    means = sum(c.agg == "mean" for c in columns)
    strong = vocabulary.SUM_WORDS - {"total"} | vocabulary.STOCK_WORDS
    has_amounts = any(c.name not in weak or strong & set(words(c.name)) or c.unit for c in sums)
    return set() if has_amounts or means < MANY_MEANS else weak


def siblings(columns: Sequence[Column]) -> set[str]:
    """Return the totals whose last word is that of a mean: trq_rpm beside hp_rpm.

    Words of amounts, and numbers such as years, make no siblings.
    """
    strong = vocabulary.SUM_WORDS | vocabulary.STOCK_WORDS
    measures = [c for c in columns if c.role == "measure" and len(words(c.name)) > 1]
    measures = [c for c in measures if not strong & set(words(c.name)) and not c.unit]
    last = {c.name: words(c.name)[-1] for c in measures}
    means = {last[c.name] for c in measures if c.agg == "mean" and last[c.name].isalpha()}
    return {c.name for c in measures if c.agg == "sum" and last[c.name] in means}


def questions(frame: pd.DataFrame, columns: Sequence[Column]) -> set[str]:
    """Return the answers to questions on a scale: whole numbers up to 10 in numbered columns.

    Their names have one stem (Q1, Q2_1, Q4), or end in a question mark.
    """
    stems = Counter(match[1].lower() for c in columns if (match := _NUMBERED.match(c.name)))
    names = set()
    for column in columns:
        match = _NUMBERED.match(column.name)
        is_numbered = match is not None and stems[match[1].lower()] >= MIN_QUESTIONS
        if column.type != "integer" or column.agg != "sum" or column.unit:
            continue
        if vocabulary.SUM_WORDS & set(words(column.name)):
            continue
        is_scale = bool(frame[column.name].dropna().between(0, TOP_OF_SCALE).all())
        if is_scale and (is_numbered or _QUESTION.search(column.name)):
            names.add(column.name)
    return names


def survey_weights(frame: pd.DataFrame, columns: Sequence[Column]) -> set[str]:
    """Return the weights of respondents: fractions with a mean of 1, by whose name they may be weights."""
    numbers = [c for c in columns if c.type == "number" and _WEIGHT.search(c.name)]
    return {
        c.name
        for c in numbers
        if float(frame[c.name].min()) >= 0 and abs(float(frame[c.name].mean()) - 1) < MEAN_TOLERANCE
    }


def age_categories(frame: pd.DataFrame, columns: Sequence[Column]) -> set[str]:
    """Return the ages that break a table down, with one row for each place, time and category."""
    names = {c.name for c in columns if c.role == "measure" and words(c.name) == ["age"]}
    keys = [c for c in columns if c.role in ("time", "geography", "category", "flag")]
    for name in names:
        rows = 0.6 * frame[name].nunique()
        for key in keys:
            rows *= max(key.distinct, 1)
        key_names = [name, *(key.name for key in keys)]
        if len(frame) < max(rows, 10) or frame.duplicated(key_names).any():
            return set()
    return names


def repeated(frame: pd.DataFrame, columns: Sequence[Column]) -> set[str]:
    """Return the amounts of wholes that each of their rows repeats: of an order, in each of its lines.

    Nearly every whole has an amount of its own; the prices of a shop's goods coincide.
    """
    keys = [c for c in columns if c.role in ("category", "geography", "identifier")]
    keys = [c for c in keys if MIN_WHOLES <= c.distinct <= len(frame) / MIN_PARTS]
    amounts = [c for c in columns if c.agg == "sum" and c.distinct >= OWN_AMOUNT * MIN_WHOLES]
    return {
        amount.name
        for amount in amounts
        for key in keys
        if OWN_AMOUNT * key.distinct <= amount.distinct <= key.distinct
        and int(frame.groupby(key.name)[amount.name].nunique(dropna=False).max()) == 1
    }


def running_totals(frame: pd.DataFrame, columns: Sequence[Column]) -> set[str]:
    """Return the measures that only grow in time, or hardly change, within each place or category.

    Stocks such as a population are not added up over time either.
    """
    times = [c for c in columns if c.role == "time"]
    times.sort(key=lambda c: c.type == "integer")  # dates before years
    names = [c.name for c in columns if c.role == "measure" and c.agg == "sum"]
    if not times or not names or len(frame) < 30:
        return set()
    if times[0].type == "integer" and _are_censuses(frame[times[0].name]):
        return set(names)
    steps = _steps_in_time(frame, columns, times[0].name, names)
    if steps is None:
        return set()
    return {
        name
        for name in names
        if vocabulary.STOCK_WORDS & set(words(name)) or _is_level(name, frame[name], steps[name])
    }


def _are_censuses(years: pd.Series) -> bool:
    """Tell whether years are five or ten apart: a state is counted so, events are in each year."""
    steps = years.dropna().drop_duplicates().sort_values().diff().dropna()
    are_whole = bool((steps % CENSUS_YEARS == 0).all())
    return are_whole and len(steps) >= MIN_CENSUSES - 1


def _steps_in_time(
    frame: pd.DataFrame, columns: Sequence[Column], time: str, names: list[str]
) -> pd.DataFrame | None:
    """Return how measures change from one time to the next, or None if rows are events."""
    keys = [c.name for c in columns if c.role in ("geography", "category") and c.type == "text"]
    # A month beside the year is a part of the time, not a thing that is measured repeatedly.
    keys = [key for key in keys if not vocabulary.DATE_PARTS & set(words(key))]
    if frame.duplicated([time, *keys]).mean() > 0.1:
        return None
    ordered = frame[[time, *keys, *names]].sort_values(time, kind="stable")
    if not keys:
        return ordered[names].diff()
    groups = ordered.groupby(keys, dropna=False, sort=False)
    return None if groups.ngroups > len(frame) / 5 else groups[names].diff()


def _is_level(name: str, values: pd.Series, steps: pd.Series) -> bool:
    """Tell whether a measure only grows, or hardly changes from one time to the next."""
    steps = steps.dropna()
    if len(steps) <= 20:
        return False
    up, down = float((steps > 0).mean()), float((steps < 0).mean())
    if up > 0.02 and down < 0.05 * up:
        return True
    if vocabulary.SUM_WORDS & set(words(name)):
        return False
    return 0 < float(steps.abs().median()) < 0.02 * float(values.abs().median())


def line_amounts(frame: pd.DataFrame, columns: Sequence[Column]) -> set[str]:
    """Return the prices of whole order lines: two pieces of an item have twice the price of one."""
    quantities = [
        c.name for c in columns if c.type == "integer" and {"quantity", "qty"} & set(words(c.name))
    ]
    prices = [c.name for c in columns if "price" in words(c.name) and c.agg == "mean"]
    items = [
        c
        for c in columns
        if c.role == "category" and c.type == "text" and 1 < c.distinct < len(frame) / 2
    ]
    if not (quantities and prices and items):
        return set()
    quantity, item = quantities[0], max(items, key=lambda c: c.distinct).name
    few = frame[frame[quantity].isin([1, 2])]
    names = set()
    for price in prices:
        medians = few.groupby([item, quantity])[price].median().astype("float64").unstack()
        if not {1, 2} <= set(medians.columns):
            continue
        ratios = (medians[2] / medians[1]).dropna()
        if len(ratios) > 2 and 1.8 < float(ratios.median()) < 2.2:
            names.add(price)
    return names
