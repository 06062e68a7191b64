"""Stack tables of one shape: files of a folder, members of an archive, sheets of a workbook."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flaskdash.inspect.literals import comment, literal
from flaskdash.inspect.model import Omission
from flaskdash.inspect.text.dialect import is_value
from flaskdash.inspect.text.table import MOST_EXAMPLES, TextTable
from flaskdash.inspect.values.column_plan import plan_column
from flaskdash.inspect.writing.column_names import free, repair
from flaskdash.inspect.writing.pandas_code import Layout, Stack
from flaskdash.inspect.writing.tabular import SourceTable, no_rows

UTF8 = ("utf-8", "ascii", "utf-8-sig")
UTF8_ARGUMENT = 'encoding="utf-8'
LONGEST_PART = 40  # characters of a file's name that make a good value
ONE_SHAPE = 0.6  # of the columns of two tables, which both have
PROOF_DIGITS = 4  # of sums that agree: fewer may agree by chance
MOST_LISTED = 6
SAMPLE = 300  # of a column's cells, which tell its type


def names_of(table: TextTable) -> list[str]:
    """Return the names of a table's columns, or their numbers if there is no header."""
    return [name.strip() for name in table.header.names or map(str, range(table.width))]


def key_of(name: str) -> str:
    """Return what two spellings of a column's name have in common: its letters and digits."""
    return "".join(filter(str.isalnum, name.casefold())) or name.strip()


def _keys(source: SourceTable) -> list[str]:
    """Return the keys of a table's columns; [] if they can be matched by their positions alone."""
    names = source.table.header.names
    if names is None or not source.layout.has_header or source.table.trailing:
        return []
    keys = [key_of(name) for name in names]
    is_clear = all(keys) and len(set(keys)) == len(keys) == source.table.width
    return keys if is_clear else []


def are_alike(first: SourceTable, second: SourceTable) -> bool:
    """Tell whether two tables have one shape: mostly the same columns, in any order.

    If names are matched, most of these columns hold values of one kind: else the names do not fit.
    """
    if names_of(first.table) == names_of(second.table):
        return (first.layout.has_header, first.table.width) == (
            second.layout.has_header,
            second.table.width,
        )
    keys, more = _keys(first), _keys(second)
    shared = set(keys) & set(more)
    if not shared or len(shared) < ONE_SHAPE * len({*keys, *more}):
        return False
    readings = [
        {_reading(first.table, keys.index(key)), _reading(second.table, more.index(key))}
        for key in shared
    ]
    return sum(len(pair - {"empty"}) < 2 for pair in readings) > 0.5 * len(shared)


def _without_utf8(layout: Layout) -> tuple[str, ...]:
    """Return the arguments of a layout without an encoding that is a kind of UTF-8."""
    return tuple(
        argument for argument in layout.arguments if not argument.startswith(UTF8_ARGUMENT)
    )


def format_key(table: SourceTable) -> tuple[object, ...]:
    """Return the properties that must be equal in all parts of a stack."""
    packed = replace(table.layout.packed, member="")
    return (
        replace(table.layout, arguments=_without_utf8(table.layout), packed=packed),
        table.table.footer,
        table.table.trailing,
        table.read.encoding in UTF8 or table.read.encoding,
    )


def _common_layout(tables: Sequence[SourceTable]) -> Layout:
    """Return the layout of the first part, with an encoding that reads all parts."""
    layout = tables[0].layout
    if any(table.read.encoding == "utf-8-sig" for table in tables):
        arguments = (*_without_utf8(layout), 'encoding="utf-8-sig",')
        return replace(layout, arguments=arguments)
    return layout


def amount_of_data(table: TextTable) -> int:
    """Return the number of filled cells; those in columns of numbers or dates count twice."""
    return sum(amounts_of_data(table))


