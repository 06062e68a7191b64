"""Shared: answers that the instances of this dashboard have in common, in Redis (REDIS_URL).

Without REDIS_URL, and while Redis does not answer, each instance keeps its own: see cache.py.
"""

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.engine.cache import Cache

log = logging.getLogger(__name__)
TIMEOUT_SECONDS = 0.5
PAUSE_SECONDS = 10.0  # until a Redis that did not answer is asked again
KEEP_SECONDS = 86_400  # that Redis keeps an answer; its maxmemory-policy may drop it before


class SharedCache(Cache):
    """Answers by key: in memory, then in Redis, then a file for each."""

    def __init__(self, folder: Path, code_version: str) -> None:
        super().__init__(folder, code_version)
        self._paused_until = 0.0
        self._redis: Redis | None = None
        if address := os.environ.get("REDIS_URL"):
            once = Retry(NoBackoff(), 0)
            self._redis = Redis.from_url(
                address,
                retry=once,
                socket_timeout=TIMEOUT_SECONDS,
                socket_connect_timeout=TIMEOUT_SECONDS,
            )

    def _read(self, digest: str) -> bytes:
        body = self._ask(lambda redis: redis.get(f"flaskdash:{digest}"))
        return body if isinstance(body, bytes) else super()._read(digest)

    def _write(self, digest: str, body: bytes) -> None:
        if not self._ask(lambda redis: redis.set(f"flaskdash:{digest}", body, ex=KEEP_SECONDS)):
            super()._write(digest, body)

    def _ask(self, command: Callable[[Redis], object]) -> object:
        """Return the answer of Redis; None if it does not answer, or did not a moment ago."""
        if self._redis is None or time.monotonic() < self._paused_until:
            return None
        try:
            return command(self._redis)
        except RedisError as error:
            self._paused_until = time.monotonic() + PAUSE_SECONDS
            log.warning("Redis does not answer (%s)", type(error).__name__)
            return None
