"""Recognise the codes of surveys for "no answer" beside the answers: 8 and 9, 77, 99, -9."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

import pandas as pd

MOST_CODES = 5  # of a question: refused, don't know, not asked...
MIN_CELLS = 3  # of each code; a count may be 9 once or twice
MIN_COLUMNS = 3  # of one scale, so that a code far outside it cannot be an answer
MOST_OF_SCALE = 12  # different answers; numbers from 0 to 10, and a gap
# Statistics packages take negative numbers, or the last ones of one, two or three digits.
_CODE = re.compile(r"-\d{1,3}|9*[6-9]|77+|88+")


def no_answers(present: pd.Series) -> list[int]:
    """Return the whole numbers that stand apart from the answers and look like their codes."""
    return codes_in(present.value_counts())


def codes_in(counts: Mapping[int, int] | pd.Series) -> list[int]:
    """Return the codes for "no answer" from the counts of whole numbers."""
    numbers = sorted(map(int, counts.keys()))
    codes: list[int] = []
    for end in (-1, 0):
        apart = []
        while len(numbers) > 2 and _CODE.fullmatch(str(numbers[end])):
            apart.append(numbers.pop(end))
            if abs(apart[-1] - numbers[end]) > 1:  # all until here are beyond a gap
                codes += apart
                apart = []
        numbers += apart
        numbers.sort()
    is_clear = 0 < len(codes) <= MOST_CODES and all(counts[code] >= MIN_CELLS for code in codes)
    return sorted(codes) if is_clear else []


def shared_codes(columns: Mapping[int, Mapping[int, int]]) -> dict[int, list[int]]:
    """Return the codes far outside a scale that several columns of it share, by column.

    `columns` are the counts of whole numbers in each. A code is farther from the scale than that
    is long: 9 beside answers from 1 to 5 may be one of them, and -9 or 99 may not.
    """
    scales: defaultdict[tuple[int, int], dict[int, list[int]]] = defaultdict(dict)
    for index, counts in columns.items():
        codes = codes_in(counts)
        scale = sorted(number for number in counts if number not in codes)
        if codes and len(scale) <= MOST_OF_SCALE:
            low, high = scale[0], scale[-1]
            far = [code for code in codes if max(low - code, code - high) > high - low]
            scales[low, high][index] = far
    shared: dict[int, list[int]] = {}
    for of_columns in scales.values():
        for index, codes in of_columns.items():
            common = [code for code in codes if _columns_with(code, of_columns) >= MIN_COLUMNS]
            if common:
                shared[index] = common
    return shared


def _columns_with(code: int, of_columns: Mapping[int, Sequence[int]]) -> int:
    return sum(code in codes for codes in of_columns.values())
