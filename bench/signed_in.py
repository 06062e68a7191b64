"""What a cached page costs somebody who is signed in, beside one of a project without accounts.

    python bench/signed_in.py [ROUNDS]     # 5 rounds of 2 x 2,000 requests, and of 5 x 10 sign-ins

Both projects are served in this run, and asked in turns. Then 5 clients sign in at once, with their
passwords. What counts is the processor time of the server's processes, from /proc. The exit code is 1
if a figure misses its target.
"""

import http.client
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

from load import CODING
from measure import Ratio, in_turns, spread
from security import run
from server import HOST, Running, gunicorn

REQUESTS, TARGET = 2_000, 1.2
CLIENTS, SIGN_INS = 5, 10
MOST_MILLIS = 150  # of processor for a sign-in
PASSWORD = "a quiet harbour"
COOKIE = {"Cookie": "__Host-sign-in=sent"}
SESSION = f"""
from app import create_app
from app.blueprints.accounts import passwords, sessions
from app.blueprints.accounts.models import Session, User
from app.blueprints.database import db

with create_app().app_context():
    ann = User(email="ann@example.com")
    db.session.add(Session(id=sessions.digest("sent"), user=ann, address="", agent=""))
    hashed = passwords.hash_password("{PASSWORD}")
    for n in range({CLIENTS}):
        db.session.add(User(email=f"user{{n}}@example.com", password=hashed))
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


def millis_to_sign_in(project: Path, server: Running) -> float:
    """Return the milliseconds of processor time for a sign-in, while 5 clients sign in at once."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        clients = [
            (f"user{n}@example.com", [_open_form(server) for _ in range(SIGN_INS)])
            for n in range(CLIENTS)
        ]
        before = _processor_seconds(project)
        for statuses in pool.map(lambda client: _sign_in(server, *client), clients):
            if statuses != {http.HTTPStatus.FOUND}:
                raise RuntimeError(f"/sign-in: {statuses}")
        return 1e3 * (_processor_seconds(project) - before) / (CLIENTS * SIGN_INS)


def _open_form(server: Running) -> tuple[str, str]:
    """Return the cookie and the token of a form to sign in."""
    with closing(http.client.HTTPConnection(HOST, server.port, timeout=60)) as connection:
        connection.request("GET", "/sign-in")
        answer = connection.getresponse()
        match = re.search(r'name="csrf_token" value="([^"]+)"', answer.read().decode())
        assert match, answer.status
        return answer.headers["Set-Cookie"].split(";")[0], match[1]


def _sign_in(server: Running, email: str, forms: list[tuple[str, str]]) -> set[int]:
    """Send forms one after another; return the statuses of the answers."""
    statuses = set()
    with closing(http.client.HTTPConnection(HOST, server.port, timeout=60)) as connection:
        for cookie, token in forms:
            headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
            form = {"csrf_token": token, "email": email, "password": PASSWORD}
            connection.request("POST", "/sign-in", urlencode(form), headers)
            answer = connection.getresponse()
            answer.read()
            statuses.add(answer.status)
    return statuses


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
    """Print both figures; return 1 if one misses its target."""
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
            millis_to_sign_in(closed, second)  # imports what a sign-in needs
            sign_ins = [millis_to_sign_in(closed, second) for _ in range(rounds)]
    ratio = Ratio(
        "a cached page: us of processor",
        "signed in",
        samples["signed in"],
        "without accounts",
        samples["open"],
        TARGET,
    )
    print(ratio)
    is_quick = statistics.median(sign_ins) <= MOST_MILLIS
    label = f"a sign-in, {CLIENTS} clients at once: ms of processor"
    print(f"{label}  {spread(sign_ins)}  target <= {MOST_MILLIS} {'ok' if is_quick else 'MISS'}")
    return not (ratio.met and is_quick)


if __name__ == "__main__":
    sys.exit(main())
