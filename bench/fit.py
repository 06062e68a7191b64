"""Fit the weights of the suggestions to the charts that people drew, and write weights.py.

    python bench/fit.py FOLDER ... [--files DIR] [--check]

The folders are those of corpus.py; DIR has the files of charts.json. Each drawn chart is a choice
among all candidates of its table, so the weights maximise the likelihood of these choices (a
conditional logit with a ridge penalty). First the figures are cross-validated: the tables of one
author, or package, are never in both parts. `--check` prints them, and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import corpus
import numpy as np
import scipy.sparse
import suggest as by_hand
from numpy.typing import NDArray
from scipy.optimize import minimize

from flaskdash.charts.kinds import Chart
from flaskdash.charts.suggest import described, weights
from flaskdash.charts.suggest.facts import Facts
from flaskdash.charts.suggest.rank import choose, score
from flaskdash.inspect import inspect_source

FOLDS = 10
PENALTY = 1.0
# How much a drawn chart counts, by where it was drawn: those in apps were chosen for others, those
# in notebooks explore, and those in documentation (without `by`) explain a method.
IMPORTANCE = {"app": 4.0, "notebook": 1.0, "gallery": 1.0, None: 1.0}
MORE_CHARTS = 0.25  # a table of many drawn charts counts a little more, at most twice
SMALLEST = 0.02
HERE = Path(__file__).parent
HEAD = '''"""How much each feature of a chart counts. Written by bench/fit.py: do not edit.

A chart's score is the sum of its features times these weights; features.py says what they are.
"""

WEIGHTS: dict[str, float] = {
'''


@dataclass(frozen=True)
class Choices:
    """The charts of a table, their features, and by drawn chart the charts that show it."""

    folder: str
    source: str
    charts: Sequence[Chart]
    features: Sequence[Mapping[str, float]]
    drawn: Sequence[corpus.Drawn]
    shown_by: Sequence[Sequence[int]]


def choices(folders: Sequence[Path], files: Path | None) -> Iterator[Choices]:
    """Yield the tables of all folders, and those of charts.json."""
    for folder in folders:
        for example in corpus.examples(folder):
            if not example.inspection.declined:
                facts = Facts.from_inspection(example.inspection, "data")
                yield _choices(folder.name, example.source, facts, example.drawn, corpus.shows)
    by_file = json.loads((HERE / "charts.json").read_text("utf-8")) if files else {}
    for name, charts in by_file.items():
        drawn = [{"by": "app", "chart": chart} for chart in charts]
        if files and drawn and (path := files / name).is_file():
            facts = Facts.from_inspection(inspect_source(path), "data")
            yield _choices("files", name, facts, drawn, lambda c, d: by_hand.fits(c, d["chart"]))


def _choices(
    folder: str,
    source: str,
    facts: Facts,
    drawn: Sequence[corpus.Drawn],
    shows: Callable[[Chart, corpus.Drawn], bool],
) -> Choices:
    charts, features = described(facts)
    shown_by = [[i for i, chart in enumerate(charts) if shows(chart, d)] for d in drawn]
    return Choices(folder, source, charts, features, drawn, shown_by)


def fit(tables: Sequence[Choices]) -> dict[str, float]:
    """Return the weights that make the drawn charts most likely."""
    tables = [table for table in tables if any(table.shown_by)]
    names = sorted({name for t in tables for values in t.features for name in values})
    index = {name: position for position, name in enumerate(names)}
    matrix = _matrix([values for t in tables for values in t.features], index)
    starts = np.cumsum([0, *(len(t.charts) for t in tables)])
    targets = [_targets(table) for table in tables]

    def loss(weight: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = matrix @ weight
        gradient = np.zeros_like(scores)
        total = 0.0
        for start, end, table_targets in zip(starts, starts[1:], targets, strict=False):
            likely = np.exp(scores[start:end] - scores[start:end].max())
            likely /= likely.sum()
            for indexes, importance in table_targets:
                hit = likely[indexes].sum() + 1e-300
                total -= importance * math.log(hit)
                gradient[start:end] += importance * likely
                gradient[start + indexes] -= importance * likely[indexes] / hit
        penalty = 0.5 * PENALTY * float(weight @ weight)
        return total + penalty, matrix.T @ gradient + PENALTY * weight

    result = minimize(loss, np.zeros(len(names)), jac=True, method="L-BFGS-B")
    return dict(zip(names, map(float, result.x), strict=True))


def _matrix(
    features: Sequence[Mapping[str, float]], index: Mapping[str, int]
) -> scipy.sparse.csr_array:
    rows, columns, values = [], [], []
    for row, chart in enumerate(features):
        for name, value in chart.items():
            rows.append(row)
            columns.append(index[name])
            values.append(value)
    return scipy.sparse.csr_array((values, (rows, columns)), shape=(len(features), len(index)))


def _targets(table: Choices) -> list[tuple[NDArray[np.int64], float]]:
    """Return the sets of charts of which one was drawn, and how important each set is."""
    importance: dict[tuple[int, ...], float] = {}
    for drawn, indexes in zip(table.drawn, table.shown_by, strict=True):
        if indexes:
            value = IMPORTANCE[drawn.get("by")]
            importance[tuple(indexes)] = max(value, importance.get(tuple(indexes), 0.0))
    scale = min(2.0, 1 + MORE_CHARTS * (len(importance) - 1))
    scale *= math.sqrt(max(importance.values())) / sum(importance.values())
    return [(np.array(indexes), scale * value) for indexes, value in importance.items()]


def folds(tables: Sequence[Choices]) -> list[int]:
    """Return a fold for each table: those of a source share it, and the folds are about equal."""
    sizes = Counter(table.source for table in tables)
    filled = [0] * FOLDS
    fold_of: dict[str, int] = {}
    for source, size in sorted(sizes.items(), key=lambda entry: (-entry[1], entry[0])):
        fold_of[source] = filled.index(min(filled))
        filled[fold_of[source]] += size
    return [fold_of[table.source] for table in tables]


def report(tables: Sequence[Choices], weights_of: Callable[[int], Mapping[str, float]]) -> None:
    """Print how often the first six charts have a drawn one, by folder."""
    results = defaultdict(list)
    for position, table in enumerate(tables):
        scores = [score(values, weights_of(position)) for values in table.features]
        first = set(choose(table.charts, scores, corpus.FIRST))
        hits = [bool(first & set(indexes)) for indexes in table.shown_by]
        results[table.folder].append((table.drawn, hits))
    for folder, entries in results.items():
        print(f"  {corpus.summary(folder, entries)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--files", type=Path, help="the folder with the files of charts.json")
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args()
    tables = list(choices(options.folders, options.files))
    fold_of = folds(tables)
    by_fold = [
        fit([table for table, own in zip(tables, fold_of, strict=True) if own != fold])
        for fold in range(FOLDS)
    ]
    print("cross-validated by source:")
    report(tables, lambda position: by_fold[fold_of[position]])
    fitted = {name: round(value, 2) for name, value in fit(tables).items()}
    fitted = {name: value for name, value in fitted.items() if abs(value) >= SMALLEST}
    print(f"fitted, {len(fitted)} weights:")
    report(tables, lambda _: fitted)
    if not options.check:
        lines = [f'    "{name}": {value},\n' for name, value in sorted(fitted.items())]
        Path(weights.__file__).write_text(HEAD + "".join(lines) + "}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
