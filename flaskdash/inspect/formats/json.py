"""Read JSON, JSON lines and GeoJSON: find the records, make them flat, say what columns are."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from flaskdash.errors import FlaskdashError
from flaskdash.inspect.formats.given import Given
from flaskdash.inspect.literals import comment, literal
from flaskdash.inspect.model import Read
from flaskdash.inspect.text.encoding import decode, detect
from flaskdash.inspect.values import column_plan
from flaskdash.inspect.values.cells import kind_of, refine_by_types, text_of
from flaskdash.inspect.values.column_plan import ColumnPlan
from flaskdash.inspect.writing import pandas_code
from flaskdash.inspect.writing.column_names import free, repair
from flaskdash.inspect.writing.draft import Draft, run
from flaskdash.inspect.writing.tabular import (
    FAILURES,
    as_planned,
    column_notes,
    order,
    reshaped,
    units,
)

LINES = (".jsonl", ".ndjson", ".geojsonl")
SUFFIXES = (".json", ".geojson", *LINES)
DEPTH = 4
SHOWN = 6
EXACT = 2**53
WIDEST = 2000
PAIRS = 8  # numbers in an object from which on they are rows


def matches(given: Given) -> bool:
    """Tell whether a file is JSON: by how it begins, or by its name."""
    text = given.head.decode(detect(given.head), "ignore").lstrip("\ufeff \t\r\n")
    if given.suffix in SUFFIXES and text.startswith(("[", "{")):
        return True
    start = "".join(text[:400].split())
    if start.startswith(('[["', "[[", '["', "[]", "{}")):
        return text.rstrip().endswith(("]", "}")) or "[[" in start
    return start.startswith(('{"', "[{")) and '":' in start


@dataclass(frozen=True)
class Document:
    """What was parsed: `lines` tells JSON lines, of which the last may be `cut` off.

    `digits` tells that whole numbers are read as text, because floats can't hold them, and
    `constants` that there are NaN or Infinity, which are no JSON and no values. `broken` tells that
    some bytes are no UTF-8.
    """

    given: Given
    value: Any
    encoding: str
    lines: bool = False
    cut: bool = False
    digits: bool = False
    constants: bool = False
    broken: bool = False

    def opening(self) -> list[str]:
        """Return the statements that parse the file into `data`."""
        packed = self.given.packed
        imports = sorted(["import json", *(packed.modules if packed.kind else [])])
        encoding = literal(self.encoding)
        if self.broken:
            encoding += ', errors="replace"'
        text = f"file.read().decode({encoding})" if packed.kind else f"SOURCE.read_text({encoding})"
        whole = ", parse_int=str" if self.digits else ""
        whole += ", parse_constant=lambda _: None" if self.constants else ""
        if self.lines:
            rest = "lines[:-1]" if self.cut else "lines"
            why = "  # the last one is cut off" if self.cut else ""
            parse = [
                f'lines = {text}.strip().split("\\n")',
                f"data = [json.loads(line{whole}) for line in {rest} if line.strip()]{why}",
            ]
        else:
            parse = [f"data = json.loads({text}{whole})"]
        if self.digits:
            parse.insert(0, "# Whole numbers as text: a float can't hold their last digits.")
        if self.constants:
            parse.insert(0, "# NaN and Infinity are missing values.")
        if packed.kind:
            parse = [packed.opening, *pandas_code.indent(parse)]
        return [*imports, "", "import pandas as pd", "", *parse]


@dataclass(frozen=True)
class Place:
    """Where records are in a document, and in which form."""

    path: tuple[str | int, ...]
    kind: str
    value: Any

    @property
    def name(self) -> str:
        """Return the place as --table takes it."""
        return ".".join(map(str, self.path)) or "(top)"

    @property
    def access(self) -> str:
        """Return the expression for it."""
        return "data" + "".join(
            f"[{literal(key) if isinstance(key, str) else key}]" for key in self.path
        )


def read(given: Given) -> Draft:
    """Read the records of a JSON document; raise FlaskdashError where there are none."""
    document = parse(given)
    places = sorted(locate(document.value), key=lambda place: -len(place.value))
    place = _choose(given, places, document)
    lines, notes = _frame(given, place, document)
    frame = _run(given, document, lines)
    if _lost(frame, place):
        document = replace(document, digits=True)
        frame = _run(given, document, lines)
    if frame.shape[1] > WIDEST:
        raise FlaskdashError(
            f"{given.path} has {frame.shape[1]:,} different keys in its records.",
            "its keys may be values: give a list of records with the same keys",
        )
    body, frame, plans, more = _convert(given, [*document.opening(), *lines], frame)
    rows = len(frame)
    body, frame, shape = reshaped(body, frame, given.path)
    others = [other.name for other in places if other is not place][:SHOWN]
    if others and given.table is None:
        notes.insert(
            0, f"read {place.name}; --table takes another: {', '.join(map(comment, others))}"
        )
    if document.cut:
        notes.append("the last line is cut off and left out")
    kind = "geojson" if place.kind == "features" else "jsonl" if document.lines else "json"
    return Draft(
        read=Read(
            format=kind,
            encoding=document.encoding,
            rows=rows,
            skipped_rows=int(document.cut),
            table=place.name if place.path and len(places) > 1 else None,
        ),
        body=body,
        frame=frame,
        notes=(*notes, *more, *column_notes(plans), *shape),
        units=units(plans),
    )


def read_folder(folder: Path, pattern: str, given: Sequence[Given], part: str) -> Draft:
    """Read JSON files of one shape as one table; raise FlaskdashError naming one that differs.

    `part` is the expression for what the name of `file` tells, or "".
    """
    documents = [parse(one) for one in given]
    found = [
        _choose(one, sorted(locate(d.value), key=lambda place: -len(place.value)), d)
        for one, d in zip(given, documents, strict=True)
    ]
    first, document = found[0], documents[0]
    if first.kind not in ("records", "features"):
        raise FlaskdashError(
            f"{folder} holds JSON that is no list of objects.", "join the files into one first"
        )
    known = {key for row in first.value if isinstance(row, dict) for key in row}
    for one, place, other in zip(given, found, documents, strict=True):
        keys = {key for row in place.value if isinstance(row, dict) for key in row}
        shape = (place.path, place.kind, other.lines, other.encoding)
        if shape != (first.path, first.kind, document.lines, document.encoding) or (
            len(keys & known) < 0.5 * len(keys | known)
        ):
            raise FlaskdashError(
                f"{one.path.name} has other records than {given[0].path.name}.",
                "give files of one shape: a pattern may leave this one out",
            )
    whole = replace(first, value=[row for place in found for row in place.value])
    document = replace(
        document,
        constants=any(d.constants for d in documents),
        broken=any(d.broken for d in documents),
        cut=any(d.cut for d in documents),
    )
    if document.cut:
        raise FlaskdashError(f"{folder} has a file whose last line is cut off.", "mend that file")
    read, notes = _frame(given[0], whole, document)
    joined = replace(given[0], path=folder)
    name = free("file", {str(key).lower() for key in known})
    lines = _each(
        document, read, pattern, f".assign(**{{{literal(name)}: {part}}})" if part else ""
    )
    frame = _run_lines(joined, lines)
    if _lost(frame, whole):
        lines = _each(
            replace(document, digits=True),
            read,
            pattern,
            f".assign(**{{{literal(name)}: {part}}})" if part else "",
        )
        frame = _run_lines(joined, lines)
    body, frame, plans, more = _convert(joined, lines, frame)
    rows = len(frame)
    body, frame, shape_notes = reshaped(body, frame, folder)
    return Draft(
        read=Read(
            format="geojson" if first.kind == "features" else "jsonl" if document.lines else "json",
            encoding=document.encoding,
            rows=rows,
        ),
        body=body,
        frame=frame,
        notes=(*notes, *more, *column_notes(plans), *shape_notes),
        units=units(plans),
    )


def _each(document: Document, read: Sequence[str], pattern: str, told: str) -> list[str]:
    """Return the lines that read each file of a folder and join what they hold."""
    opening = [line.replace("SOURCE", "file") for line in document.opening()]
    start = opening.index("import pandas as pd") + 1
    return [
        *opening[:start],
        "",
        "frames = []",
        f"for file in sorted(SOURCE.glob({literal(pattern)})):",
        *pandas_code.indent([line for line in [*opening[start:], *read] if line]),
        f"    frames.append(df{told})",
        "df = pd.concat(frames, ignore_index=True)",
    ]


def parse(given: Given) -> Document:
    """Return the document; raise FlaskdashError where it is broken, with the line."""
    text, encoding = decode(given.data, given.path)
    text = text.removeprefix("\ufeff")
    if encoding == "utf-8" and given.data.startswith(b"\xef\xbb\xbf"):
        encoding = "utf-8-sig"
    document = _parse(given, text, encoding)
    broken = encoding.startswith("utf-8") and "\ufffd" in text
    return replace(document, broken=True) if broken else document


def _parse(given: Given, text: str, encoding: str) -> Document:
    """Return the document in a text."""
    found: list[str] = []
    try:
        value = json.loads(text, parse_constant=found.append)
    except json.JSONDecodeError as error:
        return _parse_lines(given, text, encoding, error)
    except RecursionError as error:
        raise FlaskdashError(
            f"{given.path} is nested too deeply.", "give a list of records"
        ) from error
    lines = given.suffix in LINES and isinstance(value, dict)
    value = [value] if lines else value
    return Document(given, value, encoding, lines=lines, constants=bool(found))


def _parse_lines(given: Given, text: str, encoding: str, error: json.JSONDecodeError) -> Document:
    """Return a document for each line; raise where that is not how the text is broken."""
    lines = text.strip().split("\n")
    values, found = [], list[str]()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            values.append(json.loads(line, parse_constant=found.append))
        except (json.JSONDecodeError, RecursionError) as broken:
            if number == len(lines) and len(values) > 1:
                return Document(given, values, encoding, True, True, constants=bool(found))
            if len(values) > 1:
                raise FlaskdashError(
                    f"{given.path} has a line that is no JSON: line {number}: {broken}",
                    "mend or delete that line",
                ) from error
            raise FlaskdashError(
                f"{given.path} is broken JSON: {error}",
                "download or copy it again: it may be cut off",
            ) from error
    return Document(given, values, encoding, lines=True, constants=bool(found))


def locate(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[Place]:
    """Yield the places of a document that hold rows."""
    if isinstance(value, list):
        yield from _in_list(value, path)
    elif isinstance(value, dict) and value:
        yield from _in_object(value, path)


def _in_list(value: list[Any], path: tuple[str | int, ...]) -> Iterator[Place]:
    """Yield the places of a list: itself, or lists in it."""
    if not value:
        return
    objects = sum(isinstance(item, dict) for item in value)
    if objects == len(value) or objects > max(1, 0.8 * len(value)):
        features = all(isinstance(item, dict) and item.get("type") == "Feature" for item in value)
        yield Place(path, "features" if features else "records", value)
    elif (
        len(value) > 1
        and all(isinstance(item, list) for item in value)
        and len({len(item) for item in value}) == 1
    ):
        yield Place(path, "matrix", value)
    elif not any(isinstance(item, dict | list) for item in value):
        if not path and len(value) > 1:
            yield Place(path, "values", value)
    elif len(path) < DEPTH:
        for index, item in enumerate(value[:20]):
            yield from locate(item, (*path, index))


def _in_object(value: dict[str, Any], path: tuple[str | int, ...]) -> Iterator[Place]:
    """Yield the places of an object: itself where it is a table, or what is in it."""
    items = list(value.values())
    features = value.get("features")
    if value.get("type") == "FeatureCollection" and isinstance(features, list):
        yield Place((*path, "features"), "features", features)
        return
    if _split(value):
        yield Place(path, "split", value["data"])
        return
    if all(isinstance(item, list) for item in items) and len(items) > 1:
        sizes = {len(item) for item in items}
        flat = not any(isinstance(cell, dict | list) for item in items for cell in item[:100])
        if len(sizes) == 1 and flat and sizes != {0}:
            yield Place(path, "columns", items[0])
            return
    if all(isinstance(item, dict) for item in items) and len(items) > 1:
        keys = [set(item) for item in items]
        common = set.intersection(*keys)
        if common and len(common) >= 0.5 * max(map(len, keys)):
            counted = all(key.isdigit() for key in common)
            yield Place(path, "indexed" if counted else "keyed", items[0] if counted else items)
            return
    numbers = [item for item in items if not isinstance(item, bool | str | list | dict)]
    if len(items) >= PAIRS and len(numbers) == len(items):
        yield Place(path, "pairs", items)
        return
    if len(path) < DEPTH:
        for key, item in value.items():
            yield from locate(item, (*path, key))


def _split(value: Mapping[str, Any]) -> bool:
    """Tell whether an object holds names and rows apart: pandas' "split", or Socrata's."""
    rows = value.get("data")
    if not isinstance(rows, list) or not rows or not isinstance(rows[0], list):
        return False
    return len(_split_names(value) or []) == len(rows[0])


def _split_names(value: Mapping[str, Any]) -> list[str] | None:
    """Return the names that stand apart from the rows."""
    names = value.get("columns") or value.get("fields")
    if names is None:
        meta = value.get("meta")
        view = meta.get("view") if isinstance(meta, dict) else None
        names = view.get("columns") if isinstance(view, dict) else None
    if not isinstance(names, list):
        return None
    found = [name.get("name") if isinstance(name, dict) else name for name in names]
    return [str(name) for name in found]


def _choose(given: Given, places: Sequence[Place], document: Document) -> Place:
    """Return the records that were asked for, else the longest."""
    if given.table is not None and places:
        for place in places:
            if given.table == place.name:
                return place
        names = ", ".join(place.name for place in places[:8])
        raise FlaskdashError(
            f"{given.path} has no records {given.table!r}.", f"--table with one of: {names}"
        )
    if places and len(places[0].value):
        place = places[0]
        if (
            len(place.value) > 1
            or place.kind in ("features", "columns")
            or document.lines
            or place.path
        ):
            return place
    value = document.value
    if isinstance(value, dict) and value.get("type") == "Topology":
        raise FlaskdashError(f"{given.path} is TopoJSON, a drawing of areas.", "give it as GeoJSON")
    if isinstance(value, list | dict) and not value:
        raise FlaskdashError(f"{given.path} holds no records.", "give a file with rows")
    if places:
        return places[0]
    what = "one object" if isinstance(value, dict) else "a single value"
    if isinstance(value, list):
        what = "lists of unequal length"
    raise FlaskdashError(
        f"{given.path} holds {what}, not a list of records, so there are no rows to chart.",
        "give a list of objects: [{...}, {...}]",
    )


def _frame(given: Given, place: Place, document: Document) -> tuple[list[str], list[str]]:
    """Return the lines that make a DataFrame of the records, and notes."""
    rows, source = place.value, place.access
    notes: list[str] = []
    if place.kind == "features":
        return _features(rows, source)
    if place.kind == "columns":
        return [f"df = pd.DataFrame({source})"], notes
    if place.kind == "indexed":
        return [f"df = pd.DataFrame({source}).reset_index(drop=True)"], notes
    if place.kind == "pairs":
        pairs = f'{{"key": list({source}), "value": list({source}.values())}}'
        return [f"df = pd.DataFrame({pairs})"], notes
    if place.kind == "values":
        return [f'df = pd.DataFrame({{"value": {source}}})'], notes
    if place.kind == "split":
        holder = document.value
        for key in place.path:
            holder = holder[key]
        names = repair(_split_names(holder) or [])[0]
        return [f'df = pd.DataFrame({source}["data"], columns={literal(names)})'], notes
    if place.kind == "matrix":
        first = rows[0]
        if all(isinstance(cell, str) for cell in first) and len(set(first)) == len(first):
            return [f"df = pd.DataFrame({source}[1:], columns={source}[0])"], notes
        names = repair([""] * len(first))[0]
        notes.append("no names: columns are numbered")
        return [f"df = pd.DataFrame({source}, columns={literal(names)})"], notes
    if place.kind == "keyed":
        key = free("key", {name.lower() for row in rows for name in row})
        source = f"[{{{literal(key)}: key, **row}} for key, row in {source}.items()]"
        return [f'df = pd.json_normalize({source}, sep=".")'], [
            f"the names of the rows are in {key}"
        ]
    odd = sum(not isinstance(row, dict) for row in rows)
    if odd:
        notes.append(f"{odd} entries are no objects and were left out")
        source = f"[row for row in {source} if isinstance(row, dict)]"
    good = [row for row in rows if isinstance(row, dict)]
    if inner := _inner(good):
        lines, note = _exploded(good, source, inner)
        return lines, [*notes, note]
    if any(isinstance(cell, dict) for row in good for cell in row.values()):
        return [f'df = pd.json_normalize({source}, sep=".")  # a.b is b inside of a'], notes
    return [f"df = pd.DataFrame({source})"], notes


def _inner(rows: Sequence[dict[str, Any]]) -> str:
    """Return the key under which each record has a list of records of its own, or ""."""
    found = Counter(
        key
        for row in rows
        for key, cell in row.items()
        if isinstance(cell, list) and cell and all(isinstance(item, dict) for item in cell)
    )
    whole = [key for key in found if all(isinstance(row.get(key), list) for row in rows)]
    return whole[0] if len(whole) == 1 and len(found) == 1 else ""


def _exploded(rows: Sequence[dict[str, Any]], source: str, key: str) -> tuple[list[str], str]:
    """Return the lines that make a row of each inner record, with what stands beside it."""
    paths: dict[tuple[str, ...], None] = {}
    for row in rows:
        for path in _scalars(row):
            paths.setdefault(path)
    meta = ", ".join(literal(path[0]) if len(path) == 1 else literal(list(path)) for path in paths)
    empty = sum(not row[key] for row in rows)
    lost = f"; {empty} without any were left out" if empty else ""
    lines = [
        f"# One row for each of {comment(key)}, with what stands beside the list.",
        "df = pd.json_normalize(",
        f"    {source},",
        f"    record_path={literal(key)},",
        f"    meta=[{meta}],",
        f"    record_prefix={literal(key + '.')},",
        '    errors="ignore",  # a key may be missing',
        '    sep=".",',
        ")",
    ]
    return lines, f"one row for each of {comment(key)} in {len(rows)} records{lost}"


def _scalars(row: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the paths of plain values in a record."""
    for key, cell in row.items():
        if isinstance(cell, dict) and len(path) < DEPTH:
            yield from _scalars(cell, (*path, key))
        elif not isinstance(cell, list):
            yield (*path, key)


