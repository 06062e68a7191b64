"""The development server: run the project, and apply each saved change."""

import secrets
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import PurePath
from queue import Empty
from urllib.parse import urlsplit

from flaskdash import shell
from flaskdash.errors import FlaskdashError
from flaskdash.project import Project
from flaskdash.project.environment import ensure_environment
from flaskdash.serve.listen import listen, port_of, url
from flaskdash.serve.lock import session
from flaskdash.serve.runner import Runner
from flaskdash.serve.terminal import Keys, show_address
from flaskdash.serve.watch import MANY, Watch

CHECK_SECONDS = 0.5
KEY_SECONDS = 0.1  # between two looks for a pressed key
QUIET_SECONDS = 0.3  # without another change, after which a checkout of many files is over
ENVIRONMENT = {PurePath("pyproject.toml"), PurePath("uv.lock")}

Echo = Callable[[str], None]


def serve(
    project: Project, host: str, port: int, open_browser: bool, verbose: bool, echo: Echo
) -> None:
    """Serve the project until Ctrl-C or SIGTERM, and follow the changes of its files.

    This process keeps the listening socket, so a request made during a restart waits for its answer.
    """
    with session(project.root) as lock, listen(host, port) as listener:
        address = url(host, port_of(listener))
        lock.write(address)
        if port not in (0, port_of(listener)):
            echo(f"Port {port} is in use; serving on port {port_of(listener)}")
        token = secrets.token_urlsafe(16)
        runner = Runner(project, listener, host, token, verbose)
        ready = threading.Event()

        def announce() -> None:
            _wait_for_answer(address, token)
            ready.set()
            show_address(project.title, host, address, echo)
            if open_browser:
                _open(address)

        with _until_stopped(runner), Watch(project.root, echo) as watch, Keys() as keys:
            actions = {"o": lambda: _open(address), "r": runner.restart, "q": _quit}
            _prepare_parts(project, echo)
            runner.start()
            threading.Thread(target=announce, daemon=True).start()
            while True:
                while key := keys.get():
                    if key == "c":
                        echo(
                            "Add a chart with Edit in the page, or in another terminal:  flaskdash add-chart"
                        )
                    elif key in actions:
                        actions[key]()
                batch = _next_batch(watch, keys)
                if not project.root.is_dir():
                    raise FlaskdashError(f"{project.root} does not exist any more.")
                if not batch:
                    _restart_if_ended(runner, ready.is_set(), echo)
                    continue
                keys.resume()
                _apply(_complete(batch, watch), runner, echo)


def _next_batch(watch: Watch, keys: Keys) -> frozenset[PurePath]:
    """Wait for a batch, for a moment; it is empty if nothing has changed."""
    with suppress(Empty):
        return watch.get(KEY_SECONDS if keys.active else CHECK_SECONDS)
    return frozenset()


def _complete(batch: frozenset[PurePath], watch: Watch) -> frozenset[PurePath]:
    """Return a batch with those that wait; if it has many files, wait until no more follow."""
    with suppress(Empty):
        while True:
            batch |= watch.get(QUIET_SECONDS if len(batch) >= MANY else 0.0)
    return batch


def _prepare_parts(project: Project, echo: Echo) -> None:
    """Do what the parts of the project need before they answer: create tables, above all."""
    if any((project.root / "app/blueprints").glob("[!_]*/__init__.py")):
        command = [str(project.python), "-m", "flask", "release"]
        try:
            shell.run(command, project.root, {"FLASK_DEBUG": "1"})
        except shell.CommandError as error:
            last = error.output.strip().splitlines()[-1:] or ["it printed no reason"]
            echo(f"flask release failed: {last[0]}. Run: uv run flask release")


def _apply(paths: frozenset[PurePath], runner: Runner, echo: Echo) -> None:
    changed = sorted(path.name for path in paths & ENVIRONMENT)
    is_anew = bool(changed) or not runner.running
    if is_anew:
        try:
            ensure_environment(runner.project, echo)
        except FlaskdashError as error:
            echo(error.format_message())
    if any("migrations" in path.parts and path.suffix == ".py" for path in paths):
        _prepare_parts(runner.project, echo)
    if is_anew:
        if changed:
            echo(f"{', '.join(changed)}: restarting")
        runner.start()
    else:
        runner.notify(path.as_posix() for path in paths)


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


def _wait_for_answer(address: str, token: str) -> None:
    parts = urlsplit(address)
    while True:
        with suppress(OSError, HTTPException):
            connection = HTTPConnection(parts.hostname or "", parts.port, timeout=60)
            connection.request("GET", f"/_dev/{token}/up")
            connection.getresponse().read()
            connection.close()
            return
        time.sleep(0.05)


def _open(address: str) -> None:
    import webbrowser

    webbrowser.open(address)


def _quit() -> None:
    raise KeyboardInterrupt


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
