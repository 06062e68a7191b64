"""The look in a real browser: accessibility, colours that are told apart, paper, no layout shift."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect

from flaskdash import skeletons
from tests.support.projects import copy_project, module_of_skeleton
from tests.support.web import Watched, fetch, serving, wait_for_data

STATIC = skeletons.TEMPLATES / "project/{{cookiecutter.folder}}/app/static"
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
LEAST_SHIFT = 0.0001  # a share of the window, below which nobody sees that something moves
CHART = '''"""{0}"""

import plotly.graph_objects as go

TITLE = {0!r}
DATA = "sales"
DASHBOARDS = ["States"]
SQL = "SELECT product, sum(units) AS units FROM sales GROUP BY 1 ORDER BY 2 DESC"


def figure(df):
    """Draw it."""
    {1}
'''
AFTER = "(each) => getComputedStyle(each, '::after').content"
AGES = ["< 20", "20-40", "> 40"]
MANY = "return go.Figure([go.{}(x=[1, 2], y=[n, n + 1], name=str(n), **{}) for n in range(20)])"
CHARTS = {
    "broken": "raise ValueError('on purpose')",
    "bars": "return go.Figure(go.Bar(x=df['product'], y=df['units']))",
    "lines": MANY.format("Scatter", {"mode": "lines"}),
    "points": MANY.format("Scatter", {"mode": "markers"}),
    "areas": MANY.format("Scatter", {"mode": "lines", "stackgroup": "all"}),
    "stacks": MANY.format("Bar", {}),
    "names": "return go.Figure(go.Bar(y='Republic of ' + df['product'], x=df['units'], orientation='h'))",
}


@pytest.fixture(scope="module")
def site(shared_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Lend the address of a project with a chart that fails, and some with many traces."""
    root = tmp_path_factory.mktemp("look") / "shop"
    copy_project(shared_project, root)
    for name, body in CHARTS.items():
        (root / f"app/charts/{name}.py").write_text(CHART.format(name.title(), body), "utf-8")
    ages = "SELECT unnest(['> 40', '20-40', '< 20']) AS age, 1 AS n FROM (FROM sales LIMIT 1)"
    order = {"type": "category", "categoryorder": "array", "categoryarray": [*AGES, "never"]}
    body = f"return go.Figure(go.Bar(x=df['age'], y=df['n']), {{'xaxis': {order}}})"
    text = CHART.format("Ages", body).replace(CHART.split('SQL = "')[1].split('"')[0], ages)
    (root / "app/charts/ages.py").write_text(text, "utf-8")
    with serving(root) as url:
        wait_for_data(url)
        yield url


def settled(page: Page) -> None:
    """Go to each figure of the page, as those far below are drawn then, and back to the top."""
    page.wait_for_load_state("networkidle")
    for figure in page.locator(".chart").all():
        figure.scroll_into_view_if_needed()
        expect(figure.locator(".main-svg").first).to_be_attached(timeout=10_000)
    page.evaluate("() => scrollTo(0, 0)")


# Accessibility


def violations(page: Page) -> list[tuple[str, str]]:
    results: list[dict[str, Any]] = page.evaluate("async () => (await axe.run()).violations")
    return [(each["id"], node["html"][:200]) for each in results for node in each["nodes"]]


def check_pages(browser: Browser, site: str, paths: Sequence[str], looks: Sequence[Any]) -> None:
    """Check each page with its first filter open, in each colour scheme and width."""
    context = browser.new_context(reduced_motion="reduce")
    context.add_init_script(AXE)
    page = context.new_page()
    try:
        for path in paths:
            page.goto(site + path)
            settled(page)
            for summary in page.locator(".filters summary").all()[:1]:
                summary.click()
            for scheme, width in looks:
                page.emulate_media(color_scheme=scheme)
                page.set_viewport_size({"width": width, "height": 800})
                assert violations(page) == [], (path, scheme, width)
    finally:
        context.close()


