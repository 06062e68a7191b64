"""Switch from one release to another: a trial, both on one port, and the end of the old one."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from flaskdash.deploy.ssh.server.basics import StepError, report
from flaskdash.deploy.ssh.server.units import Units

if TYPE_CHECKING:
    from collections.abc import Callable

FAILED = "This chart could not be drawn"
UP_SECONDS = 30.0  # until /up has to answer
READY_SECONDS = 600.0  # until each dashboard has to answer, because the data is read first
TRIAL_SECONDS = 1.5  # that a release has to run after its first answer
LOADER_SECONDS = 5.0  # during which a loader may fail, such as while a database wakes up
LINKS = re.compile(r"""href=["'](/(?:dashboards|charts)/[^"'?#.]+)""")


class Response(NamedTuple):
    """A response of the release on trial; the status is 0 if nothing answers."""

    status: int
    body: str = ""
    has_failed_chart: bool = False


class Switchover(Units):
    """A project whose live release can be switched."""

    def go_live(self, name: str, confirm: Callable[[], None] = lambda: None) -> None:
        """Try a release, start it beside the live one, and stop that when the new one answers.

        `confirm` is called between the trial and the start; if it raises StepError, nothing starts.
        """
        old = self.live
        self.try_release(name)
        confirm()
        socket_before = self.listen()
        try:
            report(f"start     {name}")
            if not old:
                self.set_current(name)  # safe now, because no release is live
            self.systemd("start", self.systemd.release_unit(name))
            self.wait_for(name, alone=not old)
            self.set_current(name)
            if old and old != name:
                report(f"stop      {old}, when it has answered its open requests")
                self.systemd("stop", "--no-block", self.systemd.release_unit(old))
                self.wait_for(name, alone=True)
        except BaseException as error:
            self.go_back(name, old, socket_before, error)
        self.enable_at_boot()

    def go_back(
        self, name: str, old: str, socket_before: str | None, error: BaseException
    ) -> NoReturn:
        """Make the old release live again, and raise the error of the new one."""
        log = self.systemd.log(self.systemd.release_unit(name))
        if not isinstance(error, StepError):
            error = StepError(f"{type(error).__name__}: {error}")
        kind = ""
        try:
            if socket_before is not None:
                self.listen(socket_before)
            if not old:
                self.current.unlink(missing_ok=True)
            elif self.live != old:
                self.set_current(old)
            if old:
                self.systemd("start", self.systemd.release_unit(old))
            self.systemd("stop", self.systemd.release_unit(name), check=False)
            if old:
                self.wait_for(old, alone=True)
        except (StepError, OSError):
            kind = "not-rolled-back"
        raise StepError(str(error), error.hint, error.kind or kind, error.log or log) from error

    def try_release(self, name: str) -> None:
        """Start a release on a socket of its own, and request each of its dashboards."""
        report(f"try       {name} on a socket of its own")
        unit, log = f"{self.unit}_trial@{name}", self.root / "trial.log"
        log.unlink(missing_ok=True)
        log.touch()  # if the system's systemd created it, only root could read it
        try:
            self.systemd("start", f"{unit}.socket")
            try:
                self.systemd("start", f"{unit}.service")
            except StepError:
                raise StepError(f"{name} does not start") from None
            # A request to the socket would start a release that has died again, and again.
            first_run = self.systemd.invocation(f"{unit}.service")
            self.check_up(name, f"{unit}.service", first_run)
            up = time.monotonic()
            self.check_dashboards(f"{unit}.service")
            time.sleep(max(0.0, up + TRIAL_SECONDS - time.monotonic()))
            if not self.is_first_run(f"{unit}.service", first_run):
                raise StepError(f"{name} starts, but dies soon afterwards")
        except StepError as error:
            with suppress(OSError):
                error.log = log.read_text(errors="replace").strip()
            error.log = error.log or self.systemd.log(f"{unit}.service")
            raise
        finally:
            self.stop_trial()

    def check_up(self, name: str, unit: str, invocation: str) -> None:
        """Wait until the release on trial answers at /up with its own name, in its first run."""
        deadline = time.monotonic() + UP_SECONDS
        while time.monotonic() < deadline:
            if not self.is_first_run(unit, invocation):
                raise StepError(f"{name} does not start")
            response = self.request_trial("/up", 5)
            if response.status == 200 and response.body.split() == ["up", name]:
                return
            if response.status == 200:
                raise StepError(
                    f"/up answers {response.body.strip()[:60]!r} instead of 'up {name}'."
                    " Let its view return the text of the file .release, as the view that"
                    " `flaskdash new` writes does",
                )
            if response.status:
                raise StepError(f"{name} does not answer: {describe(response.status)} at /up")
            time.sleep(0.1)
        raise StepError(f"{name} does not answer: no response at /up within {UP_SECONDS:.0f} s")

    def is_first_run(self, unit: str, invocation: str) -> bool:
        """Return whether a unit runs, and was not started again since this invocation."""
        is_same = self.systemd.invocation(unit) == invocation
        return is_same and self.systemd.state(unit) in ("active", "activating")

    def check_dashboards(self, unit: str) -> None:
        """Wait for the data, and request the first dashboard and each page that it links to."""
        pending, visited, start = ["/"], {"/"}, time.monotonic()
        while pending:
            path = pending.pop(0)
            response = self.request_trial(path, 60)
            while response.status == 503 and time.monotonic() < start + READY_SECONDS:
                self.check_loaders(time.monotonic() - start)
                if self.systemd.state(unit) != "active":
                    break
                time.sleep(0.5)
                response = self.request_trial(path, 60)
            if response.status in (0, 404) or response.status >= 500:
                raise StepError(f"{path} does not answer: {describe(response.status)}")
            if response.has_failed_chart:
                report(f"note      a chart on {path} fails; `flaskdash logs` shows why")
            links = [link for link in LINKS.findall(response.body) if link not in visited]
            pending += links
            visited.update(links)
        for name, state in self.loader_states().items():
            if state["error"]:
                report(
                    f"note      the loader {name} fails, so its last good data is shown:"
                    f" {state['error']}"
                )

    def check_loaders(self, seconds: float) -> None:
        """Raise StepError if a loader has no data and still fails after some seconds."""
        for name, state in self.loader_states().items():
            if state["error"] and not state["built"] and seconds > LOADER_SECONDS:
                raise StepError(f"the loader {name} fails: {state['error']}")

    def loader_states(self) -> dict[str, dict[str, str]]:
        """Return from /ready when each loader's data was built, and its error."""
        with suppress(ValueError, AttributeError):
            loaders = json.loads(self.request_trial("/ready", 10).body)["loaders"]
            return {
                str(name): {key: str(state.get(key, "")) for key in ("built", "error")}
                for name, state in loaders.items()
            }
        return {}

    def request_trial(self, path: str, seconds: float) -> Response:
        """Request a page of the release on trial."""
        file = f"{self.systemd.runtime}/{self.unit}_trial.sock"
        connection = UnixConnection(file, seconds)
        try:
            connection.request("GET", path, headers={"Host": self.request["domain"] or "localhost"})
            response = connection.getresponse()
            body = response.read().decode("utf-8", "replace")
            return Response(response.status, body, FAILED in body)
        except (OSError, http.client.HTTPException):
            return Response(0)
        finally:
            connection.close()

    def recover(self) -> None:
        """Clean up after an interrupted deploy, and start the current release if needed."""
        shutil.rmtree(self.incoming, ignore_errors=True)
        if (before := self.shared / ".env.before").exists():
            before.replace(self.shared / ".env")
        if (self.systemd.folder / f"{self.unit}@.service").exists():
            self.stop_others()
        for folder, mark in ((self.releases, "lived"), (self.environments, ".complete")):
            for path in folder.glob("*"):
                if not (path / mark).exists():
                    shutil.rmtree(path, ignore_errors=True)

    def stop_others(self) -> None:
        """Start the current release if needed, and stop all others."""
        self.stop_trial()
        live = self.live
        unit = self.systemd.release_unit(live)
        if live and self.systemd.state(unit) not in ("active", "activating"):
            self.systemd("reset-failed", unit, check=False)
            self.systemd("start", unit, check=False)
        for name in self.systemd.running_releases():
            if name != live:
                # One that is incomplete still answers visitors: its files go when it has ended.
                is_whole = (self.releases / name / "lived").exists()
                options = ["--no-block"] if is_whole else []
                self.systemd("stop", *options, self.systemd.release_unit(name), check=False)

    def stop_trial(self) -> None:
        """Stop the release on trial, and delete its log."""
        pattern = f"{self.unit}_trial@*"
        self.systemd("stop", f"{pattern}.socket", f"{pattern}.service", check=False)
        self.systemd("reset-failed", f"{pattern}.service", f"{pattern}.socket", check=False)
        (self.root / "trial.log").unlink(missing_ok=True)

    def wait_for(self, name: str, *, alone: bool) -> None:
        """Wait until a release answers on the port; with `alone`, until only that release does."""
        deadline = time.monotonic() + UP_SECONDS
        answers: list[str] = []
        # Several requests at once, because two releases on one port each get some of them.
        with ThreadPoolExecutor(8) as pool:
            while time.monotonic() < deadline:
                answers = list(pool.map(lambda _: self.request_port(), range(8)))
                matches = answers.count(f"up {name}")
                if matches == len(answers) if alone else matches > 0:
                    return
                state = self.systemd.state(self.systemd.release_unit(name))
                if state not in ("active", "activating"):
                    raise StepError(f"{name} does not start")
                time.sleep(0.05)
        raise StepError(
            f"{name} does not answer on port {self.request['port']}: {answers[0] or 'no response'}"
        )

    def request_port(self, path: str = "/up") -> str:
        """Return the body of a page on the port, or "" if its status is not 200."""
        connection = http.client.HTTPConnection("127.0.0.1", self.request["port"], timeout=5)
        try:
            connection.request("GET", path, headers={"Host": self.request["domain"] or "localhost"})
            response = connection.getresponse()
            body = response.read().decode("utf-8", "replace").strip()
            return body if response.status == 200 else ""
        except (OSError, http.client.HTTPException):
            return ""
        finally:
            connection.close()


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def describe(status: int) -> str:
    """Return a status in words."""
    return f"status {status}" if status else "no response"
