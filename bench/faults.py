"""Fifty deploys to a real server, each with a fault: which release answers, and what is left.

    python bench/faults.py

After each fault, either the old release or the new one answers, no request has failed (except while
the server itself was down), the next deploy works, and nothing is left behind. It needs root on Debian.
"""

import argparse
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from measure import table

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.data import sales_csv  # noqa: E402
from tests.support.machine import VirtualServer, booted, image  # noqa: E402
from tests.support.shipping import CommandResult, ServerDeploy, Traces  # noqa: E402
from tests.support.visitors import Visitors  # noqa: E402
from tests.support.web import fetch, free_port  # noqa: E402

MAX_RELEASES = 5
PACKAGES = (
    "",
    "humanize",
    "toolz",
    "tabulate",
)  # small packages, each in an environment of its own
STEPS = ("send", "receive", "try", "start", "stop")  # as flaskdash prints them
MAX_DELAY = 1.0  # seconds after the start of a step
RECOVERY_SECONDS = 60.0  # until a server that was down has to answer


class Bench:
    """The project and its server, in which faults are caused."""

    def __init__(self, shop: ServerDeploy, seed: int) -> None:
        self.shop, self.random = shop, random.Random(seed)
        self.machine: VirtualServer = shop.machine
        self.originals = shop.project.parent / "originals"
        self.number = 0

    def prepare(self) -> None:
        """Lock the project with each package, and copy its original files."""
        for package in PACKAGES:
            work = self.originals / (package or "none")
            work.mkdir(parents=True)
            for name in ("pyproject.toml", "uv.lock", ".python-version"):
                shutil.copy(self.shop.project / name, work)
            if package:
                uv("add", "--quiet", "--no-sync", package, cwd=work)
        shutil.copytree(self.shop.project / "app", self.originals / "app")
        shutil.copy(self.shop.project / "Procfile", self.originals)

    def restore(self) -> None:
        """Restore the project's original files."""
        shutil.rmtree(self.shop.project / "app")
        shutil.copytree(self.originals / "app", self.shop.project / "app")
        shutil.copy(self.originals / "Procfile", self.shop.project)
        self.lock()

    def lock(self) -> None:
        """Use the lockfile with the current package of PACKAGES."""
        package = PACKAGES[self.number % len(PACKAGES)]
        for name in ("pyproject.toml", "uv.lock"):
            shutil.copy(self.originals / (package or "none") / name, self.shop.project)

    def change(self, *, heavy: bool = False) -> None:
        """Change the code, and if `heavy` the dependencies too."""
        self.number += heavy
        self.lock()
        self.shop.change(f"change {time.monotonic()}")

    def start(self, step: str) -> subprocess.Popen[bytes]:
        """Start a deploy; return a random moment after it has printed STEP."""
        self.shop.pass_slow_rules()
        process = self.shop.start("deploy")
        while process.poll() is None and f"\n{step} " not in self.shop.output():
            time.sleep(0.01)
        with suppress(subprocess.TimeoutExpired):
            process.wait(self.random.random() * MAX_DELAY)
        return process

    def deploy(self, **variables: str) -> CommandResult:
        """Run a whole deploy without the slow rules, which come before the tested steps."""
        self.shop.pass_slow_rules()
        return self.shop.run("deploy", **variables)

    def finish(self, process: subprocess.Popen[bytes], start: float) -> CommandResult:
        """Wait for a deploy to end."""
        code = self.shop.wait(process, 900)
        return CommandResult(code, self.shop.output(), time.monotonic() - start)


Act = Callable[[Bench], CommandResult]


@dataclass(frozen=True)
class Fault:
    """A deploy with a fault; `down` if the server itself is unavailable for a while."""

    group: str
    description: str
    act: Act
    down: bool = False


@dataclass(frozen=True)
class Verdict:
    """The results of a deploy with a fault."""

    fault: Fault
    result: CommandResult
    answers: str
    requests: int
    failures: list[str]
    next: CommandResult
    complaints: list[str]

    @property
    def passed(self) -> bool:
        """Return whether there are no complaints."""
        return not self.complaints

    def row(self, number: int) -> list[str]:
        """Return the row of the table."""
        failed = f"{len(self.failures)} of {self.requests}"
        return [
            str(number),
            self.fault.group,
            self.fault.description,
            str(self.result.code),
            f"{self.result.seconds:.0f} s",
            self.answers,
            failed,
            f"{self.next.code}, {self.next.seconds:.0f} s",
            "ok" if self.passed else "; ".join(self.complaints),
        ]


# --- faults of a release ---

