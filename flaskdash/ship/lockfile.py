"""The project's uv.lock: whether it is up to date, and the requirements for a machine."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from flaskdash import shell
from flaskdash.project import Project
from flaskdash.project.environment import uv
from flaskdash.ship.machine import Machine

# Production runs with [project].dependencies alone, as hosting platforms do. --no-dev would still
# include other default groups.
EXPORT = (
    "export",
    "--frozen",
    "--no-default-groups",
    "--no-emit-project",
    "--no-header",
    "--no-annotate",
    "--no-progress",
    "--quiet",
)


def check(project: Project, *, offline: bool) -> str:
    """Return uv's complaint about the lock; empty if it matches pyproject.toml."""
    python = ["--python", str(project.python)] if project.python.exists() else []
    network = ["--offline"] if offline else []
    try:
        shell.run([uv(), "lock", "--check", "--no-progress", *network, *python], cwd=project.root)
    except shell.CommandError as error:
        return error.output.strip() or str(error)
    return ""


def export(project: Project, file: Path) -> list[str]:
    """Return the command that writes the locked requirements for all machines, with hashes."""
    return [uv(), *EXPORT, "--output-file", str(file)]


def for_machine(exported: str, machine: Machine) -> str:
    """Return the lines of an export whose markers hold on a machine, without the markers.

    pip would evaluate them for the Python that runs pip, not for the one that it downloads for.
    """
    from packaging.markers import Marker

    lines = []
    for line in exported.replace("\\\n", " ").splitlines():
        requirement, *hashes = re.split(r"\s+--hash=", line.strip())
        package, _, condition = requirement.partition(" ;")
        if not package.strip() or package.startswith("#"):
            continue
        # The machine's patch version is unknown, so a package that only some need is included.
        holds = not condition.strip() or any(
            Marker(condition).evaluate(dict(machine.markers(patch))) for patch in (0, 99)
        )
        if holds:
            options = [f"--hash={value}" for value in hashes]
            lines.append(" \\\n    ".join([package.strip(), *options]))
    return "\n".join(lines) + "\n"


def main_dependencies(root: Path) -> set[str]:
    """Return the names of the project's direct dependencies in uv.lock, without its dev groups."""
    return {str(dependency["name"]) for dependency in _project_dependencies(root)}


def production(root: Path) -> set[str]:
    """Return the names of all packages in production, on any system, without the dev groups."""
    by_name: dict[str, list[dict[str, Any]]] = {}
    for package in packages(root):
        by_name.setdefault(str(package["name"]), []).append(package)
    queue = [_requirement(dependency) for dependency in _project_dependencies(root)]
    visited = set(queue)
    for name, extras in queue:  # it grows while the loop runs
        for package in by_name.get(name, []):
            dependencies = [*package.get("dependencies", [])]
            for extra in extras:
                dependencies += package.get("optional-dependencies", {}).get(extra, [])
            requirements = dict.fromkeys(map(_requirement, dependencies))
            queue += [requirement for requirement in requirements if requirement not in visited]
            visited.update(requirements)
    return {name for name, _ in visited}


def foreign(root: Path) -> list[str]:
    """Return the packages that uv.lock takes from a folder or from git, without a wheel."""
    return [
        str(package["name"])
        for package in packages(root)
        if not _is_project(package) and not {"registry", "url"} & set(package.get("source", {}))
    ]


def packages(root: Path) -> list[dict[str, Any]]:
    """Return the packages in uv.lock; none if it is missing or invalid."""
    try:
        lock = tomllib.loads((root / "uv.lock").read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return []
    return list(lock.get("package", []))


def _project_dependencies(root: Path) -> list[dict[str, Any]]:
    project = next((package for package in packages(root) if _is_project(package)), {})
    return list(project.get("dependencies", []))


def _requirement(dependency: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Return the name and the extras of a dependency."""
    return str(dependency["name"]), tuple(dependency.get("extra", ()))


def _is_project(package: dict[str, Any]) -> bool:
    source = package.get("source", {})
    return "." in (source.get("virtual"), source.get("editable"))
