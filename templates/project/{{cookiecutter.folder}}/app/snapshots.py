"""Snapshots: a loader's result as Parquet in the instance folder, with its state as JSON beside it.

It is rebuilt when the source or the loader changes, or when REFRESH has passed: in the background,
by one process at a time, while the others go on with the last good one. No snapshot is ever written
over: the state names the one that counts, so that to replace the state is to replace both.
"""

from __future__ import annotations

import json
import logging
import os
import time
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import file_digest
from pathlib import Path
from threading import Lock, Thread
from types import ModuleType
from typing import TYPE_CHECKING, Any

from filelock import FileLock
from werkzeug.exceptions import ServiceUnavailable

from app.filters import is_day, is_number, quote

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

log = logging.getLogger(__name__)
CHECK_SECONDS = 1.0
RETRY_SECONDS = 30.0
WAIT_SECONDS = 10.0  # that requests wait for a first snapshot, from when it is begun


@dataclass(frozen=True)
class State:
    """A snapshot's state: when it was built, and how the last try to build it went."""

    signature: str = ""  # of the source, at the last try
    tried: float = 0.0
    built: str = ""  # empty: there is no snapshot yet
    file: str = ""  # of the snapshot, in the folder
    rows: int = 0
    unread: int = 0  # rows that the loader left out
    error: str = ""
    code: str = ""  # of the loader, when it was built
    version: str = ""  # of what pages show: the same in all instances that have read the same


class ColumnsChanged(Exception):
    """The source has lost columns, or has others of that name; the text is safe to show."""


