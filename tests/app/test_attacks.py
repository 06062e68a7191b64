"""The attacks of bench/attacks.py, with times that a busy machine can keep."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ATTACKS = Path(__file__).parents[2] / "bench/attacks.py"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="ulimit, /dev/zero and named pipes"),
]


@pytest.mark.parametrize("group", ["server", "data", "commands"])
def test_attacks_do_no_harm(group: str) -> None:
    done = subprocess.run(
        [sys.executable, ATTACKS, group],
        env=os.environ | {"PATIENCE": "10"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " held" in done.stdout
