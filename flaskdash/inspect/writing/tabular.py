"""Draft a loader from a table of strings: names, plans, and a body that pandas reads alike."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from flaskdash.errors import FlaskdashError
from flaskdash.inspect.literals import comment, literal
from flaskdash.inspect.model import Omission, Read
from flaskdash.inspect.text.shifted import Row, find_shifted
from flaskdash.inspect.text.table import TextTable, line_of
from flaskdash.inspect.values import column_plan, dates
from flaskdash.inspect.values.cells import refine_by_types
from flaskdash.inspect.values.column_plan import ColumnPlan
from flaskdash.inspect.words import GEO_WORDS, ID_WORDS, NUMBER_WORDS, TIME_WORDS, words
from flaskdash.inspect.writing import omissions, pandas_code
from flaskdash.inspect.writing.column_names import repair
from flaskdash.inspect.writing.coordinates import find_coordinates
from flaskdash.inspect.writing.draft import Draft, failed_column, run
from flaskdash.inspect.writing.pandas_code import Layout
from flaskdash.inspect.writing.reshape import fill_names, join_times, reshape
from flaskdash.inspect.writing.sums import find_sums

ATTEMPTS = 12
ATTEMPTS_BY_COLUMN = 8  # after which all columns are read as text
UNCONVERTED = "not all values convert"
KEY_WORDS = TIME_WORDS | ID_WORDS | GEO_WORDS | NUMBER_WORDS | {"name", "title", "label", "key"}
# What pandas raises if it reads a file differently; csv.Error comes from its Python engine.
FAILURES = (ValueError, TypeError, AttributeError, KeyError, OverflowError, Warning, csv.Error)


def no_rows() -> Iterator[Row]:
    """Yield nothing, for a table whose rows have no place in one file."""
    return iter(())


@dataclass(frozen=True)
class SourceTable:
    """A table in a source, and how pandas reads it.

    `layout_of` completes the `layout` with facts about the table. `kind` names the source in
    errors, and `advice` says there what to do. `decimal` is the likelier decimal mark if numbers
    can be read both ways, or the one that the user gives. `header_rows` end with the row of the table's header.

    Of a sheet, `cells` are the typed cells of each column, and `gaps` their number of blank cells
    that are merged with one above. Of a stack, `mixed` are the numbers of the columns that pandas
    would read with different types in its parts. `rows` yields the rows again, each with its number in the
    source, `place` names the place of a number, and `omitted` is what was left out before the table was found.
    """

    table: TextTable
    layout: Layout
    read: Read
    kind: str
    decimal: str = "."
    is_decimal_given: bool = False
    rows: Callable[[], Iterable[Row]] = no_rows
    place: Callable[[int], str] = line_of
    omitted: Sequence[Omission] = ()
    cells: Sequence[Sequence[Any]] = ()
    gaps: Sequence[int] = ()
    mixed: frozenset[int] = frozenset()
    notes: Sequence[str] = ()
    declined: str = ""
    header_rows: int = 1
    requires: tuple[str, ...] = ()
    advice: str = "Open it in an editor, and check that each row is on a line of its own."


def draft(path: Path, source: SourceTable) -> Draft:
    """Return the draft of a table; raise FlaskdashError if pandas can't read it."""
    table = source.table
    if table.rows == 0:
        raise FlaskdashError(f"{path} has a header but no rows. Use a file with at least one row.")
    if not source.layout.stack:
        source = _without_shifted(source, source.rows())
        table = source.table
    names, name_notes = column_names(table)
    plans = [
        column_plan.plan_column(n, counts) for n, counts in zip(names, table.columns, strict=True)
    ]
    plans = column_plan.without_codes(_adjust(plans, source), table.columns)
    plans = column_plan.settle(plans, source.decimal, source.is_decimal_given)
    european = is_european(plans)
    plans = [order(p, counts, european) for p, counts in zip(plans, table.columns, strict=True)]
    layout = layout_of(source.layout, table, names)
    body, frame, plans = _agree(path, source, layout, plans)
    skipped = table.rows + len(table.long) + len(table.shifted) - len(frame)
    rows = len(frame)
    notes = [
        *_table_notes(table, rows, source.header_rows),
        *source.notes,
        *name_notes,
        *column_notes(plans),
    ]
    ragged = table.header.names is None and table.shorter > 0.3 * table.rows
    omitted = [*source.omitted, *table.omitted]
    if table.blank:
        omitted.append(Omission("rows without any value", table.blank))
    places = ((source.place(number), row) for number, row in source.rows())
    omitted += omissions.of_cells(plans, table.columns, places)
    body, frame, reshape_notes, sums = reshaped(body, frame, path, ragged)
    return Draft(
        read=replace(
            source.read,
            decimal=pandas_code.common_marks(plans)[0],
            header_row=table.header.skip + 1 if table.header.names is not None else None,
            rows=rows,
            skipped_rows=max(skipped, 0),
        ),
        body=body,
        frame=frame,
        notes=(*notes, *reshape_notes),
        units=units(plans),
        declined=source.declined or _crosstab(table) or _prose(table, plans) or _unlike(table),
        requires=source.requires,
        omitted=(*omitted, *sums),
    )


