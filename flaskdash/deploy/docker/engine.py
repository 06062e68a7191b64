"""A container engine, docker or podman: the commands that both understand, and what they answer."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flaskdash import shell
from flaskdash.errors import FlaskdashError
from flaskdash.ship.errors import PreflightError

PROGRAMS = ("docker", "podman")
PROBE = Path(__file__).with_name("probe.py")
# Both in one process, which goes on where flaskdash is killed between the two. What they print is
# taken here: they would end of a pipe that nobody reads any more.
SWAP = """\
import subprocess, sys
program, old, new = sys.argv[1:]
for argv in ([program, "stop", old], [program, "start", new]):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(done.stdout)
"""
STOP_SECONDS = 40  # gunicorn gives requests 30 to end
LAST_LINES = 20


@dataclass(frozen=True)
class Container:
    """A container as it is found: whether it runs, the image that it is of, how often it fell."""

    running: bool
    image: str
    restarts: str

    @property
    def release(self) -> str:
        """Return the tag of its image."""
        return self.image.rpartition(":")[2]


@dataclass(frozen=True)
class Engine:
    """An engine, by the name of its program."""

    program: str

    def build(self, context: Path, image: str) -> list[str]:
        """Return the command that builds an image from a folder with a Dockerfile."""
        # podman's own format has no health check.
        own = ["--format", "docker", "--layers"] if self.program == "podman" else []
        return [self.program, "build", *own, "--tag", image, str(context)]

    def push(self, image: str) -> list[str]:
        """Return the command that pushes an image to its registry."""
        return [self.program, "push", "--quiet", image]

    def pull(self, image: str) -> list[str]:
        """Return the command that gets an image from its registry."""
        return [self.program, "pull", "--quiet", image]

    def remove_image(self, image: str) -> list[str]:
        """Return the command that forgets an image here; in the registry it stays."""
        return [self.program, "rmi", image]

    def create(
        self, name: str, image: str, port: int, volume: str, secrets: Path, *flags: str
    ) -> list[str]:
        """Return the command that makes a container of an image, which may write to its volume alone."""
        return [
            *(self.program, "create", "--name", name, *flags),
            *("--env", f"PORT={port}", "--env-file", str(secrets)),
            *("--volume", f"{volume}:/app/instance" if volume else "/app/instance"),
            *("--read-only", "--tmpfs", "/tmp"),  # noqa: S108
            *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
            *("--stop-timeout", str(STOP_SECONDS), image),
        ]

    def start(self, name: str) -> list[str]:
        """Return the command that starts a container."""
        return [self.program, "start", name]

    def stop(self, name: str) -> list[str]:
        """Return the command that stops a container: its requests may end."""
        return [self.program, "stop", name]

    def swap(self, old: str, new: str) -> list[str]:
        """Return the command that stops one container, and then starts another."""
        return [sys.executable, "-c", SWAP, self.program, old, new]

    def rename(self, name: str, new: str) -> list[str]:
        """Return the command that gives a container another name."""
        return [self.program, "rename", name, new]

    def remove(self, name: str) -> list[str]:
        """Return the command that removes a container, also one that runs, and its own volumes."""
        # docker ends it at once; podman would wait for as long as it does when it stops one.
        own = ["--time", "0"] if self.program == "podman" else []
        return [self.program, "rm", "--force", *own, "--volumes", name]

    def logs(self, name: str, *flags: str) -> list[str]:
        """Return the command that prints a container's log."""
        return [self.program, "logs", *flags, name]

    def probe(self, name: str, release: str, seconds: int) -> list[str]:
        """Return the command that asks, inside a container, whether the release answers.

        From inside, because neither a remote engine nor a test container has a port here.
        """
        return [*self.probing(name), PROBE.read_text("utf-8"), release, str(seconds)]

    def probing(self, name: str) -> list[str]:
        """Return how a probe begins."""
        return [self.program, "exec", name, "python", "-c"]

    def run(self, argv: Sequence[str]) -> str:
        """Run one of these commands and return what it printed."""
        # Debian's docker builds as Dockerfiles are written today if it is told so.
        return shell.run(argv, Path.cwd(), {"DOCKER_BUILDKIT": "1"})

    def look(self, name: str) -> Container | None:
        """Return a container as it is now, or None where there is none of that name."""
        wanted = "{{.State.Running}}\t{{.Config.Image}}\t{{.RestartCount}}"
        argv = [self.program, "inspect", "--type", "container", "--format", wanted, name]
        try:
            running, image, restarts = self._last_line(argv).split("\t")
        except shell.CommandError as error:
            if "no such" in error.output.lower():
                return None
            raise
        return Container(running == "true", image, restarts)

    def clear(self, name: str) -> None:
        """Remove a container, if it is there."""
        if self.look(name) is not None:
            self.run(self.remove(name))

    def tags(self, repository: str) -> list[str]:
        """Return the tags of a repository's images that are here."""
        listed = self.run([self.program, "images", "--format", "{{.Tag}}", repository])
        return listed.split()

    def user(self, image: str) -> str:
        """Return the user that an image runs as; empty for root."""
        argv = [self.program, "inspect", "--type", "image", "--format", "{{.Config.User}}", image]
        return self._last_line(argv)

    def _last_line(self, argv: Sequence[str]) -> str:
        """Run a command and return its answer: podman may have warnings above it."""
        return ([""] + self.run(argv).splitlines())[-1].strip()

    def last_lines(self, name: str) -> str:
        """Return the last lines of a container's log, or nothing."""
        try:
            return self.run(self.logs(name, "--tail", str(LAST_LINES))).strip()
        except FlaskdashError:
            return ""


def find() -> Engine:
    """Return the engine that answers: docker where it does, else podman."""
    there = [program for program in PROGRAMS if shutil.which(program)]
    for program in there:
        try:
            shell.run([program, "info"], Path.cwd())
        except shell.CommandError:
            continue
        return Engine(program)
    if there:
        raise PreflightError(
            f"{' and '.join(there)}: no engine answers", hint=f"start it; {there[0]} info says more"
        )
    raise PreflightError("neither docker nor podman is installed", hint="install one of them")
