"""The loaders, charts and dashboards of a project, parsed from its files without running them."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flaskdash.errors import FlaskdashError
from flaskdash.project import Project

CHART_FUNCTIONS = ("figure", "kpi", "table", "text")


@dataclass(frozen=True)
class LoaderFile:
    """A loader's file and its constants.

    `sources` are relative to the project, and empty if they are computed. `database` is the variable
    with the address of the database or the URL, or empty. `live` means that charts query the
    database. `roles` maps columns to the roles that the loader declares, `units` to their units.
    """

    name: str
    path: Path
    sources: tuple[str, ...] = ()
    database: str = ""
    live: bool = False
    roles: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)

    @property
    def files(self) -> list[str]:
        """Return the sources on disk, without those on the web."""
        return [source for source in self.sources if "://" not in source]


@dataclass(frozen=True)
class ChartFile:
    """A chart's file and its constants; `data` are the loaders that its SQL names."""

    name: str
    path: Path
    title: str
    kind: str
    data: tuple[str, ...]
    filters: tuple[str, ...]
    defaults: Mapping[str, str]  # of filters that have one, by column
    dashboards: tuple[str, ...]
    roles: tuple[str, ...]
    order: int


def loaders(project: Project) -> dict[str, LoaderFile]:
    """Return the project's loaders by name."""
    loaders = {}
    for name, path in modules(project.loaders):
        tree = _parse(path)
        loaders[name] = LoaderFile(
            name,
            path,
            sources=_sources(tree),
            database=_database(tree),
            live=bool(_constant(tree, "LIVE", False)),
            roles=_texts(path, tree, "ROLES", '{"month": "category", "score": "mean"}'),
            units=_texts(path, tree, "UNITS", '{"price": "$", "weight": "kg"}'),
        )
    return loaders


def charts(project: Project) -> dict[str, ChartFile]:
    """Return the project's charts by name, in the order that they declare."""
    charts = []
    for name, path in modules(project.charts):
        tree = _parse(path)
        functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        charts.append(
            ChartFile(
                name=name,
                path=path,
                title=str(_constant(tree, "TITLE", name)),
                kind=next((kind for kind in CHART_FUNCTIONS if kind in functions), ""),
                data=_names(_constant(tree, "DATA", ())),
                filters=tuple(_constant(tree, "FILTERS", ())),
                defaults=_defaults(_constant(tree, "FILTERS", ())),
                dashboards=tuple(_constant(tree, "DASHBOARDS", ("Overview",))),
                roles=_roles(_constant(tree, "ROLES", ())),
                order=int(_constant(tree, "ORDER", 100)),
            )
        )
    return {chart.name: chart for chart in sorted(charts, key=_position)}


def _defaults(filters: Any) -> dict[str, str]:
    """Return the defaults in FILTERS, such as North in {"region": "choice=North"}."""
    declared = filters.items() if isinstance(filters, dict) else ()
    return {column: form.partition("=")[2] for column, form in declared if "=" in form}


def _names(data: Any) -> tuple[str, ...]:
    """Return DATA, a loader or a list of loaders, as names."""
    names = data if isinstance(data, list | tuple) else (data,)
    return tuple(map(str, names))


def _position(chart: ChartFile) -> tuple[int, str]:
    return chart.order, chart.name


def dashboards(project: Project) -> dict[str, list[str]]:
    """Return the names of the charts on each dashboard, by the dashboard's title."""
    dashboards: dict[str, list[str]] = {}
    for chart in charts(project).values():
        for title in chart.dashboards:
            dashboards.setdefault(title, []).append(chart.name)
    return dashboards


def dashboard_roles(project: Project) -> dict[str, tuple[str, ...]]:
    """Return the roles that DASHBOARD_ROLES in app/config.py gives to dashboards, by their titles."""
    declared = _constant_of(project.root / "app/config.py", "DASHBOARD_ROLES")
    pairs = declared.items() if isinstance(declared, dict) else ()
    return {str(title): _roles(roles) for title, roles in pairs}


