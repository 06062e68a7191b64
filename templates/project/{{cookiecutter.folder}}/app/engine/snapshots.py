"""Snapshots: a loader's result as Parquet in the instance folder, with its state as JSON beside it.

A snapshot is built anew when its source or its loader changes, or when REFRESH has passed: in the
background, by one process at a time, while the others use the last good one. No snapshot is ever
overwritten: the state names the current one, so to replace the state is to replace both at once.
"""

from __future__ import annotations

import logging
import os
import time
import warnings
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import file_digest
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from filelock import FileLock
from flask import current_app
from werkzeug.exceptions import ServiceUnavailable

from app.engine import reader
from app.engine.connection import cursor
from app.engine.filters import is_day, is_number, quote
from app.engine.models import Loader, State

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

log = logging.getLogger(__name__)
CHECK_SECONDS = 1.0
RETRY_SECONDS = 30.0
WAIT_SECONDS = 10.0  # that requests wait for a first snapshot, from the start of its build


class ColumnsChanged(Exception):
    """The source has lost columns, or their types changed; the message is safe to show."""


class Snapshot:
    """A loader's snapshot: how it stands, and how it is built."""

    def __init__(self, loader: Loader, folder: Path) -> None:
        self.loader = loader
        self.folder = folder
        self._last_attempt = State()
        self._build: Thread | None = None
        self._build_started = 0.0
        self._starting = Lock()
        self._is_frozen = False
        self._checked = lru_cache(1)(lambda _second, _version: self.check())

    def state(self) -> State:
        """Return the state of a readable snapshot; raise ServiceUnavailable if there is none."""
        now = time.monotonic()
        state = self._checked(now // CHECK_SECONDS, self._state_version())
        if not state.built and self._build:
            self._build.join(max(0.0, self._build_started + WAIT_SECONDS - now))
            state = self.peek()
        if not state.built:
            wait = round(max(1, self._lasts(state) - state.age))
            reason = f"failed ({state.error}: see the log)" if state.error else "is still reading"
            message = f"The loader {self.loader.name} {reason}. Try again in {wait} s."
            raise ServiceUnavailable(message, retry_after=wait)
        return state

    def check(self) -> State:
        """Return the snapshot's state; start to build it if it is missing or old."""
        state = self.peek()
        if self._is_stale(state):
            with self._starting:
                if self._build is None or not self._build.is_alive():
                    apart = bool(current_app) and not current_app.debug
                    self._build = Thread(target=self.build, args=(False, apart), daemon=True)
                    self._build_started = time.monotonic()
                    self._build.start()
        return state

    def peek(self) -> State:
        """Return the state after the last attempt, whichever process made it."""
        saved = State()
        with suppress(OSError, ValueError):
            saved = State.from_json((self.folder / f"{self.loader.name}.json").read_text("utf-8"))
        state = min(saved, self._last_attempt, key=lambda each: each.age)
        return state if self._is_whole(state) or not state.built else State()

    def build(self, force: bool = False, apart: bool = False) -> State:
        """Build the snapshot, with the loader in this process or apart; return and keep its state."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / f"{self.loader.name}.lock"):
                self._last_attempt = self._build_locked(force, apart)
        except (OSError, NotImplementedError):  # NotImplementedError: a disk without locks
            self._last_attempt = self._failed(self._attempt(), "cannot write to the instance folder")
        return self._last_attempt

    def freeze(self) -> State:
        """Build the snapshot if it is old; after that, do not look for changes of its source."""
        state = self.build()
        self._is_frozen = True
        return state

    def _build_locked(self, force: bool, apart: bool) -> State:
        state, name = self.peek(), self.loader.name
        if not (force or self._is_stale(state)):
            return state
        for old in {*self.folder.glob(f"{name}.*.parquet")} - {self.folder / state.file}:
            with suppress(OSError):  # Windows keeps a file that is being read
                old.unlink()
        path = self.folder / f"{name}.{time.time_ns()}.parquet"
        state = self._attempt()
        self._save(state)  # so that a source which kills the process is not read again at once
        state = self.read(path, state, apart)
        self._save(state)
        return state

    def read(self, path: Path, state: State, apart: bool = False) -> State:
        """Write what the loader returns to a file; return the state that names it, or the error."""
        try:
            if apart:
                answer = reader.read(self.loader.name, self.folder, path, state.to_json())
                return State.from_json(answer)
            return self._load(path, state)
        except (Exception, SystemExit) as failure:
            # The text of other errors may hold a password: only the log has it.
            is_safe = isinstance(failure, (ColumnsChanged, reader.ReaderStopped))
            path.unlink(missing_ok=True)
            return self._failed(state, str(failure) if is_safe else type(failure).__name__)

    def _attempt(self) -> State:
        """Return the state with one more attempt, which begins now."""
        old, signature = self.peek(), self._signature()
        return replace(old, signature=signature, tried=time.time(), attempts=old.attempts + 1)

    def _save(self, state: State) -> None:
        temporary = self.folder / f"{self.loader.name}.json.tmp"
        with suppress(OSError):  # on a full disk, only this process knows the state
            temporary.write_text(state.to_json(), "utf-8")
            temporary.replace(self.folder / f"{self.loader.name}.json")

    def _failed(self, state: State, error: str) -> State:
        """Log the exception that is being handled; return the state with its error."""
        log.exception("loader %s failed", self.loader.name)
        return replace(state, tried=time.time(), error=error)

    def _load(self, path: Path, last: State) -> State:
        """Write what the loader returns to a file; return the state that names it."""
        code = last.signature.partition(" ")[0]
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = self.loader.load()
            rows, digest = self._write(path, result, last if last.code == code else State())
        messages = [str(warning.message) for warning in caught]
        for message in messages:
            log.warning("loader %s: %s", self.loader.name, message)
        unread = sum(message.count("Skipping line") for message in messages)
        now, built = time.time(), datetime.now(UTC).isoformat()
        version = f"{digest} {unread} {now // self.loader.max_age:.0f}"
        return State(last.signature, now, built, path.name, rows, unread, "", code, version)

    def _write(self, path: Path, result: Any, last: State) -> tuple[int, str]:
        """Write a DataFrame, or a DuckDB relation, as Parquet; return its rows and a digest.

        If the loader's code is unchanged but its columns changed, raise ColumnsChanged. Saving the
        loader's file accepts them.
        """
        with cursor() as connection:
            relation = result if hasattr(result, "write_parquet") else connection.from_df(result)
            # Half as large again as with zstd, but queries take two thirds of the time.
            relation.write_parquet(str(path), compression="lz4_raw")
            written = connection.read_parquet(str(path))
            if self._is_whole(last):
                old = connection.read_parquet(str(self.folder / last.file))
                if lost := changes(old, written):
                    raise ColumnsChanged("; ".join(lost)[:300])
            rows = written.count("*").fetchall()[0][0]
        with path.open("rb+") as file:
            os.fsync(file.fileno())  # a power loss leaves the old snapshot or the new one
        return int(rows), _digest(path, path.stat().st_mtime_ns)

    def _is_stale(self, state: State) -> bool:
        is_old = state.age > self._lasts(state) or state.signature != self._signature()
        return is_old and not self._is_frozen

    def _lasts(self, state: State) -> float:
        """Return the seconds after which the source is read again: double at each failure."""
        failures = state.attempts - (not state.error)  # the last attempt may be going on
        retry = RETRY_SECONDS * (2 ** min(failures, 8) // 2)  # about an hour at most
        return retry if state.attempts or not state.built else self.loader.max_age

    def _signature(self) -> str:
        """Return the times and sizes of the loader's file and of its sources."""
        signature = ""
        for path in filter(None, (str(self.loader.file), *self.loader.sources)):
            with suppress(OSError):  # no such file, or a URL
                for file in (Path(path), *sorted(Path(path).glob("*"))):  # a folder has several
                    stat = file.stat()
                    signature += f"{stat.st_mtime_ns}-{stat.st_size} "
        return signature

    def _state_version(self) -> tuple[int, int]:
        """Return what changes whenever a process writes a new state."""
        with suppress(OSError):  # before the first
            # A Path would take as long as a cached answer.
            stat = os.stat(f"{self.folder}/{self.loader.name}.json")  # noqa: PTH116
            return stat.st_mtime_ns, stat.st_ino
        return 0, 0

    def _is_whole(self, state: State) -> bool:
        with suppress(OSError, ValueError):  # no such file, or not the name of one
            path = self.folder / state.file
            return state.version.startswith(_digest(path, path.stat().st_mtime_ns))
        return False


@lru_cache(100)
def _digest(path: Path, _changed: int) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()[:16]  # four times as fast as blake2b


def changes(old: DuckDBPyRelation, new: DuckDBPyRelation) -> list[str]:
    """Return in words which columns are gone, or changed between number, day and other types."""

    def category(name: str) -> str:
        return "day" if is_day(name) else "number" if is_number(name) else name

    types = dict(zip(new.columns, map(str, new.types), strict=True))
    messages = []
    for name, before in zip(old.columns, map(str, old.types), strict=True):
        if name not in types:
            messages.append(f"{name} is gone")
        elif category(before) != category(types[name]):
            counts = [relation.count(quote(name)).fetchall()[0][0] for relation in (old, new)]
            if all(counts):  # the type of a column without values says nothing
                messages.append(f"{name} was {before}, is {types[name]}")
    return messages