def _without_shifted(source: SourceTable, rows: Iterable[Row]) -> SourceTable:
    """Return the source without rows whose cells stand beside their columns."""
    shifted = find_shifted(rows, source.table.columns)
    if not shifted:
        return source
    table = source.table.without(shifted)
    start = table.header.skip + (table.header.names is not None)
    cells = [
        [cell for number, cell in enumerate(column, start) if number not in table.shifted]
        for column in source.cells
    ]
    return replace(source, table=table, cells=cells)


def _adjust(plans: Sequence[ColumnPlan], source: SourceTable) -> list[ColumnPlan]:
    """Return the plans, adapted to the cells of a sheet and to the parts of a stack."""
    label = source.layout.stack.column if source.layout.stack else ""
    adjusted = []
    for index, plan in enumerate(plans):
        if source.cells:
            plan = refine_by_types(plan, source.cells[index])
        if source.gaps and plan.kind in ("text", "date") and 0 < plan.missing <= source.gaps[index]:
            note = "merged cells are filled down into each of their rows"
            plan = replace(plan, fill=True, missing=0, notes=(*plan.notes, note))
        if label and plan.name == label and plan.kind in ("integer", "number"):
            plan = plan.as_text()  # a part of a name such as 2024 is a label, not a number
        adjusted.append(replace(plan, mixed=index in source.mixed))
    return adjusted


def reshaped(
    body: str, frame: pd.DataFrame, path: Path, ragged: bool = False
) -> tuple[str, pd.DataFrame, list[str], list[Omission]]:
    """Return the body with lines that reshape the frame if needed, its result, notes, and the sums."""
    notes, omitted = [], []
    if sums := find_sums(frame):
        omitted.append(omissions.of_rows("rows that are sums of others", frame, ~sums.rows))
        before = frame
        body, frame = _extended(body, sums.lines, path)
        if names := _whole_now(before, frame):
            line = 'df[column] = df[column].astype("int64", errors="ignore")'
            lines = [
                f"for column in {literal(names)}:  # gaps were in these rows only",
                f"    {line}",
            ]
            body, frame = _extended(body, lines, path)
        notes.append(sums.note)
    if steps := reshape(frame, ragged):
        body, frame = _extended(body, steps.lines, path)
        notes.append(steps.note)
    for find in (fill_names, join_times, find_coordinates):
        if steps := find(frame):
            body, frame = _extended(body, steps.lines, path)
            notes.append(steps.note)
    return body, frame, notes, omitted


def _whole_now(before: pd.DataFrame, after: pd.DataFrame) -> list[str]:
    """Return the columns of whole numbers that had gaps in the rows that are left out, and only there."""
    floats = after.select_dtypes("float")
    return [
        str(name)
        for name in floats.columns
        if before[name].isna().any() and (floats[name] % 1 == 0).all()
    ]


