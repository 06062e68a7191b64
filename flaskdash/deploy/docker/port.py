"""Hold the published port in a container of its own, and give its socket to each release.

Run as `python -c TEXT FILE`, with only the standard library. FILE is the Unix socket at which a
release asks for the port's socket. Two releases share it for a moment, so that no connection is
refused when one takes over from the other.
"""

import os
import select
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

BACKLOG = 2048  # connections that wait while no release runs


def main(file: str) -> None:
    """Give the socket to each process that connects, and stay connected with it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # process 1 has no default action
    port = socket.create_server(("", int(os.environ["PORT"])), backlog=BACKLOG)
    door = socket.socket(socket.AF_UNIX)
    new = Path(f"{file}.new")
    new.unlink(missing_ok=True)
    door.bind(str(new))
    door.listen()
    new.replace(file)
    connections: list[socket.socket] = []
    while True:
        connection, _ = door.accept()
        with suppress(OSError):  # it may have gone again
            socket.send_fds(connection, [b"port"], [port.fileno()])
        ended = select.select(connections, [], [], 0)[0]
        connections = [connection, *(each for each in connections if each not in ended)]


main(*sys.argv[1:])
