"""Cache: answers as compressed bytes, in memory and on disk, so that a restart serves at once.

A key names all that an answer depends on (code, snapshots, filters), so an entry is never out of
date and nothing needs to be cleared; when they take too much room, the oldest are deleted.
"""

import gzip
import os
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from threading import Lock

import brotli
from flask import Response, current_app, request
from werkzeug.http import parse_accept_header

ON_DISK, LARGEST, BLOCK = 2**26, 2**19, 2**12  # bytes of all, of one, and that a file takes besides
IN_MEMORY = 100  # answers


class PartialAnswer(Exception):
    """An answer that is sent this once, and not kept: there is a failure in it, for one."""


class RareAnswer(Exception):
    """An answer that few others will ask for: it is not kept here, but a browser may keep it."""


class Cache:
    """Answers by key: a file for each."""

    def __init__(self, folder: Path, code_version: str) -> None:
        self.folder = folder
        self.code_version = code_version
        self._get = lru_cache(IN_MEMORY)(self._read)  # an OSError is not remembered
        self._building = [Lock() for _ in range(16)]

    def response(
        self, key: object, build: Callable[[], str | bytes], mimetype: str, lasts: str = "no-cache"
    ) -> Response:
        """Answer a request with what `build` returns, from the cache where it is there."""
        coding = _coding(request.headers.get("Accept-Encoding", ""))
        name = f"{self.code_version} {key!r} {coding}".encode("utf-8", "surrogatepass")
        digest = blake2b(name, digest_size=16).hexdigest()
        headers = {"ETag": f'"{digest}"', "Cache-Control": lasts, "Vary": "Accept-Encoding"}
        try:
            if current_app.debug:  # a template or a style sheet may have changed
                raise PartialAnswer(build())
            if "If-None-Match" in request.headers and request.if_none_match.contains_weak(digest):
                return Response(status=304, headers=headers)
            body = self._build(digest, build, coding)
        except RareAnswer as rare:
            body = _compress(rare.args[0], coding)
        except PartialAnswer as partial:
            headers = {"Cache-Control": "no-store"}
            return Response(partial.args[0], headers=headers, mimetype=mimetype)
        if coding:
            headers["Content-Encoding"] = coding
        return Response(body, headers=headers, mimetype=mimetype)

    def _build(self, digest: str, build: Callable[[], str | bytes], coding: str) -> bytes:
        with suppress(OSError):
            return self._get(digest)
        # One thread builds an answer; the others that want it wait for that one.
        with self._building[int(digest[0], 16)]:
            with suppress(OSError):
                return self._get(digest)
            body = _compress(build(), coding)
            if len(body) <= LARGEST:
                with suppress(OSError):  # on a full disk it is not kept, and sent all the same
                    self._write(digest, body)
            return body

    def _read(self, digest: str) -> bytes:
        if body := (self.folder / digest).read_bytes():
            return body
        raise FileNotFoundError  # an empty file is what a power loss may leave

    def _write(self, digest: str, body: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self.folder / f"{digest}.{os.getpid()}"
        temporary.write_bytes(body)
        temporary.replace(self.folder / digest)
        if digest[0] == "0":  # now and then, make room; stop if another process does too
            room = ON_DISK
            for file in sorted(os.scandir(self.folder), key=lambda file: -file.stat().st_mtime):
                room -= file.stat().st_size + BLOCK
                if room < 0:
                    Path(file).unlink()


@lru_cache(100)
def _coding(accepted: str) -> str:
    codings = parse_accept_header(accepted)
    return next((coding for coding in ("br", "gzip") if codings[coding]), "")


def _compress(body: str | bytes, coding: str) -> bytes:
    data = body.encode() if isinstance(body, str) else body
    if coding == "br":
        return bytes(brotli.compress(data, quality=5))
    return gzip.compress(data, 6) if coding == "gzip" else data
