"""Engine: how the app connects to its database, and how the tables are migrated."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from alembic.script import Script
from filelock import FileLock
from flask import has_request_context, request
from flask_alembic import Alembic
from flask_sqlalchemy_lite import SQLAlchemy

DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}
DRIVERS |= {"mysql": "mysql+pymysql", "mariadb": "mysql+pymysql"}
PACKAGES = {"psycopg": "psycopg[binary]", "MySQLdb": "mysqlclient"}  # by the module that is missing
LOCK = 7_420_115  # any number, by which PostgreSQL knows the lock of migrations
LOCK_SECONDS = 600
POSTGRESQL_LOCK = f"SELECT pg_advisory_lock({LOCK})"
MARIADB_LOCK = f"SELECT GET_LOCK('migrations', {LOCK_SECONDS})"


def engine_settings(address: str | Path) -> dict[str, Any]:
    """Return the arguments of create_engine() for an address, or for the path of an SQLite file."""
    if isinstance(address, Path):
        address.parent.mkdir(parents=True, exist_ok=True)
        return {"url": sa.URL.create("sqlite", database=str(address))}
    url = sa.make_url(address)
    url = url.set(drivername=DRIVERS.get(url.drivername, url.drivername))
    return {"url": url, "pool_pre_ping": True}  # the database may have been away


def check_driver(url: sa.URL) -> None:
    """Raise an error that commands show as one line if a package for this address is missing."""
    try:
        url.get_dialect().import_dbapi()
    except ModuleNotFoundError as error:
        package = PACKAGES.get(error.name or "", error.name)
        reason = f"The address {url!r} needs a package. Run: uv add '{package}'"
        raise click.ClickException(reason) from None


def migration_settings(url: sa.URL) -> dict[str, Any]:
    """Return what Alembic has to know: with prepare(), SQLite undoes a migration that fails."""
    is_sqlite = url.get_backend_name() == "sqlite"
    # SQLite cannot change a column: Alembic copies the table.
    return {"transactional_ddl": True, "render_as_batch": True} if is_sqlite else {}


def prepare(engine: sa.Engine) -> None:
    """Let SQLite read while it writes, check foreign keys, and undo what fails."""
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _set_up)
        sa.event.listen(engine, "begin", _begin)


def _set_up(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # else Python would commit before each CREATE TABLE
    for pragma in ("busy_timeout = 5000", "journal_mode = WAL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sa.Connection) -> None:
    """Begin a transaction: one that may write waits for its turn here, where it still can."""
    is_loader = connection.get_execution_options().get("only_reads", False)
    only_reads = is_loader or (has_request_context() and request.method in {"GET", "HEAD"})
    connection.exec_driver_sql("BEGIN" if only_reads else "BEGIN IMMEDIATE")


class Migrations(Alembic):
    """Migrations of all parts: one process at a time, and without those of removed parts."""

    def __init__(self, db: SQLAlchemy, **options: Any) -> None:
        super().__init__(run_mkdir=False, **options)
        # Each command that looks at the tables would say which engine there is.
        log = logging.getLogger("alembic.runtime.migration")
        log.addFilter(lambda record: "Running" in record.getMessage() or record.levelno > logging.INFO)
        self.db = db

    def upgrade(self, target: int | str | Script = "heads") -> None:
        """Run the migrations that the database lacks, up to `target`."""
        with self._alone():
            self._forget_removed()
            super().upgrade(target)

    def _forget_removed(self) -> None:
        """Forget the revisions of parts that were removed; their tables stay."""
        known = {script.revision for script in self.script_directory.walk_revisions()}
        with self.db.engine.begin() as connection:
            if sa.inspect(connection).has_table("alembic_version"):
                version = sa.table("alembic_version", sa.column("version_num"))
                outdated = version.c.version_num.not_in(known)
                connection.execute(sa.delete(version).where(outdated))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Wait until no other instance of the app migrates this database."""
        url = self.db.engine.url
        if url.get_backend_name() == "sqlite":
            with FileLock(f"{url.database}.lock"):
                yield
            return
        is_postgresql = url.get_backend_name() == "postgresql"
        with self.db.engine.connect() as connection:  # it holds the lock until it is closed
            connection.exec_driver_sql(POSTGRESQL_LOCK if is_postgresql else MARIADB_LOCK)
            try:
                yield
            finally:
                connection.invalidate()
