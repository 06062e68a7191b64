"""Add to a project: a loader with its source, or a chart. Files are created, never edited."""

from __future__ import annotations

import filecmp
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from flaskdash import names
from flaskdash.charts.check import check
from flaskdash.charts.kinds import KINDS, Chart
from flaskdash.errors import FlaskdashError
from flaskdash.generate import chart_file, joined, loader_file, render, shapes
from flaskdash.generate.parts import DATABASE, is_part
from flaskdash.generate.place import append_line, place
from flaskdash.generate.sources import Source, SourceOptions, read_source, unused_name
from flaskdash.inspect.formats.csv import listed
from flaskdash.progress import Echo
from flaskdash.project import Project, contents, dotenv, dotenv_line
from flaskdash.project.results import LoaderTable


def add_data(
    project: Project,
    location: str,
    name: str | None,
    echo: Echo,
    dry_run: bool = False,
    options: SourceOptions | None = None,
) -> Source:
    """Copy a source into data/, write its loader, and add the packages that it requires."""
    if name is not None and name != names.identifier(name, "data"):
        raise FlaskdashError(
            f"{name!r} cannot be the name of a loader. Choose another name.",
            hint=f"--name {names.identifier(name, 'data')}",
        )
    env = dotenv(project.root / ".env")
    if is_part(project, DATABASE.name):  # without an address, its file has that of DATABASE_URL
        env = {"DATABASE_URL": "sqlite:///app.sqlite", **env}
    options = replace(options or SourceOptions(), env=env)
    source = read_source(location, name, options=options)
    if name is None:
        name = _free_name(project, source)
    if name is not None and source.file:
        source = replace(source, name=name, file=name + "".join(Path(source.file).suffixes))
    _refuse_loader_of_other_data(project, source)
    with render.draft() as root:
        loader_file.add_source(root, source)
        # Loaders share these files, and the project's owner may have edited them.
        for path in render.files(root / "app/engine"):
            if (project.root / "app/engine" / path).exists():
                (root / "app/engine" / path).unlink()
        render.format_code(root)
        render.keep_originals(root)
        place(project, root, source.inspection.requires, "the loader", echo, dry_run=dry_run)
    for file, line, message in _env_lines(project, source):
        if not dry_run:
            append_line(file, line)
        echo(f"append    {message}")
    return source


def _free_name(project: Project, source: Source) -> str | None:
    """Return another name for a loader if one of other data has its name; None if it is free."""
    loaders = contents.loaders(project)
    if source.name not in loaders or _has_copies(project, source):
        return None
    return next((name for name in source.names if name not in loaders), None)


def _refuse_loader_of_other_data(project: Project, source: Source) -> None:
    loaders = contents.loaders(project)
    existing = loaders.get(source.name)
    if existing is not None and not _has_copies(project, source):
        raise FlaskdashError(
            f"A loader named {source.name} already exists: {project.relative(existing.path)}."
            " Choose another name for the new one.",
            hint=f"--name {unused_name(source.name, loaders)}",
        )


def _env_lines(project: Project, source: Source) -> Iterator[tuple[Path, str, str]]:
    """Yield the lines that the source needs in .env and .env.example, each with a message."""
    for name, value in source.secrets().items():
        message = f".env: {name}, the address with its password; git ignores this file"
        yield project.root / ".env", dotenv_line((name, value)), message
    example = project.root / ".env.example"
    for variable in source.required_variables() if example.exists() else ():
        if variable not in dotenv(example):
            yield example, f"{variable}=", f".env.example: {variable}"


def _has_copies(project: Project, source: Source) -> bool:
    """Return whether the project already contains the same files."""
    copies = {path: project.root / copy for path, copy in source.copies().items()}
    return all(
        copy.is_file() and filecmp.cmp(copy, path, shallow=False) for path, copy in copies.items()
    )


def default_filters(table: LoaderTable) -> tuple[str, ...]:
    """Return the columns that suit best as filters of a table."""
    from flaskdash.charts.suggest import filters

    return filters(table.inspection)


def suggested(project: Project, table: LoaderTable) -> list[Chart]:
    """Return the suggested charts of a table, without those that the project already has."""
    from flaskdash.charts.suggest import suggest

    columns = default_filters(table)
    existing = {(chart.data, chart.title) for chart in contents.charts(project).values()}
    return [
        replace(chart, filters=columns)
        for chart in suggest(table.inspection, table.name)
        if ((table.name,), chart.title) not in existing
    ]


def with_row_name(chart: Chart, table: LoaderTable) -> Chart:
    """Return a chart that calls the rows of its table what they are: orders, passengers."""
    from flaskdash.charts.suggest import wording

    inspection = table.inspection
    rows = inspection.total or len(inspection.frame)
    return replace(chart, row_name=wording.rows_of(table.name, inspection.columns, rows))


def add_chart(
    project: Project,
    table: LoaderTable,
    chart: Chart,
    name: str | None,
    echo: Echo,
    *,
    dashboard: str | None = None,
    dry_run: bool = False,
) -> str:
    """Check a chart against the columns, and write it; return the name of its module."""
    chart, dashboard = finish_chart(project, table, chart, dashboard)
    if chart.shapes:
        _report_shapes(project, table, chart, echo)
    module = _module_name(name) if name else names.identifier(chart.title, "chart")
    with render.draft() as root:
        path = draft_chart(root, module, table, chart, dashboard)
        render.format_code(root)
        duplicate = None if name else _duplicate(project, root / path)
        if duplicate is not None:
            echo(f"identical {project.relative(duplicate)}")
            return duplicate.stem
        # An earlier chart of this kind brought these files, perhaps in another version.
        for part in render.files(root):
            if part != path and (project.root / part).exists():
                (root / part).unlink()
        if name is None:
            path = _rename_to_unused(project, root, path)
        render.keep_originals(root)
        requires = KINDS[chart.kind].requires
        place(project, root, requires, f"a {chart.kind} chart", echo, dry_run=dry_run)
    return path.stem


