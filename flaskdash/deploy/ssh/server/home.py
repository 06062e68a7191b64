"""A project's folder on the server: its releases, the live one, and what they share."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pwd
import re
import shutil
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from flaskdash.deploy.ssh.server.basics import StepError, report, run
from flaskdash.deploy.ssh.server.systemd import Systemd

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_RELEASES = 5
MAX_USER_LENGTH = 31  # the longest name that useradd accepts
LOCK_SECONDS = 30.0


class Home:
    """A project's folder on the server."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.request = request
        self.root = Path(request["root"])
        self.unit = f"flaskdash-{request['project']}"
        self.systemd = Systemd(request["scope"], self.unit)
        self.releases = self.root / "releases"
        self.environments = self.root / "environments"
        self.wheels = self.root / "wheels"
        self.shared = self.root / "shared"
        self.current = self.root / "current"
        self.incoming = self.root / "incoming"
        self.lock = -1

    @property
    def live(self) -> str:
        """Return the name of the release that `current` points to, or ""."""
        with suppress(OSError):
            name = self.current.readlink().name
            if (self.releases / name).is_dir():
                return name
        return ""

    def read_releases(self) -> list[dict[str, Any]]:
        """Return each release's release.json and name, newest first.

        They are sorted by number, because a server's clock may be wrong.
        """
        releases = []
        for folder in self.releases.glob("*"):
            with suppress(OSError, ValueError):
                release = json.loads((folder / "release.json").read_text())
                releases.append(release | {"name": folder.name})
        return sorted(releases, key=lambda release: int(release["number"]), reverse=True)

    @property
    def port(self) -> int:
        """Return the port in the socket's unit, or 0."""
        with suppress(OSError):
            text = (self.systemd.folder / f"{self.unit}.socket").read_text()
            match = re.search(r"^ListenStream=(?:.*:)?(\d+)$", text, re.MULTILINE)
            return int(match[1]) if match else 0
        return 0

    def service_user(self) -> str:
        """Return the user that releases run as, which is never root; create it if needed."""
        if os.geteuid() != 0:
            return pwd.getpwuid(os.geteuid()).pw_name
        user = self.unit
        if len(user) > MAX_USER_LENGTH:
            user = f"{user[:22]}-{hashlib.sha256(user.encode()).hexdigest()[:8]}"
        try:
            pwd.getpwnam(user)
        except KeyError:
            home = ["--no-create-home", "--home-dir", str(self.root)]
            run(["useradd", "--system", *home, "--shell", "/usr/sbin/nologin", user])
        return user

    def give_to_service(self, path: Path) -> None:
        """Let the user that releases run as own a file or folder."""
        if os.geteuid() == 0:
            shutil.chown(path, self.service_user(), self.service_user())

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock against other deploys.

        The kernel releases it when this process ends for whatever reason. The programs that install
        packages inherit it, so that they have ended when the next deploy begins.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("a") as file:
            self._wait_for_lock(file)
            self.lock = file.fileno()
            yield

    def _wait_for_lock(self, file: IO[str]) -> None:
        deadline = time.monotonic() + LOCK_SECONDS
        reported = False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise StepError(
                        "another deploy is running on the server; this one changed nothing."
                        " Deploy again when the other one has ended",
                        hint="flaskdash deploy",
                        kind="preflight",
                    ) from None
            if not reported:
                report("wait      for another deploy that is running on the server")
                reported = True
            time.sleep(0.2)

    def set_current(self, name: str) -> None:
        """Point `current` at a release, by one rename."""
        (self.releases / name / "lived").touch()
        new = self.root / "current.new"
        new.unlink(missing_ok=True)
        new.symlink_to(f"releases/{name}")
        new.replace(self.current)
        folder = os.open(self.root, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def remove(self, name: str) -> None:
        """Delete a release that is not live.

        The files that mark it as complete go first, so that an interrupted deletion is noticed.
        """
        folder = self.releases / name
        for mark in ("lived", "release.json"):
            with suppress(OSError):
                (folder / mark).unlink()
        shutil.rmtree(folder, ignore_errors=True)

    def prune(self) -> None:
        """Delete old releases, except the live one and the one before it, and unused packages."""
        releases = {release["name"]: release for release in self.read_releases()}
        retained = {self.live, releases.get(self.live, {}).get("before", "")} & set(releases)
        for name in releases:
            if len(retained) < MAX_RELEASES:
                retained.add(name)
        for name in set(releases) - retained:
            report(f"remove    {name}")
            self.remove(name)
        self._prune_packages({releases[name]["environment"] for name in retained})

    def _prune_packages(self, used: set[str]) -> None:
        """Delete the environments that are not used, and the wheels that only they need."""
        wheels: set[str] = set()
        for folder in self.environments.glob("*"):
            if folder.name in used:
                wheels |= set((folder / ".complete").read_text().split())
            else:
                (folder / ".complete").unlink(missing_ok=True)
                shutil.rmtree(folder, ignore_errors=True)
        for wheel in self.wheels.glob("*"):
            if wheel.name not in wheels:
                wheel.unlink()

    def state(self) -> dict[str, Any]:
        """Return the live release, the port and the folder."""
        return {"release": self.live, "port": self.port, "root": str(self.root)}
