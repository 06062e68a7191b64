"""Platforms with a deploy tool of their own: write its file, and print the next commands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import ClassVar, NoReturn

from flaskdash.check import rules
from flaskdash.check.rule import Finding, Rule
from flaskdash.deploy.target import Outcome, Target
from flaskdash.errors import FlaskdashError
from flaskdash.generate import render
from flaskdash.progress import Echo
from flaskdash.project import Project
from flaskdash.ship.errors import PreflightError

DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]*[a-z0-9]")


@dataclass(frozen=True)
class FilesPlan:
    """A deploy that writes the platform's files and runs none of its commands."""

    target: PlatformTarget

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Return the preflight rules, with one for the Dockerfile that the platform builds."""
        return (*rules.ALL, DOCKERFILE, *self.target.rules)

    @property
    def question(self) -> str:
        """Return an empty text: writing a file needs no confirmation."""
        return ""

    def lines(self) -> Iterator[str]:
        """Yield each step as text."""
        for path, exists in self.target.paths():
            yield f"{'keep' if exists else 'create':9} {path}"
        yield from (f"print     {line}" for line in self.target.commands())

    def run(self, echo: Echo) -> Outcome:
        """Write the files that do not exist, and print the platform's own commands."""
        target = self.target
        existing = [path for path, exists in target.paths() if exists]
        with render.draft() as root:
            render.render_part(target.place.kind, target.values(), root)
            render.keep_originals(root)
            for path in existing:  # once written, a file belongs to the project
                (root / path).unlink()
            render.place(root, target.project.root, echo)
        for path in existing:
            echo(f"keep      {path}")
        echo(
            f"\nThe files are written and validated. Nothing was sent to {target.label}."
            f" Next, run with {target.tool}:"
        )
        for line in target.commands():
            echo(f"  {line}")
        echo(f"\nTo roll back: {target.rollback_hint()}")
        return Outcome(file=str(next(target.paths())[0]))


class PlatformTarget(Target):
    """A platform whose own tool manages releases, logs and secrets."""

    label: ClassVar[str]
    tool: ClassVar[str]  # the program that a person runs next
    files: ClassVar[tuple[str, ...]]
    rules: ClassVar[tuple[Rule, ...]] = ()

    def plan(self) -> FilesPlan:
        self.values()  # raises the error of an invalid address or domain
        return FilesPlan(self)

    def paths(self) -> Iterator[tuple[PurePosixPath, bool]]:
        """Yield the files that the platform reads, and whether they exist."""
        for name in self.files:
            yield PurePosixPath(name), (self.project.root / name).exists()

    @property
    def name(self) -> str:
        """The project's name as platforms accept it: lowercase letters, digits and hyphens."""
        return re.sub(r"[^a-z0-9]+", "-", self.project.name.lower()).strip("-") or "dashboard"

    def values(self) -> Mapping[str, str]:
        """Return the variables of the file's template."""
        return {"name": self.name}

    def commands(self) -> Iterator[str]:
        """Yield the commands that a person runs next."""
        raise NotImplementedError

    def rollback_hint(self) -> str:
        """Return how a person makes the release before live again."""
        raise NotImplementedError

    def _cannot(self, limitation: str) -> NoReturn:
        raise FlaskdashError(f"flaskdash does not manage {self.label}. Use {self.tool} for that.")

    def domain(self, example: str) -> str:
        """Return the configured domain; raise PreflightError if it is missing or invalid."""
        domain = self.place.settings.get("domain", "")
        if not domain:
            raise PreflightError(f"{self.label} needs the domain of the dashboard", hint=example)
        if not DOMAIN.fullmatch(domain):
            raise PreflightError(f"{domain!r} is not a domain", hint=example)
        return domain


def _check_dockerfile(project: Project) -> Iterator[Finding]:
    if not (project.root / "Dockerfile").is_file():
        yield Finding(
            "the platform builds the Dockerfile, and it does not exist", "git checkout Dockerfile"
        )


DOCKERFILE = Rule("dockerfile", "the Dockerfile exists", _check_dockerfile)