def _features(rows: Sequence[dict[str, Any]], source: str) -> tuple[list[str], list[str]]:
    """Return the lines for GeoJSON: the properties, and where points are."""
    bare = any(not row.get("properties") for row in rows)
    properties = f'feature["properties"]{" or {}" if bare else ""}'
    lines = [
        f"features = {source}",
        f'df = pd.json_normalize([{properties} for feature in features], sep=".")',
    ]
    names = {key.lower() for row in rows for key in (row.get("properties") or {})}
    if "id" not in names and all("id" in row for row in rows):
        lines.append('df["id"] = [feature["id"] for feature in features]')
    shapes = Counter((row.get("geometry") or {}).get("type") for row in rows)
    if set(shapes) - {None} != {"Point"}:
        kinds = ", ".join(str(kind) for kind in shapes if kind)
        return lines, [f"the shapes ({kinds or 'none'}) are left out: their properties are read"]
    points = [row["geometry"]["coordinates"] for row in rows if row.get("geometry")]
    nothing = any(not row.get("geometry") for row in rows)
    point = 'feature["geometry"]["coordinates"]'
    deep = all(len(point) > 2 for point in points) and not nothing
    axes = ["longitude", "latitude", *(["z"] if deep else [])]
    if nothing:
        point += ' if feature["geometry"] else [None, None]'
    lines.append(f"points = [{point} for feature in features]")
    for index, axis in enumerate(axes):
        lines.append(f"df[{literal(free(axis, names))}] = [point[{index}] for point in points]")
    notes = [
        "longitude and latitude are those of the points" + (", z is their third number" * deep)
    ]
    return lines, notes


