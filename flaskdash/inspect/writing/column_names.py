"""Repair column names: as they are in the file, except where that can't work."""

from __future__ import annotations

from collections.abc import Sequence


def repair(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return usable names, and what was changed, in words.

    Padding goes, control characters become a blank, a blank name becomes "column_3", and a name
    that differs from an earlier one in case only gets a number: DuckDB ignores case.
    """
    cleaned = [clean(name) for name in names]
    taken = {name.lower() for name in cleaned if name}
    seen: set[str] = set()
    result: list[str] = []
    for position, name in enumerate(cleaned, start=1):
        if not name:
            name = free(f"column_{position}", taken | seen)
        elif name.lower() in seen:
            name = free(f"{name}_2", taken | seen)
        seen.add(name.lower())
        result.append(name)
    return result, _changes(names, cleaned, result)


def clean(name: str) -> str:
    """Return a name on one line, without padding and characters that can't be printed."""
    printable = "".join(c if c.isprintable() else " " for c in name)
    return " ".join(printable.split()) if printable != name else name.strip()


def free(name: str, taken: set[str]) -> str:
    """Return the name, or the name with the first number that makes it new."""
    stem, number = name, 2
    if name.rpartition("_")[2].isdigit():
        stem, _, digits = name.rpartition("_")
        number = int(digits)
    while name.lower() in taken:
        name = f"{stem}_{number}"
        number += 1
    return name


def _changes(names: Sequence[str], cleaned: Sequence[str], result: Sequence[str]) -> list[str]:
    """Return notes on the names that were blank or repeated; padding is not worth a note."""
    notes = []
    blank = [new for old, new in zip(cleaned, result, strict=True) if not old]
    if blank:
        notes.append(f"{len(blank)} column(s) without a name: called {', '.join(blank[:3])}")
    repeated = [new for old, new in zip(cleaned, result, strict=True) if old and old != new]
    if repeated:
        notes.append(f"{len(repeated)} repeated column name(s): called {', '.join(repeated[:3])}")
    return notes
