"""Dev mode: serve the project, and take in each saved file."""

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

LOOK_SECONDS = 0.5
NAMED = 3

Echo = Callable[[str], None]


def serve(project: Project, host: str, port: int, open_browser: bool, echo: Echo) -> None:
    """Serve the project until Ctrl-C or SIGTERM, and reload it when its files change.

    The parent keeps the listening socket, so a request made during a restart waits for its answer.
    """
    with listen(host, port) as listener:
        address = url(host, port_of(listener))
        if port not in (0, port_of(listener)):
            echo(f"port {port} is taken; using {port_of(listener)}")
        runner = Runner(project, listener, host)
        ready = threading.Event()

        def announce() -> None:
            _wait_until_it_answers(address)
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
                    found = watch.queue.get(timeout=LOOK_SECONDS)
                except Empty:
                    _look_after(runner, ready.is_set(), echo)
                    continue
                if isinstance(found, Exception):
                    raise FlaskdashError(f"cannot watch {project.root}: {found}") from found
                _take_in(found, runner, echo)


def _take_in(paths: frozenset[PurePath], runner: Runner, echo: Echo) -> None:
    echo(f"{_listed(paths)} changed")
    change = classify(paths)
    if PurePath("pyproject.toml") in paths:
        try:
            ensure_environment(runner.project, echo)
        except FlaskdashError as error:
            echo(error.format_message())
    if change is Change.CODE or not runner.running:
        _forget_bytecode(runner.project.root, paths)
        runner.start()
    else:
        runner.tell(change)


def _look_after(runner: Runner, answered: bool, echo: Echo) -> None:
    """Start the project again if it crashed; give up if it never came to answer."""
    code = runner.ended()
    if code is None:
        return
    if not answered:
        raise FlaskdashError(
            f"the project's process ended with exit code {code} before it could serve",
            hint="uv sync, in case its environment is broken",
        )
    echo(f"the project's process ended with exit code {code}")
    if runner.lived_long:
        runner.start()


def _forget_bytecode(root: Path, paths: Iterable[PurePath]) -> None:
    """Remove the bytecode of changed modules.

    Python takes it to be current if size and second of the source are the same: two quick saves.
    """
    for path in paths:
        if path.suffix == ".py":
            cache = (root / path).parent / "__pycache__"
            for file in cache.glob(f"{glob.escape(path.stem)}.*.pyc"):
                file.unlink(missing_ok=True)


def _listed(paths: Iterable[PurePath]) -> str:
    names = sorted(path.as_posix() for path in paths)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _wait_until_it_answers(address: str) -> None:
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
        # Set SIGINT too: a shell that starts us in the background has it ignored.
        signal.signal(number, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # we are stopping already
        runner.stop()
