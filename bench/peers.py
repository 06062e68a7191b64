"""Times and traffic of the same dashboard in flaskdash, Dash, Streamlit and a course's Flask app.

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
# Each step adds a region, so that its combination was not requested before.
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
WARMING = 40  # requests, so that every worker has answered some
MOST_TRIES = 3
Samples = dict[str, dict[str, list[float]]]


def main() -> None:
    """Measure, print the tables, and write the samples as JSON with --json."""
    parser = argparse.ArgumentParser(description="The same dashboard in each, measured together.")
    parser.add_argument("--rounds", type=int, default=5, help="samples of each [default: 5]")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples here too")
    parser.add_argument("--project", type=Path, metavar="DIR", help="in the place of a new project")
    options = parser.parse_args()
    start_time = time.monotonic()
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
    versions = [
        f"{name} {candidates.version(candidate.python, name.lower())}"
        for name, candidate in names.items()
    ]
    print(
        f"Medians of {options.rounds} rounds, least and greatest in brackets; {', '.join(versions)}.\n"
    )
    rows = [
        [candidate.name, *(spread(samples[candidate.name][name]) for name in MEASURES)]
        for candidate in ready
    ]
    print(table(["ms, unless stated otherwise", *MEASURES], rows), end="\n\n")
    for ratio in ratios:
        print(ratio)
    print(f"\nTook {time.monotonic() - start_time:.0f} s.")
    if options.json:
        figures = {
            "samples": samples,
            "rates": rates,
            "ratios": [ratio.as_dict() for ratio in ratios],
        }
        options.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


def measure(ready: Sequence[Candidate], rounds: int) -> Samples:
    """Return the samples of each candidate, by measure."""
    samples: Samples = {candidate.name: defaultdict(list) for candidate in ready}
    by_name = {candidate.name: candidate for candidate in ready}
    with browser.chromium() as chromium:
        for candidate in ready:  # not counted: it compiles bytecode, and brings files into memory
            candidate.forget()
            with suppress(TimeoutError):
                start(candidate, chromium)
        for number in range(rounds):
            for name in turned(list(by_name), number):
                print(f"round {number + 1} of {rounds}: {name}", file=sys.stderr)
                sample(by_name[name], chromium, samples[name])
    return samples


def sample(candidate: Candidate, chromium: Browser, samples: dict[str, list[float]]) -> None:
    """Take one round of a candidate; repeat it with a message if its charts do not appear.

    New workers of Dash sometimes answer 500 to a request for one of Dash's scripts. Such a start would
    be its worst sample by far, so leaving it out is in favour of Dash.
    """
    for _ in range(MOST_TRIES):
        candidate.forget()
        try:
            first = start(candidate, chromium, samples)
            again = start(candidate, chromium)
        except TimeoutError as error:
            print(f"{candidate.name} is started again: {error}", file=sys.stderr)
            continue
        samples[START_FIRST].append(first)
        samples[START_AGAIN].append(again)
        return
    raise TimeoutError(f"{candidate.name} never drew its charts in {MOST_TRIES} starts")


def start(
    candidate: Candidate, chromium: Browser, samples: dict[str, list[float]] | None = None
) -> float:
    """Return the milliseconds from a server's start to four charts; with SAMPLES, measure it warm."""
    with candidate.serve() as running:
        with browser.page_of(chromium) as page:
            first = browser.visit(page, running.url)
        if samples is not None:
            use(candidate, chromium, running, samples)
        return first.drawn - 1000 * running.spawned


def use(
    candidate: Candidate,
    chromium: Browser,
    running: server.Running,
    samples: dict[str, list[float]],
) -> None:
    """Measure a warm server: a first visit, and the filter with new and then repeated values."""
    load.ask(running.port, "/", WARMING)
    with browser.page_of(chromium) as page:
        visit = browser.visit(page, running.url)
        again = browser.visit(page, running.url)
    samples[VISIT].append(visit.duration)
    samples[KILOBYTES].append(visit.kilobytes)
    samples[REPEAT].append(again.kilobytes)
    samples[REQUESTS].append(visit.requests)
    for name in (FILTER_FIRST, FILTER_AGAIN):
        with browser.page_of(chromium) as page:
            browser.visit(page, running.url)
            candidate.open(page)
            for region in STEPS:
                samples[name].append(step(candidate, page, region))


def step(candidate: Candidate, page: Page, region: str) -> float:
    """Choose another region; return the milliseconds until all charts and KPIs have changed."""
    page.wait_for_timeout(100)
    if not candidate.submit:
        return browser.change(page, lambda: candidate.click(page, region))
    candidate.click(page, region)
    submit = candidate.submit
    return browser.change(page, lambda: submit(page))


def throughput(candidate: Candidate, rounds: int) -> dict[str, list[float]]:
    """Return requests a second of a cached chart's JSON, and of Flask's hello-world."""
    rates: dict[str, list[float]] = {"hello": [], "chart": []}
    here = candidates.HERE
    with ExitStack() as stack:
        hello = stack.enter_context(server.gunicorn(candidate.python, "hello_app:app", here, {}))
        project = stack.enter_context(candidate.serve())
        paths = {
            "hello": (hello.port, "/"),
            "chart": (project.port, "/charts/revenue-by-region/figure.json"),
        }
        for port, path in paths.values():
            load.ask(port, path, WARMING)
        for number in range(rounds):
            for name in turned(list(paths), number):
                rates[name].append(load.requests_per_second(*paths[name], seconds=2))
    return rates


def compare(samples: Samples, rates: dict[str, list[float]]) -> list[Ratio]:
    """Return the ratios that have a target."""
    own, dash = samples["flaskdash"], samples["Dash"]

    def against_dash(name: str, target: float) -> Ratio:
        return Ratio(name, "flaskdash", own[name], "Dash", dash[name], target)

    return [
        against_dash(START_FIRST, 0.55),
        against_dash(START_AGAIN, 0.55),
        against_dash(VISIT, 0.33),
        Ratio("bytes of a first visit", "flaskdash", own[KILOBYTES], "400 kB", [400.0], 1.0),
        Ratio("bytes of the next visit", "flaskdash", own[REPEAT], "15 kB", [15.0], 1.0),
        against_dash(FILTER_FIRST, 0.25),
        against_dash(FILTER_AGAIN, 0.25),
        Ratio(
            JSON, "flaskdash", rates["chart"], "hello-world", rates["hello"], 0.70, at_least=True
        ),
    ]


if __name__ == "__main__":
    main()
