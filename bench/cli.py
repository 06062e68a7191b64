"""How long commands take, compared with the least that they could take.

    python bench/cli.py

Each command is a new process; samples are taken in turns, and the medians are compared.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from measure import Ratio, Take, in_turns, spread

ROOT = Path(__file__).parents[1]
FLASKDASH = Path(sys.executable).with_name("flaskdash")
SAMPLE = ROOT / "templates" / "sample" / "flights.csv"

# Cookiecutter alone renders the skeleton: the same files, without charts chosen from data.
COOKIECUTTER = """
import sys
from cookiecutter.main import cookiecutter
template, folder, config = sys.argv[1:]
context = {"folder": "shop", "name": "shop", "title": "Shop", "title_literal": '"Shop"',
         "python": "3.11"}
cookiecutter(template, no_input=True, extra_context=context, output_dir=folder, config_file=config)
"""

# The inspection that `new` does, timed in a process that has imported nothing else.
INSPECT = """
import sys, time
start = time.perf_counter()
from flaskdash.generate.sources import read_source
import pandas
found = read_source(sys.argv[1], None)
print(1000 * (time.perf_counter() - start))
"""


def main() -> None:
    """Measure, print each ratio beside its target, and write them as JSON with --json."""
    parser = argparse.ArgumentParser(description="The command line, against the least possible.")
    parser.add_argument("--rounds", type=int, default=9, help="samples of each [default: 9]")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="flaskdash-bench-") as folder:
        ratios, inspecting = measure(Path(folder), options.rounds)
    for ratio in ratios:
        print(ratio)
    print(f"{'inspecting the sample':<34} {spread(inspecting)} ms, the import of pandas included")
    if options.json:
        figures = [ratio.as_dict() for ratio in ratios]
        options.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


def measure(folder: Path, rounds: int) -> tuple[list[Ratio], list[float]]:
    """Return the ratios, and the milliseconds that inspecting the sample takes."""
    config = private_config(folder)
    template = ROOT / "templates" / "project"
    skeleton = [sys.executable, "-c", COOKIECUTTER, str(template)]
    new = [str(FLASKDASH), "new", "--no-install", "--no-git", "shop"]
    short: dict[str, Take] = {
        "import": lambda: run([sys.executable, "-c", "import click"]),
        "help": lambda: run([str(FLASKDASH), "--help"]),
    }
    projects: dict[str, Take] = {
        "cookiecutter": lambda: run([*skeleton, str(empty(folder)), str(config)]),
        "inspect": inspect_ms,
        "new": lambda: run(new, cwd=empty(folder)),
    }
    for take in (*short.values(), *projects.values()):
        take()  # compiles bytecode, and brings files into memory
    times = in_turns(3 * rounds, short) | in_turns(rounds, projects)
    inspection = median(times["inspect"])
    without_inspection = [duration - inspection for duration in times["new"]]
    return [
        Ratio("flaskdash --help", "help", times["help"], "import click", times["import"], 1.6),
        Ratio(
            "flaskdash new, without inspection",
            "new",
            without_inspection,
            "cookiecutter",
            times["cookiecutter"],
            1.5,
        ),
    ], times["inspect"]


def private_config(folder: Path) -> Path:
    """Write a config for cookiecutter that stores its replays in FOLDER instead of the home."""
    config = folder / "cookiecutter.yaml"
    settings = {
        "replay_dir": str(folder / "replay"),
        "cookiecutters_dir": str(folder / "cookiecutters"),
    }
    config.write_text(json.dumps(settings), "utf-8")  # JSON is YAML
    return config


def empty(folder: Path) -> Path:
    """Return a new folder to write in."""
    return Path(tempfile.mkdtemp(dir=folder))


def run(command: Sequence[str], cwd: Path | None = None) -> float:
    """Run a command; return the milliseconds that it took."""
    start = time.perf_counter()
    subprocess.run(command, cwd=cwd, check=True, capture_output=True, env=environment())
    return 1000 * (time.perf_counter() - start)


def inspect_ms() -> float:
    """Return the milliseconds that inspecting the sample takes in a fresh process."""
    command = [sys.executable, "-c", INSPECT, str(SAMPLE)]
    process = subprocess.run(command, check=True, capture_output=True, text=True, env=environment())
    return float(process.stdout)


def environment() -> dict[str, str]:
    """Return this environment without the variables that change how Python starts."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


if __name__ == "__main__":
    main()
