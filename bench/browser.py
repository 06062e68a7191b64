"""A real Chromium: visits to a page, and what they took."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Error, Page, sync_playwright

WATCH = Path(__file__).with_name("watch.js").read_text("utf-8")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
VIEW = {"width": 1280, "height": 1000}
PATIENCE = 12_000  # milliseconds
LOOK = 25  # milliseconds between two looks at a page
QUIET = 300  # milliseconds without traffic until a visit counts as over


@dataclass(frozen=True)
class Visit:
    """What a visit took: when the charts stood, and what went over the wire until all was quiet."""

    drawn: float  # ms since 1970
    took: float  # ms since the navigation began
    kilobytes: float
    requests: int


@contextmanager
def chromium() -> Iterator[Browser]:
    """Lend a browser that is up and running."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(ARGUMENTS)
        )
        yield browser
        browser.close()


@contextmanager
def page_of(browser: Browser) -> Iterator[Page]:
    """Lend a page with an empty cache, in a context of its own."""
    context = browser.new_context(viewport=VIEW)
    context.set_default_timeout(PATIENCE)
    context.add_init_script(WATCH)
    yield context.new_page()
    context.close()


def visit(page: Page, url: str) -> Visit:
    """Open a page; wait for its four charts, and then for the end of its traffic."""
    traffic = Traffic(page)
    page.goto(url, wait_until="commit")
    await_time(page, "drawn")
    drawn, origin = page.evaluate("[bench.drawn, performance.timeOrigin]")
    traffic.settle()
    return Visit(drawn, drawn - origin, traffic.size / 1000, traffic.requests)


def change(page: Page, click: Callable[[], Any]) -> float:
    """Return the milliseconds from a click to all charts and KPIs showing something else."""
    page.evaluate("bench.expect()")
    click()
    await_time(page, "changed")
    return float(page.evaluate("bench.took()"))


def await_time(page: Page, name: str) -> None:
    """Return once the page, or the one that follows it, has noted a time under a name.

    The page takes the time itself, so how often this looks does not count. Playwright's own
    wait_for_function is no use here: it evaluates text, which a strict CSP forbids.
    """
    give_up = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < give_up:
        with suppress(Error):  # it is just being left for another page
            if page.evaluate(f"window.bench?.{name} || 0"):
                return
        page.wait_for_timeout(LOOK)
    shown = page.evaluate("document.body?.innerText.slice(0, 200)")
    raise TimeoutError(f"{page.url}: never {name}; it shows {shown!r}")


class Traffic:
    """The bytes over the wire, and the requests, of a page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.size = 0.0
        self.requests = 0
        self._session = page.context.new_cdp_session(page)
        self._session.on("Network.requestWillBeSent", self._sent)
        self._session.on("Network.loadingFinished", self._finished)
        self._session.send("Network.enable")

    def settle(self) -> None:
        """Wait until nothing more has come for a while."""
        before = -1.0
        while before != self.size:
            before = self.size
            self.page.wait_for_timeout(QUIET)
        self._session.detach()

    def _sent(self, event: dict[str, Any]) -> None:
        self.requests += not event["request"]["url"].startswith(("data:", "blob:"))

    def _finished(self, event: dict[str, Any]) -> None:
        self.size += float(event["encodedDataLength"])
