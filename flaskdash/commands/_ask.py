"""What `add-chart` asks on a terminal: each question has a default, which Enter takes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from flaskdash.charts.kinds import AGGREGATES, GRAINS, KINDS, Chart, Kind
from flaskdash.commands._report import printable

if TYPE_CHECKING:
    from flaskdash.inspect.model import Column
    from flaskdash.project.results import Table

Columns = Mapping[str, "Column"]
NONE = "-"
TIMES = {"date", "datetime"}
NUMBERS = {"integer", "number"}
OF_ANY_TYPE = ("count", "distinct")


def loader(names: Sequence[str]) -> str | None:
    """Ask for a loader, if there is a choice."""
    return _choice("Data", names, names[0]) if len(names) > 1 else None


def chart(table: "Table", suggested: Sequence[Chart], filters: tuple[str, ...]) -> Chart:
    """Ask for a chart: one that is suggested, by its number, or one's own."""
    click.echo(f"Columns of {table.name}:")
    for column in table.columns.values():
        click.echo(f"  {printable(column.name):30} {column.type:9} {column.role}")
    click.echo("\nSuggested, and not there yet:")
    for number, one in enumerate(suggested, 1):
        click.echo(f"  {number:2}. {one.kind:11} {printable(one.title)}  ({one.why})")
    click.echo("   0. one of my own\n")
    numbers = click.IntRange(0, len(suggested))
    picked = click.prompt("Chart", type=numbers, default=min(1, len(suggested)))
    return suggested[picked - 1] if picked else _own(table, suggested, filters)


def dashboard(titles: Sequence[str], default: str) -> str:
    """Ask for the title of a dashboard: of one that is there, or of a new one."""
    there = f" (there: {', '.join(titles)}; or a new one)" if titles else ""
    return str(click.prompt(f"Dashboard{there}", default=default))


def title(default: str) -> str:
    """Ask for a chart's title."""
    return str(click.prompt("Title", default=default))


def _own(table: "Table", suggested: Sequence[Chart], filters: tuple[str, ...]) -> Chart:
    from flaskdash.generate.add import default_filters

    for kind in KINDS.values():
        click.echo(f"  {kind.name:11} {kind.summary}")
    kind = KINDS[_choice("Kind", list(KINDS), "bar")]
    columns = table.columns
    like = [one for one in suggested if one.kind == kind.name]
    asked = kind.needs + kind.takes
    x = _x(kind, columns, like) if "x" in kind.needs else None
    by = _more("by, a second category", "by" in kind.needs, columns) if "by" in asked else None
    y = _y(kind, columns, like) if "y" in asked else None
    size = _more("size, of a point", "size" in kind.needs, columns) if "size" in asked else None
    agg = grain = color = None
    if "agg" in kind.takes and y:
        fitting = AGGREGATES if columns[y].type in NUMBERS else OF_ANY_TYPE
        agg = _choice("Put together by", fitting, columns[y].agg or fitting[0])
    if "grain" in kind.takes and x and columns[x].type in TIMES:
        natural = next((one.grain for one in like if one.x == x), columns[x].grain)
        grain = _or_none(_choice("Step in time", [*GRAINS, NONE], natural or NONE))
    if "color" in kind.takes:
        color = _or_none(_choice("Colour by (- for none)", [*columns, NONE], NONE, shown=False))
    target = click.prompt("Target", type=float) if "target" in kind.needs else None
    filters = filters or _filters(columns, default_filters(table))
    chart = Chart(kind.name, table.name, "", x, y, agg, color, grain, filters=filters)
    return replace(chart, by=by, size=size, target=target)


def _more(text: str, needed: bool, columns: Columns) -> str | None:
    """Ask for a column beside x and y: a number for a size, else a category."""
    fitting = {"measure"} if text.startswith("size") else {"category", "geography", "flag"}
    usual = [column.name for column in columns.values() if column.role in fitting]
    if needed:
        return _choice(text, list(columns), next(iter(usual), None), shown=False)
    return _or_none(_choice(f"{text} (- for none)", [*columns, NONE], NONE, shown=False))


def _x(kind: Kind, columns: Columns, like: Iterable[Chart]) -> str:
    named = _fitting(columns, numbers="x" in kind.numbers)
    usual = next((one.x for one in like if one.x in named), next(iter(named), None))
    return _choice("x, along the axis", named, usual, shown=False)


def _y(kind: Kind, columns: Columns, like: Iterable[Chart]) -> str | None:
    named = _fitting(columns, numbers="y" in kind.needs)
    measures = [column.name for column in columns.values() if column.role == "measure"]
    usual = next((one.y for one in like if one.y in named), next(iter(measures), None))
    if "y" in kind.needs:
        return _choice("y, up the other axis", named, usual, shown=False)
    rows = "y, what is measured (- for the number of rows)"
    return _or_none(_choice(rows, [*named, NONE], usual or NONE, shown=False))


def _fitting(columns: Columns, numbers: bool) -> list[str]:
    return [each.name for each in columns.values() if not numbers or each.type in NUMBERS]


def _filters(columns: Columns, usual: tuple[str, ...]) -> tuple[str, ...]:
    default = ", ".join(usual) or NONE

    def known(answer: str) -> tuple[str, ...]:
        if answer in {default, NONE}:
            return () if answer == NONE else usual
        names = tuple(name.strip() for name in answer.split(","))
        for name in names:
            if name not in columns:
                raise click.BadParameter(f"no column {name!r}; put a comma between two")
        return names

    text = "Filters (- for none)"
    found: tuple[str, ...] = click.prompt(text, default=default, value_proc=known)
    return found


def _choice(text: str, names: Sequence[str], default: str | None, shown: bool = True) -> str:
    return str(click.prompt(text, type=click.Choice(names), default=default, show_choices=shown))


def _or_none(answer: str) -> str | None:
    return None if answer == NONE else answer
