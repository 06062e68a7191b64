"""Connection: DuckDB in this process; a query is interrupted when its client has gone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from threading import Lock, Thread
from typing import TYPE_CHECKING

from flask import has_request_context, request

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_connecting = Lock()
_abandonable: dict[DuckDBPyConnection, Callable[[], bool]] = {}


@lru_cache(1)
def _connection() -> DuckDBPyConnection:
    import duckdb

    Thread(target=_interrupt_abandoned, daemon=True).start()
    return duckdb.connect(config={"autoinstall_known_extensions": False})


@contextmanager
def cursor() -> Iterator[DuckDBPyConnection]:
    """Lend a cursor of this process's connection: one opened before gunicorn forks would hang."""
    with _connecting:
        cursor = _connection().cursor()
    with cursor:
        if has_request_context():  # waitress, the server in production, tells who has gone
            _abandonable[cursor] = request.environ.get("waitress.client_disconnected", bool)
        try:
            yield cursor
        finally:
            _abandonable.pop(cursor, None)


def _interrupt_abandoned() -> None:
    while True:
        time.sleep(0.5)
        for cursor, has_gone in list(_abandonable.items()):
            with suppress(Exception):  # it was closed just now
                if has_gone():
                    cursor.interrupt()
