"""Heroku's platform API, version 3: the few requests that a deploy makes."""

from __future__ import annotations

import json
import netrc
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from flaskdash import shell
from flaskdash.errors import FlaskdashError

API = "https://api.heroku.com"
GIT = "https://git.heroku.com"
TIMEOUT = 30
LINES = 100


def token() -> str:
    """Return the account's key: HEROKU_API_KEY, or what `heroku login` has left."""
    if key := os.environ.get("HEROKU_API_KEY"):
        return key
    try:
        found = netrc.netrc().authenticators(str(urlsplit(API).hostname))
    except (OSError, netrc.NetrcParseError):
        found = None
    if found and found[2]:
        return found[2]
    try:
        key = shell.run(["heroku", "auth:token"], Path.cwd()).strip().rpartition("\n")[2]
    except FlaskdashError:
        key = ""
    if not key:
        raise FlaskdashError(
            "nobody says who you are at Heroku",
            hint="heroku login, or HEROKU_API_KEY in the environment",
        )
    return key


class Api:
    """One app of an account."""

    def __init__(self, app: str) -> None:
        self.app = app
        self._key = ""

    @property
    def key(self) -> str:
        """Return the account's key, which is looked for once."""
        self._key = self._key or token()
        return self._key

    def info(self) -> dict[str, Any]:
        """Return what Heroku knows of the app, such as its web_url."""
        return dict(self._ask("GET", ""))

    def settings(self) -> dict[str, str]:
        """Return the app's config vars."""
        return dict(self._ask("GET", "/config-vars"))

    def set(self, values: Mapping[str, str]) -> None:
        """Set config vars; Heroku makes a release of that, and starts the app anew."""
        self._ask("PATCH", "/config-vars", dict(values))

    def releases(self) -> list[dict[str, Any]]:
        """Return the newest releases, the newest first."""
        newest = {"Range": "version ..; order=desc,max=50"}
        return list(self._ask("GET", "/releases", headers=newest))

    def rollback(self, id: str) -> None:
        """Make a release of an earlier one's slug and config vars."""
        self._ask("POST", "/releases", {"release": id})

    def log(self, each: Callable[[str], None], *, follow: bool) -> None:
        """Print the last lines of the app's log, and with `follow` go on."""
        asked = {"lines": LINES, "tail": follow}
        url = str(self._ask("POST", "/log-sessions", asked)["logplex_url"])
        if not url.startswith(("https://", "http://")):
            raise FlaskdashError("Heroku gave no address for the log")
        try:
            with urllib.request.urlopen(url, timeout=None if follow else TIMEOUT) as lines:  # noqa: S310
                for line in lines:
                    text = line.decode("utf-8", "replace")
                    each("".join(sign for sign in text if sign.isprintable() or sign == "\t"))
        except OSError as error:
            raise FlaskdashError(f"Heroku's log can't be read: {_reason(error)}") from error

    def _ask(
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
                raise self._refused(error) from error
        except (OSError, ValueError) as error:
            raise FlaskdashError(f"Heroku can't be reached: {_reason(error)}") from error

    def _refused(self, error: urllib.error.HTTPError) -> FlaskdashError:
        if error.code == 401:
            return FlaskdashError("Heroku does not know your key", hint="heroku login")
        if error.code == 404:
            return FlaskdashError(
                f"you have no app {self.app!r} at Heroku", hint=f"heroku create {self.app}"
            )
        try:
            said = str(json.load(error)["message"])
        except (ValueError, KeyError, TypeError):
            said = str(error.reason)
        return FlaskdashError(f"Heroku refused that ({error.code}): {said}")


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", error) or type(error).__name__)