def amounts_of_data(table: TextTable) -> tuple[int, int]:
    """Return the number of filled cells in columns of numbers or dates, and that of all."""
    typed = total = 0
    for counts in table.columns:
        cells = [cell.strip() for cell in counts if cell.strip()]
        sample = cells[:SAMPLE]
        is_typed = sum(map(is_value, sample)) >= 0.8 * len(sample)
        filled = sum(counts.values()) - sum(counts[cell] for cell in counts if not cell.strip())
        total += filled
        typed += filled * is_typed
    return typed, total


def without_summaries(tables: Mapping[str, SourceTable]) -> dict[str, SourceTable]:
    """Return the tables without those whose numbers are the sums of others, with a note on them.

    These others are all other tables, or a run of them that ends or begins beside the table.
    """
    labels = list(tables)
    totals = [_totals(table) for table in tables.values()]
    amounts = [amount_of_data(source.table) for source in tables.values()]
    left_out: list[int] = []
    for index in sorted(range(len(labels)), key=lambda i: (amounts[i], -i)):
        before = [i for i in reversed(range(index)) if i not in left_out]
        after = [i for i in range(index + 1, len(labels)) if i not in left_out]
        if any(_add_up(totals, index, run) for run in (before, after, before + after)):
            left_out.append(index)
    result = {label: tables[label] for i, label in enumerate(labels) if i not in left_out}
    if left_out:
        names = ", ".join(comment(labels[index]) for index in sorted(left_out)[:MOST_LISTED])
        label, first = next(iter(result.items()))
        note = f"left out, as its numbers are the sums of others: {names}"
        result[label] = replace(first, notes=(note, *first.notes))
    return result


def _add_up(totals: Sequence[Mapping[str, float]], index: int, run: Sequence[int]) -> bool:
    """Tell whether the first two or more tables of a run add up to a table."""
    expected = totals[index]
    if not expected:
        return False
    pilot = max(expected, key=lambda key: abs(expected[key]))
    total = 0.0
    for count, part in enumerate(run, start=1):
        total += totals[part].get(pilot, 0)
        if count == 1 and len(totals) > 2:
            continue
        if _is_equal(total, expected[pilot]) and _agree(expected, [totals[i] for i in run[:count]]):
            return True
    return False


def _agree(expected: Mapping[str, float], parts: Sequence[Mapping[str, float]]) -> bool:
    """Tell whether the sums of parts are the expected ones, and too many for chance."""
    sums = {
        key: sum(part.get(key, 0) for part in parts)
        for key in expected
        if any(key in part for part in parts)
    }
    digits = sum(len(str(abs(int(total)))) for total in sums.values() if total)
    return digits >= PROOF_DIGITS and all(
        _is_equal(total, expected[key]) for key, total in sums.items()
    )


def _is_equal(total: float, expected: float) -> bool:
    return abs(total - expected) <= 1e-9 * abs(expected) + 1e-6


def _totals(source: SourceTable) -> dict[str, float]:
    """Return the sum of each column of numbers, by the column's key."""
    totals = {}
    for name, counts in zip(names_of(source.table), source.table.columns, strict=False):
        filled = {cell: count for cell, count in counts.items() if cell.strip()}
        numbers = [(_number(cell), count) for cell, count in filled.items()]
        known = [(number, count) for number, count in numbers if number is not None]
        if known and len(known) >= 0.8 * len(filled):
            totals[key_of(name)] = sum(number * count for number, count in known)
    return totals


def _number(cell: str) -> float | None:
    try:
        return float(cell if "." in cell else cell.replace(",", "."))
    except ValueError:
        return None


@dataclass(frozen=True)
class _Column:
    """A column of all parts: see TextTable and SourceTable. `lacking` parts do not have it."""

    name: str
    counts: Counter[str]
    cells: Sequence[Any] = ()
    gaps: int = 0
    mixed: bool = False
    lacking: int = 0


