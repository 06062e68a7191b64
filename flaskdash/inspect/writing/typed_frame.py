"""Convert the columns of a frame whose cells have types: of JSON, and of SQLite."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from flaskdash.errors import FlaskdashError
from flaskdash.inspect.literals import literal
from flaskdash.inspect.values import column_plan
from flaskdash.inspect.values.cells import kind_of, refine_by_types, text_of
from flaskdash.inspect.values.column_plan import ColumnPlan
from flaskdash.inspect.values.dates import EPOCH_NAMES, EPOCHS
from flaskdash.inspect.writing import pandas_code
from flaskdash.inspect.writing.column_names import repair
from flaskdash.inspect.writing.draft import failed_column, run
from flaskdash.inspect.writing.tabular import (
    ATTEMPTS,
    ATTEMPTS_BY_COLUMN,
    FAILURES,
    UNCONVERTED,
    as_planned,
    order,
)


@dataclass(frozen=True)
class _Values:
    """The values of a column, None for missing ones, the counts of their texts, and the dtype."""

    cells: list[Any]
    counts: Counter[str]
    dtype: Any

    @classmethod
    def of_series(cls, series: pd.Series) -> _Values:
        cells = [None if _is_missing(cell) else cell for cell in series.tolist()]
        counts = Counter("" if cell is None else text_of(cell) for cell in cells)
        return cls(cells, counts, series.dtype)

    @property
    def nested(self) -> bool:
        return any(isinstance(cell, dict | list) for cell in self.cells)

    def plan(self, name: str) -> ColumnPlan:
        """Return how the column is converted."""
        if self.nested:
            return ColumnPlan(name, "text", self.counts[""])
        return _typed(column_plan.plan_column(name, self.counts), self.cells)


def convert(
    path: Path, lines: list[str], frame: pd.DataFrame, advice: str, vary: bool = False
) -> tuple[str, pd.DataFrame, list[ColumnPlan], list[str]]:
    """Add the conversions of text to numbers and dates to the lines that make a frame.

    Returns the body, the DataFrame that it returns, the plans of its columns, and notes. Raises
    FlaskdashError, with `advice`, if the frame holds no values or can't be converted.
    """
    if frame.empty or frame.shape[1] == 0:
        raise FlaskdashError(f"{path} holds no values. Use a file with at least one row.")
    old_names = [str(name) for name in frame.columns]
    names, notes = repair(old_names)
    if old_names != names or not all(isinstance(name, str) for name in frame.columns):
        lines = [*lines, f"df.columns = {literal(names)}"]
    columns = [_Values.of_series(frame.iloc[:, position]) for position in range(len(names))]
    plans = [column.plan(name) for name, column in zip(names, columns, strict=True)]
    plans = [
        order(plan, column.counts)
        for plan, column in zip(column_plan.settle(plans, "."), columns, strict=True)
    ]
    for attempt in range(ATTEMPTS):
        steps = [
            (plan.name, *step)
            for plan, column in zip(plans, columns, strict=True)
            for step in _steps(plan, column, vary)
        ]
        body = "\n".join([*lines, *pandas_code.assignments(steps), "return df"])
        try:
            result = run(body, path)
        except FAILURES as error:
            name = failed_column(error, body)
            converted = {plan.name for plan in plans if plan.dating or plan.numbers}
            failed = {name} if name in converted and attempt < ATTEMPTS_BY_COLUMN else converted
        else:
            failed = {plan.name for plan in plans if not as_planned(plan, result)}
            if not failed:
                return body, result, plans, notes
        plans = [plan.as_text(UNCONVERTED) if plan.name in failed else plan for plan in plans]
    raise FlaskdashError(f"{path} can't be converted to a table. {advice}")


def _is_missing(cell: Any) -> bool:
    return cell is None or cell is pd.NA or (isinstance(cell, float) and cell != cell)


def _typed(column: ColumnPlan, cells: Sequence[Any]) -> ColumnPlan:
    """Return the plan of a column, corrected by the types of its values."""
    kinds = Counter(kind_of(cell) for cell in cells if cell is not None)
    if set(kinds) == {"boolean"}:
        return replace(column, kind="boolean", notes=())
    plan = refine_by_types(column, ["" if cell is None else cell for cell in cells])
    if plan.kind == "text" and len(kinds) > 1:
        listed = " and ".join(f"{count:,} {kind}" for kind, count in kinds.most_common())
        note = f"its values are of several types ({listed}): kept as text"
        plan = replace(plan, notes=(note,))
    return plan


def _steps(plan: ColumnPlan, column: _Values, vary: bool) -> Iterator[tuple[str, str]]:
    """Yield the expressions that convert a column, {c}, each with a comment."""
    if column.nested:
        yield _flatten(column.cells)
        return
    cells, is_float = column.cells, pd.api.types.is_float_dtype(column.dtype)
    is_object = str(column.dtype) == "object"
    absent = {cell for cell in cells if cell is not None and text_of(cell) in {"", *plan.gaps}}
    words = sorted(absent, key=str)
    if words:
        yield f"{{c}}.mask({{c}}.isin({literal(words)}))", "no value"
    kinds = {kind_of(cell) for cell in cells if cell not in (None, "") and cell not in words}
    from_numbers = kinds == {"number"} and not plan.numbers
    to_text = '{c}.astype("Int64").astype("str")' if is_float else '{c}.astype("str")'
    if plan.prepare:
        yield f"{{c}}{plan.prepare}", plan.prepared
    if plan.kind == "boolean" and (is_object or vary):
        yield '{c}.astype("boolean")', "true, false or missing"
    elif plan.kind == "text" and kinds == {"number"}:
        yield to_text, plan.reason
        return
    elif plan.kind in ("text", "number", "integer") and len(kinds) > 1:
        yield '{c}.astype("str")', "values of several types"
    if plan.kind in ("number", "integer"):
        if kinds != {"number"}:
            yield from pandas_code.number_steps(plan, as_text=True)
        elif is_object or words or vary:
            yield "pd.to_numeric({c})", ""
    elif plan.kind == "date" and plan.dating:
        if from_numbers and plan.dating.kind in (*EPOCHS, "excel"):
            yield _date_of_number(plan.dating.kind)
            return
        if from_numbers:
            yield to_text, ""
        yield from pandas_code.date_steps(plan)
    elif plan.kind == "text" and plan.padded:
        yield "{c}.str.strip()", ""
    elif plan.kind == "text" and vary and kinds == {"text"}:
        yield to_text, ""


def _flatten(cells: Sequence[Any]) -> tuple[str, str]:
    """Return the expression that writes lists and objects as text, and its comment."""
    values = [cell for cell in cells if cell is not None]
    flat = all(
        isinstance(value, list) and not any(isinstance(item, dict | list) for item in value)
        for value in values
    )
    function = 'lambda items: ", ".join(map(str, items))' if flat else "json.dumps"
    note = "lists as text" if flat else "nested: as text"
    return f'{{c}}.map({function}, na_action="ignore")', note


def _date_of_number(kind: str) -> tuple[str, str]:
    """Return the expression that makes dates of numbers, and its comment."""
    if kind == "excel":
        days = 'pd.to_datetime({c}, unit="D", origin="1899-12-30")'
        return f'{days}.dt.round("s")', "as in Excel"
    return f'pd.to_datetime({{c}}, unit="{kind}")', f"{EPOCH_NAMES[kind]} since 1970, UTC"
