"""What the generated app caches, and the headers of its answers."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from tests.support.projects import inside
from tests.support.web import fetch, serving, wait_for_data


def test_the_cache_keeps_to_its_room_and_drops_what_is_oldest(project: Path) -> None:
    inside(
        project,
        """
        app.engine.cache.ON_DISK = 40 * 2**12
        cache.folder.mkdir(parents=True)
        (cache.folder / "left-over.123").write_bytes(b"x" * 2**12)
        os.utime(cache.folder / "left-over.123", (1, 1))
        names = [f"{n % 16:x}{n:031}" for n in range(1, 400)]
        for n, name in enumerate(names):
            cache._write(name, b"x" * 100)
            os.utime(cache.folder / name, (1000 + n, 1000 + n))
        files = {path.name for path in cached_files()}
        assert 20 < len(files) < 60, len(files)
        assert files == set(names[-len(files):])
        """,
    )


def test_an_answer_is_sent_where_the_cache_cannot_be_written(project: Path) -> None:
    inside(
        project,
        """
        data["sales"].build()
        cache.folder.write_text("a file where the folder should be")
        assert get("/").status_code == get("/").status_code == 200
        cache.folder.unlink()
        assert get("/").status_code == 200
        assert len(cached_files()) == 1
        cached_files()[0].write_bytes(b"")  # as a power loss may leave it
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
        for path in cached_files():
            path.unlink()
        assert get("/").data == first
        assert not cached_files()
        """,
    )


def test_one_thread_builds_and_the_others_wait(project: Path) -> None:
    inside(
        project,
        """
        from concurrent.futures import ThreadPoolExecutor
        from app.engine.cache import Answer
        builds = []
        def build():
            builds.append(time.sleep(0.3))
            return Answer("answer")
        def ask(_):
            with flask_app.test_request_context():
                return cache.response("key", build, "text/plain", "no-cache").data
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(ask, range(8))) == {b"answer"}
        assert len(builds) == 1
        """,
    )


def test_an_error_keeps_its_headers(project: Path) -> None:
    inside(
        project,
        """
        for path in ("/", "/charts/revenue-by-region/data.json"):
            answer = client.post(path)
            assert answer.status_code == 405
            assert "GET" in answer.headers["Allow"]
        assert answer.json["error"]
        assert "<h1>405: Method Not Allowed</h1>" in client.post("/").text
        """,
    )


def test_only_an_address_with_a_version_lasts_a_year(project: Path) -> None:
    inside(
        project,
        """
        for name in ("vendor/plotly-basic.min.js", "style.css"):
            for coding in ("br", "gzip", ""):
                headers = {"Accept-Encoding": coding}
                old = client.get(f"/static/{name}", headers=headers)
                assert old.headers["Cache-Control"] == "no-cache"
                assert old.headers["Vary"] == "Accept-Encoding"
                new = client.get(f"/static/{name}?v=1", headers=headers)
                assert new.headers["Cache-Control"] == "public, max-age=31536000, immutable"
                assert new.headers.get("Content-Encoding", "") == coding
                again = client.get(f"/static/{name}", headers=headers | {"If-None-Match": old.headers["ETag"]})
                assert again.status_code == 304
        """,
    )


def test_a_container_runs_the_command_of_the_procfile(project: Path) -> None:
    web = (project / "Procfile").read_text("utf-8").splitlines()[0]
    docker = (project / "Dockerfile").read_text("utf-8").splitlines()[-1]
    assert json.loads(docker.removeprefix("CMD ")) == shlex.split(web.removeprefix("web: "))


def test_no_header_says_where_the_pages_are(project: Path) -> None:
    with serving(project) as url:
        wait_for_data(url)
        assert fetch(f"{url}/charts/revenue-by-region", SCRIPT_NAME="/charts")[0] == 200
