"""Add to a project: a loader with its source, or a chart. Files are created, never edited."""

from __future__ import annotations

import filecmp
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from flaskdash import names
from flaskdash.charts.check import check
from flaskdash.charts.kinds import KINDS, Chart
from flaskdash.errors import FlaskdashError
from flaskdash.generate import chart_file, loader_file, render, sources
from flaskdash.generate.sources import Source
from flaskdash.progress import Echo, working
from flaskdash.project import Project, contents, dotenv, dotenv_line, environment
from flaskdash.project.results import Table

REDIS = ("redis>=8.0",)


def add_data(
    project: Project,
    given: str,
    name: str | None,
    echo: Echo,
    dry_run: bool = False,
    table: str | None = None,
    wanted: sources.Wanted | None = None,
) -> Source:
    """Copy a source into data/, and write its loader; add the package that this needs, if any."""
    if name is not None and name != names.identifier(name, "data"):
        raise FlaskdashError(
            f"{name!r} can't be the name of a loader",
            hint=f"--name {names.identifier(name, 'data')}",
        )
    env = project.root / ".env"
    wanted = replace(wanted or sources.Wanted(), known=dotenv(env))
    source = sources.source(given, name, set(), set(), table, wanted)
    if name is not None and source.file:
        source = replace(source, file=name + "".join(Path(source.file).suffixes))
    existing = contents.loaders(project).get(source.name)
    if existing is not None and not _same(project, source):
        raise FlaskdashError(
            f"there is a loader {source.name} already ({project.relative(existing.path)})",
            hint=f"--name {sources.free(source.name, set(contents.loaders(project)))}",
        )
    with render.draft() as root:
        loader_file.add_source(root, source)
        for path in render.files(root / "app/engine"):  # shared by loaders, and maybe edited
            if (project.root / "app/engine" / path).exists():
                (root / "app/engine" / path).unlink()
        render.format_code(root)
        render.keep_originals(root)
        missing = _missing(project, source.inspection.requires)
        if missing and not dry_run:
            render.place(root, project.root, lambda _: None, dry_run=True)  # raises on a conflict
            _require(project, missing, "the loader")
        for package in missing:
            echo(f"require   {package}")
        render.place(root, project.root, echo, dry_run)
        for item in source.secrets().items():
            if not dry_run:
                _append(env, dotenv_line(item))
            echo(f"append    .env: {item[0]}, the address with its password; git ignores this file")
        example, needed = project.root / ".env.example", source.needs()
        if needed and example.exists() and needed not in dotenv(example):
            if not dry_run:
                _append(example, f"{needed}=")
            echo(f"append    .env.example: {needed}")
    return source


def _append(path: Path, line: str) -> None:
    """Append a line to a file; .env is for its owner's eyes only."""
    if path.name == ".env":
        path.touch(mode=0o600)
        path.chmod(0o600)
    text = path.read_text("utf-8")
    with path.open("a", encoding="utf-8") as file:
        file.write(("\n" if text and not text.endswith("\n") else "") + line + "\n")


def _missing(project: Project, requires: Sequence[str]) -> list[str]:
    """Return the packages that the project does not depend on yet."""
    there = {_package(one) for one in project.dependencies()}
    return [one for one in requires if _package(one) not in there]


def _package(requirement: str) -> str:
    return (
        re.split(r"[^A-Za-z0-9._-]", requirement.strip(), maxsplit=1)[0].lower().replace("_", "-")
    )


def _require(project: Project, packages: Sequence[str], what: str) -> None:
    """Add packages to the project's dependencies, by uv; raise where that is not possible."""
    try:
        with working(f"Adding {', '.join(packages)}..."):
            environment.add(project, packages)
    except environment.OfflineError as error:
        command = " ".join(["uv", "add", *(f"'{package}'" for package in packages)])
        raise FlaskdashError(
            f"{what} needs {', '.join(packages)}, and the package index can't be reached; "
            "nothing was written",
            hint=f"{command} in the project, when the network is back, then again",
        ) from error


def _same(project: Project, source: Source) -> bool:
    """Tell whether the project has the very files of a source already."""
    copies = {path: project.root / copy for path, copy in source.copies().items()}
    return all(
        copy.is_file() and filecmp.cmp(copy, path, shallow=False) for path, copy in copies.items()
    )


