"""Recognise durations, which are measures: 1:02:25, 125:30:00, 18:25.3, 1 h 2 min and PT1H2M."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from flaskdash.inspect.words import words

_ISO = re.compile(r"-?P(?=.)(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+([.]\d+)?S)?)?")
_HOURS = re.compile(r"[+-]?(?P<first>\d{1,4}):[0-5]\d:[0-5]\d(?P<fraction>[.]\d+)?")
_MINUTES = re.compile(r"(?P<first>\d{1,4}):[0-5]\d(?P<fraction>[.]\d+)?")
# The words for units of time in several languages, and what pandas calls the units, in their order.
_WORDS = {
    "W": "w|wk|wks|weeks?|wochen?|semaines?|semanas?",
    "D": "d|days?|tage?n?|jours?|j|d[ií]as?|giorn[io]|dagen|dag|dni",
    "h": "h|hrs?|hours?|std|stunden?|heures?|horas?|or[ae]|uur|godz|timer",
    "min": "m|mins?|minutes?|minuten?|mn|minutos?|minut[io]|minuter",
    "s": "s|secs?|seconds?|sek|sekunden?|secondes?|segundos?|second[io]|sekunder",
}
_PART = re.compile(r"(\d+)\s*([^\W\d_]+)\.?,?")
_CLOCK = re.compile(r"\d{1,2}:[0-5]\d:[0-5]\d(?:[.]\d+)?")
# Without one of these in its name, a column of 08:15:00 may be times of the day.
WORDS = frozenset(
    {
        "duration",
        "elapsed",
        "lap",
        "laps",
        "laptime",
        "runtime",
        "length",
        "pace",
        "split",
        "uptime",
    }
    | {
        "downtime",
        "waiting",
        "dauer",
        "durée",
        "duree",
        "duración",
        "duracion",
        "durata",
        "duração",
    }
)
# 2:30 in a column with one of these words in its name is two hours and a half, not minutes.
HOURLY = re.compile(
    r"hours|hrs\b|stunden|heures|horas|work|arbeit|travail|shift|sleep|schlaf|trip|travel|journey|flight|flug|fahr"
    r"|reise|ride|drive|runtime|uptime|downtime|overtime|watch",
    re.I,
)
# These words tell durations from times of the day.
LASTING = re.compile(
    r"hours|hrs\b|stunden|heures|horas|worked|overtime|dauer"
    r"|(?:fahr|lauf|arbeits|reise|spiel|warte|flug|bearbeitungs|liefer)zeit",
    re.I,
)
HOURS_OF_A_DAY = 24
MINUTES_OF_AN_HOUR = 60
UNITS = {"s": 1, "min": 60, "h": 3600}
LARGEST = 120  # of the median, in a unit: longer ones are given in the next one


MINUTES = '("00:" + {c})'
HOURS = '({c} + ":00")'


@dataclass(frozen=True)
class Duration:
    """The unit for a column of durations, and how its clocks are read.

    `clock` is "{c}" for hours, minutes and seconds; else it adds the missing part. `words` are the
    words for units of time, with what pandas calls them.
    """

    unit: str
    clock: str = "{c}"
    words: tuple[tuple[str, str], ...] = ()

    @property
    def form(self) -> str:
        """Return what the numbers on a clock of two parts are, for a note; "" for other durations."""
        forms = {MINUTES: "minutes and seconds", HOURS: "hours and minutes"}
        return forms.get(self.clock, "")

    def expression(self, text: str) -> str:
        """Return the code that makes numbers of a column of text."""
        if self.words:
            pairs = ", ".join(f'r"{old}": "{new}"' for old, new in self.words)
            text += f".replace({{{pairs}}}, regex=True)"
        clock = self.clock.replace("{c}", text)
        divisor = f" / {UNITS[self.unit]}" if self.unit != "s" else ""
        return f"pd.to_timedelta({clock}).dt.total_seconds(){divisor}"


def recognise(name: str, values: Collection[str]) -> Duration | None:
    """Detect durations; return None for times of the day, or if one value is neither."""
    is_hourly = bool(HOURLY.search(name))
    is_named = bool(WORDS & set(words(name)) or LASTING.search(name))
    texts = list(values)
    for pattern in (_HOURS, _MINUTES):
        matches = [match for value in texts if (match := pattern.fullmatch(value))]
        if not texts or len(matches) < len(texts):
            continue
        firsts = [match["first"] for match in matches]
        # No time of the day has 25 hours, or tenths of a second.
        is_late = max(map(int, firsts)) > HOURS_OF_A_DAY  # 24:00 ends a day
        has_fraction = any(match["fraction"] for match in matches)
        if not (is_named or is_late or has_fraction):
            return None
        clock = "{c}"
        if pattern is _MINUTES:
            is_long = is_hourly or max(map(int, firsts)) >= MINUTES_OF_AN_HOUR
            clock = HOURS if is_long and not has_fraction else MINUTES
        frame = clock.strip("()").replace('"', "").replace(" + ", "")
        return Duration(_unit([frame.replace("{c}", text) for text in texts]), clock)
    if texts and all(map(_ISO.fullmatch, texts)):
        return Duration(_unit(texts))
    return _with_words(texts)


def _with_words(texts: list[str]) -> Duration | None:
    """Detect durations with words for units: 2 h 5 min, 4m02s, 1 day, 3:04:05."""
    spellings: dict[str, set[str]] = {}
    for text in texts:
        parts = _PART.findall(text)
        remainder = _PART.sub("", text).strip()
        units = [_unit_of(word) for _, word in parts]
        order = [list(_WORDS).index(unit) for unit in units if unit]
        if len(order) < len(parts) or order != sorted(set(order)):
            return None
        if remainder and not (_CLOCK.fullmatch(remainder) and set(units) <= {"D"}):
            return None
        for unit, (_, word) in zip(units, parts, strict=True):
            spellings.setdefault(unit, set()).add(word)
    has_clocks = any(":" in text for text in texts)
    if len(spellings) + has_clocks < 2:  # one unit behind all numbers is that of a measure
        return None
    rewrites = tuple(
        (rf"(?<=\d)\s*(?:{'|'.join(sorted(words, key=len, reverse=True))})\b\.?,?", f"{unit} ")
        for unit, words in spellings.items()
    )
    plain = pd.Series(texts).replace(dict(rewrites), regex=True)
    return Duration(_unit(plain.tolist()), words=rewrites)


def _unit_of(word: str) -> str:
    """Return what pandas calls a unit of time, or ""."""
    return next(
        (unit for unit, names in _WORDS.items() if re.fullmatch(names, word, re.IGNORECASE)), ""
    )


def _unit(texts: list[str]) -> str:
    median = float(pd.to_timedelta(pd.Series(texts)).dt.total_seconds().median())
    return next((unit for unit, size in UNITS.items() if median <= LARGEST * size), "h")
