"""What came of what a server was asked for."""

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

# What the server says of a failure, as an exit code; by default the release before is live.
KINDS = {
    "preflight": PreflightError,
    "usage": FlaskdashError,
    "not-rolled-back": NotRolledBackError,
}


def outcome(messages: Iterator[dict[str, Any]], echo: Echo) -> dict[str, Any]:
    """Echo what the server says, and return what came of it; raise where that is a failure."""
    for message in messages:
        if "say" in message:
            echo(str(message["say"]))
        elif "done" in message:
            return dict(message["done"])
        elif "failed" in message:
            raise _failure(message)
    raise ConnectionLost(
        "the connection was lost before the server had answered", "flaskdash status"
    )


def answers(url: str, release: str) -> bool:
    """Return whether a release answers at a URL, asked from here."""
    with suppress(URLError, OSError, ValueError), urlopen(f"{url}/up", timeout=10) as page:  # noqa: S310
        return bool(page.read(200).decode("utf-8", "replace").split() == ["up", release])
    return False


def _failure(message: Mapping[str, Any]) -> FlaskdashError:
    kind = KINDS.get(message["kind"], RolledBackError)
    text = str(message["failed"])
    if message["log"]:
        text += "\n" + "\n".join(f"  | {line}" for line in str(message["log"]).splitlines())
    if kind is RolledBackError:
        text += f"\n{message['live'] or 'Nothing'} is live, as before."
    elif kind is NotRolledBackError:
        text += f"\nAnd {message['live'] or 'what was live'} does not answer any more."
    return kind(text, str(message["hint"]))
