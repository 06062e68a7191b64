"""The pages in a real browser: charts, filters, links, keyboard, phone, light and dark, no script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Error, Page, Route, expect

from tests.support.pages import (
    FIGURES,
    KPI,
    add_chart,
    choose,
    drawn,
    figures,
    focused,
    kpis,
    opened,
    stay,
)
from tests.support.served import served_copy
from tests.support.waiting import wait_for
from tests.support.web import Watched, fetch

LONG = "Department of Weights, Measures and Everlasting Correspondence"
CHOSEN = ".filters :checked:not([value=''])"  # not "auto", of the step in time


def prepare(root: Path) -> None:
    source = root / "data/sales.csv"
    source.write_text(source.read_text("utf-8").replace("Cocoa", f'"{LONG}"'), "utf-8")
    second = ("--dashboard", "Details", "--filter", "region", "--filter", "product")
    add_chart("all_sales", "--kind", "table", *second)
    colors = ("--x", "region", "--y", "revenue", "--color", "product", *second)
    add_chart("mix", "--kind", "bar", *colors)
    add_chart("codes", "--kind", "bar", "--x", "units", "--y", "revenue", *second)


@pytest.fixture(scope="module")
def site(shared_project: Path) -> Iterator[str]:
    """Lend the address of a project with one product of a long name, served as in production."""
    with served_copy(shared_project, prepare) as url:
        yield url


@pytest.fixture
def page(watched: Watched, site: str) -> Page:
    """Return the dashboard with its charts drawn."""
    return opened(watched, site)


def changed(page: Page, before: list[str]) -> None:
    wait_for(lambda: figures(page) != before, "the charts to change", 10)


def test_charts_far_below_the_window_are_drawn_as_it_comes_near(
    watched: Watched, site: str
) -> None:
    page = watched.page
    page.set_viewport_size({"width": 360, "height": 400})
    page.goto(site)
    figure = page.locator(".card.figure .chart")
    expect(figure.first).to_have_class(re.compile("js-plotly-plot"))
    assert figure.last.locator("svg").count() == 0
    rows = page.locator(".row-counts").inner_text()
    choose(page, "Region", "North")
    expect(page.locator(".row-counts")).not_to_have_text(rows)
    height = page.evaluate("() => document.documentElement.scrollHeight")
    figure.last.scroll_into_view_if_needed()
    figure.last.locator(".trace").first.wait_for(state="attached")
    assert page.evaluate("() => document.documentElement.scrollHeight") == height  # no shift
    page.goto(site)
    assert figure.last.locator("svg").count() == 0
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".js-plotly-plot:has(.trace)").count() == FIGURES


# Filters


def test_each_chart_of_the_dashboard_is_drawn(page: Page) -> None:
    assert page.locator(".card.figure").count() == FIGURES
    assert all(len(figure) > 50 for figure in figures(page))
    assert all(re.search(r"\d", value) for value in kpis(page))
    assert page.locator(".card.kpi").count() == len(kpis(page)) >= 2


def test_a_filter_changes_all_without_a_load_and_can_be_shared(
    page: Page, browser: Browser
) -> None:
    before, numbers, same = figures(page), kpis(page), stay(page)
    choose(page, "Region", "North")
    expect(page.locator(KPI).first).not_to_have_text(numbers[0])
    changed(page, before)
    assert all(new != old for new, old in zip(figures(page), before, strict=True))
    assert all(new != old for new, old in zip(kpis(page), numbers, strict=True))
    assert urlsplit(page.url).query == "region=North"
    assert same()
    assert page.locator(".filters summary", has_text="Region").locator(".count").inner_text() == "1"
    context = browser.new_context()
    new_tab = context.new_page()
    new_tab.goto(page.url)
    drawn(new_tab)
    assert (figures(new_tab), kpis(new_tab)) == (figures(page), kpis(page))
    assert new_tab.locator("input[value=North]").is_checked()
    context.close()


def test_back_and_forward_follow_the_filters(page: Page) -> None:
    states = [(figures(page), kpis(page))]
    for column, value in (("Region", "North"), ("Product", "Tea")):
        choose(page, column, value)
        changed(page, states[-1][0])
        states.append((figures(page), kpis(page)))

    def shows(state: int, *chosen: str) -> None:
        expect(page.locator(KPI).first).to_have_text(states[state][1][0])
        drawn(page)
        assert (figures(page), kpis(page)) == states[state]
        checked = page.locator(CHOSEN)
        assert [each.get_attribute("value") for each in checked.all()] == list(chosen)

    page.go_back()
    shows(1, "North")
    page.go_back()
    shows(0)
    page.go_forward()
    shows(1, "North")


def test_back_before_the_answer_is_there(page: Page) -> None:
    before, numbers = figures(page), kpis(page)
    held: list[Route] = []
    page.route("**/?region=North", lambda route: held.append(route))
    choose(page, "Region", "North")
    expect(page.locator("main")).to_have_attribute("aria-busy", "true")
    page.go_back()
    for route in held:
        with suppress(Error):  # the browser may have dropped it
            route.continue_()
    expect(page.locator(CHOSEN)).to_have_count(0)
    expect(page.locator(KPI).first).to_have_text(numbers[0])
    drawn(page)
    assert figures(page) == before


def test_a_range_of_days_and_a_reset(page: Page) -> None:
    before, numbers = figures(page), kpis(page)
    page.get_by_label("Date from").fill("2023-03-01")
    page.get_by_label("Date to").fill("2023-03-10")
    expect(page.locator(".row-counts")).to_contain_text("10 of ")
    assert urlsplit(page.url).query == "date.from=2023-03-01&date.to=2023-03-10"
    page.get_by_role("link", name="Reset").click()
    drawn(page)
    assert (figures(page), kpis(page)) == (before, numbers)
    assert urlsplit(page.url).query == ""
    assert page.get_by_label("Date from").input_value() == ""


def test_the_lines_under_the_titles_follow_the_filters(page: Page) -> None:
    lines = page.locator(".figure .note:visible")
    before, all_rows = figures(page), lines.all_inner_texts()
    choose(page, "Region", "North")
    changed(page, before)
    of_north = lines.all_inner_texts()
    page.reload()
    drawn(page)
    assert lines.all_inner_texts() == of_north != all_rows


def test_no_data_is_said_and_left_again(page: Page) -> None:
    before, same = figures(page), stay(page)
    page.get_by_label("Date to").fill("2019-01-01")
    notes = page.get_by_text("No data for these filters.")
    expect(notes.first).to_be_visible()
    assert notes.count() >= FIGURES
    assert page.locator(".js-plotly-plot").count() == 0
    page.get_by_label("Date to").fill("")
    drawn(page)
    assert figures(page) == before
    assert same()


def test_an_answer_that_fails_is_said_and_the_charts_stay(page: Page, watched: Watched) -> None:
    before = figures(page)
    page.route("**/?*", lambda route: route.fulfill(status=503, body="busy"))
    choose(page, "Region", "North")
    status = page.locator(".filters [role=status]")
    expect(status).to_contain_text("Not updated: the server answered 503")
    assert figures(page) == before
    page.unroute("**/?*")
    page.route("**/?*", lambda route: route.abort())
    choose(page, "Region", "East")
    expect(status).to_contain_text("Not updated: Failed to fetch")
    assert figures(page) == before
    page.unroute("**/?*")
    choose(page, "Region", "South")
    changed(page, before)
    expect(status).to_be_empty()
    watched.complaints[:] = [text for text in watched.complaints if "Failed to load" not in text]


def test_of_two_choices_the_last_one_shows(page: Page) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.url.endswith("?region=North"):
            held.append(route)
        else:
            route.continue_()

    before = figures(page)
    page.route("**/?*", hold)
    choose(page, "Region", "North")
    expect(page.locator("main")).to_have_attribute("aria-busy", "true")
    assert figures(page) == before
    choose(page, "Region", "East")
    changed(page, before)
    expect(page.locator("main")).to_have_attribute("aria-busy", "false")
    assert urlsplit(page.url).query == "region=East&region=North"
    after = figures(page)
    page.reload()
    drawn(page)
    assert figures(page) == after


# Keyboard


def test_filters_by_keyboard(page: Page) -> None:
    before = figures(page)
    summary = page.locator("summary", has_text="Region")
    for _ in range(30):
        page.keyboard.press("Tab")
        if summary.evaluate("(each) => each === document.activeElement"):
            break
    else:
        pytest.fail("Tab does not reach the filter")
    assert page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.locator("details", has_text="Region")).to_have_attribute("open", "")
    page.keyboard.press("Tab")
    assert "checkbox" in focused(page)
    page.keyboard.press("Space")
    changed(page, before)
    assert "checkbox" in focused(page)
    page.keyboard.press("Escape")
    expect(page.locator(".filters details[open]")).to_have_count(0)
    assert focused(page).startswith("<summary")
    page.keyboard.press("Space")
    expect(page.locator(".filters details[open]")).to_have_count(1)


def test_the_first_stop_skips_to_the_content(page: Page) -> None:
    same = stay(page)
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    box = skip.bounding_box()
    assert box
    assert box["x"] >= 0
    page.keyboard.press("Enter")
    wait_for(lambda: page.url.endswith("#main"), "the jump", 10)
    page.keyboard.press("Tab")
    assert page.evaluate("() => !!document.activeElement.closest('main')")
    assert same()


# Looks


PATHS = ["/", "/dashboards/details", "/charts/mix", "/charts/all-sales", "/charts/total-revenue"]


@pytest.mark.parametrize("path", [*PATHS, "/nothing"])
def test_nothing_is_cut_off_on_a_phone(watched: Watched, site: str, path: str) -> None:
    page = watched.page
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(site + path)
    if path == "/":
        drawn(page)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
    out = page.evaluate(
        """() => [...document.querySelectorAll(
            'h1, h2, a:not(.skip-link), .value, .note, summary, input, .card, .chart, .table-scroll')]
          .filter((each) => each.checkVisibility() && !each.closest('.table-scroll *, details:not([open]) fieldset'))
          .filter((each) => { const { left, right, width } = each.getBoundingClientRect();
            return width === 0 || left < 0 || right > 360 || each.scrollWidth > each.clientWidth + 1
              && getComputedStyle(each).display !== 'inline' && !each.matches('.table-scroll'); })
          .map((each) => each.outerHTML.slice(0, 100))"""
    )
    assert out == []
    narrow = page.evaluate(
        "() => [...document.querySelectorAll('td, th')].filter((each) => each.offsetHeight > 120).length"
    )
    assert narrow == 0  # cells are not squeezed to a letter a line
    watched.complaints[:] = [text for text in watched.complaints if "404" not in text]


@pytest.mark.parametrize("slug", ["revenue-by-product", "revenue-over-time"])
def test_ticks_do_not_run_into_each_other_on_a_phone(
    watched: Watched, site: str, slug: str
) -> None:
    page = watched.page
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{site}/charts/{slug}")
    drawn(page, 1)
    boxes = page.evaluate(
        "() => [...document.querySelectorAll('.chart .xtick text')].map((each) =>"
        " each.getBoundingClientRect()).map(({ left, right }) => [left, right])"
    )
    assert len(boxes) > 1
    assert all(right < left for (_, right), (left, _) in pairwise(sorted(boxes)))
    plot = page.locator(".chart .bglayer .bg").first.bounding_box()
    assert plot
    assert plot["width"] > 120


def look(page: Page) -> tuple[str, str]:
    """Return the colours of the page's background and of the figures' text."""
    paper, text = page.evaluate(
        "() => [getComputedStyle(document.body).backgroundColor,"
        " document.querySelector('.chart')._fullLayout.font.color]"
    )
    return paper, text


def test_light_and_dark_change_places_without_a_load(page: Page) -> None:
    same = stay(page)
    page.emulate_media(color_scheme="light")
    wait_for(lambda: look(page)[0] == "rgb(247, 247, 245)", "the light page", 10)
    light, drawing = look(page), figures(page)
    page.emulate_media(color_scheme="dark")
    wait_for(lambda: look(page)[1] != light[1], "the dark figures", 10)
    assert look(page)[0] != light[0]
    assert figures(page) == drawing
    page.emulate_media(color_scheme="light")
    wait_for(lambda: look(page) == light, "the light page again", 10)
    assert same()


def test_motion_is_reduced_on_request(page: Page) -> None:
    moving = (
        "() => [...document.querySelectorAll('main, main *')].map((each) => getComputedStyle(each))"
        ".filter((style) => style.transitionProperty !== 'none' && /[1-9]/.test("
        "style.transitionDuration)).length"
    )
    page.evaluate("() => { document.querySelector('main').ariaBusy = 'true' }")
    assert page.evaluate(moving) > 0
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(moving) == 0


def test_no_other_host_is_asked(watched: Watched, site: str) -> None:
    urls: list[str] = []
    watched.page.on("request", lambda request: urls.append(request.url))
    for path in PATHS:
        watched.page.goto(site + path)
        watched.page.wait_for_load_state("networkidle")
    hosts = {urlsplit(url).netloc for url in urls if not url.startswith(("data:", "blob:"))}
    assert hosts == {urlsplit(site).netloc}


# The page of a chart


def test_a_chart_page_has_its_rows_and_keeps_the_filters(page: Page) -> None:
    choose(page, "Region", "North", "East")
    link = page.get_by_role("link", name="Revenue by region", exact=True)
    expect(link).to_have_attribute("href", re.compile(r"\?region=East&region=North$"))
    link.click()
    drawn(page, 1)
    assert page.locator("h1").inner_text() == "Revenue by region"
    assert page.locator("th").all_inner_texts() == ["Region", "Revenue"]
    assert {row.split()[0] for row in page.locator("tbody tr, table > tr").all_inner_texts()} == {
        "North",
        "East",
    }
    page.locator("summary", has_text="SQL").click()
    expect(page.locator("pre")).to_contain_text("FROM sales")
    choose(page, "Region", "East")
    expect(page.locator("td", has_text="East")).to_have_count(0)
    saved = page.get_by_role("link", name="Download as CSV")
    wait_for(
        lambda: str(saved.get_attribute("href")).endswith(".csv?region=North"), "the CSV link", 10
    )
    with page.expect_download() as download:
        saved.click()
    text = Path(download.value.path()).read_text("utf-8-sig")
    assert [line.split(",")[0] for line in text.splitlines()] == ["region", "North"]
    page.get_by_role("link", name="← Overview").click()
    drawn(page)
    assert urlsplit(page.url).query == "region=North"
    assert page.locator(CHOSEN).count() == 1


def test_axes_have_their_titles_beside_the_figure(watched: Watched, site: str) -> None:
    page = watched.page
    page.goto(f"{site}/charts/revenue-by-product")
    drawn(page, 1)
    assert page.locator(".axis:visible").all_inner_texts() == ["Revenue"]
    plot = page.locator(".plot").bounding_box()
    title = page.locator(".axis:visible").bounding_box()
    assert plot
    assert title
    assert plot["y"] <= title["y"]
    assert title["y"] + title["height"] <= plot["y"] + plot["height"]


def test_long_names_are_cut_on_the_axis_and_whole_elsewhere(watched: Watched, site: str) -> None:
    page = watched.page
    page.goto(f"{site}/charts/revenue-by-product")
    drawn(page, 1)
    ticks = page.locator(".chart .ytick text").all_text_contents()
    assert LONG[:28] + "…" in ticks
    assert page.locator("td", has_text=LONG).count() == 1
    check_hover(page, LONG)
    page.goto(f"{site}/charts/mix")
    drawn(page, 1)
    assert LONG[:28] + "…" in page.locator(".chart .legendtext").all_text_contents()
    check_hover(page, LONG)


def check_hover(page: Page, name: str) -> None:
    """Check that the bar, or the series, of that name shows it under the pointer, whole."""
    page.evaluate(
        """(name) => {
          const shown = document.querySelector(".chart");
          const trace = Math.max(0, shown.data.findIndex(({ meta }) => meta === name));
          const point = Math.max(0, [...shown.data[trace].y].indexOf(name));
          Plotly.Fx.hover(shown, [{ curveNumber: trace, pointNumber: point }]);
        }""",
        name,
    )
    expect(page.locator(".hoverlayer")).to_contain_text(name)


def test_codes_are_categories(watched: Watched, site: str) -> None:
    page = watched.page
    page.goto(f"{site}/charts/codes")
    drawn(page, 1)
    ticks = page.locator(".chart .ytick text").all_text_contents()
    assert list(map(int, ticks)) == list(range(3, 14)), "levels stand in their own order"
    check_hover(page, "3: ")


# Without a script, and for everybody


def test_without_a_script_the_numbers_and_the_filters_work(browser: Browser, site: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}/?date.from=2023-02-01")
    numbers = kpis(page)
    assert len(numbers) >= 2
    page.locator("summary", has_text="Region").click()
    page.get_by_label("North").check()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(KPI).first).not_to_have_text(numbers[0])
    assert urlsplit(page.url).query.startswith("date.from=2023-02-01")
    assert "region=North" in page.url
    page.goto(f"{site}/charts/all-sales?region=North")
    assert set(page.locator("td:nth-child(2)").all_inner_texts()) == {"North"}
    context.close()


@pytest.mark.parametrize("path", [*PATHS, "/nothing"])
def test_each_page_has_its_heading_and_each_control_its_label(
    watched: Watched, site: str, path: str
) -> None:
    page = watched.page
    page.goto(site + path)
    assert page.locator("h1").count() == 1
    assert page.locator("html").get_attribute("lang") == "en"
    levels = page.evaluate(
        "() => [...document.querySelectorAll('h1,h2,h3')].map((h) => +h.tagName[1])"
    )
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    unnamed = page.evaluate(
        "() => [...document.querySelectorAll('input')].filter((each) =>"
        " !(each.ariaLabel || each.labels[0]?.textContent.trim())).length"
    )
    assert unnamed == 0
    for figure in page.locator(".chart").all():
        assert figure.get_attribute("aria-label")
    watched.complaints[:] = [text for text in watched.complaints if "404" not in text]


def test_titles_tell_the_pages_apart(site: str) -> None:
    home = fetch(site)[1].decode()
    paths = set(re.findall(r'href="(/(?:charts|dashboards)/[^"#]*)', home)) | set(PATHS[1:])
    titles = [re.findall("<title>(.*?)</title>", fetch(site + path)[1].decode()) for path in paths]
    assert len({title for (title,) in titles}) == len(paths)
