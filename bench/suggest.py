"""Compare the first six charts suggested for each file of a folder with those a person would draw.

    python bench/suggest.py [DIR]

charts.json has a person's charts by file name: kind, x, y, aggregate and, if it matters, colour; "a/b"
is either, "*" anything. A file passes if two of its charts are among the first six, or all of them if
it has fewer. A file without charts passes if only the table is suggested. KPIs do not count.
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
    """Return whether a suggestion is a chart that a person would draw."""
    # A chart that compares columns matches with any of them in the place of its y, or of the x or
    # colour that distinguishes them.
    if chart.across:
        own = {chart.x if chart.kind == "bar" and chart.color is None else chart.color, chart.y}
        return any(
            all(
                _matches(actual, expected) or (actual in own and _matches(column, expected))
                for actual, expected in zip(_drawn(chart), drawn, strict=False)
            )
            for column in chart.across
        )
    return all(map(_matches, _drawn(chart), drawn))


def _drawn(chart: Chart) -> Drawn:
    return (chart.kind, chart.x, chart.y, chart.agg, chart.color)


def _matches(actual: str | None, expected: str | None) -> bool:
    if expected is None or actual is None:
        return actual == expected or expected == "*"
    # A name with a slash, such as suicides/100k, is compared as a whole too.
    alternatives = expected.split("/")
    return actual == expected or any(fnmatchcase(actual, name) for name in alternatives)


def judge(path: Path, person: Sequence[Drawn]) -> tuple[int, int, list[Chart]]:
    """Return the number of a person's charts that are suggested, the target, and the first six."""
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
    """Print the result of each file of a folder."""
    parser = argparse.ArgumentParser(description="Suggestions beside a person's charts.")
    parser.add_argument("folder", type=Path, nargs="?", default=DEFAULT)
    parser.add_argument("--all", action="store_true", help="show what each file gets")
    options = parser.parse_args()
    charts_by_file = json.loads((HERE / "charts.json").read_text("utf-8"))
    paths = [path for path in sorted(options.folder.glob("*")) if path.name in charts_by_file]
    if not paths:
        parser.exit(1, f"{options.folder} does not contain any of the files in charts.json\n")
    passed = 0
    for path in paths:
        hits, enough, charts = judge(path, charts_by_file[path.name])
        passed += hits >= enough
        print(f"{'ok  ' if hits >= enough else 'MISS'} {hits} of {enough}  {path.name}")
        for chart in charts if options.all or hits < enough else ():
            by = f" by {chart.color}" if chart.color else ""
            print(f"       {chart.kind}: {chart.agg or ''} {chart.y or ''} / {chart.x or ''}{by}")
    print(f"\n{passed} of {len(paths)} pass")


if __name__ == "__main__":
    main()
