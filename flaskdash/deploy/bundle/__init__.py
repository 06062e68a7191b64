"""The bundle: one tar.gz with the project, its wheels and a start script, which needs no network."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from flaskdash import shell
from flaskdash.check import rules
from flaskdash.check.rule import Rule
from flaskdash.deploy.target import Outcome, Target
from flaskdash.progress import Echo, working
from flaskdash.project import Project
from flaskdash.serve.prod import as_exec, web_command
from flaskdash.ship import archive, files, lockfile, wheels
from flaskdash.ship.archive import Entry
from flaskdash.ship.errors import BuildError, PreflightError
from flaskdash.ship.machine import Machine, machine

START = Path(__file__).with_name("start.sh")
WORK = ".building-"
HOUR = 3600


@dataclass(frozen=True)
class Bundle:
    """What goes into a bundle, for which machine, and where it is written."""

    project: Project
    machine: Machine
    version: str
    files: tuple[PurePosixPath, ...]

    @property
    def name(self) -> str:
        """Return the name of the folder that it unpacks into."""
        return f"{self.project.name}-{self.version}"

    @property
    def output(self) -> Path:
        """Return the path of the archive."""
        return self.project.root / "dist" / f"{self.name}.tar.gz"

    @property
    def house(self) -> Path:
        """Return where the wheels are kept between builds, for this machine."""
        return self.project.root / "dist" / ".wheels" / self.machine.tag

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Return the preflight's rules."""
        return rules.ALL

    @property
    def question(self) -> str:
        """Return what a person is asked before it runs: a file does no harm, so nothing."""
        return ""

    def lines(self) -> Iterator[str]:
        """Yield each step of the build, in words."""
        requirements = Path("requirements.txt")
        for argv in (
            lockfile.export(self.project, requirements),
            wheels.download(self.machine, requirements, Path("wheels")),
        ):
            yield f"run       {shlex.join(argv)}"
        for path in (*self.files, "requirements.txt", "start", "wheels/*.whl"):
            yield f"pack      {self.name}/{path}"
        yield f"create    {self.output.relative_to(self.project.root).as_posix()}"

    def run(self, echo: Echo) -> Outcome:
        """Build it, and say where it is and what comes next; on any failure nothing is written."""
        with _work(self.output.parent) as work:
            listed = work / "requirements.txt"
            shell.run(lockfile.export(self.project, listed), cwd=self.project.root)
            wanted = lockfile.for_machine(listed.read_text("utf-8"), self.machine)
            listed.write_text(wanted, "utf-8", newline="\n")
            with working(f"Getting the wheels for {self.machine.tag}..."):
                house = wheels.fill(self.machine, listed, self.house, work)
            with working("Packing..."):
                archive.write(work / "bundle", self._entries(wanted, house))
            (work / "bundle").replace(self.output)
        self._tell(echo, house)
        return Outcome(file=self.output.relative_to(self.project.root).as_posix())

    def _entries(self, requirements: str, house: list[Path]) -> Iterator[Entry]:
        root = self.project.root
        for path in self.files:
            yield Entry(f"{self.name}/{path}", root / path, os.access(root / path, os.X_OK))
        for wheel in house:
            yield Entry(f"{self.name}/wheels/{wheel.name}", wheel)
        yield Entry(f"{self.name}/requirements.txt", requirements.encode())
        start = start_script(self.machine, web_command(self.project))
        yield Entry(f"{self.name}/start", start.encode(), executable=True)

    def _tell(self, echo: Echo, house: list[Path]) -> None:
        whole = self.output.stat().st_size
        path = self.output.relative_to(self.project.root).as_posix()
        echo(
            f"create    {path}: {len(self.files)} files of the project and {len(house)}"
            f" wheels, {_megabytes(whole)}"
        )
        echo(
            f"\nNext, on a machine like {self.machine.platform} with Python {self.machine.python},"
            f" where no network is needed:\n"
            f"  tar xzf {path} && cd {self.name} && PORT=8000 ./start\n"
        )


class BundleTarget(Target):
    """The bundle as a target: it has no releases, and no server."""

    what = "a bundle"
    settings = frozenset({"python", "platform"})

    def plan(self) -> Bundle:
        """Return what a build would do."""
        asked = self.place.settings
        return plan(self.project, asked.get("python"), asked.get("platform"))


def plan(project: Project, python: str | None, platform: str | None) -> Bundle:
    """Return what the bundle of a project would be; write nothing."""
    settings = tomllib.loads((project.root / "pyproject.toml").read_text("utf-8"))["project"]
    version = str(settings.get("version", ""))
    wanted = machine(project, python, platform)
    for key, value in (("name", project.name), ("version", version)):
        if not re.fullmatch(r"[A-Za-z0-9][\w.+!-]*", value, re.ASCII):
            raise PreflightError(
                f"{value!r} can't be the {key} of a bundle",
                hint=f"a {key} such as {'myproj' if key == 'name' else '0.1.0'} in pyproject.toml",
            )
    _check_python(wanted.python, str(settings.get("requires-python", "")))
    return Bundle(project, wanted, version, tuple(files.shipped(project)))


def start_script(machine: Machine, web: str) -> str:
    """Return the text of the bundle's start script."""
    values = {
        "PYTHON": machine.python,
        "PLATFORM": machine.platform,
        "SYSTEM": machine.system,
        "PROCESSOR": machine.processor,
        "WEB": as_exec(web),
    }
    return re.sub(r"@([A-Z]+)@", lambda found: values[found[1]], START.read_text("utf-8"))


def _check_python(python: str, wanted: str) -> None:
    from packaging.specifiers import SpecifierSet

    if not SpecifierSet(wanted).contains(f"{python}.99"):
        raise PreflightError(
            f"the project needs Python {wanted}, and the bundle would be for {python}",
            hint="another --python",
        )


@contextmanager
def _work(dist: Path) -> Iterator[Path]:
    """Lend a folder in dist/; remove it after, and those of builds that were killed long ago."""
    try:
        dist.mkdir(exist_ok=True)
        for stale in dist.glob(f"{WORK}*"):
            if time.time() - stale.stat().st_mtime > HOUR:
                shutil.rmtree(stale, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=dist, prefix=WORK) as folder:
            yield Path(folder)
    except OSError as error:
        raise BuildError(
            f"{error.filename or dist}: {error.strerror or error}; no bundle was made"
        ) from error


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB"


TARGET = BundleTarget
