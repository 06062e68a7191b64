"""`flaskdash add-chart`: add a chart to a project."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from flaskdash.charts.check import check
from flaskdash.charts.kinds import AGGREGATES, AUTO, GRAINS, KINDS, MODES, ORIENTATIONS, Chart
from flaskdash.errors import FlaskdashError
from flaskdash.progress import echo


def is_terminal() -> bool:
    """Tell whether the command can ask."""
    return sys.stdin.isatty() and sys.stdout.isatty()


@click.command("add-chart")
@click.argument("name", required=False)
@click.option(
    "--data",
    multiple=True,
    help="The loader that has the data; several are joined.  [default: the only one]",
)
@click.option(
    "--join",
    multiple=True,
    metavar="COLUMNS",
    help='Columns that join the loaders: "country,year", or "country=Country Name" if their names differ.',
)
@click.option("--kind", type=click.Choice(list(KINDS)), help="Kind of chart.")
@click.option("--x", help="Column of the x axis, or of the categories of a bar chart.")
@click.option("--y", help="Column to measure.")
@click.option("--agg", type=click.Choice(AGGREGATES), help="How the measure is aggregated.")
@click.option("--by", help="Column with a second category.")
@click.option("--weight", help="Column that weighs the rows of a mean, such as the population.")
@click.option("--size", help="Column for the size of the points.")
@click.option("--color", help="Column whose values get different colours.")
@click.option(
    "--grain",
    type=click.Choice([*GRAINS, AUTO]),
    help="Step of a time axis; auto follows the filters.",
)
@click.option(
    "--filter", "filters", multiple=True, help="Column to filter by; may be given several times."
)
@click.option(
    "--limit", type=click.IntRange(1, 100_000), help="Maximum number of bars, points or rows."
)
@click.option(
    "--mode", type=click.Choice(MODES), help="How the colours of bars or areas are arranged."
)
@click.option("--orientation", type=click.Choice(ORIENTATIONS), help="Direction of the bars.")
@click.option("--target", type=float, help="Number that the measure should reach.")
@click.option(
    "--shapes",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="GeoJSON with the areas of a choropleth.",
)
@click.option(
    "--key",
    metavar="PROPERTY",
    help="Property of the areas that --x has.  [default: the one that fits]",
)
@click.option("--title", default="", help="Title of the chart.  [default: from the columns]")
@click.option("--dashboard", help="Title of the dashboard that shows it.  [default: the first one]")
@click.option(
    "--dry-run", is_flag=True, help="Print the files that would be created, and create none."
)
def command(
    name: str | None,
    data: tuple[str, ...],
    join: tuple[str, ...],
    kind: str | None,
    filters: tuple[str, ...],
    title: str,
    dashboard: str | None,
    dry_run: bool,
    **flags: Any,
) -> None:
    """Add a chart to the project, as app/charts/NAME.py.

    Without options, on a terminal, the command shows the columns and the suggested charts, and
    asks for your choice.

    With several --data, the SQL of the chart joins them. A column that more than one of them has
    is written with its loader: rural.population.

    \b
    Example:
      flaskdash add-chart --data sales --kind bar --x region --y revenue --agg sum
      flaskdash add-chart --data sales --data costs --join region --kind scatter --x revenue --y cost
    """
    from flaskdash.commands import _ask
    from flaskdash.generate import add, chart_file, joined
    from flaskdash.project import Project, contents, results

    project = Project.find(Path.cwd())
    has_options = kind is not None or any(value is not None for value in flags.values())
    is_interactive = not has_options and is_terminal()
    if kind is None and not is_interactive:
        raise FlaskdashError(
            f"--kind is missing. Use one of: {', '.join(KINDS)}.",
            hint="flaskdash add-chart --kind bar --x COLUMN --y COLUMN",
        )
    names = list(dict.fromkeys(data))
    if join and len(names) < 2:
        raise FlaskdashError(
            "--join needs two loaders. Name each with --data.", hint="--data NAME --data NAME"
        )
    if is_interactive and not names:
        names = [name for name in [_ask.loader(list(contents.loaders(project)))] if name]
    joining = None
    if len(names) > 1:
        ask = _ask.keys if is_terminal() else None
        table, joining, notes = joined.load(project, names, join, ask)
        for note in notes:
            echo(f"join      {note}")
    else:
        table = results.load_table(project, names[0] if names else None)
    if is_interactive:
        chart = check(_ask.chart(table, add.suggested(project, table), filters), table.columns)
        chart = add.with_row_name(chart, table)
        dashboards = list(contents.dashboards(project))
        default = [*dashboards, chart_file.FIRST_DASHBOARD][0]
        dashboard = dashboard or _ask.dashboard(dashboards, default)
        title = title or _ask.title(chart.title or chart_file.title(chart))
        filters = filters or chart.filters
    else:
        assert kind is not None
        chart = add.with_row_name(Chart(kind, table.name, "", **flags), table)
        filters = filters or add.default_filters(table)
    chart = replace(chart, title=title, filters=filters)
    chart = joined.resolve(chart, joining) if joining else chart
    module = add.add_chart(project, table, chart, name, echo, dashboard=dashboard, dry_run=dry_run)
    if not dry_run:
        echo(f"\nNext:\n  flaskdash serve     # then open /charts/{module.replace('_', '-')}\n")
