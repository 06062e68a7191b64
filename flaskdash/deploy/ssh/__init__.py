"""A server of one's own: releases in folders, systemd, and a port that never closes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import click

from flaskdash.deploy.ssh.connection import Address, Connection
from flaskdash.deploy.ssh.plan import Deploy
from flaskdash.deploy.ssh.probe import Facts, probe
from flaskdash.deploy.ssh.result import answers, outcome
from flaskdash.deploy.target import Outcome, Release, Status, Target
from flaskdash.errors import FlaskdashError
from flaskdash.progress import Echo
from flaskdash.ship import files

UNITS = Path(__file__).with_name("units")
FRONT = Path(__file__).with_name("front")
DOMAIN = re.compile(
    r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)
LOG_LINES = 100


class SshTarget(Target):
    """A project on a server of one's own, reached over ssh."""

    what = "a server"
    settings = frozenset({"domain", "port", "python"})

    def plan(self) -> Deploy:
        """Return what a deploy would do."""
        domain = self.place.settings.get("domain", "")
        if domain and not DOMAIN.fullmatch(domain):
            raise FlaskdashError(
                f"{domain!r} is not a domain", hint="--domain dashboard.example.org"
            )
        return Deploy(self, tuple(files.shipped(self.project)))

    def releases(self) -> list[Release]:
        """Return the releases on the server, the newest first."""
        found = self._ask("releases")
        return [
            Release(str(one["name"]), str(one["when"]), live=one["name"] == found["live"])
            for one in found["releases"]
        ]

    def rollback(self, release: str | None, echo: Echo) -> Outcome:
        """Make a release live again, when it has been tried as a new one is."""
        found = self._ask("rollback", echo, release=release or "")
        return self.tell(found, echo)

    def status(self) -> Status:
        """Return how the project stands on the server."""
        found = self._ask("status")
        facts = found["facts"]
        shown = {"server": str(self.address), "folder": str(found["root"])}
        if facts.get("ActiveEnterTimestamp"):
            shown["since"] = facts["ActiveEnterTimestamp"]
        if facts.get("MemoryCurrent", "").isdigit():
            shown["memory"] = f"{int(facts['MemoryCurrent']) // 1_000_000} MB"
        return Status(str(found["release"]), self.where(found), bool(found["healthy"]), shown)

    def logs(self, *, follow: bool) -> None:
        """Print the log of all releases, as systemd's journal has it."""
        with self.connection() as connection:
            facts = probe(connection, self.slug)
            user = ["--user"] if facts.scope == "user" else []
            sudo = ["sudo", "-n"] if facts.scope == "system" and facts["uid"] != "0" else []
            # A program that waits for more would outlive us: a terminal of its own ends it.
            argv = [*sudo, "env", "SYSTEMD_COLORS=0", "journalctl", *user, "--no-pager"]
            argv += ["--output=short-iso", "--no-hostname"]
            argv += [f"--lines={LOG_LINES}", f"--unit=flaskdash-{self.slug}@*"]
            argv += ["--follow"] if follow else []
            for line in connection.lines(argv, ends=follow):
                click.echo(line)

    def secrets(self) -> list[str]:
        """Return the names in .env on the server."""
        return [str(name) for name in self._ask("secrets")["names"]]

    def set_secrets(self, values: Mapping[str, str], echo: Echo) -> None:
        """Write them into .env on the server, and restart the live release when it works with them."""
        self._ask("set-secrets", echo, values=dict(values))
        echo(f"set       {', '.join(values)} on {self.address}")

    @property
    def slug(self) -> str:
        """Return the project's name as files and units there have it."""
        return self.address.name or re.sub(r"[-_.]+", "-", self.project.name).lower()

    @cached_property
    def address(self) -> Address:
        """Return where the server is."""
        return Address.parse(self.place.address)

    def connection(self) -> Connection:
        """Return a connection that is opened by the first program that runs over it."""
        return Connection(self.address)

    def where(self, found: Mapping[str, Any]) -> str:
        """Return the URL."""
        if domain := self.place.settings.get("domain"):
            return f"https://{domain}"
        host = Connection(self.address).hostname()
        return (
            f"http://{f'[{host}]' if ':' in host else host}:{found['port']}"
            if found["port"]
            else ""
        )

    def tell(self, found: Mapping[str, Any], echo: Echo) -> Outcome:
        """Say what is live now, and look whether it answers from here."""
        url = self.where(found)
        echo(f"live      {found['release']} at {url}")
        if not answers(url, str(found["release"])):
            port, domain = found["port"], self.place.settings.get("domain")
            why = f"a firewall may keep port {port} closed (sudo ufw allow {port}/tcp)"
            if domain:
                why = f"does {domain} lead to the server's address, and are ports 80 and 443 open?"
            echo(f"note      it answers on the server, and not yet from here: {why}")
        return Outcome(str(found["release"]), url)

    def request(self, facts: Facts, do: str, **more: Any) -> dict[str, Any]:
        """Return what the server is asked to do, with all that it has to know."""
        return {
            "do": do,
            "project": self.slug,
            "title": self.project.title,
            "root": facts["root"],
            "scope": facts.scope,
            "uv": facts["uv"],
            "port": int(self.place.settings.get("port", 0)),
            "domain": self.place.settings.get("domain", ""),
            "units": {one.name: one.read_text("utf-8") for one in UNITS.iterdir()},
            "front": {one.name: one.read_text("utf-8") for one in FRONT.iterdir()},
            **more,
        }

    def _ask(self, do: str, echo: Echo = lambda _: None, **more: Any) -> dict[str, Any]:
        with self.connection() as connection:
            facts = probe(connection, self.slug)
            if not facts.pythons:
                raise FlaskdashError(f"nothing was deployed to {self.address} yet")
            python = next(iter(facts.pythons.values()))
            return outcome(connection.ask(python, self.request(facts, do, **more)), echo)


TARGET = SshTarget
