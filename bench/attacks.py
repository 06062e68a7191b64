"""Attacks on a new project and on the command line: one line each, what happened, and whether it held.

    [PATIENCE=N] python bench/attacks.py [server] [data] [commands]

All of it is on the loopback and takes about a minute. A line says "held" if the app or the command went on as it
should; the exit code is the number of lines that did not. On a busy machine, times may be PATIENCE times as long.
"""

import gzip
import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
from measure import table
from server import HOST, gunicorn

CLIENTS = 200
PROBES = 4
PATIENCE = float(os.environ.get("PATIENCE", "1"))
MOST_SECONDS = 1.0 * PATIENCE  # for /up while slow clients are connected
MOST_WAIT = 5.0 * PATIENCE  # seconds for a page that was refused: what Retry-After says
MOST_READING = 15.0 * PATIENCE  # seconds for a source
SLOW = {
    "head": b"GET / HTTP/1.1\r\nHost: shop\r\nX-Slow: ",
    "body": b"POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 100000\r\n\r\nname=",
    "idle": b"",
    "read": b"GET /static/vendor/plotly-basic.min.js HTTP/1.1\r\nHost: shop\r\n\r\n" * 8,
}
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "BREW")
PIECES: tuple[str, ...] = (
    "/",
    "..",
    "%2e%2e",
    "%00",
    "charts",
    "dashboards",
    "static",
    "{{7*7}}",
    "<b>",
    "?airline=",
    "&week.from=",
)
PIECES += (
    "%ff",
    "a" * 300,
    "rows-chart",
    ".csv",
    "/data.json",
    "/rows",
    "';--",
    "%0d%0aX: y",
    "vendor",
    "engine",
)
VALUES = (
    *("", "%00", "%ed%a0%80", "%ff", "1e999", "-1e999", "nan", "-0", "1e300", "1_0", "0x10"),
    *("9" * 400, "0000-01-01", "99999-01-01", "9999-12-31", "0001-01-01", "2024-02-30"),
    *("2024-W01-1", "true", "NULL", "%27", "%22", "%5C", "%7B%7B7*7%7D%7D", "$f0", "grain"),
    *("day", "century", "%E2%80%A8", "%E2%80%AE", "%3Cscript%3E", "a" * 5000, "-1", "infinity"),
)
SUFFIXES = ("", "", ".from", ".to", ".has", ".not", ".blank", ".find", ".x")
HOSTS = ("..", "a" * 64, "x..y", "a" * 300)
FOLDERS = (
    "{{7}}",
    "{% if %}",
    "{#",
    '{{cycler.__init__.__globals__.os.mkdir("RUN")}}',
    "a\x1b[31mb",
)
MARK = "attack"  # in each hostile text, so that an answer with it can be searched
HOSTILE = (
    f"<img src=x onerror={MARK}()>",
    f"<script>{MARK}()</script>",
    f"</script><script>{MARK}()</script>",
    f"\"'><svg onload={MARK}()>",
    f"javascript:{MARK}()",
    f"{{{{ {MARK}.__class__ }}}}",
    f"{{% {MARK} %}}",
    f"${{{MARK}}}",
    f"{{0.__class__}}{MARK}",
    f"'; DROP TABLE {MARK};--",
    f'"; {MARK}()#',
    f"__import__('os').mkdir('{MARK}')",
    f"=cmd|'/c {MARK}'!A1",
    f"@SUM({MARK})",
    f"\x1b[31m{MARK}\x1b]0;title\x07",
    f"\u202e{MARK}",
    f"{MARK}\u2028line",
    f"{MARK}\x00nul",
    f"%s%n{MARK}",
    f"../../{MARK}",
    f"\\N{{{MARK}}}",
    f"{MARK}\ud83d",
    MARK * 60,
)
MOST_FILE_BYTES = 20_000  # that a command may write, which stands for a full disk
DEATH = "import os; os.kill(os.getpid(), 9)"
Result = tuple[str, str, bool]


