"""Describe columns: their types, their roles, and how they are aggregated."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import cast, get_args

import pandas as pd

from flaskdash.errors import FlaskdashError
from flaskdash.inspect import words as vocabulary
from flaskdash.inspect.meaning import codes, order, totals
from flaskdash.inspect.meaning.measures import (
    age_categories,
    aggregation,
    exchange_rates,
    line_amounts,
    questions,
    readings,
    repeated,
    running_totals,
    siblings,
    survey_weights,
    unit_of,
    weak_totals,
)
from flaskdash.inspect.model import Column, ColumnType, Role
from flaskdash.inspect.values import answers, choices
from flaskdash.inspect.words import words

LONG_TEXT = 60
SENTENCE = 4  # words on average; titles of films have 3
MOSTLY_UNIQUE = 0.5  # share of the answers in free text that occur once
LISTED = ("category", "text", "identifier", "geography")  # the roles of columns that may hold lists
MOST_LISTS = 5000  # cells that tell whether a column holds lists
NEARLY_ALL = 0.98  # of the rows that a number tells apart; of the numbers between its ends
# Numbers drawn by chance: how many, how large, the share of each tenth of their range, and of round ones.
MIN_KEYS = 50  # in equal steps
MIN_RANDOM, LEAST_RANDOM, EVEN_SHARES, MOST_ROUND = 100, 10**8, (0.02, 0.25), 0.25
SHORT_YEARS = (40, 5)  # the first, as 1940, and how many there are at least
MOST_LEVELS = 20  # values of a whole number that is a category
AGGREGATIONS = ("sum", "mean", "last")
_CLOCK = r"\d{1,2}:\d{2}(:\d{2})?( ?[AaPp][Mm])?"
# The words of flags: for true, and for false.
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
# What makes the opposite of a word: unchecked, not quoted, nicht genannt.
NEGATION = re.compile("(un|in|non?|not|nicht|pas|n\u00e3o|nie|niet|ikke|inte|ei|\u043d\u0435)[ -]?")


def describe(frame: pd.DataFrame, units: Mapping[str, str]) -> tuple[Column, ...]:
    """Describe each column of a loader's result."""
    columns = [
        column_of(str(name), frame.iloc[:, position], position, units.get(str(name)))
        for position, name in enumerate(frame.columns)
    ]
    lone = lone_degrees(columns)
    for position, column in enumerate(columns):
        if other_words := lone.get(column.name):
            values = frame.iloc[:, position]
            columns[position] = replace(
                column_of(other_words, values, position, units.get(column.name)), name=column.name
            )
    columns = codes.mark(frame, columns)
    ages = age_categories(frame, columns)
    columns = [replace(c, role="category", agg=None) if c.name in ages else c for c in columns]
    weights = survey_weights(frame, columns)
    columns = [replace(c, role="identifier", agg=None) if c.name in weights else c for c in columns]
    columns = _with_aggregate(columns, questions(frame, columns), "mean")
    columns = _with_aggregate(columns, line_amounts(frame, columns), "sum")
    columns = _with_aggregate(columns, running_totals(frame, columns), "last")
    columns = _with_aggregate(columns, repeated(frame, columns), "mean")
    columns = _with_aggregate(columns, readings(frame, columns), "mean")
    columns = _with_aggregate(columns, weak_totals(columns), "mean")
    columns = _with_aggregate(columns, exchange_rates(frame, columns), "mean")
    columns = _with_aggregate(columns, siblings(columns), "mean")
    return totals.mark(frame, columns)


def lone_degrees(columns: Sequence[Column]) -> dict[str, str]:
    """Return what else the names of longitudes without latitudes say: a long jump, "jump"."""
    promised = {vocabulary.names_degrees(c.name) for c in columns if c.type != "text"}
    if {"latitude", "longitude"} <= promised:
        return {}
    names = [c.name for c in columns if c.role == "geography" and c.type != "text"]
    remaining = {
        name: " ".join(word for word in words(name) if not vocabulary.names_degrees(word))
        for name in names
    }
    return {
        name: text for name, text in remaining.items() if text and text != " ".join(words(name))
    }


