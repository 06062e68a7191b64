"""The bundle: a tar.gz with the project, its wheels and a start script, for use without a network."""

from __future__ import annotations

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
WORK_PREFIX = ".building-"
HOUR = 3600


@dataclass(frozen=True)
class BundlePlan:
    """A bundle to build: its files, the machine that it is for, and its version."""

    project: Project
    machine: Machine
    version: str
    files: tuple[PurePosixPath, ...]

    @property
    def name(self) -> str:
        """The folder that the archive unpacks into."""
        return f"{self.project.name}-{self.version}"

    @property
    def output(self) -> Path:
        """The path of the archive."""
        return self.project.root / "dist" / f"{self.name}.tar.gz"

    @property
    def wheelhouse(self) -> Path:
        """The folder that keeps the wheels for this machine between builds."""
        return self.project.root / "dist" / ".wheels" / self.machine.tag

    @property
    def rules(self) -> tuple[Rule, ...]:
        return rules.ALL

    @property
    def question(self) -> str:
        """Return an empty text: writing a file needs no confirmation."""
        return ""

    def lines(self) -> Iterator[str]:
        """Yield each step of the build as text."""
        requirements = Path("requirements.txt")
        export = lockfile.export(self.project, requirements)
        download = wheels.download(self.machine, requirements, Path("wheels"))
        yield f"run       {shlex.join(export)}"
        yield f"run       {shlex.join(download)}"
        for path in (*self.files, "requirements.txt", "start", "wheels/*.whl"):
            yield f"pack      {self.name}/{path}"
        yield f"create    {self._relative_output()}"

    def run(self, echo: Echo) -> Outcome:
        """Build the archive and print how to start it; after a failure there is no archive."""
        with _work_folder(self.output.parent) as work:
            listed = work / "requirements.txt"
            shell.run(lockfile.export(self.project, listed), cwd=self.project.root)
            requirements = lockfile.for_machine(listed.read_text("utf-8"), self.machine)
            listed.write_text(requirements, "utf-8", newline="\n")
            with working(f"Downloading the wheels for {self.machine.tag}..."):
                packages = wheels.fill(self.machine, listed, self.wheelhouse, work)
            with working("Packing..."):
                archive.write(work / "bundle", self._entries(requirements, packages))
            (work / "bundle").replace(self.output)
        self._report(echo, packages)
        return Outcome(file=self._relative_output())

    def _relative_output(self) -> str:
        return self.output.relative_to(self.project.root).as_posix()

    def _entries(self, requirements: str, packages: list[Path]) -> Iterator[Entry]:
        root = self.project.root
        for path in self.files:
            yield archive.from_file(f"{self.name}/{path}", root / path)
        for wheel in packages:
            yield Entry(f"{self.name}/wheels/{wheel.name}", wheel)
        yield Entry(f"{self.name}/requirements.txt", requirements.encode())
        start = start_script(self.machine, web_command(self.project))
        yield Entry(f"{self.name}/start", start.encode(), executable=True)

    def _report(self, echo: Echo, packages: list[Path]) -> None:
        megabytes = self.output.stat().st_size / 1_000_000
        path = self._relative_output()
        echo(
            f"create    {path}: {len(self.files)} project files and {len(packages)} wheels,"
            f" {megabytes:.1f} MB"
        )
        echo(
            f"\nNext, on {self.machine.platform} with Python {self.machine.python}"
            " (no network needed):\n"
            f"  tar xzf {path} && cd {self.name} && PORT=8000 ./start\n"
        )


class BundleTarget(Target):
    """The bundle as a target: it has no releases and no server."""

    settings = frozenset({"python", "platform"})

    def plan(self) -> BundlePlan:
        settings = self.place.settings
        return plan(self.project, settings.get("python"), settings.get("platform"))


def plan(project: Project, python: str | None, platform: str | None) -> BundlePlan:
    """Plan the bundle of a project; raise PreflightError for an invalid name, version or Python."""
    metadata = tomllib.loads((project.root / "pyproject.toml").read_text("utf-8"))["project"]
    version = str(metadata.get("version", ""))
    destination = machine(project, python, platform)
    _check_metadata("name", project.name, example="myproj")
    _check_metadata("version", version, example="0.1.0")
    _check_python(destination.python, str(metadata.get("requires-python", "")))
    return BundlePlan(project, destination, version, tuple(files.shipped(project)))


def start_script(machine: Machine, web: str) -> str:
    """Return the text of the bundle's start script."""
    values = {
        "PYTHON": machine.python,
        "PLATFORM": machine.platform,
        "SYSTEM": machine.system,
        "PROCESSOR": machine.processor,
        "WEB": as_exec(web),
    }
    return re.sub(r"@([A-Z]+)@", lambda match: values[match[1]], START.read_text("utf-8"))


def _check_metadata(key: str, value: str, *, example: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][\w.+!-]*", value, re.ASCII):
        raise PreflightError(
            f"{value!r} cannot be the {key} of a bundle: pyproject.toml. Write a {key} such as"
            f' {key} = "{example}".'
        )


def _check_python(python: str, specifier: str) -> None:
    from packaging.specifiers import SpecifierSet

    if not SpecifierSet(specifier).contains(f"{python}.99"):
        raise PreflightError(
            f"The project needs Python {specifier}, and the bundle would be for {python}."
            " Choose another Python.",
            hint="flaskdash deploy bundle --python X.Y",
        )


@contextmanager
def _work_folder(dist: Path) -> Iterator[Path]:
    """Yield a temporary folder in dist/; also remove those of builds that were killed long ago."""
    try:
        dist.mkdir(exist_ok=True)
        for stale in dist.glob(f"{WORK_PREFIX}*"):
            if time.time() - stale.stat().st_mtime > HOUR:
                shutil.rmtree(stale, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=dist, prefix=WORK_PREFIX) as folder:
            yield Path(folder)
    except OSError as error:
        raise BuildError(
            f"The bundle was not built: {error.filename or dist}: {error.strerror or error}"
        ) from error


TARGET = BundleTarget
