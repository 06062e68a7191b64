"""Plan and run a deploy to a server: probe it, build what it misses, and send that."""

from __future__ import annotations

import hashlib
import re
import shlex
import shutil
import time
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from flaskdash import shell
from flaskdash.check import rules
from flaskdash.check.rule import Finding, Rule
from flaskdash.deploy.ssh.connection import Connection, ConnectionLost
from flaskdash.deploy.ssh.probe import ServerFacts, findings, probe
from flaskdash.deploy.ssh.result import read_result
from flaskdash.deploy.target import Outcome
from flaskdash.errors import FlaskdashError
from flaskdash.progress import Echo, working
from flaskdash.project import Project, contents
from flaskdash.serve.prod import as_exec, web_command
from flaskdash.ship import archive, lockfile, machine, wheels
from flaskdash.ship.archive import Entry
from flaskdash.ship.errors import BuildError, NotRolledBackError, PreflightError, RolledBackError
from flaskdash.ship.machine import Machine

if TYPE_CHECKING:
    from flaskdash.deploy.ssh import SshTarget

UNITS = Path(__file__).with_name("units")
RUN = """\
#!/bin/sh
# Start this release: the web line of its Procfile, in its own environment. systemd holds the port.
# WEB_CONCURRENCY is for gunicorn, which does not read .env.
WEB_CONCURRENCY=$(sed -n "s/^WEB_CONCURRENCY='*\\([0-9]*\\)'*$/\\1/p" .env)
PATH=${0%/run}/.venv/bin:$PATH
export PATH WEB_CONCURRENCY="${WEB_CONCURRENCY:-1}"
"""
CHUNK = 1 << 20
RECONNECT_SECONDS = 90.0  # long enough for a server that reboots


