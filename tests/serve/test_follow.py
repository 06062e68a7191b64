"""What an open page keeps while the project changes: the real command, project and browser."""

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.serving import DEADLINE, Served, children, until

ROWS = """\
TITLE = "Rows"
DATA = "sales"
ORDER = 200
SIZE = "full"
SQL = "SELECT * FROM sales"


def table(df):
    return df
"""
SHORT_LIFE_SECONDS = 2.5  # see keeper.py
BARS = """\
import plotly.graph_objects as go

TITLE = "Bars"
DATA = "sales"
ORDER = 1
FILTERS = ["region"]
SQL = "SELECT region, count(*) AS orders FROM sales GROUP BY 1 ORDER BY 1"


def figure(df):
    return go.Figure(go.Bar(x=df["region"], y=df["orders"]), {"yaxis": {"title": "Orders"}})
"""
STATE = """() => ({
    url: location.href,
    marker: window.marker,
    scroll: scrollY,
    focus: document.activeElement.name,
    open: [...document.querySelectorAll("details[open] summary")].map((s) => s.firstChild.data),
    chosen: [...document.querySelectorAll(".filters :checked")].map((input) => input.value),
    page: document.querySelector("#rows .pager span").textContent,
    find: document.querySelector("#rows [type=search]").value,
    chart: document.querySelector("#bars .js-plotly-plot").dataset.marker,
})"""
Edit = Callable[[str, str, str], None]
HEADER = "x-flaskdash-dev"  # of requests that bring a page up to date


@pytest.fixture
def served(project: Path) -> Iterator[Served]:
    """Serve a project with a figure and a table."""
    for chart in (project / "app/charts").glob("[a-z]*.py"):
        chart.unlink()
    (project / "app/charts/bars.py").write_text(BARS)
    (project / "app/charts/rows.py").write_text(ROWS)
    running = Served(project, "--no-open", "--port", "0")
    yield running
    running.stop()


@pytest.fixture
def edit(served: Served) -> Edit:
    """Return a function that replaces text in a file of the project."""

    def replace(name: str, old: str, new: str) -> None:
        text = (served.root / name).read_text("utf-8")
        assert old in text
        served.save(name, text.replace(old, new, 1))

    return replace


@pytest.fixture
def page(served: Served, browser: Any) -> Iterator[Page]:
    """Open the dashboard."""
    page = browser.new_page(viewport={"width": 1000, "height": 500})
    page.set_default_timeout(1000 * DEADLINE)
    page.goto(served.address)
    page.wait_for_selector("#bars .main-svg")
    yield page
    page.close()


def problem(page: Page) -> str:
    """Return the text of the panel with problems."""
    return str(page.evaluate("document.getElementById('flaskdash-dev').shadowRoot.textContent"))


def test_a_page_keeps_what_its_reader_has_done(served: Served, edit: Edit, page: Page) -> None:
    page.click("#rows .pager >> text=Next")
    expect(page.locator("#rows .pager span")).to_contain_text("26")
    page.click(".filters summary")
    page.check(".filters input[value=North]")
    expect(page.locator(".chips")).to_contain_text("North")
    page.click("#rows .pager >> text=Next")
    expect(page.locator("#rows .pager span")).to_contain_text("26")
    page.evaluate("document.querySelector('.filters details').open = true")
    page.focus(".filters input[value=North]")
    page.evaluate("""() => {
        scrollTo(0, 60);
        window.marker = "this page";
        document.querySelector("#bars .js-plotly-plot").dataset.marker = "this chart";
    }""")
    before = page.evaluate(STATE)
    assert before["page"]
    assert before["chosen"] == ["North"]
    assert before["open"]

    def compare(selector: str, text: str | re.Pattern[str]) -> None:
        expect(page.locator(selector)).to_have_text(text, timeout=1000 * DEADLINE)
        assert page.evaluate(STATE) == before

    edit("app/charts/bars.py", '"Orders"', '"Changed"')  # a figure
    compare("#bars [data-axis=y]", "Changed")
    edit("app/charts/bars.py", 'TITLE = "Bars"', 'TITLE = "Columns"')  # a card
    compare("#bars h2", "Columns")
    edit("app/templates/dashboard.html", "<h1>{{ title }}</h1>", "<h1>{{ title }}!</h1>")
    compare("h1", "Overview!")
    served.save("app/charts/number.py", BARS.replace("ORDER = 1", "ORDER = 150"))
    compare("#number h2", "Bars")
    page.wait_for_selector("#number .main-svg", state="attached")
    (served.root / "app/charts/number.py").unlink()
    expect(page.locator("#number")).to_have_count(0)
    assert page.evaluate(STATE) == before
    edit("app/helpers.py", "return text[:1].upper() + text[1:]", "return text.upper()")
    compare("#rows th >> nth=0", re.compile("^[A-Z ]+$"))
    edit("app/loaders/sales.py", "return df", "return df.rename(columns={})")
    edit("app/static/theme.css", ":root {", ":root { --bench: 1;")
    until(
        lambda: page.evaluate(
            "getComputedStyle(document.documentElement).getPropertyValue('--bench')"
        ),
        "the style",
    )
    assert page.evaluate(STATE) == before


