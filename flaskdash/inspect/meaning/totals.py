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
# Unions and classes of countries, as the World Bank, the UN, the OECD and others call them.
_CLASSES = re.compile(
    r"""\s*(?:world|global|european\ union.*|eu[\s-]?\d\d.*|euro\ ?(?:area|zone).*|eurozone|oecd.*|g-?(?:7|8|20)|brics|asean
    |arab\ world|.*\bincome(?:\ (?:countries|economies))?|.*\bsmall\ states|small\ states|.*demographic\ dividend
    |.*developed\ (?:countries|regions|economies).*|sub-saharan\ africa.*|(?:ida|ibrd)\b.*|heavily\ indebted.*
    |fragile\ and\ conflict.*|least\ developed.*)\s*""",
    re.IGNORECASE | re.VERBOSE,
)
# Regions, which may as well be parts of their own: they are groups only beside a class.
_REGIONS = re.compile(
    r"""\s*(?:africa|asia|europe|oceania|(?:north|south|latin|central)\ america|americas
    |(?:middle\ east|east\ asia|south\ asia|europe|latin\ america)\ (?:&|and)\ .*
    |(?:northern|southern|eastern|western|central|middle|south-eastern|south-central)\ (?:africa|asia|europe|america)\b.*
    |africa\ (?:eastern|western).*|south\ asia|caribbean|melanesia|polynesia|australia/new\ zealand
    |central\ europe\ and\ the\ baltics|south\ asia\ \(.*)\s*""",
    re.IGNORECASE | re.VERBOSE,
)
_PLACES = frozenset({"entity", "geo", "economy", "reporter", "partner"})
STATES = frozenset({"California", "Texas", "Ohio", "Florida"})
DISTINCT = 1000
MEASURES = 4
NEAR = 0.05  # by how much, as a share, parts may miss their total


def candidates(values: pd.Series) -> list[str]:
    """Return the values that are called totals, the plainest first."""
    found = [str(value) for value in values.dropna().unique() if _NAMED.fullmatch(str(value))]
    return sorted(found, key=lambda value: value.strip().lower() not in WORDS)


def mark(frame: pd.DataFrame, columns: Sequence[Column]) -> tuple[Column, ...]:
    """Return the columns, each category with its totals, the largest first.

    A total is called one, has as much as any other value, and as many rows.
    """
    sums = _sums(columns)
    return tuple(
        replace(column, totals=_totals(frame, column.name, sums))
        if sums and is_divided(column)
        else column
        for column in columns
    )


def redundant(frame: pd.DataFrame, columns: Sequence[Column]) -> dict[str, list[str]]:
    """Return, by column, the totals and groups whose rows repeat what the other rows add up to.

    A total stays if its parts overlap or are incomplete: then only it tells how much there is.
    """
    groups = {c.name: _groups(frame[c.name]) if _is_place(c) else () for c in columns}
    found = {c.name: {*c.totals, *groups[c.name]} for c in columns if c.totals or groups[c.name]}
    is_part = {name: ~frame[name].isin(values) for name, values in found.items()}
    sums = _sums(columns)
    for column in columns:
        if not column.totals:
            continue
        name, largest = column.name, column.totals[0]
        beside = pd.Series(True, frame.index)
        for each in is_part.keys() - {name}:
            beside &= is_part[each]
        parts = frame.loc[beside & is_part[name], sums].sum()
        total = frame.loc[beside & (frame[name] == largest), sums].sum()
        if not bool(((parts - total).abs() < NEAR * total.abs()).all()):
            found[name] = set(groups[name]) - {largest}
    return {name: sorted(values) for name, values in found.items() if values}


def _sums(columns: Sequence[Column]) -> list[str]:
    """Return the first of the measures that add up."""
    sums = [c.name for c in columns if c.role == "measure" and c.agg in ("sum", "last")]
    return sums[:MEASURES]


def _is_place(column: Column) -> bool:
    """Tell whether a column may hold regions among its countries or states."""
    named = column.role == "geography" or _PLACES & set(words(column.name))
    return bool(named) and column.type == "text" and 8 <= column.distinct <= DISTINCT


def _groups(values: pd.Series) -> tuple[str, ...]:
    """Return the values that hold several of the others: at most two in five, else they are the parts."""
    known = [str(value) for value in values.dropna().unique()]
    found = [value for value in known if _CLASSES.fullmatch(value)]
    if found:
        found += [value for value in known if _REGIONS.fullmatch(value)]
    if sum(map(len, known)) < 4 * len(known):
        return ()  # codes, whose names stand beside them
    if set(known) >= STATES:
        found = [value for value in known if value in ("United States", "USA", "US", "U.S.")]
    found = list(filter(_is_plain, found))
    return tuple(sorted(found)) if len(found) <= 0.4 * len(known) else ()


def _is_plain(value: str) -> bool:
    """Tell whether all engines write a text alike: it has no quote, backslash or control character."""
    return repr(value) == f"'{value}'"


def is_divided(column: Column) -> bool:
    """Tell whether a column's values may be parts and their total."""
    roles = ("category", "geography")
    return column.role in roles and column.type == "text" and 2 < column.distinct <= DISTINCT


def _totals(frame: pd.DataFrame, name: str, sums: list[str]) -> tuple[str, ...]:
    named = list(filter(_is_plain, candidates(frame[name])))
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
