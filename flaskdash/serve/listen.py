"""The listening socket, which stays open while the project restarts."""

import errno
import socket
import sys

from flaskdash.errors import FlaskdashError

TRIES = 100
BACKLOG = 128


def listen(host: str, port: int) -> socket.socket:
    """Listen on `host`, on `port` or the next free port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    last = min(port + TRIES, 65536)
    for candidate in range(port, last):
        try:
            return _listen(family, host, candidate)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise FlaskdashError(_reason(host, candidate, error)) from error
    raise FlaskdashError(
        f"The ports {port} to {last - 1} are all in use. Choose another port.",
        hint="flaskdash serve --port 8000",
    )


def free_port(host: str, port: int) -> int:
    """Return `port`, or the next free port on `host`."""
    with listen(host, port) as listener:
        return port_of(listener)


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def url(host: str, port: int) -> str:
    """Return the address to open in a browser on this machine."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://{f'[{reachable}]' if ':' in reachable else reachable}:{port}"


def _listen(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
        # During a restart, two processes share the socket. Neither may block on a connection
        # that the other has accepted.
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def _reason(host: str, port: int, error: OSError) -> str:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return (
            f"--host {host} is not an address of this machine. Use one that is, such as 127.0.0.1."
        )
    if isinstance(error, PermissionError):
        return f"Only an administrator may listen on port {port}. Use --port with 1024 or higher."
    return f"Cannot listen on {host}, port {port}: {error.strerror or error}"
