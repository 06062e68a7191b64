"""Accounts and the API with their tables on PostgreSQL and MariaDB."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.support.fixtures import Cli
from tests.support.projects import copy_project, own_environment, run
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
    flaskdash: Cli,
) -> None:
    root = tmp_path / "shop"
    copy_project(shared_project, root)
    own_environment(root, shared_project)
    monkeypatch.chdir(root)
    flaskdash("add-database", "--url", f"{scheme}://shop@db/shop")
    flaskdash("add-auth", "--proxy-header", "X-Forwarded-User")
    flaskdash("add-api")
    with start() as server:
        monkeypatch.setenv("TEST_DATABASE_URL", server.url())
        files = [f"tests/test_{name}.py" for name in TESTS]
        # Apps that tests make leave the connections of their pools to the end of the process.
        quiet = ["-W", "ignore::pytest.PytestUnraisableExceptionWarning"]
        assert "passed" in run(root, "pytest", "-q", "-p", "no:cacheprovider", *quiet, *files)
        assert "users" in server.log.read_text("utf-8", "replace")
