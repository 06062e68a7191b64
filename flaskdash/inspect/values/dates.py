"""Recognise dates in all of a column's distinct values, as one explicit strptime format."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

import pandas as pd

from flaskdash.inspect.values import months, periods
from flaskdash.inspect.values.months import Rewrites

_PARTS = {
    "%d": "9{1,2}",
    "%m": "9{1,2}",
    "%Y": "9{4}",
    "%y": "9{2}",
    "%b": "a",
    "%B": "a",
    "%a": "a",
    "%A": "a",
    "%H": "9{1,2}",
    "%I": "9{1,2}",
    "%M": "9{2}",
    "%S": "9{2}",
    "%f": "9{1,9}",
    "%p": "a",
    "%z": r"(?:a|[+-]9{2}:?9{2})",
}
_DAY_FIRST = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%y", "%d-%m-%y", "%d.%m.%y")
_MONTH_FIRST = {text: "%m{0}%d{0}%{1}".format(text[2], text[-1]) for text in _DAY_FIRST}
_DATES = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d"),
    *_DAY_FIRST,
    *_MONTH_FIRST.values(),
    *("%d %m %Y", "%Y %m %d", "%Y-%b-%d", "%d%b%Y", "%Y%m%d"),
    *("%b %d %Y", "%b %d, %Y", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d %b %y", "%d %b, %Y"),
    *(
        "%d/%b/%Y",
        "%d/%b/%y",
        "%d. %b %Y",
        "%b %Y",
        "%b-%Y",
        "%b, %Y",
        "%b-%y",
        "%b %y",
        "%b/%y",
        "%Y %b",
    ),
    *("%Y-%b", "%Y%b", "%Y-%m", "%Y/%m", "%m/%Y", "%m-%Y", "%m.%Y", "%Y.%m"),
    *("%a %d %b %Y", "%a, %d %b %Y", "%a %b %d %Y", "%a, %b %d, %Y", "%y-%m-%d", "%y/%m/%d"),
    *("%A %d %b %Y", "%A, %d %b %Y", "%A %b %d %Y", "%A, %b %d, %Y", "%YM%m", "%Ym%m", "%Y-M%m"),
    *("%Y年%m月%d日", "%Y年%m月", "%Y년 %m월 %d일", "%Y년 %m월", "%Y. %m. %d"),
)
_CLOCKS = (
    *("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p", "%I:%M%p", "%H%M%S"),
    *("%H:%M:%S%z", "%H:%M%z", "%H:%M:%S.%f%z", "%H:%M:%S %z", "%H:%M:%S.%f %z", "%H:%M:%S,%f"),
    *("%H:%M %z", "%I:%M %p %z", "%I:%M:%S %p %z"),
)
_ISO = re.compile(
    r"\d{4}-\d{2}(-\d{2}([T ]\d{2}(:?\d{2}(:?\d{2}([.,]\d{1,9})?)?)?\s?(Z|[+-]\d{2}(:?\d{2})?)?)?)?"
)
_ZONED = re.compile(r"(?>.*?\d{2}).*(Z|[+-]\d{2}:?(\d{2})?)")
# Milliseconds since 1970, as programs for .NET write them in JSON.
_NET = (r"^/Date\((-?\d+)(?:[+-]\d{4})?\)/$", r"\1")
_YEARS = re.compile(r"((?:19|20)\d{2})[/-](?:19|20)?(\d{2})")  # 1990/91, 1990-1991
_CLOCK_IN_BRACKETS = re.compile(r"\(\d{1,2}:\d{2}[^()]*\)$")
_WORDS_IN_BRACKETS = r"\s*\([^()\d]*\)$"
_TO_SHAPE = str.maketrans("0123456789", "9" * 10)
_DECIMAL_MONTH = re.compile(r"(19|20)\d\d\.(0[1-9]|1[0-2])")
# Hour 24 of a day is the first of the next: in 2024-01-31 24:00, and at the end of 2024013124.
MIDNIGHT = r"(?<=[ T])24(?=:00)|(?<=^\d{8})24$"
# Calendar stamps by their number of digits; two-digit years only if all digits fit a calendar.
_STAMPS = {
    7: ("%Y%j",),
    10: ("%Y%m%d%H", "%y%m%d%H%M"),
    12: ("%Y%m%d%H%M", "%y%m%d%H%M%S"),
    14: ("%Y%m%d%H%M%S",),
}
# The units of epochs, and how many there are in a second. Numbers between 1973 and 2100 differ by
# unit, so that the size of a number tells its unit.
EPOCHS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
# Browsers count microseconds since 1601. No other unit gives numbers of this size.
WEBKIT_OFFSET = 11_644_473_600 * 10**6
EPOCH_NAMES = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
_EPOCH_SPAN = (10**8, 41 * 10**8)
_EPOCH_NOW = 10**9  # some value must lie after 2001, or these are other numbers
_MANY_SHAPES = 60
_MOST_FORMATS = 3  # of one column
LONGEST = 60  # characters of a date
CENTURY = 2000
MIN_YEARS = 5  # such as 1990/91: fewer are the names of seasons
EXCEL = (29_221, 62_091)  # 1980 to 2069, in days since 1900
EXCEL_WORDS = frozenset({"date", "datum", "fecha", "datetime", "timestamp"})


@dataclass(frozen=True)
class Dating:
    """How a column writes dates.

    `kind` is "format", "quarter", "week", "yearweek", "years", "excel" (days
    since 1900), "webkit", or a unit of EPOCHS. Values that `format` does not read have one of the
    `more` formats; `midnight` tells that some have the hour 24. Years of two digits after `latest`
    are those of the century before. `zones` are the names behind the times. `offsets` are the hours from UTC of the zones that change in a column. `ambiguous` dates can be read day first or month first;
    `evidence` is a value that excludes one order. `zoned` timestamps are converted to UTC. `rewrites` are pairs of a
    pattern and its replacement, applied before parsing; with `lower`, to lower-case text.
    """

    format: str
    kind: str = "format"
    ambiguous: bool = False
    evidence: str = ""
    zoned: bool = False
    rewrites: Rewrites = ()
    lower: bool = False
    more: tuple[str, ...] = ()
    midnight: bool = False
    latest: int = 0
    zones: tuple[str, ...] = ()
    offsets: tuple[tuple[str, float], ...] = ()
    note: str = ""

    @property
    def order(self) -> str:
        """Return the part that comes first, "day" or "month", or "" for dates without that choice."""
        if self.format[:8] in _DAY_FIRST:
            return "day"
        return "month" if self.format[:8] in _MONTH_FIRST.values() else ""

    def swapped(self) -> Dating:
        """Return a copy with day and month exchanged."""
        exchange = {"%d": "%m", "%m": "%d"}
        text = re.sub("%[dm]", lambda match: exchange[match[0]], self.format)
        return replace(self, format=text)


def recognise(values: Sequence[str], named: bool = False) -> Dating | None:
    """Detect how these stripped, non-missing values write dates. Return None if one is not a date.

    `named` tells that the column's name is a word for time. Weak evidence counts only then.
    """
    if not values or max(map(len, values)) > LONGEST or not any(map(str.isdigit, values[0])):
        return None
    if all(re.match(_NET[0], value) for value in values):
        return Dating("", "ms", rewrites=(_NET,))
    if len(values) >= MIN_YEARS and all(map(_are_two_years, values)):
        return Dating("", "years", note="1990/91 is the year that begins in 1990")
    dating = _detect_format(values)
    if dating and (named or not _is_weak(values, dating)):
        return dating
    if dating := _detect_periods(values):
        return dating
    if all(map(_ISO.fullmatch, values)):
        zoned = [bool(_ZONED.fullmatch(value)) for value in values]
        if _parses(values, "ISO8601", any(zoned)):
            return Dating("ISO8601", zoned=any(zoned))
    return (
        _detect_zones(values, named)
        or _detect_words(values, named)
        or _detect_midnight(values)
        or _detect_formats(values)
        or _detect_brackets(values, named)
    )


def _detect_periods(values: Sequence[str]) -> Dating | None:
    """Detect quarters, halves, weeks and months that are numbers within a year."""
    part = periods.recognise(values)
    if part is None:
        return None
    if part.unit == "month":
        return Dating("%Y-%m", rewrites=part.rewrites)
    return Dating("", part.unit, rewrites=part.rewrites)


def _detect_brackets(values: Sequence[str], named: bool) -> Dating | None:
    """Detect dates with a clock in brackets, or with words in brackets behind them."""
    if not all(value.endswith(")") for value in values):
        return None
    is_clock = all(map(_CLOCK_IN_BRACKETS.search, values))
    cut = (r"[()]", "") if is_clock else (_WORDS_IN_BRACKETS, "")
    bare = months.rewrite(values, (cut,), False)
    if any(value.endswith(")") for value in bare) or not (dating := recognise(bare, named)):
        return None
    if dating.kind != "format" or dating.zoned or dating.zones or dating.midnight:
        return None
    note = "" if is_clock else f"words in brackets behind its dates ({values[0]!r}) are cut off"
    note = "; ".join(filter(None, (dating.note, note)))
    return replace(dating, rewrites=(cut, *dating.rewrites), note=note)


def _detect_zones(values: Sequence[str], named: bool) -> Dating | None:
    """Detect times with the name of a zone. Names that change within the column give offsets."""
    matches = [re.search(months.ZONE, value) for value in values]
    if None in matches:
        return None
    bare = [re.sub(months.ZONES, "", value) for value in values]
    dating = _detect_format(bare) or _detect_words(bare, named)
    if dating is None or dating.zoned:
        return None
    zones = sorted({match[0] for match in matches if match})
    hours = tuple((zone, months.hours_of(zone)) for zone in zones)
    changes = len({offset for _, offset in hours}) > 1
    pattern = rf"\s?(?:{'|'.join(map(re.escape, zones))})$"
    return replace(
        dating,
        rewrites=((pattern.lower() if dating.lower else pattern, ""), *dating.rewrites),
        zones=tuple(zones),
        offsets=hours if changes else (),
        zoned=changes,
    )


def _detect_midnight(values: Sequence[str]) -> Dating | None:
    """Detect the format of times of which some have the hour 24."""
    if not any(re.search(MIDNIGHT, value) for value in values):
        return None
    dating = _detect_format([re.sub(MIDNIGHT, "00", value) for value in values])
    return replace(dating, midnight=True) if dating and not dating.zoned else None


def _detect_formats(values: Sequence[str]) -> Dating | None:
    """Detect dates in up to three formats that differ in their marks, such as 31/01/2024 and 2024-01-31."""
    groups: dict[str, list[str]] = {}
    for value in values:
        groups.setdefault(re.sub("9+", "9", _shape_of(value)), []).append(value)
        if len(groups) > _MOST_FORMATS:
            return None
    datings = [_detect_utc(group) or _detect_format(group) for group in groups.values()]
    formats = []
    for dating, group in zip(datings, groups.values(), strict=True):
        if dating is None or dating.zoned or _is_weak(group, dating):
            return None
        formats.append((likelier(group, dating) if dating.ambiguous else dating).format)
    note = f"its dates have {len(formats)} formats: {', '.join(formats)}"
    return Dating(formats[0], more=tuple(formats[1:]), note=note) if len(formats) > 1 else None


def _detect_utc(values: Sequence[str]) -> Dating | None:
    """Detect times in UTC, 2024-01-31T05:06:07Z, as times without a zone."""
    if not all(value.endswith("Z") for value in values):
        return None
    dating = _detect_format([value.removesuffix("Z") for value in values])
    return replace(dating, format=f"{dating.format}Z") if dating else None


def _are_two_years(value: str) -> bool:
    """Tell whether a value is a year and the next one, such as a season or a fiscal year."""
    match = _YEARS.fullmatch(value)
    return match is not None and (int(match[1]) + 1) % 100 == int(match[2])


def _detect_words(values: Sequence[str], named: bool) -> Dating | None:
    """Detect the format of dates with words of any language, or with the name of a zone."""
    for rewrites, lower in months.candidates(values):
        for part in (values[:20], values):
            dating = _detect_format(months.rewrite(part, rewrites, lower))
            if dating is None or dating.zoned or (_is_weak(part, dating) and not named):
                break
        else:
            return replace(dating, rewrites=rewrites, lower=lower) if dating else None
    return None


def recognise_integers(values: Sequence[str], named: bool) -> Dating | None:
    """Detect whole numbers that are dates: 20230116, 202301 or seconds since 1970."""
    lengths = {len(value) for value in values}
    if lengths == {8} and all(value[:2] in ("19", "20") for value in values):
        if (named or len(values) > 5) and _parses(values, "%Y%m%d"):
            return Dating("%Y%m%d")
    elif lengths == {6} and named and _are_weeks(values):
        return Dating("%G%V-%u", "yearweek")
    elif lengths == {6} and all(value[:2] in ("19", "20") for value in values):
        if (named or len(values) > 11) and _parses(values, "%Y%m"):
            return Dating("%Y%m")
    elif named:
        return _detect_stamps(values, lengths) or _detect_epoch(values)
    elif len(values) > 2 and all(value.endswith("000") for value in values):
        # Milliseconds of whole seconds are no codes, whatever the column is called.
        dating = _detect_epoch(values)
        return dating if dating and dating.kind == "ms" else None
    return None


def _are_weeks(values: Sequence[str]) -> bool:
    """Tell whether whole numbers are years with a week, 202401 to 202453, and not with a month."""
    weeks = [int(value[4:]) for value in values]
    is_year = all(value[:2] in ("19", "20") for value in values)
    return is_year and min(weeks) > 0 and 12 < max(weeks) <= 53


def _detect_stamps(values: Sequence[str], lengths: set[int]) -> Dating | None:
    """Detect whole numbers that are points in time: 2024013108 or 20240131081500."""
    days = [re.sub(MIDNIGHT, "00", value) for value in values]
    for text in _STAMPS.get(min(lengths), ()) if len(lengths) == 1 else ():
        is_year = text.startswith("%y") or all(value[:2] in ("19", "20") for value in values)
        if is_year and _parses(days, text):
            return Dating(text, midnight=days != list(values))
    return None


def _detect_epoch(values: Sequence[str]) -> Dating | None:
    """Detect whole numbers that count since 1970, in a unit that their size tells."""
    if not all(map(str.isdigit, values)):
        return None
    first, last = min(map(int, values)), max(map(int, values))
    for unit, size in EPOCHS.items():
        if _EPOCH_SPAN[0] * size <= first and _EPOCH_NOW * size <= last <= _EPOCH_SPAN[1] * size:
            return Dating("", unit)
    shifted = (first - WEBKIT_OFFSET, last - WEBKIT_OFFSET)
    is_browser = (
        shifted[0] >= _EPOCH_NOW * EPOCHS["us"] and shifted[1] <= _EPOCH_SPAN[1] * EPOCHS["us"]
    )
    return Dating("", "webkit") if is_browser else None


def recognise_serials(values: Sequence[str], words: Collection[str]) -> Dating | None:
    """Detect Excel's days since 1900, in a column that is named as a date."""
    if not EXCEL_WORDS & set(words):
        return None
    if all(re.fullmatch(r"[2-6]\d{4}(\.\d+)?", value) for value in values):
        first, last = float(min(values)), float(max(values))
        return Dating("", "excel") if EXCEL[0] <= first and last <= EXCEL[1] else None
    return None


