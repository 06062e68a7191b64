"""Label compared columns by what differs in their names: Algeria, Brazil, China."""

from __future__ import annotations

import re
from collections.abc import Sequence

MAX_LENGTH = 40


def labels(names: Sequence[str]) -> list[str]:
    """Return what differs in each name, without their common beginning and end.

    If that is not unique, or only digits other than years, the whole names are used.
    """
    prefix, suffix = shared_affixes(names)
    parts = [name[len(prefix) : len(name) - len(suffix)] for name in names]
    result = [_sql_text(part) for part in parts]
    only_digits = all(text.isdigit() for text in result) and not are_years(result)
    if len(set(result)) < len(names) or not all(result) or only_digits:
        result = [_sql_text(name) for name in names]
    if len(set(result)) < len(names):
        result = [f"{text} ({number})" for number, text in enumerate(result, 1)]
    return result


def are_years(texts: Sequence[str]) -> bool:
    """Return whether what differs in the names of columns are years."""
    return all(re.fullmatch(r"(19|20)\d\d", text) for text in texts)


def shared_affixes(names: Sequence[str]) -> tuple[str, str]:
    """Return the beginning and the end that all names share, as whole words or empty."""
    prefix = _common_prefix(names)
    stem = prefix.rstrip("0123456789")
    if stem and are_years([name.removeprefix(stem) for name in names]):
        return stem, ""
    prefix = prefix[: _boundary(prefix)]
    reversed_ends = [name[len(prefix) :][::-1] for name in names]
    suffix = _common_prefix(reversed_ends)
    return prefix, suffix[: _boundary(suffix)][::-1]


def _common_prefix(texts: Sequence[str]) -> str:
    first, last = min(texts), max(texts)
    pairs = enumerate(zip(first, last, strict=False))
    differences = (index for index, (a, b) in pairs if a != b)
    return first[: next(differences, min(len(first), len(last)))]


def _boundary(text: str) -> int:
    """Return the index after the last blank, underscore or other sign; 0 if there is none."""
    ends = [match.end() for match in re.finditer(r"[\W_]", text)]
    return ends[-1] if ends else 0


def _sql_text(text: str) -> str:
    """Return the text without signs that need escaping in the SQL of any engine."""
    text = " ".join(re.sub(r"[^\w .,()&+/-]|_", " ", text).split()).strip(" .,-/&+")
    text = text if len(text) <= MAX_LENGTH else text[: MAX_LENGTH - 1].rstrip() + "…"
    return text[:1].upper() + text[1:]
