"""Inspect a collection of MongoDB, with the same code that a project reads it with."""

from __future__ import annotations

import difflib
import json
import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import TYPE_CHECKING, Any

from flaskdash import skeletons
from flaskdash.errors import FlaskdashError
from flaskdash.inspect import scratch
from flaskdash.inspect.dialects import DUCKDB, Dialect
from flaskdash.inspect.literals import comment, literal
from flaskdash.inspect.model import Inspection
from flaskdash.progress import working

if TYPE_CHECKING:
    from flaskdash.inspect.writing.draft import Draft

ADDRESS = re.compile(r"mongodb(\+srv)?://", re.IGNORECASE)
PARTS = re.compile(r"(mongodb(?:\+srv)?://)(?:(.*)@)?([^/?]*)(?:/([^?]*))?", re.IGNORECASE)
SAMPLE = 20_000  # the number of documents that an inspection reads at most
MOST_DOCUMENTS = 500_000  # While they are flattened, these take about 2 GB of memory.
MOST_LISTED = 20
MILLISECONDS = 60_000  # the limit of time for each query of an inspection
REQUIRES = ("pymongo>=4.9",)
VARIABLE = "FLASKDASH_URL"
EXAMPLE = "mongodb://user:password@host/shop"


@dataclass(frozen=True)
class MongoCollection:
    """A collection that a loader reads, and the environment variable with the address.

    `new` is true if the project's .env does not contain the address.
    """

    variable: str
    url: str = field(repr=False)
    name: str
    new: bool = True
    live: bool = False  # charts can't query MongoDB

    @property
    def dialect(self) -> Dialect:
        return DUCKDB


@dataclass(frozen=True)
class _Sample:
    """Documents of a collection, in plain values, and the number of all.

    `binary` are the paths whose values are binary. `unread` are names that a query can't select.
    """

    name: str
    documents: list[dict[str, Any]]
    count: int
    binary: Sequence[str]
    unread: Sequence[str]


def find_address(source: str, variables: Mapping[str, str]) -> tuple[str, str]:
    """Return the address of MongoDB in a source, and the variable that holds it; or "" twice.

    `variables` are those of the project's .env; the environment takes precedence.
    """
    if ADDRESS.match(source):
        return source, ""
    value = os.environ.get(source) or variables.get(source, "")
    return (value, source) if ADDRESS.match(value) else ("", "")


def redact(url: str) -> str:
    """Return an address without its password and parameters."""
    match = PARTS.match(url)
    assert match is not None
    scheme, account, host, name = match.groups("")
    user = f"{account.partition(':')[0]}:***@" if account else ""
    return f"{scheme}{user}{host}/{name}"


def refuse_flags(query: str | None, live: bool) -> None:
    """Raise FlaskdashError for the options that MongoDB can't follow."""
    if live:
        raise FlaskdashError(
            "--live needs a database that runs SQL, and MongoDB does not. "
            "Leave it out: the loader then reads the documents again after its REFRESH.",
            "--refresh 5m",
        )
    if query is not None:
        raise FlaskdashError(
            "--query is SQL, which MongoDB does not run. Name a collection, or a view, with --table."
        )


def inspect_collection(
    url: str, variable: str, table: str | None
) -> tuple[MongoCollection, Inspection]:
    """Work out how to read a collection, and what the columns of its documents mean."""
    from flaskdash.inspect.meaning import remarks, roles

    with working(f"Reading {redact(url)}..."):
        sample = _read(url, table)
        draft, left_out = _draft(url, sample)
    collection = MongoCollection(variable, url, sample.name, not variable)
    columns = roles.describe(draft.frame, draft.units)
    key_roles = roles.of_keys(columns, {"_id"})
    columns = roles.override(columns, key_roles, draft.frame)
    notes = [f"left out, as it is binary: {comment(name)}" for name in sample.binary]
    notes += [f"left out, as a query can't select it: {comment(name)}" for name in sample.unread]
    rows = len(draft.frame)
    if len(sample.documents) < sample.count:
        rows = round(rows * sample.count / len(sample.documents))
        notes.append(
            f"read a sample of {len(sample.documents):,} of the {sample.count:,} documents"
        )
    inspection = Inspection(
        source=f"{redact(url)}: {sample.name}",
        read=replace(
            draft.read,
            format="MongoDB",
            encoding=None,
            rows=rows,
            table=sample.name,
        ),
        columns=columns,
        body=draft.body,
        frame=draft.frame,
        notes=(
            *notes,
            *draft.notes,
            *map(remarks.left_out, left_out.items()),
            *remarks.remark(draft.frame, columns),
        ),
        declined=roles.decline(columns, len(draft.frame)),
        requires=REQUIRES,
        total=rows,
        left_out=left_out,
        omitted=draft.omitted,
        roles=key_roles,
    )
    return collection, inspection


