"""Fifty deploys to a real server, each with a fault: what answers then, and what is left behind.

    python bench/faults.py

After each: the old release answers or the new one does, no request failed (but while the server
itself was down), the next deploy works, and nothing has come to stay. It needs root on Debian.
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
from tests.support.machine import Machine, booted, image  # noqa: E402
from tests.support.shipping import Done, Left, Shop  # noqa: E402
from tests.support.visitors import Visitors  # noqa: E402
from tests.support.web import fetch, free_port  # noqa: E402

KEPT = 5  # releases
PACKAGES = ("", "humanize", "toolz", "tabulate")  # small ones; each is another environment
STEPS = ("send", "receive", "try", "start", "stop")  # as flaskdash says them
LATEST = 1.0  # seconds into a step
AWAY = 60.0  # seconds until a server that was down has to answer


class Bench:
    """The project and its server, and what befalls them."""

    def __init__(self, shop: Shop, seed: int) -> None:
        self.shop, self.random = shop, random.Random(seed)
        self.machine: Machine = shop.machine
        self.kept = shop.project.parent / "kept"
        self.number = 0

    def prepare(self) -> None:
        """Lock the project with each package, and keep its files as they are."""
        for package in PACKAGES:
            work = self.kept / (package or "none")
            work.mkdir(parents=True)
            for name in ("pyproject.toml", "uv.lock", ".python-version"):
                shutil.copy(self.shop.project / name, work)
            if package:
                uv("add", "--quiet", "--no-sync", package, cwd=work)
        shutil.copytree(self.shop.project / "app", self.kept / "app")
        shutil.copy(self.shop.project / "Procfile", self.kept)

    def restore(self) -> None:
        """Put the project's files back as they were."""
        shutil.rmtree(self.shop.project / "app")
        shutil.copytree(self.kept / "app", self.shop.project / "app")
        shutil.copy(self.kept / "Procfile", self.shop.project)
        self.lock()

    def lock(self) -> None:
        """Let the project depend on what it is the turn of."""
        package = PACKAGES[self.number % len(PACKAGES)]
        for name in ("pyproject.toml", "uv.lock"):
            shutil.copy(self.kept / (package or "none") / name, self.shop.project)

    def change(self, *, heavy: bool = False) -> None:
        """Change the code, and if `heavy` the dependencies too."""
        self.number += heavy
        self.lock()
        self.shop.change(f"change {time.monotonic()}")

    def start(self, step: str) -> subprocess.Popen[bytes]:
        """Start a deploy; return when it has said that it does something, and a random while later."""
        self.shop.pass_slow_rules()
        process = self.shop.start("deploy")
        while process.poll() is None and f"\n{step} " not in self.shop.output():
            time.sleep(0.01)
        with suppress(subprocess.TimeoutExpired):
            process.wait(self.random.random() * LATEST)
        return process

    def deploy(self, **variables: str) -> Done:
        """Deploy from beginning to end; what is tried here comes after the slow rules."""
        self.shop.pass_slow_rules()
        return self.shop.run("deploy", **variables)

    def finish(self, process: subprocess.Popen[bytes], began: float) -> Done:
        """Wait for a deploy to end."""
        code = self.shop.wait(process, 900)
        return Done(code, self.shop.output(), time.monotonic() - began)


Act = Callable[[Bench], Done]


@dataclass(frozen=True)
class Fault:
    """A deploy that meets a fault; `down` where the server itself is away for a while."""

    group: str
    what: str
    act: Act
    down: bool = False


@dataclass(frozen=True)
class Verdict:
    """What came of it."""

    fault: Fault
    done: Done
    answers: str
    requests: int
    failures: list[str]
    next: Done
    complaints: list[str]

    @property
    def fine(self) -> bool:
        """Tell whether all is as it has to be."""
        return not self.complaints

    def row(self, number: int) -> list[str]:
        """Return its line of the table."""
        failed = f"{len(self.failures)} of {self.requests}"
        return [
            str(number),
            self.fault.group,
            self.fault.what,
            str(self.done.code),
            f"{self.done.seconds:.0f} s",
            self.answers,
            failed,
            f"{self.next.code}, {self.next.seconds:.0f} s",
            "ok" if self.fine else "; ".join(self.complaints),
        ]


