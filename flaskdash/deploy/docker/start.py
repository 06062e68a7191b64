"""Start a release in its container, with its snapshots and the socket of the published port.

Run as `python -c TEXT RELEASE FILE COMMAND...`, with only the standard library. FILE is the Unix
socket of the container that holds the port; it is empty for a release on trial. gunicorn gets its
sockets as from systemd: that of the port, and one on $PORT that only this container can reach, at
which the probe and the health check address this release and no other.
"""

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

APP = Path("/app")
INSTANCE = APP / "instance"
RELEASE = re.compile(r"\d{8}-\d{6}")
MAX_RELEASES = 5
FIRST_SOCKET = 3  # systemd's number of the first socket
FREE = 20  # higher than the numbers of the sockets


def main(release: str, file: str, *command: str) -> None:
    """Replace this process by the release's command."""
    folder = INSTANCE / release
    is_new = not folder.exists()
    folder.mkdir(exist_ok=True)
    lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_SH)  # the snapshots are in use until this process ends
    _inherit(lock)
    if is_new:
        link_snapshots(folder)
    prune()
    os.environ["INSTANCE_PATH"] = str(folder)
    if file:
        own = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
        sockets = [_inherit(descriptor) for descriptor in (take_port(file), own.fileno())]
        for number, descriptor in enumerate(sockets, FIRST_SOCKET):
            os.dup2(descriptor, number)
        os.environ |= {"LISTEN_FDS": str(len(sockets)), "LISTEN_PID": str(os.getpid())}
    os.execvp(command[0], command)  # noqa: S606


def take_port(file: str) -> int:
    """Return the socket of the published port, as soon as the container that holds it runs."""
    while True:
        door = socket.socket(socket.AF_UNIX)
        with suppress(OSError):
            door.connect(file)
            _, descriptors, _, _ = socket.recv_fds(door, 16, 1)
            if descriptors:
                break
        door.close()
        time.sleep(0.1)
    # If that container ends, the socket is dead. The kernel then sends SIGTERM to this process, and
    # the engine starts it again, so that it takes the new socket.
    descriptor = _inherit(door.fileno())
    fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGTERM)
    fcntl.fcntl(descriptor, fcntl.F_SETOWN, os.getpid())
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_ASYNC)
    return descriptors[0]


def link_snapshots(folder: Path) -> None:
    """Link the snapshots of other releases whose loader and source file have not changed.

    A snapshot is never overwritten, so releases can share the file. The release builds the others
    itself, and the live release does not see them.
    """
    stamps = set(file_stamps())
    for state in sorted(INSTANCE.glob("*/*.json"), reverse=True):  # of the newest release first
        new = folder / state.name
        if not RELEASE.fullmatch(state.parent.name) or new.exists():
            continue
        # The other release may replace the snapshot at this moment.
        with suppress(OSError, ValueError, KeyError):
            text = state.read_text("utf-8")
            values = json.loads(text)
            if stamps.issuperset(values["signature"].split()):
                os.link(state.parent / values["file"], folder / values["file"])
                new.write_text(text, "utf-8")


def file_stamps() -> list[str]:
    """Return the time and size of each of the project's files, as signatures of snapshots have them."""
    stamps = []
    for parent, folders, files in os.walk(APP):
        folders[:] = [name for name in folders if name not in {".venv", "instance"}]
        for name in (".", *files):
            stat = Path(parent, name).lstat()
            stamps.append(f"{stat.st_mtime_ns}-{stat.st_size}")
    return stamps


def prune() -> None:
    """Delete the snapshots of all but the last releases, unless a process uses them."""
    folders = [path for path in INSTANCE.iterdir() if RELEASE.fullmatch(path.name)]
    for old in sorted(folders, reverse=True)[MAX_RELEASES:]:
        with suppress(OSError), (old / ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(old, ignore_errors=True)


def _inherit(descriptor: int) -> int:
    """Return a copy of an open file that stays open in the release's command."""
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD, FREE)


if __name__ == "__main__":
    main(*sys.argv[1:])
