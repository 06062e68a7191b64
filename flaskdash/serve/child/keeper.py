"""The keeper: starts the workers, one for each state of the project's code that needs a new process.

On Linux a worker is forked from this process, which has imported what most projects need; it has no
thread of Python, and no connection to DuckDB. While nothing changes, a spare worker is forked in
advance, and opens and draws something of its own. Elsewhere a worker is a new process. A new worker
loads the project first: only if that succeeds does it replace the one that serves.
"""

import glob
import json
import os
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flaskdash.serve.child import inbox, launch, problem, warm, worker
else:
    import inbox
    import launch
    import problem
    import warm
    import worker

CAN_FORK = sys.platform == "linux"
TICK_SECONDS = 0.5
DRAIN_SECONDS = 3.0
ANSWER_SECONDS = 3.0  # that a worker may take for a change, before another one starts
SHORT_LIFE_SECONDS = 2.0
SPARE_SECONDS = 4.0  # after a start; or as soon as the worker says what its first pages import


class Keeper:
    """Keeps one worker that serves, and another one while changed code is being loaded."""

    def __init__(self, options: worker.Options) -> None:
        self.options = options
        self.root = Path.cwd()
        self.serving: launch.Running | None = None
        self.loading: launch.Running | None = None
        self.spare: launch.Running | None = None
        self._has_spares = CAN_FORK and (self.root / "app" / "engine").is_dir()
        self._draining: list[tuple[launch.Running, float]] = []
        self._inbox = inbox.ThreadedInbox() if sys.platform == "win32" else inbox.Inbox()
        # The files whose change the loading worker brings; None if it starts by itself.
        self._cause: tuple[str, ...] | None = None
        # The crash that the loading worker shows above its pages.
        self._crash: problem.Problem | None = None

    def run(self) -> None:
        """Serve until the parent closes standard input, or ends this process."""
        signal.signal(signal.SIGINT, lambda *_: None)
        signal.signal(signal.SIGTERM, _exit)
        if sys.platform != "win32":
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        warm.share_templates()
        if self._has_spares:
            warm.warm_up()
        self._inbox.add(0)
        try:
            self._start()
            while True:
                self._handle(self._inbox.get(TICK_SECONDS))
                self._look_after()
        except (EOFError, SystemExit):
            self._stop()

    def _handle(self, item: tuple[int, bytes | None] | None) -> None:
        if item is None:
            return
        pipe, line = item
        if pipe == 0:
            if line is None:
                raise EOFError
            self._obey(json.loads(line))
            return
        running = next((each for each in self._all() if each.reports == pipe), None)
        if running and line is None:
            self._ended(running)
        elif running and line:
            self._heard(running, json.loads(line))

    def _obey(self, command: dict[str, Any]) -> None:
        names = tuple(command.get("changed", ()))
        _remove_bytecode(self.root, names)
        serving = self.serving
        if self.loading or not serving or "restart" in command:
            self._start(names)
            return
        if not serving.unanswered:
            serving.pending_since, serving.names = time.monotonic(), ()
        serving.unanswered += 1
        serving.names = tuple(dict.fromkeys(serving.names + names))
        serving.tell(changed=names)

    def _heard(self, running: launch.Running, report: dict[str, Any]) -> None:
        kind = report["kind"]
        if kind == "imported":
            running.has_settled = True
            if warm.import_all(report["names"]) and self.spare:
                self._drain(self.spare)  # the next one has them too
                self.spare = None
        elif running is self.serving:
            running.unanswered -= kind in {"restart", "done"}
            running.pending_since = time.monotonic()
            if kind == "restart":
                self._start(running.names, last_page=report["last_page"])
            elif kind == "done" and report["result"]:
                self._say(running.names, f"{report['result']} reloaded", report["milliseconds"])
        elif running is self.loading:
            if kind == "slow":
                self._show(report["problem"])
            elif kind == "up" or not self.serving:
                if self.serving:
                    self._drain(self.serving)
                if self._cause is not None and kind == "up":
                    self._say(self._cause, "restarted", 1000 * (time.monotonic() - running.started))
                self.serving, self.loading = running, None
                if kind == "up" and self._crash:
                    self._show(self._crash.as_dict())
            else:
                self._show(report["problem"])  # and the worker ends by itself

    def _ended(self, running: launch.Running) -> None:
        code = running.collect()
        if running is self.loading:
            self.loading = None
            if code:
                self._crashed(running, code)
            elif not self.serving:
                self._start(self._cause)  # the worker that it left to serve has ended too
        elif running is self.spare:
            self.spare, self._has_spares = None, False
        elif running is self.serving:
            self.serving = None
            self._crashed(running, code)
        self._draining = [each for each in self._draining if each[0] is not running]
        running.crash_log.close()

    def _crashed(self, running: launch.Running, code: int) -> None:
        reason = f"The project's process ended with exit code {code}"
        if code < 0:
            with suppress(ValueError):
                reason = f"The project's process ended: {signal.strsignal(-code)}"
        print(reason, file=sys.stderr, flush=True)
        hint = "Correct this line and save the file."
        line = running.crash_line(self.root)
        crash = problem.at(reason, line, self.root, hint)
        if self.serving:
            self._show(crash.as_dict())
        elif not self.loading:
            is_old = time.monotonic() - running.started > SHORT_LIFE_SECONDS
            self._start(crash=None if is_old else crash)
            self._crash = crash if line else None

    def _show(self, failure: dict[str, Any]) -> None:
        if self.serving:
            self.serving.tell(problem=failure)

    def _start(
        self,
        names: tuple[str, ...] | None = None,
        crash: problem.Problem | None = None,
        last_page: dict[str, str] | None = None,
    ) -> None:
        """Start a worker, which replaces one that is still loading."""
        if self.loading:
            self.loading.kill()
            self._drain(self.loading)
            self.loading = None
        self._cause, self._crash = names, None
        problem_of_crash = crash.as_dict() if crash else None
        start = worker.Start(self.serving is None, problem_of_crash, names or (), last_page)
        if self.spare:
            self.loading, self.spare = self.spare, None
            self.loading.begin(start)
        else:
            self.loading = self._fork(start) if CAN_FORK else launch.spawn(self.options, start)
            self._inbox.add(self.loading.reports)
        if crash:
            self.serving, self.loading = self.loading, None

    def _fork(self, start: worker.Start | None) -> launch.Running:
        def release() -> None:
            self._inbox.close()
            for each in self._all():
                each.close()
                os.close(each.reports)
                each.crash_log.close()

        return launch.fork(self.options, start, release)

    def _drain(self, running: launch.Running) -> None:
        running.close()
        self._draining.append((running, time.monotonic() + DRAIN_SECONDS))

    def _look_after(self) -> None:
        now = time.monotonic()
        for running, deadline in self._draining:
            if now > deadline:
                running.kill()
        serving = self.serving
        is_late = serving and serving.unanswered and now > serving.pending_since + ANSWER_SECONDS
        if serving and is_late and not self.loading:
            serving.unanswered = 0
            self._start(serving.names)
        has_settled = serving and (serving.has_settled or now > serving.started + SPARE_SECONDS)
        if has_settled and self._has_spares and not self.spare and not self.loading:
            self.spare = self._fork(None)
            self._inbox.add(self.spare.reports)

    def _all(self) -> list[launch.Running]:
        draining = (running for running, _ in self._draining)
        workers = [self.serving, self.loading, self.spare, *draining]
        return [running for running in workers if running]

    def _stop(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for running in self._all():
            running.close()
        end = time.monotonic() + DRAIN_SECONDS
        while self._all():
            if time.monotonic() > end:
                for running in self._all():
                    running.kill()
            if (item := self._inbox.get(0.1)) and item[1] is None and item[0] != 0:
                ended = next(each for each in self._all() if each.reports == item[0])
                ended.collect()
                self.serving = None if ended is self.serving else self.serving
                self.loading = None if ended is self.loading else self.loading
                self.spare = None if ended is self.spare else self.spare
                self._draining = [each for each in self._draining if each[0] is not ended]

    def _say(self, names: Iterable[str], event: str, milliseconds: float) -> None:
        print(f"{list_names(names)}: {event} in {milliseconds:.0f} ms", flush=True)


def list_names(names: Iterable[str]) -> str:
    """List the first of some files."""
    first, *more = sorted(names) or ["the project"]
    return f"{first} and {len(more)} more" if more else first


def _exit(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit


def _remove_bytecode(root: Path, names: Iterable[str]) -> None:
    """Remove the bytecode of changed modules.

    Python considers it current if the source has the same size and was saved in the same second.
    """
    for path in map(Path, names):
        if path.suffix == ".py":
            cache = (root / path).parent / "__pycache__"
            for file in cache.glob(f"{glob.escape(path.stem)}.*.pyc"):
                file.unlink(missing_ok=True)
