"""The units: systemd's files for a project, and the port that systemd holds for it."""

from __future__ import annotations

import os
import pwd
import re

from flaskdash.deploy.ssh.server.basics import Failed, is_free, say
from flaskdash.deploy.ssh.server.home import Home

FIRST_PORT = 8000


class Units(Home):
    """A project whose units can be written."""

    def units(self) -> None:
        """Write the units but for the socket, which changes with the port alone."""
        has_port = self.asked["port"] or self.port
        self.asked["port"] = has_port or next(
            port for port in range(FIRST_PORT, 65536) if is_free(port)
        )
        theirs = self.systemd.folder / f"{self.unit}@.service"
        if theirs.exists() and f" {self.root}/" not in theirs.read_text():
            raise Failed(
                f"another account of this server has a project of this name ({theirs})",
                hint="another name there: ssh://USER@HOST/NAME",
                kind="preflight",
            )
        name = f"{self.unit}@.service.d/sandbox.conf"
        root = str(self.root).replace("%", "%%")
        writable = f"{root}/releases/%i/instance {root}/shared/instance"
        sandbox = self.systemd.allowed(self.filled("sandbox.conf"), name, writable)
        refresh = bool(self.asked["refresh"])
        texts = {
            f"{self.unit}.service": self.filled("app.service"),
            f"{self.unit}@.service": self.filled("live.service"),
            name: sandbox,
            f"{self.unit}_trial@.service": self.filled("trial.service"),
            f"{self.unit}_trial@.service.d/sandbox.conf": sandbox,
            f"{self.unit}_trial@.socket": self.filled("trial.socket"),
            f"{self.unit}_refresh.service": self.filled("refresh.service") if refresh else None,
            f"{self.unit}_refresh.timer": self.filled("refresh.timer") if refresh else None,
        }
        if not refresh:
            self.systemd("disable", "--now", f"{self.unit}_refresh.timer", must=False)
        changed = [self.systemd.write(name, text) for name, text in texts.items()]
        if any(changed):
            self.systemd("daemon-reload")

    def filled(self, template: str) -> str:
        """Return a unit's text."""
        system = os.geteuid() == 0 or not self.systemd.is_user
        values = {
            "LISTEN": f"127.0.0.1:{self.asked['port']}"
            if self.asked["domain"]
            else self.asked["port"],
            "PORT": self.asked["port"],
            "REFRESH": self.asked.get("refresh", 0),
            "ROOT": str(self.root).replace("%", "%%"),
            "RUNTIME": self.systemd.runtime,
            "SYSTEMCTL": "systemctl --user" if self.systemd.is_user else "systemctl",
            "TITLE": plain(self.asked["title"]),
            "UNIT": self.unit,
            "USER": f"User={self.owner()}" if system else "",
            "WANTED_BY": "default.target" if self.systemd.is_user else "multi-user.target",
        }
        text = self.asked["units"][template].replace(
            "@SERVICE@", self.asked["units"]["service.conf"]
        )
        if template == "trial.socket" and system:
            text = text.replace(
                "SocketMode", f"SocketUser={pwd.getpwuid(os.geteuid()).pw_name}\nSocketMode"
            )
        return re.sub(r"@([A-Z_]+)@", lambda found: str(values[found[1]]), text)

    def listen(self, text: str | None = None) -> str | None:
        """Have systemd hold the port; return what the socket's file was, where that changed.

        Releases that run keep the port that they have.
        """
        name = f"{self.unit}.socket"
        path = self.systemd.folder / name
        before = path.read_text() if path.is_file() else ""
        if self.systemd.is_user and self.asked["port"] < 1024:
            raise Failed(
                f"port {self.asked['port']} can be opened by root alone",
                hint="--port 8000, and --domain with Caddy in front of it",
            )
        wanted = text if text is not None else self.filled("app.socket")
        is_open = self.systemd.state(name) == "active"
        if before == wanted and is_open:
            return None
        if not (is_open and self.port == self.asked["port"]) and not is_free(self.asked["port"]):
            raise Failed(
                f"port {self.asked['port']} is taken on the server",
                hint="flaskdash deploy --port with another one",
            )
        self.systemd.write(name, wanted or None)
        self.systemd("daemon-reload")
        self.systemd("stop", f"{self.unit}.service", name, must=False)
        try:
            if wanted:
                self.systemd("start", name)
        except Failed:
            if text is None:
                self.listen(before)
            raise
        return before

    def boots(self) -> None:
        """Have all of it start with the server."""
        names = [f"{self.unit}.socket", f"{self.unit}.service", f"{self.unit}_refresh.timer"]
        units = [name for name in names if (self.systemd.folder / name).exists()]
        try:
            self.systemd("enable", "--quiet", *units)
            self.systemd("start", *units)
        except Failed as error:
            say(f"note      it may not start with the server: {error} {error.log}")


def plain(title: str) -> str:
    """Return a title as one line of a unit's file, in which nothing has a meaning."""
    return " ".join(title.split()).replace("\\", "\\\\").replace("%", "%%")
