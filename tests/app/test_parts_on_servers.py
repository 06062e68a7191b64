"""Accounts and the API with their tables on PostgreSQL and MariaDB."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.support.projects import add_parts, run
from tests.support.servers import Server, mariadb, postgresql

TESTS = ("database", "auth", "people", "sign_in", "api", "proxy")


@pytest.mark.parametrize(
    ("start", "scheme"), [(postgresql, "postgresql"), (mariadb, "mariadb")], ids=["pg", "mariadb"]
)
def test_its_own_tests_pass_on_a_server(
    start: Callable[[], AbstractContextManager[Server]],
    scheme: str,
    shared_project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = add_parts(
        shared_project,
        tmp_path / "shop",
        ["add-database", "--url", f"{scheme}://shop@db/shop"],
        ["add-auth", "--proxy-header", "X-Forwarded-User"],
        ["add-api"],
    )
    with start() as server:
        monkeypatch.setenv("TEST_DATABASE_URL", server.url())
        files = [f"tests/test_{name}.py" for name in TESTS]
        assert "passed" in run(root, "pytest", "-q", "-p", "no:cacheprovider", *files)
        assert "users" in server.log.read_text("utf-8", "replace")
