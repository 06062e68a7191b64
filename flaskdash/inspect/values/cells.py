"""Refine column plans by the types of cells, in sources that have types: sheets and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from flaskdash.inspect.values.column_plan import ColumnPlan
from flaskdash.inspect.values.numbers import Numerals


def refine_by_types(column: ColumnPlan, cells: Sequence[Any]) -> ColumnPlan:
    """Return the plan of a column, adapted to the types of its cells."""
    kinds = {
        kind_of(cell)
        for cell in cells
        if (text := text_of(cell)).strip() and text not in column.gaps
    }
    if not kinds or kinds == {"text"}:
        return column
    if kinds == {"date"}:
        return replace(column, kind="date", numbers=None, dating=None, reason="", notes=())
    if kinds == {"number"}:
        if column.kind == "number":
            return replace(column, numbers=Numerals(("dot",)))
        return column
    if column.kind == "text":
        notes = column.notes
        if "date" in kinds:
            count = sum(kind_of(cell) == "date" for cell in cells)
            notes = (
                *notes,
                f"{count} cells are dates and the others are not, so it is kept as text",
            )
        return replace(column, numeric_text=True, notes=notes)
    if column.dating and column.dating.more:
        return column
    if column.kind == "date" and "date" in kinds:
        return replace(column.as_text(), notes=(*column.notes, "some dates are text: kept as text"))
    return column


def kind_of(cell: object) -> str:
    """Return "boolean", "number", "date", "text" or "other"."""
    if isinstance(cell, bool):
        return "boolean"
    if isinstance(cell, int | float):
        return "number"
    if isinstance(cell, date):
        return "date"
    return "text" if isinstance(cell, str) else "other"


def text_of(cell: object) -> str:
    """Return a cell as the text that pandas makes of it."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, date) and not isinstance(cell, datetime):
        return str(datetime(cell.year, cell.month, cell.day))
    return str(cell)
