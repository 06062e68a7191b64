"""Fly: fly.toml, and the commands of fly."""

from __future__ import annotations

from collections.abc import Iterator

from flaskdash.check.rule import Finding, Rule
from flaskdash.deploy.platforms import PlatformTarget
from flaskdash.project import Project


class Fly(PlatformTarget):
    """Fly as a target."""

    label = "Fly"
    tool = "fly (flyctl)"
    files = ("fly.toml",)

    def commands(self) -> Iterator[str]:
        yield "fly config validate --strict"
        yield f"fly apps create {self.name}"
        yield "echo SECRET_KEY=$(openssl rand -hex 32) | fly secrets import --stage"
        yield "fly deploy"

    def rollback_hint(self) -> str:
        return "fly releases --image, then fly deploy --image IMAGE"


def _check_package_json(project: Project) -> Iterator[Finding]:
    if (project.root / "package.json").exists():
        yield Finding(
            "package.json is at the root, so Fly treats the project as a Node app",
            "mkdir -p frontend && mv package.json frontend/",
        )


Fly.rules = (Rule("package-json", "package.json is not at the root", _check_package_json),)
TARGET = Fly