def merge(
    tables: Sequence[SourceTable], labels: Sequence[str], column: str, stack: Stack, unit: str
) -> SourceTable:
    """Return one table for all parts.

    `labels` are the values of the new column `column`, or [] if there is none. `unit` is the word
    for the parts in notes.
    """
    first = tables[0]
    texts = [source.table for source in tables]
    names, places = _match(tables)
    columns = [
        _join(name, tables, [place.get(index) for place in places])
        for index, name in enumerate(names)
    ]
    notes = [
        f"{joined.lacking} of {len(tables)} {unit} have no column {comment(joined.name, 30)}: "
        "its values are missing there"
        for joined in columns
        if joined.lacking
    ]
    if any(names_of(text) != names_of(texts[0]) for text in texts):
        aliases = _aliases(tables)
        stack = replace(stack, by_name=True, aliases=aliases)
        notes = [*_spelling_notes(aliases), *notes]
    if labels:
        label = _label_column(free(column, {name.strip().lower() for name in names}), labels, texts)
        stack = replace(stack, column=label.name)
        columns.insert(texts[0].width, label)  # as pandas orders them
    merged = replace(
        first.table,
        header=replace(
            first.table.header, names=[joined.name for joined in columns], width=len(columns)
        ),
        columns=[joined.counts for joined in columns],
        rows=sum(text.rows for text in texts),
        long=[number for text in texts for number in text.long],
        shorter=sum(text.shorter for text in texts),
        blank=sum(text.blank for text in texts),
        titles=sum(text.titles for text in texts),
        omitted=_omitted(texts, labels),
    )
    layout = replace(
        _common_layout(tables),
        stack=stack,
        names_to_text=any(source.layout.names_to_text for source in tables),
    )
    return replace(
        first,
        table=merged,
        rows=no_rows,
        layout=layout,
        cells=[joined.cells for joined in columns] if first.cells else (),
        gaps=[joined.gaps for joined in columns] if first.cells else (),
        mixed=frozenset(index for index, joined in enumerate(columns) if joined.mixed),
        notes=[*notes, *dict.fromkeys(note for source in tables for note in source.notes)],
    )


def _omitted(tables: Sequence[TextTable], labels: Sequence[str]) -> tuple[Omission, ...]:
    """Return what is left out of all parts, with their labels if they have any."""
    counts: Counter[str] = Counter()
    examples: dict[str, list[str]] = {}
    for table, label in zip(tables, labels or [""] * len(tables), strict=True):
        for omission in table.omitted:
            counts[omission.reason] += omission.count
            listed = examples.setdefault(omission.reason, [])
            listed += [f"{label} {text}".strip() for text in omission.examples]
    return tuple(
        Omission(reason, count, tuple(examples[reason][:MOST_EXAMPLES]))
        for reason, count in counts.items()
    )


def _match(tables: Sequence[SourceTable]) -> tuple[list[str], list[dict[int, int]]]:
    """Match the columns of tables, by their names if these differ.

    Return the first spelling of all names, and for each table a dict from the numbers of these
    names to those of its own columns.
    """
    first = tables[0].table
    if all(names_of(source.table) == names_of(first) for source in tables):
        names = list(first.header.names or repair([""] * first.width)[0])
        names += [""] * (first.width - len(names))
        return names, [{index: index for index in range(first.width)} for _ in tables]
    spellings = _spellings(tables)
    numbers = {key: number for number, key in enumerate(spellings)}
    places = [{numbers[key]: index for index, key in enumerate(_keys(source))} for source in tables]
    return list(spellings.values()), places


def _spellings(tables: Sequence[SourceTable]) -> dict[str, str]:
    """Return the first spelling of each column's name, by its key."""
    spellings: dict[str, str] = {}
    for source in tables:
        for key, name in zip(_keys(source), source.table.header.names or [], strict=True):
            spellings.setdefault(key, name)
    return spellings


def _aliases(tables: Sequence[SourceTable]) -> dict[str, str]:
    """Return the first spelling of each column's name, by its other spellings."""
    spellings = _spellings(tables)
    return {
        name: spellings[key]
        for source in tables
        for key, name in zip(_keys(source), source.table.header.names or [], strict=True)
        if name != spellings[key]
    }


