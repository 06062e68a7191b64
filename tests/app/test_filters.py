"""Filters in a real browser: their forms, chips and spans, clicks on figures, and all without a script."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.data import sales_csv
from tests.support.pages import add_chart, choose, drawn, figures, kpis, opened, stay
from tests.support.served import served_copy
from tests.support.web import Watched

LONG = "Department of Weights & <b>Measures</b>"
LONGER = f"{LONG}, and of Everlasting Correspondence"
FORMS = {"date": "", "region": "single", "product": "search", "revenue": "range", "place": ""}
DEFAULTS = {"date": "days=this year", "region": "choice=North, East"}
PLACES = [LONG, LONGER, *(f"Place {n:02}" for n in range(14))]


def source() -> str:
    """Return the sales with a place for each, of which two are long and begin alike."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for n, row in enumerate(csv.reader(io.StringIO(sales_csv()))):
        writer.writerow([*row, PLACES[n * 7 % 16] if n else "place"])
    return out.getvalue()


ROWS = list(csv.DictReader(io.StringIO(source())))


def prepare(root: Path) -> None:
    (root / "data/sales.csv").write_text(source(), "utf-8")
    for path in (root / "app/charts").glob("[a-z]*.py"):
        text = re.sub("FILTERS = .*", f"FILTERS = {FORMS}", path.read_text("utf-8"))
        path.write_text(text, "utf-8")
    add_chart("spread", "--kind", "histogram", "--x", "revenue", "--filter", "region")
    second = ("--dashboard", "Details", "--filter", "region", "--filter", "place")
    add_chart("places", "--kind", "bar", "--x", "place", "--y", "units", *second)
    add_chart("parts", "--kind", "pie", "--x", "place", "--y", "units", "--limit", "3", *second)
    lines = ("--x", "date", "--y", "revenue", "--grain", "month", "--color", "region")
    add_chart("lines", "--kind", "line", *lines, *second)
    add_chart("grid", "--kind", "heatmap", "--x", "region", "--by", "place", *second)
    add_chart("start", "--kind", "bar", "--x", "region", "--y", "units", "--dashboard", "Start")
    start = root / "app/charts/start.py"
    text = re.sub("FILTERS = .*", f"FILTERS = {DEFAULTS}", start.read_text("utf-8"))
    start.write_text(text, "utf-8")


@pytest.fixture(scope="module")
def site(shared_project: Path) -> Iterator[str]:
    """Lend the address of a project with filters of each form."""
    with served_copy(shared_project, prepare) as url:
        yield url


@pytest.fixture
def page(watched: Watched, site: str) -> Page:
    return opened(watched, site, 4)


@pytest.fixture
def details(watched: Watched, site: str) -> Page:
    watched.page.set_default_timeout(10_000)
    watched.page.set_viewport_size({"width": 1280, "height": 1500})
    watched.page.goto(f"{site}/dashboards/details")
    drawn(watched.page, 2)
    return watched.page


def query(page: Page) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(page.url).query)


def chips(page: Page) -> Locator:
    return page.locator(".chip")


def counted(page: Page, passed: int) -> None:
    """Wait until the page says how many of its rows pass."""
    expect(page.locator(".row-counts")).to_have_text(f"{passed:,} of 360 rows")


# The forms


def test_a_range_of_numbers(page: Page) -> None:
    same, before = stay(page), kpis(page)
    expect(page.locator(".row-counts")).to_have_text("360 rows")
    days = [row["date"] for row in ROWS]
    expect(page.locator(".row-counts + span")).to_have_text(f"{min(days)} \u2013 {max(days)}")
    revenues = [float(row["revenue"]) for row in ROWS]
    low = page.get_by_role("spinbutton", name="Revenue from")
    assert low.get_attribute("placeholder") == low.get_attribute("min") == f"{min(revenues):g}"
    low.fill("20")
    low.press("Enter")
    counted(page, sum(n >= 20 for n in revenues))
    page.get_by_role("spinbutton", name="Revenue to").fill("30.5")
    page.get_by_role("spinbutton", name="Revenue to").blur()
    counted(page, sum(20 <= n <= 30.5 for n in revenues))
    assert query(page) == [("revenue.from", "20"), ("revenue.to", "30.5")]
    expect(chips(page)).to_have_text(["Revenue: 20 \u2013 30.5"])
    assert same()
    page.go_back()
    counted(page, sum(n >= 20 for n in revenues))
    assert same()
    assert page.get_by_role("spinbutton", name="Revenue to").input_value() == ""
    assert page.get_by_role("spinbutton", name="Revenue from").input_value() == "20"
    chips(page).click()
    expect(page.locator(".row-counts")).to_have_text("360 rows")
    assert kpis(page) == before
    assert low.input_value() == ""
    low.fill("20")
    low.press("Enter")
    counted(page, sum(n >= 20 for n in revenues))
    page.go_back()
    expect(page.locator(".row-counts")).to_have_text("360 rows")
    expect(low).to_be_focused()
    assert low.input_value() == ""


