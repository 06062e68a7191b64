"""Secrets: which the project has, and whether a file holds one. Their values are never shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from flaskdash.project import Project, dotenv
from flaskdash.ship import files

SHORTEST = 12
CHUNK = 1 << 20
# What services put a mark of their own on. No \b in front: it would cost five times the time.
SHAPES = {
    rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----": "a private key",
    rb"(?:AKIA|ASIA)[0-9A-Z]{16}\b": "an access key of AWS",
    rb"(?:gh[pousr]_[0-9A-Za-z]{36}|github_pat_[0-9A-Za-z_]{60})": "a token of GitHub",
    rb"glpat-[0-9A-Za-z_-]{20}": "a token of GitLab",
    rb"npm_[0-9A-Za-z]{36}\b": "a token of npm",
    rb"pypi-AgEIcHlwaS5vcmc[0-9A-Za-z_-]{50}": "a token of PyPI",
    rb"xox[abprs]-[0-9]{9,}-[0-9A-Za-z-]{20}": "a token of Slack",
    rb"k_live_[0-9A-Za-z]{24}": "a key of Stripe",
}
LONGEST_SHAPE = 128
# Settings that are no secrets, and that the project's own files name.
SETTINGS = {
    "FLASK_APP",
    "FLASK_DEBUG",
    "GUNICORN_CMD_ARGS",
    "INSTANCE_PATH",
    "PORT",
    "REFRESH",
    "WEB_CONCURRENCY",
}


def of_project(project: Project) -> dict[str, str]:
    """Return the project's secrets by name and file: of its .env, .env.local, .envrc, .secrets/*.env.

    Those that are long enough to be one.
    """
    return {
        f"{name} in {path.name}": value
        for path in sorted([*project.root.glob(".env*"), *project.root.glob(".secrets/*.env")])
        if files.is_env(PurePosixPath(path.name)) or path.name == ".envrc" or path.suffix == ".env"
        for name, value in dotenv(path).items()
        if len(value) >= SHORTEST and name not in SETTINGS
    }


def search(path: Path, secrets: Mapping[str, str]) -> Iterator[str]:
    """Yield what a file holds: the name of a secret, or what it looks like; each once."""
    needles = {re.escape(value.encode()): name for name, value in secrets.items()} | SHAPES
    # What lies across two chunks is found again at the start of the second.
    overlap = max([LONGEST_SHAPE, *(len(value.encode()) for value in secrets.values())])
    found: set[str] = set()
    with path.open("rb") as file:
        rest = b""
        while chunk := file.read(CHUNK):
            text = rest + chunk
            for pattern, name in needles.items():
                if name not in found and re.search(pattern, text):
                    found.add(name)
                    yield name
            rest = text[-overlap:]
