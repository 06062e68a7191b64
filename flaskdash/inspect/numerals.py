"""Recognise numbers as people write them, in all of a column's distinct values."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

CURRENCIES = "$€£¥₹₩₽₺"
CODES = "USD|EUR|GBP|CHF|JPY|CAD|AUD|SEK|NOK|DKK|PLN|INR|BRL|CNY"
SPACES = " \u00a0\u202f\u2009"

_SIGN = r"[+\-\u2212]?"
# Each style in the order of preference: name -> (decimal, thousands, pattern of a whole value).
STYLES: dict[str, tuple[str, str, re.Pattern[str]]] = {
    "integer": ("", "", re.compile(rf"{_SIGN}\d+")),
    "dot": (".", "", re.compile(rf"{_SIGN}(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.I)),
    "us": (".", ",", re.compile(rf"{_SIGN}(\d{{1,3}}(,\d{{3}})+|\d+)?(\.\d*)?")),
    "indian": (".", ",", re.compile(rf"{_SIGN}(\d{{1,3}}(,\d{{2}})*(,\d{{3}})|\d+)(\.\d*)?")),
    "comma": (",", "", re.compile(rf"{_SIGN}(\d+,?\d*|,\d+)(e[+-]?\d+)?", re.I)),
    "eu": (",", ".", re.compile(rf"{_SIGN}(\d{{1,3}}(\.\d{{3}})+|\d+)(,\d*)?")),
    "space": (",", " ", re.compile(rf"{_SIGN}(\d{{1,3}}([{SPACES}]\d{{3}})+|\d+)(,\d*)?")),
    "space-dot": (".", " ", re.compile(rf"{_SIGN}(\d{{1,3}}([{SPACES}]\d{{3}})+|\d+)(\.\d*)?")),
    "swiss": (".", "'", re.compile(rf"{_SIGN}(\d{{1,3}}(['\u2019]\d{{3}})+|\d+)(\.\d*)?")),
}
NOT_FINITE = re.compile(r"[+-]?(inf|infinity|nan)", re.I)
_AFFIXED = re.compile(
    rf"(?P<open>\()?(?P<sign>[+-]?)\s*(?P<before>[{CURRENCIES}]|US\$|(?:{CODES})\b)?\s*"
    rf"(?P<inner>\()?(?P<number>[+-]?[\d.,'\u2019{SPACES}]*\d[.,]?)\s*"
    rf"(?P<scale>[KMBkmb]|bn|mn)?\s*(?P<after>[%‰{CURRENCIES}]|(?:{CODES}))?(?P<close>\))?"
)
_UNIT = re.compile(r"([+-]?\d[\d.,]*)(\s?[A-Za-z°µ²³/]{1,12})")


@dataclass(frozen=True)
class Numerals:
    """How a column writes its numbers: the styles that read all of them, best first.

    `unit` is what stands around each number, such as "$", "%" or "min". `scaled` numbers end in
    K, M or B, `brackets` mean minus, and `affixed` ones need their unit cut off.
    """

    styles: tuple[str, ...]
    unit: str = ""
    affixed: bool = False
    scaled: bool = False
    brackets: bool = False
    suffix: str = ""

    @property
    def integer(self) -> bool:
        """Tell whether every value is a whole number without marks."""
        return self.styles[:1] == ("integer",) and not self.affixed


def recognise(values: Collection[str]) -> Numerals | None:
    """Return how these stripped, non-missing values write numbers, or None if one does not."""
    if not values:
        return None
    styles = tuple(
        name for name, (_, _, pattern) in STYLES.items() if all(map(pattern.fullmatch, values))
    )
    if styles:
        return None if "" in values else Numerals(styles)
    return _affixed(values) or _united(values)


def is_number(value: str) -> bool:
    """Tell whether one value is a number in any style, with or without a unit sign."""
    return any(pattern.fullmatch(value) for _, _, pattern in STYLES.values()) or bool(
        _AFFIXED.fullmatch(value)
    )


def _affixed(values: Collection[str]) -> Numerals | None:
    """Return the style of money, percents and scaled numbers; None where units differ."""
    units: set[str] = set()
    bare: set[str] = set()
    scaled = brackets = False
    for value in values:
        match = _AFFIXED.fullmatch(value)
        if not match or bool(match["open"] or match["inner"]) != bool(match["close"]):
            return None
        unit = match["before"] or match["after"] or ""
        if match["before"] and match["after"] and match["before"] != match["after"]:
            return None
        if unit:
            units.add(unit.strip())
        elif match["number"].strip("0., ") and not (match["scale"] or match["close"]):
            units.add("")
        scaled = scaled or bool(match["scale"])
        brackets = brackets or bool(match["close"])
        bare.add(match["number"].strip().lstrip("+-"))
    if len(units) > 1:
        # Money in several currencies is never pooled.
        return None
    if not any(units) and not scaled and not brackets:
        return None
    inner = recognise(bare)
    if inner is None or inner.affixed:
        return None
    return Numerals(
        inner.styles, next(iter(units), ""), affixed=True, scaled=scaled, brackets=brackets
    )


def _united(values: Collection[str]) -> Numerals | None:
    """Return the style of numbers which all carry the same unit, such as "90 min"."""
    suffixes: set[str] = set()
    bare: set[str] = set()
    for value in values:
        match = _UNIT.fullmatch(value)
        if not match:
            return None
        suffixes.add(match[2])
        if len(suffixes) > 1:
            return None
        bare.add(match[1])
    suffix = next(iter(suffixes))
    # One letter after digits is a code ("12B") more often than a unit, and so is a lone value.
    if len(bare) < 3 or (len(suffix.strip()) == 1 and suffix.strip() not in "mgsKW°"):
        return None
    inner = recognise(bare)
    if inner is None or inner.affixed or any(re.match(r"0\d", value) for value in bare):
        return None
    return Numerals(inner.styles, suffix.strip(), affixed=True, suffix=suffix)


def choose(numerals: Numerals, decimal: str) -> tuple[str, str]:
    """Return the decimal and thousands marks, given the mark that the file's other columns use."""
    styles = numerals.styles
    if styles[0] == "integer":
        return "", ""
    if decimal == ",":
        for name in ("comma", "eu", "space"):
            if name in styles:
                return STYLES[name][0], STYLES[name][1]
    return STYLES[styles[0]][0], STYLES[styles[0]][1]


def proves(numerals: Numerals) -> str:
    """Return the decimal mark that a column proves beyond doubt, or ""."""
    marks = {STYLES[name][0] for name in numerals.styles}
    return marks.pop() if len(marks) == 1 and "integer" not in numerals.styles else ""