def test_one_choice_at_a_time(page: Page) -> None:
    for region in ("North", "East"):
        choose(page, "Region", region)
        counted(page, sum(row["region"] == region for row in ROWS))
        assert query(page) == [("region", region)]
        expect(page.locator(".filters details", has_text="Region").locator(".count")).to_have_text(
            region
        )
    choose(page, "Region", "all")
    expect(page.locator(".row-counts")).to_have_text("360 rows")
    assert query(page) == []


def test_a_search_waits_for_the_end_of_a_word_and_is_one_step(page: Page) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    same, steps = stay(page), page.evaluate("history.length")
    box = page.get_by_label("Product has")
    box.press_sequentially("COFF", delay=20)
    coffee = sum(row["product"] == "Coffee" for row in ROWS)
    counted(page, coffee)
    assert len([url for url in requests if "has" in url]) < 4
    box.press_sequentially("ee")
    expect(chips(page)).to_have_text(["Product has “COFFee”"])
    counted(page, coffee)
    assert query(page) == [("product.has", "COFFee")]
    assert page.evaluate("history.length") == steps + 1
    expect(box).to_be_focused()
    box.press("Enter")
    assert same()
    box.fill("")
    expect(page.locator(".row-counts")).to_have_text("360 rows")
    assert query(page) == []


def test_a_long_list_of_choices_is_narrowed(page: Page) -> None:
    choice = page.locator(".filters details[data-column=place]")
    choice.locator("summary").click()
    box, labels = choice.get_by_label("Find in Place"), choice.locator("label:not(.not):visible")
    expect(labels).to_have_count(16)
    box.press_sequentially("MEASURES")
    expect(labels).to_have_count(2)
    box.press("Enter")
    assert query(page) == []
    labels.first.click()
    counted(page, sum(row["place"] == LONG for row in ROWS))
    box.fill("place 0")
    expect(labels).to_have_count(10)
    assert query(page) == [("place", LONG)]
    assert page.locator(".filters details[data-column=region] .option-search").count() == 0


def test_all_but_the_chosen_values(page: Page) -> None:
    same, choice = stay(page), page.locator(".filters details[data-column=place]")
    choose(page, "Place", "Place 01")
    choose(page, "Place", "not these", "Place 02")
    counted(page, sum(row["place"] not in ("Place 01", "Place 02") for row in ROWS))
    assert query(page) == [("place.not", "Place 01"), ("place.not", "Place 02")]
    expect(choice.locator(".count")).to_have_text("not 2")
    expect(chips(page)).to_have_text(["Place: not Place 01", "Place: not Place 02"])
    chips(page).first.click()
    counted(page, sum(row["place"] != "Place 02" for row in ROWS))
    page.go_back()
    expect(chips(page)).to_have_count(2)
    choice.locator("summary").click()
    choice.get_by_label("Find in Place").fill("place 0")
    expect(choice.locator("label:visible")).to_have_count(11)  # with the switch
    page.locator("h1").click()
    choose(page, "Place", "not these")
    counted(page, sum(row["place"] in ("Place 01", "Place 02") for row in ROWS))
    expect(choice.locator(".count")).to_have_text("2")
    assert query(page) == [("place", "Place 01"), ("place", "Place 02")]
    assert same()
    page.go_back()
    expect(chips(page).first).to_have_text("Place: not Place 01")
    page.reload()
    expect(choice.get_by_label("not these")).to_be_checked()
    page.get_by_role("link", name="Reset").click()
    expect(chips(page)).to_have_count(0)
    expect(choice.get_by_label("not these")).not_to_be_checked()
    choice.locator("summary").click()
    choice.get_by_label("not these").check()
    page.evaluate("fetch('').then((r) => r.text()).then((text) => updateForm(parseHtml(text)))")
    choice.get_by_label("Place 02").check()
    expect(chips(page)).to_have_text(["Place: not Place 02"])