def _extended(body: str, lines: Sequence[str], path: Path) -> tuple[str, pd.DataFrame]:
    """Return a body with lines before its end, and the frame that it returns then."""
    longer = body.replace("\nreturn df", "\n" + "\n".join((*lines, "return df")))
    return longer, run(longer, path)


def units(plans: Sequence[ColumnPlan]) -> dict[str, str]:
    """Return the unit of each column whose numbers have one, such as "$"."""
    return {p.name: p.numbers.unit for p in plans if p.numbers and p.numbers.unit}


def layout_of(layout: Layout, table: TextTable, names: list[str]) -> Layout:
    """Return the layout, completed with facts about the table."""
    first = table.header.skip + (table.header.names is not None)
    bad_first = []
    while first in table.long:
        # pandas would read the first field of a long first row as an index.
        bad_first.append(first)
        first += 1
    renames: tuple[str, dict[str, str]] = ("", {})
    if layout.has_header:
        renames = _renames(list(table.header.names or []), names, _by_name(layout))
    return replace(
        layout,
        renames=renames,
        drop_blank=table.blank > 0,
        footer=table.footer,
        long=len(table.long) > len(bad_first),
        shifted=table.shifted,
        columns=f"range({len(names) - bool(layout.stack and layout.stack.column)}),  # rows end in a delimiter"
        if table.trailing
        else layout.columns,
        bad_first=tuple(bad_first),
    )


def _crosstab(table: TextTable) -> str:
    """Explain why a printed table with a title above each section is declined, or return ""."""
    has_names = table.header.names is not None
    if has_names and table.width > 3 and table.rows > 20 and table.titles > 0.1 * table.rows:
        return (
            f"it is a printed crosstab: {table.titles} of {table.rows} rows are titles of "
            "sections. Save each section as a table of its own"
        )
    return ""


def _prose(table: TextTable, plans: Sequence[ColumnPlan]) -> str:
    """Explain why lines of prose are declined, or return ""."""
    if table.width > 1 or plans[0].kind != "text":
        return ""
    lines = [cell for cell in table.columns[0] if cell.strip()]
    prose_lines = sum(len(cell.split()) > 2 or cell.startswith("[") for cell in lines)
    if len(lines) > 0.9 * table.rows and prose_lines > 0.5 * len(lines):
        return "it is text of one column, and no two lines are alike: there is nothing to count"
    return ""


def _unlike(table: TextTable) -> str:
    """Explain why a file is declined if many of its lines do not belong to the table."""
    if 3 * len(table.long) <= table.rows:
        return ""
    return (
        f"{len(table.long):,} of {len(table.long) + table.rows:,} rows have more fields than the "
        "first: it is not a table, or it is several"
    )


def without_blank_columns(table: TextTable) -> TextTable:
    """Return the table without trailing columns that have neither a name nor a value."""
    names, width = table.header.names or [], table.width
    if table.long:
        return table  # usecols would shorten rows with too many fields instead of skipping them
    while width > 1 and names and not any(cell.strip() for cell in table.columns[width - 1]):
        if width <= len(names) and names[width - 1].strip():
            break
        width -= 1
    if width == table.width:
        return table
    header = replace(table.header, names=names[:width], width=width)
    return replace(table, header=header, columns=table.columns[:width], trailing=True)


def column_names(table: TextTable) -> tuple[list[str], list[str]]:
    """Return the repaired column names, and notes on them."""
    names = list(table.header.names or [])
    if names and names[0].startswith("#"):
        names[0] = names[0].lstrip("# ") or names[0]  # "#" alone is a name
    short = table.width - len(names)
    if table.header.names is None:
        return repair([""] * table.width)[0], ["no header line: columns are numbered"]
    if short == 1 and _row_names(names[0], table):
        fixed, notes = repair(["", *names])
        notes.append("the header has one name too few: the first column is read as row names")
        return fixed, notes
    fixed, notes = repair(names + [""] * short)
    if short:
        notes.append(
            f"the header has {len(names)} names for {table.width} columns: the last "
            f"{short} have none, and the names may belong to other columns"
        )
    return fixed, notes