def recognise_decimals(values: Sequence[str]) -> Dating | None:
    """Detect months written as decimals, such as 2024.01, if there are more than 11 values."""
    if len(values) > 11 and all(map(_DECIMAL_MONTH.fullmatch, values)):
        return Dating("%Y.%m")
    return None


# Years of other calendars than ours in dates of today.
_CALENDARS = {"Jalali": (1330, 1430), "Buddhist": (2440, 2600)}


def calendar(values: Collection[str]) -> str:
    """Return the name of the calendar whose years all these dates have, or "" for ours."""
    years = [
        int(match[0]) for value in values if (match := re.search(r"(?<!\d)\d{4}(?!\d)", value))
    ]
    if len(years) < len(values) or not years:
        return ""
    spans = ((name, *span) for name, span in _CALENDARS.items())
    return next((name for name, low, high in spans if low <= min(years) and max(years) <= high), "")


def _is_weak(values: Sequence[str], dating: Dating) -> bool:
    """Tell whether the values, such as 1.2.20, can also be versions or scores."""
    if dating.format in ("%d.%m.%y", "%m.%d.%y"):
        return any(len(value) != 8 for value in values)
    return dating.format in ("%m.%Y", "%Y.%m", "%m-%Y")


def _detect_format(values: Sequence[str]) -> Dating | None:
    """Return the likeliest format that parses all values, or None."""
    if len(values) > 100 and not _candidates({_shape_of(value) for value in values[:50]}):
        return None
    shapes: set[str] = set()
    for value in values:
        shapes.add(_shape_of(value))
        if len(shapes) > _MANY_SHAPES:
            return None
    for text in _candidates(shapes):
        zoned = text.endswith("%z")
        if _parses(values, text, zoned):
            latest = _latest_year(values, text) if "%y" in text and not zoned else 0
            dating = Dating(text, zoned=zoned, latest=latest)
            return _swapped_by_excel(values, _check_order(values, dating))
    return None


