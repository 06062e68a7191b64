"""The way to a server: the system's ssh, one connection for all, and its complaints in words."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flaskdash import shell
from flaskdash.errors import FlaskdashError

SERVER = Path(__file__).with_name("server")
PACKAGE = "flaskdash.deploy.ssh.server"
# Each after those that it imports.
MODULES = ("basics", "systemd", "home", "units", "live", "build", "front", "main")
# What the server's Python is told to do: take so many bytes of modules, and ask the last one.
RECEIVE = (
    "import json, sys, types; stdin = sys.stdin.buffer\n"
    "for name, code in json.loads(stdin.read(int(stdin.readline()))):\n"
    "    module = sys.modules[name] = types.ModuleType(name)\n"
    "    exec(compile(code, name, 'exec'), module.__dict__)\n"
    "sys.exit(module.main(stdin))"
)
OPTIONS = {
    "BatchMode": "yes",  # never a question, which nobody could answer in CI
    "ConnectTimeout": "10",
    "ServerAliveInterval": "5",
    "ServerAliveCountMax": "4",
    "Compression": "no",
    "ForwardAgent": "no",
    "ForwardX11": "no",
}
LOST = 255  # what ssh exits with when it is itself that failed
NO_SERVER = "flaskdash deploy again, when {host} can be reached"


class ConnectionLost(FlaskdashError):
    """The server can't be reached, or can't be reached any more."""


@dataclass(frozen=True)
class Address:
    """Where a project is: ssh://[user@]host[:port][/name].

    The host may be an alias of ~/.ssh/config; the name there is by default the project's.
    """

    host: str
    user: str = ""
    port: int = 0
    name: str = ""

    @classmethod
    def parse(cls, said: str) -> Address:
        """Return the address that was said; what ssh could take for an option is refused."""
        found = re.fullmatch(
            r"ssh://(?:(\w[\w.-]*)@)?(\w[\w.-]*|\[[0-9a-fA-F:.]+(?:%\w+)?\])(?::(\d{1,5}))?"
            r"(?:/([a-z0-9][a-z0-9-]{0,39})?)?",
            said,
            re.ASCII,
        )
        if not found or not 0 <= int(found[3] or 0) < 65536:
            raise FlaskdashError(
                f"{said!r} is not the address of a server",
                hint="ssh://deploy@example.org, or ssh://deploy@example.org:2222/name",
            )
        return cls(found[2].strip("[]"), found[1] or "", int(found[3] or 0), found[4] or "")

    def __str__(self) -> str:
        """Return it as ssh itself takes it: user@host."""
        return f"{self.user}@{self.host}" if self.user else self.host

    def options(self) -> list[str]:
        """Return ssh's own flags for the port and the user."""
        port = ["-p", str(self.port)] if self.port else []
        return [*port, *(["-l", self.user] if self.user else [])]


