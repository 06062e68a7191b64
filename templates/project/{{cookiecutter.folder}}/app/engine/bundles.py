"""Bundles: the builds of plotly.js in app/static/vendor, and the types of traces that they draw."""

import re
from collections.abc import Sequence, Set
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import current_app

# What `flaskdash add-plotly` adds: the traces of its bundle, and outlines for maps.
_NAMES = """
    barpolar box candlestick choropleth contour funnel funnelarea heatmap histogram histogram2d
    histogram2dcontour icicle indicator ohlc parcats sankey scattergeo scatterpolar
    scatterternary sunburst treemap violin waterfall world_110m.json usa_110m.json
"""
ADDED = frozenset(_NAMES.split())


def parts_of(figure: Any) -> frozenset[str]:
    """Return what a figure needs: its types of traces, and the files with outlines for its maps."""
    # The page draws those of WebGL as SVG, which every bundle can.
    types = {trace.type.removesuffix("gl") for trace in figure.data}
    if types.isdisjoint({"choropleth", "scattergeo"}):
        return frozenset(types)
    geo = figure.layout.geo
    scope = (geo.scope or "world").replace(" ", "-")
    return frozenset({*types, f"{scope}_{geo.resolution or 110}m.json"})


def choose(figures: Sequence[Set[str]]) -> tuple[str, Set[str]]:
    """Return the smallest bundle among those that draw the most figures, and what it draws."""
    vendor = Path(str(current_app.static_folder), "vendor")
    outlines = {path.name for path in vendor.glob("*m.json")}
    files = sorted(vendor.glob("plotly-*.min.js"), key=lambda path: path.stat().st_size)
    bundles = {path: _traces(path, path.stat().st_mtime_ns) | outlines for path in files}
    chosen = max(files, key=lambda path: sum(parts <= bundles[path] for parts in figures))
    return chosen.name, bundles[chosen]


@lru_cache
def _traces(file: Path, _changed: int) -> frozenset[str]:
    return frozenset(re.findall(r'moduleType:"trace",name:"(\w+)"', file.read_text("utf-8")))


def explain(missing: Set[str]) -> str:
    """Explain what a page lacks for a figure, and what to run."""
    lack = f"app/static/vendor lacks what draws this figure: {', '.join(sorted(missing))}."
    if missing <= ADDED:
        return f"{lack} Run `flaskdash add-plotly`."
    return (
        f"{lack} flaskdash does not bring it. Choose another chart, or add a bundle of plotly.js "
        "that draws it there, as plotly-NAME.min.js."
    )
