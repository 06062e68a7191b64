"""Sources on the web, from a real server on loopback, with its failures."""

from __future__ import annotations

import json
import stat
import threading
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from flaskdash.errors import FlaskdashError
from flaskdash.inspect.formats import url as urls
from tests.support.fixtures import Cli
from tests.support.projects import borrow_environment
from tests.support.web import fetch, serving

CSV = b"day,region,revenue\n" + b"".join(
    b"2024-01-%02d,%s,%d\n" % (day, region, day * 10)
    for day in range(1, 29)
    for region in (b"North", b"South")
)


class Web:
    """The answers of the server, and the requests that it has received."""

    def __init__(self) -> None:
        self.body = CSV
        self.tag = '"one"'
        self.code = 200
        self.requests: list[dict[str, str]] = []
        self.url = ""
        self.secret = ""
        """The path or the header that a request must have."""


@pytest.fixture
def web() -> Iterator[Web]:
    """Start a server with /sales.csv, and a path for each failure."""
    state = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.requests.append(dict(self.headers))
            path = self.path.partition("?")[0]
            if path == "/away.csv":
                self.send(302, {"Location": f"{state.url}/sales.csv?moved"}, b"")
            elif state.secret not in ("", self.path, self.headers["Authorization"]):
                self.send(403, {}, b"", f"Forbidden for {self.path}")
            elif state.code != 200:
                self.send(state.code, {}, b"")
            elif path == "/loop":
                self.send(302, {"Location": "/loop"}, b"")
            elif path == "/moved.csv":
                self.send(302, {"Location": "/sales.csv"}, b"")
            elif path == "/file":
                self.send(302, {"Location": "file:///etc/passwd"}, b"")
            elif path == "/ftp":
                self.send(302, {"Location": f"ftp://127.0.0.1:{server.server_port}/x.csv"}, b"")
            elif path == "/part.csv":
                self.send(206, {"Content-Range": "bytes 0-9/100"}, state.body[:10])
            elif path == "/none":
                self.send(204, {}, b"")
            elif path == "/same.csv":
                self.send(304, {}, b"")
            elif path.startswith("/length="):
                self.send(200, {"Content-Length": path.removeprefix("/length=")}, state.body)
            elif path.startswith("/names/"):
                self.send(200, {}, state.body)
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

        def send(
            self, code: int, headers: dict[str, str], body: bytes, reason: str | None = None
        ) -> None:
            self.send_response(code, reason)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    release = threading.Event()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        state.url = f"http://127.0.0.1:{server.server_port}"
        yield state
        release.set()
        server.shutdown()


def test_a_source_becomes_a_file(web: Web) -> None:
    path, pages = urls.download(f"{web.url}/moved.csv")
    assert pages == 1
    assert path.name == "moved.csv"
    assert path.read_bytes() == CSV


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/none.csv", "answered 404"),
        ("/loop", "answered 302"),
        ("/file", "answered 302"),
        ("/ftp", "redirects to an address that does not begin with http"),
        ("/part.csv", "answered 206 Partial Content"),
        ("/none", "answered 204"),
        ("/same.csv", "answered 304 Not Modified"),
        ("/page.csv", "a web page in place of the file"),
        ("/half.csv", f"stopped after {len(CSV):,} of {2 * len(CSV):,} bytes"),
    ],
)
def test_an_answer_that_is_not_a_file_is_refused(web: Web, path: str, reason: str) -> None:
    with pytest.raises(FlaskdashError, match=reason):
        urls.download(web.url + path)


@pytest.mark.parametrize("length", ["x", "-5", "", "1e9", "7,7"])
def test_a_length_that_is_no_number_does_not_matter(web: Web, length: str) -> None:
    assert urls.download(f"{web.url}/length={length}")[0].read_bytes() == CSV


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a" * 300 + ".csv", "a" * 146 + ".csv"),
        ("%C3%A9" * 300 + ".csv.gz", "é" * 71 + ".csv.gz"),
        ("a." + "b" * 300, None),
        ("..", "names"),
        ("sales.csv/.", "sales.csv"),
        ("%2e%2e", "names"),
        ("a%2F..%2F%2E", "a"),
        ("a%00b.csv", "ab.csv"),
        ("%20", "names"),
    ],
)
def test_any_path_gives_a_file_name(web: Web, path: str, name: str | None) -> None:
    file, _ = urls.download(f"{web.url}/names/{path}")
    assert file.read_bytes() == CSV
    assert file.name == (name or file.name)
    assert len(file.name.encode()) <= 150


