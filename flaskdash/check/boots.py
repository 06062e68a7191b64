"""A rule about the start: the project boots as in production, from the shipped files alone."""

from __future__ import annotations

import http.client
import json
import re
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from flaskdash import shell
from flaskdash.check.rule import Finding
from flaskdash.errors import FlaskdashError
from flaskdash.project import Project, contents, dotenv
from flaskdash.serve.listen import free_port
from flaskdash.serve.prod import as_exec, variables, web_command
from flaskdash.ship import files

HOST = "127.0.0.1"
BOOT_SECONDS = 60  # the limit of hosting platforms
READ_SECONDS = 120  # for the first snapshots
RELEASE = "preflight"
TOKEN = secrets.token_hex()  # opens all pages of the project that this starts
FAILED = "This chart could not be drawn"
FIX = "flaskdash serve --prod (its log has the error)"
SIGN_IN = frozenset({301, 302, 303, 307, 308, 401, 403})  # answers that ask to sign in
CLOSED = "/ asks to sign in, so its charts were not looked at: README.md, 'Add a login'"
OPEN = "Let /up and /ready through without a sign-in: README.md, 'Add a login'"


def boots(project: Project) -> Iterator[Finding]:
    """Start the web line in a copy of the shipped files; request each dashboard and chart."""
    if sys.platform == "win32":
        yield Finding("the project was not started: gunicorn does not run on Windows", is_note=True)
        return
    if not project.python.exists():
        return  # the rule of the environment reports it
    with _started(project) as (port, process, log):
        if problem := _wait_until_up(process, port):
            yield Finding(f"{problem}: {_error_line(log)}", FIX)
            return
        if (status := _get(port, "/up")[0]) in SIGN_IN:
            yield Finding(f"/up answers {status}, but servers ask it without a sign-in", OPEN)
            return
        answer = _get(port, "/up")[1]
        if answer.split() != ["up", RELEASE]:
            yield Finding(
                f"/up answers {answer.strip()[:60]!r}, not 'up' and the text of .release, so a deploy"
                " cannot recognise the new version",
                "Copy app/config.py and app/health.py from a new project",
            )
            return
        yield from _check_pages(project, port, log)


@contextmanager
def _started(project: Project) -> Iterator[tuple[int, shell.Process, Path]]:
    command = as_exec(web_command(project))
    with tempfile.TemporaryDirectory(prefix="flaskdash-") as folder:
        root = Path(folder, "app")
        for path in files.shipped(project):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(project.root / path, root / path)
        (root / ".release").write_text(f"{RELEASE}\n", "utf-8")
        port = free_port(HOST, 0)
        log = Path(folder, "log")
        env = _environment(project, port)
        with shell.running(["sh", "-c", command], root, env, log) as process:
            yield port, process, log


def _environment(project: Project, port: int) -> Mapping[str, str | None]:
    """Return the settings of a target: those of .env, with values for this test."""
    return {
        **dotenv(project.root / ".env"),
        **variables(project, HOST, port),
        "INSTANCE_PATH": "instance",
        "SECRET_KEY": secrets.token_hex(),
        "CHECK_TOKEN": TOKEN,
        "WEB_CONCURRENCY": "1",
    }


def _wait_until_up(process: shell.Process, port: int) -> str:
    """Wait until /up answers; return a sentence if it does not, else ""."""
    end = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            return f"the web process ended at its start, with exit code {process.returncode}"
        with suppress(OSError, http.client.HTTPException):
            status, _ = _get(port, "/up", timeout=5)
            return "" if status in {200, *SIGN_IN} else f"/up answers {status}"
        time.sleep(0.05)
    return f"the web process did not answer within {BOOT_SECONDS} s"


def _check_pages(project: Project, port: int, log: Path) -> Iterator[Finding]:
    """Find pages and JSON of charts without status 200, or with a chart that failed."""
    status, text = _get(port, "/ready")  # this starts all loaders
    end = time.monotonic() + READ_SECONDS
    while status == 503 and time.monotonic() < end and not _errors(text):
        time.sleep(0.2)  # each request slows the loaders down
        status, text = _get(port, "/ready")
    for name, error in _errors(text).items():
        yield Finding(f"the loader {name} failed: {error}: {_error_line(log)}", FIX)
    if status in SIGN_IN:
        yield Finding(f"/ready answers {status}, but servers ask it without a sign-in", OPEN)
        return
    if status != 200:
        if not _errors(text):
            yield Finding(f"the data was not read within {READ_SECONDS} s", FIX)
        return
    if _get(port, "/charts/no-such-chart")[0] in SIGN_IN:
        yield Finding(CLOSED, is_note=True)
        return
    queue = ["/", *_json(project)]
    for url in queue:  # it grows while the loop runs
        status, text = _get(port, url)
        failed = text.count(FAILED) if status == 200 else 0
        if status not in (200, 302) or failed:
            problem = f"shows {failed} failed chart(s)" if failed else f"answers {status}"
            yield Finding(f"{url} {problem}: {_error_line(log)}", FIX)
        elif url == "/":  # the project's tests request the pages of single charts
            links = re.findall(r'href="(/dashboards/[^"?#]+)"', text)
            queue += dict.fromkeys(links)


def _json(project: Project) -> Iterator[str]:
    with suppress(FlaskdashError):
        for chart in contents.charts(project).values():
            address = f"/charts/{chart.name.replace('_', '-')}"
            yield f"{address}/{'figure' if chart.kind == 'figure' else 'data'}.json"


def _errors(ready: str) -> dict[str, str]:
    """Return the error of each loader that failed, from the JSON of /ready."""
    with suppress(ValueError, KeyError, AttributeError, TypeError):
        return {
            name: state["error"]
            for name, state in json.loads(ready)["loaders"].items()
            if state["error"]
        }
    return {}


def _get(port: int, url: str, timeout: float = 60) -> tuple[int, str]:
    """Return the status and the text of a page, without a proxy."""
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout)
    try:
        headers = {"Host": "localhost", "X-Check-Token": TOKEN}
        connection.request("GET", url, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    finally:
        connection.close()


def _error_line(log: Path) -> str:
    """Return the last exception in the log, else its last line."""
    lines = [
        line.strip() for line in log.read_text("utf-8", "replace").splitlines() if line.strip()
    ]
    errors = [
        line for line in lines if re.match(r"(\w+\.)*\w*(Error|Exception|Exit)\b(: |$)", line)
    ]
    return ([*lines[-1:], *errors[-1:]] or ["it printed nothing"])[-1][:300]
