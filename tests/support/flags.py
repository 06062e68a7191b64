"""The flags with which the tests add each kind of chart."""

from __future__ import annotations

from pathlib import Path

FLAGS = {
    "kpi": ("--y", "revenue", "--agg", "mean"),
    "line": ("--x", "date", "--y", "revenue", "--grain", "month", "--color", "region"),
    "area": (*"--x date --y revenue --grain month --color region --mode percent".split(),),
    "bar": ("--x", "region", "--y", "units", "--color", "product", "--limit", "3"),
    "scatter": ("--x", "units", "--y", "revenue", "--color", "product"),
    "pie": ("--x", "region", "--y", "revenue", "--limit", "3"),
    "donut": ("--x", "units"),
    "bubble": ("--x", "units", "--y", "revenue", "--size", "units", "--color", "product"),
    "histogram": ("--x", "revenue"),
    "heatmap": ("--x", "region", "--by", "product", "--y", "revenue"),
    "box": ("--x", "region", "--y", "revenue", "--limit", "3"),
    "violin": ("--x", "product", "--y", "revenue"),
    "choropleth": ("--x", "region", "--y", "revenue"),
    "map": ("--x", "units", "--y", "revenue", "--size", "units", "--color", "product"),
    "treemap": ("--x", "region", "--by", "product", "--y", "revenue"),
    "sunburst": ("--x", "region", "--by", "units"),
    "funnel": ("--x", "product", "--y", "revenue"),
    "waterfall": ("--x", "date", "--y", "revenue", "--grain", "quarter"),
    "gauge": ("--y", "revenue", "--target", "5000"),
    "bullet": ("--x", "region", "--y", "revenue", "--target", "5000"),
    "candlestick": ("--x", "date", "--y", "revenue", "--grain", "month"),
    "radar": ("--x", "region", "--y", "revenue", "--color", "product"),
    "sankey": ("--x", "region", "--by", "product", "--limit", "20"),
    "table": ("--limit", "20"),
    "text": ("--y", "revenue"),
}
BAR = ("--kind", "bar", "--x", "region", "--y", "revenue")


def name_a_country(project: Path) -> None:
    """Have the sales name a country among their regions, which a choropleth needs."""
    path = project / "data/sales.csv"
    path.write_text(path.read_text("utf-8").replace("North", "Norway"), "utf-8")
