"""What a cached page costs somebody who is signed in, beside one of a project without accounts.

    python bench/signed_in.py [ROUNDS]     # 5 rounds of 2 x 2,000 requests

Both projects are served in this run, and asked in turns. What counts is the processor time of the
server's processes, from /proc. The exit code is 1 if the ratio misses its target.
"""

import http.client
import os
import subprocess
import sys
import tempfile
import time
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

from load import CODING
from measure import Ratio, in_turns
from security import run
from server import HOST, Running, gunicorn

REQUESTS, TARGET = 2_000, 1.2
COOKIE = {"Cookie": "__Host-sign-in=sent"}
SESSION = """
from app import create_app
from app.blueprints.accounts import sessions
from app.blueprints.accounts.models import Session, User
from app.blueprints.database import db

with create_app().app_context():
    ann = User(email="ann@example.com")
    db.session.add(Session(id=sessions.digest("sent"), user=ann, address="", agent=""))
    db.session.commit()
"""


def micros(project: Path, server: Running, headers: dict[str, str]) -> float:
    """Return the microseconds of processor time that the server takes for a request."""
    before = _processor_seconds(project)
    with closing(http.client.HTTPConnection(HOST, server.port, timeout=60)) as connection:
        for _ in range(REQUESTS):
            connection.request("GET", "/", headers=CODING | headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != http.HTTPStatus.OK:
                raise RuntimeError(f"/: {answer.status}")
    return 1e6 * (_processor_seconds(project) - before) / REQUESTS


def _processor_seconds(project: Path) -> float:
    """Return the processor time of all processes that work in a project."""
    ticks = 0
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").readlink() == project:
                fields = (process / "stat").read_text("utf-8").rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def wait_for_data(server: Running) -> None:
    while True:
        with closing(http.client.HTTPConnection(HOST, server.port, timeout=60)) as connection:
            connection.request("GET", "/ready")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        time.sleep(0.5)


def main() -> int:
    """Print the ratio; return 1 if it misses its target."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory(prefix="flaskdash-signed-in-") as folder:
        anonymous, closed = Path(folder) / "open", Path(folder) / "closed"
        for project in (anonymous, closed):
            run(project.parent, "new", project.name, "--no-git")
        run(closed, "add-auth")
        python = closed / ".venv/bin/python"
        with (
            gunicorn(anonymous / ".venv/bin/python", "app:create_app()", anonymous, {}) as first,
            gunicorn(python, "app:create_app()", closed, {}) as second,
        ):
            subprocess.run([python, "-c", SESSION], cwd=closed, check=True)
            for server in (first, second):
                wait_for_data(server)
            takers = {
                "open": partial(micros, anonymous, first, {}),
                "signed in": partial(micros, closed, second, COOKIE),
            }
            in_turns(1, takers)  # builds the answers
            samples = in_turns(rounds, takers)
    ratio = Ratio(
        "a cached page: us of processor",
        "signed in",
        samples["signed in"],
        "without accounts",
        samples["open"],
        TARGET,
    )
    print(ratio)
    return not ratio.met


if __name__ == "__main__":
    sys.exit(main())
