"""The form of the edit bar that adds a chart: its suggestions, its preview, its errors, undo."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from flaskdash.serve.child import preview
from tests.support.projects import snapshot
from tests.support.serving import DEADLINE, Served, children, until

BAR = '[slot="preview"] .card.figure'
MS = 1000 * DEADLINE


@pytest.fixture
def served(project: Path) -> Iterator[Served]:
    served = Served(project, "--no-open", "--port", "0")
    yield served
    served.stop()


@pytest.fixture
def page(served: Served, browser: Browser) -> Iterator[Page]:
    """Return the dashboard with its edit bar in use; it must not be reloaded."""
    page = browser.new_page(viewport={"width": 1100, "height": 800})
    page.set_default_timeout(MS)
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{served.address}/?region=North")
    page.wait_for_selector(".grid .main-svg")
    page.click("#flaskdash-edit .bar >> text=Edit")
    yield page
    assert [text for text in complaints if "409" not in text] == []  # which refuses an edit
    page.close()


def open_form(page: Page) -> Locator:
    page.click("#flaskdash-edit .bar >> text=Add chart")
    page.wait_for_selector(f"{BAR} .main-svg")
    return page.locator("dialog.add")


def files(root: Path) -> dict[str, bytes]:
    """Return the files of a project that are not those of its running process."""
    passing = ("instance/", ".venv")
    return {
        name: content
        for name, content in snapshot(root).items()
        if not name.startswith(passing) and "__pycache__" not in name
    }


def expect_text(page: Page, selector: str, text: str) -> None:
    expect(page.locator(selector).first).to_contain_text(text, timeout=MS)


def test_a_chart_is_chosen_previewed_changed_added_and_undone(project: Path, page: Page) -> None:
    before = files(project)
    page.evaluate("window.marker = 1; scrollTo(0, 200)")
    expect(page.locator(".bar >> text=Add chart")).to_be_in_viewport()
    dialog = open_form(page)
    place = page.evaluate("scrollY")
    assert place > 0
    button = dialog.locator(".suggestions button").nth(1)
    title = button.inner_text().rpartition(" ")[0].strip()
    button.click()
    expect_text(page, '[slot="preview"] h2', title)
    assert button.get_attribute("aria-pressed") == "true"

    dialog.locator("#kind").select_option("line")
    dialog.locator("#x").select_option("date")
    dialog.locator("#grain").select_option("auto")
    page.wait_for_function(
        """() => document.querySelector("[slot=preview] .chart")?.data?.[0].x?.length > 40"""
    )
    dialog.locator("#kind").select_option("bar")
    dialog.locator("#x").select_option("product")
    dialog.locator("#y").select_option("units")
    dialog.locator("#agg").select_option("mean")
    expect_text(page, '[slot="preview"] h2', "Average units by product")
    figure = json.loads(page.locator(f"{BAR} .plot script").inner_text())
    assert figure["data"][0]["type"] == "bar"
    assert "Cocoa" in json.dumps(figure)

    dialog.locator("#kind").select_option("pie")
    error = dialog.locator('.field:has(#agg) [role="alert"]')
    expect(error).to_contain_text("parts with --agg mean don't add up to a whole", timeout=MS)
    expect(error).to_contain_text("Try: --agg sum, or count, or last")
    assert dialog.locator("#agg").get_attribute("aria-invalid") == "true"
    assert files(project) == before  # nothing of a draft is written

    dialog.locator("#agg").select_option("sum")
    expect_text(page, '[slot="preview"] h2', "Units by product")
    expect(dialog.locator('[role="alert"]')).to_be_empty()
    dialog.locator("#title").fill("Who sells what")
    expect_text(page, '[slot="preview"] h2', "Who sells what")
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#who-sells-what .main-svg").first).to_be_attached(timeout=MS)
    expect_text(page, "#flaskdash-edit .bar [role=status]", "app/charts/who_sells_what.py: created")
    assert page.url.endswith("?region=North")
    assert page.evaluate("[window.marker, scrollY]") == [1, place]
    assert {*files(project)} - {*before} == {
        "app/charts/who_sells_what.py",
        ".flaskdash/app/charts/who_sells_what.py.orig",
    }

    page.click(".bar >> text=Undo")
    expect(page.locator("#who-sells-what")).to_have_count(0, timeout=MS)
    expect_text(page, "#flaskdash-edit .bar [role=status]", "app/charts/who_sells_what.py: deleted")
    assert files(project) == before
    assert page.evaluate("window.marker") == 1


def test_an_edited_chart_is_not_undone(project: Path, page: Page) -> None:
    dialog = open_form(page)
    dialog.locator("#title").fill("Mine")
    expect_text(page, '[slot="preview"] h2', "Mine")
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#mine")).to_be_attached(timeout=MS)
    path = project / "app/charts/mine.py"
    path.write_text(path.read_text("utf-8") + "\n# edited\n", "utf-8")
    page.click(".bar >> text=Undo")
    expect_text(page, "#flaskdash-edit .bar [role=status]", "mine.py was edited since")
    assert path.exists()


def test_a_kind_with_another_bundle_is_previewed_before_the_project_has_it(
    project: Path, page: Page
) -> None:
    before = files(project)
    dialog = open_form(page)
    for kind in ("treemap", "heatmap", "violin"):
        dialog.locator("#kind").select_option(kind)
        page.wait_for_function(
            """(kind) => document.querySelector("[slot=preview] .chart")?.data?.[0].type === kind""",
            arg=kind,
        )
    assert files(project) == before
    for kind, selector in (("kpi", ".card.kpi .value"), ("table", "table td")):
        dialog.locator("#kind").select_option(kind)
        expect(page.locator(f'[slot="preview"] {selector}').first).to_be_visible(timeout=MS)
    dialog.locator("#kind").select_option("text")
    expect_text(page, "dialog.add .preview [role=status]", "before Add brings markdown-it-py")
    assert page.locator('[slot="preview"] a[href], [slot="preview"] [id]').count() == 0
    dialog.locator("#kind").select_option("treemap")
    dialog.get_by_role("button", name="Add", exact=True).click()
    until(lambda: (project / "app/static/vendor/plotly-more.min.js").exists())
    card = page.locator('.grid > .card:has-text("by date")').first
    expect(card).to_be_attached(timeout=MS)
    # The page was reloaded for the bundle, and goes on with the edit bar in use.
    expect_text(page, "#flaskdash-edit .bar [role=status]", ".py: created")
    page.click(".bar >> text=Undo")
    expect(card).to_have_count(0, timeout=MS)
    assert files(project) == before


def test_the_form_is_used_with_the_keyboard_and_fits_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 640})
    page.focus(".bar >> text=Add chart")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{BAR} .main-svg")
    active = "document.querySelector('#flaskdash-edit').shadowRoot.activeElement"
    first = page.locator(".suggestions button").first.inner_text()
    assert page.evaluate(f"{active}.innerText") == first
    for _ in range(60):
        page.keyboard.press("Tab")
        assert page.evaluate(
            f"!{active} || {active}.closest('dialog') !== null"
        )  # the page below is out of reach
    unlabelled = """() => [...document.querySelector('#flaskdash-edit').shadowRoot
        .querySelectorAll('.add :is(input, select)')].filter((each) => !each.labels.length).length"""
    assert page.evaluate(unlabelled) == 0
    wide = """() => document.querySelector('#flaskdash-edit').shadowRoot
        .querySelector('.parts').scrollWidth <= innerWidth - 24"""
    assert page.evaluate(wide)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.keyboard.press("Escape")
    expect(page.locator("dialog.add")).to_be_hidden()
    assert page.evaluate(f"{active}.innerText") == "Add chart"
    assert page.locator('[slot="preview"] *').count() == 0


def test_another_loader_is_chosen_and_a_broken_one_explained(project: Path, page: Page) -> None:
    loader = (project / "app/loaders/sales.py").read_text("utf-8")
    (project / "app/loaders/b_orders.py").write_text(loader, "utf-8")
    (project / "app/loaders/c_broken.py").write_text(
        loader.replace("return", "raise ValueError('no such sheet')\n    return"), "utf-8"
    )
    until(lambda: (project / "instance/b_orders.json").exists())
    dialog = open_form(page)
    expect(dialog.locator("#data option")).to_have_count(3)
    dialog.locator("#data").select_option("c_broken")
    error = dialog.locator('[role="alert"]')
    expect(error).to_contain_text("app/loaders/c_broken.py failed", timeout=MS)
    expect(error).to_contain_text("no such sheet")
    dialog.locator("#data").select_option("sales")
    expect(error).to_be_empty(timeout=MS)
    page.wait_for_selector(f"{BAR} .main-svg")
    page.keyboard.press("Escape")


def test_extensions_know_the_copy_of_an_app_for_a_preview() -> None:
    class App:
        """An app whose extensions keep by it what they know of it."""

    app = App()
    known = WeakKeyDictionary({app: "engine", App(): "another"})
    copied = preview._copy(app)
    assert (known[copied], len(known), copied is app) == ("engine", 1, False)
    assert copied != App()


def post(served: Served, path: str, body: object, **headers: str) -> tuple[int, str]:
    headers = {"Content-Type": "application/json"} | headers
    return served.ask(served.address + path, json.dumps(body).encode(), **headers)


def test_only_pages_of_this_server_may_use_the_form(project: Path, served: Served) -> None:
    before = files(project)
    body = {"data": "sales", "kind": "bar", "x": "region", "agg": "count", "filters": []}
    own: dict[str, Any] = {"Origin": served.address}
    for action in ("form", "draft", "add"):
        path = f"{served.base}/{action}"
        for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
            assert post(served, path, body, **headers)[0] == 403
        assert served.get(path)[0] == 405
        assert post(served, f"/_dev/{'x' * 22}/{action}", body, **own)[0] == 403
        assert post(served, f"{served.base}x/{action}", body, **own)[0] == 403
        assert post(served, path, [1], **own)[0] == 409
        evil = {"Host": "evil.example", "Origin": "http://evil.example"}
        assert post(served, path, body, **evil)[0] == 403
    assert files(project) == before
    status, text = post(served, f"{served.base}/draft", body | {"kind": "treemap"}, **own)
    assert (status, json.loads(text)["hasOwnStatic"]) == (200, True)
    assert served.get(f"{served.base}/static/engine/more.js")[0] == 200
    for name in ("../charts/preview.py", "engine/../../../charts/preview.py", "/etc/hostname", ""):
        assert served.get(f"{served.base}/static/{name}")[0] == 404
    body |= {"x": "<b>region</b>", "title": "<img src=x onerror=alert(1)>"}
    error = json.loads(post(served, f"{served.base}/draft", body, **own)[1])["error"]
    assert "no column '<b>region</b>' in sales" in error
    assert files(project) == before


def test_the_process_that_drafts_ends_with_the_session(served: Served) -> None:
    own: dict[str, Any] = {"Origin": served.address}
    assert post(served, f"{served.base}/form", {}, **own)[0] == 200

    def drafting() -> list[int]:
        pids = [served.process.pid]
        for pid in pids:
            pids += children(pid)
        commands = {pid: Path(f"/proc/{pid}/cmdline") for pid in pids}
        module = b"\0flaskdash.generate.chart_form\0"
        return [pid for pid, path in commands.items() if module in path.read_bytes()]

    (pid,) = drafting()
    served.stop()
    command = Path(f"/proc/{pid}/cmdline")  # which is empty if nobody waits for the process
    until(lambda: not (command.exists() and command.read_bytes()))