def _with_aggregate(columns: list[Column], names: set[str], agg: str) -> list[Column]:
    return [replace(column, agg=agg) if column.name in names else column for column in columns]


def of_keys(columns: Sequence[Column], keys: Collection[str]) -> dict[str, str]:
    """Return the roles of the keys of a database whose numbers look like measures."""
    return {c.name: "identifier" for c in columns if c.name in keys and c.role == "measure"}


def declared_units(columns: Sequence[Column]) -> dict[str, str]:
    """Return the units that the names of their columns do not tell."""
    return {c.name: c.unit for c in columns if c.unit and c.unit != unit_of(c.name)}


def check_columns(columns: Sequence[Column], constant: str, declared: Collection[str]) -> None:
    """Raise FlaskdashError if a constant of a loader names a column that does not exist."""
    names = [column.name for column in columns]
    for name in declared:
        if name not in names:
            raise FlaskdashError(
                f"{constant} names {name!r}, which is not a column. "
                f"The columns are: {', '.join(names[:20])}"
            )


def override(
    columns: tuple[Column, ...], declared: Mapping[str, str], frame: pd.DataFrame
) -> tuple[Column, ...]:
    """Return the columns with the roles that their loader declares in ROLES.

    The roles "sum", "mean" and "last" are those of a measure with that aggregate. Raises
    FlaskdashError if a role does not exist, or the column's type does not fit the role.
    """
    by_name = {column.name: column for column in columns}
    known_roles = (*get_args(Role), *AGGREGATIONS)
    for name, role in declared.items():
        if role not in known_roles:
            raise FlaskdashError(
                f"ROLES gives {name!r} the role {role!r}. The roles are: {', '.join(known_roles)}"
            )
        by_name[name] = _with_role(by_name[name], role, frame[name])
    return tuple(by_name.values())


def _with_role(column: Column, role: str, values: pd.Series) -> Column:
    agg = grain = None
    if role in ("measure", *AGGREGATIONS):
        if column.type not in ("integer", "number"):
            raise FlaskdashError(
                f"ROLES makes {column.name!r} a measure, but its type is {column.type}",
                "return numbers for it from load()",
            )
        agg = aggregation(column.name, column.type, column.unit) if role == "measure" else role
        role = "measure"
    if role == "time":
        if column.type not in ("integer", "date", "datetime"):
            raise FlaskdashError(
                f"ROLES makes {column.name!r} a time, but its type is {column.type}",
                "return dates for it from load()",
            )
        grain = "year" if column.type == "integer" else grain_of(values.dropna())
    return replace(column, role=cast("Role", role), agg=agg, grain=grain, totals=())


def decline(columns: tuple[Column, ...], rows: int) -> str:
    """Return why nothing can be charted, or an empty string."""
    chartable = {"time", "measure", "category", "geography", "flag"}
    if any(column.role in chartable for column in columns):
        return ""
    roles = sorted({column.role for column in columns})
    verb = "roles are" if len(roles) > 1 else "role is"
    return f"no column can be charted: the only {verb} {' and '.join(roles)}"


def column_of(name: str, values: pd.Series, position: int, unit: str | None) -> Column:
    """Describe a column by itself."""
    kind = type_of(values)
    present = values.dropna()
    try:
        distinct = int(present.nunique())
    except TypeError:  # lists and dicts, which Parquet may hold
        present = present.astype("str")
        distinct = int(present.nunique())
    role = role_of(name, kind, present, distinct, len(values), position)
    separator = ""
    if kind == "text" and role in LISTED:
        separator = choices.separator_of([str(value) for value in present.head(MOST_LISTS)])
        role = "category" if separator and role != "geography" else role
    grain = None
    if role == "time":
        grain = "year" if kind == "integer" else grain_of(present)
    unit = unit or (unit_of(name) if role == "measure" else None)
    has_words = kind == "text" and role in ("category", "flag") and distinct <= order.MOST
    unique_words = [str(value) for value in present.unique()] if has_words else []
    return Column(
        name=name,
        type=kind,
        role=role,
        missing=len(values) - len(present),
        distinct=distinct,
        agg=aggregation(name, kind, unit, present) if role == "measure" else None,
        grain=grain,
        unit=unit,
        order=order.ordered(unique_words),
        yes=_true_word(unique_words) if role == "flag" else None,
        separator=separator,
    )


