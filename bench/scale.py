"""Times and memory of a generated project as its data grows, compared with bare DuckDB.

    python bench/scale.py [--rows N]

Samples are taken in turns, and the medians are compared. `flaskdash new` creates
the projects. They run in flaskdash's own environment, so both sides have the same DuckDB.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import duckdb
import load
import server
from measure import Ratio, in_turns, spread

WORK = Path(__file__).with_name(".work") / "scale"
FLASKDASH = Path(sys.executable).with_name("flaskdash")
SIZES = (100_000, 1_000_000, 10_000_000)
MOST_TEXT = 10_000_000  # rows; larger sizes are measured from Parquet only
MOST_MEMORY = 1500.0  # MB
REGION = "North"

SALES = """
SELECT i AS order_id, DATE '2023-01-01' + CAST(hash(i * 8 + 1) % 1095 AS INTEGER) AS order_date,
    ['North', 'South', 'East', 'West', 'Centre', 'Islands'][CAST(hash(i * 8 + 2) % 6 AS INT) + 1]
        AS region,
    ['Lamp', 'Desk', 'Chair', 'Shelf', 'Sofa', 'Rug', 'Mirror', 'Clock', 'Bench', 'Stool'][
        CAST(hash(i * 8 + 3) % 10 AS INT) + 1] AS product,
    ['shop', 'web', 'phone'][CAST(hash(i * 8 + 4) % 3 AS INT) + 1] AS channel,
    'C' || CAST(10000 + hash(i * 8 + 5) % 50000 AS VARCHAR) AS customer,
    1 + CAST(hash(i * 8 + 6) % 9 AS INTEGER) AS quantity,
    CAST(20 + (hash(i * 8 + 7) % 60000) / 100 AS DECIMAL(9, 2)) AS price,
    CAST(quantity * price AS DECIMAL(11, 2)) AS revenue
FROM range({rows}) AS numbers(i)
"""

# This runs in a project: each chart's query under a filter, in the project and in bare DuckDB.
QUERIES = """
import json, sys, time
import duckdb
from app import create_app
from app.engine.models import Filter

engine = create_app().extensions["engine"]
data, charts = engine.data["sales"], engine.charts
path = str(data.folder / data.state().file)
bare = duckdb.connect()
selection = f"SELECT * FROM read_parquet('{path}') WHERE region IN (?)"
durations = {"project": {}, "bare": {}}
bare.execute("SET enable_progress_bar = false")

def project(sql):
    return data.query(sql, [Filter("region", (sys.argv[1],))])

def by_itself(sql):
    return bare.execute(f"WITH sales AS ({selection}) {sql}", [sys.argv[1]]).df()

for number in range(int(sys.argv[2]) + 1):
    for slug, chart in charts.items():
        for name, run in (("project", project), ("bare", by_itself))[:: 1 if number % 2 else -1]:
            start = time.perf_counter()
            rows = run(chart.sql)
            duration = 1000 * (time.perf_counter() - start)
            if number:  # the first is not counted
                durations[name].setdefault(slug, []).append(duration)
print(json.dumps(durations))
"""
BUILD = """
from app import create_app
state = create_app().extensions["engine"].data["sales"].build(force=True)
assert not state.error, state
"""
COPY = """
import sys, duckdb
duckdb.sql(f"COPY (FROM read_csv('{sys.argv[1]}')) TO '{sys.argv[2]}' "
           "(FORMAT parquet, COMPRESSION lz4_raw)")
