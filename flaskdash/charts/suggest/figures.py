"""KPIs, and the table of rows."""

from __future__ import annotations

from dataclasses import replace

from flaskdash.charts.kinds import Chart
from flaskdash.charts.suggest.facts import Facts
from flaskdash.charts.suggest.wording import how, humanise, named, share
from flaskdash.names import capital


def table(data: str, why: str) -> Chart:
    """Return the table of rows."""
    return Chart("table", data, "First rows", limit=100, why=why)


def kpis(facts: Facts) -> list[Chart]:
    """Return the number of rows, and the totals or means of the main measures."""
    found = []
    for measure in facts.alone[:3]:
        name = humanise(measure.name)
        words_for = {"sum": f"Total {name}", "mean": f"Average {name}", "last": f"Latest {name}"}
        words = words_for[measure.agg or "sum"].replace("Total total", "Total")
        found.append(
            Chart(
                "kpi",
                facts.data,
                words.replace("Average average", "Average"),
                y=measure.name,
                agg=measure.agg,
                why=f"{name} {how(measure)} over all rows",
            )
        )
    if facts.outcome:
        flag = replace(facts.outcome, agg="share")
        why = f"how often {humanise(flag.name)} holds"
        rate = Chart(
            "kpi", facts.data, capital(share(flag.name)), y=flag.name, agg="share", why=why
        )
        found = [rate, *found[:2]]
    if latest := _latest(facts):
        # The total, the latest, and one more.
        total = [] if latest.agg == "last" else found[:1]
        found = [*total, latest, *found[1:2]]
    rows = Chart("kpi", facts.data, "Rows", agg="count", why="how much data there is")
    if len(found) == 0 and facts.categories:
        first = facts.categories[0]
        found.append(
            Chart(
                "kpi",
                facts.data,
                f"Different values of {humanise(first.name)}",
                y=first.name,
                agg="distinct",
                why=f"how many values {humanise(first.name)} has",
            )
        )
    return [*found, rows]


def _latest(facts: Facts) -> Chart | None:
    """Return the main measure (or the number of rows) in its latest step in time, beside the one before."""
    time, grain = facts.time, facts.step
    if time is None or grain is None or (facts.series() and not facts.adds_up):
        return None
    base = Chart(
        "kpi", facts.data, "", x=time.name, grain=grain if time.type != "integer" else None
    )
    why = f"the latest {grain} of {humanise(time.name)} that is over, beside the one before"
    if facts.counts_tell:
        return replace(base, agg="count", title=f"Rows in the latest {grain}", why=why)
    if not facts.alone:
        return None
    measure = facts.alone[0]
    name = named(measure).removeprefix("Latest ")
    return replace(
        base,
        y=measure.name,
        agg=measure.agg,
        title=capital(f"{name} in the latest {grain}"),
        why=why,
    )
