"""The generated project from within: its cache, its snapshots, what it takes and what it sends."""

from __future__ import annotations

import os
import subprocess
import textwrap
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("project")

START = """
import json, os, sys, time
from pathlib import Path
import app.cache, app.data
from app import create_app
made = create_app()
data, cache = made.extensions["data"], made.extensions["cache"]
client = made.test_client()
folder = cache.folder
def get(path, **headers):
    return client.get(path, headers=headers)
def kept():
    return sorted(folder.iterdir()) if folder.exists() else []
"""


def inside(project: Path, code: str, start: str = START, **environment: str) -> str:
    """Run code in the project's own Python, with its application made; return what it prints."""
    done = subprocess.run(
        [project / ".venv/bin/python", "-W", "error", "-c", start + textwrap.dedent(code)],
        cwd=project,
        env=os.environ | {"SECRET_KEY": "test"} | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def change(project: Path, file: str, *pairs: tuple[str, str]) -> None:
    path = project / "app" / file
    text = path.read_text("utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, "utf-8")


# The cache


def test_the_cache_keeps_to_its_room_and_drops_what_is_oldest(project: Path) -> None:
    inside(
        project,
        """
        app.cache.ON_DISK = 40 * 2**12
        folder.mkdir(parents=True)
        (folder / "left-over.123").write_bytes(b"x" * 2**12)
        os.utime(folder / "left-over.123", (1, 1))
        names = [f"{n % 16:x}{n:031}" for n in range(1, 400)]
        for n, name in enumerate(names):
            cache._write(name, b"x" * 100)
            os.utime(folder / name, (1000 + n, 1000 + n))
        found = {path.name for path in kept()}
        assert 20 < len(found) < 60, len(found)
        assert found == set(names[-len(found):])
        """,
    )


def test_an_answer_is_sent_where_the_cache_cannot_be_written(project: Path) -> None:
    inside(
        project,
        """
        data.build("sales")
        folder.write_text("a file where the folder should be")
        assert get("/").status_code == get("/").status_code == 200
        folder.unlink()
        assert get("/").status_code == 200
        assert len(kept()) == 1
        kept()[0].write_bytes(b"")  # as a power loss may leave it
        cache._get.cache_clear()
        assert b"Overview" in get("/").data
        """,
    )


def test_an_answer_in_memory_is_not_looked_for_on_disk(project: Path) -> None:
    inside(
        project,
        """
        first = get("/").data
        assert get("/").data == first
        for path in kept():
            path.unlink()
        assert get("/").data == first
        assert not kept()
        """,
    )


def test_one_thread_builds_and_the_others_wait(project: Path) -> None:
    inside(
        project,
        """
        from concurrent.futures import ThreadPoolExecutor
        built = []
        def build():
            built.append(time.sleep(0.3))
            return "answer"
        def ask(_):
            with made.test_request_context():
                return cache.response("key", build, "text/plain").data
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(ask, range(8))) == {b"answer"}
        assert len(built) == 1
        """,
    )
