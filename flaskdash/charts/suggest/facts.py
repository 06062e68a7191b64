"""Collect what the suggestions depend on: the columns worth charting, and how they relate."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from flaskdash.charts.axes import SECONDS, line_grain
from flaskdash.charts.kinds import CANDLE
from flaskdash.charts.suggest.groups import answers, groups, scales
from flaskdash.charts.suggest.interest import (
    MINOR_WORDS,
    NAME_WORDS,
    RESULT,
    are_items,
    are_persons,
    category_interest,
    coordinate_columns,
    diverse,
    is_ambiguous,
    is_amount,
    is_of_rows,
    is_one_sided,
    is_year,
    measure_interest,
    time_interest,
    without_generic_sum,
    without_made,
    without_rankings,
    without_repeats,
    without_twins,
    worth_counting,
)
from flaskdash.charts.suggest.wording import compared, rows_of
from flaskdash.inspect.model import Column, Inspection
from flaskdash.inspect.words import (
    DATE_PARTS,
    MEAN_WORDS,
    STOCK_WORDS,
    SUM_WORDS,
    known,
    words,
)

if TYPE_CHECKING:
    import pandas as pd

COLORS = (2, 8)
# The order in which intents take turns, for each kind of data.
_INTENTS = {
    "additive": "trend breakdown grid breakdown compare trend map breakdown share distribution occurrence",
    "items": "trend breakdown correlation breakdown distribution map box share occurrence",
    "averaged": "trend breakdown grid distribution correlation occurrence map box compare breakdown share trend",
    "series": "compare candles trend breakdown grid occurrence trend map distribution correlation trend share",
    "events": "trend occurrence breakdown distribution occurrence map box share occurrence trend",
    "counted": "trend occurrence map occurrence share distribution breakdown occurrence",
    "outcome": "trend share distribution share breakdown box occurrence share correlation",
    "survey": "occurrence distribution share occurrence breakdown map occurrence trend",
    "compared": "compare compare grid occurrence trend breakdown occurrence compare distribution share map",
}
PERSONAL_WORDS = known("birth birthdate birthday born dob last expires expiry")
OUTCOMES = known(
    "attrition churn churned survived survival defaulted canceled cancelled cancellation exited fraud"
    " fraudulent clicked click converted conversion purchased bought subscribed response responded died death"
    " deceased readmitted readmission delayed late approved stroke disease success successful arrest treatment won"
    " win passed hired promoted left quit returned complained satisfied recommended infected status"
    " vote voted released admitted graduated completed accepted"
)
DEMOGRAPHY = known(
    "female male sex gender man woman black white hisp hispanic asian married marital single kids citizen urban rural"
)
TARGETS = known("y target outcome label class")
SERIES_VALUES = (9, 400)
ROWS_OF_ENTITY = 20  # of a shop, say, on average
STEM = 4  # letters that two words share at their beginning
MAX_BARS_OF_NUMBERS = 12
LAST_COLUMN_BONUS, MOSTLY = 0.3, 0.8
UNEVEN = 0.05
MOST_OF_ROWS = 0.92  # bars of which the first has more leave nothing to compare
MIN_STEPS = 4
NEARLY_ROUND = 1e-6
MIN_YEARS = 3  # that columns of one measure are named by
LEAST_TREND = 0.3  # rank correlation with time: prices and populations have more, temperatures less
ALL_BARS = 20  # of a category with more values, only the highest bars are drawn
ROWS_OF_MEAN = 3  # a mean of fewer rows is that of chance
MOST_THIN, MOST_THIN_RANKED = 0.5, 0.1
ROWS_OF_DESIGN = 3  # for each value; fewer may be equally many by chance
MIN_FILLED = 0.35
_YEAR = r"(?<!\d)(?:19|20)\d\d(?!\d)"
CLOCK = DATE_PARTS | {"time"}
LONG_NAME = 40
BULK, ROWS_OF_BULK = 0.95, 20  # of the values: a mean outside of them is that of no row
COUNT_WORDS = known("count counts cnt n num number freq frequency anzahl")
RANK_WORDS = known("rank ranking placing standing")
ORDER_WORDS = known("order invoice transaction receipt booking payment")


@dataclass(frozen=True)
class Facts:
    """The columns to chart, each list with the most interesting first.

    `main` is the number of measures that share the first charts: one, or two that are about as
    interesting. `is_strong` tells that the name of the first one suggests that it matters.
    `settled` are all measures in the table's order, with the aggregates that fit.
    `coordinates` are the names of longitude and latitude. `flags` and `columns` are all that
    the table has.
    """

    data: str
    frame: pd.DataFrame
    time: Column | None
    grain: str | None
    measures: tuple[Column, ...]
    categories: tuple[Column, ...]
    rows: int
    coordinates: tuple[str, str] | None = None
    years: tuple[Column, ...] = ()
    main: int = 1
    flags: tuple[Column, ...] = ()
    columns: tuple[Column, ...] = ()
    is_strong: bool = True
    settled: tuple[Column, ...] = ()

    @classmethod
    def from_inspection(cls, inspection: Inspection, data: str) -> Facts:
        inspection = _without_infinite(inspection)
        frame, columns = inspection.frame, inspection.columns
        rows = inspection.total or len(frame)
        times = [c for c in columns if c.role == "time" and c.distinct > 1]
        # Birth, last-seen and expiry dates describe a person or thing; they are not a time axis.
        times = [c for c in times if not PERSONAL_WORDS & set(words(c.name))]
        times = [c for c in times if not _is_of_entities(c, columns, frame)]
        time = max(times, key=lambda c: time_interest(c, rows), default=None)
        inspection = without_rankings(inspection, time)
        columns = inspection.columns
        settled = _settled_measures(inspection, time, rows)
        measures, interest = _ranked_measures(inspection, settled, time, rows)
        top = [interest[measure.name] for measure in measures[:2]]
        categories = _category_columns(columns)
        return cls(
            data=data,
            frame=frame,
            time=time,
            grain=line_grain(frame, time),
            measures=tuple(measures),
            categories=tuple(_ranked_categories(inspection, categories, time, rows)),
            rows=rows,
            coordinates=coordinate_columns(columns),
            years=tuple(
                c for c in times if c is not time and c.type == "integer" and len(words(c.name)) > 1
            ),
            main=2 if len(top) == 2 and top[1] > top[0] - 0.8 else 1,
            flags=tuple(c for c in categories if c.role == "flag"),
            columns=columns,
            is_strong=bool(top) and top[0] >= 1.0,
            settled=tuple(settled),
        )

    @property
    def lists(self) -> list[Column]:
        """The columns with lists of choices in their cells."""
        return [c for c in self.columns if c.separator and c.role == "category"]

    @property
    def has_candles(self) -> bool:
        """Tell whether the table has the four prices of a candlestick."""
        return _has_candles(self.columns)

    @cached_property
    def groups(self) -> list[tuple[Column, ...]]:
        """The groups of columns that measure the same for different things."""
        is_series = self.time is not None and not self.crowded
        return groups(self.columns, self.measures, self.frame, is_series=is_series)

    @cached_property
    def answers(self) -> tuple[Column, ...]:
        """The flags that are the answers to one question, without what the table is about."""
        return tuple(flag for flag in answers(self.columns) if flag != self.outcome)

    @cached_property
    def scales(self) -> tuple[Column, ...]:
        """The questions that are answered on one scale."""
        return scales(self.columns, self.frame)

    @cached_property
    def is_compared(self) -> bool:
        """Tell whether most measures are in such groups."""
        grouped = {column.name for group in self.groups for column in group}
        if not grouped or max(map(len, self.groups)) < 3:
            return False
        measured = {measure.name for measure in self.measures} | grouped
        return len(grouped) >= 0.6 * len(measured)

    def is_thing(self, name: str) -> bool:
        """Tell whether a measure is called after a thing, as those are that it is compared with."""
        if not self.is_compared or compared([c.name for c in self.groups[0]], "") != "value":
            return False
        return not (SUM_WORDS | MEAN_WORDS | STOCK_WORDS) & set(words(name))

    @cached_property
    def single_measures(self) -> tuple[Column, ...]:
        """The measures to chart by themselves: of columns that are compared, only two."""
        if not self.is_compared:
            return without_repeats(self.frame, self.measures)
        grouped = {column.name for group in self.groups for column in group}
        in_groups = [m for m in self.measures if m.name in grouped and len(m.name) < LONG_NAME][:2]
        # What stands beside the compared columns is often their total: a city, of its districts.
        return (*(m for m in self.measures if m.name not in grouped), *in_groups)

    @property
    def adds_up(self) -> bool:
        """Tell whether the main measure can be added up over all rows of a time."""
        return bool(self.single_measures) and self.single_measures[0].agg in ("sum", "last")

    @cached_property
    def step(self) -> str | None:
        """The step in time that is compared with the one before: a month, if there are a few."""
        if self.time is None or self.time.distinct < 4:
            return None
        if self.time.type == "integer":
            return "year"
        values = self.frame[self.time.name].dropna()
        span = (values.max() - values.min()).total_seconds()
        grains = list(SECONDS)
        finest = grains.index(self.time.grain or "day")
        for grain in ("month", "week", "day", "quarter", "year"):
            if grains.index(grain) >= finest and span / SECONDS[grain] >= MIN_STEPS:
                return grain
        return None

    def position(self, column: Column) -> int:
        """Return the index of a column in the table."""
        return [each.name for each in self.columns].index(column.name)

    @cached_property
    def pattern(self) -> list[str]:
        """The order in which intents take turns."""
        return _INTENTS[self.kind].split()

    @cached_property
    def kind(self) -> str:
        """Return the kind of data, a key of _INTENTS."""
        if self.is_compared:
            return "compared"
        if self.outcome and self.time is None:
            return "outcome"
        if not self.measures:
            return "counted"
        if len(self.categories) >= 5 * len(self.measures) or (
            self.time is None and words(self.measures[0].name) == ["age"]
        ):
            return "survey"
        if self._are_items():
            return "items"
        if self.measures[0].agg in ("sum", "last"):
            are_events = self.time is not None and not self.is_panel and not self.is_strong
            return "events" if are_events else "additive"
        if self.time is None:
            return "averaged"
        return "series" if self.is_panel else "events"

    def _are_items(self) -> bool:
        """Tell whether each row is an item with a name and several measures: a film, a product."""
        if len(self.measures) < 3 or self.is_panel or self.coordinates:
            return False
        if self.time is not None and self.time.type == "datetime":
            return False
        if any(ORDER_WORDS & set(words(c.name)) for c in self.columns if c.role == "identifier"):
            return False  # lines of orders, whose products have names
        named = [c for c in self.columns if c.type == "text" and NAME_WORDS & set(words(c.name))]
        return any(c.distinct > 0.9 * self.rows > 20 for c in named)

    @cached_property
    def row_name(self) -> str:
        """The plural name of what each row is, such as orders, or ""."""
        # A table of a panel is called after what is measured: a row of districts is a year.
        return rows_of("" if self.is_panel else self.data, self.columns, self.rows)

    @cached_property
    def is_single(self) -> bool:
        """Tell whether each point of a line is one row, so that nothing is aggregated."""
        if self.time is None:
            return False
        is_same_grain = self.grain == (self.time.grain or "year")
        return is_same_grain and not bool(self._times.duplicated().any())

    @property
    def _times(self) -> pd.Series:
        assert self.time is not None
        return self.frame[self.time.name].dropna()

    @cached_property
    def is_panel(self) -> bool:
        """Tell whether the same things are measured repeatedly, so that row counts mean nothing."""
        if self.time is None:
            return False
        if not self._times.duplicated().any():
            return self._is_regular()
        if not self.crowded:
            return False
        texts = [
            c for c in self.columns if c.type == "text" and c.role in ("category", "geography")
        ]
        texts = [c for c in texts if c.distinct <= 0.5 * self.rows][:8]
        if any(self.is_series(column) for column in texts):
            return True
        # Several columns together may name a thing: county and state, product and channel.
        keys = [column.name for column in texts]
        combinations = self.frame[keys].drop_duplicates() if keys else ()
        is_repeated = len(combinations) <= self.rows / 5
        return is_repeated and not bool(self.frame.duplicated([self.time.name, *keys]).any())

    def _is_regular(self) -> bool:
        """Tell whether times follow each other in equal steps, like those of a weather station."""
        assert self.time is not None
        if self.time.type == "integer" or self.time.grain not in ("hour", "day"):
            return True
        steps = self._times.sort_values().diff().dropna()
        if steps.empty:
            return True
        usual = steps.mode().iloc[0]
        return bool((steps == usual).mean() > 0.5)

    @property
    def are_events(self) -> bool:
        """Tell whether rows are events, so that their number is the first thing to chart."""
        return bool(self.time) and not self.is_panel and self.kind == "events"

    @cached_property
    def are_readings(self) -> bool:
        """Tell whether rows follow each other in nearly equal steps, like those of a sensor."""
        if self.time is None or self.crowded or self.time.type != "datetime":
            return False
        steps = self._times.sort_values().diff().dropna()
        usual = steps.mode()
        # The clock of a sensor may drift a little.
        near = (steps - usual.iloc[0]).abs() <= usual.iloc[0] * 0.1 if len(usual) else steps
        return len(steps) > 20 and float(near.mean()) > 0.8

    @property
    def counts_matter(self) -> bool:
        """Tell whether the number of rows over time is worth a chart."""
        if self.is_panel or self.balanced or self.are_readings:
            return False
        if any(set(words(c.name)) <= COUNT_WORDS for c in self.settled):
            return False  # each row says how many there are
        return not self.measures or self.measures[0].agg == "mean" or self.kind == "events"

    def series(self) -> Column | None:
        """Return the category with many values that each have their own line: countries, stocks."""
        if self.time is None or not self.crowded:
            return None
        low, high = SERIES_VALUES
        candidates = [
            c
            for c in self.categories
            if low <= c.distinct <= min(high, self.rows / 5)
            and c.type == "text"
            and not CLOCK & set(words(c.name))
        ]
        series = [c for c in candidates if self.is_series(c)]
        if not series and self.is_panel and any(m.agg == "last" for m in self.measures[:1]):
            series = [c for c in candidates if c.role == "geography"]
        return series[0] if series else None

    @cached_property
    def outcome(self) -> Column | None:
        """The flag that the table is about, such as attrition; not one that is nearly constant."""
        last = self.columns[-1].name if self.columns else ""
        ranked = []
        same_question = answers(self.columns)
        named = [flag for flag in self.flags if self._names_the_table(set(words(flag.name)))]
        for flag in self.flags:
            name_words = set(words(flag.name))
            if name_words & DEMOGRAPHY and flag not in named:
                continue
            is_target = name_words & TARGETS and len(name_words) == 1
            is_named = named == [flag] or bool(name_words & OUTCOMES)
            score = 3 * bool(is_target) + 2 * is_named
            is_last = flag.name == last and flag not in same_question
            score += is_last and self.time is None
            if score and 0.005 < float(self.truth_values(flag).mean()) < 0.995:
                ranked.append((score, self.position(flag), flag))
        return max(ranked, key=lambda entry: entry[:2])[2] if ranked else None

    def _names_the_table(self, name_words: set[str]) -> bool:
        """Tell whether a word has the stem of a word of the table's name: smoke, of smoking."""
        stems = {word[:STEM] for word in words(self.data) if len(word) >= STEM}
        return bool(stems & {word[:STEM] for word in name_words})

    def truth_values(self, flag: Column) -> pd.Series:
        """Return a flag's values as booleans, without the missing ones."""
        present = self.frame[flag.name].dropna()
        if flag.yes is not None:
            return present.astype("str") == flag.yes
        return present.astype("bool")

    def outcome_categories(self) -> list[tuple[Column, tuple[float, float]]]:
        """Return the categories on which the outcome depends most, and its extreme shares."""
        if self.outcome is None:
            return []
        outcome = self.truth_values(self.outcome)
        mean = float(outcome.mean())
        ranked = []
        for position, category in enumerate(self.categories[:20]):
            if category.name == self.outcome.name or category.distinct > 24:
                continue
            if self.is_thin(category, "share"):
                continue
            by_value = outcome.groupby(self.frame[category.name].loc[outcome.index])
            shares = by_value.agg(["mean", "size"])
            shares = shares[shares["size"] >= max(5, 0.005 * len(outcome))]
            if len(shares) < 2:
                continue
            lowest, highest = float(shares["mean"].min()), float(shares["mean"].max())
            if highest - lowest < 0.005:
                continue
            squares = (shares["mean"] - mean) ** 2 * shares["size"]
            variance = float(squares.sum() / shares["size"].sum())
            effect = (variance / (mean * (1 - mean))) ** 0.5
            score = 2 * effect - 0.05 * position + 0.2 * (category.distinct > 2)
            ranked.append((score, -position, category, (lowest, highest)))
        ranked.sort(key=lambda entry: entry[:2], reverse=True)
        return [(category, spread) for _, _, category, spread in ranked]

    def differs(self, measure: Column, category: Column) -> bool:
        """Tell whether the means of a measure differ noticeably by a category, which has enough rows."""
        if self.is_thin(category, measure.agg):
            return False
        if measure.agg != "mean" or category.distinct > 100:
            return True
        values = self.frame[measure.name].astype("float64")
        means = values.groupby(self.frame[category.name]).mean()
        return bool(means.max() - means.min() > 0.02 * float(values.std()))

    def as_result(self, measure: Column) -> tuple[bool, int]:
        """Return how much a measure is what others lead to: by its name, then by its interest."""
        names = [each.name for each in self.measures]
        place = names.index(measure.name) if measure.name in names else len(names)
        return bool(RESULT.search(measure.name)), -place

    def is_thin(self, category: Column, agg: str | None) -> bool:
        """Tell whether too many values of a category have too few rows for a mean, or a share.

        Bars of the highest means, and of shares, begin with such values. A category that names its
        rows, each once or hardly more, is not averaged at all.
        """
        if agg not in ("mean", "share"):
            return False
        counts = self.frame[category.name].value_counts()
        if counts.max() < ROWS_OF_MEAN:
            return False
        is_ranked = agg == "share" or category.distinct > ALL_BARS
        thin = float((counts < ROWS_OF_MEAN).mean())
        return thin > (MOST_THIN_RANKED if is_ranked else MOST_THIN)

    def changes_in_time(self, measure: Column) -> bool:
        """Tell whether a line of a measure has a meaning: not the age of whoever answered that day."""
        if measure.agg == "mean" and self.is_spoilt(measure):
            return False
        return self.is_panel or "age" not in words(measure.name)

    def is_spoilt(self, measure: Column) -> bool:
        """Tell whether impossible values make the mean of a measure unlike nearly all its values."""
        return measure.name in self._spoilt

    @cached_property
    def _spoilt(self) -> set[str]:
        values = self.frame[[m.name for m in self.settled if m.agg == "mean"]].astype("float64")
        low, high, means = values.quantile(1 - BULK), values.quantile(BULK), values.mean()
        is_enough = values.count() >= ROWS_OF_BULK
        return set(values.columns[is_enough & ((means < low) | (means > high))])

    def is_stepped(self, measure: Column) -> bool:
        """Tell whether a measure has few round values, of which bars say more than a histogram."""
        few = measure.distinct <= MAX_BARS_OF_NUMBERS
        return few and self.rows >= 10 * measure.distinct and self.is_round(measure)

    def is_round(self, measure: Column) -> bool:
        """Tell whether a measure is in steps of a tenth or a quarter, as doses and ratings are.

        Others are measured, such as the unemployment of twelve months that many rows share.
        """
        levels = self.frame[measure.name].dropna().drop_duplicates().astype("float64")
        distances = (levels * 20 - (levels * 20).round()).abs()
        return bool((distances < NEARLY_ROUND).all())

    def is_by_design(self, measure: Column) -> bool:
        """Tell whether all values of a measure are as frequent, as people chose them: doses, plots."""
        if self.rows < ROWS_OF_DESIGN * measure.distinct:
            return False
        counts = self.frame[measure.name].value_counts()
        return bool(counts.max() - counts.min() <= 1)

    def is_uneven(self, category: Column, least: float = UNEVEN) -> bool:
        """Tell whether a category's values differ in how often they occur, in no panel."""
        if self.is_panel and (self.crowded or CLOCK & set(words(category.name))):
            return False
        if self.time and self.crowded:
            keys = [self.time.name, category.name]
            if not self.frame.duplicated(keys).any():
                return False  # each value occurs once each time
        counts = self.frame[category.name].value_counts()
        if float(counts.iloc[0]) > MOST_OF_ROWS * float(counts.sum()):
            return False
        return float(counts.std() / counts.mean()) > least

    def is_series(self, category: Column) -> bool:
        """Tell whether each value of a category has one row at a time: a series of its own."""
        if self.time is None or not self.crowded or CLOCK & set(words(category.name)):
            return False
        # A series has a value most times; two teams that never play twice a day have not.
        if self.rows < MIN_FILLED * category.distinct * self.time.distinct:
            return False
        return not self.frame.duplicated([self.time.name, category.name]).any()

    def has_trend(self, measure: Column, category: Column) -> bool:
        """Tell whether a measure rises or falls in most series, rather than with each day's weather."""
        assert self.time is not None
        rows = (
            self.frame[[self.time.name, category.name, measure.name]]
            .dropna()
            .sort_values(self.time.name)
        )
        groups = rows.groupby(category.name)[measure.name]
        ranks, places = groups.rank(), groups.cumcount()
        strength = ranks.groupby(rows[category.name]).corr(places).abs()
        return bool(strength.median() > LEAST_TREND)

    @cached_property
    def balanced(self) -> bool:
        """Tell whether all times have equally many rows, so that their number means nothing."""
        if self.time is None or not self.crowded:
            return False
        counts = self.frame[self.time.name].value_counts()
        return float(counts.std() / counts.mean()) < 0.02

    @cached_property
    def crowded(self) -> bool:
        """Tell whether many rows share a time, so that a line pools unlike things."""
        return self.time is not None and bool(self.frame[self.time.name].duplicated().mean() > 0.2)

    def color(self) -> Column | None:
        """Return the best category for colour."""
        low, high = COLORS
        fitting = [
            c
            for c in self.categories
            if low <= c.distinct <= high and c.type != "integer" and not CLOCK & set(words(c.name))
        ]
        return fitting[0] if fitting else None


