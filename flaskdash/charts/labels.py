"""Tell measures that stand in columns of their own apart in few words: Algeria, Brazil, China."""

from __future__ import annotations

import re
from collections.abc import Sequence

LONGEST = 40


def labels(names: Sequence[str]) -> list[str]:
    """Return what differs in each name, without what all of them begin or end with."""
    first, last = shared(names)
    cut = [name[len(first) : len(name) - len(last)] for name in names]
    plain = [_plain(part) for part in cut]
    if len(set(plain)) < len(names) or not all(plain) or all(part.isdigit() for part in plain):
        plain = [_plain(name) for name in names]
    if len(set(plain)) < len(names):
        plain = [f"{part} ({number})" for number, part in enumerate(plain, 1)]
    return plain


def shared(names: Sequence[str]) -> tuple[str, str]:
    """Return what all names begin with, and what they end with: whole words, or nothing."""
    first = _beginning(names)
    first = first[: _boundary(first)]
    rest = [name[len(first) :][::-1] for name in names]
    last = _beginning(rest)
    return first, last[: _boundary(last)][::-1]


def _beginning(texts: Sequence[str]) -> str:
    """Return the letters that all texts begin with."""
    least, most = min(texts), max(texts)
    same = (i for i, (a, b) in enumerate(zip(least, most, strict=False)) if a != b)
    return least[: next(same, min(len(least), len(most)))]


def _boundary(text: str) -> int:
    """Return how much of a text ends at a blank, an underscore or another sign."""
    found = [match.end() for match in re.finditer(r"[\W_]", text)]
    return found[-1] if found else 0


def _plain(text: str) -> str:
    """Return text that can stand between quotes in the SQL of any engine."""
    text = " ".join(re.sub(r"[^\w .,()&+/-]|_", " ", text).split()).strip(" .,-/&+")
    text = text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"
    return text[:1].upper() + text[1:]