def finish_chart(
    project: Project, table: LoaderTable, chart: Chart, dashboard: str | None
) -> tuple[Chart, str]:
    """Return a chart that fits the columns, with a title, and the title of its dashboard."""
    chart = check(chart, table.columns)
    _check_places(chart, table)
    chart = joined.finish(chart, chart.join) if chart.join else chart
    chart = replace(chart, title=" ".join(chart.title.split()) or chart_file.title(chart))
    return chart, _dashboard_title(project, dashboard)


def _check_places(chart: Chart, table: LoaderTable) -> None:
    """Raise FlaskdashError if a map of countries or states would be empty."""
    if chart.kind != "choropleth" or chart.shapes:
        return
    from flaskdash.charts.suggest.places import may_be_drawn

    values = table.inspection.frame[chart.x].dropna().unique()
    if not may_be_drawn(values):
        examples = ", ".join(map(str, values[:3]))
        raise FlaskdashError(
            "a choropleth draws countries, by their English names or codes, and states of the USA;"
            f" {chart.x!r} has none of them, but: {examples}",
            hint="--shapes FILE.geojson, with the outlines of the areas; or --kind bar",
        )


def _report_shapes(project: Project, table: LoaderTable, chart: Chart, echo: Echo) -> None:
    """Say by what the areas of a map are called, and which places have none.

    Raises FlaskdashError if the project has other outlines under that name.
    """
    assert chart.shapes
    values = table.inspection.frame[chart.x].dropna().unique()
    areas = shapes.read(Path(chart.shapes), chart.key, values)
    file = project.root / shapes.FOLDER / areas.file
    if file.exists() and file.read_text("utf-8") != areas.text:
        raise FlaskdashError(
            f"{project.relative(file)} already has other outlines. Give the new ones another name.",
            hint="--shapes OTHER.geojson",
        )
    echo(f"shapes    {len(values) - len(areas.unmatched)} of {len(values)} places, by {areas.key}")
    if areas.unmatched:
        echo(f"          without an outline: {listed(areas.unmatched)}")


def draft_chart(
    root: Path, module: str, table: LoaderTable, chart: Chart, dashboard: str
) -> PurePosixPath:
    """Draft a finished chart and the parts that it needs; return the path of its module."""
    return chart_file.chart(
        root,
        module,
        chart,
        table.columns,
        table.inspection.frame,
        to=table.dialect,
        dashboards=(dashboard,),
        size="full" if chart.kind == "table" else "half",
    )


def add_plotly(project: Project, echo: Echo, dry_run: bool = False) -> None:
    """Write the bundle of plotly.js with further traces, its styles, and the outlines of maps."""
    with render.draft() as root:
        for part in ("plotly", "maps"):
            render.render_part(part, {}, root)
        render.keep_originals(root)
        render.place(root, project.root, echo, dry_run=dry_run)


def _dashboard_title(project: Project, title: str | None) -> str:
    """Return the title of a chart's dashboard; raise FlaskdashError if it has no address of its own."""
    titles = list(contents.dashboards(project))
    if title is None:
        return next(iter(titles), chart_file.FIRST_DASHBOARD)
    if not re.search(r"\w", title):
        raise FlaskdashError(
            f"{title!r} cannot be the title of a dashboard: its address needs a letter or a digit.",
            hint=f"--dashboard {chart_file.FIRST_DASHBOARD}",
        )
    for existing in titles:
        if names.slug(existing) == names.slug(title) and existing != title:
            raise FlaskdashError(
                f"The dashboards {existing!r} and {title!r} would have the same address,"
                f" /dashboards/{names.slug(title)}. Use the existing one, or another title.",
                hint=f"--dashboard {existing!r}",
            )
    return title


def _module_name(name: str) -> str:
    """Return the module's name of a chart; raise FlaskdashError if it is not an identifier."""
    module = name.replace("-", "_")
    identifier = names.identifier(module, "chart")
    if module != identifier:
        raise FlaskdashError(
            f"{name!r} cannot be the name of a chart. Choose another name.",
            hint=f"flaskdash add-chart {identifier}",
        )
    return module


def _duplicate(project: Project, drafted: Path) -> Path | None:
    """Return the project's chart that differs from a draft in its place on the page at most."""

    def content(path: Path) -> list[str]:
        lines = path.read_text("utf-8").splitlines()
        return [line for line in lines if not line.startswith(("ORDER = ", "SIZE = "))]

    expected = content(drafted)
    paths = (chart.path for chart in contents.charts(project).values())
    return next((path for path in paths if content(path) == expected), None)


def _rename_to_unused(project: Project, root: Path, path: PurePosixPath) -> PurePosixPath:
    """Rename a drafted chart's module to a name that no chart of the project has."""
    renamed = path.with_stem(unused_name(path.stem, contents.charts(project)))
    (root / path).rename(root / renamed)
    return renamed