ON_SERVER = 'import os as _os\n\nif _os.environ.get("HOME") == "/home/dash":\n'
BODY = """
def _fault(app):
    import os, time
    from flask import request
    if os.environ.get("HOME") != "/home/dash":
        return app
{}
    return app


_create_app = create_app


def create_app(**overrides):
    return _fault(_create_app(**overrides))
"""


def before_request(condition: str, then: str) -> str:
    """Return code that runs THEN for requests under a condition."""
    return f"""
    @app.before_request
    def _():
        if {condition}:
            {then}
"""


def with_code(file: str, text: str) -> Act:
    """Deploy with code added to a file of the project."""

    def act(bench: Bench) -> CommandResult:
        bench.change()
        path = bench.shop.project / file
        path.write_text(path.read_text("utf-8") + "\n" + text, "utf-8")
        return bench.deploy()

    return act


def with_text(file: str, pattern: str, to: str) -> Act:
    """Deploy with a text replaced in a file of the project."""

    def act(bench: Bench) -> CommandResult:
        bench.change()
        path = bench.shop.project / file
        text, count = re.subn(pattern, to, path.read_text("utf-8"))
        assert count, f"{file} does not contain {pattern}"
        path.write_text(text, "utf-8")
        return bench.deploy()

    return act


def app(body: str) -> Act:
    """Deploy an application with additional code on the server."""
    return with_code("app/__init__.py", BODY.format(body))


UP, PAGE = 'request.path == "/up"', 'request.path != "/up"'
LATER = """
    import threading
    threading.Timer({}, lambda: os.kill(os.getppid(), 9)).start()
"""
RELEASES = [
    ("invalid Python", with_code("app/__init__.py", "def (")),
    ("raises at import", with_code("app/__init__.py", ON_SERVER + "    raise RuntimeError('no')")),
    ("raises in create_app", app('    raise RuntimeError("no")')),
    ("answers 500 everywhere", app(before_request("True", "raise RuntimeError"))),
    ("answers 500 at dashboards", app(before_request(PAGE, "raise RuntimeError"))),
    ("answers 500 at /up", app(before_request(UP, "raise RuntimeError"))),
    (
        "hangs at import",
        with_code("app/__init__.py", ON_SERVER + "    import time; time.sleep(999)"),
    ),
    ("hangs everywhere", app(before_request("True", "time.sleep(999)"))),
    ("hangs at dashboards", app(before_request(PAGE, "time.sleep(999)"))),
    ("reports another release", app('    app.config["RELEASE"] = "20200101-000000"')),
    ("its workers die at a request", app(before_request("True", "os._exit(1)"))),
    ("dies 1 s after its start", app(LATER.format(1))),
    ("its loader raises", with_code("app/loaders/sales.py", ON_SERVER + "    load = None")),
    ("Procfile names no program", with_text("Procfile", "web: .*", "web: no-such-program")),
    ("Procfile without a colon", with_text("Procfile", "web: ", "web ")),
]
PACKAGE_FAULTS = [
    (
        "imports what is not locked",
        with_code("app/__init__.py", ON_SERVER + "    __import__('scipy')"),
    ),
    ("gunicorn is not locked", with_text("pyproject.toml", r'\n *"gunicorn[^\n]*', "")),
    (
        "uv.lock is stale",
        with_text("pyproject.toml", "dependencies = \\[", 'dependencies = [\n"six",'),
    ),
]


# --- faults of a server and its connection ---


def full(leave: int, *, heavy: bool = False) -> Act:
    """Deploy to a disk with LEAVE bytes free."""

    def act(bench: Bench) -> CommandResult:
        bench.change(heavy=heavy)
        bench.machine.fill_disk(leave)
        try:
            return bench.deploy()
        finally:
            bench.machine.free_disk()

    return act


def midway(
    happen: Callable[[Bench, subprocess.Popen[bytes]], None], step: str, *, heavy: bool
) -> Act:
    """Call HAPPEN during a step of a deploy."""

    def act(bench: Bench) -> CommandResult:
        bench.change(heavy=heavy)
        start = time.monotonic()
        process = bench.start(step)
        happen(bench, process)
        return bench.finish(process, start)

    return act


def cut(bench: Bench, _: object) -> None:
    """Cut the connection."""
    bench.machine.cut()


def stall(bench: Bench, process: subprocess.Popen[bytes]) -> None:
    """Stop the connection without closing it, until flaskdash gives up."""
    pids = bench.machine.sessions()
    bench.machine.run(f"kill -STOP {' '.join(map(str, pids)) or 0}", user="root")
    bench.shop.wait(process, 900)
    bench.machine.cut()


def kill(_: Bench, process: subprocess.Popen[bytes]) -> None:
    """Kill flaskdash with SIGKILL."""
    process.kill()