def _run(given: Given, document: Document, lines: Sequence[str]) -> pd.DataFrame:
    """Return what the lines make of the file."""
    return _run_lines(given, [*document.opening(), *lines])


def _run_lines(given: Given, lines: Sequence[str]) -> pd.DataFrame:
    body = "\n".join([*lines, "return df"])
    try:
        return run(body, given.path)
    except (*FAILURES, RecursionError) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise FlaskdashError(
            f"{given.path} can't be made a table: {reason}", "give a list of flat records"
        ) from error


def _lost(frame: pd.DataFrame, place: Place) -> bool:
    """Tell whether a column of whole numbers became floats that can't hold them."""
    floats = frame.select_dtypes("float")
    return bool(((floats.abs() > EXACT) & (floats % 1 == 0)).any().any()) and _has_long(place.value)


def _has_long(value: Any) -> bool:
    """Tell whether there is a whole number of more than 53 bits anywhere."""
    if isinstance(value, dict):
        return any(map(_has_long, value.values()))
    if isinstance(value, list):
        return any(map(_has_long, value))
    return isinstance(value, int) and abs(value) > EXACT


def _convert(
    given: Given, lines: list[str], frame: pd.DataFrame
) -> tuple[str, pd.DataFrame, list[ColumnPlan], list[str]]:
    """Return the body with what turns text into numbers and dates, and what it returns."""
    if frame.empty or frame.shape[1] == 0:
        raise FlaskdashError(f"{given.path} holds no values.", "give a file with rows")
    old = [str(name) for name in frame.columns]
    names, notes = repair(old)
    if old != names or not all(isinstance(name, str) for name in frame.columns):
        lines = [*lines, f"df.columns = {literal(names)}"]
    plans, columns = [], []
    for position, name in enumerate(names):
        cells = [None if _missing(cell) else cell for cell in frame.iloc[:, position].tolist()]
        counts = Counter("" if cell is None else text_of(cell) for cell in cells)
        columns.append((cells, counts, frame.iloc[:, position].dtype))
        nested = any(isinstance(cell, dict | list) for cell in cells)
        found = (
            ColumnPlan(name, "text", counts[""])
            if nested
            else column_plan.plan_column(name, counts)
        )
        plans.append(found if nested else _typed(found, cells))
    plans = [order(p, c[1]) for p, c in zip(column_plan.settle(plans, "."), columns, strict=True)]
    for _ in range(3):
        steps = [
            (p.name, *step)
            for p, (cells, _, dtype) in zip(plans, columns, strict=True)
            for step in _steps(p, cells, dtype)
        ]
        body = "\n".join([*lines, *pandas_code.assignments(steps), "return df"])
        try:
            result = run(body, given.path)
        except FAILURES:
            plans = [
                p.as_text("not all values convert") if p.dating or p.numbers else p for p in plans
            ]
            continue
        wrong = {p.name for p in plans if not as_planned(p, result)}
        if not wrong:
            return body, result, plans, notes
        plans = [p.as_text("not all values convert") if p.name in wrong else p for p in plans]
    raise FlaskdashError(f"{given.path} can't be made a table.", "give a list of flat records")


