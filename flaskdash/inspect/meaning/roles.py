"""Say what each column means: its type, its role, and how it adds up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast, get_args

import pandas as pd

from flaskdash.errors import FlaskdashError
from flaskdash.inspect import words as vocabulary
from flaskdash.inspect.meaning import codes, order, totals
from flaskdash.inspect.meaning.measures import (
    ages,
    aggregation,
    line_amounts,
    readings,
    running_totals,
    unit_of,
)
from flaskdash.inspect.model import Column, ColumnType, Role
from flaskdash.inspect.words import words

LONG_TEXT = 60
AGGREGATIONS = ("sum", "mean", "last")
_CLOCK = r"\d{1,2}:\d{2}(:\d{2})?( ?[AaPp][Mm])?"
# What a flag says where it holds, and where it does not.
FLAGS = (
    ("yes", "no"),
    ("y", "n"),
    ("true", "false"),
    ("t", "f"),
    ("on", "off"),
    ("1", "0"),
    ("ja", "nein"),
    ("oui", "non"),
    ("si", "no"),
    ("sí", "no"),
    ("sim", "não"),
    ("approved", "rejected"),
    ("pass", "fail"),
    ("passed", "failed"),
    ("success", "failure"),
    ("churned", "stayed"),
    ("died", "survived"),
    ("dead", "alive"),
    ("spam", "ham"),
)


def describe(frame: pd.DataFrame, units: Mapping[str, str]) -> tuple[Column, ...]:
    """Return what each column of a loader's result means."""
    columns = [
        column_of(str(name), frame.iloc[:, position], position, units.get(str(name)))
        for position, name in enumerate(frame.columns)
    ]
    columns = codes.mark(frame, columns)
    split = ages(frame, columns)
    columns = [replace(c, role="category", agg=None) if c.name in split else c for c in columns]
    amounts = line_amounts(frame, columns)
    columns = [replace(c, agg="sum") if c.name in amounts else c for c in columns]
    running = running_totals(frame, columns)
    columns = [replace(c, agg="last") if c.name in running else c for c in columns]
    alike = readings(frame, columns)
    columns = [replace(c, agg="mean") if c.name in alike else c for c in columns]
    return totals.mark(frame, columns)


def override(
    columns: tuple[Column, ...], wanted: Mapping[str, str], frame: pd.DataFrame
) -> tuple[Column, ...]:
    """Return the columns with the roles that their loader declares, as ROLES = {"month": "category"}.

    "sum", "mean" and "last" mean a measure that adds up so. Raises FlaskdashError for what is none.
    """
    found = {column.name: column for column in columns}
    for name, role in wanted.items():
        if name not in found:
            raise FlaskdashError(
                f"ROLES names {name!r}, which is no column",
                f"one of: {', '.join(list(found)[:20])}",
            )
        if role not in (*get_args(Role), *AGGREGATIONS):
            roles = ", ".join((*get_args(Role), *AGGREGATIONS))
            raise FlaskdashError(f"ROLES gives {name!r} the role {role!r}", f"one of: {roles}")
        found[name] = _as(found[name], role, frame[name])
    return tuple(found.values())


def _as(column: Column, role: str, values: pd.Series) -> Column:
    """Return a column in another role."""
    agg = grain = None
    if role in ("measure", *AGGREGATIONS):
        if column.type not in ("integer", "number"):
            raise FlaskdashError(
                f"ROLES makes {column.name!r} a measure, and it is {column.type}",
                "have load() return numbers there",
            )
        agg = aggregation(column.name, column.type, column.unit) if role == "measure" else role
        role = "measure"
    if role == "time":
        if column.type not in ("integer", "date", "datetime"):
            raise FlaskdashError(
                f"ROLES makes {column.name!r} a time, and it is {column.type}",
                "have load() return dates there",
            )
        grain = "year" if column.type == "integer" else grain_of(values.dropna())
    return replace(column, role=cast("Role", role), agg=agg, grain=grain, totals=())


def decline(columns: tuple[Column, ...], rows: int) -> str:
    """Return why nothing can be charted, or an empty string."""
    chartable = {"time", "measure", "category", "geography", "flag"}
    if any(column.role in chartable for column in columns):
        return ""
    roles = sorted({column.role for column in columns})
    return f"no column can be charted: there is only {' and '.join(roles)}"


