"""Filters: from the URL to a WHERE clause, with each value a bound parameter."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from werkzeug.datastructures import MultiDict


@dataclass(frozen=True)
class Filter:
    """What one column lets through: one of `values`, or a day from `low` to `high`."""

    column: str
    values: tuple[str, ...] = ()
    low: str = ""
    high: str = ""


def from_query(args: MultiDict[str, str], columns: Iterable[str]) -> tuple[Filter, ...]:
    """Return the filters that a query string sets: ?region=North&day.from=2024-01-31."""
    found = []
    for column in columns:
        values = {value for value in args.getlist(column) if value}
        values |= {value.replace("\r\n", "\n") for value in values}  # a form sends newlines so
        low, high = _day(args.get(f"{column}.from", "")), _day(args.get(f"{column}.to", ""))
        if values or low or high:
            found.append(Filter(column, tuple(sorted(values)), low, high))
    return tuple(found)


def pairs(filters: Iterable[Filter]) -> list[tuple[str, str]]:
    """Return the filters as they stand in a query string."""
    found = []
    for item in filters:
        found += [(item.column, value) for value in item.values]
        ends = (("from", item.low), ("to", item.high))
        found += [(f"{item.column}.{end}", day) for end, day in ends if day]
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
        if kind and item.values:
            text = column if kind == "VARCHAR" else f"CAST({column} AS VARCHAR)"
            several = len(item.values) > 1  # as a list, they take DuckDB half as long as with IN
            right = f"ANY({bind(list(item.values))})" if several else bind(item.values[0])
            clauses.append(f"{text} = {right}")
        if item.low and is_day(kind):
            clauses.append(f"{column} >= CAST({bind(item.low)} AS DATE)")
        if item.high and is_day(kind):
            clauses.append(f"{column} < CAST({bind(item.high)} AS DATE) + INTERVAL 1 DAY")
    return (f" WHERE {' AND '.join(clauses)}" if clauses else ""), parameters


def quote(name: str) -> str:
    """Return a column's name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def is_day(kind: str) -> bool:
    """Tell whether a column of this SQL type is filtered by a range of days."""
    return kind.startswith(("DATE", "TIMESTAMP"))


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""
