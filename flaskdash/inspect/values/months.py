"""Dates with words: the months of many languages, weekdays, ordinals and zones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

ENGLISH = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
# How the months begin, from January on; what follows, and a dot, belongs to the word.
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
_PARTICLES = (r"\s+(?:de|del|of|den)\s+", " ")
_YEARS = (r"\s*(?:\u0433\.|\u0433|\u0433\u043e\u0434\u0430)$", "")  # "of the year", in Russian
_WEEKDAY = (r"^[^\W\d_]+[.,]*\s+", "")
ZONES = r"\s?(?:GMT|UTC|CET|CEST|BST|EST|EDT|CST|CDT|MST|MDT|PST|PDT)(?:[+-]\d{1,2}(?::?\d{2})?)?$"

Rewrites = tuple[tuple[str, str], ...]


def rewrite(values: Sequence[str], rewrites: Rewrites, lower: bool) -> list[str]:
    """Return the values after each pattern is replaced, as pandas does."""
    found = [value.lower() for value in values] if lower else list(values)
    for pattern, new in rewrites:
        expression = re.compile(pattern)
        found = [expression.sub(new, value) for value in found]
    return [value.strip() for value in found]


def candidates(values: Sequence[str]) -> Iterator[tuple[Rewrites, bool]]:
    """Yield what may make dates with words readable, and whether that is for small letters."""
    some = values[:200]
    if all(re.search(ZONES, value) for value in some):
        yield ((ZONES, ""),), False
    words = {word.lower() for value in some for word in _LETTERS.findall(value)}
    if not words or len(words) > 80:
        return
    first = [m[0].lower() for v in some if (m := _LETTERS.match(v))]
    led = len(first) == len(some) and all(map(WEEKDAYS.match, first))
    if led:
        yield (_WEEKDAY,), False
    rest = words - {"de", "del", "of", "den", "st", "nd", "rd", "th", "er", "am", "pm"}
    rest -= {"\u0433", "\u0433\u043e\u0434\u0430"}
    for days in (False, True) if led else (False,):
        months = rest - set(first) if days else rest
        for language, names in LANGUAGES.items():
            starts = names.split()
            if months and all(any(re.match(s, word) for s in starts) for word in months):
                yield _named(starts, days, language), True
                break


def _named(starts: Sequence[str], days: bool, language: str) -> Rewrites:
    """Return the replacements for the months of a language."""
    months = [
        (rf"\b{start}[^\W\d_]*\.?", name) for start, name in zip(starts, ENGLISH, strict=True)
    ]
    more = [_YEARS] if language == "Russian" else []
    return (*([_WEEKDAY] if days else []), _ORDINAL, _PARTICLES, *more, *months)
