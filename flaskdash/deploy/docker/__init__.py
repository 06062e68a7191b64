"""Deploy to a container on docker or podman, local or remote, with or without a registry.

A release is an image whose tag is the release's name. The live release runs as the container NAME.
A deploy starts another container beside it, and removes the old one when the new one answers.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from flaskdash import shell
from flaskdash.check import rules
from flaskdash.check.rule import Finding, Rule
from flaskdash.deploy.docker import engine as engines
from flaskdash.deploy.docker import image as images
from flaskdash.deploy.docker.engine import Container, Engine
from flaskdash.deploy.docker.image import Image
from flaskdash.deploy.docker.secrets import Secrets
from flaskdash.deploy.docker.service import Service
from flaskdash.deploy.target import Outcome, Release, Status, Target
from flaskdash.errors import FlaskdashError
from flaskdash.generate import render
from flaskdash.progress import Echo, working
from flaskdash.project import Project
from flaskdash.ship.errors import PreflightError, RolledBackError

MAX_RELEASES = 5  # on the engine; flaskdash deletes nothing from a registry
COMPOSE = "compose.yaml"


@dataclass(frozen=True)
class DockerPlan:
    """A deploy to an engine: the image of a release, and the container that runs it."""

    image: Image
    service: Service
    url: str

    @property
    def rules(self) -> tuple[Rule, ...]:
        target = (images.DOCKERFILE, settings_rule(self.service.secrets))
        return (ENGINE, port_rule(self.service), *rules.ALL, *target)

    @property
    def question(self) -> str:
        push = f", push it to {self.image.repository}" if self.image.is_pushed else ""
        return f"Build {self.image.tag}{push}, and run it on {self.url}?"

    def lines(self) -> Iterator[str]:
        yield from self.image.lines()
        if not (self.image.project.root / COMPOSE).exists():
            yield f"create    {COMPOSE}"
        yield from self.service.lines(self.image.release)

    def run(self, echo: Echo) -> Outcome:
        """Build, check, push and start a release; go back if it does not answer."""
        return self.run_early(echo, lambda: None)

    def run_early(self, echo: Echo, passed: Callable[[], None]) -> Outcome:
        """Do as `run` does, but call `passed` before the image is pushed."""
        self.service.recover()
        self.image.make(echo, passed)
        try:
            with working(f"Starting {self.image.release} beside the live release..."):
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
        """Remove the images of all but the last releases from the engine."""
        engine, repository = self.image.engine, self.image.repository
        for release in release_tags(self.service)[MAX_RELEASES:]:
            with suppress(FlaskdashError):  # a container of the user's may use the image
                engine.run(engine.remove_image(f"{repository}:{release}"))
                echo(f"prune     {repository}:{release}")


class DockerTarget(Target):
    """A container engine as a target."""

    settings = frozenset({"platform", "port"})

    def plan(self) -> DockerPlan:
        try:
            service = self._service(engines.find())
        except PreflightError:  # a rule of the preflight reports it
            service = self._service(Engine("docker"))
        image = Image(
            project=self.project,
            engine=service.engine,
            repository=service.repository,
            release=images.new_release(),
            secrets=service.secrets,
            platform=service.platform,
            volume=service.volume,
        )
        return DockerPlan(image, service, self._url(service))

    def releases(self) -> list[Release]:
        """Return the releases whose images are on the engine, newest first."""
        service = self._service(engines.find())
        live = service.live()
        live_tag = live.release if live is not None and live.running else ""
        return [Release(tag, _created(tag), tag == live_tag) for tag in release_tags(service)]

    def rollback(self, release: str | None, echo: Echo) -> Outcome:
        """Run a release from its image, which is on the engine or in the registry."""
        service = self._service(engines.find())
        service.recover()
        live = service.live()
        tag = release or _previous_release(release_tags(service), live)
        if live is not None and live.running and live.release == tag:
            raise FlaskdashError(f"{tag} is already live", hint="flaskdash releases")
        self._pull(service, tag)
        with working(f"Starting {tag} beside the live release..."):
            service.replace(tag)
        echo(f"live      {tag} on {self._url(service)}")
        return Outcome(tag, self._url(service))

    def status(self) -> Status:
        service = self._service(engines.find())
        live, url = service.live(), self._url(service)
        facts = {"engine": service.engine.program, "container": service.name}
        if live is None:
            return Status("", url, False, facts)
        facts |= {"image": live.image, "restarts": live.restarts}
        healthy = live.running
        try:
            service.engine.run(service.engine.probe(service.name, live.release, 5))
            service.engine.run(service.engine.probe(service.holder, live.release, 5, "--port"))
        except FlaskdashError as error:
            healthy = False
            facts["why"] = error.message.splitlines()[0]
        return Status(live.release, url, healthy, facts)

    def logs(self, *, follow: bool) -> None:
        """Print the live container's log."""
        service = self._service(engines.find())
        if service.live() is None:
            raise FlaskdashError("no release is live", hint="flaskdash deploy")
        flags = ("--tail", "200", *(["--follow"] if follow else []))
        argv = service.engine.logs(service.name, *flags)
        with shell.start(argv, self.project.root) as process:
            try:
                process.wait()
            finally:
                shell.stop(process)

    def url(self) -> str:
        return self._url(self._service(Engine("docker")))

    def secrets(self) -> list[str]:
        """Return the names in the file of secrets."""
        return sorted(self._service(Engine("docker")).secrets.read())

    def set_secrets(self, values: Mapping[str, str], echo: Echo) -> None:
        """Write secrets into their file, and start the live release again with them."""
        secrets = self._service(Engine("docker")).secrets
        secrets.write(values)
        echo(f"set       {', '.join(values)} in {secrets.path.as_posix()}")
        service = self._service(engines.find())
        live = service.live()
        if live is not None and live.running:
            with working("Starting the live release with them..."):
                service.replace(live.release)
            echo(f"live      {live.release} on {self._url(service)}")

    def _service(self, engine: Engine) -> Service:
        repository = images.repository(self.project, self.place.address)
        name = images.container_name(repository)
        port = int(self.place.settings.get("port", "8000"))
        platform = images.check_platform(self.place.settings.get("platform", ""))
        return Service(engine, name, repository, port, Secrets(self.project, name), platform)

    def _pull(self, service: Service, release: str) -> None:
        """Pull a release's image if it is not on the engine."""
        if release in release_tags(service):
            return
        if "/" not in service.repository:
            raise FlaskdashError(
                f"the release {release!r} does not exist", hint="flaskdash releases"
            )
        with working(f"Pulling {service.repository}:{release}..."):
            service.engine.run(service.engine.pull(f"{service.repository}:{release}"))

    def _url(self, service: Service) -> str:
        return f"http://{engine_host()}:{service.port}"


