"""Download: a file on the web, fetched again only when the server says that it has changed."""

import json
import os
import re
import time
import urllib.request
from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from http.client import HTTPException, responses
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit

PATIENCE = 30.0  # seconds without a byte
LONGEST = 1800.0  # seconds for the whole
LARGEST = 2**31  # bytes
BLOCK = 2**20
CONDITIONS = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}
SCHEMES = ("http://", "https://")
REFUSAL = "the token or password is missing or wrong"
REFUSED = {401, 403}  # the answers for those who may not read it
VARIABLE = re.compile(r"\$\{(\w+)\}")
WHOLE = {200, 203}  # the answers that hold all of a file


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to the web only; urllib would follow them to FTP, too."""

    def redirect_request(
        self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: str
    ) -> Any:
        if not newurl.lower().startswith(SCHEMES):
            fp.close()
            raise OSError("it redirects to an address that does not begin with http:// or https://")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_opener = urllib.request.build_opener(_Redirects)


def address(variable: str) -> str:
    """Return the URL that an environment variable holds: one with a password or a key in it."""
    if url := os.environ.get(variable):
        return url
    raise OSError(f"{variable} is not set. Write {variable}=https://... to .env")


def env(variable: str) -> str:
    """Return a place in a header's text for an environment variable, which is read at each request."""
    return f"${{{variable}}}"


def download(url: str, headers: Mapping[str, str] | None = None) -> Path:
    """Return the file at a URL: the last copy, if the server says that it is still current.

    Raises OSError if there is no file at the URL, or if it does not arrive whole.
    """
    path = place_of(url)
    validators = path.with_suffix(".json")
    known: dict[str, str] = {}
    with suppress(OSError, ValueError):
        known = json.loads(validators.read_text("utf-8")) if path.exists() else {}
    current = fetch(url, path, known, headers or {})
    if current is not None:
        validators.write_text(json.dumps(current), "utf-8")
    return path


def download_pages(url: str, headers: Mapping[str, str] | None = None) -> Path:
    """Return a JSON file with the records of all pages of an API. Raises OSError as `download` does."""
    from app.engine.paging import read

    path = place_of(url)
    document, _ = read(lambda address: fetch_page(address, path, headers or {}), url)
    path.write_text(json.dumps(document), "utf-8")
    return path


def fetch_page(url: str, path: Path, headers: Mapping[str, str]) -> tuple[Any, str]:
    """Return the JSON at a URL, and the header with links to other pages."""
    answered = fetch(url, path, {}, headers) or {}
    try:
        return json.loads(path.read_bytes()), answered.get("Link", "")
    except ValueError:
        raise OSError("a page of the API is not JSON") from None


def place_of(url: str) -> Path:
    """Return the path of the file for a URL; its folder exists."""
    instance = Path(__file__).parents[2] / (os.environ.get("INSTANCE_PATH") or "instance")
    folder = instance / "downloads"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / blake2b(url.encode(), digest_size=8).hexdigest()


def fetch(
    url: str, path: Path, known: Mapping[str, str], headers: Mapping[str, str] | None = None
) -> dict[str, str] | None:
    """Write the file at a URL to a path; return its validators, or None if `known` are current."""
    if not url.lower().startswith(SCHEMES):
        raise OSError("its address does not begin with http:// or https://")
    conditions = {CONDITIONS[name]: value for name, value in known.items() if name in CONDITIONS}
    request = _request(url, {"User-Agent": "dashboard", **conditions})
    for name, text in (headers or {}).items():  # for this server only, not for where it redirects to
        request.add_unredirected_header(name, VARIABLE.sub(_value, text))
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with _opener.open(request, timeout=PATIENCE) as answer:
            if answer.status not in WHOLE:
                raise OSError(_describe(answer.status))
            if "html" in answer.headers.get_content_type():
                raise OSError("the server sent a web page in place of the file")
            size = 0
            expected = answer.length or 0  # bytes, if the server says how many
            deadline = time.monotonic() + LONGEST
            with temporary.open("wb") as file:
                while block := answer.read1(BLOCK):
                    size += file.write(block)
                    if size > LARGEST:
                        raise OSError(f"the file is larger than {LARGEST:,} bytes")
                    if time.monotonic() > deadline:
                        raise OSError(f"the file took more than {LONGEST:,.0f} s")
            if size < expected:
                raise OSError(f"the file stopped after {size:,} of {expected:,} bytes")
            temporary.replace(path)
            names = (*CONDITIONS, "Link")
            return {name: answer.headers[name] for name in names if name in answer.headers}
    except HTTPError as error:
        error.close()
        if error.code == 304 and conditions:
            return None
        variables = VARIABLE.findall(" ".join((headers or {}).values()))
        raise OSError(_describe(error.code, variables)) from None
    except URLError as error:
        raise OSError(f"the server can't be reached: {error.reason}") from None
    except HTTPException as error:
        raise OSError(f"the server broke off: {type(error).__name__}") from None
    finally:
        temporary.unlink(missing_ok=True)


def _value(match: re.Match[str]) -> str:
    if value := os.environ.get(match[1]):
        return value
    raise OSError(f"{match[1]} is not set. Write {match[1]}=... to .env")


def _describe(code: int, variables: Sequence[str] = ()) -> str:
    """Return a server's answer without its own text, which may hold the address, with a key in it."""
    text = f"the server answered {code} {responses.get(code, '')}".rstrip()
    if code not in REFUSED:
        return text
    place = f"{' and '.join(variables)} in .env" if variables else "the address, or HEADERS in the loader"
    return f"{text}: {REFUSAL}. Correct {place}"


def _request(url: str, headers: Mapping[str, str]) -> urllib.request.Request:
    """Return the request; a user and password in the URL become a header for the first host only."""
    try:
        parts = urlsplit(url)
        user, _, host = parts.netloc.rpartition("@")
        without_user = parts._replace(netloc=host).geturl()
        request = urllib.request.Request(without_user, headers=dict(headers))
    except ValueError:  # its text may hold the password
        raise OSError("its address can't be understood") from None
    if user:
        name, _, password = user.partition(":")
        pair = b64encode(f"{unquote(name)}:{unquote(password)}".encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {pair}")
    return request
