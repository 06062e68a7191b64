"""`flaskdash add-chart`: one more chart page."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flaskdash.charts import AGGREGATES, GRAINS, KINDS, Chart
from flaskdash.errors import FlaskdashError

if TYPE_CHECKING:
    from flaskdash.add import Table


@click.command("add-chart")
@click.argument("name", required=False)
@click.option("--data", help="The loader to draw from.  [default: the only one]")
@click.option("--kind", type=click.Choice(list(KINDS)), help="Kind of chart.")
@click.option("--x", help="Column along the axis, or the categories of a bar.")
@click.option("--y", help="Column that is measured.")
@click.option("--agg", type=click.Choice(AGGREGATES), help="How the measure is put together.")
@click.option("--color", help="Column whose values get a colour each.")
@click.option("--grain", type=click.Choice(GRAINS), help="Step of a time axis.")
@click.option(
    "--filter", "filters", multiple=True, help="Column to filter by; may be given several times."
)
@click.option("--limit", type=click.IntRange(1, 100_000), help="Most bars, points or rows.")
@click.option("--title", default="", help="Heading.  [default: from the columns]")
@click.option("--dashboard", help="Title of its dashboard.  [default: the first one]")
@click.option("--dry-run", is_flag=True, help="Print what would be made, and make nothing.")
def command(
    name: str | None,
    data: str | None,
    kind: str | None,
    x: str | None,
    y: str | None,
    agg: str | None,
    color: str | None,
    grain: str | None,
    filters: tuple[str, ...],
    limit: int | None,
    title: str,
    dashboard: str | None,
    dry_run: bool,
) -> None:
    """Write one more chart, as app/charts/NAME.py.

    Without flags on a terminal it asks, and shows the columns and the charts that they suggest.

    \b
    Example:
      flaskdash add-chart --data sales --kind bar --x region --y revenue --agg sum
    """
    from flaskdash import add, contents
    from flaskdash.project import Project

    project = Project.find(Path.cwd())
    flags = (kind, x, y, agg, color, grain, limit)
    asks = not any(flags) and sys.stdin.isatty() and sys.stdout.isatty()
    if kind is None and not asks:
        raise FlaskdashError("--kind is missing", hint=f"one of: {', '.join(KINDS)}")
    if asks and data is None:
        data = _ask_loader(list(contents.loaders(project)))
    table = add.table(project, data)
    if asks:
        chart = _ask(table, add.suggested(project, table))
    else:
        assert kind is not None
        chart = Chart(kind, table.name, title, x, y, agg, color, grain, limit)
        chart = replace(chart, filters=filters or add.default_filters(table))
    chart = replace(chart, title=title or chart.title, filters=filters or chart.filters)
    module = add.add_chart(project, table, chart, name, dashboard, click.echo, dry_run)
    if not dry_run:
        click.echo(
            f"\nNext:\n  flaskdash serve     # then open /charts/{module.replace('_', '-')}\n"
        )


def _ask_loader(loaders: list[str]) -> str | None:
    if len(loaders) < 2:
        return None
    return str(click.prompt("Data", type=click.Choice(loaders), default=loaders[0]))


def _ask(table: "Table", charts: list[Chart]) -> Chart:
    """Ask for a chart: one that is suggested, by number, or kind and columns one by one."""
    from flaskdash.add import default_filters

    click.echo(f"Columns of {table.name}:")
    for column in table.columns.values():
        click.echo(f"  {column.name:30} {column.type:9} {column.role}")
    click.echo("\nSuggested, and not there yet:")
    for number, chart in enumerate(charts, 1):
        click.echo(f"  {number:2}. {chart.kind:9} {chart.title}  ({chart.why})")
    click.echo("   0. another one\n")
    picked = click.prompt("Chart", type=click.IntRange(0, len(charts)), default=min(1, len(charts)))
    if picked:
        return charts[picked - 1]
    kind = KINDS[click.prompt("Kind", type=click.Choice(list(KINDS)), default="bar")]
    names = click.Choice(list(table.columns))
    given: dict[str, str | None] = {}
    for flag in (*kind.needs, *kind.takes):
        if flag in {"x", "y", "color"}:
            needed = flag in kind.needs
            answer = click.prompt(
                flag if needed else f"{flag} (empty for none)",
                type=names if needed else click.Choice([*table.columns, ""]),
                default=None if needed else "",
                show_choices=False,
            )
            given[flag] = answer or None
    x, y, color = (given.get(flag) for flag in ("x", "y", "color"))
    agg = None
    if "agg" in kind.takes and y:
        default = table.columns[y].agg or "count"
        agg = click.prompt("agg", type=click.Choice(AGGREGATES), default=default)
    filters = default_filters(table)
    return Chart(kind.name, table.name, "", x, y, agg, color, filters=filters)
