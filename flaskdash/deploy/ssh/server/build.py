"""A new release: made of what comes in, beside the others."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import sys
import tarfile
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

from flaskdash.deploy.ssh.server.basics import Failed, replace, run, say
from flaskdash.deploy.ssh.server.home import Home

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Build:
    """A release on its way in."""

    def __init__(self, home: Home, stdin: BinaryIO) -> None:
        self.home, self.asked, self.stdin = home, home.asked, stdin

    def make(self, units: Callable[[], None]) -> str:
        """Make the release, write its units, and return its name; or leave nothing of it."""
        name = self.name()
        try:
            self.receive(name)
            self.environment()
            self.furnish(name)
            units()
            self.publish(name)
        except BaseException as error:
            shutil.rmtree(self.home.incoming, ignore_errors=True)
            if isinstance(error, OSError):
                raise Failed(f"{error.strerror or error}, on the server") from error
            raise
        return name

    def name(self) -> str:
        """Return the name of the new release: the one that was asked for, made to be new."""
        taken = {one.name for one in self.home.releases.glob("*")}
        name, n = self.asked["release"], 1
        while name in taken:
            n += 1
            name = f"{self.asked['release']}-{n}"
        return str(name)

    def receive(self, name: str) -> None:
        """Unpack the files that come in; whole, or not at all."""
        folder = self.home.incoming / name
        folder.mkdir(parents=True)
        if self.asked["files"]:
            say(f"receive   {len(self.asked['files'])} files")
        for one in self.asked["files"]:
            digest, left = hashlib.sha256(), one["size"]
            with (self.home.incoming / one["name"]).open("wb") as file:
                while left and (chunk := self.stdin.read(min(left, 1 << 20))):
                    file.write(chunk)
                    digest.update(chunk)
                    left -= len(chunk)
            if left or digest.hexdigest() != one["sha256"]:
                raise Failed("the connection ended before all was sent")
        self.home.wheels.mkdir(exist_ok=True)
        for wheel in self.home.incoming.glob("*.whl"):
            wheel.replace(self.home.wheels / wheel.name)
        with tarfile.open(self.home.incoming / "app.tar.gz") as tar:
            if hasattr(tarfile, "data_filter"):  # a Python of before June 2023 has none
                tar.extraction_filter = tarfile.data_filter
            tar.extractall(folder)  # noqa: S202

    def environment(self) -> None:
        """Install the packages, with no network, unless an environment with the same ones is there."""
        folder = self.home.environments / self.asked["environment"]
        if (folder / ".complete").exists():
            return
        say(f"install   {self.asked['packages']} packages, with no network")
        shutil.rmtree(folder, ignore_errors=True)
        listed = self.home.incoming / "requirements.txt"
        listed.write_text(self.asked["requirements"])
        try:
            for argv in self.installation(folder, str(listed)):
                run(argv, keeps=[self.home.lock])
        except Failed as error:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.rmtree(self.home.wheels, ignore_errors=True)  # one may be damaged
            raise Failed("the packages can't be installed on the server", log=error.log) from error
        # Now, because the release itself can't write there. In half of pip's time: without tests.
        compiling = ["compileall", "-q", "-j", "0", "-x", "/tests?/", str(folder / "lib")]
        with suppress(Failed):  # a package may have files for another Python
            run([str(folder / "bin/python"), "-m", *compiling], keeps=[self.home.lock])
        os.sync()
        (folder / ".complete").write_text("".join(f"{name}\n" for name in self.asked["wheels"]))

    def installation(self, folder: Path, listed: str) -> list[list[str]]:
        """Return the commands that make an environment: uv's, or those of the pip that was sent."""
        python = str(folder / "bin/python")
        what = ["--quiet", "--no-index", "--no-deps", "--require-hashes", "--requirement", listed]
        what += ["--find-links", str(self.home.wheels)]
        if uv := self.asked["uv"]:
            alone = ["--offline", "--no-config", "--no-cache"]
            return [
                [uv, "venv", "--quiet", *alone, "--python", sys.executable, str(folder)],
                [uv, "pip", "install", *alone, "--python", python, *what],
            ]
        pip = [python, str(self.home.incoming / "pip.zip/pip"), "--isolated"]
        return [
            [sys.executable, "-m", "venv", "--without-pip", str(folder)],
            [*pip, "install", "--disable-pip-version-check", "--no-compile", *what],
        ]

    def furnish(self, name: str) -> None:
        """Give the new release what it has besides its files."""
        folder = self.home.incoming / name
        instance = self.home.shared / "instance"
        for one in (self.home.shared, instance, folder / "instance"):
            one.mkdir(exist_ok=True)
        self.home.own(instance)
        self.home.own(folder / "instance")
        self.secret_key()
        (folder / ".venv").symlink_to(f"../../environments/{self.asked['environment']}")
        (folder / "app/.release").write_text(f"{name}\n")
        for link, to in ((".env", "shared/.env"), ("instance", "shared/instance")):
            (folder / "app" / link).symlink_to(f"../../../{to}")
        self.carry_snapshots(folder)
        python = str(self.home.environments / self.asked["environment"] / "bin/python")
        run([python, "-m", "compileall", "-q", str(folder / "app/app")])

    def carry_snapshots(self, folder: Path) -> None:
        """Give the new release those snapshots of the live one that it would build alike.

        A snapshot is never written over, so both can have the same file. Where the loader or its
        source is another, the new release builds its own, and the old one does not see it.
        """
        if not self.home.live:
            return
        live = self.home.releases / self.home.live
        for name, paths in self.asked["loaders"].items():
            if all(print_of(live / "app" / one) == print_of(folder / "app" / one) for one in paths):
                with suppress(
                    OSError, ValueError, KeyError
                ):  # there is none, or it is just replaced
                    state = (live / "instance" / f"{name}.json").read_text()
                    file = json.loads(state)["file"]
                    os.link(live / "instance" / file, folder / "instance" / file)
                    (folder / "instance" / f"{name}.json").write_text(state)
                    self.home.own(folder / "instance" / f"{name}.json")

    def secret_key(self) -> None:
        """See to it that there is an .env with a SECRET_KEY; it is made once."""
        env = self.home.shared / ".env"
        text = env.read_text() if env.exists() else ""
        if not re.search(r"^(export )?SECRET_KEY=.", text, re.MULTILINE):
            say(f"create    {env} with a new SECRET_KEY")
            replace(env, f"{text}SECRET_KEY={secrets.token_hex()}\n", 0o600)
            self.home.own(env)

    def publish(self, name: str) -> None:
        """Put the release among the others, by one rename; its number comes after theirs."""
        known = self.home.known()
        facts = {
            "number": 1 + max((int(one["number"]) for one in known), default=0),
            "before": self.home.live,
            "when": self.asked["when"],
            "environment": self.asked["environment"],
        }
        (self.home.incoming / name / "release.json").write_text(json.dumps(facts))
        self.home.releases.mkdir(exist_ok=True)
        os.sync()
        (self.home.incoming / name).replace(self.home.releases / name)
        shutil.rmtree(self.home.incoming, ignore_errors=True)


def print_of(path: Path) -> list[tuple[str, int, int]]:
    """Return what tells a file, or the files of a folder, from others: names, sizes, times.

    The times are made from the content, see archive.py.
    """
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    found = ((one, one.stat()) for one in files if one.is_file())
    return [(str(one.relative_to(path)), stat.st_size, stat.st_mtime_ns) for one, stat in found]
