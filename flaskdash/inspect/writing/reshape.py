"""Turn wide tables into long ones, and combine the parts of dates: extra lines for the body."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from flaskdash.inspect.literals import comment, literal
from flaskdash.inspect.values import dates, months
from flaskdash.inspect.values.column_plan import ColumnPlan
from flaskdash.inspect.words import words
from flaskdash.inspect.writing import pandas_code
from flaskdash.inspect.writing.column_names import free
from flaskdash.inspect.writing.hierarchy import TOLERANCE

MIN_YEARS = 5
MOST_MONTHS = 12
LONGEST_MONTH = 12  # letters; a longer name is that of a thing
MIN_MEANS, BETWEEN, LEAST_STRENGTH = 5, 0.9, 0.7  # rows; shares of them; correlation
MIN_DATES = 4  # the quarters of a year
MIN_BASKET = 5
MOSTLY_SUMS = 0.95  # share of the values of a column that are the sums of others
_YEAR = re.compile(r"(19|20)\d{2}")
_MARKED_YEAR = re.compile(r"(19|20)\d{2}(\s?\*|\s?\([a-z]{1,3}\)|\s?\[\w{1,3}\])?")  # 2023 (p)
_LAST_YEAR = re.compile(r"(?P<before>[^\W\d].{0,40}?)(?P<year>(19|20)\d{2})")
YEAR_MARKS = frozenset({"f", "y", "x", "yr", "year", "fy", "cy", "an", "jahr", "ano", "año"})
SUMS = frozenset(
    {"total", "totals", "sum", "summe", "gesamt", "grand total", "insgesamt", "totale"}
)
_WORLD_BANK = re.compile(r"(19|20)\d{2} \[YR\d{4}\]")
PARTS = {
    "year": frozenset(
        "year yr yyyy jahr año ano anno année annee an jaar år rok vuosi год рік yil 年 연도".split()
    ),
    "month": frozenset(
        """month mo mon mm monthname monat mes mês mese mois maand måned månad miesiąc miesiac kuukausi
        месяц ay 月 월""".split()
    ),
    "day": frozenset(
        """day dy dd dom mday dayofmonth tag día dia giorno jour dag dzień dzien päivä день gün 日 일""".split()
    ),
    "hour": frozenset(
        """hour hr hh hourending hourofday stunde hora ora heure uur timme time godzina tunti час saat
        時 시""".split()
    ),
}
# Columns of times of the day, beside a column of dates.
CLOCKS = frozenset(
    "time hour uhrzeit zeit hora ora heure tijd tid klokkeslett czas godzina время saat".split()
)
_CLOCK = re.compile(
    r"(?:[01]?\d|2[0-4])(?P<mark>[:.hH])[0-5]\d(?P<seconds>(?P=mark)[0-5]\d(?:[.]\d+)?)?"
    r"(?P<half>\s?[AaPp][Mm])?(?P<word>\s?(?:Uhr|hrs|Z)|\s[hH])?"
)
MOST_HOURS = 24


@dataclass(frozen=True)
class Reshape:
    """The lines that come before ``return df``, and a note on their effect."""

    lines: tuple[str, ...]
    note: str


def reshape(frame: pd.DataFrame, ragged: bool = False) -> Reshape | None:
    """Return how to reshape a frame, or None if it is fine as it is."""
    if ragged:
        return basket(frame)
    return wide(frame) or date_parts(frame)


@dataclass(frozen=True)
class _DatedColumns:
    """Columns whose names are years, months or dates.

    `variable` names the new column of these, and `convert` is the expression for its values, or ""
    if they stay as they are. `value` names the new column of values, if the old names tell that.
    """

    columns: list[str]
    variable: str
    convert: str
    value: str = ""


def wide(frame: pd.DataFrame) -> Reshape | None:
    """Return the melt of a table with a column for each year, month or date."""
    names = [str(name) for name in frame.columns]
    dated = _year_columns(names) or _date_columns(names) or _month_columns(names)
    if dated is None:
        return None
    columns = dated.columns
    if not all(pd.api.types.is_numeric_dtype(frame[name]) for name in columns):
        return None
    identifiers = [name for name in names if name not in set(columns)]
    # A column with the sum of the others, or their mean, would be repeated in each row.
    whole = frame[columns].sum(axis="columns")
    sums = [name for name in identifiers if _is_sum(name, frame[name], whole)]
    if dated.variable == "month":
        spare = [name for name in identifiers if name not in sums]
        sums += [name for name in spare if _is_mean(frame[name], frame[columns])]
    identifiers = [name for name in identifiers if name not in sums]
    numbers = [name for name in identifiers if pd.api.types.is_float_dtype(frame[name])]
    if not identifiers or len(numbers) > 3 or len(columns) < len(identifiers):
        return None
    used = {name.lower() for name in identifiers}
    variable = free(dated.variable, used)
    used.add(variable)
    value = free(dated.value, used) if dated.value else _value_name(frame, identifiers, used)
    target = f"df[{literal(variable)}]"
    drop = f".drop(columns={literal(sums)})" if sums else ""
    lines = [
        f"# One row for each {dated.variable}, in place of a column each.",
        f"df = df{drop}.melt(id_vars={literal(identifiers)}, var_name={literal(variable)}, "
        f"value_name={literal(value)})",
        f"df = df.dropna(subset={literal(value)}, ignore_index=True)",
    ]
    if dated.convert:
        lines.append(f"{target} = {dated.convert.replace('{c}', target)}")
    elif year := _part(frame[identifiers], "year"):
        long = frame.melt([year], columns, variable)
        dating = date_parts(long[[year, variable]])
        lines += dating.lines if dating else ()
    without = f"; {comment(', '.join(sums))} is left out" if sums else ""
    note = (
        f"{len(columns)} columns from {comment(columns[0])} to {comment(columns[-1])} became "
        f"rows: {variable} and {value}; empty ones were left out{without}"
    )
    return Reshape(tuple(lines), note)


def _is_sum(name: str, values: pd.Series, whole: pd.Series) -> bool:
    """Tell whether a column has the name of a total, or its values: mostly the `whole` of each row."""
    if not pd.api.types.is_numeric_dtype(values):
        return False
    is_equal = (values - whole).abs() <= TOLERANCE * whole.abs()
    filled = values.notna() & (whole != 0)
    return name.strip().lower() in SUMS or bool(
        filled.sum() > 2 and is_equal[filled].mean() > MOSTLY_SUMS
    )


def _is_mean(values: pd.Series, months: pd.DataFrame) -> bool:
    """Tell whether a column is the mean of months, or of a season, maybe with December before.

    It lies between them, and rises and falls with them.
    """
    if not pd.api.types.is_float_dtype(values) or len(values) < MIN_MEANS:
        return False
    is_between = values.between(months.min(axis="columns"), months.max(axis="columns"))
    strength = float(values.corr(months.mean(axis="columns")))
    return float(is_between[values.notna()].mean()) > BETWEEN and strength > LEAST_STRENGTH


def _month_columns(names: Sequence[str]) -> _DatedColumns | None:
    """Return twelve columns in a row that are named by the months, in one language."""
    for start in range(len(names) - MOST_MONTHS + 1):
        columns = [*names[start : start + MOST_MONTHS]]
        numbers = month_numbers(pd.Series(columns, dtype="str"))
        if len(numbers) == MOST_MONTHS and all(len(name) <= LONGEST_MONTH for name in columns):
            return _DatedColumns(columns, "month", "")
    return None


def _year_columns(names: Sequence[str]) -> _DatedColumns | None:
    """Return the columns that are named by years, if these are consecutive."""
    columns = [n for n in names if _MARKED_YEAR.fullmatch(n) or _WORLD_BANK.fullmatch(n)]
    if columns:
        if not _are_consecutive([name[:4] for name in columns]):
            return None
        is_plain = all(map(_YEAR.fullmatch, columns))
        convert = "{c}.astype(int)" if is_plain else "{c}.str[:4].astype(int)"
        return _DatedColumns(columns, "year", convert)
    # F1960 in ArcGIS, X1960 in R, "Population 1960" elsewhere.
    matches = [match for name in names if (match := _LAST_YEAR.fullmatch(name))]
    prefixes = {match["before"] for match in matches}
    if len(prefixes) != 1 or not _are_consecutive([match["year"] for match in matches]):
        return None
    prefix = prefixes.pop()
    convert = f"{{c}}.str.removeprefix({literal(prefix)}).astype(int)"
    word = prefix.strip(" _-.:").strip()
    value = "" if word.lower() in YEAR_MARKS else word
    return _DatedColumns([match[0] for match in matches], "year", convert, value)


def _are_consecutive(years: Sequence[str]) -> bool:
    """Tell whether there are at least five years in equal steps of at most ten."""
    numbers = sorted(map(int, years))
    steps = {after - before for before, after in itertools.pairwise(numbers)}
    return len(numbers) >= MIN_YEARS and len(steps) == 1 and 1 <= steps.pop() <= 10


def _date_columns(names: Sequence[str]) -> _DatedColumns | None:
    """Return the columns that are named by dates or quarters, if these have one format."""
    is_dated = [bool(dates.recognise([name], named=True)) for name in names]
    if not any(is_dated):
        return None
    first = is_dated.index(True)
    run = itertools.takewhile(lambda index: is_dated[index], range(first, len(names)))
    columns = [names[index] for index in run]
    dating = dates.recognise(columns, named=True)
    if dating is None or dating.zoned or dating.latest:
        return None
    if len(columns) < MIN_DATES or sum(is_dated) > len(columns):
        return None
    if dating.ambiguous:
        dating = dates.likelier(columns, dating)
    plan = ColumnPlan("", "date", 0, dating=replace(dating, evidence=""))
    ((expression, _),) = pandas_code.date_steps(plan)
    return _DatedColumns(columns, "date", expression)


def _value_name(frame: pd.DataFrame, names: Sequence[str], used: set[str]) -> str:
    """Return a name for the values: the only value of an indicator column, or "value"."""
    for name in names:
        name_words = set(words(name))
        if not {"indicator", "series", "measure", "variable"} & name_words or "code" in name_words:
            continue
        values = frame[name].dropna().unique()
        if len(values) == 1 and isinstance(values[0], str):
            return free(comment(values[0]), used)
    return free("value", used)


def date_parts(frame: pd.DataFrame) -> Reshape | None:
    """Return how to combine columns of years, months, and perhaps days and hours, into a date."""
    if any(pd.api.types.is_datetime64_any_dtype(kind) for kind in frame.dtypes):
        return None
    columns = {part: _part(frame, part) for part in PARTS}
    year, month, day, hour = (columns[part] for part in ("year", "month", "day", "hour"))
    if year is None or month is None:
        return None
    numbers: dict[str, int] = {}
    if not _is_within(frame, month, 1, 12):
        numbers = month_numbers(frame[month])
        if not numbers:
            return None
        frame = frame.assign(**{month: frame[month].map(numbers)})
    century = 0
    if not _is_within(frame, year, 1000, 2200):
        if not _is_within(frame, year, 0, 99):
            return None
        # The usual pivot of two-digit years: 69 to 99 are the 1900s.
        century = 1900 if float(frame[year].min()) > 30 else 2000
    has_days = day is not None and _are_dates(frame, year, month, day, century)
    years = f"df[{literal(year)}]" + (f" + {century}" if century else "")
    days = f"df[{literal(day)}]" if day and has_days else "1"
    pairs = ", ".join(f"{literal(word)}: {number}" for word, number in numbers.items())
    names = f".map({{{pairs}}})" if numbers else ""
    pieces = f'"year": {years}, "month": df[{literal(month)}]{names}, "day": {days}'
    name = free("date", {str(column).lower() for column in frame.columns})
    line = f"df[{literal(name)}] = pd.to_datetime(pd.DataFrame({{{pieces}}}))"
    if has_days and hour and _is_within(frame, hour, 0, MOST_HOURS):
        line += f' + pd.to_timedelta(df[{literal(hour)}], unit="h")'
        note = f"{name} is made of {comment(year)}, {comment(month)}, the day and the hour"
        return Reshape((line,), note)
    if has_days:
        return Reshape((line,), f"{name} is made of {comment(year)}, {comment(month)} and the day")
    reason = f", because {comment(day)} has values that are not days" if day else ""
    return Reshape((line,), f"{name} is the first day of the month{reason}")


def _part(frame: pd.DataFrame, part: str) -> str | None:
    """Return the column with the years, months, days or hours of dates, by its name."""
    return next((str(name) for name in frame.columns if _plain(str(name)) in PARTS[part]), None)


def _plain(name: str) -> str:
    """Return a name's letters in lower case: MONTH_NAME gives monthname."""
    return "".join(filter(str.isalpha, name.lower()))


