"""Database: tables of the app's own, with SQLAlchemy; Alembic migrates them.

APP_DATABASE_URL or DATABASE_URL is its address; without these, it is the SQLite file
instance/app.sqlite. To add a table: write its class in models.py, run
`flask db revision "add orders"`, read the file that appears in migrations/, and run
`flask db upgrade`. A release does the last step by itself.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from dotenv import load_dotenv
from flask import Flask, current_app, has_app_context
from flask.typing import ResponseReturnValue
from flask_sqlalchemy_lite import SQLAlchemy
from werkzeug.exceptions import HTTPException, ServiceUnavailable

from app import config
from app.blueprints.database.engine import (
    Migrations,
    check_driver,
    engine_settings,
    migration_settings,
    prepare,
)
from app.blueprints.database.models import Model

__all__ = ["Model", "add_migrations", "connect", "db", "migrations", "release", "unavailable"]

db = SQLAlchemy()
migrations = Migrations(db, metadatas=Model.metadata)


def init_app(app: Flask) -> None:
    """Connect the app with its database, and add the command `flask db`."""
    is_test = app.testing or bool(app.config.get("CHECK_TOKEN"))
    settings = _settings(app.config["INSTANCE"] if is_test else None)
    check_driver(settings["url"])
    if is_test:  # tests make many apps, and none closes its pool
        settings["poolclass"] = sa.NullPool
    app.config["SQLALCHEMY_ENGINES"] = {"default": settings}
    app.config["ALEMBIC_CONTEXT"] = migration_settings(settings["url"])
    alembic = app.config.setdefault("ALEMBIC", {})
    alembic["script_location"] = str(Path(__file__).with_name("migrations"))
    alembic["file_template"] = "r%%(rev)s_%%(slug)s"  # the name of a module has no digit in front
    db.init_app(app)
    # To close async sessions, which the app has not, would take a thread for each request.
    functions = app.teardown_appcontext_funcs
    functions[:] = [each for each in functions if not iscoroutinefunction(each)]
    # Whether a function is async need not be asked again in each request, for each that parts add.
    app.ensure_sync = cache(app.ensure_sync)  # type: ignore[method-assign]
    with app.app_context():
        prepare(db.engine)
    migrations.init_app(app)
    app.register_error_handler(sa.exc.OperationalError, _show_unavailable)


def _settings(test_folder: Path | None) -> dict[str, Any]:
    """Return where the database is; tests never see the data of the app."""
    names = ["TEST_DATABASE_URL"] if test_folder else ["APP_DATABASE_URL", "DATABASE_URL"]
    folder = test_folder or config.ROOT / "instance"
    addresses = filter(None, map(os.environ.get, names))
    return engine_settings(next(addresses, folder / "app.sqlite"))


@contextmanager
def connect() -> Iterator[sa.Connection]:
    """Lend a connection to a loader, which may run in a process that has no app."""
    if has_app_context():
        with db.engine.execution_options(only_reads=True).connect() as connection:
            yield connection
        return
    load_dotenv(config.ROOT / ".env")
    is_test = bool(os.environ.get("CHECK_TOKEN"))
    folder = config.ROOT / (os.environ.get("INSTANCE_PATH") or "instance")
    engine = sa.create_engine(**_settings(folder if is_test else None))
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def add_migrations(app: Flask, name: str, folder: Path) -> None:
    """Let a part bring its own tables: the migrations in a folder, the first with the label `name`."""
    locations = app.config.setdefault("ALEMBIC", {}).setdefault("version_locations", [])
    locations.append((name, str(folder)))


def unavailable(error: Exception) -> ServiceUnavailable | None:
    """Return the answer to give if the database does not answer; errors in statements are others."""
    if not isinstance(error, sa.exc.OperationalError) or error.statement is not None:
        return None
    current_app.logger.error("The database does not answer: %s", error.orig)
    return ServiceUnavailable("The database does not answer. Try again.", retry_after=10)


def _show_unavailable(error: sa.exc.OperationalError) -> ResponseReturnValue | HTTPException:
    if (answer := unavailable(error)) is None:
        raise error
    return current_app.handle_http_exception(answer)


def release() -> None:
    """Bring the tables up to date."""
    try:
        db.engine.connect().close()
    except sa.exc.OperationalError as error:
        reason = f"The database {db.engine.url!r} does not answer: {error.orig}"
        raise click.ClickException(reason) from None
    migrations.upgrade()
