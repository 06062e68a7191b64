"""Read JSON, JSON lines and GeoJSON: locate the records, flatten them, convert their columns."""

from __future__ import annotations

import json
import math
import re
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from flaskdash.errors import FlaskdashError
from flaskdash.inspect.formats.source_file import SourceFile
from flaskdash.inspect.literals import comment, literal
from flaskdash.inspect.model import Read
from flaskdash.inspect.text.dialect import is_value
from flaskdash.inspect.text.encoding import decode, detect
from flaskdash.inspect.values.cells import kind_of
from flaskdash.inspect.writing import pandas_code
from flaskdash.inspect.writing.column_names import free, repair
from flaskdash.inspect.writing.draft import Draft, run
from flaskdash.inspect.writing.tabular import FAILURES, column_notes, reshaped, units
from flaskdash.inspect.writing.typed_frame import convert

LINES = (".jsonl", ".ndjson", ".geojsonl")
SUFFIXES = (".json", ".geojson", ".js", *LINES)
# Lines of a loader: the points of a shape of GeoJSON.
POINTS = """
def points(part: list[Any]) -> list[Any]:
    \"\"\"Return the points of a shape, however deeply they are nested.\"\"\"
    if not isinstance(part[0], list):
        return [part]
    return [point for inner in part for point in points(inner)]
""".split("\n")
DEPTH = 4
MOST_LISTED = 6
EXACT = 2**53  # the largest whole number that every float can hold
WIDEST = 2000
MOST_KEYS = 3  # of the object that is a cell
MOST_CELLS = 200  # of a row of such cells
LEAST_CELLS = 3  # rows of such cells
DEEPEST = 20  # of lists and objects inside of each other
MOST_NUMBERS = 4  # of a list that becomes columns
LEAST_PAIRS = 8  # numbers that an object needs to be read as rows of key and value
ADVICE = "Use a list of objects: [{...}, {...}]."
REPAIR = (
    'text = json.dumps(data, ensure_ascii=False).encode("utf-16", "surrogatepass")',
    'data = json.loads(text.decode("utf-16", "replace"))',
)
NAME_KEY = re.compile("name|label|title", re.IGNORECASE)  # preferred if several keys fit
# What browsers run or skip before JSON: a callback, the name of a variable, Google's )]}'.
SCRIPT = re.compile(
    r"(?:/\*.*?\*/\s*)?(?:\)\]\}'?,?|(?:(?:var|let|const)\s+)?[\w$.]+\s*[=(])\s*(?=[\[{])",
    re.DOTALL,
)
INNER = r"[\[{].*[\]}]"
HALF = re.compile("[\ud800-\udfff]")
ESCAPED_HALF = re.compile(r"\\ud[89a-f]", re.IGNORECASE)


def matches(source: SourceFile) -> bool:
    """Tell whether a file is JSON, by its first characters or its suffix."""
    text = source.head.decode(detect(source.head), "ignore").lstrip("\ufeff \t\r\n")
    if source.suffix in SUFFIXES and (text.startswith(("[", "{")) or SCRIPT.match(text)):
        return True
    start = "".join(text[:400].split())
    if start.startswith(('[["', "[[", '["', "[]", "{}")):
        return text.rstrip().endswith(("]", "}")) or "[[" in start
    return start.startswith(('{"', "[{")) and '":' in start


@dataclass(frozen=True)
class Document:
    """A parsed file, and how to parse it again.

    `lines` is true for JSON lines, and `cut` if the last line is incomplete. `digits` makes whole
    numbers text, because floats can't hold them. `constants` is true if the file holds NaN or
    Infinity, which JSON does not allow; they become missing values. `broken` is true if some bytes
    are not UTF-8. `halves` is true if a text holds half an emoji, which is no character. A `script` is around the
    JSON.
    """

    source: SourceFile
    value: Any
    encoding: str
    lines: bool = False
    cut: bool = False
    digits: bool = False
    constants: bool = False
    broken: bool = False
    halves: bool = False
    script: bool = False

    def opening(self) -> list[str]:
        """Return the statements that parse the file into `data`."""
        packed = self.source.packed
        modules = ["import json", *["import re"] * self.script]
        imports = sorted([*modules, *(packed.modules if packed.kind else [])])
        encoding = literal(self.encoding)
        if self.broken:
            encoding += ', errors="replace"'
        text = f"file.read().decode({encoding})" if packed.kind else f"SOURCE.read_text({encoding})"
        if self.script:
            text = f're.search(r"{INNER}", {text}, re.DOTALL)[0]'
        arguments = ", parse_int=str" if self.digits else ""
        arguments += ", parse_constant=lambda _: None" if self.constants else ""
        if self.lines:
            complete = "lines[:-1]" if self.cut else "lines"
            note = "  # the last one is cut off" if self.cut else ""
            parse = [
                f'lines = {text}.strip().split("\\n")',
                f"data = [json.loads(line{arguments}) for line in {complete} if line.strip()]{note}",
            ]
        else:
            parse = [f"data = json.loads({text}{arguments})"]
        if self.halves:
            parse += ["# Half an emoji, such as \\ud83d alone, becomes \ufffd.", *REPAIR]
        if self.digits:
            parse.insert(0, "# Whole numbers as text: a float can't hold their last digits.")
        if self.constants:
            parse.insert(0, "# NaN and Infinity are missing values.")
        if self.script:
            parse.insert(0, "# Only what stands inside the script's brackets is JSON.")
        if packed.kind:
            parse = [packed.opening, *pandas_code.indent(parse)]
        return [*imports, "", "import pandas as pd", "", *parse]


