"""A real Chromium: visits to a page, with their times and traffic."""

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
TIMEOUT = 12_000  # milliseconds
POLL = 25  # milliseconds between two checks of a page
QUIET = 300  # milliseconds without traffic until a visit counts as over


@dataclass(frozen=True)
class Visit:
    """When a visit's charts were drawn, and its traffic until the network was idle."""

    drawn: float  # ms since 1970
    duration: float  # ms since the navigation began
    kilobytes: float
    requests: int


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium, and close it at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(ARGUMENTS)
        )
        yield browser
        browser.close()


@contextmanager
def page_of(browser: Browser) -> Iterator[Page]:
    """Open a page with an empty cache, in a context of its own."""
    context = browser.new_context(viewport=VIEW)
    context.set_default_timeout(TIMEOUT)
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
    """Return the milliseconds from a click until all charts and KPIs have changed."""
    page.evaluate("bench.expect()")
    click()
    await_time(page, "changed")
    return float(page.evaluate("bench.elapsed()"))


def await_time(page: Page, name: str) -> None:
    """Wait until the page, or the next page, has recorded a time under a name.

    The page records the time itself, so the polling interval does not affect it. Playwright's
    wait_for_function would evaluate text, which a strict CSP forbids.
    """
    give_up = time.monotonic() + TIMEOUT / 1000
    while time.monotonic() < give_up:
        with suppress(Error):  # the browser is just loading another page
            if page.evaluate(f"window.bench?.{name} || 0"):
                return
        page.wait_for_timeout(POLL)
    text = page.evaluate("document.body?.innerText.slice(0, 200)")
    raise TimeoutError(f"{page.url}: {name} was not recorded. The page shows {text!r}")


class Traffic:
    """The bytes that a page receives, and its requests."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.size = 0.0
        self.requests = 0
        self._session = page.context.new_cdp_session(page)
        self._session.on("Network.requestWillBeSent", self._sent)
        self._session.on("Network.loadingFinished", self._finished)
        self._session.send("Network.enable")

    def settle(self) -> None:
        """Wait until no more bytes arrive for QUIET milliseconds."""
        before = -1.0
        while before != self.size:
            before = self.size
            self.page.wait_for_timeout(QUIET)
        self._session.detach()

    def _sent(self, event: dict[str, Any]) -> None:
        self.requests += not event["request"]["url"].startswith(("data:", "blob:"))

    def _finished(self, event: dict[str, Any]) -> None:
        self.size += float(event["encodedDataLength"])
