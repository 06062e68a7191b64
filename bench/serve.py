"""Waiting after a save: the same edits in `flaskdash serve` and in other tools that follow saved files.

    python bench/serve.py [--rounds N] [--with dash,shiny,flask] [--reloads N] [--json FILE]

The dashboard of peers.py, on 100,000 rows. From the write of a file to what Chromium draws; medians.
flaskdash and Streamlit take turns. The other tools follow one by one, because they look for changes
all the time. A list of edits is replayed in each of them: see replay.py.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import browser
import live
import replay
import sales
from measure import spread, table
from playwright.sync_api import Browser, Error, Page

WORK = Path(__file__).with_name(".work")
SCRIPT = Path(__file__).with_suffix(".js").read_text("utf-8")
TIMEOUT = 30.0  # seconds
QUICK_MS = 30  # between two of many reloads
SLOW_ROUNDS = 3  # of tools whose edits take seconds
SPARE_MS = 2500  # after a new process, until the next one waits
IDLE_SECONDS = 20.0
SETTLE_SECONDS = 3.0  # after which memory that was replaced is free
FIRST = "first page"
SAVED, ERROR, MENDED = "chart saved", "error shown", "mended"
STYLE, DATA, MODULE = "style saved", "data file saved", "other module saved"
ACTING = "the same, with a new process"
# What each may take: (share of Streamlit's own time, milliseconds).
BARS: dict[str, tuple[float | None, float | None]] = {
    FIRST: (None, None),
    SAVED: (0.8, None),
    ERROR: (None, 120),
    MENDED: (None, 300),
    STYLE: (None, 100),
    DATA: (None, 700),
    MODULE: (1.0, None),
    ACTING: (1.0, None),
}
Samples = dict[str, list[float]]
Change = tuple[str, str, str, str, str]  # what, the file, its text, what the page shows, a word


@dataclass
class Subject:
    """A tool that serves the dashboard, and its page in the browser."""

    tool: live.Tool
    session: live.Session
    page: Page
    first: float = 0.0
    """When the page was drawn, in ms since its server was started."""
    _originals: dict[str, str] = field(default_factory=dict)

    def original(self, file: str) -> str:
        """Return the text that a file had at first."""
        if file not in self._originals:
            self._originals[file] = (self.session.folder / file).read_text("utf-8")
        return self._originals[file]

    def save(
        self,
        texts: Mapping[str, str | None],
        expectation: str,
        word: str = "",
        charts: int = 4,
        pause: int | None = None,
    ) -> float:
        """Write files by renaming, or delete them; return the milliseconds until the page shows it."""
        self.page.wait_for_timeout(pause or self.tool.pause)
        words = [word, self.tool.error] if word and self.tool.error else [word] if word else []
        self.page.evaluate(f"bench.expect({expectation!r}, {words}, {charts})")
        printed = self.session.printed
        start = time.time()
        for file, text in texts.items():
            path = self.session.folder / file
            if text is None:
                path.unlink()
                continue
            temporary = path.with_name(f"{path.name}.tmp")
            temporary.write_text(text, "utf-8")
            start = time.time()
            temporary.replace(path)
        is_in_terminal = self.tool.in_terminal and expectation == "error"
        end = time.monotonic() + TIMEOUT
        while time.monotonic() < end:
            if is_in_terminal and word in self.session.printed.removeprefix(printed):
                return 1000 * (time.time() - start)
            if moment := self._moment():
                return moment - 1000 * start
            if expectation != "error":
                self.session.revive()
            if self.page.url.startswith("chrome-error"):  # the request met a process that ended
                with suppress(Error):
                    self.page.goto(self.session.url, wait_until="commit")
            self.page.wait_for_timeout(browser.POLL)
        text = self.page.evaluate("document.body?.innerText.slice(0, 300)")
        raise TimeoutError(f"{expectation} {word} did not come. {self.page.url} shows {text!r}")

    def await_first(self) -> None:
        """Wait until the dashboard is drawn."""
        end = time.monotonic() + TIMEOUT
        while not (moment := self._moment()):
            if time.monotonic() > end:
                raise TimeoutError(f"{self.tool.name} never drew its charts")
            self.page.wait_for_timeout(browser.POLL)
        self.first = moment - self.session.started

    def _moment(self) -> float:
        with suppress(Error):  # the page is just loading
            return float(self.page.evaluate("window.bench?.seen()") or 0)
        return 0.0


def main() -> None:
    """Measure, and print the tables."""
    names = ",".join(live.SLOW_TOOLS)
    parser = argparse.ArgumentParser(description="Waiting after a save, beside other tools.")
    parser.add_argument("--rounds", type=int, default=7, help="edits of each kind [default: 7]")
    parser.add_argument("--with", dest="names", default="", help=f"some of {names}")
    parser.add_argument("--reloads", type=int, default=0, help="and then watch memory over so many")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples here too")
    options = parser.parse_args()
    WORK.mkdir(exist_ok=True)
    data = WORK / "sales.csv"
    if not data.exists():
        sales.write(data)
    samples: dict[str, Samples] = {}
    waits: dict[str, list[float]] = {}
    facts: dict[str, object] = {}
    groups = [[live.FLASKDASH, live.STREAMLIT]]
    groups += [[live.SLOW_TOOLS[name]] for name in options.names.split(",") if name]
    with browser.chromium() as chromium:
        for tools in groups:
            is_slow = tools[0] is not live.FLASKDASH
            rounds = min(options.rounds, SLOW_ROUNDS) if is_slow else options.rounds
            try:
                measure(chromium, tools, data, rounds, samples, waits)
            except (RuntimeError, TimeoutError) as error:
                facts[f"{tools[-1].name} was not measured to its end"] = str(error).strip()[-300:]
        with opened(chromium, live.FLASKDASH, data) as own:
            facts["idle CPU, %"] = round(idle_cpu(own.session.process.pid), 2)
            if options.reloads:
                facts["reloads"] = many_reloads(own, options.reloads)
        with opened(chromium, live.PRODUCTION, data) as production:
            facts["serve --prod, first page, ms"] = round(production.first)
    report(samples, waits, facts)
    if options.json:
        figures = {"samples": samples, "replay": waits, "facts": facts}
        options.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


def measure(
    chromium: Browser,
    tools: Sequence[live.Tool],
    data: Path,
    rounds: int,
    samples: dict[str, Samples],
    waits: dict[str, list[float]],
) -> None:
    """Take the rounds of some tools in turns, and then replay the work in each."""
    with ExitStack() as stack:
        subjects = [stack.enter_context(opened(chromium, tool, data)) for tool in tools]
        for subject in subjects:
            print(f"{subject.tool.name}: {rounds} rounds", file=sys.stderr)
            samples[subject.tool.name] = defaultdict(list)
            samples[subject.tool.name][FIRST].append(subject.first)
        for number in range(1, rounds + 1):
            for subject in subjects if number % 2 else subjects[::-1]:
                edits = edits_of_project if subject.tool is live.FLASKDASH else edits_of_script
                for label, file, text, expectation, word in edits(subject, number):
                    duration = subject.save({file: text}, expectation, word)
                    if label:
                        samples[subject.tool.name][label].append(duration)
    for tool in tools:
        print(f"{tool.name}: the replay", file=sys.stderr)
        with opened(chromium, tool, data) as subject:
            waits[tool.name] = []
            for step, texts in replay.saves(tool.name, subject.original):
                try:
                    wait = subject.save(texts, step.expectation, step.word, step.charts)
                except TimeoutError as error:
                    raise TimeoutError(f"{step.label}: {error}") from error
                waits[tool.name].append(wait)


def edits_of_project(subject: Subject, number: int) -> Iterator[Change]:
    """Yield what is saved in a project, one file of each kind."""
    chart, style = "app/charts/revenue_by_month.py", "app/static/style.css"
    helpers, csv = "app/helpers.py", "data/sales.csv"
    source = subject.original(chart)
    bent, mended = (
        source.replace("sum(revenue)", f"power(sum(revenue), {number + part})")
        for part in (0.1, 0.2)
    )
    yield SAVED, chart, bent, "changed", ""
    yield ERROR, chart, bent + "x = (\n", "error", "SyntaxError"
    yield MENDED, chart, mended, "changed", "SyntaxError"
    colour = f"h1 {{ color: rgb({number}, 0, 100) }}\n"
    yield STYLE, style, subject.original(style) + colour, "style", ""
    row = f"2024-05-01,North,Lamp,web,1,1.0,{number}e6\n"
    yield DATA, csv, subject.original(csv) + row, "figures", ""
    prefixed = replay.apply(
        subject.original(helpers),
        replay.Edit(helpers, "return sign + (", f'return "{number}: " + sign + ('),
    )
    yield MODULE, helpers, prefixed, "figures", ""
    # A module that acts on another package can only be loaded into a new process.
    acting = prefixed.replace(f'"{number}: ', f'"{number}; ') + '\nos.environ["BENCH"] = "1"\n'
    acting = acting.replace("import math\n", "import math\nimport os\n", 1)
    subject.page.wait_for_timeout(SPARE_MS)
    yield ACTING, helpers, acting, "figures", ""
    subject.page.wait_for_timeout(SPARE_MS)
    yield "", helpers, prefixed, "figures", ""
    subject.page.wait_for_timeout(SPARE_MS)


def edits_of_script(subject: Subject, number: int) -> Iterator[Change]:
    """Yield what is saved of a script and of the module that it imports."""
    source, helpers = subject.original("app.py"), subject.original("helpers.py")
    bent, mended = (
        source.replace('["revenue"].sum()\n', f'["revenue"].sum() ** {number + part}\n', 1)
        for part in (0.1, 0.2)
    )
    yield SAVED, "app.py", bent, "changed", ""
    yield ERROR, "app.py", bent + "x = (\n", "error", "SyntaxError"
    yield MENDED, "app.py", mended, "changed", "SyntaxError"
    prefixed = helpers.replace("return text", f'return "{number}: " + text')
    yield MODULE, "helpers.py", prefixed, "figures", ""
    acting = prefixed.replace(": ", "; ") + 'import os\nos.environ["BENCH"] = "1"\n'
    yield ACTING, "helpers.py", acting.replace("(text);", "(text):"), "figures", ""


@contextmanager
def opened(chromium: Browser, tool: live.Tool, data: Path) -> Iterator[Subject]:
    """Serve the dashboard, and open a page that notes what it shows."""
    with tool.serve(WORK, data) as session:
        context = chromium.new_context(viewport=browser.VIEW)
        context.add_init_script(SCRIPT + tool.page_script)
        context.add_init_script('sessionStorage.expected ??= \'{"name": "drawn", "charts": 4}\'')
        page = context.new_page()
        page.goto(session.url, wait_until="commit", timeout=1000 * TIMEOUT)
        subject = Subject(tool, session, page)
        subject.await_first()
        yield subject
        context.close()


def family(pid: int) -> list[int]:
    """Return a process and all below it."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True)
    parents = {int(a): int(b) for a, b in (line.split() for line in listed.stdout.splitlines())}
    pids = [pid]
    for parent in pids:
        pids += [child for child, above in parents.items() if above == parent]
    return pids


