"""Configuration: environment variables, and .env beside them, become Flask's config."""

import os
import secrets
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dotenv import load_dotenv

ROOT = Path(__file__).parents[1]
NO_KEY = (
    "SECRET_KEY is not set. Set it in the environment, or write it to .env: "
    "python -c \"import secrets; print('SECRET_KEY=' + secrets.token_hex())\" >> .env"
)


def load(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config; refuse to run in production without a secret key."""
    load_dotenv(ROOT / ".env")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    release = ROOT / ".release"  # what `flaskdash deploy` ships has one
    debug = os.environ.get("FLASK_DEBUG", "").lower() in {"1", "true", "yes", "on"}
    config = {
        "TITLE": project["tool"]["flaskdash"]["title"],
        "DEBUG": debug,
        "RELEASE": release.read_text("utf-8").strip() if release.is_file() else "",
        "SECRET_KEY": os.environ.get("SECRET_KEY") or (secrets.token_hex() if debug else ""),
        "UPDATE_SECONDS": 60,  # until an open page looks again for newer data; 0: it never does
        "INSTANCE": ROOT / (os.environ.get("INSTANCE_PATH") or "instance"),
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": not debug,
        **overrides,
    }
    if not config["SECRET_KEY"]:
        raise RuntimeError(NO_KEY)
    return config
