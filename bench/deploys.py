"""How long a deploy to a real server on the loopback takes, and how much it sends.

    python bench/deploys.py [--rounds N] [--json FILE]

It deploys the sample project of `flaskdash new`, and needs root on Debian.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from flaskdash.deploy.docker.engine import Engine  # noqa: E402
from flaskdash.ship import archive  # noqa: E402
from tests.support.engine import podman  # noqa: E402
from tests.support.machine import booted  # noqa: E402
from tests.support.shipping import CommandResult, ServerDeploy  # noqa: E402
from tests.support.web import free_port  # noqa: E402


@dataclass(frozen=True)
class Figure:
    """A measurement, with the most that it may be."""

    label: str
    unit: str
    samples: Sequence[float]
    target: float

    def __str__(self) -> str:
        value = median(self.samples)
        mark = "ok  " if value <= self.target else "MISS"
        values = ", ".join(f"{sample:.1f}" for sample in self.samples)
        return f"{self.label:<44} {value:6.2f} {self.unit:<3} target <= {self.target:g} {mark} ({values})"


def main() -> None:
    """Measure, print each figure beside its target, and write them as JSON with --json."""
    parser = argparse.ArgumentParser(description="What a deploy takes.")
    parser.add_argument("--rounds", type=int, default=5, help="samples of each [default: 5]")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="flaskdash-deploys-") as folder:
        figures = measure(Path(folder), options.rounds)
    for figure in figures:
        print(figure)
    if options.json:
        medians = [{"label": figure.label, "median": median(figure.samples)} for figure in figures]
        options.json.write_text(json.dumps(medians, indent=2) + "\n", "utf-8")


def measure(folder: Path, rounds: int) -> list[Figure]:
    new = [sys.executable, "-m", "flaskdash", "new", "shop", "--no-git"]
    subprocess.run(new, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    project = folder / "shop"
    bundle = [sys.executable, "-m", "flaskdash", "deploy", "bundle"]
    subprocess.run(bundle, cwd=project, check=True, stdout=subprocess.DEVNULL)
    size = size_without_wheels(next((project / "dist").glob("*.tar.gz")), folder)
    first, again, check = [], [], []
    for number in range(rounds):
        with booted() as machine:
            shop = ServerDeploy(project, machine, free_port())
            first.append(succeed(shop.deploy("--yes", "--name", f"server{number}")))
            shop.change(f"change {number}")
            again.append(succeed(shop.run("deploy", f"server{number}")))
            shop.change(f"one more {number}")  # rules that passed are not run again
            check.append(succeed(shop.run("deploy", f"server{number}", "--check")))
    return [
        Figure("first deploy, with the wheels cached", "s", first, 40),
        Figure("redeploy of a code change", "s", again, 8),
        Figure("  of that, the preflight with the tests", "s", check, 8),
        Figure("bundle without the wheels", "MB", [size / 1e6], 2),
        Figure("image of changed code, the rest cached", "s", builds(project, rounds), 15),
    ]


def builds(project: Path, rounds: int) -> list[float]:
    """Return the seconds of each build of an image whose code has changed since the last build."""
    durations = []
    with podman() as engine:
        for number in range(rounds + 1):
            (project / "app/charts/_note.py").write_text(f"# {number}\n", "utf-8")
            argv = Engine("podman").build(project, f"shop:{number}")
            start = time.monotonic()
            subprocess.run(argv, env=os.environ | engine.variables, check=True, capture_output=True)
            durations.append(time.monotonic() - start)
    return durations[1:]


def succeed(result: CommandResult) -> float:
    """Return the seconds of a command; raise RuntimeError if it failed."""
    if result.code:
        raise RuntimeError(result.output)
    return result.seconds


def size_without_wheels(bundle: Path, folder: Path) -> int:
    """Return the size in bytes of a bundle without its wheels, compressed again."""
    with tarfile.open(bundle) as tar:
        tar.extractall(folder / "unpacked", filter="data")
    for wheels in (folder / "unpacked").glob("*/wheels"):
        shutil.rmtree(wheels)
    files = (path for path in (folder / "unpacked").rglob("*") if path.is_file())
    packed = folder / "packed.tar.gz"
    archive.write(packed, (archive.Entry(str(path.relative_to(folder)), path) for path in files))
    return packed.stat().st_size


if __name__ == "__main__":
    main()