def ask(port: int, path: str, method: str = "GET", host: str = "shop") -> tuple[int, float]:
    """Return the status of an answer, 0 if there is none, and the seconds that it took."""
    start = time.monotonic()
    connection = http.client.HTTPConnection(HOST, port, timeout=30 * PATIENCE)
    status = 0
    with suppress(OSError, http.client.HTTPException, ValueError):
        connection.putrequest(method, path, skip_host=True)
        connection.putheader("Host", host)
        connection.endheaders()
        answer = connection.getresponse()
        answer.read()
        status = answer.status
    connection.close()
    return status, time.monotonic() - start


def slow_clients(port: int) -> Iterator[Result]:
    """Connect slow clients of each kind, and ask for /up meanwhile."""
    for kind, beginning in SLOW.items():
        with ExitStack() as clients:
            connections = [clients.enter_context(socket.socket()) for _ in range(CLIENTS)]
            for connection in connections:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                connection.connect((HOST, port))
                connection.sendall(beginning)
            answers = []
            for _ in range(PROBES):
                for connection in connections if kind == "head" else ():
                    with suppress(OSError):
                        connection.sendall(b"a")
                answers.append(ask(port, "/up"))
                time.sleep(1)
        worst = max(seconds for _, seconds in answers)
        held = all(status == 200 for status, _ in answers) and worst < MOST_SECONDS
        yield f"{CLIENTS} slow clients: {kind}", f"slowest /up {worst:.2f} s", held


def clients_that_leave(port: int) -> Iterator[Result]:
    """Ask for pages that are not cached, and leave at once; then measure what others wait for."""
    for number in range(CLIENTS):
        with socket.create_connection((HOST, port)) as client:
            client.sendall(
                f"GET /?week.from=2000-01-0{number % 9 + 1}&x={number} HTTP/1.1\r\nHost: shop\r\n\r\n".encode()
            )
    cached, up = ask(port, "/"), ask(port, "/up")
    held = cached[0] == up[0] == 200 and max(cached[1], up[1]) < MOST_SECONDS
    yield f"{CLIENTS} clients that leave", f"then / {cached[1]:.2f} s, /up {up[1]:.2f} s", held
    start = time.monotonic()
    statuses = []
    while 200 not in statuses and time.monotonic() < start + MOST_WAIT:  # as Retry-After says
        statuses.append(ask(port, "/?week.to=2030-01-01")[0])
        time.sleep(0.1)
    seconds = time.monotonic() - start
    held = 200 in statuses and {*statuses} <= {200, 503}
    yield "a new page after them", f"{statuses.count(503)} times 503, 200 in {seconds:.1f} s", held


def hosts(port: int) -> Iterator[Result]:
    statuses = {ask(port, path, host=host)[0] for host in HOSTS for path in ("/", "/up", "/none")}
    yield "hosts that cannot be", f"statuses {sorted(statuses)}", statuses == {400}


def fuzz(port: int) -> Iterator[Result]:
    """Send paths and methods that are put together by chance."""
    chance = random.Random(11)
    statuses = []
    for _ in range(600):
        path = "/" + "".join(chance.choices(PIECES, k=chance.randint(1, 6)))
        statuses.append(ask(port, path, chance.choice(METHODS))[0])
    errors = sum(status >= 500 and status != 501 for status in statuses)
    yield "600 requests by chance", f"{errors} errors of the server", errors == 0


def hostile_filters(port: int) -> Iterator[Result]:
    """Filter pages by values that no form offers; each chart must be drawn all the same."""
    chance = random.Random(12)
    fields = re.findall(r'<(?:input|select)[^>]* name="([^".]+)', body(port, "/"))
    names = sorted({"time-step", *fields})
    answers = []
    for _ in range(200):
        query = [
            chance.choice(names) + chance.choice(SUFFIXES) + "=" + chance.choice(VALUES)
            for _ in range(chance.randint(1, 3))
        ]
        answers.append(body(port, chance.choice(["/", *charts(port)]) + "?" + "&".join(query)))
    failed = sum("could not be drawn" in text or "<main" not in text for text in answers)
    yield f"200 hostile filters of {', '.join(names)}", f"{failed} pages failed", failed == 0


