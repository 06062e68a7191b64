"""Read the files of a folder, or of a pattern such as data/*.csv, as one table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from flaskdash.errors import FlaskdashError
from flaskdash.inspect.formats import csv, excel, json, parquet
from flaskdash.inspect.formats.source_file import SourceFile
from flaskdash.inspect.literals import comment, literal
from flaskdash.inspect.text.compressed import SUFFIXES
from flaskdash.inspect.text.table import TextTable
from flaskdash.inspect.values.column_plan import ColumnPlan
from flaskdash.inspect.writing.column_names import free, repair
from flaskdash.inspect.writing.draft import Draft
from flaskdash.inspect.writing.pandas_code import Layout
from flaskdash.inspect.writing.tabular import SourceTable
from flaskdash.inspect.writing.tabular import draft as write_draft

TEXT = (".csv", ".tsv", ".tab", ".txt", ".dat", ".psv")
RECORDS = (".json", ".jsonl", ".ndjson", ".geojson", ".parquet", ".pq")
SHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
MOST_FILES = 5000
LONGEST_PART = 40  # characters of a file's name that make a good value
UTF8 = ("utf-8", "ascii", "utf-8-sig")
UTF8_ARGUMENT = 'encoding="utf-8'
LEAVE_OUT = "Use a pattern that leaves this file out."
READS = "flaskdash reads a folder of delimited text, sheets, JSON or Parquet files of one kind"


def data_files(folder: Path, pattern: str) -> tuple[list[Path], str]:
    """Return the sorted data files of a folder, and a pattern that matches only them."""
    if not folder.is_dir():
        raise FlaskdashError(f"{folder} does not exist. Check the name of the folder.")
    paths = [path for path in sorted(folder.glob(pattern or "*")) if path.is_file()]
    visible = [path for path in paths if not path.name.startswith(".")]
    if pattern:
        files = visible
        if not files:
            raise FlaskdashError(f"No file matches {folder / pattern}. Check the pattern.")
    else:
        files = _of_one_kind(folder, visible)
        pattern = f"*{_suffix(files[0])}"
    if len(files) > MOST_FILES:
        raise FlaskdashError(
            f"{folder} has {len(files):,} files; flaskdash reads at most {MOST_FILES:,}. "
            "Join them into fewer files."
        )
    matches = [path for path in folder.glob(pattern) if path.is_file()]
    if len(files) < len(matches):
        # The * of pathlib also matches a leading dot.
        pattern = f"[!.]{pattern}"
    return files, pattern


def _of_one_kind(folder: Path, files: Sequence[Path]) -> list[Path]:
    """Return the data files of a folder; raise FlaskdashError if their suffixes differ."""
    data = [path for path in files if _data_suffix(path) in (*TEXT, *SHEETS, *RECORDS)]
    counts = Counter(_suffix(path) for path in data)
    if not counts:
        raise FlaskdashError(
            f"{folder} is a folder without CSV, text, Excel, JSON or Parquet files. "
            "Use a folder with data files, or a single file.",
            str(files[0]) if files else "",
        )
    if len(counts) > 1:
        listed = ", ".join(f"{count} {suffix}" for suffix, count in counts.most_common())
        raise FlaskdashError(
            f"{folder} is a folder with several kinds of data files: {listed}. "
            "Choose one kind with a pattern.",
            f'"{folder}/*{counts.most_common()[0][0]}"',
        )
    return data


def _suffix(path: Path) -> str:
    """Return the suffix of a file: both suffixes if the file is packed (.csv.gz)."""
    packed = path.suffix.lower() in SUFFIXES
    return "".join(path.suffixes[-2:] if packed else path.suffixes[-1:])


def _data_suffix(path: Path) -> str:
    """Return the suffix of a file's unpacked content, in lower case."""
    packed = path.suffix.lower() in SUFFIXES
    return (Path(path.stem).suffix if packed else path.suffix).lower()


