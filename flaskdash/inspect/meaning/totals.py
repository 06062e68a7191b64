"""Find the values of a category that are totals of its others, which would double each sum."""

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
_NAMED = re.compile(rf"\s*+({'|'.join(WORDS)}|(grand )?total(\s?\w+)?|.*\btotal)\s*+", re.I)
# Unions and classes of countries, in the words of the World Bank, the UN and the OECD.
_CLASSES = re.compile(
    r"""\s*+(?:world|global|european\ union.*|eu[\s-]?\d\d.*|euro\ ?(?:area|zone).*|eurozone|oecd.*|g-?(?:7|8|20)|brics|asean
    |arab\ world|.{0,99}\bincome(?:\ (?:countries|economies))?|.{0,99}\bsmall\ states|small\ states|.{0,99}demographic\ dividend
    |.{0,99}developed\ (?:countries|regions|economies).*|sub-saharan\ africa.*|(?:ida|ibrd)\b.*|heavily\ indebted.*
    |fragile\ and\ conflict.*|least\ developed.*)\s*+""",
    re.IGNORECASE | re.VERBOSE,
)
# Regions may be parts, such as continents: they are groups only beside a class.
_REGIONS = re.compile(
    r"""\s*+(?:africa|asia|europe|oceania|(?:north|south|latin|central)\ america|americas
    |(?:middle\ east|east\ asia|south\ asia|europe|latin\ america)\ (?:&|and)\ .*
    |(?:northern|southern|eastern|western|central|middle|south-eastern|south-central)\ (?:africa|asia|europe|america)\b.*
    |africa\ (?:eastern|western).*|south\ asia|caribbean|melanesia|polynesia|australia/new\ zealand
    |central\ europe\ and\ the\ baltics|south\ asia\ \(.*)\s*+""",
    re.IGNORECASE | re.VERBOSE,
)
_PLACES = frozenset({"entity", "geo", "economy", "reporter", "partner"})
STATES = frozenset({"California", "Texas", "Ohio", "Florida"})
MAX_DISTINCT = 1000
MAX_MEASURES = 4
TOLERANCE = 0.05  # share of a total by which its parts may miss it


def candidates(values: pd.Series) -> list[str]:
    """Return the values with the name of a total, the plainest first."""
    totals = [str(value) for value in values.dropna().unique() if _NAMED.fullmatch(str(value))]
    return sorted(totals, key=lambda value: value.strip().lower() not in WORDS)


def mark(frame: pd.DataFrame, columns: Sequence[Column]) -> tuple[Column, ...]:
    """Return the columns, each category with its totals, the largest first.

    A total has the name of one, is at least as large as any other value, and has as many rows.
    """
    sums = _sums(columns)
    return tuple(
        replace(column, totals=_totals(frame, column.name, sums))
        if sums and is_divided(column)
        else column
        for column in columns
    )


def redundant(frame: pd.DataFrame, columns: Sequence[Column]) -> dict[str, list[str]]:
    """Return, by column, the totals and groups whose rows repeat the sum of other rows.

    A total stays if its parts overlap or are incomplete: then only the total is right.
    """
    groups = {c.name: _groups(frame[c.name]) if _is_place(c) else () for c in columns}
    result = {c.name: {*c.totals, *groups[c.name]} for c in columns if c.totals or groups[c.name]}
    is_part = {name: ~frame[name].isin(values) for name, values in result.items()}
    sums = _sums(columns)
    for column in columns:
        if not column.totals:
            continue
        name, largest = column.name, column.totals[0]
        elsewhere_part = pd.Series(True, frame.index)
        for other_column in is_part.keys() - {name}:
            elsewhere_part &= is_part[other_column]
        parts = frame.loc[elsewhere_part & is_part[name], sums].sum()
        total = frame.loc[elsewhere_part & (frame[name] == largest), sums].sum()
        if not bool(((parts - total).abs() < TOLERANCE * total.abs()).all()):
            result[name] = set(groups[name]) - {largest}
    return {name: sorted(values) for name, values in result.items() if values}


def _sums(columns: Sequence[Column]) -> list[str]:
    """Return the names of the first measures that add up."""
    sums = [c.name for c in columns if c.role == "measure" and c.agg in ("sum", "last")]
    return sums[:MAX_MEASURES]


def _is_place(column: Column) -> bool:
    """Tell whether a column may hold regions among its countries or states."""
    names_places = column.role == "geography" or _PLACES & set(words(column.name))
    return bool(names_places) and column.type == "text" and 8 <= column.distinct <= MAX_DISTINCT


def _groups(values: pd.Series) -> tuple[str, ...]:
    """Return the values that contain other ones; none if they are more than two in five."""
    names = [str(value) for value in values.dropna().unique()]
    if sum(map(len, names)) < 4 * len(names):
        return ()  # codes: their names are in another column
    groups = [name for name in names if _CLASSES.fullmatch(name)]
    if groups:
        groups += [name for name in names if _REGIONS.fullmatch(name)]
    if set(names) >= STATES:
        groups = [name for name in names if name in ("United States", "USA", "US", "U.S.")]
    groups = list(filter(_is_plain, groups))
    return tuple(sorted(groups)) if len(groups) <= 0.4 * len(names) else ()


def _is_plain(value: str) -> bool:
    """Tell whether a text needs no escaping in the SQL of any engine."""
    return repr(value) == f"'{value}'"


def is_divided(column: Column) -> bool:
    """Tell whether a column's values may be parts and their total."""
    roles = ("category", "geography")
    return column.role in roles and column.type == "text" and 2 < column.distinct <= MAX_DISTINCT


def _totals(frame: pd.DataFrame, name: str, sums: list[str]) -> tuple[str, ...]:
    named = list(filter(_is_plain, candidates(frame[name])))
    if not named:
        return ()
    by_value = frame[[name, *sums]].groupby(name)[sums].sum()
    parts = by_value.drop(index=named)
    if parts.empty:
        return ()
    larger_share = (by_value.loc[named] >= parts.max()).mean(axis="columns")
    # If a total is missing in some years or months, charts of it would lack those.
    counts = frame[name].value_counts()
    is_complete = counts.loc[named] >= 0.9 * counts.loc[parts.index].max()
    totals = [value for value in named if larger_share[value] > 0.5 and is_complete[value]]
    ranked = by_value.loc[totals, sums[0]].sort_values(ascending=False, kind="stable")
    return tuple(str(value) for value in ranked.index)
