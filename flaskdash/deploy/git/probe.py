"""Ask an address from outside: which release answers there, and whether its dashboards do."""

from __future__ import annotations

import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence

PATIENCE = 180.0  # a platform gives a process 60 s to listen, after it has moved it somewhere
PAUSE = 1.0
TIMEOUT = 20.0
MOST = 1_000_000


def urls(domain: str) -> list[str]:
    """Return the addresses of a domain: with TLS, and where a server has none, without."""
    return [f"https://{domain}", f"http://{domain}"]


def up(candidates: Sequence[str]) -> tuple[str, str | None]:
    """Return the first address whose /up answers, and the release that it names; else None."""
    for url in candidates:
        status, text = fetch(f"{url}/up")
        found = re.fullmatch(r"up ?(.*)\s*", text)
        if status == 200 and found:
            return url, found[1].strip()
    return (candidates[0] if candidates else ""), None


def wait(candidates: Sequence[str], release: str, over: Callable[[], str] = str) -> tuple[str, str]:
    """Wait until a release answers with all its dashboards; return its address, and what is wrong.

    An older release answers until a platform has replaced it, so only the end of patience tells; or
    `over`, which may know earlier that it will not come.
    """
    end = time.monotonic() + PATIENCE
    while True:
        url, found = up(candidates)
        if found is not None:
            candidates = [url]  # an address that nobody listens at may take long to say so
        if found == release:
            return url, broken(url, end)
        if wrong := over():
            return url, wrong
        if time.monotonic() > end:
            says = "nothing answers" if found is None else f"{found or 'another release'} answers"
            return url, f"{says} at {url}/up after {PATIENCE:g} s"
        time.sleep(PAUSE)


def broken(url: str, end: float) -> str:
    """Return which dashboard does not answer, and with what; nothing where all do.

    One that is 503 is waited for: its data is still being read.
    """
    first = _answer(url, "/", end)
    pages = dict.fromkeys(re.findall(r'href="(/dashboards/[^"?#]+)', first[1]))
    for page, (status, _) in [("/", first), *((one, _answer(url, one, end)) for one in pages)]:
        if status != 200:
            return f"{url}{page} answers {status}" if status else f"{url}{page} does not answer"
    return ""


def _answer(url: str, page: str, end: float) -> tuple[int, str]:
    while True:
        status, text = fetch(f"{url}{page}")
        if status != 503 or time.monotonic() > end:
            return status, text
        time.sleep(PAUSE)


def fetch(url: str) -> tuple[int, str]:
    """Return the status and the text of a page; status 0 where nothing answers."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:  # noqa: S310
            return answer.status, answer.read(MOST).decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, ""
    except (OSError, ValueError):
        return 0, ""
    except Exception as error:  # http.client's own, of an answer that is none
        return 0, type(error).__name__
