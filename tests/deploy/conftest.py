"""What tests of deploys share."""

from pathlib import Path

import pytest

from flaskdash.check import rules
from flaskdash.ship import wheels


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let a build take no wheels, and the preflight hold."""
    monkeypatch.setattr(rules, "ALL", ())
    monkeypatch.setattr(wheels, "fill", lambda *_: [])