def account_roles(project: Project) -> tuple[str, ...]:
    """Return the roles that accounts can have; empty if the project has no accounts."""
    return _roles(_constant_of(project.root / "app/blueprints/accounts/models.py", "ROLES"))


def _constant_of(path: Path, name: str) -> Any:
    return _constant(_parse(path), name, ()) if path.is_file() else ()


def _roles(declared: Any) -> tuple[str, ...]:
    """Return ROLES; empty if they are not a list, which the application refuses at its start."""
    return tuple(map(str, declared)) if isinstance(declared, list | tuple) else ()


def modules(folder: Path) -> list[tuple[str, Path]]:
    """Return the files in a folder of loaders or charts, each with its name in the project."""
    paths = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    return [(path.stem.lower().replace("-", "_"), path) for path in paths]


def _parse(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text("utf-8"), str(path))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        place = f"{path}, line {line}" if line else str(path)
        raise FlaskdashError(f"{place}: this file is not valid Python") from error


def _value(tree: ast.Module, name: str) -> ast.expr | None:
    for node in tree.body:
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            targets, value = [node.target], node.value
        else:
            continue
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            return value
    return None


def _constant(tree: ast.Module, name: str, default: Any) -> Any:
    value = _value(tree, name)
    try:
        constant = default if value is None else ast.literal_eval(value)
    except ValueError:  # computed when the application starts
        return default
    return default if constant is None else constant


def _database(tree: ast.Module) -> str:
    """Return the first argument of ``TABLE = Table("DATABASE_URL", ...)``, or ADDRESS, or ""."""
    table = _value(tree, "TABLE")
    if not isinstance(table, ast.Call) or not table.args:
        return str(_constant(tree, "ADDRESS", ""))
    variable = table.args[0]
    return str(variable.value) if isinstance(variable, ast.Constant) else ""


def _texts(path: Path, tree: ast.Module, name: str, example: str) -> dict[str, str]:
    """Return a constant by column; raise FlaskdashError if it is not a dict of texts."""
    texts = _constant(tree, name, None)
    if texts is None and _value(tree, name) is None:
        return {}
    if isinstance(texts, dict) and all(isinstance(x, str) for pair in texts.items() for x in pair):
        return texts
    raise FlaskdashError(
        f"{path}: {name} is not a dict from columns to texts. Write it like the example.",
        hint=f"{name} = {example}",
    )


def _sources(tree: ast.Module) -> tuple[str, ...]:
    """Return the paths and URLs in SOURCE, which may be a list."""
    value = _value(tree, "SOURCE")
    values = value.elts if isinstance(value, ast.List | ast.Tuple) else [value]
    return tuple(filter(None, map(_path, values)))


def _path(value: ast.expr | None) -> str:
    """Return the path of ``Path(__file__).parents[2] / "data" / "x.csv"`` as data/x.csv."""
    parts: list[str] = []
    while isinstance(value, ast.BinOp) and isinstance(value.op, ast.Div):
        if not (isinstance(value.right, ast.Constant) and isinstance(value.right.value, str)):
            return ""
        parts.insert(0, value.right.value)
        value = value.left
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return value.value
    return "/".join(parts)


def as_dict(project: Project) -> dict[str, list[dict[str, Any]]]:
    """Return the loaders, charts and dashboards as plain values for JSON."""
    return {
        "loaders": [
            {
                "name": loader.name,
                "file": project.relative(loader.path),
                "source": ", ".join(loader.sources) or loader.database,
            }
            for loader in loaders(project).values()
        ],
        "charts": [
            {
                "name": chart.name,
                "file": project.relative(chart.path),
                "kind": chart.kind,
                "data": chart.data[0] if len(chart.data) == 1 else list(chart.data),
                "title": chart.title,
            }
            for chart in charts(project).values()
        ],
        "dashboards": [
            {"title": title, "charts": names} for title, names in dashboards(project).items()
        ],
    }
