"""Visitors: what is cached for whom, charts with ROLES, and projects with a login of their owner's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flaskdash.check import boots
from flaskdash.project import Project
from tests.support.fixtures import Cli
from tests.support.projects import (
    close_dashboards,
    copy_chart,
    inside,
    keep_one_chart,
    replace_in,
    run,
    start_error,
)

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


@pytest.fixture
def board(project: Path) -> Path:
    """Return a project whose dashboard Board is for admins, and whose dashboard Staff is for editors.

    A chart is on each of them, one on both, and one on Board and Overview.
    """
    keep_one_chart(project, "revenue_by_region", '["region"]')
    copy_chart(project, "revenue_by_region", "mixed", ["Board", "Overview"])
    for name, titles in (("plan", ["Board"]), ("team", ["Staff"]), ("both", ["Board", "Staff"])):
        copy_chart(project, "revenue_by_region", name, titles)
        replace_in(project, f"charts/{name}.py", ('FILTERS = ["region"]', 'FILTERS = ["product"]'))
    close_dashboards(project, {"Board": ["admin"], "Staff": ["editor", "owner"]})
    return project


def who_may_ask(project: Path) -> None:
    """Let the header X-Roles say which roles a visitor has."""
    imports = "from flask import Flask, Response, request\nfrom app.engine.visitor import Visitor"
    edit(project, ROLES, imports)


SEE = """
import re
app.engine.snapshots.WAIT_SECONDS = 100
CHARTS = {"revenue-by-region": "region", "plan": "product", "team": "product", "both": "product",
    "mixed": "region"}
def see(roles):
    def ask(path):
        return client.get(path, headers={"X-Roles": roles})
    titles = ("overview", "board", "staff")
    dashboards = [title for title in titles if ask(f"/dashboards/{title}").status_code == 200]
    served = []
    for name, column in CHARTS.items():
        parts = ("", "/rows", f"/choices?{column}.find=", "/data.json", "/figure.json", ".csv")
        statuses = {ask(f"/charts/{name}{part}").status_code for part in parts}
        assert statuses in ({200}, {404}), (name, statuses)
        served += [name] if statuses == {200} else []
    start, mixed = ask("/").text, ask("/charts/mixed").text
    assert {*re.findall('href="/charts/([a-z-]+)', start)} <= {*served}
    print("served:", *dashboards, *served)
    print("start:", *re.findall('href="/dashboards/([a-z-]+)', start), "|", start.count("<article"))
    print("mixed:", *re.findall('<a href="/dashboards/([a-z-]+)[^>]*>←', mixed), "product" in mixed)
"""
VIEWS = {
    "viewer": "served: overview revenue-by-region mixed\nstart: | 2\nmixed: overview False\n",
    "editor": "served: overview staff revenue-by-region team both mixed\n"
    "start: staff overview | 2\nmixed: overview False\n",
    "admin": "served: overview board revenue-by-region plan both mixed\n"
    "start: board overview | 3\nmixed: board True\n",
    "all": "served: overview board staff revenue-by-region plan team both mixed\n"
    "start: board staff overview | 3\nmixed: board True\n",
}


def test_the_roles_of_a_dashboard_hold_everywhere(board: Path) -> None:
    """A chart on a dashboard that is open to a visitor is served; one on closed ones alone is not."""
    who_may_ask(board)
    code = f"""{SEE}
for _ in range(2):  # the second time from the cache
    for roles in ("", "viewer", "editor", "owner viewer", "admin", "viewer editor admin"):
        see(roles)
closed, missing = ("/charts/plan", "/charts/none"), ("/dashboards/board", "/dashboards/none")
print(*(len({{client.get(path).data for path in pair}}) for pair in (closed, missing)))
"""
    names = ("viewer", "viewer", "editor", "editor", "admin", "all")
    expected = "".join(VIEWS[name] for name in names)
    assert inside(board, code) == f"{expected}{expected}1 1\n"


RANDOM = """
import random
from dataclasses import replace
app.engine.snapshots.WAIT_SECONDS = 100
draw = random.Random(5)
TITLES, ROLES = ["Alpha", "Beta", "Gamma"], ["viewer", "editor", "admin"]
for number in range(ROUNDS):
    cache.code_version = str(number)
    closed = [title for title in TITLES if draw.random() < 0.6]
    engine.dashboard_roles = {title: draw.sample(ROLES, draw.choice([1, 2])) for title in closed}
    for slug, chart in engine.charts.items():
        roles = tuple(draw.sample(ROLES, draw.choice([0, 0, 1])))
        titles = tuple(draw.sample(TITLES, draw.choice([1, 1, 2, 3])))
        engine.charts[slug] = replace(chart, title=f"<{slug}>", roles=roles, dashboards=titles)
    for _ in range(3):
        own = {*draw.sample(ROLES, draw.randrange(3))}
        open_to = lambda roles: not roles or not own.isdisjoint(roles)
        places = {  # the dashboards on which the visitor may see each chart
            slug: {title for title in chart.dashboards
                if open_to(chart.roles) and open_to(engine.dashboard_roles.get(title))}
            for slug, chart in engine.charts.items()
        }
        titles = {title for open_titles in places.values() for title in open_titles}
        hidden = [f"&lt;{slug}&gt;" for slug in places if not places[slug]]
        hidden += [title for title in TITLES if title not in titles]
        pages = {f"/dashboards/{title.lower()}": title in titles for title in TITLES}
        pages |= {f"/charts/{slug}": bool(places[slug]) for slug in places} | {"/": bool(titles)}
        for path, is_open in pages.items():
            answer = client.get(path, headers={"X-Roles": " ".join(own)})
            leaks = [text for text in hidden if text in answer.text]
            if answer.status_code != (200 if is_open else 404) or leaks:
                print(path, own, engine.dashboard_roles, answer.status_code, leaks)
            name = path.partition("/dashboards/")[2].capitalize()
            for slug in places if name and is_open else ():
                if (f'id="{slug}"' in answer.text) != (name in places[slug]):
                    print(path, slug, own, engine.dashboard_roles)
        print(len(pages))
