"""The same dashboard in flaskdash, in Dash, in Streamlit and as courses teach it: what each takes.

    python bench/peers.py

100,000 sales, 3 KPIs, 4 charts, one filter that updates all; gunicorn with 2 workers of 4 threads;
Chromium on the same machine. Samples are taken in turns, and the medians are compared.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import browser
import candidates
import load
import sales
import server
from candidates import Candidate
from measure import Ratio, spread, table, turned
from playwright.sync_api import Browser, Page

WORK = Path(__file__).with_name(".work")
# Chosen one after the other, so that each step is a combination that was not asked for before.
STEPS = ("North", "West", "Islands", "East", "South")
START_FIRST, START_AGAIN = "first start", "restart"
VISIT, KILOBYTES, REPEAT, REQUESTS = "warm visit", "kB", "kB again", "requests"
FILTER_FIRST, FILTER_AGAIN = "filter, first time", "filter, again"
MEASURES = (
    START_FIRST,
    START_AGAIN,
    VISIT,
    KILOBYTES,
    REPEAT,
    REQUESTS,
    FILTER_FIRST,
    FILTER_AGAIN,
)
JSON = "cached chart JSON, requests/s"
WARMING = 40  # requests, so that each worker has answered some
MOST_TRIES = 3
Samples = dict[str, dict[str, list[float]]]


def main() -> None:
    """Measure, print the tables, and write the samples as JSON where asked."""
    parser = argparse.ArgumentParser(description="The same dashboard in each, measured together.")
    parser.add_argument("--rounds", type=int, default=5, help="samples of each [default: 5]")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples here too")
    parser.add_argument("--project", type=Path, metavar="DIR", help="in the place of a new project")
    options = parser.parse_args()
    began = time.monotonic()
    WORK.mkdir(exist_ok=True)
    data = WORK / "sales.csv"
    if not data.exists():
        sales.write(data)
    project = options.project or candidates.new_project(WORK, data)
    ready = [
        candidates.flaskdash(WORK, project.resolve()),
        candidates.dash(WORK, data),
        candidates.course(WORK, data),
        candidates.streamlit(WORK, data),
    ]
    samples = measure(ready, options.rounds)
    rates = throughput(ready[0], 2 * options.rounds)
    ratios = compare(samples, rates)
    names = {"Dash": ready[1], "Streamlit": ready[3]}
    which = [f"{n} {candidates.version(one.python, n.lower())}" for n, one in names.items()]
    print(
        f"Medians of {options.rounds} rounds, least and greatest in brackets; {', '.join(which)}.\n"
    )
    rows = [[one.name, *(spread(samples[one.name][what]) for what in MEASURES)] for one in ready]
    print(table(["ms, if not said otherwise", *MEASURES], rows), end="\n\n")
    for ratio in ratios:
        print(ratio)
    print(f"\nTook {time.monotonic() - began:.0f} s.")
    if options.json:
        figures = {"samples": samples, "rates": rates, "ratios": [one.as_dict() for one in ratios]}
        options.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


def measure(ready: Sequence[Candidate], rounds: int) -> Samples:
    """Return the samples of each candidate, by measure."""
    samples: Samples = {one.name: defaultdict(list) for one in ready}
    by_name = {one.name: one for one in ready}
    with browser.chromium() as chromium:
        for one in ready:  # not counted: byte code compiled, files in memory
            one.forget()
            with suppress(TimeoutError):
                start(one, chromium)
        for number in range(rounds):
            for name in turned(list(by_name), number):
                print(f"round {number + 1} of {rounds}: {name}", file=sys.stderr)
                sample(by_name[name], chromium, samples[name])
    return samples


def sample(one: Candidate, chromium: Browser, taken: dict[str, list[float]]) -> None:
    """Take one round of a candidate; take it again if its charts never come, and say so.

    Dash, while its workers are new, now and then answers 500 to a request for one of its own
    scripts. Such a start would be its worst sample by far: leaving it out is in its favour.
    """
    for _ in range(MOST_TRIES):
        one.forget()
        try:
            first = start(one, chromium, taken)
            again = start(one, chromium)
        except TimeoutError as error:
            print(f"{one.name} is started again: {error}", file=sys.stderr)
            continue
        taken[START_FIRST].append(first)
        taken[START_AGAIN].append(again)
        return
    raise TimeoutError(f"{one.name} never drew its charts in {MOST_TRIES} starts")


def start(one: Candidate, chromium: Browser, taken: dict[str, list[float]] | None = None) -> float:
    """Return the milliseconds from a server's start to four charts; use it then, where asked."""
    with one.serve() as running:
        with browser.page_of(chromium) as page:
            first = browser.visit(page, running.url)
        if taken is not None:
            use(one, chromium, running, taken)
        return first.drawn - 1000 * running.spawned