def _row_names(first: str, table: TextTable) -> bool:
    """Tell whether the first column holds R's row names, so that the header begins a column later.

    Its values are unique texts or row numbers, and the first name is not that of a key.
    """
    counts = table.columns[0]
    if len(counts) < table.rows or KEY_WORDS & set(words(first)):
        return False
    column = column_plan.plan_column("", counts)
    return column.kind == "text" or (
        column.kind == "integer" and {"1", str(table.rows)} <= set(counts)
    )


def _by_name(layout: Layout) -> bool:
    """Tell whether the columns of a stack's parts are matched by their names."""
    return layout.stack is not None and layout.stack.by_name


def _renames(old: list[str], new: list[str], by_name: bool) -> tuple[str, dict[str, str]]:
    """Return how names are repaired: "", "strip", "rename" (a few of many) or "names" (all).

    Also return a dict from pandas' names to the repaired ones. `by_name` excludes "names".
    """
    if old == new:
        return "", {}
    if len(old) != len(new):
        return "names", {}
    pandas = [name or f"Unnamed: {index}" for index, name in enumerate(old)]
    changed = {a: b for a, b in zip(pandas, new, strict=True) if a != b}
    if len(set(pandas)) < len(pandas):
        return "names", {}
    if all(a.strip() == b for a, b in changed.items()):
        return "strip", changed
    return ("rename" if by_name or len(changed) <= 4 < len(new) else "names"), changed


def is_european(plans: Sequence[ColumnPlan]) -> bool:
    """Tell whether numbers have a decimal comma: where it is used, dates begin with the day."""
    return any(p.kind == "number" and p.decimal == "," for p in plans)


def order(column: ColumnPlan, counts: dict[str, int], european: bool = False) -> ColumnPlan:
    """Return the plan with an assumed order of day and month, if the values leave it open."""
    dating = column.dating
    if dating is None or not dating.ambiguous or column.reason:
        return column
    values = [cell.strip() for cell in counts if cell and cell not in column.gaps]
    dating = dates.likelier(values, dating, european)
    reason = f"assumed {dating.order} first: ambiguous"
    note = f"the values leave open whether day or month comes first: assumed {dating.order} first"
    return replace(column, dating=dating, reason=reason, notes=(*column.notes, note))


def _agree(
    path: Path, source: SourceTable, layout: Layout, plans: list[ColumnPlan]
) -> tuple[str, pd.DataFrame, list[ColumnPlan]]:
    """Write the body and run it until pandas reads the planned values, as text if need be."""
    failure = ""
    for attempt in range(ATTEMPTS):
        body = pandas_code.write(layout, plans)
        try:
            frame = run(body, path)
        except FAILURES as error:
            failure = " ".join(str(error).split())[:200].rstrip(".")
            if "Expected" in failure and not layout.long:
                layout = replace(layout, long=True)
                continue
            if "Too many columns" in failure and layout.has_header:
                # pandas refuses more names than the header has: the header is skipped instead.
                layout = replace(layout, has_header=False, skip=layout.skip + 1)
                continue
            if layout.renames[0] in ("strip", "rename") and not _by_name(layout):
                layout = replace(layout, renames=("names", {}))
                continue
            name = failed_column(error, body)
            if attempt < ATTEMPTS_BY_COLUMN and any(name == p.name for p in plans):
                plans = [p.as_text(UNCONVERTED) if p.name == name else p for p in plans]
            else:
                plans = [p if p.kind == "empty" else p.as_text(p.reason) for p in plans]
            continue
        differs = list(frame.columns) != [p.name for p in plans]
        if differs and layout.renames[0] != "names" and not _by_name(layout):
            layout = replace(layout, renames=("names", {}))
            continue
        wrong = [p for p in plans if not as_planned(p, frame)]
        if not wrong:
            return body, frame, plans
        names = {p.name for p in wrong}
        plans = [p.as_text(UNCONVERTED) if p.name in names else p for p in plans]
    if not failure:
        return body, frame, plans
    raise FlaskdashError(
        f"{path} can't be read as {source.kind}: pandas refuses its {len(plans)} columns. "
        f"{source.advice}"
    )