"""


def test_random_roles_of_dashboards_and_charts_hide_what_they_should(board: Path) -> None:
    """What is served and named is compared with the same rules, written a second time."""
    who_may_ask(board)
    assert inside(board, f"ROUNDS = 12\n{RANDOM}").split() == ["9"] * 36


def test_a_check_sees_the_dashboards_of_all_roles(board: Path) -> None:
    code = """
    app.engine.snapshots.WAIT_SECONDS = 100
    flask_app.config["CHECK_TOKEN"] = "t" * 64
    for token in ("t" * 64, "t"):
        headers = {"X-Check-Token": token}
        paths = ("/dashboards/board", "/charts/plan", "/dashboards/overview")
        print(*(client.get(path, headers=headers).status_code for path in paths))
    """
    assert inside(board, code).splitlines() == ["200 200 200", "404 404 200"]


def test_a_copy_has_no_dashboard_with_roles(board: Path, flaskdash: Cli) -> None:
    output = flaskdash("deploy", "static").output
    left_out = [line for line in output.splitlines() if line.startswith("left out")]
    reason = "hides its dashboards from visitors who have not signed in"
    assert left_out == [
        f"left out  {name}: DASHBOARD_ROLES {reason}" for name in ("both", "plan", "team")
    ]
    copy = board / "dist/static"
    assert sorted(path.stem for path in (copy / "charts").glob("*.html")) == [
        "index",
        "mixed",
        "revenue-by-region",
    ]
    assert sorted(path.stem for path in (copy / "dashboards").glob("*.html")) == [
        "index",
        "overview",
    ]
    pages = [path.read_text("utf-8") for path in copy.rglob("*.html")]
    assert [page for page in pages if "Board" in page or "Staff" in page] == []


def test_other_roles_of_a_dashboard_make_other_answers(board: Path) -> None:
    """An answer of the cache is not used after the roles have changed, wherever they come from."""
    who_may_ask(board)
    roles = "{'Board': [os.environ['BOARD']]}"
    close_dashboards(board, {})
    replace_in(board, "config.py", ("list[str]] = {}", f"list[str]] = {roles}"))
    code = """
    app.engine.snapshots.WAIT_SECONDS = 100
    for path in ("/", "/charts/mixed"):
        answer = client.get(path, headers={"X-Roles": "viewer"})
        print("Board" in answer.text, end=" ")
    """
    roles_of_runs = ("viewer", "admin", "viewer")
    outputs = [inside(board, code, BOARD=role) for role in roles_of_runs]
    assert [output.split() for output in outputs] == [
        ["True", "True"],
        ["False", "False"],
        ["True", "True"],
    ]


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        ({"Bord": ["admin"]}, "has 'Bord', but the dashboards are Board, Overview, Staff."),
        ({"Board": "admin"}, "DASHBOARD_ROLES['Board'] is 'admin'. Write a list of texts"),
        ({"Board": []}, "DASHBOARD_ROLES['Board'] is empty. Name a role, or leave out the line."),
        (["Board"], "DASHBOARD_ROLES is ['Board']. Write {"),
    ],
)
def test_roles_of_what_is_no_dashboard_stop_the_start(
    board: Path, roles: object, message: str
) -> None:
    close_dashboards(board, roles)
    assert message in start_error(board)


def test_the_preflight_reports_a_dashboard_that_does_not_exist(board: Path) -> None:
    close_dashboards(board, {"Bord": ["admin"]})
    (finding,) = boots.boots(Project.find(board))
    assert not finding.is_note
    assert "has 'Bord', but the dashboards are Board, Overview, Staff." in finding.sentence


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
