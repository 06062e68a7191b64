"""The requests that the server's side answers: deploy, rollback, status and others."""

from __future__ import annotations

import json
import os
import signal
from contextlib import suppress
from typing import Any, BinaryIO

from flaskdash.deploy.ssh.server.basics import StepError, report, send, write_file
from flaskdash.deploy.ssh.server.build import Build
from flaskdash.deploy.ssh.server.front import Front
from flaskdash.deploy.ssh.server.live import Switchover
from flaskdash.deploy.ssh.server.settings import read_settings, with_settings

LOG_LINES = 15


class ServerProject(Switchover):
    """A project on this server, with a method for each request."""

    def __init__(self, request: dict[str, Any], stdin: BinaryIO) -> None:
        super().__init__(request)
        self.stdin = stdin

    def deploy(self) -> dict[str, Any]:
        """Build a release from the files on standard input, and make it live."""
        with self.locked():
            self.systemd.enable_linger()
            self.recover()
            name = Build(self, self.stdin).make(self.write_units)
            try:
                self.go_live(name, self.await_preflight)
            except BaseException:
                if self.live != name:
                    self.remove(name)
                raise
            with suppress(OSError):  # the release is live, and the next deploy prunes again
                self.prune()
            if self.request["domain"]:
                Front(self).set_up()
            return self.state()

    def await_preflight(self) -> None:
        """Wait until the preflight has passed, which may run while the release is tried."""
        if self.stdin.readline() != b"passed\n":
            raise StepError("the preflight has not passed", kind="preflight")

    def rollback(self) -> dict[str, Any]:
        """Make another release live: the requested one, or the one before the live one."""
        with self.locked():
            self.recover()
            live = self.live
            name = self._rollback_release()
            self.request["port"] = self.port
            if name != live:
                self.go_live(name)
            return self.state()

    def _rollback_release(self) -> str:
        """Return the release to roll back to; raise StepError if it does not exist."""
        releases = self.read_releases()
        names = [release["name"] for release in releases]
        if self.live not in names:
            raise StepError("no release is live, so a rollback is not possible", kind="usage")
        live = releases[names.index(self.live)]
        older = [
            release["name"] for release in releases if int(release["number"]) < int(live["number"])
        ]
        before = live["before"] if live["before"] in names else next(iter(older), "")
        name = str(self.request["release"] or before)
        if not name:
            raise StepError(f"no release exists before {live['name']}", kind="usage")
        if name not in names:
            raise StepError(
                f"the release {name} does not exist", hint="flaskdash releases", kind="usage"
            )
        return name

    def wait(self) -> dict[str, Any]:
        """Wait until a running deploy has ended, and clean up if it was killed."""
        with self.locked():
            self.recover()
            return self.state()

    def status(self) -> dict[str, Any]:
        """Return the state, systemd's facts about the live release, and whether it answers."""
        live, self.request["port"] = self.live, self.port
        facts = {}
        if live:
            properties = "ActiveState,ActiveEnterTimestamp,MemoryCurrent,NRestarts"
            unit = self.systemd.release_unit(live)
            output = self.systemd("show", f"--property={properties}", unit)
            facts = dict(line.split("=", 1) for line in output.splitlines())
        answer = self.request_port() if self.port else ""
        healthy = bool(live) and answer == f"up {live}"
        return self.state() | {"facts": facts, "healthy": healthy}

    def list_releases(self) -> dict[str, Any]:
        """Return the releases, newest first, and the name of the live one."""
        return {"live": self.live, "releases": self.read_releases()}

    def list_secrets(self) -> dict[str, Any]:
        """Return the names of the settings in .env."""
        env = self.shared / ".env"
        return {"names": list(read_settings(env.read_text("utf-8") if env.exists() else ""))}

    def set_secrets(self) -> dict[str, Any]:
        """Write settings into .env and restart the live release; restore .env if that fails."""
        with self.locked():
            self.recover()
            self.shared.mkdir(parents=True, exist_ok=True)
            env, live = self.shared / ".env", self.live
            before = env.read_text("utf-8") if env.exists() else ""
            self.request["port"] = self.port
            # If this is interrupted, `recover` restores the file.
            self.write_env(".env.before", before)
            self.write_env(".env", with_settings(before, self.request["values"]))
            if live:
                self.restart_with_settings(live, before)
            (self.shared / ".env.before").unlink()
            return self.state()

    def restart_with_settings(self, live: str, before: str) -> None:
        """Restart the live release if it works with the new .env; otherwise restore the old one."""
        restarted = False
        unit = self.systemd.release_unit(live)
        try:
            self.try_release(live)
            report(f"restart   {live}")
            restarted = True
            self.systemd("restart", unit)
            self.wait_for(live, alone=True)
        except StepError as error:
            self.write_env(".env", before)
            (self.shared / ".env.before").unlink()
            if restarted:
                try:
                    self.systemd("restart", unit)
                    self.wait_for(live, alone=True)
                except StepError:
                    error.kind = "not-rolled-back"
            raise

    def write_env(self, name: str, text: str) -> None:
        """Write a file that only the user of the releases can read."""
        write_file(self.shared / name, text, 0o600)
        self.give_to_service(self.shared / name)


def main(stdin: BinaryIO) -> int:
    """Answer the request in the next line of standard input."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.umask(0o022 if os.geteuid() == 0 else 0o077)  # root's releases run as another user
    request = json.loads(stdin.readline())
    project = ServerProject(request, stdin)
    action = {
        "deploy": project.deploy,
        "rollback": project.rollback,
        "status": project.status,
        "wait": project.wait,
        "releases": project.list_releases,
        "secrets": project.list_secrets,
        "set-secrets": project.set_secrets,
    }[request["action"]]
    try:
        send(result=action())
    except StepError as error:
        log = "\n".join(error.log.splitlines()[-LOG_LINES:])
        send(error=str(error), hint=error.hint, kind=error.kind, log=log, live=project.live)
    except OSError as error:
        message = f"on the server: {error.strerror or error}"
        send(error=message, hint="", kind="", log="", live=project.live)
    with suppress(OSError):
        # The connection may be closed, and Python would fail when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 0
