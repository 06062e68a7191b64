"""Turn names and values from data into Python source, safely."""

from __future__ import annotations

import json
from collections.abc import Sequence


def literal(value: str | float | bool | Sequence[str] | None) -> str:
    """Return the Python literal of a value: ASCII-safe where it matters, in double quotes."""
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, int | float):
        return repr(value)
    return "[" + ", ".join(_text(item) for item in value) + "]"


def _text(value: str) -> str:
    r"""Return a double-quoted string literal; what is not printable is written as an escape.

    JSON's escapes are Python's too, except for surrogate pairs, so only `"`, `\` and what has no
    printable form are escaped, and accented letters or emoji stay as they are.
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
    """Return text that is safe inside a comment: one line, printable, short."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
