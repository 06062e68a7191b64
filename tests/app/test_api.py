"""A project with an API: its own tests, a fuzzer, an assistant's client, and rows per key."""

from __future__ import annotations

import asyncio
import json
import random
import re
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from flaskdash.cli import cli
from tests.support.projects import (
    add_parts,
    check_own_code,
    close_dashboards,
    copy_chart,
    inside,
    own_environment,
    run,
)
from tests.support.web import fetch, serving, wait_for_data

VISIBLE = '''

def visible(user: object) -> dict[str, str | None]:
    """Return the rows that a user, or a key, may see."""
    return {"region": user.facts.get("region")}  # type: ignore[attr-defined]
'''


@pytest.fixture(scope="module")
def stocked(shared_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return add_parts(shared_project, tmp_path_factory.mktemp("api") / "shop", ["add-api"])


def make_key(shop: Path, name: str, *flags: str) -> str:
    output = run(shop, "python", "-m", "flask", "key", "add", name, *flags)
    return re.findall(r"fd_[\w-]+", output)[0]


def get(url: str, key: str) -> tuple[int, bytes]:
    return fetch(url, Authorization=f"Bearer {key}", Accept="application/json")


def call(url: str, key: str, name: str, arguments: dict[str, str]) -> Any:
    """Call a tool of /mcp; return the result."""
    params = {"name": name, "arguments": arguments}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/mcp", json.dumps(message).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)["result"]


@pytest.fixture
def site(shop: Path) -> Iterator[str]:
    with serving(shop, SECRET_KEY="test", WEB_CONCURRENCY="1") as url:
        wait_for_data(url)
        yield url


def test_its_own_tests_and_checks_pass(shop: Path) -> None:
    check_own_code(shop, "tests/test_api.py", "tests/test_database.py")


def test_it_goes_together_with_accounts(shop: Path, stocked: Path) -> None:
    (shop / ".venv").unlink()
    own_environment(shop, stocked)
    result = CliRunner().invoke(cli, ["add-auth"])
    assert result.exit_code == 0, result.output
    assert "passed" in run(shop, "pytest", "-q", "tests/test_api.py", "tests/test_auth.py")
    run(shop, "mypy")
    python = ("python", "-m", "flask")
    run(shop, *python, "user", "add", "ann@example.com", "--link")
    key = make_key(shop, "of-ann", "--user", "ann@example.com")
    with serving(shop, SECRET_KEY="test", SESSION_COOKIE_SECURE="0") as url:
        wait_for_data(url)
        assert fetch(f"{url}/api/v1/loaders")[0] == 401
        assert get(f"{url}/api/v1/loaders", key)[0] == 200
        assert get(f"{url}/api/v1/loaders", key)[0] == 200
        run(shop, *python, "user", "disable", "ann@example.com")
        assert get(f"{url}/api/v1/loaders", key)[0] == 401
    run(shop, *python, "key", "revoke", "of-ann")
    with closing(sqlite3.connect(shop / "instance/app.sqlite")) as connection:
        about_key = "SELECT action FROM audit WHERE about = 'of-ann' ORDER BY id"
        lines = [line for (line,) in connection.execute(about_key)]
    assert lines == ["key added", "key used", "key revoked"]


def test_keys_read_the_rows_that_they_may_see(shop: Path) -> None:
    loader = shop / "app/loaders/sales.py"
    loader.write_text(loader.read_text("utf-8") + VISIBLE, "utf-8")
    keys = {
        region: make_key(
            shop, region, "--scope", "read", "--scope", "query", "--fact", f"region={region}"
        )
        for region in ("North", "South")
    }
    draw = random.Random(7)
    with serving(shop, SECRET_KEY="test") as url:
        wait_for_data(url)
        for _ in range(200):
            region = draw.choice(["North", "South"])
            hidden = {"North": "South", "South": "North"}[region]
            path = draw.choice(
                ["/loaders/sales/rows", "/loaders", "/charts/revenue-by-region/rows"]
            )
            query = draw.choice(["", f"?region={hidden}", f"?region.not={region}", "?region.has=o"])
            status, body = get(f"{url}/api/v1{path}{query if 'rows' in path else ''}", keys[region])
            assert status in {200, 429}
            assert hidden.encode() not in body
        key = make_key(shop, "third", "--scope", "query", "--fact", "region=North")
        result = call(url, key, "query", {"sql": "SELECT DISTINCT region FROM sales"})
        assert json.loads(result["content"][0]["text"])["rows"] == [["North"]]


@pytest.mark.parametrize("of", ["charts", "dashboards"])
def test_data_whose_charts_are_hidden_is_hidden(shop: Path, of: str) -> None:
    """ROLES of charts hold for the rows below them: else the API would show what pages hide."""
    if of == "dashboards":
        close_dashboards(shop, {"Overview": ["admin"]})
    else:
        for chart in (shop / "app/charts").glob("[a-z]*.py"):
            text = chart.read_text("utf-8")
            chart.write_text(text.replace("\nORDER = ", '\nROLES = ["admin"]\nORDER = '), "utf-8")
    flags = ("--scope", "read", "--scope", "query")
    keys = {role: make_key(shop, role, "--role", role, *flags) for role in ("viewer", "admin")}
    with serving(shop, SECRET_KEY="test") as url:
        wait_for_data(url)
        for role, status in (("viewer", 404), ("admin", 200)):
            assert get(f"{url}/api/v1/loaders/sales/rows", keys[role])[0] == status
            assert get(f"{url}/api/v1/loaders/sales", keys[role])[0] == status
            for path in ("loaders", "openapi.json"):
                is_listed = b"sales" in get(f"{url}/api/v1/{path}", keys[role])[1]
                assert is_listed == (status == 200), path
            for name, arguments in (
                ("query", {"sql": "SELECT count(*) FROM sales"}),
                ("data_rows", {"name": "sales"}),
            ):
                assert call(url, keys[role], name, arguments)["isError"] == (status == 404)


def test_a_dashboard_with_roles_is_in_no_list_of_others(shop: Path) -> None:
    """A chart that is on an open dashboard, too, is listed there; a chart of a closed one is not."""
    copy_chart(shop, "revenue_by_region", "plan", ["Board"])
    copy_chart(shop, "revenue_by_region", "mixed", ["Board", "Overview"])
    close_dashboards(shop, {"Board": ["admin", "editor"]})
    keys = {role: make_key(shop, role, "--role", role) for role in ("viewer", "admin")}
    with serving(shop, SECRET_KEY="test") as url:
        wait_for_data(url)
        for role, status, titles in (
            ("viewer", 404, ["Overview"]),
            ("admin", 200, ["Board", "Overview"]),
        ):
            charts = json.loads(get(f"{url}/api/v1/charts", keys[role])[1])["charts"]
            dashboards = {chart["slug"]: chart["dashboards"] for chart in charts}
            assert dashboards["mixed"] == titles
            assert ("plan" in dashboards) == (status == 200)
            for path in ("plan", "plan/rows", "plan/figure"):
                assert get(f"{url}/api/v1/charts/{path}", keys[role])[0] == status
            description = get(f"{url}/api/v1/openapi.json", keys[role])[1]
            assert (b"charts/plan" in description) == (status == 200)
            called = call(url, keys[role], "list_data", {})["content"][0]["text"]
            assert ("Board" in called) == ("plan" in called) == (status == 200)


def test_a_fuzzer_finds_no_error_and_no_lie(site: str, shop: Path) -> None:
    key = make_key(shop, "fuzzer")
    command = [
        *(Path(sys.executable).with_name("schemathesis"), "run", f"{site}/api/v1/openapi.json"),
        *("--header", f"Authorization: Bearer {key}", "--header", "Accept: application/json"),
        *("--max-examples", "8", "--phases", "coverage,fuzzing", "--seed", "1"),
        *("--checks", "not_a_server_error,response_schema_conformance,content_type_conformance"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=shop)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


async def talk(address: str, key: str) -> tuple[set[str], str, str]:
    """Return what the official client of MCP lists, and the answers to two calls."""
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        httpx2.AsyncClient(headers=headers) as http,
        Client(streamable_http_client(address, http_client=http)) as client,
    ):
        tools = {tool.name for tool in (await client.list_tools()).tools}
        good = await client.call_tool("query", {"sql": "SELECT count(*) AS n FROM sales"})
        bad = await client.call_tool("query", {"sql": "SELECT no_such FROM sales"})
        assert bad.is_error
        return tools, good.content[0].text, bad.content[0].text


def test_an_assistants_client_lists_and_calls_tools(site: str, shop: Path) -> None:
    key = make_key(shop, "assistant", "--scope", "read", "--scope", "query")
    # The browser of other tests has an event loop in this thread.
    with ThreadPoolExecutor() as thread:
        tools, good, bad = thread.submit(asyncio.run, talk(f"{site}/mcp", key)).result()
    assert tools == {"list_data", "chart_rows", "data_rows", "query"}
    assert json.loads(good)["columns"] == ["n"]
    assert "no_such" in bad


HALF_EMOJI = "\ud83d"


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("chart_rows", {"slug": "revenue-by-region", "query": {"region": HALF_EMOJI}}),
        ("data_rows", {"name": "sales", "query": {"sort": HALF_EMOJI}}),
        ("data_rows", {"name": "sales", "query": {HALF_EMOJI: "x"}}),
        ("data_rows", {"name": ["sales"]}),
        ("data_rows", {"name": {"a": 1}}),
        ("query", {"sql": f"SELECT '{HALF_EMOJI}'"}),
    ],
)
def test_hostile_arguments_of_an_assistant_are_no_failure(
    site: str, shop: Path, name: str, arguments: dict[str, Any]
) -> None:
    key = make_key(
        shop, f"hostile {name} {len(str(arguments))} {random.random()}", "--scope", "query"
    )
    call = {"name": name, "arguments": arguments}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    for body in (json.dumps(message), "[" * 100_000):
        answer = httpx2.post(
            f"{site}/mcp", content=body, headers={"Authorization": f"Bearer {key}"}
        )
        assert answer.status_code in {200, 400}, answer.text
        assert "jsonrpc" in answer.json()


