"""Write names and values from data as Python source, safely."""

from __future__ import annotations

import json
from collections.abc import Sequence


def literal(value: str | float | bool | Sequence[str | float] | None) -> str:
    """Return a value as a Python literal; text is in double quotes, with unsafe characters escaped."""
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, int | float):
        return repr(value)
    return "[" + ", ".join(map(literal, value)) + "]"


def _text(value: str) -> str:
    r"""Return a string literal in double quotes.

    Only `"`, `\` and characters that are not printable are escaped: accented letters and emoji stay
    readable. Control characters get JSON's escapes, which are also Python's.
    """
    quoted = []
    for character in value:
        if character in '"\\':
            quoted.append("\\" + character)
        elif character.isprintable():
            quoted.append(character)
        elif ord(character) < 128:
            quoted.append(json.dumps(character)[1:-1] if character != "\x7f" else "\\x7f")
        elif ord(character) < 0x10000:
            quoted.append(f"\\u{ord(character):04x}")
        else:
            quoted.append(f"\\U{ord(character):08x}")
    return '"' + "".join(quoted) + '"'


def comment(text: str, limit: int = 60) -> str:
    """Return text that is safe in a comment: one line, printable, at most `limit` characters."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    line = " ".join(printable.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