def read(
    folder: Path, pattern: str, files: Sequence[SourceFile], readers: Sequence[ModuleType]
) -> Draft:
    """Read files as one table; raise FlaskdashError with the name of a file that differs."""
    of_records = set(readers) in ({parquet}, {json})
    for file, reader in zip(files, readers, strict=True):
        if reader not in (csv, excel) and not (of_records and not file.packed.kind):
            kind = reader.__name__.rpartition(".")[2]
            raise FlaskdashError(
                f"{file.path} holds {kind} data. {READS}. Convert the files, or join them into one."
            )
    if of_records:
        return _read_records(folder, pattern, files, readers[0])
    table = _merge([file.path for file in files], _tables(files, readers))
    table = replace(
        table,
        layout=replace(table.layout, pattern=pattern),
        notes=(*_files_note(files), *table.notes),
    )
    return write_draft(folder, table)


def _read_records(
    folder: Path, pattern: str, files: Sequence[SourceFile], reader: ModuleType
) -> Draft:
    """Read Parquet or JSON files as one table."""
    paths = [file.path for file in files]
    if reader is parquet:
        draft = parquet.read_folder(folder, pattern, paths)
    else:
        part = _part_expression([path.name for path in paths])
        draft = json.read_folder(folder, pattern, files, part)
    return replace(draft, notes=(*_files_note(files), *draft.notes))


def _files_note(files: Sequence[SourceFile]) -> list[str]:
    """Return a note on the number of files, if there are several."""
    if len(files) == 1:
        return []
    first, last = files[0].path.name, files[-1].path.name
    return [f"{len(files)} files read as one: {first} to {last}"]


def _tables(files: Sequence[SourceFile], readers: Sequence[ModuleType]) -> list[SourceTable]:
    """Return the table in each file; raise FlaskdashError if one differs from the first."""
    first: SourceTable = readers[0].find_table(files[0])
    if files[0].packed.kind and (first.layout.trim or not first.layout.packed.argument):
        raise FlaskdashError(
            f"{files[0].path} can't be read without unpacking it. Unpack the files of the folder."
        )
    tables = [first]
    for file, reader in zip(files[1:], readers[1:], strict=True):
        table = reader.find_table(replace(file, table=first.read.table or file.table))
        _refuse_difference(file, table, files[0], first)
        tables.append(table)
    return tables


def _refuse_difference(
    file: SourceFile, table: SourceTable, first_file: SourceFile, first: SourceTable
) -> None:
    """Raise FlaskdashError if the columns or the layout of a file differ from the first file's."""
    name, first_name = file.path.name, first_file.path.name
    if difference := _column_difference(_names(table.table), _names(first.table)):
        raise FlaskdashError(
            f"{name} has other columns than {first_name}: {difference}. {LEAVE_OUT}"
        )
    if table.table.rows == 0:
        raise FlaskdashError(f"{name} has a header but no rows. {LEAVE_OUT}")
    if _format_key(table) != _format_key(first):
        raise FlaskdashError(
            f"{name} is written in another way than {first_name}: its delimiter, its encoding, or "
            f"the lines above and below the rows differ. {LEAVE_OUT}"
        )


def _column_difference(names: Sequence[str], expected: Sequence[str]) -> str:
    """Describe how the columns of a file differ from the expected ones; "" if they do not."""
    if list(names) == list(expected):
        return ""
    missing = [name for name in expected if name not in names]
    additional = [name for name in names if name not in expected]
    parts = [
        f"{verb} {', '.join(comment(name, 30) for name in columns[:5])}"
        for verb, columns in (("it lacks", missing), ("it also has", additional))
        if columns
    ]
    return "; ".join(parts) or "its columns are in another order"


def _names(table: TextTable) -> list[str]:
    """Return the names of a table's columns, or their numbers if there is no header."""
    return [name.strip() for name in table.header.names or map(str, range(table.width))]


def _without_utf8(layout: Layout) -> tuple[str, ...]:
    """Return the arguments of a layout without an encoding that is a kind of UTF-8."""
    return tuple(
        argument for argument in layout.arguments if not argument.startswith(UTF8_ARGUMENT)
    )


