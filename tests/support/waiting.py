"""Wait for something; skip a test that lacks a tool."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable

import pytest


def need(*tools: str) -> None:
    """Skip a test whose tools are missing; in CI, where the set-up installs them, fail."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if not missing:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"missing: {', '.join(missing)}")
    pytest.skip(f"missing: {', '.join(missing)}")


def wait_for(check: Callable[[], bool], expectation: str, seconds: float = 30) -> None:
    """Poll until a check holds; fail with `expectation` if it does not in time."""
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds} s for {expectation}")
        time.sleep(0.02)
