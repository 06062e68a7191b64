"""A project with tables of its own: on SQLite, PostgreSQL and MariaDB, and when migrations fail."""

from __future__ import annotations

import sqlite3
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest

from tests.support.projects import add_parts, run
from tests.support.servers import Server, mariadb, postgresql
from tests.support.web import serving

ADDRESS = "postgresql://shop:secret@127.0.0.1/shop"
ADD = """
from app.blueprints.database import db
from app.blueprints.database.models import Remark
from flask import request

@pages.post("/remarks")
def add_remark() -> str:
    db.session.add(Remark(chart="sales", text=request.get_data(as_text=True)))
    db.session.commit()
    return "added"
"""
FAILING = '''
"""Fail midway."""

import sqlalchemy as sa
from alembic import op

revision = "failing"
down_revision = "remarks"


def upgrade() -> None:
    """Drop what people wrote, then fail."""
    op.drop_table("remarks")
    op.create_table("half", sa.Column("id", sa.Integer(), primary_key=True))
    op.execute("SELECT no_such_function()")


def downgrade() -> None:
    """Nothing."""
'''


@pytest.fixture(scope="module")
def stocked(shared_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with the part `database`, and the drivers of servers."""
    addresses = ("postgresql://shop@db/shop", "mariadb://shop@db/shop")
    commands = [("add-database", "--url", address) for address in addresses]
    root = add_parts(shared_project, tmp_path_factory.mktemp("database") / "shop", *commands)
    (root / ".env").write_text("SECRET_KEY=test\n", "utf-8")
    with (root / "app/pages.py").open("a", encoding="utf-8") as pages:
        pages.write(ADD)
    return root


@pytest.fixture(scope="module", params=[postgresql, mariadb])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    start: Callable[[], AbstractContextManager[Server]] = request.param
    with start() as running:
        yield running


def post(url: str, text: str) -> None:
    with urllib.request.urlopen(url, text.encode(), timeout=60) as answer:
        assert answer.status == 200


def remarks(root: Path) -> list[str]:
    with closing(sqlite3.connect(root / "instance/app.sqlite")) as connection:
        return [text for (text,) in connection.execute("SELECT text FROM remarks ORDER BY id")]


def test_its_own_tests_and_checks_pass(shop: Path) -> None:
    (shop / "app/pages.py").write_text(
        (shop / "app/pages.py").read_text("utf-8").removesuffix(ADD), "utf-8"
    )
    assert "passed" in run(shop, "pytest", "-q", "tests/test_database.py", "tests/test_app.py")
    run(shop, "mypy")
    run(shop, "ruff", "check")
    run(shop, "ruff", "format", "--check")


def test_its_own_tests_pass_on_a_server(
    shop: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_DATABASE_URL", server.url())
    assert "passed" in run(shop, "pytest", "-q", "tests/test_database.py")


def test_a_missing_driver_is_named(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_DATABASE_URL", "mysql+mysqldb://ann:s3cret@127.0.0.1/shop")
    command = [".venv/bin/python", "-m", "flask", "release"]
    release = subprocess.run(command, cwd=shop, capture_output=True, text=True, check=False)
    assert release.returncode == 1
    assert release.stderr.endswith("needs a package. Run: uv add 'mysqlclient'\n")
    assert "Traceback" not in release.stderr
    assert "s3cret" not in release.stderr


def test_tables_are_there_before_the_first_request(shop: Path) -> None:
    with serving(shop, SECRET_KEY="test") as url:
        post(f"{url}/remarks", "first")
    with serving(shop, SECRET_KEY="test") as url:
        post(f"{url}/remarks", "second")
    assert remarks(shop) == ["first", "second"]


def test_tables_are_in_the_database_of_the_address(shop: Path, server: Server) -> None:
    with serving(shop, SECRET_KEY="test", DATABASE_URL=server.url()) as url:
        post(f"{url}/remarks", "on a server")
    assert not (shop / "instance/app.sqlite").exists()


def test_a_migration_that_fails_loses_nothing(shop: Path) -> None:
    with serving(shop, SECRET_KEY="test") as url:
        post(f"{url}/remarks", "precious")
    failing = shop / "app/blueprints/database/migrations/failing.py"
    failing.write_text(FAILING, "utf-8")
    command = [shop / ".venv/bin/python", "-m", "gunicorn", "app:create_app()"]
    ended = subprocess.run(command, cwd=shop, capture_output=True, text=True, timeout=100)
    assert ended.returncode != 0
    assert "no_such_function" in ended.stderr
    assert remarks(shop) == ["precious"]
    failing.unlink()
    with serving(shop, SECRET_KEY="test") as url:
        post(f"{url}/remarks", "and on")
    assert remarks(shop) == ["precious", "and on"]


def test_instances_that_start_together_migrate_once(shop: Path, server: Server) -> None:
    command = [shop / ".venv/bin/python", "-m", "flask", "release"]
    env = {"SECRET_KEY": "test", "DATABASE_URL": server.url(), "PATH": "/usr/bin:/bin"}
    started = [
        subprocess.Popen(command, cwd=shop, env=env, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for process in started:
        _, errors = process.communicate(timeout=100)
        assert process.returncode == 0, errors