def use(
    one: Candidate, chromium: Browser, running: server.Running, taken: dict[str, list[float]]
) -> None:
    """Measure a warm server: a first visit, and the filter with values that are new, then known."""
    load.ask(running.port, "/", WARMING)
    with browser.page_of(chromium) as page:
        visit = browser.visit(page, running.url)
        again = browser.visit(page, running.url)
    taken[VISIT].append(visit.took)
    taken[KILOBYTES].append(visit.kilobytes)
    taken[REPEAT].append(again.kilobytes)
    taken[REQUESTS].append(visit.requests)
    for what in (FILTER_FIRST, FILTER_AGAIN):
        with browser.page_of(chromium) as page:
            browser.visit(page, running.url)
            one.open(page)
            for region in STEPS:
                taken[what].append(step(one, page, region))


def step(one: Candidate, page: Page, region: str) -> float:
    """Choose one more region; return the milliseconds until all charts and KPIs follow."""
    page.wait_for_timeout(100)
    if not one.submit:
        return browser.change(page, lambda: one.click(page, region))
    one.click(page, region)
    submit = one.submit
    return browser.change(page, lambda: submit(page))


def throughput(one: Candidate, rounds: int) -> dict[str, list[float]]:
    """Return requests a second of a cached chart's JSON, and of Flask's hello-world."""
    rates: dict[str, list[float]] = {"hello": [], "chart": []}
    here = candidates.HERE
    with ExitStack() as stack:
        hello = stack.enter_context(server.gunicorn(one.python, "hello_app:app", here, {}))
        mine = stack.enter_context(one.serve())
        paths = {
            "hello": (hello.port, "/"),
            "chart": (mine.port, "/charts/revenue-by-region/figure.json"),
        }
        for port, path in paths.values():
            load.ask(port, path, WARMING)
        for number in range(rounds):
            for name in turned(list(paths), number):
                rates[name].append(load.requests_per_second(*paths[name], seconds=2))
    return rates


def compare(samples: Samples, rates: dict[str, list[float]]) -> list[Ratio]:
    """Return the figures that have a target."""
    mine, dash = samples["flaskdash"], samples["Dash"]

    def against_dash(what: str, target: float) -> Ratio:
        return Ratio(what, "flaskdash", mine[what], "Dash", dash[what], target)

    return [
        against_dash(START_FIRST, 0.55),
        against_dash(START_AGAIN, 0.55),
        against_dash(VISIT, 0.33),
        Ratio("bytes of a first visit", "flaskdash", mine[KILOBYTES], "400 kB", [400.0], 1.0),
        Ratio("bytes of the next visit", "flaskdash", mine[REPEAT], "15 kB", [15.0], 1.0),
        against_dash(FILTER_FIRST, 0.25),
        against_dash(FILTER_AGAIN, 0.25),
        Ratio(
            JSON, "flaskdash", rates["chart"], "hello-world", rates["hello"], 0.70, at_least=True
        ),
    ]


if __name__ == "__main__":
    main()