@dataclass(frozen=True)
class Records:
    """A part of a document that holds rows: its path, its form, and its value.

    `kind` is one of records, features, columns, indexed, keyed, pairs, values, split, matrix and cells.
    """

    path: tuple[str | int, ...]
    kind: str
    value: Any

    @property
    def name(self) -> str:
        """Return the name that --table takes."""
        return ".".join(map(str, self.path)) or "(top)"

    @property
    def access(self) -> str:
        """Return the Python expression for the value."""
        keys = (f"[{literal(key) if isinstance(key, str) else key}]" for key in self.path)
        return "data" + "".join(keys)


def read(source: SourceFile) -> Draft:
    """Read the records of a JSON document; raise FlaskdashError if it has none."""
    document = parse(source)
    candidates = _by_length(document)
    records = _choose(source, candidates, document)
    lines, notes = _frame_code(records, document)
    frame = _run_lines(source, [*document.opening(), *lines])
    if split := _split_lists(frame):
        lines += split
        frame = _run_lines(source, [*document.opening(), *lines])
    if _loses_digits(frame, records):
        document = replace(document, digits=True)
        frame = _run_lines(source, [*document.opening(), *lines])
    if frame.select_dtypes("float").isin([math.inf, -math.inf]).any(axis=None):
        raise _number_error(source)
    if frame.shape[1] > WIDEST:
        raise FlaskdashError(
            f"{source.path} has {frame.shape[1]:,} different keys in its records, more than "
            f"{WIDEST:,}: the keys may be values. Use a list of records with the same keys."
        )
    unread = [candidate.name for candidate in candidates if candidate is not records]
    if unread and source.table is None:
        listed = ", ".join(map(comment, unread[:MOST_LISTED]))
        notes.insert(0, f"read {records.name}; --table takes another: {listed}")
    notes += _notes(document)
    draft = _draft(source, document, records, [*document.opening(), *lines], frame, notes)
    table = records.name if records.path and len(candidates) > 1 else None
    return replace(draft, read=replace(draft.read, skipped_rows=int(document.cut), table=table))


def _by_length(document: Document) -> list[Records]:
    """Return the parts of a document that hold rows, the longest first."""
    if cells := _find_cells(document.value):
        return [cells]
    return sorted(locate(document.value), key=lambda records: -len(records.value))


def _draft(
    source: SourceFile,
    document: Document,
    records: Records,
    lines: list[str],
    frame: pd.DataFrame,
    notes: Sequence[str],
    vary: bool = False,
) -> Draft:
    """Return the draft for the lines that make `frame`, with its columns converted.

    With `vary`, rows that are added later may lack any value.
    """
    body, frame, plans, name_notes = convert(source.path, lines, frame, ADVICE, vary)
    rows = len(frame)
    body, frame, shape_notes, omitted = reshaped(body, frame, source.path)
    format = "jsonl" if document.lines else "json"
    if records.kind == "features":
        format = "geojson"
    return Draft(
        read=Read(format=format, encoding=document.encoding, rows=rows),
        body=body,
        frame=frame,
        notes=(*notes, *name_notes, *column_notes(plans), *shape_notes),
        units=units(plans),
        omitted=tuple(omitted),
    )