def damaged_states(port: int, instance: Path) -> Iterator[Result]:
    """Damage the state of the snapshot, and ask for pages until they are right again."""
    (state,) = instance.glob("*.json")
    valid = json.loads(state.read_text("utf-8"))
    damages = [
        "",
        "[" * 100_000,
        '{"tried": "x", "built": 1}',
        "[1]",
        "\0",
        json.dumps(valid | {"tried": 9e12}),
    ]
    damages += [
        json.dumps(valid | {"file": "../../etc/passwd"}),
        json.dumps(valid | {"rows": "many"}),
    ]
    last = []
    page = charts(port)[0]
    for damage in damages:
        state.write_text(damage, "utf-8")
        deadline = time.monotonic() + 20 * PATIENCE
        while (status := ask(port, page)[0]) != 200 and time.monotonic() < deadline:
            time.sleep(0.5)
        last.append(status)
    yield f"{len(damages)} damaged states", f"then statuses {sorted(set(last))}", set(last) == {200}


def deadly_loader(port: int, project: Path) -> Iterator[Result]:
    """Read a source that kills the process that reads it, and ask for pages meanwhile."""
    (loader,) = project.glob("app/loaders/[a-z]*.py")
    code = loader.read_text("utf-8")
    loader.write_text(code.replace("\n    return", f"\n    {DEATH}\n    return", 1), "utf-8")
    answers, error = [], ""
    deadline = time.monotonic() + 60 * PATIENCE
    while not error and time.monotonic() < deadline:
        answers += [ask(port, "/"), ask(port, "/up")]
        with urllib.request.urlopen(f"http://{HOST}:{port}/ready") as ready:
            (state,) = json.load(ready)["loaders"].values()
        error = state["error"]
    worst = max(seconds for _, seconds in answers)
    held = {status for status, _ in answers} == {200} and "its process ended" in error
    yield "a loader that kills its process", f"{error}; slowest answer {worst:.2f} s", held


def charts(port: int) -> list[str]:
    """Return the paths of the charts that the first dashboard links to."""
    with urllib.request.urlopen(f"http://{HOST}:{port}/") as page:
        return sorted(set(re.findall(r'href="(/charts/[^"?#/]+)"', page.read().decode())))


def public_state(port: int) -> Iterator[Result]:
    """Ask from outside what /ready says about the loaders."""
    request = urllib.request.Request(f"http://{HOST}:{port}/ready")
    request.add_header("X-Forwarded-For", "203.0.113.7")
    with urllib.request.urlopen(request) as ready:
        fields = {key for state in json.load(ready)["loaders"].values() for key in state}
    yield "/ready", f"shows {', '.join(sorted(fields))}", not fields & {"signature", "file", "code"}


def hostile_data(root: Path) -> Iterator[Result]:
    """Make a project of columns and cells of hostile text, and search its pages for that text."""
    rows = [
        {f"{number} {text}": text for number, text in enumerate(HOSTILE)}
        | {"day": f"2026-01-{day:02}", "amount": day * 10**15, "kind": HOSTILE[day % len(HOSTILE)]}
        for day in range(1, 29)
    ]
    (root / "hostile.json").write_text(json.dumps(rows), "utf-8")
    made = flaskdash("new", "hostile", "--data", "hostile.json", "--no-git", cwd=root)
    if made.returncode:
        yield f"new with {len(HOSTILE)} hostile columns", made.stderr.decode()[-80:], False
        return
    project = root / "hostile"
    with gunicorn(
        project / ".venv/bin/python", "app:create_app()", project, {"SECRET_KEY": "x" * 32}
    ) as server:
        wait_until_ready(server.port)
        paths = ["/", "/charts/none", *charts(server.port)]
        bodies = [body(server.port, path) for path in paths]
    page = Page()
    for text in bodies:
        page.feed(text)
    ran = [*project.rglob(MARK), *root.glob(MARK)]
    yield (
        f"{len(HOSTILE)} hostile columns and cells",
        f"{len(paths)} pages of {page.tags} tags, {len(page.hostile)} of them hostile",
        len(paths) > 3 and not page.hostile and not ran,
    )


