"""Try a few of a column's values before all of them."""

from __future__ import annotations

from collections.abc import Mapping

SAMPLE = 300


def sample_of(values: Mapping[str, int]) -> list[str]:
    """Return up to about SAMPLE distinct values, spread over the whole column."""
    keys = list(values)
    return keys if len(keys) <= SAMPLE else keys[:: len(keys) // SAMPLE]
