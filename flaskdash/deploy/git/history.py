"""Releases as the commits of the remote record them: their names, failures and order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from flaskdash.deploy.git.repository import Commit
from flaskdash.errors import FlaskdashError


def new_release(existing: Iterable[str]) -> str:
    """Return the name of a new release: the time in UTC, with a number if that name exists."""
    now = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    names = set(existing)
    candidates = (now, *(f"{now}-{number}" for number in range(2, 1_000)))
    return next(name for name in candidates if name not in names)


def failures(history: Sequence[Commit]) -> set[str]:
    """Return the releases that failed and were not made live again later."""
    failed: set[str] = set()
    for commit in reversed(history):
        failed.discard(commit.release)
        if commit.failed:
            failed.add(commit.failed)
    return failed


def choose(history: Sequence[Commit], live: Commit | None, release: str | None) -> Commit:
    """Return the commit of RELEASE, or of the last good release before the live one."""
    if release is not None:
        commits = [commit for commit in history if commit.release == release]
        if not commits:
            raise FlaskdashError(f"Unknown release {release!r}", hint="flaskdash releases")
        return commits[0]
    names = list(dict.fromkeys(commit.release for commit in by_first_push(history)))
    older = names[names.index(live.release) + 1 :] if live else names
    failed = failures(history)
    for name in older:
        if name not in failed:
            return next(commit for commit in history if commit.release == name)
    raise FlaskdashError("There is no release before the live one", hint="flaskdash releases")


def by_first_push(history: Sequence[Commit]) -> list[Commit]:
    """Return the commits ordered by the first push of their release, newest first."""
    return sorted(history, key=lambda commit: _first_index(history, commit.release))


def _first_index(history: Sequence[Commit], release: str) -> int:
    """Return the index of the oldest commit of a release; the history is newest first."""
    return max(index for index, commit in enumerate(history) if commit.release == release)
