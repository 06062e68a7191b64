"""Accounts, the API and forms together, with their tables on PostgreSQL and MariaDB."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.support.forms import ADD_FORMS
from tests.support.projects import add_parts, inside, run
from tests.support.servers import Server, mariadb, postgresql
from tests.support.web import fetch, serving

SIGN_IN = """
from app.blueprints.accounts import sessions
from app.blueprints.accounts.models import Session, User
from app.blueprints.database import db

with flask_app.app_context():
    ann = User(email="ann@example.com", role="admin")
    db.session.add(Session(id=sessions.digest("sent"), user=ann, address="", agent=""))
    db.session.commit()
"""
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


def test_a_database_that_goes_away_comes_back(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Meanwhile, pages say so; then those who were signed in go on."""
    pages = ("/", "/people", "/orders/", "/charts/revenue-by-region/data.json")
    cookie = {"Cookie": "__Host-sign-in=sent"}
    with postgresql() as server:
        monkeypatch.setenv("APP_DATABASE_URL", server.url())

        def statuses(url: str) -> set[int]:
            return {fetch(url + path, **cookie)[0] for path in pages for _ in range(2)}

        with serving(shop, SECRET_KEY="test") as url:
            inside(shop, SIGN_IN)
            assert statuses(url) == {200}
            server.kill()
            assert statuses(url) == {503}
            assert b"The database does not answer" in fetch(f"{url}/people", **cookie)[1]
            assert fetch(f"{url}/up")[0] == fetch(f"{url}/static/theme.css")[0] == 200
            server.start()
            assert statuses(url) == {200}
