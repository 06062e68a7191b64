"""Score columns by how interesting they are as measures, categories and time axes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from flaskdash.inspect.model import Column, Inspection
from flaskdash.inspect.words import (
    DATE_PARTS,
    STOCK_WORDS,
    SUM_WORDS,
    is_per,
    known,
    names_degrees,
    words,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Codes = np.ndarray[tuple[int], np.dtype[np.intp]]

CONTENTS = known("calories points items units number tests")
MAIN_WORDS = known(
    "sales revenue profit amount price salary income value total volume cases score rating cost"
    " population births spend average delay turnover suicides life gross close closing popularity points worldwide"
    " charges mrr arr quality 인구"
)
SECOND_WORDS = known(
    "minutes duration mass temp temperature mag magnitude rate cnt quantity qty win winpercent stock"
)
MINOR_WORDS = known(
    "n since previous prev sequence seq rank seed offset adjusted adj error std stderr ci lower"
    " upper version fw dev row index open high low x y z sample samplesize fnlwgt wgt"
)
LATE_WORDS = known(
    "birth birthdate birthday born dob updated modified expires end ship last built constructed founded discovered invented"
    " established remodeled renovated remod dropoff due discharge death"
)
NAME_WORDS = known(
    "name title label player team product item artist film movie airport station school hotel"
    " restaurant university brand model company supplier customer winner driver club"
)
GROUP_WORDS = known(
    "category subcategory segment department region market brand type class species product"
    " channel sector industry genre role team surface continent gender sex age"
)
CONTEXT_WORDS = known("population pop gdp")
# What people measure at the end of a study, or pay for; also as a part of a word: "testweight".
RESULT = re.compile(
    "yield|score|price|rate|rating|weight|wage|income|salary|sales|revenue|amount|profit|cost|total|mpg"
    "|churn|survived|target|outcome|value|quality|population|deaths|cases|votes|count|length|growth|eval"
    "|grade|strength|resp|^y$",
    re.IGNORECASE,
)
GENERIC_WORDS = known("value values val obs observation data figure")
EXTREMES = known("min max minimum maximum low high lower upper lowest highest open close")
WHOLE_WORDS = known("total worldwide overall global 계 합계")
YEARS = known("year yr jahr annee année año ano anno")
YEAR_NAMES = known("years fy season vintage cohort model class annee année jahr año ano anno built")
CODE_LENGTH = 4
SEX, SAME = known("sex gender"), 0.98
# A measure made of another: columns that are compared, letters as of log_ or sq, values, rows.
MOST_COMPARED, MADE_LETTERS, MIN_MADE, MADE_ROWS = 60, 4, 10, 2000
MADE = 0.9999  # rank correlation
LEAST_AMBIGUOUS, MOST_CROSSED = 0.05, 0.25  # shares of the names, and of the wider places
LEAST_RACES, LEAST_PLACES, HEATS, NUMBERED = 3, 5, 4, 0.8
MIXED_WORDS = known("unit units currency indicator variable metric")


def is_year(column: Column, frame: pd.DataFrame, time: Column | None) -> bool:
    """Tell whether a category holds years that mean nothing here, or that the time axis shows."""
    name_words = set(words(column.name))
    if column.type != "integer":
        return False
    if time is not None and time.type != "integer" and name_words & YEARS:
        return True
    are_years = bool(frame[column.name].dropna().between(1900, 2100).all())
    return are_years and not name_words & (YEARS | YEAR_NAMES)


def is_of_rows(time: Column) -> bool:
    """Tell whether a year is a trait of what its row is about: in which a house was built."""
    return time.type == "integer" and bool(LATE_WORDS & set(words(time.name)))


def is_one_sided(frame: pd.DataFrame, column: Column) -> bool:
    """Tell whether nearly all rows have the same value, so that bars compare nothing."""
    if column.distinct > 12:
        return False
    return float(frame[column.name].value_counts(normalize=True).max()) > 0.97


def without_rankings(inspection: Inspection, time: Column | None) -> Inspection:
    """Return the inspection in which places of races, which number rows, are no measures."""
    columns = tuple(
        replace(c, role="identifier") if _is_ranking(inspection, c, time) else c
        for c in inspection.columns
    )
    return replace(inspection, columns=columns)


def _is_ranking(inspection: Inspection, column: Column, time: Column | None) -> bool:
    """Tell whether a column numbers the rows of each time from 1 on, or of each heat of a time."""
    if column.type != "integer" or column.role != "measure" or time is None:
        return False
    heats = [c.name for c in inspection.columns if c.role == "category" and c.distinct <= HEATS]
    return any(
        _numbers_rows(inspection.frame, column.name, keys)
        for keys in ([time.name], *([time.name, heat] for heat in heats))
    )


def _numbers_rows(frame: pd.DataFrame, name: str, keys: list[str]) -> bool:
    rows = frame[[*keys, name]].dropna()
    races = rows.groupby(keys)[name].agg(["size", "nunique", "min", "max"])
    races = races[races["size"] >= LEAST_PLACES]
    is_numbered = (races["min"] == 1) & (races["nunique"] >= NUMBERED * races["max"])
    is_numbered &= races["nunique"] >= NUMBERED * races["size"]
    return len(races) >= LEAST_RACES and float(is_numbered.mean()) > NUMBERED


def without_generic_sum(measure: Column) -> Column:
    """Return the measure, averaged instead of summed if its name is generic: value, observation."""
    is_generic = set(words(measure.name)) <= GENERIC_WORDS
    if is_generic and measure.agg == "sum" and not measure.unit:
        return replace(measure, agg="mean")
    return measure


def coordinate_columns(columns: tuple[Column, ...]) -> tuple[str, str] | None:
    """Return the names of the longitude and the latitude."""
    numbers = [c.name for c in columns if c.role == "geography" and c.type != "text"]
    longitude = [name for name in numbers if names_degrees(name) == "longitude"]
    latitude = [name for name in numbers if names_degrees(name) == "latitude"]
    return (longitude[0], latitude[0]) if longitude and latitude else None


def time_interest(column: Column, rows: int) -> float:
    """Score a time column as the axis of time."""
    score = 2.0 if column.type in ("date", "datetime") else 1.0
    score -= 2.0 * column.missing / max(rows, 1)
    score -= 1.5 * bool(LATE_WORDS & set(words(column.name)))
    return score + min(column.distinct, 50) / 100


def measure_interest(column: Column, rows: int, position: int) -> float:
    """Score a measure by its name, unit, number of values and position."""
    name_words = set(words(column.name))
    # "Total" marks the main measure only if it adds up: total working years are years.
    name_words -= {"total"} if column.agg != "sum" else set()
    main = name_words & (MAIN_WORDS | SECOND_WORDS)
    score = 1.0 if name_words & MAIN_WORDS else 0.7 if main else 0.3 * ("age" in name_words)
    score += 0.2 * (len(name_words) == 1 and score > 0.3)
    score -= 1.2 * bool(name_words & MINOR_WORDS)
    score -= 0.6 * (bool(name_words & CONTEXT_WORDS) and main <= CONTEXT_WORDS)
    score += 0.5 * (column.unit in ("$", "€", "£")) + 0.3 * (column.agg == "sum")
    score += 0.2 * is_per(column.name) - 0.3 * (len(column.name) == 1)
    score += 0.2 * bool(name_words & WHOLE_WORDS) * (main - WHOLE_WORDS != set())
    score += 0.3 * min(column.distinct, 50) / 50 - 2.0 * column.missing / max(rows, 1)
    if re.fullmatch(r"\W*\d+\W*", column.name) or re.match(r"column_\d", column.name):
        score -= 1.0
    return score - 0.01 * min(position, 40)


def diverse(frame: pd.DataFrame, measures: list[Column]) -> list[Column]:
    """Return the measures; the ones that nearly repeat an earlier one come last."""
    head = measures[:12]
    if len(head) < 3:
        return measures
    sample = frame[[m.name for m in head]].head(20_000).astype("float64")
    # By rank as well: a row of totals makes all measures look alike.
    plain, ranked = sample.corr().abs().fillna(0.0), sample.corr("spearman").abs().fillna(0.0)
    similarity = plain.where(plain < ranked, ranked).to_numpy()
    fresh: list[int] = []
    for index in range(len(head)):
        if all(similarity[index, earlier] < 0.9 for earlier in fresh):
            fresh.append(index)
    repeats = [m for index, m in enumerate(head) if index not in fresh]
    return [*(head[index] for index in fresh), *repeats, *measures[12:]]


def without_repeats(frame: pd.DataFrame, measures: tuple[Column, ...]) -> tuple[Column, ...]:
    """Return the measures without repeats of an earlier one, such as an adjusted salary."""
    head = measures[:12]
    if len(head) < 2 or len(frame) < 20:
        return measures
    sample = frame[[m.name for m in head]].head(20_000).astype("float64")
    plain, ranked = sample.corr().to_numpy(), sample.corr("spearman").to_numpy()
    unique: list[int] = []
    for index, measure in enumerate(head):
        twins = [
            place
            for place, earlier in enumerate(unique)
            if plain[index, earlier] > SAME
            and ranked[index, earlier] > SAME
            and measure.agg == head[earlier].agg
        ]
        if not twins:
            unique.append(index)
        elif measure.name in head[unique[twins[0]]].name:
            # "2023" replaces "2023(*)", which was adjusted from it.
            unique[twins[0]] = index
    return (*(head[index] for index in unique), *measures[12:])


def without_made(frame: pd.DataFrame, measures: list[Column]) -> list[Column]:
    """Return the measures without those made of another: lwage of wage, agesq of age.

    These have nearly the same name, and put the rows in exactly the same order.
    """
    made = set()
    for whole, part in itertools.permutations(measures[:MOST_COMPARED], 2):
        added = len(part.name) - len(whole.name)
        if not 0 < added <= MADE_LETTERS or whole.name.lower() not in part.name.lower():
            continue
        if whole.distinct == part.distinct > MIN_MADE:
            pairs = frame[[whole.name, part.name]].dropna().head(MADE_ROWS).rank()
            if abs(pairs[whole.name].corr(pairs[part.name])) > MADE:
                made.add(part.name)
    return [measure for measure in measures if measure.name not in made]


def are_persons(frame: pd.DataFrame, columns: tuple[Column, ...]) -> bool:
    """Tell whether each row is a person: many rows have the same sex, age and other traits."""
    traits = [c.name for c in columns if SEX & set(words(c.name)) and 2 <= c.distinct <= 6]
    if not traits or len(frame) < 60:
        return False
    traits += [c.name for c in columns if words(c.name) == ["age"]]
    traits += [c.name for c in columns if c.role in ("category", "flag") and c.distinct <= 6][:4]
    return float(frame.duplicated(list(dict.fromkeys(traits))).mean()) > 0.4


def are_items(columns: tuple[Column, ...], rows: int) -> bool:
    """Tell whether each row is an item that a column names."""
    texts = [c for c in columns if c.type == "text" and c.role != "geography"]
    return rows >= 10 and any(c.distinct > 0.9 * rows for c in texts)


def is_amount(column: Column) -> bool:
    """Tell whether a measure adds up over items, instead of describing what each contains."""
    name_words = set(words(column.name))
    return bool(column.unit) or bool(name_words & (SUM_WORDS | STOCK_WORDS) - CONTENTS)


def category_interest(column: Column, rows: int, position: int) -> float:
    """Score a category: words rather than codes, and neither two bars nor hundreds."""
    count = column.distinct
    score = 0.4 if count > 60 else 0.7 if count > 20 else 1.0 if count > 4 else 0.85
    name_words = set(words(column.name))
    if count == 2:
        score = 0.5
    if count > 60 and (name_words & NAME_WORDS or column.role == "geography"):
        # Names that occur again and again, or once each, make a ranking.
        score += 0.15 * (rows / count >= 8 or rows / count < 1.1)
    score += 0.25 * (column.role == "geography") + 0.2 * bool(name_words & GROUP_WORDS)
    score -= 0.2 * (column.role == "flag") + 0.4 * (column.type == "integer")
    # A month or a weekday shows a season; a year is what the line over time shows.
    score -= (0.6 if name_words & YEARS else 0.3) * bool(name_words & DATE_PARTS)
    score -= 0.4 * (len(column.name) > 60)
    return score - 1.5 * column.missing / max(rows, 1) - 0.01 * min(position, 40)


def worth_counting(column: Column, rows: int, width: int, position: int) -> bool:
    """Tell whether a category has few enough values to compare, or one row for each.

    Names rank items in a table of few columns; in a wide one they belong to persons or offers.
    """
    name_words = set(words(column.name))
    if is_part_of_name(column):
        return False
    if column.distinct < 2 or (column.distinct > 24 and name_words == {"age"}):
        return False
    if column.distinct > 24 and DATE_PARTS & name_words:
        return False
    if column.distinct <= 60 or column.distinct < 0.2 * rows:
        return True
    if position == 0 and column.type == "text" and column.distinct == rows <= 300:
        return True  # the names of the rows
    if column.distinct > 5000:
        return False
    is_name = bool(NAME_WORDS & name_words) and (width <= 8 or column.distinct < 0.5 * rows)
    return column.role == "geography" or is_name


def is_part_of_name(column: Column) -> bool:
    """Tell whether a column holds first or last names of persons."""
    name_words = set(words(column.name))
    return "name" in name_words and bool(name_words & {"first", "last", "middle"})


def is_ambiguous(frame: pd.DataFrame, place: Column, columns: Sequence[Column]) -> bool:
    """Tell whether a place's name stands for several places: that of a county, in several states.

    Names that meet nearly all values of the wider place say where something else is: a shop's city
    beside a customer's state.
    """
    if place.role != "geography" or place.type != "text":
        return False
    for wider in columns:
        is_wider = wider.role == "geography" and wider.type == "text" and wider.name != place.name
        if not is_wider or not 2 < wider.distinct < place.distinct:
            continue
        if wider.missing > place.missing:
            continue  # a province, which most countries lack
        pairs = frame[[wider.name, place.name]].dropna().drop_duplicates()
        wider_of_place = pairs[place.name].value_counts()
        is_several = float((wider_of_place > 1).mean()) > LEAST_AMBIGUOUS
        if is_several and wider_of_place.mean() < MOST_CROSSED * wider.distinct:
            return True
    return False


def without_twins(frame: pd.DataFrame, categories: list[Column]) -> list[Column]:
    """Drop the later of two columns that say the same; if the earlier is a code, keep its label."""
    unique: list[Column] = []
    codes: dict[str, Codes] = {}
    for column in categories[:40]:
        codes[column.name] = frame[column.name].factorize()[0]
        twin = next((earlier for earlier in unique if _are_twins(codes, earlier, column)), None)
        if twin is None:
            unique.append(column)
        elif mean_length(frame, twin) <= CODE_LENGTH < mean_length(frame, column):
            unique[unique.index(twin)] = column
    return unique


def _are_twins(codes: Mapping[str, Codes], first: Column, second: Column) -> bool:
    """Tell whether the values of two columns map one-to-one; a missing value has the code -1."""
    import pandas as pd

    if first.distinct != second.distinct or first.distinct < 3:
        return False
    left, right = codes[first.name], codes[second.name]
    pairs = (left * len(right) + right)[(left >= 0) & (right >= 0)]
    return len(pd.unique(pairs)) == first.distinct


def mean_length(frame: pd.DataFrame, column: Column) -> float:
    """Return the mean length of a column's distinct values as text."""
    return float(frame[column.name].dropna().drop_duplicates().astype("str").str.len().mean())
