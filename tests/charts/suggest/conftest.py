"""A table to suggest charts for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from flaskdash.inspect import Inspection, inspect_source
from tests.support.suggesting import Look


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """Return a function that writes rows under a header, and inspects them."""

    def inspect_rows(header: str, line: Callable[[int], str], count: int = 200) -> Inspection:
        path = tmp_path / "data.csv"
        path.write_text(header + "\n" + "\n".join(line(i) for i in range(count)), encoding="utf-8")
        return inspect_source(path)

    return inspect_rows
