"""A project's folder on the server, and what is in it."""

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
from typing import TYPE_CHECKING, Any

from flaskdash.deploy.ssh.server.basics import Failed, run, say
from flaskdash.deploy.ssh.server.systemd import Systemd

if TYPE_CHECKING:
    from collections.abc import Iterator

KEPT = 5  # releases
LOCK_SECONDS = 30.0


class Home:
    """A project's folder: its releases, which of them is live, and what they share."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self.asked = asked
        self.root = Path(asked["root"])
        self.unit = f"flaskdash-{asked['project']}"
        self.systemd = Systemd(asked["scope"], self.unit)
        self.releases = self.root / "releases"
        self.environments = self.root / "environments"
        self.wheels = self.root / "wheels"
        self.shared = self.root / "shared"
        self.current = self.root / "current"
        self.incoming = self.root / "incoming"
        self.lock = -1

    @property
    def live(self) -> str:
        """Return the name of the release that `current` points to, or nothing."""
        with suppress(OSError):
            name = self.current.readlink().name
            if (self.releases / name).is_dir():
                return name
        return ""

    def known(self) -> list[dict[str, Any]]:
        """Return the releases, the newest first: by their number, because clocks go wrong."""
        found = []
        for folder in self.releases.glob("*"):
            with suppress(OSError, ValueError):
                found.append(
                    json.loads((folder / "release.json").read_text()) | {"name": folder.name}
                )
        return sorted(found, key=lambda one: int(one["number"]), reverse=True)

    @property
    def port(self) -> int:
        """Return the port that the units have, or 0."""
        with suppress(OSError):
            text = (self.systemd.folder / f"{self.unit}.socket").read_text()
            found = re.search(r"^ListenStream=(?:.*:)?(\d+)$", text, re.MULTILINE)
            return int(found[1]) if found else 0
        return 0

    def owner(self) -> str:
        """Return the user that releases run as: not root."""
        if os.geteuid() != 0:
            return pwd.getpwuid(os.geteuid()).pw_name
        user = self.unit
        if len(user) > 31:  # what useradd takes
            user = f"{user[:22]}-{hashlib.sha256(user.encode()).hexdigest()[:8]}"
        try:
            pwd.getpwnam(user)
        except KeyError:
            home = ["--no-create-home", "--home-dir", str(self.root)]
            run(["useradd", "--system", *home, "--shell", "/usr/sbin/nologin", user])
        return user

    def own(self, path: Path) -> None:
        """Give a file or folder to the user that releases run as."""
        if os.geteuid() == 0:
            shutil.chown(path, self.owner(), self.owner())

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other deploys off. The lock is the kernel's: it ends with this process, however that does.

        What installs packages has it too, so that it has ended when the next deploy begins.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("a") as lock:
            deadline = time.monotonic() + LOCK_SECONDS
            waited = False
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise Failed(
                            "another deploy is at work on the server; nothing was changed",
                            hint="flaskdash deploy, when that one has ended",
                            kind="preflight",
                        ) from None
                if not waited:
                    say("wait      for another deploy that is at work on the server")
                    waited = True
                time.sleep(0.2)
            self.lock = lock.fileno()
            yield

    def point(self, name: str) -> None:
        """Have `current` point to a release, by one rename."""
        (self.releases / name / "lived").touch()
        new = self.root / "current.new"
        new.unlink(missing_ok=True)
        new.symlink_to(f"releases/{name}")
        new.replace(self.current)
        folder = os.open(self.root, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def remove(self, name: str) -> None:
        """Delete a release that is not live; first of all what says that it is whole."""
        folder = self.releases / name
        for mark in ("lived", "release.json"):
            with suppress(OSError):
                (folder / mark).unlink()
        shutil.rmtree(folder, ignore_errors=True)

    def prune(self) -> None:
        """Keep the live release, the one before it and the newest; and what these need."""
        known = {one["name"]: one for one in self.known()}
        kept = {self.live, known.get(self.live, {}).get("before", "")}
        for name in known:
            if len(kept & set(known)) < KEPT:
                kept.add(name)
        for name in set(known) - kept:
            say(f"remove    {name}")
            self.remove(name)
        needed, wheels = {known[name]["environment"] for name in kept & set(known)}, set()
        for folder in self.environments.glob("*"):
            if folder.name not in needed:
                (folder / ".complete").unlink(missing_ok=True)
                shutil.rmtree(folder, ignore_errors=True)
            else:
                wheels |= set((folder / ".complete").read_text().split())
        for wheel in self.wheels.glob("*"):
            if wheel.name not in wheels:
                wheel.unlink()

    def standing(self) -> dict[str, Any]:
        """Return which release is live, and on which port."""
        return {"release": self.live, "port": self.port, "root": str(self.root)}
