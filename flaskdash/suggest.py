"""From what the columns mean to a ranked list of charts, each with its reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from flaskdash.charts import Chart
from flaskdash.inspect.model import Column, Inspection
from flaskdash.inspect.words import DATE_PARTS, LATITUDE, LONGITUDE, known, words

if TYPE_CHECKING:
    import pandas as pd

BARS = 15
SCATTER = 5000
COLORS = (2, 8)
POINTS = (12, 200)
FILTER_VALUES = 50
SECONDS = {
    "hour": 3600,
    "day": 86_400,
    "week": 604_800,
    "month": 2_629_746,
    "quarter": 7_889_238,
    "year": 31_556_952,
}
# Which intents take turns: what adds up is broken down, what does not is looked at.
ADDITIVE = ("trend", "breakdown", "breakdown", "trend", "breakdown", "occurrence", "distribution")
AVERAGED = ("trend", "breakdown", "occurrence", "distribution", "trend", "correlation")
EVENTS = ("trend", "occurrence", "breakdown", "distribution", "occurrence", "trend")
COUNTED = ("trend", "occurrence", "map", "occurrence", "distribution", "breakdown", "occurrence")
SURVEY = ("occurrence", "distribution", "occurrence", "breakdown", "occurrence", "trend")

MAIN_WORDS = known(
    "sales revenue profit amount price salary income value total volume cases score rating cost"
    " population births spend average delay turnover suicides life"
)
SECOND_WORDS = known("age minutes duration mass bill temp temperature mag magnitude rate cnt")
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
    " channel sector industry role team surface continent gender sex"
)
CONTEXT_WORDS = known("population pop gdp")
MIXED_WORDS = known("unit units currency indicator variable metric")


def suggest(inspection: Inspection, data: str) -> list[Chart]:
    """Return the charts that a person would draw, best first; `data` is the loader's name.

    Charts come first, then the table of rows, then two to four KPIs; `score` never rises.
    """
    if inspection.declined:
        return _scored([_table(data, "nothing in it can be charted: the rows themselves")])
    facts = _Facts.of(inspection, data)
    charts = _take_turns(facts)
    return _scored([*charts, _table(data, "the rows behind the charts"), *_kpis(facts)])


def filters(inspection: Inspection) -> tuple[str, ...]:
    """Return the two to four columns worth filtering: time first, then the smallest categories."""
    facts = _Facts.of(inspection, "")
    chosen = [facts.time.name] if facts.time else []
    small = sorted(facts.categories, key=lambda c: not MIXED_WORDS & set(words(c.name)))
    small = [c for c in small if 2 <= c.distinct <= FILTER_VALUES]
    flags = [c for c in inspection.columns if c.role == "flag"]
    for column in [*small, *flags]:
        if column.name not in chosen and len(chosen) < 4:
            chosen.append(column.name)
    return tuple(chosen)


def humanise(name: str, limit: int = 60) -> str:
    """Return a column's name in plain words: "temp_max" is "temp max", "GDPGrowth" "GDP growth"."""
    text = " ".join(re.sub(r"[_\s]+", " ", name).split())
    if " " not in text:
        text = re.sub(r"(?<=[a-zà-ÿ0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    shouted = text.isupper() and (" " in text or len(text) > 5)
    if shouted:
        text = text.lower()
    text = re.sub(r"(?<![^\W_])[A-ZÀ-Þ][a-zà-ÿ]+\b", lambda word: word[0].lower(), text)
    text = text.rstrip(":.?;, ") or name.strip()
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _title(text: str) -> str:
    """Return text with a capital first letter."""
    return text[:1].upper() + text[1:]


@dataclass(frozen=True)
class _Facts:
    """The columns to chart, each list with the most interesting first."""

    data: str
    frame: pd.DataFrame
    time: Column | None
    grain: str | None
    measures: tuple[Column, ...]
    categories: tuple[Column, ...]
    rows: int
    place: tuple[str, str] | None = None
    years: tuple[Column, ...] = ()

    @classmethod
    def of(cls, inspection: Inspection, data: str) -> _Facts:
        """Return the facts about an inspection."""
        frame, rows = inspection.frame, len(inspection.frame)
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
        categories = [c for c in categories if _worth_counting(c, rows)]
        order = {c.name: i for i, c in enumerate(inspection.columns)}
        measures.sort(key=lambda c: -_measure_interest(c, rows, order[c.name]))
        measures = _diverse(frame, measures)
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
        )

    @property
    def pattern(self) -> tuple[str, ...]:
        """Return the order in which intents take turns."""
        if not self.measures:
            return COUNTED
        if len(self.categories) >= 5 * len(self.measures):
            return SURVEY
        if self.measures[0].agg in ("sum", "last"):
            return ADDITIVE
        return AVERAGED if self.panel or self.time is None else EVENTS

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

    @property
    def crowded(self) -> bool:
        """Tell whether many rows share a time, so that a line pools unlike things."""
        return self.time is not None and bool(self.frame[self.time.name].duplicated().mean() > 0.2)

    def color(self, skip: str | None = None) -> Column | None:
        """Return the category that is best for colour."""
        low, high = COLORS
        fit = [
            c
            for c in self.categories
            if low <= c.distinct <= high and c.name != skip and not DATE_PARTS & set(words(c.name))
        ]
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
    score = 1.0 if named & MAIN_WORDS else 0.7 * bool(main)
    score += 0.2 * (len(named) == 1 and bool(main)) - 1.2 * bool(named & MINOR_WORDS)
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
        score += 0.3 * (rows / count >= 8 or rows / count < 1.1)
    score += 0.25 * (column.role == "geography") + 0.2 * bool(named & GROUP_WORDS)
    score -= 0.2 * (column.role == "flag") + 0.4 * (column.type == "integer")
    score -= 0.3 * bool(named & DATE_PARTS) + 0.4 * (len(column.name) > 60)
    return score - 1.5 * column.missing / max(rows, 1) - 0.01 * min(position, 40)