def kill_on_server(bench: Bench, _: object) -> None:
    """Kill the deploy's commands on the server."""
    bench.machine.kill_commands()


def fill(bench: Bench, process: subprocess.Popen[bytes]) -> None:
    """Fill the disk, until the deploy has ended."""
    bench.machine.fill_disk(0)
    try:
        bench.shop.wait(process, 900)
    finally:
        bench.machine.free_disk()


def reboot(bench: Bench, _: object) -> None:
    """Reboot the server."""
    bench.machine.reboot()


def lose_power(bench: Bench, _: object) -> None:
    """Restart the server without stopping its processes."""
    bench.machine.reboot(gently=False)


def with_local_clock(offset: str) -> Act:
    """Deploy from a computer whose clock is wrong."""
    preload = next((image() / "usr/lib").glob("*/faketime/libfaketime.so.1"))
    variables = {"LD_PRELOAD": str(preload), "FAKETIME": offset, "NO_FAKE_STAT": "1"}

    def act(bench: Bench) -> CommandResult:
        bench.change()
        return bench.deploy(**variables)

    return act


def with_server_clock(bench: Bench) -> CommandResult:
    """Deploy to a server whose clock is wrong."""
    bench.change()
    bench.machine.shift_clock("-3d")
    try:
        return bench.deploy()
    finally:
        bench.machine.shift_clock("")


def after(command: str) -> Act:
    """Deploy after a command on the server."""

    def act(bench: Bench) -> CommandResult:
        bench.change()
        bench.machine.run(command)
        return bench.deploy()

    return act


def twice(bench: Bench) -> CommandResult:
    """Deploy from two computers at once."""
    bench.change()
    second_project = bench.shop.project.parent / "second"
    shutil.copytree(
        bench.shop.project, second_project, symlinks=True, ignore=shutil.ignore_patterns(".venv")
    )
    (second_project / ".venv").symlink_to(bench.shop.project / ".venv")
    second = ServerDeploy(second_project, bench.machine, bench.shop.port)
    second.pass_slow_rules()
    begin = threading.Thread(target=second.run, args=["deploy"])
    begin.start()
    try:
        return bench.deploy()
    finally:
        begin.join()
        shutil.rmtree(second_project)


def faults() -> list[Fault]:
    faults = [Fault("release", description, act) for description, act in RELEASES]
    faults += [Fault("packages", description, act) for description, act in PACKAGE_FAULTS]
    faults += [
        Fault("disk full", "before, to the last byte", full(0)),
        Fault("disk full", "before, 1 MB free", full(1 << 20)),
        Fault("disk full", "before, 4 MB free, new packages", full(4 << 20, heavy=True)),
        Fault("disk full", "midway", midway(fill, "receive", heavy=False)),
        Fault("disk full", "midway, new packages", midway(fill, "install", heavy=True)),
        Fault("cut off", "nothing comes through", midway(stall, "receive", heavy=False)),
    ]
    for group, happen in (("cut off", cut), ("kill -9", kill)):
        for step in STEPS:
            faults.append(Fault(group, f"at {step}", midway(happen, step, heavy=False)))
        for step in ("send", "install"):
            description = f"at {step}, new packages"
            faults.append(Fault(group, description, midway(happen, step, heavy=True)))
    for step in ("install", "start"):
        faults.append(
            Fault(
                "killed on server",
                f"at {step}",
                midway(kill_on_server, step, heavy=step == "install"),
            )
        )
    for step, happen in zip(STEPS[1:], (reboot, lose_power) * 2, strict=True):
        description = f"{'reboot' if happen is reboot else 'power lost'} at {step}"
        faults.append(
            Fault("server down", description, midway(happen, step, heavy=False), down=True)
        )
    return [
        *faults,
        Fault("clock", "3 days late here", with_local_clock("-3d")),
        Fault("clock", "400 days early here", with_local_clock("+400d")),
        Fault("clock", "3 days late on server", with_server_clock),
        Fault(".env", "it is missing", after("rm ~/flaskdash/*/shared/.env")),
        Fault(".env", "it is empty", after("truncate --size 0 ~/flaskdash/*/shared/.env")),
        Fault("two at once", "from two computers", twice),
    ]


# --- results ---


