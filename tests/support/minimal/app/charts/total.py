"""The sum of the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

TITLE = "Total"
DATA = "numbers"
SQL = "SELECT n FROM numbers"


def kpi(df: pd.DataFrame) -> dict[str, Any]:
    return {"value": str(df["n"].sum())}
