"""What a deploy says of a URL: apart in words, and nothing is restored for what cannot be seen."""

from __future__ import annotations

import socket
import ssl
import urllib.error
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from flaskdash.deploy.git import probe
from flaskdash.ship.errors import NotRolledBackError
from tests.support.web import free_port

UNTRUSTED = ssl.SSLCertVerificationError("self-signed")
UNTRUSTED.verify_message = "self-signed"
NOWHERE = "https://shop.invalid"  # RFC 6761: no resolver knows this domain


@pytest.fixture
def site() -> Iterator[tuple[str, dict[str, tuple[int, str]]]]:
    """Return the URL of a server, and its pages, which a test may change."""
    pages: dict[str, tuple[int, str]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, text = pages.get(self.path, (404, ""))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", pages
        server.shutdown()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PATIENCE", "LOCAL_PATIENCE", "PAUSE"):
        monkeypatch.setattr(probe, name, 0.05)


def test_a_release_that_answers_has_no_problem(
    site: tuple[str, dict[str, tuple[int, str]]], impatient: None
) -> None:
    url, pages = site
    pages |= {"/up": (200, "up v2\n"), "/": (200, "")}
    assert probe.wait([NOWHERE, url], "v2") == (url, "")
    pages["/"] = 500, ""
    assert probe.wait([url], "v2") == (url, f"{url}/ answers 500")
    pages["/up"] = 200, "up v1"
    assert probe.wait([url], "v2")[1].startswith(f"v1 answers at {url}/up after ")


@pytest.mark.parametrize("status", [404, 500, 502])
def test_a_status_is_named(
    site: tuple[str, dict[str, tuple[int, str]]], impatient: None, status: int
) -> None:
    url, pages = site
    pages["/up"] = status, ""
    assert probe.wait([url], "v2")[1].startswith(f"/up answers {status} after ")


def test_a_closed_port_is_a_release_that_does_not_run(impatient: None) -> None:
    port = free_port()
    problem = probe.wait([f"http://127.0.0.1:{port}"], "v2")[1]
    assert problem.startswith(f"nothing listens at 127.0.0.1:{port} (connection refused) after ")


def test_a_domain_without_an_address_is_not_a_dead_release(impatient: None) -> None:
    reason = "shop.invalid does not resolve: DNS has no address for it, or none yet"
    assert probe.unresolved("shop.invalid:443") == reason
    assert probe.unresolved("localhost") == ""
    with pytest.raises(NotRolledBackError) as raised:
        probe.wait([NOWHERE, NOWHERE.replace("https", "http")], "v2")
    assert raised.value.message == (
        f"v2 was pushed, but it cannot be seen from here: {reason}. It was left as it is."
    )


def test_what_hides_an_app_is_a_certificate_or_no_answer_at_all(
    site: tuple[str, dict[str, tuple[int, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, _ = site
    closed = f"http://127.0.0.1:{free_port()}"
    assert probe.obstacle([closed, url]) == ""  # 404 is an answer
    assert "(connection refused)" in probe.obstacle([closed])
    answers = {
        "https://a.test/up": probe.Answer(0, reason="the certificate is not valid", is_local=True),
        "http://a.test/up": probe.Answer(200, "up v1"),
    }
    monkeypatch.setattr(probe, "fetch", lambda page, _timeout=0.0: answers[page])
    urls = probe.urls("a.test")
    assert probe.obstacle(urls) == "the certificate is not valid"
    assert probe.look(urls) == ("http://a.test", "v1", "")
    answers["http://a.test/up"] = probe.Answer(200, "Welcome to nginx")
    reason = "the certificate is not valid; /up answers something else"
    assert probe.look(urls) == ("https://a.test", None, reason)


@pytest.mark.parametrize(
    ("error", "reason", "is_local"),
    [
        (UNTRUSTED, "the certificate of a.test is not valid: self-signed", True),
        (socket.gaierror(8, "unknown"), "a.test does not resolve", True),
        (TimeoutError(), "a.test does not answer within 20 s", False),
        (ConnectionResetError("reset"), "a.test does not answer (reset)", False),
        (ValueError("odd"), "a.test does not answer (odd)", False),
    ],
)
def test_reasons_are_told_apart(
    monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str, is_local: bool
) -> None:
    for raised in (error, urllib.error.URLError(error)):

        def fail(*_: object, raised: Exception = raised, **__: object) -> None:
            raise raised

        monkeypatch.setattr("urllib.request.urlopen", fail)
        answer = probe.fetch("https://a.test/up")
        assert answer.status == 0
        assert answer.reason.startswith(reason)
        assert answer.is_local == is_local
