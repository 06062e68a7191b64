"""Projects that share an environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import textwrap
from pathlib import Path

from flaskdash.generate import render
from flaskdash.project import environment


def borrow_environment(project: Path, shared: Path) -> None:
    """Give a project the environment and the lock of the shared one."""
    (project / ".venv").symlink_to(shared / ".venv")
    if not (project / "uv.lock").exists():
        shutil.copy(shared / "uv.lock", project)


def copy_project(shared: Path, root: Path) -> None:
    """Copy the shared project, without its snapshots; lend the copy its environment."""
    shutil.copytree(shared, root, ignore=shutil.ignore_patterns(".venv", "instance"))
    borrow_environment(root, shared)


def own_environment(project: Path, shared: Path) -> None:
    """Give a project the lock of the shared one, and an environment of its own: it adds packages."""
    if (project / ".venv").is_symlink():
        (project / ".venv").unlink()
    shutil.copy(shared / "uv.lock", project)
    environment.sync(project)


def run(project: Path, *command: str) -> str:
    program, *args = command
    done = subprocess.run(
        [project / ".venv/bin" / program, *args], cwd=project, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


START = """
import json, os, sys, time
from pathlib import Path
import app.cache, app.data, app.snapshots
from app import create_app
made = create_app()
data, cache = made.extensions["data"], made.extensions["cache"]
client = made.test_client()
folder = cache.folder
def get(path, **headers):
    return client.get(path, headers=headers)
def kept():
    return sorted(folder.iterdir()) if folder.exists() else []
"""


def inside(project: Path, code: str, start: str = START, **environment: str) -> str:
    """Run code in the project's own Python, with its application made; return what it prints."""
    done = subprocess.run(
        [project / ".venv/bin/python", "-W", "error", "-c", start + textwrap.dedent(code)],
        cwd=project,
        env=os.environ | {"SECRET_KEY": "test"} | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def snapshot(root: Path) -> dict[str, bytes]:
    return {str(path): (root / path).read_bytes() for path in render.files(root)}
