"""Measures of one kind in columns of their own, compared: stations, counters, questions, drugs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import median

from flaskdash.alike import labels
from flaskdash.charts import Chart
from flaskdash.inspect.model import Column
from flaskdash.inspect.words import MEAN_WORDS, STOCK_WORDS, SUM_WORDS, known, words
from flaskdash.names import capital
from flaskdash.suggest.facts import Facts
from flaskdash.suggest.interest import EXTREMES
from flaskdash.suggest.wording import UNITS, compared, humanise

LEAST, LINES, SHOWN, COLORS, BARS, WIDEST = 3, 12, 8, 6, 15, 80
NAMED_SCALE, UNNAMED_SCALE = 300.0, 30.0
# A word that says how a number was made, or in which unit it is, does not make columns alike.
_STATISTICS = known(
    "mean avg average total sum min max std worst error se num number count new n no of the a in per"
    " is has percent rate"
) | set(UNITS)
MOST = 14
MANY = 8  # columns without a common name that are compared though they differ
_PERIODS = known("daily hourly weekly monthly yearly annual day hour week month year")
_PAIRS = (
    (known("budget budgeted plan planned target forecast"), known("actual actuals spent")),
    (known("min minimum low lowest"), known("max maximum high highest")),
    (known("male males men man"), known("female females women woman")),
    (known("import imports"), known("export exports")),
    (known("income revenue"), known("expense expenses expenditure")),
)


def groups(columns: Sequence[Column], facts: Facts) -> list[tuple[Column, ...]]:
    """Return the groups of columns that hold the same of different things, the largest first."""
    candidates = [*facts.measures, *_ratings(columns)]
    if len(candidates) > WIDEST:
        return []  # too many to be read side by side
    found = _named(facts, candidates)
    if not found:
        found = _unnamed(facts)
    return found or _pairs(facts.measures)


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


def _ratings(columns: Sequence[Column]) -> list[Column]:
    """Return the answers on a scale, which are categories of whole numbers, as measures."""
    return [
        replace(column, agg="mean")
        for column in columns
        if column.role == "category" and column.type == "integer" and 3 <= column.distinct <= 11
    ]


def _named(facts: Facts, columns: Sequence[Column]) -> list[tuple[Column, ...]]:
    """Return the groups whose names begin or end alike, or differ in a number only."""
    split = {column.name: words(column.name) for column in columns}
    found: dict[tuple[str, ...], list[Column]] = {}
    for column in columns:
        mine = split[column.name]
        for size in range(1, len(mine)):
            for key in (("begin", *mine[:size]), ("end", *mine[-size:])):
                found.setdefault(key, []).append(column)
        if mine and mine[-1].isdigit():
            found.setdefault(("number", *mine[:-1]), []).append(column)
    taken: set[str] = set()
    kept = []
    for key, members in sorted(found.items(), key=lambda one: (-len(one[1]), -len(one[0]), one[0])):
        telling = {
            word for word in key[1:] if (len(word) > 1 or word == "q") and not word.isdigit()
        }
        if not telling - _STATISTICS:
            continue
        different = {word for m in members for word in split[m.name]} - set(key[1:])
        if different & _PERIODS:
            continue
        members = [m for m in members if m.name not in taken and "total" not in split[m.name]]
        members = _of_one_scale(facts, members, NAMED_SCALE)
        if len(members) >= LEAST:
            kept.append(tuple(members))
            taken |= {m.name for m in members}
    return kept


def _unnamed(facts: Facts) -> list[tuple[Column, ...]]:
    """Return the group of nearly all measures, where their names are those of things: streets, brands."""
    vocabulary = MEAN_WORDS | SUM_WORDS | STOCK_WORDS | EXTREMES
    medals = known("gold silver bronze")
    measures = [m for m in facts.measures if "total" not in words(m.name)]
    if any((vocabulary - medals) & set(words(m.name)) for m in measures):
        return []
    members = _of_one_scale(facts, measures, UNNAMED_SCALE)
    enough = len(members) >= LEAST and len(members) >= 0.6 * len(measures)
    series = (
        facts.time is not None and not facts.crowded
    )  # a row for each time, a column for each thing
    alike = series or len(members) >= MANY or (enough and _agree(facts, members))
    return [tuple(members)] if enough and alike else []


def _agree(facts: Facts, members: Sequence[Column]) -> bool:
    """Tell whether columns rise and fall together, as those of one thing at several places do."""
    values = facts.frame[[m.name for m in members]].astype("float64").head(5000)
    ranks = values.corr(method="spearman").to_numpy()
    pairs = [ranks[i, j] for i in range(len(members)) for j in range(i)]
    return bool(median(pairs) > 0.25)


def _pairs(measures: Sequence[Column]) -> list[tuple[Column, ...]]:
    """Return two measures that belong side by side: budgeted and actual, lowest and highest."""
    for one in measures[:12]:
        for other in measures[:12]:
            mine, its = set(words(one.name)), set(words(other.name))
            for left, right in _PAIRS:
                if (
                    mine & left
                    and its & right
                    and mine - left == its - right
                    and one.agg == other.agg
                ):
                    return [(one, other)]
    return []


def _of_one_scale(facts: Facts, members: Sequence[Column], factor: float) -> list[Column]:
    """Return those that add up alike and are about as large as the others."""
    if len(members) < LEAST:
        return []
    kinds = [(m.agg, m.unit) for m in members]
    usual = max(kinds, key=kinds.count)
    members = [m for m, kind in zip(members, kinds, strict=True) if kind == usual]
    sizes = facts.frame[[m.name for m in members]].astype("float64").abs().mean()
    middle = float(sizes.median())
    if not middle > 0:
        return []
    near = [m for m in members if middle / factor <= float(sizes[m.name]) <= middle * factor]
    near.sort(key=facts.position)
    return _without_total(facts, near)


def _without_total(facts: Facts, members: list[Column]) -> list[Column]:
    """Return the members without the one that is the sum of others; none where there are more such."""
    head = members[:MOST]
    values = facts.frame[[m.name for m in head]].head(1000).astype("float64").fillna(0.0)
    totals = set()
    for number, total in enumerate(head):
        rest = [m.name for i, m in enumerate(head) if i != number]
        pairs = [(a, b) for i, a in enumerate(rest) for b in rest[i + 1 :]]
        sums = [values[a] + values[b] for a, b in pairs] + [values[rest].sum(axis="columns")]
        if any(bool((one - values[total.name]).abs().max() < 1e-6) for one in sums):
            totals.add(total.name)
    return [] if len(totals) > 1 else [m for m in members if m.name not in totals]


def free_name(name: str, facts: Facts) -> str:
    """Return a name that no column has."""
    taken = {str(column).lower() for column in facts.frame.columns}
    while name in taken:
        name += "_"
    return name
