"""A cache of the slow rules' results, so that unchanged files are not checked twice."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from hashlib import blake2b

import flaskdash
from flaskdash.check.rule import Finding, Rule
from flaskdash.errors import FlaskdashError
from flaskdash.project import Project, contents, environment
from flaskdash.ship import files

# Seconds. Known vulnerabilities, and the date that code may use, change without a file.
MAX_AGE = 86_400
REMOTE_MAX_AGE = 600  # databases and URLs change more often
MAX_SIZE = 1 << 24  # larger files (data) are compared by their size and time


class Recent:
    """The rules that the project passed in its current state, in dist/.preflight.json."""

    def __init__(self, project: Project) -> None:
        self._file = project.root / "dist" / ".preflight.json"
        self._all, self._lock = _digest(_parts(project)), _digest(_lock_parts(project))
        self._max_age = REMOTE_MAX_AGE if _has_remote_data(project) else MAX_AGE
        self._passed: dict[str, tuple[str, float, list[dict[str, object]]]] = {}
        with suppress(OSError, ValueError, TypeError, KeyError):
            self._passed = dict(json.loads(self._file.read_text("utf-8"))["passed"])

    def passed(self, rule: Rule) -> tuple[list[Finding], str] | None:
        """Return the notes of a rule that passed, and when in words; None if it did not pass."""
        with suppress(KeyError, TypeError, ValueError):
            key, passed_at, notes = self._passed[rule.id]
            max_age = MAX_AGE if rule.only_lock else self._max_age
            if key == self._key(rule) and 0 <= time.time() - passed_at < max_age:
                findings = [Finding(**note) for note in notes]  # type: ignore[arg-type]
                when = datetime.fromtimestamp(passed_at).astimezone()
                return findings, f"unchanged since {when:%Y-%m-%d %H:%M}, passed then"
        return None

    def note(self, rule: Rule, notes: Sequence[Finding]) -> None:
        """Add a rule that passed just now."""
        self._passed[rule.id] = self._key(rule), time.time(), [asdict(note) for note in notes]

    def save(self) -> None:
        """Write the file; if that fails, the next check is slower."""
        with suppress(OSError):
            self._file.parent.mkdir(exist_ok=True)
            temporary = self._file.with_name(f"{self._file.name}.{os.getpid()}")
            temporary.write_text(json.dumps({"passed": self._passed}), "utf-8")
            temporary.replace(self._file)

    def _key(self, rule: Rule) -> str:
        return self._lock if rule.only_lock else self._all


def _digest(parts: Iterable[bytes]) -> str:
    digest = blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _lock_parts(project: Project) -> Iterator[bytes]:
    """Yield what the rules about packages depend on."""
    yield flaskdash.__version__.encode()
    for name in ("uv.lock", ".venv/pyvenv.cfg"):
        with suppress(OSError):
            yield name.encode() + (project.root / name).read_bytes()


def _parts(project: Project) -> Iterator[bytes]:
    """Yield everything on which the slow rules depend."""
    yield from _lock_parts(project)
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


def _has_remote_data(project: Project) -> bool:
    """Return whether a loader reads a database or a URL."""
    with suppress(FlaskdashError):
        loaders = contents.loaders(project).values()
        return any(loader.database or len(loader.files) < len(loader.sources) for loader in loaders)
    return True