def test_a_problem_is_shown_above_a_page_that_goes_on(
    served: Served, edit: Edit, page: Page
) -> None:
    page.evaluate("window.marker = 1")
    edit("app/charts/bars.py", "def figure(df):", "def figure(df:")
    until(lambda: "app/charts/bars.py, line 10" in problem(page), "the line")
    assert "SyntaxError" in problem(page)
    page.click("#rows .pager >> text=Next")  # the others go on working
    expect(page.locator("#rows .pager span")).to_contain_text("26")
    edit("app/charts/bars.py", "def figure(df:", "def figure(df):")
    until(lambda: not problem(page), "no problem")
    edit("app/charts/bars.py", "SELECT region", "SELECT regin")
    until(lambda: "The nearest to regin is region." in problem(page), "the nearest column")
    assert "app/charts/bars.py, line 7" in problem(page)
    assert page.locator("#rows td").count() > 0
    edit("app/charts/bars.py", "SELECT regin", "SELECT region")
    until(lambda: not problem(page), "no problem")
    page.wait_for_selector("#bars .main-svg")
    assert page.evaluate("window.marker") == 1


def test_a_helper_is_loaded_into_the_process_that_serves(
    served: Served, edit: Edit, page: Page
) -> None:
    page.evaluate("""() => {
        const draw = window.drawAll;
        window.marker = 1;
        window.drawn = 0;
        window.drawAll = (charts) => ((drawn += charts.length), draw(charts));
    }""")
    process = served.state()["id"].partition("-")[0]
    edit("app/helpers.py", "return text[:1].upper() + text[1:]", "return text.upper()")
    expect(page.locator("#rows th").first).to_have_text(re.compile("^[A-Z ]+$"))
    served.wait(r"app/helpers.py: helpers reloaded in \d+ ms")
    expect(page.locator("#bars .chart")).to_have_attribute("aria-label", re.compile("ORDERS"))
    assert page.evaluate("drawn") == 0  # the figure is the same, its description is not
    edit("app/helpers.py", "return text.upper()", "return text.uper(")
    until(lambda: "SyntaxError" in problem(page), "the error")
    edit("app/helpers.py", "return text.uper(", "return text.uper()")
    until(lambda: "no attribute 'uper'" in problem(page) + page.inner_text("body"), "the error")
    edit("app/helpers.py", "return text.uper()", "return text.lower()")
    expect(page.locator("#rows th").first).to_have_text(re.compile("^[a-z ]+$"))
    until(lambda: not problem(page), "no problem")
    edit("app/pages.py", '"There is no such dashboard."', '"No such dashboard."')
    until(lambda: "No such dashboard." in served.get("/dashboards/nothing")[1], "the page")
    assert page.evaluate("window.marker") == 1
    assert served.state()["id"].partition("-")[0] == process
    refreshes: list[str] = []
    page.on("request", lambda request: refreshes.extend(set(request.headers) & {HEADER}))
    with page.expect_response("**/events"):
        edit("app/config.py", "def load(", "os.environ['X_WORD'] = '1'\n\n\ndef load(")
    served.wait(r"app/config.py: restarted in \d+ ms")
    until(lambda: refreshes, "the page of the new process")
    page.wait_for_timeout(200)
    assert len(refreshes) == 1
    assert served.state()["id"].partition("-")[0] != process


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a worker is not forked")
def test_a_spare_process_takes_over_and_another_follows(served: Served, edit: Edit) -> None:
    def workers() -> set[int]:
        (keeper,) = children(served.process.pid)
        return {*children(keeper)}

    def two_but(earlier: set[int]) -> set[int]:
        """Return the worker and its spare, if these are others than before: one look tells."""
        current = workers()
        return current if len(current) == 2 and current != earlier else set()

    def change(text: str) -> None:
        edit("app/config.py", "def load(", f"os.environ['X_WORD'] = '{text}'\n\n\ndef load(")
        served.wait(rf"(?s)(?:app/config.py: restarted in \d+ ms.*){{{text}}}")

    served.wait("Serving")
    first = until(lambda: two_but(set()), "a spare process")
    change("1")
    second = until(lambda: two_but(first), "a spare")
    assert len(first & second) == 1
    assert served.get("/")[0] == 200
    (spare,) = second - first
    os.kill(spare, signal.SIGKILL)
    until(lambda: workers() == first & second, "the spare process is collected")
    change("2")
    until(lambda: not workers() & second, "the old process ends")
    assert served.get("/")[0] == 200
    served.stop()
    assert served.process.returncode == 0


