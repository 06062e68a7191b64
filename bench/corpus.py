"""Compare the first six suggested charts with those that the authors of tables drew.

    python bench/corpus.py FOLDER ... [--verbose]

Each folder has the tables in files/, and truth.json: for each file, `charts` with kind, x, y, agg and
`by` (app, notebook, gallery), and its `origin`. A drawn chart is among the six if one has its pair of
columns, a kind that shows the same, and an aggregate that says the same. KPIs and tables do not count.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flaskdash.charts.kinds import Chart
from flaskdash.charts.suggest import suggest
from flaskdash.errors import FlaskdashError
from flaskdash.inspect import Inspection, inspect_source

FIRST = 6
# The kinds that show what a person drew: a histogram may be drawn as boxes, a map as bars.
SHOWS = {
    "scatter": {"scatter", "bubble", "line", "area", "heatmap", "box", "violin", "bar"},
    "line": {"line", "area", "bar", "scatter"},
    "area": {"line", "area", "bar"},
    "bar": {
        *("bar", "line", "pie", "donut", "treemap", "funnel"),
        *("choropleth", "box", "violin"),
    },
    "box": {"box", "violin", "bar", "histogram"},
    "pie": {"pie", "donut", "bar", "treemap"},
    "heat": {"heatmap", "bar", "line"},
    "map": {"map", "choropleth", "bar"},
    "count": {"bar", "pie", "donut", "line", "area", "histogram", "choropleth"},
    "hist": {"histogram", "bar", "box"},
}
AGGREGATED = {"bar", "line", "area", "pie", "map"}
EACH_ROW = {"scatter", "bubble", "box", "violin"}
AVERAGES = {"mean", "median", "raw", "last", "share", "", None}
SUMS = {"sum", "count", "", None}
Drawn = Mapping[str, Any]


@dataclass(frozen=True)
class Example:
    """A table, the charts that its author drew, and who that is."""

    folder: str
    file: str
    source: str
    drawn: Sequence[Drawn]
    inspection: Inspection


def examples(folder: Path) -> Iterator[Example]:
    """Yield the tables of a folder that can be read."""
    truth = json.loads((folder / "truth.json").read_text("utf-8"))
    for file, facts in truth.items():
        try:
            inspection = inspect_source(folder / "files" / file)
        except FlaskdashError as error:
            print(f"not read: {file}: {error.message}")
            continue
        # A package of R, or the owner of a repository.
        source = facts["origin"].removeprefix("Rdatasets ").split("/")[0]
        yield Example(folder.name, file, source, facts["charts"], inspection)


def shows(chart: Chart, drawn: Drawn) -> bool:
    """Tell whether a chart shows what a person drew."""
    kind, x, y = drawn["kind"], _folded(drawn.get("x")), _folded(drawn.get("y"))
    if chart.kind not in SHOWS.get(kind, {kind}):
        return False
    own_x, own_y = _folded(chart.x), _folded(chart.y)
    if kind in ("hist", "count") or drawn.get("agg") == "count":
        column = x or y
        if chart.kind == "histogram":
            return own_x == column
        is_count = own_x == column and (chart.agg == "count" or own_y is None)
        return is_count or (kind == "hist" and own_y == column and chart.kind == "box")
    if x is None or y is None:
        return (x or y) in (own_x, own_y)
    pairs = ({own_x, own_y}, {own_x, _folded(chart.color)}, {own_x, _folded(chart.by)})
    if {x, y} not in pairs:
        return False
    if kind not in AGGREGATED or chart.kind in EACH_ROW:
        return True
    aggregates = {drawn.get("agg"), chart.agg}
    is_alike = len(aggregates) == 1 or aggregates <= AVERAGES or aggregates <= SUMS
    return drawn.get("agg") in AVERAGES or is_alike


def _folded(name: object) -> str | None:
    """Return a column's name without the case and the blanks by which authors' names differ."""
    return None if name is None else " ".join(str(name).split()).lower()


def summary(name: str, tables: Sequence[tuple[Sequence[Drawn], Sequence[bool]]]) -> str:
    """Return the figures of a folder, from each table's drawn charts and whether each is shown."""
    matched = sum(any(hits) for _, hits in tables)
    several = [sum(hits) > 1 for _, hits in tables if len(hits) > 1]
    pairs = [pair for drawn, hits in tables for pair in zip(drawn, hits, strict=True)]
    in_apps = [hit for drawn, hit in pairs if drawn.get("by") == "app"]
    return (
        f"{name:12}{len(tables):4} files; one of the author's in {matched}"
        f" ({matched / len(tables):.0%}); two in {sum(several)} of {len(several)};"
        f" in apps {sum(in_apps)} of {len(in_apps)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--verbose", action="store_true", help="show the files without a match")
    options = parser.parse_args()
    for folder in options.folders:
        results = []
        for example in examples(folder):
            charts = suggest(example.inspection, "data")
            first = [c for c in charts if c.kind not in ("kpi", "table", "text")][:FIRST]
            hits = [any(shows(chart, drawn) for chart in first) for drawn in example.drawn]
            results.append((example.drawn, hits))
            if options.verbose and not any(hits):
                print(example.file)
                print(
                    "   drawn:", *(f"{d['kind']} {d.get('x')}/{d.get('y')}" for d in example.drawn)
                )
                print("   first:", *(f"{c.kind} {c.x}/{c.y} {c.agg or ''}" for c in first))
        print(summary(folder.name, results))


if __name__ == "__main__":
    main()
