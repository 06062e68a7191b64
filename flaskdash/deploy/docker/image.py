"""The image of a project: built from the shipped files, started as in production, and pushed."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flaskdash import shell
from flaskdash.check.rule import Finding, Rule
from flaskdash.deploy.docker.engine import START, Engine, platform_flags
from flaskdash.deploy.docker.secrets import Secrets
from flaskdash.errors import FlaskdashError
from flaskdash.progress import Echo, working
from flaskdash.project import Project
from flaskdash.ship import files
from flaskdash.ship.errors import BuildError, PreflightError

RELEASE = "%Y%m%d-%H%M%S"
NAME = r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*"
REPOSITORY = re.compile(rf"(?:[a-z0-9][a-z0-9.-]*(?::\d+)?/)?(?:{NAME}/)*{NAME}")
PLATFORM = re.compile(r"linux/[a-z0-9]+(/v\d)?")
# What engines print if an image cannot be built for a platform, and what to do.
FOREIGN = {
    "no match for platform|no matching manifest|no image found in (manifest list|image index)": (
        "a base image in the Dockerfile does not exist for it. Choose one that does, or leave out"
        " --platform."
    ),
    "exec format error": (
        "this machine cannot run its programs. Install an emulator (on Debian and Ubuntu:"
        " sudo apt install qemu-user-static), or leave out --platform."
    ),
}
BUILDING = ".building-"
BOOT_SECONDS = 180  # the first start may have to read all the data


@dataclass(frozen=True)
class Image:
    """The image of one release; `repository` may include a registry."""

    project: Project
    engine: Engine
    repository: str
    release: str
    secrets: Secrets
    platform: str = ""
    volume: str = ""  # of the snapshots; without a name, those of the check are deleted

    @property
    def tag(self) -> str:
        """Return the image's name with its tag."""
        return f"{self.repository}:{self.release}"

    @property
    def name(self) -> str:
        """Return the name of its container."""
        return container_name(self.repository)

    @property
    def is_pushed(self) -> bool:
        """Return whether the repository is in a registry."""
        return "/" in self.repository

    def lines(self) -> Iterator[str]:
        """Yield the steps of `make` as lines of text."""
        context = Path("dist", f"{BUILDING}...")
        for path in (*files.shipped(self.project), ".release"):
            yield f"stage     {path}"
        yield from self.secrets.lines()
        engine, check = self.engine, f"{self.name}-check"
        program = ["...", self.release, "", "COMMAND"]
        yield _run_line(engine.build(context, self.tag, self.platform))
        yield _run_line(self._create_check(check, self.secrets.path, 8000, program))
        yield _run_line(engine.start(check))
        yield probe_line(engine, check, self.release)
        yield _run_line(engine.remove(check))
        if self.is_pushed:
            yield _run_line(engine.push(self.tag))

    def make(self, echo: Echo, passed: Callable[[], None]) -> None:
        """Build, check and push the image; remove it if any of that fails.

        `passed` waits for the preflight before the image is pushed.
        """
        self.secrets.ensure(echo)
        try:
            with working(f"Building {self.tag}..."), _staged(self.project, self.release) as context:
                self._build(context)
            if self.engine.user(self.tag) in {"", "0", "root"}:
                raise BuildError(
                    "the image runs as root. Add the line `USER 1000` before CMD in the"
                    " Dockerfile, and deploy again",
                    hint="flaskdash deploy",
                )
            with working("Starting it here, as in production..."):
                self._check()
            echo(f"build     {self.tag}: it starts, and every dashboard answers")
            passed()
            if self.is_pushed:
                with working(f"Pushing {self.tag}..."):
                    self.engine.run(self.engine.push(self.tag))
                echo(f"push      {self.tag}")
        except BaseException:
            with suppress(FlaskdashError):  # the build may have failed before the image existed
                self.engine.run(self.engine.remove_image(self.tag))
            raise

    def _build(self, context: Path) -> None:
        try:
            build = self.engine.build(context, self.tag, self.platform)
            self.engine.run(build, low_priority=True)
        except shell.CommandError as error:
            for sign, sentence in FOREIGN.items():
                if self.platform and re.search(sign, error.output, re.IGNORECASE):
                    message = f"the image cannot be built for {self.platform}: {sentence}"
                    raise BuildError(f"{message}\n{error.output.strip()[-300:]}") from error
            raise

    def _create_check(
        self, name: str, secrets: Path, port: int, program: Sequence[str]
    ) -> list[str]:
        return self.engine.create(
            name,
            self.tag,
            *("--env-file", str(secrets), *platform_flags(self.platform)),
            port=port,
            volume=self.volume,
            program=program,
        )

    def _check(self) -> None:
        """Start a container of the image and check that it answers; raise BuildError if not."""
        check, engine = f"{self.name}-check", self.engine
        engine.clear(check)  # a deploy that was killed may have left it
        program = start_program(self.release, "", engine.command(self.tag))
        try:
            engine.run(self._create_check(check, self.secrets.file, free_port(), program))
            engine.run(engine.start(check), low_priority=True)
            engine.run(engine.probe(check, self.release, BOOT_SECONDS))
        except FlaskdashError as error:
            log = engine.last_lines(check)
            raise BuildError(
                f"the image does not work: {error.message}\n{log}".rstrip()
                + "\nCorrect the project, and deploy again.",
                hint="flaskdash deploy",
            ) from error
        finally:
            engine.clear(check)


