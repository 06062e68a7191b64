"""What the user says about how a text is written, against what flaskdash would guess."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from flaskdash.errors import FlaskdashError

GAPS = r"\s{2,}"
BLANKS = r"\s+"
NAMED_MARKS = {
    "tab": "\t",
    r"\t": "\t",
    "comma": ",",
    "semicolon": ";",
    "pipe": "|",
    "space": BLANKS,
    "blanks": BLANKS,
    "gaps": GAPS,
}
KEYS = {
    "sep": 'the delimiter: ";", "tab", "space"',
    "quote": "the character around cells, or none",
    "encoding": "utf-8, cp1252, ...",
    "header": "the number of its line, or none",
    "skip": "the number of lines above the table",
    "decimal": '"." or ","',
    "sheet": "the name of a sheet, as with --table",
}


@dataclass(frozen=True)
class Reading:
    """The choices of the user; None for what is to be detected.

    `header` is the number of the header's line, counted from 1, and 0 if there is no header. `quote`
    is "" if quotes are ordinary characters.
    """

    sep: str | None = None
    quote: str | None = None
    encoding: str | None = None
    header: int | None = None
    skip: int | None = None
    decimal: str | None = None
    sheet: str | None = None

    @property
    def of_text(self) -> list[str]:
        """Return the choices that only apply to text."""
        return [f"{key}=" for key in KEYS if key != "sheet" and getattr(self, key) is not None]


DETECTED = Reading()


def parse(texts: Iterable[str]) -> Reading:
    """Return the choices in texts such as "sep=;" and "header=3, decimal=,"."""
    reading = DETECTED
    for text in texts:
        for part in re.split(r",(?=\s*\w+\s*=)", text):
            key, equals, value = part.partition("=")
            key = key.strip().lower()
            if key not in KEYS or not equals:
                raise _refusal(part.strip(), "is none of the keys of --read", "sep=;")
            # A delimiter may be a blank, which must stay.
            value = value if value.isspace() else value.strip()
            reading = replace(reading, **{key: PARSERS.get(key, _word)(value)})
    if reading.header and reading.skip:
        reading = replace(reading, skip=None)  # what is above the header is skipped anyway
    return reading


def _refusal(text: str, problem: str, example: str) -> FlaskdashError:
    listed = "; ".join(f"{key} ({meaning})" for key, meaning in KEYS.items())
    return FlaskdashError(
        f"--read {text!r} {problem}. The keys are {listed}.", hint=f'--read "{example}"'
    )


def _word(value: str) -> str:
    if not value:
        raise _refusal(value, "has no value", "sheet=Sales")
    return value


def _mark(value: str) -> str:
    if not value or "\n" in value or '"' in value:
        raise _refusal(f"sep={value}", "is not a delimiter", "sep=;")
    return BLANKS if value == " " else NAMED_MARKS.get(value.lower(), value)


def _quote(value: str) -> str:
    if value.lower() == "none":
        return ""
    if len(value) != 1 or value.isalnum():
        raise _refusal(f"quote={value}", "is not a character for quotes", "quote='")
    return value


def _encoding(value: str) -> str:
    try:
        "".encode(value)
        return codecs.lookup(value).name
    except (LookupError, ValueError):
        raise _refusal(
            f"encoding={value}", "is not an encoding that Python knows", "encoding=cp1252"
        ) from None


def _header(value: str) -> int:
    if value.lower() == "none":
        return 0
    if not re.fullmatch("[1-9][0-9]{0,5}", value):
        raise _refusal(f"header={value}", "is not the number of a line, or none", "header=3")
    return int(value)


def _skip(value: str) -> int:
    if not re.fullmatch("[0-9]{1,6}", value):
        raise _refusal(f"skip={value}", "is not a number of lines", "skip=2")
    return int(value)


def _decimal(value: str) -> str:
    mark = NAMED_MARKS.get(value.lower(), value)
    if mark not in (".", ","):
        raise _refusal(f"decimal={value}", "is not a decimal mark", "decimal=,")
    return mark


PARSERS: dict[str, Callable[[str], Any]] = {
    "sep": _mark,
    "quote": _quote,
    "encoding": _encoding,
    "header": _header,
    "skip": _skip,
    "decimal": _decimal,
}
