"""The README of a project: each edit that it describes, done as it says, works everywhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.fixtures import Cli
from tests.support.projects import inside, keep_one_chart, own_environment, run

CHART = '''"""The share of the North."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import humanize

from app.helpers import percent

if TYPE_CHECKING:
    from pandas import DataFrame

TITLE = "Share of the North"
DATA = "sales"
SQL = "SELECT sum(units) FILTER (region = 'North') AS north, sum(units) AS units FROM sales"


def kpi(df: DataFrame) -> dict[str, Any]:
    """Return the share of the North in all units."""
    share = percent(float(df["north"][0]), float(df["units"][0]))
    return {"value": share, "note": f"of {humanize.intcomma(int(df['units'][0]))} units"}
'''


def section(readme: str, title: str) -> str:
    """Return the paragraphs of the README from a title in bold to the next."""
    return readme.split(f"**{title}")[1].split("\n**")[0].split("\n## ")[0]


def blocks(text: str, language: str) -> list[str]:
    """Return the code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def append(file: Path, text: str) -> None:
    file.write_text(f"{file.read_text('utf-8').rstrip()}\n\n\n{text}", "utf-8")


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


@pytest.fixture(scope="module")
def edited(shared_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with all the edits, and an environment of its own, as it gets a package."""
    root = tmp_path_factory.mktemp("edited") / "shop"
    shutil.copytree(shared_project, root, ignore=shutil.ignore_patterns(".venv", "instance"))
    readme = (root / "README.md").read_text("utf-8")
    app = root / "app"
    keep_one_chart(root, "revenue_by_region", '["region"]')

    page = section(readme, "Add a page.")
    (page_code,) = blocks(page, "python")
    (template,) = blocks(page, "html")
    append(app / "pages.py", page_code)
    (app / "templates/about.html").write_text(template, "utf-8")
    link = re.findall(r"`(<a href=.*?</a>)`", page)[0]
    replace(app / "templates/base.html", "</header>", f"  {link}\n</header>")

    (route,) = blocks(section(readme, "Add a route"), "python")
    append(app / "pages.py", route)

    (helper,) = blocks(section(readme, "Add a helper."), "python")
    append(app / "helpers.py", helper)
    (helper_import,) = re.findall("`(from .*?)`", section(readme, "Add a helper."))
    assert helper_import in CHART
    (app / "charts/share_of_the_north.py").write_text(CHART, "utf-8")

    assert "`uv add " in section(readme, "Add a package.")
    own_environment(root, shared_project)
    subprocess.run([sys.executable, "-m", "uv", "add", "--quiet", "humanize"], cwd=root, check=True)

    look = section(readme, "Change the look.")
    url = re.findall(r"\{\{ url_for.*?\}\}", look)[0]
    (app / "static/my.css").write_text(".own {\n  color: teal;\n}\n", "utf-8")
    append(app / "static/style.css", ".own-rule {\n  color: olive;\n}\n")
    sheet = '<link rel="stylesheet" href="{}">\n</head>'
    replace(app / "templates/base.html", "</head>", sheet.format(url))

    policy = re.findall(r'`("font-src": ".*?")`', section(readme, "Allow a script, font"))[0]
    replace(app / "config.py", '"font-src": "\'self\'"', policy)
    return root


def test_each_edit_shows_on_the_pages(edited: Path) -> None:
    inside(
        edited,
        """
        data["sales"].build()
        page = get("/about")
        assert page.status_code == 200
        assert "<title>About · " in page.text and "<h1>About</h1>" in page.text
        assert '<a href="/about">About</a>' in get("/").text
        assert "https://fonts.example.org" in page.headers["Content-Security-Policy"]
        assert get("/loaders.json").json == {"loaders": ["sales"]}
        import re
        (sheet,) = re.findall('href="(/static/my.css[^"]*)"', page.text)
        assert "teal" in get(sheet).text
        assert "own-rule" in get("/static/style.css").text
        card = get("/charts/share-of-the-north").text
        assert re.search(r'class="value">[0-9]+[.][0-9]%', card), card
        assert re.search(r"of [0-9]+,[0-9]+ units", card), card
        """,
        "from app import create_app\nmade = create_app()\n"
        'data = made.extensions["engine"].data\nget = made.test_client().get\n',
    )


def test_the_projects_own_checks_pass(edited: Path) -> None:
    run(edited, "ruff", "check")
    run(edited, "ruff", "format", "--check")
    run(edited, "mypy")
    run(edited, "pytest", "-q")


def test_one_test_is_run_by_its_name(edited: Path) -> None:
    assert "`uv run pytest -k NAME`" in (edited / "README.md").read_text("utf-8")
    output = run(edited, "pytest", "-q", "-k", "north")
    assert re.search(r"^[1-9] passed, [0-9]+ deselected", output, re.MULTILINE), output


def test_check_and_deploy_static_pass(
    edited: Path, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(edited)
    assert "contract" in flaskdash("check").output
    flaskdash("deploy", "static", "--yes")
    about = (edited / "dist/static/about.html").read_text("utf-8")
    assert "<h1>About</h1>" in about
    assert (edited / "dist/static/static/my.css").exists()
    assert (edited / "dist/static/charts/share-of-the-north.html").exists()


def test_a_card_that_fails_names_its_line(edited: Path) -> None:
    readme = (edited / "README.md").read_text("utf-8")
    assert 'When a card says "This chart could not be drawn"' in readme
    chart = edited / "app/charts/broken.py"
    chart.write_text(CHART.replace('df["north"]', 'df["nrth"]'), "utf-8")
    try:
        inside(
            edited,
            """
            data["sales"].build()
            page = get("/charts/broken").text
            assert "This chart could not be drawn" in page
            assert "broken.py, line 21" in page, page
            """,
            "from app import create_app\nmade = create_app()\n"
            'data = made.extensions["engine"].data\nget = made.test_client().get\n',
            FLASK_DEBUG="1",
        )
    finally:
        chart.unlink()
