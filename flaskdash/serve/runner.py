"""The project's process in dev mode: started, told of changes, replaced, stopped."""

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
    """One process of the project at a time on the listening socket, which outlives them all."""

    def __init__(self, project: Project, listener: socket, host: str) -> None:
        self.project = project
        self._listener = listener
        self._argv = [str(project.python), str(CHILD), host, str(port_of(listener))]
        self._leaving: list[tuple[shell.Process, float]] = []
        self._started = 0.0
        self.lived_long = False
        """Whether the process that ended had run for a while: then a new one may do better."""
        self._process: shell.Process | None = None
        if sys.platform == "win32":
            listener.close()  # a socket can't be passed on as a number there: the child opens it
        else:
            self._argv.append(str(listener.fileno()))

    def start(self) -> None:
        """Start the project; the process before, if any, answers what it has begun and goes."""
        if self._process:
            _hang_up(self._process)
            self._leaving.append((self._process, time.monotonic() + DRAIN_SECONDS))
        self._process = shell.start(
            self._argv,
            cwd=self.project.root,
            env={"FLASK_DEBUG": "1", "PYTHONUNBUFFERED": "1"},
            pass_fds=[] if sys.platform == "win32" else [self._listener.fileno()],
        )
        self._started = time.monotonic()

    def tell(self, change: Change) -> None:
        """Tell the process of a change that it can take in without a new start."""
        if self._process and self._process.stdin:
            with suppress(OSError):  # it has just ended: look() finds that
                self._process.stdin.write(f"{change.value}\n".encode())
                self._process.stdin.flush()

    @property
    def running(self) -> bool:
        """Return whether the project's process runs."""
        return self._process is not None and self._process.poll() is None

    def ended(self) -> int | None:
        """Return, once, the exit code of a process that ended by itself; end lingering old ones."""
        for process, deadline in self._leaving:
            if process.poll() is None and time.monotonic() > deadline:
                process.kill()
        self._leaving = [(old, until) for old, until in self._leaving if old.poll() is None]
        if self.running or self._process is None:
            return None
        code = self._process.poll()
        self.lived_long = time.monotonic() - self._started > SHORT_LIFE_SECONDS
        _hang_up(self._process)
        self._process = None
        return code

    def stop(self) -> None:
        """End every process that was started."""
        for process in [old for old, _ in self._leaving] + [self._process]:
            if process:
                _hang_up(process)
                shell.stop(process)


def _hang_up(process: shell.Process) -> None:
    if process.stdin:
        with suppress(OSError):
            process.stdin.close()
