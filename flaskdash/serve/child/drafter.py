"""The process of flaskdash that suggests, drafts and adds charts for the form of the edit bar."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock, Timer
from typing import Any

IDLE_SECONDS = 300.0  # without a request, after which it ends
ENDED = "The process of flaskdash that drafts charts has ended. The terminal says why."


class Drafter:
    """Starts the process for the first request, as it needs 150 MB, and ends it when it is idle."""

    def __init__(self, argv: Sequence[str], root: Path) -> None:
        self._argv = argv
        self._root = root
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._timer: Timer | None = None

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to a request, or an error."""
        with self._lock:
            if self._timer:
                self._timer.cancel()
            line = self._exchange(json.dumps(request).encode() + b"\n")
            self._timer = Timer(IDLE_SECONDS, self.close)
            self._timer.daemon = True
            self._timer.start()
        return dict(json.loads(line)) if line else {"error": ENDED, "hint": "", "field": ""}

    def close(self) -> None:
        """End the process, which then deletes its drafts."""
        with self._lock:
            if self._process and self._process.stdin and self._process.stdout:
                with suppress(OSError):
                    self._process.stdin.close()
                self._process.stdout.close()
                self._process.wait()
            self._process = None

    def _exchange(self, line: bytes) -> bytes:
        if self._process is None or self._process.poll() is not None:
            # In a session of its own, Ctrl-C does not interrupt it: it ends when its input ends.
            self._process = subprocess.Popen(
                self._argv,
                cwd=self._root,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
            return self._process.stdout.readline()
        except OSError:
            return b""