@dataclass
class SshPlan:
    """A deploy to a server; the preflight sets `facts`."""

    target: SshTarget
    files: tuple[PurePosixPath, ...]
    facts: ServerFacts | None = None

    @property
    def project(self) -> Project:
        return self.target.project

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Return the preflight's rules.

        The server's rule comes first, because the slow rules would be wasted on a server that
        cannot be reached. The note about disks that do not last is left out, because a server's
        disk does.
        """
        sentence = "the server can be reached, and can run the project"
        server = Rule("ssh", sentence, self._check, stops=True)
        return (server, *(rule for rule in rules.ALL if rule.id != "disk"))

    @property
    def question(self) -> str:
        return f"Deploy {self.project.name} to {self.target.address}?"

    def lines(self) -> Iterator[str]:
        """Yield each step and command as a line of text."""
        yield from self._local_lines()
        folder = f"~/flaskdash/{self.target.slug}"
        unit = f"flaskdash-{self.target.slug}"
        yield f"server    lock {folder}/.lock, and clean up after an interrupted deploy"
        yield f"server    install into {folder}/environments without network, unless it exists"
        yield (
            f"server    create {folder}/releases/NAME, and {folder}/shared/.env with a SECRET_KEY"
            " if it has none"
        )
        for path in sorted(UNITS.iterdir()):
            if path.name != "service.conf":
                yield f"server    write {unit}, {path.name}, if it has changed"
        yield (
            "server    systemctl start the new release on a socket of its own; request /up and"
            " each dashboard"
        )
        yield (
            "server    systemctl start the new release on the port, beside the old one, until it"
            " has answered"
        )
        yield f"server    move {folder}/current; systemctl stop the old release"
        yield "server    delete all but the last 5 releases, and the packages that only they use"

    def _local_lines(self) -> Iterator[str]:
        """Yield the commands that run on this computer, and the files that it sends."""
        requirements = Path("requirements.txt")
        python = self.target.place.settings.get("python")
        like = machine.machine(self.project, python, None)
        connection = self.target.connection()
        probing = connection.argv(["sh", "-s", self.target.slug, str(self.target.port)])
        yield f"run       {shlex.join(probing)} <probe.sh"
        yield f"run       {shlex.join(lockfile.export(self.project, requirements))}"
        yield f"run       {shlex.join(wheels.download(like, requirements, Path('wheels')))}"
        serving = connection.argv(["python3", "-I", "-c", "..."])
        yield f"run       {shlex.join(serving)} <server/*.py"
        for path in self.files:
            yield f"send      {path}"
        yield "send      the wheels that the server does not have"

    def run(self, echo: Echo) -> Outcome:
        """Deploy; if the new release does not answer, the one from before stays live."""
        return self.run_early(echo, lambda: None)

    def run_early(self, echo: Echo, passed: Callable[[], None]) -> Outcome:
        """Do as `run` does, but let the server wait for `passed` when it has tried the release."""
        with self.target.connection() as connection:
            facts = self.facts or probe(connection, self.target.slug)
            version = self._python(facts)
            with self._work_folder() as work:
                request, paths = self._build(facts, version, work)
                python = facts.pythons.get(version) or _install_python(
                    connection, facts["uv"], version
                )
                megabytes = sum(path.stat().st_size for path in paths) / 1e6
                echo(
                    f"send      {len(self.files)} files, {megabytes:.1f} MB"
                    f" to {self.target.address}"
                )
                approval = Approval(passed)
                chunks = (chunk for path in paths for chunk in _read_chunks(path))
                messages = connection.send(python, request, chain(chunks, approval))
                try:
                    with working("Deploying on the server..."):
                        result = read_result(messages, echo)
                except PreflightError as error:
                    raise approval.error or error from None
                except ConnectionLost as error:
                    result = self._reconnect(error, request)
        return self.target.report_live(result, echo)

    def _build(
        self, facts: ServerFacts, version: str, work: Path
    ) -> tuple[dict[str, Any], list[Path]]:
        """Return the request and the files that follow it, which are built in the folder `work`."""
        server = facts.machine(version)
        exported = work / "requirements.txt"
        shell.run(lockfile.export(self.project, exported), cwd=self.project.root)
        requirements = lockfile.for_machine(exported.read_text("utf-8"), server)
        exported.write_text(requirements, "utf-8", newline="\n")
        digest = hashlib.sha256(requirements.encode()).hexdigest()[:16]
        environment = f"{server.tag}-{digest}"
        archive.write(work / "app.tar.gz", self._entries())
        paths, packages = [work / "app.tar.gz"], []
        if environment not in facts.environments:
            packages = self._wheels(server, exported, work)
            paths += [
                path for path in packages if facts.wheels.get(path.name) != path.stat().st_size
            ]
            if not facts["uv"]:
                paths.append(_pack_pip(work / "pip.zip"))
        now = datetime.now(UTC)
        request = self.target.build_request(
            facts,
            "deploy",
            release=now.strftime("%Y%m%d-%H%M%S"),
            when=now.isoformat(timespec="seconds"),
            environment=environment,
            requirements=requirements,
            packages=len(re.findall(r"^\S", requirements, re.MULTILINE)),
            wheels=[path.name for path in packages],
            files=[
                {"name": path.name, "size": path.stat().st_size, "sha256": _sha256(path)}
                for path in paths
            ],
            **self._loader_values(),
        )
        return request, paths

    def _wheels(self, server: Machine, requirements: Path, work: Path) -> list[Path]:
        """Return the wheels for the server, from the cache or downloaded."""
        with working(f"Getting the wheels for {server.tag}..."):
            cache = self.project.root / "dist" / ".wheels" / server.tag
            return wheels.fill(server, requirements, cache, work)

    def _loader_values(self) -> dict[str, Any]:
        """Return each loader's files, and the interval in seconds at which the timer refreshes."""
        loaders = contents.loaders(self.project).values()
        intervals = [seconds for loader in loaders if (seconds := _refresh_seconds(loader.path))]
        return {
            "loaders": {loader.name: self._loader_files(loader) for loader in loaders},
            "refresh": max(60, min(intervals)) if intervals else 0,
        }

    @contextmanager
    def _work_folder(self) -> Iterator[Path]:
        """Lend a folder in dist/ and remove it afterwards, or first if a killed deploy left it."""
        work = self.project.root / "dist" / ".sending"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _entries(self) -> Iterator[Entry]:
        root = self.project.root
        for path in self.files:
            yield archive.from_file(f"app/{path}", root / path)
        yield Entry("run", f"{RUN}{as_exec(web_command(self.project))}\n".encode())

    def _loader_files(self, loader: contents.LoaderFile) -> list[str]:
        """Return the files that a loader's data depends on: its own, and its source file."""
        path = loader.path.relative_to(self.project.root).as_posix()
        return [path, *loader.files]

    def _check(self, project: Project) -> Iterator[Finding]:
        with self.target.connection() as connection, working("Probing the server..."):
            self.facts = probe(connection, self.target.slug, self.target.port)
        requested = self.target.place.settings.get("python", "")
        size = sum((project.root / path).stat().st_size for path in self.files)
        python = self._python(self.facts)
        accepted = self._accepted_pythons()
        yield from findings(self.facts, python, requested, accepted, size, self.target.port)

    def _python(self, facts: ServerFacts) -> str:
        """Return the version of Python that runs the project on the server, or ""."""
        preferred = machine.machine(self.project, None, None).python
        requested = self.target.place.settings.get("python", "")
        return facts.choose_python(preferred, requested, self._accepted_pythons())

    def _accepted_pythons(self) -> str:
        text = (self.project.root / "pyproject.toml").read_text("utf-8")
        return str(tomllib.loads(text)["project"].get("requires-python", ""))

    def _reconnect(self, error: ConnectionLost, request: Mapping[str, Any]) -> dict[str, Any]:
        """Ask the server for the result of a deploy whose connection was lost."""
        with working("The connection was lost; asking the server for the result..."):
            deadline = time.monotonic() + RECONNECT_SECONDS
            while True:
                try:
                    result = self.target.request("wait")
                    break
                except PreflightError:  # the deploy is still running there
                    deadline = time.monotonic() + RECONNECT_SECONDS
                except FlaskdashError as failure:
                    if time.monotonic() > deadline:
                        raise NotRolledBackError(
                            f"{error.message}. The server does not answer, so the live release"
                            " is not known",
                            "flaskdash status",
                        ) from failure
                time.sleep(1)
        if result["release"].startswith(request["release"]):
            return result
        live = f"{result['release']} is" if result["release"] else "No release is"
        raise RolledBackError(f"{error.message}. {live} live, as before", error.hint) from error


