"""Lighthouse's scores of the same dashboard in flaskdash, Dash and Streamlit, and of the sample.

    python bench/lighthouse.py

npm installs Lighthouse into bench/.work. It drives the system's Chromium, and simulates a phone and
a desktop. Runs are taken in turns; the median of each score counts.
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
TARGETS = {"desktop": (100, 100, 100, 98), "mobile": (100, 100, 100, 95)}
SAMPLE = "flaskdash, its sample"
WARMING = 40  # requests, so that each worker has answered some
MOST_TRIES = 3  # on a busy machine, it sometimes loses the browser
Report = dict[str, float]


def main() -> None:
    """Measure, print the table, and exit with 1 if the sample misses a target."""
    parser = argparse.ArgumentParser(description="Lighthouse on the same dashboard in each.")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each [default: 3]")
    parser.add_argument("--only", action="append", metavar="NAME", help="just these candidates")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="write Lighthouse's reports here")
    options = parser.parse_args()
    WORK.mkdir(exist_ok=True)
    ready = [
        candidate for candidate in prepared() if not options.only or candidate.name in options.only
    ]
    reports_by_run: dict[tuple[str, str], list[Report]] = defaultdict(list)
    with ExitStack() as stack:
        ports = {}
        for candidate in ready:
            candidate.forget()
            ports[candidate.name] = stack.enter_context(candidate.serve()).port
            load.ask(ports[candidate.name], "/", WARMING)
        for number in range(options.rounds):
            for name in turned(list(ports), number):
                for form in TARGETS:
                    print(
                        f"round {number + 1} of {options.rounds}: {name}, {form}", file=sys.stderr
                    )
                    report = lighthouse(f"http://127.0.0.1:{ports[name]}/", form)
                    reports_by_run[name, form].append(scores(report))
                    if options.keep:
                        options.keep.mkdir(exist_ok=True)
                        path = options.keep / f"{name}-{form}-{number}.json"
                        path.write_text(json.dumps(report), "utf-8")
    head = ["", "", *CATEGORIES, *TIMES.values()]
    rows = [[name, form, *medians(reports)] for (name, form), reports in reports_by_run.items()]
    print(table(head, rows))
    missed = [form for form in TARGETS if not met(reports_by_run.get((SAMPLE, form), []), form)]
    print(f"\nThe sample: {f'misses its target on {missed}' if missed else 'meets its targets'}.")
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
    """Run Lighthouse on a page, and return its report."""
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
        process = subprocess.run(command, capture_output=True, text=True, env=variables)
        if not process.returncode:
            report: Mapping[str, object] = json.loads(process.stdout)
            return report
        print(f"Lighthouse failed and runs again: {process.stderr.strip()[:200]}", file=sys.stderr)
    raise RuntimeError(f"Lighthouse failed {MOST_TRIES} times on {url}:\n{process.stderr}")


def scores(report: Mapping[str, object]) -> Report:
    """Return the scores of a report, from 0 to 100, and its times."""
    categories, audits = report["categories"], report["audits"]
    assert isinstance(categories, dict)
    assert isinstance(audits, dict)
    percentages = {name: 100 * float(categories[name]["score"] or 0) for name in CATEGORIES}
    return percentages | {name: float(audits[name]["numericValue"]) for name in TIMES}


def medians(reports: list[Report]) -> list[str]:
    """Return the median of each score and of each time."""
    middle = {name: statistics.median(report[name] for report in reports) for name in reports[0]}
    worst = min(report["performance"] for report in reports)
    texts = [f"{middle[name]:.0f}" for name in CATEGORIES]
    texts[-1] += f" (least {worst:.0f})"
    times = [f"{middle[name]:.3f}" if "shift" in name else f"{middle[name]:,.0f}" for name in TIMES]
    return texts + times


def met(reports: list[Report], form: str) -> bool:
    """Return whether the medians reach the targets; they do if there are no reports."""
    return not reports or all(
        statistics.median(report[name] for report in reports) >= target - 1e-6
        for name, target in zip(CATEGORIES, TARGETS[form], strict=True)
    )


if __name__ == "__main__":
    main()