def _worth_counting(column: Column, rows: int) -> bool:
    """Tell whether a category has few enough values to compare, or one row for each."""
    if column.distinct < 2 or (column.distinct > 24 and DATE_PARTS & set(words(column.name))):
        return False
    if column.distinct <= 60 or column.distinct < 0.2 * rows:
        return True
    return column.distinct <= 5000 and (
        column.role == "geography" or bool(NAME_WORDS & set(words(column.name)))
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


def _take_turns(facts: _Facts) -> list[Chart]:
    """Return the charts of all intents, in turns, without near-duplicates."""
    sources: dict[str, Iterator[Chart]] = {
        "trend": _trends(facts),
        "breakdown": _breakdowns(facts),
        "occurrence": _occurrences(facts),
        "distribution": _distributions(facts),
        "correlation": _correlations(facts),
        "map": _maps(facts),
    }
    charts: list[Chart] = []
    rounds = [*facts.pattern, *facts.pattern, *sources, *sources]
    for intent in rounds:
        chart = next(sources[intent], None)
        if chart is not None and not any(_alike(chart, other) for other in charts):
            charts.append(chart)
    return charts[:14]


def _alike(one: Chart, other: Chart) -> bool:
    """Tell whether two charts differ in next to nothing."""
    return (one.kind, one.x, one.y, one.agg, one.color) == (
        other.kind,
        other.x,
        other.y,
        other.agg,
        other.color,
    )


def _trends(facts: _Facts) -> Iterator[Chart]:
    """Yield lines over time: the main measures, plain and by colour, or the number of rows."""
    time = facts.time
    if time is None or time.distinct < 3:
        return
    color = facts.color()
    base = Chart("line", facts.data, "", x=time.name, grain=facts.grain)
    lines, others = [], []
    for column in facts.measures[:4]:
        plain = replace(
            base,
            y=column.name,
            agg=column.agg,
            title=f"{_named(column)} over time",
            why=f"{humanise(column.name)} {_how(column)} along {humanise(time.name)}",
        )
        # An average over unlike things says little: there the line is split first.
        split = column.agg == "mean" and facts.crowded and color is not None
        lines.append(_split(plain, color) if split and color else plain)
        if color:
            others.append(plain if split else _split(plain, color))
    lines = [*lines[:2], *others[:1], *lines[2:], *others[1:]]
    if not facts.panel and (not lines or facts.measures[0].agg == "mean"):
        count = replace(base, agg="count", title="Rows over time", why="how many rows there are")
        lines.insert(1 if lines else 0, _split(count, color) if color else count)
    yield from lines


def _split(line: Chart, color: Column) -> Chart:
    """Return the line chart with a line for each value of a category."""
    name = humanise(color.name, 30)
    title = f"{line.title.removesuffix(' over time')} over time by {name}"
    return replace(line, color=color.name, title=title, why=f"{line.why}, a line for each {name}")


def _breakdowns(facts: _Facts) -> Iterator[Chart]:
    """Yield bars of measures by category: each category once, then with the next measure."""
    measures, categories = facts.measures[:4], facts.categories[:6]
    if mixed := [c for c in categories if MIXED_WORDS & set(words(c.name))]:
        categories = tuple(mixed)  # values in several units are compared within one only
    pairs = [
        (measures[(index + turn) % min(2, len(measures))], category)
        for turn in range(min(2, len(measures)))
        for index, category in enumerate(categories)
    ]
    pairs += [(measure, category) for category in categories for measure in measures[2:]]
    for measure, category in pairs:
        yield Chart(
            "bar",
            facts.data,
            f"{_named(measure)} by {humanise(category.name, 30)}",
            x=category.name,
            y=measure.name,
            agg=measure.agg,
            limit=BARS if category.distinct > BARS else None,
            why=f"{humanise(measure.name)} {_how(measure)} for {_values(category)}",
        )


def _occurrences(facts: _Facts) -> Iterator[Chart]:
    """Yield bars that count rows by category, unless each value has one row or nearly."""
    often = [c for c in facts.categories if c.distinct > 60 and facts.rows / c.distinct >= 8]
    often = [c for c in often if NAME_WORDS & set(words(c.name))]
    small = [c for c in facts.categories[:8] if c not in often]
    for category in [*small[:1], *often[:1], *small[1:], *often[1:]]:
        if category.distinct > 0.5 * facts.rows or not _uneven(facts, category):
            continue
        yield Chart(
            "bar",
            facts.data,
            f"Rows by {humanise(category.name, 50)}",
            x=category.name,
            agg="count",
            limit=BARS if category.distinct > BARS else None,
            why=f"how often each of {_values(category)} occurs",
        )


def _uneven(facts: _Facts, category: Column) -> bool:
    """Tell whether a category's values differ in how often they occur."""
    if facts.time and facts.crowded:
        keys = [facts.time.name, category.name]
        if not facts.frame.duplicated(keys).any():
            return False  # each is measured once each time
    counts = facts.frame[category.name].value_counts()
    return float(counts.std() / counts.mean()) > 0.05


def _distributions(facts: _Facts) -> Iterator[Chart]:
    """Yield histograms of the main measures."""
    for measure in (*facts.measures[:4], *facts.years):
        if measure.distinct > 8:
            name = humanise(measure.name)
            yield Chart(
                "histogram",
                facts.data,
                f"Distribution of {name}",
                x=measure.name,
                why=f"{name} takes {measure.distinct:,} values: how they spread",
            )


def _maps(facts: _Facts) -> Iterator[Chart]:
    """Yield the places, where there are longitudes and latitudes."""
    if facts.place is None:
        return
    longitude, latitude = facts.place
    color = facts.color()
    yield Chart(
        "scatter",
        facts.data,
        f"{_title(humanise(longitude))} and {humanise(latitude)}",
        x=longitude,
        y=latitude,
        color=color.name if color else None,
        limit=SCATTER if facts.rows > SCATTER else None,
        why="where the rows are",
    )


def _correlations(facts: _Facts) -> Iterator[Chart]:
    """Yield scatters of the measures that go together most."""
    measures = [m for m in facts.measures[:8] if m.distinct > 8]
    if len(measures) < 2 or facts.rows < 8:
        return
    sample = facts.frame[[m.name for m in measures]].head(20_000).astype("float64")
    found = sample.corr(method="spearman").abs().fillna(0.0).to_numpy()
    pairs = [
        (float(found[i, j]), i, j)
        for i in range(len(measures))
        for j in range(i + 1, len(measures))
    ]
    # More than 0.98 is the same thing measured twice.
    pairs = sorted((p for p in pairs if 0.1 < p[0] < 0.98), key=lambda p: (-p[0], p[1], p[2]))
    color = facts.color()
    for value, i, j in pairs[:3]:
        one, other = measures[i], measures[j]
        yield Chart(
            "scatter",
            facts.data,
            _title(f"{humanise(one.name, 40)} and {humanise(other.name, 40)}"),
            x=one.name,
            y=other.name,
            color=color.name if color else None,
            limit=SCATTER if facts.rows > SCATTER else None,
            why=f"the two go together (rank correlation {value:.2f}, by size)",
        )


def _table(data: str, why: str) -> Chart:
    """Return the table of rows."""
    return Chart("table", data, "All rows", limit=100, why=why)


def _kpis(facts: _Facts) -> list[Chart]:
    """Return the number of rows, and the totals or means of the main measures."""
    kpis = []
    for measure in facts.measures[:3]:
        name = humanise(measure.name)
        words_for = {"sum": f"Total {name}", "mean": f"Average {name}", "last": f"Latest {name}"}
        title = words_for[measure.agg or "sum"].replace("Total total", "Total")
        kpis.append(
            Chart(
                "kpi",
                facts.data,
                title.replace("Average average", "Average"),
                y=measure.name,
                agg=measure.agg,
                why=f"{name} {_how(measure)} over all rows",
            )
        )
    rows = Chart("kpi", facts.data, "Rows", agg="count", why="how much data there is")
    if len(kpis) == 0 and facts.categories:
        first = facts.categories[0]
        kpis.append(
            Chart(
                "kpi",
                facts.data,
                f"Different values of {humanise(first.name)}",
                y=first.name,
                agg="distinct",
                why=f"how many values {humanise(first.name)} has",
            )
        )
    return [*kpis, rows]


def _named(measure: Column) -> str:
    """Return the beginning of a title: "Revenue", "Average price", "Latest cases"."""
    name = humanise(measure.name)
    before = {"mean": "average", "last": "latest"}.get(measure.agg or "", "")
    return _title(name if not before or name.startswith(before) else f"{before} {name}")


def _how(measure: Column) -> str:
    """Return how a measure adds up, in words."""
    return {"sum": "added up", "mean": "averaged", "last": "at its latest"}.get(
        measure.agg or "", "counted"
    )


def _values(category: Column) -> str:
    """Return "5 regions" in a form that holds for any name."""
    return f"{category.distinct:,} values of {humanise(category.name)}"


def _scored(charts: list[Chart]) -> list[Chart]:
    """Return the charts with scores that fall from the first to the last."""
    return [
        replace(chart, score=round(max(0.05, 0.97 - 0.04 * index), 2))
        for index, chart in enumerate(charts)
    ]
