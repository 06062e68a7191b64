"""Read the members of a zip or tar archive that have one shape as one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from flaskdash.errors import FlaskdashError
from flaskdash.inspect.formats import csv
from flaskdash.inspect.formats.source_file import SourceFile
from flaskdash.inspect.formats.stack import (
    are_alike,
    differing_parts,
    format_key,
    merge,
    without_summaries,
)
from flaskdash.inspect.literals import literal
from flaskdash.inspect.text import compressed
from flaskdash.inspect.text.compressed import MODULES, Packed
from flaskdash.inspect.writing.draft import Draft
from flaskdash.inspect.writing.pandas_code import Stack
from flaskdash.inspect.writing.tabular import SourceTable
from flaskdash.inspect.writing.tabular import draft as write_draft

SAMPLE_BYTES = 32_768  # of a member: enough for its columns
MOST_MEMBERS = 1000
MOST_BYTES = 300_000_000  # of all members: pandas takes five times as much memory


def read(source: SourceFile, sizes: Mapping[str, int]) -> tuple[Draft, list[str]] | None:
    """Read the text files of an archive that have one shape as one table.

    `sizes` are those of all members, and `source` is the largest. Return a draft and the names of
    its members; None if no two members with the most data have one shape.
    """
    names = sorted(name for name in sizes if PurePosixPath(name).suffix.lower() == source.suffix)
    total = sum(sizes[name] for name in names)
    if not 1 < len(names) <= MOST_MEMBERS or total > MOST_BYTES:
        return None
    group = _largest_group(source, {name: sizes[name] for name in names})
    if len(group) < 2:
        return None
    tables: dict[str, SourceTable] = {}
    for name in group:
        table = _table(source, name)
        if table is None:
            continue
        first = next(iter(tables.values()), table)
        if are_alike(first, table) and format_key(first) == format_key(table):
            tables[name] = table
    tables = without_summaries(tables)
    if len(tables) < 2:
        return None
    return write_draft(source.path, _stack(source, tables)), list(tables)


def _largest_group(source: SourceFile, sizes: Mapping[str, int]) -> list[str]:
    """Return the members of one shape that together are the largest, by a sample of each."""
    groups: list[dict[str, SourceTable]] = []
    for name in sizes:
        table = _table(source, name, SAMPLE_BYTES)
        if table is None:
            continue
        for group in groups:
            if are_alike(next(iter(group.values())), table):
                group[name] = table
                break
        else:
            groups.append({name: table})
    return list(max(groups, key=lambda group: sum(sizes[name] for name in group), default={}))


def _table(source: SourceFile, name: str, limit: int | None = None) -> SourceTable | None:
    """Return the table in a member, or in its first bytes; None if it holds none."""
    packed = Packed(source.packed.kind, name, only_member=False)
    try:
        head = compressed.read(source.path, packed, SAMPLE_BYTES)
        member = replace(
            source, name=PurePosixPath(name).name, head=head, packed=packed, limit=limit
        )
        table = csv.find_table(member)
    except FlaskdashError:
        return None
    return table if table.table.rows else None


def _stack(source: SourceFile, tables: Mapping[str, SourceTable]) -> SourceTable:
    """Return the table that members of one shape make up, and how pandas reads it."""
    names = list(tables)
    parts = differing_parts(names)
    stream = "archive.open(name)"
    archive = "zipfile.ZipFile(SOURCE)"
    if source.packed.kind == "tar":
        stream, archive = "archive.extractfile(name) or io.BytesIO()", "tarfile.open(SOURCE)"
    stack = Stack(
        (
            f"with {archive} as archive:",
            f"for name in {literal(names)}:",
            f"with {stream} as member:",
        ),
        source="member",
        modules=tuple(f"import {module}" for module in MODULES[source.packed.kind]),
        label=parts.expression("name") if parts else "",
    )
    return merge(list(tables.values()), parts.parts if parts else [], "file", stack, "files")
