"""Platforms with a tool of their own: their file is written, and what to run next is printed."""

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
class Files:
    """What a deploy to such a platform does: it writes files, and runs nothing of the platform's."""

    target: PlatformTarget

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Return the preflight's rules: the platform builds the project's own Dockerfile."""
        return (*rules.ALL, DOCKERFILE, *self.target.rules)

    @property
    def question(self) -> str:
        """Return what a person is asked before it runs: a new file does no harm, so nothing."""
        return ""

    def lines(self) -> Iterator[str]:
        """Yield each step, in words."""
        for path, is_there in self.target.paths():
            yield f"{'keep' if is_there else 'create':9} {path}"
        yield from (f"print     {line}" for line in self.target.commands())

    def run(self, echo: Echo) -> Outcome:
        """Write the files that are not there; print the platform's own commands."""
        target = self.target
        kept = [path for path, is_there in target.paths() if is_there]
        with render.draft() as root:
            render.render_part(target.place.kind, target.values(), root)
            render.keep_originals(root)
            for path in kept:  # once written, a file is the project's own
                (root / path).unlink()
            render.place(root, target.project.root, echo)
        for path in kept:
            echo(f"keep      {path}")
        echo(
            f"\nWritten and validated, not run: flaskdash has told {target.what} nothing. Next, with"
            f" {target.tool}:"
        )
        for line in target.commands():
            echo(f"  {line}")
        echo(f"\nThe way back: {target.way_back()}")
        return Outcome(file=str(next(target.paths())[0]))


class PlatformTarget(Target):
    """A platform as a target: releases, logs and secrets are its own tool's."""

    tool: ClassVar[str]  # what a person runs next
    files: ClassVar[tuple[str, ...]]
    rules: ClassVar[tuple[Rule, ...]] = ()

    def plan(self) -> Files:
        """Return what a deploy would do."""
        self.values()  # an address that is none ends here
        return Files(self)

    def paths(self) -> Iterator[tuple[PurePosixPath, bool]]:
        """Yield the files that the platform reads, and whether they are there."""
        for name in self.files:
            yield PurePosixPath(name), (self.project.root / name).exists()

    @property
    def name(self) -> str:
        """Return the project's name as platforms take it: small letters, digits and hyphens."""
        return re.sub(r"[^a-z0-9]+", "-", self.project.name.lower()).strip("-") or "dashboard"

    def values(self) -> Mapping[str, str]:
        """Return what the files are rendered with."""
        return {"name": self.name}

    def commands(self) -> Iterator[str]:
        """Yield the commands that a person runs next."""
        raise NotImplementedError

    def way_back(self) -> str:
        """Return how a person goes back to the release before."""
        raise NotImplementedError

    def _cannot(self, what: str) -> NoReturn:
        raise FlaskdashError(f"{self.what} is asked with its own tool: {self.tool}")

    def domain(self, example: str) -> str:
        """Return the domain that was said; refuse none, and one that is none."""
        domain = self.place.settings.get("domain", "")
        if not DOMAIN.fullmatch(domain):
            raise PreflightError(
                f"{domain!r} is not a domain" if domain else f"{self.what} has to know the domain",
                hint=example,
            )
        return domain


def _dockerfile(project: Project) -> Iterator[Finding]:
    if not (project.root / "Dockerfile").is_file():
        yield Finding(
            "there is no Dockerfile, and the platform builds it", "git checkout Dockerfile"
        )


DOCKERFILE = Rule("dockerfile", "the Dockerfile is there", _dockerfile)
