"""Read the result of a request to a server, and check that a release answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from flaskdash.deploy.ssh.connection import ConnectionLost
from flaskdash.errors import FlaskdashError
from flaskdash.progress import Echo
from flaskdash.ship.errors import NotRolledBackError, PreflightError, RolledBackError

# The server's kinds of errors. An error of any other kind leaves the release from before live.
KINDS = {
    "preflight": PreflightError,
    "usage": FlaskdashError,
    "not-rolled-back": NotRolledBackError,
}


def read_result(messages: Iterator[dict[str, Any]], echo: Echo) -> dict[str, Any]:
    """Echo the server's lines and return its result; raise the error that it sends instead."""
    for message in messages:
        if "line" in message:
            echo(str(message["line"]))
        elif "result" in message:
            return dict(message["result"])
        elif "error" in message:
            raise _error(message)
    raise ConnectionLost("the connection was lost before the server answered", "flaskdash status")


def answers(url: str, release: str) -> bool:
    """Return whether a release answers at a URL that is requested from this computer."""
    with suppress(URLError, OSError, ValueError), urlopen(f"{url}/up", timeout=10) as page:  # noqa: S310
        return bool(page.read(200).decode("utf-8", "replace").split() == ["up", release])
    return False


def _error(message: Mapping[str, Any]) -> FlaskdashError:
    kind = KINDS.get(message["kind"], RolledBackError)
    text = str(message["error"])
    if message["log"]:
        text += "\n" + "\n".join(f"  | {line}" for line in str(message["log"]).splitlines())
    if kind is RolledBackError:
        live = f"{message['live']} is" if message["live"] else "No release is"
        text += f"\n{live} live, as before."
    elif kind is NotRolledBackError:
        text += f"\n{message['live'] or 'The release from before'} does not answer any more."
    return kind(text, str(message["hint"]))
