"""A dashboard of many charts beside one of four: how long until it can be used.

    python bench/many.py [--charts N] [--rounds N] [--json FILE]

Both are projects made by `flaskdash` from the same sales, served by gunicorn with their answers
cached. A page can be used once the charts in the window stand and the browser has nothing to do.
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
  const seen = (shown) => shown.getBoundingClientRect().top < innerHeight;
  const stands = (shown) => shown.querySelector(".trace path");
  function look() {
    const figures = [...document.querySelectorAll(".card.figure .chart")].filter(seen);
    if (!figures.length || !figures.every(stands)) return requestAnimationFrame(look);
    requestIdleCallback(() => { bench.usable = performance.now(); });
  }
  requestAnimationFrame(look);
})();
"""


def main() -> None:
    """Measure, print the ratio beside its target, and write it as JSON where asked."""
    parser = argparse.ArgumentParser(description="Many charts on a dashboard, beside four.")
    parser.add_argument("--charts", type=int, default=MANY, help=f"[default: {MANY}]")
    parser.add_argument("--rounds", type=int, default=7, help="visits of each [default: 7]")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    options = parser.parse_args()
    began = time.monotonic()
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    try:
        data = WORK / "sales.csv"
        sales.write(data)
        print("Making the projects...", file=sys.stderr)
        few = candidates.new_project(WORK, data)
        ready = [candidates.flaskdash(WORK, one) for one in (few, more(few, options.charts))]
        taken = measure(ready, options.rounds)
    finally:
        shutil.rmtree(WORK, ignore_errors=True)
    what = f"{options.charts} charts: usable"
    ratio = Ratio(what, "flaskdash", taken[1], f"{FEW} charts, ms", taken[0], TARGET)
    print(ratio)
    print(f"load {os.getloadavg()[0]:.1f}; took {time.monotonic() - began:.0f} s.")
    if options.json:
        options.json.write_text(json.dumps([ratio.as_dict()], indent=2) + "\n", "utf-8")


def more(project: Path, count: int) -> Path:
    """Return a copy of a project in which its figures are there over and over, so many in all."""
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
    taken: list[list[float]] = [[] for _ in ready]
    with ExitStack() as stack:
        chromium = stack.enter_context(browser.chromium())
        running = [
            stack.enter_context(server.gunicorn(one.python, one.app, one.cwd, variables(one)))
            for one in ready
        ]
        for one in running:
            load.ask(one.port, "/", peers.WARMING)
        for number in range(rounds):
            for place in turned(list(range(len(ready))), number):
                taken[place].append(visit(chromium, running[place].url))
    return taken


def variables(one: Candidate) -> dict[str, str]:
    """Return the environment of a project: each keeps its answers in a folder of its own."""
    return {"INSTANCE_PATH": str(one.cwd / "instance")}


def visit(chromium: Browser, url: str) -> float:
    """Return the milliseconds from the navigation until the page can be used."""
    context = chromium.new_context(viewport=browser.VIEW)
    context.add_init_script(WATCH)
    page = context.new_page()
    page.goto(url, wait_until="commit")
    browser.await_time(page, "usable")
    took = float(page.evaluate("bench.usable"))
    context.close()
    return took


if __name__ == "__main__":
    main()
