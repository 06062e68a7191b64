"""Discovery: each file in loaders/ is a data set, each file in charts/ is a chart."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from types import ModuleType
from typing import Any

DRAWINGS = ("figure", "kpi", "table")


@dataclass(frozen=True)
class Loader:
    """A data set: where it comes from, and the function that reads it."""

    name: str
    source: Path
    load: Callable[[], Any]
    file: Path


@dataclass(frozen=True)
class Chart:
    """A chart: what it asks of which data, and the function that draws the answer."""

    slug: str
    title: str
    data: str
    sql: str
    kind: str
    draw: Callable[[Any], Any]
    filters: tuple[str, ...]
    dashboards: tuple[str, ...]
    order: int
    size: str


def find_loaders(package: ModuleType) -> dict[str, Loader]:
    """Return the loaders by name."""
    return {
        name: Loader(
            name,
            Path(_required(module, "SOURCE", "SOURCE = the path of the file that it reads")),
            _required(module, "load", "def load() -> DataFrame"),
            Path(str(module.__file__)),
        )
        for name, module in _modules(package)
    }


def find_charts(package: ModuleType, loaders: Mapping[str, Loader]) -> dict[str, Chart]:
    """Return the charts by slug, in the order that they declare."""
    charts = [_chart(name, module, loaders) for name, module in _modules(package)]
    return {chart.slug: chart for chart in sorted(charts, key=lambda c: (c.order, c.slug))}


def _chart(name: str, module: ModuleType, loaders: Mapping[str, Loader]) -> Chart:
    kinds = [kind for kind in DRAWINGS if hasattr(module, kind)]
    if len(kinds) != 1:
        raise RuntimeError(f"{module.__file__}: define one of {', '.join(DRAWINGS)}")
    data = _required(module, "DATA", "DATA = the name of a loader")
    if data not in loaders:
        known = ", ".join(loaders) or "none"
        raise RuntimeError(f"{module.__file__}: there is no loader {data!r}; there is: {known}")
    return Chart(
        slug=name.replace("_", "-"),
        title=_required(module, "TITLE", "TITLE = its heading"),
        data=data,
        sql=_required(module, "SQL", f"SQL = a query that selects FROM {data}"),
        kind=kinds[0],
        draw=getattr(module, kinds[0]),
        filters=tuple(getattr(module, "FILTERS", ())),
        dashboards=tuple(getattr(module, "DASHBOARDS", ("Overview",))),
        order=getattr(module, "ORDER", 100),
        size=getattr(module, "SIZE", "half"),
    )


def _modules(package: ModuleType) -> Iterator[tuple[str, ModuleType]]:
    seen: dict[str, str] = {}
    for info in pkgutil.iter_modules(package.__path__):
        if info.name.startswith("_"):
            continue
        name = info.name.lower()
        if name in seen:
            raise RuntimeError(f"{info.name} and {seen[name]} in {package.__name__}: rename one")
        seen[name] = info.name
        yield name, importlib.import_module(f"{package.__name__}.{info.name}")


def _required(module: ModuleType, name: str, remedy: str) -> Any:
    if not hasattr(module, name):
        raise RuntimeError(f"{module.__file__}: {name} is missing; add {remedy}")
    return getattr(module, name)


def code_version() -> str:
    """Return a digest of the application's own files: cached pages end with the code they show."""
    digest = blake2b(digest_size=8)
    for path in sorted(Path(__file__).parent.rglob("*")):
        if path.suffix in {".py", ".html", ".css", ".js", ".svg"} and "vendor" not in path.parts:
            digest.update(str(path).encode() + path.read_bytes())
    return digest.hexdigest()
