"""Accounts, the API and forms together, with their tables on PostgreSQL and MariaDB."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.support.forms import ADD_FORMS
from tests.support.projects import add_parts, run
from tests.support.servers import Server, mariadb, postgresql

TESTS = ("database", "auth", "people", "sign_in", "passkeys", "api", "proxy", "orders", "scans")


@pytest.fixture(scope="module")
def shop(shared_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    urls = ("postgresql://shop@db/shop", "mariadb://shop@db/shop")
    return add_parts(
        shared_project,
        tmp_path_factory.mktemp("servers") / "shop",
        *(("add-database", "--url", url) for url in urls),  # for their drivers
        ["add-auth", "--passkeys", "--proxy-header", "X-Forwarded-User"],
        ["add-api"],
        *ADD_FORMS,
    )


@pytest.mark.parametrize("start", [postgresql, mariadb])
def test_its_own_tests_pass_on_a_server(
    start: Callable[[], AbstractContextManager[Server]],
    shop: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with start() as server:
        # PyMySQL reads all certificates of the machine at each of 1,200 connections, even if the
        # server has no TLS; psycopg does not know the option.
        options = "?ssl_disabled=true" if start is mariadb else ""
        monkeypatch.setenv("TEST_DATABASE_URL", server.url() + options)
        files = [f"tests/test_{name}.py" for name in TESTS]
        assert "passed" in run(shop, "pytest", "-q", "-p", "no:cacheprovider", *files)
        assert "users" in server.log.read_text("utf-8", "replace")
