"""Download a source from the web, with the same code that a project downloads it with."""

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
# All other characters are escaped, so that every shell reads .env in the same way.
SAFE = "%!&()*+,-./:;<=>?@[]^_{|}~"
LONGEST = 150  # bytes of a file's name
LONGEST_SUFFIX = 20  # characters, such as those of .geojson.gz


def is_url(source: str) -> bool:
    """Tell whether a source is an address on the web."""
    return source.lower().startswith(SCHEMES)


def file_name(url: str) -> str:
    """Return a file name for a URL: the last part of its path, or the name of the host.

    It has at most LONGEST bytes, with its suffixes, because disks refuse names of more than 255.
    """
    parts = _split(url)
    names = [name.strip() for name in unquote(parts.path).replace("\0", "").split("/")]
    names = [name for name in names if name not in {"", ".", ".."}]
    name = Path(names[-1] if names else parts.hostname or "data")
    suffix = "".join(name.suffixes[-2:])[-LONGEST_SUFFIX:]
    stem = name.name.removesuffix(suffix).encode()[: LONGEST - len(suffix.encode())]
    return stem.decode("utf-8", "ignore") + suffix


def download(url: str) -> Path:
    """Download a URL to a file that is deleted when the program ends."""
    path = scratch.new_folder() / file_name(url)
    try:
        with working(f"Downloading {path.name}..."):
            _downloader().fetch(url, path, {})
    except (OSError, ValueError) as error:
        raise FlaskdashError(
            f"{redact(url)} can't be read: {error}. Check that the address opens in a browser."
        ) from None
    return path


def has_secret(url: str) -> bool:
    """Tell whether a URL holds a password or a key, which must stay out of code and git."""
    parts = _split(url)
    parameters = parse_qsl(parts.query, keep_blank_values=True)
    names = [name.lower() for name, _ in parameters]
    return "@" in parts.netloc or any(secret in name for name in names for secret in SECRETS)


def redact(url: str) -> str:
    """Return a URL without its secrets: scheme, host and path only, if it has any."""
    if not has_secret(url):
        return url
    parts = _split(url)
    return SplitResult(parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "").geturl()


def escape(url: str) -> str:
    """Return a URL that is safe in .env, without its fragment, which servers never see."""
    return quote(urldefrag(url).url, safe=SAFE)


def from_variable(name: str, variables: Mapping[str, str]) -> str:
    """Return the URL in the variable NAME, or "" if it holds none.

    `variables` are those of the project's .env; the environment takes precedence.
    """
    value = os.environ.get(name) or variables.get(name, "")
    return value if is_url(value) else ""


def free_variable(url: str, loader: str, variables: Mapping[str, str]) -> str:
    """Return the variable that holds this URL, or a new one that is named after the loader."""
    for variable, value in variables.items():
        if value == url:
            return variable
    stem = loader.upper()
    candidates = [f"{stem}_URL", *(f"{stem}_{number}_URL" for number in range(2, 100))]
    return next(name for name in candidates if name not in variables and name not in os.environ)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        # The port raises ValueError if a slash in a password has cut the host short.
        _ = parts.port
        return parts
    except ValueError:
        # The error's own text may hold a password, so the message does not quote it.
        raise FlaskdashError(
            "The URL can't be parsed. A password in it must be percent-encoded.",
            "https://example.com/sales.csv",
        ) from None


def _downloader() -> ModuleType:
    path = TEMPLATES / "download/{{cookiecutter.folder}}/app/engine/download.py"
    spec = importlib.util.spec_from_file_location("flaskdash_download", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
