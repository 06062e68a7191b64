"""Remove generated charts, loaders and parts, unless they were edited."""

from __future__ import annotations

import difflib
import shutil
from contextlib import suppress
from pathlib import Path, PurePosixPath

from flaskdash.errors import FlaskdashError
from flaskdash.generate import parts, render
from flaskdash.progress import Echo
from flaskdash.project import Project, contents


def remove(project: Project, name: str, echo: Echo, force: bool = False) -> None:
    """Delete a chart, a loader or a part by name, with its record in .flaskdash.

    A loader's snapshots and the unchanged copies of its source are deleted, too.
    """
    for part in (name, f"{name}-form"):
        if parts.is_part(project, part):
            _remove_part(project, part, echo, force)
            _report_closed_dashboards(project, echo)
            return
    name, path = _find(project, name)
    is_loader = path.parent == project.loaders
    relative = PurePosixPath(path.relative_to(project.root).as_posix())
    original = project.root / render.original_of(relative)
    if not force:
        if is_loader:
            _refuse_used(project, name)
        _refuse_edited(path, relative, original)
    files = [path, original]
    if is_loader:
        files += _snapshots(project, name)
        files += _copies(project, name, echo)
    for file in files:
        if file.is_file():
            file.unlink()
            inside = file.is_relative_to(project.root)
            echo(f"remove    {(file.relative_to(project.root) if inside else file).as_posix()}")
    if is_loader:  # the cached answers of a live database
        shutil.rmtree(project.instance / f"{name}.live", ignore_errors=True)
    for folder in {file.parent for file in files if project.root / "data" in file.parent.parents}:
        with suppress(OSError):  # it is not empty
            folder.rmdir()
    _report_closed_dashboards(project, echo)


def _report_closed_dashboards(project: Project, echo: Echo) -> None:
    """Name the dashboards in DASHBOARD_ROLES that have lost their last chart."""
    with suppress(FlaskdashError):  # a file that is not valid Python
        if closed := contents.dashboard_roles(project):
            for title in closed.keys() - contents.dashboards(project).keys():
                echo(
                    f"\nNo chart is on the dashboard {title} any more. Remove it from DASHBOARD_ROLES in"
                    " app/config.py, or the application will not start."
                )


def _remove_part(project: Project, part: str, echo: Echo, force: bool) -> None:
    """Delete a part; of a form, the loader and the snapshots, too, but not the table."""
    loader = part.removesuffix("-form")
    is_form = loader != part
    if is_form and not force:
        own = parts.files_of(project, part)
        users = [
            chart.name
            for chart in contents.charts(project).values()
            if loader in chart.data and project.relative(chart.path) not in own
        ]
        _refuse_charts(loader, users)
    parts.remove_part(project, part, echo, force)
    if is_form:
        for file in _snapshots(project, loader):
            file.unlink(missing_ok=True)
        echo(f"keep      the table {loader} in the database, with what people entered")


def _snapshots(project: Project, loader: str) -> list[Path]:
    states = [project.instance / f"{loader}.{suffix}" for suffix in ("json", "lock")]
    return [*project.instance.glob(f"{loader}.*.parquet"), *states]


def _refuse_used(project: Project, loader: str) -> None:
    if parts.is_part(project, f"{loader}-upload"):
        raise FlaskdashError(
            f"The part {loader}-upload needs the loader {loader}. Nothing was removed. Remove the part"
            " first.",
            hint=f"flaskdash remove {loader}-upload",
        )
    charts = [chart.name for chart in contents.charts(project).values() if loader in chart.data]
    _refuse_charts(loader, charts)


def _refuse_charts(loader: str, charts: list[str]) -> None:
    if charts:
        raise FlaskdashError(
            f"These charts use the loader {loader}: {', '.join(charts)}. Nothing was removed."
            " Remove the charts first.",
            hint=f"flaskdash remove {charts[0]}",
        )


def _find(project: Project, name: str) -> tuple[str, Path]:
    """Return the name and the file of a chart or a loader."""
    stem = PurePosixPath(name).name.removesuffix(".py").lower().replace("-", "_")
    modules = [*contents.modules(project.charts), *contents.modules(project.loaders)]
    paths = [path for module, path in modules if module == stem]
    if "/" in name:
        folder = PurePosixPath(name).parent.name
        paths = [path for path in paths if path.parent.name == folder]
    if len(paths) > 1:
        raise FlaskdashError(
            f"There is a chart and a loader named {stem}. Say which one to remove.",
            hint=f"flaskdash remove charts/{stem}",
        )
    if not paths:
        matches = difflib.get_close_matches(stem, [module for module, _ in modules], 1, 0.6)
        suggestion = f" Did you mean {matches[0]!r}?" if matches else ""
        raise FlaskdashError(
            f"There is no chart, loader or part named {name!r}.{suggestion}", hint="flaskdash list"
        )
    return stem, paths[0]


def _refuse_edited(path: Path, relative: PurePosixPath, original: Path) -> None:
    if not original.is_file():
        raise FlaskdashError(
            f"{relative} has no original in .flaskdash, so flaskdash cannot tell whether you edited"
            " it. Nothing was removed. --force removes it without the comparison.",
            hint=f"flaskdash remove {path.stem} --force",
        )
    before, after = original.read_text("utf-8"), path.read_text("utf-8")
    if before != after:
        difference = "\n".join(
            difflib.unified_diff(
                before.splitlines(), after.splitlines(), "generated", "current", lineterm=""
            )
        )
        raise FlaskdashError(
            f"{relative} was edited. Nothing was removed. --force removes it with these edits:\n"
            f"{difference}",
            hint=f"flaskdash remove {path.stem} --force",
        )


def _copies(project: Project, name: str, echo: Echo) -> list[Path]:
    """Return the unchanged copies of a loader's sources, and their digests.

    A copy that another loader reads, too, stays.
    """
    loaders = contents.loaders(project)
    used = {file for loader in loaders.values() if loader.name != name for file in loader.files}
    copies: list[PurePosixPath] = []
    for source in map(PurePosixPath, loaders[name].files):
        folder = project.root / source
        if folder.is_dir():
            copies += [source / file.name for file in sorted(folder.iterdir())]
        else:
            copies.append(source)
    copies = [copy for copy in copies if not {str(copy), str(copy.parent)} & used]
    return [file for copy in copies for file in _unchanged(project, copy, echo)]


def _unchanged(project: Project, copy: PurePosixPath, echo: Echo) -> list[Path]:
    """Return a copy and its digest; if the copy was changed, print that and return the digest."""
    record = project.root / render.digest_of(copy)
    if not record.is_file():
        return []
    if render.digest(project.root / copy) != record.read_text("utf-8").strip():
        echo(f"keep      {copy}: it changed since it was added")
        return [record]
    return [project.root / copy, record]
