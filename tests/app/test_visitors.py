"""Visitors: what is cached for whom, charts with ROLES, and projects with a login of their owner's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flaskdash.check import boots
from flaskdash.project import Project
from tests.support.fixtures import Cli
from tests.support.projects import inside, keep_one_chart, replace_in, run

# Flask's tutorial: the user of the session is loaded before each request.
TUTORIAL = """
    @app.before_request
    def load_logged_in_user() -> None:
        g.user = session.get("user")

    @app.get("/enter/<name>")
    def enter(name: str) -> str:
        session["user"] = name
        return name

    return app
"""
BASIC = """
    @app.before_request
    def require_password() -> Response | None:
        if request.endpoint in {"health.up", "health.ready"} or request.authorization:
            return None
        return Response("Sign in.", 401, {"WWW-Authenticate": "Basic"})

    return app
"""
ROLES = """
    app.extensions["visitor"] = lambda: Visitor(
        frozenset(request.headers.get("X-Roles", "").split()), key=request.headers.get("X-Key", "")
    )
    return app
"""
PAGES = ("", "/rows", "/choices", "/data.json", "/figure.json", ".csv")


def edit(project: Path, code: str, imports: str = "") -> None:
    """Put code before the end of create_app()."""
    pairs = (("\n    return app\n", code), ("from flask import Flask, Response", imports or "\n"))
    replace_in(project, "__init__.py", *(pairs if imports else pairs[:1]))


@pytest.fixture
def tutorial(project: Path) -> Path:
    """Return a project with one chart, where a visitor gets a name."""
    keep_one_chart(project, "revenue_by_region", '["region"]')
    edit(project, TUTORIAL, "from flask import Flask, Response, g, session")
    return project


@pytest.mark.parametrize("name", ["session.user", "g.user"])
def test_a_page_with_the_visitors_name_is_nobody_elses(tutorial: Path, name: str) -> None:
    replace_in(tutorial, "templates/base.html", ("</header>", f"<b>{{{{ {name} }}}}</b></header>"))
    code = """
    def names(client):
        answer = client.get("/")
        print(answer.text.split("<b>")[1].split("</b>")[0], answer.headers["Cache-Control"])

    ann, bob = flask_app.test_client(), flask_app.test_client()
    ann.get("/enter/ann")
    for client in (ann, bob, ann):
        names(client)
    bob.get("/enter/bob")
    names(bob)
    print(len(cached_files()))
    """
    lines = inside(tutorial, code).splitlines()
    nobody = "None" if name == "g.user" else ""
    assert [line.removesuffix("no-store").strip() for line in lines] == [
        "ann",
        nobody,
        "ann",
        "bob",
        "0",
    ]


def test_a_page_that_reads_no_session_is_cached_for_all(project: Path) -> None:
    keep_one_chart(project, "revenue_by_region", '["region"]')
    code = """
    for headers in ({}, {"Authorization": "Basic YTpi"}, {}):
        answer = client.get("/", headers=headers)
        print(answer.status_code, answer.headers["Cache-Control"], "ETag" in answer.headers)
    """
    assert inside(project, code).splitlines() == [
        "200 no-cache True",
        "200 no-store False",
        "200 no-cache True",
    ]


@pytest.fixture
def roles(project: Path) -> Path:
    """Return a project with a chart for admins on the dashboard Costs, and one for everybody."""
    keep_one_chart(project, "revenue_by_region", '["region"]')
    chart = project / "app/charts/revenue_by_region.py"
    for name, more in (
        ("secret", 'ROLES = ["admin"]\nDASHBOARDS = ["Costs"]'),
        ("peer", 'ROLES = ["admin"]'),
    ):
        text = re.sub("FILTERS = .*", 'FILTERS = ["product"]', chart.read_text("utf-8"))
        text = re.sub("TITLE = .*", f'TITLE = "{name}"', text)
        text = re.sub("DASHBOARDS = .*\n", "", text)
        (project / f"app/charts/{name}.py").write_text(f"{text}\n{more}\n", "utf-8")
    return project


ASK = """
app.engine.snapshots.WAIT_SECONDS = 100
flask_app.config["CHECK_TOKEN"] = "t" * 64
def statuses(**headers):
    parts = ("", "/rows", "/choices?product.find=", "/data.json", "/figure.json", ".csv")
    paths = ["/dashboards/costs", *("/charts/secret" + part for part in parts)]
    return [client.get(path, headers=headers).status_code for path in paths]
def first(**headers):
    answer = client.get("/", headers=headers)
    names = [name for name in ("Costs", "peer", "data-column=\\"product\\"") if name in answer.text]
    return names, answer.headers["Cache-Control"]
"""


def test_charts_with_roles_are_hidden_everywhere(roles: Path) -> None:
    edit(
        roles,
        ROLES,
        "from flask import Flask, Response, request\nfrom app.engine.visitor import Visitor",
    )
    code = f"""{ASK}
for _ in range(2):  # the second time from the cache
    for headers in ({{}}, {{"X-Roles": "viewer"}}, {{"X-Roles": "viewer admin"}}):
        print({{*statuses(**headers)}}, *first(**headers))
