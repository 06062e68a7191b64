"""The files of a release's commit: the project's own, and those that the platform needs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from flaskdash import shell
from flaskdash.deploy.git.servers import GitServer
from flaskdash.errors import FlaskdashError
from flaskdash.project import Project
from flaskdash.ship import lockfile
from flaskdash.ship.archive import Entry, from_file


def entries(
    project: Project, server: GitServer, paths: Sequence[str], release: str
) -> Iterator[Entry]:
    """Yield the files of a release's commit."""
    for path in paths:
        yield from_file(path, (project.root / path).resolve())
    for path in dict(generated(project, server)):
        yield Entry(path, _content(project, path, release).encode())


def generated(project: Project, server: GitServer) -> Iterator[tuple[str, str]]:
    """Yield the path and the purpose of each file that only the commit has."""
    yield ".release", "the name of the release, which /up returns"
    if not (project.root / "app.json").exists():
        yield "app.json", "the platform's manifest: settings, and health checks on /up"
    if server.needs_requirements:
        yield "requirements.txt", f"uv.lock with its hashes, for {server.label}"


def message(project: Project, release: str) -> str:
    """Return the commit message, with the project's own commit if it is in git."""
    try:
        head = shell.run(["git", "rev-parse", "--short", "HEAD"], project.root).strip()
        changes = shell.run(["git", "status", "--porcelain", "--", "."], project.root).strip()
    except FlaskdashError:
        return f"Release {release}"
    return f"Release {release}\n\n{head}{' and changes' if changes else ''}"


def manifest(project: Project) -> str:
    """Return the text of app.json: the settings of a new app, and its health check."""
    up = {"type": "startup", "name": "up", "path": "/up", "attempts": 30, "wait": 2}
    app = {
        "name": project.name,
        "description": project.title,
        "env": {"SECRET_KEY": {"description": "It signs sessions.", "generator": "secret"}},
        "healthchecks": {"web": [up]},
    }
    return json.dumps(app, indent=2, ensure_ascii=False) + "\n"


def _content(project: Project, path: str, release: str) -> str:
    if path == "requirements.txt":
        command = lockfile.export(project, Path("-"))[:-2]  # without --output-file: to stdout
        return shell.run(command, project.root)
    return manifest(project) if path == "app.json" else f"{release}\n"
