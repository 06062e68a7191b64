"""Fly: fly.toml, and the commands of fly."""

from __future__ import annotations

from collections.abc import Iterator

from flaskdash.check.rule import Finding, Rule
from flaskdash.deploy.platforms import PlatformTarget
from flaskdash.project import Project


class Fly(PlatformTarget):
    """Fly as a target."""

    what = "Fly"
    tool = "fly (flyctl)"
    files = ("fly.toml",)

    def commands(self) -> Iterator[str]:
        """Yield the commands that a person runs next."""
        yield "fly config validate --strict"
        yield f"fly apps create {self.name}"
        yield "echo SECRET_KEY=$(openssl rand -hex 32) | fly secrets import --stage"
        yield "fly deploy"

    def way_back(self) -> str:
        """Return how a person goes back to the release before."""
        return "fly releases --image, then fly deploy --image THE-ONE-BEFORE"


def _package_json(project: Project) -> Iterator[Finding]:
    if (project.root / "package.json").exists():
        yield Finding("a package.json at the root makes it a Node app there", "move it to a folder")


Fly.rules = (Rule("package-json", "there is no package.json at the root", _package_json),)
TARGET = Fly