def _without_infinite(inspection: Inspection) -> Inspection:
    """Return an inspection in which infinite numbers are missing, for they have no mean or spread."""
    numbers = inspection.frame.select_dtypes("float")
    infinite = numbers.isin([math.inf, -math.inf])
    if not infinite.any(axis=None):
        return inspection
    finite = {str(name): numbers[name].mask(infinite[name]) for name in numbers}
    return replace(inspection, frame=inspection.frame.assign(**finite))


def _category_columns(columns: Sequence[Column]) -> list[Column]:
    """Return the columns to break down by, in the table's order."""
    return [
        c
        for c in columns
        if c.role in ("category", "geography", "flag")
        and c.type in ("text", "boolean", "integer")
        and not (c.role == "geography" and c.type != "text")
        and not (c.role == "category" and c.separator)
    ]


def by_year(measures: Iterable[Column]) -> Iterator[list[str]]:
    """Yield the names of measures that differ in a year alone, the latest first."""
    names: dict[str, list[tuple[int, str]]] = defaultdict(list)  # by what is beside the years
    for measure in measures:
        if years := re.findall(_YEAR, measure.name):
            names[re.sub(_YEAR, "", measure.name)].append((int(years[-1]), measure.name))
    for group in names.values():
        if len(group) >= MIN_YEARS:
            yield [name for _, name in sorted(group, reverse=True)]


