"""systemd's unit files for a project, and the port that systemd holds for it."""

from __future__ import annotations

import os
import pwd
import re

from flaskdash.deploy.ssh.server.basics import StepError, is_free, report
from flaskdash.deploy.ssh.server.home import Home

FIRST_PORT = 8000


class Units(Home):
    """A project's folder, and the units that run its releases."""

    def write_units(self) -> None:
        """Write all units except the socket, which `listen` writes when the port changes."""
        self._choose_port()
        self._check_account()
        texts = self._unit_texts()
        timer = f"{self.unit}_refresh.timer"
        if texts[timer] is None:
            self.systemd("disable", "--now", timer, check=False)
        changed = [self.systemd.write(name, text) for name, text in texts.items()]
        if any(changed):
            self.systemd("daemon-reload")

    def _choose_port(self) -> None:
        """Set the request's port: the requested one, the present one, or the first free one."""
        port = self.request["port"] or self.port
        self.request["port"] = port or next(
            port for port in range(FIRST_PORT, 65536) if is_free(port)
        )

    def _check_account(self) -> None:
        """Raise StepError if the units of this name belong to another account."""
        unit = self.systemd.folder / f"{self.unit}@.service"
        if unit.exists() and f" {self.root}/" not in unit.read_text():
            raise StepError(
                f"another account has a project of this name on the server: {unit}."
                " Deploy to an address with another name",
                hint="flaskdash deploy ssh://USER@HOST/NAME",
                kind="preflight",
            )

    def _unit_texts(self) -> dict[str, str | None]:
        """Return each unit's text by file name, or None if the project does not need it."""
        sandbox_name = f"{self.unit}@.service.d/sandbox.conf"
        root = str(self.root).replace("%", "%%")
        writable = f"{root}/releases/%i/instance {root}/shared/instance"
        sandbox = self.systemd.supported_options(
            self.render("sandbox.conf"), sandbox_name, writable
        )
        refresh = bool(self.request["refresh"])
        return {
            f"{self.unit}.service": self.render("app.service"),
            f"{self.unit}@.service": self.render("live.service"),
            sandbox_name: sandbox,
            f"{self.unit}_trial@.service": self.render("trial.service"),
            f"{self.unit}_trial@.service.d/sandbox.conf": sandbox,
            f"{self.unit}_trial@.socket": self.render("trial.socket"),
            f"{self.unit}_refresh.service": self.render("refresh.service") if refresh else None,
            f"{self.unit}_refresh.timer": self.render("refresh.timer") if refresh else None,
        }

    def render(self, template: str) -> str:
        """Return a unit's text with this project's values."""
        is_system = os.geteuid() == 0 or not self.systemd.is_user
        port = self.request["port"]
        values = {
            "LISTEN": f"127.0.0.1:{port}" if self.request["domain"] else port,
            "PORT": port,
            "REFRESH": self.request.get("refresh", 0),
            "ROOT": str(self.root).replace("%", "%%"),
            "RUNTIME": self.systemd.runtime,
            "SYSTEMCTL": "systemctl --user" if self.systemd.is_user else "systemctl",
            "TITLE": escape_title(self.request["title"]),
            "UNIT": self.unit,
            "USER": f"User={self.service_user()}" if is_system else "",
            "WANTED_BY": "default.target" if self.systemd.is_user else "multi-user.target",
        }
        templates = self.request["units"]
        text = templates[template].replace("@SERVICE@", templates["service.conf"])
        if template == "trial.socket" and is_system:
            user = pwd.getpwuid(os.geteuid()).pw_name
            text = text.replace("SocketMode", f"SocketUser={user}\nSocketMode")
        return re.sub(r"@([A-Z_]+)@", lambda match: str(values[match[1]]), text)

    def listen(self, text: str | None = None) -> str | None:
        """Let systemd hold the port; return the socket's text from before if that changed it.

        Releases that are running keep the port that they have. `text` is the socket's unit; by
        default it is made for the requested port.
        """
        name, port = f"{self.unit}.socket", self.request["port"]
        path = self.systemd.folder / name
        before = path.read_text() if path.is_file() else ""
        if self.systemd.is_user and port < 1024:
            raise StepError(
                f"only root can open port {port}. Choose one above 1023, and --domain to have"
                " Caddy or nginx on ports 80 and 443",
                hint="flaskdash deploy --port 8000",
            )
        socket = text if text is not None else self.render("app.socket")
        is_open = self.systemd.state(name) == "active"
        if before == socket and is_open:
            return None
        if not (is_open and self.port == port) and not is_free(port):
            raise StepError(
                f"another program on the server uses port {port}. Choose another port",
                hint="flaskdash deploy --port PORT",
            )
        self.systemd.write(name, socket or None)
        self.systemd("daemon-reload")
        self.systemd("stop", f"{self.unit}.service", name, check=False)
        try:
            if socket:
                self.systemd("start", name)
        except StepError:
            if text is None:
                self.listen(before)
            raise
        return before

    def enable_at_boot(self) -> None:
        """Let the units start with the server; report it if that fails."""
        names = [f"{self.unit}.socket", f"{self.unit}.service", f"{self.unit}_refresh.timer"]
        units = [name for name in names if (self.systemd.folder / name).exists()]
        try:
            self.systemd("enable", "--quiet", *units)
            self.systemd("start", *units)
        except StepError as error:
            report(f"note      it may not start with the server: {error} {error.log}")


def escape_title(title: str) -> str:
    """Return a title as one line of a unit's file, without characters that systemd interprets."""
    return " ".join(title.split()).replace("\\", "\\\\").replace("%", "%%")