class Approval:
    """The last line of a deploy's input; if the preflight fails, the input ends without it."""

    def __init__(self, passed: Callable[[], None]) -> None:
        self.passed = passed
        self.error: Exception | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            self.passed()
        except Exception as error:  # the thread that waits for the server raises it
            self.error = error
        else:
            yield b"passed\n"


def _refresh_seconds(path: Path) -> int:
    """Return a loader's REFRESH in seconds, or 0."""
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    pattern = r"""^REFRESH\s*=\s*["'](\d+)([smhd])["']"""
    match = re.search(pattern, path.read_text("utf-8"), re.MULTILINE)
    return int(match[1]) * units[match[2]] if match else 0


def _install_python(connection: Connection, uv: str, version: str) -> str:
    """Install a Python with the server's uv, and return its path."""
    with working(f"Installing Python {version} on the server with uv..."):
        try:
            connection.run([uv, "python", "install", "--quiet", version])
            return connection.run([uv, "python", "find", version]).strip()
        except shell.CommandError as error:
            raise BuildError(
                f"uv on the server cannot install Python {version}:"
                f" {error.output.strip()[-300:]}. Install Python on the server without uv",
                "sudo apt install python3",
            ) from error


def _pack_pip(path: Path) -> Path:
    """Write this Python's pip as a zip file, because the server's Python may have none."""
    import pip

    package = Path(pip.__file__).parent
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive_file:
        for file in sorted(package.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                archive_file.write(file, Path("pip") / file.relative_to(package))
    return path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