def test_a_silent_server_times_out(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    downloader = urls._downloader()
    downloader.PATIENCE = 0.2
    monkeypatch.setattr(urls, "_downloader", lambda: downloader)
    with pytest.raises(FlaskdashError, match="timed out"):
        urls.download(f"{web.url}/slow.csv")


def test_a_file_that_is_too_large_leaves_nothing(web: Web, tmp_path: Path) -> None:
    downloader = urls._downloader()
    downloader.LARGEST = 100
    with pytest.raises(OSError, match="larger than 100 bytes"):
        downloader.fetch(f"{web.url}/sales.csv", tmp_path / "kept", {})
    assert list(tmp_path.iterdir()) == []


def test_a_refused_connection() -> None:
    with pytest.raises(FlaskdashError, match="refused"):
        urls.download("http://127.0.0.1:9/x.csv")


@pytest.mark.parametrize(
    ("url", "redacted"),
    [
        ("https://me:hush@example.com/x.csv?y=1", "https://example.com/x.csv"),
        ("https://hush@example.com/x.csv", "https://example.com/x.csv"),
        ("https://example.com:8443/x.csv?y=1&Api_Key=hush#top", "https://example.com:8443/x.csv"),
        ("https://example.com/x.csv?X-Amz-Signature=hush", "https://example.com/x.csv"),
    ],
)
def test_an_address_is_redacted(url: str, redacted: str) -> None:
    assert urls.has_secret(url)
    assert urls.redact(url) == redacted


def test_an_address_without_secrets_stays_as_it_is() -> None:
    url = "https://example.com/x.csv?year=2024&region=North#top"
    assert not urls.has_secret(url)
    assert urls.redact(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://me:hush@[::1/x.csv",  # no address
        "http://me:hush@127.0.0.1:hush/x.csv",  # no port
        "http://me:ha/hush@127.0.0.1/x.csv",  # so the host is me, and its port ha
        "http://me:hush@127.0.0.1:9/x.csv?token=hush",  # nobody there
        "http://me:hush@\u2100/x.csv",  # a letter that holds a slash
    ],
)
def test_the_error_does_not_contain_the_secret(url: str, folder: Path, flaskdash: Cli) -> None:
    output = flaskdash("new", "shop", "--data", url, code=1).output
    assert "hush" not in output
    with pytest.raises(OSError, match=r".") as caught:
        urls._downloader().fetch(url, folder / "x.csv", {})
    assert "hush" not in str(caught.value)