def new_release() -> str:
    """Return the name of a release that is built now."""
    return datetime.now(UTC).strftime(RELEASE)


def repository(project: Project, address: str) -> str:
    """Return the repository in an address, or else the project's name in its spelling."""
    _, _, path = address.partition("://")
    name = path or re.sub(r"[^a-z0-9]+", "-", project.name.lower()).strip("-")
    if not REPOSITORY.fullmatch(name):
        raise PreflightError(
            f"{name!r} cannot be the name of an image. Write it in lower case and without a tag",
            hint="flaskdash deploy docker://registry.example.org/team/shop",
        )
    return name


def container_name(repository: str) -> str:
    """Return the name of the container that runs a repository's images."""
    return repository.rpartition("/")[2]


def dockerfile(project: Project) -> Iterator[Finding]:
    """Yield a finding if the Dockerfile is missing or its last stage runs as root."""
    try:
        text = (project.root / "Dockerfile").read_text("utf-8")
    except OSError:
        yield Finding(
            "the project does not have a Dockerfile. Copy the one of a new project",
            "flaskdash new example",
        )
        return
    last_stage = re.split(r"^\s*FROM\s", text, flags=re.MULTILINE | re.IGNORECASE)[-1]
    users = re.findall(r"^\s*USER\s+(\S+)", last_stage, re.MULTILINE | re.IGNORECASE)
    if not users or users[-1].partition(":")[0] in {"0", "root"}:
        yield Finding("the Dockerfile runs as root. Add a line before CMD", "USER 1000")


DOCKERFILE = Rule("dockerfile", "the Dockerfile starts the app as an ordinary user", dockerfile)


def start_program(release: str, socket: str, command: Sequence[str]) -> list[str]:
    """Return the program that starts a release by its image's command, and its arguments."""
    return [START.read_text("utf-8"), release, socket, *command]


def check_platform(platform: str) -> str:
    """Return a platform; raise PreflightError unless it has the form linux/amd64."""
    if platform and not PLATFORM.fullmatch(platform):
        raise PreflightError(
            f"{platform!r} is not a platform of images. Write it as linux/amd64 or linux/arm64",
            hint="flaskdash deploy --platform linux/amd64",
        )
    return platform


def probe_line(engine: Engine, name: str, release: str) -> str:
    """Return the step of a probe as a line of text."""
    command = shlex.join(engine.probe_prefix(name))
    return f"run       {command} ... (check that {release} and each dashboard answer)"


def _run_line(argv: list[str]) -> str:
    return f"run       {shlex.join(argv)}"


@contextmanager
def _staged(project: Project, release: str) -> Iterator[Path]:
    """Lend a folder that holds only the shipped files, which everybody can read."""
    dist = project.root / "dist"
    dist.mkdir(exist_ok=True)
    for stale in dist.glob(f"{BUILDING}*"):  # no other deploy runs now, so it was killed
        shutil.rmtree(stale, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=dist, prefix=BUILDING) as folder:
        context = Path(folder)
        for path in files.shipped(project):
            _stage(project.root / path, context / path)
        (context / ".release").write_text(release + "\n", "utf-8")
        for directory in (context, *(path for path in context.rglob("*") if path.is_dir())):
            directory.chmod(0o755)
        yield context


def _stage(source: Path, path: Path) -> None:
    """Link a file if everybody can read it; otherwise copy it, readable by the image's user."""
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = source.stat().st_mode & 0o777
    if mode & 0o044 == 0o044 and not source.is_symlink():
        with suppress(OSError):  # the folder may be on another disk, or without hard links
            os.link(source, path)
            return
    shutil.copy2(source, path)
    path.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))


def free_port() -> int:
    """Return a port that is free on this machine; in a container of its own, all are free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