def _ranked_measures(
    inspection: Inspection, settled: Sequence[Column], time: Column | None, rows: int
) -> tuple[list[Column], dict[str, float]]:
    """Return the measures, most interesting first, and their interest by name."""
    frame, columns = inspection.frame, inspection.columns
    measures = [*settled]
    position = {c.name: index for index, c in enumerate(columns)}
    interest = {c.name: measure_interest(c, rows, position[c.name]) for c in measures}
    for c in measures[:60]:
        if float((frame[c.name] == 0).mean()) > MOSTLY:
            interest[c.name] -= 0.8  # a chart of mostly zeros shows little
    if time is None and measures and _is_target(measures, columns[-1]):
        interest[measures[-1].name] += LAST_COLUMN_BONUS
    for names in by_year(measures):
        interest[names[0]] = max(interest[name] for name in names) + 0.01
    measures.sort(key=lambda c: -interest[c.name])
    # A number of cases or an error is not charted beside real measures.
    major = [c for c in measures if not MINOR_WORDS & set(words(c.name))]
    measures = diverse(frame, major or measures)
    if _has_candles(columns):  # people quote the last of the four prices
        measures.sort(key=lambda c: c.name.lower().strip() != "close")
    return measures, interest


def _settled_measures(inspection: Inspection, time: Column | None, rows: int) -> list[Column]:
    """Return the measures with the aggregates that fit the kind of rows."""
    frame, columns = inspection.frame, inspection.columns
    measures = [without_generic_sum(c) for c in columns if c.role == "measure"]
    # A mean of ranks, or their sum, says nothing beside what they rank by.
    measures = [c for c in measures if not RANK_WORDS & set(words(c.name))] or measures
    measures = without_made(frame, measures)
    if time is not None and not is_of_rows(time):
        return measures
    if are_persons(frame, columns):
        # What people pay or earn is averaged: a sum would only tell how many people there are.
        return [replace(c, agg="mean") if c.agg == "sum" else c for c in measures]
    if are_items(columns, rows):
        # A measure of items is added up only if its name is that of an amount.
        return [
            replace(c, agg="mean") if c.agg == "sum" and not is_amount(c) else c for c in measures
        ]
    return measures


