"""The state of the project, which open pages follow as a stream of events."""

import json
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Condition
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flaskdash.serve.child import failures, problem
else:
    import failures
    import problem

RETRY_MS = 150
POLL_SECONDS = 0.25
REPEAT_SECONDS = 2.0


class Events:
    """What the project at `root` shows now: its code, snapshots and static files, by their versions."""

    def __init__(self, root: Path, log: failures.Failures) -> None:
        self.root = root
        self.instance = root / "instance"
        self.boot = secrets.token_hex(4)
        self.problem: problem.Problem | None = None
        """What keeps the latest code from being loaded; pages go on with the code before it."""
        self._failures = log
        self._version = 0
        self._closing = False
        self._changed = Condition()
        self._known: tuple[list[object], dict[str, list[str]]] = ([], {})
        self._static = self._static_versions()

    def bump(self) -> None:
        """Have the browsers fetch their pages again."""
        self._version += 1
        self.notify()

    def notify(self) -> None:
        """Send the state to the pages, if it has changed."""
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """End the streams, so that browsers connect to the next process."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    def read_static(self) -> None:
        """Note which static files were saved."""
        self._static = self._static_versions()

    def stream(self) -> Iterator[bytes]:
        """Yield each new state, as server-sent events."""
        yield f"retry: {RETRY_MS}\n\n".encode()
        sent_state, sent_at = "", 0.0
        while not self._closing:
            state = json.dumps(self.state())
            # Repeat the state for tabs that connect late, and to detect closed browsers.
            if state != sent_state or time.monotonic() - sent_at > REPEAT_SECONDS:
                yield f"data: {state}\n\n".encode()
                sent_state, sent_at = state, time.monotonic()
            with self._changed:
                if not self._closing and state == json.dumps(self.state()):
                    self._changed.wait(POLL_SECONDS)
        # Pages need not wait until they have connected again.
        yield f"data: {json.dumps(self.state() | {'id': ''})}\n\n".encode()

    def state(self) -> dict[str, Any]:
        css, js = self._static
        failure = self.problem or self._loader_problem()
        return {
            "id": self.id(),
            "css": css,
            "js": js,
            "problem": failure.as_dict() if failure else None,
        }

    def _loader_problem(self) -> problem.Problem | None:
        """Return the problem of a loader whose last attempt failed."""
        for name, error in [*self._failures.loaders.items()]:
            if self._snapshots().get(name, [""])[-1]:
                return problem.describe(error, self.root)
        return None

    def id(self) -> str:
        digest = "-".join(part for parts in self._snapshots().values() for part in parts)
        return f"{self.boot}-{self._version}-{digest}"

    def _snapshots(self) -> dict[str, list[str]]:
        """Return the file and the error of each snapshot, by the name of its loader."""
        try:
            with os.scandir(self.instance) as entries:
                files = [entry for entry in entries if entry.name.endswith(".json")]
                # An attempt may begin and fail within one tick of the file system's clock.
                stats = [(entry.path, entry.stat()) for entry in files]
        except OSError:  # before the first snapshot
            return {}
        versions: list[object] = [
            (path, stat.st_mtime_ns, stat.st_ino, stat.st_size) for path, stat in stats
        ]
        if versions != self._known[0]:
            states = {Path(path).stem: _state_of(Path(path)) for path, _ in sorted(stats)}
            self._known = versions, states
        return self._known[1]

    def _static_versions(self) -> tuple[str, str]:
        """Return when each style sheet and each script was last saved, as JSON, by its name."""
        times: dict[str, dict[str, str]] = {".css": {}, ".js": {}}
        for folder in (self.root / "app").rglob("static"):
            for path in folder.rglob("*"):
                if path.suffix in times and path.is_file():
                    times[path.suffix][path.name] = str(path.stat().st_mtime_ns)
        return json.dumps(times[".css"]), json.dumps(times[".js"])


def _state_of(path: Path) -> list[str]:
    try:
        state = json.loads(path.read_bytes())
        return [str(state.get("file", "")), str(state.get("error", ""))]
    except (OSError, ValueError, AttributeError):  # it is being replaced, or not a state
        return [""]
