"""From one release to another: a trial, both on one port, and the end of the old one."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import NoReturn

from flaskdash.deploy.ssh.server.basics import Failed, say
from flaskdash.deploy.ssh.server.units import Units

UP_SECONDS = 30.0  # until /up answers
READY_SECONDS = 600.0  # until each dashboard does, while the data is being read
CALM_SECONDS = 5.0  # that a loader may fail, such as while a database wakes up
LINKS = re.compile(r"""href=["'](/(?:dashboards|charts)/[^"'?#.]+)""")


class Live(Units):
    """A project whose live release can be another."""

    def go_live(self, name: str) -> None:
        """Try a release, start it beside the live one, and end that when the new one has answered."""
        old = self.live
        self.trial(name)
        was = self.listen()
        try:
            say(f"start     {name}")
            if not old:
                self.point(name)  # nothing is live that could be lost
            self.systemd("start", self.systemd.live(name))
            self.wait_for(name, only=not old)
            self.point(name)
            if old and old != name:
                say(f"stop      {old}, when it has finished what is under way")
                self.systemd("stop", "--no-block", self.systemd.live(old))
                self.wait_for(name, only=True)
        except BaseException as error:
            self.back(name, old, was, error)
        self.boots()

    def back(self, name: str, old: str, was: str | None, error: BaseException) -> NoReturn:
        """Let the old release be live as before, and raise what the new one has failed with."""
        log = self.systemd.log(self.systemd.live(name))
        if not isinstance(error, Failed):
            error = Failed(f"{type(error).__name__}: {error}")
        kind = ""
        try:
            if was is not None:
                self.listen(was)
            if not old:
                self.current.unlink(missing_ok=True)
            elif self.live != old:
                self.point(old)
            if old:
                self.systemd("start", self.systemd.live(old))
            self.systemd("stop", self.systemd.live(name), must=False)
            if old:
                self.wait_for(old, only=True)
        except (Failed, OSError):
            kind = "not-rolled-back"
        raise Failed(str(error), error.hint, error.kind or kind, error.log or log) from error

    def trial(self, name: str) -> None:
        """Start a release on a socket of its own, as it will run, and ask for each of its dashboards."""
        say(f"try       {name} on a socket of its own")
        unit, log = f"{self.unit}_trial@{name}", self.root / "trial.log"
        log.unlink(missing_ok=True)
        log.touch()  # the system's systemd would make it so that only root can read it
        try:
            self.systemd("start", f"{unit}.socket")
            try:
                self.systemd("start", f"{unit}.service")
            except Failed:
                raise Failed(f"{name} does not start") from None
            self.try_up(name, f"{unit}.service")
            self.try_dashboards(f"{unit}.service")
        except Failed as error:
            with suppress(OSError):
                error.log = log.read_text(errors="replace").strip()
            error.log = error.log or self.systemd.log(f"{unit}.service")
            raise
        finally:
            self.end_trial()

    def try_up(self, name: str, unit: str) -> None:
        """Wait until the release on trial says that it is up, and which it is."""
        deadline = time.monotonic() + UP_SECONDS
        while time.monotonic() < deadline:
            if self.systemd.state(unit) not in ("active", "activating"):
                raise Failed(f"{name} does not start")
            status, body, _ = self.ask_trial("/up", 5)
            if status == 200 and body.split() == ["up", name]:
                return
            if status == 200:
                raise Failed(
                    f"/up answers {body.strip()[:60]!r}, and not 'up {name}'",
                    hint="have it say the text of .release, as a project made by `flaskdash new` does",
                )
            if status:
                raise Failed(f"{name} does not answer: {describe(status)} at /up")
            time.sleep(0.1)
        raise Failed(f"{name} does not answer: nothing at /up within {UP_SECONDS:.0f} s")

    def try_dashboards(self, unit: str) -> None:
        """Ask for the first dashboard and for all that it links to, when the data has been read."""
        todo, seen, began = ["/"], {"/"}, time.monotonic()
        while todo:
            path = todo.pop(0)
            status, body, kept = self.ask_trial(path, 60)
            while status == 503 and time.monotonic() < began + READY_SECONDS:
                self.try_loaders(time.monotonic() - began)
                if self.systemd.state(unit) != "active":
                    break
                time.sleep(0.5)
                status, body, kept = self.ask_trial(path, 60)
            if status in (0, 404) or status >= 500:
                raise Failed(f"{path} does not answer: {describe(status)}")
            if not kept:
                say(f"note      a chart on {path} fails; the log says why: flaskdash logs")
            new = [link for link in LINKS.findall(body) if link not in seen]
            todo += new
            seen.update(new)
        for name, state in self.loaders().items():
            if state["error"]:
                say(
                    f"note      the loader {name} fails, and its last good data is shown: {state['error']}"
                )

    def try_loaders(self, since: float) -> None:
        """Raise where a loader fails and there is no data of before; it has been tried again by then."""
        for name, state in self.loaders().items():
            if state["error"] and not state["built"] and since > CALM_SECONDS:
                raise Failed(f"the loader {name} fails: {state['error']}")

    def loaders(self) -> dict[str, dict[str, str]]:
        """Return what /ready says of each loader: when its data was built, and its error."""
        with suppress(ValueError, AttributeError):
            found = json.loads(self.ask_trial("/ready", 10)[1])["loaders"]
            return {
                str(name): {key: str(one.get(key, "")) for key in ("built", "error")}
                for name, one in found.items()
            }
        return {}

    def ask_trial(self, path: str, seconds: float) -> tuple[int, str, bool]:
        """Return the status and the body of a page of the release on trial, and whether it may be kept."""
        file = f"{self.systemd.runtime}/{self.unit}_trial.sock"
        connection = UnixConnection(file, seconds)
        try:
            connection.request("GET", path, headers={"Host": self.asked["domain"] or "localhost"})
            answer = connection.getresponse()
            body = answer.read().decode("utf-8", "replace")
            return answer.status, body, "no-store" not in (answer.getheader("Cache-Control") or "")
        except (OSError, http.client.HTTPException):
            return 0, "", True
        finally:
            connection.close()

    def settle(self) -> None:
        """Clear up what a deploy that was cut off has left, and have the current release run."""
        shutil.rmtree(self.incoming, ignore_errors=True)
        if (kept := self.shared / ".env.before").exists():
            kept.replace(self.shared / ".env")
        for folder, mark in ((self.releases, "lived"), (self.environments, ".complete")):
            for one in folder.glob("*"):
                if not (one / mark).exists():
                    shutil.rmtree(one, ignore_errors=True)
        if not (self.systemd.folder / f"{self.unit}@.service").exists():
            return
        self.end_trial()
        live = self.live
        if live and self.systemd.state(self.systemd.live(live)) not in ("active", "activating"):
            self.systemd("reset-failed", self.systemd.live(live), must=False)
            self.systemd("start", self.systemd.live(live), must=False)
        for name in self.systemd.running():
            if name != live:
                self.systemd("stop", "--no-block", self.systemd.live(name), must=False)

    def end_trial(self) -> None:
        """Stop what is on trial, and take its log away."""
        pattern = f"{self.unit}_trial@*"
        self.systemd("stop", f"{pattern}.socket", f"{pattern}.service", must=False)
        self.systemd("reset-failed", f"{pattern}.service", f"{pattern}.socket", must=False)
        (self.root / "trial.log").unlink(missing_ok=True)

    def wait_for(self, name: str, *, only: bool) -> None:
        """Wait until a release answers on the port; with `only`, until no other one does."""
        deadline = time.monotonic() + UP_SECONDS
        told: list[str] = []
        with ThreadPoolExecutor(8) as pool:  # several at once: both releases take some
            while time.monotonic() < deadline:
                told = list(pool.map(lambda _: self.ask_port(), range(8)))
                others = [one for one in told if one != f"up {name}"]
                if (not others) if only else len(others) < len(told):
                    return
                if self.systemd.state(self.systemd.live(name)) not in ("active", "activating"):
                    raise Failed(f"{name} does not start")
                time.sleep(0.05)
        raise Failed(f"{name} does not answer on port {self.asked['port']}: {told[0] or 'nothing'}")

    def ask_port(self, path: str = "/up") -> str:
        """Return what a page on the port says, or nothing."""
        connection = http.client.HTTPConnection("127.0.0.1", self.asked["port"], timeout=5)
        try:
            connection.request("GET", path, headers={"Host": self.asked["domain"] or "localhost"})
            answer = connection.getresponse()
            return answer.read().decode("utf-8", "replace").strip() if answer.status == 200 else ""
        except (OSError, http.client.HTTPException):
            return ""
        finally:
            connection.close()


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a socket that is a file."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self) -> None:
        """Connect to the file."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def describe(status: int) -> str:
    """Return a status in words."""
    return f"status {status}" if status else "nothing"