def flatten(path: Path, rows: Sequence[dict[str, Any]], opening: Sequence[str]) -> Draft:
    """Return the draft for the documents of a database, which `opening` reads into `data`.

    Documents that are added later may lack any key, or have others: the columns stay the same. The
    line after `opening` lists them. `path` is a file with the documents.
    """
    source = SourceFile(path, path.name, b"")
    features = all(row.get("type") == "Feature" and "geometry" in row for row in rows)
    records = Records((), "features" if features else "records", list(rows))
    lines, notes = _document_code(records, path)
    frame = _run_lines(source, [*opening, *lines])
    if frame.shape[1] > WIDEST:
        raise FlaskdashError(
            f"{path} has {frame.shape[1]:,} different keys in its documents, more than {WIDEST:,}: "
            "the keys may be values. Use a collection of documents with the same keys."
        )
    columns = f"columns = {literal(list(map(str, frame.columns)))}"
    lines = [columns, *lines, "df = df.reindex(columns=columns)", *_split_lists(frame, vary=True)]
    frame = _run_lines(source, [*opening, *lines])
    document = Document(source, rows, "utf-8")
    return _draft(source, document, records, [*opening, *lines], frame, notes, vary=True)


def _document_code(records: Records, path: Path) -> tuple[list[str], list[str]]:
    """Return the lines that make a DataFrame of documents, and notes."""
    rows = records.value
    if records.kind == "records" and (key := _inner(rows)):
        paths = {path for row in rows for path in _scalars(row)}
        # Values beside the list can only be repeated if each path always is a value, or an object.
        if not any(path[:length] in paths for path in paths for length in range(1, len(path))):
            name = literal(key)
            whole = f"[row for row in data if isinstance(row.get({name}), list)]"
            lines, note = _exploded(rows, "data", key)
            return [f"data = {whole}", *lines], [note]
        return ['df = pd.json_normalize(data, sep=".")  # a.b is b inside of a'], []
    return _frame_code(records, Document(SourceFile(path, path.name, b""), rows, "utf-8"))


def read_folder(folder: Path, pattern: str, files: Sequence[SourceFile], part: str) -> Draft:
    """Read JSON files with the same keys as one table.

    `part` is the Python expression for the value that the name of `file` gives, or "". Raises
    FlaskdashError with the name of a file that differs.
    """
    documents = [parse(file) for file in files]
    tables = [
        _choose(file, _by_length(document), document)
        for file, document in zip(files, documents, strict=True)
    ]
    first = tables[0]
    if first.kind not in ("records", "features"):
        raise FlaskdashError(
            f"{folder} holds JSON files that are not lists of objects. Join them into one file first."
        )
    keys = _keys(first)
    for file, document, records in zip(files, documents, tables, strict=True):
        shape = (records.path, records.kind, document.lines, document.encoding)
        expected = (first.path, first.kind, documents[0].lines, documents[0].encoding)
        own_keys = _keys(records)
        if shape != expected or len(own_keys & keys) < 0.5 * len(own_keys | keys):
            raise FlaskdashError(
                f"{file.path.name} has other records than {files[0].path.name}. "
                "Use a pattern that leaves this file out."
            )
        if document.cut:
            raise FlaskdashError(
                f"{file.path} ends in an incomplete line. Complete or delete that line."
            )
    joined = replace(first, value=[row for records in tables for row in records.value])
    document = replace(
        documents[0],
        constants=any(document.constants for document in documents),
        broken=any(document.broken for document in documents),
        halves=any(document.halves for document in documents),
    )
    code, notes = _frame_code(joined, document)
    name = free("file", {str(key).lower() for key in keys})
    assign = f".assign(**{{{literal(name)}: {part}}})" if part else ""
    source = replace(files[0], path=folder)
    lines = _loop(document, code, pattern, assign)
    frame = _run_lines(source, lines)
    if _loses_digits(frame, joined):
        lines = _loop(replace(document, digits=True), code, pattern, assign)
        frame = _run_lines(source, lines)
    return _draft(source, document, first, lines, frame, [*notes, *_notes(document)])


def _notes(document: Document) -> list[str]:
    """Return the notes on what the file holds that is not quite JSON."""
    notes = []
    if document.cut:
        notes.append("the last line is cut off and left out")
    if document.halves:
        notes.append("some texts hold half an emoji, such as \\ud83d alone: read as \ufffd")
    return notes


def _keys(records: Records) -> set[str]:
    return {key for row in records.value if isinstance(row, dict) for key in row}


