"""Make a project: everything in a folder beside the target, then one rename."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from flaskdash import names, shell, skeletons
from flaskdash.charts.kinds import KINDS, Chart
from flaskdash.errors import FlaskdashError
from flaskdash.generate import chart_file, render
from flaskdash.generate.loader_file import add_source
from flaskdash.generate.sources import Source, Wanted, free, source
from flaskdash.inspect.formats import stdin
from flaskdash.progress import Echo, working
from flaskdash.project import dotenv_line, environment

SAMPLE = skeletons.TEMPLATES / "sample" / "flights.csv"
MOST_KPIS = 4
MAPS = {"choropleth", "map"}
MARK = "flaskdash-new"


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
        render.render_part("project", context, root)
        for source in plan.sources:
            add_source(root, source)
        _add_charts(root, plan.sources)
        render.format_code(root)
        with (root / ".env.example").open("a", encoding="utf-8") as example:
            needed = dict.fromkeys(one.needs() for one in plan.sources)
            example.writelines(f"{name}=\n" for name in needed if name)
        render.keep_originals(root)  # of all but .env, which is secret
        secret = root / ".env"
        secret.touch(mode=0o600)
        addresses = {k: v for one in plan.sources for k, v in one.secrets().items()}
        lines = [f"SECRET_KEY={secrets.token_hex()}", *map(dotenv_line, addresses.items())]
        secret.write_text("\n".join(lines) + "\n", "utf-8")
    except OSError as error:
        what = error.strerror or str(error)
        raise FlaskdashError(f"can't write the project: {what}; nothing was kept") from error


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
            chart_file.chart(
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
