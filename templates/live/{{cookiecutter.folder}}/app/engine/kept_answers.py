"""Kept answers: what a database answered last, for when it can't be reached."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from uuid import uuid4

import sqlalchemy as sa
from werkzeug.exceptions import ServiceUnavailable

from app.engine.database import DatabaseError, Statement, Table, moments
from app.engine.models import State

if TYPE_CHECKING:
    from pandas import DataFrame

log = logging.getLogger(__name__)
RETRY_SECONDS = 10.0  # until a database that could not be reached is tried again
PAUSE_SECONDS = 60.0  # until a query that failed by itself is tried again
MOST_KEPT = 300  # answers; those to no filters go last


class KeptAnswers:
    """The answers of a table's database; while it can't be reached, the last ones with their age."""

    def __init__(self, name: str, table: Table, folder: Path) -> None:
        self.name, self.table, self.folder = name, table, folder
        self._error = ""
        self._is_down = False
        self._since = 0.0  # the age of the oldest answer that was used while the database failed
        self._next_try = 0.0
        self._failed: dict[str, float] = {}  # until when each query is not tried again

    def state(self, max_age: float) -> State:
        """Return how fresh answers are, and what failed, if anything did."""
        now = time.time()
        if self._error and time.monotonic() > self._next_try:
            self._next_try = time.monotonic() + RETRY_SECONDS
            Thread(target=self._retry, daemon=True).start()
        is_stale = self._error and (self._since or self._is_down)
        moment = self._since if is_stale else now - now % max_age
        built = datetime.fromtimestamp(moment, UTC).isoformat() if moment else ""
        return State(built=built, error=self._error)

    def ask(
        self,
        statement: Statement,
        is_filtered: bool = False,
        is_kept: Callable[[], bool] = lambda: True,
    ) -> DataFrame:
        """Return the database's answer or, if it gives none, its last one to the same statement."""
        compiled = statement.compile()
        text = f"{os.environ.get(self.table.variable)} {compiled} {compiled.params}"
        digest = blake2b(text.encode("utf-8", "replace"), digest_size=12).hexdigest()
        path = self.folder / f"{'filtered' if is_filtered else 'all'}-{digest}.parquet"
        if not self._is_down and time.monotonic() >= self._failed.get(digest, 0.0):
            try:
                frame = self._run(statement)
            except DatabaseError as error:
                self._note(str(error))
                self._failed[digest] = time.monotonic() + PAUSE_SECONDS
            else:
                with suppress(OSError):  # on a full disk it is not kept
                    if is_kept():
                        self._keep(path, frame)
                return frame
        self._error = DatabaseError.__name__
        if not path.exists():
            message = f"The database of {self.name} gave no answer; the log says why."
            raise ServiceUnavailable(message, retry_after=int(PAUSE_SECONDS))
        self._since = min(self._since, path.stat().st_mtime)
        return _read(path)

    def _run(self, statement: Statement) -> DataFrame:
        """Run a statement; return its rows in the types that a snapshot would have."""
        import pandas as pd

        with self.table.connection() as connection:
            result = connection.execute(statement)
            frame = pd.DataFrame(result.fetchall(), columns=list(result.keys()))
        for name in frame:
            values = frame[name]
            kind = pd.api.types.infer_dtype(values, skipna=True)
            is_day = self.table.columns.get(str(name), "").startswith(("DATE", "TIMESTAMP"))
            if kind.startswith("date") or (kind == "string" and is_day):
                frame[name] = moments(values)
            elif kind == "decimal":
                frame[name] = values.astype("float64")
            elif values.dtype == object and kind not in {"boolean", "empty"}:
                frame[name] = values.map(str, na_action="ignore")
        return frame

    def _note(self, failure: str) -> None:
        """Find out whether a query failed by itself, or the database can't be reached."""
        log.error("%s: %s", self.name, failure)
        self._is_down = not self._can_connect()
        self._next_try = time.monotonic() + RETRY_SECONDS
        if not self._error:
            times = [path.stat().st_mtime for path in self.folder.glob("*.parquet")]
            self._since = max(times, default=0.0)

    def _retry(self) -> None:
        if self._can_connect():
            self._error, self._is_down = "", False
            now = time.monotonic()
            self._failed = {k: v for k, v in list(self._failed.items()) if v > now}

    def _can_connect(self) -> bool:
        try:
            with self.table.connection() as connection:
                connection.execute(sa.select(1))
        except DatabaseError:
            return False
        return True

    def _keep(self, path: Path, frame: DataFrame) -> None:
        import duckdb

        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.stem}.{uuid4().hex}")
        with duckdb.connect() as connection:
            connection.from_df(frame).write_parquet(str(temporary))
        temporary.replace(path)
        files = sorted(self.folder.iterdir(), key=_rank)
        for old in files[:-MOST_KEPT]:
            old.unlink(missing_ok=True)


def _rank(file: Path) -> tuple[bool, float]:
    """Return the order in which answers are deleted: every dashboard needs those to no filters."""
    return file.match("all-*.parquet"), file.stat().st_mtime


def _read(path: Path) -> DataFrame:
    import duckdb

    with duckdb.connect() as connection:
        frame: DataFrame = connection.read_parquet(str(path)).df()
    return frame