FIGURE = "def figure(df):\n"
ENDLESS = "    while True:\n        pass\n"
ACTING = 'import os\n\nos.environ["A"] = "1"\n'  # which takes a new process


@pytest.mark.parametrize(
    ("code", "title"),
    [
        (f"{FIGURE}{ENDLESS}", "still running"),
        (f"if True:\n{ENDLESS}{FIGURE}", "still starting"),
        (f"{FIGURE}    import sys; sys.exit(3)\n", "SystemExit"),
        (f"{FIGURE}    import os; os.kill(os.getpid(), 11)\n", "ended"),
        (f"{ACTING}{FIGURE}{ENDLESS}", "still running"),
        (f"{ACTING}{FIGURE}    import sys; sys.exit(3)\n", "SystemExit"),
    ],
    ids=[
        "endless",
        "endless at import",
        "exit",
        "crash",
        "new process, endless",
        "new process, exit",
    ],
)
def test_the_server_survives_what_is_saved(
    served: Served, edit: Edit, page: Page, code: str, title: str
) -> None:
    edit("app/charts/bars.py", FIGURE, code)
    until(lambda: title in problem(page) or title in page.inner_text("body"), title)
    edit("app/charts/bars.py", code, FIGURE)
    until(lambda: page.locator("#bars .main-svg").count(), "the chart")
    until(lambda: not problem(page), "no problem")


def test_a_second_serve_names_the_first(served: Served) -> None:
    address = served.address
    second = Served(served.root, "--no-open", "--port", "0", output="second.txt")
    assert second.process.wait(DEADLINE) == 1
    assert f"already being served on {address}" in second.printed()
    served.process.kill()
    served.process.wait()
    third = Served(served.root, "--no-open", "--port", "0", output="third.txt")
    assert third.address
    third.stop()


def test_production_has_no_trace_of_dev_mode(project: Path) -> None:
    (project / ".env").unlink(missing_ok=True)
    served = Served(project, "--prod", "--port", "0", SECRET_KEY="")
    address = served.wait(r"Running .+ on (\S+) \(")[1]
    served.wait("SECRET_KEY is not set: a random one is used")
    until(lambda: "Listening" in served.printed(), "gunicorn")
    for path in ("/", "/charts/revenue-by-region", "/nothing", "/_dev/up"):
        status, text = served.ask(address + path)
        assert status in {200, 404, 503}
        assert "_dev/" not in text.replace("/_dev/up", "")
        assert "flaskdash-dev" not in text
        assert "edit.js" not in text
    served.stop()
    code = "".join(path.read_text("utf-8") for path in (project / "app").rglob("*.py"))
    assert "_dev" not in code


def test_each_tab_and_browser_follows_also_after_a_sleep(
    served: Served, edit: Edit, browser: Any
) -> None:
    browsers = [browser.new_context(), browser.new_context()]
    pages = [browsers[0].new_page(), browsers[0].new_page(), browsers[1].new_page()]
    for each in pages:
        each.goto(served.address)
        each.wait_for_selector("#bars .main-svg")
        each.evaluate("window.marker = 1")
    asleep = browsers[1].new_cdp_session(pages[-1])
    asleep.send("Page.setWebLifecycleState", {"state": "frozen"})
    edit("app/charts/bars.py", 'TITLE = "Bars"', 'TITLE = "Columns"')
    edit("app/config.py", "def load(", "os.environ['X_WORD'] = '1'\n\n\ndef load(")
    served.wait("restarted")
    edit("app/charts/bars.py", 'TITLE = "Columns"', 'TITLE = "Poles"')
    for each in pages[:-1]:
        expect(each.locator("#bars h2")).to_have_text("Poles")
    asleep.send("Page.setWebLifecycleState", {"state": "active"})
    expect(pages[-1].locator("#bars h2")).to_have_text("Poles", timeout=1000 * DEADLINE)
    assert [each.evaluate("window.marker") for each in pages] == [1, 1, 1]
    for each in browsers:
        each.close()