class Page(HTMLParser):
    """Collects the elements of pages that hostile text has brought."""

    def __init__(self) -> None:
        super().__init__()
        self.tags = 0
        self.hostile: list[str] = []
        self._is_code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags += 1
        values = dict(attrs)
        self._is_code = tag == "script" and values.get("type") != "application/json"
        link = (values.get("href") or values.get("src") or "").strip().lower()
        if any(name.startswith("on") for name in values) or link.startswith(("javascript:", "x")):
            self.hostile.append(tag)

    def handle_data(self, data: str) -> None:
        if self._is_code and MARK in data:
            self.hostile.append("script")
        self._is_code = False


def body(port: int, path: str) -> str:
    """Return the text of a page, whatever its status."""
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}{path}") as page:
            return str(page.read().decode("utf-8", "replace"))
    except urllib.error.HTTPError as error:
        with error:
            return error.read().decode("utf-8", "replace")


def kills(root: Path) -> Iterator[Result]:
    """Kill `new` at moments of its work; its next run cleans up."""
    folder = root / "kills"
    temporary = folder / "t"
    temporary.mkdir(parents=True)
    new = [sys.executable, "-m", "flaskdash", "new", "shop", "--no-install", "--no-git"]
    env = os.environ | {"TMPDIR": str(temporary)}
    halves = 0
    for number in range(8):
        process = subprocess.Popen(new, cwd=folder, env=env, stdout=-3, stderr=-3)
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.2 + number * 0.2)
        process.send_signal(signal.SIGKILL)
        process.wait()
        halves += (folder / "shop").exists() and not (folder / "shop/app/__init__.py").exists()
    subprocess.run([*new[:4], "last", *new[5:]], cwd=folder, env=env, capture_output=True)
    left = {path.name for path in (*folder.iterdir(), *temporary.iterdir())} - {"shop", "last", "t"}
    is_whole = (folder / "last/app/__init__.py").exists()
    yield (
        "new killed 8 times",
        f"{halves} halves, left {sorted(left)}",
        not (halves or left) and is_whole,
    )


def full_disk(root: Path) -> Iterator[Result]:
    """Let `new` write only small files, as on a full disk."""
    folder = root / "full"
    folder.mkdir()
    command = (
        f"ulimit -f {MOST_FILE_BYTES // 512}; exec {sys.executable} -m flaskdash new shop --no-git"
    )
    done = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True)
    left = [path.name for path in folder.iterdir()]
    held = done.returncode == 1 and not left and "Traceback" not in done.stderr
    yield "new on a full disk", f"exit code {done.returncode}, left {left}", held


def sources(root: Path) -> Iterator[Result]:
    """Inspect sources that are no data, or more than a machine can hold."""
    folder = root / "sources"
    folder.mkdir()
    (folder / "empty.csv").touch()
    (folder / "deep.json").write_text("[" * 100_000, "utf-8")
    (folder / "emoji.json").write_text('[{"a": "\\ud83d", "b": 1}, {"a": "x", "b": 2}]', "utf-8")
    (folder / "magic.parquet").write_bytes(b"PAR1" + os.urandom(500) + b"PAR1")
    with gzip.open(folder / "bomb.csv.gz", "wb", 1) as bomb:
        for _ in range(300):
            bomb.write(b"a" * 2**23)
    os.mkfifo(folder / "fifo.csv")
    workbook(folder / "far.xlsx", '<c r="XFD1048576"><v>1</v></c>')
    workbook(folder / "letters.xlsx", '<c r="ZZZZZZZZ3"><v>1</v></c>')
    workbook(folder / "blank.xlsx", "<c/>" * 10**6)
    for source in [*sorted(folder.iterdir()), Path("/dev/zero")]:
        start = time.monotonic()
        done = flaskdash("inspect", source, cwd=root, timeout=60 * PATIENCE)
        seconds = time.monotonic() - start
        held = (
            done.returncode in (0, 1) and b"Traceback" not in done.stderr and seconds < MOST_READING
        )
        yield f"inspect {source.name}", f"exit code {done.returncode} in {seconds:.1f} s", held