print({{*statuses(**{{"X-Check-Token": "t" * 64}})}}, {{*statuses(**{{"X-Check-Token": "t"}})}})
"""
    lines = inside(roles, code).splitlines()
    everything = "['Costs', 'peer', 'data-column=\"product\"']"
    expected = [
        "{404} [] no-cache",
        "{404} [] no-store",
        f"{{200}} {everything} no-store",
    ]
    assert lines == [*expected, *expected, "{200} {404}"]


def test_without_a_login_charts_with_roles_are_hidden_from_all(roles: Path, flaskdash: Cli) -> None:
    print(inside(roles, f"{ASK}\nprint(statuses(), first())"))
    output = flaskdash("deploy", "static").output
    assert "left out  secret: its ROLES hide it" in output
    assert sorted(path.stem for path in (roles / "dist/static/charts").glob("*.html")) == [
        "index",
        "revenue-by-region",
    ]


def test_two_keys_never_share_an_answer(project: Path) -> None:
    keep_one_chart(project, "revenue_by_region", '["region"]')
    edit(
        project,
        ROLES,
        "from flask import Flask, Response, request\nfrom app.engine.visitor import Visitor",
    )
    replace_in(
        project,
        "templates/base.html",
        ("</header>", "<b>{{ request.headers['X-Key'] }}</b></header>"),
    )
    code = """
    for key in "abab":
        answer = client.get("/", headers={"X-Key": key})
        print(answer.text.split("<b>")[1][0], answer.headers["Cache-Control"], len(cached_files()))
    """
    assert inside(project, code).split() == [
        *("a", "no-store", "1", "b", "no-store", "2"),
        *("a", "no-store", "2", "b", "no-store", "2"),
    ]


@pytest.mark.parametrize("value", ['"admin"', "[1]"])
def test_roles_must_be_a_list_of_texts(project: Path, value: str) -> None:
    chart = project / "app/charts/revenue_by_region.py"
    chart.write_text(f"{chart.read_text('utf-8')}\nROLES = {value}\n", "utf-8")
    code = """
    try:
        create_app()
    except RuntimeError as error:
        print(error)
    """
    start = "import app.engine\nfrom app import create_app\n"
    assert "Write a list of texts" in inside(project, code, start)


def test_a_login_that_does_not_know_the_token_is_a_note(project: Path, flaskdash: Cli) -> None:
    keep_one_chart(project, "revenue_by_region", '["region"]')
    edit(project, BASIC, "from flask import Flask, Response, request")
    (finding,) = boots.boots(Project.find(project))
    assert finding.is_note
    assert finding.sentence == boots.CLOSED
    summary = run(project, "pytest", "-q", "-p", "no:cacheprovider").splitlines()[-1]
    assert re.fullmatch(r"4 passed, \d+ skipped in .*", summary), summary
    output = flaskdash("deploy", "static", code=3).output
    assert "/ asks to sign in, and a static copy cannot" in output


def test_a_login_that_closes_the_health_page_is_a_finding(project: Path) -> None:
    edit(
        project,
        BASIC.replace('request.endpoint in {"health.up", "health.ready"} or ', ""),
        "from flask import Flask, Response, request",
    )
    (finding,) = boots.boots(Project.find(project))
    assert not finding.is_note
    assert finding.fix == boots.OPEN


def test_the_login_of_the_readme_passes_all_tests_and_is_cached(project: Path) -> None:
    keep_one_chart(project, "revenue_by_region", '["region"]')
    section = (project / "README.md").read_text("utf-8").split("**Add a login.**")[1]
    (code,) = re.findall(r"```python\n(.*?)```", section.split("\n**")[0], re.DOTALL)[:1]
    indented = "".join(f"    {line}".rstrip() + "\n" for line in code.splitlines())
    imports = """import os
from secrets import compare_digest
from flask import Flask, Response, request
from app.engine.visitor import Visitor, is_check"""
    edit(project, f"\n{indented}\n    return app\n", imports)
    assert "no issues found" in run(project, "mypy")
    summary = run(project, "pytest", "-q", "-p", "no:cacheprovider").splitlines()[-1]
    assert re.fullmatch(r"\d+ passed in .*", summary), summary
    assert [*boots.boots(Project.find(project))] == []
    code = """
    for password in ("wrong", "right", "right"):
        answer = client.get("/", auth=("", password))
        print(answer.status_code, answer.headers.get("Cache-Control"), len(cached_files()))
    """
    lines = inside(project, code, PASSWORD="right").splitlines()
    assert lines == ["401 None 0", "200 no-store 1", "200 no-store 1"]


def test_cookies_are_secure_unless_the_browser_shows_plain_http(tutorial: Path) -> None:
    code = """
    def is_secure(**headers):
        answer = client.get("/enter/ann", headers=headers)
        print("Secure" in answer.headers["Set-Cookie"], end=" ")

    is_secure()
    is_secure(Origin="http://localhost")
    is_secure(Origin="http://evil.example")
    is_secure(Origin="https://localhost")
    is_secure(**{"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"})
    flask_app.config["SESSION_COOKIE_SECURE"] = False
    is_secure()
    """
    assert inside(tutorial, code).split() == ["True", "False", "True", "True", "True", "False"]
