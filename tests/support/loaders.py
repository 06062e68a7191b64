"""Run the body of a loader."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from flaskdash.inspect import Inspection


def execute(inspection: Inspection, path: Path) -> pd.DataFrame:
    """Run the body as the generated loader does."""
    code = "def load():\n" + "".join(f"    {line}\n" for line in inspection.body.split("\n"))
    names: dict[str, object] = {"SOURCE": path}
    exec(code, names)
    return names["load"]()  # type: ignore[operator]