def _latest_year(values: Sequence[str], text: str) -> int:
    """Return the latest year that is not of the century before, or 0 if all years are right.

    strptime takes 69 to 99 for the 1900s, and the others for the 2000s. If there are dates of the
    1900s, those that would lie in the future are older ones: births, and films of the forties.
    """
    years = pd.to_datetime(pd.Series(values, dtype="str"), format=text).dt.year
    latest = date.today().year + 1
    return latest if int(years.min()) < CENTURY and int(years.max()) > latest else 0


_NUMERIC_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/\d{4}")


def _swapped_by_excel(values: Sequence[str], dating: Dating) -> Dating:
    """Return formats that exchange day and month again, if a program has done so in some dates.

    It rewrites the dates that it can read in its own order, without zeros: 3/7/2023. Those after
    the 12th stay as they were: 19/07/2023.
    """
    if dating.format not in ("%d/%m/%Y", "%m/%d/%Y"):
        return dating
    matches = [_NUMERIC_DATE.fullmatch(value) for value in values]
    parts = [match.groups() for match in matches if match]
    early = [pair for pair in parts if max(map(int, pair)) <= 12]
    late = [pair for pair in parts if max(map(int, pair)) > 12]
    padded = [any(part.startswith("0") for part in pair) for pair in (*early, *late)]
    may_pad = [min(map(int, pair)) < 10 for pair in (*early, *late)]
    if padded != [False] * len(early) + may_pad[len(early) :] or not any(padded):
        return dating
    if not any(may_pad[: len(early)]):
        return dating
    swapped = dating.swapped()
    spans = []
    for first, second in ((dating, dating), (swapped, dating)):
        texts = pd.Series(values, dtype="str")
        days = pd.to_datetime(texts, format=first.format, errors="coerce")
        days = days.fillna(pd.to_datetime(texts, format=second.format))
        spans.append(days.max() - days.min())
    if spans[1] > spans[0]:
        return dating
    note = f"dates up to the 12th are without zeros: a program has exchanged their {dating.order} "
    note += f"and {swapped.order}, which are exchanged again"
    return replace(swapped, more=(dating.format,), ambiguous=False, evidence="", note=note)


