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
MIN_VALUES = 4  # of a category with a total that only arithmetic tells
MIN_PARTS = 3  # years, for example, in each of which it is the sum
MOST_EQUAL = 0.95  # share of these
EXACT = 5e-4  # share of the whole by which rounded parts may miss their total
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


def _sum_of_others(frame: pd.DataFrame, name: str, sums: list[str]) -> list[str]:
    """Return the value whose rows are the sums of all the other rows, whatever it is called.

    That holds for each measure in all, and in each part of the data, such as a year.
    """
    by_value = frame.groupby(name)[sums].sum()
    whole = by_value.sum()
    is_half = (by_value - whole / 2).abs().le(EXACT * whole.abs()).all(axis="columns")
    if len(by_value) < MIN_VALUES or not (whole > 0).all() or is_half.sum() != 1:
        return []
    total = str(by_value.index[is_half][0])
    is_total = frame[name] == total
    for key in frame.columns.difference([name, *sums]):
        if frame.loc[is_total, key].is_unique and is_total.sum() >= MIN_PARTS:
            totals = frame[is_total].groupby(key)[sums].sum()
            parts = frame[~is_total].groupby(key)[sums].sum().reindex(totals.index)
            is_equal = (totals - parts).abs().le(2 * EXACT * parts.abs())
            if is_equal.to_numpy().mean() >= MOST_EQUAL:
                return [total]
    return []


def _totals(frame: pd.DataFrame, name: str, sums: list[str]) -> tuple[str, ...]:
    sum_of_others = _sum_of_others(frame, name, sums)
    named = list(filter(_is_plain, dict.fromkeys([*candidates(frame[name]), *sum_of_others])))
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
    is_complete |= is_complete.index.isin(sum_of_others)
    totals = [value for value in named if larger_share[value] > 0.5 and is_complete[value]]
    ranked = by_value.loc[totals, sums[0]].sort_values(ascending=False, kind="stable")
    return tuple(str(value) for value in ranked.index)
