"""Start, notify and stop the process that keeps the project's workers in dev mode."""

import json
import os
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from socket import socket

from flaskdash import shell
from flaskdash.project import Project
from flaskdash.serve.listen import port_of

CHILD = Path(__file__).with_name("child")
SHORT_LIFE_SECONDS = 2.0
# With -P, no module in the project's folder hides one of flaskdash.
DRAFTER = [sys.executable, "-P", "-m", "flaskdash.generate.chart_form"]


class Runner:
    """Runs the keeper (see child/keeper.py), with the listening socket that all workers use."""

    def __init__(
        self, project: Project, listener: socket, host: str, token: str, verbose: bool
    ) -> None:
        self.project = project
        self.ran_long = False
        """Whether the process that ended had run for a while, so that a restart may help."""
        self._started = 0.0
        self._process: shell.Process | None = None
        options = {
            "host": host,
            "port": port_of(listener),
            "token": token,
            "verbose": verbose,
            "drafter": DRAFTER,
        }
        self._fds: list[int] = []
        if sys.platform == "win32":
            listener.close()  # Windows cannot pass a socket on by its number; the child opens it
        else:
            self._fds = [listener.fileno()]
            options["fd"] = listener.fileno()
        self._argv = [str(project.python), str(CHILD), json.dumps(options)]

    def start(self) -> None:
        """Start the keeper; a previous one ends with its workers."""
        self.stop()
        self._process = shell.start(
            self._argv,
            cwd=self.project.root,
            env={
                "FLASK_DEBUG": "1",
                "PYTHONUNBUFFERED": "1",
                "FLASKDASH_SERVE_PID": str(os.getpid()) if sys.stdin.isatty() else None,
            },
            pass_fds=self._fds,
        )
        self._started = time.monotonic()

    def notify(self, paths: Iterable[str]) -> None:
        """Have the project follow changes of files, which are relative to it."""
        self._send({"changed": sorted(paths)})

    def restart(self) -> None:
        """Start the project again, in a new worker."""
        self._send({"restart": True})

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def collect_exit_code(self) -> int | None:
        """Return the exit code once if the process ended by itself."""
        if self.running or self._process is None:
            return None
        code = self._process.poll()
        self.ran_long = time.monotonic() - self._started > SHORT_LIFE_SECONDS
        self._close_stdin()
        self._process = None
        return code

    def stop(self) -> None:
        if self._process:
            self._close_stdin()
            shell.stop(self._process)

    def _send(self, command: dict[str, object]) -> None:
        if self._process and self._process.stdin:
            with suppress(OSError):  # it has just ended; collect_exit_code() handles that
                self._process.stdin.write(json.dumps(command).encode() + b"\n")
                self._process.stdin.flush()

    def _close_stdin(self) -> None:
        if self._process and self._process.stdin:
            with suppress(OSError):
                self._process.stdin.close()
