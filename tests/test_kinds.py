"""Each kind of chart in a real browser: one project, one server, one dashboard with all of them."""

from __future__ import annotations

import json
import re
import runpy
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from conftest import Watched, fetch, own_environment, serving
from test_add import FLAGS

from flaskdash import render
from flaskdash.charts import KINDS
from flaskdash.cli import cli

PLACES = [
    *[("France", "TX", 2.3, 48.9), ("Côte d'Ivoire", "CA", -4.0, 5.3), ("USA", "NY", -74.0, 40.7)],
    *[("Trinidad & Tobago", "WA", -61.5, 10.7), ("DE", "FL", 13.4, 52.5)],
]
# What each kind draws, so many times at least.
DRAWN = {
    "line": (".scatterlayer .js-line", 4),
    "area": (".scatterlayer .js-fill", 4),
    "bar": (".barlayer .point path", 9),
    "pie": (".pielayer .slice", 4),
    "donut": (".pielayer .slice", 8),
    "scatter": (".scatterlayer .point", 100),
    "bubble": (".scatterlayer .point", 100),
    "histogram": (".barlayer .point path", 5),
    "heatmap": (".heatmaplayer image", 1),
    "box": (".boxlayer path.box", 3),
    "violin": (".violinlayer path.violin", 3),
    "choropleth": (".choroplethlayer path", 5),
    "map": (".scattergeo path.point", 5),
    "treemap": (".treemaplayer .slice", 16),
    "sunburst": (".sunburstlayer .slice", 20),
    "funnel": (".funnellayer .point", 3),
    "waterfall": (".waterfalllayer .point", 5),
    "bullet": (".barlayer .point path", 4),
    "gauge": (".indicatorlayer .value-arc path", 1),
    "candlestick": (".boxlayer path.box", 12),
    "radar": (".polarlayer .trace", 3),
    "sankey": (".sankey-link", 10),
}

NOTES = """### Notes

| one | two |
|---|---|
| 1 | 2 |

[a link](https://example.com) [no link](javascript:alert(1))

<img src=x onerror=alert(1)> {value}
"""
HOSTILE_SQL = (
    "SELECT '<script>alert(2)</script> [x](https://example.com) <b>*bold*</b>' AS value FROM sales"
)


def add(*args: str) -> None:
    result = CliRunner().invoke(cli, args)
    assert result.exit_code == 0, result.output


