"""Connect to a server with the system's ssh, run programs there, and explain ssh's errors."""

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
# In the order of their imports: a module stands after those that it imports.
MODULES = ("basics", "systemd", "home", "units", "live", "settings", "build", "front", "main")
# The program that the server's Python runs: it reads the modules, and calls main of the last one.
RECEIVE = (
    "import json, sys, types; stdin = sys.stdin.buffer\n"
    "for name, code in json.loads(stdin.read(int(stdin.readline()))):\n"
    "    module = sys.modules[name] = types.ModuleType(name)\n"
    "    exec(compile(code, name, 'exec'), module.__dict__)\n"
    "sys.exit(module.main(stdin))"
)
OPTIONS = {
    "BatchMode": "yes",  # ssh asks no questions, because nobody could answer them in CI
    "ConnectTimeout": "10",
    "ServerAliveInterval": "5",
    "ServerAliveCountMax": "4",
    "Compression": "no",
    "ForwardAgent": "no",
    "ForwardX11": "no",
}
SSH_FAILED = 255  # ssh's exit code for errors of its own; otherwise it is the remote program's
ADDRESS = re.compile(
    r"ssh://(?:(?P<user>\w[\w.-]*)@)?"
    r"(?P<host>\w[\w.-]*|\[[0-9a-fA-F:.]+(?:%\w+)?\])"
    r"(?::(?P<port>\d{1,5}))?"
    r"(?:/(?P<name>[a-z0-9][a-z0-9-]{0,39})?)?",
    re.ASCII,
)


class ConnectionLost(FlaskdashError):
    """The server cannot be reached, or the connection ended."""


@dataclass(frozen=True)
class Address:
    """The address of a project on a server: ssh://[user@]host[:port][/name].

    The host may be an alias of ~/.ssh/config. The name is the project's name on the server; if it
    is empty, it is the name in pyproject.toml.
    """

    host: str
    user: str = ""
    port: int = 0
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> Address:
        """Parse an address; raise FlaskdashError also if ssh could take a part for an option."""
        match = ADDRESS.fullmatch(text)
        if not match or not 0 <= int(match["port"] or 0) < 65536:
            raise FlaskdashError(
                f"{text!r} is not the address of a server. An address has the form"
                " ssh://USER@HOST:PORT/NAME; USER, PORT and NAME can be left out",
                hint="flaskdash deploy ssh://deploy@example.org",
            )
        return cls(
            host=match["host"].strip("[]"),
            user=match["user"] or "",
            port=int(match["port"] or 0),
            name=match["name"] or "",
        )

    def __str__(self) -> str:
        """Return user@host, as ssh takes it."""
        return f"{self.user}@{self.host}" if self.user else self.host

    def options(self) -> list[str]:
        """Return ssh's options for the port and the user."""
        port = ["-p", str(self.port)] if self.port else []
        return [*port, *(["-l", self.user] if self.user else [])]


