"""Two instances behind one address, with a real Redis: what they answer is what one would."""

from __future__ import annotations

import http.client
import itertools
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

import pytest
import redis

from flaskdash.cli import cli
from tests.support.fixtures import Cli
from tests.support.projects import copy_project, own_environment
from tests.support.servers import program
from tests.support.waiting import wait_for
from tests.support.web import fetch, free_port, serving

COUNT = """

@pages.get("/count")
def count() -> str:
    from flask import session

    session["n"] = session.get("n", 0) + 1
    return str(session["n"])
"""
PAGES = ("/", "/?region=North", "/dashboards/overview?product=Tea&region=South")
ROWS = ("/charts/revenue-by-region.csv?product=Tea", "/charts/revenue-by-region/data.json")


@dataclass
class Redis:
    """A Redis server on a port of its own, that can be stopped and started again."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        flags = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        with (self.folder / "redis.log").open("ab") as log:
            self.process = subprocess.Popen(
                [program("redis-server"), *flags], cwd=self.folder, stdout=log, stderr=log
            )
        wait_for(self.answers, "Redis")

    def answers(self) -> bool:
        with redis.Redis.from_url(self.url) as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False

    def stop(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(30)

    def keys(self) -> set[bytes]:
        with redis.Redis.from_url(self.url) as client:
            return set(client.keys("flaskdash:*"))

    def put(self, key: bytes, value: bytes) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.set(key, value)


@contextmanager
def balancer(*ports: int) -> Iterator[str]:
    """Hand each connection to the next of the ports; lend the one address that a browser sees."""
    turns = itertools.cycle(ports)
    listener = socket.create_server(("127.0.0.1", 0))

    def pipe(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # one side was quicker

    def serve(client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", next(turns))) as server:
            back = threading.Thread(target=pipe, args=[server, client])
            back.start()
            pipe(client, server)
            back.join()

    def accept() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=[client], daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


@dataclass
class Pair:
    """Two instances of a project, each in a folder of its own, and the address of both."""

    address: str
    urls: tuple[str, str]
    folders: tuple[Path, Path]
    redis: Redis

    def cached(self) -> list[Path]:
        return [file for folder in self.folders for file in folder.glob("instance/cache/*")]


@pytest.fixture(scope="module")
def shop(shared_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project that shares its answers: what `add-redis` makes of one."""
    from click.testing import CliRunner

    root = tmp_path_factory.mktemp("redis") / "shop"
    copy_project(shared_project, root)
    own_environment(root, shared_project)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        result = CliRunner().invoke(cli, ["add-redis"])
    assert result.exit_code == 0, result.output
    assert "require   redis" in result.output
    assert "create    app/engine/shared.py" in result.output
    return root


