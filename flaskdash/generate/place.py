"""Place drafted files in a project, after the packages that they require."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from flaskdash.errors import FlaskdashError
from flaskdash.generate import render
from flaskdash.progress import Echo, working
from flaskdash.project import Project, environment


def place(
    project: Project,
    drafted: Path,
    requires: Sequence[str],
    subject: str,
    echo: Echo,
    *,
    dry_run: bool,
) -> None:
    """Add the packages that `subject` requires to the project, then its drafted files."""
    missing = missing_packages(project, requires)
    if missing:
        # Raise on a conflict before a package is added.
        render.place(drafted, project.root, lambda _: None, dry_run=True)
    if missing and not dry_run:
        _add_packages(project, missing, subject)
    for package in missing:
        echo(f"require   {package}")
    render.place(drafted, project.root, echo, dry_run)


def missing_packages(project: Project, requires: Sequence[str]) -> list[str]:
    """Return the requirements that are not among the project's dependencies."""
    dependencies = {package_name(requirement) for requirement in project.dependencies()}
    return [
        requirement for requirement in requires if package_name(requirement) not in dependencies
    ]


def package_name(requirement: str) -> str:
    """Return the name of a requirement's package, as the index spells it."""
    name = re.split(r"[^A-Za-z0-9._-]", requirement.strip(), maxsplit=1)[0]
    return name.lower().replace("_", "-")


def _add_packages(project: Project, packages: Sequence[str], subject: str) -> None:
    """Add packages to the project's dependencies; raise FlaskdashError without a network."""
    try:
        with working(f"Adding {', '.join(packages)}..."):
            environment.add(project, packages)
    except environment.OfflineError as error:
        raise FlaskdashError(
            f"The package index cannot be reached, and {subject} requires {', '.join(packages)}."
            " Nothing was written. When the network is back, add the package to the project and"
            " repeat the command.",
            hint=" ".join(["uv add", *(f"'{package}'" for package in packages)]),
        ) from error


def append_line(path: Path, line: str) -> None:
    """Append a line to a file; only its owner may read .env."""
    if path.name == ".env":
        path.touch(mode=0o600)
        path.chmod(0o600)
    text = path.read_text("utf-8")
    newline = "\n" if text and not text.endswith("\n") else ""
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{newline}{line}\n")
