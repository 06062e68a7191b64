"""Data: loader -> snapshot -> query -> a small DataFrame.

A snapshot is a loader's result as Parquet in the instance folder, with its state as JSON beside it.
It is rebuilt when the source or the loader changes: by one process at a time, while the others go
on with the last good one.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from threading import Lock, Thread
from types import ModuleType
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from app.filters import Filter, quote, where

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from pandas import DataFrame

log = logging.getLogger(__name__)
CHECK_SECONDS = 1.0
RETRY_SECONDS = 30.0
MOST_CHOICES = 500


@dataclass(frozen=True)
class State:
    """A snapshot's state: the source that it was last built or tried from, and how that went."""

    signature: str
    built: str
    rows: int
    error: str = ""
    failed: float = 0.0


class Data:
    """The loaders' snapshots, and queries over them."""

    def __init__(self, loaders: Mapping[str, ModuleType], folder: Path) -> None:
        self.loaders = loaders
        self.folder = folder
        self._checked: dict[str, tuple[float, State]] = {}
        self._refreshing: set[str] = set()
        self._lock = Lock()
        self._connection: DuckDBPyConnection | None = None
        self._columns = lru_cache(100)(self._describe)
        self._facts = lru_cache(1000)(self._ask)

    def state(self, name: str) -> State:
        """Return a snapshot's state; build it where it is missing, refresh it where it is old."""
        now = time.monotonic()
        checked, state = self._checked.get(name, (0.0, None))
        if state is None or now - checked > CHECK_SECONDS:
            state = self.peek(name) or self._build(name)
            if self._stale(name, state):
                self.refresh(name)
            self._checked[name] = now, state
        return state

    def peek(self, name: str) -> State | None:
        """Return the state of a snapshot that is there."""
        try:
            state = State(**json.loads(self._file(name, "json").read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return state if self._file(name, "parquet").exists() else None

    def query(self, name: str, sql: str, filters: Iterable[Filter] = ()) -> DataFrame:
        """Run SQL that names the loader as its table, over the rows that pass the filters."""
        clause, values = where(filters, self.columns(name))
        rows = f"{quote(name)} AS (SELECT * FROM read_parquet($snapshot){clause})"
        inner = re.match(r"\s*WITH\s+(RECURSIVE\s+)?", sql, re.IGNORECASE)
        if inner:
            text = f"WITH {inner[1] or ''}{rows}, {sql[inner.end() :]}"
        else:
            text = f"WITH {rows} {sql}"
        with self._cursor() as cursor:
            return cursor.execute(text, values | {"snapshot": self._path(name)}).df()

    def columns(self, name: str) -> dict[str, str]:
        """Return the SQL type of each column."""
        return self._columns(name, self.state(name).built)

    def choices(self, name: str, column: str) -> list[str]:
        """Return the values of a column as text, in their order; at most 500."""
        value = quote(column)
        sql = f"""SELECT CAST({value} AS VARCHAR) AS choice FROM {quote(name)}
            WHERE {value} IS NOT NULL GROUP BY {value} ORDER BY {value} LIMIT {MOST_CHOICES}"""
        return list(self._facts(name, self.state(name).built, sql)["choice"])

    def days(self, name: str, column: str) -> tuple[str, str]:
        """Return the first and the last day of a column."""
        sql = f"SELECT min({quote(column)}), max({quote(column)}) FROM {quote(name)}"
        first, last = self._facts(name, self.state(name).built, sql).iloc[0]
        return str(first)[:10], str(last)[:10]

    def _ask(self, name: str, _built: str, sql: str) -> DataFrame:
        return self.query(name, sql)

    def _describe(self, name: str, _built: str) -> dict[str, str]:
        with self._cursor() as cursor:
            rows = cursor.read_parquet(self._path(name))
            return dict(zip(rows.columns, map(str, rows.types), strict=True))

    def _cursor(self) -> DuckDBPyConnection:
        with self._lock:
            if self._connection is None:  # not before: it would not survive gunicorn's fork
                import duckdb

                self._connection = duckdb.connect(config={"autoinstall_known_extensions": False})
            return self._connection.cursor()

    def _stale(self, name: str, state: State) -> bool:
        retry = bool(state.error) and time.time() - state.failed > RETRY_SECONDS
        return retry or state.signature != self._signature(name)

    def _signature(self, name: str) -> str:
        loader = self.loaders[name]
        paths = [Path(loader.SOURCE), Path(str(loader.__file__))]
        stats = [path.stat() for path in paths if path.exists()]
        return " ".join(f"{stat.st_mtime_ns}-{stat.st_size}" for stat in stats)

    def refresh(self, name: str) -> None:
        """Start to rebuild a snapshot in the background, unless that is under way."""
        with self._lock:
            if name in self._refreshing:
                return
            self._refreshing.add(name)

        def build() -> None:
            try:
                self._build(name)
            finally:
                self._checked.pop(name, None)
                self._refreshing.discard(name)

        Thread(target=build, name=f"refresh {name}", daemon=True).start()

    def _build(self, name: str) -> State:
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self._file(name, "lock")):
            state = self.peek(name)
            if state and not self._stale(name, state):
                return state  # another process was quicker
            signature = self._signature(name)
            try:
                rows = self._write(name, self.loaders[name].load())
                state = State(signature, datetime.now(UTC).isoformat(), rows)
            except Exception as error:
                log.exception("loader %s failed", name)
                if state is None:
                    raise
                name_of_it = type(error).__name__  # its text may hold a password: the log has it
                state = replace(state, signature=signature, error=name_of_it, failed=time.time())
            temporary = self._file(name, "json.tmp")
            temporary.write_text(json.dumps(asdict(state)), "utf-8")
            temporary.replace(self._file(name, "json"))
            return state

    def _write(self, name: str, result: Any) -> int:
        """Write a DataFrame, or a DuckDB relation, as the snapshot; return its number of rows."""
        temporary = self._file(name, "parquet.tmp")
        with self._cursor() as cursor:
            relation = result if hasattr(result, "write_parquet") else cursor.from_df(result)
            relation.write_parquet(str(temporary), compression="zstd")
            rows = cursor.read_parquet(str(temporary)).count("*").fetchall()[0][0]
        temporary.replace(self._path(name))
        return int(rows)

    def _path(self, name: str) -> str:
        return str(self._file(name, "parquet"))

    def _file(self, name: str, suffix: str) -> Path:
        return self.folder / f"{name}.{suffix}"