def _draft(url: str, sample: _Sample) -> tuple[Draft, dict[str, list[str]]]:
    """Return the draft of a loader, and the totals that its body leaves out."""
    from flaskdash.inspect.formats import json as json_format
    from flaskdash.inspect.meaning import roles, totals
    from flaskdash.inspect.writing.draft import execute, without_totals
    from flaskdash.inspect.writing.tabular import FAILURES

    # The loader's code is tried on a copy of the sample, which is JSON.
    path = scratch.new_folder() / "documents.json"
    path.write_text(json.dumps(sample.documents), "utf-8")
    parse = 'data = json.loads(SOURCE.read_text("utf-8"))'
    opening = ["import json", "", "import pandas as pd", "", parse]
    place = f"{redact(url)}: {sample.name}"
    try:
        draft = json_format.flatten(path, sample.documents, opening)
        left_out = totals.redundant(draft.frame, roles.describe(draft.frame, draft.units))
        if left_out:
            body = without_totals(draft.body)
            draft = replace(draft, body=body, frame=execute(body, path, left_out))
    except FlaskdashError as error:
        raise FlaskdashError(error.message.replace(str(path), place), error.hint) from error
    except FAILURES as error:  # documents vary more than any test covers
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise FlaskdashError(
            f"{place} can't be read: {reason}. This is a bug in flaskdash: please report it."
        ) from error
    head = "\n".join(opening)
    assert draft.body.startswith(head)
    columns, *steps = draft.body.removeprefix(f"{head}\n").split("\n")
    is_geojson = draft.read.format == "geojson"  # its columns are not named after its fields
    fields = list(dict.fromkeys(name for row in sample.documents for name in row))
    selected = literal(fields) if is_geojson else "columns"
    code = ["import json", ""] if any("json.dumps" in line for line in steps) else []
    code += ["import pandas as pd", "", "from app.engine.mongodb import find", "", columns]
    code += [f"data = find(ADDRESS, {literal(sample.name)}, {selected})", *steps]
    return replace(draft, body="\n".join(code)), left_out


def _read(url: str, table: str | None) -> _Sample:
    """Return documents of a collection: all, or a random sample of a big one."""
    try:
        with _template(url) as module, module.connect(VARIABLE) as database:
            table = _choose(url, database, table)
            collection = database[table]
            count = collection.estimated_document_count(maxTimeMS=MILLISECONDS)
            if count > MOST_DOCUMENTS:
                raise FlaskdashError(
                    f"{redact(url)} has {count:,} documents in {table}, too many for the memory of a loader. "
                    "Create a view in MongoDB that adds them up, or selects some, and name it with "
                    "--table."
                )
            stages = [{"$sample": {"size": SAMPLE}}] if count > SAMPLE else [{"$limit": SAMPLE}]
            documents = list(collection.aggregate(stages, maxTimeMS=MILLISECONDS))
            plain = [module.plain(document) or {} for document in documents]
    except ModuleNotFoundError as error:
        raise FlaskdashError(
            f"{redact(url)} needs the package pymongo.", "pip install 'flaskdash[databases]'"
        ) from error
    except RuntimeError as error:  # the template's MongoError
        raise _read_error(url, str(error)) from None
    # In a projection, a dot is the path to an inner field, and a dollar an operator.
    names = {name for row in plain for name in row}
    unread = sorted(name for name in names if not name or "." in name or name.startswith("$"))
    rows = [{name: row[name] for name in row if name not in unread} for row in plain]
    if not any(rows):
        raise FlaskdashError(
            f"{redact(url)} has no documents in {table}. Use a collection that has some."
        )
    binary = list(dict.fromkeys(path for row in documents for path in _binary(row)))
    return _Sample(table, rows, max(count, len(rows)), binary[:MOST_LISTED], unread[:MOST_LISTED])


def _binary(value: Any, path: str = "") -> Iterator[str]:
    """Yield the paths of the binary values in a document."""
    if isinstance(value, bytes):
        yield path
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _binary(item, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for item in value:
            yield from _binary(item, path)


def _choose(url: str, database: Any, table: str | None) -> str:
    """Return `table` if it exists, or the only collection; raise FlaskdashError with their names."""
    listed = database.list_collection_names(authorizedCollections=True)
    names = sorted(name for name in listed if not name.startswith("system."))
    if table in names:
        return str(table)
    if table is None and len(names) == 1:
        return str(names[0])
    if not names:
        raise FlaskdashError(
            f"{redact(url)} has no collections that the user may read. "
            "Check the name of the database at the end of the address."
        )
    problem = f"{len(names)} collections" if table is None else f"no collection {table!r}"
    close = difflib.get_close_matches(table or "", names, n=1, cutoff=0.6) or names
    listing = ", ".join(names[:MOST_LISTED]) + (", ..." if len(names) > MOST_LISTED else "")
    raise FlaskdashError(
        f"{redact(url)} has {problem}. Choose one with --table: {listing}.",
        f"--table {shlex.quote(close[0])}",
    )


def _read_error(url: str, reason: str) -> FlaskdashError:
    """Return the error for a database that can't be read, with what the user can do."""
    if "No default database" in reason:
        return FlaskdashError(
            f"{redact(url)} does not name a database. Write its name at the end of the address.",
            EXAMPLE,
        )
    return FlaskdashError(
        f"{redact(url)} can't be read: {reason.rstrip('.')}. "
        "Check the address, and that the database is running."
    )


@contextmanager
def _template(url: str) -> Iterator[ModuleType]:
    """Import the code that a project gets, and set the variable of its address meanwhile."""
    module = skeletons.import_module("mongodb/{{cookiecutter.folder}}/app/engine/mongodb.py")
    os.environ[VARIABLE] = url
    try:
        yield module
    finally:
        del os.environ[VARIABLE]
