"""The lines of .env that flaskdash writes, and how it reads that file."""

from __future__ import annotations

from pathlib import Path

import dotenv
import pytest

from flaskdash.project import dotenv as project_dotenv
from flaskdash.project import dotenv_line


@pytest.mark.parametrize(
    "name", ["plain", "it's", 'a "b" c', "c\\d", "${HOME}", "$HOME", "#1", "é", "a\\"]
)
def test_the_path_of_a_database_is_read_unchanged(tmp_path: Path, name: str) -> None:
    path, url = tmp_path / ".env", f"sqlite:////data/{name}.db"
    path.write_text(f"{dotenv_line(('A', url))}\nB=1\n", "utf-8")
    assert dotenv.dotenv_values(path) == project_dotenv(path) == {"A": url, "B": "1"}


def test_a_byte_order_mark_is_not_part_of_the_first_name(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\nB=2\n", "utf-8-sig")
    assert project_dotenv(tmp_path / ".env") == {"A": "1", "B": "2"}