def _loop(document: Document, code: Sequence[str], pattern: str, assign: str) -> list[str]:
    """Return the lines that read each file of a folder, and join the results."""
    opening = [line.replace("SOURCE", "file") for line in document.opening()]
    start = opening.index("import pandas as pd") + 1
    return [
        *opening[:start],
        "",
        "frames = []",
        f"for file in sorted(SOURCE.glob({literal(pattern)})):",
        *pandas_code.indent([line for line in [*opening[start:], *code] if line]),
        f"    frames.append(df{assign})",
        "df = pd.concat(frames, ignore_index=True)",
    ]


def parse(source: SourceFile) -> Document:
    """Return the document in a file; raise FlaskdashError, with the line, if it is broken."""
    text, encoding = decode(source.data, source.path)
    text = text.removeprefix("\ufeff")
    if encoding == "utf-8" and source.data.startswith(b"\xef\xbb\xbf"):
        encoding = "utf-8-sig"
    inner = re.search(INNER, text, re.DOTALL) if SCRIPT.match(text.lstrip()) else None
    try:
        document = _parse(source, inner[0] if inner else text, encoding)
        if ESCAPED_HALF.search(text):
            document = _repaired(document)
    except RecursionError as error:
        raise FlaskdashError(f"{source.path} is nested too deeply. {ADVICE}") from error
    broken = encoding.startswith("utf-8") and "\ufffd" in text
    return replace(document, broken=broken, script=inner is not None)


def _repaired(document: Document) -> Document:
    """Return the document without halves of emoji, as the loader's code reads it."""
    text = json.dumps(document.value, ensure_ascii=False)
    if not HALF.search(text):
        return document
    repaired = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return replace(document, value=json.loads(repaired), halves=True)


def _parse(source: SourceFile, text: str, encoding: str) -> Document:
    """Return the document in a text, which may be JSON or JSON lines."""
    constants: list[str] = []
    try:
        value = json.loads(text, parse_constant=constants.append)
    except json.JSONDecodeError as error:
        return _parse_lines(source, text, encoding, error)
    except ValueError as error:
        raise _number_error(source) from error
    lines = source.suffix in LINES and isinstance(value, dict)
    value = [value] if lines else value
    return Document(source, value, encoding, lines=lines, constants=bool(constants))


def _parse_lines(
    source: SourceFile, text: str, encoding: str, error: json.JSONDecodeError
) -> Document:
    """Return a document with a value for each line; raise FlaskdashError if it is not JSON lines.

    `error` is the reason why the whole text is not JSON.
    """
    lines = text.strip().split("\n")
    values: list[Any] = []
    constants: list[str] = []
    cut = False
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            values.append(json.loads(line, parse_constant=constants.append))
        except (json.JSONDecodeError, RecursionError) as line_error:
            if len(values) < 2:
                raise FlaskdashError(
                    f"{source.path} is broken JSON: {error}. "
                    "It may be cut off. Download or copy it again."
                ) from error
            if number < len(lines):
                raise FlaskdashError(
                    f"{source.path} has a line that is not JSON, line {number}: {line_error}. "
                    "Correct or delete that line."
                ) from error
            cut = True
        except ValueError as line_error:
            raise _number_error(source) from line_error
    return Document(source, values, encoding, True, cut, constants=bool(constants))


def _number_error(source: SourceFile) -> FlaskdashError:
    """Return the error for a number that Python does not parse, or that a float can't hold."""
    return FlaskdashError(
        f"{source.path} holds a number that is too large. Write it as text, in quotes."
    )


