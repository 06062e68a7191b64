"""Read the files of a folder, or of a pattern such as data/*.csv, as one table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from flaskdash.errors import FlaskdashError
from flaskdash.inspect.formats import csv, excel, json, parquet
from flaskdash.inspect.formats.source_file import SourceFile
from flaskdash.inspect.formats.stack import are_alike, differing_parts, format_key, merge, names_of
from flaskdash.inspect.literals import comment, literal
from flaskdash.inspect.text.compressed import SUFFIXES
from flaskdash.inspect.writing.draft import Draft
from flaskdash.inspect.writing.pandas_code import Stack
from flaskdash.inspect.writing.tabular import SourceTable
from flaskdash.inspect.writing.tabular import draft as write_draft

TEXT = (".csv", ".tsv", ".tab", ".txt", ".dat", ".psv")
RECORDS = (".json", ".jsonl", ".ndjson", ".geojson", ".parquet", ".pq")
SHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
MOST_FILES = 5000
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
    table = _merge([file.path for file in files], pattern, _tables(files, readers))
    return write_draft(folder, replace(table, notes=(*_files_note(files), *table.notes)))


def _read_records(
    folder: Path, pattern: str, files: Sequence[SourceFile], reader: ModuleType
) -> Draft:
    """Read Parquet or JSON files as one table."""
    paths = [file.path for file in files]
    if reader is parquet:
        draft = parquet.read_folder(folder, pattern, paths)
    else:
        parts = differing_parts([path.name for path in paths])
        label = parts.expression("file.name") if parts else ""
        draft = json.read_folder(folder, pattern, files, label)
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
    # The sheets of monthly workbooks are often named by their months.
    by_position = (
        set(readers) == {excel}
        and files[0].table is None
        and _differ_in_sheets(files, first.read.table)
    )
    if by_position:
        first = excel.find_first(files[0])
    tables = [first]
    for file, reader in zip(files[1:], readers[1:], strict=True):
        chosen = replace(file, table=first.read.table or file.table)
        table = excel.find_first(file) if by_position else reader.find_table(chosen)
        _refuse_difference(file, table, files[0], first)
        tables.append(table)
    return tables


def _differ_in_sheets(workbooks: Sequence[SourceFile], name: str | None) -> bool:
    """Tell whether the first sheet, which is NAME in the first workbook, has other names."""
    names = [excel.sheet_names(workbook) for workbook in workbooks]
    return names[0][0] == name and any(name not in listed for listed in names)


def _refuse_difference(
    file: SourceFile, table: SourceTable, first_file: SourceFile, first: SourceTable
) -> None:
    """Raise FlaskdashError if the columns or the layout of a file differ from the first file's."""
    name, first_name = file.path.name, first_file.path.name
    if not are_alike(table, first):
        difference = _column_difference(names_of(table.table), names_of(first.table))
        raise FlaskdashError(
            f"{name} has other columns than {first_name}: {difference}. {LEAVE_OUT}"
        )
    if table.table.rows == 0:
        raise FlaskdashError(f"{name} has a header but no rows. {LEAVE_OUT}")
    if format_key(table) != format_key(first):
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
    return "; ".join(parts) or "its columns hold other kinds of values"


def _merge(paths: Sequence[Path], pattern: str, tables: Sequence[SourceTable]) -> SourceTable:
    """Return one table for all files, with a column for the parts of their names that differ."""
    parts = differing_parts([path.name for path in paths])
    opening = f"for file in sorted(SOURCE.glob({literal(pattern)})):"
    label = parts.expression("file.name") if parts else ""
    stack = Stack((opening,), "file", label=label)
    return merge(tables, parts.parts if parts else [], "file", stack, "files")
