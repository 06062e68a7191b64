"""The edit bar of a dashboard: what it writes into the files of charts, and what it refuses."""

import importlib
import json
import os
import random
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from werkzeug.test import EnvironBuilder

from flaskdash.serve.child import constants, ordering
from tests.support.serving import DEADLINE, Served

CHART = """\
import plotly.graph_objects as go

TITLE = "{title}"
DATA = "sales"
ORDER = {order}  # by hand
SIZE = 'half'
SQL = "SELECT region, count(*) AS orders FROM sales GROUP BY 1 ORDER BY 1"


def figure(df):
    return go.Figure(go.Bar(x=df["region"], y=df["orders"]))
"""
CHILD = Path(constants.__file__).parent
BEGINNING = b'TITLE = "A"\nDATA = "sales"\n'


@pytest.mark.parametrize(
    ("source", "value", "changed"),
    [
        (b"ORDER=10 # why\r\nx = 1\r\n", 7, b"ORDER=7 # why\r\nx = 1\r\n"),
        (b"ORDER: int = (1_0)", -5, b"ORDER: int = (-5)"),
        (b"x = 'ORDER = 1'; ORDER = 1\n", 2, b"x = 'ORDER = 1'; ORDER = 2\n"),
        ('t = "日"; ORDER = 1'.encode(), 2, 't = "日"; ORDER = 2'.encode()),
        (b"\xef\xbb\xbfORDER = 1\n", 2, b"\xef\xbb\xbfORDER = 2\n"),
        (
            b"# coding: latin-1\nt = '\xe9'; ORDER = 1\n",
            2,
            b"# coding: latin-1\nt = '\xe9'; ORDER = 2\n",
        ),
        (b"SIZE = 'half'\n", "full", b"SIZE = 'full'\n"),
        (b'SIZE = "half"\n', "full", b'SIZE = "full"\n'),
        (BEGINNING + b"x = 1\n", 3, BEGINNING + b"ORDER = 3\nx = 1\n"),
        (
            b'SQL = """\r\na\r\n"""\r\n\r\nx = 1',
            3,
            b'SQL = """\r\na\r\n"""\r\nORDER = 3\r\n\r\nx = 1',
        ),
        (BEGINNING.rstrip(), "full", BEGINNING + b'SIZE = "full"'),
    ],
)
def test_one_constant_is_written_and_nothing_else(source, value, changed):
    name = "SIZE" if isinstance(value, str) else "ORDER"
    assert constants.write(source, name, value) == changed
    assert constants.read(changed, name) == value


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (b"ORDER = 10 + 1\n", "Its ORDER is computed"),
        (b"ORDER = 1\nORDER = 2\n", "Its ORDER is computed"),
        (b"ORDER = 1\nORDER += 2\n", "Its ORDER is computed"),
        (b"ORDER = OTHER = 1\n", "Its ORDER is computed"),
        (b"if True:\n    ORDER = 1\n", "Its ORDER is computed"),
        (b"ORDER = (\n", "It has a syntax error"),
        (b"x = 1\n", "It assigns none of the constants"),
        (b'SQL = "x"; y = """\n"""\n', "not on a line of its own"),
    ],
)
def test_what_is_in_doubt_is_not_written(source, reason):
    with pytest.raises(constants.RefusedError, match=reason):
        constants.write(source, "ORDER", 5)


@pytest.mark.parametrize(
    ("charts", "moved", "new"),
    [
        ("b20 a10 c30", "b", {"b": 5}),
        ("b20 a10 c30", "a", {"a": 25}),
        ("a10 c30 b20", "c", {"c": 15}),
        ("a10 c30 b20", "b", {"b": 40}),
        ("c3 a1 b2", "c", {"c": 0}),
        ("b2 c3 a1", "a", {"a": 4}),
        ("a100 d100 b100 c100", "d", {"a": 30, "d": 70}),
        ("a10 x90 b40", "x", {"x": 30}),
        ("a10 x90 b12", "x", {"x": 11}),
        ("a10 x90 b10.5", "x", {"x": 10}),
        ("a10 b20", "b", {}),
        ("x5", "x", {}),
    ],
)
def test_as_few_charts_as_possible_get_a_new_number(charts, moved, new):
    pairs = [(text[0], float(text[1:])) for text in charts.split()]
    assert ordering.renumber(pairs, moved) == new