def release_tags(service: Service) -> list[str]:
    """Return the releases that are on the engine, newest first."""
    tags = service.engine.tags(service.repository)
    return sorted((tag for tag in tags if _created(tag)), reverse=True)


def settings_rule(secrets: Secrets) -> Rule:
    """Return the rule that the address of each loader is among the secrets."""
    return Rule("settings", "the secrets have the settings that loaders need", secrets.missing)


def port_rule(service: Service) -> Rule:
    """Return the rule that no other program on this machine uses the port."""

    def look(_: Project) -> Iterator[Finding]:
        with suppress(FlaskdashError):  # the rule of the engine reports it
            if engine_host() == "localhost" and not service.has_port() and is_taken(service.port):
                yield Finding(
                    f"another program on this machine uses port {service.port}."
                    " Choose another port",
                    "flaskdash deploy --port PORT",
                )

    return Rule("port", "no other program uses the port", look, stops=True)


def is_taken(port: int) -> bool:
    """Return whether something listens on a port of this machine."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
        return True
    return False


def engine_host() -> str:
    """Return the host of the engine, or localhost."""
    remote = os.environ.get("DOCKER_HOST") or os.environ.get("CONTAINER_HOST") or ""
    return urlsplit(remote).hostname or "localhost"


def write_compose(image: Image, port: int, echo: Echo) -> None:
    """Write a compose.yaml for machines without flaskdash, unless the project has one."""
    if (image.project.root / COMPOSE).exists():
        return
    values = {"name": image.name, "repository": image.repository, "port": str(port)}
    with render.draft() as root:
        render.render_part("compose", values, root)
        render.keep_originals(root)
        render.place(root, image.project.root, echo)


def _check_engine(_: Project) -> Iterator[Finding]:
    engines.find()  # it raises PreflightError, which the preflight reports
    yield from ()


def _created(tag: str) -> str:
    """Return when a release was built (ISO 8601, UTC), or "" if the tag is not a release's."""
    try:
        return datetime.strptime(tag, images.RELEASE).replace(tzinfo=UTC).isoformat()
    except ValueError:
        return ""


def _previous_release(releases: list[str], live: Container | None) -> str:
    older = [release for release in releases if live is None or release < live.release]
    if not older:
        raise FlaskdashError("no release exists before the live one", hint="flaskdash releases")
    return older[0]


ENGINE = Rule("engine", "docker or podman answers", _check_engine, stops=True)
TARGET = DockerTarget
