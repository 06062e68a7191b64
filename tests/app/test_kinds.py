"""Each kind of chart in a real browser: one project, one server, one dashboard with all of them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from flaskdash.charts.kinds import KINDS
from tests.support.data import PLACES
from tests.support.web import Watched, fetch

# The selector of what each kind draws, and how many there are at least.
MARKS = {
    "line": (".scatterlayer .js-line", 4),
    "area": (".scatterlayer .js-fill", 4),
    "bar": (".barlayer .point path", 9),
    "pie": (".pielayer .slice", 4),
    "donut": (".pielayer .slice", 8),
    "scatter": (".scatterlayer .point", 100),
    "bubble": (".scatterlayer .point", 100),
    "histogram": (".barlayer .point path", 5),
    "heatmap": (".heatmaplayer image", 1),
    "box": (".barlayer .point path", 3),
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


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_each_kind_is_drawn(kinds: str, watched: Watched, scheme: str, width: int) -> None:
    page, requests = watched.page, list[str]()
    page.on("request", lambda request: requests.append(request.url))
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{kinds}/dashboards/kinds")
    assert MARKS.keys() == {k for k in KINDS if page.locator(f"#my-{k} .chart").count()}
    for kind, (selector, least) in MARKS.items():
        card = page.locator(f"#my-{kind}")
        card.scroll_into_view_if_needed()  # those far below the window are drawn then
        card.locator(selector).nth(least - 1).wait_for(state="attached", timeout=10_000)
    page.locator("#states").scroll_into_view_if_needed()
    page.locator("#states .choroplethlayer path").nth(len(PLACES) - 1).wait_for(state="attached")
    page.locator("#areas").scroll_into_view_if_needed()
    areas = page.locator("#areas .choroplethlayer path")
    areas.nth(len(PLACES) - 1).wait_for(state="attached")
    # The path of an area that runs the wrong way round is as large as the map.
    widths = areas.evaluate_all("paths => paths.map((path) => path.getBBox().width)")
    assert max(widths) < 0.2 * page.locator("#areas .chart").bounding_box()["width"]
    assert page.locator(".card .error").count() == 0
    assert page.locator(".card").count() == len(KINDS) + 3
    assert page.locator("#trend svg polyline").bounding_box()
    assert re.search(r"% on \w+ 20\d\d", page.locator("#trend .note").inner_text())
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    assert all(url.startswith((kinds, "data:", "blob:")) for url in requests)
    assert {Path(url).name for url in requests if "110m" in url} == {
        "world_110m.json",
        "usa_110m.json",
    }


def test_the_smallest_bundle_is_loaded(kinds: str) -> None:
    for path, bundle in (
        ("/", "basic"),
        ("/dashboards/kinds", "more"),
        ("/charts/my-pie", "basic"),
    ):
        page = fetch(kinds + path)[1].decode()
        assert re.findall(r"vendor/plotly-(\w+).min.js", page) == [bundle]
        assert ("more.js?" in page) == (bundle == "more")


def test_a_text_follows_the_filters_and_shows_what_data_holds_as_text(
    kinds: str, watched: Watched
) -> None:
    page = watched.page
    page.goto(f"{kinds}/charts/my-text")
    prose = page.locator(".card .prose")
    assert "from 360 rows between 2023-01-01 and" in prose.inner_text()
    assert prose.locator("strong").inner_text().endswith("k")
    page.goto(f"{kinds}/charts/my-text?region=Nowhere")
    assert "from 0 rows between \N{EN DASH} and \N{EN DASH}" in prose.inner_text()
    page.goto(f"{kinds}/charts/notes")
    assert prose.locator("h3").inner_text() == "Notes"
    assert prose.locator("td").all_inner_texts() == ["1", "2"]
    assert prose.locator("a").all_inner_texts() == ["a link"]  # no javascript:
    text = prose.inner_text()
    assert "<img src=x onerror=alert(1)> <script>alert(2)</script>" in text
    assert "[x](https://example.com) <b>*bold*</b>" in text
    assert prose.locator("img, script, b, em").count() == 0


def test_a_bullet_without_categories_is_one_bar(kinds: str) -> None:
    data = json.loads(fetch(f"{kinds}/charts/one-bullet/figure.json")[1])
    assert data["data"][0]["y"] == ["Total revenue"]
    assert (data["data"][1]["base"], data["data"][1]["name"]) == (5000, "Target 5,000")
    bands = [shape["x1"] for shape in data["layout"]["shapes"] if shape["type"] == "rect"]
    assert bands[:2] == [3000, 4500]
    assert data["layout"]["xaxis"]["range"][1] == pytest.approx(bands[2])


def test_a_histogram_of_totals(kinds: str) -> None:
    data = json.loads(fetch(f"{kinds}/charts/per-region/figure.json")[1])
    assert data["layout"]["xaxis"]["title"]["text"] == "Total revenue per region"
    assert data["layout"]["yaxis"]["title"]["text"] == "Number of region"
    rows = json.loads(fetch(f"{kinds}/charts/per-region/data.json")[1])["rows"]
    assert sum(count for _, count in rows) == 4
