"""Waiting after a save: the same edits in `flaskdash serve` and in Streamlit, which runs on save.

    python bench/serve.py [--rounds N] [--reloads N] [--json FILE]

The dashboard of peers.py, on 100,000 rows. From the write of a file to what Chromium draws; medians.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import browser
import candidates
import sales
import server
from measure import spread, table
from playwright.sync_api import Error, Page

WORK = Path(__file__).with_name(".work")
SCRIPT = Path(__file__).with_suffix(".js").read_text("utf-8")
TIMEOUT = 60.0  # seconds
PAUSE_MS = 700  # between two edits, so that one is over before the next
IDLE_SECONDS = 20.0
SETTLE_SECONDS = 3.0  # after which memory that was replaced is free
SAVED, ERROR, MENDED = "chart saved", "error shown", "mended"
STYLE, DATA, MODULE = "style saved", "data file saved", "other module saved"
ACTING = "the same, with a new process"
# What each may take: (share of Streamlit's own time, milliseconds).
BARS: dict[str, tuple[float | None, float | None]] = {
    SAVED: (0.8, None),
    ERROR: (None, 120),
    MENDED: (None, 300),
    STYLE: (None, 100),
    DATA: (None, 700),
    MODULE: (1.0, None),
    ACTING: (1.0, None),
}
Samples = dict[str, list[float]]


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description="Waiting after a save, beside Streamlit.")
    parser.add_argument("--rounds", type=int, default=7, help="edits of each kind [default: 7]")
    parser.add_argument("--reloads", type=int, default=0, help="and then watch memory over so many")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples here too")
    options = parser.parse_args()
    WORK.mkdir(exist_ok=True)
    data = WORK / "sales.csv"
    if not data.exists():
        sales.write(data)
    shop = WORK / "shop"
    project = shop if (shop / "app").is_dir() else candidates.new_project(WORK, data)
    own: Samples = defaultdict(list)
    peer: Samples = defaultdict(list)
    facts: dict[str, object] = {}
    with edited(project) as copy, flaskdash(copy) as (url, process, started), page_of(url) as page:
        own["first page"].append(await_change(page) - started)
        edit_project(copy, page, own, options.rounds)
        facts["idle CPU, %"] = round(idle_cpu(process.pid), 2)
        if options.reloads:
            facts["reloads"] = many_reloads(copy, page, process.pid, options.reloads)
    with edited(project) as copy, production(copy) as (url, started), page_of(url) as page:
        facts["serve --prod, first page, ms"] = round(await_change(page) - started)
    with streamlit(data) as (script, url), page_of(url) as page:
        await_change(page)
        edit_script(script, page, peer, options.rounds)
    report(own, peer, facts)
    if options.json:
        figures = {"flaskdash": own, "Streamlit": peer, "facts": facts}
        options.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


def edit_project(project: Path, page: Page, samples: Samples, rounds: int) -> None:
    """Save each kind of file so many times."""
    chart, style = project / "app/charts/revenue_by_month.py", project / "app/static/style.css"
    helpers, csv = project / "app/helpers.py", project / "data/sales.csv"
    texts = {path: path.read_text("utf-8") for path in (chart, style, helpers)}
    rows = csv.read_text("utf-8")
    for number in range(1, rounds + 1):
        power = 1 + number / 10
        bent = texts[chart].replace("sum(revenue)", f"power(sum(revenue), {power})")
        samples[SAVED].append(save(page, chart, bent, "changed"))
        samples[ERROR].append(save(page, chart, bent + "x = (\n", "error"))
        samples[MENDED].append(save(page, chart, bent, "mended"))
        colour = f"h1 {{ color: rgb({number}, 0, 100) }}\n"
        samples[STYLE].append(save(page, style, texts[style] + colour, "style"))
        more = rows + f"2024-05-01,North,Lamp,web,1,1.0,{number}e6\n"
        samples[DATA].append(save(page, csv, more, "figures"))
        renamed = texts[helpers].replace('else f"{sign}', f'else f"{number}: {{sign}}')
        samples[MODULE].append(save(page, helpers, renamed, "figures"))
        # A module that acts on another package can only be loaded into a new process.
        acting = renamed.replace(f'"{number}: ', f'"{number}; ') + '\nos.environ["BENCH"] = "1"\n'
        acting = acting.replace("import math\n", "import math\nimport os\n", 1)
        samples[ACTING].append(save(page, helpers, acting, "figures"))
        page.wait_for_timeout(1000)
        save(page, helpers, renamed, "figures")
        page.wait_for_timeout(1000)


def edit_script(script: Path, page: Page, samples: Samples, rounds: int) -> None:
    """Save the script of Streamlit, and the module that it imports."""
    text, helpers = script.read_text("utf-8"), script.with_name("helpers.py")
    for number in range(1, rounds + 1):
        bent = text.replace('["revenue"].sum()\n', f'["revenue"].sum() ** {1 + number / 10}\n', 1)
        samples[SAVED].append(save(page, script, bent, "changed"))
        samples[ERROR].append(save(page, script, bent + "x = (\n", "error"))
        samples[MENDED].append(save(page, script, bent, "mended"))
        prefixed = f'def number(text):\n    return "{number}: " + text\n'
        samples[MODULE].append(save(page, helpers, prefixed, "figures"))
        prefixed = prefixed.replace(": ", "; ") + 'import os\nos.environ["BENCH"] = "1"\n'
        samples[ACTING].append(save(page, helpers, prefixed, "figures"))


def save(page: Page, path: Path, text: str, expectation: str) -> float:
    """Write a file by renaming; return the milliseconds until the page shows the change."""
    page.wait_for_timeout(PAUSE_MS)
    page.evaluate(f"bench.expect('{expectation}')")
    temporary = path.with_name(f"{path.name}.tmp")
    temporary.write_text(text, "utf-8")
    start = time.time()
    temporary.replace(path)
    return await_change(page) - 1000 * start


def await_change(page: Page) -> float:
    """Return when the page has shown what is expected, in ms since 1970."""
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        with suppress(Error):  # the page is just loading
            if moment := page.evaluate("window.bench?.seen()"):
                return float(moment)
        page.wait_for_timeout(browser.POLL)
    text = page.evaluate("document.body?.innerText.slice(0, 300)")
    expected = page.evaluate("sessionStorage.expected")
    raise TimeoutError(f"{expected} did not come. The page shows {text!r}")


@contextmanager
def page_of(url: str) -> Iterator[Page]:
    """Open a page that notes what it shows."""
    with browser.chromium() as chromium:
        context = chromium.new_context(viewport=browser.VIEW)
        context.add_init_script(SCRIPT)
        context.add_init_script('sessionStorage.expected ??= \'{"name": "drawn"}\'')
        page = context.new_page()
        page.goto(url, wait_until="commit", timeout=1000 * TIMEOUT)
        yield page
        context.close()


@contextmanager
def edited(project: Path) -> Iterator[Path]:
    """Copy a project with a link to its environment."""
    copy = WORK / "serve" / "shop"
    shutil.rmtree(copy.parent, ignore_errors=True)
    shutil.copytree(project, copy, ignore=shutil.ignore_patterns(".venv", "instance"))
    (copy / ".venv").symlink_to(project.resolve() / ".venv")
    yield copy


@contextmanager
def flaskdash(project: Path) -> Iterator[tuple[str, subprocess.Popen[bytes], float]]:
    """Serve a project; yield its address, its process and when it was started, in ms."""
    port = server.free_port()
    command = [str(candidates.VENV_BIN / "flaskdash"), "serve", "--no-open", "--port", str(port)]
    started = 1000 * time.time()
    with _process(command, project, project.parent / "serve.log") as process:
        server.await_port(process, port)
        yield f"http://{server.HOST}:{port}", process, started


@contextmanager
def production(project: Path) -> Iterator[tuple[str, float]]:
    """Serve a project as in production; yield its address, and when it was started, in ms."""
    port = server.free_port()
    command = [str(candidates.VENV_BIN / "flaskdash"), "serve", "--prod", "--port", str(port)]
    started = 1000 * time.time()
    key = {"SECRET_KEY": "bench"}
    with _process(command, project, project.parent / "prod.log", **key) as process:
        server.await_port(process, port)
        yield f"http://{server.HOST}:{port}", started


@contextmanager
def streamlit(data: Path) -> Iterator[tuple[Path, str]]:
    """Run Streamlit's script, which runs again when it is saved; yield it and its address."""
    # Streamlit does not watch folders whose names begin with a dot, such as WORK.
    folder = Path(tempfile.mkdtemp(prefix="streamlit-"))
    text = (candidates.HERE / "streamlit_app.py").read_text("utf-8")
    text = text.replace(
        "import streamlit as st\n", "import streamlit as st\nfrom helpers import number\n"
    )
    text = text.replace("column.metric(name, value)", "column.metric(name, number(value))")
    (folder / "app.py").write_text(text, "utf-8")
    (folder / "helpers.py").write_text("def number(text):\n    return text\n", "utf-8")
    port = server.free_port()
    python = candidates.environment(WORK, "streamlit")
    command = [str(python), "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
    command += ["--server.port", str(port), "--server.address", server.HOST]
    command += ["--server.runOnSave", "true", "--browser.gatherUsageStats", "false"]
    with _process(command, folder, folder / "log", BENCH_DATA=str(data.resolve())) as process:
        server.await_port(process, port)
        yield folder / "app.py", f"http://{server.HOST}:{port}"
    shutil.rmtree(folder)


@contextmanager
def _process(
    command: list[str], cwd: Path, log: Path, **variables: str
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=server.clean() | variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(20)


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


def many_reloads(project: Path, page: Page, pid: int, reloads: int) -> dict[str, object]:
    """Reload a chart, and now and then a module; return memory, files and processes on the way."""
    chart, helpers = project / "app/charts/revenue_by_month.py", project / "app/helpers.py"
    text, module = chart.read_text("utf-8"), helpers.read_text("utf-8")
    lines: dict[str, object] = {"start": resources(pid)}
    for number in range(1, reloads + 1):
        page.evaluate("bench.expect('changed')")
        if number % 5 == 0:
            helpers.write_text(f"{module}\n# {number}\n", "utf-8")
            page.wait_for_timeout(500)
        bent = text.replace(
            "power(sum(revenue),", f"power(sum(revenue) + {number}, 0.1 * {number % 9} +"
        )
        chart.write_text(bent, "utf-8")
        await_change(page)
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


def report(own: Samples, peer: Samples, facts: dict[str, object]) -> None:
    """Print the medians, and the ratios beside their bars."""
    rows = []
    for name, samples in own.items():
        share, limit = BARS.get(name, (None, None))
        middle = sorted(samples)[len(samples) // 2]
        yardstick = sorted(peer[name])[len(peer[name]) // 2] if peer.get(name) else None
        ratio = f"{middle / yardstick:.2f} x" if yardstick else "-"
        bar = f"<= {share} x" if share else f"<= {limit} ms" if limit else "-"
        met = (not share or not yardstick or middle <= share * yardstick) and (
            not limit or middle <= limit
        )
        verdict = "-" if bar == "-" else "ok" if met else "MISS"
        rows.append([name, spread(samples), spread(peer.get(name, [])), ratio, bar, verdict])
    print(table(["ms", "flaskdash", "Streamlit", "ratio", "bar", ""], rows), end="\n\n")
    for name, value in facts.items():
        if isinstance(value, dict):
            print(f"{name}:", *(f"  {key}: {line}" for key, line in value.items()), sep="\n")
        else:
            print(f"{name}: {value}")


if __name__ == "__main__":
    sys.exit(main())
