"""What a server has: asked by a script that only reads, and judged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from flaskdash.check.rule import Finding
from flaskdash.deploy.ssh.connection import Connection
from flaskdash.ship.machine import GLIBC, Machine

SCRIPT = Path(__file__).with_name("probe.sh")
NEW_ENVIRONMENT = (
    700_000  # kilobytes: pandas, duckdb and plotly, and the wheels that they come from
)
SAME_ENVIRONMENT = 20_000


@dataclass(frozen=True)
class Facts:
    """What the probe found, in its own words, and lists of what there are several of."""

    said: dict[str, str]
    pythons: dict[str, str] = field(default_factory=dict)  # path by version, the best first
    environments: frozenset[str] = frozenset()
    wheels: dict[str, int] = field(default_factory=dict)  # size by name

    @classmethod
    def parse(cls, text: str) -> Facts:
        """Return what the probe's lines say."""
        pairs = [line.split("=", 1) for line in text.splitlines() if "=" in line]
        pythons: dict[str, str] = {}
        for key, value in pairs:
            if key == "python":
                version, path = value.split(" ", 1)
                pythons.setdefault(version, path)
        return cls(
            said=dict(pairs),
            pythons=pythons,
            environments=frozenset(value for key, value in pairs if key == "environment"),
            wheels={
                name: int(size)
                for key, value in pairs
                if key == "wheel"
                for size, name in [value.split(" ", 1)]
            },
        )

    def __getitem__(self, key: str) -> str:
        """Return what was said of one thing, or nothing."""
        return self.said.get(key, "")

    @property
    def scope(self) -> str:
        """Return whose systemd runs it: what it is already, else the system's where we may."""
        return self["scope"] or ("system" if self["admin"] else "user")

    def python(self, wanted: str, asked: str, accepted: str) -> str:
        """Return the Python's version: the one asked for, else the wanted or the newest that fits.

        Where uv is there it brings one; nothing is returned where there is none.
        """
        from packaging.specifiers import SpecifierSet

        fit = SpecifierSet(accepted)
        if asked:
            return asked if asked in self.pythons or self["uv"] else ""
        found = [one for one in self.pythons if fit.contains(f"{one}.99")]
        if wanted in found:
            return wanted
        return found[0] if found else (wanted if self["uv"] else "")

    def machine(self, python: str) -> Machine:
        """Return what wheels must fit."""
        kind, _, version = self["libc"].partition(" ")
        processor = {"arm64": "aarch64", "amd64": "x86_64"}.get(
            self["processor"], self["processor"]
        )
        if kind != "glibc":
            return Machine(python, f"musllinux_1_2_{processor}")
        found = re.match(r"2\.(\d+)", version)
        return Machine(
            python, f"manylinux_2_{min(GLIBC, int(found[1]) if found else GLIBC)}_{processor}"
        )


def probe(connection: Connection, project: str) -> Facts:
    """Ask the server what it has."""
    return Facts.parse(connection.run(["sh", "-s", project], SCRIPT.read_bytes()))


def findings(
    facts: Facts, python: str, asked: str, accepted: str, size: int = 0
) -> Iterator[Finding]:
    """Find what the server lacks to run the project."""
    if not facts["end"]:
        yield Finding(
            "the account does not let programs run, or not to their end",
            "an account with a plain shell, such as /bin/bash",
        )
        return
    if facts["system"] != "Linux" or not facts["systemd"]:
        what = facts["system"] if facts["system"] != "Linux" else "Linux without systemd"
        yield Finding(f"the server runs {what}", "a Linux with systemd, such as Debian or Ubuntu")
        return
    if not python:
        has = ", ".join(facts.pythons) or "none"
        need = asked or accepted
        yield Finding(
            f"the server needs Python {need}, and has {has}; uv, which could bring one, is not there",
            "on the server: sudo apt install python3 (or its like), or install uv for this user",
        )
    elif python not in facts.pythons:
        yield Finding(f"uv on the server will download Python {python}", is_note=True)
    room = SAME_ENVIRONMENT if facts.environments else NEW_ENVIRONMENT
    room += 3 * size // 1000  # packed, unpacked, and as a snapshot
    if not re.fullmatch(r"[\w./+@-]+", facts["root"], re.ASCII):
        yield Finding(
            f"systemd's files can't name {facts['root']}", "an account whose home has a plain name"
        )
    if facts["free"].isdigit() and int(facts["free"]) < room:
        yield Finding(
            f"{int(facts['free']) // 1000} MB are free on the server, and it takes {room // 1000}",
            "make room there: df -h shows what is full",
        )
