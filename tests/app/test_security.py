"""A short version of bench/security.py, and what it led to."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.projects import add_parts, inside, run
from tests.support.web import fetch, serving

HOSTILE = Path(__file__).parents[2] / "bench/hostile.py"
SIGN_IN = """
from app.blueprints.accounts import sessions
from app.blueprints.accounts.models import Session, User
from app.blueprints.database import db

flask_app.test_cli_runner().invoke(args=["release"], catch_exceptions=False)
with flask_app.app_context():
    ann = User(email="ann@example.com", role="admin")
    db.session.add(Session(id=sessions.digest("sent"), user=ann, address="", agent=""))
    db.session.commit()
"""


@pytest.fixture(scope="module")
def closed(shared_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("security") / "shop"
    form = ["add-form", "orders", "--field", "product:text:required", "--field", "price:number"]
    upload = ["add-form", "--upload", "sales"]
    return add_parts(shared_project, root, ["add-auth", "--passkeys"], ["add-api"], form, upload)


def test_hostile_requests_find_nothing(closed: Path) -> None:
    command = [closed / ".venv/bin/python", HOSTILE, "60"]
    answer = subprocess.run(command, cwd=closed, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    results = json.loads(answer.stdout)
    assert [findings for *_, findings in results if findings] == []
    cases = {(option, check): count for option, check, count, _ in results}
    assert cases["auth", "open redirect"] >= 20
    assert cases["auth", "CSRF"] > 40
    assert cases["api", "SQL injection"] >= 60
    assert cases["passkeys", "mutated passkeys"] > 40
    assert cases["passkeys", "brute force"] == 80
    assert cases["form", "SQL injection"] > 15
    assert cases["upload", "SQL injection"] > 40


def test_a_session_that_ended_is_void_in_all_workers(closed: Path) -> None:
    inside(closed, SIGN_IN)
    cookie = {"Cookie": "__Host-sign-in=sent"}
    with serving(closed, SECRET_KEY="test", WEB_CONCURRENCY="2") as url:
        assert {fetch(f"{url}/account", **cookie)[0] for _ in range(12)} == {200}
        run(closed, "python", "-m", "flask", "user", "sessions", "ann@example.com", "--end")
        assert {fetch(f"{url}/account", **cookie)[0] for _ in range(12)} == {401}


def test_browsers_are_told_to_stay_with_tls_behind_tls_alone(project: Path) -> None:
    code = """
def hsts(address, **headers):
    base = {"REMOTE_ADDR": address}
    answer = client.get("/up", headers=headers, environ_base=base)
    return answer.headers.get("Strict-Transport-Security")

https = {"X-Forwarded-Proto": "https"}
print(hsts("127.0.0.1", **https), hsts("127.0.0.1"), hsts("9.9.9.9", **https))
flask_app.config["HSTS"] = ""
print(hsts("127.0.0.1", **https), "camera=()" in client.get("/up").headers["Permissions-Policy"])
"""
    assert inside(project, code).split() == ["max-age=31536000", "None", "None", "None", "True"]


def test_a_figure_without_rows_is_empty(project: Path) -> None:
    code = """
flask_app.config["CHECK_TOKEN"] = "check"  # the project may have accounts
for chart in engine.charts.values():
    if chart.kind == "figure":
        answer = get(f"/charts/{chart.slug}/figure.json?region=none", **{"X-Check-Token": "check"})
        print(answer.status_code, answer.json["data"])
"""
    assert set(inside(project, code).splitlines()) == {"200 []"}
