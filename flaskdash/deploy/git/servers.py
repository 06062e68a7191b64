"""What Dokku and Piku can be asked over ssh, beside taking a push; a bare git server, nothing."""

from __future__ import annotations

import base64
import re
import secrets
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult

from flaskdash import shell
from flaskdash.errors import FlaskdashError

LINES = 100
QUIET = 3.0  # seconds in which Piku has printed the lines that are there


@dataclass(frozen=True)
class Server:
    """A git server of which no more is known than that it takes pushes."""

    parts: SplitResult
    cwd: Path

    what = "a git server"
    branch = "main"
    keeps_settings = False
    has_log = False
    needs_requirements = False  # for one that does not read uv.lock

    @property
    def app(self) -> str:
        """Return the name of the app: the last part of the address."""
        return self.parts.path.rstrip("/").rpartition("/")[2].removesuffix(".git")

    @property
    def domain(self) -> str:
        """Return the domain that an app answers on by itself; none where that isn't known."""
        return ""

    def first(self, domain: str) -> dict[str, str]:
        """Return the settings that an app has to have, with a new secret key."""
        return {"SECRET_KEY": secrets.token_hex()}

    def commands(self) -> list[str]:
        """Return in words what is run before the first push."""
        return []

    def names(self) -> list[str] | None:
        """Return the names of the app's settings; None where there is no app yet."""
        return []

    def create(self) -> bool:
        """Make the app, so that it has settings before its first push; say whether it could."""
        return False

    def set(self, values: Mapping[str, str], *, restart: bool) -> None:
        """Set the app's settings."""
        raise FlaskdashError(f"{self.what} keeps no settings that can be set from here")

    def log(self, each: Callable[[str], None], *, follow: bool) -> None:
        """Print the app's log."""
        raise FlaskdashError(f"{self.what} has no log that can be read from here")

    def ssh(self, *words: str) -> list[str]:
        """Return the command that runs one of the server's commands; it knows no shell's quotes."""
        port = ["-p", str(self.parts.port)] if self.parts.port else []
        return ["ssh", *port, f"{self.parts.username}@{self.parts.hostname}", *words]

    def _ask(self, *words: str) -> str:
        return shell.run(self.ssh(*words), self.cwd)

    def _set(self, *words: str) -> None:
        try:
            self._ask(*words)
        except shell.CommandError as error:  # what it printed may hold the values
            raise FlaskdashError(
                f"{self.what} did not take the settings (exit code {error.returncode})",
                hint=shlex.join(self.ssh("config", self.app)),
            ) from None


class Dokku(Server):
    """A Dokku server: ssh dokku@host COMMAND APP."""

    what = "Dokku"
    branch = "master"
    keeps_settings = True
    has_log = True

    @property
    def domain(self) -> str:
        """Return the domain that Dokku gives an app by itself."""
        return f"{self.app}.{self.parts.hostname}"

    def commands(self) -> list[str]:
        """Return in words what is run before the first push."""
        return [
            shlex.join(self.ssh("apps:create", self.app)) + "  # if it is not there",
            shlex.join(
                self.ssh("config:set", "--no-restart", "--encoded", self.app, "SECRET_KEY=...")
            )
            + "  # if it has none",
        ]

    def names(self) -> list[str] | None:
        """Return the names of the app's settings; None where there is no app yet."""
        try:
            self._ask("apps:exists", self.app)
        except shell.CommandError as error:
            if error.returncode == 255:  # that is ssh's own
                raise
            return None
        return re.findall(r"^[A-Za-z_]\w*$", self._ask("config:keys", self.app), re.MULTILINE)

    def create(self) -> bool:
        """Make the app; Dokku would do it at the first push, when settings are missing already."""
        self._ask("apps:create", self.app)
        return True

    def set(self, values: Mapping[str, str], *, restart: bool) -> None:
        """Set the app's settings; Base64 spares them two shells."""
        given = [f"{key}={base64.b64encode(one.encode()).decode()}" for key, one in values.items()]
        quietly = [] if restart else ["--no-restart"]
        self._set("config:set", *quietly, "--encoded", self.app, *given)

    def log(self, each: Callable[[str], None], *, follow: bool) -> None:
        """Print the last lines of the app's log, and with `follow` go on."""
        how = ["--tail"] if follow else ["--num", str(LINES)]
        shell.stream(self.ssh("logs", self.app, *how), self.cwd, each)


class Piku(Server):
    """A Piku server: ssh piku@host COMMAND APP. Its apps come into being with the first push."""

    what = "Piku"
    branch = "master"
    keeps_settings = True
    has_log = True
    needs_requirements = True

    def first(self, domain: str) -> dict[str, str]:
        """Return the settings that an app has to have: Piku has to know its domain, or its port."""
        name, _, port = domain.partition(":")
        where = {"PORT": port} if port else {"NGINX_SERVER_NAME": name}
        return super().first(domain) | where

    def commands(self) -> list[str]:
        """Return in words what is run before the first push."""
        words = self.ssh("config:set", self.app, "SECRET_KEY=...", "NGINX_SERVER_NAME=...")
        return [shlex.join(words) + "  # what it lacks; the first time, after the push has made it"]

    def names(self) -> list[str] | None:
        """Return the names of the app's settings; None where there is no app yet."""
        try:
            printed = self._ask("config", self.app)
        except shell.CommandError as error:
            if error.returncode == 255:
                raise
            return None
        return re.findall(r"^([A-Za-z_]\w*)=", printed, re.MULTILINE)

    def set(self, values: Mapping[str, str], *, restart: bool) -> None:
        """Set the app's settings; Piku starts it anew by itself, and takes one level of quotes."""
        given = [shlex.quote(f"{key}={one}") for key, one in values.items()]
        self._set("config:set", self.app, *given)

    def log(self, each: Callable[[str], None], *, follow: bool) -> None:
        """Print the app's log; Piku goes on for ever, so without `follow` it is cut."""
        seconds = None if follow else QUIET
        shell.stream(self.ssh("logs", self.app), self.cwd, each, seconds=seconds)


KINDS = {"dokku": Dokku, "piku": Piku}


def server(parts: SplitResult, cwd: Path) -> Server:
    """Return the server of an address: the user that pushes tells which."""
    return KINDS.get(parts.username or "", Server)(parts, cwd)
