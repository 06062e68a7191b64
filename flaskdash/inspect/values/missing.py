"""Distinguish words for "no value" from values that only look like such words."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from itertools import accumulate

# The words that pd.read_csv of pandas 3 reads as missing by default, besides the empty cell.
PANDAS = frozenset(
    {"#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"}
    | {"<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"}
)
# Compared in lower case. These mean "no value" in any column.
ALWAYS = frozenset(
    {word.lower() for word in PANDAS}
    | {"-", "--", "---", "\u2013", "\u2014", ".", "..", "...", "\u2026", "?", "\\n", "(null)"}
    | {"n.a.", "#ref!", "#n/v", "#nv", "#bezug!", "#wert!", "#valeur!", "#valor!", "#n/d"}
    | {
        "#div/0!",
        "#value!",
        "#name?",
        "#num!",
        "#null!",
        "0000-00-00",
        "0000-00-00 00:00:00",
        "00/00/0000",
    }
)
# These mean "no value" only among numbers and dates. In a text column they may be a category.
AMONG_NUMBERS = frozenset(
    {"unknown", "missing", "not available", "not applicable", "nil", "n.d.", "n/d", "nd", "tbd"}
    | {
        "*",
        "**",
        "***",
        "****",
        "x",
        "suppressed",
        "c",
        "s",
        ":",
        "na.",
        "no data",
        "undefined",
        "_",
    }
    | {"k.a.", "k. a.", "keine angabe", "n.v.", "n/v", "s/d", "s.d.", "sin datos", "n.c.", "nc"}
    | {"dnf", "dns", "dsq", "dq"}  # of races: did not finish, start; disqualified
    | {"n.r.", "nr", "not reported", "not stated", "withheld", "confidential", "blank", "empty"}
    | {
        "(x)",
        "(d)",
        "(s)",
        "(z)",
        "(na)",
        "(nd)",
        "(n)",
        "(c)",
        "(p)",
        "(l)",
        "n",
        "d",
        "z",
        "u",
        "q",
    }
    | {"[x]", "[c]", "[z]", "[u]", "[w]", "[low]", "[na]", "[n/a]", ": c", ":c", ": u", ":u", ":n"}
)
# Programs write -1, -99, -9.99 or -200 where there is no value.
_SENTINEL = re.compile(r"-(1|9+|200|32768)([.,]0+)?|-(0|9+)[.,]9+")
_NEGATIVE = ("-", "\u2212", "(")
MIN_SENTINELS = 3  # cells; a program writes it again and again
SPIKE = 3  # times as many cells as the most frequent amount: of movies, 5 with metascores, 34 with gross
FAR = 1  # times the spread of the middle half: -1 is 3.3 away from ratings, 1.8 from metascores
CONTINENTS = frozenset({"AF", "AN", "AS", "EU", "NA", "OC", "SA"})


def among_numbers(word: str) -> bool:
    """Tell whether a word or sign among numbers or dates means "no value"."""
    is_limit = word.startswith("<")  # <LOD: below the limit of detection
    return is_limit or word.lower() in AMONG_NUMBERS or not any(map(str.isalnum, word))


_FAR_DAY = re.compile(
    r"(9999|2999)[-/.]?12[-/.]?31.*|31[-/.]12[-/.](9999|2999).*|12/31/(9999|2999).*"
    r"|0001-01-01.*|0?1[./]0?1[./]0001.*"
)


def is_far_day(word: str) -> bool:
    """Tell whether a date is a placeholder of programs for "no date", such as 31.12.9999."""
    return bool(_FAR_DAY.fullmatch(word))


def sentinel(values: Mapping[str, int]) -> str:
    """Return the one negative number among amounts that stands for "no value", or "".

    It is far below all amounts, or much more frequent than any of them.
    """
    negative = [value for value in values if value.startswith(_NEGATIVE)]
    if len(negative) != 1 or not _SENTINEL.fullmatch(negative[0]):
        return ""
    amounts = {value: count for value, count in values.items() if value != negative[0]}
    count = values[negative[0]]
    if count < MIN_SENTINELS or len(amounts) < MIN_SENTINELS:
        return ""
    is_spike = count >= SPIKE * max(amounts.values())
    return negative[0] if is_spike or _is_far(negative[0], amounts) else ""


def _is_far(value: str, counts: Mapping[str, int]) -> bool:
    """Tell whether a number is farther below all amounts than their middle half spreads."""
    try:
        amounts = sorted((float(text.replace(",", ".")), n) for text, n in counts.items())
        distance = amounts[0][0] - float(value.replace(",", "."))
    except ValueError:  # with a unit, or marks of thousands
        return False
    cells = list(accumulate(n for _, n in amounts))
    low, high = (amounts[bisect_left(cells, share * cells[-1])][0] for share in (0.25, 0.75))
    return 0 < FAR * (high - low) < distance


def sentinel_word(values: Mapping[str, int]) -> str:
    """Return the number that stands for "no value" among words, or ""."""
    numeric = [value for value in values if not any(map(str.isalpha, value))]
    if len(numeric) != 1 or len(values) <= MIN_SENTINELS or values[numeric[0]] < MIN_SENTINELS:
        return ""
    return numeric[0] if _SENTINEL.fullmatch(numeric[0]) else ""


def words(counts: Mapping[str, int]) -> set[str]:
    """Return the cells, as written, that may mean "no value"."""
    return {
        cell
        for cell in counts
        if cell and len(cell) < 20 and (cell.strip().lower() in ALWAYS or not cell.strip())
    }


def real_values(name: str, candidates: Iterable[str], counts: Mapping[str, int]) -> set[str]:
    """Return the words for "no value" that are real values in this text column."""
    values = set()
    for word in candidates:
        text = word.strip()
        # "Null" is a surname; programs write NULL or null.
        if text in ("None", "Null") or (text == "NA" and _na_is_a_place(name, counts)):
            values.add(word)
    return values


def _na_is_a_place(name: str, counts: Mapping[str, int]) -> bool:
    """Tell whether "NA" means North America or Namibia in this column."""
    places = {value.strip() for value in counts if value.strip()} - {"NA"}
    lower = name.lower()
    if places and places <= CONTINENTS:
        return True
    codes = [value for value in places if value.isupper() and 2 <= len(value) <= 5]
    if any(word in lower for word in ("continent", "region", "territory", "market")):
        return len(codes) >= 0.5 * len(places) and bool(places)
    iso = [value for value in places if value.isupper() and len(value) == 2]
    country = any(word in lower for word in ("country", "iso", "nation"))
    return country and len(iso) > 0.9 * len(places) and len(places) > 5