def default_filters(table: Table) -> tuple[str, ...]:
    """Return the columns that a table is best filtered by."""
    from flaskdash.charts.suggest import filters

    return filters(table.inspection)


def suggested(project: Project, table: Table) -> list[Chart]:
    """Return the charts that a table suggests and the project does not have yet."""
    from flaskdash.charts.suggest import suggest

    chosen = default_filters(table)
    there = {(chart.data, chart.title) for chart in contents.charts(project).values()}
    return [
        replace(chart, filters=chosen)
        for chart in suggest(table.inspection, table.name)
        if (table.name, chart.title) not in there
    ]


def add_chart(
    project: Project,
    table: Table,
    chart: Chart,
    name: str | None,
    dashboard: str | None,
    echo: Echo,
    dry_run: bool = False,
) -> str:
    """Write a chart after its flags are checked against the columns; return its module's name."""
    chart = check(chart, table.columns)
    chart = replace(chart, title=chart.title or chart_file.title(chart))
    on = _dashboard(project, dashboard)
    with render.draft() as root:
        module = _module(name) if name else names.identifier(chart.title, "chart")
        path = chart_file.chart(
            root,
            module,
            chart,
            table.columns,
            table.inspection.frame,
            to=table.dialect,
            dashboards=(on,),
            size="full" if chart.kind == "table" else "half",
        )
        render.format_code(root)
        same = None if name else _same_chart(project, root / path)
        if same is not None:
            echo(f"identical {project.relative(same)}")
            return same.stem
        for part in render.files(root):  # what the first chart of its kind brought may be newer
            if part != path and (project.root / part).exists():
                (root / part).unlink()
        if name is None:
            path = _rename_free(project, root, path)
        render.keep_originals(root)
        missing = _missing(project, KINDS[chart.kind].requires)
        if missing and not dry_run:
            render.place(root, project.root, lambda _: None, dry_run=True)  # raises on a conflict
            _require(project, missing, f"a {chart.kind}")
        for package in missing:
            echo(f"require   {package}")
        render.place(root, project.root, echo, dry_run)
    return path.stem


def add_redis(project: Project, echo: Echo, dry_run: bool = False) -> None:
    """Write the module that shares answers between instances; add the package that it needs."""
    if not (project.root / "app/engine").is_dir():
        raise FlaskdashError(
            "the project has no app/engine/, which would use Redis: an older flaskdash made it",
            hint="flaskdash new in another folder, and move app/loaders and app/charts there",
        )
    with render.draft() as root:
        render.render_part("redis", {}, root)
        render.keep_originals(root)
        render.place(root, project.root, lambda _: None, dry_run=True)  # raises on a conflict
        missing = _missing(project, REDIS)
        if missing and not dry_run:
            _require(project, missing, "to share answers")
        for package in missing:
            echo(f"require   {package}")
        render.place(root, project.root, echo, dry_run)


def _dashboard(project: Project, title: str | None) -> str:
    """Return the title of a chart's dashboard; raise where another one has its address."""
    there = list(contents.dashboards(project))
    if title is None:
        return next(iter(there), chart_file.FIRST_DASHBOARD)
    for other in there:
        if names.slug(other) == names.slug(title) and other != title:
            raise FlaskdashError(
                f"the dashboard {other!r} has the address of {title!r}",
                hint=f"--dashboard {other!r}",
            )
    return title


def _module(name: str) -> str:
    """Return the name of a chart's module as it was given; raise where it can't be one."""
    module = name.replace("-", "_")
    good = names.identifier(module, "chart")
    if module != good:
        raise FlaskdashError(
            f"{name!r} can't be the name of a chart", hint=f"flaskdash add-chart {good}"
        )
    return module


def _same_chart(project: Project, drafted: Path) -> Path | None:
    """Return the chart of the project that is just this one, but for its place on the page."""

    def gist(path: Path) -> list[str]:
        lines = path.read_text("utf-8").splitlines()
        return [line for line in lines if not line.startswith(("ORDER = ", "SIZE = "))]

    drawn = gist(drafted)
    others = (chart.path for chart in contents.charts(project).values())
    return next((path for path in others if gist(path) == drawn), None)


def _rename_free(project: Project, root: Path, path: PurePosixPath) -> PurePosixPath:
    """Give a drafted chart a module's name that no chart of the project has."""
    free = path.with_stem(sources.free(path.stem, set(contents.charts(project))))
    (root / path).rename(root / free)
    return free
