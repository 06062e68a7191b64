"""Suggest charts that compare measures of one kind in columns of their own: stations, questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from flaskdash.charts.kinds import Chart
from flaskdash.charts.labels import are_years, labels
from flaskdash.charts.suggest.facts import Facts
from flaskdash.charts.suggest.interest import EXTREMES
from flaskdash.charts.suggest.wording import compared, humanise
from flaskdash.inspect.words import words
from flaskdash.names import capital

MAX_SMALL, MOST_STACKED = 8, 500  # values of a category
LONG = 30  # letters of a column's name in a title
MIN_ANSWERS, MAX_ANSWERS = 3, 20
MAX_LINES, LARGEST_LINES, MAX_COLORS, BARS = 12, 8, 6, 15


def comparisons(facts: Facts) -> Iterator[Chart]:
    """Yield lines and bars that compare the columns of a group."""
    for group in facts.groups[:2]:
        names = tuple(column.name for column in group)
        agg = group[0].agg or "mean"
        if agg == "sum" and facts.time is not None and _are_levels(facts, names):
            agg = "mean"
        across = unused_name("measure", facts)
        base = Chart(
            "bar",
            facts.data,
            title_of(names, agg),
            x=across,
            y=unused_name("value", facts),
            agg=agg,
            across=names,
            reason=f"{len(names)} columns measure the same for different things",
        )
        if facts.time is not None and facts.time.distinct > 2:
            largest = names if len(names) <= MAX_LINES else _largest(facts, names)
            yield replace(
                base,
                across=largest,
                kind="line",
                x=facts.time.name,
                color=across,
                grain=facts.grain,
                title=f"{title_of(largest, agg)} over time",
            )
        yield from _stacks(facts, base)
        if len(group) > 2:
            yield replace(base, limit=BARS if len(names) > BARS else None)
        small = [c for c in facts.categories if 2 <= c.distinct <= MAX_SMALL]
        small = [c for c in small if c.name not in names]
        is_range = len(group) == 2 and bool(EXTREMES & set(words(names[0])))
        if len(group) <= MAX_COLORS and small and not is_range:
            by = humanise(small[0].name, 30)
            yield replace(base, x=small[0].name, color=across, title=f"{base.title} by {by}")


def _stacks(facts: Facts, base: Chart) -> Iterator[Chart]:
    """Yield the parts of the largest bars of a category: medals of each kind by country."""
    large = [c for c in facts.categories if MAX_SMALL < c.distinct <= MOST_STACKED]
    if base.agg != "sum" or not 2 < len(base.across) <= MAX_COLORS or not large:
        return
    if bool((facts.frame[list(base.across)] < 0).any(axis=None)):
        return
    yield replace(
        base,
        x=large[0].name,
        color=base.x,
        mode="stack",
        limit=BARS,
        title=f"{base.title} by {humanise(large[0].name, 30)}",
    )


def answers(facts: Facts) -> Iterator[Chart]:
    """Yield bars of how often each answer was given: to one question, and on one scale."""
    if facts.scales:
        yield _on_scale(facts)
    names = tuple(flag.name for flag in facts.answers)
    if len(names) >= MIN_ANSWERS:
        yield Chart(
            "bar",
            facts.data,
            title_of(names, "share"),
            x=unused_name("answer", facts),
            y=unused_name("share", facts),
            agg="share",
            across=names,
            limit=max(BARS, len(names)) if len(names) <= MAX_ANSWERS else BARS,
            reason=f"{len(names)} columns are answers to one question",
        )


def _on_scale(facts: Facts) -> Chart:
    """Return bars of the shares of a scale's levels, for each of its questions."""
    names = tuple(column.name for column in facts.scales[:BARS])
    common = compared(names, "share").removeprefix("share").strip()
    return Chart(
        "bar",
        facts.data,
        capital(f"{common}: answers to {len(names)} questions".removeprefix(": ")),
        x=unused_name("question", facts),
        color=unused_name("answer", facts),
        agg="count",
        across=names,
        mode="percent",
        reason=f"{len(names)} columns are answered on one scale",
    )


def title_of(names: Sequence[str], agg: str) -> str:
    """Return "Average score: Math, Reading and Writing" or "Total of Berri, Rachel and 5 more".

    Of years, it is "Average density, 1996 to 2021".
    """
    common = compared(names, agg)
    texts = labels(names)
    if are_years(texts):
        return capital(f"{common}, {min(texts)} to {max(texts)}")
    if max(map(len, texts)) > LONG:
        texts.sort(key=lambda text: len(text) > LONG)
        listed = f"{texts[0]} and {len(texts) - 1} more"
    elif len(texts) <= 3:
        listed = f"{', '.join(texts[:-1])} and {texts[-1]}"
    else:
        listed = f"{', '.join(texts[:2])} and {len(texts) - 2} more"
    return capital(f"{common} of {listed}" if " " not in common else f"{common}: {listed}")


def _are_levels(facts: Facts, names: Sequence[str]) -> bool:
    """Tell whether values vary little, like a number of jobs: their sum over time means nothing."""
    values = facts.frame[list(names)].astype("float64")
    return float((values.std() / values.mean().abs()).median()) < 0.3


def _largest(facts: Facts, names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns with the largest means, in the table's order."""
    means = facts.frame[list(names)].astype("float64").mean()
    largest = set(means.nlargest(LARGEST_LINES).index)
    return tuple(name for name in names if name in largest)


def unused_name(name: str, facts: Facts) -> str:
    """Return the name with as many "_" as it takes to differ from all columns."""
    used_names = {str(column).lower() for column in facts.frame.columns}
    while name in used_names:
        name += "_"
    return name
