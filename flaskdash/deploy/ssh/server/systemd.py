"""The server's systemd: the user's own, or the system's."""

from __future__ import annotations

import hashlib
import os
import pwd
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from flaskdash.deploy.ssh.server.basics import Failed, install, replace, run

if TYPE_CHECKING:
    from collections.abc import Sequence

LOG_LINES = 15


class Systemd:
    """The server's systemd: the user's own, or the system's where we may."""

    def __init__(self, scope: str, unit: str) -> None:
        self.unit = unit
        self.is_user = scope == "user"
        self.sudo = [] if self.is_user or os.geteuid() == 0 else ["sudo", "-n"]
        if self.is_user:
            os.environ.setdefault("XDG_RUNTIME_DIR", f"/run/user/{os.geteuid()}")
            self.folder = Path.home() / ".config/systemd/user"
            self.runtime = os.environ["XDG_RUNTIME_DIR"]
        else:
            self.folder, self.runtime = Path("/etc/systemd/system"), "/run"

    @property
    def command(self) -> list[str]:
        """Return systemctl, as it is to be called."""
        return [*self.sudo, "systemctl", *(["--user"] if self.is_user else [])]

    def __call__(self, *args: str, must: bool = True) -> str:
        """Run systemctl; a failure raises, if it must not be."""
        try:
            return run([*self.command, *args], 120)
        except Failed:
            if must:
                raise
            return ""

    def state(self, unit: str) -> str:
        """Return how a unit stands: active, activating, failed, inactive..."""
        return self("show", "--value", "--property=ActiveState", unit, must=False).strip()

    def live(self, release: str) -> str:
        """Return the unit of a release."""
        return f"{self.unit}@{release}.service"

    def running(self) -> list[str]:
        """Return the releases that run, or are to run again in a moment."""
        listed = self("list-units", "--plain", "--no-legend", f"{self.unit}@*.service")
        names = (line.split()[0] for line in listed.splitlines() if line.split())
        return [name.partition("@")[2].removesuffix(".service") for name in names]

    def log(self, unit: str) -> str:
        """Return the last lines of a unit's log."""
        scope = ["--user"] if self.is_user else []
        argv = [*self.sudo, "journalctl", *scope, "--quiet", "--no-pager", "--output=cat"]
        with suppress(Failed, OSError):
            return run([*argv, f"--lines={LOG_LINES}", f"--unit={unit}"], 20).strip()
        return ""

    def linger(self) -> None:
        """Have the user's services run while nobody is logged in."""
        user = pwd.getpwuid(os.geteuid()).pw_name
        if not self.is_user or Path(f"/var/lib/systemd/linger/{user}").exists():
            return
        try:
            run(["loginctl", "enable-linger"], 30)
        except (Failed, OSError):
            raise Failed(
                f"services of {user} would end when nobody is logged in, and {user} may not change that",
                hint=f"once, as an administrator of the server: sudo loginctl enable-linger {user}",
                kind="preflight",
            ) from None
        deadline = time.monotonic() + 10
        while not Path(self.runtime, "systemd/private").exists() and time.monotonic() < deadline:
            time.sleep(0.05)

    def allows(self, options: Sequence[str]) -> bool:
        """Return whether a service may have these options here."""
        scope = ["--user"] if self.is_user else []
        properties = [word for one in options for word in ("--property", one)]
        probe = ["systemd-run", *scope, "--quiet", "--wait", "--collect", *properties, "/bin/true"]
        try:
            run([*self.sudo, *probe], 20)
        except Failed:
            return False
        return True

    def allowed(self, text: str, name: str, writable: str) -> str:
        """Return a unit's file without the options that a service may not have here.

        What namespaces a user's own services may have differs from server to server.
        """
        find = re.compile(r"^(?!ReadWritePaths)\w+=.*$", re.MULTILINE)
        mark = (
            f"# {hashlib.sha256(text.encode()).hexdigest()[:12]}: what this server allows of it\n"
        )
        with suppress(OSError):
            known = (self.folder / name).read_text()
            if known.startswith(mark) and self.allows(find.findall(known)):
                return known
        options = find.findall(text)
        kept = options if self.allows(options) else []
        for option in options if not kept else ():
            if self.allows([*kept, option]):
                kept.append(option)
        if "ProtectSystem=strict" in kept:
            kept = [*kept, f"ReadWritePaths={writable}"]
        return "\n".join([f"{mark}[Service]", *kept]) + "\n"

    def write(self, name: str, text: str | None) -> bool:
        """Make a unit's file hold a text, or not be there; return whether that changed it."""
        path = self.folder / name
        before = path.read_text() if path.is_file() else None
        if before == text:
            return False
        if self.sudo:
            if text is None:
                run([*self.sudo, "rm", "-f", str(path)])
            else:
                install(self.sudo, path, text)
        elif text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace(path, text)
        return True