# --- a release that is not fit ---

THERE = 'import os as _os\n\nif _os.environ.get("HOME") == "/home/dash":\n'
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
    """Return code with which the server does something at some requests."""
    return f"""
    @app.before_request
    def _():
        if {condition}:
            {then}
"""


def with_code(file: str, text: str) -> Act:
    """Deploy with more code in a file of the project."""

    def act(bench: Bench) -> Done:
        bench.change()
        path = bench.shop.project / file
        path.write_text(path.read_text("utf-8") + "\n" + text, "utf-8")
        return bench.deploy()

    return act


def with_text(file: str, pattern: str, to: str) -> Act:
    """Deploy with another text in a file of the project."""

    def act(bench: Bench) -> Done:
        bench.change()
        path = bench.shop.project / file
        text, count = re.subn(pattern, to, path.read_text("utf-8"))
        assert count, f"no {pattern} in {file}"
        path.write_text(text, "utf-8")
        return bench.deploy()

    return act


def app(body: str) -> Act:
    """Deploy an application that does something else on the server."""
    return with_code("app/__init__.py", BODY.format(body))


UP, PAGE = 'request.path == "/up"', 'request.path != "/up"'
LATER = """
    import threading
    threading.Timer({}, lambda: os.kill(os.getppid(), 9)).start()
"""
RELEASES = [
    ("code that is no Python", with_code("app/__init__.py", "def (")),
    ("raises at import", with_code("app/__init__.py", THERE + "    raise RuntimeError('no')")),
    ("raises in create_app", app('    raise RuntimeError("no")')),
    ("answers 500 everywhere", app(before_request("True", "raise RuntimeError"))),
    ("answers 500 at dashboards", app(before_request(PAGE, "raise RuntimeError"))),
    ("answers 500 at /up", app(before_request(UP, "raise RuntimeError"))),
    ("hangs at import", with_code("app/__init__.py", THERE + "    import time; time.sleep(999)")),
    ("hangs everywhere", app(before_request("True", "time.sleep(999)"))),
    ("hangs at dashboards", app(before_request(PAGE, "time.sleep(999)"))),
    ("says another release", app('    app.config["RELEASE"] = "20200101-000000"')),
    ("its workers die at a request", app(before_request("True", "os._exit(1)"))),
    ("dies 1 s after its start", app(LATER.format(1))),
    ("its loader raises", with_code("app/loaders/sales.py", THERE + "    load = None")),
    ("Procfile names no program", with_text("Procfile", "web: .*", "web: no-such-program")),
    ("Procfile without a colon", with_text("Procfile", "web: ", "web ")),
]
PACKAGE_FAULTS = [
    ("imports what is not locked", with_code("app/__init__.py", THERE + "    __import__('scipy')")),
    ("gunicorn is not locked", with_text("pyproject.toml", r'\n *"gunicorn[^\n]*', "")),
    (
        "uv.lock is stale",
        with_text("pyproject.toml", "dependencies = \\[", 'dependencies = [\n"six",'),
    ),
]


# --- a server that is not fit, or not there ---


def full(leave: int, *, heavy: bool = False) -> Act:
    """Deploy to a disk with so many bytes free."""

    def act(bench: Bench) -> Done:
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
    """Let something happen in a step of a deploy."""

    def act(bench: Bench) -> Done:
        bench.change(heavy=heavy)
        began = time.monotonic()
        process = bench.start(step)
        happen(bench, process)
        return bench.finish(process, began)

    return act


def cut(bench: Bench, _: object) -> None:
    """Cut the connection."""
    bench.machine.cut()


def stall(bench: Bench, process: subprocess.Popen[bytes]) -> None:
    """Let nothing come through any more, until flaskdash has given up."""
    pids = bench.machine.sessions()
    bench.machine.run(f"kill -STOP {' '.join(map(str, pids)) or 0}", user="root")
    bench.shop.wait(process, 900)
    bench.machine.cut()


def kill(_: Bench, process: subprocess.Popen[bytes]) -> None:
    """End flaskdash as kill -9 does."""
    process.kill()


