"""A project on a test machine: deploy it, see which release answers, and what is left behind."""

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
from tests.support.machine import Machine
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
class Done:
    """What a run of flaskdash came to."""

    code: int
    output: str
    seconds: float


@dataclass(frozen=True)
class Left:
    """What is on the server and here, with the names of releases made alike: how many of each."""

    processes: Counter[str]
    files: Counter[str]
    units: Counter[str]

    def more_than(self, other: Left) -> list[str]:
        """Return what is here that was not there; more releases or environments are none."""
        grown = [
            *(f"process {one}" for one in self.processes - other.processes),
            *(f"file {one}" for one in sorted(set(self.files) - set(other.files))),
            *(f"unit {one}" for one in sorted(set(self.units) - set(other.units))),
        ]
        return [*grown, *(f"process gone: {one}" for one in other.processes - self.processes)]


class Shop:
    """A project and the machine that it goes to."""

    def __init__(self, project: Path, machine: Machine, port: int) -> None:
        self.project, self.machine, self.port = project, machine, port
        self.url = f"http://{machine.host}:{port}"
        self.temporary = machine.folder / "t"  # where flaskdash makes its temporary files
        self.temporary.mkdir(exist_ok=True)

    def start(self, *args: str, **variables: str) -> subprocess.Popen[bytes]:
        """Start flaskdash in the project; what it prints goes to a file."""
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
        """Wait until flaskdash has ended; return its exit code."""
        try:
            return process.wait(seconds)
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise

    def run(self, *args: str, **variables: str) -> Done:
        """Run flaskdash to its end."""
        began = time.monotonic()
        code = self.wait(self.start(*args, **variables))
        return Done(code, self.output(), time.monotonic() - began)

    def deploy(self, *args: str, **variables: str) -> Done:
        """Deploy as a person does the first time; the target is remembered then."""
        return self.run(
            "deploy", self.machine.address, "--port", str(self.port), *args, **variables
        )

    def pass_slow_rules(self) -> None:
        """Let the project as it is have passed the preflight's slow rules: others try those."""
        with suppress(FlaskdashError):
            project = Project.find(self.project)
            if any(rules.lock(project)):
                return  # making the environment would mend it
            environment.ensure_environment(project, lambda _: None)
            recent = Recent(project)
            for rule in rules.ALL:
                if rule.doing:
                    recent.note(rule.id, [])
            recent.save()

    def output(self) -> str:
        """Return what flaskdash has printed."""
        return (self.project.parent / "output").read_text("utf-8", "replace")

    def answers(self) -> str:
        """Return the release that answers from outside, or nothing."""
        status, body = fetch(f"{self.url}/up")
        return body.decode().removeprefix("up").strip() if status == 200 else ""

    def await_answer(self, seconds: float = 30) -> str:
        """Return the release that answers, as soon as one does; else nothing."""
        deadline = time.monotonic() + seconds
        while not (found := self.answers()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return found

    def change(self, text: str) -> None:
        """Change the project's code a little, without effect."""
        file = self.project / "app" / "charts" / "_note.py"
        file.write_text(f'"""{text}."""\n', "utf-8")

    def left(self) -> Left:
        """Return what is there now."""
        spared = ("systemd/*", "systemd-private-*", "app/*", "environments/*/*", "instance/*")
        spared += ("*faketime*",)  # the machine's own, of a clock that is wrong
        but = " ".join(f"-not -path '*/{one}'" for one in spared)
        find = f"find /home/dash /tmp /run/user/1000 /dev/shm -maxdepth 5 {but}"
        listed = "systemctl --user list-units --all --plain --no-legend --type=service,socket,timer"
        units = (line.split()[:3:2] for line in self.machine.run(listed).splitlines())
        here = [f"here: {path.name}" for path in self.temporary.iterdir()]
        here += [f"here: {path.name}" for path in (self.project / "dist").glob(".building-*")]
        found = self.machine.run(f"{find} || true", user="root").splitlines()
        return Left(
            Counter(map(_plain, [*self.machine.processes(), *self._connections()])),
            Counter(map(_plain, [*found, *here])),
            Counter(_plain(" ".join(line)) for line in units),
        )

    def leaks(self, before: Left, seconds: float = 30) -> list[str]:
        """Return what has come to stay since `before`: what ends by itself has so many seconds."""
        deadline = time.monotonic() + seconds
        while (more := self.left().more_than(before)) and time.monotonic() < deadline:
            time.sleep(0.5)
        return more

    def _connections(self) -> list[str]:
        """Return the processes here that belong to a connection to this machine."""
        config = str(self.machine.folder / "config")
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                words = path.read_text("utf-8", "replace").split("\0")
                if config in words:
                    found.append(f"here: {' '.join(words)[:60]}")
        return found


def _plain(text: str) -> str:
    """Return a line with what differs from release to release made alike."""
    text = re.sub(r"\b[0-9a-f]{12,64}\b", "HASH", RELEASE.sub("RELEASE", text))
    text = re.sub(r"(?<=/wheels/).+", "WHEEL", text)  # those of the releases that are kept
    return re.sub(r"(?<=/)[a-z0-9_]{8}(?=$|/)", "RANDOM", text) if "/tmp" in text else text
