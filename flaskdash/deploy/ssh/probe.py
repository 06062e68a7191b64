"""Ask a server for its facts with a script that only reads, and check that it can run a project."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from flaskdash.check.rule import Finding
from flaskdash.deploy.ssh.connection import Connection
from flaskdash.ship.machine import GLIBC, Machine

SCRIPT = Path(__file__).with_name("probe.sh")
# Kilobytes: pandas, duckdb and plotly take this much, with the wheels that they come from.
NEW_ENVIRONMENT = 700_000
SAME_ENVIRONMENT = 20_000
PROCESSORS = {"arm64": "aarch64", "amd64": "x86_64"}


@dataclass(frozen=True)
class ServerFacts:
    """The probe's output: its values by key, and the keys that occur several times as lists."""

    values: dict[str, str]
    pythons: dict[str, str] = field(default_factory=dict)  # path by version, best first
    environments: frozenset[str] = frozenset()
    wheels: dict[str, int] = field(default_factory=dict)  # size by name

    @classmethod
    def parse(cls, text: str) -> ServerFacts:
        """Parse the probe's lines."""
        pairs = [line.split("=", 1) for line in text.splitlines() if "=" in line]
        pythons: dict[str, str] = {}
        environments: set[str] = set()
        wheels: dict[str, int] = {}
        for key, value in pairs:
            if key == "python":
                version, path = value.split(" ", 1)
                pythons.setdefault(version, path)
            elif key == "environment":
                environments.add(value)
            elif key == "wheel":
                size, name = value.split(" ", 1)
                wheels[name] = int(size)
        return cls(dict(pairs), pythons, frozenset(environments), wheels)

    def __getitem__(self, key: str) -> str:
        """Return a value, or "" if the probe did not print it."""
        return self.values.get(key, "")

    @property
    def scope(self) -> str:
        """Return "user" or "system": the systemd that has the units, or is to have them."""
        return self["scope"] or ("system" if self["admin"] else "user")

    def choose_python(self, preferred: str, requested: str, accepted: str) -> str:
        """Return the version of Python to use, or "" if the server cannot have one.

        The requested version is the only choice. Otherwise it is the preferred one, or the newest
        on the server that the specifier `accepted` allows. uv can install any version.
        """
        from packaging.specifiers import SpecifierSet

        if requested:
            return requested if requested in self.pythons or self["uv"] else ""
        specifier = SpecifierSet(accepted)
        versions = [version for version in self.pythons if specifier.contains(f"{version}.99")]
        if preferred in versions:
            return preferred
        if versions:
            return versions[0]
        return preferred if self["uv"] else ""

    def machine(self, python: str) -> Machine:
        """Return the machine that wheels must fit."""
        kind, _, version = self["libc"].partition(" ")
        processor = PROCESSORS.get(self["processor"], self["processor"])
        if kind != "glibc":
            return Machine(python, f"musllinux_1_2_{processor}")
        match = re.match(r"2\.(\d+)", version)
        minor = min(GLIBC, int(match[1])) if match else GLIBC
        return Machine(python, f"manylinux_2_{minor}_{processor}")


def probe(connection: Connection, project: str, port: int = 0) -> ServerFacts:
    """Run the probe on the server; `port` is the one that the project is to have there."""
    script = SCRIPT.read_bytes()
    return ServerFacts.parse(connection.run(["sh", "-s", project, str(port)], script))


def findings(
    facts: ServerFacts, python: str, requested: str, accepted: str, size: int = 0, port: int = 0
) -> Iterator[Finding]:
    """Yield the reasons why the server cannot run the project; `size` is its files' bytes."""
    system = facts["system"]
    if not facts["end"]:
        yield Finding(
            "the account does not run programs, or ends them early."
            " An administrator of the server can give it a plain shell",
            f"sudo chsh --shell /bin/bash {facts['user'] or 'USER'}",
        )
        return
    if system != "Linux" or not facts["systemd"]:
        name = system if system != "Linux" else "Linux without systemd"
        yield Finding(
            f"the server runs {name}. Deploy to a Linux with systemd, such as Debian or Ubuntu",
            "flaskdash deploy ssh://USER@HOST",
        )
        return
    yield from _python_findings(facts, python, requested, accepted)
    yield from _service_findings(facts, port)
    if not re.fullmatch(r"[\w./+@-]+", facts["root"], re.ASCII):
        yield Finding(
            f"systemd's unit files cannot contain the path {facts['root']}."
            " Deploy to an account whose home has only letters, digits and ./+@_-",
            "flaskdash deploy ssh://USER@HOST",
        )
    needed = SAME_ENVIRONMENT if facts.environments else NEW_ENVIRONMENT
    needed += 3 * size // 1000  # the files are there packed, unpacked, and as a snapshot
    if facts["free"].isdigit() and int(facts["free"]) < needed:
        yield Finding(
            f"the server's disk has {int(facts['free']) // 1000} MB free, and the project needs"
            f" {needed // 1000} MB. Make room on the server",
            "df -h",
        )


def _service_findings(facts: ServerFacts, port: int) -> Iterator[Finding]:
    """Yield the reasons why the account cannot run a service at the port."""
    if facts.scope == "user" and not facts["lingers"]:
        yield Finding(
            f"systemd ends the services of {facts['user']} when {facts['user']} logs out, and only"
            " an administrator of the server can change that, with the command below",
            f"sudo loginctl enable-linger {facts['user']}",
        )
    if facts.scope == "user" and 0 < port < 1024:
        yield Finding(
            f"only root can open port {port}. Choose one above 1023, and --domain to have Caddy or"
            " nginx on ports 80 and 443",
            "flaskdash deploy --port 8000",
        )
    elif facts["taken"]:
        yield Finding(
            f"another program on the server uses port {port}. Choose another port",
            "flaskdash deploy --port PORT",
        )


def _python_findings(
    facts: ServerFacts, python: str, requested: str, accepted: str
) -> Iterator[Finding]:
    if not python:
        versions = ", ".join(facts.pythons) or "none"
        yield Finding(
            f"the server needs Python {requested or accepted} and has {versions}."
            " Install it on the server, or install uv there for this user",
            "sudo apt install python3",
        )
    elif python not in facts.pythons:
        yield Finding(f"uv on the server will download Python {python}", is_note=True)