def month_numbers(values: pd.Series) -> dict[str, int]:
    """Return the numbers of names of months in one language; {} if a value is no such name."""
    if not isinstance(values.dtype, pd.StringDtype) or values.isna().any():
        return {}
    names = [str(value) for value in values.unique()]
    for beginnings in months.LANGUAGES.values() if len(names) <= MOST_MONTHS else ():
        starts = beginnings.split()
        numbers = {
            name: next((n for n, start in enumerate(starts, 1) if re.match(start, name.lower())), 0)
            for name in names
        }
        if all(numbers.values()) and len(set(numbers.values())) == len(names):
            return numbers
    return {}


def fill_names(frame: pd.DataFrame) -> Reshape | None:
    """Return how to repeat names that stand once above blank cells, with the same parts beside each."""
    if frame.shape[1] < 3:
        return None
    names, parts = frame.iloc[:, 0], frame.iloc[:, 1]
    given = names.notna()
    blocks = given.cumsum()
    is_once = isinstance(names.dtype, pd.StringDtype) and given.iloc[0] and names.nunique() > 1
    if not is_once or names[given].duplicated().any() or parts.isna().any():
        return None
    sizes = blocks.value_counts()
    has_copies = pd.DataFrame({"block": blocks, "part": parts}).duplicated().any()
    if has_copies or sizes.mean() < 2 or parts.nunique() != sizes.max():
        return None
    name = literal(str(frame.columns[0]))
    note = f"{comment(str(frame.columns[0]))}: its names are repeated in the blank cells below them"
    return Reshape((f"df[{name}] = df[{name}].ffill()",), note)


