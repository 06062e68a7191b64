"""Recognise numbers as people write them, in all of a column's distinct values."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, replace

from flaskdash.inspect.values.durations import Duration

# Unicode's signs of money, up to the end of its block of currency signs.
CURRENCIES = "".join(
    chr(code) for code in range(0x24, 0x20CF) if unicodedata.category(chr(code)) == "Sc"
)
CODES = (
    "AED|AFN|ALL|AMD|AOA|ARS|AUD|AWG|AZN|BAM|BBD|BDT|BGN|BHD|BIF|BMD|BND|BOB|BRL|BSD|BTN|BWP|BYN|BZD"
    "|CAD|CDF|CHF|CLP|CNY|COP|CRC|CUP|CVE|CZK|DJF|DKK|DOP|DZD|EGP|ERN|ETB|EUR|FJD|FKP|GBP|GEL|GHS|GIP"
    "|GMD|GNF|GTQ|GYD|HKD|HNL|HTG|HUF|IDR|ILS|INR|IQD|IRR|ISK|JMD|JOD|JPY|KES|KGS|KHR|KMF|KPW|KRW|KWD"
    "|KYD|KZT|LAK|LBP|LKR|LRD|LSL|LYD|MAD|MDL|MGA|MKD|MMK|MNT|MOP|MRU|MUR|MVR|MWK|MXN|MYR|MZN|NAD|NGN"
    "|NIO|NOK|NPR|NZD|OMR|PAB|PEN|PGK|PHP|PKR|PLN|PYG|QAR|RON|RSD|RUB|RWF|SAR|SBD|SCR|SDG|SEK|SGD|SHP"
    "|SLE|SOS|SRD|SSP|STN|SVC|SYP|SZL|THB|TJS|TMT|TND|TOP|TRY|TTD|TWD|TZS|UAH|UGX|USD|UYU|UZS|VES|VND"
    "|VUV|WST|XAF|XCD|XOF|XPF|YER|ZAR|ZMW|ZWG"
)
# More marks of money: R$ in Brazil, zł in Poland, shillings, and the leva, rouble and hryvnia.
MARKS = rf"[A-Z]{{1,3}}[{CURRENCIES}]|[KTU][Ss]h\.?|Rp\.?|Dhs?\.?|Rs\.?|RM|kr\.?|Fr\.?|zł|Kč|Ft|TL|đ|원|円|元|\u043b\u0432\.?|\u0440\u0443\u0431\.?|\u0433\u0440\u043d\.?"
SPACES = " \u00a0\u202f\u2009"

MINUS = "\u2212\u2013"  # the minus sign, and the dash that people type instead
_SIGN = rf"[+\-{MINUS}]?"
# Each style in the order of preference: name -> (decimal, thousands, pattern of a whole value).
STYLES: dict[str, tuple[str, str, re.Pattern[str]]] = {
    "integer": ("", "", re.compile(rf"{_SIGN}\d+")),
    "dot": (".", "", re.compile(rf"{_SIGN}(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.I)),
    "us": (".", ",", re.compile(rf"{_SIGN}(\d{{1,3}}(,\d{{3}})+|\d+)?(\.\d*)?")),
    "indian": (".", ",", re.compile(rf"{_SIGN}(\d{{1,3}}(,\d{{2}})*(,\d{{3}})|\d+)(\.\d*)?")),
    "comma": (",", "", re.compile(rf"{_SIGN}(\d+(,\d*)?|,\d+)(e[+-]?\d+)?", re.I)),
    "eu": (",", ".", re.compile(rf"{_SIGN}(\d{{1,3}}(\.\d{{3}})+|\d+)(,\d*)?")),
    "space": (",", " ", re.compile(rf"{_SIGN}(\d{{1,3}}([{SPACES}]\d{{3}})+|\d+)(,\d*)?")),
    "space-dot": (".", " ", re.compile(rf"{_SIGN}(\d{{1,3}}([{SPACES}]\d{{3}})+|\d+)(\.\d*)?")),
    "swiss": (".", "'", re.compile(rf"{_SIGN}(\d{{1,3}}(['\u2019]\d{{3}})+|\d+)(\.\d*)?")),
}
NOT_FINITE = re.compile(r"[+-]?(inf|infinity|nan)", re.I)
_AFFIXED = re.compile(
    rf"(?P<open>\()?(?P<sign>[+\-{MINUS}]?)\s*+(?P<before>[{CURRENCIES}]|{MARKS}|(?:{CODES})\b)?\s*+"
    rf"(?P<inner>\()?(?P<number>[+\-{MINUS}]?[\d.,'\u2019{SPACES}]*\d[.,]?)\s*+"
    rf"(?P<scale>[KMBkmb]|bn|mn)?(?P<last>-)?\s*+(?P<after>[%‰{CURRENCIES}]|{MARKS}|(?:{CODES}))?"
    rf"(?P<close>\))?"
)
_UNIT = re.compile(
    rf"([+-]?\d(?:[\d.,{SPACES}]*\d)?)(\s?[^\W\d_]\D{{0,19}}|\s?[°µ²³/]+[A-Za-z]*[23]?)"
)
# A mark of money that is in no list, before amounts such as "S/ 1,234.00".
_PREFIX = re.compile(rf"(?P<mark>[^\W\d_][^\d\s]{{0,4}})\s?(?P<number>\d[\d.,'\u2019{SPACES}]*)")
_AMOUNT = re.compile(rf"\d[.,'\u2019{SPACES}]\d{{3}}|\d[.,]\d\d$")
MOST_AMOUNTS = 0.5  # of the numbers behind such a mark: others are codes and versions
# What stands in place of no cents: 12,- and 12/-, with any dash.
EVEN = r"(?<=\d)(?:[.,][-\u2013\u2014]+|/-)"
# The scales of India, behind rupees.
LAKHS = {r"(?i)\s*(?:crores?|cr)\b\.?": "e7", r"(?i)\s*(?:lakhs?|lacs?|l)\b\.?": "e5"}
RUPEES = re.compile(r"₹|\bRs\b|\bINR\b", re.I)
# A flag after some numbers: Eurostat's "12.3 e", "1234*", "1,234[2]".
_FLAG = re.compile(
    rf"(?P<number>[+\-]?\d[\d.,{SPACES}]*(?<![{SPACES}]))(?P<gap>\s?)(?P<flag>[bcdefinprsuz]{{1,2}}|(?<=\s)[AC-JLN-SU-Z]|[*†‡§]{{1,3}}|[¹²³⁰⁴-⁹]{{1,2}}|\[\w{{1,4}}\]|\([a-z]\))"
)
MOST_FLAGS = 12
# A limit in place of a number that was not measured: <0.05, >2419.6, 250,000+. What is below all
# other numbers is below the limit of detection, so it is read as 0.
LIMIT = r"^[<>≤≥]=?\s*|(?<=\d)[+-]$"
BELOW = r"^[<≤].*"
MIN_MEASURED = 12  # numbers with one character behind them that may also mean a class or a room
MIN_PLAIN = 3  # numbers without a mark, beside those with one
# Words behind amounts that tell their sign, the negative one first.
SIDES = (("dr", "cr"), ("debit", "credit"), ("s", "h"))
_SIDED = re.compile(rf"(?P<number>\d[\d.,{SPACES}]*)\s?(?P<side>[A-Za-z]{{1,6}})\.?")
FLAGS_THAT_ARE_UNITS = frozenset({"s", "d", "c", "f", "n"})  # seconds, days, degrees
NO_UNITS = frozenset(
    "jan feb mar apr may jun jul aug sep oct nov dec am pm st nd rd th uhr".split()
)


@dataclass(frozen=True)
class Numerals:
    """How a column writes its numbers: the styles that read all of them, best first.

    `unit` is written before or after each number: "$", "%" or "min". `scaled` numbers end in K, M
    or B. `brackets` mean minus. `affixed` numbers need cleaning before they can be parsed. `group`
    are the separators of thousands, if the style allows several. `dashes` are the characters that
    mean minus. With `trailing`, the minus comes last. `flags` after some numbers are cut off, and
    so are marks of `limits` (>5); with `below_is_zero`, a limit such as <0.05 is 0. Amounts with the
    word `debit` behind them are negative. `even` ones end in ",-", `lakhs` in a word of LAKHS. `long` numbers have too many digits for 64 bits.
    """

    styles: tuple[str, ...]
    unit: str = ""
    affixed: bool = False
    scaled: bool = False
    brackets: bool = False
    suffix: str = ""
    group: str = ""
    dashes: str = ""
    trailing: bool = False
    flags: tuple[str, ...] = ()
    limits: bool = False
    below_is_zero: bool = False
    debit: str = ""
    even: bool = False
    lakhs: bool = False
    long: bool = False
    duration: Duration | None = None

    @property
    def integer(self) -> bool:
        """Tell whether every value is a whole number without marks."""
        return self.styles[:1] == ("integer",) and not self.affixed


def recognise(values: Collection[str]) -> Numerals | None:
    """Detect how stripped, non-missing values write numbers. Return None if one is not a number."""
    if not values:
        return None
    styles = tuple(
        name for name, (_, _, pattern) in STYLES.items() if all(map(pattern.fullmatch, values))
    )
    if styles:
        if "" in values:
            return None
        text = "".join(values)
        groups = {mark for mark in f"{SPACES}'\u2019" if mark in text}
        dashes = "".join(mark for mark in MINUS if mark in text)
        needs_cleaning = len(groups) > 1 or bool(dashes)
        return Numerals(
            styles, affixed=needs_cleaning, group="".join(sorted(groups)), dashes=dashes
        )
    return (
        _even(values)
        or _lakhs(values)
        or _affixed(values)
        or _prefixed(values)
        or _united(values)
        or _sided(values)
        or _flagged(values)
        or _limited(values)
    )


def _even(values: Collection[str]) -> Numerals | None:
    """Return the style of amounts of which some have a dash in place of their cents."""
    bare = {re.sub(EVEN, "", value) for value in values}
    if bare == set(values):
        return None
    inner = recognise(bare)
    return replace(inner, affixed=True, even=True) if inner else None


def _lakhs(values: Collection[str]) -> Numerals | None:
    """Return the style of rupees of which some end in lakh or crore."""
    bare = set(values)
    for word in LAKHS:
        bare = {re.sub(word, "", value) for value in bare}
    if bare == set(values) or not all(map(RUPEES.search, values)):
        return None
    inner = recognise(bare)
    return replace(inner, affixed=True, lakhs=True) if inner and not inner.scaled else None


def _prefixed(values: Collection[str]) -> Numerals | None:
    """Return the style of amounts that all have the same mark before them: "S/ 1,234.00"."""
    matches = [match for value in values if (match := _PREFIX.fullmatch(value))]
    marks = {match["mark"] for match in matches}
    if len(matches) < max(3, len(values)) or len(marks) > 1 or marks & {"v", "V"}:
        return None
    bare = {match["number"] for match in matches}
    if sum(bool(_AMOUNT.search(number)) for number in bare) < MOST_AMOUNTS * len(bare):
        return None
    inner = recognise(bare)
    if inner is None or inner.affixed:
        return None
    return Numerals(inner.styles, marks.pop(), affixed=True, group=inner.group)


def is_flagged(value: str) -> bool:
    """Tell whether a value may be a number with a flag after it."""
    return bool(_FLAG.fullmatch(value))


def is_number(value: str) -> bool:
    """Tell whether a value is a number in any style, with or without a unit sign."""
    return any(pattern.fullmatch(value) for _, _, pattern in STYLES.values()) or bool(
        _AFFIXED.fullmatch(value)
    )


def unit_of(value: str) -> str:
    """Return the mark of money or percent of a number, or ""."""
    match = _AFFIXED.fullmatch(value)
    return (match["before"] or match["after"] or "") if match else ""


def is_marked(value: str) -> bool:
    """Tell whether a value may be a limit, or an amount with a word for its sign."""
    if match := _SIDED.fullmatch(value):
        return any(match["side"].lower() in pair for pair in SIDES)
    return bool(re.search(LIMIT, value)) and is_number(re.sub(LIMIT, "", value))


def _affixed(values: Collection[str]) -> Numerals | None:
    """Return the style of money, percents and scaled numbers, or None if the units differ."""
    units: set[str] = set()
    bare: set[str] = set()
    dashes: set[str] = set()
    scales: set[str] = set()
    brackets = trailing = signed = scale_after_digit = False
    for value in values:
        match = _match_affixed(value)
        if match is None:
            return None
        if unit := match["before"] or match["after"]:
            units.add(unit.strip())
        elif match["number"].strip("0., ") and not (match["scale"] or match["close"]):
            units.add("")
        if match["scale"]:
            scale_after_digit = scale_after_digit or value[match.start("scale") - 1].isdigit()
        scales.add(match["scale"] or "")
        brackets = brackets or bool(match["close"])
        trailing = trailing or bool(match["last"])
        signed = signed or bool(match["sign"])
        dashes |= {dash for dash in MINUS if dash in _signs(match)}
        bare.add(match["number"].strip().lstrip(f"+-{MINUS}"))
    scaled = any(scales)
    if len(units) > 1:
        # A sum of money in several currencies would be wrong.
        return None
    if not any(units) and not (scaled or brackets or trailing or signed):
        return None
    # "1.8 m" are metres, "300 K" is a temperature, and "12.3 b" has a flag.
    is_doubtful = scales <= {"m", "b", ""} or (len(scales) == 1 and not scale_after_digit)
    if scaled and is_doubtful and not any(units):
        return None
    inner = recognise(bare)
    if inner is None or inner.unit or inner.suffix or inner.flags:
        return None
    return Numerals(
        inner.styles,
        next(iter(units), ""),
        affixed=True,
        scaled=scaled,
        brackets=brackets,
        group=inner.group,
        dashes="".join(sorted(dashes)),
        trailing=trailing,
    )


def _match_affixed(value: str) -> re.Match[str] | None:
    """Match a number with signs around it, or None if brackets, units or signs contradict."""
    match = _AFFIXED.fullmatch(value)
    if not match or bool(match["open"] or match["inner"]) != bool(match["close"]):
        return None
    if match["before"] and match["after"] and match["before"] != match["after"]:
        return None
    is_minus = match["close"] or any(sign in _signs(match) for sign in f"-{MINUS}")
    return None if match["last"] and is_minus else match


def _signs(match: re.Match[str]) -> str:
    """Return the sign before a number, and the first character of the number."""
    return str(match["sign"] + match["number"].strip()[:1])


def _united(values: Collection[str]) -> Numerals | None:
    """Return the style of numbers that all have the same unit, such as "90 min"."""
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
    if suffix.strip().lower()[:3] in NO_UNITS:
        return None
    # One letter after digits is more often a code ("12B") than a unit. Few values prove nothing.
    # A character of Chinese is a word: 30秒 are seconds, but 3班 a class, of which there are few.
    least = MIN_MEASURED if not suffix.isascii() and suffix.strip().isalpha() else MIN_PLAIN
    is_letter = len(suffix.strip()) == 1 and suffix.isascii()
    if len(bare) < least or (is_letter and suffix.strip() not in "mgsKMBW°"):
        return None
    inner = recognise(bare)
    if inner is None or inner.affixed or any(re.match(r"0\d", value) for value in bare):
        return None
    return Numerals(inner.styles, suffix.strip(), affixed=True, suffix=suffix, group=inner.group)


def _flagged(values: Collection[str]) -> Numerals | None:
    """Return the style of numbers if some have a flag, such as "12.3 e" or "1,234*".

    A flag of letters needs a space before it, or a number with a decimal mark: 12b is the number
    of a house.
    """
    flags: set[str] = set()
    bare: set[str] = set()
    plain = 0
    for value in values:
        match = _FLAG.fullmatch(value)
        if match is None:
            plain += 1
            bare.add(value)
            continue
        follows_directly = match["flag"].isalpha() and not match["gap"]
        if follows_directly and not re.search(r"\d[.,]\d", match["number"]):
            return None
        flags.add(value[len(match["number"]) :])
        bare.add(match["number"])
    are_separate = all(
        flag[0].isspace() and flag.strip() not in FLAGS_THAT_ARE_UNITS for flag in flags
    )
    if not flags or len(flags) > MOST_FLAGS or len(bare) < 3:
        return None
    if plain < 0.1 * len(values) and not (are_separate and len(flags) > 1):
        return None
    inner = recognise(bare)
    if inner is None or inner.affixed or any(re.match(r"0\d", value) for value in bare):
        return None
    return Numerals(inner.styles, affixed=True, group=inner.group, flags=tuple(sorted(flags)))


def _limited(values: Collection[str]) -> Numerals | None:
    """Return the style of numbers if some are limits, such as "<0.05", beside plain ones."""
    ends = {value[-1:] for value in values}
    if "-" in ends and "+" not in ends:  # 2,500- is a limit beside 250,000+; alone, it is minus
        return None
    bare = {re.sub(LIMIT, "", value) for value in values}
    plain = bare.intersection(values)
    if len(plain) < max(MIN_PLAIN, 0.3 * len(bare)) or len(bare) == len(plain) == len(values):
        return None
    inner = recognise(bare)
    if inner is None or (inner.affixed and not inner.flags) or inner.limits:
        return None
    lowest = min(map(_size, plain))
    below = [value for value in values if re.match(BELOW, value)]
    is_detection = all(_size(re.sub(LIMIT, "", value)) <= lowest for value in below)
    return replace(inner, affixed=True, limits=True, below_is_zero=bool(below) and is_detection)


def _size(value: str) -> float:
    """Return a number to compare with others of the same style, whatever its marks are."""
    digits = re.sub(r"[^\d.,]", "", value).replace(",", ".")
    whole, _, fraction = digits.rpartition(".")
    return (
        float(f"{whole.replace('.', '') or 0}.{fraction or 0}") if whole else float(fraction or 0)
    )


def _sided(values: Collection[str]) -> Numerals | None:
    """Return the style of amounts with a word for their sign: "12.50 Cr" and "12.50 Dr"."""
    matches = [_SIDED.fullmatch(value) for value in values]
    sides = {match["side"] for match in matches if match}
    pair = next((pair for pair in SIDES if {*map(str.lower, sides)} == {*pair}), None)
    if pair is None or None in matches:
        return None
    inner = recognise({match["number"].strip() for match in matches if match})
    if inner is None or inner.affixed or len(sides) != len(pair):
        return None
    debit = next(side for side in sides if side.lower() == pair[0])
    return replace(inner, affixed=True, debit=debit)


def choose(numerals: Numerals, decimal: str) -> tuple[str, str]:
    """Return the marks for decimals and thousands. `decimal` is the mark of the other columns."""
    styles = numerals.styles
    if styles[0] == "integer":
        return "", ""
    style = styles[0]
    if decimal == ",":
        style = next((name for name in ("comma", "eu", "space") if name in styles), style)
    mark, thousands = STYLES[style][:2]
    if thousands in (" ", "'") and len(numerals.group) == 1:
        thousands = numerals.group
    return mark, thousands


def proves(numerals: Numerals) -> str:
    """Return the decimal mark if the column allows only one, or ""."""
    marks = {STYLES[name][0] for name in numerals.styles}
    return marks.pop() if len(marks) == 1 and "integer" not in numerals.styles else ""
