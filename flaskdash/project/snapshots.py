"""The state of each snapshot, from the JSON file beside it; and how to rebuild a snapshot."""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flaskdash import shell
from flaskdash.errors import FlaskdashError
from flaskdash.progress import working
from flaskdash.project import Project

REFRESH = Path(__file__).parents[1] / "serve" / "child" / "refresh.py"
# What a damaged state file raises: wrong types, missing keys, times beyond the calendar, deep nesting.
UNREADABLE = (OSError, ValueError, TypeError, LookupError, OverflowError, RecursionError)
UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))


@dataclass(frozen=True)
class Snapshot:
    """The state of a loader's snapshot.

    `built` and `failed` are times in ISO 8601, or None. `unread` counts the rows that the loader
    could not read.
    """

    rows: int | None = None
    built: str | None = None
    error: str | None = None
    failed: str | None = None
    unread: int = 0

    def __str__(self) -> str:
        """Return the state in words: 360 rows, 2 hours ago."""
        unread = f" and {self.unread:,} that can't be read" if self.unread else ""
        state = (
            f"{self.rows:,} rows{unread}, {age(self.built)}" if self.built else "no snapshot yet"
        )
        return f"{state}; failed {age(self.failed)}: {self.error}" if self.error else state


@dataclass(frozen=True)
class Rebuild:
    """The result of a rebuild; `error` is empty if it succeeded."""

    rows: int = 0
    seconds: float = 0.0
    error: str = ""


def state(project: Project, loader: str) -> Snapshot:
    """Return the state of a loader's snapshot; an empty one if it was never built."""
    try:
        state = _read_state(project, loader)
        error = str(state["error"]) or None
        tried = datetime.fromtimestamp(float(state.get("tried") or state.get("failed") or 0), UTC)
        failed = tried.isoformat() if error else None
        if not state["built"] or not path(project, loader):
            return Snapshot(error=error, failed=failed)
        built = datetime.fromisoformat(state["built"]).isoformat()
        return Snapshot(int(state["rows"]), built, error, failed, int(state.get("unread", 0)))
    except UNREADABLE:
        return Snapshot()


def path(project: Project, loader: str) -> Path | None:
    """Return the file of a loader's snapshot; None if there is none."""
    try:
        file = project.instance / str(_read_state(project, loader)["file"])
    except UNREADABLE:
        return None
    return file if file.is_file() else None


def _read_state(project: Project, loader: str) -> dict[str, Any]:
    file = project.instance / f"{_table(loader)}.json"
    state: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return state


def age(moment: str | None) -> str:
    """Return the time since a moment in its largest unit: 2 hours ago."""
    if moment is None:
        return "at some time"
    then = datetime.fromisoformat(moment)
    seconds = time.time() - (then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp()
    for unit, length in UNITS:
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def rebuild(project: Project, loader: str) -> Rebuild:
    """Rebuild a loader's snapshot with the project's own code, in its environment."""
    with (
        tempfile.TemporaryDirectory(prefix="flaskdash-") as folder,
        working(f"Reading {loader}..."),
    ):
        result = Path(folder) / "result.json"
        argv = [str(project.python), str(REFRESH), _table(loader), str(result)]
        try:
            # Debug mode, as in the development server: the project may have no SECRET_KEY.
            printed = shell.run(argv, cwd=project.root, env={"FLASK_DEBUG": "1"})
            return Rebuild(**json.loads(result.read_text("utf-8")))
        except shell.CommandError as error:
            return Rebuild(error=error.message)
        except (OSError, ValueError, TypeError) as error:
            raise FlaskdashError(
                f"{loader} was not refreshed. Its process printed: {printed.strip() or 'nothing'}"
            ) from error


def _table(loader: str) -> str:
    """Return the name of a loader's table."""
    return loader.lower().replace("-", "_")
