"""Patterns that see data take linear time, whatever a cell holds."""

from __future__ import annotations

import importlib
import itertools
import pkgutil
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

import flaskdash.charts
import flaskdash.inspect
from flaskdash.inspect.source import inspect_source
from flaskdash.inspect.values import months
from tests.support.fixtures import Write

LENGTH = 100_000  # at which a quadratic pattern takes many seconds, and a linear one milliseconds
CELL_SECONDS = 2  # of this process's own CPU time, so that a busy machine changes nothing
FILE_SECONDS = 20
UNITS = (
    *("1.", "1,", "1", "a", " ", "-", "=", "+", "(", "_", "a ", "1 ", "1e", "1-", "1:", "1/", "1Z"),
    *(
        "\n",
        "a\n",
        "Aa",
        "A",
        "é",
        "total",
        "total ",
        "2024",
        "2024-01-01 ",
        "12Z",
        "a/",
        "/",
        "'1",
    ),
    *(
        "Q1",
        "income ",
        "developed regions ",
        "1 de ",
        "or more ",
        "to 1",
        ",111",
        ">",
        "$",
        "T",
        ".",
    ),
)
ENDS = ("", "x", "\nx")
STARTS = ("", "1", "2024-01-01 ", ">")
SEARCHED = {"_WORD", "_PER", "_AMOUNT_UNIT", "_CASE_CHANGE", "_LETTERS"}
"""The patterns that are looked for anywhere in a text; all others must match the whole of it."""


class TooLong(Exception):
    """A pattern took more than its time."""


@contextmanager
def limit(seconds: float) -> Iterator[None]:
    """Raise TooLong after some seconds of this process's own CPU time."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TooLong

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    """Yield the compiled patterns of all modules that see data, with their names."""

    def within(name: str, value: Any) -> Iterator[tuple[str, re.Pattern[str]]]:
        if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
            yield name, value
        elif isinstance(value, dict | tuple):
            items = value.items() if isinstance(value, dict) else enumerate(value)
            for key, item in items:
                yield from within(f"{name}.{key}", item)

    for package in (flaskdash.inspect, flaskdash.charts):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            for name, value in vars(importlib.import_module(info.name)).items():
                if not name.startswith("__"):
                    module = info.name.removeprefix("flaskdash.")
                    yield from within(f"{module}.{name}", value)
    for name in ("_ORDINAL", "_PARTICLES", "_YEARS", "_WEEKDAY"):
        yield f"inspect.values.months.{name}", re.compile(getattr(months, name)[0])


PATTERNS = {pattern: name for name, pattern in patterns()}


def test_all_patterns_are_known() -> None:
    names = {name.rpartition(".")[2] for name in PATTERNS.values()}
    assert {"NUMBER", "DATE", "_AFFIXED", "_BAND", "_RULER", "_PARTICLES", *SEARCHED} <= names
    assert any(name.endswith("STYLES.dot.2") for name in PATTERNS.values())


@pytest.mark.parametrize("pattern", PATTERNS, ids=PATTERNS.values())
def test_a_pattern_is_linear(pattern: re.Pattern[str]) -> None:
    name = PATTERNS[pattern]
    is_searched = name.rpartition(".")[2] in SEARCHED or name.startswith("inspect.values.months._")
    matches = pattern.findall if is_searched else pattern.fullmatch
    for start, unit, end in itertools.product(STARTS, UNITS, ENDS):
        cell = start + unit * (LENGTH // len(unit)) + end
        try:
            with limit(CELL_SECONDS):
                matches(cell)
        except TooLong:
            pytest.fail(f"{name} takes more than linear time: {cell[:20]!r}...{cell[-9:]!r}")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_file_of_hostile_cells_is_inspected(write: Write, separator: str) -> None:
    """50 long cells of each kind; 20 kB of them took a minute."""
    for unit in UNITS:
        if not {separator, "\n"} & {*unit}:
            rows = [f"{n}{separator}{unit * (3200 // len(unit))}x" for n in range(50)]
            path = write("\n".join([f"a{separator}b", *rows]))
            try:
                with limit(FILE_SECONDS):
                    inspect_source(path)
            except TooLong:
                pytest.fail(f"a file of {unit!r} takes too long")
