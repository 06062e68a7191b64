"""A generated project as its owner's Flask app: own routes, templates, pages, charts, and .env."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from flaskdash.project import dotenv
from tests.support.projects import inside, run

LAST_30_DAYS = '''"""The revenue of the last 30 days."""

import plotly.graph_objects as go

TITLE = "Last 30 days"
DATA = "sales"
SQL = """
SELECT date, sum(revenue) AS revenue FROM sales
WHERE date > current_date - 30 GROUP BY 1 ORDER BY 1
"""


def figure(df):
    """Draw a bar for each day."""
    return go.Figure(go.Bar(x=df["date"], y=df["revenue"]))
'''
COSTS_LOADER = '''"""Costs, from where a variable says."""

import os

import pandas as pd

ADDRESS = "COSTS_URL"
REFRESH = "1h"


def load():
    """Return the costs."""
    return pd.DataFrame({"team": ["a", "b"], "cost": [1, 2], "url": os.environ["COSTS_URL"]})
'''
COSTS_CHART = '''"""Costs as rows."""

TITLE = "Costs"
DATA = "costs"
DASHBOARDS = ["Money"]
SQL = "SELECT team, cost FROM costs"


def table(df):
    """Return the rows as they are."""
    return df
'''
ABOUT = """{% extends "base.html" %}
{% block main %}<h1>About us</h1>
<a href="{{ url_for('hello') }}">Hello</a>
<link rel="stylesheet" href="{{ url_for('static', filename='x.css') }}">{% endblock %}
"""
ABOUT_PAGE = '''

@pages.get("/about")
def about() -> str:
    """Show a page of the owner's."""
    return render_template("about.html", title="About")
'''
HELLO = """
    @app.get("/hello")
    def hello() -> str:
        return "Hello."

    return app
"""
GREET = """{% extends "base.html" %}
{% block main %}<h1>{{ greeting }}</h1>
<form method="post"><input name="name"></form>
{% for card in cards %}<p>{{ card.chart.title }}: {{ card.kpi.value }}</p>{% endfor %}{% endblock %}
"""
GREET_PAGE = '''

@pages.route("/greet", methods=["GET", "POST"])
def greet() -> Response:
    """Greet a reader by a name from the form or from the URL."""
    name = request.form.get("name") or request.args.get("name", "")
    charts = [get_engine().chart("total-revenue")] if name else []
    return show("greet.html", "Greeting", charts, greeting=f"Hello, {name}.")
