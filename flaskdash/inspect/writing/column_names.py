"""Repair column names that are blank, repeated or not printable."""

from __future__ import annotations

from collections.abc import Sequence


def repair(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return usable names, and notes on the changes.

    Padding is removed, a control character becomes a blank, and a blank name becomes "column_3". A
    name that differs from an earlier one only in case gets a number, because DuckDB ignores case.
    """
    cleaned = [clean(name) for name in names]
    all_names = {name.lower() for name in cleaned if name}
    used: set[str] = set()
    result: list[str] = []
    for position, name in enumerate(cleaned, start=1):
        if not name:
            name = free(f"column_{position}", all_names | used)
        elif name.lower() in used:
            name = free(f"{name}_2", all_names | used)
        used.add(name.lower())
        result.append(name)
    return result, _changes(names, cleaned, result)


def clean(name: str) -> str:
    """Return a name on one line, without padding and unprintable characters."""
    printable = "".join(c if c.isprintable() else " " for c in name)
    return " ".join(printable.split()) if printable != name else name.strip()


def free(name: str, used: set[str]) -> str:
    """Return the name, with a number if it is used; `used` names are in lower case."""
    stem, number = name, 2
    if name.rpartition("_")[2].isdigit():
        stem, _, digits = name.rpartition("_")
        number = int(digits)
    while name.lower() in used:
        name = f"{stem}_{number}"
        number += 1
    return name


def _changes(names: Sequence[str], cleaned: Sequence[str], result: Sequence[str]) -> list[str]:
    """Return notes on the names that were blank or repeated; padding is not mentioned."""
    notes = []
    blank = [new for old, new in zip(cleaned, result, strict=True) if not old]
    if blank:
        notes.append(f"{len(blank)} column(s) without a name: called {', '.join(blank[:3])}")
    repeated = [new for old, new in zip(cleaned, result, strict=True) if old and old != new]
    if repeated:
        notes.append(f"{len(repeated)} repeated column name(s): called {', '.join(repeated[:3])}")
    return notes
