"""Parts: add-database and add-redis write files and add packages; remove takes all of it away."""

from __future__ import annotations

import json
import sqlite3
import stat
from contextlib import closing
from pathlib import Path, PurePosixPath

import pytest

from flaskdash.generate import render
from flaskdash.project import Project, dotenv
from tests.support.fixtures import Cli
from tests.support.projects import snapshot

TABLE = "CREATE TABLE orders (id INT, price REAL); INSERT INTO orders VALUES (1, 2.5), (2, 3.5);"
MODELS = "app/blueprints/database/models.py"


@pytest.mark.parametrize("command", ["add-database", "add-redis", "add-auth"])
def test_a_part_is_removed_without_a_trace(made: Path, flaskdash: Cli, command: str) -> None:
    before = snapshot(made)
    assert "create    app/" in flaskdash(command).output
    assert snapshot(made) != before
    flaskdash("remove", command.removeprefix("add-"))
    assert snapshot(made) == before


def test_a_part_is_added_once(made: Path, flaskdash: Cli) -> None:
    flaskdash("add-database")
    once = snapshot(made)
    assert f"identical {MODELS}" in flaskdash("add-database").output
    assert snapshot(made) == once
    flaskdash("remove", "database")
    assert not (made / "app/blueprints/database").exists()
    assert "flask-alembic" not in (made / "pyproject.toml").read_text("utf-8")


def test_a_dry_run_writes_nothing(made: Path, flaskdash: Cli) -> None:
    before = snapshot(made)
    result = flaskdash("add-database", "--dry-run", "--url", "postgresql://ann:pw@db/shop")
    assert f"create    {MODELS}" in result.output
    assert "psycopg" in result.output
    assert snapshot(made) == before


def test_the_address_of_a_database_is_a_secret(made: Path, flaskdash: Cli) -> None:
    address = "postgresql://ann:p%40ss'w$rd@db.example.org/shop"
    assert "p%40ss" not in flaskdash("add-database", "--url", address).output
    assert "p%40ss" in dotenv(made / ".env")["DATABASE_URL"]
    assert stat.S_IMODE((made / ".env").stat().st_mode) == 0o600
    assert "psycopg[binary]>=3.2" in Project.find(made).dependencies()
    flaskdash("add-database", "--url", "mariadb://ann@db/other")
    assert dotenv(made / ".env")["APP_DATABASE_URL"] == "mariadb://ann@db/other"
    result = flaskdash("add-database", "--url", "mariadb://ann@db/third", code=1)
    assert "other addresses already" in result.output


def test_tables_do_not_go_into_the_database_of_the_data(
    made: Path, flaskdash: Cli, tmp_path: Path
) -> None:
    source = tmp_path / "orders.db"
    with closing(sqlite3.connect(source)) as connection:
        connection.executescript(TABLE)
    flaskdash("add-data", f"sqlite:///{source}", "--table", "orders")
    assert "Say where they go" in flaskdash("add-database", code=1).output
    flaskdash("add-database", "--url", "sqlite:///app.sqlite")
    assert dotenv(made / ".env")["APP_DATABASE_URL"] == "sqlite:///app.sqlite"


def test_data_does_not_get_the_address_of_the_tables(
    made: Path, flaskdash: Cli, tmp_path: Path
) -> None:
    source = tmp_path / "orders.db"
    with closing(sqlite3.connect(source)) as connection:
        connection.executescript(TABLE)
    flaskdash("add-database")
    flaskdash("add-data", f"sqlite:///{source}", "--table", "orders")
    assert "DATABASE_URL" not in dotenv(made / ".env")


@pytest.mark.parametrize("address", ["mongodb://db/shop", "redis://db", "https://example.org/db"])
def test_an_address_of_no_database_is_refused(made: Path, flaskdash: Cli, address: str) -> None:
    before = snapshot(made)
    assert "no database" in flaskdash("add-database", "--url", address, code=1).output
    assert snapshot(made) == before


def test_what_its_owner_changed_stays(made: Path, flaskdash: Cli) -> None:
    flaskdash("add-database")
    with (made / MODELS).open("a", encoding="utf-8") as models:
        models.write("\n# mine\n")
    migration = made / "app/blueprints/database/migrations/orders.py"
    migration.write_text("revision = 'orders'\n", "utf-8")
    before = snapshot(made)
    output = flaskdash("remove", "database", code=1).output
    assert f"{MODELS} was edited" in output
    assert "orders.py is yours" in output
    assert snapshot(made) == before
    flaskdash("remove", "database", "--force")
    assert migration.exists()
    assert not (made / MODELS).exists()


def test_a_part_that_another_needs_stays(made: Path, flaskdash: Cli) -> None:
    flaskdash("add-database")
    record = made / ".flaskdash/parts/forms.json"
    record.write_text(json.dumps({"files": ["app/x.py"], "needs": ["database"]}), "utf-8")
    assert "Remove forms first" in flaskdash("remove", "database", code=1).output
    assert (made / MODELS).exists()


def test_a_part_takes_what_came_with_it(made: Path, flaskdash: Cli) -> None:
    flaskdash("add-auth")
    assert "Remove auth first" in flaskdash("remove", "database", code=1).output
    with (made / "app/pages.py").open("a", encoding="utf-8") as pages:
        pages.write("\nfrom app.blueprints.database import db\n")
    before = snapshot(made / "app/blueprints/database")
    assert "keep      database" in flaskdash("remove", "auth").output
    assert snapshot(made / "app/blueprints/database") == before
    assert not (made / "app/blueprints/accounts").exists()


def test_a_database_that_was_there_stays(made: Path, flaskdash: Cli) -> None:
    flaskdash("add-database")
    before = snapshot(made)
    flaskdash("add-auth")
    flaskdash("add-auth")
    flaskdash("remove", "auth")
    assert snapshot(made) == before


def test_a_provider_needs_accounts(made: Path, flaskdash: Cli) -> None:
    before = snapshot(made)
    flaskdash("add-auth", "--oidc")
    assert "Remove oidc first" in flaskdash("remove", "auth", code=1).output
    flaskdash("remove", "oidc")
    flaskdash("remove", "auth")
    assert snapshot(made) == before


def test_users_need_accounts(made: Path, flaskdash: Cli) -> None:
    result = flaskdash("user", "list", code=1)
    assert "flaskdash add-auth" in result.output


def test_packages_that_other_code_uses_stay(made: Path, flaskdash: Cli) -> None:
    flaskdash("add-database")
    with (made / "app/helpers.py").open("a", encoding="utf-8") as helpers:
        helpers.write("\nimport sqlalchemy\n")
    flaskdash("remove", "database")
    dependencies = " ".join(Project.find(made).dependencies())
    assert "sqlalchemy>=" in dependencies
    assert "flask-alembic" not in dependencies


def test_an_older_project_is_refused(made: Path, flaskdash: Cli) -> None:
    (made / "app/blueprints/__init__.py").unlink()
    (made / "app/blueprints").rmdir()
    assert "made by an older flaskdash" in flaskdash("add-database", code=1).output


def test_a_migration_is_written_after_its_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafted = tmp_path / "drafted"
    written: list[PurePosixPath] = []
    names = ("app/orders/migrations/create.py", "app/orders/models.py", "data/orders.csv")
    for name in names:
        (drafted / name).parent.mkdir(parents=True, exist_ok=True)
        (drafted / name).write_text("", "utf-8")
    monkeypatch.setattr(render, "_write", lambda drafted, root, paths: written.extend(paths))
    render.place(drafted, tmp_path / "project", lambda line: None)
    assert [str(path) for path in written] == [names[2], names[1], names[0]]
