"""Check over HTTP which release a URL serves, and whether its dashboards answer."""

from __future__ import annotations

import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence

PATIENCE = 180.0  # platforms move a process first, then give it 60 s to listen
PAUSE = 1.0
TIMEOUT = 20.0
MAX_BYTES = 1_000_000


def urls(domain: str) -> list[str]:
    """Return the URLs of a domain: with TLS, and without it for servers that have none."""
    return [f"https://{domain}", f"http://{domain}"]


def find_release(candidates: Sequence[str]) -> tuple[str, str | None]:
    """Return the first URL whose /up answers and the release named there; None if none answers."""
    for url in candidates:
        status, text = fetch(f"{url}/up")
        match = re.fullmatch(r"up ?(.*)\s*", text)
        if status == 200 and match:
            return url, match[1].strip()
    return (candidates[0] if candidates else ""), None


def wait(
    candidates: Sequence[str], release: str, failure: Callable[[], str] = str
) -> tuple[str, str]:
    """Wait until RELEASE and its dashboards answer; return the URL and the problem, if any.

    The older release answers until the platform has replaced it, so only the timeout proves a
    failure. `failure` may detect one earlier and return its reason.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        url, answer = find_release(candidates)
        if answer is not None:
            candidates = [url]  # an address where nothing listens can take long to fail
        if answer == release:
            return url, broken_page(url, deadline)
        if reason := failure():
            return url, reason
        if time.monotonic() > deadline:
            state = (
                "nothing answers" if answer is None else f"{answer or 'another release'} answers"
            )
            return url, f"{state} at {url}/up after {PATIENCE:g} s"
        time.sleep(PAUSE)


def broken_page(url: str, deadline: float) -> str:
    """Return which dashboard fails and its status; empty if all answer.

    A dashboard with status 503 is retried: its data is still being read.
    """
    status, text = _fetch_ready(url, "/", deadline)
    statuses = {"/": status}
    for page in dict.fromkeys(re.findall(r'href="(/dashboards/[^"?#]+)', text)):
        statuses[page], _ = _fetch_ready(url, page, deadline)
    for page, status in statuses.items():
        if status != 200:
            return f"{url}{page} answers {status}" if status else f"{url}{page} does not answer"
    return ""


def _fetch_ready(url: str, page: str, deadline: float) -> tuple[int, str]:
    while True:
        status, text = fetch(f"{url}{page}")
        if status != 503 or time.monotonic() > deadline:
            return status, text
        time.sleep(PAUSE)


def fetch(url: str) -> tuple[int, str]:
    """Return the status and the text of a page; status 0 if nothing answers."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:  # noqa: S310
            return answer.status, answer.read(MAX_BYTES).decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, ""
    except (OSError, ValueError):
        return 0, ""
    except Exception as error:  # http.client raises its own errors for a malformed answer
        return 0, type(error).__name__
