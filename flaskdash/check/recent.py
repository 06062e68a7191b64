"""A cache of the slow rules' results, so that unchanged files are not checked twice in a row."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from hashlib import blake2b

import flaskdash
from flaskdash.check.rule import Finding
from flaskdash.errors import FlaskdashError
from flaskdash.project import Project, contents, environment
from flaskdash.ship import files

MAX_AGE = 600  # seconds; databases, URLs and known vulnerabilities change without a file
MAX_SIZE = 1 << 24  # larger files (data) are compared by their size and time


class Recent:
    """The rules that the project passed in its current state, in dist/.preflight.json."""

    def __init__(self, project: Project) -> None:
        self._file = project.root / "dist" / ".preflight.json"
        self._key = fingerprint(project)
        self._passed: dict[str, tuple[float, list[dict[str, object]]]] = {}
        with suppress(OSError, ValueError, TypeError, KeyError):
            cache = json.loads(self._file.read_text("utf-8"))
            if cache["project"] == self._key:
                self._passed = dict(cache["passed"])

    def passed(self, rule: str) -> tuple[list[Finding], str] | None:
        """Return the notes of a rule that passed, and its age in words; None if it did not pass."""
        with suppress(KeyError, TypeError, ValueError):
            passed_at, notes = self._passed[rule]
            age = time.time() - passed_at
            if 0 <= age < MAX_AGE:
                ago = f"{age / 60:.0f} min" if age >= 60 else f"{age:.0f} s"
                findings = [Finding(**note) for note in notes]  # type: ignore[arg-type]
                return findings, f"{ago} ago, with the same files"
        return None

    def note(self, rule: str, notes: Sequence[Finding]) -> None:
        """Add a rule that passed just now."""
        self._passed[rule] = time.time(), [asdict(note) for note in notes]

    def save(self) -> None:
        """Write the file; if that fails, the next check is slower."""
        with suppress(OSError):
            self._file.parent.mkdir(exist_ok=True)
            temporary = self._file.with_name(f"{self._file.name}.{os.getpid()}")
            temporary.write_text(
                json.dumps({"project": self._key, "passed": self._passed}), "utf-8"
            )
            temporary.replace(self._file)


def fingerprint(project: Project) -> str:
    """Return a digest of everything on which the slow rules depend."""
    digest = blake2b(digest_size=16)
    for part in _parts(project):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _parts(project: Project) -> Iterator[bytes]:
    yield flaskdash.__version__.encode()
    yield str(project.root).encode()
    for path in files.shipped(project):
        file = project.root / path
        stat = file.stat()
        yield f"{path} {stat.st_mode}".encode()
        if stat.st_size <= MAX_SIZE:
            yield file.read_bytes()
        else:
            yield f"{stat.st_size} {stat.st_mtime_ns}".encode()
    for name in (".env", f".venv/{environment.STAMP}"):
        with suppress(OSError):
            yield name.encode() + (project.root / name).read_bytes()
    with suppress(FlaskdashError):
        for loader in contents.loaders(project).values():
            yield f"{loader.database}={os.environ.get(loader.database)}".encode()
