"""A container on an engine of one's own, local or remote, with a registry or without.

A release is an image, its tag the release's name. The live one runs as the container NAME; another
is started in its place, and if that does not answer, the very container from before again.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from flaskdash import shell
from flaskdash.check import rules
from flaskdash.check.rule import Finding, Rule
from flaskdash.deploy.docker import engine as engines
from flaskdash.deploy.docker import image as images
from flaskdash.deploy.docker.engine import Container, Engine
from flaskdash.deploy.docker.image import Image
from flaskdash.deploy.docker.secrets import Secrets
from flaskdash.deploy.target import Outcome, Release, Status, Target
from flaskdash.errors import FlaskdashError
from flaskdash.generate import render
from flaskdash.progress import Echo, working
from flaskdash.project import Project
from flaskdash.ship.errors import NotRolledBackError, PreflightError, RolledBackError

KEPT = 5  # releases, on the engine; the registry keeps all
COMPOSE = "compose.yaml"
RESTART = ("--restart", "unless-stopped")


@dataclass(frozen=True)
class Service:
    """The one container that is live, by its name, and how another release takes its place."""

    engine: Engine
    name: str
    repository: str
    port: int
    secrets: Secrets

    @property
    def next(self) -> str:
        """Return the name of the container that is to take the place."""
        return f"{self.name}-next"

    def live(self) -> Container | None:
        """Return the live container."""
        return self.engine.look(self.name)

    def create(self, release: str, secrets: Path) -> list[str]:
        """Return the command that makes the container of a release, published and restarted."""
        flags = (*RESTART, "--publish", f"{self.port}:{self.port}")
        tag, volume = f"{self.repository}:{release}", f"{self.name}-instance"
        return self.engine.create(self.next, tag, self.port, volume, secrets, *flags)

    def commands(self, release: str) -> Iterator[str]:
        """Yield what `replace` runs, in words."""
        engine = self.engine
        yield f"run       {shlex.join(self.create(release, self.secrets.shown))}"
        yield f"run       {shlex.join(engine.stop(self.name))}"
        yield f"run       {shlex.join(engine.start(self.next))}"
        yield images.probing(engine, self.next, release)
        yield f"run       {shlex.join(engine.remove(self.name))}"
        yield f"run       {shlex.join(engine.rename(self.next, self.name))}"

    def settle(self) -> None:
        """Clear away what a deploy that was killed has left; what was live before goes on."""
        left, live = self.engine.look(self.next), self.live()
        if left is None:
            return
        if live is None and left.running:
            self.engine.run(self.engine.rename(self.next, self.name))
            return
        self.engine.run(self.engine.remove(self.next))
        if live is not None:
            self.engine.run(self.engine.start(self.name))

    def replace(self, release: str) -> None:
        """Run a release in place of the live one; if it does not answer, that one again."""
        before = self.live()
        self.engine.run(self.create(release, self.secrets.file))
        try:
            if before is None:
                self.engine.run(self.engine.start(self.next))
            else:
                self.engine.run(self.engine.swap(self.name, self.next))
            self.engine.run(self.engine.probe(self.next, release, images.BOOT_SECONDS))
        except BaseException as error:
            self._go_back(release, before, error)
            raise
        if before is not None:
            self.engine.run(self.engine.remove(self.name))
        self.engine.run(self.engine.rename(self.next, self.name))

    def _go_back(self, release: str, before: Container | None, error: BaseException) -> None:
        """Make the container from before live again, and say why."""
        why = error.message if isinstance(error, FlaskdashError) else type(error).__name__
        failed = f"{release} does not work: {why}\n{self.engine.last_lines(self.next)}".rstrip()
        try:
            self.engine.clear(self.next)
            if before is not None:
                self.engine.run(self.engine.start(self.name))
                probe = self.engine.probe(self.name, before.release, images.BOOT_SECONDS)
                self.engine.run(probe)
        except FlaskdashError as again:
            raise NotRolledBackError(
                f"{failed}\n{before.release if before else release} could not be brought back:"
                f" {again.message}",
                hint=f"{self.engine.program} ps --all, and flaskdash rollback",
            ) from error
        if isinstance(error, FlaskdashError):
            live = (
                f"{before.release} is live, as before" if before else "nothing is live, as before"
            )
            raise RolledBackError(f"{failed}\n{live}") from error


@dataclass(frozen=True)
class Docker:
    """What a deploy would do: an image, and the container that runs it."""

    image: Image
    service: Service
    url: str

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Return the preflight's rules."""
        return (*rules.ALL, ENGINE, images.DOCKERFILE, settings(self.service.secrets))

    @property
    def question(self) -> str:
        """Return what a person is asked before it runs."""
        pushed = f", push it to {self.image.repository}" if self.image.is_pushed else ""
        return f"Build {self.image.tag}{pushed}, and run it on {self.url}?"

    def lines(self) -> Iterator[str]:
        """Yield each step, in words."""
        yield from self.image.lines()
        if not (self.image.project.root / COMPOSE).exists():
            yield f"create    {COMPOSE}"
        yield from self.service.commands(self.image.release)

    def run(self, echo: Echo) -> Outcome:
        """Build, boot, push and run a release; if it does not answer, run the one before."""
        self.service.settle()
        self.image.make(echo)
        try:
            with working(f"Starting {self.image.release} in place of what is live..."):
                self.service.replace(self.image.release)
        except RolledBackError:
            with suppress(FlaskdashError):
                self.image.engine.run(self.image.engine.remove_image(self.image.tag))
            raise
        write_compose(self.image, self.service.port, echo)
        self._prune(echo)
        echo(f"live      {self.image.release} on {self.url}")
        return Outcome(self.image.release, self.url)

    def _prune(self, echo: Echo) -> None:
        for release in found(self.service)[KEPT:]:
            with suppress(FlaskdashError):  # a container of one's own may use it
                self.image.engine.run(
                    self.image.engine.remove_image(f"{self.image.repository}:{release}")
                )
                echo(f"prune     {self.image.repository}:{release}")