def workbook(path: Path, cells: str) -> None:
    """Write a workbook of two columns, whose last row has these cells."""
    book = openpyxl.Workbook()
    for number in range(30):
        book.active.append([f"name {number}", number])
    book.save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    last = f'<row r="31">{cells}</row></sheetData>'.encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content.replace(b"</sheetData>", last))


def folders(root: Path) -> Iterator[Result]:
    """Make projects in folders with hostile names."""
    for name in FOLDERS:
        folder = root / "folders" / name
        folder.mkdir(parents=True)
        code = flaskdash("new", "shop", "--no-install", "--no-git", cwd=folder).returncode
        held = code == 0 and [path.name for path in folder.iterdir()] == ["shop"]
        yield f"new in a folder named {name!r:.30}", f"exit code {code}", held
    names = {path.name for path in (root / "folders").iterdir()}
    yield "no other folder was made", f"{len(names)} folders", names == set(FOLDERS)


def cells(root: Path) -> Iterator[Result]:
    """Inspect files of long cells, for which a bad regular expression takes minutes."""
    for cell in (
        "1." * 1600 + "x",
        "1" * 1600 + "!",
        "1," * 1600 + "x",
        "-" * 3200,
        " " * 3200 + "x",
    ):
        source = root / "cells.csv"
        source.write_text("a,b\n" + f'"{cell}",1\n' * 50, "utf-8")
        start = time.monotonic()
        code = flaskdash("inspect", source, cwd=root, timeout=60 * PATIENCE).returncode
        seconds = time.monotonic() - start
        yield (
            f"inspect cells like {cell[:6]!r}",
            f"exit code {code} in {seconds:.1f} s",
            seconds < MOST_READING and code in (0, 1),
        )


def flaskdash(
    *arguments: object, cwd: Path, timeout: float = 120 * PATIENCE
) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "flaskdash", *map(str, arguments)]
    try:
        return subprocess.run(command, cwd=cwd, capture_output=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124)


def wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + 60 * PATIENCE
    while ask(port, "/")[0] != 200 and time.monotonic() < deadline:
        time.sleep(0.5)


def server(root: Path) -> Iterator[Result]:
    """Attack the server of a project whose first dashboard is cached."""
    made = flaskdash("new", "shop", "--no-git", cwd=root)
    assert made.returncode == 0, made.stderr.decode()
    project = root / "shop"
    variables = {"SECRET_KEY": os.urandom(16).hex()}
    attacks: tuple[Callable[[int], Iterator[Result]], ...] = (
        slow_clients,
        hosts,
        fuzz,
        hostile_filters,
        clients_that_leave,
        public_state,
    )
    with gunicorn(project / ".venv/bin/python", "app:create_app()", project, variables) as running:
        wait_until_ready(running.port)
        for attack in attacks:
            yield from attack(running.port)
        yield from damaged_states(running.port, project / "instance")
        yield from deadly_loader(running.port, project)


GROUPS: dict[str, tuple[Callable[[Path], Iterator[Result]], ...]] = {
    "server": (server,),
    "data": (hostile_data, sources, cells),
    "commands": (kills, full_disk, folders),
}


def main() -> int:
    """Run the attacks of some groups, or all; return how many did not hold."""
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="flaskdash-attacks-") as folder:
        for group in sys.argv[1:] or GROUPS:
            for attack in GROUPS[group]:
                results += attack(Path(folder))
    print(
        table(
            ("attack", "what happened", ""),
            [(a, b, "held" if held else "GAVE WAY") for a, b, held in results],
        )
    )
    return sum(not held for _, _, held in results)


if __name__ == "__main__":
    sys.exit(main())
