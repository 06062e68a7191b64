"""Read a folder, or a pattern such as data/*.csv, whose files have one shape, as one table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from flaskdash.errors import FlaskdashError
from flaskdash.inspect.formats import csv, excel, json, parquet
from flaskdash.inspect.formats.given import Given
from flaskdash.inspect.literals import comment, literal
from flaskdash.inspect.text.compressed import ENDINGS
from flaskdash.inspect.text.table import Table
from flaskdash.inspect.values.column_plan import ColumnPlan
from flaskdash.inspect.writing.column_names import free, repair
from flaskdash.inspect.writing.draft import Draft
from flaskdash.inspect.writing.pandas_code import Layout
from flaskdash.inspect.writing.tabular import SourceTable, draft

TEXT = (".csv", ".tsv", ".tab", ".txt", ".dat", ".psv")
OTHERS = (".json", ".jsonl", ".ndjson", ".geojson", ".parquet", ".pq")
SHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
MOST_FILES = 5000
UTF8 = ("utf-8", "ascii", "utf-8-sig")


def files_of(folder: Path, pattern: str) -> tuple[list[Path], str]:
    """Return the data files of a folder, sorted, and the pattern that matches just these."""
    if not folder.is_dir():
        raise FlaskdashError(f"{folder} does not exist.", "check the folder's name")
    found = [path for path in sorted(folder.glob(pattern or "*")) if path.is_file()]
    if pattern:
        files = [path for path in found if not path.name.startswith(".")]
        if not files:
            raise FlaskdashError(f"No file matches {folder / pattern}.", "check the pattern")
    else:
        files = _of_one_kind(folder, [path for path in found if not path.name.startswith(".")])
        pattern = f"*{_ending(files[0])}"
    if len(files) > MOST_FILES:
        raise FlaskdashError(f"{folder} has {len(files):,} files.", "join them into fewer first")
    if len(files) < len([path for path in folder.glob(pattern) if path.is_file()]):
        pattern = f"[!.]{pattern}"  # pathlib's * matches a leading dot too
    return files, pattern


def _of_one_kind(folder: Path, files: Sequence[Path]) -> list[Path]:
    """Return the files with the one ending of data that is in a folder."""
    data = [path for path in files if _kind(path) in (*TEXT, *SHEETS, *OTHERS)]
    kinds = Counter(_ending(path) for path in data)
    if not kinds:
        near = f"give one of its files, such as {files[0]}" if files else "give a data file"
        raise FlaskdashError(
            f"{folder} is a folder without CSV, text, Excel, JSON or Parquet files.", near
        )
    if len(kinds) > 1:
        listed = ", ".join(f"{count} {ending}" for ending, count in kinds.most_common())
        raise FlaskdashError(
            f"{folder} is a folder with several kinds of data: {listed}.",
            f'a pattern: "{folder}/*{kinds.most_common()[0][0]}"',
        )
    return data


def _ending(path: Path) -> str:
    """Return a file's ending, with that before it where the file is packed."""
    packed = path.suffix.lower() in ENDINGS
    return "".join(path.suffixes[-2:] if packed else path.suffixes[-1:])


def _kind(path: Path) -> str:
    """Return the ending, in lower case, that tells what is in a file."""
    packed = path.suffix.lower() in ENDINGS
    return (Path(path.stem).suffix if packed else path.suffix).lower()


def read(
    folder: Path, pattern: str, given: Sequence[Given], readers: Sequence[ModuleType]
) -> Draft:
    """Read files as one table; raise FlaskdashError naming the file that differs."""
    same = set(readers) in ({parquet}, {json})
    for one, reader in zip(given, readers, strict=True):
        if reader not in (csv, excel) and not (same and not one.packed.kind):
            kind = reader.__name__.rpartition(".")[2]
            raise FlaskdashError(
                f"{one.path} holds {kind}; of a folder, delimited text, sheets, JSON or Parquet "
                "of one kind are read.",
                "join the files into one first",
            )
    if same:
        files = [one.path for one in given]
        if readers[0] is parquet:
            found = parquet.read_folder(folder, pattern, files)
        else:
            found = json.read_folder(folder, pattern, given, _part([path.name for path in files]))
        named = f"{len(given)} files read as one: {files[0].name} to {files[-1].name}"
        return replace(found, notes=(named, *found.notes) if len(given) > 1 else found.notes)
    first: SourceTable = readers[0].find_table(given[0])
    if given[0].packed.kind and (first.layout.trim or not first.layout.packed.argument):
        raise FlaskdashError(f"{given[0].path} can't be unpacked in a folder.", "unpack the files")
    sheet = first.read.table
    founds = [first]
    for one, reader in zip(given[1:], readers[1:], strict=True):
        found = reader.find_table(replace(one, table=sheet or one.table))
        _refuse_other(given[0], first, one, found)
        founds.append(found)
    merged = _merge([one.path for one in given], founds)
    named = f"{len(given)} files read as one: {given[0].path.name} to {given[-1].path.name}"
    merged = replace(
        merged,
        layout=replace(merged.layout, pattern=pattern),
        notes=(named, *merged.notes) if len(given) > 1 else merged.notes,
    )
    return draft(folder, merged)