@pytest.fixture(scope="module")
def pair(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    server = Redis(tmp_path_factory.mktemp("server"), free_port())
    folders = (shop.with_name("one"), shop.with_name("two"))
    with ExitStack() as stack:
        server.start()
        stack.callback(server.stop)
        urls = []
        for folder in folders:
            ignored = shutil.ignore_patterns(".venv", "instance")
            shutil.copytree(shop, folder, ignore=ignored)
            (folder / ".venv").symlink_to(shop / ".venv")
            with (folder / "app/pages.py").open("a", encoding="utf-8") as pages:
                pages.write(COUNT)
            shared = folder / "app/engine/shared.py"
            text = shared.read_text("utf-8")
            assert "PAUSE_SECONDS = 10.0" in text
            shared.write_text(text.replace("PAUSE_SECONDS = 10.0", "PAUSE_SECONDS = 0.2"), "utf-8")
            running = serving(folder, SECRET_KEY="both", REDIS_URL=server.url)
            urls.append(stack.enter_context(running))
        for url in urls:
            wait_for(lambda url=url: fetch(f"{url}/ready")[0] == 200, "the snapshots")  # type: ignore[misc]
        ports = [int(url.rpartition(":")[2]) for url in urls]
        address = stack.enter_context(balancer(*ports))
        yield Pair(address, (urls[0], urls[1]), folders, server)


def ask(url: str, path: str, **headers: str) -> tuple[int, Message, bytes]:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def test_filters_agree(pair: Pair) -> None:
    for path in PAGES + ROWS:
        answers = [ask(pair.address, path) for _ in range(4)]
        assert {status for status, _, _ in answers} == {200}, path
        assert len({body for _, _, body in answers}) == 1, path
        assert len({headers["ETag"] for _, headers, _ in answers}) == 1, path
    bodies = [ask(url, path)[2] for url in pair.urls for path in PAGES]
    assert len(set(bodies)) == len(PAGES)  # another filter is another page, on both


def test_what_one_has_worked_out_the_other_only_reads(pair: Pair) -> None:
    path = "/?region=West"
    before = pair.redis.keys()
    assert ask(pair.urls[0], path)[0] == 200
    (key,) = pair.redis.keys() - before
    pair.redis.put(key, b"from Redis")
    assert ask(pair.urls[1], path)[2] == b"from Redis"
    assert pair.cached() == []


def test_a_browser_that_has_the_answer_of_one_need_not_ask_the_other(pair: Pair) -> None:
    for path in PAGES:
        tag = ask(pair.urls[0], path)[1]["ETag"]
        assert ask(pair.urls[1], path, **{"If-None-Match": tag})[0] == 304


def test_a_session_goes_on_wherever_the_next_request_lands(pair: Pair) -> None:
    counted, cookie = [], ""
    for _ in range(4):
        _, headers, body = ask(pair.address, "/count", Cookie=cookie)
        counted.append(body)
        cookie = headers["Set-Cookie"].partition(";")[0]
    assert counted == [b"1", b"2", b"3", b"4"]


def test_other_data_is_another_answer(pair: Pair) -> None:
    """An instance that has read newer data must not be given what was worked out from older."""
    path = "/charts/revenue-by-region.csv"
    old = ask(pair.urls[0], path)
    source = pair.folders[1] / "data/sales.csv"
    text = source.read_text("utf-8")
    try:
        source.write_text(text + "2023-01-01,North,Tea,1,1000000.00\n", "utf-8")
        wait_for(lambda: ask(pair.urls[1], path)[2] != old[2], "the newer data")
        assert ask(pair.urls[0], path)[2] == old[2]
    finally:
        source.write_text(text, "utf-8")
    wait_for(lambda: ask(pair.urls[1], path)[2] == old[2], "the data from before")
    assert ask(pair.urls[1], path)[1]["ETag"] == old[1]["ETag"]


def test_without_redis_each_goes_on_by_itself(pair: Pair) -> None:
    pair.redis.stop()
    try:
        for path in ("/?region=East", *PAGES):
            answers = [ask(pair.address, path) for _ in range(4)]
            assert {status for status, _, _ in answers} == {200}
            assert len({headers["ETag"] for _, headers, _ in answers}) == 1
        assert pair.cached() != []
    finally:
        pair.redis.start()

    filters = itertools.product(("North", "South", "East", "West"), ("Tea", "Coffee", "Cocoa"))

    def redis_is_used() -> bool:
        time.sleep(0.1)
        region, product = next(filters)  # what was asked before is in memory
        assert ask(pair.address, f"/?region={region}&product={product}")[0] == 200
        return bool(pair.redis.keys())

    wait_for(redis_is_used, "Redis to be asked again")


def test_the_module_holds_to_what_the_project_asks_of_its_code(shop: Path) -> None:
    for tool in ("mypy app/engine/shared.py", "ruff check", "ruff format --check"):
        command = [shop / ".venv/bin/python", "-m", *tool.split()]
        completed = subprocess.run(command, cwd=shop, capture_output=True, text=True)
        assert completed.returncode == 0, completed.stdout + completed.stderr


def test_a_second_time_changes_nothing(
    shop: Path, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shop)
    before = (shop / "uv.lock").read_bytes()
    assert "identical app/engine/shared.py" in flaskdash("add-redis").output
    assert (shop / "uv.lock").read_bytes() == before


def test_a_project_of_an_older_flaskdash_is_refused(made: Path, flaskdash: Cli) -> None:
    shutil.rmtree(made / "app/engine")
    assert "it was made by an older flaskdash" in flaskdash("add-redis", code=1).output
    assert not (made / "app/engine").exists()
