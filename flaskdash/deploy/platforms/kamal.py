"""Kamal: config/deploy.yml and .kamal/secrets, and the commands of kamal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flaskdash.deploy.platforms import PlatformTarget


class Kamal(PlatformTarget):
    """Kamal as a target: a server with Docker, reached over ssh."""

    what = "Kamal"
    tool = "kamal 2.8 or later, and docker here"
    settings = frozenset({"domain"})
    files = ("config/deploy.yml", ".kamal/secrets")

    def values(self) -> Mapping[str, str]:
        """Return what the files are rendered with."""
        return {"name": self.name, "domain": self.domain("flaskdash deploy kamal --domain a.org")}

    def commands(self) -> Iterator[str]:
        """Yield the commands that a person runs next."""
        yield "openssl rand -hex 32   # once: keep it, it has to be the same each time"
        yield "read -rs SECRET_KEY && export SECRET_KEY   # paste it"
        yield "kamal config"
        yield "kamal setup   # later: kamal deploy"

    def way_back(self) -> str:
        """Return how a person goes back to the release before."""
        return "kamal app containers, then kamal rollback VERSION"


TARGET = Kamal
