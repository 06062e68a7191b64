"""The only user of subprocess: run a program, and say in words when it fails."""

import os
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
_beside: set[Process] = set()  # what running() has lent


class CommandError(FlaskdashError):
    """A program that did not exit with 0; `output` is what it printed."""

    def __init__(self, argv: Sequence[str], returncode: int, output: str) -> None:
        last = output.strip()[-2000:] or "it printed nothing"
        super().__init__(f"{Path(argv[0]).name} failed with exit code {returncode}: {last}")
        self.returncode = returncode
        self.output = output


def environment(extra: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """Return the environment for a child: without this process's virtual environment.

    `extra` is put on top; a value of None takes the variable out.
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


def run(
    argv: Sequence[str],
    cwd: Path,
    env: Mapping[str, str | None] | None = None,
    timeout: float | None = None,
    stdin: str | None = None,
) -> str:
    """Run a program to its end and return what it printed; raise CommandError if it failed.

    `stdin` is what it reads. After `timeout` seconds it is killed, and TimeoutError raised.
    """
    try:
        done = subprocess.run(
            list(argv),
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
        raise FlaskdashError(f"cannot run {argv[0]}: {error.strerror or error}") from error
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"{Path(argv[0]).name} took longer than {timeout:.0f} s") from error
    if done.returncode:
        raise CommandError(argv, done.returncode, done.stdout)
    return done.stdout


def stream(
    argv: Sequence[str],
    cwd: Path,
    each: Callable[[str], None],
    env: Mapping[str, str | None] | None = None,
    seconds: float | None = None,
) -> str:
    """Run a program and hand over each line that it prints as it comes; return all of them.

    After `seconds` it is ended, which is no error. Raises CommandError if it failed by itself.
    """
    ended = threading.Event()
    try:
        process = subprocess.Popen(
            list(argv),
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
        raise FlaskdashError(f"cannot run {argv[0]}: {error.strerror or error}") from error

    def end() -> None:
        ended.set()
        process.terminate()

    timer = threading.Timer(seconds or 0, end)
    with process:
        if seconds is not None:
            timer.start()
        lines = []
        try:
            for line in process.stdout or ():
                lines.append(line)
                # A terminal obeys control characters, and these come from elsewhere.
                each("".join(sign for sign in line if sign.isprintable() or sign == "\t"))
        except BaseException:
            process.terminate()
            raise
        finally:
            timer.cancel()
    if process.returncode and not ended.is_set():
        raise CommandError(argv, process.returncode, "".join(lines))
    return "".join(lines)


def start(
    argv: Sequence[str],
    cwd: Path,
    env: Mapping[str, str | None] | None = None,
    pass_fds: Sequence[int] = (),
) -> Process:
    """Start a program that goes on beside this one; its standard input is a pipe from us.

    Ctrl-C reaches this process only: it is for us to stop the program.
    """
    try:
        with _interrupts_held():
            return subprocess.Popen(
                list(argv),
                cwd=cwd,
                env=environment(env),
                stdin=subprocess.PIPE,
                pass_fds=tuple(pass_fds),
            )
    except OSError as error:
        raise FlaskdashError(f"cannot run {argv[0]}: {error.strerror or error}") from error


@contextmanager
def running(
    argv: Sequence[str], cwd: Path, env: Mapping[str, str | None], log: Path
) -> Iterator[Process]:
    """Lend a program that runs beside this one and prints into a log; end it, and what it started."""
    with log.open("wb") as out:
        try:
            process = subprocess.Popen(
                list(argv),
                cwd=cwd,
                env=environment(env),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise FlaskdashError(f"cannot run {argv[0]}: {error.strerror or error}") from error
    _beside.add(process)
    try:
        yield process
    finally:
        _beside.discard(process)
        stop(process)
        with suppress(OSError):  # a shell may have left its children behind
            os.killpg(process.pid, signal.SIGKILL)


def stop_all() -> None:
    """End what other threads run beside them, which Ctrl-C does not reach: they go on at once."""
    for process in tuple(_beside):
        process.kill()


@contextmanager
def _interrupts_held() -> Iterator[None]:
    # A child inherits what is blocked. Ctrl-C in the block reaches us at its end.
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def replace(argv: Sequence[str], cwd: Path, env: Mapping[str, str | None]) -> NoReturn:
    """Become another program: it gets our signals, and its exit code is ours."""
    program = argv[0]
    try:
        os.chdir(cwd)
        os.execvpe(program, list(argv), environment(env))  # noqa: S606
    except OSError as error:
        raise FlaskdashError(f"cannot run {program}: {error.strerror or error}") from error


def stop(process: Process, patience: float = 5.0) -> None:
    """End a program that we started: politely, then after `patience` seconds for good."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def runs(pid: str) -> bool:
    """Return whether a process of this number runs; on Windows, where that can't be asked, no."""
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
    """Run a program, feed it, and yield its lines as they come; raise CommandError if it failed.

    The error has what it printed on stderr. A program that no longer reads is no error by itself.
    """
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                list(argv),
                cwd=cwd,
                env=environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        except OSError as error:
            raise FlaskdashError(f"cannot run {argv[0]}: {error.strerror or error}") from error
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
    with suppress(OSError):
        for part in stdin:
            process.stdin.write(part)
    with suppress(OSError):
        process.stdin.close()
