"""What Lighthouse says of the same dashboard in flaskdash, Dash and Streamlit, and of the sample.

    python bench/lighthouse.py

Lighthouse comes from npm, into bench/.work; it drives the system's Chromium, with its own simulation
of a phone and of a desktop. Runs are taken in turns; of each score, the median counts.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import candidates
import load
import sales
from candidates import Candidate
from measure import table, turned

WORK = Path(__file__).with_name(".work").resolve()
VERSION = "12.8.2"
CATEGORIES = ("accessibility", "best-practices", "seo", "performance")
TIMES = {
    "first-contentful-paint": "first paint, ms",
    "largest-contentful-paint": "largest paint, ms",
    "total-blocking-time": "blocked, ms",
    "cumulative-layout-shift": "layout shift",
}
LEAST = {"desktop": (100, 100, 100, 98), "mobile": (100, 100, 100, 95)}
SAMPLE = "flaskdash, its sample"
WARMING = 40  # requests, so that each worker has answered some
MOST_TRIES = 3  # a busy machine makes it lose the browser now and then
Report = dict[str, float]


def main() -> None:
    """Measure, print the table, and exit with 1 where the sample misses a target."""
    parser = argparse.ArgumentParser(description="Lighthouse on the same dashboard in each.")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each [default: 3]")
    parser.add_argument("--only", action="append", metavar="NAME", help="just these candidates")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="write Lighthouse's reports here")
    options = parser.parse_args()
    WORK.mkdir(exist_ok=True)
    ready = [one for one in prepared() if not options.only or one.name in options.only]
    taken: dict[tuple[str, str], list[Report]] = defaultdict(list)
    with ExitStack() as stack:
        ports = {}
        for one in ready:
            one.forget()
            ports[one.name] = stack.enter_context(one.serve()).port
            load.ask(ports[one.name], "/", WARMING)
        for number in range(options.rounds):
            for name in turned(list(ports), number):
                for form in LEAST:
                    print(
                        f"round {number + 1} of {options.rounds}: {name}, {form}", file=sys.stderr
                    )
                    report = lighthouse(f"http://127.0.0.1:{ports[name]}/", form)
                    taken[name, form].append(scores(report))
                    if options.keep:
                        options.keep.mkdir(exist_ok=True)
                        path = options.keep / f"{name}-{form}-{number}.json"
                        path.write_text(json.dumps(report), "utf-8")
    head = ["", "", *CATEGORIES, *TIMES.values()]
    rows = [[name, form, *shown(reports)] for (name, form), reports in taken.items()]
    print(table(head, rows))
    missed = [form for form in LEAST if not met(taken.get((SAMPLE, form), []), form)]
    print(f"\nThe sample: {'as it should be' if not missed else f'misses on {missed}'}.")
    sys.exit(bool(missed))


def prepared() -> list[Candidate]:
    """Return the candidates, the sample first."""
    data = WORK / "sales.csv"
    if not data.exists():
        sales.write(data)
    folder = WORK / "lighthouse-sample"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    command = [candidates.VENV_BIN / "flaskdash", "new", "shop", "--no-git"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    state = WORK / "state" / "sample"
    sample = replace(
        candidates.flaskdash(WORK, folder / "shop"),
        name=SAMPLE,
        state=state,
        variables={"INSTANCE_PATH": str(state)},
    )
    return [
        sample,
        candidates.flaskdash(WORK, candidates.new_project(WORK, data)),
        candidates.dash(WORK, data),
        candidates.streamlit(WORK, data),
    ]


def lighthouse(url: str, form: str) -> Mapping[str, object]:
    """Return Lighthouse's report of a page."""
    home = WORK / "lighthouse"
    program = home / "node_modules" / "lighthouse" / "cli" / "index.js"
    if not program.exists():
        home.mkdir(exist_ok=True)
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run([*install, f"lighthouse@{VERSION}"], cwd=home, check=True)
    chrome = shutil.which("chromium") or shutil.which("google-chrome") or ""
    flags = "--headless=new --no-sandbox --disable-background-networking --disable-component-update"
    command = ["node", str(program), url, "--output=json", "--quiet", f"--chrome-flags={flags}"]
    command += [f"--only-categories={','.join(CATEGORIES)}", "--no-enable-error-reporting"]
    command += ["--preset=desktop"] if form == "desktop" else []
    variables = os.environ | {"CHROME_PATH": chrome}
    for _ in range(MOST_TRIES):
        done = subprocess.run(command, capture_output=True, text=True, env=variables)
        if not done.returncode:
            report: Mapping[str, object] = json.loads(done.stdout)
            return report
        print(f"once more, as Lighthouse gave up: {done.stderr.strip()[:200]}", file=sys.stderr)
    raise RuntimeError(f"Lighthouse gave up {MOST_TRIES} times on {url}:\n{done.stderr}")


def scores(report: Mapping[str, object]) -> Report:
    """Return the scores of a report, from 0 to 100, and its times."""
    categories, audits = report["categories"], report["audits"]
    assert isinstance(categories, dict)
    assert isinstance(audits, dict)
    found = {name: 100 * float(categories[name]["score"] or 0) for name in CATEGORIES}
    return found | {name: float(audits[name]["numericValue"]) for name in TIMES}


def shown(reports: list[Report]) -> list[str]:
    """Return the median of each score and of each time."""
    middle = {name: statistics.median(one[name] for one in reports) for name in reports[0]}
    worst = min(one["performance"] for one in reports)
    texts = [f"{middle[name]:.0f}" for name in CATEGORIES]
    texts[-1] += f" (least {worst:.0f})"
    times = [f"{middle[name]:.3f}" if "shift" in name else f"{middle[name]:,.0f}" for name in TIMES]
    return texts + times


def met(reports: list[Report], form: str) -> bool:
    """Tell whether the medians reach the targets; without a report there is nothing to miss."""
    return not reports or all(
        statistics.median(one[name] for one in reports) >= least - 1e-6
        for name, least in zip(CATEGORIES, LEAST[form], strict=True)
    )


if __name__ == "__main__":
    main()
