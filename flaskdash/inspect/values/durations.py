"""Recognise durations, which are measures: 1:02:25, 125:30:00, 18:25.3 and PT1H2M."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from flaskdash.inspect.words import words

_ISO = re.compile(r"P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+([.]\d+)?S)?)?")
_HOURS = re.compile(r"(?P<first>\d{1,4}):[0-5]\d:[0-5]\d(?P<fraction>[.]\d+)?")
_MINUTES = re.compile(r"(?P<first>\d{1,4}):[0-5]\d(?P<fraction>[.]\d+)?")
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
HOURS_OF_A_DAY = 24
UNITS = {"s": 1, "min": 60, "h": 3600}
LARGEST = 120  # of the median, in a unit: longer ones are given in the next one


@dataclass(frozen=True)
class Duration:
    """The unit for a column of durations; without `has_hours`, they are minutes and seconds."""

    unit: str
    has_hours: bool = True

    def expression(self, text: str) -> str:
        """Return the code that makes numbers of a column of text."""
        clock = text if self.has_hours else f'("00:" + {text})'
        divisor = f" / {UNITS[self.unit]}" if self.unit != "s" else ""
        return f"pd.to_timedelta({clock}).dt.total_seconds(){divisor}"


def recognise(name: str, values: Collection[str]) -> Duration | None:
    """Detect durations; return None for times of the day, or if one value is neither."""
    is_named = bool(WORDS & set(words(name)))
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
        has_hours = pattern is _HOURS
        return Duration(_unit(texts if has_hours else [f"00:{text}" for text in texts]), has_hours)
    return Duration(_unit(texts)) if texts and all(map(_ISO.fullmatch, texts)) else None


def _unit(texts: list[str]) -> str:
    median = float(pd.to_timedelta(pd.Series(texts)).dt.total_seconds().median())
    return next((unit for unit, size in UNITS.items() if median <= LARGEST * size), "h")
