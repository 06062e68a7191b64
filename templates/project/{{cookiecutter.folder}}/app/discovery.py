"""Discovery: each file in loaders/ is a data set, each file in charts/ is a chart."""

import importlib
import math
import pkgutil
import re
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path
from types import ModuleType
from typing import Any

from app.filters import FORMS
from app.formats import slug

LOADER = ("SOURCE or REFRESH", "load")
SECONDS = {"m": 60, "h": 3_600, "d": 86_400}
CHART = ("TITLE", "DATA", "SQL")
CHART_DEFAULTS = {"FILTERS": [], "DASHBOARDS": ["Overview"], "ORDER": 100, "SIZE": "half"}
DRAWINGS = ("figure", "kpi", "table", "text")


def find_loaders(package: ModuleType) -> dict[str, ModuleType]:
    """Return the loaders by name; each gets the seconds that its snapshot LASTS."""
    loaders = _modules(package, LOADER, {"SOURCE": "", "REFRESH": "", "LIVE": False})
    for loader in loaders.values():
        value = loader.REFRESH
        refresh = re.fullmatch(r"([1-9]\d*)([mhd])|", str(value))
        if not refresh:
            raise RuntimeError(f"{loader.__file__}: REFRESH is {value!r}; write 15m, 1h, 1d")
        vars(loader)["LASTS"] = int(refresh[1]) * SECONDS[refresh[2]] if value else math.inf
    return loaders


def find_charts(package: ModuleType, loaders: dict[str, ModuleType]) -> dict[str, ModuleType]:
    """Return the charts by slug, in the order that they declare; each gets a SLUG and a KIND."""
    charts = _modules(package, CHART, CHART_DEFAULTS)
    dashboards: dict[str, str] = {}
    for name, chart in charts.items():
        kinds = [kind for kind in DRAWINGS if hasattr(chart, kind)]
        if len(kinds) != 1:
            raise RuntimeError(f"{chart.__file__}: define one of {', '.join(DRAWINGS)}")
        if chart.DATA not in loaders:
            raise RuntimeError(f"{chart.__file__}: DATA is {chart.DATA!r}; have {list(loaders)}")
        told = dict.fromkeys(chart.FILTERS, "")
        told |= chart.FILTERS if isinstance(chart.FILTERS, dict) else {}
        if wrong := [form for form in told.values() if form not in ("", *FORMS)]:
            raise RuntimeError(f"{chart.__file__}: FILTERS has {wrong}; it may have {list(FORMS)}")
        vars(chart).update(FILTERS=told)
        prefix = name.replace("_", "-") + "."  # of what the URL says of its rows; no filter's
        while any(f"{filter}.".startswith(prefix) for c in charts.values() for filter in c.FILTERS):
            prefix = f".{prefix}"
        vars(chart).update(SLUG=prefix.strip("."), KIND=kinds[0], PREFIX=prefix)
        for title in chart.DASHBOARDS:
            if (other := dashboards.setdefault(slug(title), title)) != title:
                raise RuntimeError(f"{chart.__file__}: rename {title!r}; {other!r} has its address")
    return {chart.SLUG: chart for chart in sorted(charts.values(), key=lambda c: (c.ORDER, c.SLUG))}


def _modules(
    package: ModuleType, required: Iterable[str], defaults: dict[str, Any]
) -> dict[str, ModuleType]:
    found: dict[str, ModuleType] = {}
    for info in pkgutil.iter_modules(package.__path__):
        name = info.name.lower().replace("-", "_")
        if name.startswith("_"):
            continue
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        if name in found:
            raise RuntimeError(f"{module.__file__}: rename it; {found[name].__file__} is as good")
        for attribute in required:
            if not any(hasattr(module, name) for name in attribute.split(" or ")):
                raise RuntimeError(
                    f"{module.__file__}: {attribute} is missing; see {package.__file__}"
                )
        vars(module).update(defaults | vars(module))
        found[name] = module
    return found


def code_version() -> str:
    """Return a digest of the application's own files: cached pages end with the code they show."""
    app = Path(__file__).parent
    files = [path for path in app.rglob("*") if not {"vendor", "__pycache__"} & set(path.parts)]
    digest = blake2b(digest_size=8)
    for path in sorted([*files, app.parent / "pyproject.toml", app.parent / "uv.lock"]):
        if path.is_file():
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()