class Connection:
    """A connection to a server. The first program that runs opens it, and later ones share it."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Connection:
        """Create a folder for the shared connection's socket, which Windows does not have."""
        if sys.platform != "win32":
            # A socket's path has at most 103 characters, and ssh adds 17 of its own.
            temporary = tempfile.gettempdir()
            parent = temporary if len(temporary) < 60 else "/tmp"  # noqa: S108
            _remove_stale_folders(Path(parent))
            self._folder = tempfile.TemporaryDirectory(
                dir=parent, prefix=f"fdash-{os.getpid()}-", ignore_cleanup_errors=True
            )
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        if self._folder:
            with suppress(FlaskdashError):
                shell.run([*self._ssh(), "-O", "exit", self.address.host], Path.cwd())
            self._folder.cleanup()
            self._folder = None

    def argv(self, command: Iterable[str], *, terminal: bool = False) -> list[str]:
        """Return the ssh command that runs another command on the server.

        With a terminal of its own, the remote command ends when ssh does.
        """
        flag = "-tt" if terminal else "-T"
        return [*self._ssh(), flag, self.address.host, shlex.join(command)]

    def run(self, command: Iterable[str], stdin: bytes = b"") -> str:
        """Run a program on the server and return its output."""
        return "\n".join(self.lines(command, [stdin]))

    def lines(
        self, command: Iterable[str], stdin: Iterable[bytes] = (), *, terminal: bool = False
    ) -> Iterator[str]:
        """Run a program on the server and yield its lines as they come.

        Raises ConnectionLost if ssh fails, and CommandError if the program does.
        """
        try:
            yield from shell.talk(self.argv(command, terminal=terminal), Path.cwd(), stdin)
        except shell.CommandError as error:
            if error.returncode == SSH_FAILED:
                raise self._explain(error.output) from error
            raise

    def send(
        self, python: str, request: dict[str, Any], stdin: Iterable[bytes] = ()
    ) -> Iterator[dict[str, Any]]:
        """Run the server's side of a deploy, send it a request, and yield its messages."""
        command = [python, "-I", "-c", RECEIVE]
        try:
            for line in self.lines(command, _request_parts(request, stdin)):
                # A login script may print lines that are not JSON.
                with suppress(ValueError):
                    message = json.loads(line)
                    if isinstance(message, dict):
                        yield message
        except shell.CommandError as error:
            last = error.output.strip().rpartition("\n")[2]
            raise ConnectionLost(
                f"the deploy's program on {self.address.host} was ended:"
                f" {last or f'exit code {error.returncode}'}",
                "flaskdash deploy",
            ) from error

    def hostname(self) -> str:
        """Return the host that ssh connects to, which may differ from an alias."""
        with suppress(FlaskdashError):
            argv = ["ssh", "-G", *self.address.options(), self.address.host]
            match = re.search(r"^hostname (\S+)$", shell.run(argv, Path.cwd()), re.MULTILINE)
            return match[1] if match else self.address.host
        return self.address.host

    def _ssh(self) -> list[str]:
        options = dict(OPTIONS)
        if self._folder:
            shared = {"ControlMaster": "auto", "ControlPersist": "20"}
            options |= shared | {"ControlPath": f"{self._folder.name}/s"}
        flags = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return ["ssh", *flags, *self.address.options()]

    def _explain(self, output: str) -> ConnectionLost:
        """Return the error that explains ssh's output."""
        for pattern, (message, hint) in self._explanations().items():
            if pattern in output:
                return ConnectionLost(message, hint)
        host, last = self.address.host, output.strip().rpartition("\n")[2]
        return ConnectionLost(
            f"the connection to {host} was lost{f': {last}' if last else ''}."
            f" Deploy again when {host} can be reached",
            "flaskdash deploy",
        )

    def _explanations(self) -> dict[str, tuple[str, str]]:
        """Return a message and a hint for each text that ssh may print."""
        host, login = self.address.host, str(self.address)
        port = f"-p {self.address.port} " if self.address.port else ""
        return {
            "REMOTE HOST IDENTIFICATION HAS CHANGED": (
                f"the key of {host} has changed, so it may be another machine."
                " Remove the old key only if the server was installed again",
                f"ssh-keygen -R {host} && ssh {port}{login}",
            ),
            "Host key verification failed": (
                f"this computer does not know the key of {host}."
                " Log in once, and compare the fingerprint that ssh prints",
                f"ssh {port}{login}",
            ),
            "Permission denied": (
                f"{login} accepts none of your keys. Copy a key to the server, or run ssh-add if"
                " your key has a passphrase",
                f"ssh-copy-id {port}{login}",
            ),
            "Could not resolve hostname": (
                f"the host {host} does not exist. Check its name for a typing mistake",
                "flaskdash deploy ssh://USER@HOST",
            ),
            "Connection refused": (
                f"no ssh server answers at {host}, port {self.address.port or 22}."
                " If it listens on another port, add that to the address",
                f"flaskdash deploy ssh://{login}:2222",
            ),
            "timed out": (
                f"{host} does not answer. It may be switched off, or a firewall blocks ssh",
                f"ssh {port}{login}",
            ),
            "No route to host": (
                f"{host} cannot be reached from this network. It may be switched off",
                f"ssh {port}{login}",
            ),
            "Network is unreachable": (
                f"{host} cannot be reached. Check this computer's network connection",
                f"ssh {port}{login}",
            ),
        }


def _remove_stale_folders(parent: Path) -> None:
    """Remove the folders of connections whose process was killed."""
    for folder in parent.glob("fdash-*"):
        match = re.fullmatch(r"fdash-(\d+)-\w{8}", folder.name)
        if match and not shell.runs(match[1]):
            shutil.rmtree(folder, ignore_errors=True)


def _request_parts(request: dict[str, Any], stdin: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the server's modules, the request, and the files that follow it."""
    modules = [
        (f"{PACKAGE}.{name}", (SERVER / f"{name}.py").read_text("utf-8")) for name in MODULES
    ]
    program = json.dumps(modules).encode()
    yield b"%d\n%s%s\n" % (len(program), program, json.dumps(request).encode())
    yield from stdin