class Snapshots:
    """The loaders' snapshots in a folder: how they stand, and how they are built."""

    def __init__(self, loaders: Mapping[str, ModuleType], folder: Path) -> None:
        self.loaders = loaders
        self.folder = folder
        self._tried: dict[str, State] = {}
        self._builds: dict[str, tuple[Thread, float]] = {}
        self._lock = Lock()
        self._connection: DuckDBPyConnection | None = None
        self._checked = lru_cache(100)(lambda name, _second, _version: self.check(name))

    def state(self, name: str) -> State:
        """Return the state of a snapshot that can be read, or say when to come again."""
        now = time.monotonic()
        state = self._checked(name, now // CHECK_SECONDS, self._version(name))
        if not state.built and name in self._builds:
            build, began = self._builds[name]
            build.join(max(0.0, began + WAIT_SECONDS - now))
            state = self.peek(name)
        if not state.built:
            wait = max(1, round(state.tried + RETRY_SECONDS - time.time()))
            why = f"failed ({state.error}: see the log)" if state.error else "is still reading"
            message = f"The loader {name} {why}. Try again in {wait} s."
            raise ServiceUnavailable(message, retry_after=wait)
        return state

    def check(self, name: str) -> State:
        """Return a snapshot's state; begin to build it where it is missing or old."""
        state = self.peek(name)
        if self._stale(name, state):
            with self._lock:
                if name not in self._builds or not self._builds[name][0].is_alive():
                    build = Thread(target=self.build, args=[name], daemon=True)
                    build.start()
                    self._builds[name] = build, time.monotonic()
        return state

    def peek(self, name: str) -> State:
        """Return a snapshot's state: that of the last try, in whatever process it was."""
        try:
            state = State(**json.loads((self.folder / f"{name}.json").read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            state = State()
        state = max(state, self._tried.get(name, state), key=lambda each: each.tried)
        return state if self._is_whole(state) or not state.built else State()

    def build(self, name: str, force: bool = False) -> State:
        """Build a snapshot, unless another process was quicker; remember how that went."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / f"{name}.lock"):
            state, signature = self.peek(name), self._signature(name)
            if not (force or self._stale(name, state)):
                return state
            code = signature.partition(" ")[0]
            for old in {*self.folder.glob(f"{name}.*.parquet")} - {self.folder / state.file}:
                with suppress(OSError):  # Windows keeps one that is being read
                    old.unlink()
            path = self.folder / f"{name}.{time.time_ns()}.parquet"
            try:
                with warnings.catch_warnings(record=True) as told:
                    warnings.simplefilter("always")
                    result = self.loaders[name].load()
                    rows, digest = self._write(path, result, state if state.code == code else None)
                for each in told:
                    log.warning("loader %s: %s", name, each.message)
                unread = sum(str(each.message).count("Skipping line") for each in told)
                now, built = time.time(), datetime.now(UTC).isoformat()
                version = f"{digest} {unread} {now // self.loaders[name].LASTS:.0f}"
                state = State(signature, now, built, path.name, rows, unread, "", code, version)
            except (Exception, SystemExit) as failure:
                log.exception("loader %s failed", name)
                error = type(failure).__name__  # its text may hold a password: the log has it
                if isinstance(failure, ColumnsChanged):
                    error = str(failure)
                path.unlink(missing_ok=True)
                state = replace(state, signature=signature, tried=time.time(), error=error)
            self._tried[name] = state
            temporary = self.folder / f"{name}.json.tmp"
            with suppress(OSError):  # on a full disk, this process remembers it
                temporary.write_text(json.dumps(asdict(state)), "utf-8")
                temporary.replace(self.folder / f"{name}.json")
            return state

    def _version(self, name: str) -> tuple[int, int]:
        """Return what changes with each state of a loader."""
        with suppress(OSError):  # before the first
            # A Path would take as long as a cached answer.
            stat = os.stat(f"{self.folder}/{name}.json")  # noqa: PTH116
            return stat.st_mtime_ns, stat.st_ino
        return 0, 0

    def cursor(self) -> DuckDBPyConnection:
        with self._lock:
            if self._connection is None:  # not before: it would not survive gunicorn's fork
                import duckdb

                self._connection = duckdb.connect(config={"autoinstall_known_extensions": False})
            return self._connection.cursor()

    def _stale(self, name: str, state: State) -> bool:
        lasts = RETRY_SECONDS if state.error else self.loaders[name].LASTS
        return time.time() - state.tried > lasts or state.signature != self._signature(name)

    def _signature(self, name: str) -> str:
        signature = ""
        for path in filter(None, (self.loaders[name].__file__, self.loaders[name].SOURCE)):
            with suppress(OSError):  # no such file, or an address
                for file in (Path(path), *sorted(Path(path).glob("*"))):  # a folder holds several
                    stat = file.stat()
                    signature += f"{stat.st_mtime_ns}-{stat.st_size} "
        return signature

    def _write(self, path: Path, result: Any, before: State | None) -> tuple[int, str]:
        """Write a DataFrame, or a DuckDB relation, as a snapshot; return its rows and a digest.

        A loader that is as it was must return what it did: who saves its file accepts the change.
        """
        with self.cursor() as cursor:
            relation = result if hasattr(result, "write_parquet") else cursor.from_df(result)
            # Larger than zstd by half, and asked in two thirds of the time.
            relation.write_parquet(str(path), compression="lz4_raw")
            written = cursor.read_parquet(str(path))
            if before and self._is_whole(before):
                old = cursor.read_parquet(str(self.folder / before.file))
                if changes := _changes(old, written):
                    raise ColumnsChanged("; ".join(changes)[:300])
            rows = written.count("*").fetchall()[0][0]
        with path.open("rb+") as file:
            os.fsync(file.fileno())  # a power loss leaves the old snapshot or the new one
            return int(rows), file_digest(file, "blake2b").hexdigest()[:16]

    def _is_whole(self, state: State) -> bool:
        """Tell whether a snapshot is there, to its last bytes."""
        with suppress(OSError), (self.folder / state.file).open("rb") as file:
            file.seek(-4, os.SEEK_END)
            return file.read() == b"PAR1"
        return False


def _changes(old: DuckDBPyRelation, new: DuckDBPyRelation) -> list[str]:
    """Return in words which columns are gone, or of another kind: numbers and days are one each."""

    def kind(name: str) -> str:
        return "day" if is_day(name) else "number" if is_number(name) else name

    types = dict(zip(new.columns, map(str, new.types), strict=True))
    found = []
    for name, was in zip(old.columns, map(str, old.types), strict=True):
        if name not in types:
            found.append(f"{name} is gone")
        elif kind(was) != kind(types[name]):
            filled = [one.count(quote(name)).fetchall()[0][0] for one in (old, new)]
            if all(filled):  # a column without values is of no type
                found.append(f"{name} was {was}, is {types[name]}")
    return found
