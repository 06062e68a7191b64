"""Compare the first six charts that are suggested for the files of a folder with a person's.

    python bench/suggest.py [DIR]

What a person would draw stands in charts.json, by file name: kind, x, y, aggregate and, where it
matters, colour; "a/b" is either, "*" anything. A file passes with two of its charts among the first
six, with all where it has fewer, or where it has none if nothing but the table is suggested. KPIs do
not count.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from flaskdash.charts.kinds import Chart
from flaskdash.charts.suggest import suggest
from flaskdash.errors import FlaskdashError
from flaskdash.inspect import inspect_source

HERE = Path(__file__).parent
DEFAULT = HERE / ".data" / "open"
FIRST, ENOUGH = 6, 2
Drawn = Sequence[str | None]


def fits(chart: Chart, drawn: Drawn) -> bool:
    """Tell whether a suggestion is one that a person would draw."""
    if chart.across:  # columns that are compared: each stands for what tells them apart, and for y
        own = {chart.x if chart.kind == "bar" and chart.color is None else chart.color, chart.y}
        return any(
            all(
                _is(found, wanted) or (found in own and _is(column, wanted))
                for found, wanted in zip(_drawn(chart), drawn, strict=False)
            )
            for column in chart.across
        )
    return all(map(_is, _drawn(chart), drawn))


def _drawn(chart: Chart) -> Drawn:
    return (chart.kind, chart.x, chart.y, chart.agg, chart.color)


def _is(found: str | None, wanted: str | None) -> bool:
    if wanted is None or found is None:
        return found == wanted or wanted == "*"
    # A name such as suicides/100k is not two.
    return found == wanted or any(fnmatchcase(found, one) for one in wanted.split("/"))


def judge(path: Path, person: Sequence[Drawn]) -> tuple[int, int, list[Chart]]:
    """Return how many of a person's charts are suggested, how many are enough, and the first six."""
    try:
        charts = [c for c in suggest(inspect_source(path), path.stem) if c.kind != "kpi"][:FIRST]
    except FlaskdashError:
        charts = []
    hits = sum(any(fits(chart, drawn) for chart in charts) for drawn in person)
    enough = min(ENOUGH, len(person))
    if not person and any(chart.kind != "table" for chart in charts):
        enough = 1
    return hits, enough, charts


def main() -> None:
    """Print the table of a folder."""
    parser = argparse.ArgumentParser(description="Suggestions beside a person's charts.")
    parser.add_argument("folder", type=Path, nargs="?", default=DEFAULT)
    parser.add_argument("--all", action="store_true", help="show what each file gets")
    options = parser.parse_args()
    wanted = json.loads((HERE / "charts.json").read_text("utf-8"))
    paths = [path for path in sorted(options.folder.glob("*")) if path.name in wanted]
    if not paths:
        parser.exit(1, f"{options.folder} has none of the files of charts.json\n")
    passed = 0
    for path in paths:
        hits, enough, charts = judge(path, wanted[path.name])
        passed += hits >= enough
        print(f"{'ok  ' if hits >= enough else 'MISS'} {hits} of {enough}  {path.name}")
        for chart in charts if options.all or hits < enough else ():
            by = f" by {chart.color}" if chart.color else ""
            print(f"       {chart.kind}: {chart.agg or ''} {chart.y or ''} / {chart.x or ''}{by}")
    print(f"\n{passed} of {len(paths)} pass")


if __name__ == "__main__":
    main()
