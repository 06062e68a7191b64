"""Create a project: write everything to a temporary folder, then rename it."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Timer
from traceback import walk_stack
from types import FrameType, MappingProxyType

from flaskdash import names, shell, skeletons, temporary
from flaskdash.charts import axes
from flaskdash.charts.kinds import AUTO, KINDS, Chart
from flaskdash.errors import FlaskdashError
from flaskdash.generate import chart_file, render
from flaskdash.generate.loader_file import add_source
from flaskdash.generate.sources import Source, SourceOptions, read_source, unused_name
from flaskdash.inspect.dialects import DUCKDB
from flaskdash.inspect.formats import stdin
from flaskdash.inspect.reading import DETECTED, Reading
from flaskdash.progress import Echo, working
from flaskdash.project import dotenv_line, environment

SAMPLE = skeletons.TEMPLATES / "sample" / "flights.csv"
FULL = 6  # charts of a first dashboard, beside which a survey has another
QUESTIONS = "Questions"
MAX_KPIS = 4
MAPS = {"choropleth", "map"}
MARK = "flaskdash-new"
SIGNAL_SECONDS = 0.05


@dataclass(frozen=True)
class ProjectPlan:
    """The project to create, after all checks: its folder, its title and its sources."""

    target: Path
    title: str
    sources: tuple[Source, ...]
    install: bool = True
    git: bool = True


def plan(
    parent: Path,
    name: str,
    locations: Sequence[str],
    *,
    title: str = "",
    max_charts: int = 6,
    install: bool = True,
    git: bool = True,
    table: str | None = None,
    live: bool = False,
    reading: Reading = DETECTED,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> ProjectPlan:
    """Check the name and the folder, inspect the sources and choose their charts; write nothing.

    `table` selects a sheet, or a member of an archive, if there is only one source. `reading` is what
    the user says about the text of all sources, and `headers` are sent for all URLs.
    """
    target = parent / names.check_project(name)
    _check_target(target)
    if table is not None and len(locations) > 1:
        raise FlaskdashError(
            f"--table applies to one source, but --data is given {len(locations)} times."
            " Create the project with one source, then add the others.",
            hint="flaskdash add-data FILE --table NAME",
        )
    sources: list[Source] = []
    env: dict[str, str] = {}
    for location in locations:
        loaders = {source.name for source in sources}
        files = {source.file for source in sources}
        loader = unused_name("data", loaders) if location == stdin.DASH else None
        options = SourceOptions(table=table, live=live, env=env, reading=reading, headers=headers)
        sources.append(read_source(location, loader, loaders, files, options))
        env |= sources[-1].secrets()
    title = " ".join(title.split()) or names.title(target.name)
    return ProjectPlan(target, title, _select_charts(sources, max_charts), install, git)


def _check_target(target: Path) -> None:
    if target.exists() or target.is_symlink():
        raise FlaskdashError(
            f"{target.name} already exists. Nothing was written. Choose another name.",
            hint=f"flaskdash new {target.name}-2",
        )
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise FlaskdashError(
            f"Cannot write to {target.parent}: permission denied. Change to another folder."
        )


def _select_charts(sources: Sequence[Source], max_charts: int) -> tuple[Source, ...]:
    """Reduce the sources to `max_charts` charts in all, in turns, and the KPIs of the first one."""
    selected: list[list[Chart]] = [[] for _ in sources]
    queues = [
        _without_large_bundle([chart for chart in source.charts if chart.kind != "kpi"], max_charts)
        for source in sources
    ]
    while sum(map(len, selected)) < max_charts and any(queues):
        for charts, queue in zip(selected, queues, strict=True):
            if queue and sum(map(len, selected)) < max_charts:
                charts.append(queue.pop(0))
    if selected and selected[0]:
        kpis = [chart for chart in sources[0].charts if chart.kind == "kpi"]
        selected[0] = kpis[:MAX_KPIS] + selected[0]
    return tuple(
        replace(source, charts=tuple(charts), questions=_further(source, charts, max_charts))
        for source, charts in zip(sources, selected, strict=True)
    )


def _further(source: Source, charts: Sequence[Chart], max_charts: int) -> tuple[Chart, ...]:
    """Return the charts of a survey's questions that the first dashboard does not have."""
    first = {(chart.kind, chart.x, chart.agg) for chart in charts}
    further = [c for c in source.questions if (c.kind, c.x, c.agg) not in first]
    return tuple(further) if max_charts >= FULL else ()


def _without_large_bundle(charts: Sequence[Chart], max_charts: int) -> list[Chart]:
    """Return the charts that the basic plotly.js draws; all of them if a map is among the first."""
    large = [chart for chart in charts if "plotly" in KINDS[chart.kind].parts]
    if any(chart in charts[:max_charts] and chart.kind in MAPS for chart in large):
        return list(charts)
    return [chart for chart in charts if chart not in large]


def create(plan: ProjectPlan, echo: Echo, dry_run: bool = False) -> list[str]:
    """Create the project; return a sentence for each step that could not be done.

    The last step renames a temporary folder, so the target is complete or does not exist. If a run
    is killed, the next one removes its temporary folder.
    """
    unfinished: list[str] = []
    with render.draft() if dry_run else _temporary_folder(plan.target) as root:
        _write(plan, root)
        created = [path for path in render.files(root) if path.parts[0] != render.ORIGINALS.name]
        if not dry_run:
            if plan.install:
                unfinished += _install(root)
            if plan.git:
                unfinished += _create_repository(root, plan.target)
            root.rename(plan.target)
    for path in created:
        echo(f"create    {plan.target.name}/{path}")
    return unfinished


