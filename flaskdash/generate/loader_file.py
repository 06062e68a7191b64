"""Render the file of a loader."""

from __future__ import annotations

import io
import shutil
import tokenize
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from flaskdash.charts.suggest.wording import humanise
from flaskdash.generate import render
from flaskdash.generate.literals import one_line, triple_quoted
from flaskdash.generate.sources import Source
from flaskdash.inspect.formats import url as urls
from flaskdash.inspect.formats.database import Database
from flaskdash.inspect.formats.mongodb import MongoCollection
from flaskdash.inspect.literals import literal
from flaskdash.inspect.model import Inspection
from flaskdash.names import capital, initials


def label(name: str) -> str:
    """Return a loader's name as words with a capital letter: Sales 2024."""
    return capital(initials(humanise(name)))


def file_loader(root: Path, source: Source) -> PurePosixPath:
    """Draft the loader of a file or of a URL; return the path of its module.

    The loader names the file, the URL, or the variable that holds a secret URL.
    """
    from flaskdash.inspect.meaning.roles import declared_units

    inspection, file = source.inspection, one_line(source.file)
    body = inspection.body.strip()
    context = {
        "module": source.name,
        "summary": f"{label(source.name)}: {file}, {_shape(inspection)} when it was added.",
        "doing": _load_sentence(inspection, file),
        "totals": _constant(inspection.left_out),
        "source": repr(source.variable or source.url or source.file),
        "variable": bool(source.variable),
        "url": bool(source.url),
        "refresh": repr(source.refresh) if source.refresh else "",
        "roles": _constant(inspection.roles),
        "units": _constant(declared_units(inspection.columns)),
        "headers": _headers(source.headers),
        "body": _download_first(body, source) if source.url else body,
    }
    render.render("loader", context, root)
    return PurePosixPath("app", "loaders", f"{source.name}.py")


def collection_loader(root: Path, source: Source, collection: MongoCollection) -> PurePosixPath:
    """Draft the loader of a collection, and the module that all such loaders share."""
    from flaskdash.inspect.meaning.roles import declared_units

    inspection, name = source.inspection, one_line(collection.name)
    context = {
        "module": source.name,
        "summary": f"{label(source.name)}: {name} in MongoDB, {_shape(inspection)} when it was added.",
        "doing": f"Read all documents of {name}{', without the rows of TOTALS' * bool(inspection.left_out)}.",
        "totals": _constant(inspection.left_out),
        "source": repr(collection.variable),
        "variable": True,
        "url": True,  # not a file in data/
        "refresh": repr(source.refresh),
        "roles": _constant(inspection.roles),
        "units": _constant(declared_units(inspection.columns)),
        "headers": "",
        "body": inspection.body,
    }
    render.render_part("mongodb", {}, root)
    render.render("loader", context, root)
    return PurePosixPath("app", "loaders", f"{source.name}.py")


def _load_sentence(inspection: Inspection, file: str) -> str:
    """Return the docstring of load()."""
    if inspection.left_out:
        return f"Read {file}, without the rows of TOTALS."
    if inspection.files:
        return f"Read the files in {file}, as they are written, one after the other."
    return f"Read {file}, as it is written."


def _constant(by_column: Mapping[str, str | Sequence[str]]) -> str:
    """Return a dict of columns as Python source; "" if it is empty."""
    listed = (f"{literal(column)}: {literal(value)}" for column, value in by_column.items())
    return "{" + ", ".join(listed) + "}" if by_column else ""


def database_loader(
    root: Path, name: str, inspection: Inspection, database: Database, refresh: str
) -> PurePosixPath:
    """Draft the loader of a database's table, and the module that all such loaders share."""
    if database.live:
        render.render_part("live", {}, root)
    table = f"{one_line(database.name)} in {database.dialect.title}"
    context = {
        "module": name,
        "summary": f"{label(name)}: {table}, {_shape(inspection)} when it was added.",
        "doing": "Read the first rows: what add-chart looks at, and the tests."
        if database.live
        else "Read all rows.",
        "variable": repr(database.variable),
        "query": triple_quoted(database.query),
        "columns": repr(database.columns),
        "refresh": repr(refresh),
        "roles": _constant(inspection.roles),
        "live": database.live,
    }
    render.render("database", context, root)
    render.record_part("database", {}, root)  # app/engine/database.py
    return PurePosixPath("app", "loaders", f"{name}.py")


def _headers(headers: Mapping[str, str]) -> str:
    """Return the headers of requests as Python source, with env() for variables; "" if there are none."""
    listed = []
    for name, text in headers.items():
        parts = urls.VARIABLE.split(text)  # texts and variables in turns
        code = [
            literal(part) if index % 2 == 0 else f"env({literal(part)})"
            for index, part in enumerate(parts)
            if part
        ]
        listed.append(f"{literal(name)}: {' + '.join(code)}")
    return f"{{{', '.join(listed)}}}" if listed else ""


def _download_first(body: str, source: Source) -> str:
    """Return the body of a loader that downloads SOURCE, and reads the downloaded file."""
    tokens = tokenize.generate_tokens(io.StringIO(body).readline)
    positions = [token.start for token in tokens if token.string == "SOURCE"]
    lines = body.split("\n")
    for row, column in reversed(positions):
        line = lines[row - 1]
        lines[row - 1] = f"{line[:column]}file{line[column + len('SOURCE') :]}"
    first = next(
        index for index, line in enumerate(lines) if not line.startswith(("import ", "from "))
    )
    function = "download_pages" if source.pages > 1 else "download"
    place = "address(ADDRESS)" if source.variable else "SOURCE"
    call = f"{function}({place}, HEADERS)" if source.headers else f"{function}({place})"
    names = f"address, {function}" if source.variable else function
    imports = [f"from app.engine.download import {names}", "", f"file = {call}"]
    return "\n".join([*lines[:first], "", *imports, *lines[first:]])


def _shape(inspection: Inspection) -> str:
    return f"{inspection.total or inspection.read.rows:,} rows, {len(inspection.columns)} columns"


def add_source(root: Path, source: Source) -> PurePosixPath:
    """Copy a source into data/ and draft its loader; return the loader's path."""
    data = root / "data"
    data.mkdir(exist_ok=True)
    for path, copy in source.copies().items():
        (root / copy).parent.mkdir(exist_ok=True)
        shutil.copyfile(path, root / copy)
        render.keep_digest(root, copy)
    if isinstance(source.database, MongoCollection):
        return collection_loader(root, source, source.database)
    if source.database:
        return database_loader(
            root, source.name, source.inspection, source.database, source.refresh
        )
    if source.url:
        render.render_part("download", {}, root)
    return file_loader(root, source)
