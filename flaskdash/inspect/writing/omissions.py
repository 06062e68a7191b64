"""What a loader leaves out of its source, with examples for `flaskdash inspect --left-out`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from flaskdash.inspect.model import Omission
from flaskdash.inspect.text.dialect import Record
from flaskdash.inspect.text.table import MOST_EXAMPLES, example
from flaskdash.inspect.values.column_plan import ColumnPlan

MOST_SEARCHED = 20_000  # rows in which examples of cells without a value are looked for


def of_cells(
    plans: Sequence[ColumnPlan],
    counts: Sequence[dict[str, int]],
    rows: Iterator[tuple[str, Sequence[str]]],
) -> Iterator[Omission]:
    """Yield the words that are read as missing, by column, with the places of some.

    `rows` are the first rows of the table, each with its place.
    """
    words = {
        index: {word for word in plan.gaps if word.strip() and column[word]}
        for index, (plan, column) in enumerate(zip(plans, counts, strict=True))
        if plan.kind != "empty"
    }
    words = {index: gaps for index, gaps in words.items() if gaps}
    examples: dict[int, list[str]] = {index: [] for index in words}
    for place, row in itertools.islice(rows, MOST_SEARCHED) if words else ():
        for index, gaps in words.items():
            if index < len(row) and row[index] in gaps and len(examples[index]) < MOST_EXAMPLES:
                examples[index].append(f"{place}: {row[index]}")
    for index, gaps in words.items():
        total = sum(counts[index][word] for word in gaps)
        reason = f"cells of {plans[index].name} read as missing"
        yield Omission(reason, total, tuple(examples[index]))


def of_rows(reason: str, before: pd.DataFrame, is_row: pd.Series) -> Omission:
    """Return the rows of a frame for which `is_row` is false."""
    dropped = before[~is_row]
    return Omission(reason, len(dropped), tuple(map(_as_text, *_numbered(dropped))))


def _numbered(rows: pd.DataFrame) -> tuple[list[Any], list[Record]]:
    first = rows.head(MOST_EXAMPLES)
    records = [
        ["" if pd.isna(cell) else str(cell) for cell in row]
        for row in first.itertuples(index=False, name=None)
    ]
    return first.index.tolist(), records


def _as_text(number: Any, record: Record) -> str:
    return example(f"row {number + 1}" if isinstance(number, int) else f"row {number}", record)
