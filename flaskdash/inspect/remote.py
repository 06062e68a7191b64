"""Fetch a source from the web, by the very code that a project then fetches it with."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from urllib.parse import parse_qsl, unquote, urlsplit

from flaskdash import scratch
from flaskdash.errors import FlaskdashError
from flaskdash.progress import working
from flaskdash.render import TEMPLATES

SCHEMES = ("http://", "https://")
SECRETS = ("token", "key", "secret", "password", "passwd", "signature", "sig", "auth", "access")


def is_url(source: str) -> bool:
    """Tell whether a source is an address on the web."""
    return source.lower().startswith(SCHEMES)


def file_name(url: str) -> str:
    """Return a file's name for what is at a URL: the last part of its path, or the host's name."""
    parts = urlsplit(url)
    last = [part for part in unquote(parts.path).split("/") if part.strip()][-1:]
    return Path(last[0]).name if last else (parts.hostname or "data")


def saved(url: str) -> Path:
    """Return a file with what is at a URL, which goes when the program ends."""
    refuse_secrets(url)
    path = scratch.folder() / file_name(url)
    try:
        with working(f"Downloading {path.name}..."):
            _downloader().fetch(url, path, {})
    except (OSError, ValueError) as error:
        raise FlaskdashError(f"{url} can't be read: {error}", "open it in a browser") from error
    return path


def refuse_secrets(url: str) -> None:
    """Raise where a URL holds a password or a key: it would stand in the loader, and in git."""
    parts = urlsplit(url)
    named = [name for name, _ in parse_qsl(parts.query) if any(s in name.lower() for s in SECRETS)]
    if parts.password or named:
        what = f"the parameter {named[0]!r}" if named else "a password"
        raise FlaskdashError(
            f"The URL holds {what}, which would stand in the loader, and in git.",
            "download the file, and give that",
        )


def _downloader() -> ModuleType:
    path = TEMPLATES / "download" / "{{cookiecutter.folder}}" / "app" / "download.py"
    spec = importlib.util.spec_from_file_location("flaskdash_download", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
