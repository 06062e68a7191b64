"""Rewrite dates with words (months, weekdays, ordinals, zones) into English months."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

ENGLISH = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
# How the names of the months begin, from January. More letters and a dot may follow.
LANGUAGES = {
    "English": "jan feb mar apr may jun jul aug sep oct nov dec",
    "German": "j[aä]n feb m(?:är|rz) apr mai jun jul aug sep okt nov dez",
    "French": "jan f[eé]v mar avr mai juin juil ao[uû] sep oct nov d[eé]c",
    "Spanish": "ene feb mar abr may jun jul ago se[pt] oct nov dic",
    "Portuguese": "jan fev mar abr mai jun jul ago set out nov dez",
    "Italian": "gen feb mar apr mag giu lug ago set ott nov dic",
    "Dutch": "jan feb m(?:rt|aa) apr mei jun jul aug sep okt nov dec",
    "Scandinavian": "jan feb mar apr ma[ij] jun jul aug sep okt nov de[cs]",
    "Polish": "sty lut mar kwi maj cze lip sie wrz pa[zź] lis gru",
    "Hungarian": "jan feb már ápr máj jún júl aug sze okt nov dec",
    "Turkish": "oca şub mar nis may haz tem ağu eyl eki kas ara",
    "Finnish": "tammi helmi maalis huhti touko kesä heinä elo syys loka marras joulu",
    "Russian": r"\u044f\u043d\u0432 \u0444\u0435\u0432 \u043c\u0430\u0440 \u0430\u043f\u0440 \u043c\u0430[\u0439\u044f]"
    r" \u0438\u044e\u043d \u0438\u044e\u043b \u0430\u0432\u0433 \u0441\u0435\u043d \u043e\u043a\u0442 \u043d\u043e\u044f \u0434\u0435\u043a",
}
WEEKDAYS = re.compile(
    "mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|lun|mar|mer|jeu|ven|sam|dim|mié|jue|vie|sáb"
    "|dom|seg|ter|qua|qui|sex|gio|gov|maa|din|woe|don|vri|zat|zon|zo|ma|wo|vr|za|tir|ons|tor|fre|lør|søn"
)
_LETTERS = re.compile(r"[^\W\d_]+")
_ORDINAL = (r"(\d)(?:st|nd|rd|th|er)\b", r"\1")
_PARTICLES = (r"(?<!\s)\s+(?:de|del|of|den)\s+", " ")
_YEARS = (
    r"(?<!\s)\s*(?:\u0433\.|\u0433|\u0433\u043e\u0434\u0430)$",
    "",
)  # "of the year", in Russian
_WEEKDAY = (r"^[^\W\d_]+[.,]*\s+", "")
# The names of zones in Europe and North America, and their hours from UTC.
OFFSETS = {"GMT": 0, "UTC": 0, "Z": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "MEZ": 1, "CEST": 2}
OFFSETS |= {"MESZ": 2, "EET": 2, "EEST": 3, "MSK": 3, "AST": -4, "ADT": -3, "EST": -5, "EDT": -4}
OFFSETS |= {"CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "AKST": -9}
OFFSETS |= {"AKDT": -8, "HST": -10}
ZONE = rf"(?i:(?:{'|'.join(name for name in OFFSETS if name != 'Z')})(?:[+-]\d{{1,2}}(?::?\d{{2}})?)?)$"
ZONES = rf"\s?{ZONE}"

# Any marks between the words and numbers of a date: "October 16. 2019", "Aug 5 , 2019".
_MARKS = (r"[\s.,;/-]+", " ")

# The halves of the day: before noon, and after it.
HALVES = dict.fromkeys("오전 上午 午前 \u0635 πμ पूर्वाह्न SA ÖÖ".split(), "AM")
HALVES |= dict.fromkeys("오후 下午 午後 \u0645 μμ अपराह्न CH ÖS".split(), "PM")
_LATIN_HALF = (r"(?i)\b([ap])\.\s?m\.?$", r"\1m")
_CLOCK = re.compile(r"\D\d{1,2}[:.]\d{2}\b")
_DOTS = (r"(?<=\s\d)\.(?=\d\d)|(?<=\s\d\d)\.(?=\d\d)|(?<=\.\d\d)\.(?=\d\d$)", ":")

# A clock before its date, 14:05:06 31/1/2024, and dots before blanks: 31. 1. 2024., 2024. 01. 31.
_CLOCK_FIRST = re.compile(r"\d{1,2}:\d{2}(:\d{2})?,?\s+\S*\d")
_LAST_CLOCK = (r"^(\S+?),?\s+(.*)$", r"\2 \1")
_SPACED_DOTS = (
    (r"(?<=\d)\.\s+(?=\d+\b(?!:))", "."),
    (r"(?<=\d)\.(?=\s|$)", ""),
)

Rewrites = tuple[tuple[str, str], ...]


def rewrite(values: Sequence[str], rewrites: Rewrites, lower: bool) -> list[str]:
    """Replace each pattern in the values, as the loader does with pandas."""
    texts = [value.lower() for value in values] if lower else list(values)
    for pattern, new in rewrites:
        expression = re.compile(pattern)
        texts = [expression.sub(new, text) for text in texts]
    return [text.strip() for text in texts]


def candidates(values: Sequence[str]) -> Iterator[tuple[Rewrites, bool]]:
    """Yield rewrites that may make dates with words readable, and if they need lower case."""
    sample = values[:200]
    if all(map(_CLOCK_FIRST.match, sample)):
        yield (_LAST_CLOCK,), False
    if any(map(re.compile(_SPACED_DOTS[0][0]).search, sample)):
        yield _SPACED_DOTS, False
    words = {word.lower() for value in sample for word in _LETTERS.findall(value)}
    if len(words) > 80:
        return
    matches = [_LETTERS.match(value) for value in sample]
    first = [match[0].lower() for match in matches if match]
    has_clocks = any(map(_CLOCK.search, sample))
    if words and not has_clocks:
        yield (_MARKS,), False
    has_weekdays = len(first) == len(sample) and all(map(WEEKDAYS.match, first))
    if has_weekdays:
        yield (_WEEKDAY,), False
    names = words - {"de", "del", "of", "den", "st", "nd", "rd", "th", "er", "am", "pm"}
    names -= {"\u0433", "\u0433\u043e\u0434\u0430"}
    for weekdays in (False, True) if has_weekdays else (False,):
        months = names - set(first) if weekdays else names
        for language, beginnings in LANGUAGES.items():
            starts = beginnings.split()
            if months and all(_begins_with_any(month, starts) for month in months):
                rewrites = _month_rewrites(starts, weekdays, language)
                yield rewrites, True
                if not has_clocks:
                    yield (*rewrites, _MARKS), True
                break
    yield from _clocks(sample)


def _clocks(sample: Sequence[str]) -> Iterator[tuple[Rewrites, bool]]:
    """Yield the rewrites of clocks that follow a date: 9.02, klo 9.02, and halves of the day."""
    if not all(map(_CLOCK.search, sample)):
        return
    tokens = [set(_LETTERS.findall(value)) for value in sample]
    words = set.union(*tokens)
    halves = [rewrite for word in HALVES if word in words for rewrite in _half(word, sample)]
    common = sorted(set.intersection(*tokens) - {"T", "Z", "AM", "PM", *HALVES})
    dropped = [(rf"\s*\b{word}\b(?:[+-]\d{{1,2}}$)?\.?\s*", " ") for word in common]
    needed: list[tuple[str, str]] = []
    for step in (_LATIN_HALF, *dropped, *halves, _DOTS):
        if rewrite(sample, (*needed, step), False) != rewrite(sample, tuple(needed), False):
            needed.append(step)
    if needed:
        yield tuple(needed), False


def _half(word: str, sample: Sequence[str]) -> Rewrites:
    """Return the rewrite of a word for a half of the day, which stands before or after the clock."""
    is_before = any(re.search(rf"{word}\s*\d", value) for value in sample)
    pattern = rf"{word}\s*(\d+(?:[:.]\d\d)+)" if is_before else rf"(\d)\s*{word}"
    return ((pattern, rf"\1 {HALVES[word]}"),)


def hours_of(zone: str) -> float:
    """Return the hours from UTC of a zone such as PDT or GMT+02:00."""
    match = re.fullmatch(r"([A-Za-z]+)(?:([+-])(\d{1,2}):?(\d{2})?)?", zone)
    if match is None:
        raise ValueError(f"{zone} is not a zone")
    hours = float(OFFSETS[match[1].upper()])
    if match[2]:
        hours += (int(match[3]) + int(match[4] or 0) / 60) * (-1 if match[2] == "-" else 1)
    return hours


def _begins_with_any(word: str, patterns: Sequence[str]) -> bool:
    return any(re.match(pattern, word) for pattern in patterns)


def _month_rewrites(starts: Sequence[str], weekdays: bool, language: str) -> Rewrites:
    """Return the rewrites from the months of a language to English ones."""
    months = [
        (rf"\b{start}[^\W\d_]*\.?", name) for start, name in zip(starts, ENGLISH, strict=True)
    ]
    years = [_YEARS] if language == "Russian" else []
    return (*([_WEEKDAY] if weekdays else []), _ORDINAL, _PARTICLES, *years, *months)
