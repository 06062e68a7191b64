"""What was pushed, as its commits tell: which releases there are, which failed, which came before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from flaskdash.deploy.git.repository import Commit
from flaskdash.errors import FlaskdashError


def name(taken: Iterable[str]) -> str:
    """Return a name for a release: the time, UTC; and a number where that is taken."""
    now = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    known = set(taken)
    return next(one for one in (now, *(f"{now}-{n}" for n in range(2, 1_000))) if one not in known)


def failures(history: Sequence[Commit]) -> set[str]:
    """Return the releases that failed, and were not made live later."""
    bad: set[str] = set()
    for one in reversed(history):
        bad.discard(one.release)
        if one.failed:
            bad.add(one.failed)
    return bad


def choose(history: Sequence[Commit], live: Commit | None, release: str | None) -> Commit:
    """Return the commit of a release: the named one, else the good one before the live one."""
    if release is not None:
        found = [one for one in history if one.release == release]
        if not found:
            raise FlaskdashError(f"there is no release {release!r}", hint="flaskdash releases")
        return found[0]
    names = list(dict.fromkeys(one.release for one in by_age(history)))
    older = names[names.index(live.release) + 1 :] if live else names
    bad = failures(history)
    for one in older:
        if one not in bad:
            return next(commit for commit in history if commit.release == one)
    raise FlaskdashError("there is no release before the live one", hint="flaskdash releases")


def by_age(history: Sequence[Commit]) -> list[Commit]:
    """Return the commits by when their release was pushed first, the newest first."""
    return sorted(history, key=lambda one: _first(history, one.release))


def _first(history: Sequence[Commit], release: str) -> int:
    """Return how far back a release was pushed first."""
    return max(index for index, one in enumerate(history) if one.release == release)
