"""Run the project in the current folder: python child HOST PORT [FD].

The parent writes changes to standard input, one a line ("page" or "style"). When it closes the
input, or is killed, this process stops.
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
    """A server that can stop accepting connections and finish the open ones."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._open = 0
        self._closed = Condition()

    def get_request(self) -> tuple[socket, Any]:
        """Accept a connection, and make it blocking: macOS copies the listening socket's mode."""
        connection, address = super().get_request()
        connection.setblocking(True)
        return connection, address

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._closed:
            self._open += 1
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._closed:
                self._open -= 1
                self._closed.notify_all()

    def drain(self, timeout: float) -> None:
        """Stop accepting connections, and wait up to TIMEOUT seconds for the open ones."""
        self.shutdown()
        with self._closed:
            self._closed.wait_for(lambda: not self._open, timeout)


class Handler(WSGIRequestHandler):
    """A handler that logs each of the project's requests in one line, without colours."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log a request, unless dev mode itself made it."""
        path = quote(getattr(self, "path", "?"), safe=punctuation)
        if not path.startswith("/_dev/"):
            print(f"{self.command} {path} {code}", file=sys.stderr)


class Process:
    """This process: its app, its server, and its connection to the parent."""

    def __init__(self, parent: IO[bytes], host: str) -> None:
        self.parent = parent
        self.host = host
        self.dev = dev_app.DevApp(Path.cwd(), host)
        self.server: Server | None = None

    def run(self, port: int, fd: int | None) -> None:
        follower = Thread(target=self._follow_parent, daemon=True)
        follower.start()
        self.dev.load()
        self.server = Server(self.host, port, self.dev, Handler, fd=fd)
        self.server.serve_forever(poll_interval=0.05)
        follower.join()

    def _follow_parent(self) -> None:
        for line in self.parent:
            self.dev.change(line.decode().strip())
        self.dev.close()
        if self.server:
            self.server.drain(DRAIN_SECONDS)
        sys.stdout.flush()
        os._exit(0)  # threads of the project may still run, and would delay a normal exit


def _take_stdin() -> IO[bytes]:
    """Return the pipe from the parent, and give the terminal to breakpoint() as standard input."""
    pipe = os.fdopen(os.dup(0), "rb")
    try:
        terminal = os.open("CONIN$" if sys.platform == "win32" else "/dev/tty", os.O_RDONLY)
    except OSError:
        terminal = os.open(os.devnull, os.O_RDONLY)
    os.dup2(terminal, 0)
    os.close(terminal)
    return pipe


def _leave_interrupts_to_parent() -> None:
    # SIG_IGN would be inherited by the programs that the project starts; a handler is not.
    signal.signal(signal.SIGINT, lambda *_: None)
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


if __name__ == "__main__":
    _leave_interrupts_to_parent()
    sys.path[0] = str(Path.cwd())
    host, port, *fd = sys.argv[1:]
    Process(_take_stdin(), host).run(int(port), int(fd[0]) if fd else None)
