"""The server's systemd: the user's own instance, or the system's."""

from __future__ import annotations

import hashlib
import os
import pwd
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from flaskdash.deploy.ssh.server.basics import StepError, run, write_file, write_system_file

if TYPE_CHECKING:
    from collections.abc import Sequence

LOG_LINES = 15


class Systemd:
    """The user's own systemd, or the system's if the account may use sudo or is root."""

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
        """Return the command that systemctl's arguments are added to."""
        return [*self.sudo, "systemctl", *(["--user"] if self.is_user else [])]

    def __call__(self, *args: str, check: bool = True) -> str:
        """Run systemctl and return its output; without `check`, return "" if it fails."""
        try:
            return run([*self.command, *args], 120)
        except StepError:
            if check:
                raise
            return ""

    def state(self, unit: str) -> str:
        """Return a unit's state: active, activating, failed, inactive..."""
        return self("show", "--value", "--property=ActiveState", unit, check=False).strip()

    def invocation(self, unit: str) -> str:
        """Return the ID of a unit's run, which changes when systemd starts it again."""
        return self("show", "--value", "--property=InvocationID", unit, check=False).strip()

    def release_unit(self, release: str) -> str:
        """Return the name of a release's service."""
        return f"{self.unit}@{release}.service"

    def running_releases(self) -> list[str]:
        """Return the releases whose service is loaded, including those between two restarts."""
        output = self("list-units", "--plain", "--no-legend", f"{self.unit}@*.service")
        names = (line.split()[0] for line in output.splitlines() if line.split())
        return [name.partition("@")[2].removesuffix(".service") for name in names]

    def log(self, unit: str) -> str:
        """Return the last lines of a unit's log, or "" if it cannot be read."""
        scope = ["--user"] if self.is_user else []
        argv = [*self.sudo, "journalctl", *scope, "--quiet", "--no-pager", "--output=cat"]
        with suppress(StepError, OSError):
            return run([*argv, f"--lines={LOG_LINES}", f"--unit={unit}"], 20).strip()
        return ""

    def enable_linger(self) -> None:
        """Let the user's services run while nobody is logged in."""
        user = pwd.getpwuid(os.geteuid()).pw_name
        if not self.is_user or Path(f"/var/lib/systemd/linger/{user}").exists():
            return
        try:
            run(["loginctl", "enable-linger"], 30)
        except (StepError, OSError):
            raise StepError(
                f"systemd ends the services of {user} when {user} logs out, and only an"
                " administrator of the server can change that",
                hint=f"sudo loginctl enable-linger {user}",
                kind="preflight",
            ) from None
        deadline = time.monotonic() + 10
        while not Path(self.runtime, "systemd/private").exists() and time.monotonic() < deadline:
            time.sleep(0.05)

    def supports(self, options: Sequence[str]) -> bool:
        """Return whether a service with these options starts on this server."""
        scope = ["--user"] if self.is_user else []
        properties = [word for option in options for word in ("--property", option)]
        probe = ["systemd-run", *scope, "--quiet", "--wait", "--collect", *properties, "/bin/true"]
        try:
            run([*self.sudo, *probe], 20)
        except StepError:
            return False
        return True

    def supported_options(self, text: str, name: str, writable: str) -> str:
        """Return a unit's text without the options that services on this server cannot have.

        Servers differ in the namespaces that they allow a user's own services. The text begins with
        a hash of the options that were tried, so that the next deploy reuses the result.
        """
        option_line = re.compile(r"^(?!ReadWritePaths)\w+=.*$", re.MULTILINE)
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        header = f"# {digest}: the options that this server supports\n"
        with suppress(OSError):
            written = (self.folder / name).read_text()
            if written.startswith(header) and self.supports(option_line.findall(written)):
                return written
        options = option_line.findall(text)
        supported = options if self.supports(options) else []
        for option in options if not supported else ():
            if self.supports([*supported, option]):
                supported.append(option)
        if "ProtectSystem=strict" in supported:
            supported = [*supported, f"ReadWritePaths={writable}"]
        return "\n".join([f"{header}[Service]", *supported]) + "\n"

    def write(self, name: str, text: str | None) -> bool:
        """Write a unit's file, or delete it if the text is None; return whether that changed it."""
        path = self.folder / name
        before = path.read_text() if path.is_file() else None
        if before == text:
            return False
        if self.sudo:
            if text is None:
                run([*self.sudo, "rm", "-f", str(path)])
            else:
                write_system_file(self.sudo, path, text)
        elif text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, text)
        return True
