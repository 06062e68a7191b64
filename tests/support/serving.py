"""A running `flaskdash serve`, as tests use it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

DEADLINE = 20.0


def until(get: Callable[[], Any], expectation: str = "") -> Any:
    """Return the first true value of `get`; fail after a deadline."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        if value := get():
            return value
        time.sleep(0.01)
    raise AssertionError(f"not in time: {expectation}")


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    command = ["ps", "-o", "pid=", "--ppid", str(pid)]
    output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return [int(line) for line in output.split()]


class Served:
    """A running `flaskdash serve` and its output."""

    def __init__(self, root: Path, *args: str, output: str = "output.txt", **env: str) -> None:
        self.root = root
        self.output = root.parent / output
        code = "from flaskdash.commands.serve import command; command()"
        with self.output.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-c", code, *args],
                cwd=root,
                env=os.environ | env,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def printed(self) -> str:
        return self.output.read_text(encoding="utf-8", errors="replace")

    def wait(self, pattern: str) -> re.Match[str]:
        """Wait until the output matches, and return the match."""

        def search() -> re.Match[str] | None:
            has_ended = self.process.poll() is not None
            match = re.search(pattern, self.printed())
            assert match or not has_ended, self.printed()
            return match

        match: re.Match[str] = until(search, f"{pattern} in {self.printed()}")
        return match

    @property
    def address(self) -> str:
        return self.wait(r"Serving .+ on (\S+)")[1]

    def get(self, path: str = "/", **headers: str) -> tuple[int, str]:
        return self.ask(self.address + path, **headers)

    def ask(self, url: str, body: bytes | None = None, **headers: str) -> tuple[int, str]:
        request = urllib.request.Request(url, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    @property
    def base(self) -> str:
        """Return the path of this session's addresses, as a page has it."""
        match = re.search(r'src="(/_dev/[^/"]+)/dev\.js"', self.get("/")[1])
        assert match
        return match[1]

    def state(self) -> dict[str, Any]:
        """Return the first state in the event stream, as a browser receives it."""
        host, port = self.address.removeprefix("http://").split(":")
        with closing(HTTPConnection(host, int(port), timeout=DEADLINE)) as connection:
            connection.request("GET", f"{self.base}/events")
            with connection.getresponse() as response:
                for line in response:
                    if line.startswith(b"data: "):
                        return dict(json.loads(line.removeprefix(b"data: ")))
        return {}

    def state_after(self, change: Callable[[], object], key: str = "id") -> dict[str, Any]:
        """Make a change, and return the first state with another value under `key`."""
        before = self.state()
        change()
        state: dict[str, Any] = until(
            lambda: (now := self.state()) and now[key] != before[key] and now, self.printed()
        )
        return state

    def save(self, name: str, text: str) -> None:
        (self.root / name).write_text(text, encoding="utf-8")

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(DEADLINE)
