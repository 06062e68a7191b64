"""{{ cookiecutter.summary }}"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame

SOURCE = Path(__file__).parents[2] / "data" / {{ cookiecutter.source }}


def load() -> DataFrame:
    """{{ cookiecutter.doing }}"""
{{ cookiecutter.body | indent(4, first=True) }}
