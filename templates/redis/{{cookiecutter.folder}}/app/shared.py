"""Shared: answers that the instances of this dashboard have in common, in Redis (REDIS_URL).

Without REDIS_URL, and while Redis does not answer, each instance keeps its own: see app/cache.py.
"""

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.cache import Cache

log = logging.getLogger(__name__)
PATIENCE, PAUSE = 0.5, 10.0  # seconds: that Redis has to answer; until it is asked again
LASTS = 86_400  # seconds that Redis keeps an answer; its maxmemory-policy may let go of it before


class SharedCache(Cache):
    """Answers by key: in memory, then in Redis, then a file for each."""

    def __init__(self, folder: Path, code_version: str) -> None:
        super().__init__(folder, code_version)
        self._silent_until = 0.0
        self._redis: Redis | None = None
        if address := os.environ.get("REDIS_URL"):
            once = Retry(NoBackoff(), 0)
            wait = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
            self._redis = Redis.from_url(address, retry=once, **wait)

    def _read(self, digest: str) -> bytes:
        found = self._ask(lambda redis: redis.get(f"flaskdash:{digest}"))
        return found if isinstance(found, bytes) else super()._read(digest)

    def _write(self, digest: str, body: bytes) -> None:
        if not self._ask(lambda redis: redis.set(f"flaskdash:{digest}", body, ex=LASTS)):
            super()._write(digest, body)

    def _ask(self, command: Callable[[Redis], object]) -> object:
        """Ask Redis, unless it was silent just now; None where it has no answer."""
        if self._redis is None or time.monotonic() < self._silent_until:
            return None
        try:
            return command(self._redis)
        except RedisError as error:
            self._silent_until = time.monotonic() + PAUSE
            log.warning("Redis does not answer (%s)", type(error).__name__)
            return None