def _refuse_other(reference: Given, first: SourceTable, one: Given, found: SourceTable) -> None:
    """Raise if a file has other columns than the first, or is written in another way."""
    hint = "give files of one shape: a pattern may leave this one out"
    this, that = one.path.name, reference.path.name
    mine, other = _names(found.table), _names(first.table)
    if mine != other:
        missing = [name for name in other if name not in mine]
        more = [name for name in mine if name not in other]
        what = "its columns are in another order"
        if missing or more:
            what = "; ".join(
                f"{word} {', '.join(comment(name, 30) for name in names[:5])}"
                for word, names in (("it lacks", missing), ("it also has", more))
                if names
            )
        raise FlaskdashError(f"{this} has other columns than {that}: {what}.", hint)
    if found.table.rows == 0:
        raise FlaskdashError(f"{this} has a header but no rows.", hint)
    if _written(found) != _written(first):
        raise FlaskdashError(
            f"{this} is written in another way than {that}: delimiter, encoding, or what stands "
            "above and below the rows.",
            hint,
        )


def _names(table: Table) -> list[str]:
    """Return the names of a table's columns; numbered ones where there is no header."""
    return [name.strip() for name in table.header.names or map(str, range(table.width))]


def _written(found: SourceTable) -> tuple[object, ...]:
    """Return what must be the same in all files."""
    layout, table = found.layout, found.table
    arguments = tuple(one for one in layout.arguments if not one.startswith('encoding="utf-8'))
    return (
        replace(layout, arguments=arguments),
        table.footer,
        table.trailing,
        table.width,
        found.read.encoding in UTF8 or found.read.encoding,
    )


def _merge(paths: Sequence[Path], founds: Sequence[SourceTable]) -> SourceTable:
    """Return the table of all files together, with what the files' names tell."""
    first = founds[0]
    tables = [found.table for found in founds]
    columns = [sum((t.columns[i] for t in tables), Counter[str]()) for i in range(tables[0].width)]
    names = list(first.table.header.names or repair([""] * len(columns))[0])
    layout = _layout(founds)
    told = _told([path.name for path in paths])
    if told is not None:
        parts = told[2]
        part = free("file", {name.strip().lower() for name in names})
        layout = replace(layout, part=_part([path.name for path in paths]), part_name=part)
        names.append(part)
        columns.append(Counter())
        for value, table in zip(parts, tables, strict=True):
            columns[-1][value] += table.rows
    header = replace(first.table.header, names=names, width=len(names))
    table = replace(
        first.table,
        header=header,
        columns=columns,
        rows=sum(table.rows for table in tables),
        long=[number for table in tables for number in table.long],
        shorter=sum(table.shorter for table in tables),
        blank=sum(table.blank for table in tables),
        titles=sum(table.titles for table in tables),
    )

    def adjust(plans: list[ColumnPlan]) -> list[ColumnPlan]:
        own = plans[: len(plans) - (told is not None)]
        for found in founds:
            own = found.adjust(own)
        mine = [p.as_text() if p.kind in ("integer", "number") else p for p in plans[len(own) :]]
        return [*own, *mine]

    notes = list(dict.fromkeys(note for found in founds for note in found.notes))
    return replace(first, table=table, layout=layout, adjust=adjust, notes=notes)


def _layout(founds: Sequence[SourceTable]) -> Layout:
    """Return the first file's layout, with an encoding that reads all of them."""
    layout = founds[0].layout
    if any(found.read.encoding == "utf-8-sig" for found in founds):
        rest = [one for one in layout.arguments if not one.startswith('encoding="utf-8')]
        return replace(layout, arguments=(*rest, 'encoding="utf-8-sig",'))
    return layout


def _told(names: Sequence[str]) -> tuple[str, str, list[str]] | None:
    """Return what all names begin and end with, and what is between; None if that says nothing."""
    if len(names) < 2:
        return None
    start = _whole(_common(names))
    rest = [name[len(start) :] for name in names]
    ending = "".join(Path(names[0]).suffixes[-2:])
    end = _whole(_common([name[::-1] for name in rest]))[::-1]
    if not end:
        end = ending if all(name.endswith(ending) for name in rest) else ""
    parts = [name.removesuffix(end) for name in rest]
    if not all(parts) or any(len(part) > 40 for part in parts):
        return None
    if all(part.isdigit() for part in parts):
        numbers = sorted(map(int, parts))
        if numbers == list(range(numbers[0], numbers[0] + len(numbers))) and numbers[0] < 1000:
            return None  # part 1, part 2: they only count
    return start, end, parts


def _part(names: Sequence[str]) -> str:
    """Return the expression for what the name of `file` tells, or ""."""
    told = _told(names)
    if told is None:
        return ""
    start, end, _ = told
    cut = f".removeprefix({literal(start)})" if start else ""
    return f"file.name{cut}.removesuffix({literal(end)})"


def _common(texts: Sequence[str]) -> str:
    """Return what all texts begin with."""
    short = min(texts, key=len)
    size = next((i for i, c in enumerate(short) if any(t[i] != c for t in texts)), len(short))
    return short[:size]


def _whole(common: str) -> str:
    """Return a common beginning without a last word, number or date that goes on."""
    return re.sub(r"(\d[\d._ -]*|[^\W\d_]+)$", "", common)
