"""A filter change in the browser on big data: a generated project and Dash with its cache.

    python bench/filtering.py [--rows N] [--rounds N] [--json FILE]

Both have the same dashboard on the same Parquet file, which this creates and removes. Gunicorn
serves both with 2 workers of 4 threads. Samples are taken in turns; medians are compared.
"""

import argparse
import json
import os
import shutil
import sys
import time
import urllib.request
from collections import defaultdict
from pathlib import Path

import browser
import candidates
import duckdb
import peers
import sales
import scale
import server
from candidates import Candidate
from measure import Ratio, turned
from playwright.sync_api import Browser

WORK = Path(__file__).with_name(".work") / "filtering"
ROWS = 10_000_000
TARGET = 0.35
WARM_SECONDS = 300  # that a server may take to read the data
MEASURES = (peers.FILTER_FIRST, peers.FILTER_AGAIN)


def main() -> None:
    """Measure, print each ratio beside its target, and write them as JSON with --json."""
    parser = argparse.ArgumentParser(description="A filter change on big data, beside Dash's.")
    parser.add_argument("--rows", type=int, default=ROWS, help="[default: 10000000]")
    parser.add_argument("--rounds", type=int, default=3, help="starts of each [default: 3]")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    options = parser.parse_args()
    start_time = time.monotonic()
    forget()
    WORK.mkdir(parents=True)
    try:
        data = WORK / "sales.parquet"
        write(data, options.rows)
        print("Making the project, and the environments...", file=sys.stderr)
        ready = [
            candidates.flaskdash(WORK, candidates.new_project(WORK, data)),
            candidates.dash(WORK, data, WORK.parent),
        ]
        samples = measure(ready, options.rounds)
    finally:
        forget()
    ratios = [
        Ratio(
            f"{options.rows:,}: {measure_name}",
            "flaskdash",
            samples["flaskdash"][measure_name],
            "Dash, ms",
            samples["Dash"][measure_name],
            TARGET,
        )
        for measure_name in MEASURES
    ]
    print("\n".join(map(str, ratios)))
    dash = candidates.version(ready[1].python, "dash")
    load = " ".join(f"{average:.1f}" for average in os.getloadavg())
    print(f"Dash {dash}; load {load}; took {time.monotonic() - start_time:.0f} s.")
    if options.json:
        figures = [ratio.as_dict() for ratio in ratios]
        options.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


def forget() -> None:
    """Remove the files of this bench, except the environment of Dash."""
    shutil.rmtree(WORK, ignore_errors=True)


def write(path: Path, rows: int) -> None:
    """Write the sales as Parquet, with different levels by region, so that each choice is visible.

    Money is DOUBLE, because pandas turns DECIMAL into slow objects.
    """
    levels = " ".join(f"WHEN '{region}' THEN {level}" for region, level in sales.REGIONS.items())
    price = f"CAST(price AS DOUBLE) * CASE region {levels} END"
    money = f"{price} AS price, quantity * {price} AS revenue"
    with duckdb.connect(config={"memory_limit": "2GB"}) as connection:
        connection.execute("SET preserve_insertion_order = false")
        select = f"SELECT * REPLACE ({money}) FROM ({scale.SALES.format(rows=rows)})"
        connection.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")


def measure(ready: list[Candidate], rounds: int) -> peers.Samples:
    """Return the samples of each candidate, by measure."""
    samples: peers.Samples = {candidate.name: defaultdict(list) for candidate in ready}
    with browser.chromium() as chromium:
        for number in range(rounds):
            for candidate in turned(ready, number):
                print(f"round {number + 1} of {rounds}: {candidate.name}", file=sys.stderr)
                sample(candidate, chromium, samples[candidate.name])
    return samples


def sample(candidate: Candidate, chromium: Browser, samples: dict[str, list[float]]) -> None:
    """Start a candidate without cached answers, wait until it has read the data, then measure it."""
    shutil.rmtree(candidate.state / "cache", ignore_errors=True)  # the snapshot of flaskdash stays
    if candidate.name == "Dash":
        candidate.forget()
    with server.gunicorn(
        candidate.python, candidate.app, candidate.cwd, candidate.variables
    ) as running:
        give_up = time.monotonic() + WARM_SECONDS
        in_a_row = 0
        while in_a_row < 2 * server.WORKERS:  # so that every worker has answered
            in_a_row = in_a_row + 1 if answers(running.url) else 0
            if time.monotonic() > give_up:
                raise TimeoutError(f"{candidate.name} has not read the data in {WARM_SECONDS} s")
        peers.use(candidate, chromium, running, samples)


def answers(url: str) -> bool:
    """Return whether the page can be loaded."""
    try:
        with urllib.request.urlopen(url, timeout=WARM_SECONDS):
            return True
    except OSError:  # for example 503, while the first snapshot is built
        time.sleep(0.2)
        return False


if __name__ == "__main__":
    main()
