"""Say on the terminal which source is being read, where that takes longer than a second."""

import itertools
import os
import sys
import time
from collections.abc import Callable, Mapping
from threading import Event, Lock, Thread
from typing import Any, TextIO

AFTER = 1.0  # seconds
EACH = 0.1
FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
CLEAR = "\r\x1b[K"


class Terminal:
    """Standard error with a line below all else, which is redrawn; what others write goes above."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = Lock()
        self._drawn = False
        self._free = True  # at the beginning of a line

    def __getattr__(self, name: str) -> Any:
        """Return what the stream has of that name."""
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write above the line."""
        with self._lock:
            self._erase()
            self._free = text.endswith("\n") if text else self._free
            return self._stream.write(text)

    def draw(self, text: str) -> None:
        """Draw the line, unless somebody is in the middle of writing another."""
        with self._lock:
            if self._free:
                # Back at its beginning, so that the parent, which writes here too, starts there.
                self._stream.write(f"{CLEAR}{text}\r")
                self._stream.flush()
                self._drawn = True

    def erase(self) -> None:
        """Take the line away."""
        with self._lock:
            self._erase()
            self._stream.flush()

    def _erase(self) -> None:
        if self._drawn:
            self._stream.write(CLEAR)
            self._drawn = False


class Progress:
    """What is being read now, with the seconds that it has taken; nothing off a terminal."""

    def __init__(self) -> None:
        self.terminal: Terminal | None = None
        if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
            self.terminal = sys.stderr = Terminal(sys.stderr)

    def watch(self, data: Mapping[str, Any]) -> None:
        """Show on the terminal, by loader, when a project's data builds its snapshot."""
        if self.terminal:
            for name, each in data.items():
                each.build = self._shown(name, each.build, self.terminal)

    def _shown(
        self, name: str, build: Callable[..., Any], terminal: Terminal
    ) -> Callable[..., Any]:
        def shown(*args: Any, **kwargs: Any) -> Any:
            begun, done = time.monotonic(), Event()
            show = Thread(target=_show, args=[terminal, name, begun, done], daemon=True)
            show.start()
            try:
                state = build(*args, **kwargs)
            finally:
                done.set()
                show.join()
                terminal.erase()
            took = time.monotonic() - begun
            if took > AFTER and not state.error:  # the log has told of a failure
                print(f"Read {name}: {state.rows:,} rows in {took:.1f} s", file=sys.stderr)
            return state

        return shown

    def close(self) -> None:
        """Leave no line behind."""
        if self.terminal:
            self.terminal.erase()


def _show(terminal: Terminal, name: str, begun: float, done: Event) -> None:
    wait = AFTER
    for frame in itertools.cycle(FRAMES):
        if done.wait(wait):
            return
        terminal.draw(f"{frame} Reading {name}... {time.monotonic() - begun:.0f} s")
        wait = EACH
