"""The commands of a container engine, docker or podman, that both understand."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from flaskdash import shell
from flaskdash.errors import FlaskdashError
from flaskdash.ship.errors import PreflightError

PROGRAMS = ("docker", "podman")
PROBE = Path(__file__).with_name("probe.py")
PORT = Path(__file__).with_name("port.py")
START = Path(__file__).with_name("start.py")
STOP_SECONDS = 40  # gunicorn gives open requests 30 seconds
LAST_LINES = 20
INSTANCE = "/app/instance"


@dataclass(frozen=True)
class Container:
    """The state of a container: running or not, its image, and its restart count."""

    running: bool
    image: str
    restarts: str

    @property
    def release(self) -> str:
        """Return the tag of the image."""
        return self.image.rpartition(":")[2]


@dataclass(frozen=True)
class Engine:
    """An engine, by the name of its program. Most methods return the command to run."""

    program: str

    def build(self, context: Path, image: str, platform: str = "") -> list[str]:
        """Return the command that builds an image from a folder with a Dockerfile."""
        # podman's own format does not have a health check.
        options = ["--format", "docker", "--layers"] if self.program == "podman" else []
        return [
            *(self.program, "build", *options, *platform_flags(platform)),
            *("--tag", image, str(context)),
        ]

    def push(self, image: str) -> list[str]:
        return [self.program, "push", "--quiet", image]

    def pull(self, image: str) -> list[str]:
        return [self.program, "pull", "--quiet", image]

    def remove_image(self, image: str) -> list[str]:
        """Return the command that removes an image from the engine, but not from the registry."""
        return [self.program, "rmi", image]

    def create(
        self, name: str, image: str, *flags: str, port: int, volume: str, program: Sequence[str]
    ) -> list[str]:
        """Return the command that creates a container that runs a Python program.

        It can write only to its volume. Without the name of a volume, it gets one of its own.
        """
        return [
            *(self.program, "create", "--name", name, *flags, "--env", f"PORT={port}"),
            *("--volume", f"{volume}:{INSTANCE}" if volume else INSTANCE),
            *("--read-only", "--tmpfs", "/tmp"),  # noqa: S108
            *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
            # SELinux lets containers of one level share a socket.
            *("--security-opt", f"label=level:{_selinux_level(volume or name)}"),
            *("--stop-timeout", str(STOP_SECONDS)),
            *("--entrypoint", "python", image, "-c", *program),
        ]

    def start(self, name: str) -> list[str]:
        return [self.program, "start", name]

    def stop(self, name: str) -> list[str]:
        """Return the command that stops a container after it has answered its open requests."""
        return [self.program, "stop", name]

    def rename(self, name: str, new: str) -> list[str]:
        return [self.program, "rename", name, new]

    def remove(self, name: str) -> list[str]:
        """Return the command that removes a container, even if it runs, and its own volumes."""
        # docker kills it at once. podman would wait for as long as `stop` does.
        options = ["--time", "0"] if self.program == "podman" else []
        return [self.program, "rm", "--force", *options, "--volumes", name]

    def logs(self, name: str, *flags: str) -> list[str]:
        return [self.program, "logs", *flags, name]

    def probe(self, name: str, release: str, seconds: int, *options: str) -> list[str]:
        """Return the command that checks, inside a container, that the release answers.

        It runs inside, because a remote engine or a test container does not have a port here.
        """
        program = PROBE.read_text("utf-8")
        return [*self.probe_prefix(name), program, release, str(seconds), *options]

    def probe_prefix(self, name: str) -> list[str]:
        """Return the probe's command without its program text and arguments."""
        return [self.program, "exec", name, "python", "-c"]

    def run(self, argv: Sequence[str], *, low_priority: bool = False) -> str:
        """Run one of these commands and return its output.

        With `low_priority`, the live release on this machine gets the processors first. That works
        with podman, whose commands do the work themselves.
        """
        # Debian's docker only builds today's Dockerfiles with this variable.
        run = partial(
            shell.run,
            argv,
            Path.cwd(),
            {"DOCKER_BUILDKIT": "1"},
            low_priority=low_priority,
        )
        try:
            return run()
        except shell.CommandError as error:
            if "container state improper" not in error.output:
                raise
            return run()  # podman fails if a container ends by itself while it is removed

    def inspect(self, name: str) -> Container | None:
        """Return the present state of a container, or None if it does not exist."""
        template = "{{.State.Running}}\t{{.Config.Image}}\t{{.RestartCount}}"
        argv = [self.program, "inspect", "--type", "container", "--format", template, name]
        try:
            running, image, restarts = self._last_line(argv).split("\t")
        except shell.CommandError as error:
            if "no such" in error.output.lower():
                return None
            raise
        return Container(running == "true", image, restarts)

    def clear(self, name: str) -> None:
        """Remove a container if it exists."""
        if self.inspect(name) is not None:
            self.run(self.remove(name))

    def names(self, prefix: str) -> list[str]:
        """Return the names of the containers that begin with a prefix."""
        argv = [self.program, "ps", "--all", "--format", "{{.Names}}"]
        return [name for name in self.run(argv).split() if name.startswith(prefix)]

    def command(self, image: str) -> list[str]:
        """Return the command that an image starts."""
        template = "[{{json .Config.Entrypoint}}, {{json .Config.Cmd}}]"
        argv = [self.program, "inspect", "--type", "image", "--format", template, image]
        return [word for words in json.loads(self._last_line(argv)) for word in words or ()]

    def tags(self, repository: str) -> list[str]:
        """Return the tags of a repository's images on this engine."""
        return self.run([self.program, "images", "--format", "{{.Tag}}", repository]).split()

    def user(self, image: str) -> str:
        """Return the user that an image runs as, or "" for root."""
        argv = [self.program, "inspect", "--type", "image", "--format", "{{.Config.User}}", image]
        return self._last_line(argv)

    def _last_line(self, argv: Sequence[str]) -> str:
        """Run a command and return its last line, because podman may print warnings above it."""
        return ([""] + self.run(argv).splitlines())[-1].strip()

    def last_lines(self, name: str) -> str:
        """Return the last lines of a container's log, or "" if it has none."""
        try:
            return self.run(self.logs(name, "--tail", str(LAST_LINES))).strip()
        except FlaskdashError:
            return ""


def platform_flags(platform: str) -> list[str]:
    """Return the flags for images of a platform such as linux/amd64; without one, the engine's."""
    return ["--platform", platform] if platform else []


def _selinux_level(name: str) -> str:
    """Return the level of SELinux that the containers of a volume have."""
    first, second = hashlib.sha256(name.encode()).digest()[:2]
    return f"s0:c{first},c{256 + second}"


def find() -> Engine:
    """Return the engine that answers, docker before podman; raise PreflightError if none does."""
    installed = [program for program in PROGRAMS if shutil.which(program)]
    for program in installed:
        try:
            shell.run([program, "info"], Path.cwd())
        except shell.CommandError:
            continue
        return Engine(program)
    if installed:
        raise PreflightError(
            f"the container engine does not answer: {' and '.join(installed)}. Start it;"
            " the command below shows why it does not answer",
            hint=f"{installed[0]} info",
        )
    raise PreflightError(
        "neither docker nor podman is installed. Install one of them",
        hint="sudo apt install podman",
    )
