"""Recognise the codes of surveys for "no answer" beside the answers: 8 and 9, 77, 99, -9."""

from __future__ import annotations

import re

import pandas as pd

MOST_CODES = 5  # of a question: refused, don't know, not asked...
MIN_CELLS = 3  # of each code; a count may be 9 once or twice
# Statistics packages take negative numbers, or the last ones of one, two or three digits.
_CODE = re.compile(r"-\d{1,3}|9*[6-9]|77+|88+")


def no_answers(present: pd.Series) -> list[int]:
    """Return the whole numbers that stand apart from the answers and look like their codes."""
    counts = present.value_counts()
    numbers = sorted(map(int, counts.index))
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
