"""The sum of the numbers."""

from typing import Any

import pandas as pd

TITLE = "Total"
DATA = "numbers"
SQL = "SELECT n FROM numbers"


def kpi(df: pd.DataFrame) -> dict[str, Any]:
    return {"value": str(df["n"].sum())}
