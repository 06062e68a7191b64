"""Find the values of a category that are totals of its others: with them, each sum would double."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from flaskdash.inspect.model import Column
from flaskdash.inspect.words import words

WORDS = frozenset(
    {"total", "totals", "all", "world", "overall", "grand total", "sum", "both"}
    | {"gesamt", "insgesamt", "합계", "총계", "합", "合计", "合計", "итого"}
)
_NAMED = re.compile(rf"\s*({'|'.join(WORDS)}|(grand )?total(\s?\w+)?|.*\btotal)\s*", re.I)
# Regions, unions and classes of countries, as the World Bank, the UN, the OECD and others call them.
_GROUPS = re.compile(
    r"""\s*(?:world|international|global|africa|asia|europe|oceania|(?:north|south|latin|central)\ america|americas|antarctica
    |european\ union.*|eu[\s-]?\d\d.*|euro\ ?(?:area|zone).*|eurozone|oecd.*|g-?(?:7|8|20)|brics|asean|arab\ world
    |.*\bincome(?:\ (?:countries|economies))?|.*\bsmall\ states|small\ states|.*demographic\ dividend|.*developed\ (?:countries|regions|economies).*
    |sub-saharan\ africa.*|(?:middle\ east|east\ asia|south\ asia|europe|latin\ america)\ (?:&|and)\ .*
    |(?:northern|southern|eastern|western|central|middle|south-eastern|south-central)\ (?:africa|asia|europe|america)\b.*
    |africa\ (?:eastern|western).*|south\ asia|north\ america|caribbean|melanesia|micronesia|polynesia|australia/new\ zealand
    |central\ europe\ and\ the\ baltics|(?:ida|ibrd)\b.*|heavily\ indebted.*|fragile\ and\ conflict.*|south\ asia\ \(.*|least\ developed.*
    |(?:excluding|rest\ of|other)\ .*)\s*""",
    re.IGNORECASE | re.VERBOSE,
)
_PLACES = frozenset({"entity", "geo", "economy", "reporter", "partner"})
STATES = frozenset({"California", "Texas", "Ohio", "Florida"})
DISTINCT = 1000
MEASURES = 4


def candidates(values: pd.Series) -> list[str]:
    """Return the values that are called totals, the plainest first."""
    found = [str(value) for value in values.dropna().unique() if _NAMED.fullmatch(str(value))]
    return sorted(found, key=lambda value: value.strip().lower() not in WORDS)


def mark(frame: pd.DataFrame, columns: Sequence[Column]) -> tuple[Column, ...]:
    """Return the columns, each category with its totals, the largest first.

    A total is called one, has as much as any other value, and as many rows. Groups are known by name.
    """
    columns = [replace(c, groups=_groups(frame[c.name])) if _is_place(c) else c for c in columns]
    sums = [c.name for c in columns if c.role == "measure" and c.agg in ("sum", "last")]
    return tuple(
        replace(column, totals=_totals(frame, column.name, sums[:MEASURES]))
        if sums and is_divided(column)
        else column
        for column in columns
    )


def _is_place(column: Column) -> bool:
    """Tell whether a column may hold regions among its countries or states."""
    named = column.role == "geography" or _PLACES & set(words(column.name))
    return bool(named) and column.type == "text" and 8 <= column.distinct <= DISTINCT


def _groups(values: pd.Series) -> tuple[str, ...]:
    """Return the values that hold several of the others: at most two in five, else they are the parts."""
    known = [str(value) for value in values.dropna().unique()]
    found = [value for value in known if _GROUPS.fullmatch(value)]
    if sum(map(len, known)) < 4 * len(known):
        return ()  # codes, whose names stand beside them
    if set(known) >= STATES:
        found = [value for value in known if value in ("United States", "USA", "US", "U.S.")]
    found = [value for value in found if not re.search(r"['\\]", value)]
    return tuple(sorted(found)) if len(found) <= 0.4 * len(known) else ()


def is_divided(column: Column) -> bool:
    """Tell whether a column's values may be parts and their total."""
    roles = ("category", "geography")
    return column.role in roles and column.type == "text" and 3 < column.distinct <= DISTINCT


def _totals(frame: pd.DataFrame, name: str, sums: list[str]) -> tuple[str, ...]:
    # Those with a quote or a backslash are left: engines differ in how they write them.
    named = [value for value in candidates(frame[name]) if not re.search(r"['\\]", value)]
    if not named:
        return ()
    by = frame[[name, *sums]].groupby(name)[sums].sum()
    parts = by.drop(index=named)
    if parts.empty:
        return ()
    larger = (by.loc[named] >= parts.max()).mean(axis="columns")
    # In all years, months...: where it is missing, the parts would be too.
    counts = frame[name].value_counts()
    often = counts.loc[named] >= 0.9 * counts.loc[parts.index].max()
    found = [value for value in named if larger[value] > 0.5 and often[value]]
    ranked = by.loc[found, sums[0]].sort_values(ascending=False, kind="stable")
    return tuple(str(value) for value in ranked.index)
