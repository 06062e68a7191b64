"""Run the body of a loader; run the loader of a project once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from flaskdash.inspect import Inspection
from flaskdash.project import results


def execute(inspection: Inspection, path: Path) -> pd.DataFrame:
    """Run the body as the generated loader does."""
    code = "def load():\n" + "".join(f"    {line}\n" for line in inspection.body.split("\n"))
    names: dict[str, object] = {"SOURCE": path}
    exec(code, names)
    return names["load"]()  # type: ignore[operator]


def run_loaders_once(patch: pytest.MonkeyPatch) -> None:
    """Let the commands of a test share the table of a loader, of which no snapshot exists."""
    patch.setattr(results, "load_table", cache(results.load_table))
