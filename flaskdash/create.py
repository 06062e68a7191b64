"""Make a project: everything in a folder beside the target, then one rename."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import NoReturn

from flaskdash import environment, generate, names, render, shell
from flaskdash.charts import KINDS, Chart
from flaskdash.dialects import DUCKDB, Dialect
from flaskdash.errors import FlaskdashError
from flaskdash.inspect import database as databases
from flaskdash.inspect import remote, stdin
from flaskdash.inspect.database import Database
from flaskdash.inspect.model import Inspection
from flaskdash.progress import working

SAMPLE = render.TEMPLATES / "sample" / "flights.csv"
MOST_KPIS = 4
MAPS = {"choropleth", "map"}
MARK = "flaskdash-new"
REFRESH = "1h"  # of what comes from elsewhere, where nothing else was asked for
Echo = Callable[[str], None]


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


@dataclass(frozen=True)
class Plan:
    """All that `new` was asked for, checked."""

    target: Path
    title: str
    sources: tuple[Source, ...]
    install: bool = True
    git: bool = True


def plan(
    parent: Path,
    name: str,
    title: str,
    sources: Sequence[str],
    most_charts: int,
    install: bool,
    git: bool,
    table: str | None = None,
    live: bool = False,
) -> Plan:
    """Return a checked plan: inspect the sources, choose their charts; write nothing.

    `table` is the sheet, or the member of an archive, that is meant where there is one source.
    """
    target = parent / names.check_project(name)
    if target.exists() or target.is_symlink():
        raise FlaskdashError(
            f"{target.name} exists already; nothing was written", hint="another name"
        )
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise FlaskdashError(
            f"can't write in {target.parent}: permission denied", hint="another folder"
        )
    if table is not None and len(sources) > 1:
        raise FlaskdashError(
            "--table is for one source, and several were given",
            hint="one --data here, and `flaskdash add-data FILE --table NAME` for the others",
        )
    found: list[Source] = []
    known: dict[str, str] = {}
    for given in sources:
        names_taken, files_taken = {one.name for one in found}, {one.file for one in found}
        name_of_it = free("data", names_taken) if given == stdin.DASH else None
        wanted = Wanted(live=live, known=known)
        found.append(source(given, name_of_it, names_taken, files_taken, table, wanted))
        known |= found[-1].secrets()
    title = " ".join(title.split()) or names.title(target.name)
    return Plan(target, title, _share(found, most_charts), install, git)


def source(
    given: str,
    name: str | None,
    taken: set[str],
    files: set[str],
    table: str | None = None,
    wanted: Wanted = Wanted(),
) -> Source:
    """Inspect a source; name its loader and its copy, apart from those that are taken."""
    from flaskdash.inspect import inspect_source
    from flaskdash.suggest import filters, suggest

    address = remote.held(given, wanted.known)
    if databases.is_address(given) and not address:
        return _of_database(given, name, taken, table, wanted)
    if wanted.query is not None or wanted.live:
        flag = "--live" if wanted.live else "--query"
        file = f"sqlite:///{given}" if given.endswith((".db", ".sqlite", ".sqlite3")) else ""
        raise FlaskdashError(f"{flag} is for databases", hint=file or f"leave {flag} out")
    piped, url = given == stdin.DASH, address or (given if remote.is_url(given) else "")
    if piped and name is None:
        raise FlaskdashError("data from standard input needs a name", hint="--name sales")
    variable = given if address else ""
    secret = bool(url and not variable and remote.is_secret(url))
    if secret:
        url = remote.escaped(url)
    path = local(url or given)
    with working(f"Reading {path.name}..."):
        inspection = inspect_source(path, table)
    stem, suffix = _stem(path, inspection)
    if piped and name:
        read = inspection.read
        stem, suffix = name, stdin.ending(read.format, read.compression)
    loader = name or free(names.identifier(stem, "data"), taken)
    file = free(names.identifier(stem, "data"), {one.partition(".")[0] for one in files})
    chosen = filters(inspection)
    charts = tuple(replace(chart, filters=chosen) for chart in suggest(inspection, loader))
    refresh = (wanted.refresh or REFRESH) if url else ""
    found = Source(path, loader, file + suffix.lower(), inspection, charts, url, refresh)
    if secret:
        variable = remote.free_variable(url, loader, wanted.known)
    return replace(found, variable=variable, new=secret and variable not in wanted.known)


def _of_database(
    given: str, name: str | None, taken: set[str], table: str | None, wanted: Wanted
) -> Source:
    """Look into a database; name the loader, and the variable for the address."""
    from flaskdash.suggest import filters, suggest

    known = wanted.known
    database, inspection = databases.look(given, table, wanted.query, wanted.live, known)
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
        return stdin.saved()
    return remote.saved(given) if remote.is_url(given) else Path(given)


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


def _share(sources: Sequence[Source], most: int) -> tuple[Source, ...]:
    """Keep the best charts of each source: `most` in all, taking turns, and the KPIs of the first."""
    kept: list[list[Chart]] = [[] for _ in sources]
    rest = [_light([chart for chart in one.charts if chart.kind != "kpi"], most) for one in sources]
    while sum(map(len, kept)) < most and any(rest):
        for mine, left in zip(kept, rest, strict=True):
            if left and sum(map(len, kept)) < most:
                mine.append(left.pop(0))
    for index, one in enumerate(sources):
        if kept[index] and index == 0:
            kpis = [chart for chart in one.charts if chart.kind == "kpi"]
            kept[index] = kpis[:MOST_KPIS] + kept[index]
    return tuple(replace(one, charts=tuple(mine)) for one, mine in zip(sources, kept, strict=True))


def _light(charts: Sequence[Chart], most: int) -> list[Chart]:
    """Return the charts without those that need the larger plotly.js, unless a map among the first does."""
    large = [chart for chart in charts if KINDS[chart.kind].plotly != "basic"]
    if any(chart in charts[:most] and chart.kind in MAPS for chart in large):
        return list(charts)
    return [chart for chart in charts if chart not in large]


def create(plan: Plan, echo: Echo, dry_run: bool = False) -> list[str]:
    """Make the project; return what is left to do, in words.

    Nothing stands under the target's name before the last step, a rename; what a killed run left
    behind is removed by the next one.
    """
    left: list[str] = []
    with render.draft() if dry_run else _beside(plan.target) as root:
        _write(plan, root)
        for path in render.files(root):
            if path.parts[0] != render.ORIGINALS.name:
                echo(f"create    {plan.target.name}/{path}")
        if dry_run:
            return left
        if plan.install:
            left += _install(root)
        if plan.git:
            left += _git(root, plan.target)
        root.rename(plan.target)
    return left


def _write(plan: Plan, root: Path) -> None:
    try:
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        context = {
            "name": plan.target.name,
            "title": plan.title,
            "title_literal": toml_string(plan.title),
            "python": python,
            "requires": sorted({r for one in plan.sources for r in one.inspection.requires}),
        }
        render.render("project", context, root)
        for source in plan.sources:
            add_source(root, source)
        _add_charts(root, plan.sources)
        render.format_code(root)
        generated = [
            path
            for path in render.files(root)
            if path.parts[:2] in {("app", "loaders"), ("app", "charts")}
            and path.name != "__init__.py"
        ]
        render.keep_originals(root, generated)
        secret = root / ".env"
        secret.touch(mode=0o600)
        addresses = {k: v for one in plan.sources for k, v in one.secrets().items()}
        lines = [f"SECRET_KEY={secrets.token_hex()}", *map(dotenv_line, addresses.items())]
        secret.write_text("\n".join(lines) + "\n", "utf-8")
        with (root / ".env.example").open("a", encoding="utf-8") as example:
            needed = dict.fromkeys(one.needs() for one in plan.sources)
            example.writelines(f"{name}=\n" for name in needed if name)
    except OSError as error:
        what = error.strerror or str(error)
        raise FlaskdashError(f"can't write the project: {what}; nothing was kept") from error


def dotenv_line(item: tuple[str, str]) -> str:
    """Return a variable as a line of .env, which python-dotenv and shells read alike."""
    name, value = item
    if not value.startswith("sqlite:"):
        for sign in "'\"\\$`# ":
            value = value.replace(sign, f"%{ord(sign):02X}")
    return f"{name}='{value}'"


def add_source(root: Path, source: Source) -> PurePosixPath:
    """Copy a source into data/ and draft its loader; return the loader's path."""
    data = root / "data"
    data.mkdir(exist_ok=True)
    for path, copy in source.copies().items():
        (root / copy).parent.mkdir(exist_ok=True)
        shutil.copyfile(path, root / copy)
        render.keep_digest(root, copy)
    if source.database:
        return generate.database_loader(
            root, source.name, source.inspection, source.database, source.refresh
        )
    if source.url:
        render.render("download", {}, root)
    return generate.loader(
        root,
        source.name,
        source.inspection,
        source.file,
        source.url,
        source.refresh,
        source.variable,
    )