def _true_word(values: list[str]) -> str | None:
    """Return the one of a flag's two words that means true, or None if they are not such a pair."""
    by_lower = {value.strip().lower(): value for value in values}
    yes = next((yes for yes, no in FLAGS if by_lower.keys() == {yes, no}), None)
    if yes is None and len(by_lower) == 2:
        short, long = sorted(by_lower, key=len)
        is_negated = long.endswith(short) and NEGATION.fullmatch(long.removesuffix(short))
        yes = short if is_negated else None
    return by_lower[yes] if yes else None


MOST_CODES = 10  # answers of a survey, from 1.00 to 10.00
MIN_CODED = 20  # cells with such codes


def type_of(values: pd.Series) -> ColumnType:
    """Return the type of a column; whole numbers with gaps are integers too."""
    if pd.api.types.is_bool_dtype(values):
        return "boolean"
    if pd.api.types.is_integer_dtype(values):
        return "integer"
    if pd.api.types.is_float_dtype(values):
        present = values.dropna()
        whole = len(present) > 0 and bool((present % 1 == 0).all())
        # R writes years as 1961.0, pandas what was true or false as 1.0 and 0.0, and SPSS all codes as 1.00.
        are_whole = bool(present.between(1500, 2200).all() or present.isin([0, 1]).all())
        is_code = present.nunique() <= MOST_CODES and len(present) >= MIN_CODED
        are_whole = are_whole or is_code or bool((present.diff().iloc[1:] == 1).all())
        return "integer" if whole and (are_whole or len(present) < len(values)) else "number"
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
    name_words = words(name)
    word_set = set(name_words)
    if distinct == 2 and _true_word([str(value) for value in present.unique()]):
        return "flag"
    sample = present.drop_duplicates().head(1000).astype("str")
    length = float(sample.str.len().mean())
    unique = distinct / len(present)
    has_id_word = bool(word_set & (vocabulary.ID_WORDS | vocabulary.CODE_WORDS))
    digits = float(sample.str.contains(r"\d").mean())
    blanks = float(sample.str.contains(r"\s").mean())
    if distinct > 24 and bool(sample.str.fullmatch(_CLOCK).all()):
        return "identifier"  # times of day
    if has_id_word and (distinct > 20 or digits > 0.5):
        return "identifier"
    if name_words and name_words[-1] in vocabulary.NUMBER_WORDS and unique > 0.3 < digits:
        return "identifier"
    if length > LONG_TEXT and distinct > 20:
        return "text"
    if word_set & vocabulary.GEO_WORDS:
        return "geography"
    if unique > 0.9 and distinct > 20 and digits > 0.8 and blanks < 0.2:
        return "identifier"
    if unique > MOSTLY_UNIQUE and length > 30 and distinct > 50:
        return "text"
    is_sentence = float(sample.str.count(r"\S+").mean()) >= SENTENCE
    if is_sentence and unique > MOSTLY_UNIQUE and distinct > MOST_LEVELS:
        return "text"
    return "category"


