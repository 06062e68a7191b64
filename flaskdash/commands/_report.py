"""What `inspect` prints: an inspection and its charts, as a dictionary or as text."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from flaskdash.charts.kinds import Chart
from flaskdash.inspect.model import Inspection

CELL = 44
ONLY_WHERE_KNOWN = ("table", "compression")
CHART_KEYS = ("kind", "x", "y", "agg", "by", "size", "color", "grain", "title", "score", "why")
COLUMN_KEYS = ("name", "type", "role", "missing", "distinct", "agg", "grain", "unit")


def as_dict(inspection: Inspection, charts: Sequence[Chart]) -> dict[str, Any]:
    """Return an inspection and its charts as plain values, for JSON."""
    return {
        "source": inspection.source,
        "read": {
            key: value
            for key, value in asdict(inspection.read).items()
            if value is not None or key not in ONLY_WHERE_KNOWN
        },
        "columns": [{key: getattr(c, key) for key in COLUMN_KEYS} for c in inspection.columns],
        "charts": [{key: getattr(c, key) for key in CHART_KEYS} for c in charts],
        "notes": list(inspection.notes),
        "declined": inspection.declined,
    }


def as_text(inspection: Inspection, charts: Sequence[Chart]) -> str:
    """Return an inspection and its charts as text for a terminal."""
    read = {key: value for key, value in asdict(inspection.read).items() if value is not None}
    lines = [printable(inspection.source), ""]
    lines += [
        f"  {key.replace('_', ' '):13} {printable(repr(value) if key == 'delimiter' else str(value))}"
        for key, value in read.items()
    ]
    lines += [
        "",
        *table(
            [("column", "type", "role", "missing", "distinct")]
            + [
                (
                    c.name,
                    c.type,
                    f"{c.role} ({c.agg or c.grain})" if c.agg or c.grain else c.role,
                    str(c.missing),
                    str(c.distinct),
                )
                for c in inspection.columns
            ],
            CELL,
        ),
    ]
    if inspection.notes:
        lines += ["", "Notes:", *(f"  {printable(note)}" for note in inspection.notes)]
    if inspection.declined:
        lines += ["", f"Not charted: {printable(inspection.declined)}"]
    lines += [
        "",
        "Charts:",
        *table([(f"{chart.score:.2f}", chart.kind, chart.title, chart.why) for chart in charts]),
    ]
    return "\n".join(lines)


def table(rows: Sequence[Sequence[str]], longest: int = 200) -> list[str]:
    """Return rows as lines with aligned columns; cells but the last are cut where they are long."""
    cells = [
        [_cut(printable(cell), longest) for cell in row[:-1]] + [printable(row[-1])] for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  "
        + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def printable(text: str) -> str:
    """Return text without control characters: a file's names must not drive the terminal."""
    return "".join(" " if unicodedata.category(c).startswith("C") else c for c in text)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
