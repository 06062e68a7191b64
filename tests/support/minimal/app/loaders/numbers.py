"""The numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

SOURCE = Path(__file__).parents[2] / "data" / "numbers.csv"


def load() -> pd.DataFrame:
    import pandas as pd

    return pd.read_csv(SOURCE)