def test_a_file_is_fetched_again_only_when_it_has_changed(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSTANCE_PATH", str(tmp_path))
    download = urls._downloader().download
    first = download(f"{web.url}/sales.csv")
    before = first.stat()
    assert download(f"{web.url}/sales.csv") == first
    assert web.requests[-1]["If-None-Match"] == '"one"'
    assert first.stat().st_mtime_ns == before.st_mtime_ns
    web.tag, web.body = '"two"', CSV.replace(b"North", b"East!")
    assert download(f"{web.url}/sales.csv").read_bytes() == web.body
    web.tag, web.body = '"three"', b""
    with pytest.raises(OSError, match="answered 404"):
        download(f"{web.url}/none.csv")
    assert sorted(path.suffix for path in (tmp_path / "downloads").iterdir()) == ["", ".json"]


def test_a_project_downloads_its_source_again(
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
    missing = flaskdash("inspect", f"{web.url}/none.csv", code=1)
    assert "answered 404" in missing.output


def secrets_in(project: Path, secret: str) -> list[str]:
    """Return the files of a project, except its .env, that contain a text."""
    return [
        str(path.relative_to(project))
        for path in project.rglob("*")
        if path.is_file() and ".venv" not in path.parts and path.name != ".env"
        if secret.encode() in path.read_bytes()
    ]


@pytest.mark.parametrize("how", ["key", "password"])
def test_an_address_with_a_secret_stays_in_env(
    how: str,
    web: Web,
    folder: Path,
    flaskdash: Cli,
    shared_project: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = f"{web.url}/sales.csv?year=1&api_key=hush%27hush$x"
    web.secret = "/sales.csv?year=1&api_key=hush%27hush%24x"
    if how == "password":
        url = f"{web.url.replace('://', '://me%40home:hush%2Fhush@')}/sales.csv#top"
        web.secret = "Basic " + b64encode(b"me@home:hush/hush").decode()
    output = flaskdash("new", "shop", "--data", url, "--no-install").output
    assert "its address is stored in .env as SALES_URL" in output
    monkeypatch.chdir(folder / "shop")
    project = Path.cwd()
    env = (project / ".env").read_text("utf-8")
    assert "hush" in env
    assert stat.S_IMODE((project / ".env").stat().st_mode) == 0o600
    assert (project / ".env.example").read_text("utf-8").endswith("\nSALES_URL=\n")
    loader = (project / "app/loaders/sales.py").read_text("utf-8")
    assert 'ADDRESS = "SALES_URL"' in loader
    assert "SOURCE" not in loader
    borrow_environment(project, shared_project)
    output += flaskdash("refresh").output
    output += flaskdash("list").output + flaskdash("list", "--json").output
    assert json.loads(flaskdash("list", "--json").output)["loaders"][0]["source"] == "SALES_URL"
    assert "SALES_URL" in output
    assert "56 rows" in output
    with serving(project) as address:
        for path in ("/", "/ready", "/charts/revenue-over-time"):
            status, page = fetch(address + path)
            assert status == 200
            output += page.decode()
        web.code = 500
        failed = flaskdash("refresh", code=1).output
        assert "the server answered 500 Internal Server Error" in failed
        web.secret = "other"
        failed += flaskdash("refresh", code=1).output
        assert "the server answered 403 Forbidden: " in failed
        status, page = fetch(f"{address}/ready")
        output += failed + page.decode() + fetch(address)[1].decode()
    output += (project / "server.log").read_text("utf-8")
    assert "hush" not in output
    assert secrets_in(project, "hush") == []
    (project / ".env").write_text("SECRET_KEY=x", "utf-8")
    output = flaskdash("refresh", code=1).output
    assert "SALES_URL is not set. Write SALES_URL=https://... to .env" in output


def test_add_data_takes_an_address_with_a_secret(
    web: Web, made: Path, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{web.url}/sales.csv?token=hush"
    output = flaskdash("add-data", url, "--name", "costs", "--dry-run").output
    assert "hush" not in (made / ".env").read_text("utf-8") + output
    output = flaskdash("add-data", url, "--name", "costs").output
    assert "append    .env: COSTS_URL" in output
    assert "append    .env.example: COSTS_URL" in output
    assert f"COSTS_URL='{url}'" in (made / ".env").read_text("utf-8").splitlines()
    again = flaskdash("add-data", url, "--name", "costs").output
    assert "identical app/loaders/costs.py" in again
    assert "append" not in again
    monkeypatch.setenv("ELSEWHERE", url)
    output += flaskdash("add-data", "ELSEWHERE", "--name", "other").output
    assert 'ADDRESS = "ELSEWHERE"' in (made / "app/loaders/other.py").read_text("utf-8")
    assert "ELSEWHERE" not in (made / ".env").read_text("utf-8")
    assert "\nELSEWHERE=\n" in (made / ".env.example").read_text("utf-8")
    output += flaskdash("inspect", url).output
    assert f"{web.url}/sales.csv" in output
    flaskdash("add-data", "COSTS_URL", "--name", "third")
    assert "hush" not in output
    assert secrets_in(made, "hush") == []
    output = flaskdash("add-chart", "--kind", "kpi", "--data", "costs", "--y", "revenue").output
    assert "create" in output


def test_a_password_is_sent_to_the_first_host_only(web: Web, tmp_path: Path) -> None:
    url = web.url.replace("://", "://me:hush@")
    urls._downloader().fetch(f"{url}/away.csv", tmp_path / "x.csv", {})
    assert ["Authorization" in headers for headers in web.requests] == [True, False]
