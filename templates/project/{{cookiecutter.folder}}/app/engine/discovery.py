"""Discovery: each file in app/loaders/ is a data set, each file in app/charts/ is a chart."""

import importlib
import math
import pkgutil
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from types import ModuleType
from typing import Any

from app.engine.filters import FORMS
from app.engine.grain import AUTO, COLUMN
from app.engine.models import Chart, Kind, Loader, slugify

SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
KINDS: tuple[Kind, ...] = ("figure", "kpi", "table", "text")


def find_loaders(package: ModuleType) -> dict[str, Loader]:
    """Return the loaders by name; raise RuntimeError if a file lacks something."""
    return {name: _loader(name, module) for name, module in _modules(package)}


def find_charts(package: ModuleType, loaders: Mapping[str, Loader]) -> dict[str, Chart]:
    """Return the charts by slug, in their order; raise RuntimeError if a file lacks something."""
    modules = list(_modules(package))
    columns = {column for _, module in modules for column in getattr(module, "FILTERS", ())}
    charts = [_chart(name, module, loaders, columns) for name, module in modules]
    titles: dict[str, str] = {}
    for chart in charts:
        for title in chart.dashboards:
            if (first := titles.setdefault(slugify(title), title)) != title:
                raise RuntimeError(
                    f"{chart.file}: the dashboards {title!r} and {first!r} have the same address, "
                    f"/dashboards/{slugify(title)}. Rename one."
                )
    charts.sort(key=lambda chart: (chart.order, chart.slug))
    return {chart.slug: chart for chart in charts}


def check_roles(declared: Any, charts: Iterable[Chart]) -> Mapping[str, Sequence[str]]:
    """Return DASHBOARD_ROLES; raise RuntimeError if a dashboard does not exist or lacks roles."""
    name = "app/config.py: DASHBOARD_ROLES"
    if not isinstance(declared, dict):
        raise RuntimeError(f'{name} is {declared!r}. Write {{"Title of a dashboard": ["admin"]}}.')
    titles = sorted({title for chart in charts for title in chart.dashboards})
    for title, roles in declared.items():
        if title not in titles:
            raise RuntimeError(f"{name} has {title!r}, but the dashboards are {', '.join(titles)}.")
        if not _roles(f"{name}[{title!r}]", roles):
            raise RuntimeError(f"{name}[{title!r}] is empty. Name a role, or leave out the line.")
    return declared


def _modules(package: ModuleType) -> Iterator[tuple[str, ModuleType]]:
    """Import each file of a package, but not those that begin with _."""
    files: dict[str, str | None] = {}
    for info in pkgutil.iter_modules(package.__path__):
        name = info.name.lower().replace("-", "_")
        if name.startswith("_"):
            continue
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        if name in files:
            raise RuntimeError(
                f"{module.__file__} and {files[name]} have the same name, {name}. Rename one."
            )
        files[name] = module.__file__
        yield name, module


def _loader(name: str, module: ModuleType) -> Loader:
    file = Path(str(module.__file__))
    source = getattr(module, "SOURCE", "")
    refresh = getattr(module, "REFRESH", "")
    if not (source or refresh):
        raise RuntimeError(f"{file}: SOURCE or REFRESH is missing. See app/loaders/__init__.py.")
    age = re.fullmatch(r"([1-9]\d*)([smhd])", str(refresh))
    if refresh and age is None:
        raise RuntimeError(f"{file}: REFRESH is {refresh!r}. Write 30s, 15m, 1h or 1d.")
    table = getattr(module, "TABLE", None)
    return Loader(
        name=name,
        file=file,
        load=_require(module, "load"),
        sources=tuple(map(str, source if isinstance(source, (list, tuple)) else [source])),
        max_age=int(age[1]) * SECONDS[age[2]] if age else math.inf,
        variable=getattr(module, "ADDRESS", getattr(table, "variable", "")),
        live=getattr(module, "LIVE", False),
        table=table,
        visible=getattr(module, "visible", None),
    )


