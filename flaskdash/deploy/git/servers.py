"""Commands that Dokku and Piku accept over ssh, beside git push; a plain git server has none."""

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

LOG_LINES = 100
LOG_SECONDS = 3.0  # enough for Piku to print the lines that it has
SSH_FAILED = 255  # ssh's own exit code, as opposed to that of the remote command


@dataclass(frozen=True)
class GitServer:
    """A git server that accepts pushes and offers nothing else."""

    parts: SplitResult
    cwd: Path

    label = "The git server"
    branch = "main"
    stores_settings = False
    has_log = False
    needs_requirements = False  # true if the server does not read uv.lock

    @property
    def app(self) -> str:
        """Return the name of the app: the last part of the address."""
        return self.parts.path.rstrip("/").rpartition("/")[2].removesuffix(".git")

    @property
    def domain(self) -> str:
        """Return the app's default domain; empty if it is unknown."""
        return ""

    def initial_settings(self, domain: str) -> dict[str, str]:
        """Return the settings that an app needs to start, with a new secret key."""
        return {"SECRET_KEY": secrets.token_hex()}

    def setup_commands(self) -> list[str]:
        """Return the commands that prepare the app for its first push, as text."""
        return []

    def setting_names(self) -> list[str] | None:
        """Return the names of the app's settings; None if the app does not exist."""
        return []

    def create_app(self) -> bool:
        """Create the app; return False if only a push can do that."""
        return False

    def set(self, values: Mapping[str, str], *, restart: bool) -> None:
        """Set the app's settings."""
        raise FlaskdashError(f"{self.label} does not let flaskdash change the app's settings")

    def log(self, on_line: Callable[[str], None], *, follow: bool) -> None:
        """Pass the lines of the app's log to ON_LINE."""
        raise FlaskdashError(f"{self.label} does not let flaskdash read the app's log")

    def ssh(self, *words: str) -> list[str]:
        """Return the ssh command for one of the server's commands, which know no shell quoting."""
        port = ["-p", str(self.parts.port)] if self.parts.port else []
        return ["ssh", *port, f"{self.parts.username}@{self.parts.hostname}", *words]

    def _run(self, *words: str) -> str:
        return shell.run(self.ssh(*words), self.cwd)

    def _run_set(self, *words: str) -> None:
        try:
            self._run(*words)
        except shell.CommandError as error:
            # The output is left out, because it may contain the values.
            raise FlaskdashError(
                f"{self.label} did not accept the settings (exit code {error.returncode})",
                hint=shlex.join(self.ssh("config", self.app)),
            ) from None


class Dokku(GitServer):
    """A Dokku server: ssh dokku@host COMMAND APP."""

    label = "Dokku"
    branch = "master"
    stores_settings = True
    has_log = True

    @property
    def domain(self) -> str:
        return f"{self.app}.{self.parts.hostname}"

    def setup_commands(self) -> list[str]:
        create = self.ssh("apps:create", self.app)
        config = ("config:set", "--no-restart", "--encoded", self.app, "SECRET_KEY=...")
        return [
            f"{shlex.join(create)}  # if the app does not exist",
            f"{shlex.join(self.ssh(*config))}  # if the app has no SECRET_KEY",
        ]

    def setting_names(self) -> list[str] | None:
        try:
            self._run("apps:exists", self.app)
        except shell.CommandError as error:
            if error.returncode == SSH_FAILED:
                raise
            return None
        return re.findall(r"^[A-Za-z_]\w*$", self._run("config:keys", self.app), re.MULTILINE)

    def create_app(self) -> bool:
        """Create the app. Dokku would do so at the first push, too late for its settings."""
        self._run("apps:create", self.app)
        return True

    def set(self, values: Mapping[str, str], *, restart: bool) -> None:
        """Set the app's settings, in Base64 so that neither shell on the way changes them."""
        pairs = [
            f"{key}={base64.b64encode(value.encode()).decode()}" for key, value in values.items()
        ]
        flags = [] if restart else ["--no-restart"]
        self._run_set("config:set", *flags, "--encoded", self.app, *pairs)

    def log(self, on_line: Callable[[str], None], *, follow: bool) -> None:
        flags = ["--tail"] if follow else ["--num", str(LOG_LINES)]
        shell.stream(self.ssh("logs", self.app, *flags), self.cwd, on_line)


class Piku(GitServer):
    """A Piku server: ssh piku@host COMMAND APP. The first push creates an app."""

    label = "Piku"
    branch = "master"
    stores_settings = True
    has_log = True
    needs_requirements = True

    def initial_settings(self, domain: str) -> dict[str, str]:
        """Return the secret key, and the domain or the port: Piku cannot guess either."""
        name, _, port = domain.partition(":")
        address = {"PORT": port} if port else {"NGINX_SERVER_NAME": name}
        return super().initial_settings(domain) | address

    def setup_commands(self) -> list[str]:
        words = self.ssh("config:set", self.app, "SECRET_KEY=...", "NGINX_SERVER_NAME=...")
        push = "git push # files that start nothing, if the app does not exist: the push creates it"
        return [push, f"{shlex.join(words)}  # settings that are missing"]

    def setting_names(self) -> list[str] | None:
        try:
            output = self._run("config", self.app)
        except shell.CommandError as error:
            if error.returncode == SSH_FAILED:
                raise
            return None
        return re.findall(r"^([A-Za-z_]\w*)=", output, re.MULTILINE)

    def set(self, values: Mapping[str, str], *, restart: bool) -> None:
        """Set the app's settings. Piku always restarts the app, and removes one level of quotes.

        It keeps each setting in a line, strips it, and expands variables.
        """
        for key, value in values.items():
            if value != value.strip() or re.search(r"[\r\n]|\$(?:\{|[A-Z_])", value):
                raise FlaskdashError(
                    f"Piku would change the value of {key}: it has several lines, spaces at an end,"
                    " or a $ before a name. Encode it, for instance in Base64, and have the"
                    " project decode it."
                )
        pairs = [shlex.quote(f"{key}={value}") for key, value in values.items()]
        self._run_set("config:set", self.app, *pairs)

    def log(self, on_line: Callable[[str], None], *, follow: bool) -> None:
        """Pass on the app's log. Piku always follows it, so without `follow` it is cut off.

        With a terminal (-tt), its command ends with the connection. Without one, it would run on
        the server until the app logs a line, which may be never. ssh does not report the end.
        """
        seconds = None if follow else LOG_SECONDS
        command, *words = self.ssh("logs", self.app)
        shell.stream(
            [command, "-o", "LogLevel=ERROR", "-tt", *words], self.cwd, on_line, seconds=seconds
        )


KINDS = {"dokku": Dokku, "piku": Piku}


def server(parts: SplitResult, cwd: Path) -> GitServer:
    """Return the kind of server at an address; the user name tells which one it is."""
    return KINDS.get(parts.username or "", GitServer)(parts, cwd)
