"""How interesting columns are: which make good measures, categories and axes of time."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from flaskdash.inspect.model import Column
from flaskdash.inspect.words import (
    DATE_PARTS,
    LATITUDE,
    LONGITUDE,
    STOCK_WORDS,
    SUM_WORDS,
    is_per,
    known,
    words,
)

if TYPE_CHECKING:
    import pandas as pd

POINTS = (12, 200)
CONTENTS = word_set("calories points items units number tests")
SECONDS = {
    "hour": 3600,
    "day": 86_400,
    "week": 604_800,
    "month": 2_629_746,
    "quarter": 7_889_238,
    "year": 31_556_952,
}
MAIN_WORDS = word_set(
    "sales revenue profit amount price salary income value total volume cases score rating cost"
    " population births spend average delay turnover suicides life gross close closing popularity points worldwide"
    " charges mrr arr quality 인구"
)
SECOND_WORDS = word_set(
    "minutes duration mass temp temperature mag magnitude rate cnt quantity qty win winpercent stock"
)
MINOR_WORDS = word_set(
    "n since previous prev sequence seq rank seed offset adjusted adj error std stderr ci lower"
    " upper version fw dev row index open high low x y z sample samplesize fnlwgt wgt"
)
LATE_WORDS = word_set(
    "birth birthdate birthday born dob updated modified expires end ship last built constructed founded"
    " established remodeled renovated remod dropoff due discharge death"
)
NAME_WORDS = word_set(
    "name title label player team product item artist film movie airport station school hotel"
    " restaurant university brand model company supplier customer winner driver club"
)
GROUP_WORDS = word_set(
    "category subcategory segment department region market brand type class species product"
    " channel sector industry genre role team surface continent gender sex age"
)
CONTEXT_WORDS = word_set("population pop gdp")
GENERIC_WORDS = word_set("value values val obs observation data figure")
EXTREMES = word_set("min max minimum maximum low high lower upper lowest highest open close")
WHOLE_WORDS = word_set("total worldwide overall global 계 합계")
YEARS = word_set("year yr")
YEAR_NAMES = word_set("years fy season vintage cohort model class annee année jahr año ano anno built")
SEX, SAME = word_set("sex gender"), 0.98
MIXED_WORDS = word_set("unit units currency indicator variable metric")


def is_year(column: Column, frame: pd.DataFrame, time: Column | None) -> bool:
    """Tell whether a category of whole numbers is a year: of no meaning here, or what the line shows."""
    named = set(words(column.name))
    if column.type != "integer":
        return False
    if time is not None and time.type != "integer" and named & YEARS:
        return True
    years = bool(frame[column.name].dropna().between(1900, 2100).all())
    return years and not named & (YEARS | YEAR_NAMES)


def is_one_sided(frame: pd.DataFrame, column: Column) -> bool:
    """Tell whether nearly all rows have one and the same value: bars of it compare nothing."""
    return (
        column.distinct <= 12
        and float(frame[column.name].value_counts(normalize=True).max()) > 0.97
    )


def settled(measure: Column) -> Column:
    """Return a measure that is never added up where its name says nothing: value, observation."""
    nothing = (
        set(words(measure.name)) <= GENERIC_WORDS and measure.agg == "sum" and not measure.unit
    )
    return replace(measure, agg="mean") if nothing else measure


def place_of(columns: tuple[Column, ...]) -> tuple[str, str] | None:
    """Return the names of the longitude and the latitude."""
    numbers = [c.name for c in columns if c.role == "geography" and c.type != "text"]
    longitude = [name for name in numbers if LONGITUDE & set(words(name))]
    latitude = [name for name in numbers if LATITUDE & set(words(name))]
    return (longitude[0], latitude[0]) if longitude and latitude else None


def time_interest(column: Column, rows: int) -> float:
    """Score a time column as the axis of time."""
    score = 2.0 if column.type in ("date", "datetime") else 1.0
    score -= 2.0 * column.missing / max(rows, 1)
    score -= 1.5 * bool(LATE_WORDS & set(words(column.name)))
    return score + min(column.distinct, 50) / 100


def measure_interest(column: Column, rows: int, position: int) -> float:
    """Score a measure by its name, its unit, its variety and its place."""
    named = set(words(column.name))
    # A total is the main thing where it adds up; total working years are years.
    named -= {"total"} if column.agg != "sum" else set()
    main = named & (MAIN_WORDS | SECOND_WORDS)
    score = 1.0 if named & MAIN_WORDS else 0.7 if main else 0.3 * ("age" in named)
    score += 0.2 * (len(named) == 1 and score > 0.3) - 1.2 * bool(named & MINOR_WORDS)
    score -= 0.6 * (bool(named & CONTEXT_WORDS) and main <= CONTEXT_WORDS)
    score += 0.5 * (column.unit in ("$", "€", "£")) + 0.3 * (column.agg == "sum")
    score += 0.2 * is_per(column.name) - 0.3 * (len(column.name) == 1)
    score += 0.2 * bool(named & WHOLE_WORDS) * (main - WHOLE_WORDS != set())
    score += 0.3 * min(column.distinct, 50) / 50 - 2.0 * column.missing / max(rows, 1)
    if re.fullmatch(r"\W*\d+\W*", column.name) or re.match(r"column_\d", column.name):
        score -= 1.0
    return score - 0.01 * min(position, 40)


def diverse(frame: pd.DataFrame, measures: list[Column]) -> list[Column]:
    """Return the measures, those that repeat an earlier one (or nearly) after the others."""
    head = measures[:12]
    if len(head) < 3:
        return measures
    sample = frame[[m.name for m in head]].head(20_000).astype("float64")
    # By rank too: a row of totals makes all measures look alike.
    plain, ranked = sample.corr().abs().fillna(0.0), sample.corr("spearman").abs().fillna(0.0)
    alike = plain.where(plain < ranked, ranked).to_numpy()
    fresh: list[int] = []
    for index in range(len(head)):
        if all(alike[index, other] < 0.9 for other in fresh):
            fresh.append(index)
    again = [m for index, m in enumerate(head) if index not in fresh]
    return [*(head[index] for index in fresh), *again, *measures[12:]]


def without_repeats(frame: pd.DataFrame, measures: tuple[Column, ...]) -> tuple[Column, ...]:
    """Return the measures without those that say the same as an earlier one: a salary, and its adjusted twin."""
    head = measures[:12]
    if len(head) < 2 or len(frame) < 20:
        return measures
    sample = frame[[m.name for m in head]].head(20_000).astype("float64")
    plain, ranked = sample.corr().to_numpy(), sample.corr("spearman").to_numpy()
    kept: list[int] = []
    for index, measure in enumerate(head):
        same = [
            place
            for place, other in enumerate(kept)
            if plain[index, other] > SAME
            and ranked[index, other] > SAME
            and measure.agg == head[other].agg
        ]
        if not same:
            kept.append(index)
        elif measure.name in head[kept[same[0]]].name:
            kept[same[0]] = index  # 2023 beside 2023(*): what the other was adjusted from
    return (*(head[index] for index in kept), *measures[12:])


def are_persons(frame: pd.DataFrame, columns: tuple[Column, ...]) -> bool:
    """Tell whether rows are persons, one each: there is a sex, and many have the same sex and age."""
    by = [c.name for c in columns if SEX & set(words(c.name)) and 2 <= c.distinct <= 6]
    if not by or len(frame) < 60:
        return False
    by += [c.name for c in columns if words(c.name) == ["age"]]
    by += [c.name for c in columns if c.role in ("category", "flag") and c.distinct <= 6][:4]
    return float(frame.duplicated(list(dict.fromkeys(by))).mean()) > 0.4


def are_items(columns: tuple[Column, ...], rows: int) -> bool:
    """Tell whether rows are things, one each: a column names them."""
    texts = [c for c in columns if c.type == "text" and c.role != "geography"]
    return rows >= 10 and any(c.distinct > 0.9 * rows for c in texts)


def is_amount(column: Column) -> bool:
    """Tell whether a name is that of what adds up over things: not what is in each of them."""
    named = set(words(column.name))
    return bool(column.unit) or bool(named & (SUM_WORDS | STOCK_WORDS) - CONTENTS)


def category_interest(column: Column, rows: int, position: int) -> float:
    """Score a category: some bars, not two and not hundreds, and words rather than codes."""
    count = column.distinct
    score = 0.4 if count > 60 else 0.7 if count > 20 else 1.0 if count > 4 else 0.85
    named = set(words(column.name))
    if count == 2:
        score = 0.5
    if count > 60 and (named & NAME_WORDS or column.role == "geography"):
        # Names which come again and again, or once each, make a ranking.
        score += 0.15 * (rows / count >= 8 or rows / count < 1.1)
    score += 0.25 * (column.role == "geography") + 0.2 * bool(named & GROUP_WORDS)
    score -= 0.2 * (column.role == "flag") + 0.4 * (column.type == "integer")
    # A month or a weekday shows a season; a year is what the line over time shows.
    score -= (0.6 if named & YEARS else 0.3) * bool(named & DATE_PARTS) + 0.4 * (
        len(column.name) > 60
    )
    return score - 1.5 * column.missing / max(rows, 1) - 0.01 * min(position, 40)


def worth_counting(column: Column, rows: int, width: int, position: int) -> bool:
    """Tell whether a category has few enough values to compare, or one row for each.

    Names rank things in a narrow table; in a wide one they belong to persons or offers.
    """
    named = set(words(column.name))
    if "name" in named and named & {"first", "last", "middle"}:
        return False
    if column.distinct < 2 or (column.distinct > 24 and named == {"age"}):
        return False
    if column.distinct > 24 and DATE_PARTS & set(words(column.name)):
        return False
    if column.distinct <= 60 or column.distinct < 0.2 * rows:
        return True
    if position == 0 and column.type == "text" and column.distinct == rows <= 300:
        return True  # what the rows are called
    return column.distinct <= 5000 and (
        column.role == "geography"
        or (
            bool(NAME_WORDS & set(words(column.name)))
            and (width <= 8 or column.distinct < 0.5 * rows)
        )
    )


def without_twins(frame: pd.DataFrame, categories: list[Column]) -> list[Column]:
    """Drop the shorter of two columns that say the same, such as a code and its label."""
    kept: list[Column] = []
    for column in categories[:40]:
        twin = next((o for o in kept if is_twin(frame, o, column)), None)
        if twin is None:
            kept.append(column)
        elif length(frame, column) > length(frame, twin):
            kept[kept.index(twin)] = column
    return kept


def is_twin(frame: pd.DataFrame, one: Column, other: Column) -> bool:
    """Tell whether each value of one column goes with one value of the other."""
    if one.distinct != other.distinct or one.distinct < 3:
        return False
    return len(frame[[one.name, other.name]].dropna().drop_duplicates()) == one.distinct


def length(frame: pd.DataFrame, column: Column) -> float:
    """Return the mean length of a column's values as text."""
    return float(frame[column.name].dropna().drop_duplicates().astype("str").str.len().mean())


def line_grain(frame: pd.DataFrame, time: Column | None) -> str | None:
    """Return the finest grain that gives a readable number of points."""
    if time is None or time.type not in ("date", "datetime"):
        return "year" if time else None
    values = frame[time.name].dropna()
    span = (values.max() - values.min()).total_seconds()
    grains = list(SECONDS)
    natural = grains.index(time.grain or "day")
    for grain in grains[natural:]:
        if span / SECONDS[grain] <= POINTS[1]:
            return grain
    return "year"
