"""Sources on the web: a real server on loopback, with its mishaps."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from conftest import Cli, borrow_environment

from flaskdash.errors import FlaskdashError
from flaskdash.inspect import remote

CSV = b"day,region,revenue\n" + b"".join(
    b"2024-01-%02d,%s,%d\n" % (day, region, day * 10)
    for day in range(1, 29)
    for region in (b"North", b"South")
)


class Web:
    """What the server sends, and what it was asked."""

    def __init__(self) -> None:
        self.body = CSV
        self.tag = '"one"'
        self.code = 200
        self.asked: list[dict[str, str]] = []
        self.url = ""


@pytest.fixture
def web() -> Iterator[Web]:
    """Lend a server: /sales.csv, and one path for each mishap."""
    state = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(dict(self.headers))
            path = self.path.partition("?")[0]
            if state.code != 200:
                self.send(state.code, {}, b"")
            elif path == "/loop":
                self.send(302, {"Location": "/loop"}, b"")
            elif path == "/moved.csv":
                self.send(302, {"Location": "/sales.csv"}, b"")
            elif path == "/file":
                self.send(302, {"Location": "file:///etc/passwd"}, b"")
            elif path == "/page.csv":
                self.send(200, {"Content-Type": "text/html; charset=utf-8"}, b"<html>Sign in")
            elif path == "/half.csv":
                self.send(200, {"Content-Length": str(2 * len(state.body))}, state.body)
            elif path == "/slow.csv":
                self.send(200, {"Content-Length": "10"}, b"")
                release.wait(5)
            elif path != "/sales.csv":
                self.send(404, {"Content-Type": "text/html"}, b"<html>Not found")
            elif self.headers["If-None-Match"] == state.tag:
                self.send(304, {}, b"")
            else:
                self.send(200, {"ETag": state.tag, "Content-Type": "text/csv"}, state.body)

        def send(self, code: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(code)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    release = threading.Event()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        state.url = f"http://127.0.0.1:{server.server_port}"
        yield state
        release.set()
        server.shutdown()


def test_a_source_becomes_a_file(web: Web) -> None:
    path = remote.saved(f"{web.url}/moved.csv")
    assert path.name == "moved.csv"
    assert path.read_bytes() == CSV


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/none.csv", "answered 404"),
        ("/loop", "answered 302"),
        ("/file", "answered 302"),
        ("/page.csv", "a web page in place of the file"),
        ("/half.csv", f"stopped after {len(CSV):,} of {2 * len(CSV):,} bytes"),
    ],
)
def test_what_is_no_file_is_refused(web: Web, path: str, reason: str) -> None:
    with pytest.raises(FlaskdashError, match=reason):
        remote.saved(web.url + path)


def test_a_server_that_says_nothing_is_given_up(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    downloader = remote._downloader()
    downloader.PATIENCE = 0.2
    monkeypatch.setattr(remote, "_downloader", lambda: downloader)
    with pytest.raises(FlaskdashError, match="timed out"):
        remote.saved(f"{web.url}/slow.csv")


def test_a_file_that_is_too_large_leaves_nothing(web: Web, tmp_path: Path) -> None:
    downloader = remote._downloader()
    downloader.LARGEST = 100
    with pytest.raises(OSError, match="larger than 100 bytes"):
        downloader.fetch(f"{web.url}/sales.csv", tmp_path / "kept", {})
    assert list(tmp_path.iterdir()) == []


def test_nobody_there() -> None:
    with pytest.raises(FlaskdashError, match="refused"):
        remote.saved("http://127.0.0.1:9/x.csv")


@pytest.mark.parametrize(
    "url", ["https://me:pw@example.com/x.csv", "https://example.com/x.csv?api_key=abc"]
)
def test_a_secret_in_a_url_is_refused(url: str) -> None:
    with pytest.raises(FlaskdashError, match="would stand in the loader") as caught:
        remote.refuse_secrets(url)
    assert "abc" not in str(caught.value)
    assert "pw" not in str(caught.value.message)


def test_a_file_is_fetched_again_only_when_it_has_changed(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSTANCE_PATH", str(tmp_path))
    download = remote._downloader().download
    first = download(f"{web.url}/sales.csv")
    before = first.stat()
    assert download(f"{web.url}/sales.csv") == first
    assert web.asked[-1]["If-None-Match"] == '"one"'
    assert first.stat().st_mtime_ns == before.st_mtime_ns
    web.tag, web.body = '"two"', CSV.replace(b"North", b"East!")
    assert download(f"{web.url}/sales.csv").read_bytes() == web.body
    web.tag, web.body = '"three"', b""
    with pytest.raises(OSError, match="answered 404"):
        download(f"{web.url}/none.csv")
    assert sorted(path.suffix for path in (tmp_path / "downloads").iterdir()) == ["", ".json"]


def test_a_project_asks_the_web_again(
    web: Web,
    folder: Path,
    flaskdash: Cli,
    shared_project: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    web.body = CSV.replace(b"region", b"SOURCE")
    flaskdash("new", "shop", "--data", f"{web.url}/sales.csv", "--no-install", "--no-git")
    monkeypatch.chdir(folder / "shop")
    loader = Path("app/loaders/sales.py").read_text("utf-8")
    assert f'SOURCE = "{web.url}/sales.csv"' in loader
    assert 'REFRESH = "1h"' in loader
    assert not Path("data").exists() or list(Path("data").iterdir()) == []
    borrow_environment(folder / "shop", shared_project)
    assert "56 rows" in flaskdash("refresh").output
    repeated = flaskdash("add-data", f"{web.url}/sales.csv")
    assert "identical app/loaders/sales.py" in repeated.output
    web.tag, web.body = '"two"', web.body + b"2024-02-01,North,5\n"
    assert "57 rows" in flaskdash("refresh").output
    web.code = 500
    failed = flaskdash("refresh", code=1)
    assert "the server answered 500" in failed.output
    assert "57 rows" in flaskdash("list").output


def test_inspect_reads_a_url(web: Web, folder: Path, flaskdash: Cli) -> None:
    result = flaskdash("inspect", f"{web.url}/sales.csv")
    assert f"{web.url}/sales.csv" in result.output
    assert "revenue" in result.output
    gone = flaskdash("inspect", f"{web.url}/none.csv", code=1)
    assert "answered 404" in gone.output
