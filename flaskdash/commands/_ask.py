"""The questions of `add-chart` on a terminal; Enter accepts the default of each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from flaskdash.charts.kinds import AGGREGATES, GRAINS, KINDS, Chart, Kind
from flaskdash.progress import echo

if TYPE_CHECKING:
    from flaskdash.inspect.model import Column
    from flaskdash.project.results import LoaderTable

Columns = Mapping[str, "Column"]
NONE = "-"
TIMES = {"date", "datetime"}
NUMBERS = {"integer", "number"}
FOR_ANY_TYPE = ("count", "distinct")


def loader(names: Sequence[str]) -> str | None:
    """Ask for a loader, if there are several."""
    return _choice("Data", names, names[0]) if len(names) > 1 else None


def keys(lines: Sequence[str], default: str) -> str:
    """Show the columns that could join two loaders, and ask for the keys."""
    echo("\n".join(lines))
    return str(click.prompt("Join by (separated by commas)", default=default or None))


def chart(table: "LoaderTable", suggested: Sequence[Chart], filters: tuple[str, ...]) -> Chart:
    """Ask for one of the suggested charts, or for the parts of a custom one."""
    echo(f"Columns of {table.name}:")
    for column in table.columns.values():
        echo(f"  {column.name:30} {column.type:9} {column.role}")
    echo("\nSuggested charts:")
    for number, suggestion in enumerate(suggested, 1):
        echo(f"  {number:2}. {suggestion.kind:11} {suggestion.title}  ({suggestion.reason})")
    echo("   0. a chart of your own\n")
    numbers = click.IntRange(0, len(suggested))
    number = click.prompt("Chart", type=numbers, default=min(1, len(suggested)))
    return suggested[number - 1] if number else _custom_chart(table, suggested, filters)


def dashboard(titles: Sequence[str], default: str) -> str:
    """Ask for the title of an existing or a new dashboard."""
    choices = f" (existing: {', '.join(titles)}; or a new one)" if titles else ""
    return str(click.prompt(f"Dashboard{choices}", default=default))


def title(default: str) -> str:
    """Ask for the title of a chart."""
    return str(click.prompt("Title", default=default))


def _custom_chart(
    table: "LoaderTable", suggested: Sequence[Chart], filters: tuple[str, ...]
) -> Chart:
    from flaskdash.generate.add import default_filters

    for kind in KINDS.values():
        echo(f"  {kind.name:11} {kind.summary}")
    kind = KINDS[_choice("Kind", list(KINDS), "bar")]
    columns = table.columns
    similar = [suggestion for suggestion in suggested if suggestion.kind == kind.name]
    flags = kind.needs + kind.takes
    x = _x(kind, columns, similar) if "x" in kind.needs else None
    by = _category(kind, columns) if "by" in flags else None
    y = _y(kind, columns, similar) if "y" in flags else None
    size = _size(kind, columns) if "size" in flags else None
    agg = _agg(columns[y]) if "agg" in kind.takes and y else None
    grain = color = target = None
    if "grain" in kind.takes and x and columns[x].type in TIMES:
        grain = _grain(columns[x], similar)
    if "color" in kind.takes:
        text = "Colour by (- for none)"
        color = _or_none(_choice(text, [*columns, NONE], NONE, show_choices=False))
    if "target" in kind.needs:
        target = click.prompt("Target", type=float)
    filters = filters or _filters(columns, default_filters(table))
    chart = Chart(
        kind.name, table.name, "", x=x, y=y, agg=agg, color=color, grain=grain, filters=filters
    )
    return replace(chart, by=by, size=size, target=target)


def _x(kind: Kind, columns: Columns, similar: Iterable[Chart]) -> str:
    names = _names(columns, only_numbers="x" in kind.numbers)
    usual = (suggestion.x for suggestion in similar if suggestion.x in names)
    default = next(usual, next(iter(names), None))
    return _choice("x, the horizontal axis", names, default, show_choices=False)


def _y(kind: Kind, columns: Columns, similar: Iterable[Chart]) -> str | None:
    names = _names(columns, only_numbers="y" in kind.needs)
    measures = [column.name for column in columns.values() if column.role == "measure"]
    usual = (suggestion.y for suggestion in similar if suggestion.y in names)
    default = next(usual, next(iter(measures), None))
    if "y" in kind.needs:
        return _choice("y, the vertical axis", names, default, show_choices=False)
    text = "y, the measure (- for the number of rows)"
    return _or_none(_choice(text, [*names, NONE], default or NONE, show_choices=False))


def _category(kind: Kind, columns: Columns) -> str | None:
    roles = {"category", "geography", "flag"}
    return _second_column("by, a second category", roles, columns, is_required="by" in kind.needs)


def _size(kind: Kind, columns: Columns) -> str | None:
    return _second_column(
        "size, of the points", {"measure"}, columns, is_required="size" in kind.needs
    )


def _second_column(
    text: str, roles: set[str], columns: Columns, *, is_required: bool
) -> str | None:
    """Ask for a column beside x and y; the default is the first column with one of the roles."""
    if is_required:
        usual = (column.name for column in columns.values() if column.role in roles)
        return _choice(text, list(columns), next(usual, None), show_choices=False)
    text = f"{text} (- for none)"
    return _or_none(_choice(text, [*columns, NONE], NONE, show_choices=False))


def _agg(column: "Column") -> str:
    aggregates = AGGREGATES if column.type in NUMBERS else FOR_ANY_TYPE
    return _choice("Aggregate by", aggregates, column.agg or aggregates[0])


def _grain(column: "Column", similar: Iterable[Chart]) -> str | None:
    usual = (suggestion.grain for suggestion in similar if suggestion.x == column.name)
    default = next(usual, column.grain)
    return _or_none(_choice("Time step", [*GRAINS, NONE], default or NONE))


def _names(columns: Columns, *, only_numbers: bool) -> list[str]:
    return [
        column.name for column in columns.values() if not only_numbers or column.type in NUMBERS
    ]


def _filters(columns: Columns, usual: tuple[str, ...]) -> tuple[str, ...]:
    default = ", ".join(usual) or NONE

    def parse(answer: str) -> tuple[str, ...]:
        if answer in {default, NONE}:
            return () if answer == NONE else usual
        names = tuple(name.strip() for name in answer.split(","))
        for name in names:
            if name not in columns:
                raise click.BadParameter(
                    f"Unknown column {name!r}. Separate the columns with commas."
                )
        return names

    filters: tuple[str, ...] = click.prompt(
        "Filters (- for none)", default=default, value_proc=parse
    )
    return filters


def _choice(
    text: str, names: Sequence[str], default: str | None, *, show_choices: bool = True
) -> str:
    choices = click.Choice(names)
    return str(click.prompt(text, type=choices, default=default, show_choices=show_choices))


def _or_none(answer: str) -> str | None:
    return None if answer == NONE else answer
