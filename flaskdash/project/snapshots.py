"""Snapshots: how each stands, read from what the project keeps beside it; and how to rebuild one."""

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
UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))


@dataclass(frozen=True)
class Snapshot:
    """How a loader's snapshot stands: `built` and `failed` are times in ISO 8601, or None."""

    rows: int | None = None
    built: str | None = None
    error: str | None = None
    failed: str | None = None
    unread: int = 0

    def __str__(self) -> str:
        """Return it in words: 360 rows, 2 hours ago."""
        left = f" and {self.unread:,} that can't be read" if self.unread else ""
        good = f"{self.rows:,} rows{left}, {age(self.built)}" if self.built else "no snapshot yet"
        return f"{good}; failed {age(self.failed)}: {self.error}" if self.error else good


@dataclass(frozen=True)
class Refreshed:
    """How a rebuild went: `error` says what failed, and where; it is empty if it went well."""

    rows: int = 0
    seconds: float = 0.0
    error: str = ""


def of(project: Project, loader: str) -> Snapshot:
    """Return how a loader's snapshot stands; all is None before the project has built it."""
    try:
        state = _state(project, loader)
        error = str(state["error"]) or None
        tried = datetime.fromtimestamp(float(state.get("tried") or state.get("failed") or 0), UTC)
        failed = tried.isoformat() if error else None
        if not state["built"] or not path(project, loader):
            return Snapshot(error=error, failed=failed)
        built = datetime.fromisoformat(state["built"]).isoformat()
        return Snapshot(int(state["rows"]), built, error, failed, int(state.get("unread", 0)))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return Snapshot()


def path(project: Project, loader: str) -> Path | None:
    """Return the file of a loader's snapshot; None where there is none."""
    try:
        file = project.instance / str(_state(project, loader)["file"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return file if file.is_file() else None


def _state(project: Project, loader: str) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(
        (project.instance / f"{_table(loader)}.json").read_text("utf-8")
    )
    return state


def age(moment: str | None) -> str:
    """Return how long ago a moment was, in its largest unit."""
    if moment is None:
        return "at some time"
    then = datetime.fromisoformat(moment)
    seconds = time.time() - (then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp()
    for unit, length in UNITS:
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def rebuild(project: Project, loader: str) -> Refreshed:
    """Rebuild a loader's snapshot with the project's own code, in its environment."""
    with (
        tempfile.TemporaryDirectory(prefix="flaskdash-") as folder,
        working(f"Reading {loader}..."),
    ):
        result = Path(folder) / "result.json"
        argv = [str(project.python), str(REFRESH), _table(loader), str(result)]
        try:
            # As the development server runs it: a project on a desk may have no SECRET_KEY.
            printed = shell.run(argv, cwd=project.root, env={"FLASK_DEBUG": "1"})
            return Refreshed(**json.loads(result.read_text("utf-8")))
        except shell.CommandError as error:
            return Refreshed(error=error.message)
        except (OSError, ValueError, TypeError) as error:
            raise FlaskdashError(
                f"{loader} was not refreshed; its process printed: {printed.strip() or 'nothing'}"
            ) from error


def _table(loader: str) -> str:
    """Return a loader's name as the project has it: that of a table."""
    return loader.lower().replace("-", "_")
