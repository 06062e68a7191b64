"""Filters: from the URL to a WHERE clause, with each value a bound parameter."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from app.engine.models import GRAINS, LONGEST_SEARCH, STEP, Filter

NUMBER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL[(\d,)]*")
PARTS = ("", ".from", ".to", ".has", ".not", ".blank")  # of a column's parameters in the URL
FORMS = ("choice", "single", "range", "days", "search")


def from_query(args: MultiDict[str, str], forms: Mapping[str, str]) -> tuple[Filter, ...]:
    """Return the filters in a query string: ?region=North&day.from=2024-01-31&name.has=tea.

    The rows without a region are ?region.blank=1, those with another one are ?region.not=North,
    and those with any are ?region.blank=0. An empty parameter, as in ?region=, is an empty filter if the column has a default.
    """
    filters = []
    for column, form in forms.items():
        names = (column, f"{column}.not")
        values = {value for name in names for value in args.getlist(name) if value}
        values |= {value.replace("\r\n", "\n") for value in values}  # forms send newlines as \r\n
        limits = (args.get(f"{column}.{end}", "") for end in ("from", "to"))
        low, high = (limit if _day(limit) or _number(limit) else "" for limit in limits)
        text = args.get(f"{column}.has", "").strip()[:LONGEST_SEARCH]
        blank = args.get(f"{column}.blank", "")
        values |= {""} if blank else set()
        values &= {*GRAINS} if form == STEP else values
        is_not = bool(values) and (f"{column}.not" in args or blank == "0")
        item = Filter(column, tuple(sorted(values)), low, high, text, is_not)
        is_named = any(f"{column}{part}" in args for part in PARTS)
        if item != Filter(column) or ("=" in form and is_named):
            filters.append(item)
    return tuple(filters)


def to_pairs(filters: Iterable[Filter]) -> list[tuple[str, str]]:
    """Return the filters as parameters of a query string."""
    pairs = []
    for item in filters:
        pairs += [value_pair(item, value) for value in item.values]
        pairs += [(item.column, "")] if item == Filter(item.column) else []
        limits = (("from", item.low), ("to", item.high), ("has", item.text))
        pairs += [(f"{item.column}.{end}", value) for end, value in limits if value]
    return pairs


def to_query(filters: Iterable[Filter]) -> str:
    """Return the filters as a query string, without the question mark."""
    return urlencode(to_pairs(filters))


def value_pair(item: Filter, value: str) -> tuple[str, str]:
    """Return one value of a filter as a parameter of a query string."""
    if not value:
        return f"{item.column}.blank", "0" if item.is_not else "1"
    return f"{item.column}.not" if item.is_not else item.column, value


def where(
    filters: Iterable[Filter], types: Mapping[str, str], prefix: str = "f"
) -> tuple[str, dict[str, object]]:
    """Return the WHERE clause and its parameters, for the columns that the data has."""
    clauses: list[str] = []
    parameters: dict[str, object] = {}

    def bind(value: object) -> str:
        parameters[f"{prefix}{len(parameters)}"] = value
        return f"${prefix}{len(parameters) - 1}"

    for item in filters:
        if kind := types.get(item.column):
            clauses += _clauses(item, kind, bind)
    return (f" WHERE {' AND '.join(clauses)}" if clauses else ""), parameters


def _clauses(item: Filter, kind: str, bind: Callable[[object], str]) -> list[str]:
    clauses = []
    column = quote(item.column)
    text = column if kind == "VARCHAR" else f"CAST({column} AS VARCHAR)"
    if item.is_not or "" in item.values:
        text = f"coalesce(CAST({column} AS VARCHAR), '')"
    low, high = limits(item, kind)
    bound = "DATE" if is_day(kind) else "FLOAT" if kind == "FLOAT" else "DOUBLE"
    negation = "NOT " * item.is_not
    if len(item.values) == 1:
        clauses.append(f"{negation}({text} = {bind(item.values[0])})")
    elif item.values:  # DuckDB takes half as long with a list as with IN
        clauses.append(f"{negation}({text} = ANY({bind(list(item.values))}))")
    if item.text:
        clauses.append(f"contains(lower({text}), lower({bind(item.text)}))")
    if low:
        clauses.append(f"{column} >= CAST({bind(low)} AS {bound})")
    if high and is_day(kind):
        clauses.append(f"{column} < CAST({bind(high)} AS DATE) + INTERVAL 1 DAY")
    elif high:
        clauses.append(f"{column} <= CAST({bind(high)} AS {bound})")
    return clauses


def limits(item: Filter, kind: str) -> tuple[str, str]:
    """Return the limits of a range that fit an SQL type: days, numbers, or empty."""
    if is_day(kind):
        return _day(item.low), _day(item.high)
    if is_number(kind):
        return _number(item.low), _number(item.high)
    return "", ""


def quote(name: str) -> str:
    """Return a column's name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def is_day(kind: str) -> bool:
    """Return whether a column of this SQL type is filtered by a range of days."""
    return kind.startswith(("DATE", "TIMESTAMP"))


def is_number(kind: str) -> bool:
    """Return whether a column of this SQL type can be filtered by a range of numbers."""
    return bool(NUMBER.fullmatch(kind))


def fits(form: str, kind: str) -> bool:
    """Return whether a column of this SQL type can be filtered in a form."""
    return {"range": is_number(kind), "days": is_day(kind)}.get(form, True)


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""


def _number(text: str) -> str:
    try:
        return f"{float(text):.15g}" if math.isfinite(float(text)) else ""
    except ValueError:
        return ""