def test_charts_sort_as_they_are_listed():
    chance = random.Random(1)
    for _ in range(300):
        charts = [(slug, chance.choice([-2, 0, 1, 2, 3, 10, 20, 100])) for slug in "abcdefg"]
        chance.shuffle(charts)
        new = ordering.renumber(charts, "a")
        keys = [(new.get(slug, order), slug) for slug, order in charts]
        assert all(first < second for first, second in pairwise(keys)), (charts, new)


@pytest.fixture
def charts(tmp_path: Path) -> Any:
    """Return the engine of a project that has three charts, by name and order."""
    folder = tmp_path / "app/charts"
    folder.mkdir(parents=True)
    (tmp_path / "instance").mkdir()
    charts = {}
    for slug, order in (("one", 10), ("two", 20), ("three", 30)):
        file = folder / f"{slug}.py"
        file.write_text(CHART.format(title=slug.title(), order=order))
        charts[slug] = SimpleNamespace(file=file, title=slug.title(), order=order, draw=print)
    return SimpleNamespace(charts=charts)


def edits_of(root: Path) -> Any:
    sys.path.insert(0, str(CHILD))  # as for the process that runs the project
    edits = importlib.import_module("edits")
    sys.path.remove(str(CHILD))
    return edits.Edits(root)


def request(root: Path, engine: Any, action: str, **changes: Any) -> tuple[int, str]:
    """Return the status and the text of the answer to a request of the edit bar."""
    body = {key: changes.pop(key) for key in [*changes] if key in {"order", "chart", "size"}}
    options = {"method": "POST", "headers": {"Origin": "http://localhost"}, "json": body}
    environ = EnvironBuilder(**(options | changes)).get_environ()
    response = edits_of(root).answer(action, environ, engine)
    return response.status_code, response.get_data(as_text=True)


def test_only_pages_of_this_server_may_edit(tmp_path: Path, charts: Any) -> None:
    before = charts.charts["one"].file.read_bytes()
    size: dict[str, Any] = {"chart": "one", "size": "full"}
    for origin in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        assert request(tmp_path, charts, "size", **size, headers=origin)[0] == 403
    assert request(tmp_path, charts, "size", **size, method="GET")[0] == 405
    assert request(tmp_path, charts, "size", json=[1])[0] == 409
    assert request(tmp_path, None, "size", **size)[0] == 409
    assert charts.charts["one"].file.read_bytes() == before
    assert request(tmp_path, charts, "size", **size)[0] == 200


@pytest.mark.parametrize("slug", ["../../../etc/passwd", "four", "", None, ["one"]])
def test_only_charts_can_be_edited(tmp_path: Path, charts: Any, slug: object) -> None:
    status, text = request(tmp_path, charts, "size", chart=slug, size="full")
    assert (status, "There is no chart" in text) == (409, True)
    assert request(tmp_path, charts, "code", chart=slug)[0] == 409
    assert request(tmp_path, charts, "move", order=["one", slug])[0] == 409


def test_files_outside_of_the_charts_are_not_written(tmp_path: Path, charts: Any) -> None:
    outside = tmp_path / "shared.py"
    charts.charts["one"].file.rename(outside)
    charts.charts["one"].file.symlink_to(outside)
    before = outside.read_bytes()
    status, text = request(tmp_path, charts, "size", chart="one", size="full")
    assert (status, json.loads(text)["error"]) == (409, "one.py is not a file of app/charts.")
    assert outside.read_bytes() == before


def test_one_file_that_cannot_be_written_leaves_all(tmp_path: Path, charts: Any) -> None:
    for chart in charts.charts.values():
        text = chart.file.read_text().replace(f"= {chart.order} ", "= 10 ")
        chart.file.write_text(text)
    computed = charts.charts["one"].file
    computed.write_text(computed.read_text().replace("= 10", "= 5 + 5"))
    files = {chart.file: chart.file.read_bytes() for chart in charts.charts.values()}
    status, text = request(tmp_path, charts, "move", order=["two", "three", "one"])
    assert status == 409
    assert "app/charts/one.py: Its ORDER is computed. Change it there." in text
    assert {path: path.read_bytes() for path in files} == files


