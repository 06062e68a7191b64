"""The table that a loader of a project returns."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flaskdash import shell
from flaskdash.errors import FlaskdashError
from flaskdash.inspect import dialects
from flaskdash.inspect.dialects import DUCKDB, Dialect
from flaskdash.inspect.model import Column, Inspection, Read
from flaskdash.project import Project, contents, dotenv, snapshots

RUN_LOADER = Path(__file__).with_name("run_loader.py")


@dataclass(frozen=True)
class LoaderTable:
    """The table of a loader, with the SQL dialect for its charts, and its snapshot if that is current."""

    name: str
    inspection: Inspection
    dialect: Dialect = DUCKDB
    snapshot: Path | None = None

    @property
    def columns(self) -> Mapping[str, Column]:
        return {column.name: column for column in self.inspection.columns}


def load_table(project: Project, name: str | None) -> LoaderTable:
    """Return a loader's table: from its snapshot if that is up to date, else by running it.

    If `name` is None, the project must have just one loader.
    """
    loader = _loader(project, name)
    snapshot = snapshots.path(project, loader.name)
    sources = [loader.path, *_source_files(project, loader)]
    if snapshot and not loader.live and _is_newer(snapshot, sources):
        return LoaderTable(loader.name, _inspect(snapshot, loader), snapshot=snapshot)
    with tempfile.TemporaryDirectory(prefix="flaskdash-") as folder:
        result = Path(folder) / "result.parquet"
        _run(project, loader, result)
        return LoaderTable(loader.name, _inspect(result, loader), _dialect(project, loader))


def _loader(project: Project, name: str | None) -> contents.LoaderFile:
    loaders = contents.loaders(project)
    if not loaders:
        raise FlaskdashError(
            "The project has no loaders. Add data first.", hint="flaskdash add-data FILE"
        )
    first = next(iter(loaders))
    choices = f"Use one of: {', '.join(loaders)}."
    if name is None and len(loaders) > 1:
        raise FlaskdashError(f"--data is missing. {choices}", hint=f"--data {first}")
    if name is not None and name not in loaders:
        raise FlaskdashError(f"Unknown loader {name!r}. {choices}", hint=f"--data {first}")
    return loaders[name or first]


def _run(project: Project, loader: contents.LoaderFile, result: Path) -> None:
    """Run a loader in the project's environment, and write its table to `result` as Parquet."""
    python = project.python if project.python.exists() else Path(sys.executable)
    # -P keeps the modules beside run_loader.py out of the loader's imports.
    argv = [str(python), "-P", str(RUN_LOADER), str(loader.path), str(result)]
    settings = dotenv(project.root / ".env")
    unset = {name: value for name, value in settings.items() if name not in os.environ}
    try:
        shell.run(argv, cwd=project.root, env=unset)
    except shell.CommandError as error:
        last = error.output.strip().splitlines()[-1:] or ["it printed nothing"]
        raise FlaskdashError(
            f"The loader {project.relative(loader.path)} failed: {last[0]}. Correct it, and repeat"
            " the command."
        ) from error


def _dialect(project: Project, loader: contents.LoaderFile) -> Dialect:
    """Return the SQL dialect for a loader's charts."""
    if not loader.live:
        return DUCKDB
    url = os.environ.get(loader.database) or dotenv(project.root / ".env").get(loader.database, "")
    return dialects.from_url(url)


def _source_files(project: Project, loader: contents.LoaderFile) -> list[Path]:
    """Return the files that a loader reads; for a folder, the folder itself, too."""
    paths = [project.root / file for file in loader.files]
    folders = filter(Path.is_dir, paths)
    return [*paths, *(file for folder in folders for file in folder.iterdir())]


def _is_newer(snapshot: Path, sources: Sequence[Path]) -> bool:
    built = snapshot.stat().st_mtime_ns
    return all(path.exists() and path.stat().st_mtime_ns < built for path in sources)


def _inspect(snapshot: Path, loader: contents.LoaderFile) -> Inspection:
    from flaskdash.inspect.meaning import roles, sampled

    with (
        tempfile.TemporaryDirectory(prefix="flaskdash-") as folder,
        sampled.connect(Path(folder)) as connection,
    ):
        table = sampled.describe(connection, snapshot, loader.units)
    try:
        for constant, declared in (("ROLES", loader.roles), ("UNITS", loader.units)):
            roles.check_columns(table.columns, constant, declared)
        columns = roles.override(table.columns, loader.roles, table.frame)
    except FlaskdashError as error:
        raise FlaskdashError(f"{loader.path}: {error.message}", error.hint) from error
    declined = roles.decline(columns, table.rows)
    read = Read("parquet", rows=table.rows)
    return Inspection(
        ", ".join(loader.sources),
        read,
        columns,
        "",
        table.frame,
        declined=declined,
        total=table.rows,
    )
