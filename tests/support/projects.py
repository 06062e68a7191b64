"""Projects that share an environment."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from flaskdash import skeletons
from flaskdash.cli import cli
from flaskdash.generate import render
from flaskdash.project import environment
from tests.support import interpreter


@contextmanager
def module_of_skeleton(name: str) -> Iterator[Any]:
    """Import a module of the skeleton's app, or of a part; at the end, all of it is forgotten."""
    folder = str(skeletons.TEMPLATES / "project/{{cookiecutter.folder}}")
    sys.path.insert(0, folder)
    try:
        parts = importlib.import_module("app").__path__
        parts += map(str, skeletons.TEMPLATES.glob("*/{{cookiecutter.folder}}/app"))
        yield importlib.import_module(name)
    finally:
        sys.path.remove(folder)
        for loaded in [loaded for loaded in sys.modules if loaded.split(".")[0] == "app"]:
            del sys.modules[loaded]


def borrow_environment(project: Path, shared: Path) -> None:
    """Give a project the environment and the lock of the shared one."""
    (project / ".venv").symlink_to(shared / ".venv")
    if not (project / "uv.lock").exists():
        shutil.copy(shared / "uv.lock", project)


def copy_project(shared: Path, root: Path) -> Path:
    """Copy the shared project without its snapshots; the copy uses the same environment."""
    shutil.copytree(shared, root, ignore=shutil.ignore_patterns(".venv", "instance"))
    borrow_environment(root, shared)
    return root


def keep_one_chart(project: Path, name: str, filters: str) -> None:
    """Delete all charts but one, and give it these filters: few pages to export."""
    for chart in (project / "app/charts").glob("[a-z]*.py"):
        if chart.stem != name:
            chart.unlink()
    chart = project / f"app/charts/{name}.py"
    code = chart.read_text("utf-8")
    chart.write_text(re.sub("FILTERS = .*", f"FILTERS = {filters}", code), "utf-8")


def link_environment(project: Path, shared: Path) -> None:
    """Give a project a copy of the shared environment, with the modules that are compiled there.

    The files are links: uv replaces files, and never writes into them.
    """
    ignore = shutil.ignore_patterns(environment.STAMP, ".lock", "*.pyc.*")  # these are written
    links = {"symlinks": True, "copy_function": os.link}
    shutil.copytree(shared / ".venv", project / ".venv", ignore=ignore, **links)
    environment.stamp(project)


def own_environment(project: Path, shared: Path) -> None:
    """Give a project the lock of the shared one, and its own environment, to which it adds packages."""
    if (project / ".venv").is_symlink():
        (project / ".venv").unlink()
    shutil.copy(shared / "uv.lock", project)
    link_environment(project, shared)
    environment.sync(project)


def add_parts(shared: Path, root: Path, *commands: Sequence[str]) -> Path:
    """Copy the shared project, with an environment of its own, and run commands that add parts."""
    copy_project(shared, root)
    own_environment(root, shared)
    with chdir(root):
        for command in commands:
            result = CliRunner().invoke(cli, command)
            assert result.exit_code == 0, result.output
    return root


def run(project: Path, *command: str) -> str:
    program, *args = command
    completed = subprocess.run(
        [project / ".venv/bin" / program, *args], cwd=project, capture_output=True, text=True
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    return completed.stdout


def start_error(project: Path) -> str:
    """Return the last line that an application prints which fails at its start."""
    completed = subprocess.run(
        [project / ".venv/bin/python", "-c", "from app import create_app; create_app()"],
        cwd=project,
        capture_output=True,
        text=True,
    )
    assert completed.returncode != 0
    return completed.stderr.strip().splitlines()[-1]


def check_own_code(project: Path, *tests: str) -> None:
    """Assert that a project passes its linters and its own tests, or some of them."""
    assert "All checks passed" in run(project, "ruff", "check", "--no-cache")
    assert "already formatted" in run(project, "ruff", "format", "--check", "--no-cache")
    assert "no issues found" in run(project, "mypy")
    summary = run(project, "pytest", "-q", "-p", "no:cacheprovider", *tests).splitlines()[-1]
    assert re.fullmatch(r"\d+ passed in .*", summary), summary


START_ALONE = """
import json, os, sys, time
from pathlib import Path
import app.engine
from app import create_app
app.engine.snapshots.WAIT_SECONDS = 100  # on a busy machine, a first snapshot takes its time
flask_app = create_app()
engine = flask_app.extensions["engine"]
data, cache = engine.data, engine.cache
client = flask_app.test_client()
def get(path, **headers):
    return client.get(path, headers=headers)
def cached_files():
    return sorted(cache.folder.iterdir()) if cache.folder.exists() else []
"""
# Most tests run loaders in their own process: to start one for each takes its time.
START = f"""{START_ALONE}
def read_here(loader, folder, path, state):
    return data[loader].read(path, app.engine.models.State.from_json(state)).to_json()
app.engine.snapshots.reader.read = read_here
"""


def inside(project: Path, code: str, start: str = START, **environment: str) -> str:
    """Run code in the project's own Python, with its application made; return what it prints.

    pandas and other packages are already imported, which takes longer than most of the code.
    """
    exit_code, output = interpreter.fork(
        project, start + textwrap.dedent(code), _variables(environment)
    )
    assert exit_code == 0, output
    return output


def alone(project: Path, code: str) -> str:
    """Do what `inside` does, in a Python that imports each package itself; loaders have readers."""
    completed = subprocess.run(
        [project / ".venv/bin/python", "-W", "error", "-c", START_ALONE + textwrap.dedent(code)],
        cwd=project,
        env=_variables({}),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    return completed.stdout + completed.stderr


def _variables(more: dict[str, str]) -> dict[str, str]:
    return os.environ | {"SECRET_KEY": "test"} | more


def snapshot(root: Path) -> dict[str, bytes]:
    """Return the files of a project; bytecode of Python is nobody's file."""
    paths = (path for path in render.files(root) if "__pycache__" not in path.parts)
    return {str(path): (root / path).read_bytes() for path in paths}


def replace_in(project: Path, file: str, *pairs: tuple[str, str]) -> None:
    """Replace texts that a file of the app must have."""
    path = project / "app" / file
    text = path.read_text("utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, "utf-8")


def close_dashboards(project: Path, roles: object) -> None:
    """Write DASHBOARD_ROLES into the configuration of a project."""
    config = project / "app/config.py"
    declared = re.compile("(DASHBOARD_ROLES: .* = ).*")
    text = config.read_text("utf-8")
    assert declared.search(text)
    config.write_text(declared.sub(lambda match: match[1] + json.dumps(roles), text), "utf-8")


def copy_chart(project: Path, name: str, new: str, dashboards: list[str]) -> None:
    """Add a copy of a chart to a project, on these dashboards."""
    text = (project / f"app/charts/{name}.py").read_text("utf-8")
    text = re.sub("TITLE = .*", f'TITLE = "The {new}"', text)
    text = re.sub("DASHBOARDS = .*", f"DASHBOARDS = {json.dumps(dashboards)}", text)
    (project / f"app/charts/{new}.py").write_text(text, "utf-8")
