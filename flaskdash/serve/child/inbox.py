"""Lines from the pipes of other processes."""

import os
import selectors
from queue import Empty, SimpleQueue
from threading import Thread


class Inbox:
    """Lines from pipes, each with its pipe; None is the end of a pipe."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._parts: dict[int, bytes] = {}
        self._lines: list[tuple[int, bytes | None]] = []

    def add(self, pipe: int) -> None:
        self._selector.register(pipe, selectors.EVENT_READ)
        self._parts[pipe] = b""

    def get(self, timeout: float) -> tuple[int, bytes | None] | None:
        """Return the next line; None if there is none in time."""
        if not self._lines:
            for key, _ in self._selector.select(timeout):
                self._read(key.fd)
        return self._lines.pop(0) if self._lines else None

    def close(self) -> None:
        self._selector.close()

    def _read(self, pipe: int) -> None:
        data = os.read(pipe, 65_536)
        if data:
            *lines, self._parts[pipe] = (self._parts[pipe] + data).split(b"\n")
            self._lines += [(pipe, line) for line in lines]
        else:
            self._selector.unregister(pipe)
            self._lines.append((pipe, None))


class ThreadedInbox(Inbox):
    """An inbox for Windows, which cannot select pipes; the keeper does not fork there."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[tuple[int, bytes | None]] = SimpleQueue()

    def add(self, pipe: int) -> None:
        Thread(target=self._follow, args=[pipe], daemon=True).start()

    def get(self, timeout: float) -> tuple[int, bytes | None] | None:
        try:
            return self._queue.get(timeout=timeout)
        except Empty:
            return None

    def _follow(self, pipe: int) -> None:
        with os.fdopen(os.dup(pipe), "rb") as lines:
            for line in lines:
                self._queue.put((pipe, line))
        self._queue.put((pipe, None))
