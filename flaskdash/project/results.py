"""What a loader of a project returns."""

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
from flaskdash.inspect.formats import url as urls
from flaskdash.inspect.model import Column, Inspection, Read
from flaskdash.project import Project, contents, dotenv, snapshots

RUN_LOADER = Path(__file__).with_name("run_loader.py")


@dataclass(frozen=True)
class Table:
    """A loader of a project, with what it returns."""

    name: str
    inspection: Inspection
    dialect: Dialect = DUCKDB

    @property
    def columns(self) -> Mapping[str, Column]:
        """Return the columns by name."""
        return {column.name: column for column in self.inspection.columns}


def table(project: Project, name: str | None) -> Table:
    """Return what a loader returns: from its snapshot if that is fresh, else by running it.

    With no name, the only loader is meant.
    """
    loaders = contents.loaders(project)
    if not loaders:
        raise FlaskdashError("the project has no data yet", hint="flaskdash add-data FILE")
    if name is None:
        if len(loaders) > 1:
            raise FlaskdashError("--data is missing", hint=f"one of: {', '.join(loaders)}")
        name = next(iter(loaders))
    if name not in loaders:
        raise FlaskdashError(f"no loader {name!r}", hint=f"one of: {', '.join(loaders)}")
    loader = loaders[name]
    snapshot = snapshots.path(project, name)
    if snapshot and not loader.live and _fresh(snapshot, [loader.path, *_files(project, loader)]):
        return Table(name, _inspect(snapshot, loader))
    with tempfile.TemporaryDirectory(prefix="flaskdash-") as folder:
        result = Path(folder) / "result.parquet"
        python = project.python if project.python.exists() else Path(sys.executable)
        try:
            # -P: the modules beside run_loader.py are not for the loader to import.
            argv = [str(python), "-P", str(RUN_LOADER), str(loader.path), str(result)]
            known = dotenv(project.root / ".env")
            unset = {name: known[name] for name in known if name not in os.environ}
            shell.run(argv, cwd=project.root, env=unset)
        except shell.CommandError as error:
            last = error.output.strip().splitlines()[-1:] or ["it printed nothing"]
            raise FlaskdashError(
                f"the loader {project.relative(loader.path)} failed: {last[0]}",
                hint="mend it, then again",
            ) from error
        return Table(name, _inspect(result, loader), _dialect(project, loader))


def _dialect(project: Project, loader: contents.LoaderFile) -> Dialect:
    """Return what the SQL of a loader's charts is written in."""
    if not loader.live:
        return DUCKDB
    url = os.environ.get(loader.database) or dotenv(project.root / ".env").get(loader.database, "")
    return dialects.from_url(url)


def _files(project: Project, loader: contents.LoaderFile) -> list[Path]:
    """Return what a loader reads, so far as that lies in the project."""
    if urls.is_url(loader.source):
        return []
    source = project.root / loader.source
    return [source, *(source.iterdir() if loader.source and source.is_dir() else ())]


def _fresh(snapshot: Path, sources: Sequence[Path]) -> bool:
    built = snapshot.stat().st_mtime_ns
    return all(path.exists() and path.stat().st_mtime_ns < built for path in sources)


def _inspect(snapshot: Path, loader: contents.LoaderFile) -> Inspection:
    from flaskdash.inspect.meaning import roles, sampled

    with (
        tempfile.TemporaryDirectory(prefix="flaskdash-") as folder,
        sampled.connect(Path(folder)) as connection,
    ):
        found = sampled.describe(connection, snapshot, {})
    try:
        columns = roles.override(found.columns, loader.roles, found.frame)
    except FlaskdashError as error:
        raise FlaskdashError(f"{loader.path}: {error.message}", error.hint) from error
    declined = roles.decline(columns, found.rows)
    read = Read("parquet", rows=found.rows)
    return Inspection(
        loader.source, read, columns, "", found.frame, declined=declined, total=found.rows
    )