def _write(plan: ProjectPlan, root: Path) -> None:
    try:
        _write_code(plan, root)
        variables = dict.fromkeys(
            name for source in plan.sources for name in source.required_variables()
        )
        with (root / ".env.example").open("a", encoding="utf-8") as example:
            example.writelines(f"{name}=\n" for name in variables if name)
        render.keep_originals(root)  # before .env exists, because that is secret
        _write_env(plan, root / ".env")
    except OSError as error:
        reason = error.strerror or str(error)
        raise FlaskdashError(f"Cannot write the project: {reason}. Nothing was created.") from error


def _write_code(plan: ProjectPlan, root: Path) -> None:
    requires = {package for source in plan.sources for package in source.inspection.requires}
    context = {
        "name": plan.target.name,
        "title": plan.title,
        "title_literal": toml_string(plan.title),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "requires": sorted(requires),
    }
    render.render_part("project", context, root)
    for source in plan.sources:
        add_source(root, source)
    _add_charts(root, plan.sources)
    render.format_code(root)


def _write_env(plan: ProjectPlan, file: Path) -> None:
    file.touch(mode=0o600)
    lines = [f"SECRET_KEY={secrets.token_hex()}"]
    for source in plan.sources:
        lines += map(dotenv_line, source.secrets().items())
    file.write_text("\n".join(lines) + "\n", "utf-8")


def _add_charts(root: Path, sources: Sequence[Source]) -> None:
    used: set[str] = set()
    first = [(source, chart) for source in sources for chart in source.charts]
    questions = [(source, chart) for source in sources for chart in source.questions]
    _add_dashboard(root, first, chart_file.FIRST_DASHBOARD, used)
    _add_dashboard(root, questions, QUESTIONS, used)


def _add_dashboard(
    root: Path, charts: Sequence[tuple[Source, Chart]], title: str, used: set[str]
) -> None:
    """Draft the charts of a dashboard, under names that are not `used` yet."""
    half_width = sum(chart.kind not in {"kpi", "table"} for _, chart in charts)
    # With an odd number, the first one is wide, so that each row of two is full.
    first_is_wide = half_width % 2 == 1
    kpis = figures = 0
    for source, chart in charts:
        name = unused_name(names.identifier(chart.title, "chart"), used)
        used.add(name)
        is_wide = chart.kind == "table"
        if chart.kind == "kpi":
            kpis += 1
            order = kpis
        else:
            is_wide = is_wide or (figures == 0 and first_is_wide)
            figures += 1
            order = 10 * figures
        columns = {column.name: column for column in source.inspection.columns}
        if source.dialect is DUCKDB and axes.follows_span(chart, columns):
            chart = replace(chart, grain=AUTO)
        chart_file.chart(
            root,
            name,
            chart,
            columns,
            source.inspection.frame,
            to=source.dialect,
            dashboards=(title,),
            order=order,
            size="full" if is_wide else "half",
        )


def toml_string(text: str) -> str:
    """Return text as a TOML string."""
    import tomlkit

    return tomlkit.string(text).as_string()


def _install(root: Path) -> list[str]:
    try:
        with working("Locking the dependencies and creating the environment..."):
            environment.lock(root)
            environment.sync(root)
    except environment.OfflineError:
        return [
            "The package index cannot be reached, so uv.lock and the environment are missing.",
            "When the network is back, run `uv sync` in the project, or `flaskdash serve`.",
        ]
    return []


def _create_repository(root: Path, target: Path) -> list[str]:
    """Create a git repository with a first commit, unless the target is already inside one."""
    git = shutil.which("git")
    if git is None:
        return ["git is not installed, so the project has no repository."]
    try:
        shell.run([git, "rev-parse", "--is-inside-work-tree"], cwd=target.parent)
    except shell.CommandError:
        pass
    else:
        return [f"{target.parent} is in a git repository, so the project did not get its own."]
    try:
        shell.run([git, "init", "--quiet", "--initial-branch", "main"], cwd=root)
        shell.run([git, "add", "--all"], cwd=root)
        shell.run([git, "commit", "--quiet", "--message", "Start the dashboard"], cwd=root)
    except shell.CommandError as error:
        last = error.output.strip().splitlines()[-1:] or ["it printed no reason"]
        return [f"git did not commit the project: {last[0]}"]
    return []


@contextmanager
def _temporary_folder(target: Path) -> Iterator[Path]:
    """Lend a folder next to the target; delete it at the end, unless it was renamed."""
    temporary.remove_stale(target.parent, rf"\..+\.{MARK}-")
    folder = target.parent / f".{target.name}.{MARK}-{os.getpid()}"

    def terminate(number: int, frame: FrameType | None) -> None:
        if any(each.f_code.co_name == "__del__" for each, _ in walk_stack(frame)):
            # Python ignores what is raised there: try again when it is over.
            Timer(SIGNAL_SECONDS, os.kill, [os.getpid(), number]).start()
            return
        raise SystemExit(128 + number)

    previous_handler = signal.signal(signal.SIGTERM, terminate)
    try:
        folder.mkdir()
        yield folder
    except OSError as error:
        raise FlaskdashError(
            f"Cannot write {error.filename or target}: {error.strerror}. Nothing was created."
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        signal.signal(signal.SIGTERM, previous_handler)
