"""The project's uv.lock: whether it is fresh, and the requirements that it holds for a machine."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from flaskdash import shell
from flaskdash.project import Project
from flaskdash.project.environment import uv
from flaskdash.ship.machine import Machine

# --no-default-groups and not --no-dev: what runs in production is [project].dependencies alone,
# which is what hosting platforms install too.
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
    """Return what uv has against the lock; nothing if it fits pyproject.toml."""
    python = ["--python", str(project.python)] if project.python.exists() else []
    network = ["--offline"] if offline else []
    try:
        shell.run([uv(), "lock", "--check", "--no-progress", *network, *python], cwd=project.root)
    except shell.CommandError as error:
        return error.output.strip() or str(error)
    return ""


def export(project: Project, file: Path) -> list[str]:
    """Return the command that writes the locked requirements of all machines, with hashes."""
    return [uv(), *EXPORT, "--output-file", str(file)]


def for_machine(exported: str, machine: Machine) -> str:
    """Return the lines of an export whose markers hold on a machine, without the markers.

    pip would evaluate them for the Python that runs it, not for the one that it downloads for.
    """
    from packaging.markers import Marker

    lines = []
    for line in exported.replace("\\\n", " ").splitlines():
        requirement, *hashes = re.split(r"\s+--hash=", line.strip())
        wanted, _, condition = requirement.partition(" ;")
        if not wanted.strip() or wanted.startswith("#"):
            continue
        # The patch version there is unknown: what only some of them need is taken along.
        holds = not condition.strip() or any(
            Marker(condition).evaluate(dict(machine.markers(patch))) for patch in (0, 99)
        )
        if holds:
            lines.append(" \\\n    ".join([wanted.strip(), *(f"--hash={one}" for one in hashes)]))
    return "\n".join(lines) + "\n"


def main_dependencies(root: Path) -> set[str]:
    """Return the names that the project itself depends on, as uv.lock says; not its dev groups."""
    own = next((one for one in packages(root) if _is_project(one)), {})
    return {str(one["name"]) for one in own.get("dependencies", [])}


def production(root: Path) -> set[str]:
    """Return the names of all that is installed where the project runs: no dev groups.

    What only some systems need is among them.
    """
    known: dict[str, list[dict[str, Any]]] = {}
    for one in packages(root):
        known.setdefault(str(one["name"]), []).append(one)
    own = next((one for one in packages(root) if _is_project(one)), {})
    todo = [_need(one) for one in own.get("dependencies", [])]
    seen = set(todo)
    for name, extras in todo:
        for package in known.get(name, []):
            needs = [*package.get("dependencies", [])]
            for extra in extras:
                needs += package.get("optional-dependencies", {}).get(extra, [])
            new = dict.fromkeys(map(_need, needs))
            todo += [one for one in new if one not in seen]
            seen.update(new)
    return {name for name, _ in seen}


def foreign(root: Path) -> list[str]:
    """Return the packages that uv.lock takes from a folder or from git, and so without a wheel."""
    return [
        str(one["name"])
        for one in packages(root)
        if not _is_project(one) and not {"registry", "url"} & set(one.get("source", {}))
    ]


def packages(root: Path) -> list[dict[str, Any]]:
    """Return the packages in uv.lock; none where it is missing or not valid."""
    try:
        found = tomllib.loads((root / "uv.lock").read_text("utf-8")).get("package", [])
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return []
    return list(found)


def _need(dependency: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Return a package that another needs, and with which extras."""
    return str(dependency["name"]), tuple(dependency.get("extra", ()))


def _is_project(package: dict[str, Any]) -> bool:
    source = package.get("source", {})
    return "." in (source.get("virtual"), source.get("editable"))
