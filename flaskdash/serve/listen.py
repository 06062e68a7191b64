"""The listening socket: opened once by the parent, and kept while the project restarts."""

import errno
import socket
import sys

from flaskdash.errors import FlaskdashError

TRIES = 100
BACKLOG = 128


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on `host`, on `port` or on the next one that is free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    last = min(port + TRIES, 65536)
    for candidate in range(port, last):
        try:
            return _listen(family, host, candidate)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise FlaskdashError(_reason(host, candidate, error)) from error
    raise FlaskdashError(f"the ports {port} to {last - 1} are all taken", hint="another --port")


def free_port(host: str, port: int) -> int:
    """Return `port`, or the next one that is free on `host`."""
    with listen(host, port) as listener:
        return port_of(listener)


def port_of(listener: socket.socket) -> int:
    """Return the port that a socket listens on."""
    return int(listener.getsockname()[1])


def url(host: str, port: int) -> str:
    """Return the address to open in a browser on this machine."""
    near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://{f'[{near}]' if ':' in near else near}:{port}"


def _listen(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
        # Two children share it for a moment: neither may block on a connection the other took.
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def _reason(host: str, port: int, error: OSError) -> str:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"--host {host} is not an address of this machine"
    if isinstance(error, PermissionError):
        return f"port {port} is for the administrator only; take one from 1024 on with --port"
    return f"cannot listen on {host}, port {port}: {error.strerror or error}"