def join_times(frame: pd.DataFrame) -> Reshape | None:
    """Return how to join a column of dates and one of hours, or of times of the day, into one."""
    columns = list(map(str, frame.columns))
    moments = [name for name in columns if pd.api.types.is_datetime64_any_dtype(frame[name])]
    if len(moments) != 1:
        return None
    (day,) = moments
    days = frame[day].dropna()
    if days.empty or not (days == days.dt.normalize()).all() or days.nunique() == len(days):
        return None
    name = free("datetime", {column.lower() for column in columns})
    date = f"df[{literal(day)}]"
    hours = [hour for hour in columns if _plain(hour) in PARTS["hour"]]
    if hours and _is_within(frame, hours[0], 0, MOST_HOURS):
        line = f'{date} + pd.to_timedelta(df[{literal(hours[0])}], unit="h")'
        return _joined(name, line, day, hours[0])
    for time in columns:
        is_near = abs(columns.index(time) - columns.index(day)) == 1
        is_named = _plain(time) in CLOCKS or words(time)[-1:] in (["time"], ["hour"])
        # Without such a name, 1.14.02 is a version.
        marks = ":.hH" if is_named else ":hH" if is_near else ""
        if code := _clock_code(frame[time], date, f"df[{literal(time)}]", marks):
            return _joined(name, code, day, time)
    return None