class Connection:
    """Programs on a server. The first one opens the connection, which the next ones share."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Connection:
        """Lend a place for the connection's socket, where this system's ssh can share one."""
        if sys.platform != "win32":
            # A socket's path has at most 103 characters, and ssh adds 17 of its own.
            short = tempfile.gettempdir() if len(tempfile.gettempdir()) < 60 else "/tmp"  # noqa: S108
            for left in Path(short).glob("fdash-*"):  # by one that was killed
                owner = re.fullmatch(r"fdash-(\d+)-\w{8}", left.name)
                if owner and not shell.runs(owner[1]):
                    shutil.rmtree(left, ignore_errors=True)
            self._folder = tempfile.TemporaryDirectory(
                dir=short, prefix=f"fdash-{os.getpid()}-", ignore_cleanup_errors=True
            )
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        if self._folder:
            with suppress(FlaskdashError):
                shell.run([*self._ssh(), "-O", "exit", self.address.host], Path.cwd())
            self._folder.cleanup()
            self._folder = None

    def argv(self, command: Iterable[str], *, ends: bool = False) -> list[str]:
        """Return the command that runs another on the server; it may be one that `ends` with us."""
        return [*self._ssh(), "-tt" if ends else "-T", self.address.host, shlex.join(command)]

    def run(self, command: Iterable[str], stdin: bytes = b"") -> str:
        """Run a program on the server and return what it prints."""
        return "\n".join(self.lines(command, [stdin]))

    def lines(
        self, command: Iterable[str], stdin: Iterable[bytes] = (), *, ends: bool = False
    ) -> Iterator[str]:
        """Run a program on the server and yield the lines that it prints, as it does."""
        try:
            yield from shell.talk(self.argv(command, ends=ends), Path.cwd(), stdin)
        except shell.CommandError as error:
            if error.returncode == LOST:
                raise self._lost(error.output) from error
            raise

    def ask(
        self, python: str, asked: dict[str, Any], stdin: Iterable[bytes] = ()
    ) -> Iterator[dict[str, Any]]:
        """Run the server's side of a deploy and yield its messages."""

        def parts() -> Iterator[bytes]:
            texts = [(f"{PACKAGE}.{name}", _text(SERVER / f"{name}.py")) for name in MODULES]
            program = json.dumps(texts).encode()
            yield b"%d\n%s%s\n" % (len(program), program, json.dumps(asked).encode())
            yield from stdin

        try:
            for line in self.lines([python, "-I", "-c", RECEIVE], parts()):
                with suppress(ValueError):  # what a login script prints
                    message = json.loads(line)
                    if isinstance(message, dict):
                        yield message
        except shell.CommandError as error:
            last = error.output.strip().rpartition("\n")[2]
            raise ConnectionLost(
                f"the server's side of the deploy was ended: {last or error.returncode}",
                NO_SERVER.format(host=self.address.host),
            ) from error

    def hostname(self) -> str:
        """Return the name that ssh connects to, which may be another than its alias."""
        with suppress(FlaskdashError):
            told = shell.run(["ssh", "-G", *self.address.options(), self.address.host], Path.cwd())
            found = re.search(r"^hostname (\S+)$", told, re.MULTILINE)
            return found[1] if found else self.address.host
        return self.address.host

    def _ssh(self) -> list[str]:
        options = dict(OPTIONS)
        if self._folder:
            shared = {"ControlMaster": "auto", "ControlPersist": "20"}
            options |= shared | {"ControlPath": f"{self._folder.name}/s"}
        flags = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return ["ssh", *flags, *self.address.options()]

    def _lost(self, output: str) -> ConnectionLost:
        host, there = self.address.host, str(self.address)
        port = f"-p {self.address.port} " if self.address.port else ""
        known = {
            "REMOTE HOST IDENTIFICATION HAS CHANGED": (
                f"{host} has another key than when it was first seen: it may be another machine",
                f"if it was installed anew, ssh-keygen -R {host}, and then ssh {port}{there}",
            ),
            "Host key verification failed": (
                f"the key of {host} is not known here",
                f"ssh {port}{there} once, and compare the fingerprint that it shows",
            ),
            "Permission denied": (
                f"{there} lets none of your keys in",
                f"ssh-copy-id {port}{there} (and ssh-add, where your key has a passphrase)",
            ),
            "Could not resolve hostname": (f"there is no host {host}", "look for a typing mistake"),
            "Connection refused": (
                f"no ssh server answers at {host}, port {self.address.port or 22}",
                "another port: ssh://user@host:2222",
            ),
            "timed out": (f"{host} does not answer", "is it on, and does a firewall let ssh pass?"),
            "No route to host": (f"there is no way to {host}", "is it on, and are you connected?"),
            "Network is unreachable": (f"there is no way to {host}", "are you connected?"),
        }
        for sign, (message, hint) in known.items():
            if sign in output:
                return ConnectionLost(message, hint)
        last = output.strip().rpartition("\n")[2]
        return ConnectionLost(
            f"the connection to {host} was lost" + (f": {last}" if last else ""),
            NO_SERVER.format(host=host),
        )


def _text(path: Path) -> str:
    return path.read_text("utf-8")
