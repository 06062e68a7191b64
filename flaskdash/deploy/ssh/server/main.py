"""What the server can be asked for."""

from __future__ import annotations

import json
import os
import re
import signal
from contextlib import suppress
from typing import Any, BinaryIO

from flaskdash.deploy.ssh.server.basics import Failed, replace, say, tell
from flaskdash.deploy.ssh.server.build import Build
from flaskdash.deploy.ssh.server.front import Front
from flaskdash.deploy.ssh.server.live import Live

LOG_LINES = 15


class Server(Live):
    """A project on this server."""

    def __init__(self, asked: dict[str, Any], stdin: BinaryIO) -> None:
        super().__init__(asked)
        self.stdin = stdin

    def deploy(self) -> dict[str, Any]:
        """Make a release of what comes in, and let it go live."""
        with self.alone():
            self.systemd.linger()
            self.settle()
            name = Build(self, self.stdin).make(self.units)
            try:
                self.go_live(name)
            except BaseException:
                if self.live != name:
                    self.remove(name)
                raise
            with suppress(OSError):  # it is live all the same, and the next deploy tries again
                self.prune()
            if self.asked["domain"]:
                Front(self).set_up()
            return self.standing()

    def rollback(self) -> dict[str, Any]:
        """Let another release go live: the one that was asked for, or the one before."""
        with self.alone():
            self.settle()
            known = self.known()
            live = next((one for one in known if one["name"] == self.live), None)
            if live is None:
                raise Failed("nothing is live, so there is nothing to go back from", kind="usage")
            older = [one["name"] for one in known if int(one["number"]) < int(live["number"])]
            names = [one["name"] for one in known]
            wanted = self.asked["release"] or (
                live["before"] if live["before"] in names else next(iter(older), "")
            )
            if not wanted:
                raise Failed(f"there is no release before {live['name']}", kind="usage")
            if wanted not in names:
                raise Failed(
                    f"there is no release {wanted}", hint="flaskdash releases", kind="usage"
                )
            self.asked["port"] = self.port
            if wanted != live["name"]:
                self.go_live(wanted)
            return self.standing()

    def wait(self) -> dict[str, Any]:
        """Wait until a deploy that is at work has ended, and clear up where it was killed."""
        with self.alone():
            self.settle()
            return self.standing()

    def status(self) -> dict[str, Any]:
        """Return how the project stands here."""
        live, self.asked["port"] = self.live, self.port
        shown = "ActiveState,ActiveEnterTimestamp,MemoryCurrent,NRestarts"
        text = self.systemd("show", f"--property={shown}", self.systemd.live(live)) if live else ""
        facts = dict(line.split("=", 1) for line in text.splitlines())
        said = self.ask_port() if self.port else ""
        return self.standing() | {"facts": facts, "healthy": bool(live) and said == f"up {live}"}

    def list_releases(self) -> dict[str, Any]:
        """Return the releases, the newest first."""
        return {"live": self.live, "releases": self.known()}

    def list_secrets(self) -> dict[str, Any]:
        """Return the names of what .env sets."""
        text = (self.shared / ".env").read_text() if (self.shared / ".env").exists() else ""
        return {"names": re.findall(r"^\s*(?:export\s+)?(\w+)\s*=", text, re.MULTILINE)}

    def set_secrets(self) -> dict[str, Any]:
        """Write settings into .env, and have the live release take them up; or leave all as it was."""
        with self.alone():
            self.settle()
            self.shared.mkdir(parents=True, exist_ok=True)
            env, live = self.shared / ".env", self.live
            before = env.read_text() if env.exists() else ""
            values = self.asked["values"]
            lines = [
                line
                for line in before.splitlines()
                if not re.match(rf"\s*(?:export\s+)?(?:{'|'.join(values)})\s*=", line)
            ]
            lines += [f"{name}={quoted(value)}" for name, value in values.items()]
            self.asked["port"] = self.port
            self.write_env(".env.before", before)  # should this be cut off, `settle` puts it back
            self.write_env(".env", "\n".join(lines) + "\n")
            if live:
                self.take_up(live, before)
            (self.shared / ".env.before").unlink()
            return self.standing()

    def take_up(self, live: str, before: str) -> None:
        """Have the live release read .env again, if it works with it; else put back what it was."""
        restarted = False
        try:
            self.trial(live)
            say(f"restart   {live}")
            restarted = True
            self.systemd("restart", self.systemd.live(live))
            self.wait_for(live, only=True)
        except Failed as error:
            self.write_env(".env", before)
            (self.shared / ".env.before").unlink()
            if restarted:
                try:
                    self.systemd("restart", self.systemd.live(live))
                    self.wait_for(live, only=True)
                except Failed:
                    error.kind = "not-rolled-back"
            raise

    def write_env(self, name: str, text: str) -> None:
        """Write a file that only the release may read."""
        replace(self.shared / name, text, 0o600)
        self.own(self.shared / name)


def quoted(value: str) -> str:
    r"""Return a value as .env holds it, so that python-dotenv reads the same.

    It takes \\ and \' in single quotes, and puts variables even there; an unnamed one has its default.
    """
    text = value.replace("${", "${:-$}{").replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"


def main(stdin: BinaryIO) -> int:
    """Do what the next line of standard input asks for."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.umask(0o022 if os.geteuid() == 0 else 0o077)  # root's releases run as another user
    asked = json.loads(stdin.readline())
    server = Server(asked, stdin)
    what = {
        "deploy": server.deploy,
        "rollback": server.rollback,
        "status": server.status,
        "wait": server.wait,
        "releases": server.list_releases,
        "secrets": server.list_secrets,
        "set-secrets": server.set_secrets,
    }[asked["do"]]
    try:
        tell(done=what())
    except Failed as error:
        log = "\n".join(error.log.splitlines()[-LOG_LINES:])
        tell(failed=str(error), hint=error.hint, kind=error.kind, log=log, live=server.live)
    except OSError as error:
        tell(
            failed=f"{error.strerror or error}, on the server",
            hint="",
            kind="",
            log="",
            live=server.live,
        )
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nobody may listen any more
    return 0
