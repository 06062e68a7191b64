"""The settings in an .env file, which the project reads with python-dotenv."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# A setting is read in these steps, which are those of python-dotenv: the server's Python does not
# have that package. A quoted value may have several lines.
SPACE = r"[^\S\r\n]*"
START = re.compile(r"\s*(?:export[^\S\r\n]+)?")
NAME = re.compile(rf"(?:(?=#)|'([^']+)'|([^'=#\s][^=#\s]*)){SPACE}")
VALUE = re.compile(
    rf"""={SPACE}('(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|(?![^\S\r\n]|['"])[^\r\n]*)""", re.DOTALL
)
END = re.compile(rf"(?:{SPACE}#[^\r\n]*)?{SPACE}(?:\r\n|\n|\r|\Z)")
REST_OF_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)?")


def parse_settings(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield each setting: its name, its value as it is written, and all its text.

    The name is "" for text that sets nothing, such as a comment.
    """
    end = 0
    while end < len(text):
        start = end
        name, value, end = _parse_one(text, start)
        yield name, value, text[start:end]


def _parse_one(text: str, start: int) -> tuple[str, str, int]:
    """Return the name, the value and the end of the setting that starts here."""
    position = _end(START.match(text, start))
    name = NAME.match(text, position)
    if name:
        position = name.end()
        value = VALUE.match(text, position)
        position = value.end() if value else position
        end = END.match(text, position)
        if end:
            return (name[1] or name[2] or "", value[1], end.end()) if value else ("", "", end.end())
    return "", "", _end(REST_OF_LINE.match(text, position))


def _end(match: re.Match[str] | None) -> int:
    assert match is not None  # the pattern also matches nothing
    return match.end()


def read_settings(text: str) -> dict[str, str]:
    """Return the settings by name, with their values as they are written."""
    return {name: value for name, value, _ in parse_settings(text) if name}


def with_settings(text: str, values: dict[str, str]) -> str:
    """Return the text of an .env file with some settings added or replaced.

    They come first: text that is not closed, such as a quote, would swallow what follows it.
    """
    settings = parse_settings(text.removeprefix("\ufeff"))
    unchanged = (source for name, _, source in settings if name not in values)
    lines = (f"{name}={quote(value)}\n" for name, value in values.items())
    return "".join([*lines, *unchanged])


def quote(value: str) -> str:
    r"""Return a value in the form that python-dotenv reads back unchanged.

    In single quotes python-dotenv unescapes \\ and \', and still expands ${NAME}. A variable
    without a name has its default value, so `${:-$}` stands for a plain `$`, and `${:-}` at the end
    for nothing: older versions take `\\'` for an escaped quote. Ends of lines have escapes in
    double quotes only.
    """
    text = value.replace("${", "${:-$}{").replace("\\", "\\\\")
    if text.endswith("\\"):
        text += "${:-}"
    if "\n" in text or "\r" in text:
        text = text.replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
        return f'"{text}"'
    text = text.replace("'", "\\'")
    return f"'{text}'"
