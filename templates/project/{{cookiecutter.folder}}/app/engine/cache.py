"""Cache: answers as compressed bytes, in memory and on disk."""

import gzip
import mimetypes
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from os.path import isfile
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import Literal

import brotli
from flask import Response, abort, current_app, request, send_file
from werkzeug.exceptions import ServiceUnavailable
from werkzeug.http import parse_accept_header
from werkzeug.security import safe_join

ON_DISK = 2**26  # bytes of all answers
LARGEST = 2**19  # bytes of one answer
BLOCK = 2**12  # bytes that a file takes besides
IN_MEMORY = 100  # answers
NO_STORE = {"Cache-Control": "no-store"}
mimetypes.add_type("text/javascript", ".js")  # Windows may have another type
_places = BoundedSemaphore(16)  # of answers that are being built; their threads are in use


@dataclass(frozen=True)
class Answer:
    """A body, and who may keep it: this cache and the browser, only the browser, or nobody."""

    body: str | bytes
    keep: Literal["cache", "browser", "nobody"] = "cache"


class Cache:
    """Answers by key: a file for each."""

    def __init__(self, folder: Path, code_version: str) -> None:
        self.folder = folder
        self.code_version = code_version
        self._get = lru_cache(IN_MEMORY)(self._read)  # an OSError is not remembered
        self._building = [Lock() for _ in range(16)]

    def response(
        self, key: object, build: Callable[[], Answer], mimetype: str, cache_control: str
    ) -> Response:
        """Answer a request from the cache, or else with what `build` returns."""
        files_may_change = current_app.debug and not current_app.config.get("CACHE_IN_DEBUG")
        if files_may_change or request.method not in {"GET", "HEAD"}:  # a form may say anything
            return Response(build().body, headers=NO_STORE, mimetype=mimetype)
        encoding = _encoding(request.headers.get("Accept-Encoding", ""))
        name = f"{self.code_version} {key!r} {encoding}".encode("utf-8", "surrogatepass")
        digest = blake2b(name, digest_size=16).hexdigest()
        headers = {"ETag": f'"{digest}"', "Cache-Control": cache_control, "Vary": "Accept-Encoding"}
        if "If-None-Match" in request.headers and request.if_none_match.contains_weak(digest):
            return Response(status=304, headers=headers)
        body = self._find(digest)
        if body is None:
            # One thread builds an answer, and the others that need it wait.
            with place(), self._building[int(digest[0], 16)]:
                body = self._find(digest)
                if body is None:
                    answer = build()
                    if answer.keep == "nobody":
                        return Response(answer.body, headers=NO_STORE, mimetype=mimetype)
                    body = _compress(answer.body, encoding)
                    if answer.keep == "cache" and len(body) <= LARGEST:
                        with suppress(OSError):  # on a full disk, the answer is sent all the same
                            self._write(digest, body)
        if encoding:
            headers["Content-Encoding"] = encoding
        return Response(body, headers=headers, mimetype=mimetype)

    def static_file(self, folder: str, filename: str) -> Response:
        """Return a static file, compressed: as the .br beside it, if there is one."""
        path = safe_join(folder, filename)
        # A Path raises an error for a name that is too long.
        if path is None or not isfile(path):  # noqa: PTH113
            abort(404)
        mimetype = mimetypes.guess_type(filename)[0] or "application/octet-stream"
        cache_control = "public, max-age=31536000, immutable" if "v" in request.args else "no-cache"
        if isfile(f"{path}.br") and request.accept_encodings["br"]:  # noqa: PTH113
            response = send_file(f"{path}.br", mimetype)
            response.headers["Cache-Control"] = cache_control
            response.headers.extend({"Content-Encoding": "br", "Vary": "Accept-Encoding"})
            return response
        key = ("static", path)
        return self.response(key, lambda: Answer(Path(path).read_bytes()), mimetype, cache_control)

    def _find(self, digest: str) -> bytes | None:
        with suppress(OSError):
            return self._get(digest)
        return None

    def _read(self, digest: str) -> bytes:
        if body := (self.folder / digest).read_bytes():
            return body
        raise FileNotFoundError  # a power loss may leave an empty file

    def _write(self, digest: str, body: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self.folder / f"{digest}.{os.getpid()}"
        temporary.write_bytes(body)
        temporary.replace(self.folder / digest)
        if digest[0] == "0":  # one time in sixteen; if another process is as quick, it stops
            self._make_room()

    def _make_room(self) -> None:
        """Delete the oldest answers beyond what may be kept on disk."""
        room = ON_DISK
        for file in sorted(os.scandir(self.folder), key=lambda file: -file.stat().st_mtime):
            room -= file.stat().st_size + BLOCK
            if room < 0:
                Path(file).unlink()


@contextmanager
def place() -> Iterator[None]:
    """Take a place among the answers that are being built; raise ServiceUnavailable if none is free."""
    if not _places.acquire(blocking=False):
        raise ServiceUnavailable("Many pages are being built. Try again in 5 s.", retry_after=5)
    try:
        yield
    finally:
        _places.release()


@lru_cache(100)
def _encoding(accepted: str) -> str:
    qualities = parse_accept_header(accepted)
    return next((encoding for encoding in ("br", "gzip") if qualities[encoding]), "")


def _compress(body: str | bytes, encoding: str) -> bytes:
    data = body.encode() if isinstance(body, str) else body
    if encoding == "br":
        return bytes(brotli.compress(data, quality=5))
    return gzip.compress(data, 6) if encoding == "gzip" else data
