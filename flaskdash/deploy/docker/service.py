"""The live container of a project, the one that holds its port, and the switch of releases.

A switch loses no request: the container NAME-port-PORT holds the published port and lends its
socket to the releases. The next release starts beside the live one and has to answer before the
live one stops. The container NAME is the live release at every moment, and NAME-next and NAME-old
are what a deploy that was killed may leave.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flaskdash import shell
from flaskdash.deploy.docker import image as images
from flaskdash.deploy.docker.engine import INSTANCE, PORT, Container, Engine, platform_flags
from flaskdash.deploy.docker.secrets import Secrets
from flaskdash.errors import FlaskdashError
from flaskdash.ship.errors import NotRolledBackError, RolledBackError

RESTART = ("--restart", "unless-stopped")
PORT_SECONDS = 30
# Wait until the container that holds the port gives its socket away.
ASK = """\
import socket, sys, time
for _ in range(100):
    try:
        socket.socket(socket.AF_UNIX).connect(sys.argv[1])
        break
    except OSError:
        time.sleep(0.1)
else:
    sys.exit("it does not run")
"""


@dataclass(frozen=True)
class Service:
    """The live container of a project, and the switch to another release."""

    engine: Engine
    name: str
    repository: str
    port: int
    secrets: Secrets
    platform: str = ""

    @property
    def next(self) -> str:
        """Return the name of the container that is about to replace the live one."""
        return f"{self.name}-next"

    @property
    def old(self) -> str:
        """Return the name of the container that another one has replaced."""
        return f"{self.name}-old"

    @property
    def holder(self) -> str:
        """Return the name of the container that holds the port."""
        return f"{self._holders}{self.port}"

    @property
    def volume(self) -> str:
        return f"{self.name}-instance"

    def live(self) -> Container | None:
        return self.engine.inspect(self.name)

    def has_port(self) -> bool:
        """Return whether a container of this project has the port."""
        holders = self.engine.names(self._holders)
        # Earlier versions of flaskdash published the port of the release itself.
        return self.holder in holders or (not holders and self.live() is not None)

    def create(self, release: str) -> list[str]:
        """Return the command that creates a release's container."""
        image = f"{self.repository}:{release}"
        program = images.start_program(release, self._socket, self.engine.command(image))
        return self._create_next(image, str(self.secrets.file), images.free_port(), program)

    def create_holder(self, release: str, program: str) -> list[str]:
        """Return the command that creates the container that holds the port."""
        return self.engine.create(
            self.holder,
            f"{self.repository}:{release}",
            *(*RESTART, "--no-healthcheck", "--publish", f"{self.port}:{self.port}"),
            *platform_flags(self.platform),
            port=self.port,
            volume=self.volume,
            program=[program, self._socket],
        )

    def lines(self, release: str) -> Iterator[str]:
        """Yield the steps of `replace` as lines of text."""
        engine, image = self.engine, f"{self.repository}:{release}"
        program = ["...", release, self._socket, "COMMAND"]
        commands = [
            self.create_holder(release, "..."),
            engine.start(self.holder),
            self._create_next(image, str(self.secrets.path), 8000, program),
            engine.start(self.next),
        ]
        yield from (f"run       {shlex.join(argv)}" for argv in commands)
        yield images.probe_line(engine, self.next, release)
        commands = [
            engine.rename(self.name, self.old),
            engine.rename(self.next, self.name),
            engine.stop(self.old),
            engine.remove(self.old),
        ]
        yield from (f"run       {shlex.join(argv)}" for argv in commands)

    def recover(self) -> None:
        """Clean up after a deploy that was killed; the release that answered stays live."""
        if self.live() is None and self.engine.inspect(self.old) is not None:
            # It was killed between two renames, so the next release had answered.
            name = self.next if self.engine.inspect(self.next) is not None else self.old
            try:
                self.engine.run(self.engine.rename(name, self.name))
            except shell.CommandError:
                if self.live() is None:  # else the last command of the killed deploy has done it
                    raise
        self._discard(self.next)
        self._discard(self.old)

    def replace(self, release: str) -> None:
        """Run a release beside the live one, and stop that when the new one answers."""
        before = self.live()
        holders = self.engine.names(self._holders)
        try:
            self._hold_port(release, is_first=not holders)
            self.engine.run(self.create(release))
            self.engine.run(self.engine.start(self.next))
            self.engine.run(self.engine.probe(self.next, release, images.BOOT_SECONDS))
            self.engine.run(self.engine.probe(self.holder, release, PORT_SECONDS, "--port"))
        except BaseException as error:
            self._go_back(release, before, holders, error)
            raise
        if before is not None:
            self.engine.run(self.engine.rename(self.name, self.old))
        self.engine.run(self.engine.rename(self.next, self.name))
        self._discard(self.old)
        for name in holders:
            if name != self.holder:
                self.engine.run(self.engine.remove(name))

    @property
    def _holders(self) -> str:
        """Return what the names of the containers that hold a port begin with."""
        return f"{self.name}-port-"

    @property
    def _socket(self) -> str:
        return f"{INSTANCE}/.port-{self.port}"

    def _create_next(
        self, image: str, secrets: str, port: int, program: Sequence[str]
    ) -> list[str]:
        return self.engine.create(
            self.next,
            image,
            *(*RESTART, "--env-file", secrets, *platform_flags(self.platform)),
            port=port,
            volume=self.volume,
            program=program,
        )

    def _hold_port(self, release: str, *, is_first: bool) -> None:
        """Start the container that holds the port, unless it runs."""
        holder = self.engine.inspect(self.holder)
        if holder is None or not holder.running:
            self.engine.clear(self.holder)
            live = self.live()
            if is_first and live is not None and live.running:
                # Earlier versions of flaskdash published the port of the release itself.
                self.engine.run(self.engine.stop(self.name))
            self.engine.run(self.create_holder(release, PORT.read_text("utf-8")))
            self.engine.run(self.engine.start(self.holder))
        try:
            self.engine.run([*self.engine.probe_prefix(self.holder), ASK, self._socket])
        except FlaskdashError as error:
            log = self.engine.last_lines(self.holder) or error.message
            raise FlaskdashError(f"port {self.port} cannot be opened: {log}") from error

    def _discard(self, name: str) -> None:
        """Remove a release's container, if it exists, when it has answered its open requests."""
        if self.engine.inspect(name) is not None:
            self.engine.run(self.engine.stop(name))
            self.engine.run(self.engine.remove(name))

    def _go_back(
        self, release: str, before: Container | None, holders: list[str], error: BaseException
    ) -> None:
        """Remove the new release, and raise the error with its log; the live one runs on."""
        reason = error.message if isinstance(error, FlaskdashError) else type(error).__name__
        failure = f"{release} does not work: {reason}\n{self.engine.last_lines(self.next)}".rstrip()
        try:
            self._discard(self.next)
            if self.holder not in holders:
                self.engine.clear(self.holder)
            if before is not None:
                live = self.live()
                if live is not None and not live.running:
                    self.engine.run(self.engine.start(self.name))
                probe = self.engine.probe(self.name, before.release, images.BOOT_SECONDS)
                self.engine.run(probe)
        except FlaskdashError as second_error:
            raise NotRolledBackError(
                f"{failure}\n{before.release if before else release} does not answer any more:"
                f" {second_error.message}",
                hint=f"{self.engine.program} ps --all",
            ) from error
        if isinstance(error, FlaskdashError):
            release_before = f"{before.release} is" if before else "No release is"
            raise RolledBackError(f"{failure}\n{release_before} live, as before") from error
