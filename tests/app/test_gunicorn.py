"""How a worker starts: beside another release, it builds its first page before it takes requests."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Iterable
from typing import Any

import pytest

from flaskdash import skeletons


class FakeWorker:
    """Records the pages that are requested; a page takes until gunicorn is told of the worker."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.is_alive = threading.Event()

    def wsgi(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        assert self.is_alive.wait(30)
        self.paths.append(environ["PATH_INFO"])
        start_response("200 OK", [])
        return [b"page"]

    def notify(self) -> None:
        self.is_alive.set()


def settings() -> Any:
    """Return gunicorn.conf.py of a new project as a module."""
    (path,) = (skeletons.TEMPLATES / "project").glob("*/gunicorn.conf.py")
    spec = importlib.util.spec_from_file_location("gunicorn_conf", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_worker_with_a_lent_socket_builds_the_first_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTEN_FDS", "1")
    worker = FakeWorker()
    settings().post_worker_init(worker)
    assert worker.paths == ["/"]


def test_a_worker_with_a_port_of_its_own_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LISTEN_FDS", raising=False)
    worker, module = FakeWorker(), settings()
    started: list[float] = []

    class FakeTimer:
        def __init__(self, seconds: float, function: Any, arguments: list[Any]) -> None:
            self.seconds, self.work = seconds, lambda: function(*arguments)

        def start(self) -> None:
            started.append(self.seconds)
            self.work()

    monkeypatch.setattr(module, "Timer", FakeTimer)
    module.post_worker_init(worker)
    assert started == [1.0]
    assert worker.paths == []
