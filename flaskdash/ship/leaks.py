"""Find secrets in files: those of the project, and tokens of known services.

The values of secrets are never returned for display.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from flaskdash.project import Project, dotenv, env_file
from flaskdash.ship import files

SECRETS = ".secrets"  # the folder with the secrets of containers
MIN_LENGTH = 12
CHUNK = 1 << 20
# Tokens with a recognisable prefix. A leading \b would make the search five times slower.
PATTERNS = {
    rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----": "a private key",
    rb"(?:AKIA|ASIA)[0-9A-Z]{16}\b": "an AWS access key",
    rb"(?:gh[pousr]_[0-9A-Za-z]{36}|github_pat_[0-9A-Za-z_]{60})": "a GitHub token",
    rb"glpat-[0-9A-Za-z_-]{20}": "a GitLab token",
    rb"npm_[0-9A-Za-z]{36}\b": "an npm token",
    rb"pypi-AgEIcHlwaS5vcmc[0-9A-Za-z_-]{50}": "a PyPI token",
    rb"xox[abprs]-[0-9]{9,}-[0-9A-Za-z-]{20}": "a Slack token",
    rb"k_live_[0-9A-Za-z]{24}": "a Stripe key",
}
LONGEST_TOKEN = 128
# Settings that are not secret, and that the project's own files contain.
SETTINGS = {
    "FLASK_APP",
    "FLASK_DEBUG",
    "GUNICORN_CMD_ARGS",
    "INSTANCE_PATH",
    "PORT",
    "REFRESH",
    "WEB_CONCURRENCY",
}


def project_secrets(project: Project) -> dict[str, str]:
    """Return the project's secrets by name and file, such as "SECRET_KEY in .env".

    They come from .env, .env.local, .envrc and .secrets/*.env; short values are left out.
    """
    return {
        f"{name} in {path.name}": value
        for path in sorted([*project.root.glob(".env*"), *project.root.glob(f"{SECRETS}/*.env")])
        if _may_hold_secrets(path)
        for name, value in (env_file if path.parent.name == SECRETS else dotenv)(path).items()
        if len(value) >= MIN_LENGTH and name not in SETTINGS
    }


def _may_hold_secrets(path: Path) -> bool:
    is_env = files.is_env(PurePosixPath(path.name))
    return is_env or path.name == ".envrc" or path.suffix == ".env"


def search(path: Path, secrets: Mapping[str, str]) -> Iterator[str]:
    """Yield the secrets in a file, each once: by name, or by kind for tokens of known services."""
    patterns = {re.escape(value.encode()): name for name, value in secrets.items()} | PATTERNS
    # The end of a chunk is searched again with the next one, for secrets that span both.
    overlap = max([LONGEST_TOKEN, *(len(value.encode()) for value in secrets.values())])
    matches: set[str] = set()
    with path.open("rb") as file:
        tail = b""
        while chunk := file.read(CHUNK):
            text = tail + chunk
            for pattern, name in patterns.items():
                if name not in matches and re.search(pattern, text):
                    matches.add(name)
                    yield name
            tail = text[-overlap:]
