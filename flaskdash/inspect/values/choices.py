"""Recognise lists in cells, such as the answers of a survey: Well|Tap|Rain."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

SEPARATORS = ("|", ";", "\n", "、", "┋", ",", " ")
MIN_CELLS = 12
MIN_LISTS = 0.1  # share of the cells with several choices
MIN_REPEATS = 3.0  # how often a choice occurs on average
MOST_CHOICES = 80
LONGEST_CHOICE = 80  # characters
MIN_FREE = 0.7  # share of later parts that also come first: those of "Austin, TX" never do
MOST_REPEATED = 0.05  # share of the cells with the same part twice


def separator_of(cells: Sequence[str]) -> str:
    """Return the text between the choices of cells that are lists, "" if they are not.

    The parts of lists are few, repeat, and have no fixed place: each may come first.
    """
    for separator in SEPARATORS if len(cells) >= MIN_CELLS else ():
        has_lists = sum(separator in cell for cell in cells) >= MIN_LISTS * len(cells)
        if has_lists and _are_choices([split(cell, separator) for cell in cells], separator):
            return separator
    return ""


def split(cell: str, separator: str) -> list[str]:
    """Return the choices of a cell, as the SQL of a chart splits it."""
    return [part for part in map(str.strip, cell.split(separator)) if part]


_CODE = re.compile(r"[a-z0-9_.-]+")


def _are_codes(choices: Iterable[str], cells: Sequence[list[str]]) -> bool:
    """Tell whether words are codes of choices, as forms write them: "radio tv", not "Very good".

    Some cells have one of them, some two, and some more.
    """
    numbers = {min(len(cell), 3) for cell in cells if cell}
    return len(numbers) == 3 and all(map(_CODE.fullmatch, choices))


def _are_choices(cells: Sequence[list[str]], separator: str) -> bool:
    counts = Counter(part for cell in cells for part in cell)
    several = [cell for cell in cells if len(cell) > 1]
    if not several or not 2 < len(counts) <= MOST_CHOICES or max(map(len, counts)) > LONGEST_CHOICE:
        return False
    if counts.total() < MIN_REPEATS * len(counts):
        return False
    are_numbers = all(part.replace(".", "").isdigit() for part in counts)
    # Numbers may have a decimal comma or groups, and labels have blanks.
    is_doubtful = separator == " " or (separator == "," and are_numbers)
    if is_doubtful and not _are_codes(counts, cells):
        return False
    if sum(len(set(cell)) < len(cell) for cell in several) > MOST_REPEATED * len(several):
        return False
    first = {cell[0] for cell in cells if cell}
    leaders: dict[str, set[str]] = {}
    for cell in several:
        for before, part in pairwise(cell):
            leaders.setdefault(part, set()).add(before)
    # In "Salad, mixed", a comma is a part of the choice: its second word never follows another.
    bound = {part for part, before in leaders.items() if len(before) == 1 and part not in first}
    later = [part for cell in several for part in cell[1:] if part not in bound]
    return bool(later) and sum(part in first for part in later) >= MIN_FREE * len(later)