def _ranked_categories(
    inspection: Inspection, categories: Sequence[Column], time: Column | None, rows: int
) -> list[Column]:
    """Return the categories worth charting, most interesting first."""
    frame, columns = inspection.frame, inspection.columns
    position = {c.name: index for index, c in enumerate(columns)}
    useful = [
        c
        for c in categories
        if worth_counting(c, rows, len(columns), position[c.name])
        and not is_year(c, frame, time)
        and not is_ambiguous(frame, c, columns)
    ]
    useful.sort(key=lambda c: -category_interest(c, rows, position[c.name]))
    useful = without_twins(frame, useful)
    return [c for c in useful if not is_one_sided(frame, c)] or useful


def _is_target(measures: Sequence[Column], last: Column) -> bool:
    """Tell whether the last column is a measure unlike all others: what the table is about."""
    earlier_words = {word for measure in measures[:-1] for word in words(measure.name)}
    return measures[-1].name == last.name and not earlier_words & set(words(last.name))


def _is_of_entities(year: Column, columns: Sequence[Column], frame: pd.DataFrame) -> bool:
    """Tell whether a year belongs to entities with many rows each: in which a shop was opened."""
    if year.type != "integer":
        return False
    entities = [
        c.name
        for c in columns
        if c.type == "text" and year.distinct < c.distinct <= len(frame) / ROWS_OF_ENTITY
    ]
    return any(bool((frame.groupby(name)[year.name].nunique() <= 1).all()) for name in entities)


def _has_candles(columns: Sequence[Column]) -> bool:
    names = {c.name.lower().strip() for c in columns if c.role == "measure"}
    return names >= set(CANDLE)
