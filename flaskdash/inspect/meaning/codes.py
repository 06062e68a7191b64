"""Find codes: numbers that stand for the values of another column, and are not measures."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from flaskdash.inspect import words as vocabulary
from flaskdash.inspect.model import Column
from flaskdash.inspect.words import words

SAME = 0.95  # of the rows
LABELS = (2, 500)  # how many distinct labels codes may have
GRID = 0.97  # of the variance of a projected coordinate that latitude and longitude explain
SAMPLE, MIN_ROWS = 5000, 50
NUMBERED = {"num", "number", "nb"}  # which name a count, or what is counted
SPARSE = 1000  # amounts are so many times as far apart as codes, which are counted
CATEGORIES = (3, 20)  # how many values a category that is split into flags may have


def mark(frame: pd.DataFrame, columns: Sequence[Column]) -> list[Column]:
    """Return the columns, with codes of other columns as identifiers.

    Codes are whole numbers that map one-to-one to labels or are those of another column's codes,
    flags into which a category is split, and positions in the units of a grid or a map.
    """
    names = _label_numbers(frame, columns) | _numbers_of_codes(frame, columns)
    names |= _split_flags(frame, columns) | _grid_axes(columns) | _projected(frame, columns)
    return [replace(c, role="identifier", agg=None) if c.name in names else c for c in columns]


def _label_numbers(frame: pd.DataFrame, columns: Sequence[Column]) -> set[str]:
    """Return the integer columns that map one-to-one to a text column (state_id and state)."""
    measure_words = vocabulary.SUM_WORDS | vocabulary.MEAN_WORDS | vocabulary.STOCK_WORDS
    roles = ("measure", "category", "flag")
    numbers = [c for c in columns if c.type == "integer" and c.role in roles]
    numbers = [
        c
        for c in numbers
        if not (measured := measure_words & set(words(c.name)))
        or (measured <= NUMBERED and _are_counted(frame[c.name].dropna(), c))
    ]
    labels = [c for c in columns if c.type == "text" and c.role in (*roles, "geography")]
    return {
        number.name
        for number in numbers
        for label in labels
        if not _are_amounts(frame[number.name].dropna(), number.distinct)
        and number.distinct == label.distinct
        and LABELS[0] <= label.distinct <= min(LABELS[1], len(frame) / 3)
        and _are_twins(frame[[number.name, label.name]], label.distinct)
    }


def _are_counted(values: pd.Series, column: Column) -> bool:
    """Tell whether whole numbers are 1, 2, 3 and so on, as what has a number is counted."""
    return column.distinct > 2 and int(values.min()) == 1 and int(values.max()) == column.distinct


def _are_amounts(values: pd.Series, distinct: int) -> bool:
    """Tell whether whole numbers are of all sizes: the voters of a region, not its code."""
    low, high = int(values.min()), int(values.max())
    return len(str(low)) < len(str(high)) and high - low > SPARSE * distinct


def _are_twins(pairs: pd.DataFrame, distinct: int) -> bool:
    """Tell whether the values of two columns map one-to-one, and mostly stand in the same rows."""
    present = pairs.dropna()
    is_complete = len(present) >= SAME * pairs.notna().sum().max()
    return is_complete and len(present.drop_duplicates()) == distinct


def _numbers_of_codes(frame: pd.DataFrame, columns: Sequence[Column]) -> set[str]:
    """Return the integer columns with the numbers in a text column's codes, by a word of its name.

    The first ages of groups such as 5-9 are such numbers, too.
    """
    numbers = [c for c in columns if c.type == "integer" and c.role == "measure"]
    codes = [c for c in columns if c.type == "text" and c.role in ("identifier", "category")]
    result: set[str] = set()
    for number, code in itertools.product(numbers, codes):
        is_code = code.role == "identifier" or number.distinct == code.distinct <= len(frame) / 3
        if code.role == "identifier" and number.distinct == code.distinct > MIN_ROWS:
            same = pd.to_numeric(frame[code.name], errors="coerce") == frame[number.name]
            if bool(same.all()):
                result.add(number.name)
        if is_code and set(words(number.name)) & set(words(code.name)):
            digits = frame[code.name].astype("str").str.extract(r"(\d{1,15})")[0]
            if float((frame[number.name] == pd.to_numeric(digits)).mean()) > SAME:
                result.add(number.name)
    return result


def _split_flags(frame: pd.DataFrame, columns: Sequence[Column]) -> set[str]:
    """Return the flags that each stand for a value of a category, if all values have one."""
    flags = [c for c in columns if c.role == "flag" and c.type in ("integer", "boolean")]
    low, high = CATEGORIES
    if len(flags) < low:
        return set()
    result: set[str] = set()
    for category in columns:
        may_be_split = category.role in ("category", "geography") or category.type == "integer"
        if category in flags or not may_be_split or not low <= category.distinct <= high:
            continue
        shares = frame.groupby(category.name)[[flag.name for flag in flags]].mean()
        stands_for_value = shares.isin([0, 1]).all() & (shares.sum() == 1)
        names = list(stands_for_value.index[stands_for_value])
        if len(names) >= category.distinct - 1:
            result.update(names)
    return result


def _grid_axes(columns: Sequence[Column]) -> set[str]:
    """Return the latitude and longitude of a grid, whose numbers are not degrees."""
    numbers = [c for c in columns if c.role in ("measure", "identifier") and c.type != "text"]
    latitudes = {c.name for c in numbers if vocabulary.names_degrees(c.name) == "latitude"}
    longitudes = {c.name for c in numbers if vocabulary.names_degrees(c.name) == "longitude"}
    return latitudes | longitudes if latitudes and longitudes else set()


def _projected(frame: pd.DataFrame, columns: Sequence[Column]) -> set[str]:
    """Return the numbers that latitude and longitude explain: positions on a map, in metres."""
    degrees = {vocabulary.names_degrees(c.name): c.name for c in columns if c.type == "number"}
    amounts = vocabulary.SUM_WORDS | vocabulary.STOCK_WORDS
    numbers = [c for c in columns if c.role == "measure" and not c.unit]
    measures = [c.name for c in numbers if not amounts & set(words(c.name))]
    if not {"latitude", "longitude"} <= degrees.keys() or not measures:
        return set()
    axes = [degrees["latitude"], degrees["longitude"]]
    rows = frame[[*axes, *measures]].astype("float64").dropna(subset=axes).head(SAMPLE)
    rows = (rows - rows.mean()) / rows.std()
    first, second = rows[axes[0]], rows[axes[1]]
    between = 1 - first.corr(second) ** 2
    if len(rows) < MIN_ROWS or not between > 0:
        return set()
    a, b, c = rows[measures].corrwith(first), rows[measures].corrwith(second), first.corr(second)
    explained = (a**2 + b**2 - 2 * a * b * c) / between
    return set(explained.index[explained > GRID])
