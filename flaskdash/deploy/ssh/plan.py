"""One deploy to a server: what is asked there, what is made here, and what is sent."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import time
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from flaskdash import shell
from flaskdash.check import rules
from flaskdash.check.rule import Finding, Rule
from flaskdash.deploy.ssh.connection import Connection, ConnectionLost
from flaskdash.deploy.ssh.probe import Facts, findings, probe
from flaskdash.deploy.ssh.result import outcome
from flaskdash.deploy.target import Outcome
from flaskdash.errors import FlaskdashError
from flaskdash.progress import Echo, working
from flaskdash.project import Project, contents
from flaskdash.serve.prod import as_exec, web_command
from flaskdash.ship import archive, lockfile, machine, wheels
from flaskdash.ship.archive import Entry
from flaskdash.ship.errors import BuildError, NotRolledBackError, PreflightError, RolledBackError

if TYPE_CHECKING:
    from flaskdash.deploy.ssh import SshTarget

UNITS = Path(__file__).with_name("units")
RUN = """\
#!/bin/sh
# Start this release: the web line of its Procfile, in its own environment. systemd has the port.
# WEB_CONCURRENCY is for gunicorn, which does not read .env.
WEB_CONCURRENCY=$(sed -n "s/^WEB_CONCURRENCY='*\\([0-9]*\\)'*$/\\1/p" .env)
PATH=${0%/run}/.venv/bin:$PATH
export PATH WEB_CONCURRENCY="${WEB_CONCURRENCY:-1}"
"""
CHUNK = 1 << 20
PATIENCE = 90.0  # seconds until a server that was lost, and may be booting, is given up


@dataclass
class Deploy:
    """One deploy to a server; `facts` are what the preflight has found there."""

    target: SshTarget
    files: tuple[PurePosixPath, ...]
    facts: Facts | None = None

    @property
    def project(self) -> Project:
        """Return the project."""
        return self.target.project

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Return the preflight's rules: the server's is the first, so that nobody waits for it in vain."""
        server = Rule("ssh", "the server can be reached, and can run the project", self._look)
        # What is written to instance/ stays there, so the note on disks that don't last is left out.
        return (server, *(rule for rule in rules.ALL if rule.id != "disk"))

    @property
    def question(self) -> str:
        """Return what a person is asked before it runs."""
        return f"Deploy {self.project.name} to {self.target.address}?"

    def lines(self) -> Iterator[str]:
        """Yield each step and command."""
        there = f"~/flaskdash/{self.target.slug}"
        requirements = Path("requirements.txt")
        like = machine.machine(self.project, self.target.place.settings.get("python"), None)
        connection = self.target.connection()
        yield f"run       {shlex.join(connection.argv(['sh', '-s', self.target.slug]))} <probe.sh"
        yield f"run       {shlex.join(lockfile.export(self.project, requirements))}"
        yield f"run       {shlex.join(wheels.download(like, requirements, Path('wheels')))}"
        yield f"run       {shlex.join(connection.argv(['python3', '-I', '-c', '...']))} <server/*.py"
        for path in self.files:
            yield f"send      {path}"
        yield "send      the wheels that the server does not have"
        yield f"there     lock {there}/.lock, and clear up what a deploy that was cut off has left"
        yield f"there     install into {there}/environments, with no network, unless it is there"
        yield f"there     create {there}/releases/NAME, and {there}/shared/.env with a SECRET_KEY if it has none"
        for unit in sorted(UNITS.iterdir()):
            if unit.name != "service.conf":
                yield f"there     write flaskdash-{self.target.slug}, {unit.name}, if it is another"
        for step in (
            "systemctl start the new release on a socket of its own; ask for /up and each dashboard",
            "systemctl start the new release on the port, beside the old one, until it has answered",
            f"move {there}/current; systemctl stop the old release",
            "delete all but the last 5 releases, and what only the others need",
        ):
            yield f"there     {step}"

    def run(self, echo: Echo) -> Outcome:
        """Do it; where the new release does not answer, what was live before goes on."""
        with self.target.connection() as connection:
            facts = self.facts or probe(connection, self.target.slug)
            version = self._python(facts)
            with self._work() as work:
                asked, sent = self._build(facts, version, work)
                python = facts.pythons.get(version) or _bring(connection, facts["uv"], version)
                whole = sum(path.stat().st_size for path in sent)
                echo(
                    f"send      {len(self.files)} files, {whole / 1e6:.1f} MB to {self.target.address}"
                )
                messages = connection.ask(
                    python, asked, (part for path in sent for part in _read(path))
                )
                try:
                    with working("The server is at work..."):
                        found = outcome(messages, echo)
                except ConnectionLost as error:
                    found = self._after(error, facts, asked)
        return self.target.tell(found, echo)

    def _build(self, facts: Facts, version: str, work: Path) -> tuple[dict[str, Any], list[Path]]:
        """Return what the server is asked for, and the files that go with it."""
        there = facts.machine(version)
        listed = work / "requirements.txt"
        shell.run(lockfile.export(self.project, listed), cwd=self.project.root)
        wanted = lockfile.for_machine(listed.read_text("utf-8"), there)
        listed.write_text(wanted, "utf-8", newline="\n")
        digest = hashlib.sha256(wanted.encode()).hexdigest()[:16]
        environment = f"{there.tag}-{digest}"
        archive.write(work / "app.tar.gz", self._entries())
        sent, names = [work / "app.tar.gz"], []
        if environment not in facts.environments:
            with working(f"Getting the wheels for {there.tag}..."):
                house = self.project.root / "dist" / ".wheels" / there.tag
                found = wheels.fill(there, listed, house, work)
            names = [one.name for one in found]
            sent += [one for one in found if facts.wheels.get(one.name) != one.stat().st_size]
            if not facts["uv"]:
                sent.append(_pip(work / "pip.zip"))
        loaders = contents.loaders(self.project).values()
        refresh = [seconds for one in loaders if (seconds := _refresh(one.path))]
        now = datetime.now(UTC)
        asked = self.target.request(
            facts,
            "deploy",
            release=now.strftime("%Y%m%d-%H%M%S"),
            when=now.isoformat(timespec="seconds"),
            environment=environment,
            requirements=wanted,
            packages=len(re.findall(r"^\S", wanted, re.MULTILINE)),
            wheels=names,
            loaders={one.name: self._reads(one) for one in loaders},
            refresh=max(60, min(refresh)) if refresh else 0,
            files=[
                {"name": one.name, "size": one.stat().st_size, "sha256": _sha256(one)}
                for one in sent
            ],
        )
        return asked, sent

    @contextmanager
    def _work(self) -> Iterator[Path]:
        """Lend a folder in dist/, and remove it after; also that of a deploy that was killed."""
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
            yield Entry(f"app/{path}", root / path, os.access(root / path, os.X_OK))
        yield Entry("run", f"{RUN}{as_exec(web_command(self.project))}\n".encode())

    def _reads(self, loader: contents.LoaderFile) -> list[str]:
        own = loader.path.relative_to(self.project.root).as_posix()
        return [own, *([loader.source] if loader.source and "://" not in loader.source else [])]

    def _look(self, project: Project) -> Iterator[Finding]:
        with self.target.connection() as connection, working("Asking the server..."):
            self.facts = probe(connection, self.target.slug)
        asked = self.target.place.settings.get("python", "")
        size = sum((project.root / path).stat().st_size for path in self.files)
        yield from findings(self.facts, self._python(self.facts), asked, self._accepted(), size)

    def _python(self, facts: Facts) -> str:
        wanted = machine.machine(self.project, None, None).python
        return facts.python(wanted, self.target.place.settings.get("python", ""), self._accepted())

    def _accepted(self) -> str:
        text = (self.project.root / "pyproject.toml").read_text("utf-8")
        return str(tomllib.loads(text)["project"].get("requires-python", ""))

    def _after(
        self, error: ConnectionLost, facts: Facts, asked: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Find out what came of a deploy whose connection was lost: the server goes on by itself."""
        with working("The connection was lost; asking the server what came of it..."):
            deadline = time.monotonic() + PATIENCE
            while True:
                try:
                    found = self.target._ask("wait")
                    break
                except PreflightError:  # it is still at work there
                    deadline = time.monotonic() + PATIENCE
                except FlaskdashError as again:
                    if time.monotonic() > deadline:
                        raise NotRolledBackError(
                            f"{error.message}; what is live now can't be asked", "flaskdash status"
                        ) from again
                time.sleep(1)
        if found["release"].startswith(asked["release"]):
            return found
        raise RolledBackError(
            f"{error.message}; {found['release'] or 'nothing'} is live, as before", error.hint
        ) from error


def _refresh(path: Path) -> int:
    """Return how often a loader is due, in seconds, or 0."""
    units = {"m": 60, "h": 3600, "d": 86400}
    found = re.search(
        r"""^REFRESH\s*=\s*["'](\d+)([mhd])["']""", path.read_text("utf-8"), re.MULTILINE
    )
    return int(found[1]) * units[found[2]] if found else 0


def _bring(connection: Connection, uv: str, version: str) -> str:
    """Have uv on the server bring a Python, and return its path."""
    with working(f"Having uv bring Python {version} there..."):
        try:
            connection.run([uv, "python", "install", "--quiet", version])
            return connection.run([uv, "python", "find", version]).strip()
        except shell.CommandError as error:
            raise BuildError(
                f"uv on the server can't bring Python {version}: {error.output.strip()[-300:]}",
                "install Python there: sudo apt install python3, or its like",
            ) from error


def _pip(path: Path) -> Path:
    """Write this pip as a file that the server's Python can run: it may have none."""
    import pip

    home = Path(pip.__file__).parent
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for one in sorted(home.rglob("*")):
            if one.is_file() and "__pycache__" not in one.parts:
                packed.write(one, Path("pip") / one.relative_to(home))
    return path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
