"""Run `flaskdash deploy` on a project."""

import subprocess
from typing import Any

import pytest
from click.testing import CliRunner

from flaskdash.commands.deploy import command
from flaskdash.project import Project, environment


def lock(project: Project) -> None:
    subprocess.run([environment.uv(), "lock", "-q", "--offline"], cwd=project.root, check=True)


def invoke(project: Project, monkeypatch: pytest.MonkeyPatch, *args: str) -> Any:
    monkeypatch.chdir(project.root)
    return CliRunner().invoke(command, args)
