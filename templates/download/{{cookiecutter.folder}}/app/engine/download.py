"""Download: a file on the web, fetched again only when the server says that it has changed."""

import json
import os
import time
import urllib.request
from base64 import b64encode
from collections.abc import Mapping
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


def download(url: str) -> Path:
    """Return the file at a URL: the last copy, if the server says that it is still current.

    Raises OSError if there is no file at the URL, or if it does not arrive whole.
    """
    instance = Path(__file__).parents[2] / (os.environ.get("INSTANCE_PATH") or "instance")
    folder = instance / "downloads"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / blake2b(url.encode(), digest_size=8).hexdigest()
    validators = path.with_suffix(".json")
    known: dict[str, str] = {}
    with suppress(OSError, ValueError):
        known = json.loads(validators.read_text("utf-8")) if path.exists() else {}
    current = fetch(url, path, known)
    if current is not None:
        validators.write_text(json.dumps(current), "utf-8")
    return path


def fetch(url: str, path: Path, known: Mapping[str, str]) -> dict[str, str] | None:
    """Write the file at a URL to a path; return its validators, or None if `known` are current."""
    if not url.lower().startswith(SCHEMES):
        raise OSError("its address does not begin with http:// or https://")
    conditions = {CONDITIONS[name]: value for name, value in known.items() if name in CONDITIONS}
    request = _request(url, {"User-Agent": "dashboard", **conditions})
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
            return {name: answer.headers[name] for name in CONDITIONS if name in answer.headers}
    except HTTPError as error:
        error.close()
        if error.code == 304 and conditions:
            return None
        raise OSError(_describe(error.code)) from None
    except URLError as error:
        raise OSError(f"the server can't be reached: {error.reason}") from None
    except HTTPException as error:
        raise OSError(f"the server broke off: {type(error).__name__}") from None
    finally:
        temporary.unlink(missing_ok=True)


def _describe(code: int) -> str:
    """Return a server's answer without its own text, which may hold the address, with a key in it."""
    return f"the server answered {code} {responses.get(code, '')}".rstrip()


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
