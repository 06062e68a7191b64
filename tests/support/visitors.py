"""Visitors that request pages continuously, over new and kept connections, and count failures."""

from __future__ import annotations

import http.client
import itertools
import select
import threading
import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from urllib.parse import urlsplit

TIMEOUT = 30.0
PAUSE = (
    0.03  # between two requests of a visitor, so that the deployed app gets its share of the cores
)


class Visitors:
    """Four visitors, two with a kept connection, and optionally one with a slow request.

    A request fails if its answer is incomplete or its status is not 200; it is not retried. Like
    browsers and client libraries, a visitor replaces a kept connection that was closed while idle.
    """

    def __init__(
        self, url: str, paths: Sequence[str], slow: str = "", pause: float = PAUSE
    ) -> None:
        parts = urlsplit(url)
        assert parts.hostname
        self.host, self.port = parts.hostname, parts.port or 80
        self.counts: Counter[str] = Counter()
        self.failures: list[str] = []
        self.durations: list[tuple[float, float, str]] = []  # when sent, seconds, path
        self.releases: list[str] = []  # as named by /up, without consecutive repeats
        self.pause = pause
        self._begin = time.monotonic()
        self._end = threading.Event()
        kinds = {"new": (False, paths), "new 2": (False, paths)}
        kinds |= {"kept": (True, paths), "kept 2": (True, paths)}
        if slow:
            kinds["slow"] = (False, [slow])
        self._threads = [
            threading.Thread(target=self._visit, args=(kind, *options))
            for kind, options in kinds.items()
        ]

    def __enter__(self) -> Visitors:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    @property
    def total(self) -> int:
        """The number of successful requests."""
        return sum(self.counts.values())

    def _visit(self, kind: str, keeps: bool, paths: Sequence[str]) -> None:
        connection = None
        for path in itertools.cycle(paths):
            if self._end.wait(self.pause):
                break
            if connection is None or not keeps or _was_closed(connection):
                if connection is not None:
                    connection.close()
                connection = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT)
            start = time.monotonic()
            try:
                self._request(connection, kind, path, keeps)
                self.durations.append((start, time.monotonic() - start, path))
            except (OSError, http.client.HTTPException) as error:
                now = time.monotonic()
                self.failures.append(
                    f"{kind}: {path} {type(error).__name__} {error}, sent at"
                    f" {start - self._begin:.2f} s, failed at {now - self._begin:.2f} s"
                )
                connection.close()
                connection = None
        if connection is not None:
            connection.close()

    def _request(
        self, connection: http.client.HTTPConnection, kind: str, path: str, keeps: bool
    ) -> None:
        connection.request("GET", path, headers={} if keeps else {"Connection": "close"})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != http.HTTPStatus.OK or not body:
            raise http.client.HTTPException(f"{answer.status} {body[:200]!r}")
        self.counts[kind.split()[0]] += 1
        if path == "/up":
            release = body.decode().removeprefix("up").strip()
            if self.releases[-1:] != [release]:
                self.releases.append(release)


def _was_closed(connection: http.client.HTTPConnection) -> bool:
    """Return whether the client or the server has closed the connection."""
    if connection.sock is None:
        return True
    return bool(select.select([connection.sock], [], [], 0)[0])
