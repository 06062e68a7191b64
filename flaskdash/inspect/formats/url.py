"""Fetch a source from the web, by the very code that a project then fetches it with."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urldefrag, urlsplit

from flaskdash.errors import FlaskdashError
from flaskdash.inspect import scratch
from flaskdash.progress import working
from flaskdash.skeletons import TEMPLATES

SCHEMES = ("http://", "https://")
SECRETS = """access auth credential jwt key pass pwd secret session sig token""".split()
# What may stand in an address as it is; all else is escaped, so that each shell reads .env alike.
SAFE = "%!&()*+,-./:;<=>?@[]^_{|}~"


def is_url(source: str) -> bool:
    """Tell whether a source is an address on the web."""
    return source.lower().startswith(SCHEMES)


def file_name(url: str) -> str:
    """Return a file's name for what is at a URL: the last part of its path, or the host's name."""
    parts = _split(url)
    last = [part for part in unquote(parts.path).split("/") if part.strip()][-1:]
    return Path(last[0]).name if last else (parts.hostname or "data")


def saved(url: str) -> Path:
    """Return a file with what is at a URL, which goes when the program ends."""
    path = scratch.folder() / file_name(url)
    try:
        with working(f"Downloading {path.name}..."):
            _downloader().fetch(url, path, {})
    except (OSError, ValueError) as error:
        raise FlaskdashError(
            f"{shown(url)} can't be read: {error}", "open it in a browser"
        ) from None
    return path


def is_secret(url: str) -> bool:
    """Tell whether a URL holds a password or a key, which must not stand in code, nor in git."""
    parts = _split(url)
    named = (name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True))
    return "@" in parts.netloc or any(secret in name for name in named for secret in SECRETS)


def shown(url: str) -> str:
    """Return a URL without what is secret in it."""
    if not is_secret(url):
        return url
    parts = _split(url)
    return SplitResult(parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "").geturl()


def escaped(url: str) -> str:
    """Return a URL as it can stand in .env, without its fragment, which servers never see."""
    return quote(urldefrag(url).url, safe=SAFE)


def held(given: str, known: Mapping[str, str]) -> str:
    """Return the URL that the variable of a name holds, or ""; the environment's own comes first."""
    value = os.environ.get(given) or known.get(given, "")
    return value if is_url(value) else ""


def free_variable(url: str, name: str, known: Mapping[str, str]) -> str:
    """Return the variable that holds this URL, or one named after the loader that holds none yet."""
    for variable, value in known.items():
        if value == url:
            return variable
    stem = name.upper()
    candidates = [f"{stem}_URL", *(f"{stem}_{n}_URL" for n in range(2, 100))]
    return next(one for one in candidates if one not in known and one not in os.environ)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where a password with a slash in it has cut the host short
        return parts
    except ValueError:  # its text may hold a password
        raise FlaskdashError("The URL can't be understood.", "https://example.com/x.csv") from None


def _downloader() -> ModuleType:
    path = TEMPLATES / "download" / "{{cookiecutter.folder}}" / "app" / "download.py"
    spec = importlib.util.spec_from_file_location("flaskdash_download", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
