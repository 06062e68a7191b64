"""Codes: numbers that stand for the values of another column, and are no measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from flaskdash.inspect import words as vocabulary
from flaskdash.inspect.model import Column
from flaskdash.inspect.words import words

LABELS = (3, 500)  # how many values a column with the labels of codes may have
CATEGORIES = (3, 20)  # and one that flags are made of


def mark(frame: pd.DataFrame, columns: Sequence[Column]) -> list[Column]:
    """Return the columns with what is a code of another one as an identifier.

    That is a whole number for each label; each of the flags into which a category is split; and
    latitudes and longitudes in a grid's own units.
    """
    found = _numbered(frame, columns) | _split(frame, columns) | _gridded(columns)
    return [replace(c, role="identifier", agg=None) if c.name in found else c for c in columns]


def _numbered(frame: pd.DataFrame, columns: Sequence[Column]) -> set[str]:
    """Return the numbers of which each goes with one label, and each label with one of them."""
    known = vocabulary.SUM_WORDS | vocabulary.MEAN_WORDS | vocabulary.STOCK_WORDS
    numbers = [c for c in columns if c.type == "integer" and c.role == "measure"]
    numbers = [c for c in numbers if not known & set(words(c.name))]
    labels = [c for c in columns if c.type == "text" and c.role in ("category", "geography")]
    return {
        number.name
        for number in numbers
        for label in labels
        if number.distinct == label.distinct
        and LABELS[0] <= label.distinct <= min(LABELS[1], len(frame) / 3)
        and len(frame[[number.name, label.name]].dropna().drop_duplicates()) == label.distinct
    }


def _split(frame: pd.DataFrame, columns: Sequence[Column]) -> set[str]:
    """Return the flags that each say whether a category has one of its values, if all do."""
    flags = [c for c in columns if c.role == "flag" and c.type in ("integer", "boolean")]
    found: set[str] = set()
    for category in columns if len(flags) >= CATEGORIES[0] else ():
        if (
            category.role not in ("category", "geography")
            or not CATEGORIES[0] <= category.distinct <= CATEGORIES[1]
        ):
            continue
        shares = frame.groupby(category.name)[[flag.name for flag in flags]].mean()
        of_one = (shares.isin([0, 1]).all()) & (shares.sum() == 1)
        names = list(of_one.index[of_one])
        if len(names) >= category.distinct - 1:
            found.update(names)
    return found


def _gridded(columns: Sequence[Column]) -> set[str]:
    """Return a latitude and a longitude that are no degrees."""
    measures = [c for c in columns if c.role == "measure"]
    lat, lon = (
        {c.name for c in measures if names & set(words(c.name))}
        for names in (vocabulary.LATITUDE, vocabulary.LONGITUDE)
    )
    return lat | lon if lat and lon else set()
