"""Figures as people paste them from plotly.express, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import plotly.express as px
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.express import DRAWN, OWN, REFUSED, write_chart, write_charts
from tests.support.pages import add, choose, stay
from tests.support.served import served_copy
from tests.support.web import Watched, fetch, serving, wait_for_data

WITHOUT_FIGURE = {"get_trendline_results", "set_mapbox_access_token"}  # they draw nothing
MARKS = (
    ".main-svg :is(.trace, .traces, .slice, .contour, .barlayer .point, .choroplethlayer path,"
    " .scattergeo path, .hm image, .parcatslayer path, .scatterlayer path, .heatmaplayer image)"
)
IS_ANY_SEEN = """(marks) => marks.some((mark) => {
    const { width, height } = mark.getBoundingClientRect();
    return width + height > 8;
})"""
# Switches to another type of traces if there is one region.
BY_REGIONS = "px.bar(df, x='region') if df['region'].nunique() > 1 else px.box(df, y='revenue')"


def prepare(root: Path) -> None:
    add("add-plotly")
    write_charts(root)
    write_chart(root, "regions", BY_REGIONS, "Regions")


@pytest.fixture(scope="module")
def site(shared_project: Path) -> Iterator[str]:
    """Lend the address of a project with a chart for each function of plotly.express."""
    with served_copy(shared_project, prepare) as url:
        yield url


def card(page: Page, name: str) -> Locator:
    """Return the card of a chart, when it is drawn."""
    card = page.locator(f"#{name.replace('_', '-')}")
    card.scroll_into_view_if_needed()
    expect(card.locator(".main-svg").first).to_be_attached(timeout=20_000)
    return card


def box(locator: Locator) -> tuple[float, float, float, float]:
    """Return the left, top, right and bottom of an element."""
    box = locator.bounding_box()
    assert box
    return box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]


def check_inside(inner: Locator, outer: Locator) -> None:
    left, top, right, bottom = box(outer)
    assert inner.count()
    for each in inner.all():
        x0, y0, x1, y1 = box(each)
        assert left <= x0 <= x1 <= right, each
        assert top <= y0 <= y1 <= bottom, each


def plot_top(page: Page, name: str) -> float:
    """Return where the area between the axes of a figure begins."""
    inner = "(chart) => chart.getBoundingClientRect().top + chart._fullLayout._size.t"
    return float(card(page, name).locator(".chart").evaluate(inner))


def plots(page: Page, name: str) -> dict[str, Any]:
    """Return what Plotly made of a figure: its traces and its layout."""
    made: dict[str, Any] = card(page, name).evaluate(
        "(card) => { const { _fullData, _fullLayout, data, layout } = card.querySelector('.chart');"
        " return JSON.parse(JSON.stringify({ data, layout, range: _fullLayout.xaxis?.range,"
        " colors: _fullData.map(({ marker, line }) => marker?.color ?? line?.color) })) }"
    )
    return made


def test_each_function_of_plotly_express_is_tried() -> None:
    functions = {name for name in vars(px) if name.islower() and callable(getattr(px, name))}
    assert functions - WITHOUT_FIGURE == {*DRAWN, *REFUSED}


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_figures_of_plotly_express_are_drawn(
    site: str, watched: Watched, width: int, scheme: Any
) -> None:
    page = watched.page
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{site}/dashboards/drawn")
    for name in DRAWN:
        drawn = card(page, name)
        assert "could not be drawn" not in drawn.inner_text()
        assert drawn.locator(MARKS).evaluate_all(IS_ANY_SEEN), name
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width


def test_the_card_of_a_figure_that_no_bundle_draws_says_so(site: str) -> None:
    text = fetch(f"{site}/dashboards/refused")[1].decode()
    assert text.count("flaskdash does not bring it") == len(REFUSED)
    for trace in ("scatter3d", "splom", "parcoords", "scattermap", "densitymap", "choroplethmap"):
        assert re.search(rf"draws this figure: {trace}\.", text)


def test_the_look_replaces_colours_that_nobody_chose(site: str, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{site}/dashboards/drawn")
    theme = page.evaluate("() => readLook().layout.colorway")
    assert plots(page, "line")["colors"] == theme[:4]
    assert len({*plots(page, "strip")["colors"]} & {*theme}) == 3
    assert plots(page, "density_heatmap")["colors"][-1] == theme[0]
    scale = page.evaluate("() => readLook().css('--scale').split(/\\s+/)")
    colorscale = plots(page, "imshow")["layout"]["coloraxis"]["colorscale"]
    assert [color for _, color in colorscale] == scale
    page.goto(f"{site}/dashboards/own")
    assert plots(page, "right_axis")["colors"][0] == "crimson"


@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_that_the_owner_sets_is_cut(site: str, watched: Watched, width: int) -> None:
    page = watched.page
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{site}/dashboards/own")
    for name in OWN:
        assert "could not be drawn" not in card(page, name).inner_text()

    title = card(page, "title").locator("[data-axis=title]")
    assert title.inner_text().startswith("A long title that says everything of the revenue")
    check_inside(title, card(page, "title"))
    assert title.evaluate("(each) => each.scrollWidth <= each.clientWidth")

    for name in ("legend", "facets", "right_axis"):
        legend = card(page, name).locator(".legend")
        check_inside(legend, card(page, name))
        assert box(legend)[3] <= plot_top(page, name) + 1
    facets = card(page, "facets").locator(".annotation-text")
    assert sorted(facets.all_text_contents()) == ["East", "North", "South", "West"]
    lowest = box(card(page, "facets").locator(".legend"))[3]
    assert all(box(facet)[1] >= lowest - 1 for facet in facets.all())

    right = card(page, "right_axis")
    check_inside(right.locator(".y2tick text, .y2title"), right)
    check_inside(card(page, "left_names").locator(".ytick text"), card(page, "left_names"))
    check_inside(card(page, "left_names").locator(".xtick text"), card(page, "left_names"))
    _, top, _, bottom = box(card(page, "height").locator("div.plot"))
    assert bottom - top == 640
    check_inside(card(page, "height").locator(".main-svg").first, card(page, "height"))


def test_the_slider_of_an_animation_shows_another_frame(site: str, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{site}/dashboards/own")
    chart = card(page, "animation")
    assert "product=Tea" in (chart.text_content() or "")
    left, top, right, bottom = box(chart.locator(".slider-label", has_text="Cocoa"))
    page.mouse.click((left + right) / 2, (top + bottom) / 2)
    expect(chart.locator(".slider-container")).to_contain_text("product=Cocoa")


def test_one_point_is_a_point(site: str, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{site}/dashboards/own")
    for name, label, points in (("one_date", "Mar 2024", 1), ("one_each", "Mar 5, 2024", 2)):
        chart = card(page, name)
        assert chart.locator(".xtick text").all_text_contents() == [label]
        assert chart.locator(".scatterlayer .point").count() == points
    sizes = plots(page, "between_gaps")["data"][0]["marker"]["size"]
    assert sizes == [0, 0, 0, 7, 0]
    assert card(page, "between_gaps").locator(".js-line").count() == 2  # it breaks at a gap


def test_a_few_dates_and_rows_have_a_label_each(site: str, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{site}/dashboards/own")
    days = ["Mar 5", "Mar 6", "Mar 8"]
    for name, dates in (("few_days", days), ("few_months", ["Jan 2024", "Feb 2024", "Mar 2024"])):
        chart = card(page, name)
        labels = chart.locator(".xtick text").all_text_contents()
        assert [label[: len(date)] for label, date in zip(labels, dates, strict=True)] == dates
        for label in chart.locator(".xtick").all():
            check_inside(label, chart)
        numbers = map(float, chart.locator(".ytick text").all_text_contents())
        assert all(number.is_integer() for number in numbers)


def test_a_filter_may_bring_another_type_of_trace(site: str, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{site}/dashboards/regions")
    assert "plotly-basic" in (page.locator("#bundle").get_attribute("src") or "")
    card(page, "regions")
    stayed = stay(page)
    choose(page, "Region", "North")
    expect(page.locator("#regions .boxlayer .trace")).to_be_attached(timeout=20_000)
    assert not stayed()
    stayed = stay(page)
    page.locator(".reset").click()
    expect(page.locator("#regions .barlayer .point")).to_have_count(360)
    assert stayed()  # the larger bundle draws bars, too


def test_a_chart_without_its_bundle_does_not_stop_the_others(
    project: Path, watched: Watched
) -> None:
    write_chart(project, "old", "px.box(df, y='revenue')", "Mixed", before="")
    write_chart(project, "bars", "px.bar(df, x='region')", "Mixed")
    file = project / "app/charts/old.py"
    file.write_text(file.read_text("utf-8") + '\nPLOTLY = "more"\n', "utf-8")
    page = watched.page
    with serving(project) as url:
        wait_for_data(url)
        page.goto(f"{url}/dashboards/mixed")
        assert "Run `flaskdash add-plotly`" in page.locator("#old").inner_text()
        assert card(page, "bars").locator(".point").count()
        add("add-plotly")
        page.reload()
        assert card(page, "old").locator(".boxlayer .trace").count()
