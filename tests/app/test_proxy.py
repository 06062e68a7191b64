"""Sign-in by the header of a proxy, in a project that is served as in production."""

from __future__ import annotations

from pathlib import Path

import pytest

from flaskdash.project import Project
from tests.support.fixtures import Cli
from tests.support.projects import add_parts, run, snapshot
from tests.support.web import fetch, serving

HEADER = "Tailscale-User-Login"


@pytest.fixture
def shop(shared_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = add_parts(shared_project, tmp_path / "shop", ["add-auth"])
    monkeypatch.chdir(root)
    return root


def files(shop: Path) -> dict[str, bytes]:
    """Return the files of a project, without its environment and what it wrote while it ran."""
    written = {".venv", "instance", "__pycache__", "server.log", "uv.lock"}
    return {
        name: content
        for name, content in snapshot(shop).items()
        if written.isdisjoint(Path(name).parts)
    }


def test_the_header_counts_from_a_trusted_address_alone(shop: Path, flaskdash: Cli) -> None:
    before, packages = files(shop), Project.find(shop).dependencies()
    flaskdash("add-auth", "--proxy-header", HEADER)
    run(shop, "ruff", "check", "--no-cache")
    run(shop, "ruff", "format", "--check", "--no-cache")
    run(shop, "mypy")
    run(shop, "pytest", "-q", "-p", "no:cacheprovider", "tests/test_proxy.py", "tests/test_auth.py")
    with serving(shop, SECRET_KEY="test") as url:
        assert (
            b"ann@example.com, viewer" in fetch(f"{url}/account", **{HEADER: "ann@example.com"})[1]
        )
        # A proxy replaces the header of a client, but not one that WSGI would take for it.
        assert fetch(f"{url}/account", Tailscale_User_Login="ann@example.com")[0] == 401
        assert fetch(f"{url}/account")[0] == 401
    with serving(shop, SECRET_KEY="test", PROXY_FROM="10.0.0.5, 10.1.0.0/16") as url:
        assert fetch(f"{url}/account", **{HEADER: "ann@example.com"})[0] == 401
    flaskdash("remove", "proxy")
    assert files(shop) == before
    assert Project.find(shop).dependencies() == packages


def test_a_name_that_is_no_header_is_refused(shop: Path, flaskdash: Cli) -> None:
    before = snapshot(shop)
    result = flaskdash("add-auth", "--proxy-header", 'X-User"; import os', code=1)
    assert "not the name of such a header" in result.output
    assert snapshot(shop) == before
