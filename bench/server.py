"""Servers of the benches, each in a process group of its own, by which it is stopped."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
WORKERS, THREADS = 2, 4
START_SECONDS = 30.0  # seconds until a server has to accept connections


@dataclass(frozen=True)
class Running:
    """A server that runs: its address, and when its process was spawned (seconds since 1970)."""

    url: str
    port: int
    spawned: float


@contextmanager
def gunicorn(python: Path, app: str, cwd: Path, variables: Mapping[str, str]) -> Iterator[Running]:
    """Run an application under gunicorn with 2 workers, of 4 threads or as its settings say."""
    port = free_port()
    command = [str(python), "-m", "gunicorn", "--workers", str(WORKERS), "--log-level", "warning"]
    if not (cwd / "gunicorn.conf.py").exists():
        command += ["--no-control-socket", "--worker-class", "gthread", "--threads", str(THREADS)]
    command += ["--bind", f"{HOST}:{port}", app]
    with _running(command, port, cwd, variables) as running:
        yield running


@contextmanager
def streamlit(
    python: Path, script: str, cwd: Path, variables: Mapping[str, str]
) -> Iterator[Running]:
    """Run a script under Streamlit's own server, which is a single process."""
    port = free_port()
    command = [str(python), "-m", "streamlit", "run", script, "--server.headless", "true"]
    command += ["--server.address", HOST, "--server.port", str(port)]
    command += ["--server.fileWatcherType", "none", "--browser.gatherUsageStats", "false"]
    with _running(command, port, cwd, variables) as running:
        yield running


@contextmanager
def _running(
    command: list[str], port: int, cwd: Path, variables: Mapping[str, str]
) -> Iterator[Running]:
    spawned = time.time()
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=clean() | variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        await_port(process, port)
        yield Running(f"http://{HOST}:{port}", port, spawned)
    finally:
        stop(process)


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def await_port(process: subprocess.Popen[bytes], port: int) -> None:
    """Wait until the port accepts a connection; raise RuntimeError if the process ends first."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            reason = process.stderr.read().decode(errors="replace") if process.stderr else ""
            raise RuntimeError(reason or f"it ended with exit code {process.returncode}")
        with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        time.sleep(0.002)
    raise TimeoutError(f"nothing listens on port {port}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and its group."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
            break
    if process.stderr:
        process.stderr.close()


def clean() -> dict[str, str]:
    """Return this environment without the variables that change how a server runs."""
    excluded = ("PYTHON", "GUNICORN", "FLASK", "VIRTUAL_ENV", "PORT", "WEB_CONCURRENCY")
    return {name: value for name, value in os.environ.items() if not name.startswith(excluded)}
