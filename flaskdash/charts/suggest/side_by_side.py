"""Measures of one kind in columns of their own, compared: stations, counters, questions, drugs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from flaskdash.charts.kinds import Chart
from flaskdash.charts.labels import labels
from flaskdash.charts.suggest.facts import Facts
from flaskdash.charts.suggest.interest import EXTREMES
from flaskdash.charts.suggest.wording import compared, humanise
from flaskdash.inspect.words import words
from flaskdash.names import capital

LINES, SHOWN, COLORS, BARS = 12, 8, 6, 15


def comparisons(facts: Facts) -> Iterator[Chart]:
    """Yield lines and bars that compare the columns of a group."""
    for group in facts.groups[:2]:
        names = tuple(column.name for column in group)
        across, value = free_name("measure", facts), free_name("value", facts)
        agg = group[0].agg or "mean"
        base = Chart(
            "bar",
            facts.data,
            title_of(names, agg),
            x=across,
            y=value,
            agg=agg,
            across=names,
            why=f"{len(names)} columns hold the same of different things: they are compared",
        )
        if agg == "sum" and facts.time is not None and _are_levels(facts, names):
            base = replace(base, agg="mean", title=title_of(names, "mean"))
        small = [c for c in facts.categories if 2 <= c.distinct <= 8 and c.name not in names]
        if facts.time is not None and facts.time.distinct > 2:
            largest = names if len(names) <= LINES else _largest(facts, names)
            yield replace(
                base,
                across=largest,
                kind="line",
                x=facts.time.name,
                color=across,
                grain=facts.grain,
                title=f"{title_of(largest, base.agg or agg)} over time",
            )
        is_range = len(group) == 2 and bool(EXTREMES & set(words(names[0])))
        if len(group) > 2:
            yield replace(base, limit=BARS if len(names) > BARS else None)
        if len(group) <= COLORS and small and not is_range:
            by = humanise(small[0].name, 30)
            yield replace(base, x=small[0].name, color=across, title=f"{base.title} by {by}")


def title_of(names: Sequence[str], agg: str) -> str:
    """Return "Average score: Math, Reading and Writing" or "Total of Berri 1, Rachel 1 and 5 more"."""
    common = compared(names, agg)
    said = labels(names)
    some = said if len(said) <= 3 else said[:2]
    text = ", ".join(some[:-1] if len(some) == len(said) else some)
    text += f" and {said[-1]}" if len(some) == len(said) else f" and {len(said) - 2} more"
    return capital(f"{common} of {text}" if " " not in common else f"{common}: {text}")


def _are_levels(facts: Facts, names: Sequence[str]) -> bool:
    """Tell whether values stay much alike over time, as a number of jobs does: to add them up says nothing."""
    values = facts.frame[list(names)].astype("float64")
    return float((values.std() / values.mean().abs()).median()) < 0.3


def _largest(facts: Facts, names: Sequence[str]) -> tuple[str, ...]:
    """Return the eight columns with the largest values, in the table's order."""
    sizes = facts.frame[list(names)].astype("float64").mean()
    kept = set(sizes.nlargest(SHOWN).index)
    return tuple(name for name in names if name in kept)


def free_name(name: str, facts: Facts) -> str:
    """Return a name that no column has."""
    taken = {str(column).lower() for column in facts.frame.columns}
    while name in taken:
        name += "_"
    return name
