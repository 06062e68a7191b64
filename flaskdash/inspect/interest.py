"""Which columns are worth charting: the time axis, and measures and categories by interest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flaskdash.inspect.model import Column, Inspection
from flaskdash.inspect.words import DATE_PARTS, LATITUDE, LONGITUDE, known, words

if TYPE_CHECKING:
    import pandas as pd

COLORS = (2, 8)
POINTS = (12, 200)
SECONDS = {
    "hour": 3600,
    "day": 86_400,
    "week": 604_800,
    "month": 2_629_746,
    "quarter": 7_889_238,
    "year": 31_556_952,
}
# Which intents take turns: what adds up is broken down, what does not is looked at.
_INTENTS = {
    "additive": "trend breakdown breakdown trend map breakdown occurrence distribution",
    "averaged": "trend breakdown occurrence distribution map correlation trend",
    "events": "trend occurrence breakdown distribution map occurrence trend",
    "counted": "trend occurrence map occurrence distribution breakdown occurrence",
    "survey": "occurrence distribution occurrence breakdown map occurrence trend",
}
MAIN_WORDS = known(
    "sales revenue profit amount price salary income value total volume cases score rating cost"
    " population births spend average delay turnover suicides life gross"
)
SECOND_WORDS = known("minutes duration mass temp temperature mag magnitude rate cnt quantity qty")
MINOR_WORDS = known(
    "n since previous prev sequence seq rank seed offset adjusted adj error std stderr ci lower"
    " upper version fw dev row index"
)
LATE_WORDS = known("birth birthdate birthday born dob updated modified expires end ship")
NAME_WORDS = known(
    "name title label player team product item artist film movie airport station school hotel"
    " restaurant university brand model company supplier customer winner driver club"
)
GROUP_WORDS = known(
    "category subcategory segment department region market brand type class species product"
    " channel sector industry role team surface continent gender sex age"
)
CONTEXT_WORDS = known("population pop gdp")
YEARS = known("year yr")
MIXED_WORDS = known("unit units currency indicator variable metric")


@dataclass(frozen=True)
class Facts:
    """The columns to chart, each list with the most interesting first.

    `main` is the number of measures that share the first charts: one, or two as interesting.
    """

    data: str
    frame: pd.DataFrame
    time: Column | None
    grain: str | None
    measures: tuple[Column, ...]
    categories: tuple[Column, ...]
    rows: int
    place: tuple[str, str] | None = None
    years: tuple[Column, ...] = ()
    main: int = 1

    @classmethod
    def of(cls, inspection: Inspection, data: str) -> Facts:
        """Return the facts about an inspection."""
        frame, rows = inspection.frame, inspection.total or len(inspection.frame)
        times = [c for c in inspection.columns if c.role == "time" and c.distinct > 1]
        time = max(times, key=lambda c: _time_interest(c, rows), default=None)
        measures = [c for c in inspection.columns if c.role == "measure"]
        categories = [
            c
            for c in inspection.columns
            if c.role in ("category", "geography", "flag")
            and c.type in ("text", "boolean", "integer")
            and not (c.role == "geography" and c.type != "text")
        ]
        categories = [c for c in categories if _worth_counting(c, rows, len(inspection.columns))]
        order = {c.name: i for i, c in enumerate(inspection.columns)}
        interest = {c.name: _measure_interest(c, rows, order[c.name]) for c in measures}
        measures.sort(key=lambda c: -interest[c.name])
        measures = _diverse(frame, measures)
        top = [interest[measure.name] for measure in measures[:2]]
        categories.sort(key=lambda c: -_category_interest(c, rows, order[c.name]))
        categories = _without_twins(frame, categories)
        return cls(
            data,
            frame,
            time,
            _line_grain(frame, time),
            tuple(measures),
            tuple(categories),
            rows,
            _place(inspection.columns),
            tuple(
                c for c in times if c is not time and c.type == "integer" and len(words(c.name)) > 1
            ),
            2 if len(top) == 2 and top[1] > top[0] - 0.8 else 1,
        )

    @property
    def pattern(self) -> list[str]:
        """Return the order in which intents take turns."""
        return _INTENTS[self._kind()].split()

    def _kind(self) -> str:
        """Return which kind of data this is."""
        if not self.measures:
            return "counted"
        if len(self.categories) >= 5 * len(self.measures):
            return "survey"
        if self.measures[0].agg in ("sum", "last"):
            return "additive"
        return "averaged" if self.panel or self.time is None else "events"

    @property
    def panel(self) -> bool:
        """Tell whether things are measured again and again, so that counting rows says nothing."""
        if self.time is None:
            return False
        keys = [c.name for c in self.categories if c.type == "text"][:8]
        times = self.frame[self.time.name]
        if not times.duplicated().any():
            return True
        return any(not self.frame.duplicated([self.time.name, key]).any() for key in keys)

    def is_series(self, category: Column) -> bool:
        """Tell whether each value of a category has one row at a time: a series of its own."""
        if self.time is None or not self.crowded:
            return False
        return not self.frame.duplicated([self.time.name, category.name]).any()

    @property
    def balanced(self) -> bool:
        """Tell whether each time has as many rows, so that their number says nothing."""
        if self.time is None or not self.crowded:
            return False
        counts = self.frame[self.time.name].value_counts()
        return float(counts.std() / counts.mean()) < 0.02

    @property
    def crowded(self) -> bool:
        """Tell whether many rows share a time, so that a line pools unlike things."""
        return self.time is not None and bool(self.frame[self.time.name].duplicated().mean() > 0.2)

    def color(self) -> Column | None:
        """Return the category that is best for colour."""
        low, high = COLORS
        fit = [c for c in self.categories if low <= c.distinct <= high and c.type != "integer"]
        return fit[0] if fit else None


def _place(columns: tuple[Column, ...]) -> tuple[str, str] | None:
    """Return the names of the longitude and the latitude."""
    numbers = [c.name for c in columns if c.role == "geography" and c.type != "text"]
    longitude = [name for name in numbers if LONGITUDE & set(words(name))]
    latitude = [name for name in numbers if LATITUDE & set(words(name))]
    return (longitude[0], latitude[0]) if longitude and latitude else None


def _time_interest(column: Column, rows: int) -> float:
    """Score a time column as the axis of time."""
    score = 2.0 if column.type in ("date", "datetime") else 1.0
    score -= 2.0 * column.missing / max(rows, 1)
    score -= 1.5 * bool(LATE_WORDS & set(words(column.name)))
    return score + min(column.distinct, 50) / 100


def _measure_interest(column: Column, rows: int, position: int) -> float:
    """Score a measure by its name, its unit, its variety and its place."""
    named = set(words(column.name))
    main = named & (MAIN_WORDS | SECOND_WORDS)
    score = 1.0 if named & MAIN_WORDS else 0.7 if main else 0.5 * ("age" in named)
    score += 0.2 * (len(named) == 1 and score > 0) - 1.2 * bool(named & MINOR_WORDS)
    score -= 0.6 * (bool(named & CONTEXT_WORDS) and main <= CONTEXT_WORDS)
    score += 0.5 * (column.unit in ("$", "€", "£")) + 0.3 * (column.agg == "sum")
    score += 0.3 * min(column.distinct, 50) / 50 - 2.0 * column.missing / max(rows, 1)
    if re.fullmatch(r"\W*\d+\W*", column.name) or re.match(r"column_\d", column.name):
        score -= 1.0
    return score - 0.01 * min(position, 40)


def _diverse(frame: pd.DataFrame, measures: list[Column]) -> list[Column]:
    """Return the measures, those that repeat an earlier one (or nearly) after the others."""
    head = measures[:12]
    if len(head) < 3:
        return measures
    sample = frame[[m.name for m in head]].head(20_000).astype("float64")
    alike = sample.corr().abs().fillna(0.0).to_numpy()
    fresh: list[int] = []
    for index in range(len(head)):
        if all(alike[index, other] < 0.9 for other in fresh):
            fresh.append(index)
    again = [m for index, m in enumerate(head) if index not in fresh]
    return [*(head[index] for index in fresh), *again, *measures[12:]]


def _category_interest(column: Column, rows: int, position: int) -> float:
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


def _worth_counting(column: Column, rows: int, width: int) -> bool:
    """Tell whether a category has few enough values to compare, or one row for each.

    Names rank things in a narrow table; in a wide one they belong to persons or offers.
    """
    if column.distinct < 2 or (column.distinct > 24 and DATE_PARTS & set(words(column.name))):
        return False
    if column.distinct <= 60 or column.distinct < 0.2 * rows:
        return True
    return column.distinct <= 5000 and (
        column.role == "geography"
        or (
            bool(NAME_WORDS & set(words(column.name)))
            and (width <= 8 or column.distinct < 0.5 * rows)
        )
    )


def _without_twins(frame: pd.DataFrame, categories: list[Column]) -> list[Column]:
    """Drop the shorter of two columns that say the same, such as a code and its label."""
    kept: list[Column] = []
    for column in categories[:40]:
        twin = next((o for o in kept if _is_twin(frame, o, column)), None)
        if twin is None:
            kept.append(column)
        elif _length(frame, column) > _length(frame, twin):
            kept[kept.index(twin)] = column
    return kept


def _is_twin(frame: pd.DataFrame, one: Column, other: Column) -> bool:
    """Tell whether each value of one column goes with one value of the other."""
    if one.distinct != other.distinct or one.distinct < 3:
        return False
    return len(frame[[one.name, other.name]].dropna().drop_duplicates()) == one.distinct


def _length(frame: pd.DataFrame, column: Column) -> float:
    """Return the mean length of a column's values as text."""
    return float(frame[column.name].dropna().drop_duplicates().astype("str").str.len().mean())


def _line_grain(frame: pd.DataFrame, time: Column | None) -> str | None:
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