def idle_cpu(pid: int) -> float:
    """Return how much of a core the processes use while nothing changes, in percent."""

    def ticks() -> int:
        total = 0
        for each in family(pid):
            with suppress(OSError):
                fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
                total += int(fields[11]) + int(fields[12])
        return total

    time.sleep(2)
    before = ticks()
    time.sleep(IDLE_SECONDS)
    return 100 * (ticks() - before) / os.sysconf("SC_CLK_TCK") / IDLE_SECONDS


def many_reloads(subject: Subject, reloads: int) -> dict[str, object]:
    """Reload a chart, and now and then a module; return memory, files and processes on the way."""
    chart, helpers = "app/charts/revenue_by_month.py", "app/helpers.py"
    text, page = subject.original(chart), subject.page
    module = subject.original(helpers).replace("import math\n", "import math\nimport os\n", 1)
    pid = subject.session.process.pid
    lines: dict[str, object] = {"at the start": resources(pid)}
    for number in range(1, reloads + 1):
        page.wait_for_timeout(QUICK_MS)
        if number % 5 == 0:
            line = f"# {number}\n" if number % 20 else f'os.environ["BENCH"] = "{number}"\n'
            (subject.session.folder / helpers).write_text(f"{module}\n{line}", "utf-8")
            page.wait_for_timeout(500)
        bent = text.replace(
            "sum(revenue)", f"power(sum(revenue) + {number}, {1 + number % 9 / 10})"
        )
        subject.save({chart: bent}, "changed", pause=QUICK_MS)
        if number in {10, reloads} or number % 100 == 0:
            page.wait_for_timeout(1000 * SETTLE_SECONDS)
            lines[f"after {number}"] = resources(pid)
    return lines


