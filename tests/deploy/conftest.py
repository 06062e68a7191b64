"""Fixtures for the tests of deploys."""

from pathlib import Path

import pytest

from flaskdash.check import rules
from flaskdash.ship import wheels


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Skip the wheels of a build and the rules of the preflight."""
    monkeypatch.setattr(rules, "ALL", ())
    monkeypatch.setattr(wheels, "fill", lambda *_: [])
