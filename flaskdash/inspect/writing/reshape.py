"""Turn wide tables into long ones, and split dates into one: extra lines for the body."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from flaskdash.inspect.literals import comment, literal
from flaskdash.inspect.values import dates
from flaskdash.inspect.values.column_plan import ColumnPlan
from flaskdash.inspect.words import words
from flaskdash.inspect.writing import pandas_code
from flaskdash.inspect.writing.column_names import free

YEARS = 5
DATES = 5
BASKET = 5
_YEAR = re.compile(r"(19|20)\d{2}")
_MARKED_YEAR = re.compile(r"(19|20)\d{2}(\s?\*|\s?\([a-z]{1,3}\)|\s?\[\w{1,3}\])?")  # 2023 (p)
_LAST_YEAR = re.compile(r"(?P<before>[^\W\d].{0,40}?)(?P<year>(19|20)\d{2})")
YEAR_MARKS = frozenset({"f", "y", "x", "yr", "year", "fy", "cy", "an", "jahr", "ano", "año"})
SUMS = frozenset(
    {"total", "totals", "sum", "summe", "gesamt", "grand total", "insgesamt", "totale"}
)
_WORLD_BANK = re.compile(r"(19|20)\d{2} \[YR\d{4}\]")
PARTS = {
    "year": frozenset({"year", "yr", "yyyy"}),
    "month": frozenset({"month", "mo", "mon", "mm"}),
    "day": frozenset({"day", "dy", "dd", "dom"}),
}


@dataclass(frozen=True)
class Reshape:
    """Lines that come before ``return df``, what they do in words, and how the result is."""

    lines: tuple[str, ...]
    note: str


def reshape(frame: pd.DataFrame, ragged: bool = False) -> Reshape | None:
    """Return how to reshape what was read, or None where it is fine as it is."""
    if ragged:
        return basket(frame)
    return wide(frame) or parts(frame)


@dataclass(frozen=True)
class _Wide:
    """Columns whose names are years or dates, and the expression for what these mean.

    `variable` names the new column, `value` its values where the names tell that.
    """

    columns: list[str]
    variable: str
    convert: str
    value: str = ""


def wide(frame: pd.DataFrame) -> Reshape | None:
    """Return the melt of a table with a column for each year or date."""
    names = [str(name) for name in frame.columns]
    found = _year_columns(names) or _date_columns(names)
    if found is None:
        return None
    columns = found.columns
    if not all(pd.api.types.is_numeric_dtype(frame[name]) for name in columns):
        return None
    others = [name for name in names if name not in set(columns)]
    # The sum of the columns would be repeated in each row.
    sums = [name for name in others if name.strip().lower() in SUMS and _is_number(frame[name])]
    others = [name for name in others if name not in sums]
    numbers = [n for n in others if pd.api.types.is_float_dtype(frame[n])]
    if not others or len(numbers) > 3 or len(columns) < len(others):
        return None
    taken = {name.lower() for name in others}
    variable = free(found.variable, taken)
    value = free(found.value, taken | {variable}) if found.value else ""
    value = value or _value_name(frame, others, taken | {variable})
    target = f"df[{literal(variable)}]"
    drop = f".drop(columns={literal(sums)})" if sums else ""
    lines = (
        f"# One row for each {found.variable}, in place of a column each.",
        f"df = df{drop}.melt(id_vars={literal(others)}, var_name={literal(variable)}, "
        f"value_name={literal(value)})",
        f"df = df.dropna(subset={literal(value)}, ignore_index=True)",
        f"{target} = {found.convert.replace('{c}', target)}",
    )
    without = f"; {comment(', '.join(sums))} is left out" if sums else ""
    note = (
        f"{len(columns)} columns from {comment(columns[0])} to {comment(columns[-1])} became "
        f"rows: {variable} and {value}; empty ones were left out{without}"
    )
    return Reshape(lines, note)


def _is_number(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values)


def _year_columns(names: Sequence[str]) -> _Wide | None:
    """Return the year columns, when at least five years follow each other."""
    columns = [n for n in names if _MARKED_YEAR.fullmatch(n) or _WORLD_BANK.fullmatch(n)]
    if columns:
        whole = all(map(_YEAR.fullmatch, columns))
        convert = "{c}.astype(int)" if whole else "{c}.str[:4].astype(int)"
        return _Wide(columns, "year", convert) if _follow([n[:4] for n in columns]) else None
    # F1960 in ArcGIS, X1960 in R, "Population 1960" elsewhere.
    ends = [found for name in names if (found := _LAST_YEAR.fullmatch(name))]
    if not ends or len({found["before"] for found in ends}) > 1:
        return None
    before = ends[0]["before"]
    columns = [found[0] for found in ends]
    word = before.strip(" _-.:").strip()
    if not _follow([found["year"] for found in ends]):
        return None
    short = word.lower() in YEAR_MARKS
    convert = f"{{c}}.str.removeprefix({literal(before)}).astype(int)"
    return _Wide(columns, "year", convert, "" if short else word)


def _follow(years: Sequence[str]) -> bool:
    """Tell whether these are at least five years, as far apart from each other."""
    found = sorted(map(int, years))
    steps = {b - a for a, b in itertools.pairwise(found)}
    return len(found) >= YEARS and len(steps) == 1 and 1 <= steps.pop() <= 10


def _date_columns(names: Sequence[str]) -> _Wide | None:
    """Return the columns named by dates or quarters of one format, when they follow each other."""
    dated = [bool(dates.recognise([name], named=True)) for name in names]
    if not any(dated):
        return None
    first = dated.index(True)
    run = list(itertools.takewhile(lambda i: dated[i], range(first, len(names))))
    columns = [names[i] for i in run]
    found = dates.recognise(columns, named=True)
    if found is None or len(columns) < DATES or sum(dated) > len(columns) or found.zoned:
        return None
    if found.ambiguous:
        found = dates.likelier(columns, found)
    plan = ColumnPlan("", "date", 0, dating=replace(found, evidence=""))
    ((expression, _),) = pandas_code.date_steps(plan)
    return _Wide(columns, "date", expression)


def _value_name(frame: pd.DataFrame, others: Sequence[str], taken: set[str]) -> str:
    """Return the values' name: what a constant indicator column says, or "value"."""
    for name in others:
        if {"indicator", "series", "measure", "variable"} & set(
            words(name)
        ) and "code" not in words(name):
            said = frame[name].dropna().unique()
            if len(said) == 1 and isinstance(said[0], str):
                return free(comment(said[0]), taken)
    return free("value", taken)


