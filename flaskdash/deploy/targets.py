"""The targets by name, and the one that a project remembers in its pyproject.toml."""

from __future__ import annotations

import os
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from flaskdash import environment
from flaskdash.deploy import bundle
from flaskdash.deploy.errors import BuildError, PreflightError
from flaskdash.deploy.preflight import Echo, Rule
from flaskdash.errors import FlaskdashError
from flaskdash.project import Project

FIRST = "production"
DEFAULT = "bundle"


class Plan(Protocol):
    """What a deploy to a target would do, and the one way to do it."""

    @property
    def rules(self) -> Sequence[Rule]:
        """Return the preflight's rules for this target."""

    def lines(self) -> Iterator[str]:
        """Yield each step in words."""

    def run(self, echo: Echo) -> None:
        """Do it."""


# A target is a module with plan(project, python, platform) -> Plan.
PLANS: Mapping[str, Callable[[Project, str | None, str | None], Plan]] = {"bundle": bundle.plan}


@dataclass(frozen=True)
class Choice:
    """A target, and whether the project is to remember it."""

    target: str
    is_new: bool = False


def choose(project: Project, named: str | None, ask: Callable[[], str] | None) -> Choice:
    """Return the target: the one named, else the remembered one, else the answer, else the bundle.

    It is new where the user said it and nothing is remembered yet.
    """
    kept = remembered(project)
    if named is not None:
        return Choice(_known(kept.get(named, named)), is_new=not kept)
    if kept:
        return Choice(_known(kept.get(FIRST) or next(iter(kept.values()))))
    return Choice(_known(ask()), is_new=True) if ask else Choice(DEFAULT)


def remembered(project: Project) -> dict[str, str]:
    """Return the targets in [tool.flaskdash.targets] by the name that they go by there."""
    text = (project.root / "pyproject.toml").read_text("utf-8")
    table = tomllib.loads(text)["tool"]["flaskdash"].get("targets", {})
    if not isinstance(table, dict):
        raise FlaskdashError(
            "targets in pyproject.toml is not a table",
            hint=f'[tool.flaskdash.targets] and below it {FIRST} = "{DEFAULT}"',
        )
    return {str(name): str(target) for name, target in table.items()}


def remember(project: Project, target: str, echo: Echo) -> None:
    """Write the target into pyproject.toml, as "production", and say so; keep all else there."""
    import tomlkit

    file = project.root / "pyproject.toml"
    was_fresh = environment.is_fresh(project.root)
    text = file.read_bytes().decode("utf-8")
    end = "\r\n" if "\r\n" in text else "\n"
    document = tomlkit.parse(text.replace("\r\n", "\n"))
    table = document["tool"]["flaskdash"].setdefault("targets", tomlkit.table())
    table.add(FIRST, target)
    if len(table) == 1:
        table.add(tomlkit.nl())  # before the table that comes after
    _replace(file, tomlkit.dumps(document).rstrip("\n") + "\n", end)
    if was_fresh:  # what the environment is made from has not changed
        environment.stamp(project.root)
    echo(f'remember  {FIRST} = "{target}" in pyproject.toml, for the next `flaskdash deploy`')


@contextmanager
def alone(project: Project) -> Iterator[None]:
    """Keep other deploys of the project off; a process that dies keeps nothing."""
    from filelock import FileLock, Timeout

    dist = project.root / "dist"
    dist.mkdir(exist_ok=True)
    try:
        with FileLock(dist / ".deploy.lock", blocking=False):
            yield
    except Timeout as error:
        raise PreflightError(
            "another deploy of this project is under way; nothing was built",
            hint="flaskdash deploy, when that one has ended",
        ) from error


def deploy(plan: Plan, echo: Echo) -> None:
    """Run a plan whose preflight has passed; a failure has exit code 3."""
    try:
        plan.run(echo)
    except FlaskdashError as error:
        raise BuildError(error.message, error.hint) from error


def _known(target: str) -> str:
    if target not in PLANS:
        raise FlaskdashError(f"no target {target!r}", hint=f"one of: {', '.join(PLANS)}")
    return target


def _replace(file: Path, text: str, end: str) -> None:
    """Replace a file by one rename, so that it is never half-written."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline=end) as out:
            out.write(text)
        Path(name).chmod(file.stat().st_mode)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