def test_a_new_process_draws_the_page_that_was_shown_last(served: Served, edit: Edit) -> None:
    assert served.get("/")[0] == 200
    note = 'print("drawn", len(df), flush=True)'
    edit("app/charts/bars.py", "    return go", f"    {note}\n    return go")
    served.wait("reloaded|restarted")

    def count() -> int:
        return served.printed().count("drawn 1\n")

    served.get("/?region=North")
    assert count() == 1
    edit("app/helpers.py", "import math", 'import math\nimport os\n\nos.environ["A"] = "1"')
    until(lambda: count() == 2, "the page before anybody asks")
    assert "North" in served.get("/?region=North")[1]
    assert count() == 2


def test_a_process_that_crashes_after_a_while_starts_again_and_says_where(
    served: Served, edit: Edit, page: Page
) -> None:
    code = """    from pathlib import Path
    if Path("instance/once").exists():
        Path("instance/once").unlink()
        import ctypes; ctypes.string_at(0)
"""
    edit("app/charts/rows.py", "    return df", f"{code}    return df")
    served.wait("rows.py: restarted")
    time.sleep(SHORT_LIFE_SECONDS)  # a process that lives shorter is not started again
    (served.root / "instance/once").touch()
    with suppress(OSError):  # the request ends with the process
        served.get("/?region=North")
    until(lambda: "ended: Segmentation fault" in problem(page), "the crash")
    assert "rows.py" in problem(page)
    expect(page.locator("#rows tbody tr").first).to_be_visible()
    edit("app/charts/bars.py", 'TITLE = "Bars"', 'TITLE = "Poles"')
    expect(page.locator("#bars h2")).to_have_text("Poles", timeout=1000 * DEADLINE)
    until(lambda: not problem(page), "no problem")


LOADER = "app/loaders/sales.py"


def test_a_saved_loader_is_read_although_its_state_says_that_it_was(
    served: Served, edit: Edit, page: Page
) -> None:
    """The code before may have read after the save, and noted the time of the saved file."""
    rows = page.locator("#rows tbody tr")
    edit(LOADER, "    return df\n", "    return df.head(3)\n")
    expect(rows).to_have_count(3, timeout=1000 * DEADLINE)
    loader = served.root / LOADER
    stat = loader.stat()
    temporary = served.root / "sales.tmp"
    temporary.write_text(loader.read_text("utf-8").replace("head(3)", "head(2)"), "utf-8")
    os.utime(temporary, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    temporary.replace(loader)
    expect(rows).to_have_count(2, timeout=1000 * DEADLINE)


def test_a_loader_that_fails_leaves_the_page(served: Served, edit: Edit, page: Page) -> None:
    def change_chart(old: str, new: str) -> None:
        edit("app/charts/bars.py", f'TITLE = "{old}"', f'TITLE = "{new}"')
        expect(page.locator("#bars h2")).to_have_text(new, timeout=1000 * DEADLINE)
        assert page.locator("#bars .main-svg").count()

    good, slow = "    return df\n", "    import time; time.sleep(60)\n    return df\n"
    edit(LOADER, good, slow)
    served.wait("sales reloaded")
    change_chart("Bars", "Poles")
    edit(LOADER, slow, "    return df.head(3)\n")
    expect(page.locator("#rows tbody tr")).to_have_count(3, timeout=1000 * DEADLINE)
    good, title = "    return df.head(3)\n", "Poles"
    for code, text in (
        ("import sys; sys.exit(3)", "SystemExit"),
        ("raise OSError(28, 'No space left on device')", "No space left"),
        ("import ctypes; ctypes.string_at(0)", "ended"),
    ):
        edit(LOADER, good, f"    {code}\n{good}")
        until(lambda: text in problem(page) + page.inner_text("body"), text)  # noqa: B023
        if text != "ended":  # a process that crashes shows no change
            change_chart(title, text)
            title = text
        edit(LOADER, f"    {code}\n{good}", good)
        until(lambda: not problem(page), "no problem")
    change_chart(title, "Bars")
