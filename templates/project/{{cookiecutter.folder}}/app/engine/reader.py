"""Reader: runs a loader in a process of its own, so that no source can stop the server.

In debug mode loaders run in the server itself, where breakpoints work.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Thread

SECONDS = 3600  # that a loader may take
MEMORY_SHARE = 0.6  # of the machine's memory that it may use
WATCH_SECONDS = 0.1
RUN = "import sys; from app.engine.reader import main; main(*sys.argv[1:])"


class ReaderStopped(Exception):
    """The process died, or broke a limit; the message is safe to show."""


def read(
    loader: str, folder: Path, path: Path, state: str, source: str = "", seconds: int = SECONDS
) -> str:
    """Run a loader in a new process; return the state of its snapshot, in JSON as the old one.

    It reads another file than its own if `source` has a path.
    """
    command = [sys.executable, "-P", "-c", RUN, loader, str(folder), str(path), state, source]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        try:
            answer = _watch(process, seconds)
        finally:
            process.kill()
    if process.returncode < 0:
        raise ReaderStopped(f"its process ended: {signal.strsignal(-process.returncode)}")
    if process.returncode or not answer:
        raise ReaderStopped(f"its process ended with status {process.returncode}")
    return answer.decode()


def _watch(process: subprocess.Popen[bytes], seconds: int) -> bytes:
    """Return what a process prints; raise ReaderStopped when it breaks a limit."""
    end = time.monotonic() + seconds
    most = MEMORY_SHARE * _machine_memory()
    while time.monotonic() < end:
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=WATCH_SECONDS)[0]
        with suppress(OSError):  # not Linux, or the process has just ended
            pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
            if pages * os.sysconf("SC_PAGE_SIZE") > most:
                raise ReaderStopped(f"it needs more than {most / 2**20:.0f} MB of memory")
    raise ReaderStopped(f"it takes more than {seconds} s")


def _machine_memory() -> int:
    """Return the bytes of memory that this machine has, or this container may use."""
    sizes = [sys.maxsize]
    with suppress(AttributeError):  # Windows
        sizes.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for name in ("memory.max", "memory/memory.limit_in_bytes"):  # the limits of a container
        with suppress(OSError, ValueError):  # "max"
            sizes.append(int(Path("/sys/fs/cgroup", name).read_text()))
    return min(sizes)


def _end_with_server() -> None:
    server = os.getppid()
    while os.getppid() == server:
        time.sleep(1)
    os._exit(1)


def main(loader: str, folder: str, path: str, state: str, source: str = "") -> None:
    """Read what a loader reads, write the snapshot to `path`, and print its state."""
    from app import loaders
    from app.engine.discovery import find_loaders
    from app.engine.models import State
    from app.engine.snapshots import Snapshot

    with os.fdopen(os.dup(1), "w") as answer:
        os.dup2(2, 1)  # so that what the loader prints goes to the log
        Thread(target=_end_with_server, daemon=True).start()
        with suppress(OSError):  # where memory runs out, the system ends this process first
            Path("/proc/self/oom_score_adj").write_text("1000")
        snapshot = Snapshot(find_loaders(loaders)[loader], Path(folder))
        if source:
            vars(sys.modules[snapshot.loader.load.__module__])["SOURCE"] = Path(source)
        answer.write(snapshot.read(Path(path), State.from_json(state)).to_json())
