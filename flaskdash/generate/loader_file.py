"""The file of a loader: what its skeleton is rendered with."""

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
from flaskdash.inspect.formats.database import Database
from flaskdash.inspect.literals import literal
from flaskdash.inspect.model import Inspection
from flaskdash.names import capital, initials


def label(name: str) -> str:
    """Return a loader's name as a label: in plain words, with a capital letter."""
    return capital(initials(humanise(name)))


def loader(
    root: Path,
    name: str,
    inspection: Inspection,
    file: str,
    url: str = "",
    refresh: str = "",
    variable: str = "",
) -> PurePosixPath:
    """Draft the loader of a source whose copy is data/`file`, or of a URL; return its module's path.

    A URL that a `variable` holds does not stand in the loader.
    """
    context = {
        "module": name,
        "summary": f"{label(name)}: {one_line(file)}, {_shape(inspection)} when it was added.",
        "doing": _doing(inspection, one_line(file)),
        "totals": _totals(inspection.left_out),
        "source": repr(variable or url or file),
        "variable": bool(variable),
        "url": bool(url),
        "refresh": repr(refresh) if refresh else "",
        "body": _downloaded(inspection.body, variable) if url else inspection.body.strip(),
    }
    render.render("loader", context, root)
    return PurePosixPath("app", "loaders", f"{name}.py")


def _doing(inspection: Inspection, file: str) -> str:
    """Return the sentence that says what load() does."""
    if inspection.left_out:
        return f"Read {file}, without the rows of TOTALS."
    if inspection.files:
        return f"Read the files in {file}, as they are written, one after the other."
    return f"Read {file}, as it is written."


def _totals(left_out: Mapping[str, Sequence[str]]) -> str:
    """Return the totals that a loader leaves out, as Python source, or ""."""
    if not left_out:
        return ""
    listed = (f"{literal(column)}: {literal(values)}," for column, values in left_out.items())
    return "{" + " ".join(listed) + "}"


def database_loader(
    root: Path, name: str, inspection: Inspection, database: Database, refresh: str
) -> PurePosixPath:
    """Draft the loader of a database's table, and the code that it shares with others like it."""
    if database.live:
        render.render_part("live", {}, root)
    what = f"{one_line(database.name)} in {database.dialect.title}"
    context = {
        "module": name,
        "summary": f"{label(name)}: {what}, {_shape(inspection)} when it was added.",
        "doing": "Read the first rows: what add-chart looks at, and the tests."
        if database.live
        else "Read all rows.",
        "variable": repr(database.variable),
        "query": triple_quoted(database.query),
        "columns": repr(database.columns),
        "refresh": repr(refresh),
        "live": database.live,
    }
    render.render("database", context, root)
    render.record_part("database", {}, root)  # app/engine/database.py, which its loaders share
    return PurePosixPath("app", "loaders", f"{name}.py")


def _downloaded(body: str, variable: str) -> str:
    """Return the body for a file that is downloaded first: what it calls SOURCE is the copy."""
    body = body.strip()
    tokens = tokenize.generate_tokens(io.StringIO(body).readline)
    names = [token.start for token in tokens if token.string == "SOURCE"]
    lines = body.split("\n")
    for row, column in reversed(names):
        line = lines[row - 1]
        lines[row - 1] = f"{line[:column]}file{line[column + len('SOURCE') :]}"
    first = next(i for i, line in enumerate(lines) if not line.startswith(("import ", "from ")))
    imports = ["from app.engine.download import download", "", "file = download(SOURCE)"]
    if variable:
        imports = ["from app.engine.download import address, download"]
        imports += ["", "file = download(address(ADDRESS))"]
    return "\n".join([*lines[:first], "", *imports, *lines[first:]])


def _shape(inspection: Inspection) -> str:
    return f"{inspection.read.rows:,} rows, {len(inspection.columns)} columns"


def add_source(root: Path, source: Source) -> PurePosixPath:
    """Copy a source into data/ and draft its loader; return the loader's path."""
    data = root / "data"
    data.mkdir(exist_ok=True)
    for path, copy in source.copies().items():
        (root / copy).parent.mkdir(exist_ok=True)
        shutil.copyfile(path, root / copy)
        render.keep_digest(root, copy)
    if source.database:
        return database_loader(
            root, source.name, source.inspection, source.database, source.refresh
        )
    if source.url:
        render.render_part("download", {}, root)
    return loader(
        root,
        source.name,
        source.inspection,
        source.file,
        source.url,
        source.refresh,
        source.variable,
    )