def test_choices_follow_the_other_filters_in_an_open_menu(page: Page) -> None:
    choose(page, "Place", "Place 06")
    counted(page, sum(row["place"] == "Place 06" for row in ROWS))
    page.get_by_label("Date to").fill("2023-01-03")
    counted(page, 0)
    choice = page.locator(".filters details[data-column=place]")
    choice.locator("summary").click()
    left = {row["place"] for row in ROWS if row["date"] <= "2023-01-03"}
    labels = choice.locator("label:not(.not):visible")
    expect(labels).to_have_count(4)
    assert {text.strip() for text in labels.all_inner_texts()} == {*left, "Place 06"}
    expect(page.locator(".filters label.empty:visible input")).to_have_value("Place 06")
    assert page.get_by_label("Place 06").is_checked()
    box = choice.get_by_label("Find in Place")
    box.fill("place")
    page.go_back()
    expect(labels).to_have_count(14)
    expect(box).to_be_focused()
    expect(box).to_have_value("place")
    lows = page.get_by_role("spinbutton", name="Revenue from")
    rows = [float(row["revenue"]) for row in ROWS if row["place"] == "Place 06"]
    expect(lows).to_have_attribute("placeholder", f"{min(rows):g}")
    choice.get_by_label("Place 06").focus()
    page.keyboard.press("Space")
    expect(page.locator(".row-counts")).to_have_text("360 rows")
    expect(choice.get_by_label("Place 06")).to_be_focused()


def test_spans_of_days(page: Page) -> None:
    same = stay(page)
    choose(page, "Region", "North")
    counted(page, sum(row["region"] == "North" for row in ROWS))  # the links know the region now
    arrow = page.locator(".presets summary")
    arrow.click()
    expect(page.locator(".presets a").first).to_be_visible()
    assert page.locator(".presets p").get_attribute("title") == (
        "Up to 2024-01-24, the newest day of the data"
    )
    page.get_by_role("link", name="Last 30 days").click()
    expected = [("date.from", "2023-12-26"), ("date.to", "2024-01-24"), ("region", "North")]
    rows = [r for r in ROWS if r["date"] >= "2023-12-26" and r["region"] == "North"]
    counted(page, len(rows))
    assert sorted(query(page)) == expected
    assert page.get_by_label("Date from").input_value() == "2023-12-26"
    expect(page.locator(".presets a").first).not_to_be_visible()
    expect(arrow).to_be_focused()
    assert same()


# Chips


def test_chips_and_reset(page: Page) -> None:
    same, before, drawing = stay(page), kpis(page), figures(page)
    expect(page.get_by_role("link", name="Reset")).to_have_count(0)
    page.get_by_label("Date to").fill("2023-06-30")
    choose(page, "Place", "Place 03", "Place 05")
    page.get_by_label("Product has").fill("tea")
    expect(chips(page)).to_have_text(
        ["Date: to 2023-06-30", "Product has “tea”", "Place: Place 03", "Place: Place 05"]
    )
    chips(page).nth(2).click()
    expect(chips(page)).to_have_count(3)
    expect(chips(page).first).to_be_focused()
    assert not page.locator("[value='Place 03']").is_checked()
    assert page.locator("details[data-column=place] .count").inner_text() == "1"
    rows = [r for r in ROWS if r["date"] <= "2023-06-30" and r["place"] == "Place 05"]
    counted(page, sum(row["product"] == "Tea" for row in rows))
    page.get_by_role("link", name="Reset").click()
    expect(chips(page)).to_have_count(0)
    assert (kpis(page), figures(page), urlsplit(page.url).query) == (before, drawing, "")
    assert page.get_by_label("Product has").input_value() == ""
    assert same()