@pytest.fixture(scope="module")
def site(shared_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Lend the address of a project with a chart of each kind on the dashboard Kinds."""
    folder = tmp_path_factory.mktemp("kinds")
    root = folder / "shop"
    shutil.copytree(shared_project, root, ignore=shutil.ignore_patterns(".venv", "instance"))
    own_environment(root, shared_project)
    rows = [f"{','.join(map(str, place))},{n}" for n in range(6) for place in PLACES]
    places = folder / "places.csv"
    places.write_text("\n".join(["country,state,longitude,latitude,people", *rows]), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        add("add-data", str(places))
        add("refresh")  # else each add-chart runs the loader
        on = ("--dashboard", "Kinds", "--filter")
        for kind, flags in FLAGS.items():
            if kind not in {"choropleth", "map"}:
                add(
                    "add-chart",
                    f"my_{kind}",
                    "--data",
                    "sales",
                    "--kind",
                    kind,
                    *flags,
                    *on,
                    "region",
                )
        there = ("--data", "places", *on, "country", "--kind")
        add("add-chart", "my_choropleth", *there, "choropleth", "--x", "country", "--y", "people")
        add("add-chart", "my_map", *there, "map", "--x", "longitude", "--y", "latitude")
        add("add-chart", "states", *there, "choropleth", "--x", "state", "--title", "States")
        trend = ("--kind", "kpi", "--x", "date", "--y", "revenue", "--grain", "month")
        add("add-chart", "trend", "--data", "sales", *trend, *on, "region")
        target = ("--kind", "bullet", "--y", "revenue", "--target", "5000")
        add("add-chart", "one_bullet", "--data", "sales", *target, "--dashboard", "Others")
        totals = ("--kind", "histogram", "--x", "revenue", "--by", "region")
        add("add-chart", "per_region", "--data", "sales", *totals, "--dashboard", "Others")
        add("add-chart", "notes", "--data", "sales", "--kind", "text", "--dashboard", "Others")
        notes = root / "app/charts/notes.py"
        text = re.sub(
            r'SQL = """\n.*?\n"""',
            lambda _: f"SQL = {HOSTILE_SQL!r}",
            notes.read_text(),
            flags=re.DOTALL,
        )
        notes.write_text(re.sub("TEXT = .*", lambda _: f"TEXT = {NOTES!r}", text), "utf-8")
        with serving(root) as url:
            yield url


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_each_kind_is_drawn(site: str, watched: Watched, scheme: str, width: int) -> None:
    page, asked = watched.page, list[str]()
    page.on("request", lambda request: asked.append(request.url))
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{site}/dashboards/kinds")
    assert DRAWN.keys() == {k for k in KINDS if page.locator(f"#my-{k} .chart").count()}
    for kind, (selector, least) in DRAWN.items():
        card = page.locator(f"#my-{kind}")
        card.scroll_into_view_if_needed()  # those far below the window are drawn then
        card.locator(selector).nth(least - 1).wait_for(state="attached", timeout=10_000)
    page.locator("#states").scroll_into_view_if_needed()
    page.locator("#states .choroplethlayer path").nth(len(PLACES) - 1).wait_for(state="attached")
    assert page.locator(".card .error").count() == 0
    assert page.locator(".card").count() == len(KINDS) + 2
    assert page.locator("#trend svg polyline").bounding_box()
    assert "on the month before" in page.locator("#trend .note").inner_text()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    assert all(url.startswith((site, "data:", "blob:")) for url in asked)
    assert {Path(url).name for url in asked if "110m" in url} == {
        "world_110m.json",
        "usa_110m.json",
    }


@pytest.mark.parametrize(
    ("values", "note"),
    [
        ([4.0], "2024-05 <svg"),
        ([4.0, 5.0], "2024-05, +25.0% on the month before <svg"),
        ([-4.0, -5.0], "2024-05, -25.0% on the month before <svg"),
        ([0.5, 20.0], "2024-05, after 0.5 in the month before <svg"),
        ([0.0, 5.0], "2024-05 <svg"),
    ],
)
def test_the_course_of_a_number(values: list[float], note: str) -> None:
    file = next(render.TEMPLATES.glob("sparkline/*/app/sparkline.py"))
    course = runpy.run_path(str(file))["course"](pd.Series(values), "2024-05", "month")
    assert course.startswith(note)
    assert len(re.findall(r"[\d.]+,[\d.]+", course.split("points=")[1])) == len(values)


def test_the_smallest_bundle_is_loaded(site: str) -> None:
    for path, bundle in (
        ("/", "basic"),
        ("/dashboards/kinds", "more"),
        ("/charts/my-pie", "basic"),
    ):
        page = fetch(site + path)[1].decode()
        assert re.findall(r"vendor/plotly-(\w+).min.js", page) == [bundle]
        assert ("more.js?" in page) == (bundle == "more")


def test_a_text_follows_the_filters_and_shows_what_data_holds_as_text(
    site: str, watched: Watched
) -> None:
    page = watched.page
    page.goto(f"{site}/charts/my-text")
    prose = page.locator(".card .prose")
    assert "from 360 rows between 2023-01-01 and" in prose.inner_text()
    assert prose.locator("strong").inner_text().endswith("k")
    page.goto(f"{site}/charts/my-text?region=Nowhere")
    assert "from 0 rows between \N{EN DASH} and \N{EN DASH}" in prose.inner_text()
    page.goto(f"{site}/charts/notes")
    assert prose.locator("h3").inner_text() == "Notes"
    assert prose.locator("td").all_inner_texts() == ["1", "2"]
    assert prose.locator("a").all_inner_texts() == ["a link"]  # no javascript:
    text = prose.inner_text()
    assert "<img src=x onerror=alert(1)> <script>alert(2)</script>" in text
    assert "[x](https://example.com) <b>*bold*</b>" in text
    assert prose.locator("img, script, b, em").count() == 0


def test_a_bullet_without_categories_is_one_bar(site: str) -> None:
    data = json.loads(fetch(f"{site}/charts/one-bullet/figure.json")[1])
    assert data["data"][0]["y"] == ["Total revenue"]
    assert (data["data"][1]["base"], data["data"][1]["name"]) == (5000, "Target 5,000")
    bands = [shape["x1"] for shape in data["layout"]["shapes"] if shape["type"] == "rect"]
    assert bands[:2] == [3000, 4500]
    assert data["layout"]["xaxis"]["range"][1] == pytest.approx(bands[2])


def test_a_histogram_of_totals(site: str) -> None:
    data = json.loads(fetch(f"{site}/charts/per-region/figure.json")[1])
    assert data["layout"]["xaxis"]["title"]["text"] == "Total revenue per region"
    assert data["layout"]["yaxis"]["title"]["text"] == "Number of region"
    rows = json.loads(fetch(f"{site}/charts/per-region/data.json")[1])["rows"]
    assert sum(count for _, count in rows) == 4
