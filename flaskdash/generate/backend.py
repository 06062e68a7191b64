"""Parts that need a database, accounts and the API, and the commands that they bring."""

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

AUTH = Part(
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
    needs=(AUTH.name,),
)
PASSKEYS = Part(
    "passkeys",
    "blueprints/passkeys",
    "app/blueprints/passkeys",
    ("webauthn>=3.0",),
    needs=(AUTH.name,),
)
PROXY = Part("proxy", "blueprints/proxy", "app/blueprints/proxy", needs=(AUTH.name,))
API = Part("api", "blueprints/api", "app/blueprints/api", ("limits>=5.8",), needs=(DATABASE.name,))
COMMANDS = {"user": AUTH, "key": API}  # of the project's own, by the part that brings them


def add_with_database(project: Project, part: Part, echo: Echo, dry_run: bool = False) -> None:
    """Add a part, and before it the database that it needs."""
    if not is_part(project, DATABASE.name):
        add_part(project, part, lambda _: None, dry_run=True)  # raise before anything is written
        add_database(project, "", echo, dry_run)
        part = replace(part, brings=(DATABASE.name,))
    add_part(project, part, echo, dry_run)


def run_command(name: str, arguments: Sequence[str]) -> NoReturn:
    """Replace this process by a command of the project's own, such as `flask user`."""
    project, part = Project.find(Path.cwd()), COMMANDS[name]
    if not is_part(project, part.name):
        raise FlaskdashError(
            f"The project has no part {part.name}. Add it.", hint=f"flaskdash add-{part.name}"
        )
    ensure_environment(project, echo)
    python = str(project.python)
    shell.replace([python, "-m", "flask", name, *(arguments or ["--help"])], project.root, {})