def _add_charts(root: Path, sources: Sequence[Source]) -> None:
    taken: set[str] = set()
    figures = sum(chart.kind not in {"kpi", "table"} for one in sources for chart in one.charts)
    first_is_wide = figures % 2 == 1  # so that no hole is left in rows of two
    numbers = {"kpi": 0, "chart": 0}
    for one in sources:
        columns = {column.name: column for column in one.inspection.columns}
        for chart in one.charts:
            name = free(names.identifier(chart.title, "chart"), taken)
            taken.add(name)
            group = "kpi" if chart.kind == "kpi" else "chart"
            wide = chart.kind == "table" or (
                group == "chart" and numbers["chart"] == 0 and first_is_wide
            )
            numbers[group] += 1
            generate.chart(
                root,
                name,
                chart,
                columns,
                one.inspection.frame,
                to=one.dialect,
                order=numbers[group] if group == "kpi" else 10 * numbers[group],
                size="full" if wide else "half",
            )


def toml_string(text: str) -> str:
    """Return text as a TOML string."""
    import tomlkit

    return tomlkit.string(text).as_string()


def _install(root: Path) -> list[str]:
    try:
        with working("Locking the dependencies and making the environment..."):
            environment.lock(root)
            environment.sync(root)
    except environment.OfflineError:
        return [
            "The package index can't be reached, so there is no environment and no uv.lock yet.",
            "Later, with a network: `uv sync` in the project, or `flaskdash serve`.",
        ]
    return []