'''
# Each line is in a form that a shell or another tool writes, and python-dotenv has an opinion on.
ENV = r"""# a comment
export EXPORTED=yes
PLAIN=a b  c
COMMENTED=value # a comment
HASH=value#part
SINGLE='single ${PLAIN} \' quote' # a comment
DOUBLE="double \"quote\" \n and a line"
  INDENTED  =  spaces around
EMPTY=
QUOTED_EMPTY=""
NO_VALUE
SEVERAL="line 1
line 2
line 3"
REFERENCE=${PLAIN}/${SHELL_VARIABLE}
DEFAULT=${NOWHERE_SET:-a default}
EQUALS=a=b==
AGAIN=first
AGAIN=second
ACCENTS=Größe
not a line of a file like this
DOLLAR=$PLAIN
LAST=no newline at the end"""
NAMES = sorted(set(re.findall(r"^(?:export )?\s*([A-Z_]+)\b", ENV, re.M)))


@pytest.fixture
def own_page(project: Path) -> Path:
    """Add a page and a route of the owner's to the project, and a second dashboard."""
    app = project / "app"
    init = app / "__init__.py"
    init.write_text(init.read_text("utf-8").replace("    return app\n", HELLO), "utf-8")
    pages = app / "pages.py"
    text = pages.read_text("utf-8").replace("Blueprint, ", "Blueprint, render_template, ")
    pages.write_text(text + ABOUT_PAGE, "utf-8")
    (app / "templates/about.html").write_text(ABOUT, "utf-8")
    (app / "static/x.css").write_text("body { color: red; }\n", "utf-8")
    chart = (app / "charts/total_revenue.py").read_text("utf-8")
    details = re.sub("DASHBOARDS = .*", 'DASHBOARDS = ["Details"]', chart)
    details = re.sub("ORDER = .*", "ORDER = 500", details)
    (app / "charts/details.py").write_text(details, "utf-8")
    return project


def test_url_for_knows_the_owners_files_and_routes(own_page: Path) -> None:
    inside(
        own_page,
        """
        import re
        page = get("/about")
        assert page.status_code == 200
        assert 'href="/hello"' in page.text
        assert get("/hello").text == "Hello."
        (address,) = re.findall('href="(/static/x.css[^"]*)"', page.text)
        style = get(address)
        assert style.text == "body { color: red; }\\n"
        assert "immutable" in style.headers["Cache-Control"]
        """,
    )


def test_an_own_page_with_a_form_shows_charts_and_its_own_variables(project: Path) -> None:
    pages = project / "app/pages.py"
    text = pages.read_text("utf-8").replace("Response, abort", "Response, abort, request")
    pages.write_text(text + GREET_PAGE, "utf-8")
    (project / "app/templates/greet.html").write_text(GREET, "utf-8")
    inside(
        project,
        """
        data["sales"].build()
        assert "<h1>Hello, .</h1>" in get("/greet").text  # without a chart, as the first answer
        for name in ("Ann", "Bob", "<b>"):
            escaped = name.replace("<", "&lt;").replace(">", "&gt;")
            for _ in range(2):
                page = get(f"/greet?name={name}")
                assert f"<h1>Hello, {escaped}.</h1>" in page.text
                assert "Total revenue: " in page.text and "ETag" in page.headers
        files = cached_files()
        for name in ("Cleo", "Dan"):
            page = client.post("/greet", data={"name": name})
            assert f"<h1>Hello, {name}.</h1>" in page.text
            assert page.headers["Cache-Control"] == "no-store"
        assert cached_files() == files
        """,
    )


def test_an_own_page_has_its_title_and_the_navigation(own_page: Path) -> None:
    inside(
        own_page,
        """
        import re
        page = get("/about").text
        assert "<title>About · Shop</title>" in page
        assert "<h1>About us</h1>" in page
        assert '<a class="brand" href="/">Shop</a>' in page
        (navigation,) = re.findall("<nav .*?</nav>", page, re.S)
        links = re.findall('<a href="([^"]*)"[^>]*>([^<]*)</a>', navigation)
        assert links == [("/dashboards/overview", "Overview"), ("/dashboards/details", "Details")]
        assert "aria-current" not in navigation
        """,
    )


def test_mypy_reports_a_misspelt_field_of_a_chart(project: Path) -> None:
    pages = project / "app/pages.py"
    text = pages.read_text("utf-8")
    assert text.count("chart.title") == 1
    pages.write_text(text.replace("chart.title", "chart.titel"), "utf-8")
    completed = subprocess.run(
        [project / ".venv/bin/mypy"], cwd=project, capture_output=True, text=True
    )
    assert completed.returncode == 1
    assert '"Chart" has no attribute "titel"' in completed.stdout
    assert "Found 1 error in 1 file" in completed.stdout


def test_a_chart_of_the_last_days_passes_its_tests_on_old_data(project: Path) -> None:
    (project / "app/charts/last_30_days.py").write_text(LAST_30_DAYS, "utf-8")
    output = run(project, "pytest", "-q", "-p", "no:cacheprovider")
    assert re.fullmatch(r"\d+ passed in .*", output.splitlines()[-1]), output
    assert run(project, "pytest", "-q", "-p", "no:cacheprovider", "-k", "last-30-days")
    inside(
        project,
        """
        page = get("/charts/last-30-days")
        assert page.status_code == 200
        assert page.text.count("No data for these filters.") == 2  # in place of figure and rows
        """,
    )


def test_a_missing_variable_skips_the_tests_of_its_loader_alone(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "app/loaders/costs.py").write_text(COSTS_LOADER, "utf-8")
    (project / "app/charts/costs.py").write_text(COSTS_CHART, "utf-8")
    monkeypatch.delenv("COSTS_URL", raising=False)
    command = ("pytest", "-v", "-p", "no:cacheprovider")
    outcomes = dict(re.findall(r"::(\S+) (PASSED|SKIPPED|FAILED)", run(project, *command)))
    skipped = {name for name, outcome in outcomes.items() if outcome == "SKIPPED"}
    assert skipped == {
        "test_loader_has_rows[costs]",
        "test_dashboard_shows_its_charts[Money]",
        "test_chart_has_a_page[costs]",
        "test_chart_as_json_and_csv[costs]",
        "test_chart_without_matching_rows[costs]",
        "test_rows_are_searched[costs]",
        "test_data_is_ready",
    }
    assert len(outcomes) > 3 * len(skipped)
    monkeypatch.setenv("COSTS_URL", "https://example.com/costs")
    assert " skipped" not in run(project, *command).splitlines()[-1]


def test_env_is_read_as_the_project_reads_it(project: Path) -> None:
    (project / ".env").write_text(ENV, "utf-8")
    code = """
import json, os, sys
from app import config
config.load({})
print(json.dumps({name: os.environ[name] for name in sys.argv[1:] if name in os.environ}))
"""
    environment = {name: value for name, value in os.environ.items() if name not in NAMES}
    environment |= {"SECRET_KEY": "test", "SHELL_VARIABLE": "of the shell"}
    completed = subprocess.run(
        [project / ".venv/bin/python", "-c", code, *NAMES],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    variables = json.loads(completed.stdout)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHELL_VARIABLE", "of the shell")
        assert dotenv(project / ".env") == variables
    assert variables["EXPORTED"] == "yes"
    assert variables["SEVERAL"] == "line 1\nline 2\nline 3"
    assert variables["REFERENCE"] == "a b  c/of the shell"
    assert variables["AGAIN"] == "second"
    assert "NO_VALUE" not in variables
