"""The terminal of `serve`: the address when it starts, and keys while it runs."""

import contextlib
import io
import os
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any
from urllib.parse import urlsplit

from flaskdash.progress import draw

EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104
WHITE_ON_BLACK, RESET = "\x1b[38;5;231;48;5;16m", "\x1b[0m"


def show_address(title: str, host: str, address: str, echo: Callable[[str], None]) -> None:
    """Say where the project is served, and who can reach it."""
    keys = "o opens it, r restarts, q quits" if sys.stdin.isatty() else "Ctrl-C to stop"
    echo(f"Serving {title} on {address} ({keys})")
    if host in EVERYWHERE:
        reachable = f"http://{address_in_network()}:{urlsplit(address).port}"
        echo(f"Everybody in your network can open it: {reachable}")
        if sys.stdout.isatty() and "utf" in (sys.stdout.encoding or "").lower():
            draw(qr_code(reachable))


def qr_code(text: str) -> str:
    """Return a QR code for a terminal: black on white, whatever the terminal's colours are."""
    import segno

    code = io.StringIO()
    segno.make(text, micro=False).terminal(code, border=2, compact=True)
    # Its blocks are the light parts of the code.
    return "\n".join(f"{WHITE_ON_BLACK}{line}{RESET}" for line in code.getvalue().splitlines())


def address_in_network() -> str:
    """Return this machine's address in its network; nothing is sent for that."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # an address for documentation
        return str(probe.getsockname()[0])
    return socket.gethostname()


class Keys:
    """The keys that are pressed, one by one, if standard input is a terminal.

    While the project is at a breakpoint(), the keys are the debugger's.
    """

    def __init__(self) -> None:
        self.active = False
        self._is_paused = False
        self._settings: list[Any] = []

    def __enter__(self) -> "Keys":
        if sys.platform != "win32":
            signal.signal(signal.SIGUSR1, self._pause)
            # In the background, reading from the terminal would stop this process.
            if sys.stdin.isatty() and os.getpgrp() == os.tcgetpgrp(0):
                self._take()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._give_back()

    def get(self) -> str:
        """Return a key that was pressed, or "" if there is none."""
        if sys.platform != "win32" and self.active and not self._is_paused:
            import select

            if select.select([0], [], [], 0)[0]:
                return os.read(0, 1).decode("utf-8", "replace")
        return ""

    def resume(self) -> None:
        """Take the keys again after a breakpoint(), when a file was saved."""
        if self._is_paused:
            self._is_paused = False
            self._take()

    def _pause(self, _number: int, _frame: FrameType | None) -> None:
        if self.active:
            self._give_back()
            self._is_paused = True

    def _take(self) -> None:
        if sys.platform != "win32":
            import termios
            import tty

            self._settings = termios.tcgetattr(0)
            tty.setcbreak(0)
            self.active = True

    def _give_back(self) -> None:
        if sys.platform != "win32" and self.active:
            import termios

            termios.tcsetattr(0, termios.TCSANOW, self._settings)
            self.active = False
