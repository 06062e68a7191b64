"""From what the columns mean to a ranked list of charts, each with its reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from flaskdash.charts import Chart
from flaskdash.inspect.interest import MIXED_WORDS, NAME_WORDS, Facts
from flaskdash.inspect.model import Column, Inspection
from flaskdash.inspect.words import is_per, words

BARS = 15
SCATTER = 5000
FILTER_VALUES = 50


def suggest(inspection: Inspection, data: str) -> list[Chart]:
    """Return the charts that a person would draw, best first; `data` is the loader's name.

    Charts come first, then the table of rows, then two to four KPIs; `score` never rises.
    """
    if inspection.declined:
        return _scored([_table(data, "nothing in it can be charted: the rows themselves")])
    facts = Facts.of(inspection, data)
    charts = _take_turns(facts)
    table = _table(data, "the rows behind the charts")
    if facts.time:
        table = replace(table, title="Latest rows")
    return _scored([*charts, table, *_kpis(facts)])


def filters(inspection: Inspection) -> tuple[str, ...]:
    """Return the two to four columns worth filtering: time first, then the smallest categories."""
    facts = Facts.of(inspection, "")
    chosen = [facts.time.name] if facts.time else []
    small = sorted(facts.categories, key=lambda c: not MIXED_WORDS & set(words(c.name)))
    small = [c for c in small if 2 <= c.distinct <= FILTER_VALUES]
    flags = [c for c in inspection.columns if c.role == "flag"]
    places = [c for c in facts.categories if c.role == "geography" and c.distinct <= 500]
    for column in [*small, *flags, *(places if len(small) < 2 else [])]:
        if column.name not in chosen and len(chosen) < 4:
            chosen.append(column.name)
    return tuple(chosen)


def humanise(name: str, limit: int = 60) -> str:
    """Return a column's name in plain words: "temp_max" is "temp max", "GDPGrowth" "GDP growth"."""
    text = " ".join(re.sub(r"[_\s]+", " ", name).split())
    if " " not in text:
        text = re.sub(r"(?<=[a-zà-ÿ0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    shouted = text.isupper() and any(word.isalpha() and len(word) > 4 for word in text.split())
    if shouted:
        text = text.lower()
    text = re.sub(r"(?<![^\W_])[A-ZÀ-Þ][a-zà-ÿ]+\b", lambda word: word[0].lower(), text)
    text = text.rstrip(":.?;, ") or name.strip()
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _title(text: str) -> str:
    """Return text with a capital first letter."""
    return text[:1].upper() + text[1:]


def _take_turns(facts: Facts) -> list[Chart]:
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


def _trends(facts: Facts) -> Iterator[Chart]:
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
            title=_title(f"{_named(column).removeprefix('Latest ')} over time"),
            why=f"{humanise(column.name)} {_how(column)} along {humanise(time.name)}",
        )
        # An average over unlike things says little: there the line is split first.
        split = column.agg == "mean" and facts.crowded and color is not None
        lines.append(_split(plain, color) if split and color else plain)
        if color:
            others.append(plain if split else _split(plain, color))
    lines = [*lines[: facts.main], *others[:1], *lines[facts.main :], *others[1:]]
    if not (facts.panel or facts.balanced) and (not lines or facts.measures[0].agg == "mean"):
        count = replace(base, agg="count", title="Rows over time", why="how many rows there are")
        lines.insert(1 if lines else 0, _split(count, color) if color else count)
    yield from lines


def _split(line: Chart, color: Column) -> Chart:
    """Return the line chart with a line for each value of a category."""
    name = humanise(color.name, 30)
    title = f"{line.title.removesuffix(' over time')} over time by {name}"
    return replace(line, color=color.name, title=title, why=f"{line.why}, a line for each {name}")


def _breakdowns(facts: Facts) -> Iterator[Chart]:
    """Yield bars of measures by category: each category once, then with the next measure."""
    measures, categories = facts.measures[:4], facts.categories[:6]
    if mixed := [c for c in categories if MIXED_WORDS & set(words(c.name))]:
        categories = tuple(mixed)  # values in several units are compared within one only
    main = min(facts.main, len(measures))
    # Sums by place or group follow its size; where there is a rate per head, that compares them.
    rates = [m for m in measures[:main] if m.agg == "mean" and is_per(m.name)]
    measures = (*rates, *(m for m in measures if m not in rates))
    pairs = [
        (measures[(index + turn) % main], category)
        for turn in range(main)
        for index, category in enumerate(categories)
    ]
    pairs += [(measure, category) for category in categories for measure in measures[main:]]
    for measure, category in pairs:
        if measure.agg == "mean" and facts.is_series(category):
            measure = replace(measure, agg="last")  # the mean of a series over all time is stale
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


def _occurrences(facts: Facts) -> Iterator[Chart]:
    """Yield bars that count rows by category, unless each value has one row or nearly."""
    often = [c for c in facts.categories if c.distinct > 60 and facts.rows / c.distinct >= 8]
    often = [c for c in often if NAME_WORDS & set(words(c.name))]
    often.sort(key=lambda c: -c.distinct)
    small = [c for c in facts.categories[:8] if c not in often]
    for category in [*small[:1], *often[:1], *small[1:], *often[1:]]:
        if category.distinct > 0.5 * facts.rows or facts.balanced:
            continue
        many = category.distinct > 60 and category.role != "geography"
        if (many and facts.rows / category.distinct < 4) or not _uneven(facts, category):
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


def _uneven(facts: Facts, category: Column) -> bool:
    """Tell whether a category's values differ in how often they occur."""
    if facts.time and facts.crowded:
        keys = [facts.time.name, category.name]
        if not facts.frame.duplicated(keys).any():
            return False  # each is measured once each time
    counts = facts.frame[category.name].value_counts()
    return float(counts.std() / counts.mean()) > 0.05


def _distributions(facts: Facts) -> Iterator[Chart]:
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


def _maps(facts: Facts) -> Iterator[Chart]:
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


def _correlations(facts: Facts) -> Iterator[Chart]:
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
    return Chart("table", data, "First rows", limit=100, why=why)


def _kpis(facts: Facts) -> list[Chart]:
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
