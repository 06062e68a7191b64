"""Cache: answers as compressed bytes, in memory and on disk, so that a restart serves at once.

A key names all that an answer depends on (code, snapshots, filters), so an entry is never out of
date and nothing needs to be cleared; when there are too many, some make room.
"""

import gzip
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from threading import Lock

import brotli
from cachelib import FileSystemCache
from flask import Response, current_app, request
from werkzeug.http import parse_accept_header

ON_DISK, IN_MEMORY, LARGEST = 2_000, 200, 2**19  # two numbers of answers; bytes of one


class PartialAnswer(Exception):
    """An answer with a failure in it: sent this once, and not kept."""


class Cache:
    """Answers by key."""

    def __init__(self, folder: Path, code_version: str) -> None:
        self.code_version = code_version
        self._disk = FileSystemCache(str(folder), threshold=ON_DISK, default_timeout=0)
        self._get = lru_cache(IN_MEMORY)(self._read)  # a KeyError is not remembered
        self._building = [Lock() for _ in range(16)]

    def response(
        self, key: object, build: Callable[[], str | bytes], mimetype: str, lasts: str = "no-cache"
    ) -> Response:
        """Answer a request with what `build` returns, from the cache where it is there."""
        if current_app.debug:  # a template or a style sheet may have changed
            try:
                return Response(build(), headers={"Cache-Control": "no-store"}, mimetype=mimetype)
            except PartialAnswer as partial:
                return Response(str(partial), mimetype=mimetype)
        coding = _coding(request.headers.get("Accept-Encoding", ""))
        name = f"{self.code_version} {key!r} {coding}".encode("utf-8", "surrogatepass")
        digest = blake2b(name, digest_size=16).hexdigest()
        headers = {"ETag": f'"{digest}"', "Cache-Control": lasts, "Vary": "Accept-Encoding"}
        if "If-None-Match" in request.headers and request.if_none_match.contains_weak(digest):
            return Response(status=304, headers=headers)
        try:
            body = self._build(digest, build, coding)
        except PartialAnswer as partial:
            return Response(str(partial), headers={"Cache-Control": "no-store"}, mimetype=mimetype)
        if coding:
            headers["Content-Encoding"] = coding
        return Response(body, headers=headers, mimetype=mimetype)

    def _build(self, digest: str, build: Callable[[], str | bytes], coding: str) -> bytes:
        with suppress(KeyError):
            return self._get(digest)
        # One thread builds an answer; the others that want it wait for that one.
        with self._building[int(digest[0], 16)]:
            with suppress(KeyError):
                return self._get(digest)
            body = _compress(build(), coding)
            if len(body) <= LARGEST:
                self._disk.set(digest, body)  # on a full disk it is not kept, and sent all the same
            return body

    def _read(self, digest: str) -> bytes:
        body = self._disk.get(digest)
        if body is None:
            raise KeyError(digest)
        return bytes(body)


@lru_cache(100)
def _coding(accepted: str) -> str:
    codings = parse_accept_header(accepted)
    return next((coding for coding in ("br", "gzip") if codings[coding]), "")


def _compress(body: str | bytes, coding: str) -> bytes:
    data = body.encode() if isinstance(body, str) else body
    if coding == "br":
        return bytes(brotli.compress(data, quality=5))
    return gzip.compress(data, 6) if coding == "gzip" else data
