"""Start, notify, replace and stop the project's process in dev mode."""

import sys
import time
from contextlib import suppress
from pathlib import Path
from socket import socket

from flaskdash import shell
from flaskdash.project import Project
from flaskdash.serve.listen import port_of
from flaskdash.serve.watch import Change

CHILD = Path(__file__).with_name("child")
DRAIN_SECONDS = 3.0
SHORT_LIFE_SECONDS = 2.0


class Runner:
    """Runs one process of the project at a time; all of them use the same listening socket."""

    def __init__(self, project: Project, listener: socket, host: str) -> None:
        self.project = project
        self._listener = listener
        self._argv = [str(project.python), str(CHILD), host, str(port_of(listener))]
        self._draining: list[tuple[shell.Process, float]] = []
        self._started = 0.0
        self.ran_long = False
        """Whether the process that ended had run for a while, so that a restart may help."""
        self._process: shell.Process | None = None
        if sys.platform == "win32":
            listener.close()  # Windows cannot pass a socket on by its number; the child opens it
        else:
            self._argv.append(str(listener.fileno()))

    def start(self) -> None:
        """Start the project; a previous process finishes its open requests, then exits."""
        if self._process:
            _close_stdin(self._process)
            self._draining.append((self._process, time.monotonic() + DRAIN_SECONDS))
        self._process = shell.start(
            self._argv,
            cwd=self.project.root,
            env={"FLASK_DEBUG": "1", "PYTHONUNBUFFERED": "1"},
            pass_fds=[] if sys.platform == "win32" else [self._listener.fileno()],
        )
        self._started = time.monotonic()

    def notify(self, change: Change) -> None:
        """Send a change to the process that it can apply without a restart."""
        if self._process and self._process.stdin:
            with suppress(OSError):  # it has just ended; collect_exit_code() handles that
                self._process.stdin.write(f"{change.value}\n".encode())
                self._process.stdin.flush()

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def collect_exit_code(self) -> int | None:
        """Return the exit code once if the process ended by itself; kill overdue old processes."""
        for process, deadline in self._draining:
            if process.poll() is None and time.monotonic() > deadline:
                process.kill()
        self._draining = [
            (process, deadline) for process, deadline in self._draining if process.poll() is None
        ]
        if self.running or self._process is None:
            return None
        code = self._process.poll()
        self.ran_long = time.monotonic() - self._started > SHORT_LIFE_SECONDS
        _close_stdin(self._process)
        self._process = None
        return code

    def stop(self) -> None:
        for process in [*(old for old, _ in self._draining), self._process]:
            if process:
                _close_stdin(process)
                shell.stop(process)


def _close_stdin(process: shell.Process) -> None:
    if process.stdin:
        with suppress(OSError):
            process.stdin.close()