def _format_key(table: SourceTable) -> tuple[object, ...]:
    """Return the properties that must be equal in all files of a folder."""
    return (
        replace(table.layout, arguments=_without_utf8(table.layout)),
        table.table.footer,
        table.table.trailing,
        table.table.width,
        table.read.encoding in UTF8 or table.read.encoding,
    )


def _merge(paths: Sequence[Path], tables: Sequence[SourceTable]) -> SourceTable:
    """Return one table for all files, with a column for the parts of their names that differ."""
    first = tables[0]
    texts = [table.table for table in tables]
    columns = [
        sum((text.columns[index] for text in texts), Counter[str]())
        for index in range(texts[0].width)
    ]
    names = list(first.table.header.names or repair([""] * len(columns))[0])
    layout = _common_layout(tables)
    file_names = [path.name for path in paths]
    differing = _differing_parts(file_names)
    if differing is not None:
        part_name = free("file", {name.strip().lower() for name in names})
        layout = replace(layout, part=_part_expression(file_names), part_name=part_name)
        counts: Counter[str] = Counter()
        for value, text in zip(differing.parts, texts, strict=True):
            counts[value] += text.rows
        names.append(part_name)
        columns.append(counts)
    merged = replace(
        first.table,
        header=replace(first.table.header, names=names, width=len(names)),
        columns=columns,
        rows=sum(text.rows for text in texts),
        long=[number for text in texts for number in text.long],
        shorter=sum(text.shorter for text in texts),
        blank=sum(text.blank for text in texts),
        titles=sum(text.titles for text in texts),
    )

    def adjust(plans: list[ColumnPlan]) -> list[ColumnPlan]:
        data = plans[:-1] if differing else plans
        for table in tables:
            data = table.adjust(data)
        # A part of a name such as 2024 is a label, not a number.
        labels = [
            plan.as_text() if plan.kind in ("integer", "number") else plan
            for plan in plans[len(data) :]
        ]
        return [*data, *labels]

    notes = list(dict.fromkeys(note for table in tables for note in table.notes))
    return replace(first, table=merged, layout=layout, adjust=adjust, notes=notes)


def _common_layout(tables: Sequence[SourceTable]) -> Layout:
    """Return the layout of the first file, with an encoding that reads all files."""
    layout = tables[0].layout
    if any(table.read.encoding == "utf-8-sig" for table in tables):
        arguments = (*_without_utf8(layout), 'encoding="utf-8-sig",')
        return replace(layout, arguments=arguments)
    return layout


@dataclass(frozen=True)
class _NameParts:
    """The common beginning and end of file names, and the different parts between them."""

    start: str
    end: str
    parts: list[str]


def _differing_parts(names: Sequence[str]) -> _NameParts | None:
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
    return _NameParts(start, end, parts)


def _are_counters(parts: Sequence[str]) -> bool:
    """Tell whether the parts of names only number the files: part 1, part 2."""
    if not all(part.isdigit() for part in parts):
        return False
    numbers = sorted(map(int, parts))
    return numbers == list(range(numbers[0], numbers[0] + len(numbers))) and numbers[0] < 1000


def _part_expression(names: Sequence[str]) -> str:
    """Return the Python expression for the part of `file.name` that differs, or ""."""
    differing = _differing_parts(names)
    if differing is None:
        return ""
    prefix = f".removeprefix({literal(differing.start)})" if differing.start else ""
    return f"file.name{prefix}.removesuffix({literal(differing.end)})"


def _common_prefix(texts: Sequence[str]) -> str:
    shortest = min(texts, key=len)
    for index, character in enumerate(shortest):
        if any(text[index] != character for text in texts):
            return shortest[:index]
    return shortest


def _without_last_word(prefix: str) -> str:
    """Drop a last word, number or date from a common prefix, which may end within it."""
    return re.sub(r"(\d[\d._ -]*|[^\W\d_]+)$", "", prefix)