def _chart(
    name: str, module: ModuleType, loaders: Mapping[str, Loader], columns: Iterable[str]
) -> Chart:
    """Return the chart that a file declares; `columns` are those that any chart filters by."""
    file = Path(str(module.__file__))
    kinds = [kind for kind in KINDS if hasattr(module, kind)]
    if len(kinds) != 1:
        raise RuntimeError(f"{file}: define one of {', '.join(KINDS)}, and only one.")
    declared = _require(module, "DATA")
    data = tuple(dict.fromkeys(declared)) if isinstance(declared, (list, tuple)) else (declared,)
    if not data or not {*data} <= {*loaders}:
        names = ", ".join(loaders) or "none"
        raise RuntimeError(f"{file}: DATA is {declared!r}, but the loaders are {names}.")
    if len(data) > 1 and (live := [name for name in data if loaders[name].live]):
        raise RuntimeError(
            f"{file}: DATA joins {live[0]}, whose database does not have the other rows. Set "
            f"LIVE = False in app/loaders/{live[0]}.py, or add a loader of the rows that this needs."
        )
    filters = getattr(module, "FILTERS", ())
    forms = dict(filters) if isinstance(filters, Mapping) else dict.fromkeys(filters, "")
    bare = [form.partition("=")[0] for form in forms.values()]  # without defaults
    if unknown := [form for form in bare if form not in ("", *FORMS)]:
        raise RuntimeError(f"{file}: FILTERS has {unknown[0]!r}. Write one of {', '.join(FORMS)}.")
    slug = name.replace("_", "-")
    return Chart(
        slug=slug,
        file=file,
        title=_require(module, "TITLE"),
        data=data,
        sql=_require(module, "SQL"),
        kind=kinds[0],
        draw=getattr(module, kinds[0]),
        note=getattr(module, "note", None),
        filters=forms,
        dashboards=tuple(getattr(module, "DASHBOARDS", ["Overview"])),
        roles=tuple(_roles(f"{file}: ROLES", getattr(module, "ROLES", ()))),
        grain=_grain(file, module, live=any(loaders[name].live for name in data)),
        order=getattr(module, "ORDER", 100),
        size=getattr(module, "SIZE", "half"),
        prefix=_prefix(slug, columns),
    )


def _roles(name: str, roles: Any) -> Sequence[str]:
    if not isinstance(roles, (list, tuple)) or not all(isinstance(role, str) for role in roles):
        raise RuntimeError(f'{name} is {roles!r}. Write a list of texts: ["admin"].')
    return roles


def _grain(file: Path, module: ModuleType, *, live: bool) -> str:
    grain = getattr(module, "GRAIN", "")
    if grain != (AUTO if COLUMN.search(module.SQL) else ""):
        raise RuntimeError(
            f'{file}: GRAIN is {grain!r}. Write "auto" if SQL has date_trunc($grain, COLUMN), and '
            "leave it out if not."
        )
    if grain and live:
        raise RuntimeError(f"{file}: GRAIN does not work with a loader whose LIVE is True.")
    return str(grain)


def _require(module: ModuleType, name: str) -> Any:
    if not hasattr(module, name):
        folder = str(module.__package__).replace(".", "/")
        raise RuntimeError(f"{module.__file__}: {name} is missing. See {folder}/__init__.py.")
    return getattr(module, name)


def _prefix(slug: str, columns: Iterable[str]) -> str:
    """Return the prefix of a table's parameters: with dots in front if a filter begins like it."""
    prefix = f"{slug}."
    while any(f"{column}.".startswith(prefix) for column in columns):
        prefix = f".{prefix}"
    return prefix


def code_version() -> str:
    """Return a digest of the application's files: cached pages end with the code they show."""
    app = Path(__file__).parents[1]
    files = [path for path in app.rglob("*") if not {"vendor", "__pycache__"} & set(path.parts)]
    files += [app.parent / "pyproject.toml", app.parent / "uv.lock"]
    named = (path.name.encode() + path.read_bytes() for path in sorted(files) if path.is_file())
    return blake2b(b"".join(named), digest_size=8).hexdigest()
