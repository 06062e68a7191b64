"""A project with accounts: its own tests and checks, and people who sign in with a real browser."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from flaskdash.check import boots
from flaskdash.project import Project
from tests.support.accounts import PASSWORD, choose_password, link
from tests.support.fixtures import Cli
from tests.support.projects import (
    add_parts,
    check_own_code,
    close_dashboards,
    copy_chart,
    replace_in,
    run,
)
from tests.support.web import fetch, serving


@pytest.fixture(scope="module")
def stocked(shared_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with accounts, a chart for admins alone, and a dashboard for editors."""
    root = add_parts(shared_project, tmp_path_factory.mktemp("accounts") / "shop", ["add-auth"])
    copy_chart(root, "revenue_by_region", "plan", ["Board"])
    copy_chart(root, "revenue_by_region", "open_plan", ["Board", "Plans"])
    close_dashboards(root, {"Board": ["editor"]})
    replace_in(root, "charts/revenue_by_region.py", ("\nORDER = ", '\nROLES = ["admin"]\nORDER = '))
    return root


def user(shop: Path, *args: str) -> str:
    return run(shop, "python", "-m", "flask", "user", *args)


def test_passes_its_own_checks(shop: Path) -> None:
    check_own_code(shop)


def test_its_files_are_short(stocked: Path) -> None:
    files = [*stocked.glob("app/blueprints/accounts/**/*.py"), *stocked.glob("tests/*.py")]
    assert max(len(path.read_text("utf-8").splitlines()) for path in files) <= 250
    code = [path for path in files if path.parent.name == "accounts" and path.name != "testing.py"]
    assert sum(len(path.read_text("utf-8").splitlines()) for path in code) <= 1_334


def test_a_check_sees_all_pages_and_an_export_is_refused(shop: Path, flaskdash: Cli) -> None:
    assert [*boots.boots(Project.find(shop))] == []
    output = flaskdash("deploy", "static", code=3).output
    assert "/ asks to sign in, and a static copy cannot" in output


def test_who_sees_counts_the_charts_of_dashboards_with_roles(shop: Path) -> None:
    lines = [line.split() for line in user(shop, "who-sees").splitlines()]
    assert lines[0] == ["dashboard", "viewer", "editor", "admin"]
    assert ["Board", *("0", "charts"), *("2", "charts"), *("2", "charts")] in lines
    assert ["Plans", *("1", "chart"), *("1", "chart"), *("1", "chart")] in lines


def test_users_are_managed_by_the_command_line(shop: Path) -> None:
    assert "Open this once" in user(shop, "add", "ann@example.com", "--role", "admin", "--link")
    answer = subprocess.run(
        [sys.executable, "-m", "flaskdash", "user", "list"],
        cwd=shop,
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.fullmatch(r"ann@example.com +admin +invited\n", answer.stdout)


def test_an_invited_user_signs_in_and_signs_out_everywhere(
    shop: Path, site: str, browser: Browser
) -> None:
    for path in ("/", "/charts/revenue-by-region/data.json", "/no-such-page"):
        assert fetch(site + path)[0] == 401
    admin, bob, elsewhere = (browser.new_context().new_page() for _ in range(3))
    path = link(user(shop, "add", "ann@example.com", "--role", "admin", "--link"))
    choose_password(admin, site + path)
    admin.wait_for_selector("#revenue-by-region")

    admin.get_by_role("link", name="Account").click()
    admin.get_by_role("link", name="People").click()
    admin.get_by_label("E-mail address").fill("bob@example.com")
    admin.get_by_role("button", name="Invite").click()
    invitation = link(admin.inner_text(".message"))

    choose_password(bob, site + invitation)
    bob.wait_for_selector(".card .js-plotly-plot, .card.kpi")
    assert bob.locator("#revenue-by-region").count() == 0
    assert bob.goto(f"{site}/charts/revenue-by-region").status == 404  # type: ignore[union-attr]
    assert bob.goto(f"{site}/people").status == 403  # type: ignore[union-attr]

    elsewhere.goto(f"{site}/dashboards/overview?region=North")
    assert "/sign-in?next=" in elsewhere.url
    elsewhere.get_by_label("E-mail address").fill("bob@example.com")
    elsewhere.get_by_label("Password").fill(PASSWORD)
    elsewhere.get_by_role("button", name="Sign in", exact=True).click()
    elsewhere.wait_for_url(f"{site}/dashboards/overview?region=North")

    bob.goto(f"{site}/account")
    bob.get_by_role("button", name="Sign out everywhere").click()
    bob.wait_for_url(f"{site}/sign-in")
    elsewhere.reload()
    assert "/sign-in" in elsewhere.url

    with closing(sqlite3.connect(shop / "instance/app.sqlite")) as connection:
        lines = [line for (line,) in connection.execute("SELECT action FROM audit ORDER BY id")]
    assert lines == [
        *("added as admin", "joined", "invited as viewer", "joined", "sign-in", "sessions ended"),
    ]
    for page in (admin, bob, elsewhere):
        page.context.close()


def test_workers_count_failures_together(shop: Path) -> None:
    with serving(shop, SECRET_KEY="test", WEB_CONCURRENCY="2") as url:
        code = f"""
import json, re, urllib.error, urllib.parse, urllib.request
statuses = []
for n in range(9):
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    page = opener.open("{url}/sign-in")
    cookie = page.headers["Set-Cookie"].split(";")[0]
    token = re.search(r'csrf_token" value="([^"]+)"', page.read().decode())[1]
    data = {{"csrf_token": token, "email": "ann@example.com", "password": "guess"}}
    request = urllib.request.Request("{url}/sign-in", urllib.parse.urlencode(data).encode())
    request.add_header("Cookie", cookie)
    try:
        opener.open(request)
    except urllib.error.HTTPError as error:
        statuses.append(error.code)
print(json.dumps(statuses))
"""
        statuses = json.loads(run(shop, "python", "-c", code))
    assert statuses[:5] == [401] * 5
    assert 429 in statuses
