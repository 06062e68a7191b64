"""A worker: the process that runs the project's code and answers requests."""

import gc
import json
import os
import selectors
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from queue import Empty, SimpleQueue
from socket import socket, socketpair
from string import punctuation
from threading import Condition, Thread
from typing import IO, TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

if TYPE_CHECKING:
    from flaskdash.serve.child import dev_app, loaded, problem, warm
else:
    import dev_app
    import loaded
    import problem
    import warm

DRAIN_SECONDS = 2.0
PARENT = "FLASKDASH_SERVE_PID"  # the process that reads keys from the terminal
SHARED = {"flask", "werkzeug", "jinja2", "numpy", "pandas", "plotly", "_plotly_utils", "duckdb"}
SHARED |= {"narwhals", "brotli", "filelock", "dotenv"}
IDLE_SECONDS = 1.0  # after a change, until what it replaced is collected
SETTLE_SECONDS = 1.0  # until the first pages have imported what they need
SLOW_SECONDS = 5.0  # that a start may take before it is said where it is


@dataclass(frozen=True)
class Options:
    """What the command line passes on to all processes of a session."""

    host: str
    port: int
    token: str
    verbose: bool = False
    fd: int | None = None  # of the listening socket; on Windows, each worker opens its own
    drafter: Sequence[str] = ()  # the command that drafts charts: see drafter.py


@dataclass(frozen=True)
class Start:
    """Why a worker starts."""

    alone: bool = True  # no other worker serves the code before
    crash: Mapping[str, Any] | None = None  # the problem to serve instead of code that crashes
    saved: Sequence[str] = ()  # the files that made it start
    last_page: Mapping[str, str] | None = None  # the request of the page that a browser shows


class Server(ThreadedWSGIServer):
    """A server that can stop accepting connections and finish the open ones."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._open = 0
        self._closed = Condition()
        self._wake, self._waker = socketpair()

    def get_request(self) -> tuple[socket, Any]:
        """Accept a connection, and make it blocking: macOS copies the listening socket's mode."""
        connection, address = super().get_request()
        connection.setblocking(True)
        return connection, address

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._closed:
            self._open += 1
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._closed:
                self._open -= 1
                self._closed.notify_all()

    def serve(self) -> None:
        """Accept connections until stop(), without a look at a clock in between."""
        with selectors.DefaultSelector() as selector:
            selector.register(self, selectors.EVENT_READ)
            selector.register(self._wake, selectors.EVENT_READ)
            while not any(key.fileobj is self._wake for key, _ in selector.select()):
                self._handle_request_noblock()  # type: ignore[attr-defined]
        self._wake.close()

    def stop(self) -> None:
        """Stop accepting connections."""
        self._waker.close()
        while self._wake.fileno() >= 0:
            time.sleep(0.001)

    def drain(self, timeout: float) -> None:
        """Wait up to TIMEOUT seconds for the open connections."""
        with self._closed:
            self._closed.wait_for(lambda: not self._open, timeout)


