"""A worker as the keeper sees it, and how it is started: by a fork on Linux, else as a new process."""

import faulthandler
import gc
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flaskdash.serve.child import problem, worker
else:
    import problem
    import worker

FRAME = re.compile(r'File "(.+)", line (\d+)')


@dataclass(eq=False)
class Running:
    """A worker that runs, as the keeper sees it."""

    pid: int
    commands: int
    reports: int
    crash_log: IO[bytes]
    process: subprocess.Popen[bytes] | None = None  # if it was not forked
    started: float = field(default_factory=time.monotonic)
    unanswered: int = 0  # changes that it was told of
    pending_since: float = 0.0  # when it was told of the first of them, or answered the one before
    names: tuple[str, ...] = ()  # the files of these changes
    has_settled: bool = False  # whether it has said what it imported

    def tell(self, **command: Any) -> None:
        with suppress(OSError):  # it has just ended; the end of its reports says so
            os.write(self.commands, json.dumps(command).encode() + b"\n")

    def begin(self, start: worker.Start) -> None:
        """Have a spare worker load the project."""
        self.started = time.monotonic()
        self.tell(**asdict(start))

    def close(self) -> None:
        """Have it finish its open requests and end."""
        if self.commands >= 0:
            os.close(self.commands)
            self.commands = -1

    def kill(self) -> None:
        with suppress(OSError):
            os.kill(self.pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)

    def collect(self) -> int:
        """Return the exit code of a worker that has ended; negative if a signal ended it."""
        self.close()
        os.close(self.reports)
        if self.process:
            return self.process.wait()
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def crash_line(self, root: Path) -> problem.SourceLine | None:
        """Return the project's innermost line in what faulthandler wrote of a crash."""
        self.crash_log.seek(0)
        for name, line in FRAME.findall(self.crash_log.read().decode("utf-8", "replace")):
            file = Path(name)
            if file.is_relative_to(root) and ".venv" not in file.parts:
                return problem.SourceLine(file, int(line))
        return None


def fork(
    options: worker.Options, start: worker.Start | None, release: Callable[[], None]
) -> Running:
    """Fork a worker, which first releases the pipes of the other workers.

    Without a start, it is a spare one, which waits until begin().
    """
    commands, to_worker = os.pipe()
    from_worker, reports = os.pipe()
    crash_log = os.fdopen(os.memfd_create("crash"), "w+b")  # needs no room on a disk
    gc.freeze()  # so that its collections do not copy the memory that workers share
    with warnings.catch_warnings():
        # numpy's BLAS has a thread, and is made for forks.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        try:
            release()
            os.close(to_worker)
            os.close(from_worker)
            faulthandler.enable(crash_log, all_threads=False)
            worker.run(options, start, commands, reports)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(1)
    os.close(commands)
    os.close(reports)
    return Running(pid, to_worker, from_worker, crash_log)


def spawn(options: worker.Options, start: worker.Start) -> Running:
    """Start a worker as a new process."""
    arguments = [json.dumps(asdict(options)), json.dumps(asdict(start))]
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).parent), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=() if options.fd is None else (options.fd,),
    )
    assert process.stdin
    assert process.stdout
    pipes = os.dup(process.stdin.fileno()), os.dup(process.stdout.fileno())
    process.stdin.close()
    process.stdout.close()
    return Running(process.pid, *pipes, tempfile.TemporaryFile(), process)