def as_planned(column: ColumnPlan, frame: pd.DataFrame) -> bool:
    """Tell whether a column has the planned type and number of missing cells."""
    if column.name not in frame.columns:
        return False
    values = frame[column.name]
    missing = int(values.isna().sum())
    if column.kind == "text":
        return True
    if missing != column.missing:
        return False
    if column.kind == "date":
        return pd.api.types.is_datetime64_dtype(values)
    if column.kind in ("integer", "number"):
        return pd.api.types.is_numeric_dtype(values)
    return True


def _table_notes(table: TextTable, rows: int, header_rows: int) -> list[str]:
    """Return notes on the table as a whole."""
    notes = []
    if rows != table.rows:
        notes.append(f"{table.rows} rows were counted, but pandas read {rows}: check the file")
    if above := table.header.skip - header_rows + 1:
        notes.append(f"{above} line(s) above the header skipped")
    if table.blank:
        notes.append(f"{table.blank} row(s) without any value left out")
    if below := table.footer - table.beyond:
        notes.append(f"{below} line(s) below the table skipped: notes or totals")
    if table.long:
        lines = ", ".join(str(number + 1) for number in table.long[:5])
        notes.append(f"{len(table.long)} row(s) with too many fields skipped (records {lines})")
    if table.shifted:
        lines = ", ".join(str(number + 1) for number in table.shifted[:5])
        note = f"{len(table.shifted)} row(s) left out: a cell is missing or too many, and its cells"
        notes.append(f"{note} stand beside their columns (records {lines})")
    if table.shorter:
        notes.append(f"{table.shorter} row(s) with too few fields: their last values are missing")
    return notes


def column_notes(plans: list[ColumnPlan]) -> list[str]:
    """Return notes on single columns."""
    notes = []
    for column in plans:
        notes += [f"{column.name}: {note}" for note in column.notes]
        if column.dating and column.dating.zoned:
            notes.append(f"{column.name}: times with a zone were converted to UTC")
        if column.kind == "text" and column.reason == UNCONVERTED:
            notes.append(f"{column.name}: {UNCONVERTED}, so it is kept as text")
    return notes + _code_notes(plans) + _gap_notes(plans)


def _code_notes(plans: list[ColumnPlan]) -> list[str]:
    """Return a note on each set of codes for "no answer", with the columns that share it."""
    notes = []
    for codes in dict.fromkeys(column.codes for column in plans if column.codes):
        same = [column for column in plans if column.codes == codes]
        names = ", ".join(comment(column.name) for column in same[:5])
        more = f" and {len(same) - 5} more" if len(same) > 5 else ""
        total = sum(column.stray_cells for column in same)
        listed = ", ".join(map(str, codes))
        notes.append(
            f"{listed} in {total:,} cells of {names}{more}, far outside their scale, "
            "are read as missing"
        )
    return notes


def _gap_notes(plans: list[ColumnPlan]) -> list[str]:
    """Return notes on words in columns of text that are read as missing, but could be names."""
    columns_of: dict[str, list[str]] = {}
    for column in plans:
        for word in sorted(column.gaps) if column.kind == "text" else ():
            if word.strip().isalpha():
                columns_of.setdefault(word.strip(), []).append(column.name)
    return [
        f"{word!r} is read as missing in {', '.join(map(comment, names[:5]))}"
        + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        for word, names in columns_of.items()
    ]
