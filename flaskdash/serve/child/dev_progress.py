"""Show on the terminal which source is being read, if that takes more than a second."""

import itertools
import os
import sys
import time
from collections.abc import Callable, Mapping
from threading import Event, Lock, Thread
from typing import Any, TextIO

DELAY_SECONDS = 1.0
FRAME_SECONDS = 0.1
FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
CLEAR = "\r\x1b[K"


class Terminal:
    """Standard error with a progress line at the bottom; other output is written above it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = Lock()
        self._drawn = False
        self._at_line_start = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write above the progress line."""
        with self._lock:
            self._erase()
            self._at_line_start = text.endswith("\n") if text else self._at_line_start
            return self._stream.write(text)

    def draw(self, text: str) -> None:
        """Draw the progress line, unless another line is unfinished."""
        with self._lock:
            if self._at_line_start:
                # The cursor returns to the start of the line, because the parent writes here too.
                self._stream.write(f"{CLEAR}{text}\r")
                self._stream.flush()
                self._drawn = True

    def erase(self) -> None:
        with self._lock:
            self._erase()
            self._stream.flush()

    def _erase(self) -> None:
        if self._drawn:
            self._stream.write(CLEAR)
            self._drawn = False


class Progress:
    """Shows which loader is read and for how long, if standard error is a terminal."""

    def __init__(self) -> None:
        self.terminal: Terminal | None = None
        if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
            self.terminal = sys.stderr = Terminal(sys.stderr)

    def watch(self, data: Mapping[str, Any]) -> None:
        """Wrap the `build` of each loader's data, by loader name, so that it shows its progress."""
        if self.terminal:
            for name, loader_data in data.items():
                loader_data.build = _with_progress(name, loader_data.build, self.terminal)

    def close(self) -> None:
        if self.terminal:
            self.terminal.erase()


def _with_progress(name: str, build: Callable[..., Any], terminal: Terminal) -> Callable[..., Any]:
    def build_with_progress(*args: Any, **kwargs: Any) -> Any:
        start, done = time.monotonic(), Event()
        drawer = Thread(target=_draw, args=[terminal, name, start, done], daemon=True)
        drawer.start()
        try:
            state = build(*args, **kwargs)
        finally:
            done.set()
            drawer.join()
            terminal.erase()
        seconds = time.monotonic() - start
        if seconds > DELAY_SECONDS and not state.error:  # the project logs an error itself
            print(f"Read {name}: {state.rows:,} rows in {seconds:.1f} s", file=sys.stderr)
        return state

    return build_with_progress


def _draw(terminal: Terminal, name: str, start: float, done: Event) -> None:
    wait = DELAY_SECONDS
    for frame in itertools.cycle(FRAMES):
        if done.wait(wait):
            return
        terminal.draw(f"{frame} Reading {name}... {time.monotonic() - start:.0f} s")
        wait = FRAME_SECONDS