class DockerTarget(Target):
    """The engine as a target."""

    what = "a container"
    settings = frozenset({"port"})

    def plan(self) -> Docker:
        """Return what a deploy would do."""
        try:
            service = self._service(engines.find())
        except PreflightError:  # the preflight says it
            service = self._service(Engine("docker"))
        made = Image(
            self.project,
            service.engine,
            service.repository,
            images.new_release(),
            service.secrets,
        )
        return Docker(made, service, self._url(service))

    def releases(self) -> list[Release]:
        """Return the releases whose images are on the engine."""
        service = self._service(engines.find())
        live = service.live()
        return [
            Release(tag, _when(tag), live is not None and live.running and live.release == tag)
            for tag in found(service)
        ]

    def rollback(self, release: str | None, echo: Echo) -> Outcome:
        """Run a release again, from its image here or in the registry."""
        service = self._service(engines.find())
        service.settle()
        live = service.live()
        wanted = release or _before(found(service), live)
        if live is not None and live.running and live.release == wanted:
            raise FlaskdashError(f"{wanted} is live already", hint="flaskdash releases")
        self._get(service, wanted)
        with working(f"Starting {wanted} in place of what is live..."):
            service.replace(wanted)
        echo(f"live      {wanted} on {self._url(service)}")
        return Outcome(wanted, self._url(service))

    def status(self) -> Status:
        """Return whether the live container answers."""
        service = self._service(engines.find())
        live, url = service.live(), self._url(service)
        facts = {"engine": service.engine.program, "container": service.name}
        if live is None:
            return Status("", url, False, facts)
        facts |= {"image": live.image, "restarts": live.restarts}
        healthy = live.running
        try:
            service.engine.run(service.engine.probe(service.name, live.release, 5))
        except FlaskdashError as error:
            healthy = False
            facts["why"] = error.message.splitlines()[0]
        return Status(live.release, url, healthy, facts)

    def logs(self, *, follow: bool) -> None:
        """Print the container's log."""
        service = self._service(engines.find())
        if service.live() is None:
            raise FlaskdashError("nothing is live yet", hint="flaskdash deploy")
        flags = ("--tail", "200", *(["--follow"] if follow else []))
        argv = service.engine.logs(service.name, *flags)
        with shell.start(argv, self.project.root) as process:
            try:
                process.wait()
            finally:
                shell.stop(process)

    def url(self) -> str:
        """Return where the dashboard answers."""
        return self._url(self._service(Engine("docker")))

    def secrets(self) -> list[str]:
        """Return the names in the secrets' file."""
        return sorted(self._service(Engine("docker")).secrets.read())

    def set_secrets(self, values: Mapping[str, str], echo: Echo) -> None:
        """Write secrets into their file, and start the live release anew with them."""
        kept = self._service(Engine("docker")).secrets
        kept.write(values)
        echo(f"set       {', '.join(values)} in {kept.shown.as_posix()}")
        service = self._service(engines.find())
        live = service.live()
        if live is not None and live.running:
            with working("Starting the live release with them..."):
                service.replace(live.release)
            echo(f"live      {live.release} on {self._url(service)}")

    def _service(self, engine: Engine) -> Service:
        repository = images.repository(self.project, self.place.address)
        name = images.name_of(repository)
        port = int(self.place.settings.get("port", "8000"))
        return Service(engine, name, repository, port, Secrets(self.project, name))

    def _get(self, service: Service, release: str) -> None:
        """Have a release's image here."""
        if release in found(service):
            return
        if "/" not in service.repository:
            raise FlaskdashError(f"no release {release!r} is here", hint="flaskdash releases")
        with working(f"Pulling {service.repository}:{release}..."):
            service.engine.run(service.engine.pull(f"{service.repository}:{release}"))

    def _url(self, service: Service) -> str:
        remote = os.environ.get("DOCKER_HOST") or os.environ.get("CONTAINER_HOST") or ""
        return f"http://{urlsplit(remote).hostname or 'localhost'}:{service.port}"


def found(service: Service) -> list[str]:
    """Return the releases that are on the engine, the newest first."""
    tags = service.engine.tags(service.repository)
    return sorted((tag for tag in tags if _when(tag)), reverse=True)


def settings(secrets: Secrets) -> Rule:
    """Return the rule that each loader's address is among the secrets."""
    return Rule("settings", "what loaders need is among the secrets", secrets.needed)


def write_compose(image: Image, port: int, echo: Echo) -> None:
    """Write a compose.yaml for machines without flaskdash; one that is there is the user's."""
    if (image.project.root / COMPOSE).exists():
        return
    values = {"name": image.name, "repository": image.repository, "port": str(port)}
    with render.draft() as root:
        render.render_part("compose", values, root)
        render.keep_originals(root)
        render.place(root, image.project.root, echo)


def _engine_answers(_: Project) -> Iterator[Finding]:
    engines.find()  # it raises the finding
    yield from ()


def _when(release: str) -> str:
    """Return when a release was made; nothing for what is not the name of one."""
    try:
        return datetime.strptime(release, images.RELEASE).replace(tzinfo=UTC).isoformat()
    except ValueError:
        return ""


def _before(releases: list[str], live: Container | None) -> str:
    older = [one for one in releases if live is None or one < live.release]
    if not older:
        raise FlaskdashError("there is no release before the live one", hint="flaskdash releases")
    return older[0]


ENGINE = Rule("engine", "docker or podman answers", _engine_answers)
TARGET = DockerTarget
