"""The keeper: starts the workers, one for each state of the project's code that needs a new process.

On Linux a worker is forked from this process, which has imported what most projects need; it has no
thread of Python, and no connection to DuckDB. Elsewhere a worker is a new process. A new worker
loads the project first: only if that succeeds does it replace the one that serves.
"""

import gc
import glob
import importlib
import json
import os
import re
import selectors
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from types import FrameType
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flaskdash.serve.child import dev_app, problem, worker
else:
    import dev_app
    import problem
    import worker

CAN_FORK = sys.platform == "linux"
WARM = (
    "flask",
    "pandas",
    "duckdb",
    "plotly.graph_objects",
    "plotly.io",
    "brotli",
    "filelock",
    "dotenv",
    "tomllib",
)
TICK_SECONDS = 0.5
DRAIN_SECONDS = 3.0
ANSWER_SECONDS = 3.0  # that a worker may take for a change, before another one starts
SHORT_LIFE_SECONDS = 2.0
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

    def tell(self, **command: Any) -> None:
        with suppress(OSError):  # it has just ended; the end of its reports says so
            os.write(self.commands, json.dumps(command).encode() + b"\n")

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


class Inbox:
    """Lines from pipes, each with its pipe; None is the end of a pipe."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._parts: dict[int, bytes] = {}
        self._lines: list[tuple[int, bytes | None]] = []

    def add(self, pipe: int) -> None:
        self._selector.register(pipe, selectors.EVENT_READ)
        self._parts[pipe] = b""

    def get(self, timeout: float) -> tuple[int, bytes | None] | None:
        """Return the next line; None if there is none in time."""
        if not self._lines:
            for key, _ in self._selector.select(timeout):
                self._read(key.fd)
        return self._lines.pop(0) if self._lines else None

    def close(self) -> None:
        self._selector.close()

    def _read(self, pipe: int) -> None:
        data = os.read(pipe, 65_536)
        if data:
            *lines, self._parts[pipe] = (self._parts[pipe] + data).split(b"\n")
            self._lines += [(pipe, line) for line in lines]
        else:
            self._selector.unregister(pipe)
            self._lines.append((pipe, None))


class ThreadedInbox(Inbox):
    """An inbox for Windows, which cannot select pipes; the keeper does not fork there."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[tuple[int, bytes | None]] = SimpleQueue()

    def add(self, pipe: int) -> None:
        Thread(target=self._follow, args=[pipe], daemon=True).start()

    def get(self, timeout: float) -> tuple[int, bytes | None] | None:
        try:
            return self._queue.get(timeout=timeout)
        except Empty:
            return None

    def _follow(self, pipe: int) -> None:
        with os.fdopen(os.dup(pipe), "rb") as lines:
            for line in lines:
                self._queue.put((pipe, line))
        self._queue.put((pipe, None))