"""


@dataclass(frozen=True)
class ProcessResult:
    """The output of a process that ended, its seconds, its CPU seconds and its peak memory in MB."""

    output: str
    seconds: float
    cpu: float
    memory: float


def main() -> None:
    """Measure, print each ratio beside its target, and write them as JSON with --json."""
    parser = argparse.ArgumentParser(description="A generated project as its data grows.")
    parser.add_argument("--rows", type=int, default=SIZES[-1], help="at most [default: 10000000]")
    parser.add_argument("--rounds", type=int, default=5, help="samples of each [default: 5]")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    options = parser.parse_args()
    start = time.monotonic()
    sizes = sorted({*(size for size in SIZES if size < options.rows), options.rows})
    WORK.mkdir(parents=True, exist_ok=True)
    ratios, lines = at_each_size(sizes, options.rounds)
    text_ratios, text_lines = from_text(min(options.rows, MOST_TEXT), min(options.rounds, 3))
    for ratio in (*ratios, *text_ratios):
        print(ratio)
    print("\n".join((*lines, *text_lines, f"Took {time.monotonic() - start:.0f} s.")))
    if options.json:
        figures = [ratio.as_dict() for ratio in (*ratios, *text_ratios)]
        options.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


def at_each_size(sizes: Sequence[int], rounds: int) -> tuple[list[Ratio], list[str]]:
    """Return the ratios of the queries and of cached answers at each size, and lines of details."""
    ratios, lines = [], []
    rates: dict[int, list[float]] = {}
    for rows in sizes:
        print(f"{rows:,} rows", file=sys.stderr)
        project, creation = new(rows, "parquet")
        built = run([sys.executable, "-c", BUILD], project)
        lines.append(
            f"{f'{rows:,} rows of Parquet':<34} new {creation.seconds:.1f} s, {creation.memory:,.0f} MB; "
            f"snapshot {built.seconds:.1f} s, {built.memory:,.0f} MB"
        )
        process = run([sys.executable, "-c", QUERIES, REGION, str(rounds)], project)
        durations: dict[str, dict[str, list[float]]] = json.loads(process.output.splitlines()[-1])
        project_totals, bare_totals = (
            [sum(samples) for samples in zip(*durations[name].values(), strict=True)]
            for name in ("project", "bare")
        )
        label = f"{rows:,}: all {len(durations['bare'])} queries"
        ratios.append(Ratio(label, "project", project_totals, "bare DuckDB, ms", bare_totals, 1.25))
        for slug, samples in durations["bare"].items():
            pair = f"{median(durations['project'][slug]):,.1f} against {median(samples):,.1f} ms"
            lines.append(f"{f'{rows:,}: {slug}':<50} {pair}")
        with server.gunicorn(Path(sys.executable), "app:create_app()", project, {}) as running:
            paths = [f"/charts/{slug}/data.json" for slug in durations["bare"]]
            load.ask(running.port, paths[0], 20)
            rates[rows] = [
                load.requests_per_second(running.port, paths[0], seconds=2) for _ in range(rounds)
            ]
    for rows in sizes[1:]:
        label = f"{rows:,}: cached answers a second"
        ratios.append(
            Ratio(
                label,
                "project",
                rates[rows],
                "the smallest",
                rates[sizes[0]],
                0.85,
                at_least=True,
            )
        )
    return ratios, lines


def from_text(rows: int, rounds: int) -> tuple[list[Ratio], list[str]]:
    """Return the ratios of a build from CSV to DuckDB's COPY, with memory, and lines of details."""
    print(f"{rows:,} rows of CSV", file=sys.stderr)
    project, creation = new(rows, "csv")
    source, copy = project / "data" / "sales.csv", WORK / "copy.parquet"
    memory: list[float] = []
    cpu: dict[str, list[float]] = {"build": [], "bare": []}

    def build() -> float:
        process = run([sys.executable, "-c", BUILD], project)
        memory.append(process.memory)
        cpu["build"].append(1000 * process.cpu)
        return process.seconds

    def bare() -> float:
        process = run([sys.executable, "-c", COPY, str(source), str(copy)], WORK)
        cpu["bare"].append(1000 * process.cpu)
        return process.seconds

    samples_by_name = in_turns(rounds, {"build": build, "bare": bare})
    seconds = {
        name: [1000 * sample for sample in samples] for name, samples in samples_by_name.items()
    }
    size = source.stat().st_size / 1e6
    return [
        Ratio(f"{rows:,}: CSV to snapshot", "project", seconds["build"], "COPY, ms", seconds["bare"], 1.5),
        Ratio(f"{rows:,}: the same, in CPU time", "project", cpu["build"], "COPY, ms", cpu["bare"], 1.5),
        Ratio(f"{rows:,}: peak MB of a build", "project", memory, "MB", [MOST_MEMORY], 1.0),
        Ratio(f"{rows:,}: peak MB of new", "project", [creation.memory], "MB", [MOST_MEMORY], 1.0),
    ], [f"{f'{rows:,} rows of CSV':<34} {size:,.0f} MB; new {creation.seconds:.1f} s; memory of a build {spread(memory)} MB"]  # fmt: skip


def new(rows: int, ending: str) -> tuple[Path, ProcessResult]:
    """Create a project with ROWS sales through the command line."""
    folder = WORK / f"{rows}-{ending}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    data = folder / f"sales.{ending}"
    kind = "csv, HEADER" if ending == "csv" else "parquet, COMPRESSION zstd"
    with duckdb.connect(config={"memory_limit": "2GB"}) as connection:
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(f"COPY ({SALES.format(rows=rows)}) TO '{data}' (FORMAT {kind})")
    command = [str(FLASKDASH), "new", "shop", "--data", str(data), "--no-git", "--no-install"]
    process = run(command, folder)
    data.unlink()  # the project has a copy
    return folder / "shop", process


def run(command: Sequence[str], cwd: Path) -> ProcessResult:
    """Run a process, and measure its time and memory."""
    start = time.monotonic()
    environment = server.clean() | {"PYTHONDONTWRITEBYTECODE": "1"}
    output = cwd / ".output"
    with output.open("w+", encoding="utf-8") as file:
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=file)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - start
        file.seek(0)
        output_text = file.read()
    output.unlink()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}:\n{output_text}")
    cpu = usage.ru_utime + usage.ru_stime
    return ProcessResult(
        output_text, seconds, cpu, usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)
    )


if __name__ == "__main__":
    main()