def kill_there(bench: Bench, _: object) -> None:
    """End what runs on the server for the deploy."""
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
    """Restart the server with no word to its processes."""
    bench.machine.reboot(gently=False)


def at_the_time(offset: str) -> Act:
    """Deploy from a computer whose clock is wrong."""
    preload = next((image() / "usr/lib").glob("*/faketime/libfaketime.so.1"))
    variables = {"LD_PRELOAD": str(preload), "FAKETIME": offset, "NO_FAKE_STAT": "1"}

    def act(bench: Bench) -> Done:
        bench.change()
        return bench.deploy(**variables)

    return act


def at_another_time_there(bench: Bench) -> Done:
    """Deploy to a server whose clock is wrong."""
    bench.change()
    bench.machine.shift_clock("-3d")
    try:
        return bench.deploy()
    finally:
        bench.machine.shift_clock("")


def after(command: str) -> Act:
    """Deploy after a command on the server."""

    def act(bench: Bench) -> Done:
        bench.change()
        bench.machine.run(command)
        return bench.deploy()

    return act


def twice(bench: Bench) -> Done:
    """Deploy from two computers at once."""
    bench.change()
    other = bench.shop.project.parent / "other"
    shutil.copytree(
        bench.shop.project, other, symlinks=True, ignore=shutil.ignore_patterns(".venv")
    )
    (other / ".venv").symlink_to(bench.shop.project / ".venv")
    second = Shop(other, bench.machine, bench.shop.port)
    second.pass_slow_rules()
    begin = threading.Thread(target=second.run, args=["deploy"])
    begin.start()
    try:
        return bench.deploy()
    finally:
        begin.join()
        shutil.rmtree(other)


def faults() -> list[Fault]:
    """Return all of them."""
    found = [Fault("release", what, act) for what, act in RELEASES]
    found += [Fault("packages", what, act) for what, act in PACKAGE_FAULTS]
    found += [
        Fault("disk full", "before, to the last byte", full(0)),
        Fault("disk full", "before, 1 MB free", full(1 << 20)),
        Fault("disk full", "before, 4 MB free, new packages", full(4 << 20, heavy=True)),
        Fault("disk full", "midway", midway(fill, "receive", heavy=False)),
        Fault("disk full", "midway, new packages", midway(fill, "install", heavy=True)),
        Fault("cut off", "nothing comes through", midway(stall, "receive", heavy=False)),
    ]
    for group, happen in (("cut off", cut), ("kill -9", kill)):
        for step in STEPS:
            found.append(Fault(group, f"at {step}", midway(happen, step, heavy=False)))
        for step in ("send", "install"):
            what = f"at {step}, new packages"
            found.append(Fault(group, what, midway(happen, step, heavy=True)))
    for step in ("install", "start"):
        found.append(
            Fault("killed there", f"at {step}", midway(kill_there, step, heavy=step == "install"))
        )
    for step, happen in zip(STEPS[1:], (reboot, lose_power) * 2, strict=True):
        what = f"{'reboot' if happen is reboot else 'power lost'} at {step}"
        found.append(Fault("server down", what, midway(happen, step, heavy=False), down=True))
    return [
        *found,
        Fault("clock", "3 days late here", at_the_time("-3d")),
        Fault("clock", "400 days early here", at_the_time("+400d")),
        Fault("clock", "3 days late there", at_another_time_there),
        Fault(".env", "there is none", after("rm ~/flaskdash/*/shared/.env")),
        Fault(".env", "it is empty", after("truncate --size 0 ~/flaskdash/*/shared/.env")),
        Fault("two at once", "from two computers", twice),
    ]


# --- what came of it ---


