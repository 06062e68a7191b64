"""`flaskdash add-chart`: one more chart page."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from flaskdash.charts.check import check
from flaskdash.charts.kinds import AGGREGATES, GRAINS, KINDS, MODES, ORIENTATIONS, Chart
from flaskdash.errors import FlaskdashError


@click.command("add-chart")
@click.argument("name", required=False)
@click.option("--data", help="The loader to draw from.  [default: the only one]")
@click.option("--kind", type=click.Choice(list(KINDS)), help="Kind of chart.")
@click.option("--x", help="Column along the axis, or the categories of a bar.")
@click.option("--y", help="Column that is measured.")
@click.option("--agg", type=click.Choice(AGGREGATES), help="How the measure is put together.")
@click.option("--by", help="Column of a second category.")
@click.option("--size", help="Column that is the size of a point.")
@click.option("--color", help="Column whose values get a colour each.")
@click.option("--grain", type=click.Choice(GRAINS), help="Step of a time axis.")
@click.option(
    "--filter", "filters", multiple=True, help="Column to filter by; may be given several times."
)
@click.option("--limit", type=click.IntRange(1, 100_000), help="Most bars, points or rows.")
@click.option("--mode", type=click.Choice(MODES), help="How the colours of a bar or an area stand.")
@click.option("--orientation", type=click.Choice(ORIENTATIONS), help="Of bars.")
@click.option("--target", type=float, help="Number that a measure should reach.")
@click.option("--title", default="", help="Heading.  [default: from the columns]")
@click.option("--dashboard", help="Title of its dashboard.  [default: the first one]")
@click.option("--dry-run", is_flag=True, help="Print what would be made, and make nothing.")
def command(
    name: str | None,
    data: str | None,
    kind: str | None,
    filters: tuple[str, ...],
    title: str,
    dashboard: str | None,
    dry_run: bool,
    **flags: Any,
) -> None:
    """Write one more chart, as app/charts/NAME.py.

    Without flags on a terminal it asks: it shows the columns and the charts that they suggest.

    \b
    Example:
      flaskdash add-chart --data sales --kind bar --x region --y revenue --agg sum
    """
    from flaskdash.commands import _ask
    from flaskdash.generate import add, chart_file
    from flaskdash.project import Project, contents, results

    project = Project.find(Path.cwd())
    given = kind is not None or any(value is not None for value in flags.values())
    asks = not given and sys.stdin.isatty() and sys.stdout.isatty()
    if kind is None and not asks:
        raise FlaskdashError("--kind is missing", hint=f"one of: {', '.join(KINDS)}")
    if asks and data is None:
        data = _ask.loader(list(contents.loaders(project)))
    table = results.table(project, data)
    if asks:
        chart = check(_ask.chart(table, add.suggested(project, table), filters), table.columns)
        there = list(contents.dashboards(project))
        dashboard = dashboard or _ask.dashboard(there, [*there, chart_file.FIRST_DASHBOARD][0])
        title = title or _ask.title(chart.title or chart_file.title(chart))
        filters = filters or chart.filters
    else:
        assert kind is not None
        chart = Chart(kind, table.name, "", **flags)
        filters = filters or add.default_filters(table)
    chart = replace(chart, title=title, filters=filters)
    module = add.add_chart(project, table, chart, name, dashboard, click.echo, dry_run)
    if not dry_run:
        click.echo(
            f"\nNext:\n  flaskdash serve     # then open /charts/{module.replace('_', '-')}\n"
        )
