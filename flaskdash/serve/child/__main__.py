"""Run the project in the current folder: python child HOST PORT [FD].

Standard input is the line to the parent: a line is a change ("page" or "style"), and its end means
that this process has to go, also when the parent was killed.
"""

import os
import signal
import sys
from pathlib import Path
from socket import socket
from string import punctuation
from threading import Condition, Thread
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

if TYPE_CHECKING:
    from flaskdash.serve.child import dev_app
else:
    import dev_app  # Python puts the folder that it runs on sys.path

DRAIN_SECONDS = 2.0


class Server(ThreadedWSGIServer):
    """A server that can stop taking connections and finish those that it has."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._open = 0
        self._closed = Condition()

    def get_request(self) -> tuple[socket, Any]:
        """Accept a connection; on macOS it would be as non-blocking as the listening socket."""
        connection, address = super().get_request()
        connection.setblocking(True)
        return connection, address

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer a connection in a thread of its own."""
        with self._closed:
            self._open += 1
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer a connection, and note its end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._closed:
                self._open -= 1
                self._closed.notify_all()

    def drain(self, patience: float) -> None:
        """Take no more connections, and wait until those taken are answered."""
        self.shutdown()
        with self._closed:
            self._closed.wait_for(lambda: not self._open, patience)


class Handler(WSGIRequestHandler):
    """A handler that logs the project's requests in a line each, without colours."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log a request, but not one of our own."""
        path = quote(getattr(self, "path", "?"), safe=punctuation)
        if not path.startswith("/_dev/"):
            print(f"{self.command} {path} {code}", file=sys.stderr)


class Process:
    """This process: its app, its server, and the line to the parent."""

    def __init__(self, parent: IO[bytes], host: str) -> None:
        self.parent = parent
        self.host = host
        self.dev = dev_app.DevApp(Path.cwd(), host)
        self.server: Server | None = None

    def run(self, port: int, fd: int | None) -> None:
        """Serve until the parent says to stop."""
        obey = Thread(target=self._obey, daemon=True)
        obey.start()
        self.dev.load()
        self.server = Server(self.host, port, self.dev, Handler, fd=fd)
        self.server.serve_forever(poll_interval=0.05)
        obey.join()

    def _obey(self) -> None:
        for line in self.parent:
            self.dev.change(line.decode().strip())
        self.dev.close()
        if self.server:
            self.server.drain(DRAIN_SECONDS)
        sys.stdout.flush()
        os._exit(0)  # at once, whatever threads the project has left


def _line_to_parent() -> IO[bytes]:
    """Return standard input for our own use, and give breakpoint() the terminal instead."""
    line = os.fdopen(os.dup(0), "rb")
    try:
        terminal = os.open("CONIN$" if sys.platform == "win32" else "/dev/tty", os.O_RDONLY)
    except OSError:
        terminal = os.open(os.devnull, os.O_RDONLY)
    os.dup2(terminal, 0)
    os.close(terminal)
    return line


def _leave_interrupts_to_parent() -> None:
    # A handler, not SIG_IGN, which the programs that the project starts would inherit.
    signal.signal(signal.SIGINT, lambda *_: None)
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


if __name__ == "__main__":
    _leave_interrupts_to_parent()
    sys.path[0] = str(Path.cwd())
    host, port, *fd = sys.argv[1:]
    Process(_line_to_parent(), host).run(int(port), int(fd[0]) if fd else None)
