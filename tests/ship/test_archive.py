"""The archive of a release."""

import os
import sys
import tarfile
from pathlib import Path

import pytest

from flaskdash.ship import archive
from flaskdash.ship.archive import Entry


def test_an_archive_only_depends_on_its_content(tmp_path: Path) -> None:
    original, copy = tmp_path / "original", tmp_path / "copy"
    original.write_text("same")
    copy.write_text("same")
    os.utime(copy, (1, 1))
    copy.chmod(0o600)
    entries = [Entry("d/b", b"b", executable=True), Entry("d/a", original)]
    archive.write(tmp_path / "1.tar.gz", entries)
    archive.write(tmp_path / "2.tar.gz", [Entry("d/a", copy), entries[0]])
    assert (tmp_path / "1.tar.gz").read_bytes() == (tmp_path / "2.tar.gz").read_bytes()
    with tarfile.open(tmp_path / "1.tar.gz") as tar:
        assert [(info.name, info.mode, info.uid, info.uname) for info in tar] == [
            ("d/a", 0o644, 0, ""),
            ("d/b", 0o755, 0, ""),
        ]


def test_an_edit_that_keeps_the_size_changes_the_time(tmp_path: Path) -> None:
    times = []
    for text in (b"limit = 5", b"limit = 6"):
        archive.write(tmp_path / "x.tar.gz", [Entry("x", text)])
        with tarfile.open(tmp_path / "x.tar.gz") as tar:
            times.append(tar.getmember("x").mtime)
    assert times[0] != times[1]


def test_a_script_is_executable_on_windows_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script, data = tmp_path / "run", tmp_path / "data"
    script.write_text("#!/bin/sh\n")
    data.write_text("1\n")
    script.chmod(0o755)
    assert archive.from_file("run", script) == Entry("run", script, executable=True)
    script.chmod(0o644)
    assert not archive.from_file("run", script).executable
    monkeypatch.setattr(sys, "platform", "win32")
    assert archive.from_file("run", script).executable
    assert not archive.from_file("data", data).executable
