"""The numbers."""

from pathlib import Path

import pandas as pd

SOURCE = Path(__file__).parents[2] / "data" / "numbers.csv"


def load() -> pd.DataFrame:
    return pd.read_csv(SOURCE)