class Handler(WSGIRequestHandler):
    """A handler that logs each of the project's requests in one line, without colours."""

    verbose = False

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log a request with --verbose, unless dev mode itself made it."""
        path = quote(getattr(self, "path", "?"), safe=punctuation)
        if self.verbose and not path.startswith("/_dev/"):
            print(f"{self.command} {path} {code}", file=sys.stderr)


class Worker:
    """This process: its app, its server, and its pipes to the keeper."""

    def __init__(self, options: Options, commands: IO[bytes], reports: int) -> None:
        self.options = options
        self.start = Start()
        self.commands = commands
        self.reports = reports
        self.project = loaded.LoadedProject(Path.cwd())
        self.dev = dev_app.DevApp(self.project, options.host, options.token, options.drafter)
        self.server: Server | None = None
        self.loader = Thread(target=self._load, daemon=True)
        self.changes: SimpleQueue[list[str]] = SimpleQueue()
        self._reported: set[str] = set()  # modules

    def run(self, start: Start) -> None:
        self.start = start
        Handler.verbose = self.options.verbose
        if self.start.crash:
            self.project.events.problem = _from_dict(self.start.crash)
            self.project.loaded.set()
        else:
            self.loader.start()
        follower = Thread(target=self._follow, daemon=True)
        follower.start()
        Thread(target=self._apply_changes, daemon=True).start()
        if not self.start.alone:
            # The worker before goes on until this one has loaded the project.
            self.loader.join(SLOW_SECONDS)
            if self.loader.is_alive():
                self._report("slow", problem=self.project.slow_start().as_dict())
                self.loader.join()
        self.server = Server(
            self.options.host, self.options.port, self.dev, Handler, fd=self.options.fd
        )
        self.server.serve()
        follower.join()

    def _load(self) -> None:
        started = time.monotonic()
        is_loaded = self.project.load()
        failure = self.project.events.problem
        if is_loaded or not failure:
            if not self.start.alone:
                Thread(target=self._draw, daemon=True).start()
            self._report("up", milliseconds=_since(started))
            Thread(target=self._prepare, daemon=True).start()
            if loaders := [*filter(loaded.is_loader, map(PurePath, self.start.saved))]:
                self.project.build(loaders)
            return
        self._report("failed", problem=failure.as_dict())
        if self.start.alone:
            print(f"{failure.trace}{failure.summary}", file=sys.stderr, flush=True)
        else:
            os._exit(0)

    def _draw(self) -> None:
        """Draw the page that is shown, while browsers are told to ask this process for it."""
        if self.start.last_page:
            self.dev.draw(self.start.last_page)

    def _prepare(self) -> None:
        self.project.prepare()
        time.sleep(SETTLE_SECONDS)
        self._report_imports()

    def _follow(self) -> None:
        for line in self.commands:
            command = json.loads(line)
            if "problem" in command:
                self.project.show(_from_dict(command["problem"]))
            else:
                self.changes.put(command["changed"])
        if self.server:
            self.server.stop()
        self.project.close()
        if self.server:
            self.server.drain(DRAIN_SECONDS)
        sys.stdout.flush()
        os._exit(0)  # threads of the project may still run, and would delay a normal exit

    def _apply_changes(self) -> None:
        # In a thread of its own: code that never ends may not keep its problem from being shown.
        names = self.changes.get()
        while True:
            self._apply(names)
            try:
                names = self.changes.get(timeout=IDLE_SECONDS)
            except Empty:
                gc.collect()  # code that was replaced refers to itself
                names = self.changes.get()

    def _apply(self, names: list[str]) -> None:
        started = time.monotonic()
        try:
            result = self.project.change(names)
        except Exception:  # a file that is deleted just now, a project that is moved
            result = None
        if result is None:
            self._report("restart", last_page=self.dev.last_page)
        else:
            self._report("done", result=result, milliseconds=_since(started))
        self._report_imports()

    def _report_imports(self) -> None:
        """Have the keeper import what the project has imported, for the next worker."""
        names = _modules() - self._reported
        self._reported |= names
        self._report("imported", names=sorted(names))

    def _report(self, kind: str, **values: Any) -> None:
        os.write(self.reports, json.dumps({"kind": kind, **values}).encode() + b"\n")


def run(options: Options, start: Start | None, commands: int, reports: int) -> NoReturn:
    """Run the project until the keeper closes the pipe of commands.

    Without a start, this is a spare worker, for which the first command is its start.
    """
    _leave_interrupts_to_parent()
    lines = os.fdopen(commands, "rb")
    worker = Worker(options, lines, reports)
    if start is None:
        warm.practise()
        line = lines.readline()
        if not line:
            os._exit(0)
        start = Start(**json.loads(line))
    _give_terminal_to_breakpoints()
    if parent := os.environ.get(PARENT):
        # Not a hook for breakpoint(): a debugger would stop in that.
        sys.addaudithook(lambda event, _: _pause_keys(event, int(parent)))
    worker.run(start)
    os._exit(0)


def _modules() -> set[str]:
    """Return what the project has imported of the packages that a keeper imports in advance."""
    return {name for name in [*sys.modules] if name.partition(".")[0] in SHARED}


def _since(started: float) -> int:
    return round(1000 * (time.monotonic() - started))


def _from_dict(values: Mapping[str, Any]) -> problem.Problem:
    excerpt = tuple((number, text) for number, text in values["excerpt"])
    return problem.Problem(**{**values, "excerpt": excerpt})


def _give_terminal_to_breakpoints() -> None:
    try:
        terminal = os.open("CONIN$" if sys.platform == "win32" else "/dev/tty", os.O_RDONLY)
    except OSError:
        terminal = os.open(os.devnull, os.O_RDONLY)
    os.dup2(terminal, 0)
    os.close(terminal)


def _pause_keys(event: str, parent: int) -> None:
    if event == "builtins.breakpoint" and sys.platform != "win32":
        os.kill(parent, signal.SIGUSR1)


def _leave_interrupts_to_parent() -> None:
    # SIG_IGN would be inherited by the programs that the project starts; a handler is not.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
