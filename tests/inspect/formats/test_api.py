"""APIs that want a token, and answer a page at a time."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from flaskdash.errors import FlaskdashError
from flaskdash.inspect.formats import url as urls
from tests.support.fixtures import Cli
from tests.support.projects import borrow_environment

ROWS = [
    {
        "id": n,
        "city": ("Oslo", "Bergen", "Bodø")[n % 3],
        "day": f"2024-01-{n % 28 + 1:02}",
        "sold": n,
    }
    for n in range(1, 131)
]
SIZE = 25
LAST = -(-len(ROWS) // SIZE)
TOKEN = {"Authorization": "Bearer hush"}


def answer(path: str, page: int, start: int, base: str) -> tuple[Any, dict[str, str]]:
    """Return a page of the API, and its headers."""
    rows = ROWS[(page - 1) * SIZE : page * SIZE]
    following = f"{path}?page={page + 1}" if page < LAST else None
    end = start + SIZE
    pages: dict[str, Any] = {
        "/next": {"results": rows, "next": following and base + following},
        "/relative": {"data": {"items": rows}, "links": {"next": {"href": following}}},
        "/odata": {"value": rows, "@odata.nextLink": following and base + following},
        "/header": rows,
        "/cursor": {
            "data": ROWS[start:end],
            "meta": {"next_cursor": str(end) if end < len(ROWS) else None},
        },
        "/token": {
            "items": ROWS[start:end],
            "nextPageToken": str(end) if end < len(ROWS) else "",
        },
        "/numbers": [{"page": page, "pages": LAST, "total": len(ROWS)}, rows],
        "/laravel": {"current_page": page, "last_page": LAST, "data": rows},
        "/elsewhere": {"results": ROWS[:SIZE], "next": "http://127.0.0.1:1/next"},
        "/loop": {"results": ROWS[:SIZE], "next": "/loop"},
        "/endless": {"results": ROWS[:SIZE], "next": f"/endless?page={page + 1}"},
    }
    link = f'<{base}/first>; rel="first", <{base}{following}>; rel="next"'
    return pages[path], {"Link": link} if path == "/header" and following else {}


@pytest.fixture
def api() -> Iterator[str]:
    """Start an API that wants a token, and yield its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query))
            start = int(query.get("cursor") or query.get("pageToken") or 0)
            page, headers = answer(parts.path, int(query.get("page", 1)), start, address)
            code = 200 if self.headers["Authorization"] == TOKEN["Authorization"] else 401
            body = json.dumps(page if code == 200 else {}).encode()
            self.send_response(code)
            lengths = {"Content-Length": str(len(body)), "Content-Type": "application/json"}
            for name, value in (lengths | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        address = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield address
        server.shutdown()


@pytest.mark.parametrize(
    "path",
    ["next", "relative", "odata", "header", "cursor", "token", "numbers", "laravel"],
)
def test_the_pages_of_an_api_are_joined(api: str, path: str) -> None:
    file, pages = urls.download(f"{api}/{path}", TOKEN)
    assert pages == LAST
    text = file.read_text("utf-8")
    assert [text.count(f'"id": {row["id"]},') for row in ROWS] == [1] * len(ROWS)


@pytest.mark.parametrize(("path", "pages"), [("elsewhere", 1), ("loop", 1), ("endless", 100)])
def test_pages_end(api: str, path: str, pages: int) -> None:
    assert urls.download(f"{api}/{path}", TOKEN)[1] == pages


def test_a_refused_request_says_how_to_give_a_token(api: str, flaskdash: Cli) -> None:
    output = flaskdash("inspect", f"{api}/next", code=1).output
    assert "401 Unauthorized. It needs a token" in output
    assert "Try: --header" in output


@pytest.mark.parametrize("text", ["Authorization", "Authorization:", "a b: c", "X: a\nY: b"])
def test_a_text_that_is_no_header_is_refused(text: str) -> None:
    with pytest.raises(FlaskdashError, match="is not a header"):
        urls.parse_headers([text])


def test_a_secret_stays_out_of_the_code() -> None:
    with pytest.raises(FlaskdashError, match="would be in the loader's code"):
        urls.parse_headers(["X-Api-Key: hush"])
    assert urls.parse_headers(["X-Api-Key: $KEY", "Accept: text/csv"]) == {
        "X-Api-Key": "${KEY}",
        "Accept": "text/csv",
    }


def test_a_header_needs_a_url_and_its_variable(
    flaskdash: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("a.csv").write_text("a,b\nx,1\ny,2\n", "utf-8")
    monkeypatch.setenv("KEY", "hush")
    output = flaskdash("new", "shop", "--data", "a.csv", "--header", "X: $KEY", code=1).output
    assert "--header only applies to a URL" in output
    monkeypatch.delenv("KEY")
    output = flaskdash("inspect", "http://127.0.0.1:9/x", "--header", "X: $KEY", code=1).output
    assert "KEY is not set" in output


def test_a_project_sends_its_token_and_says_if_it_is_wrong(
    api: str,
    folder: Path,
    flaskdash: Cli,
    shared_project: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("API_TOKEN", "hush")
    header = ("--header", "Authorization: Bearer $API_TOKEN")
    output = flaskdash("new", "shop", "--data", f"{api}/cursor", *header, "--no-install").output
    assert "6 pages of the API joined" in output
    monkeypatch.chdir(folder / "shop")
    loader = Path("app/loaders/cursor.py").read_text("utf-8")
    assert 'HEADERS = {"Authorization": "Bearer " + env("API_TOKEN")}' in loader
    assert "download_pages(SOURCE, HEADERS)" in loader
    assert Path(".env.example").read_text("utf-8").endswith("\nAPI_TOKEN=\n")
    borrow_environment(folder / "shop", shared_project)
    assert "130 rows" in flaskdash("refresh").output
    monkeypatch.setenv("API_TOKEN", "wrong")
    failed = flaskdash("refresh", code=1).output
    assert "401 Unauthorized: the token or password is missing or wrong" in failed
    assert "Correct API_TOKEN in .env" in failed
    monkeypatch.delenv("API_TOKEN")
    assert "Write API_TOKEN=... to .env" in flaskdash("refresh", code=1).output
