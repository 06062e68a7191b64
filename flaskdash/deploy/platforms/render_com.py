"""Render: render.yaml, which Render reads in the repository."""

from __future__ import annotations

from collections.abc import Iterator

from flaskdash.deploy.platforms import PlatformTarget


class Render(PlatformTarget):
    """Render as a target."""

    what = "Render"
    tool = "git and a browser"
    files = ("render.yaml",)

    def commands(self) -> Iterator[str]:
        """Yield the commands that a person runs next."""
        yield "git add render.yaml && git commit -m 'Run at Render' && git push"
        yield "open https://dashboard.render.com/blueprints, New Blueprint, and choose the repository"

    def way_back(self) -> str:
        """Return how a person goes back to the release before."""
        return "the service's Events at Render, Rollback; or git revert, and git push"


TARGET = Render