def _missing(cell: Any) -> bool:
    """Tell whether a cell has no value."""
    return cell is None or cell is pd.NA or (isinstance(cell, float) and cell != cell)


def _typed(column: ColumnPlan, cells: Sequence[Any]) -> ColumnPlan:
    """Return a column's plan with what the types of its values tell."""
    kinds = Counter(kind_of(cell) for cell in cells if cell is not None)
    if set(kinds) == {"boolean"}:
        return replace(column, kind="boolean", notes=())
    found = refine_by_types(column, ["" if cell is None else cell for cell in cells])
    if found.kind == "text" and len(kinds) > 1:
        shown = " and ".join(f"{count:,} {kind}" for kind, count in kinds.most_common())
        found = replace(found, notes=(f"its values are of several types ({shown}): kept as text",))
    return found


def _steps(column: ColumnPlan, cells: Sequence[Any], dtype: Any) -> Iterator[tuple[str, str]]:
    """Yield the expressions over a column, {c}, each with a comment."""
    kinds = {kind_of(cell) for cell in cells if cell is not None and cell != ""}
    if any(isinstance(cell, dict | list) for cell in cells):
        flat = all(
            isinstance(cell, list) and not any(isinstance(item, dict | list) for item in cell)
            for cell in cells
            if cell is not None
        )
        how = 'lambda items: ", ".join(map(str, items))' if flat else "json.dumps"
        yield (
            f'{{c}}.map({how}, na_action="ignore")',
            "lists as text" if flat else "nested: as text",
        )
        return
    words = sorted(column.gaps | ({""} if "" in cells else set()))
    if words:
        yield f"{{c}}.mask({{c}}.isin({literal(words)}))", "no value"
        kinds = {kind_of(c) for c in cells if c is not None and c not in words}
    whole = kinds == {"number"} and not column.numbers
    if column.kind == "boolean" and str(dtype) == "object":
        yield '{c}.astype("boolean")', "true, false or missing"
    elif column.kind == "text" and kinds == {"number"}:
        text = '.astype("Int64")' if pd.api.types.is_float_dtype(dtype) else ""
        yield f'{{c}}{text}.astype("str")', column.reason
        return
    elif column.kind in ("text", "number", "integer") and len(kinds) > 1:
        yield '{c}.astype("str")', "values of several types"
    if column.kind in ("number", "integer"):
        if kinds != {"number"}:
            yield from pandas_code.number_steps(column, as_text=True)
        elif str(dtype) == "object" or words:
            yield "pd.to_numeric({c})", ""
    elif column.kind == "date" and column.dating:
        if whole and column.dating.kind == "excel":
            yield 'pd.to_datetime({c}, unit="D", origin="1899-12-30").dt.round("s")', "as in Excel"
            return
        if whole and column.dating.kind in ("s", "ms"):
            since = {"s": "seconds", "ms": "milliseconds"}[column.dating.kind]
            yield f'pd.to_datetime({{c}}, unit="{column.dating.kind}")', f"{since} since 1970, UTC"
            return
        if whole:
            text = '.astype("Int64")' if pd.api.types.is_float_dtype(dtype) else ""
            yield f'{{c}}{text}.astype("str")', ""
        yield from pandas_code.date_steps(column)
    elif column.kind == "text" and column.padded:
        yield "{c}.str.strip()", ""