class Keeper:
    """Keeps one worker that serves, and another one while changed code is being loaded."""

    def __init__(self, options: worker.Options, folder: Path) -> None:
        self.options = options
        self.folder = folder
        self.root = Path.cwd()
        self.serving: Running | None = None
        self.loading: Running | None = None
        self._draining: list[tuple[Running, float]] = []
        self._inbox = ThreadedInbox() if sys.platform == "win32" else Inbox()
        # The files whose change the loading worker brings; None if it starts by itself.
        self._cause: tuple[str, ...] | None = None

    def run(self) -> None:
        """Serve until the parent closes standard input, or ends this process."""
        signal.signal(signal.SIGINT, lambda *_: None)
        signal.signal(signal.SIGTERM, _exit)
        if sys.platform != "win32":
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        dev_app.share_templates()
        if CAN_FORK and (self.root / "app" / "engine").is_dir():
            _warm_up()
        self._inbox.add(0)
        try:
            self._start()
            while True:
                self._handle(self._inbox.get(TICK_SECONDS))
                self._look_after()
        except (EOFError, SystemExit):
            self._stop()

    def _handle(self, item: tuple[int, bytes | None] | None) -> None:
        if item is None:
            return
        pipe, line = item
        if pipe == 0:
            if line is None:
                raise EOFError
            self._obey(json.loads(line))
            return
        running = next((each for each in self._all() if each.reports == pipe), None)
        if running and line is None:
            self._ended(running)
        elif running and line:
            self._heard(running, json.loads(line))

    def _obey(self, command: dict[str, Any]) -> None:
        names = tuple(command.get("changed", ()))
        _remove_bytecode(self.root, names)
        serving = self.serving
        if self.loading or not serving or "restart" in command:
            self._start(names)
            return
        if not serving.unanswered:
            serving.pending_since, serving.names = time.monotonic(), ()
        serving.unanswered += 1
        serving.names = tuple(dict.fromkeys(serving.names + names))
        serving.tell(changed=names)

    def _heard(self, running: Running, report: dict[str, Any]) -> None:
        kind = report["kind"]
        if kind == "imported":
            _import(report["names"])
        elif running is self.serving:
            running.unanswered -= kind in {"restart", "done"}
            running.pending_since = time.monotonic()
            if kind == "restart":
                self._start(running.names)
            elif kind == "done" and report["result"]:
                self._say(running.names, f"{report['result']} reloaded", report["milliseconds"])
        elif running is self.loading:
            if kind == "slow":
                self._show(report["problem"])
            elif kind == "up" or not self.serving:
                if self.serving:
                    self._drain(self.serving)
                if self._cause is not None and kind == "up":
                    self._say(self._cause, "restarted", 1000 * (time.monotonic() - running.started))
                self.serving, self.loading = running, None
            else:
                self._show(report["problem"])  # and the worker ends by itself

    def _ended(self, running: Running) -> None:
        code = running.collect()
        if running is self.loading:
            self.loading = None
            if code:
                self._crashed(running, code)
            elif not self.serving:
                self._start(self._cause)  # the worker that it left to serve has ended too
        elif running is self.serving:
            self.serving = None
            self._crashed(running, code)
        self._draining = [each for each in self._draining if each[0] is not running]
        running.crash_log.close()

    def _crashed(self, running: Running, code: int) -> None:
        reason = f"The project's process ended with exit code {code}"
        if code < 0:
            with suppress(ValueError):
                reason = f"The project's process ended: {signal.strsignal(-code)}"
        print(reason, file=sys.stderr, flush=True)
        hint = "Correct this line and save the file."
        crash = problem.at(reason, self._crash_line(running), self.root, hint)
        if self.serving:
            self._show(crash.as_dict())
        elif not self.loading:
            is_old = time.monotonic() - running.started > SHORT_LIFE_SECONDS
            self._start(crash=None if is_old else crash)

    def _crash_line(self, running: Running) -> problem.SourceLine | None:
        """Return the project's innermost line in what faulthandler wrote of a crash."""
        running.crash_log.seek(0)
        for name, line in FRAME.findall(running.crash_log.read().decode("utf-8", "replace")):
            file = Path(name)
            if file.is_relative_to(self.root) and ".venv" not in file.parts:
                return problem.SourceLine(file, int(line))
        return None

    def _show(self, failure: dict[str, Any]) -> None:
        if self.serving:
            self.serving.tell(problem=failure)

    def _start(
        self, names: tuple[str, ...] | None = None, crash: problem.Problem | None = None
    ) -> None:
        """Start a worker, which replaces one that is still loading."""
        if self.loading:
            self.loading.kill()
            self._drain(self.loading)
            self.loading = None
        self._cause = names
        start = worker.Start(self.serving is None, crash.as_dict() if crash else None)
        self.loading = self._fork(start) if CAN_FORK else self._spawn(start)
        self._inbox.add(self.loading.reports)
        if crash:
            self.serving, self.loading = self.loading, None

    def _fork(self, start: worker.Start) -> Running:
        commands, to_worker = os.pipe()
        from_worker, reports = os.pipe()
        crash_log = tempfile.TemporaryFile()  # noqa: SIM115
        gc.freeze()  # so that its collections do not copy the memory that workers share
        with warnings.catch_warnings():
            # numpy's BLAS has a thread, and is made for forks.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            try:
                self._inbox.close()
                for each in self._all():
                    each.close()
                    os.close(each.reports)
                os.close(to_worker)
                os.close(from_worker)
                import faulthandler

                faulthandler.enable(crash_log, all_threads=False)
                worker.run(self.options, start, commands, reports)
            except BaseException:
                sys.excepthook(*sys.exc_info())
            finally:
                os._exit(1)
        os.close(commands)
        os.close(reports)
        return Running(pid, to_worker, from_worker, crash_log)

    def _spawn(self, start: worker.Start) -> Running:
        arguments = [json.dumps(asdict(self.options)), json.dumps(asdict(start))]
        process = subprocess.Popen(
            [sys.executable, str(self.folder), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=() if self.options.fd is None else (self.options.fd,),
        )
        assert process.stdin
        assert process.stdout
        pipes = os.dup(process.stdin.fileno()), os.dup(process.stdout.fileno())
        process.stdin.close()
        process.stdout.close()
        return Running(process.pid, *pipes, tempfile.TemporaryFile(), process)

    def _drain(self, running: Running) -> None:
        running.close()
        self._draining.append((running, time.monotonic() + DRAIN_SECONDS))

    def _look_after(self) -> None:
        now = time.monotonic()
        for running, deadline in self._draining:
            if now > deadline:
                running.kill()
        serving = self.serving
        is_late = serving and serving.unanswered and now > serving.pending_since + ANSWER_SECONDS
        if serving and is_late and not self.loading:
            serving.unanswered = 0
            self._start(serving.names)

    def _all(self) -> list[Running]:
        workers = [self.serving, self.loading, *(running for running, _ in self._draining)]
        return [running for running in workers if running]

    def _stop(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for running in self._all():
            running.close()
        end = time.monotonic() + DRAIN_SECONDS
        while self._all():
            if time.monotonic() > end:
                for running in self._all():
                    running.kill()
            if (item := self._inbox.get(0.1)) and item[1] is None and item[0] != 0:
                ended = next(each for each in self._all() if each.reports == item[0])
                ended.collect()
                self.serving = None if ended is self.serving else self.serving
                self.loading = None if ended is self.loading else self.loading
                self._draining = [each for each in self._draining if each[0] is not ended]

    def _say(self, names: Iterable[str], event: str, milliseconds: float) -> None:
        print(f"{list_names(names)}: {event} in {milliseconds:.0f} ms", flush=True)


def list_names(names: Iterable[str]) -> str:
    """List the first of some files."""
    first, *more = sorted(names) or ["the project"]
    return f"{first} and {len(more)} more" if more else first


def _exit(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit


def _warm_up() -> None:
    """Import what most projects need, and draw a figure: plotly imports the rest for that."""
    _import(WARM)
    with suppress(Exception):  # the project does without plotly
        go, pandas = map(importlib.import_module, ("plotly.graph_objects", "pandas"))
        templates = importlib.import_module("plotly.io").templates
        templates["plotly"] = templates["plotly"]  # which is read and checked at its first use
        rows = pandas.DataFrame({"name": ["a"], "number": [1.0]})
        axes = {"xaxis": {"title": "x"}, "yaxis": {"title": "y"}}
        for trace in (go.Scatter, go.Bar):
            go.Figure(trace(x=rows["name"], y=rows["number"]), axes).to_json()


def _import(names: Iterable[str]) -> None:
    for name in names:
        if name not in sys.modules:
            with suppress(Exception):
                importlib.import_module(name)


def _remove_bytecode(root: Path, names: Iterable[str]) -> None:
    """Remove the bytecode of changed modules.

    Python considers it current if the source has the same size and was saved in the same second.
    """
    for path in map(Path, names):
        if path.suffix == ".py":
            cache = (root / path).parent / "__pycache__"
            for file in cache.glob(f"{glob.escape(path.stem)}.*.pyc"):
                file.unlink(missing_ok=True)
