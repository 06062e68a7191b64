"""A source that is to be added: its loader, its copy in data/, and its charts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from flaskdash import names
from flaskdash.charts.kinds import Chart
from flaskdash.errors import FlaskdashError
from flaskdash.inspect.dialects import DUCKDB, Dialect
from flaskdash.inspect.formats import database as databases
from flaskdash.inspect.formats import stdin
from flaskdash.inspect.formats import url as urls
from flaskdash.inspect.formats.database import Database
from flaskdash.inspect.model import Inspection
from flaskdash.progress import working

REFRESH = "1h"  # of what comes from elsewhere, where nothing else was asked for


@dataclass(frozen=True)
class Wanted:
    """What is asked of a source that is not a file: `query` and `live` are for databases.

    `known` are the variables of the project's .env.
    """

    query: str | None = None
    live: bool = False
    refresh: str = ""
    known: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """A source with the name of its loader and of its copy in data/, and its charts.

    A source on the web has no copy; its loader asks the `url` again after `refresh`. So does that
    of a `database`. A URL with a secret in it is known to the loader by the name of a `variable`,
    which is `new` where the project has to be told.
    """

    path: Path
    name: str
    file: str
    inspection: Inspection
    charts: tuple[Chart, ...]
    url: str = ""
    refresh: str = ""
    database: Database | None = None
    variable: str = ""
    new: bool = False

    @property
    def dialect(self) -> Dialect:
        """Return what charts' SQL is written in: DuckDB's, but for those that ask a database."""
        return self.database.dialect if self.database and self.database.live else DUCKDB

    def secrets(self) -> dict[str, str]:
        """Return the variables that .env is to hold for this source."""
        if self.database:
            return {self.database.variable: self.database.url} if self.database.new else {}
        return {self.variable: self.url} if self.new else {}

    def needs(self) -> str:
        """Return the variable that the loader takes an address from, or ""."""
        return self.database.variable if self.database else self.variable

    def copies(self) -> dict[Path, PurePosixPath]:
        """Return the files of the source, and where in the project each is copied to."""
        if self.url or self.database:
            return {}
        folder = PurePosixPath("data", self.file)
        return {one: folder / one.name for one in self.inspection.files} or {self.path: folder}


def source(
    given: str,
    name: str | None,
    taken: set[str],
    files: set[str],
    table: str | None = None,
    wanted: Wanted = Wanted(),
) -> Source:
    """Inspect a source; name its loader and its copy, apart from those that are taken."""
    from flaskdash.charts.suggest import filters, suggest
    from flaskdash.inspect import inspect_source

    address = urls.from_variable(given, wanted.known)
    if databases.is_address(given) and not address:
        return _of_database(given, name, taken, table, wanted)
    if wanted.query is not None or wanted.live:
        flag = "--live" if wanted.live else "--query"
        file = f"sqlite:///{given}" if given.endswith((".db", ".sqlite", ".sqlite3")) else ""
        raise FlaskdashError(f"{flag} is for databases", hint=file or f"leave {flag} out")
    piped, url = given == stdin.DASH, address or (given if urls.is_url(given) else "")
    if piped and name is None:
        raise FlaskdashError("data from standard input needs a name", hint="--name sales")
    variable = given if address else ""
    secret = bool(url and not variable and urls.has_secret(url))
    if secret:
        url = urls.escape(url)
    path = local(url or given)
    with working(f"Reading {path.name}..."):
        inspection = inspect_source(path, table)
    stem, suffix = _stem(path, inspection)
    if piped and name:
        read = inspection.read
        stem, suffix = name, stdin.suffix(read.format, read.compression)
    loader = name or free(names.identifier(stem, "data"), taken)
    file = free(names.identifier(stem, "data"), {one.partition(".")[0] for one in files})
    chosen = filters(inspection)
    charts = tuple(replace(chart, filters=chosen) for chart in suggest(inspection, loader))
    refresh = (wanted.refresh or REFRESH) if url else ""
    found = Source(path, loader, file + suffix.lower(), inspection, charts, url, refresh)
    if secret:
        variable = urls.free_variable(url, loader, wanted.known)
    return replace(found, variable=variable, new=secret and variable not in wanted.known)


def _of_database(
    given: str, name: str | None, taken: set[str], table: str | None, wanted: Wanted
) -> Source:
    """Look into a database; name the loader, and the variable for the address."""
    from flaskdash.charts.suggest import filters, suggest

    known = wanted.known
    database, inspection = databases.inspect_database(
        given, table, wanted.query, wanted.live, known
    )
    loader = name or free(names.identifier(database.name, "data"), taken)
    if wanted.query and wanted.live and re.search(rf"\b{loader}\b", wanted.query, re.IGNORECASE):
        # Charts call the loader as they call a table: SQLite would take the one for the other.
        raise FlaskdashError(
            f"the query names {loader}, which would be the loader's name too",
            hint=f"--name {loader}_live",
        )
    if not database.variable:
        variable = databases.free_variable(database.url, loader, known)
        database = replace(database, variable=variable, new=variable not in known)
    chosen = filters(inspection)
    charts = tuple(replace(chart, filters=chosen) for chart in suggest(inspection, loader))
    refresh = wanted.refresh or ("1m" if wanted.live else REFRESH)
    where = Path(database.name)
    return Source(where, loader, "", inspection, charts, "", refresh, database)


def checked(refresh: str) -> str:
    """Return how long data is good for; raise where it is not written as projects have it."""
    if refresh and not re.fullmatch(r"[1-9]\d*[mhd]", refresh):
        raise FlaskdashError(f"--refresh can't be {refresh!r}", hint="--refresh 15m, or 1h, or 1d")
    return refresh


def local(given: str) -> Path:
    """Return a source as a file: what is piped in or on the web is saved to one."""
    if given == stdin.DASH:
        return stdin.save()
    return urls.download(given) if urls.is_url(given) else Path(given)


def _stem(path: Path, inspection: Inspection) -> tuple[str, str]:
    """Return what a source's copy is named after, and its ending; a folder has none."""
    if inspection.files:
        return (path if path.is_dir() else path.parent).resolve().name, ""
    stem = names.stem(path.name)
    return stem, path.name.removeprefix(stem)


def free(name: str, taken: set[str]) -> str:
    """Return the name, or the first of name_2, name_3... that is not taken."""
    if name not in taken:
        return name
    return next(f"{name}_{n}" for n in range(2, 1000) if f"{name}_{n}" not in taken)
