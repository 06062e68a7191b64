"""Build a release from the files that a deploy sends."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import sys
import tarfile
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO

from flaskdash.deploy.ssh.server.basics import StepError, report, run, write_file
from flaskdash.deploy.ssh.server.home import Home
from flaskdash.deploy.ssh.server.settings import read_settings, with_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CHUNK = 1 << 20


class Build:
    """A new release while it is built in the folder incoming/."""

    def __init__(self, home: Home, stdin: BinaryIO) -> None:
        self.home, self.request, self.stdin = home, home.request, stdin

    def make(self, write_units: Callable[[], None]) -> str:
        """Build the release, write its units, and return its name; on failure leave nothing."""
        name = self.name()
        try:
            self.receive(name)
            self.install_packages()
            self.add_links(name)
            write_units()
            self.publish(name)
        except BaseException as error:
            shutil.rmtree(self.home.incoming, ignore_errors=True)
            if isinstance(error, OSError):
                raise StepError(f"on the server: {error.strerror or error}") from error
            raise
        return name

    def name(self) -> str:
        """Return the requested name, with a number after it if that release already exists."""
        existing = {folder.name for folder in self.home.releases.glob("*")}
        name, number = self.request["release"], 1
        while name in existing:
            number += 1
            name = f"{self.request['release']}-{number}"
        return str(name)

    def receive(self, name: str) -> None:
        """Read the files from standard input and unpack the project.

        Raises StepError if a file is cut off.
        """
        folder = self.home.incoming / name
        folder.mkdir(parents=True)
        if self.request["files"]:
            report(f"receive   {len(self.request['files'])} files")
        for file in self.request["files"]:
            self._receive_file(file)
        self.home.wheels.mkdir(exist_ok=True)
        for wheel in self.home.incoming.glob("*.whl"):
            wheel.replace(self.home.wheels / wheel.name)
        with tarfile.open(self.home.incoming / "app.tar.gz") as tar:
            if hasattr(tarfile, "data_filter"):  # Pythons from before June 2023 do not have it
                tar.extraction_filter = tarfile.data_filter
            tar.extractall(folder)  # noqa: S202

    def _receive_file(self, file: dict[str, Any]) -> None:
        digest, missing = hashlib.sha256(), file["size"]
        with (self.home.incoming / file["name"]).open("wb") as output:
            while missing and (chunk := self.stdin.read(min(missing, CHUNK))):
                output.write(chunk)
                digest.update(chunk)
                missing -= len(chunk)
        if missing or digest.hexdigest() != file["sha256"]:
            raise StepError(f"the connection ended before {file['name']} was complete")

    def install_packages(self) -> None:
        """Install the packages without network, unless an environment already has the same ones."""
        folder = self.home.environments / self.request["environment"]
        if (folder / ".complete").exists():
            return
        report(f"install   {self.request['packages']} packages, without network")
        shutil.rmtree(folder, ignore_errors=True)
        requirements = self.home.incoming / "requirements.txt"
        requirements.write_text(self.request["requirements"])
        # What pip leaves if it is killed goes with the other files of the release.
        temporary = self.home.incoming / "tmp"
        temporary.mkdir()
        try:
            for argv in self.install_commands(folder, str(requirements)):
                run(argv, pass_fds=[self.home.lock], variables={"TMPDIR": str(temporary)})
        except StepError as error:
            shutil.rmtree(folder, ignore_errors=True)
            # One of the wheels may be damaged, so the next deploy sends all of them.
            shutil.rmtree(self.home.wheels, ignore_errors=True)
            message = "the packages cannot be installed on the server"
            raise StepError(message, log=error.log) from error
        self._compile_packages(folder)
        os.sync()
        wheels = "".join(f"{name}\n" for name in self.request["wheels"])
        (folder / ".complete").write_text(wheels)

    def _compile_packages(self, folder: Path) -> None:
        # The release itself cannot write here. Without the packages' tests, this takes half of
        # the time that pip needs. Files that a package holds for another Python do not compile.
        compiling = ["compileall", "-q", "-j", "0", "-x", "/tests?/", str(folder / "lib")]
        with suppress(StepError):
            run([str(folder / "bin/python"), "-m", *compiling], pass_fds=[self.home.lock])

    def install_commands(self, folder: Path, requirements: str) -> list[list[str]]:
        """Return the commands that make an environment, with uv or with the pip that was sent."""
        python = str(folder / "bin/python")
        options = ["--quiet", "--no-index", "--no-deps", "--require-hashes"]
        options += ["--requirement", requirements, "--find-links", str(self.home.wheels)]
        if uv := self.request["uv"]:
            isolated = ["--offline", "--no-config", "--no-cache"]
            return [
                [uv, "venv", "--quiet", *isolated, "--python", sys.executable, str(folder)],
                [uv, "pip", "install", *isolated, "--python", python, *options],
            ]
        pip = [python, str(self.home.incoming / "pip.zip/pip"), "--isolated"]
        return [
            [sys.executable, "-m", "venv", "--without-pip", str(folder)],
            [*pip, "install", "--disable-pip-version-check", "--no-compile", *options],
        ]

    def add_links(self, name: str) -> None:
        """Link the release to its packages and shared files, and give it its snapshots."""
        folder = self.home.incoming / name
        instance = self.home.shared / "instance"
        for path in (self.home.shared, instance, folder / "instance"):
            path.mkdir(exist_ok=True)
        self.home.give_to_service(instance)
        self.home.give_to_service(folder / "instance")
        self.create_secret_key()
        (folder / ".venv").symlink_to(f"../../environments/{self.request['environment']}")
        (folder / "app/.release").write_text(f"{name}\n")
        (folder / "app/.env").symlink_to("../../../shared/.env")
        (folder / "app/instance").symlink_to("../../../shared/instance")
        self.link_snapshots(folder)
        python = str(self.home.environments / self.request["environment"] / "bin/python")
        run([python, "-m", "compileall", "-q", str(folder / "app/app")])

    def link_snapshots(self, folder: Path) -> None:
        """Link the live release's snapshots whose loader and source file have not changed.

        A snapshot is never overwritten, so both releases can share the file. The new release builds
        the snapshots of all changed loaders itself, and the old release does not see them.
        """
        if not self.home.live:
            return
        live = self.home.releases / self.home.live
        for name, paths in self.request["loaders"].items():
            if any(
                fingerprint(live / "app" / path) != fingerprint(folder / "app" / path)
                for path in paths
            ):
                continue
            # The snapshot may not exist, or the live release may replace it at this moment.
            with suppress(OSError, ValueError, KeyError):
                state = (live / "instance" / f"{name}.json").read_text()
                file = json.loads(state)["file"]
                os.link(live / "instance" / file, folder / "instance" / file)
                (folder / "instance" / f"{name}.json").write_text(state)
                self.home.give_to_service(folder / "instance" / f"{name}.json")

    def create_secret_key(self) -> None:
        """Add a SECRET_KEY to .env, unless it already has one."""
        env = self.home.shared / ".env"
        text = env.read_text("utf-8") if env.exists() else ""
        if read_settings(text).get("SECRET_KEY", "") in {"", "''", '""'}:
            report(f"create    {env} with a new SECRET_KEY")
            text = with_settings(text, {"SECRET_KEY": secrets.token_hex()})
            write_file(env, text, 0o600)
            self.home.give_to_service(env)

    def publish(self, name: str) -> None:
        """Move the release to the other releases by one rename, with the next number."""
        releases = self.home.read_releases()
        facts = {
            "number": 1 + max((int(release["number"]) for release in releases), default=0),
            "before": self.home.live,
            "when": self.request["when"],
            "environment": self.request["environment"],
        }
        (self.home.incoming / name / "release.json").write_text(json.dumps(facts))
        self.home.releases.mkdir(exist_ok=True)
        os.sync()
        (self.home.incoming / name).replace(self.home.releases / name)
        shutil.rmtree(self.home.incoming, ignore_errors=True)


def fingerprint(path: Path) -> list[tuple[str, int, int]]:
    """Return the name, size and time of a file, or of each file in a folder.

    The times are derived from the content: see archive.py.
    """
    paths = sorted(path.rglob("*")) if path.is_dir() else [path]
    files = ((file, file.stat()) for file in paths if file.is_file())
    return [(str(file.relative_to(path)), stat.st_size, stat.st_mtime_ns) for file, stat in files]
