"""Values that are wrapped: Excel's ="00123", and the digits of other scripts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flaskdash.inspect.literals import literal

# Texts in brackets, with one kind of quotes.
_ITEM = re.compile(r"""(["'])((?:(?!\1).)*)\1""")
_ARRAY = re.compile(r"""\[\s*(?:"[^"]*"(?:\s*,\s*"[^"]*")*|'[^']*'(?:\s*,\s*'[^']*')*)?\s*\]""")
MIN_PLAIN = 12  # different numbers: more than a scale from 0 to 10 has
MOST_LIMITS = 3  # such as "Less than 1 year" and "More than 50 years"
MOST_COUNTED = 1000  # different values of a column of years, people or points
_DIGIT = re.compile(r"\d")
_AROUND = r"^[^\W\d]\D*(?=\d)|(?<=\d)\s+[^\W\d]\D*$"  # the words around a number
_FORMULA = re.compile(r'="[^"]*"')
# Marks of direction, which nobody sees; and the Arabic marks of decimals and thousands.
_DIRECTION = "\u200e\u200f\u061c\u202a\u202b\u202c\u2066\u2067\u2068\u2069"
_MARKS = {"\u066b": ".", "\u066c": ","}


@dataclass(frozen=True)
class Wrapping:
    """A way in which all values of a column are wrapped.

    `method` returns the method of pandas that unwraps them, given the counts of the values. Only if
    the wrapping `is_certain`, it also goes from a column that stays text.
    """

    comment: str
    fits: Callable[[Mapping[str, int]], bool]
    unwrap: Callable[[str], str]
    method: Callable[[Mapping[str, int]], str]
    is_certain: bool = False
    note: str = ""


def _are_formulas(counts: Mapping[str, int]) -> bool:
    cells = [cell.strip() for cell in counts if cell.strip()]
    return bool(cells) and all(map(_FORMULA.fullmatch, cells))


def _foreign_digits(counts: Mapping[str, int]) -> str:
    """Return the ten digits of each other script that the values have, and its marks."""
    characters = set().union(*counts)
    digits = {mark for mark in characters if mark.isdecimal() and not mark.isascii()}
    zeros = sorted({ord(digit) - unicodedata.decimal(digit) for digit in digits})
    scripts = "".join(chr(zero + value) for zero in zeros for value in range(10))
    return scripts + "".join(_MARKS) if scripts else ""


def _to_ascii(cell: str) -> str:
    """Return a cell with ASCII digits and marks, without marks of direction."""
    return "".join(
        _MARKS.get(character)
        or (str(unicodedata.decimal(character)) if character.isdecimal() else character)
        for character in cell
        if character not in _DIRECTION
    )


def _translation(counts: Mapping[str, int]) -> str:
    old = _foreign_digits(counts)
    hidden = "".join(mark for mark in _DIRECTION if any(mark in cell for cell in counts))
    removed = f", {literal(hidden)}" if hidden else ""
    return f".str.translate(str.maketrans({literal(old)}, {literal(_to_ascii(old))}{removed}))"


def _are_arrays(counts: Mapping[str, int]) -> bool:
    cells = [cell.strip() for cell in counts if cell.strip()]
    return bool(cells) and all(map(_ARRAY.fullmatch, cells)) and any(map(_ITEM.search, cells))


def _items(counts: Mapping[str, int]) -> str:
    """Return the methods that join the items of arrays, whose quotes are those of JSON or Python."""
    quote = next(match[1] for cell in counts if (match := _ITEM.search(cell)))
    return f'.str.findall({literal(f"{quote}([^{quote}]*){quote}")}).str.join("|")'


def _are_worded_limits(counts: Mapping[str, int]) -> bool:
    """Tell whether a few cells are limits in words: "Less than 1 year", beside 1 to 49."""
    if len(counts) > MOST_COUNTED:
        return False
    plain = [int(cell) for cell in counts if re.fullmatch(r"\s*\d{1,9}\s*", cell)]
    worded = [
        cell.strip() for cell in counts if re.search(r"[^\W\d]", cell) and _DIGIT.search(cell)
    ]
    if len(plain) < MIN_PLAIN or not 0 < len(worded) <= MOST_LIMITS:
        return False
    limits = [re.sub(_AROUND, "", cell) for cell in worded]
    return all(limit.isdigit() for limit in limits) and not any(
        min(plain) < int(limit) < max(plain) for limit in limits
    )


ALL = (
    Wrapping(
        "the number of a limit in words",
        _are_worded_limits,
        lambda cell: re.sub(_AROUND, "", cell.strip()),
        lambda _: f'.str.strip().str.replace({literal(_AROUND)}, "", regex=True)',
        note="limits in words are read as their number",
    ),
    Wrapping(
        'lists of a program: ["a", "b"]',
        _are_arrays,
        lambda cell: "|".join(item for _, item in _ITEM.findall(cell)),
        _items,
        is_certain=True,
    ),
    Wrapping(
        'Excel writes ="..." to keep zeros',
        _are_formulas,
        lambda cell: cell.strip()[2:-1],
        lambda _: ".str.strip().str[2:-1]",
        is_certain=True,
    ),
    Wrapping(
        "digits of another script",
        lambda counts: bool(_foreign_digits(counts)),
        _to_ascii,
        _translation,
    ),
)