def _git(root: Path, target: Path) -> list[str]:
    """Make a git repository with a first commit, unless the target is in one already."""
    git = shutil.which("git")
    if git is None:
        return ["git is not installed, so the project is not in a repository yet."]
    try:
        shell.run([git, "rev-parse", "--is-inside-work-tree"], cwd=target.parent)
    except shell.CommandError:
        pass
    else:
        return [f"{target.parent} is in a git repository, so none was made in the project."]
    try:
        shell.run([git, "init", "--quiet", "--initial-branch", "main"], cwd=root)
        shell.run([git, "add", "--all"], cwd=root)
        shell.run([git, "commit", "--quiet", "--message", "Start the dashboard"], cwd=root)
    except shell.CommandError as error:
        last = error.output.strip().splitlines()[-1:] or ["it does not say why"]
        return [f"git did not commit the project: {last[0]}"]
    return []


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Lend a folder beside the target; remove it if it is still there at the end."""
    for stale in target.parent.glob(f".{target.name}.{MARK}-*"):
        if not shell.runs(stale.name.rpartition("-")[2]):
            shutil.rmtree(stale, ignore_errors=True)
    folder = target.parent / f".{target.name}.{MARK}-{os.getpid()}"

    def terminate(number: int, _frame: object) -> NoReturn:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        folder.mkdir()
        yield folder
    except OSError as error:
        raise FlaskdashError(
            f"can't write {error.filename or target}: {error.strerror}; nothing was kept"
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        signal.signal(signal.SIGTERM, before)
