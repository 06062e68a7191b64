"""The source of a new loader: its data, its copy in data/, and its charts."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from flaskdash import names
from flaskdash.charts.kinds import Chart
from flaskdash.errors import FlaskdashError
from flaskdash.generate import table_names
from flaskdash.inspect.dialects import DUCKDB, Dialect
from flaskdash.inspect.formats import database as databases
from flaskdash.inspect.formats import mongodb, stdin
from flaskdash.inspect.formats import url as urls
from flaskdash.inspect.formats.database import Database
from flaskdash.inspect.formats.mongodb import MongoCollection
from flaskdash.inspect.model import Inspection
from flaskdash.inspect.reading import DETECTED, Reading
from flaskdash.progress import working

REFRESH = "1h"  # the default for URLs and databases
LIVE_REFRESH = "1m"
DATABASE_FILES = (".db", ".sqlite", ".sqlite3")


@dataclass(frozen=True)
class SourceOptions:
    """The options of `new` and `add-data` for a source.

    `table` is a sheet, a member of an archive, or a table of a database. `query` and `live` are
    for databases, `refresh` is for databases and URLs. `env` holds the variables of the project's
    .env. `reading` is what the user says about the text of a file. `headers` are sent to
    the server of a URL.
    """

    table: str | None = None
    query: str | None = None
    live: bool = False
    refresh: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    reading: Reading = DETECTED
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """A source with the names of its loader and of its copy in data/, and its charts.

    A URL or a database has no copy: its loader reads it again after `refresh`. If the address
    contains a secret, the loader reads it from an environment `variable`; `is_new_variable` means
    that .env does not set it yet. `names` are those that the loader could have, the best first.
    A URL is asked with `headers`, and `pages` times if it is that of an API. `questions` are the charts
    of a survey's questions, for a dashboard of their own.
    """

    path: Path
    name: str
    file: str
    inspection: Inspection
    charts: tuple[Chart, ...]
    url: str = ""
    refresh: str = ""
    database: Database | MongoCollection | None = None
    variable: str = ""
    is_new_variable: bool = False
    names: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    pages: int = 1
    questions: tuple[Chart, ...] = ()

    @property
    def dialect(self) -> Dialect:
        """Return the SQL dialect of the charts: DuckDB, except for live databases."""
        return self.database.dialect if self.database and self.database.live else DUCKDB

    def secrets(self) -> dict[str, str]:
        """Return the variables to add to .env for this source."""
        if self.database:
            return {self.database.variable: self.database.url} if self.database.new else {}
        return {self.variable: self.url} if self.is_new_variable else {}

    def required_variables(self) -> list[str]:
        """Return the environment variables from which the loader reads an address and headers."""
        address = self.database.variable if self.database else self.variable
        return [
            *filter(None, [address]),
            *(name for text in self.headers.values() for name in urls.VARIABLE.findall(text)),
        ]

    def copies(self) -> dict[Path, PurePosixPath]:
        """Return the files of the source, each with the path of its copy in the project."""
        if self.url or self.database:
            return {}
        target = PurePosixPath("data", self.file)
        copies = {path: target / path.name for path in self.inspection.files}
        return copies or {self.path: target}


def read_source(
    location: str,
    name: str | None,
    loaders: Collection[str] = (),
    files: Collection[str] = (),
    options: SourceOptions = SourceOptions(),
) -> Source:
    """Inspect a source, and choose the names of its loader and its copy.

    `location` is a path, a URL, the address of a database, a variable that holds one of these, or
    "-" for standard input. `name` is the loader's name; if it is None, the loader gets one that is
    not in `loaders`. The copy gets one that is not in `files`.
    """
    from flaskdash.charts.suggest import each_question, filters, suggest
    from flaskdash.inspect import inspect_source

    address = urls.from_variable(location, options.env)
    mongo, variable = mongodb.find_address(location, options.env)
    if mongo:
        mongodb.refuse_flags(options.query, options.live)
        collection, inspection = mongodb.inspect_collection(mongo, variable, options.table)
        return _database_source(collection, inspection, name, loaders, options)
    if databases.is_address(location) and not address:
        return _read_database(location, name, loaders, options)
    if options.query is not None or options.live:
        raise _not_a_database(location, "--live" if options.live else "--query")
    is_piped = location == stdin.DASH
    if is_piped and name is None:
        raise FlaskdashError(
            "The loader for data from standard input has no name. Choose one.", hint="--name sales"
        )
    url = address or (location if urls.is_url(location) else "")
    if options.headers and not url:
        raise FlaskdashError(
            f"--header only applies to a URL, and {location} is not one. Leave it out."
        )
    has_secret = bool(url and not address and urls.has_secret(url))
    if has_secret:
        url = urls.escape(url)
    path, pages = local_path(url or location, urls.filled(options.headers, options.env))
    with working(f"Reading {path.name}..."):
        inspection = pages_note(inspect_source(path, options.table, options.reading), pages)
    stem, suffix = _stem(path, inspection)
    choices = table_names.candidates(path, stem, inspection, options.table or options.reading.sheet)
    if is_piped and name:
        read = inspection.read
        choices, suffix = [name], stdin.suffix(read.format, read.compression)
    free = [choice for choice in choices if choice not in loaders]
    identifier = free[0] if free else choices[0]
    loader = name or unused_name(identifier, loaders)
    file = unused_name(identifier, {file.partition(".")[0] for file in files})
    columns = filters(inspection)
    charts = tuple(replace(chart, filters=columns) for chart in suggest(inspection, loader))
    questions = each_question(inspection, loader)
    refresh = (options.refresh or REFRESH) if url else ""
    variable = location if address else ""
    if has_secret:
        variable = urls.free_variable(url, loader, options.env)
    return Source(
        path,
        loader,
        file + suffix.lower(),
        inspection,
        charts,
        url=url,
        refresh=refresh,
        variable=variable,
        is_new_variable=has_secret and variable not in options.env,
        names=tuple(choices),
        headers=options.headers if url else {},
        pages=pages,
        questions=tuple(replace(chart, filters=columns) for chart in questions),
    )


def _not_a_database(location: str, flag: str) -> FlaskdashError:
    message = f"{flag} only applies to databases, and {location} is not one."
    if location.endswith(DATABASE_FILES):
        return FlaskdashError(f"{message} Give its address.", hint=f"sqlite:///{location}")
    return FlaskdashError(f"{message} Leave {flag} out.")


def _read_database(
    location: str, name: str | None, loaders: Collection[str], options: SourceOptions
) -> Source:
    """Inspect a database of SQL, and return its source."""
    database, inspection = databases.inspect_database(
        location, options.table, options.query, options.live, options.env
    )
    return _database_source(database, inspection, name, loaders, options)


def _database_source(
    database: Database | MongoCollection,
    inspection: Inspection,
    name: str | None,
    loaders: Collection[str],
    options: SourceOptions,
) -> Source:
    """Choose the name of the loader, its charts, and the variable for the address."""
    from flaskdash.charts.suggest import filters, suggest

    loader = name or unused_name(names.identifier(database.name, "data"), loaders)
    query = options.query if options.live else None
    if query and re.search(rf"\b{loader}\b", query, re.IGNORECASE):
        # Charts select from the loader as from a table, so SQLite would confuse the two.
        raise FlaskdashError(
            f"The query reads a table {loader}, and the loader would have the same name."
            " Choose another name for the loader.",
            hint=f"--name {loader}_live",
        )
    if not database.variable:
        # Hosts set DATABASE_URL for a database of SQL.
        preferred = "MONGODB_URL" if isinstance(database, MongoCollection) else "DATABASE_URL"
        variable = databases.free_variable(database.url, loader, options.env, preferred)
        database = replace(database, variable=variable, new=variable not in options.env)
    columns = filters(inspection)
    charts = tuple(replace(chart, filters=columns) for chart in suggest(inspection, loader))
    refresh = options.refresh or (LIVE_REFRESH if options.live else REFRESH)
    path = Path(database.name)
    return Source(path, loader, "", inspection, charts, refresh=refresh, database=database)


def check_refresh(interval: str) -> str:
    """Return an interval such as 30s, 15m, 1h or 1d; raise FlaskdashError for any other text."""
    if interval and not re.fullmatch(r"[1-9][0-9]{0,4}[smhd]", interval):
        raise FlaskdashError(
            f"--refresh {interval!r} is not an interval. Give seconds, minutes, hours or days:"
            " 30s, 15m, 1h or 1d.",
            hint="--refresh 1h",
        )
    return interval


def local_path(location: str, headers: Mapping[str, str] | None = None) -> tuple[Path, int]:
    """Return the file of a source, and the number of an API's pages in it.

    Standard input or a URL, which is asked with `headers`, is saved to a file first.
    """
    if location == stdin.DASH:
        return stdin.save(), 1
    return urls.download(location, headers) if urls.is_url(location) else (Path(location), 1)


def pages_note(inspection: Inspection, pages: int) -> Inspection:
    """Return an inspection with a note on the pages of an API, if there are several."""
    if pages < 2:
        return inspection
    note = f"{pages} pages of the API joined into one table"
    return replace(inspection, notes=(note, *inspection.notes))


def _stem(path: Path, inspection: Inspection) -> tuple[str, str]:
    """Return the name and the ending for a source's copy; a folder has no ending."""
    if inspection.files:
        folder = path if path.is_dir() else path.parent
        return folder.resolve().name, ""
    stem = names.stem(path.name)
    return stem, path.name.removeprefix(stem)


def unused_name(name: str, used: Collection[str]) -> str:
    """Return the name, or the first of name_2, name_3... that is not in `used`."""
    if name not in used:
        return name
    candidates = (f"{name}_{number}" for number in range(2, 1000))
    return next(candidate for candidate in candidates if candidate not in used)
