"""What reaches a terminal: names from data are printed without what a terminal would obey."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from flaskdash.errors import FlaskdashError
from flaskdash.progress import echo_json

ROOT = Path(__file__).parents[2]
EVIL = "a\x1b]0;PWNED\x07b\x9b31mc\u202ed\re"
PLAIN = "a ]0;PWNED b 31mc d e"
CSV = "day,amount\n2024-01-01,1\n2024-01-02,2\n"


def on_terminal(folder: Path, *arguments: str) -> str:
    """Run flaskdash on a terminal, and return what it printed."""
    child = pexpect.spawn(
        sys.executable,
        ["-m", "flaskdash", *arguments],
        cwd=str(folder),
        timeout=60,
        encoding="utf-8",
        dimensions=(50, 300),
    )
    child.expect(pexpect.EOF)
    child.close()
    return str(child.before)


def database(folder: Path) -> str:
    connection = sqlite3.connect(folder / "evil.db")
    for name in (EVIL, "other"):
        connection.execute(f'CREATE TABLE "{name}" (day TEXT, amount INT)')
        connection.execute(f"INSERT INTO \"{name}\" VALUES ('2024-01-01', 1)")
    connection.commit()
    connection.close()
    return "evil.db"


def archive(folder: Path) -> str:
    with zipfile.ZipFile(folder / "evil.zip", "w") as file:
        file.writestr(f"{EVIL}.csv", CSV)
        file.writestr("other.csv", CSV)
    return "evil.zip"


def files(folder: Path) -> str:
    (folder / "evil").mkdir()
    (folder / f"evil/{EVIL}.csv").write_text(CSV)
    (folder / "evil/other.csv").write_text("something,else\n1,2\n")
    return "evil"


def file(folder: Path) -> str:
    (folder / f"{EVIL}.csv").write_text(CSV)
    return f"{EVIL}.csv"


@pytest.mark.parametrize("source", [database, archive, files, file])
@pytest.mark.parametrize("command", ["inspect", "new", "json"])
def test_names_in_data_do_not_control_the_terminal(
    tmp_path: Path, source: Callable[[Path], str], command: str
) -> None:
    arguments = {
        "inspect": ["inspect"],
        "new": ["new", "shop", "--no-git", "--no-install", "--dry-run", "--data"],
        "json": ["inspect", "--json"],
    }
    printed = on_terminal(tmp_path, *arguments[command], source(tmp_path))
    assert PLAIN in printed or "\\u009b31m" in printed
    assert not re.search("\x1b]|\x07|\x9b|\u202e|d\re", printed)


def test_an_error_keeps_its_lines_and_its_hint() -> None:
    error = FlaskdashError(f"No table {EVIL}:\n  other", hint=f"--table {EVIL}")
    assert error.format_message() == f"No table {PLAIN}:\n  other\nTry: --table {PLAIN}"


def test_json_escapes_what_a_terminal_would_obey(capsys: pytest.CaptureFixture[str]) -> None:
    echo_json({"é": EVIL})
    escaped = r"a\u001b]0;PWNED\u0007b\u009b31mc\u202ed\re"
    assert capsys.readouterr().out == f'{{\n  "é": "{escaped}"\n}}\n'


def test_all_that_is_printed_goes_through_one_module() -> None:
    users = {
        path.name
        for path in (ROOT / "flaskdash").rglob("*.py")
        if re.search(r"\bclick\.s?echo\b", path.read_text("utf-8"))
    }
    assert users == {"progress.py"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
@pytest.mark.parametrize("command", [["--help"], ["add-chart", "--help"], ["inspect", "a.csv"]])
def test_output_to_a_full_disk_is_an_error_in_a_line(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "a.csv").write_text(CSV)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "flaskdash", *command],
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("No space left on device")
    assert "Traceback" not in done.stderr