def _joined(name: str, code: str, day: str, time: str) -> Reshape:
    note = f"{name} is made of {comment(day)} and {comment(time)}"
    return Reshape((f"df[{literal(name)}] = {code}",), note)


def _clock_code(values: pd.Series, date: str, time: str, marks: str) -> str:
    """Return the expression for a date and a time of the day; "" if the values are no such times.

    One of `marks` stands between hours and minutes.
    """
    if not isinstance(values.dtype, pd.StringDtype):
        return ""
    matches = [_CLOCK.fullmatch(str(value).strip()) for value in values.dropna().unique()]
    if not matches or None in matches:
        return ""
    halves = {bool(match["half"]) for match in matches if match}
    seconds = {bool(match["seconds"]) for match in matches if match}
    used = {match["mark"] for match in matches if match}
    if len(halves) > 1 or len(seconds) > 1 or len(used) > 1 or not used <= {*marks}:
        return ""
    if word := next((match["word"] for match in matches if match and match["word"]), ""):
        time = f"{time}.str.replace({literal(word)}, {literal('')})"
    if used != {":"}:
        time = f'{time}.str.replace({literal(used.pop())}, ":")'
    if halves == {True}:
        form = f"%Y-%m-%d %I:%M{':%S' if seconds == {True} else ''}%p"
        clock = f'{time}.str.replace(" ", "")'
        return f'pd.to_datetime({date}.dt.strftime("%Y-%m-%d ") + {clock}, format="{form}")'
    complete = time if seconds == {True} else f'{time} + ":00"'
    return f"{date} + pd.to_timedelta({complete})"


def _are_dates(frame: pd.DataFrame, year: str, month: str, day: str, century: int) -> bool:
    """Tell whether the columns are the parts of dates that exist."""
    if not _is_within(frame, day, 1, 31):
        return False
    years = frame[year] + century
    try:
        pd.to_datetime(pd.DataFrame({"year": years, "month": frame[month], "day": frame[day]}))
    except (ValueError, OverflowError):
        return False
    return True


def _is_within(frame: pd.DataFrame, name: str, low: int, high: int) -> bool:
    """Tell whether a column holds whole numbers from low to high, without gaps."""
    values = frame[name]
    return pd.api.types.is_integer_dtype(values) and bool(values.between(low, high).all())


def basket(frame: pd.DataFrame) -> Reshape | None:
    """Return the long form of a list of lists: one row for each item."""
    if frame.shape[1] < MIN_BASKET or not float(frame.iloc[:, 0].notna().mean()) > 0.95:
        return None
    lines = (
        "# Each line is a list: one row for each of its items.",
        'df = df.melt(ignore_index=False, var_name="position", value_name="item")',
        'df = df.dropna(subset="item").rename_axis("line").reset_index()',
        'df["position"] = df["position"].str.removeprefix("column_").astype(int)',
    )
    return Reshape(lines, f"lines are lists of up to {frame.shape[1]} items: one row for each item")
