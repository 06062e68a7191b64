"""The API: what keys may read, how pages follow each other, and that its description is true."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from app.blueprints.api import keys
from app.blueprints.api.models import Key
from app.blueprints.database import db
from app.blueprints.database.models import now

Get = Callable[..., TestResponse]


@pytest.fixture
def secret(app: Flask) -> Iterator[str]:
    """Return a key that may read, and query."""
    with app.app_context():
        key, secret = keys.make(
            name="test", scopes="read query", role="admin", expires=now() + timedelta(days=1)
        )
        db.session.add(key)
        db.session.commit()
    yield secret
    with app.app_context():
        db.session.execute(sa.delete(Key))
        db.session.commit()


@pytest.fixture
def get(app: Flask, secret: str) -> Get:
    """Return a function that sends a GET with the key."""

    def send(path: str, accept: str = "application/json", **headers: str) -> TestResponse:
        sent = {"Authorization": f"Bearer {secret}", "Accept": accept, **headers}
        return app.test_client().get(path, headers=sent)

    return send


@pytest.fixture
def name(app: Flask) -> str:
    """Return the name of a data set."""
    return str(next(iter(app.extensions["engine"].loaders)))


def ask(app: Flask, secret: str, method: str, **params: Any) -> Any:
    """Send a message to /mcp; return the result."""
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    headers = {"Authorization": f"Bearer {secret}"}
    answer = app.test_client().post("/mcp", json=message, headers=headers)
    assert answer.status_code == 200
    return answer.get_json()["result"]


def test_only_valid_keys_are_let_in(app: Flask, secret: str) -> None:
    client = app.test_client()
    for header in ("", "Bearer", "Bearer fd_wrong", f"Basic {secret}", f"Bearer {secret}x"):
        for path in ("/api/v1/loaders", "/api/v1/no-such-address", "/mcp"):
            headers = {"Authorization": header}
            answer = client.open(
                path, method="POST" if path == "/mcp" else "GET", headers=headers, json={}
            )
            assert answer.status_code == 401
            assert answer.mimetype == "application/problem+json"
            assert answer.get_json()["status"] == 401
    with app.app_context():
        db.session.execute(sa.update(Key).values(expires=now()))
        db.session.commit()
    headers = {"Authorization": f"Bearer {secret}"}
    assert client.get("/api/v1/loaders", headers=headers).status_code == 401


def test_a_key_does_what_its_scopes_say(app: Flask, get: Get, secret: str) -> None:
    with app.app_context():
        db.session.execute(sa.update(Key).values(scopes="query"))
        db.session.commit()
    assert get("/api/v1/loaders").status_code == 403
    with app.app_context():
        db.session.execute(sa.update(Key).values(scopes="read"))
        db.session.commit()
    assert get("/api/v1/loaders").status_code == 200
    assert ask(app, secret, "tools/call", name="query", arguments={"sql": "SELECT 1"})["isError"]


def test_pages_have_each_row_once(app: Flask, get: Get, name: str) -> None:
    with app.app_context():
        total = app.extensions["engine"].data[name].count()
    size = max(1, -(-total // 3))
    path, count = f"/api/v1/loaders/{name}/rows?limit={min(size, 10_000)}", 0
    first = get(path).get_json()
    assert first["total"] == total
    for _ in range(3):
        page = get(path).get_json()
        count += len(page["rows"])
        path = page["next"]
        if path is None:
            break
    assert count == min(total, 30_000)


def test_the_same_rows_as_csv_and_parquet(get: Get, name: str) -> None:
    path = f"/api/v1/loaders/{name}/rows?limit=5"
    rows = get(path).get_json()["rows"]
    table = list(csv.reader(io.StringIO(get(path, "text/csv").data.decode("utf-8-sig"))))
    assert len(table) == len(rows) + 1
    parquet = get(path, "application/vnd.apache.parquet").data
    assert parquet[:4] == parquet[-4:] == b"PAR1"
    assert get(path, "image/png").status_code == 406
    assert get(path, "").get_json()["rows"] == rows


def test_what_is_not_understood_is_refused(get: Get, name: str) -> None:
    start = f"/api/v1/loaders/{name}/rows"
    for query in ("no_such=1", "limit=0", "limit=x", "sort=no_such", "fields=no_such", "cursor=x"):
        answer = get(f"{start}?{query}")
        assert answer.status_code == 400, query
        assert answer.get_json()["detail"]
    assert get("/api/v1/loaders/no_such/rows").status_code == 404
    assert get("/api/v1/charts/no-such").status_code == 404


def test_an_answer_is_not_sent_twice(get: Get, name: str) -> None:
    answer = get(f"/api/v1/loaders/{name}/rows")
    etag = answer.headers["ETag"]
    again = get(f"/api/v1/loaders/{name}/rows", **{"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")
    assert "private" in answer.headers["Cache-Control"]


def test_a_key_that_asks_too_often_waits(
    app: Flask, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "API_LIMIT_HERE", 3)
    statuses = [get("/api/v1/loaders").status_code for _ in range(5)]
    assert statuses[-1] == 429
    assert int(get("/api/v1/loaders").headers["Retry-After"]) >= 1


def test_the_description_is_that_of_the_routes(app: Flask, get: Get) -> None:
    paths = get("/api/v1/openapi.json").get_json()["paths"]
    adapter = app.url_map.bind("localhost")
    endpoints = set()
    for path, methods in paths.items():
        answer = get(path)
        assert answer.status_code == 200, f"{path}: {answer.text}"
        assert [*methods] == ["get"]
        endpoints.add(adapter.match(path)[0])
    rules = {rule.endpoint for rule in app.url_map.iter_rules() if rule.endpoint.startswith("api.")}
    assert rules - endpoints == {"api.docs", "api.nothing"} | ({"api.figure"} - endpoints)
    token = app.config["CHECK_TOKEN"]  # it may see all pages, also those behind accounts
    page = app.test_client().get("/api/v1/docs", headers={"X-Check-Token": token})
    assert page.text.count("<details") == len(paths)


def test_an_assistant_asks(app: Flask, secret: str, name: str) -> None:
    version = ask(app, secret, "initialize", protocolVersion="2025-06-18")["protocolVersion"]
    assert version == "2025-06-18"
    tools = {tool["name"] for tool in ask(app, secret, "tools/list")["tools"]}
    assert tools == {"list_data", "chart_rows", "data_rows", "query"}
    listed = ask(app, secret, "tools/call", name="list_data", arguments={})
    data = json.loads(listed["content"][0]["text"])["data"]
    assert name in [each["name"] for each in data]
    sql = f'SELECT count(*) AS n FROM "{name}"'
    counted = ask(app, secret, "tools/call", name="query", arguments={"sql": sql})
    answer = json.loads(counted["content"][0]["text"])
    assert answer["rows"] == [[next(each["rows"] for each in data if each["name"] == name)]]
    arguments = {"name": name, "query": {"limit": 2}}
    rows = ask(app, secret, "tools/call", name="data_rows", arguments=arguments)
    assert len(json.loads(rows["content"][0]["text"])["rows"]) == min(2, answer["rows"][0][0])


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "COPY (SELECT 1) TO '/tmp/x.csv'",
        "ATTACH '/tmp/x.db'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "SELECT 1; SELECT 2",
        "SELECT * FROM order",
        "SELEC",
    ],
)
def test_a_query_reaches_no_file(app: Flask, secret: str, sql: str) -> None:
    answer = ask(app, secret, "tools/call", name="query", arguments={"sql": sql})
    assert answer["isError"]
