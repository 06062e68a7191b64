"""The project of a folder, as its pyproject.toml describes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from flaskdash.errors import FlaskdashError
from flaskdash.project import Project


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tool = 1", "has tool as a value"),
        ("project = 'x'\n[tool.flaskdash]", "has project as a value"),
        ("[tool]\nflaskdash = []", "is not inside a flaskdash project"),
        ("[[tool]]", "has tool as a value"),
        ("", "is not inside a flaskdash project"),
        ("[tool", "is not valid TOML"),
    ],
)
def test_a_damaged_pyproject_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text, "utf-8")
    with pytest.raises(FlaskdashError, match=message):
        Project.find(tmp_path)