def judge(bench: Bench, fault: Fault, before: Left) -> Verdict:
    """Deploy with the fault, then once more without; say what was wrong in between."""
    shop, complaints = bench.shop, []
    old = shop.answers()
    with visiting(shop, fault.down) as visitors:
        done = fault.act(bench)
        bench.restore()
        live = shop.await_answer(AWAY)
        told = {shop.answers() for _ in range(12)} if live else set()
        answers = (
            "both" if len(told) > 1 else "old" if live == old else "new" if live else "NEITHER"
        )
        if answers == "both":
            complaints.append("two releases answer by turns")
        if not live or fetch(shop.url)[0] != 200:
            complaints.append("the dashboard does not answer")
        if (done.code == 0 and answers == "old") or (done.code in (2, 3, 4) and answers == "new"):
            complaints.append(f"exit code {done.code}, and the {answers} release answers")
        ours = any(f"flaskdash/{folder}/" in done.output for folder in ("check", "deploy", "ship"))
        if "Traceback" in done.output and ours:
            complaints.append("a traceback")
    with visiting(shop) as later:
        bench.change()
        following = bench.deploy()
        if following.code or shop.answers() in (live, ""):
            complaints.append(f"the next deploy: exit code {following.code}")
    complaints += shop.leaks(before)
    kept = bench.machine.run("ls -d ~/flaskdash/*/releases/* | wc -l")
    if int(kept) > KEPT:
        complaints.append(f"{kept.strip()} releases are kept")
    seen = [one for one in (visitors, later) if one is not None]
    failures = [line for one in seen for line in one.failures]
    if failures:
        complaints.append(f"{len(failures)} requests failed")
    total = sum(one.total + len(one.failures) for one in seen)
    return Verdict(fault, done, answers, total, failures, following, complaints)


@contextmanager
def visiting(shop: Shop, down: bool = False) -> Iterator[Visitors | None]:
    """Have visitors ask all the while, unless the server is to go down."""
    with nullcontext(None) if down else Visitors(shop.url, ["/up", "/"], pause=0.1) as visitors:
        yield visitors


def uv(*args: str, cwd: Path) -> None:
    """Run uv in a folder."""
    subprocess.run([sys.executable, "-m", "uv", *args], cwd=cwd, check=True)


@contextmanager
def ready(seed: int) -> Iterator[Bench]:
    """Lend a project that was deployed to a new server."""
    folder = Path(tempfile.mkdtemp(prefix="flaskdash-faults-"))
    try:
        (folder / "sales.csv").write_text(sales_csv(), "utf-8")
        new = [sys.executable, "-m", "flaskdash", "new", "shop", "--data", "sales.csv", "--no-git"]
        subprocess.run(new, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        with booted() as machine:
            bench = Bench(Shop(folder / "shop", machine, free_port()), seed)
            done = bench.shop.deploy("--yes")
            assert done.code == 0, done.output
            bench.prepare()  # the target is remembered now
            yield bench
    finally:
        shutil.rmtree(folder)


def main() -> None:
    """Meet each fault, and print a table of what came of it."""
    parser = argparse.ArgumentParser(description="Deploys with a fault each.")
    parser.add_argument(
        "--only", metavar="WORDS", default="", help="those whose line has these words"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the random moments [default: 1]")
    options = parser.parse_args()
    chosen = [one for one in faults() if options.only in f"{one.group} {one.what}"]
    random.Random(options.seed).shuffle(chosen)  # one fault may bring out another's traces
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the machine is ended then, too
    verdicts: list[Verdict] = []
    with ready(options.seed) as bench:
        before = bench.shop.left()
        for number, fault in enumerate(chosen, start=1):
            verdict = judge(bench, fault, before)
            verdicts.append(verdict)
            if not verdict.fine:
                before = bench.shop.left()  # what was left counts once
            tell(verdict, number, len(chosen))
    head = ("", "fault", "", "exit", "took", "answers", "failed", "next", "")
    print(table(head, [one.row(number) for number, one in enumerate(verdicts, start=1)]))
    bad = [one for one in verdicts if not one.fine]
    print(f"\n{len(verdicts) - len(bad)} of {len(verdicts)} as they have to be")
    sys.exit(bool(bad))


def tell(verdict: Verdict, number: int, of: int) -> None:
    """Say on stderr how far it is, and what there is to look at."""
    print(f"[{number}/{of}]", *verdict.row(number)[1:], sep="  ", file=sys.stderr)
    if not verdict.fine:
        for line in (*verdict.failures[:5], verdict.done.output, verdict.next.output):
            print(f"    {line.strip()}".replace("\n", "\n    "), file=sys.stderr)


if __name__ == "__main__":
    main()
