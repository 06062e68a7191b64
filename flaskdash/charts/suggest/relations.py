"""Measure how strongly columns hang together, on a sample of the rows."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from flaskdash.inspect.model import Column

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

SAMPLE = 3000
MIN_ROWS = 10
MAX_NUMBERS = 30


class Relations:
    """The relations of a table's columns, each from 0 (none) to 1."""

    def __init__(self, frame: pd.DataFrame, columns: Sequence[Column]) -> None:
        self.sample = frame.sample(SAMPLE, random_state=1) if len(frame) > SAMPLE else frame
        self.columns = {column.name: column for column in columns}
        self._numbers: dict[str, NDArray[np.float64]] = {}
        self._codes: dict[str, NDArray[np.int64]] = {}
        self._explained: dict[tuple[str, str], float] = {}

    @cached_property
    def numeric(self) -> list[Column]:
        """The columns that can be an axis of numbers; at most MAX_NUMBERS."""
        columns = [
            column
            for column in self.columns.values()
            if column.type in ("integer", "number")
            and column.role in ("measure", "category", "time")
            and column.distinct > 2
        ]
        return columns[:MAX_NUMBERS]

    @cached_property
    def _correlations(self) -> dict[tuple[str, str], float]:
        import pandas as pd

        ranks = pd.DataFrame({column.name: self.numbers(column) for column in self.numeric}).rank()
        strength = ranks.corr(min_periods=MIN_ROWS // 2).abs().fillna(0.0).to_numpy()
        names = [column.name for column in self.numeric]
        return {
            (first, second): float(strength[i, j])
            for (i, first), (j, second) in itertools.product(enumerate(names), repeat=2)
        }

    def correlation(self, first: Column, second: Column) -> float:
        """Return the rank correlation of two columns of numbers, without its sign."""
        return self._correlations.get((first.name, second.name), 0.0)

    def explained(self, measure: Column, category: Column) -> float:
        """Return the share of a measure's variance between the values of a category.

        It is adjusted for the number of values, so that names which are all different explain nothing.
        """
        key = (measure.name, category.name)
        if key not in self._explained:
            self._explained[key] = _explained(self.numbers(measure), self.codes(category))
        return self._explained[key]

    def numbers(self, column: Column) -> NDArray[np.float64]:
        """Return the sampled values of a column as numbers; those of a flag as 0 and 1."""
        import numpy as np
        import pandas as pd

        if column.name not in self._numbers:
            values = self.sample[column.name]
            if column.role == "flag" and column.yes is not None:
                is_yes = (values.astype("str") == column.yes).astype("float64")
                values = is_yes.where(values.notna(), np.nan)
            numbers = pd.to_numeric(values, errors="coerce").to_numpy("float64", na_value=np.nan)
            self._numbers[column.name] = numbers
        return self._numbers[column.name]

    def codes(self, column: Column) -> NDArray[np.int64]:
        """Return a number for each sampled value of a category, -1 for a missing one."""
        import pandas as pd

        if column.name not in self._codes:
            self._codes[column.name] = pd.factorize(self.sample[column.name])[0]
        return self._codes[column.name]

    def evenness(self, column: Column) -> float:
        """Return how evenly rows are spread over a category's values: 1 if all are as frequent."""
        import numpy as np

        codes = self.codes(column)
        counts = np.bincount(codes[codes >= 0])
        if len(counts) < 2:
            return 1.0
        shares = counts / counts.sum()
        return float(-(shares * np.log(shares)).sum() / np.log(len(shares)))


def _explained(numbers: NDArray[np.float64], codes: NDArray[np.int64]) -> float:
    import numpy as np

    is_present = ~np.isnan(numbers) & (codes >= 0)
    numbers, codes = numbers[is_present], codes[is_present]
    if len(numbers) < MIN_ROWS:
        return 0.0
    sizes = np.bincount(codes)
    sums = np.bincount(codes, weights=numbers)[sizes > 0]
    sizes = sizes[sizes > 0]
    total = float(((numbers - numbers.mean()) ** 2).sum())
    if not total > 0 or len(sizes) < 2 or len(sizes) > len(numbers) / 2:
        return 0.0
    between = float(((sums / sizes - numbers.mean()) ** 2 * sizes).sum()) / total
    adjusted = 1 - (1 - between) * (len(numbers) - 1) / (len(numbers) - len(sizes))
    return max(0.0, adjusted)