def test_a_page_starts_with_defaults_that_can_be_cleared(page: Page, site: str) -> None:
    def rows(*regions: str, since: str = "2024") -> int:
        return sum(row["region"] in regions and row["date"] >= since for row in ROWS)

    address = f"{site}/dashboards/start"
    page.goto(address)
    drawn(page, 1)
    same = stay(page)
    counted(page, rows("North", "East"))
    expect(chips(page)).to_have_text(
        ["Date: 2024-01-01 \u2013 2024-01-24", "Region: East", "Region: North"]
    )
    expect(page.get_by_role("link", name="Reset")).to_have_count(0)
    chips(page).first.click()
    counted(page, rows("North", "East", since=""))
    assert page.url == f"{address}?date="
    choose(page, "Region", "North", "East")
    expect(chips(page)).to_have_count(0)
    assert page.url == f"{address}?date=&region="
    link = page.get_by_role("link", name="Overview").get_attribute("href")
    assert str(link).endswith("?date=&region=")
    page.get_by_role("link", name="Reset").click()
    counted(page, rows("North", "East"))
    assert page.url == address
    assert page.get_by_label("North", exact=True).is_checked()
    assert page.get_by_label("Date from").input_value() == "2024-01-01"
    choose(page, "Region", "East")
    counted(page, rows("North"))
    assert page.url == f"{address}?region=North"
    choose(page, "Region", "East")
    counted(page, rows("North", "East"))
    assert page.url == address
    page.go_back()
    counted(page, rows("North"))
    click(page, page.locator("#start .point path").first)
    expect(chips(page)).to_have_text(["Date: 2024-01-01 \u2013 2024-01-24"])
    assert page.url == f"{address}?region="
    assert same()


# Clicks on figures


def middle(part: Locator) -> tuple[float, float]:
    box = part.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def click(page: Page, part: Locator) -> None:
    """Click on the middle of a part of a figure, which lies below what takes the pointer."""
    part.scroll_into_view_if_needed()
    page.mouse.move(*middle(part))
    page.locator(".chart.clickable").wait_for()
    page.mouse.down()
    page.mouse.up()


def test_a_click_on_a_bar_chooses_and_a_second_one_takes_it_away(page: Page) -> None:
    same, before = stay(page), figures(page)
    figure = page.locator("#revenue-by-region")
    names = page.evaluate("() => document.querySelector('#revenue-by-region .chart').data[0].y")
    figure.locator(".point").nth(2).scroll_into_view_if_needed()
    page.mouse.move(*middle(figure.locator(".point").nth(2)))
    expect(figure.locator(".clickable .nsewdrag")).to_have_css("cursor", "pointer")
    click(page, figure.locator(".point").nth(2))
    expect(chips(page)).to_have_text([f"Region: {names[2]}"])
    counted(page, sum(row["region"] == names[2] for row in ROWS))
    assert page.locator(f"input[value={names[2]}]").is_checked()
    click(page, figure.locator(".point").first)
    expect(chips(page)).to_have_count(0)
    assert figures(page) == before
    assert same()
    page.go_back()
    counted(page, sum(row["region"] == names[2] for row in ROWS))
    page.go_back()
    expect(page.locator(".row-counts")).to_have_text("360 rows")
    assert same()


def test_names_that_are_cut_are_chosen_whole(details: Page) -> None:
    data = details.evaluate("() => document.querySelector('#places .chart').data[0].y")
    escaped = [
        name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for name in PLACES
    ]
    for name in (LONG, LONGER):
        at = data.index(escaped[PLACES.index(name)])
        click(details, details.locator("#places .point").nth(at))
        counted(details, sum(row["place"] == name for row in ROWS))
        assert query(details) == [("place", name)]
        details.get_by_role("link", name="Reset").click()
        expect(chips(details)).to_have_count(0)
        drawn(details, 2)


def test_a_click_on_a_slice_chooses_it_but_not_the_rest(details: Page) -> None:
    labels = details.evaluate("() => document.querySelector('#parts .chart').data[0].customdata")
    assert labels[3] == "Other"
    at = next(n for n, label in enumerate(labels) if label.startswith("Place"))
    slices = details.locator("#parts .slice")
    click(details, slices.nth(at).locator("path"))
    counted(details, sum(row["place"] == labels[at] for row in ROWS))
    details.get_by_role("link", name="Reset").click()
    expect(chips(details)).to_have_count(0)
    slices.nth(3).wait_for()
    details.mouse.move(*middle(slices.nth(3)))
    details.mouse.down()
    details.mouse.up()
    details.wait_for_timeout(500)
    assert query(details) == []


def test_a_name_keeps_its_colour_whatever_a_filter_leaves(details: Page) -> None:
    figure = details.locator("#lines .chart")
    figure.scroll_into_view_if_needed()
    drawn(details, 3)
    colours = (
        "(shown) => Object.fromEntries(shown._fullData.map(({ name, line }) => [name, line.color]))"
    )
    before = figure.evaluate(colours)
    assert len(set(before.values())) == len(before) > 2
    last = list(before)[-1]
    choose(details, "Region", last)
    counted(details, sum(row["region"] == last for row in ROWS))
    drawn(details, 3)
    assert figure.evaluate(colours) == {last: before[last]}


