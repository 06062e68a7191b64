"""Format an inspection and its suggested charts as plain values or as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from flaskdash.charts.kinds import Chart
from flaskdash.inspect import fit
from flaskdash.inspect.fit import Table
from flaskdash.inspect.model import Column, Inspection
from flaskdash.names import capital
from flaskdash.progress import printable

MAX_CELL = 44
MAX_EXAMPLE = 110
OPTIONAL_KEYS = ("table", "compression")
CHART_KEYS = ("kind", "x", "y", "agg", "by", "size", "color", "grain", "title")
COLUMN_KEYS = ("name", "type", "role", "missing", "distinct", "agg", "grain", "unit")


def as_dict(inspection: Inspection, charts: Sequence[Chart]) -> dict[str, Any]:
    """Return an inspection and its charts as plain values, for JSON."""
    return {
        "source": inspection.source,
        "read": {
            key: value
            for key, value in asdict(inspection.read).items()
            if value is not None or key not in OPTIONAL_KEYS
        },
        "columns": [
            {key: getattr(column, key) for key in COLUMN_KEYS} for column in inspection.columns
        ],
        "charts": [
            {
                "rank": rank,
                **{key: getattr(chart, key) for key in CHART_KEYS},
                "why": chart.reason,
            }
            for rank, chart in enumerate(charts, start=1)
        ],
        "notes": list(inspection.notes),
        "left_out": [asdict(omission) for omission in inspection.omitted],
        "declined": inspection.declined,
    }


def fit_as_dict(left: Table, right: Table) -> dict[str, Any]:
    """Return how two tables fit together as plain values, for JSON."""
    pairs = fit.candidates(left, right)
    keys = fit.suggest(left, right, pairs)
    join = fit.fit(left, right, [pair.pair for pair in keys]) if keys else None
    return {
        "left": left.name,
        "right": right.name,
        "candidates": [asdict(pair) for pair in pairs],
        "keys": [list(pair.pair) for pair in keys],
        "join": asdict(join) if join else None,
    }


def omitted_as_text(inspection: Inspection) -> str:
    """Return what a loader leaves out of its source as text for a terminal."""
    lines = [printable(inspection.source)]
    for omission in inspection.omitted:
        lines += ["", f"{capital(printable(omission.reason))}: {omission.count:,}"]
        lines += [f"  {_cut(printable(text), MAX_EXAMPLE)}" for text in omission.examples]
        more = omission.count - len(omission.examples)
        if omission.examples and more > 0:
            lines.append(f"  and {more:,} more")
    if not inspection.omitted:
        lines += ["", "Nothing is left out."]
    return "\n".join(lines)


def as_text(inspection: Inspection, charts: Sequence[Chart]) -> str:
    """Return an inspection and its charts as text for a terminal."""
    columns = [("column", "type", "role", "missing", "distinct")]
    columns += [_column_row(column) for column in inspection.columns]
    lines = [printable(inspection.source), "", *_read_lines(inspection)]
    lines += ["", *table(columns, MAX_CELL)]
    if inspection.notes:
        lines += ["", "Notes:", *(f"  {printable(note)}" for note in inspection.notes)]
    if inspection.declined:
        lines += ["", f"Not charted: {printable(inspection.declined)}"]
    rows = [
        (f"{rank}.", chart.kind, chart.title, chart.reason)
        for rank, chart in enumerate(charts, start=1)
    ]
    return "\n".join([*lines, "", "Charts:", *table(rows)])


def _read_lines(inspection: Inspection) -> list[str]:
    lines = []
    for key, value in asdict(inspection.read).items():
        if value is None:
            continue
        text = repr(value) if key == "delimiter" else str(value)
        lines.append(f"  {key.replace('_', ' '):13} {printable(text)}")
    return lines


def _column_row(column: Column) -> tuple[str, str, str, str, str]:
    detail = column.agg or column.grain
    role = f"{column.role} ({detail})" if detail else column.role
    return column.name, column.type, role, str(column.missing), str(column.distinct)


def table(rows: Sequence[Sequence[str]], max_width: int = 200) -> list[str]:
    """Return rows as lines with aligned columns; long cells are cut, except in the last column."""
    cells = [
        [*(_cut(printable(cell), max_width) for cell in row[:-1]), printable(row[-1])]
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for row in cells:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        lines.append(f"  {'  '.join(padded)}".rstrip())
    return lines


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
