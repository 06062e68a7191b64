"""The types of fixtures that are functions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from click.testing import Result

Write = Callable[..., Path]


Cli = Callable[..., Result]