def test_a_field_that_is_named_often_is_sent_once(site: str, shop: Path) -> None:
    key = make_key(shop, "fields")
    for path in ("loaders/sales", "charts/revenue-by-region"):
        answer = httpx2.get(
            f"{site}/api/v1/{path}/rows?fields={','.join(['region'] * 1000)}",
            headers={"Authorization": f"Bearer {key}"},
        )
        assert answer.status_code == 200, answer.text
        assert {tuple(row) for row in answer.json()["rows"]} == {("region",)}


def test_others_write_while_a_query_of_an_assistant_runs(shop: Path) -> None:
    """The key is read in a transaction of its own: a query may take 20 s."""
    key = make_key(shop, "slow", "--scope", "query")
    code = f"""
    import sqlite3
    from importlib import import_module
    from app.blueprints.database import db
    def run_query(sql):
        with sqlite3.connect(db.engine.url.database, timeout=0) as writer:
            writer.execute("BEGIN IMMEDIATE")
        return "written"
    import_module("app.blueprints.api.mcp").run_query = run_query  # the package has another mcp
    call = {{"name": "query", "arguments": {{"sql": "SELECT 1"}}}}
    message = {{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}}
    for _ in range(2):  # the first use of a key is noted
        answer = client.post("/mcp", json=message, headers={{"Authorization": "Bearer {key}"}})
        print(answer.json["result"]["content"][0]["text"])
    """
    assert inside(shop, code).split()[-2:] == ['"written"', '"written"']
