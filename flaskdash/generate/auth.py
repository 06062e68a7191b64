"""Add accounts: people sign in, and everything else is closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from flaskdash import shell
from flaskdash.errors import FlaskdashError
from flaskdash.generate.database import add_database
from flaskdash.generate.parts import DATABASE, Part, add_part, is_part
from flaskdash.progress import Echo, echo
from flaskdash.project import Project
from flaskdash.project.environment import ensure_environment

PART = Part(
    "auth",
    "blueprints/auth",
    "app/blueprints/accounts",
    ("argon2-cffi>=25.1", "flask-wtf>=1.3"),
    needs=(DATABASE.name,),
)


OIDC = Part(
    "oidc",
    "blueprints/oidc",
    "app/blueprints/oidc",
    ("authlib>=1.9", "requests>=2.32"),
    needs=(PART.name,),
)


def add_auth(project: Project, echo: Echo, dry_run: bool = False, *, oidc: bool = False) -> None:
    """Add the part `auth`, and before it the database that it needs; with `oidc`, that part, too."""
    part = PART
    if not is_part(project, DATABASE.name):
        add_part(project, part, lambda _: None, dry_run=True)  # raise before anything is written
        add_database(project, "", echo, dry_run)
        part = replace(PART, brings=(DATABASE.name,))
    add_part(project, part, echo, dry_run)
    if oidc:
        add_part(project, OIDC, echo, dry_run)


def run_user(arguments: Sequence[str]) -> NoReturn:
    """Replace this process by the project's own `flask user`."""
    project = Project.find(Path.cwd())
    if not is_part(project, PART.name):
        raise FlaskdashError("The project has no accounts. Add them.", hint="flaskdash add-auth")
    ensure_environment(project, echo)
    python = str(project.python)
    shell.replace([python, "-m", "flask", "user", *arguments], project.root, {})