def column_of(name: str, values: pd.Series, position: int, unit: str | None) -> Column:
    """Return what one column means, looked at alone."""
    kind = type_of(values)
    present = values.dropna()
    try:
        distinct = int(present.nunique())
    except TypeError:  # lists and dicts, which Parquet may hold
        present = present.astype("str")
        distinct = int(present.nunique())
    role = role_of(name, kind, present, distinct, len(values), position)
    grain = None
    if role == "time":
        grain = "year" if kind == "integer" else grain_of(present)
    unit = unit or (unit_of(name) if role == "measure" else None)
    is_named = kind == "text" and role in ("category", "flag") and distinct <= order.MOST
    values_of_it = [str(value) for value in present.unique()] if is_named else []
    return Column(
        name=name,
        type=kind,
        role=role,
        missing=len(values) - len(present),
        distinct=distinct,
        agg=aggregation(name, kind, unit, present) if role == "measure" else None,
        grain=grain,
        unit=unit,
        order=order.ordered(values_of_it),
        yes=_yes(values_of_it) if role == "flag" else None,
    )


def _yes(values: list[str]) -> str | None:
    """Return which of a flag's two words means that it holds; None where they are no such pair."""
    said = {value.strip().lower(): value for value in values}
    yes = next((yes for yes, no in FLAGS if said.keys() == {yes, no}), None)
    return said[yes] if yes else None


def type_of(values: pd.Series) -> ColumnType:
    """Return the type of a column; whole numbers with gaps are integers too."""
    if pd.api.types.is_bool_dtype(values):
        return "boolean"
    if pd.api.types.is_integer_dtype(values):
        return "integer"
    if pd.api.types.is_float_dtype(values):
        present = values.dropna()
        whole = len(present) > 0 and bool((present % 1 == 0).all())
        years = bool(present.between(1500, 2200).all())  # which R writes as 1961.0
        return "integer" if whole and (years or len(present) < len(values)) else "number"
    if pd.api.types.is_datetime64_any_dtype(values):
        present = values.dropna()
        return "date" if bool((present == present.dt.normalize()).all()) else "datetime"
    return "text"


def role_of(
    name: str, kind: ColumnType, present: pd.Series, distinct: int, rows: int, position: int
) -> Role:
    """Return the role of a column, from its name and its non-missing values."""
    if distinct == 0:
        return "empty"
    if distinct == 1 and rows > 1:
        return "constant"
    if kind in ("date", "datetime"):
        return "time"
    if kind == "boolean":
        return "flag"
    if kind == "text":
        return _text_role(name, present, distinct)
    return _number_role(name, kind, present, distinct, position)


def _text_role(name: str, present: pd.Series, distinct: int) -> Role:
    """Return the role of a text column."""
    named = words(name)
    if distinct == 2 and _yes([str(value) for value in present.unique()]):
        return "flag"
    sample = present.drop_duplicates().head(1000).astype("str")
    length = float(sample.str.len().mean())
    unique = distinct / len(present)
    id_named = bool(set(named) & vocabulary.ID_WORDS) or bool(set(named) & vocabulary.CODE_WORDS)
    digits = float(sample.str.contains(r"\d").mean())
    blanks = float(sample.str.contains(r"\s").mean())
    if distinct > 24 and bool(sample.str.fullmatch(_CLOCK).all()):
        return "identifier"  # times of day
    if id_named and (distinct > 20 or digits > 0.5):
        return "identifier"
    if named and named[-1] in vocabulary.NUMBER_WORDS and unique > 0.3 < digits:
        return "identifier"
    if length > LONG_TEXT and distinct > 20:
        return "text"
    if set(named) & vocabulary.GEO_WORDS:
        return "geography"
    if unique > 0.9 and distinct > 20 and digits > 0.8 and blanks < 0.2:
        return "identifier"
    if unique > 0.5 and length > 30 and distinct > 50:
        return "text"
    return "category"


