"""Serve a project, and request its pages."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page

from tests.support.waiting import wait_for


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def fetch(url: str, **headers: str) -> tuple[int, bytes]:
    """Return the status and the body of a page; status 0 if nothing answers."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
    except (urllib.error.URLError, ConnectionError):
        return 0, b""


@contextmanager
def serving(project: Path, **environment: str) -> Iterator[str]:
    """Run a project as in production, and yield its address."""
    port = free_port()
    web = (project / "Procfile").read_text("utf-8").splitlines()[0]
    command = web.removeprefix("web: python ")
    hidden = {"FLASK_DEBUG", "SECRET_KEY"}
    env = {key: value for key, value in os.environ.items() if key not in hidden}
    with (project / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [project / ".venv/bin/python", *shlex.split(command)],
            cwd=project,
            env=env | {"GUNICORN_CMD_ARGS": f"--bind 127.0.0.1:{port}"} | environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(lambda: fetch(f"{url}/up")[0] == 200, "the server to be up")
            yield url
        finally:
            process.terminate()
            process.wait(30)


def wait_for_data(url: str) -> None:
    """Wait until each loader of a served project has been read, however busy the machine is."""
    wait_for(lambda: fetch(f"{url}/ready")[0] == 200, "the data", 60)


class Watched:
    """A page of the browser that records its errors and dialogs."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append("a dialog opened"))
