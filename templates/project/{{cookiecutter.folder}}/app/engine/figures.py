"""Figures: what a chart's figure() draws, without a look, which the page adds."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from markupsafe import Markup

from app.engine.models import Chart

if TYPE_CHECKING:
    from pandas import DataFrame
    from plotly.graph_objects import Figure


def plot(chart: Chart, rows: DataFrame) -> Figure:
    """Return a chart's figure without a template."""
    from plotly.io import templates

    # The page has its own look: see figures.js. plotly.express copies a template's colours into
    # traces; with one template, figures.js recognises those that nobody chose.
    if templates.default != "page":
        colorway = templates["plotly"].layout.colorway
        scale = [[0, "#636efa"], [1, "#f0f921"]]
        look = {"colorway": colorway, "colorscale": {"sequential": scale}, "margin": {"t": 8}}
        for name in [*templates, "page"]:
            templates[name] = {"layout": look}
        templates.default = "page"
    figure: Figure = chart.draw(_escape(rows))
    figure.layout.template = None
    return figure


def to_json(figure: Figure) -> Markup:
    """Return a figure in JSON that is safe in a <script>: no </script> ends it."""
    return Markup(str(figure.to_json()).replace("<", "\\u003c"))


def _escape(df: DataFrame) -> DataFrame:
    """Return the table with markup in its cells escaped: Plotly obeys <b> and <a> in labels."""
    escaped = df.copy()
    for name in (name for name, kind in df.dtypes.items() if kind.kind == "O"):  # numbers need none
        escaped[name] = df[name].map(lambda v: html.escape(v, False) if isinstance(v, str) else v)
    return escaped