def _shape_of(value: str) -> str:
    """Replace each digit of a value by 9 and each run of letters by a."""
    return re.sub("[A-Za-z]+", "a", value.translate(_TO_SHAPE))


def _candidates(shapes: set[str]) -> list[str]:
    """Return the formats that have these shapes, the likeliest first."""
    formats = []
    for day in _DATES:
        if not all(map(_shape(day).match, shapes)):
            continue
        for text in _with_clocks(day):
            if all(map(_shape(text).fullmatch, shapes)):
                formats.append(text)
                if "%b" in text:
                    formats.append(text.replace("%b", "%B"))
    return formats


def _with_clocks(day: str) -> list[str]:
    """Return a date format alone, and followed by each format of the time of day."""
    return [day, *(f"{day}{gap}{clock}" for clock in _CLOCKS for gap in (" ", "T", ", ", ":"))]


@cache
def _shape(text: str) -> re.Pattern[str]:
    """Return the pattern of the shapes of values in a format."""
    pieces = re.split("(%[a-zA-Z])", text)
    return re.compile(
        "".join(
            _PARTS[piece] if piece in _PARTS else re.sub("[A-Za-z]", "a", re.escape(piece))
            for piece in pieces
        )
    )


def _parses(values: Sequence[str], text: str, utc: bool = False) -> bool:
    """Tell whether pandas reads every value with this format, as a year from 1000 to 2200."""
    for part in (values[:20], values):
        try:
            parsed = pd.to_datetime(pd.Series(part, dtype="str"), format=text, utc=utc)
        except (ValueError, OverflowError):
            return False
        if not parsed.dt.year.between(1000, 2200).all():
            return False
    return True


