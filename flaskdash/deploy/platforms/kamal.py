"""Kamal: config/deploy.yml and .kamal/secrets, and the commands of kamal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flaskdash.deploy.platforms import PlatformTarget


class Kamal(PlatformTarget):
    """Kamal as a target: a server with Docker, reached over ssh."""

    label = "Kamal"
    tool = "kamal 2.8 or later, and a local docker"
    settings = frozenset({"domain"})
    files = ("config/deploy.yml", ".kamal/secrets")

    def values(self) -> Mapping[str, str]:
        return {"name": self.name, "domain": self.domain("flaskdash deploy kamal --domain a.org")}

    def commands(self) -> Iterator[str]:
        yield "openssl rand -hex 32   # once: keep it, because it must stay the same"
        yield "read -rs SECRET_KEY && export SECRET_KEY   # paste it"
        yield "kamal config"
        yield "kamal setup   # later: kamal deploy"

    def rollback_hint(self) -> str:
        return "kamal app containers, then kamal rollback VERSION"


TARGET = Kamal