def _number_role(
    name: str, kind: ColumnType, present: pd.Series, distinct: int, position: int
) -> Role:
    """Return the role of a column of numbers."""
    named = set(words(name))
    last = words(name)[-1:]
    low, high = float(present.min()), float(present.max())
    if named & vocabulary.LATITUDE and -90 <= low <= high <= 90:
        return "geography"
    if named & vocabulary.LONGITUDE and -180 <= low <= high <= 180:
        return "geography"
    years = 1500 <= low <= high <= 2200
    if kind == "number":
        return "identifier" if years and named & {"date", "year"} else "measure"
    if (
        years
        and named & (vocabulary.YEAR_WORDS | {"date", "period"})
        and not named & {"per", "since"}
    ):
        return "time"
    if named & vocabulary.DATE_PARTS and distinct <= 60 and high <= 99 and len(named) <= 2:
        return "category"
    if named & vocabulary.ID_WORDS and not named & vocabulary.SUM_WORDS:
        return "identifier"
    if distinct > 20 and last and _names_codes(last[0]):
        return "identifier"
    if _is_index(name, present, distinct, position):
        return "identifier"
    counts = named & vocabulary.SUM_WORDS - vocabulary.NUMBER_WORDS
    if last and last[0] in vocabulary.NUMBER_WORDS and not counts and distinct > 20:
        return "identifier"
    if named & vocabulary.CLOCK_WORDS and _is_clock(present):
        return "identifier"
    if not named & vocabulary.SUM_WORDS and present.between(1900, 2100).mean() > 0.9:
        return "category"
    if {low, high} == {0.0, 1.0} and distinct == 2:
        return "flag"
    if _is_area(name):
        return "category" if distinct <= 60 else "identifier"
    ordinal = low in (0, 1) and high <= 7 and high - low + 1 <= distinct + 1
    if ordinal and len(present) > 100 and not named & vocabulary.COUNTED_WORDS:
        return "category"
    if named & vocabulary.CATEGORY_WORDS and distinct <= 20:
        return "category"
    if named & (vocabulary.SUM_WORDS | vocabulary.MEAN_WORDS | vocabulary.STOCK_WORDS):
        return "measure"
    few = distinct < 20 and distinct < 0.4 * len(present)
    dense = high - low + 1 <= 2 * distinct
    return "category" if few and (dense or distinct * 100 < len(present)) else "measure"


def _names_codes(word: str) -> bool:
    """Tell whether whole numbers of that name are codes: schoolid, idno, ccode."""
    return word.endswith(("code", "id", "idno")) and word not in vocabulary.NOT_IDS


def _is_area(name: str) -> bool:
    """Tell whether whole numbers of that name are codes of places: Ward, Police District, Community Area."""
    named = words(name)
    if named[-2:] in (["community", "area"], ["comm", "area"]):
        return True
    return named[-1:] != [] and named[-1] in vocabulary.AREA_WORDS


def _is_clock(present: pd.Series) -> bool:
    """Tell whether whole numbers are times of day, such as 517 for 5:17."""
    sample = present.head(10_000)
    return bool((sample % 100 < 60).all()) and 1000 < float(sample.max()) <= 2400


def _is_index(name: str, present: pd.Series, distinct: int, position: int) -> bool:
    """Tell whether whole numbers only count the rows."""
    blank = name.lower() == f"column_{position + 1}" and position == 0
    if distinct < len(present):
        return blank and float(present.min()) in (0.0, 1.0) and distinct > 10
    if len(present) < 3:
        return False
    steps = present.astype("float64").diff().dropna()
    counting = bool((steps == 1).all())
    low, high = float(present.min()), float(present.max())
    if len(present) >= 20 and low in (0.0, 1.0) and high - low + 1 == distinct and not counting:
        return True  # each number once, in another order: a rank
    return (counting and position == 0) or blank


def grain_of(present: pd.Series) -> str:
    """Return the smallest natural step between the times: day for daily dates."""
    times = present.drop_duplicates().sort_values()
    if len(times) < 2:
        return "day"
    if bool((times.dt.day == 1).all()) and bool((times == times.dt.normalize()).all()):
        if bool((times.dt.month == 1).all()):
            return "year"
        return "quarter" if bool((times.dt.month % 3 == 1).all()) else "month"
    seconds = times.diff().dropna().dt.total_seconds()
    step = float(seconds.median())
    if step < 86_400 * 0.99:
        return "hour"
    weekly = float((seconds % 604_800 == 0).mean()) > 0.9
    if step < 86_400 * 6.5 or (step < 86_400 * 25 and not weekly):
        return "day"
    if step < 86_400 * 25:
        return "week"
    if step < 86_400 * 80:
        return "month"
    return "quarter" if step < 86_400 * 300 else "year"
