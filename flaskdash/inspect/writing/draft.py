"""The draft of a loader: its body, and the DataFrame that the body returned."""

from __future__ import annotations

import ast
import re
import traceback
import types
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from flaskdash.inspect.model import Column, Omission, Read

LOADER = "<loader>"  # the name of the file that a body is compiled as


@dataclass(frozen=True)
class Draft:
    """How a format reads a file.

    `units` maps a column to a sign such as "$". `requires` are the packages that the body needs
    besides pandas, such as "python-calamine>=0.4". If the data is too big for a DataFrame, `frame` is a
    sample, and `columns` describe all of it. `omitted` is what the body leaves out. `keys` are the
    columns that a database declares as keys.
    """

    read: Read
    body: str
    frame: pd.DataFrame
    notes: tuple[str, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    declined: str = ""
    requires: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    omitted: tuple[Omission, ...] = ()
    keys: frozenset[str] = frozenset()


def run(body: str, source: Path) -> pd.DataFrame:
    """Execute a loader's body, exactly as the loader will, and return its DataFrame."""
    frame = execute(body, source)
    if not isinstance(frame, pd.DataFrame):
        raise TypeError("the loader's body did not return a DataFrame")
    return frame


def failed_column(error: BaseException, body: str) -> str:
    """Return the column whose conversion raised an error when a body was executed, or ""."""
    for frame, number in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename == LOADER and frame.f_code.co_name == "load":
            line = body.split("\n")[number - 2].lstrip()  # line 1 is that of the function
            if line.startswith("df[column] ="):
                return str(frame.f_locals["column"])
            if match := re.match(r'df\[("(?:[^"\\]|\\.)*")\] =', line):
                return str(ast.literal_eval(match[1]))
    return ""


def without_totals(body: str) -> str:
    """Return a loader's body that drops the rows of TOTALS."""
    head, _, result = body.rpartition("\nreturn ")
    name = "df" if result == "df" else "rows"
    if result != name:
        head += f"\n{name} = {result}"
    step = (
        "df = df[~df[column].isin(totals)]"
        if name == "df"
        else "rows = rows.filter(f'coalesce(\"{column}\" NOT IN {totals}, true)')"
    )
    return f"{head}\nfor column, totals in TOTALS.items():\n    {step}\nreturn {name}"


def execute(
    body: str, source: Path, totals: Mapping[str, Sequence[str]] = MappingProxyType({})
) -> Any:
    """Execute a loader's body, exactly as the loader will, and return its result.

    In the body, SOURCE is the file and TOTALS is `totals`. Warnings are errors, because a loader
    must not start with one. Deprecations are not: they are meant for the authors of libraries.
    """
    indented = "".join(f"    {line}\n" if line else "\n" for line in body.split("\n"))
    code = compile(f"def load():\n{indented}", LOADER, "exec")
    module = types.ModuleType("loader")
    names: dict[str, Any] = module.__dict__
    names |= {"SOURCE": source, "TOTALS": totals}
    exec(code, names)  # noqa: S102 - flaskdash wrote this text; data enters it as literals only
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.filterwarnings("ignore", "Skipping line")  # those lines are counted in a note
        return names["load"]()
