"""The image of a project: built from what is shipped, booted as in production, and pushed."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flaskdash.check.rule import Finding, Rule
from flaskdash.deploy.docker.engine import Engine
from flaskdash.deploy.docker.secrets import Secrets
from flaskdash.errors import FlaskdashError
from flaskdash.progress import Echo, working
from flaskdash.project import Project
from flaskdash.ship import files
from flaskdash.ship.errors import BuildError, PreflightError

RELEASE = "%Y%m%d-%H%M%S"
NAME = r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*"
REPOSITORY = re.compile(rf"(?:[a-z0-9][a-z0-9.-]*(?::\d+)?/)?(?:{NAME}/)*{NAME}")
BUILDING = ".building-"
BOOT_SECONDS = 180  # a first start may have to read all the data


@dataclass(frozen=True)
class Image:
    """The image of one release, and what makes it; `repository` may name a registry."""

    project: Project
    engine: Engine
    repository: str
    release: str
    secrets: Secrets

    @property
    def tag(self) -> str:
        """Return the image's full name."""
        return f"{self.repository}:{self.release}"

    @property
    def name(self) -> str:
        """Return the name that its container has."""
        return name_of(self.repository)

    @property
    def is_pushed(self) -> bool:
        """Return whether the repository is one of a registry."""
        return "/" in self.repository

    def lines(self) -> Iterator[str]:
        """Yield what `make` does, in words."""
        context = Path("dist", f"{BUILDING}...")
        for path in (*files.shipped(self.project), ".release"):
            yield f"stage     {path}"
        yield from self.secrets.lines()
        engine = self.engine
        check = f"{self.name}-check"
        yield _run(engine.build(context, self.tag))
        yield _run(engine.create(check, self.tag, 8000, "", self.secrets.shown))
        yield _run(engine.start(check))
        yield probing(engine, check, self.release)
        yield _run(engine.remove(check))
        if self.is_pushed:
            yield _run(engine.push(self.tag))

    def make(self, echo: Echo) -> None:
        """Build the image, boot it, ask it, and push it; on any failure it is gone again."""
        self.secrets.ensure(echo)
        try:
            with working(f"Building {self.tag}..."), _staged(self.project, self.release) as context:
                self.engine.run(self.engine.build(context, self.tag))
            if self.engine.user(self.tag) in {"", "0", "root"}:
                raise BuildError(
                    "the image runs as root", hint="a line such as USER 1000 in the Dockerfile"
                )
            with working("Starting it here, as in production..."):
                self._boot()
            echo(f"build     {self.tag}: it starts, and every dashboard answers")
            if self.is_pushed:
                with working(f"Pushing {self.tag}..."):
                    self.engine.run(self.engine.push(self.tag))
                echo(f"push      {self.tag}")
        except BaseException:
            with suppress(FlaskdashError):  # it may not have come to be
                self.engine.run(self.engine.remove_image(self.tag))
            raise

    def _boot(self) -> None:
        check, engine = f"{self.name}-check", self.engine
        engine.clear(check)  # of a deploy that was killed
        made = engine.create(check, self.tag, _free_port(), "", self.secrets.file)
        try:
            engine.run(made)
            engine.run(engine.start(check))
            engine.run(engine.probe(check, self.release, BOOT_SECONDS))
        except FlaskdashError as error:
            log = engine.last_lines(check)
            raise BuildError(
                f"the image does not work: {error.message}\n{log}".rstrip(),
                hint="mend it, then flaskdash deploy again",
            ) from error
        finally:
            engine.clear(check)


def new_release() -> str:
    """Return the name of a release that is made now."""
    return datetime.now(UTC).strftime(RELEASE)


def repository(project: Project, address: str) -> str:
    """Return the repository of an address: that after ://, else one by the project's name."""
    _, _, said = address.partition("://")
    found = said or re.sub(r"[^a-z0-9]+", "-", project.name.lower()).strip("-")
    if not REPOSITORY.fullmatch(found):
        raise PreflightError(
            f"{found!r} can't be the name of an image",
            hint="docker://registry.example.org/team/shop, in small letters and with no tag",
        )
    return found


def name_of(repository: str) -> str:
    """Return the name that the container of a repository's images has."""
    return repository.rpartition("/")[2]


def dockerfile(project: Project) -> Iterator[Finding]:
    """Find a Dockerfile that is missing, or that stays root."""
    try:
        text = (project.root / "Dockerfile").read_text("utf-8")
    except OSError:
        yield Finding("there is no Dockerfile", "that of a new project: flaskdash new, elsewhere")
        return
    last = re.split(r"^\s*FROM\s", text, flags=re.MULTILINE | re.IGNORECASE)[-1]
    users = re.findall(r"^\s*USER\s+(\S+)", last, re.MULTILINE | re.IGNORECASE)
    if not users or users[-1].partition(":")[0] in {"0", "root"}:
        yield Finding("the Dockerfile stays root", "a line such as USER 1000 before CMD")


DOCKERFILE = Rule("dockerfile", "the Dockerfile starts the app as an ordinary user", dockerfile)


def probing(engine: Engine, name: str, release: str) -> str:
    """Return a probe in words."""
    asked = shlex.join(engine.probing(name))
    return f"run       {asked} ... (is it {release}, and does each dashboard answer?)"


def _run(argv: list[str]) -> str:
    return f"run       {shlex.join(argv)}"


@contextmanager
def _staged(project: Project, release: str) -> Iterator[Path]:
    """Lend a folder with what is shipped and nothing else, readable to all: what is built from."""
    dist = project.root / "dist"
    dist.mkdir(exist_ok=True)
    for stale in dist.glob(f"{BUILDING}*"):  # of a deploy that was killed: none other runs now
        shutil.rmtree(stale, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=dist, prefix=BUILDING) as folder:
        context = Path(folder)
        for path in files.shipped(project):
            _place(project.root / path, context / path)
        (context / ".release").write_text(release + "\n", "utf-8")
        for inner in (context, *(path for path in context.rglob("*") if path.is_dir())):
            inner.chmod(0o755)
        yield context


def _place(source: Path, path: Path) -> None:
    """Link a file where that is enough; a copy is for the eyes of the image's own user too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = source.stat().st_mode & 0o777
    if mode & 0o044 == 0o044 and not source.is_symlink():
        with suppress(OSError):  # another disk, or one that has no links
            os.link(source, path)
            return
    shutil.copy2(source, path)
    path.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
