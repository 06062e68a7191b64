"""Filters of more values than a form lists: the server finds those that contain a text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.data import sales_csv
from tests.support.pages import opened, stay
from tests.support.projects import START, inside, keep_one_chart
from tests.support.served import served_copy
from tests.support.web import Watched

ODD = "</label><b>Smith & 'Sons'"


def source() -> str:
    """Return 700 sales, each of another customer."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for n, row in enumerate(csv.reader(io.StringIO(sales_csv(700)))):
        writer.writerow([*row, (f"Customer {n:03}" if n < 700 else ODD) if n else "customer"])
    return out.getvalue()


ROWS = list(csv.DictReader(io.StringIO(source())))


def prepare(project: Path) -> None:
    (project / "data/sales.csv").write_text(source(), "utf-8")
    keep_one_chart(project, "revenue_by_region", '["region", "customer"]')


def test_the_server_finds_choices(project: Path) -> None:
    prepare(project)
    inside(
        project,
        """
        import html, re
        data["sales"].build()
        def found(query):
            answer = get(f"/charts/revenue-by-region/choices?{query}")
            labels = re.findall('value="([^"]*)"( checked)?> ([^<]*)</label>', answer.text)
            assert all(value == label for value, _, label in labels)
            note = re.search("<p>(.*)</p>", answer.text)[1]
            return [html.unescape(value) for value, *_ in labels], note, answer
        values, note, answer = found("customer.find=")
        assert values[1:3] == ["Customer 001", "Customer 002"] and len(values) == 50
        assert note == "50 of 700: type to find others."
        values, note, answer = found("customer.find=MER+12")
        assert values == [f"Customer {n}" for n in range(120, 130)] and note == "10 found."
        assert answer.headers["Cache-Control"] == "no-cache"
        assert found("customer.find=sons")[0] == ["</label><b>Smith & 'Sons'"]
        assert "<b>" not in found("customer.find=smith")[2].text
        north = data["sales"].query("SELECT customer FROM sales WHERE region = 'North'")["customer"]
        expected = sorted(name for name in north if "12" in name)
        values, _, answer = found("region=North&customer.find=12&customer=Customer+120")
        assert values == expected
        assert "checked" in answer.text
        assert found("customer.find=%25")[:2] == ([], "0 found.")
        assert get("/charts/revenue-by-region/choices").status_code == 404
        assert get("/charts/revenue-by-region/choices?date.find=x").status_code == 404
        assert get("/charts/nothing/choices?customer.find=x").status_code == 404
        before = cached_files()
        found("customer.find=999")  # what anybody can type is not kept
        assert cached_files() == before
        page = get("/?region=North&customer=Customer+001&customer=Customer+002").text
        labels = re.findall('<label( class="empty")?><input type="checkbox" name="customer" v', page)
        assert len(labels) == 2 and any(labels)
        """,
        START,
    )


def test_thousands_of_values_take_one_query(project: Path) -> None:
    prepare(project)
    inside(
        project,
        """
        from unittest.mock import patch
        from app.engine import query
        data["sales"].build()
        get("/charts/revenue-by-region/data.json")
        def queries(names):
            query_string = "&".join(f"customer={name}" for name in names)
            with patch.object(query, "_run", wraps=query._run) as run:
                get(f"/charts/revenue-by-region/data.json?{query_string}")
            return run.call_count
        before = cached_files()
        few = queries(["Customer+100", "Customer+600"])
        assert len(cached_files()) == len(before) + 1
        assert queries(f"Customer+{n:03}" for n in range(1, 700)) <= few
        assert queries(["Customer+100", "nobody"]) <= few
        assert len(cached_files()) == len(before) + 1  # what nobody is offered is not kept
        """,
        START,
    )


@pytest.fixture(scope="module")
def site(shared_project: Path) -> Iterator[str]:
    with served_copy(shared_project, prepare) as url:
        yield url


@pytest.fixture
def page(watched: Watched, site: str) -> Page:
    return opened(watched, site, 1)


def test_two_of_many_customers_are_found_and_chosen(page: Page) -> None:
    same = stay(page)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    choice = page.locator("details[data-column=customer]")
    labels, note = choice.locator("label:not(.not):visible"), choice.locator("[aria-live]")
    choice.locator("summary").click()
    expect(labels).to_have_count(50)
    box = choice.get_by_label("Find in Customer")
    box.press_sequentially("mer 012", delay=20)
    expect(note).to_have_text("1 found.")
    assert len([url for url in requests if "find=" in url]) < 5
    choice.get_by_label("Customer 012").check()
    expect(page.locator(".row-counts")).to_have_text("1 of 700 rows")
    box.fill("sons")
    expect(labels).to_have_count(2)
    expect(choice.get_by_label("Customer 012")).to_be_checked()
    choice.get_by_label(ODD).check()
    expect(page.locator(".row-counts")).to_have_text("2 of 700 rows")
    expect(page.locator(".chip")).to_have_text(
        ["Customer: </label><b>Smith & 'Sons'", "Customer: Customer 012"]
    )
    expect(box).to_have_value("sons")
    expect(choice.locator(".count")).to_have_text("2")
    page.reload()
    choice.locator("summary").click()
    expect(labels).to_have_count(50)
    box.fill("nobody")
    expect(note).to_have_text("0 found.")
    expect(labels).to_have_count(2)
    page.locator("h1").click()
    page.locator(".chip").last.click()
    expect(page.locator(".row-counts")).to_have_text("1 of 700 rows")
    page.go_back()
    expect(page.locator(".row-counts")).to_have_text("2 of 700 rows")
    expect(choice.locator(".count")).to_have_text("2")
    assert same() is False  # since the reload


def test_many_values_are_searched_without_a_script(browser: Browser, site: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site)
    page.locator("summary", has_text="Customer").click()
    page.get_by_label("Customer has").fill("MER 01")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".row-counts")).to_have_text("10 of 700 rows")
    expect(page.locator(".chip")).to_have_text("Customer has “MER 01”")
    page.locator("summary", has_text="Customer").click()
    expect(page.get_by_label("Find in Customer")).not_to_be_visible()
    context.close()
