"""The interface of a deploy target, and the values that its methods take and return."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, NoReturn, Protocol, runtime_checkable

from flaskdash.check.rule import Rule
from flaskdash.errors import FlaskdashError
from flaskdash.progress import Echo
from flaskdash.project import Project


@dataclass(frozen=True)
class Place:
    """Where to deploy: the kind of target, its address, and settings such as the domain."""

    kind: str
    address: str
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Release:
    """A deployed version; `when` is its time of creation (ISO 8601, UTC)."""

    name: str
    when: str = ""
    live: bool = False
    note: str = ""


@dataclass(frozen=True)
class Outcome:
    """The result of a deploy or a rollback: the live release and its URL, or the file written."""

    release: str = ""
    url: str = ""
    file: str = ""


@dataclass(frozen=True)
class Status:
    """The state of a target: the live release, its URL, its health, and further facts by name.

    `reason` says why it is not healthy, if that is known.
    """

    release: str = ""
    url: str = ""
    healthy: bool = False
    facts: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class DeployPlan(Protocol):
    """A deploy that has been planned and can be described, checked and run."""

    @property
    def rules(self) -> Sequence[Rule]:
        """Return the preflight rules for this target."""

    @property
    def question(self) -> str:
        """Return the question that a person confirms before the plan runs; empty for none."""

    def lines(self) -> Iterator[str]:
        """Yield each step and command as a line of text, without changing anything."""

    def run(self, echo: Echo) -> Outcome:
        """Build, release and verify; roll back if the new release fails."""


@runtime_checkable
class EarlyPlan(DeployPlan, Protocol):
    """A plan that runs while the slow rules of the preflight still do."""

    def run_early(self, echo: Echo, passed: Callable[[], None]) -> Outcome:
        """Do as `run` does, but call `passed` before anything is pushed or goes live.

        It waits for the preflight, and raises PreflightError if a rule failed.
        """


class Target:
    """A target of one kind. A kind without releases only has to override `plan`."""

    settings: ClassVar[frozenset[str]] = frozenset()  # the names that this kind accepts

    def __init__(self, project: Project, place: Place) -> None:
        self.project = project
        self.place = place

    def plan(self) -> DeployPlan:
        raise NotImplementedError

    def releases(self) -> list[Release]:
        """Return the releases on the target, newest first."""
        self._cannot("has no releases")

    def rollback(self, release: str | None, echo: Echo) -> Outcome:
        """Make the named release live again, or the one before the live release."""
        self._cannot("cannot be rolled back")

    def status(self) -> Status:
        self._cannot("has no status")

    def logs(self, *, follow: bool) -> None:
        """Print the target's log; with `follow`, continue until Ctrl-C."""
        self._cannot("has no log")

    def url(self) -> str:
        """Return the URL of the live dashboard."""
        return self.status().url

    def secrets(self) -> list[str]:
        """Return the names of the settings that are stored on the target, never their values."""
        self._cannot("does not store secrets")

    def set_secrets(self, values: Mapping[str, str], echo: Echo) -> None:
        """Store settings on the target and apply them to the live release."""
        self._cannot("does not store secrets")

    def _cannot(self, limitation: str) -> NoReturn:
        raise FlaskdashError(f"The target {self.place.address} {limitation}")
