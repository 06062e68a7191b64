"""Check over HTTP which release a URL serves, and whether its dashboards answer."""

from __future__ import annotations

import re
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from flaskdash.ship.errors import NotRolledBackError

LOCAL_PATIENCE = 10.0  # for a name that a resolver does not know for a moment
PATIENCE = 180.0  # platforms move a process first, then give it 60 s to listen
PAUSE = 1.0
TIMEOUT = 20.0
QUICK_TIMEOUT = 5.0  # for a question before a push, which answers nothing that matters
MAX_BYTES = 1_000_000
SIGN_IN = (401, 403)  # answers that ask to sign in


def urls(domain: str) -> list[str]:
    """Return the URLs of a domain: with TLS, and without it for servers that have none."""
    return [f"https://{domain}", f"http://{domain}"]


@dataclass(frozen=True)
class Answer:
    """What came from a URL: a status and a text; or no status, and the reason in words.

    A reason is local if others may see what this machine does not: DNS, or a certificate.
    """

    status: int
    text: str = ""
    reason: str = ""
    is_local: bool = False


def find_release(candidates: Sequence[str]) -> tuple[str, str | None]:
    """Return the first URL whose /up answers and the release named there; None if none answers."""
    url, release, _ = _look(candidates)
    return url, release


def look(candidates: Sequence[str]) -> tuple[str, str | None, str]:
    """Return what `find_release` does, and if no release answers, the reason in words."""
    url, release, answers = _look(candidates)
    return url, release, _reasons(answers) if release is None else ""


def obstacle(candidates: Sequence[str]) -> str:
    """Return in words why an app cannot be seen: a bad certificate, or no answer from any URL."""
    answers = [fetch(f"{url}/up", QUICK_TIMEOUT) for url in candidates]
    if any(answer.status for answer in answers):
        answers = [answer for answer in answers if answer.is_local]
    return _reasons(answers)


def _look(candidates: Sequence[str]) -> tuple[str, str | None, list[Answer]]:
    """Return what `find_release` does, and the answer of each URL."""
    answers = []
    for url in candidates:
        answers.append(answer := fetch(f"{url}/up"))
        match = re.fullmatch(r"up ?(.*)\s*", answer.text)
        if answer.status == 200 and match:
            return url, match[1].strip(), answers
    return (candidates[0] if candidates else ""), None, answers


def wait(
    candidates: Sequence[str], release: str, failure: Callable[[], str] = str
) -> tuple[str, str]:
    """Wait until RELEASE and its dashboards answer; return the URL and the problem, if any.

    The older release answers until the platform has replaced it, so only the timeout proves a
    failure. `failure` may detect one earlier and return its reason. Raise NotRolledBackError if the
    release cannot be seen from here: others may see it, so it must not be replaced.
    """
    start = time.monotonic()
    while True:
        url, served, answers = _look(candidates)
        if served is not None:
            candidates = [url]  # an address where nothing listens can take long to fail
        if served == release:
            return url, broken_page(url, start + PATIENCE)
        if reason := failure():
            return url, reason
        seconds = time.monotonic() - start
        hidden = [answer for answer in answers if answer.is_local]
        if hidden and not any(answer.status for answer in answers) and seconds > LOCAL_PATIENCE:
            raise NotRolledBackError(
                f"{release or 'The release'} was pushed, but it cannot be seen from here:"
                f" {hidden[0].reason}. It was left as it is.",
                hint="flaskdash status",
            )
        if seconds > PATIENCE:
            state = f"{served or 'another release'} answers at {url}/up"
            return url, f"{state if served is not None else _reasons(answers)} after {PATIENCE:g} s"
        time.sleep(PAUSE)


def _reasons(answers: Sequence[Answer]) -> str:
    reasons = (answer.reason or f"/up answers {_status(answer)}" for answer in answers)
    return "; ".join(dict.fromkeys(reasons))


def _status(answer: Answer) -> str:
    return "something else" if answer.status == 200 else str(answer.status)


def unresolved(domain: str) -> str:
    """Return why a domain has no address, in words; empty if it has one."""
    try:
        socket.getaddrinfo(domain.partition(":")[0], None)
    except (OSError, UnicodeError):
        return _no_address(domain)
    return ""


def _no_address(domain: str) -> str:
    return f"{domain.partition(':')[0]} does not resolve: DNS has no address for it, or none yet"


def broken_page(url: str, deadline: float) -> str:
    """Return which dashboard fails and its status; empty if all answer.

    A dashboard with status 503 is retried: its data is still being read. One that asks to sign in
    answers.
    """
    status, text = _fetch_ready(url, "/", deadline)
    statuses = {"/": status}
    for page in dict.fromkeys(re.findall(r'href="(/dashboards/[^"?#]+)', text)):
        statuses[page], _ = _fetch_ready(url, page, deadline)
    for page, status in statuses.items():
        if status not in (200, *SIGN_IN):
            return f"{url}{page} answers {status}" if status else f"{url}{page} does not answer"
    return ""


def _fetch_ready(url: str, page: str, deadline: float) -> tuple[int, str]:
    while True:
        answer = fetch(f"{url}{page}")
        if answer.status != 503 or time.monotonic() > deadline:
            return answer.status, answer.text
        time.sleep(PAUSE)


def fetch(url: str, timeout: float = TIMEOUT) -> Answer:
    """Return the status and the text of a page, or why there is none."""
    host = urlsplit(url).netloc
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:  # noqa: S310
            return Answer(answer.status, answer.read(MAX_BYTES).decode("utf-8", "replace"))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code)
    except urllib.error.URLError as error:
        return _no_answer(host, error.reason, timeout)
    except (OSError, ValueError) as error:
        return _no_answer(host, error, timeout)
    except Exception as error:  # http.client raises its own errors for a malformed answer
        return Answer(0, reason=f"{host} answers something else than HTTP ({type(error).__name__})")


def _no_answer(host: str, error: BaseException | str, timeout: float) -> Answer:
    if isinstance(error, socket.gaierror):
        return Answer(0, reason=_no_address(host), is_local=True)
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = f"the certificate of {host} is not valid: {error.verify_message}"
        return Answer(0, reason=reason, is_local=True)
    if isinstance(error, ConnectionRefusedError):
        return Answer(0, reason=f"nothing listens at {host} (connection refused)")
    if isinstance(error, TimeoutError):
        return Answer(0, reason=f"{host} does not answer within {timeout:g} s")
    return Answer(0, reason=f"{host} does not answer ({error})")
