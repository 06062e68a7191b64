"""Actions of a person on a page, and what the page shows."""

from __future__ import annotations

from collections.abc import Callable

from click.testing import CliRunner
from playwright.sync_api import Page

from flaskdash.cli import cli
from tests.support.web import Watched

FIGURES = 6
KPI = ".card.kpi .value"


def add(*arguments: str) -> None:
    """Run a command of flaskdash, such as add-chart, in the current folder."""
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output


def add_chart(*flags: str) -> None:
    add("add-chart", *flags)


def drawn(page: Page, count: int = FIGURES) -> None:
    """Wait until COUNT figures are drawn; each is drawn when it comes near the window."""
    for chart in page.locator(".chart").all():
        chart.scroll_into_view_if_needed()
    page.evaluate("() => scrollTo(0, 0)")
    page.locator(".js-plotly-plot:has(.main-svg .trace)").nth(count - 1).wait_for(state="attached")


def opened(watched: Watched, url: str, count: int = FIGURES) -> Page:
    """Open a page, and return it when that many figures are drawn."""
    watched.page.set_default_timeout(10_000)
    watched.page.goto(url)
    drawn(watched.page, count)
    return watched.page


def figures(page: Page) -> list[str]:
    """Return the traces of each figure as JSON, without their style."""
    traces: list[str] = page.evaluate(
        "() => [...document.querySelectorAll('.js-plotly-plot')].map((figure) =>"
        " JSON.stringify(figure.data.map(({ name, x, y }) => [name, x, y])))"
    )
    return traces


def kpis(page: Page) -> list[str]:
    return page.locator(KPI).all_inner_texts()


def stay(page: Page) -> Callable[[], bool]:
    """Mark the page; return a function that checks whether the same page is still open."""
    page.evaluate("() => { window.marked = true }")
    return lambda: bool(page.evaluate("() => window.marked === true"))


def choose(page: Page, column: str, *values: str) -> None:
    choice = page.locator(".filters details", has_text=column)
    choice.locator("summary").click()
    for value in values:
        choice.get_by_label(value, exact=True).click()
    page.locator("h1").click()


def focused(page: Page) -> str:
    return str(page.evaluate("() => document.activeElement.outerHTML.split('>')[0]"))
