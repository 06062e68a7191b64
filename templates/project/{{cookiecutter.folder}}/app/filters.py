"""Filters: from the URL to a WHERE clause, with each value a bound parameter."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from werkzeug.datastructures import MultiDict

NUMBER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL[(\d,)]*")
FORMS = ("choice", "single", "range", "days", "search")
LONGEST_SEARCH = 200


@dataclass(frozen=True)
class Filter:
    """What one column lets through: one of `values`, from `low` to `high`, what has `text` in it."""

    column: str
    values: tuple[str, ...] = ()
    low: str = ""
    high: str = ""
    text: str = ""


def from_query(args: MultiDict[str, str], columns: Iterable[str]) -> tuple[Filter, ...]:
    """Return the filters of a query string: ?region=North&day.from=2024-01-31&name.has=tea."""
    found = []
    for column in columns:
        values = {value for value in args.getlist(column) if value}
        values |= {value.replace("\r\n", "\n") for value in values}  # a form sends newlines so
        ends = (args.get(f"{column}.{end}", "") for end in ("from", "to"))
        low, high = (end if _day(end) or _number(end) else "" for end in ends)
        text = args.get(f"{column}.has", "").strip()[:LONGEST_SEARCH]
        if values or low or high or text:
            found.append(Filter(column, tuple(sorted(values)), low, high, text))
    return tuple(found)


def pairs(filters: Iterable[Filter]) -> list[tuple[str, str]]:
    """Return the filters as they stand in a query string."""
    found = []
    for item in filters:
        found += [(item.column, value) for value in item.values]
        ends = (("from", item.low), ("to", item.high), ("has", item.text))
        found += [(f"{item.column}.{end}", value) for end, value in ends if value]
    return found


def where(filters: Iterable[Filter], types: Mapping[str, str]) -> tuple[str, dict[str, object]]:
    """Return the WHERE clause and its parameters, for the columns that the data has."""
    clauses: list[str] = []
    parameters: dict[str, object] = {}

    def bind(value: object) -> str:
        parameters[f"f{len(parameters)}"] = value
        return f"$f{len(parameters) - 1}"

    for item in filters:
        kind, column = types.get(item.column, ""), quote(item.column)
        text = column if kind == "VARCHAR" else f"CAST({column} AS VARCHAR)"
        low, high = ends(item, kind)
        bound = "DATE" if is_day(kind) else "FLOAT" if kind == "FLOAT" else "DOUBLE"
        if kind and item.values:
            several = len(item.values) > 1  # as a list, they take DuckDB half as long as with IN
            right = f"ANY({bind(list(item.values))})" if several else bind(item.values[0])
            clauses.append(f"{text} = {right}")
        if kind and item.text:
            clauses.append(f"contains(lower({text}), lower({bind(item.text)}))")
        if low:
            clauses.append(f"{column} >= CAST({bind(low)} AS {bound})")
        if high and is_day(kind):
            clauses.append(f"{column} < CAST({bind(high)} AS DATE) + INTERVAL 1 DAY")
        elif high:
            clauses.append(f"{column} <= CAST({bind(high)} AS {bound})")
    return (f" WHERE {' AND '.join(clauses)}" if clauses else ""), parameters


def ends(item: Filter, kind: str) -> tuple[str, str]:
    """Return the ends of a range as a column of this SQL type takes them: days, numbers, none."""
    read = _day if is_day(kind) else _number if is_number(kind) else lambda _: ""
    return read(item.low), read(item.high)


def quote(name: str) -> str:
    """Return a column's name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def is_day(kind: str) -> bool:
    """Tell whether a column of this SQL type is filtered by a range of days."""
    return kind.startswith(("DATE", "TIMESTAMP"))


def is_number(kind: str) -> bool:
    """Tell whether a column of this SQL type can be filtered by a range of numbers."""
    return bool(NUMBER.fullmatch(kind))


def fits(form: str, kind: str) -> bool:
    """Tell whether a column of this SQL type can be filtered in a form."""
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