def test_no_page_of_a_kind_breaks_a_rule_of_accessibility(
    browser: Browser,
    kinds: str,
) -> None:
    text = fetch(f"{kinds}/dashboards/kinds")[1].decode()
    paths = sorted(set(re.findall(r'href="(/charts/[^"?#]*)"', text)))
    assert len(paths) > 20
    # The dashboard has all kinds, so that each page of one kind is looked at in one way.
    check_pages(browser, kinds, ["/", "/dashboards/kinds", *paths[::2]], [("light", 1280)])
    check_pages(browser, kinds, ["/", "/dashboards/kinds", *paths[1::2]], [("dark", 360)])


def test_no_page_in_another_state_breaks_a_rule_of_accessibility(
    browser: Browser, site: str
) -> None:
    paths = ["/dashboards/states", "/charts/broken", "/nothing", "/?date.from=2999-01-01"]
    assert "could not be drawn" in fetch(site + paths[1])[1].decode()
    assert "No data for these filters" in fetch(site + paths[3])[1].decode()
    check_pages(browser, site, paths, [*itertools.product(["light", "dark"], [360, 1280])])


@pytest.mark.parametrize("width", [360, 1280])
def test_names_along_the_axis_of_an_own_chart_are_not_cut_off(
    site: str, watched: Watched, width: int
) -> None:
    page = watched.page
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{site}/charts/names")
    settled(page)
    labels = page.locator("#names .ytick text")
    expect(labels).to_have_count(3)
    box = page.locator("#names .chart").bounding_box()
    assert box is not None
    for label in labels.all():
        assert (label.text_content() or "").startswith("Republic of ")
        place = label.bounding_box()
        assert place is not None
        assert place["x"] >= box["x"]


