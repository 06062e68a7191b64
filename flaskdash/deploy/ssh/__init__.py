"""Deploy to a server over ssh: releases in folders, run by systemd on a port that stays open."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from flaskdash.deploy.ssh.connection import Address, Connection
from flaskdash.deploy.ssh.plan import SshPlan
from flaskdash.deploy.ssh.probe import ServerFacts, probe
from flaskdash.deploy.ssh.result import answers, read_result
from flaskdash.deploy.target import Outcome, Release, Status, Target
from flaskdash.errors import FlaskdashError
from flaskdash.progress import Echo, echo
from flaskdash.ship import files

UNITS = Path(__file__).with_name("units")
FRONT = Path(__file__).with_name("front")
DOMAIN = re.compile(
    r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)
NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
LOG_LINES = 100


class SshTarget(Target):
    """A project on a server that is reached over ssh."""

    settings = frozenset({"domain", "port", "python"})

    def plan(self) -> SshPlan:
        domain = self.place.settings.get("domain", "")
        if domain and not DOMAIN.fullmatch(domain):
            raise FlaskdashError(
                f"{domain!r} is not a domain",
                hint="flaskdash deploy --domain dashboard.example.org",
            )
        return SshPlan(self, tuple(files.shipped(self.project)))

    def releases(self) -> list[Release]:
        """Return the releases on the server, newest first."""
        result = self.request("releases")
        return [
            Release(
                name=str(release["name"]),
                when=str(release["when"]),
                live=release["name"] == result["live"],
            )
            for release in result["releases"]
        ]

    def rollback(self, release: str | None, echo: Echo) -> Outcome:
        """Try a release as a new one is tried, and make it live."""
        result = self.request("rollback", echo, release=release or "")
        return self.report_live(result, echo)

    def status(self) -> Status:
        result = self.request("status")
        unit = result["facts"]
        facts = {"server": str(self.address), "folder": str(result["root"])}
        if unit.get("ActiveEnterTimestamp"):
            facts["since"] = unit["ActiveEnterTimestamp"]
        if unit.get("MemoryCurrent", "").isdigit():
            facts["memory"] = f"{int(unit['MemoryCurrent']) // 1_000_000} MB"
        return Status(
            release=str(result["release"]),
            url=self.live_url(result),
            healthy=bool(result["healthy"]),
            facts=facts,
        )

    def logs(self, *, follow: bool) -> None:
        """Print the log of all releases from systemd's journal."""
        with self.connection() as connection:
            facts = probe(connection, self.slug)
            user = ["--user"] if facts.scope == "user" else []
            sudo = ["sudo", "-n"] if facts.scope == "system" and facts["uid"] != "0" else []
            argv = [*sudo, "env", "SYSTEMD_COLORS=0", "journalctl", *user, "--no-pager"]
            argv += ["--output=short-iso", "--no-hostname"]
            argv += [f"--lines={LOG_LINES}", f"--unit=flaskdash-{self.slug}@*"]
            argv += ["--follow"] if follow else []
            # A journalctl that follows would outlive ssh, unless its terminal ends with ssh.
            for line in connection.lines(argv, terminal=follow):
                echo(line)

    def secrets(self) -> list[str]:
        """Return the names of the settings in .env on the server."""
        return [str(name) for name in self.request("secrets")["names"]]

    def set_secrets(self, values: Mapping[str, str], echo: Echo) -> None:
        """Write settings into .env on the server, and restart the live release with them."""
        self.request("set-secrets", echo, values=dict(values))
        echo(f"set       {', '.join(values)} on {self.address}")

    @property
    def slug(self) -> str:
        """Return the project's name in the server's folders and units."""
        name = self.address.name or re.sub(r"[-_.]+", "-", self.project.name).lower()
        if not NAME.fullmatch(name):
            raise FlaskdashError(
                f"{self.project.name!r} cannot be the name of a folder on the server. Add a name to"
                " the address.",
                hint=f"flaskdash deploy ssh://{self.address}/dashboard",
            )
        return name

    @property
    def port(self) -> int:
        """Return the requested port, or 0 for the one that the project has, or the first free one."""
        return int(self.place.settings.get("port", 0))

    @cached_property
    def address(self) -> Address:
        return Address.parse(self.place.address)

    def connection(self) -> Connection:
        """Return a connection, which opens when the first program runs over it."""
        return Connection(self.address)

    def live_url(self, result: Mapping[str, Any]) -> str:
        """Return the URL of the live release, or "" if the project has no port."""
        if domain := self.place.settings.get("domain"):
            return f"https://{domain}"
        if not result["port"]:
            return ""
        host = Connection(self.address).hostname()
        return f"http://{f'[{host}]' if ':' in host else host}:{result['port']}"

    def report_live(self, result: Mapping[str, Any], echo: Echo) -> Outcome:
        """Echo the live release and its URL, with a note if it does not answer from here."""
        url = self.live_url(result)
        echo(f"live      {result['release']} at {url}")
        if not answers(url, str(result["release"])):
            port, domain = result["port"], self.place.settings.get("domain")
            advice = f"If a firewall blocks port {port}, open it: sudo ufw allow {port}/tcp"
            if domain:
                advice = (
                    f"Check that {domain} leads to the server's address, and that ports 80"
                    " and 443 are open."
                )
            echo(f"note      It answers on the server, but not from this computer. {advice}")
        return Outcome(str(result["release"]), url)

    def build_request(self, facts: ServerFacts, action: str, **values: Any) -> dict[str, Any]:
        """Return a request with all that the server's side needs to know."""
        return {
            "action": action,
            "project": self.slug,
            "title": self.project.title,
            "root": facts["root"],
            "scope": facts.scope,
            "uv": facts["uv"],
            "port": self.port,
            "domain": self.place.settings.get("domain", ""),
            "units": {path.name: path.read_text("utf-8") for path in UNITS.iterdir()},
            "front": {path.name: path.read_text("utf-8") for path in FRONT.iterdir()},
            **values,
        }

    def request(self, action: str, echo: Echo = lambda _: None, **values: Any) -> dict[str, Any]:
        """Send a request to the server and return its result."""
        with self.connection() as connection:
            facts = probe(connection, self.slug)
            if not facts.pythons:
                raise FlaskdashError(
                    f"{self.address} has no release of {self.project.name}",
                    hint="flaskdash deploy",
                )
            python = next(iter(facts.pythons.values()))
            request = self.build_request(facts, action, **values)
            return read_result(connection.send(python, request), echo)


TARGET = SshTarget
