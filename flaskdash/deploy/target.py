"""What a target is: a place that releases go to, and what can be asked of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, NoReturn, Protocol

from flaskdash.check.rule import Rule
from flaskdash.errors import FlaskdashError
from flaskdash.progress import Echo
from flaskdash.project import Project


@dataclass(frozen=True)
class Place:
    """What a person says of a target: its kind, its address, and settings such as its domain."""

    kind: str
    address: str
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Release:
    """A deployed version: its name, when it was made (ISO 8601, UTC), and whether it is live."""

    name: str
    when: str = ""
    live: bool = False
    note: str = ""


@dataclass(frozen=True)
class Outcome:
    """What came of a deploy or a rollback: the release that is live now, and where it answers."""

    release: str = ""
    url: str = ""
    file: str = ""


@dataclass(frozen=True)
class Status:
    """How a target stands: the live release, its URL, whether it answers, and facts of its own."""

    release: str = ""
    url: str = ""
    healthy: bool = False
    facts: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


class Plan(Protocol):
    """What a deploy to a target would do, and the one way to do it."""

    @property
    def rules(self) -> Sequence[Rule]:
        """Return the preflight's rules for this target."""

    @property
    def question(self) -> str:
        """Return what a person is asked before it runs, or nothing."""

    def lines(self) -> Iterator[str]:
        """Yield each step and command in words; change nothing."""

    def run(self, echo: Echo) -> Outcome:
        """Do it: build, release, verify, and roll back where that fails."""


class Target:
    """A target of one kind. A kind without releases overrides no more than `plan`."""

    what: ClassVar[str]  # "a bundle", as errors say it
    settings: ClassVar[frozenset[str]] = frozenset()  # those that it takes

    def __init__(self, project: Project, place: Place) -> None:
        self.project = project
        self.place = place

    def plan(self) -> Plan:
        """Return what a deploy would do."""
        raise NotImplementedError

    def releases(self) -> list[Release]:
        """Return the releases that are there, the newest first."""
        self._cannot("has no releases")

    def rollback(self, release: str | None, echo: Echo) -> Outcome:
        """Make a release live again: the named one, else the one before the live one."""
        self._cannot("can't be rolled back")

    def status(self) -> Status:
        """Return how the target stands."""
        self._cannot("has no status")

    def logs(self, *, follow: bool) -> None:
        """Print the target's log, and with `follow` go on until Ctrl-C."""
        self._cannot("has no log")

    def url(self) -> str:
        """Return where the dashboard answers."""
        return self.status().url

    def secrets(self) -> list[str]:
        """Return the names of the settings that are kept on the target; never their values."""
        self._cannot("keeps no secrets")

    def set_secrets(self, values: Mapping[str, str], echo: Echo) -> None:
        """Keep settings on the target, and let the live release take them up."""
        self._cannot("keeps no secrets")

    def _cannot(self, what: str) -> NoReturn:
        raise FlaskdashError(f"{self.what} {what}")
