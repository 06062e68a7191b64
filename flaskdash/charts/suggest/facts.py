"""What the suggestions are made from: the columns worth charting, and what they are like together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from flaskdash.charts.kinds import CANDLE
from flaskdash.charts.suggest.groups import groups
from flaskdash.charts.suggest.interest import (
    MINOR_WORDS,
    NAME_WORDS,
    SECONDS,
    are_items,
    are_persons,
    category_interest,
    diverse,
    is_amount,
    is_one_sided,
    is_year,
    line_grain,
    measure_interest,
    place_of,
    settled,
    time_interest,
    without_repeats,
    without_twins,
    worth_counting,
)
from flaskdash.inspect.model import Column, Inspection
from flaskdash.inspect.words import DATE_PARTS, word_set, words

if TYPE_CHECKING:
    import pandas as pd

COLORS = (2, 8)
# Which intents take turns: what adds up is broken down, what does not is looked at.
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
PERSONAL_WORDS = word_set("birth birthdate birthday born dob last expires expiry")
OUTCOMES = word_set(
    "attrition churn churned survived survival defaulted canceled cancelled cancellation exited fraud"
    " fraudulent clicked click converted conversion purchased bought subscribed response responded died death"
    " deceased readmitted readmission delayed late approved stroke disease success successful arrest treatment won"
    " win passed hired promoted left quit returned complained satisfied recommended infected status"
    " vote voted released admitted graduated completed accepted"
)
DEMOGRAPHY = word_set(
    "female male sex gender man woman black white hisp hispanic asian married single kids citizen urban rural"
)
TARGETS = word_set("y target outcome label class")
ENTITY = (9, 400)
STEPS = 12
LAST, MOSTLY = 0.3, 0.8
STEPS_BACK = 4
SERIES = 0.35
CLOCK = DATE_PARTS | {"time"}
LONG = 40
ORDER_WORDS = word_set("order invoice transaction receipt booking payment")


@dataclass(frozen=True)
class Facts:
    """The columns to chart, each list with the most interesting first.

    `main` is the number of measures that share the first charts: one, or two as interesting; the first
    one `is_strong` where its name says that it matters. `flags` and `columns` are all of the table.
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
    flags: tuple[Column, ...] = ()
    columns: tuple[Column, ...] = ()
    is_strong: bool = True

    @classmethod
    def of(cls, inspection: Inspection, data: str) -> Facts:
        """Return the facts about an inspection."""
        frame, rows = inspection.frame, inspection.total or len(inspection.frame)
        times = [c for c in inspection.columns if c.role == "time" and c.distinct > 1]
        # When somebody was born, or came last, is no axis for what the rows say.
        times = [c for c in times if not PERSONAL_WORDS & set(words(c.name))]
        time = max(times, key=lambda c: time_interest(c, rows), default=None)
        measures = [settled(c) for c in inspection.columns if c.role == "measure"]
        if time is None and are_persons(frame, inspection.columns):
            # What each of them pays or earns is averaged: a sum would tell how many there are.
            measures = [replace(c, agg="mean") if c.agg == "sum" else c for c in measures]
        elif time is None and are_items(inspection.columns, rows):
            # What no word tells to be an amount is a property of each thing.
            measures = [
                c if c.agg != "sum" or is_amount(c) else replace(c, agg="mean") for c in measures
            ]
        categories = [
            c
            for c in inspection.columns
            if c.role in ("category", "geography", "flag")
            and c.type in ("text", "boolean", "integer")
            and not (c.role == "geography" and c.type != "text")
        ]
        flags = [c for c in categories if c.role == "flag"]
        order = {c.name: i for i, c in enumerate(inspection.columns)}
        categories = [
            c
            for c in categories
            if worth_counting(c, rows, len(inspection.columns), order[c.name])
            and not is_year(c, frame, time)
        ]
        interest = {c.name: measure_interest(c, rows, order[c.name]) for c in measures}
        for c in measures[:60]:
            if float((frame[c.name] == 0).mean()) > MOSTLY:
                interest[c.name] -= 0.8  # there is hardly anything to see
        if time is None and measures and _is_target(measures, inspection.columns[-1]):
            interest[measures[-1].name] += LAST
        measures.sort(key=lambda c: -interest[c.name])
        # A number of cases, an error: beside real measures they are not charted.
        telling = [c for c in measures if not MINOR_WORDS & set(words(c.name))]
        measures = telling or measures
        measures = diverse(frame, measures)
        if _has_candles(inspection.columns):  # of four prices, the last is what people quote
            measures.sort(key=lambda c: c.name.lower().strip() != "close")
        top = [interest[measure.name] for measure in measures[:2]]
        categories.sort(key=lambda c: -category_interest(c, rows, order[c.name]))
        categories = without_twins(frame, categories)
        categories = [c for c in categories if not is_one_sided(frame, c)] or categories
        return cls(
            data,
            frame,
            time,
            line_grain(frame, time),
            tuple(measures),
            tuple(categories),
            rows,
            place_of(inspection.columns),
            tuple(
                c for c in times if c is not time and c.type == "integer" and len(words(c.name)) > 1
            ),
            2 if len(top) == 2 and top[1] > top[0] - 0.8 else 1,
            tuple(flags),
            inspection.columns,
            bool(top) and top[0] >= 1.0,
        )

    @property
    def has_candles(self) -> bool:
        """Tell whether there are the four prices of a candlestick."""
        return _has_candles(self.columns)

    @cached_property
    def groups(self) -> list[tuple[Column, ...]]:
        """Return the groups of columns that hold the same of different things."""
        is_series = self.time is not None and not self.crowded
        return groups(self.columns, self.measures, self.frame, is_series=is_series)

    @cached_property
    def is_compared(self) -> bool:
        """Tell whether most of what is measured stands in such groups."""
        grouped = {column.name for group in self.groups for column in group}
        if not grouped or max(map(len, self.groups)) < 3:
            return False
        measured = {measure.name for measure in self.measures} | grouped
        return len(grouped) >= 0.6 * len(measured)

    @cached_property
    def alone(self) -> tuple[Column, ...]:
        """Return the measures to chart by themselves: of a group that is compared, the first two."""
        if not self.is_compared:
            return without_repeats(self.frame, self.measures)
        grouped = {column.name for group in self.groups for column in group}
        members = [m for m in self.measures if m.name in grouped and len(m.name) < LONG][:2]
        return tuple(m for m in self.measures if m.name not in grouped or m in members)

    @property
    def adds_up(self) -> bool:
        """Tell whether the main measure can be put together over all rows of a time."""
        return bool(self.alone) and self.alone[0].agg in ("sum", "last")

    @cached_property
    def step(self) -> str | None:
        """Return the step in time to compare with the one before: a month, where there are a few."""
        if self.time is None or self.time.distinct < 4:
            return None
        if self.time.type == "integer":
            return "year"
        values = self.frame[self.time.name].dropna()
        span = (values.max() - values.min()).total_seconds()
        natural = list(SECONDS).index(self.time.grain or "day")
        for grain in ("month", "week", "day", "quarter", "year"):
            if list(SECONDS).index(grain) >= natural and span / SECONDS[grain] >= STEPS_BACK:
                return grain
        return None

    def position(self, column: Column) -> int:
        """Return where the column stands in the table."""
        return [each.name for each in self.columns].index(column.name)

    @cached_property
    def pattern(self) -> list[str]:
        """Return the order in which intents take turns."""
        return _INTENTS[self._kind()].split()

    def _kind(self) -> str:
        """Return which kind of data this is."""
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
            happen = self.time is not None and not self.is_panel and not self.is_strong
            return "events" if happen else "additive"
        if self.time is None:
            return "averaged"
        return "series" if self.is_panel else "events"

    def _are_items(self) -> bool:
        """Tell whether each row is a thing with a name and several measures: a film, a product."""
        if len(self.measures) < 3 or self.is_panel or self.place:
            return False
        if self.time is not None and self.time.type == "datetime":
            return False
        if any(ORDER_WORDS & set(words(c.name)) for c in self.columns if c.role == "identifier"):
            return False  # lines of orders, whose products have names
        named = [c for c in self.columns if c.type == "text" and NAME_WORDS & set(words(c.name))]
        return any(c.distinct > 0.9 * self.rows > 20 for c in named)

    @cached_property
    def is_single(self) -> bool:
        """Tell whether each point of a line is one row, so that nothing is put together."""
        if self.time is None:
            return False
        same = self.grain == (self.time.grain or "year")
        return same and not bool(self.frame[self.time.name].dropna().duplicated().any())

    @cached_property
    def is_panel(self) -> bool:
        """Tell whether things are measured again and again, so that counting rows says nothing."""
        if self.time is None:
            return False
        times = self.frame[self.time.name].dropna()
        if not times.duplicated().any():
            return self._is_regular()
        if not self.crowded:
            return False
        text = [c for c in self.columns if c.type == "text" and c.role in ("category", "geography")]
        text = [c for c in text if c.distinct <= 0.5 * self.rows][:8]
        keys = [c.name for c in text]
        if any(self.is_series(column) for column in text):
            return True
        # Several together: county and state, product and channel.
        things = self.frame[keys].drop_duplicates() if keys else ()
        again = len(things) <= self.rows / 5
        return again and not bool(self.frame.duplicated([self.time.name, *keys]).any())

    def _is_regular(self) -> bool:
        """Tell whether times follow each other in equal steps, as those of a station do."""
        assert self.time is not None
        if self.time.type == "integer" or self.time.grain not in ("hour", "day"):
            return True
        steps = self.frame[self.time.name].dropna().sort_values().diff().dropna()
        if steps.empty:
            return True
        usual = steps.mode().iloc[0]
        return bool((steps == usual).mean() > 0.5)

    @property
    def are_events(self) -> bool:
        """Tell whether rows are things that happen, and their number is what counts first."""
        return bool(self.time) and not self.is_panel and self._kind() == "events"

    @cached_property
    def are_readings(self) -> bool:
        """Tell whether rows follow each other in equal steps, as those of a sensor do."""
        if self.time is None or self.crowded or self.time.type != "datetime":
            return False
        steps = self.frame[self.time.name].dropna().sort_values().diff().dropna()
        usual = steps.mode()
        # A clock that drifts a little still ticks.
        near = (steps - usual.iloc[0]).abs() <= usual.iloc[0] * 0.1 if len(usual) else steps
        return len(steps) > 20 and float(near.mean()) > 0.8

    @property
    def counts_tell(self) -> bool:
        """Tell whether the number of rows over time says something."""
        if self.is_panel or self.balanced or self.are_readings:
            return False
        return not self.measures or self.measures[0].agg == "mean" or self._kind() == "events"

    def series(self) -> Column | None:
        """Return the category whose many values each have a line of their own: countries, stocks."""
        if self.time is None or not self.crowded:
            return None
        low, high = ENTITY
        fit = [c for c in self.categories if low <= c.distinct <= high and c.type == "text"]
        fit = [c for c in fit if not CLOCK & set(words(c.name))]
        fit = [c for c in fit if c.distinct <= self.rows / 5]
        whole = [c for c in fit if self.is_series(c)]
        if not whole and self.is_panel and any(m.agg == "last" for m in self.measures[:1]):
            whole = [c for c in fit if c.role == "geography"]
        return whole[0] if whole else None

    @cached_property
    def outcome(self) -> Column | None:
        """Return the flag that the table is about, such as attrition: it holds for some rows, not nearly all."""
        last = self.columns[-1].name if self.columns else ""
        ranked = []
        for flag in self.flags:
            named = set(words(flag.name))
            score = 3 * bool(named & TARGETS and len(named) == 1) + 2 * bool(named & OUTCOMES)
            score += (flag.name == last) and self.time is None and not named & DEMOGRAPHY
            holds = self.holds(flag)
            if score and 0.005 < float(holds.mean()) < 0.995:
                ranked.append((score, self.position(flag), flag))
        return max(ranked, key=lambda one: one[:2])[2] if ranked else None

    def holds(self, flag: Column) -> pd.Series:
        """Return where a flag holds, without its missing values."""
        present = self.frame[flag.name].dropna()
        if flag.yes is not None:
            return present.astype("str") == flag.yes
        return present.astype("bool")

    def told_by(self) -> list[tuple[Column, tuple[float, float]]]:
        """Return the categories that tell most of the outcome, each with the least and the largest share."""
        if self.outcome is None:
            return []
        holds = self.holds(self.outcome)
        mean, found = float(holds.mean()), []
        for place, category in enumerate(self.categories[:20]):
            if category.name == self.outcome.name or category.distinct > 24:
                continue
            by = holds.groupby(self.frame[category.name].loc[holds.index])
            table = by.agg(["mean", "size"])
            table = table[table["size"] >= max(5, 0.005 * len(holds))]
            if len(table) < 2:
                continue
            spread = ((table["mean"] - mean) ** 2 * table["size"]).sum() / table["size"].sum()
            effect = (float(spread) / (mean * (1 - mean))) ** 0.5
            score = 2 * effect - 0.05 * place + 0.2 * (category.distinct > 2)
            lowest, highest = float(table["mean"].min()), float(table["mean"].max())
            if highest - lowest < 0.005:
                continue
            found.append((score, -place, category, (lowest, highest)))
        found.sort(key=lambda one: one[:2], reverse=True)
        return [(category, spread) for _, _, category, spread in found]

    def differs(self, measure: Column, category: Column) -> bool:
        """Tell whether the means of a measure differ at all by a category."""
        if measure.agg != "mean" or category.distinct > 100:
            return True
        values = self.frame[measure.name].astype("float64")
        means = values.groupby(self.frame[category.name]).mean()
        return bool(means.max() - means.min() > 0.02 * float(values.std()))

    def is_stepped(self, measure: Column) -> bool:
        """Tell whether a measure has so few values that bars of each say more than a histogram."""
        return measure.distinct <= STEPS and self.rows >= 10 * measure.distinct

    def is_uneven(self, category: Column) -> bool:
        """Tell whether a category's values differ in how often they occur."""
        if self.time and self.crowded:
            keys = [self.time.name, category.name]
            if not self.frame.duplicated(keys).any():
                return False  # each is measured once each time
        counts = self.frame[category.name].value_counts()
        if float(counts.iloc[0]) > 0.97 * float(counts.sum()):
            return False
        return float(counts.std() / counts.mean()) > 0.05

    def is_series(self, category: Column) -> bool:
        """Tell whether each value of a category has one row at a time: a series of its own."""
        if self.time is None or not self.crowded or CLOCK & set(words(category.name)):
            return False
        # Two teams do not meet on each day either: a series has a value most times.
        if self.rows < SERIES * category.distinct * self.time.distinct:
            return False
        return not self.frame.duplicated([self.time.name, category.name]).any()

    @cached_property
    def balanced(self) -> bool:
        """Tell whether each time has as many rows, so that their number says nothing."""
        if self.time is None or not self.crowded:
            return False
        counts = self.frame[self.time.name].value_counts()
        return float(counts.std() / counts.mean()) < 0.02

    @cached_property
    def crowded(self) -> bool:
        """Tell whether many rows share a time, so that a line pools unlike things."""
        return self.time is not None and bool(self.frame[self.time.name].duplicated().mean() > 0.2)

    def color(self) -> Column | None:
        """Return the category that is best for colour."""
        low, high = COLORS
        fit = [c for c in self.categories if low <= c.distinct <= high and c.type != "integer"]
        fit = [c for c in fit if not CLOCK & set(words(c.name))]
        return fit[0] if fit else None


def _is_target(measures: Sequence[Column], last: Column) -> bool:
    """Tell whether the last column is a measure unlike all others: tables end with what they are about."""
    others = {word for measure in measures[:-1] for word in words(measure.name)}
    return measures[-1].name == last.name and not others & set(words(last.name))


def _has_candles(columns: Sequence[Column]) -> bool:
    names = {c.name.lower().strip() for c in columns if c.role == "measure"}
    return names >= set(CANDLE)