def locate(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[Records]:
    """Yield the parts of a document that hold rows."""
    if isinstance(value, list):
        yield from _in_list(value, path)
    elif isinstance(value, dict) and value:
        yield from _in_object(value, path)


def _in_list(value: list[Any], path: tuple[str | int, ...]) -> Iterator[Records]:
    """Yield a list if it holds rows, or the parts of it that do."""
    if not value:
        return
    objects = sum(isinstance(item, dict) for item in value)
    if objects == len(value) or objects > max(1, 0.8 * len(value)):
        features = all(isinstance(item, dict) and item.get("type") == "Feature" for item in value)
        yield Records(path, "features" if features else "records", value)
    elif (
        len(value) > 1
        and all(isinstance(item, list) for item in value)
        and len({len(item) for item in value}) == 1
    ):
        yield Records(path, "matrix", value)
    elif not any(isinstance(item, dict | list) for item in value):
        if not path and len(value) > 1:
            yield Records(path, "values", value)
    elif len(path) < DEPTH:
        for index, item in enumerate(value[:20]):
            yield from locate(item, (*path, index))


def _in_object(value: dict[str, Any], path: tuple[str | int, ...]) -> Iterator[Records]:
    """Yield an object if it is a table, or the parts of it that hold rows."""
    items = list(value.values())
    features = value.get("features")
    if value.get("type") == "FeatureCollection" and isinstance(features, list):
        yield Records((*path, "features"), "features", features)
        return
    if _is_split(value):
        yield Records(path, "split", value["data"])
        return
    if all(isinstance(item, list) for item in items) and len(items) > 1:
        sizes = {len(item) for item in items}
        flat = not any(isinstance(cell, dict | list) for item in items for cell in item[:100])
        if len(sizes) == 1 and flat and sizes != {0}:
            yield Records(path, "columns", items[0])
            return
    if all(isinstance(item, dict) for item in items) and len(items) > 1:
        keys = [set(item) for item in items]
        common = set.intersection(*keys)
        if common and len(common) >= 0.5 * max(map(len, keys)):
            counted = all(key.isdigit() for key in common)
            if not counted and _keys_are_columns(items):
                yield Records(path, "transposed", list(items[0]))
                return
            yield Records(path, "indexed" if counted else "keyed", items[0] if counted else items)
            return
    numbers = [item for item in items if not isinstance(item, bool | str | list | dict)]
    if len(items) >= LEAST_PAIRS and len(numbers) == len(items):
        yield Records(path, "pairs", items)
        return
    if len(path) < DEPTH:
        for key, item in value.items():
            yield from locate(item, (*path, key))


def _keys_are_columns(items: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether the objects of an object are columns, as DataFrame.to_json writes them.

    The values of a column are of one type. If that holds both ways, a table has more rows than
    columns.
    """
    keys = list(items[0])
    if any(list(item) != keys for item in items):
        return False
    columns = [list(item.values()) for item in items]
    rows = list(zip(*columns, strict=True))
    are_typed, rows_are_typed = (
        all(len({kind_of(cell) for cell in cells if cell is not None}) < 2 for cells in table)
        for table in (columns, rows)
    )
    if any(isinstance(cell, dict | list) for cells in columns for cell in cells):
        return False
    return are_typed if are_typed != rows_are_typed else len(items) < len(keys)


def _is_split(value: Mapping[str, Any]) -> bool:
    """Tell whether an object holds names and rows apart, like pandas' "split" and Socrata's."""
    rows = value.get("data")
    if not isinstance(rows, list) or not rows or not isinstance(rows[0], list):
        return False
    return len(_split_names(value) or []) == len(rows[0])


def _split_names(value: Mapping[str, Any]) -> list[str] | None:
    """Return the names of the columns of an object that holds them apart from the rows."""
    names = value.get("columns") or value.get("fields")
    if names is None:
        meta = value.get("meta")
        view = meta.get("view") if isinstance(meta, dict) else None
        names = view.get("columns") if isinstance(view, dict) else None
    if not isinstance(names, list):
        return None
    return [str(name.get("name") if isinstance(name, dict) else name) for name in names]


def _choose(source: SourceFile, candidates: Sequence[Records], document: Document) -> Records:
    """Return the records that the user chose, or the longest."""
    if source.table is not None and candidates:
        for records in candidates:
            if source.table == records.name:
                return records
        names = ", ".join(records.name for records in candidates[:8])
        raise FlaskdashError(
            f"{source.path} has no records {source.table!r}. Choose some with --table: {names}.",
            f"--table {shlex.quote(candidates[0].name)}",
        )
    if candidates and len(candidates[0].value):
        longest = candidates[0]
        is_table = longest.kind in ("features", "columns") or document.lines or longest.path
        if is_table or len(longest.value) > 1:
            return longest
    _refuse_value(source.path, document.value)
    if candidates:
        return candidates[0]
    kind = "one object" if isinstance(document.value, dict) else "a single value"
    if isinstance(document.value, list):
        kind = "lists of unequal length"
    raise FlaskdashError(
        f"{source.path} holds {kind}, not a list of records, so there are no rows to chart. "
        f"{ADVICE}"
    )


def _refuse_value(path: Path, value: Any) -> None:
    """Raise FlaskdashError if a document is TopoJSON or empty."""
    if isinstance(value, dict) and value.get("type") == "Topology":
        raise FlaskdashError(
            f"{path} is TopoJSON, which holds shapes of areas. Convert it to GeoJSON."
        )
    if isinstance(value, list | dict) and not value:
        raise FlaskdashError(f"{path} holds no records. Use a file with at least one row.")


def _frame_code(records: Records, document: Document) -> tuple[list[str], list[str]]:
    """Return the lines that make a DataFrame of records, and notes."""
    rows, access = records.value, records.access
    match records.kind:
        case "features":
            return _features(rows, access)
        case "columns":
            return [f"df = pd.DataFrame({access})"], []
        case "indexed":
            return [f"df = pd.DataFrame({access}).reset_index(drop=True)"], []
        case "transposed":
            return [f'df = pd.DataFrame({access}).rename_axis("key").reset_index()'], []
        case "pairs":
            pairs = f'{{"key": list({access}), "value": list({access}.values())}}'
            return [f"df = pd.DataFrame({pairs})"], []
        case "values":
            return [f'df = pd.DataFrame({{"value": {access}}})'], []
        case "split":
            holder = document.value
            for key in records.path:
                holder = holder[key]
            names = repair(_split_names(holder) or [])[0]
            return [f'df = pd.DataFrame({access}["data"], columns={literal(names)})'], []
        case "matrix":
            return _matrix(rows, access, _names_apart(document.value, len(rows[0])))
        case "cells":
            return _cells(rows), []
        case "keyed":
            name = free("key", {name.lower() for row in rows for name in row})
            flat = f"[{{{literal(name)}: key, **row}} for key, row in {access}.items()]"
            note = f"the names of the rows are in {name}"
            return [f'df = pd.json_normalize({flat}, sep=".")'], [note]
    return _objects(rows, access)


@dataclass(frozen=True)
class _Cells:
    """Rows of cells that are objects: the key of their values, and the names of the columns.

    The first row holds the names if they are not `apart`.
    """

    key: str
    rows: list[list[Any]]
    names: list[str]
    apart: bool

    def __len__(self) -> int:
        return len(self.rows) - (not self.apart)


def _find_cells(value: Any) -> Records | None:
    """Return the rows of a report whose cells are objects, as {"Value": 1}, wherever they are."""
    groups: dict[tuple[str, int], list[list[Any]]] = {}
    for items in _lists(value):
        cells = [item for item in items if item is not None]
        if not 2 <= len(items) <= MOST_CELLS or not all(
            isinstance(c, dict) and len(c) <= MOST_KEYS for c in cells
        ):
            continue
        for key in set.intersection(*map(set, cells)) if cells else ():
            if not any(isinstance(cell[key], dict | list) for cell in cells):
                row = [item and item[key] for item in items]
                groups.setdefault((key, len(items)), []).append(row)
    for (key, width), rows in sorted(groups.items(), key=lambda pair: -len(pair[1])):
        if len(rows) < LEAST_CELLS:
            break
        first = [cell if isinstance(cell, str) else "" for cell in rows[0]]
        is_header = len({*filter(None, first)}) == sum(map(bool, first)) > width / 2
        is_typed = any(
            all(isinstance(cell, int | float) or is_value(str(cell)) for cell in column if cell)
            for column in zip(*rows[1:], strict=True)
        )
        if is_header and is_typed and not any(map(is_value, first)):
            return Records((), "cells", _Cells(key, rows, first, apart=False))
        if names := _names_apart(value, width, key):
            return Records((), "cells", _Cells(key, rows, names, apart=True))
    return None


def _lists(value: Any, depth: int = 0) -> Iterator[list[Any]]:
    """Yield all lists in a document, the outer ones first."""
    if isinstance(value, list):
        yield value
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in items:
        if isinstance(item, dict | list) and depth < DEEPEST:
            yield from _lists(item, depth + 1)


def _names_apart(value: Any, width: int, key: str = "") -> list[str]:
    """Return the names of columns that a document lists apart from its rows, or [].

    They are different texts, or objects with such texts, but not those with the KEY of cells.
    """
    for items in _lists(value):
        if len(items) != width:
            continue
        texts = [items]
        if all(isinstance(item, dict) and key not in item for item in items):
            keys = sorted(items[0], key=lambda name: not NAME_KEY.search(name))
            texts = [[item.get(name) for item in items] for name in keys]
        for names in texts:
            if all(isinstance(name, str) for name in names) and len(set(names)) == width:
                return list(names)
    return []


def _cells(cells: _Cells) -> list[str]:
    """Return the lines for rows of cells that are objects."""
    key, width = literal(cells.key), len(cells.rows[0])
    start = "" if cells.apart else "[1:]"
    return [
        "",
        "def rows(part):  # lists of cells, wherever they are",
        "    items = list(part.values()) if isinstance(part, dict) else part",
        f"    is_row = isinstance(part, list) and len(part) == {width} and any(part)",
        f"    if is_row and all(isinstance(cell, dict) and {key} in cell for cell in part if cell):",
        f"        yield [cell and cell[{key}] for cell in part]",
        "    elif isinstance(items, list):",
        "        for item in items:",
        "            yield from rows(item)",
        "",
        f"df = pd.DataFrame(list(rows(data)){start}, columns={literal(repair(cells.names)[0])})",
    ]


def _split_lists(frame: pd.DataFrame, vary: bool = False) -> list[str]:
    """Return the lines that make columns of lists of a few numbers, as of the score [2, 1].

    With `vary`, rows that are added later may have lists of another length, or none.
    """
    lines = []
    used = {str(name).lower() for name in frame.columns}
    for name in frame.columns:
        if not isinstance(name, str) or frame[name].dtype != object:
            continue
        cells = [cell for cell in frame[name] if cell is not None and cell == cell]
        sizes = {len(cell) if isinstance(cell, list) else 0 for cell in cells}
        if len(sizes) != 1 or not 2 <= (size := sizes.pop()) <= MOST_NUMBERS:
            continue
        numbers = (item for cell in cells for item in cell)
        if not all(
            isinstance(item, int | float) and not isinstance(item, bool) for item in numbers
        ):
            continue
        parts = [free(f"{name}_{number}", used) for number in range(1, size + 1)]
        blank = (
            "" if len(cells) == len(frame) else f" if isinstance(cell, list) else {[None] * size}"
        )
        if vary:
            test = f"isinstance(cell, list) and len(cell) == {size}"
            blank = f" if {test} else {[None] * size}"
            stem = name.rpartition("coordinates")[0]
            if size == 2 and set(frame.get(f"{stem}type", pd.Series()).dropna()) == {"Point"}:
                parts = [free(f"{stem}{axis}", used) for axis in ("longitude", "latitude")]
        lines += [
            f"lists = [cell{blank} for cell in df.pop({literal(name)})]",
            f"df[{literal(parts)}] = pd.DataFrame(lists, index=df.index)",
        ]
    return lines


def _matrix(
    rows: Sequence[list[Any]], access: str, apart: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Return the lines for a list of lists, whose first row may hold the names, and notes.

    `apart` are names that the document lists elsewhere.
    """
    if apart and list(apart) != rows[0]:
        return [f"df = pd.DataFrame({access}, columns={literal(repair(list(apart))[0])})"], []
    first = rows[0]
    if all(isinstance(cell, str) for cell in first) and len(set(first)) == len(first):
        return [f"df = pd.DataFrame({access}[1:], columns={access}[0])"], []
    names = repair([""] * len(first))[0]
    code = f"df = pd.DataFrame({access}, columns={literal(names)})"
    return [code], ["no names: columns are numbered"]


def _objects(rows: Sequence[Any], access: str) -> tuple[list[str], list[str]]:
    """Return the lines for a list of objects, and notes."""
    notes = []
    objects = [row for row in rows if isinstance(row, dict)]
    if len(objects) < len(rows):
        notes.append(f"{len(rows) - len(objects)} entries are not objects and were left out")
        access = f"[row for row in {access} if isinstance(row, dict)]"
    if inner := _inner(objects):
        lines, note = _exploded(objects, access, inner)
        return lines, [*notes, note]
    if any(isinstance(cell, dict) for row in objects for cell in row.values()):
        code = f'df = pd.json_normalize({access}, sep=".")  # a.b is b inside of a'
        return [code], notes
    return [f"df = pd.DataFrame({access})"], notes


def _inner(rows: Sequence[dict[str, Any]]) -> str:
    """Return the only key whose value is a list of records in every record, or ""."""
    keys = {
        key
        for row in rows
        for key, cell in row.items()
        if isinstance(cell, list) and cell and all(isinstance(item, dict) for item in cell)
    }
    if len(keys) != 1:
        return ""
    key = keys.pop()
    return key if all(isinstance(row.get(key), list) for row in rows) else ""


def _exploded(rows: Sequence[dict[str, Any]], access: str, key: str) -> tuple[list[str], str]:
    """Return the lines that make a row of each inner record and the values beside it, and a note."""
    paths: dict[tuple[str, ...], None] = {}
    for row in rows:
        for path in _scalars(row):
            paths.setdefault(path)
    meta = ", ".join(literal(path[0]) if len(path) == 1 else literal(list(path)) for path in paths)
    empty = sum(not row[key] for row in rows)
    omitted = f"; {empty} without any were left out" if empty else ""
    lines = [
        f"# One row for each of {comment(key)}, with the values beside the list.",
        "df = pd.json_normalize(",
        f"    {access},",
        f"    record_path={literal(key)},",
        f"    meta=[{meta}],",
        f"    record_prefix={literal(key + '.')},",
        '    errors="ignore",  # a key may be missing',
        '    sep=".",',
        ")",
    ]
    return lines, f"one row for each of {comment(key)} in {len(rows)} records{omitted}"


def _scalars(row: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the paths of the values in a record that are not lists."""
    for key, cell in row.items():
        if isinstance(cell, dict) and len(path) < DEPTH:
            yield from _scalars(cell, (*path, key))
        elif not isinstance(cell, list):
            yield (*path, key)


def _has_no_points(rows: Sequence[dict[str, Any]]) -> bool:
    """Tell whether a shape that is not missing has no coordinates."""
    return any(
        shape and not shape.get("coordinates") for shape in (row.get("geometry") for row in rows)
    )


def _features(rows: Sequence[dict[str, Any]], access: str) -> tuple[list[str], list[str]]:
    """Return the lines for GeoJSON: properties, longitude and latitude of points; and notes."""
    bare = any(not row.get("properties") for row in rows)
    properties = f'feature["properties"]{" or {}" if bare else ""}'
    lines = [
        f"features = {access}",
        f'df = pd.json_normalize([{properties} for feature in features], sep=".")',
    ]
    names = {key.lower() for row in rows for key in (row.get("properties") or {})}
    if "id" not in names and all("id" in row for row in rows):
        lines.append('df["id"] = [feature["id"] for feature in features]')
    shapes = Counter((row.get("geometry") or {}).get("type") for row in rows)
    if set(shapes) == {None} or _has_no_points(rows):
        kinds = ", ".join(str(kind) for kind in shapes if kind)
        return lines, [f"the shapes ({kinds or 'none'}) are left out: their properties are read"]
    if set(shapes) - {None} != {"Point"}:
        shape, mean = 'points(feature["geometry"]["coordinates"])', "/ len(shape)"
        if None in shapes:
            shape, mean = f'{shape} if feature["geometry"] else []', f"{mean} if shape else None"
        lines += [*POINTS, f"shapes = [{shape} for feature in features]"]
        for index, axis in enumerate(("longitude", "latitude")):
            total = f"sum(point[{index}] for point in shape)"
            lines.append(f"df[{literal(free(axis, names))}] = [{total} {mean} for shape in shapes]")
        return ["from typing import Any", "", *lines], [
            "longitude and latitude are the mean of each shape's points"
        ]
    points = [row["geometry"]["coordinates"] for row in rows if row.get("geometry")]
    has_gaps = any(not row.get("geometry") for row in rows)
    point = 'feature["geometry"]["coordinates"]'
    deep = all(len(point) > 2 for point in points) and not has_gaps
    axes = ["longitude", "latitude", *(["z"] if deep else [])]
    if has_gaps:
        point += ' if feature["geometry"] else [None, None]'
    lines.append(f"points = [{point} for feature in features]")
    for index, axis in enumerate(axes):
        lines.append(f"df[{literal(free(axis, names))}] = [point[{index}] for point in points]")
    notes = [
        "longitude and latitude are those of the points" + (", z is their third number" * deep)
    ]
    return lines, notes


def _run_lines(source: SourceFile, lines: Sequence[str]) -> pd.DataFrame:
    """Run the lines that make `df`, and return it."""
    body = "\n".join([*lines, "return df"])
    try:
        return run(body, source.path)
    except (*FAILURES, RecursionError) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise FlaskdashError(
            f"{source.path} can't be converted to a table: {reason}. {ADVICE}"
        ) from error


def _loses_digits(frame: pd.DataFrame, records: Records) -> bool:
    """Tell whether a column of whole numbers became floats that can't hold them."""
    floats = frame.select_dtypes("float")
    is_long = (floats.abs() > EXACT) & (floats % 1 == 0)
    return bool(is_long.any().any()) and _has_long(records.value)


def _has_long(value: Any) -> bool:
    """Tell whether a value holds a whole number of more than 53 bits."""
    if isinstance(value, dict):
        return any(map(_has_long, value.values()))
    if isinstance(value, list):
        return any(map(_has_long, value))
    return isinstance(value, int) and abs(value) > EXACT
