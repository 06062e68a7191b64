"""Slow and impatient clients, and those that ask for what is not there, do not stop the app for others."""

from __future__ import annotations

import os
import re
import signal
import socket
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.projects import inside, replace_in
from tests.support.waiting import wait_for
from tests.support.web import fetch, serving

pytestmark = pytest.mark.slow
CLIENTS = 60  # the app has 24 threads
BEGINNINGS = {
    "head": b"GET / HTTP/1.1\r\nHost: shop\r\nX-Slow: ",
    "body": b"POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 100000\r\n\r\nname=",
    "idle": b"",
    "read": b"GET /static/vendor/plotly-basic.min.js HTTP/1.1\r\nHost: shop\r\n\r\n" * 8,
}


def test_slow_clients_of_each_kind_take_no_thread(project: Path) -> None:
    with serving(project) as url, ExitStack() as clients:
        address = urlsplit(url)
        for beginning in BEGINNINGS.values():
            for _ in range(CLIENTS):
                client = clients.enter_context(socket.socket())
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.connect((address.hostname, address.port))
                client.sendall(beginning)
            assert fetch(f"{url}/up")[0] == 200
            wait_for(lambda: fetch(url)[0] == 200, "the first dashboard", 60)


def test_a_worker_that_stops_finishes_what_has_begun(project: Path) -> None:
    replace_in(
        project,
        "pages.py",
        (
            "# Your own",
            '@pages.get("/slow")\ndef slow() -> str:\n    """Take a moment."""\n'
            '    import time\n\n    time.sleep(3)\n    return "slow" * 100_000\n\n\n# Your own',
        ),
    )
    with serving(project) as url, ExitStack() as connections:
        idle, slow = (HTTPConnection(urlsplit(url).netloc, timeout=60) for _ in range(2))
        for connection in (idle, slow):
            connections.callback(connection.close)
        assert not is_last_answer(idle)
        slow.request("GET", "/slow")
        wait_for(lambda: fetch(f"{url}/up")[0] == 200, "the request to be taken up")
        stopping = stop_worker(project)
        wait_for(lambda: is_last_answer(idle), "the worker to stop")
        assert slow.getresponse().read() == b"slow" * 100_000
        wait_for(lambda: not Path(f"/proc/{stopping}").exists(), "the worker to end")
        assert fetch(f"{url}/up")[0] == 200  # of the worker that took its place


def is_last_answer(connection: HTTPConnection) -> bool:
    """Request /up, and return whether the connection ends with the answer."""
    connection.request("GET", "/up")
    answer = connection.getresponse()
    assert answer.read() == b"up\n"
    return answer.getheader("Connection") == "close"


def stop_worker(project: Path) -> int:
    """Ask the worker to stop, as gunicorn does; return its process."""
    log = (project / "server.log").read_text("utf-8")
    worker = int(re.findall(r"Booting worker with pid: (\d+)", log)[-1])
    os.kill(worker, signal.SIGTERM)
    return worker


def test_more_pages_than_can_be_built_get_503_and_cached_ones_are_sent(project: Path) -> None:
    inside(
        project,
        """
        from app.engine.cache import _places
        data["sales"].build()
        assert get("/").status_code == 200
        while _places.acquire(blocking=False):
            pass
        for path in ("/charts/revenue-by-region", "/charts/revenue-by-region.csv"):
            answer = get(path)
            assert answer.status_code == 503, path
            assert answer.headers["Retry-After"] == "5"
            assert "Many pages are being built" in answer.text
        assert get("/").status_code == get("/up").status_code == 200
        _places.release()
        assert get("/charts/revenue-by-region").status_code == 200
        assert get("/charts/revenue-by-product").status_code == 200  # its place was free again
        """,
    )


def test_a_query_ends_when_its_client_has_gone(project: Path) -> None:
    endless = "FROM sales CROSS JOIN range(1000000) AS a(i) CROSS JOIN range(1000000) AS b(i)"
    replace_in(project, "charts/revenue_by_region.py", ("FROM sales", endless))
    inside(
        project,
        """
        data["sales"].build()
        gone = {"waitress.client_disconnected": lambda: True}
        answer = client.get("/charts/revenue-by-region", environ_overrides=gone)
        assert "could not be drawn" in answer.text
        """,
    )


def test_a_host_that_cannot_be_one_is_refused_in_a_line(project: Path) -> None:
    with serving(project) as url:
        for host in ("..", "a" * 64, "shop.example.."):
            for path in ("/", "/up", "/charts/none", "/static/style.css", "/charts/none/data.json"):
                assert fetch(url + path, Host=host)[0] == 400, (host, path)
        assert fetch(f"{url}/up")[0] == 200
    log = (project / "server.log").read_text("utf-8")
    assert "Traceback" not in log


def test_only_this_machine_is_told_the_error_of_a_loader(project: Path) -> None:
    (project / "data/sales.csv").write_text("nothing\n", "utf-8")
    inside(
        project,
        """
        state = data["sales"].build()
        assert state.error
        def ready(**environ):
            return client.get("/ready", environ_overrides=environ).json["loaders"]["sales"]
        assert ready() == {"built": "", "error": state.error}
        assert ready(REMOTE_ADDR="192.0.2.1") == {"built": "", "error": "failed"}
        assert ready(HTTP_X_FORWARDED_FOR="192.0.2.1") == {"built": "", "error": "failed"}
        """,
    )