def _join(name: str, tables: Sequence[SourceTable], indexes: Sequence[int | None]) -> _Column:
    """Return a column of all parts; its index is None in a part that does not have it."""
    counts: Counter[str] = Counter()
    cells: list[Any] = []
    readings = set()
    gaps = 0
    for source, index in zip(tables, indexes, strict=True):
        if index is None:
            counts[""] += source.table.rows
            continue
        counts.update(source.table.columns[index])
        readings.add(_reading(source.table, index))
        if source.cells:
            cells += source.cells[index]
            gaps += source.gaps[index]
    lacking = indexes.count(None)
    # Rows of a part without the column are no gaps of merged cells.
    return _Column(name, counts, cells, 0 if lacking else gaps, len(readings) > 1, lacking)


def _label_column(name: str, labels: Sequence[str], texts: Sequence[TextTable]) -> _Column:
    """Return the column for the parts' labels."""
    counts: Counter[str] = Counter()
    for label, text in zip(labels, texts, strict=True):
        counts[label] += text.rows
    return _Column(name, counts, labels)


def _spelling_notes(aliases: dict[str, str]) -> list[str]:
    """Return a note on the names that are spelled in several ways; padding is not mentioned."""
    pairs = [
        f"{comment(old.strip(), 30)} as {comment(new.strip(), 30)}"
        for old, new in aliases.items()
        if old.strip() != new.strip()
    ]
    if not pairs:
        return []
    more = f" and {len(pairs) - MOST_LISTED} more" if len(pairs) > MOST_LISTED else ""
    return [f"other spellings of column names: {', '.join(pairs[:MOST_LISTED])}{more}"]


def _reading(text: TextTable, index: int) -> str:
    """Return as what pandas would read a column of one part by itself."""
    plan = plan_column("", text.columns[index])
    if plan.kind in ("empty", "boolean", "date"):
        return plan.kind
    is_plain = plan.numeric_text or (plan.numbers is not None and not plan.numbers.affixed)
    return "number" if is_plain else "text"


@dataclass(frozen=True)
class NameParts:
    """The common beginning and end of file names, and the different parts between them."""

    start: str
    end: str
    parts: list[str]

    def expression(self, name: str) -> str:
        """Return the Python expression for the part of a name that differs."""
        prefix = f".removeprefix({literal(self.start)})" if self.start else ""
        suffix = f".removesuffix({literal(self.end)})" if self.end else ""
        return f"{name}{prefix}{suffix}"


def differing_parts(names: Sequence[str]) -> NameParts | None:
    """Split file names into their common and different parts; None if the parts mean nothing."""
    if len(names) < 2:
        return None
    start = _without_last_word(_common_prefix(names))
    ends = [name[len(start) :] for name in names]
    end = _without_last_word(_common_prefix([name[::-1] for name in ends]))[::-1]
    if not end:
        suffix = "".join(Path(names[0]).suffixes[-2:])
        end = suffix if all(name.endswith(suffix) for name in ends) else ""
    parts = [name.removesuffix(end) for name in ends]
    if not all(parts) or any(len(part) > LONGEST_PART for part in parts) or _are_counters(parts):
        return None
    return NameParts(start, end, parts)


def _are_counters(parts: Sequence[str]) -> bool:
    """Tell whether the parts of names only number the files: part 1, part 2."""
    if not all(part.isdigit() for part in parts):
        return False
    numbers = sorted(map(int, parts))
    return numbers == list(range(numbers[0], numbers[0] + len(numbers))) and numbers[0] < 1000


def _common_prefix(texts: Sequence[str]) -> str:
    shortest = min(texts, key=len)
    for index, character in enumerate(shortest):
        if any(text[index] != character for text in texts):
            return shortest[:index]
    return shortest


def _without_last_word(prefix: str) -> str:
    """Drop a last word, number or date from a common prefix, which may end within it."""
    return re.sub(r"(\d[\d._ -]*|[^\W\d_]+)$", "", prefix)