def resources(pid: int) -> str:
    """Return the memory of the processes, their open files and their number."""
    pids, memory, files = family(pid), 0.0, 0
    for each in pids:
        with suppress(OSError):
            rollup = Path(f"/proc/{each}/smaps_rollup").read_text()
            memory += next(int(line.split()[1]) for line in rollup.splitlines() if "Pss:" in line)
            files += len(list(Path(f"/proc/{each}/fd").iterdir()))
    return f"{memory / 1024:.0f} MB, {files} open files, {len(pids)} processes"


def report(
    samples: dict[str, Samples], waits: dict[str, list[float]], facts: dict[str, object]
) -> None:
    """Print the medians, and the ratios beside their bars."""
    own, peer = samples["flaskdash"], samples["Streamlit"]
    rows = []
    for name, (share, limit) in BARS.items():
        ratio, verdict = compared(own[name], peer[name], share, limit)
        rows.append([name, *(spread(each[name]) for each in samples.values()), ratio, verdict])
    head = ["ms", *samples, "beside Streamlit", "bar"]
    print(table(head, rows), end="\n\n")
    steps = [
        [
            step.label,
            *(f"{each[number]:,.0f}" if number < len(each) else "-" for each in waits.values()),
        ]
        for number, step in enumerate(replay.STEPS)
    ]
    totals = [f"{sum(each):,.0f}" for each in waits.values()]
    yardstick = sum(waits["Streamlit"])
    shares = [f"{sum(each) / yardstick:.2f} x" for each in waits.values()]
    head = ["ten minutes of work, ms", *waits]
    print(
        table(head, [*steps, ["all waiting", *totals], ["beside Streamlit", *shares]]), end="\n\n"
    )
    for name, value in facts.items():
        if isinstance(value, dict):
            print(f"{name}:", *(f"  {key}: {line}" for key, line in value.items()), sep="\n")
        else:
            print(f"{name}: {value}")


def compared(
    own: list[float], peer: list[float], share: float | None, limit: float | None
) -> tuple[str, str]:
    """Return the ratio of the medians, and whether the bar is met."""
    if not own:
        return "-", "-"
    middle = statistics.median(own)
    ratio = middle / statistics.median(peer) if peer else None
    text = f"{ratio:.2f} x" if ratio else "-"
    if share and ratio:
        return text, f"<= {share} x {'ok' if ratio <= share else 'MISS'}"
    return text, f"<= {limit} ms {'ok' if middle <= limit else 'MISS'}" if limit else "-"


if __name__ == "__main__":
    main()