def test_each_chart_says_what_it_shows_and_leads_to_its_table(site: str, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{site}/dashboards/states")
    settled(page)
    card = page.locator("#bars")
    summary = "Bars. 3 rows; Units from 957 (Coffee) to 964 (Tea)."
    expect(card.get_by_role("img", name=summary, exact=True)).to_be_visible()
    card.get_by_role("link", name="Table of Bars").click()
    expect(page.locator("#rows td").first).to_be_in_viewport()
    page.goto(f"{site}/")
    settled(page)
    chart = page.locator("#revenue-by-product .chart")
    before = chart.get_attribute("aria-label")
    page.locator(".filters summary", has_text="Product").click()
    page.locator(".filters").get_by_label("Tea").check()
    expect(chart).not_to_have_attribute("aria-label", before or "")
    expect(chart).to_have_attribute("aria-label", re.compile(r"1 row; .* \(Tea\)"))


def test_a_summary_copes_with_any_rows() -> None:
    with module_of_skeleton("app.helpers") as helpers:
        summary = helpers.summary
    empty = pd.DataFrame({"a": pd.Series(dtype="float"), "b": pd.Series(dtype="str")})
    assert summary(empty) == "0 rows."
    gaps = pd.DataFrame({"name": [None, "x" * 99], "n": [1.5, None], "void": [None, None]})
    assert summary(gaps) == "2 rows; N from 1.5 to 1.5."
    numbers = pd.DataFrame({"order_size": [1, 2500], "n": [7, 7]})
    assert summary(numbers) == "2 rows; Order size from 1 to 2,500; N from 7 to 7."
    days = pd.DataFrame({"day": pd.to_datetime(["2024-01-31", "2024-02-01"]), "n": [2, 1]})
    assert summary(days) == "2 rows; N from 1 (2024-02-01) to 2 (2024-01-31)."


# Colours


def themes() -> dict[str, dict[str, str]]:
    """Return the properties of the theme, light and dark."""
    light, dark = (STATIC / "theme.css").read_text("utf-8").split("@media")
    properties = [dict(re.findall(r"--([\w-]+): ([^;]+);", part)) for part in (light, dark)]
    return {"light": properties[0], "dark": properties[0] | properties[1]}


Color = tuple[float, ...]
# How the colour-blind see, on linear RGB: Machado, Oliveira and Fernandes, 2009, severity 1.
COLOR_VISION = {
    "by most": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "without red": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "without green": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "without blue": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
OKLAB = (
    (
        (0.4122214708, 0.5363325363, 0.0514459929),
        (0.2119034982, 0.6806995451, 0.1073969566),
        (0.0883024619, 0.2817188376, 0.6299787005),
    ),
    (
        (0.2104542553, 0.7936177850, -0.0040720468),
        (1.9779984951, -2.4285922050, 0.4505937099),
        (0.0259040371, 0.7827717662, -0.8086757660),
    ),
)


def linear(color: str) -> Color:
    color = "#" + "".join(2 * c for c in color[1:]) if len(color) == 4 else color
    shares = (int(color[n : n + 2], 16) / 255 for n in (1, 3, 5))
    return tuple(s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)


def times(matrix: Sequence[Sequence[float]], color: Color) -> Color:
    return tuple(sum(a * b for a, b in zip(row, color, strict=True)) for row in matrix)


def distance(first: Color, second: Color) -> float:
    """Return how far apart two colours look, in hundredths of OKLab."""
    labs = []
    for color in (first, second):
        cones = times(OKLAB[0], tuple(min(1, max(0, share)) for share in color))
        labs.append(times(OKLAB[1], tuple(max(0, cone) ** (1 / 3) for cone in cones)))
    return 100 * sum((a - b) ** 2 for a, b in zip(*labs, strict=True)) ** 0.5


def contrast(first: str, second: str) -> float:
    low, high = sorted(
        sum(a * b for a, b in zip((0.2126, 0.7152, 0.0722), linear(color), strict=True))
        for color in (first, second)
    )
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("sight", COLOR_VISION)
def test_colours_of_categories_are_told_apart(scheme: str, sight: str) -> None:
    colors = [times(COLOR_VISION[sight], linear(c)) for c in themes()[scheme]["colors"].split()]
    assert len(colors) == 8
    assert min(distance(*pair) for pair in itertools.combinations(colors, 2)) >= 7.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_stand_out_from_the_card(scheme: str) -> None:
    theme = themes()[scheme]
    assert all(contrast(color, theme["card"]) >= 3 for color in theme["colors"].split())
    for text, ground in itertools.product(("ink", "quiet", "brand", "bad"), ("card", "paper")):
        assert contrast(theme[text], theme[ground]) >= 4.5
    scale = [contrast(color, theme["card"]) for color in theme["scale"].split()]
    assert scale == sorted(scale)  # little is faint, much stands out


def test_traces_that_share_a_colour_differ_otherwise(site: str, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{site}/dashboards/states")
    settled(page)
    for chart, look in {
        "lines": "(trace) => [trace.line.color, trace.line.dash]",
        "points": "(trace) => [trace.marker.color, trace.marker.symbol]",
        "areas": "(trace) => [trace.line.color, trace.fillpattern?.shape]",
        "stacks": "(trace) => [trace.marker.color, trace.marker.pattern?.shape]",
    }.items():
        looks = page.evaluate(
            f"(chart) => document.querySelector(`#${{chart}} .chart`)._fullData.map({look})", chart
        )
        assert len({color for color, _ in looks}) == 8
        assert len({tuple(each) for each in looks}) == 20, chart


def test_an_order_may_hold_signs_that_html_knows(site: str, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{site}/charts/ages")
    settled(page)
    names = page.evaluate("() => document.querySelector('.chart')._fullLayout.xaxis._categories")
    assert [html.unescape(name) for name in names] == [*AGES, "never"]
    ticks = page.locator(".chart .xtick text").all()
    places = {tick.text_content(): box["x"] for tick in ticks if (box := tick.bounding_box())}
    assert sorted(places, key=lambda name: places[name]) == AGES


# Paper, and the way there


def test_on_paper_charts_are_light_and_fit(site: str, watched: Watched) -> None:
    page = watched.page
    page.emulate_media(color_scheme="dark")
    page.goto(f"{site}/?region=North")
    settled(page)
    color = "() => document.querySelector('.chart')._fullLayout.font.color"
    dark = page.evaluate(color)
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(color_scheme="dark", media="print")
    assert page.evaluate(color) == themes()["light"]["quiet"] != dark
    paper = page.evaluate("() => getComputedStyle(document.querySelector('.card')).backgroundColor")
    assert paper == "rgb(255, 255, 255)"
    for hidden in (".filters", ".table-link", ".skip-link"):
        assert not page.locator(hidden).first.is_visible()
    assert "North" in page.locator(".chips").inner_text()
    assert page.locator(".chip").first.evaluate(AFTER) == "none"
    for plot in page.locator(".plot").all():
        card, figure = plot.bounding_box(), plot.locator(".main-svg").first.bounding_box()
        assert card
        assert figure
        assert card["width"] - 2 <= figure["width"] <= card["width"]
    assert page.locator(".plot").first.evaluate("(plot) => plot.offsetWidth") < 330
    page.emulate_media(color_scheme="dark", media="screen")
    page.evaluate("() => dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(color) == dark


@pytest.mark.parametrize("width", [360, 768, 1280, 1920])
def test_any_number_of_charts_fills_its_rows(site: str, watched: Watched, width: int) -> None:
    page = watched.page
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{site}/dashboards/states")
    settled(page)
    for count in (1, 2, 3, 5, 9):
        boxes: list[list[float]] = page.evaluate(
            """(count) => { const grid = document.querySelector('.grid'); window.cards ??= [...grid.children];
            grid.replaceChildren(...Array.from({ length: count }, (_, n) => cards[n % 6].cloneNode(true)));
            return [grid, ...grid.children].map((each) => each.getBoundingClientRect())
              .map(({ left, right, top, bottom }) => [left, right, top, bottom]); }""",
            count,
        )
        (left, right, *_), *cards = boxes
        rows = [list(row) for _, row in itertools.groupby(cards, lambda box: box[2])]
        assert len(rows) == (count if width < 800 else (count + 1) // 2)
        for row in rows:
            assert row[0][0] == left
            assert row[-1][1] == pytest.approx(right, abs=0.1)
            assert len({bottom for *_, bottom in row}) == 1
            assert all(left[1] < right[0] for left, right in itertools.pairwise(row))
    page.goto(site)
    sizes = [box["width"] for each in page.locator(".kpi").all() if (box := each.bounding_box())]
    assert len(sizes) > 2
    if width < 480 and len(sizes) % 2:
        assert sizes.pop() == pytest.approx(right - left)  # alone in its row
    assert max(sizes) - min(sizes) < 1


@pytest.mark.parametrize("path", ["/", "/dashboards/states", "/charts/bars"])
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_moves_while_it_loads(site: str, watched: Watched, path: str, width: int) -> None:
    page = watched.page
    page.set_viewport_size({"width": width, "height": 800})
    page.add_init_script(
        "window.shifts = []; new PerformanceObserver((list) => shifts.push(...list.getEntries()"
        ".map(({ value, sources }) => [value, ...sources.map(({ node }) => node?.outerHTML?.slice(0, 90))])))"
        ".observe({ type: 'layout-shift', buffered: true })"
    )
    page.goto(site + path)
    settled(page)
    shifts = page.evaluate("() => new Promise((done) => setTimeout(() => done(shifts), 100))")
    assert [shift for shift in shifts if shift[0] > LEAST_SHIFT] == []
    watched.complaints[:] = []


def test_a_place_is_held_until_a_chart_is_drawn(site: str, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.route("**/*.js*", lambda route: route.abort())
    page.goto(site)
    look = "(plot) => [getComputedStyle(plot).backgroundColor, plot.offsetHeight]"
    color, height = page.locator(".plot").first.evaluate(look)
    assert (color != "rgba(0, 0, 0, 0)", height) == (True, 320)
    context.close()
