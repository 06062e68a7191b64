"""Download a source from the web, with the same code that a project downloads it with."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urldefrag, urlsplit

from flaskdash import skeletons
from flaskdash.errors import FlaskdashError
from flaskdash.inspect import scratch
from flaskdash.progress import working

SCHEMES = ("http://", "https://")
SECRETS = """access auth credential jwt key pass pwd secret session sig token""".split()
# All other characters are escaped, so that every shell reads .env in the same way.
SAFE = "%!&()*+,-./:;<=>?@[]^_{|}~"
VARIABLE = re.compile(r"\$\{(\w+)\}")  # in the text of a header, as in download.py
EXAMPLE = "--header 'Authorization: Bearer $API_TOKEN'"
LARGEST_PAGE = 50_000_000  # bytes
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


def download(url: str, headers: Mapping[str, str] | None = None) -> tuple[Path, int]:
    """Download a URL to a file that is deleted when the program ends; return also its pages.

    If the URL is that of an API which answers a page at a time, the file has the records of all pages.
    """
    path = scratch.new_folder() / file_name(url)
    headers = headers or {}
    downloader = _downloader()
    try:
        with working(f"Downloading {path.name}..."):
            link = (downloader.fetch(url, path, {}, headers) or {}).get("Link", "")
            pages = _join_pages(downloader, url, path, link, headers)
    except (OSError, ValueError) as error:
        reason, is_refused, _ = str(error).partition(f": {downloader.REFUSAL}")
        advice = "Check that the address opens in a browser."
        if is_refused:
            advice = "It needs a token or a password, or the one that it was given is wrong."
        raise FlaskdashError(
            f"{redact(url)} can't be read: {reason}. {advice}", EXAMPLE if is_refused else ""
        ) from None
    return path, pages


def _join_pages(
    downloader: ModuleType, url: str, path: Path, link: str, headers: Mapping[str, str]
) -> int:
    """Add the records of all further pages of an API to the file of the first; return their number."""
    with path.open("rb") as file:
        is_json = file.read(100).lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"["))
    if not is_json or path.stat().st_size > LARGEST_PAGE:
        return 1
    try:
        first = json.loads(path.read_bytes())
    except ValueError:  # such as JSON lines
        return 1
    paging = _module("paging")
    following = path.with_name("page")

    def get(address: str) -> tuple[Any, str]:
        if address == url:
            return first, link
        page: tuple[Any, str] = downloader.fetch_page(address, following, headers)
        return page

    document, count = paging.read(get, url)
    if count > 1:
        path.write_text(json.dumps(document), "utf-8")
    return int(count)


def parse_headers(texts: Iterable[str]) -> dict[str, str]:
    """Return headers such as "Authorization: Bearer $TOKEN", with ${TOKEN} for each variable.

    Raises FlaskdashError for a text that is no header, or that holds a secret itself.
    """
    headers = {}
    for text in texts:
        name, colon, value = (part.strip() for part in text.partition(":"))
        if not colon or not value or not re.fullmatch(r"[A-Za-z0-9-]+", name) or "\n" in value:
            raise FlaskdashError(
                f"--header {name!r} is not a header. Give a name, and a value.", EXAMPLE
            )
        value = re.sub(r"\$\{?([A-Za-z_]\w*)\}?", r"${\1}", value)
        is_secret = any(secret in name.lower() for secret in SECRETS)
        if is_secret and not VARIABLE.search(value):
            raise FlaskdashError(
                f"The header {name} would be in the loader's code, and in git. Write its value to .env, "
                "and give the name of the variable, in single quotes.",
                EXAMPLE,
            )
        headers[name] = value
    return headers


def filled(headers: Mapping[str, str], variables: Mapping[str, str]) -> dict[str, str]:
    """Return headers with the values of their variables; those of .env are in `variables`."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if text := os.environ.get(name) or variables.get(name):
            return text
        raise FlaskdashError(
            f"{name} is not set. Set it in the environment, or write it to .env.",
            f"export {name}=...",
        )

    return {name: VARIABLE.sub(value, text) for name, text in headers.items()}


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
    return _module("download")


def _module(name: str) -> ModuleType:
    """Return a module that projects download with."""
    return skeletons.import_module(f"download/{{{{cookiecutter.folder}}}}/app/engine/{name}.py")