def test_a_click_on_a_line_chooses_its_colour_and_one_on_a_cell_both(details: Page) -> None:
    figure = details.locator("#lines .chart")
    figure.scroll_into_view_if_needed()
    x, y = figure.evaluate(
        """(shown) => { const { xaxis, yaxis } = shown._fullLayout, [, , third] = shown.calcdata[1];
            const { left, top } = shown.getBoundingClientRect();
            return [left + xaxis._offset + xaxis.c2p(third.x), top + yaxis._offset + yaxis.c2p(third.y)]; }"""
    )
    details.mouse.move(x, y)
    details.locator("#lines .chart.clickable").wait_for()
    details.mouse.down()
    details.mouse.up()
    expect(chips(details)).to_have_text([re.compile("^Region: ")])
    details.get_by_role("link", name="Reset").click()
    expect(chips(details)).to_have_count(0)
    click(details, details.locator("#grid .nsewdrag").first)
    expect(chips(details)).to_have_count(2)
    assert sorted(name for name, _ in query(details)) == ["place", "region"]
    cells = details.locator("#grid .chart")
    shape = (
        "(shown) => shown.calcdata[0].map(({ x, y, z }) => [x.length - 1, y.length - 1, z.length])"
    )
    assert cells.evaluate(shape) == [[1, 1, 1]]  # none is left of before
    details.mouse.move(*middle(cells))
    details.locator("#grid .hovertext").wait_for()


def test_what_is_no_choice_can_not_be_clicked(page: Page) -> None:
    figure = page.locator("#spread")
    figure.scroll_into_view_if_needed()
    page.mouse.move(*middle(figure.locator(".point").nth(1)))
    figure.locator(".hovertext").first.wait_for(state="attached")
    assert figure.locator(".clickable").count() == 0
    page.mouse.down()
    page.mouse.up()
    page.wait_for_timeout(500)
    assert query(page) == []


# Several dashboards, no script, a phone


def test_filters_go_along_to_a_dashboard_that_has_them(page: Page) -> None:
    choose(page, "Region", "North")
    page.get_by_label("Product has").fill("tea")
    expect(chips(page)).to_have_count(2)
    page.get_by_role("link", name="Details").click()
    expect(page.locator("h1")).to_have_text("Details")
    expect(chips(page)).to_have_text(["Region: North"])
    counted(page, sum(row["region"] == "North" for row in ROWS))
    page.get_by_role("link", name="Overview").click()
    expect(chips(page).first).to_have_text("Region: North")


def test_without_a_script_all_of_it_is_a_form_with_links(browser: Browser, site: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site)
    page.get_by_role("spinbutton", name="Revenue from").fill("20.5")
    page.get_by_label("Product has").fill("tea")
    page.locator("summary", has_text="Region").click()
    page.get_by_label("North", exact=True).check()
    page.get_by_role("button", name="Apply").click()
    rows = [r for r in ROWS if r["region"] == "North" and r["product"] == "Tea"]
    counted(page, sum(float(row["revenue"]) >= 20.5 for row in rows))
    page.locator("summary", has_text="Place").click()
    expect(page.get_by_label("Place 07")).to_be_visible()
    expect(page.get_by_label("Find in Place")).not_to_be_visible()
    chips(page).filter(has_text="Revenue").click()
    counted(page, len(rows))
    page.get_by_role("link", name="Details").click()
    counted(page, sum(row["region"] == "North" for row in ROWS))
    page.locator("#places h2 a").click()
    expect(chips(page)).to_have_text(["Region: North"])
    download = page.get_by_role("link", name="Download as CSV").get_attribute("href")
    assert str(download).endswith(".csv?region=North")
    page.go_back()
    page.get_by_role("link", name="Overview").click()
    page.locator(".presets summary").click()
    page.get_by_role("link", name="Last 7 days").click()
    expect(chips(page)).to_have_text(["Date: 2024-01-18 \u2013 2024-01-24", "Region: North"])
    page.get_by_role("link", name="Reset").click()
    expect(page.locator(".row-counts")).to_have_text("360 rows")
    context.close()


def test_lists_stay_on_a_phone(watched: Watched, site: str) -> None:
    page = watched.page
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{site}/?region=North&place=Place+01&product.has=tea&date.from=2023-01-01")
    for summary in page.locator(".filters summary").all():
        summary.click()
        box = page.locator(".filters details[open] > :last-child").bounding_box()
        assert box
        assert 0 <= box["x"] < box["x"] + box["width"] <= 360
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
        page.keyboard.press("Escape")
