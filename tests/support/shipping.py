"""Deploy a project to a virtual server, and compare the processes and files before and after."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from flaskdash.check import rules
from flaskdash.check.recent import Recent
from flaskdash.errors import FlaskdashError
from flaskdash.project import Project, environment
from tests.support.machine import VirtualServer
from tests.support.web import fetch

RELEASE = re.compile(r"\d{8}-\d{6}(-\d+)?")
SLOW = '''

@pages.get("/slow")
def slow() -> Response:
    """Answer after two seconds."""
    import time

    time.sleep(2)
    return Response("slow\\n")
'''


@dataclass(frozen=True)
class CommandResult:
    """The result of a run of flaskdash."""

    code: int
    output: str
    seconds: float


@dataclass(frozen=True)
class Traces:
    """The processes, files and units on the server and here, counted.

    The parts of their names that differ between releases are replaced.
    """

    processes: Counter[str]
    files: Counter[str]
    units: Counter[str]

    def difference(self, before: Traces) -> list[str]:
        """Return what was added since `before`, and the processes that ended.

        More releases or environments do not count.
        """
        return [
            *(f"process {name}" for name in self.processes - before.processes),
            *(f"file {name}" for name in sorted(set(self.files) - set(before.files))),
            *(f"unit {name}" for name in sorted(set(self.units) - set(before.units))),
            *(f"process ended: {name}" for name in before.processes - self.processes),
        ]


class ServerDeploy:
    """A project and the virtual server that it is deployed to."""

    def __init__(self, project: Path, machine: VirtualServer, port: int) -> None:
        self.project, self.machine, self.port = project, machine, port
        self.url = f"http://{machine.host}:{port}"
        self.temporary = machine.folder / "t"  # flaskdash's temporary files go here
        self.temporary.mkdir(exist_ok=True)

    def start(self, *args: str, **variables: str) -> subprocess.Popen[bytes]:
        """Start flaskdash in the project, with its output in a file."""
        env = os.environ | self.machine.environment | {"TMPDIR": str(self.temporary)} | variables
        with (self.project.parent / "output").open("wb") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "flaskdash", *args],
                cwd=self.project,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def wait(self, process: subprocess.Popen[bytes], seconds: float = 300) -> int:
        """Wait until flaskdash has ended, and return its exit code."""
        try:
            return process.wait(seconds)
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise

    def run(self, *args: str, **variables: str) -> CommandResult:
        """Run flaskdash to its end."""
        start = time.monotonic()
        code = self.wait(self.start(*args, **variables))
        return CommandResult(code, self.output(), time.monotonic() - start)

    def deploy(self, *args: str, **variables: str) -> CommandResult:
        """Deploy for the first time, which remembers the target."""
        return self.run(
            "deploy", self.machine.address, "--port", str(self.port), *args, **variables
        )

    def pass_slow_rules(self) -> None:
        """Note that the project has passed the preflight's slow rules, which other tests cover."""
        with suppress(FlaskdashError):
            project = Project.find(self.project)
            if any(rules.lock(project)):
                return  # ensure_environment would repair the lock
            environment.ensure_environment(project, lambda _: None)
            recent = Recent(project)
            for rule in rules.ALL:
                if rule.doing:
                    recent.note(rule, [])
            recent.save()

    def output(self) -> str:
        """Return the output of flaskdash so far."""
        return (self.project.parent / "output").read_text("utf-8", "replace")

    def answers(self) -> str:
        """Return the release that answers from outside, or ""."""
        status, body = fetch(f"{self.url}/up")
        return body.decode().removeprefix("up").strip() if status == 200 else ""

    def await_answer(self, seconds: float = 30) -> str:
        """Return the release that answers, as soon as one does, or "" after some seconds."""
        deadline = time.monotonic() + seconds
        while not (release := self.answers()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return release

    def change(self, text: str) -> None:
        """Change the project's code without an effect on its pages."""
        file = self.project / "app" / "charts" / "_note.py"
        file.write_text(f'"""{text}."""\n', "utf-8")

    def traces(self) -> Traces:
        """Return the present processes, files and units."""
        output = self.machine.run(f"{self._find_command()} || true", user="root")
        command = (
            "systemctl --user list-units --all --plain --no-legend --type=service,socket,timer"
        )
        units = (line.split()[:3:2] for line in self.machine.run(command).splitlines())
        local = [*self.temporary.iterdir(), *(self.project / "dist").glob(".building-*")]
        files = [*output.splitlines(), *(f"here: {path.name}" for path in local)]
        return Traces(
            Counter(map(_normalize, [*self.machine.processes(), *self._connections()])),
            Counter(map(_normalize, files)),
            Counter(_normalize(" ".join(line)) for line in units),
        )

    def leaks(self, before: Traces, seconds: float = 30) -> list[str]:
        """Return the traces added since `before` that do not disappear within some seconds."""
        deadline = time.monotonic() + seconds
        while (added := self.traces().difference(before)) and time.monotonic() < deadline:
            time.sleep(0.5)
        return added

    def _find_command(self) -> str:
        """Return the command that lists the server's files, except those that vary."""
        patterns = ["systemd/*", "systemd-private-*", "app/*", "environments/*/*", "instance/*"]
        patterns.append("*faketime*")  # a machine whose clock is shifted has these files
        excluded = " ".join(f"-not -path '*/{pattern}'" for pattern in patterns)
        return f"find /home/dash /tmp /run/user/1000 /dev/shm -maxdepth 5 {excluded}"

    def _connections(self) -> list[str]:
        """Return the processes on this computer that belong to a connection to the server."""
        config = str(self.machine.folder / "config")
        processes = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                words = path.read_text("utf-8", "replace").split("\0")
                if config in words:
                    processes.append(f"here: {' '.join(words)[:60]}")
        return processes


def _normalize(text: str) -> str:
    """Replace the parts of a line that differ between releases."""
    text = re.sub(r"\b[0-9a-f]{12,64}\b", "HASH", RELEASE.sub("RELEASE", text))
    text = re.sub(r"(?<=/wheels/).+", "WHEEL", text)  # retained releases need their wheels
    return re.sub(r"(?<=/)[a-z0-9_]{8}(?=$|/)", "RANDOM", text) if "/tmp" in text else text
