"""Render: render.yaml, which Render reads from the repository."""

from __future__ import annotations

from collections.abc import Iterator

from flaskdash.deploy.platforms import PlatformTarget


class Render(PlatformTarget):
    """Render as a target."""

    label = "Render"
    tool = "git and a browser"
    files = ("render.yaml",)

    def commands(self) -> Iterator[str]:
        yield "git add render.yaml && git commit -m 'Deploy to Render' && git push"
        yield "open https://dashboard.render.com/blueprints, New Blueprint, and choose the repository"

    def rollback_hint(self) -> str:
        return "Rollback on the service's Events page; or git revert, then git push"


TARGET = Render