def test_a_disk_that_is_full_changes_nothing(
    tmp_path: Path, charts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for chart in charts.charts.values():
        chart.file.write_text(chart.file.read_text().replace(f"= {chart.order} ", "= 10 "))
    files = {chart.file: chart.file.read_bytes() for chart in charts.charts.values()}
    replace = Path.replace
    replaced: list[str] = []

    def fail(path: Path, target: Path) -> None:
        if target.suffix == ".undo":
            raise OSError(28, "No space left on device")
        replaced.append(target.name)
        replace(path, target)

    monkeypatch.setattr(Path, "replace", fail)
    status, text = request(tmp_path, charts, "move", order=["two", "three", "one"])
    assert replaced
    assert (status, json.loads(text)["error"]) == (
        409,
        "Nothing was changed: No space left on device.",
    )
    assert {path: path.read_bytes() for path in files} == files
    assert [*(tmp_path / "app/charts").glob(".*")] == []


def test_each_change_can_be_undone_by_the_next_process(tmp_path: Path, charts: Any) -> None:
    path = charts.charts["one"].file
    path.chmod(0o640)
    before = path.read_bytes()
    request(tmp_path, charts, "size", chart="one", size="full")
    request(tmp_path, charts, "move", order=["two", "one", "three"])
    assert path.read_bytes() == before.replace(b"'half'", b"'full'").replace(b"10 ", b"25 ")
    assert request(tmp_path, charts, "undo")[0] == 200
    assert path.read_bytes() == before.replace(b"'half'", b"'full'")
    assert request(tmp_path, charts, "undo")[0] == 200
    assert path.read_bytes() == before
    assert path.stat().st_mode & 0o777 == 0o640
    assert "There is nothing to undo." in request(tmp_path, charts, "undo")[1]
    assert [*path.parent.glob(".*")] == []


def test_created_files_are_deleted_by_the_undo(tmp_path: Path, charts: Any) -> None:
    names = ["app/notes.py", "app/charts/four.py", ".flaskdash/app/charts/four.py.orig"]

    def create() -> None:
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(f"# {name}\n")
        edits_of(tmp_path).note_created(names)

    def remaining() -> list[str]:
        return [name for name in names if (tmp_path / name).exists()]

    create()
    done = json.loads(request(tmp_path, charts, "undo")[1])["done"]
    assert done == ["app/notes.py: deleted", "app/charts/four.py: deleted"]
    assert remaining() == []

    create()
    (tmp_path / names[0]).write_text("# edited\n")
    status, text = request(tmp_path, charts, "undo")
    assert (status, "app/notes.py was edited since" in text) == (409, True)
    assert remaining() == names

    create()
    newer = charts.charts["one"].file  # it may use the notes
    os.utime(newer, (newer.stat().st_atime, newer.stat().st_mtime + 60))
    request(tmp_path, charts, "undo")
    assert remaining() == ["app/notes.py"]


@pytest.fixture
def page(project: Path, browser: Any) -> Iterator[Page]:
    """Serve a project with three figures, and open its dashboard."""
    for chart in (project / "app/charts").glob("[a-z]*.py"):
        chart.unlink()
    for name, order in (("one", 10), ("two", 20), ("three", 30)):
        text = CHART.format(title=name.title(), order=order)
        (project / f"app/charts/{name}.py").write_text(text)
    served = Served(project, "--no-open", "--port", "0")
    page = browser.new_page(viewport={"width": 1100, "height": 1000})
    page.set_default_timeout(1000 * DEADLINE)
    page.goto(served.address)
    page.wait_for_selector("#three .main-svg")
    page.evaluate("window.marker = 1")
    page.click("#flaskdash-edit .bar >> text=Edit")
    yield page
    assert page.evaluate("window.marker") == 1  # the page was not reloaded
    page.close()
    served.stop()


def expect_order(page: Page, *slugs: str) -> None:
    for index, slug in enumerate(slugs):
        card = page.locator(".grid > .card").nth(index)
        expect(card).to_have_id(slug, timeout=1000 * DEADLINE)


def expect_status(page: Page, text: str) -> None:
    status = page.locator("#flaskdash-edit .bar [role=status]")
    expect(status).to_have_text(text, timeout=1000 * DEADLINE)


def test_cards_are_dragged_and_that_is_undone(project: Path, page: Page) -> None:
    files = {path.name: path.read_bytes() for path in (project / "app/charts").glob("*.py")}

    def compare(**replaced: tuple[bytes, bytes]) -> None:
        for name, content in files.items():
            pair = replaced.get(name.removesuffix(".py"), (b"", b""))
            assert (project / "app/charts" / name).read_bytes() == content.replace(*pair)

    def drag(handle: str, x: float, y: float) -> None:
        # Until the page shows the last edit, the bar takes no other.
        expect(page.locator(".bar[aria-busy=true]")).to_have_count(0, timeout=1000 * DEADLINE)
        page.hover(handle)
        page.mouse.down()
        page.mouse.move(x, y, steps=4)
        page.mouse.up()

    box = page.locator("#one").bounding_box()
    assert box
    drag(".frame:nth-child(3) .handle", box["x"] + 40, box["y"] + 100)
    expect_status(page, "app/charts/three.py: ORDER = 5")
    expect_order(page, "three", "one", "two")
    compare(three=(b"= 30 ", b"= 5 "))
    drag(".frame:nth-child(1) .grip", 1050, box["y"] + 150)
    expect_status(page, "app/charts/three.py: SIZE = full")
    expect(page.locator("#three.full .main-svg").first).to_be_visible()
    assert b"SIZE = 'full'\n" in (project / "app/charts/three.py").read_bytes()
    page.click(".bar >> text=Undo")
    expect(page.locator("#three.half")).to_be_visible()
    compare(three=(b"= 30 ", b"= 5 "))
    page.keyboard.press("Control+z")
    expect_order(page, "one", "two", "three")
    compare()
    page.click(".bar >> text=Undo")
    expect_status(page, "There is nothing to undo.")


def test_cards_are_moved_with_the_keyboard(project: Path, page: Page) -> None:
    page.focus("[aria-label='Move Two left']")
    page.keyboard.press("Enter")
    expect_order(page, "two", "one", "three")
    focused = "document.getElementById('flaskdash-edit').shadowRoot.activeElement.ariaLabel"
    assert page.evaluate(focused) == "Move Two left"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "Make Two wider: full"
    page.keyboard.press("Enter")
    expect(page.locator("#two.full")).to_be_visible()
    text = CHART.format(title="Two", order=5).replace("half", "full")
    assert (project / "app/charts/two.py").read_text() == text


def test_an_undo_is_refused_after_another_edit(project: Path, page: Page) -> None:
    page.click("[aria-label='Move One right']")
    expect_order(page, "two", "one", "three")
    path = project / "app/charts/one.py"
    edited = path.read_text().replace('"One"', '"Uno"')
    path.write_text(edited)
    expect(page.locator("#one h2")).to_have_text("Uno")
    page.click(".bar >> text=Undo")
    expect_status(page, "app/charts/one.py was edited since, so this cannot be undone.")
    assert path.read_text() == edited


def test_the_code_of_a_chart_is_shown(project: Path, page: Page) -> None:
    path = project / "app/charts/one.py"
    path.write_text(f'"""The board asked for it."""\n\n{path.read_text()}')
    dialog = page.locator("#flaskdash-edit dialog:not(.add)")

    page.click("[aria-label='Show the code of Two']")
    expect(dialog.locator("pre")).to_have_text((project / "app/charts/two.py").read_text())
    assert "Why this chart" not in dialog.inner_text()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.click("[aria-label='Show the code of One']")
    expect(dialog).to_contain_text("The board asked for it.")
    link = dialog.get_by_text("app/charts/one.py")
    assert str(link.get_attribute("href")).endswith("/app/charts/one.py:1")


COVERED = """() => {
    const box = (node) => node.getBoundingClientRect();
    const bar = box(document.querySelector("#flaskdash-edit").shadowRoot.querySelector(".bar"));
    const text = document.createRange();
    text.selectNodeContents(document.querySelector("h1"));
    const boxes = [...text.getClientRects()];
    boxes.push(...[...document.querySelectorAll(".card, .filters, .site-header")].map(box));
    const isApart = (other) =>
        bar.right <= other.left || bar.left >= other.right ||
        bar.bottom <= other.top || bar.top >= other.bottom;
    return bar.width > 0 && bar.right <= innerWidth && boxes.every(isApart);
}"""


def test_the_button_covers_nothing(project: Path, page: Page) -> None:
    page.click("#flaskdash-edit .bar >> text=Done")
    template = project / "app/templates/dashboard.html"
    text = template.read_text("utf-8")
    long = " ".join(["A heading of many words"] * 12)
    for heading in ("{{ title }}", long):
        template.write_text(text.replace("{{ title }}", heading, 1), "utf-8")
        expect(page.locator("h1")).to_contain_text("heading" if heading == long else "Overview")
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 740})
            page.wait_for_function(COVERED)
    page.click("#flaskdash-edit .bar >> text=Edit")
    page.evaluate("scrollTo(0, 600)")
    expect(page.locator("#flaskdash-edit .bar >> text=Done")).to_be_in_viewport()
    template.write_text(text.replace("<h1>{{ title }}</h1>", ""), "utf-8")
    expect(page.locator("h1")).to_have_count(0)
    expect(page.locator("#flaskdash-edit .bar >> text=Done")).to_be_in_viewport()