def _check_order(values: Sequence[str], dating: Dating) -> Dating:
    """Set `evidence` or `ambiguous`, if day and month of the dates could be exchanged."""
    if not dating.order:
        return dating
    swapped = dating.swapped()
    evidence = next(
        (value for value in values if not _parses([value], swapped.format, dating.zoned)), ""
    )
    return replace(dating, evidence=evidence, ambiguous=not evidence)


def likelier(values: Sequence[str], dating: Dating, european: bool = False) -> Dating:
    """Return the likelier order of day and month for ambiguous dates.

    All days on the first of a month are the likeliest. Otherwise the order with the smaller span
    of time wins, and a draw leaves `dating` unchanged. `european` numbers, with a decimal comma,
    suggest that the day comes first, and so do dots and the zones of Europe.
    """
    swapped = dating.swapped()
    hours = [offset for _, offset in dating.offsets]
    european = european or dating.format[2] == "."
    if european or hours:
        first = "day" if european or max(hours) >= 0 else "month"
        return dating if dating.order == first else swapped
    values = months.rewrite(values, dating.rewrites, dating.lower)
    spans = []
    for candidate in (dating, swapped):
        texts = pd.Series(values, dtype="str")
        days = pd.to_datetime(texts, format=candidate.format, utc=dating.zoned)
        no_times = bool((days == days.dt.normalize()).all())
        firsts = no_times and bool((days.dt.day == 1).all()) and days.nunique() > 1
        spans.append((not firsts, days.max() - days.min()))
    return swapped if spans[1] < spans[0] else dating
