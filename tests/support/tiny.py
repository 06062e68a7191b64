"""A tiny project on disk, without an environment."""

import subprocess
from pathlib import Path
from typing import Any

from flaskdash.project import Project
from flaskdash.ship.machine import Machine

PYPROJECT = """\
# agreed in the team
[project]
name = "tiny"
version = "1.2.0"
requires-python = ">=3.11"  # same as on the server
dependencies = []

[tool.flaskdash]
title = "Tiny"

[tool.uv]
package = false
"""
LOADER = 'from pathlib import Path\nSOURCE = Path(__file__).parents[2] / "data" / "sales.csv"\n'
KEY = "0123456789abcdef0123456789abcdef"
TREE = {
    ".env": f"SECRET_KEY={KEY}\nFLASK_APP=app:create_app\n",
    ".gitignore": ".env\n.venv/\n/dist/\ninstance/\n__pycache__/\n",
    ".python-version": "3.12\n",
    "Procfile": 'web: python -m gunicorn "app:create_app()"\n',
    "app/__init__.py": "def create_app(): ...\n",
    "app/loaders/__init__.py": "",
    "app/loaders/sales.py": LOADER,
    "data/sales.csv": "a,b\n1,2\n",
    "pyproject.toml": PYPROJECT,
}
LINUX = Machine("3.12", "manylinux_2_28_x86_64")


def build(root: Path, tree: dict[str, str]) -> None:
    for name, text in tree.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def script(file: Path, text: str) -> None:
    build(file.parent, {file.name: f"#!/bin/sh\n{text}\n"})
    file.chmod(0o755)


def git(project: Project, *args: str) -> None:
    subprocess.run(["git", *args], cwd=project.root, check=True, capture_output=True)


def sentences(findings: Any) -> list[str]:
    return [finding.sentence for finding in findings]


def snapshot(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}
