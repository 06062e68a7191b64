"""Heroku's platform API, version 3: the few requests that a deploy makes."""

from __future__ import annotations

import json
import netrc
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from flaskdash import shell
from flaskdash.errors import FlaskdashError

API = "https://api.heroku.com"
GIT = "https://git.heroku.com"
TIMEOUT = 30
LOG_LINES = 100


def token() -> str:
    """Return the account's key, from HEROKU_API_KEY or from what `heroku login` has stored."""
    if key := os.environ.get("HEROKU_API_KEY"):
        return key
    for file in (None, str(Path.home() / "_netrc")):  # .netrc; on Windows, heroku writes _netrc
        with suppress(OSError, netrc.NetrcParseError):
            credentials = netrc.netrc(file).authenticators(str(urlsplit(API).hostname))
            if credentials and credentials[2]:
                return credentials[2]
    try:
        key = shell.run(["heroku", "auth:token"], Path.cwd()).strip().rpartition("\n")[2]
    except FlaskdashError:
        key = ""
    if not key:
        raise FlaskdashError(
            "You are not logged in to Heroku. Log in, or set HEROKU_API_KEY in the environment.",
            hint="heroku login",
        )
    return key


class HerokuApp:
    """One app of an account."""

    def __init__(self, app: str) -> None:
        self.app = app
        self._key = ""

    @property
    def key(self) -> str:
        """The account's key, which is read once."""
        self._key = self._key or token()
        return self._key

    def info(self) -> dict[str, Any]:
        """Return the app's properties, such as its web_url."""
        return dict(self._request("GET", ""))

    def settings(self) -> dict[str, str]:
        """Return the app's config vars."""
        return dict(self._request("GET", "/config-vars"))

    def set(self, values: Mapping[str, str]) -> None:
        """Set config vars; Heroku makes a release of the change and restarts the app."""
        self._request("PATCH", "/config-vars", dict(values))

    def releases(self) -> list[dict[str, Any]]:
        """Return the last 50 releases, newest first."""
        headers = {"Range": "version ..; order=desc,max=50"}
        return list(self._request("GET", "/releases", headers=headers))

    def rollback(self, id: str) -> None:
        """Make a new release from the slug and the config vars of an earlier one."""
        self._request("POST", "/releases", {"release": id})

    def log(self, on_line: Callable[[str], None], *, follow: bool) -> None:
        """Pass the last lines of the app's log to ON_LINE; with `follow`, continue with new ones."""
        session = self._request("POST", "/log-sessions", {"lines": LOG_LINES, "tail": follow})
        url = str(session["logplex_url"])
        if not url.startswith(("https://", "http://")):
            raise FlaskdashError(f"Heroku's address for the log is not a URL: {url!r}")
        try:
            with urllib.request.urlopen(url, timeout=None if follow else TIMEOUT) as lines:  # noqa: S310
                for line in lines:
                    text = line.decode("utf-8", "replace")
                    on_line("".join(sign for sign in text if sign.isprintable() or sign == "\t"))
        except OSError as error:
            raise FlaskdashError(f"Heroku's log cannot be read: {_reason(error)}") from error

    def _request(
        self, verb: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        request = urllib.request.Request(  # noqa: S310
            f"{API}/apps/{quote(self.app, safe='')}{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=verb,
            headers={
                "Accept": "application/vnd.heroku+json; version=3",
                "Authorization": f"Bearer {self.key}",
                "Content-Type": "application/json",
                **(headers or {}),
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise self._refusal(error) from error
        except (OSError, ValueError) as error:
            raise FlaskdashError(f"Heroku cannot be reached: {_reason(error)}") from error

    def _refusal(self, error: urllib.error.HTTPError) -> FlaskdashError:
        if error.code == 401:
            return FlaskdashError("Heroku rejects your key", hint="heroku login")
        if error.code == 404:
            return FlaskdashError(
                f"Your Heroku account has no app {self.app!r}", hint=f"heroku create {self.app}"
            )
        try:
            message = str(json.load(error)["message"])
        except (ValueError, KeyError, TypeError):
            message = str(error.reason)
        return FlaskdashError(f"Heroku refused the request ({error.code}): {message}")


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", error) or type(error).__name__)
