"""The link of a problem to the editor: $VISUAL or $EDITOR with a window, else an address of VS Code."""

import importlib
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from flaskdash.serve.child import problem
from tests.support.serving import until

LINE = {"Origin": "http://localhost", "Host": "localhost"}


@pytest.fixture
def editor(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(Path(problem.__file__).parent))
    return importlib.import_module("editor")


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set $EDITOR to a program that notes its arguments; return the file of its notes."""
    notes, code = tmp_path / "notes.txt", tmp_path / "bin" / "code"
    code.parent.mkdir()
    code.write_text(f'#!/bin/sh\necho "$$ $@" > {notes}\n')
    code.chmod(0o755)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f"{code} --wait")
    return notes


def exists(pid: int) -> bool:
    """Return whether there is a process, be it a zombie."""
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


@pytest.mark.parametrize("words", ["", "vim", "nano -w", "/missing/code"])
def test_an_editor_in_a_terminal_or_none_is_not_started(
    editor: Any, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", words)
    assert editor.command() == []


@pytest.mark.skipif("sys.platform == 'win32'", reason="the program is a script of sh")
def test_a_link_opens_a_file_of_the_project_at_its_line(
    editor: Any, program: Path, tmp_path: Path
) -> None:
    root = tmp_path / "project"
    root.mkdir()
    (root / "chart one.py").touch()
    (tmp_path / "outside.py").touch()
    project = importlib.import_module("loaded").LoadedProject(root)
    client = Client(importlib.import_module("dev_app").DevApp(project, "localhost", "token", []))

    def ask(file: str, **headers: str) -> int:
        address = "/_dev/token/edit"
        query = {"file": file, "line": "7"}
        return client.post(address, query_string=query, headers=LINE | headers).status_code

    assert ask("../outside.py") == 204
    assert ask("chart one.py", Origin="http://example.com") == 404
    time.sleep(0.1)
    assert not program.exists()
    assert ask("chart one.py") == 204
    notes = until(lambda: program.exists() and program.read_text(), "the editor")
    pid, _, words = notes.partition(" ")
    assert words == f"--wait --goto {root.resolve()}/chart one.py:7\n"
    until(lambda: not exists(int(pid)), "the editor's process is collected")


def test_the_address_of_vs_code_has_the_line(tmp_path: Path) -> None:
    source = problem.SourceLine(tmp_path / "chart one.py", 7)
    values = problem.at("An error", source, tmp_path, "").as_dict()
    assert values["editor"] == f"vscode://file{tmp_path.as_posix()}/chart%20one.py:7"