def _number_role(
    name: str, kind: ColumnType, present: pd.Series, distinct: int, position: int
) -> Role:
    name_words = set(words(name))
    low, high = float(present.min()), float(present.max())
    most = {"latitude": 90, "longitude": 180}.get(vocabulary.names_degrees(name), -1)
    if -most <= low <= high <= most:
        return "geography"
    are_years = 1500 <= low <= high <= 2200
    if kind == "number":
        is_date = are_years and name_words & {"date", "year"}
        names_key = distinct > MOST_LEVELS and _names_codes((words(name) or [""])[-1])
        is_key = names_key and bool((present % 1 == 0).all())
        return "identifier" if is_date or is_key else "measure"
    has_year_word = name_words & (vocabulary.YEAR_WORDS | {"date", "period"})
    if are_years and has_year_word and not name_words & {"per", "since"}:
        return "time"
    is_short_year = name_words <= vocabulary.YEAR_WORDS and SHORT_YEARS[0] <= low <= high < 100
    if is_short_year and distinct >= SHORT_YEARS[1] and high - low < 2 * distinct:
        return "time"
    is_date_part = name_words & vocabulary.DATE_PARTS and len(name_words) <= 2
    is_date_part = is_date_part or name_words == {"season"}
    if is_date_part and distinct <= 60 and high <= 99:
        return "category"
    if _is_identifier(name, present, distinct, position):
        return "identifier"
    if not name_words & vocabulary.SUM_WORDS and present.between(1900, 2100).mean() > 0.9:
        return "category"
    if 1000 <= low <= high <= 2200 and name_words & vocabulary.SINCE_WORDS:
        return "category"  # the first and last year of a reign
    if {low, high} == {0.0, 1.0} and distinct == 2:
        return "flag"
    if _is_area(name):
        return "category" if distinct <= 60 else "identifier"
    if name_words and (last := words(name)[-1]) in vocabulary.NUMBER_WORDS:
        name_words.remove(last)  # a "heat number" counts nothing
    return "category" if _is_level(name_words, present, distinct) else "measure"


def _is_identifier(name: str, present: pd.Series, distinct: int, position: int) -> bool:
    """Tell whether whole numbers are keys, codes, row numbers or times of day."""
    name_words = set(words(name))
    last_word = (words(name) or [""])[-1]
    if words(name)[:2] == ["number", "in"]:
        return True  # an episode's number in its season
    is_rate = last_word in vocabulary.MEAN_WORDS - {"index"}  # a hash rate is no hash
    is_amount = bool(name_words & (vocabulary.SUM_WORDS | vocabulary.SPAN_WORDS))
    if name_words & vocabulary.ID_WORDS and not (is_rate or is_amount):
        return True
    if distinct > 20 and _names_codes(last_word) and not name_words & vocabulary.SPAN_WORDS:
        return True
    if _is_index(name, present, distinct, position) or _is_random(name_words, present, distinct):
        return True
    is_count = name_words & vocabulary.SUM_WORDS - vocabulary.NUMBER_WORDS
    if last_word in vocabulary.NUMBER_WORDS and not is_count and distinct > 20:
        return True
    return bool(name_words & vocabulary.CLOCK_WORDS) and _is_clock(present)


def _is_level(name_words: set[str], present: pd.Series, distinct: int) -> bool:
    """Tell whether whole numbers are few levels, such as grades, rather than amounts."""
    low, high = float(present.min()), float(present.max())
    codes = answers.no_answers(present) if distinct < MOST_LEVELS else []
    if codes:
        low, high = (float(end) for end in present[~present.isin(codes)].agg(["min", "max"]))
    is_scale = low in (0, 1) and high <= 7 and high - low + 1 <= distinct + 1
    if is_scale and len(present) > 100 and not name_words & vocabulary.COUNTED_WORDS:
        return True
    if name_words & vocabulary.CATEGORY_WORDS and distinct <= 20:
        return True
    means = set() if codes else vocabulary.MEAN_WORDS  # a mean would take 99 for an answer
    if name_words & (vocabulary.SUM_WORDS | vocabulary.STOCK_WORDS | means):
        return False
    are_few = distinct < MOST_LEVELS and distinct < 0.4 * len(present)
    are_dense = high - low + 1 <= 2 * distinct
    # Few large numbers, each in many rows, stand for something: accounts, models.
    are_codes = low >= 1000 and distinct <= 12 and distinct * 8 <= len(present)
    # Two numbers are the two answers to a question: 1 and 5, 22 and 31.
    return are_few and (distinct == 2 or are_dense or are_codes or distinct * 100 < len(present))


