"""Recognise parts of a year in all of a column's values: 2024-Q1, KW 05/2024, 2023 S2, M04 2010."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from flaskdash.inspect.values.months import Rewrites

_YEAR = r"(?P<year>(?:19|20)\d\d)(?!\d)"
_PART = r"(?P<part>(?<!\d)\d{1,2}(?!\d)|(?<![A-Z])(?:IV|I{1,3})(?![A-Za-z]))"
_FORMS = (
    re.compile(rf"(?P<before>\D*?){_YEAR}(?P<between>\D*?){_PART}(?P<after>\D*)"),
    re.compile(rf"(?P<before>\D*?){_PART}(?P<between>\D*?){_YEAR}(?P<after>\D*)"),
)
# What a year is divided into: by how many, and the words for it. Some words mean two of them, and
# their largest number tells which: "kw" is a quarter in Poland, and a week in Germany.
_UNITS = {
    "half": (2, "h half hy hj halbjahr s sem semester semestre semestr halvår półrocze pololetí"),
    "quarter": (
        4,
        "q qtr quarter k kv kw kvartal kvartál kwartał quartal t trim trimestre trimestr trimestrul"
        " kvartals çeyrek negyedév кв квартал 季度 季 四半期 분기",
    ),
    "month": (12, "m month mes mês mois mese monat maand kk месяц 月 월"),
    "week": (
        53,
        "w wk week kw woche s sem semaine semana settimana uke uge v vecka vko нед 周 週 주",
    ),
}
_ALLOWED = {
    word: [unit for unit, (_, words) in _UNITS.items() if word in words.split()]
    for _, words in _UNITS.values()
    for word in words.split()
}
_BESIDE = re.compile(r"[年第년제]|(?<=\d)(?:st|nd|rd|th|er|e|o|a|º|ª)\b")
_WORD = re.compile(r"[^\W\d_]+")
_LINKS = {"of", "de", "del", "des", "di", "år", "rok", "roku", "r", "\u0433", "года", "year"}
_ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4}
_MOST_TEMPLATES = 4  # 1st, 2nd, 3rd, 4th


@dataclass(frozen=True)
class Periods:
    """The unit of some parts of a year, and the rewrites that give 2024Q1, 2024W5 or 2024-4."""

    unit: str  # quarter (halves are the first and third), month or week
    rewrites: Rewrites


@dataclass(frozen=True)
class _Template:
    """What stands around the numbers of a value."""

    is_year_first: bool
    before: str
    between: str
    after: str

    def rewrite(self, part: str, to: str) -> tuple[str, str]:
        """Return a pattern of the values with a pattern of their part, and its replacement."""
        number, year = (part, r"(\d{4})")
        groups = (year, number) if self.is_year_first else (number, year)
        texts = [re.sub(r"([.^$*+?{}\[\]\\|()])", r"\\\1", text) for text in self.texts]
        place = 1 if self.is_year_first or "(" not in part else 2
        named = to.replace("YEAR", f"\\{place}").replace("PART", f"\\{3 - place}")
        return f"^{texts[0]}{groups[0]}{texts[1]}{groups[1]}{texts[2]}$", named

    @property
    def texts(self) -> tuple[str, str, str]:
        return self.before, self.between, self.after

    @property
    def words(self) -> set[str]:
        """Return the words that name the unit."""
        text = "0".join(self.texts)  # an ordinal is right behind its number
        return set(_WORD.findall(_BESIDE.sub(" ", text).lower())) - _LINKS


def recognise(values: Sequence[str]) -> Periods | None:
    """Return how the values write parts of years, or None."""
    parts: dict[_Template, set[str]] = {}
    for value in values:
        for form in _FORMS:
            if match := form.fullmatch(value):
                template = _Template(form is _FORMS[0], *match.group("before", "between", "after"))
                parts.setdefault(template, set()).add(match["part"])
                break
        else:
            return None
        if len(parts) > _MOST_TEMPLATES:
            return None
    numbers = set.union(*parts.values()) if parts else set()
    unit = _unit({word for template in parts for word in template.words}, numbers)
    if unit is None:
        return None
    rewrites = [
        pair for template, written in parts.items() for pair in _rewrites(template, written, unit)
    ]
    return Periods("quarter" if unit == "half" else unit, tuple(rewrites))


def _unit(words: set[str], numbers: set[str]) -> str | None:
    """Return what the words call these numbers, or None."""
    parts = [_ROMAN.get(number) or int(number) for number in numbers]
    if not parts or min(parts) < 1:
        return None
    if not words and numbers >= {*_ROMAN}:
        return "quarter"
    if not words or not all(word in _ALLOWED for word in words):
        return None
    units = [unit for unit in _UNITS if all(unit in _ALLOWED[word] for word in words)]
    if numbers & {*_ROMAN}:
        units = [unit for unit in units if unit == "quarter"]
    elif any(number.startswith("0") for number in numbers):
        units = [unit for unit in units if unit in ("month", "week")]
    return next((unit for unit in units if max(parts) <= _UNITS[unit][0]), None)


def _rewrites(template: _Template, numbers: set[str], unit: str) -> list[tuple[str, str]]:
    """Return the rewrites of a template's values to 2024Q1, 2024W5 or 2024-4."""
    if unit == "half":
        return [template.rewrite(str(half), f"YEARQ{2 * half - 1}") for half in (1, 2)]
    if numbers & {*_ROMAN}:
        return [template.rewrite(roman, f"YEARQ{part}") for roman, part in _ROMAN.items()]
    mark = {"quarter": "Q", "week": "W", "month": "-"}[unit]
    if template == _Template(True, "", mark, "") or template == _Template(True, "", "-Q", ""):
        return []  # pandas reads it
    digits = r"(\d)" if unit == "quarter" else r"(\d{1,2})"
    return [template.rewrite(digits, f"YEAR{mark}PART")]
