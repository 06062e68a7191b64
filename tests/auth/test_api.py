"""A project with an API: its own tests, a fuzzer, an assistant's client, and rows per key."""

from __future__ import annotations

import asyncio
import json
import random
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from flaskdash.cli import cli
from tests.support.projects import copy_project, own_environment, run
from tests.support.web import fetch, serving, wait_for_data

VISIBLE = '''

def visible(user: object) -> dict[str, str | None]:
    """Return the rows that a user, or a key, may see."""
    return {"region": user.facts.get("region")}  # type: ignore[attr-defined]
'''


@pytest.fixture(scope="module")
def made_with_api(shared_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("api") / "shop"
    copy_project(shared_project, root)
    own_environment(root, shared_project)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        result = CliRunner().invoke(cli, ["add-api"])
        assert result.exit_code == 0, result.output
    return root


@pytest.fixture
def shop(made_with_api: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "open"
    copy_project(made_with_api, root)
    monkeypatch.chdir(root)
    return root


def make_key(shop: Path, name: str, *flags: str) -> str:
    output = run(shop, "python", "-m", "flask", "key", "add", name, *flags)
    return re.findall(r"fd_[\w-]+", output)[0]


def get(url: str, key: str) -> tuple[int, bytes]:
    return fetch(url, Authorization=f"Bearer {key}", Accept="application/json")


@pytest.fixture
def site(shop: Path) -> Iterator[str]:
    with serving(shop, SECRET_KEY="test", WEB_CONCURRENCY="1") as url:
        wait_for_data(url)
        yield url


def test_its_own_tests_and_checks_pass(shop: Path) -> None:
    assert "passed" in run(shop, "pytest", "-q", "tests/test_api.py", "tests/test_database.py")
    run(shop, "mypy")
    run(shop, "ruff", "check")
    run(shop, "ruff", "format", "--check")


def test_it_goes_together_with_accounts(shop: Path, made_with_api: Path) -> None:
    (shop / ".venv").unlink()
    own_environment(shop, made_with_api)
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
        run(shop, *python, "user", "disable", "ann@example.com")
        assert get(f"{url}/api/v1/loaders", key)[0] == 401


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
        sql = "SELECT DISTINCT region FROM sales"
        call = {"name": "query", "arguments": {"sql": sql}}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{url}/mcp", json.dumps(message).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as response:
            result = json.load(response)["result"]
        assert json.loads(result["content"][0]["text"])["rows"] == [["North"]]


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
    tools, good, bad = asyncio.run(talk(f"{site}/mcp", key))
    assert tools == {"list_data", "chart_rows", "data_rows", "query"}
    assert json.loads(good)["columns"] == ["n"]
    assert "no_such" in bad
