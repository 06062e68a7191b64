"""What is pushed: the project's files as they are, and what the platform needs beside them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from flaskdash import shell
from flaskdash.deploy.git.servers import Server
from flaskdash.errors import FlaskdashError
from flaskdash.project import Project
from flaskdash.ship import lockfile
from flaskdash.ship.archive import Entry


def entries(
    project: Project, server: Server, paths: Sequence[str], release: str
) -> Iterator[Entry]:
    """Yield the files of a release's commit."""
    for path in paths:
        file = project.root / path
        yield Entry(path, file.resolve(), os.access(file, os.X_OK))
    for path in dict(added(project, server)):
        yield Entry(path, _text(project, path, release).encode())


def added(project: Project, server: Server) -> Iterator[tuple[str, str]]:
    """Yield the files that are in the commit alone, and why."""
    yield ".release", "which release answers at /up"
    if not (project.root / "app.json").exists():
        yield "app.json", "the platform's manifest: settings, and health checks on /up"
    if server.needs_requirements:
        yield "requirements.txt", f"uv.lock with its hashes, for {server.what}"


def message(project: Project, release: str) -> str:
    """Return a commit's message, which says what the project's own commit is."""
    try:
        own = shell.run(["git", "rev-parse", "--short", "HEAD"], project.root).strip()
        changed = shell.run(["git", "status", "--porcelain", "--", "."], project.root).strip()
    except FlaskdashError:
        return f"Release {release}"
    return f"Release {release}\n\n{own}{' and changes' if changed else ''}"


def manifest(project: Project) -> str:
    """Return an app.json: what a new app of this project is set up with, and how it is checked."""
    up = {"type": "startup", "name": "up", "path": "/up", "attempts": 30, "wait": 2}
    app = {
        "name": project.name,
        "description": project.title,
        "env": {"SECRET_KEY": {"description": "It signs sessions.", "generator": "secret"}},
        "healthchecks": {"web": [up]},
    }
    return json.dumps(app, indent=2, ensure_ascii=False) + "\n"


def _text(project: Project, path: str, release: str) -> str:
    if path == "requirements.txt":
        command = lockfile.export(project, Path("-"))[:-2]  # to its output
        return shell.run(command, project.root)
    return manifest(project) if path == "app.json" else f"{release}\n"