def parts(frame: pd.DataFrame) -> Reshape | None:
    """Return the date that year, month and perhaps day columns make together."""
    if any(pd.api.types.is_datetime64_any_dtype(kind) for kind in frame.dtypes):
        return None
    found = {
        part: next((str(n) for n in frame.columns if str(n).strip().lower() in known), None)
        for part, known in PARTS.items()
    }
    year, month, day = found["year"], found["month"], found["day"]
    if year is None or month is None or not _within(frame, month, 1, 12):
        return None
    century = 0
    if not _within(frame, year, 1000, 2200):
        if not _within(frame, year, 0, 99):
            return None
        # The usual pivot of two-digit years: 69 to 99 are the 1900s.
        century = 1900 if float(frame[year].min()) > 30 else 2000
    name = free("date", {str(column).lower() for column in frame.columns})
    years = f"df[{literal(year)}]" + (f" + {century}" if century else "")
    whole = day is not None and _within(frame, day, 1, 31)
    if whole:
        try:
            pd.to_datetime(
                pd.DataFrame(
                    {"year": frame[year] + century, "month": frame[month], "day": frame[day]}
                )
            )
        except (ValueError, OverflowError):
            whole = False
    days = f"df[{literal(day)}]" if day and whole else "1"
    pieces = f'"year": {years}, "month": df[{literal(month)}], "day": {days}'
    line = f"df[{literal(name)}] = pd.to_datetime(pd.DataFrame({{{pieces}}}))"
    if whole:
        return Reshape((line,), f"{name} is made of {comment(year)}, {comment(month)} and the day")
    why = f", because {comment(day)} has values that are no day" if day else ""
    return Reshape((line,), f"{name} is the first day of the month{why}")


def _within(frame: pd.DataFrame, name: str, low: int, high: int) -> bool:
    """Tell whether a column holds whole numbers of a range, without gaps."""
    values = frame[name]
    return pd.api.types.is_integer_dtype(values) and bool(values.between(low, high).all())


def basket(frame: pd.DataFrame) -> Reshape | None:
    """Return the long form of a list of lists: one row for each item."""
    if frame.shape[1] < BASKET or not float(frame.iloc[:, 0].notna().mean()) > 0.95:
        return None
    lines = (
        "# Each line is a list: one row for each of its items.",
        'df = df.melt(ignore_index=False, var_name="position", value_name="item")',
        'df = df.dropna(subset="item").rename_axis("line").reset_index()',
        'df["position"] = df["position"].str.removeprefix("column_").astype(int)',
    )
    return Reshape(lines, f"lines are lists of up to {frame.shape[1]} items: one row for each item")
