"""How long until a dashboard of many charts can be used, compared with one of four charts.

    python bench/many.py [--charts N] [--rounds N] [--json FILE]

`flaskdash` creates both projects from the same sales. Gunicorn serves them, with cached answers. A
page can be used once the charts in the window are drawn and the browser is idle.
"""

import argparse
import json
import os
import shutil
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import browser
import candidates
import load
import peers
import sales
import server
from candidates import Candidate
from measure import Ratio, turned
from playwright.sync_api import Browser

WORK = Path(__file__).with_name(".work") / "many"
TARGET = 2.0
FEW, MANY = 4, 30
WATCH = """
(() => {
  window.bench = { usable: 0 };
  const isVisible = (chart) => chart.getBoundingClientRect().top < innerHeight;
  const isDrawn = (chart) => chart.querySelector(".trace path");
  function look() {
    const figures = [...document.querySelectorAll(".card.figure .chart")].filter(isVisible);
    if (!figures.length || !figures.every(isDrawn)) return requestAnimationFrame(look);
    requestIdleCallback(() => { bench.usable = performance.now(); });
  }
  requestAnimationFrame(look);
})();
"""


def main() -> None:
    """Measure, print the ratio beside its target, and write it as JSON with --json."""
    parser = argparse.ArgumentParser(description="Many charts on a dashboard, beside four.")
    parser.add_argument("--charts", type=int, default=MANY, help=f"[default: {MANY}]")
    parser.add_argument("--rounds", type=int, default=7, help="visits of each [default: 7]")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    options = parser.parse_args()
    start_time = time.monotonic()
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    try:
        data = WORK / "sales.csv"
        sales.write(data)
        print("Making the projects...", file=sys.stderr)
        few = candidates.new_project(WORK, data)
        ready = [
            candidates.flaskdash(WORK, project)
            for project in (few, repeat_figures(few, options.charts))
        ]
        durations = measure(ready, options.rounds)
    finally:
        shutil.rmtree(WORK, ignore_errors=True)
    label = f"{options.charts} charts: usable"
    ratio = Ratio(label, "flaskdash", durations[1], f"{FEW} charts, ms", durations[0], TARGET)
    print(ratio)
    print(f"load {os.getloadavg()[0]:.1f}; took {time.monotonic() - start_time:.0f} s.")
    if options.json:
        options.json.write_text(json.dumps([ratio.as_dict()], indent=2) + "\n", "utf-8")


def repeat_figures(project: Path, count: int) -> Path:
    """Copy a project, and repeat its figures until it has COUNT of them."""
    copy = project.with_name("many")
    shutil.copytree(project, copy, ignore=shutil.ignore_patterns(".venv"))
    (copy / ".venv").symlink_to(project / ".venv")
    charts = copy / "app" / "charts"
    figures = [path for path in sorted(charts.glob("[!_]*.py")) if "def figure" in path.read_text()]
    assert len(figures) == FEW
    for number in range(FEW, count):
        text = figures[number % FEW].read_text("utf-8")
        name = f"copy_{number}.py"
        (charts / name).write_text(text.replace('TITLE = "', f'TITLE = "{number}: '), "utf-8")
    return copy


def measure(ready: list[Candidate], rounds: int) -> list[list[float]]:
    """Return the milliseconds of each visit to each project."""
    durations: list[list[float]] = [[] for _ in ready]
    with ExitStack() as stack:
        chromium = stack.enter_context(browser.chromium())
        running = [
            stack.enter_context(
                server.gunicorn(
                    candidate.python, candidate.app, candidate.cwd, variables(candidate)
                )
            )
            for candidate in ready
        ]
        for application in running:
            load.ask(application.port, "/", peers.WARMING)
        for number in range(rounds):
            for index in turned(list(range(len(ready))), number):
                durations[index].append(visit(chromium, running[index].url))
    return durations


def variables(candidate: Candidate) -> dict[str, str]:
    """Return the environment of a project, with an instance folder of its own."""
    return {"INSTANCE_PATH": str(candidate.cwd / "instance")}


def visit(chromium: Browser, url: str) -> float:
    """Return the milliseconds from the navigation until the page can be used."""
    context = chromium.new_context(viewport=browser.VIEW)
    context.add_init_script(WATCH)
    page = context.new_page()
    page.goto(url, wait_until="commit")
    browser.await_time(page, "usable")
    duration = float(page.evaluate("bench.usable"))
    context.close()
    return duration


if __name__ == "__main__":
    main()