def _names_codes(word: str) -> bool:
    """Tell whether whole numbers with a name that ends in this word are codes: schoolid, ccode."""
    return word.endswith(("code", "id", "idno", "key")) and word not in vocabulary.NOT_IDS


def _is_area(name: str) -> bool:
    """Tell whether whole numbers with that name are codes of places: Ward, Community Area."""
    name_words = words(name)
    if name_words[-2:] in (["community", "area"], ["comm", "area"]):
        return True
    return bool(name_words) and name_words[-1] in vocabulary.AREA_WORDS


def _is_clock(present: pd.Series) -> bool:
    """Tell whether whole numbers are times of day, such as 517 for 5:17."""
    sample = present.head(10_000)
    return bool((sample % 100 < 60).all()) and 1000 < float(sample.max()) <= 2400


def _is_index(name: str, present: pd.Series, distinct: int, position: int) -> bool:
    """Tell whether whole numbers only number the rows, or rank them, or number people or things."""
    is_unnamed = name.lower() == f"column_{position + 1}" and position == 0
    low, high = float(present.min()), float(present.max())
    is_numbered = low in (0.0, 1.0) and high - low + 1 == distinct
    if distinct < NEARLY_ALL * len(present):
        # Each of 1, 2, 3... in as many rows as all others: subjects, plants.
        is_balanced = distinct > 12 and present.value_counts().nunique() == 1
        is_axis = any(w in vocabulary.NUMBERED_WORDS or w.startswith("time") for w in words(name))
        is_key = is_numbered and is_balanced and not is_axis
        return is_key or (is_unnamed and low in (0.0, 1.0) and distinct > 10)
    if len(present) < 3:
        return False
    steps = present.astype("float64").diff().dropna()
    is_counting = bool((steps == 1).all())
    is_dense = high - low + 1 <= distinct / NEARLY_ALL
    # A rank has each number once, but for ties and gaps; R has the names of rows before row numbers.
    if len(present) >= 20 and is_dense and (not is_counting or position == 1):
        return True
    # A program counts its keys in steps of 10, which are no amounts.
    step = float(steps.median())
    is_axis = any(word in vocabulary.NUMBERED_WORDS | vocabulary.MEAN_WORDS for word in words(name))
    is_even = step > 1 and bool((steps == step).mean() > NEARLY_ALL) and len(present) >= MIN_KEYS
    return ((is_counting or (is_even and not is_axis)) and position == 0) or is_unnamed


def _is_random(name_words: set[str], present: pd.Series, distinct: int) -> bool:
    """Tell whether whole numbers are drawn by chance, as seeds and keys are.

    They are long, nearly all differ, and they fill their range evenly; amounts crowd at its low end.
    """
    measured = vocabulary.SUM_WORDS | vocabulary.STOCK_WORDS | vocabulary.MEAN_WORDS
    if len(present) < MIN_RANDOM or distinct < NEARLY_ALL * len(present):
        return False
    low, high = float(present.min()), float(present.max())
    if name_words & (measured - {"seed"}) or low < 0 or high < LEAST_RANDOM:
        return False
    tenths = ((present.astype("float64") - low) / (high - low) * 10).clip(upper=9).astype(int)
    shares = tenths.value_counts(normalize=True).reindex(range(10), fill_value=0.0)
    ends_in_zero = float((present % 10 == 0).mean())
    is_even = bool(shares.between(*EVEN_SHARES).all())
    return is_even and ends_in_zero < MOST_ROUND and not present.is_monotonic_increasing


def grain_of(present: pd.Series) -> str:
    """Return the natural step between times, such as "day" for daily dates."""
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
