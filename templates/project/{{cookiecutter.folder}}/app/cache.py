"""Cache: answers as compressed bytes, in memory and on disk, so that a restart serves at once.

A key names all that an answer depends on (code, snapshots, filters), so an entry is never wrong
and nothing needs to be cleared; the oldest make room.
"""

import gzip
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from threading import Lock

import brotli
from cachelib import FileSystemCache
from flask import Response, request

MEMORY = 32 * 2**20
ON_DISK = 5_000


class PartialAnswer(Exception):
    """An answer with a failure in it: sent this once, and not kept."""

    def __init__(self, body: str) -> None:
        super().__init__(body)
        self.body = body


class Cache:
    """Answers by key."""

    def __init__(self, folder: Path, code_version: str) -> None:
        self.code_version = code_version
        self._disk = FileSystemCache(str(folder), threshold=ON_DISK, default_timeout=0)
        self._memory: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0
        self._lock = Lock()
        self._building = [Lock() for _ in range(16)]

    def response(
        self,
        key: object,
        build: Callable[[], str | bytes],
        mimetype: str,
        cache_control: str = "no-cache",
    ) -> Response:
        """Answer a request with what `build` returns, from the cache where it is there."""
        coding = _coding()
        text = f"{self.code_version} {key!r} {coding}"
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        headers = {"ETag": f'"{digest}"', "Cache-Control": cache_control, "Vary": "Accept-Encoding"}
        if digest in request.if_none_match:
            return Response(status=304, headers=headers)
        if coding:
            headers["Content-Encoding"] = coding
        body = self._get(digest)
        if body is None:
            # One thread builds an answer; the others that want it wait for that one.
            with self._building[int(digest[0], 16)]:
                body = self._get(digest)
                if body is None:
                    try:
                        body = _compress(build(), coding)
                    except PartialAnswer as partial:
                        no_store = {"Cache-Control": "no-store"}
                        return Response(partial.body, headers=no_store, mimetype=mimetype)
                    self._put(digest, body)
        return Response(body, headers=headers, mimetype=mimetype)

    def _get(self, digest: str) -> bytes | None:
        with self._lock:
            if digest in self._memory:
                self._memory.move_to_end(digest)
                return self._memory[digest]
        body: bytes | None = self._disk.get(digest)
        if body is not None:
            self._remember(digest, body)
        return body

    def _put(self, digest: str, body: bytes) -> None:
        self._disk.set(digest, body)
        self._remember(digest, body)

    def _remember(self, digest: str, body: bytes) -> None:
        with self._lock:
            self._size += len(body) - len(self._memory.pop(digest, b""))
            self._memory[digest] = body
            while self._size > MEMORY:
                self._size -= len(self._memory.popitem(last=False)[1])


def _coding() -> str:
    accepted = request.accept_encodings
    return next((coding for coding in ("br", "gzip") if accepted[coding]), "")


def _compress(body: str | bytes, coding: str) -> bytes:
    data = body.encode() if isinstance(body, str) else body
    if coding == "br":
        return bytes(brotli.compress(data, quality=5))
    return gzip.compress(data, 6) if coding == "gzip" else data
