"""Make docs/charts.png: a chart of each kind, drawn from the sample and from a few countries.

python bench/gallery.py [--dark] [--width PIXELS] [PICTURE]
"""

from __future__ import annotations

import argparse
import io
import tempfile
from contextlib import chdir, redirect_stdout
from pathlib import Path

from browser import chromium
from server import gunicorn

from flaskdash.cli import cli

DOCS = Path(__file__).parents[1] / "docs" / "charts.png"
COUNTRIES = """country,longitude,latitude,people
China,116.4,39.9,1411\nIndia,77.2,28.6,1417\nUSA,-77.0,38.9,333\nIndonesia,106.8,-6.2,276\nPakistan,73.1,33.7,236
Brazil,-47.9,-15.8,215\nNigeria,7.5,9.1,219\nBangladesh,90.4,23.8,171\nRussia,37.6,55.8,144\nMexico,-99.1,19.4,128
Japan,139.7,35.7,125\nEthiopia,38.8,9.0,123\nPhilippines,121.0,14.6,116\nEgypt,31.2,30.0,111\nVietnam,105.8,21.0,98
DR Congo,15.3,-4.3,99\nTurkey,32.9,39.9,85\nIran,51.4,35.7,89\nGermany,13.4,52.5,84\nThailand,100.5,13.8,72
UK,-0.1,51.5,67\nFrance,2.3,48.9,68\nItaly,12.5,41.9,59\nSouth Africa,28.2,-25.7,60\nKenya,36.8,-1.3,54
Colombia,-74.1,4.7,52\nSpain,-3.7,40.4,48\nArgentina,-58.4,-34.6,46\nAlgeria,3.1,36.8,45\nCanada,-75.7,45.4,39
Poland,21.0,52.2,38\nSaudi Arabia,46.7,24.7,36\nPeru,-77.0,-12.0,34\nAustralia,149.1,-35.3,26\nChile,-70.7,-33.4,20
"""
MONTHS = "--x week --grain month"
CHARTS = {
    "kpi": f"{MONTHS} --y flights",
    "line": f"{MONTHS} --y average_delay --color airport",
    "area": f"{MONTHS} --y flights --color airport",
    "area --mode percent": f"{MONTHS} --y miles --color airport --mode percent",
    "bar": "--x airline --y flights",
    "bar --color": "--x airline --y flights --color airport",
    "bar --mode group --orientation vertical": "--x airport --y flights --color airline --mode group"
    " --orientation vertical --limit 4",
    "bar --mode percent": "--x airline --y flights --color airport --mode percent",
    "scatter": "--x flights --y average_delay --color airport",
    "bubble": "--x flights --y average_delay --size cancelled --color airport",
    "histogram": "--x average_delay",
    "heatmap": "--x airport --by airline --y average_delay",
    "box": "--x airline --y average_delay",
    "violin": "--x airport --y average_delay",
    "pie": "--x airport --y flights",
    "donut": "--x airline --y flights --limit 5",
    "treemap": "--x airport --by airline --y flights",
    "sunburst": "--x airport --by airline --y flights",
    "funnel": "--x airport --y flights",
    "waterfall": "--x week --grain quarter --y cancelled",
    "gauge": "--y flights --target 300000",
    "bullet": "--x airport --y flights --target 110000",
    "candlestick": f"{MONTHS} --y flights",
    "radar": "--x airline --y flights --color airport --limit 6",
    "sankey": "--x airport --by airline --y flights",
    "choropleth": "--x country --y people",
    "map": "--x longitude --y latitude --size people",
    "table": "--limit 5",
    "text": "--y flights",
}


def main() -> None:
    """Create the project, serve it, and take a screenshot."""
    parser = argparse.ArgumentParser(description="A picture of each kind of chart.")
    parser.add_argument("picture", type=Path, nargs="?", default=DOCS)
    parser.add_argument("--dark", action="store_true", help="as at night")
    parser.add_argument("--width", type=int, default=1100, help="of the page, in pixels")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gallery-") as folder:
        root = Path(folder)
        (root / "countries.csv").write_text(COUNTRIES, "utf-8")
        _flaskdash(root, "new", "shop", "--title", "Kinds of charts", "--no-git")
        _flaskdash(root / "shop", "add-data", "../countries.csv")
        _flaskdash(root / "shop", "refresh")  # without it, each chart runs the loader
        for number, (title, flags) in enumerate(CHARTS.items()):
            kind, data = (
                title.split()[0],
                "countries" if title in {"choropleth", "map"} else "flights",
            )
            chart_flags = (
                "--kind",
                kind,
                "--data",
                data,
                "--title",
                title,
                "--dashboard",
                "Gallery",
            )
            _flaskdash(
                root / "shop", "add-chart", f"kind_{number:02}", *chart_flags, *flags.split()
            )
        python = root / "shop/.venv/bin/python"
        with (
            gunicorn(python, "app:create_app()", root / "shop", {}) as server,
            chromium() as browser,
        ):
            page = browser.new_page(
                viewport={"width": options.width, "height": 1000},
                color_scheme="dark" if options.dark else "light",
            )
            page.goto(f"{server.url}/dashboards/gallery")
            for chart in page.locator(".chart").all():
                chart.scroll_into_view_if_needed()
                chart.locator(".svg-container").wait_for()
            page.wait_for_load_state("networkidle")
            page.evaluate("scrollTo(0, 0)")
            page.screenshot(path=options.picture, full_page=True)


def _flaskdash(folder: Path, *args: str) -> None:
    with chdir(folder), redirect_stdout(io.StringIO()):
        cli(args, standalone_mode=False)


if __name__ == "__main__":
    main()