def judge(bench: Bench, fault: Fault, before: Traces) -> Verdict:
    """Deploy with the fault, then without it, and collect the complaints."""
    shop, complaints = bench.shop, []
    old = shop.answers()
    with visiting(shop, fault.down) as visitors:
        result = fault.act(bench)
        bench.restore()
        live = shop.await_answer(RECOVERY_SECONDS)
        releases = {shop.answers() for _ in range(12)} if live else set()
        if len(releases) > 1:
            answers = "both"
        elif live:
            answers = "old" if live == old else "new"
        else:
            answers = "NEITHER"
        if answers == "both":
            complaints.append("two releases answer in turns")
        if not live or fetch(shop.url)[0] != 200:
            complaints.append("the dashboard does not answer")
        if (result.code == 0 and answers == "old") or (
            result.code in (2, 3, 4) and answers == "new"
        ):
            complaints.append(f"exit code {result.code}, and the {answers} release answers")
        is_from_flaskdash = any(
            f"flaskdash/{folder}/" in result.output for folder in ("check", "deploy", "ship")
        )
        if "Traceback" in result.output and is_from_flaskdash:
            complaints.append("a traceback")
    with visiting(shop) as later:
        bench.change()
        following = bench.deploy()
        if following.code or shop.answers() in (live, ""):
            complaints.append(f"the next deploy: exit code {following.code}")
    complaints += shop.leaks(before)
    count = bench.machine.run("ls -d ~/flaskdash/*/releases/* | wc -l")
    if int(count) > MAX_RELEASES:
        complaints.append(f"{count.strip()} releases are on the server")
    all_visitors = [group for group in (visitors, later) if group is not None]
    failures = [line for group in all_visitors for line in group.failures]
    if failures:
        complaints.append(f"{len(failures)} requests failed")
    total = sum(group.total + len(group.failures) for group in all_visitors)
    return Verdict(
        fault=fault,
        result=result,
        answers=answers,
        requests=total,
        failures=failures,
        next=following,
        complaints=complaints,
    )


@contextmanager
def visiting(shop: ServerDeploy, down: bool = False) -> Iterator[Visitors | None]:
    """Let visitors send requests during the block, unless the server goes down."""
    with nullcontext(None) if down else Visitors(shop.url, ["/up", "/"], pause=0.1) as visitors:
        yield visitors


def uv(*args: str, cwd: Path) -> None:
    """Run uv in a folder."""
    subprocess.run([sys.executable, "-m", "uv", *args], cwd=cwd, check=True)


@contextmanager
def ready(seed: int) -> Iterator[Bench]:
    """Deploy a project to a new server, and remove both at the end."""
    folder = Path(tempfile.mkdtemp(prefix="flaskdash-faults-"))
    try:
        (folder / "sales.csv").write_text(sales_csv(), "utf-8")
        new = [sys.executable, "-m", "flaskdash", "new", "shop", "--data", "sales.csv", "--no-git"]
        subprocess.run(new, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        with booted() as machine:
            bench = Bench(ServerDeploy(folder / "shop", machine, free_port()), seed)
            result = bench.shop.deploy("--yes")
            assert result.code == 0, result.output
            bench.prepare()  # from now on, pyproject.toml has the target
            yield bench
    finally:
        shutil.rmtree(folder)


def main() -> None:
    """Deploy with each fault, and print a table of the results."""
    parser = argparse.ArgumentParser(description="Deploys that each have a fault.")
    parser.add_argument(
        "--only", metavar="WORDS", default="", help="only faults whose line contains this text"
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="seed of the random moments [default: 1]"
    )
    options = parser.parse_args()
    chosen = [fault for fault in faults() if options.only in f"{fault.group} {fault.description}"]
    random.Random(options.seed).shuffle(chosen)  # the order can reveal traces of another fault
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the machine is stopped too
    verdicts: list[Verdict] = []
    with ready(options.seed) as bench:
        before = bench.shop.traces()
        for number, fault in enumerate(chosen, start=1):
            verdict = judge(bench, fault, before)
            verdicts.append(verdict)
            if not verdict.passed:
                before = bench.shop.traces()  # count leftovers once
            report(verdict, number, len(chosen))
    head = ("", "fault", "", "exit", "took", "answers", "failed", "next", "")
    print(table(head, [verdict.row(number) for number, verdict in enumerate(verdicts, start=1)]))
    failed = [verdict for verdict in verdicts if not verdict.passed]
    print(f"\n{len(verdicts) - len(failed)} of {len(verdicts)} passed")
    sys.exit(bool(failed))


def report(verdict: Verdict, number: int, count: int) -> None:
    """Print the progress on stderr, with the details of a failure."""
    print(f"[{number}/{count}]", *verdict.row(number)[1:], sep="  ", file=sys.stderr)
    if not verdict.passed:
        for line in (*verdict.failures[:5], verdict.result.output, verdict.next.output):
            print(f"    {line.strip()}".replace("\n", "\n    "), file=sys.stderr)


if __name__ == "__main__":
    main()
