"""What visitors notice while a release replaces another: failed requests, and the slowest one.

    python bench/swaps.py [--rounds N] [--only docker|ssh] [--verbose]

Four visitors request pages of the sample project all the time: for some seconds without a deploy, while a
changed release is deployed, and while it is rolled back. It needs root on Debian.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from measure import table

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.engine import podman  # noqa: E402
from tests.support.machine import booted  # noqa: E402
from tests.support.visitors import Visitors  # noqa: E402
from tests.support.web import free_port  # noqa: E402

PATHS = ("/up", "/", "/static/style.css")
QUIET_SECONDS = 10.0
MOST_MILLISECONDS = 300
# The line that `deploy` prints when all that is left is to replace the live release.
READY = {"docker": "build ", "ssh": "start "}


@dataclass(frozen=True)
class Phase:
    """A period of time, and the requests that were sent in it."""

    label: str
    durations: list[tuple[float, float, str]]
    failures: list[str]

    @property
    def slowest(self) -> float:
        """Return the milliseconds of the slowest request."""
        return max(seconds for _, seconds, _ in self.durations) * 1000

    @property
    def median(self) -> float:
        """Return the median in milliseconds."""
        durations = sorted(seconds for _, seconds, _ in self.durations)
        return durations[len(durations) // 2] * 1000


@dataclass(frozen=True)
class Live:
    """A project that was deployed once."""

    project: Path
    kind: str
    url: str
    variables: Mapping[str, str]

    def run(self, *arguments: str) -> float:
        """Run flaskdash; return when it began to replace the live release."""
        begun = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "flaskdash", *arguments],
            cwd=self.project,
            env=os.environ | self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith(READY[self.kind]):
                begun = time.monotonic()
        if process.wait():
            raise RuntimeError("".join(lines))
        return begun


def phases(live: Live, number: int) -> Iterator[Phase]:
    """Yield the requests without a deploy, before the swap, during it, and during a rollback."""
    with Visitors(live.url, PATHS) as visitors:
        time.sleep(QUIET_SECONDS)
    yield Phase("no deploy", visitors.durations, visitors.failures)
    note = live.project / "app/charts/_note.py"
    note.write_text(f'"""Change {number}."""\n', "utf-8")
    with Visitors(live.url, PATHS) as visitors:
        begun = live.run("deploy")
    before = [each for each in visitors.durations if each[0] + each[1] < begun]
    swap = [each for each in visitors.durations if each[0] + each[1] >= begun]
    yield Phase("deploy: checks and build", before, [])
    yield Phase("deploy: swap", swap, visitors.failures)
    with Visitors(live.url, PATHS) as visitors:
        live.run("rollback")
    yield Phase("rollback", visitors.durations, visitors.failures)


@contextmanager
def deployed(project: Path, kind: str) -> Iterator[Live]:
    """Deploy to docker or to a server on the loopback for the first time; remove it at the end."""
    port = free_port()
    if kind == "docker":
        with podman() as engine:
            live = Live(project, kind, f"http://127.0.0.1:{port}", engine.variables)
            live.run("deploy", "docker", "--name", kind, "--port", str(port), "--yes")
            yield live
        return
    with booted() as machine:
        live = Live(project, kind, f"http://{machine.host}:{port}", machine.environment)
        live.run("deploy", machine.address, "--name", kind, "--port", str(port), "--yes")
        yield live


def main() -> int:
    """Measure and print; return the number of bars that were missed."""
    parser = argparse.ArgumentParser(description="What visitors notice of a deploy.")
    parser.add_argument("--rounds", type=int, default=3, help="deploys to each [default: 3]")
    parser.add_argument("--only", choices=READY, help="one target")
    parser.add_argument("--verbose", action="store_true", help="print the slowest requests")
    options = parser.parse_args()
    rows, missed = [], 0
    for kind in [options.only] if options.only else READY:
        with tempfile.TemporaryDirectory(prefix="flaskdash-swaps-") as folder:
            new = [sys.executable, "-m", "flaskdash", "new", "shop", "--no-git"]
            subprocess.run(new, cwd=folder, check=True, stdout=subprocess.DEVNULL)
            with deployed(Path(folder, "shop"), kind) as live:
                rounds = [[*phases(live, number)] for number in range(options.rounds)]
        for measured in rounds:
            yardstick = measured[0].slowest
            for phase in measured:
                is_swap = phase.label in {"deploy: swap", "rollback"}
                is_met = not phase.failures and phase.slowest <= MOST_MILLISECONDS
                missed += is_swap and not is_met
                rows.append(row(kind, phase, yardstick, ("MISS", "ok")[is_met] if is_swap else ""))
                if options.verbose:
                    print_slowest(kind, phase)
    head = ("target", "requests sent", "number", "failed", "median", "slowest", "ratio", "")
    print(table(head, rows))
    print(f"\nratio: to the slowest of the same round without a deploy; bar {MOST_MILLISECONDS} ms")
    return missed


def row(kind: str, phase: Phase, yardstick: float, mark: str) -> list[str]:
    """Return a row of the table."""
    return [
        kind,
        phase.label,
        str(len(phase.durations)),
        str(len(phase.failures)),
        f"{phase.median:.0f} ms",
        f"{phase.slowest:.0f} ms",
        f"{phase.slowest / yardstick:.1f} x",
        mark,
    ]


def print_slowest(kind: str, phase: Phase) -> None:
    """Print the slowest requests of a phase, with the second at which each was sent."""
    print(f"{kind}, {phase.label}: {phase.failures[:3]}")
    start = min(sent for sent, _, _ in phase.durations)
    for sent, seconds, path in sorted(phase.durations, key=lambda each: -each[1])[:6]:
        print(f"    {sent - start:6.2f} s  {seconds * 1000:5.0f} ms  {path}")


if __name__ == "__main__":
    sys.exit(main())
