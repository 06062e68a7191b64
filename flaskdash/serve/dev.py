"""The development server: run the project, and apply each saved change."""

import glob
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path, PurePath
from queue import Empty
from urllib.parse import urlsplit

from flaskdash.errors import FlaskdashError
from flaskdash.project import Project
from flaskdash.project.environment import ensure_environment
from flaskdash.serve.listen import listen, port_of, url
from flaskdash.serve.runner import Runner
from flaskdash.serve.watch import Change, Watch, classify

CHECK_SECONDS = 0.5
MAX_NAMES = 3

Echo = Callable[[str], None]


def serve(project: Project, host: str, port: int, open_browser: bool, echo: Echo) -> None:
    """Serve the project until Ctrl-C or SIGTERM, and reload it when its files change.

    The parent keeps the listening socket, so a request made during a restart waits for its answer.
    """
    with listen(host, port) as listener:
        address = url(host, port_of(listener))
        if port not in (0, port_of(listener)):
            echo(f"Port {port} is in use; serving on port {port_of(listener)}")
        runner = Runner(project, listener, host)
        ready = threading.Event()

        def announce() -> None:
            _wait_for_answer(address)
            ready.set()
            echo(f"Serving {project.title} on {address} (Ctrl-C to stop)")
            if open_browser:
                import webbrowser

                webbrowser.open(address)

        with _until_stopped(runner), Watch(project.root) as watch:
            runner.start()
            threading.Thread(target=announce, daemon=True).start()
            while True:
                try:
                    batch = watch.queue.get(timeout=CHECK_SECONDS)
                except Empty:
                    _restart_if_ended(runner, ready.is_set(), echo)
                    continue
                if isinstance(batch, Exception):
                    raise FlaskdashError(f"Cannot watch {project.root}: {batch}") from batch
                _apply(batch, runner, echo)


def _apply(paths: frozenset[PurePath], runner: Runner, echo: Echo) -> None:
    echo(f"{_list_names(paths)} changed")
    change = classify(paths)
    if PurePath("pyproject.toml") in paths:
        try:
            ensure_environment(runner.project, echo)
        except FlaskdashError as error:
            echo(error.format_message())
    if change is Change.CODE or not runner.running:
        _remove_bytecode(runner.project.root, paths)
        runner.start()
    else:
        runner.notify(change)


def _restart_if_ended(runner: Runner, has_answered: bool, echo: Echo) -> None:
    """Restart the project if its process ended; raise if it ended before its first answer."""
    code = runner.collect_exit_code()
    if code is None:
        return
    if not has_answered:
        raise FlaskdashError(
            f"The project's process ended with exit code {code} before it could serve. If its"
            " environment is broken, repair it.",
            hint="uv sync",
        )
    echo(f"The project's process ended with exit code {code}")
    if runner.ran_long:
        runner.start()


def _remove_bytecode(root: Path, paths: Iterable[PurePath]) -> None:
    """Remove the bytecode of changed modules.

    Python considers it current if the source has the same size and was saved in the same second.
    """
    for path in paths:
        if path.suffix == ".py":
            cache = (root / path).parent / "__pycache__"
            for file in cache.glob(f"{glob.escape(path.stem)}.*.pyc"):
                file.unlink(missing_ok=True)


def _list_names(paths: Iterable[PurePath]) -> str:
    names = sorted(path.as_posix() for path in paths)
    listed = ", ".join(names[:MAX_NAMES])
    hidden = len(names) - MAX_NAMES
    return f"{listed} and {hidden} more" if hidden > 0 else listed


def _wait_for_answer(address: str) -> None:
    parts = urlsplit(address)
    while True:
        with suppress(OSError, HTTPException):
            connection = HTTPConnection(parts.hostname or "", parts.port, timeout=60)
            connection.request("GET", "/_dev/up")
            connection.getresponse().read()
            connection.close()
            return
        time.sleep(0.05)


@contextmanager
def _until_stopped(runner: Runner) -> Iterator[None]:
    """Run the block until Ctrl-C or SIGTERM, then end the project's process."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # SIGINT too, because a shell ignores it for the processes that it starts in the background.
        signal.signal(number, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # a second one would interrupt the clean-up
        runner.stop()
