"""Run programs; a program that fails raises an error with its output."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from flaskdash.errors import FlaskdashError

Process = subprocess.Popen[bytes]
COLOUR = re.compile(r"\x1b\[[\d;]*m")
_background: set[Process] = set()  # the open processes of running()


class CommandError(FlaskdashError):
    """A program failed; `output` is the text that it printed."""

    def __init__(self, argv: Sequence[str], returncode: int, output: str) -> None:
        end = output.strip()[-2000:] or "it printed nothing"
        super().__init__(f"{Path(argv[0]).name} failed with exit code {returncode}: {end}")
        self.returncode = returncode
        self.output = output


def environment(extra: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """Return the environment for a child process, without this process's virtual environment.

    `extra` adds variables; a value of None removes one.
    """
    hidden = {
        "GIT_DIR",
        "GIT_INDEX_FILE",
        "GIT_WORK_TREE",
        "VIRTUAL_ENV",
        "PYTHONHOME",
        "PYTHONPATH",
        "UV_PROJECT_ENVIRONMENT",
    }
    env = {key: value for key, value in os.environ.items() if key not in hidden}
    merged = env | {"PYTHONUTF8": "1"} | dict(extra or {})
    return {key: value for key, value in merged.items() if value is not None}


def _command(argv: Sequence[str], *, low_priority: bool = False) -> list[str]:
    """Return a command with its program's full path on Windows.

    Windows itself completes heroku to heroku.exe, but not to heroku.cmd.
    """
    program, *arguments = argv
    if sys.platform == "win32":
        program = shutil.which(program) or program
    elif low_priority and shutil.which(program) and shutil.which("nice"):
        return ["nice", program, *arguments]
    return [program, *arguments]


def run(
    argv: Sequence[str],
    cwd: Path,
    env: Mapping[str, str | None] | None = None,
    timeout: float | None = None,
    stdin: str | None = None,
    *,
    low_priority: bool = False,
) -> str:
    """Run a program and return its output; raise CommandError if it fails.

    `stdin` is its input. After `timeout` seconds the program is killed, and TimeoutError raised.
    With `low_priority`, other programs get the processors first.
    """
    try:
        result = subprocess.run(
            _command(argv, low_priority=low_priority),
            cwd=cwd,
            env=environment(env),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL if stdin is None else None,
            input=stdin,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
        )
    except OSError as error:
        raise FlaskdashError(f"Cannot run {argv[0]}: {error.strerror or error}") from error
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"{Path(argv[0]).name} took longer than {timeout:.0f} s") from error
    if result.returncode:
        raise CommandError(argv, result.returncode, result.stdout)
    return result.stdout


def stream(
    argv: Sequence[str],
    cwd: Path,
    on_line: Callable[[str], None],
    env: Mapping[str, str | None] | None = None,
    seconds: float | None = None,
) -> str:
    """Run a program, and pass each line of its output to `on_line` immediately; return the output.

    After `seconds` the program is terminated, which is not an error. Raises CommandError if it
    fails by itself.
    """
    timed_out = threading.Event()
    try:
        process = subprocess.Popen(
            _command(argv),
            cwd=cwd,
            env=environment(env),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        raise FlaskdashError(f"Cannot run {argv[0]}: {error.strerror or error}") from error

    def end() -> None:
        timed_out.set()
        process.terminate()

    timer = threading.Timer(seconds or 0, end)
    with process:
        if seconds is not None:
            timer.start()
        lines = []
        try:
            for line in process.stdout or ():
                lines.append(line)
                # A terminal would obey colours and control characters from a remote server.
                text = COLOUR.sub("", line)
                on_line("".join(char for char in text if char.isprintable() or char == "\t"))
        except BaseException:
            process.terminate()
            raise
        finally:
            timer.cancel()
    if process.returncode and not timed_out.is_set():
        raise CommandError(argv, process.returncode, "".join(lines))
    return "".join(lines)


def start(
    argv: Sequence[str],
    cwd: Path,
    env: Mapping[str, str | None] | None = None,
    pass_fds: Sequence[int] = (),
) -> Process:
    """Start a program in the background, with a pipe as its standard input.

    Ctrl-C only reaches this process, so the caller must stop the program.
    """
    try:
        with _interrupts_blocked():
            return subprocess.Popen(
                _command(argv),
                cwd=cwd,
                env=environment(env),
                stdin=subprocess.PIPE,
                pass_fds=tuple(pass_fds),
            )
    except OSError as error:
        raise FlaskdashError(f"Cannot run {argv[0]}: {error.strerror or error}") from error


@contextmanager
def running(
    argv: Sequence[str], cwd: Path, env: Mapping[str, str | None], log: Path
) -> Iterator[Process]:
    """Run a program in the background, with its output in a log; end it and its children."""
    with log.open("wb") as out:
        try:
            process = subprocess.Popen(
                _command(argv),
                cwd=cwd,
                env=environment(env),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise FlaskdashError(f"Cannot run {argv[0]}: {error.strerror or error}") from error
    _background.add(process)
    try:
        yield process
    finally:
        _background.discard(process)
        stop(process)
        with suppress(OSError):  # the children of a shell may still run
            os.killpg(process.pid, signal.SIGKILL)


def stop_all() -> None:
    """Kill the programs of running() in other threads, so that these threads end after Ctrl-C."""
    for process in tuple(_background):
        process.kill()


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    # A child inherits the blocked signals. Ctrl-C in the block arrives at its end.
    if sys.platform == "win32":
        yield
        return
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)


def replace(argv: Sequence[str], cwd: Path, env: Mapping[str, str | None]) -> NoReturn:
    """Replace this process with a program, which then gets its signals and sets its exit code."""
    program = argv[0]
    try:
        os.chdir(cwd)
        os.execvpe(program, list(argv), environment(env))  # noqa: S606
    except OSError as error:
        raise FlaskdashError(f"Cannot run {program}: {error.strerror or error}") from error


def stop(process: Process, patience: float = 5.0) -> None:
    """Terminate a program that this process started; kill it after `patience` seconds."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def runs(pid: str) -> bool:
    """Return whether a process with this ID runs; always False on Windows."""
    if sys.platform == "win32" or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def talk(argv: Sequence[str], cwd: Path, stdin: Iterable[bytes] = ()) -> Iterator[str]:
    """Run a program with an input, and yield its output line by line.

    Raises CommandError with its stderr if it fails. It may stop reading before the input ends.
    """
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                _command(argv),
                cwd=cwd,
                env=environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        except OSError as error:
            raise FlaskdashError(f"Cannot run {argv[0]}: {error.strerror or error}") from error
        feeder = threading.Thread(target=_feed, args=[process, stdin], daemon=True)
        feeder.start()
        try:
            assert process.stdout is not None
            with process.stdout as lines:
                for line in lines:
                    yield line.decode("utf-8", "replace").rstrip("\r\n")
            process.wait()
        finally:
            stop(process)
            feeder.join(5)
        if process.returncode:
            errors.seek(0)
            raise CommandError(argv, process.returncode, errors.read().decode("utf-8", "replace"))


def _feed(process: Process, stdin: Iterable[bytes]) -> None:
    assert process.stdin is not None
    with suppress(OSError), process.stdin as pipe:
        for part in stdin:
            pipe.write(part)
            pipe.flush()  # the next part may have to wait
