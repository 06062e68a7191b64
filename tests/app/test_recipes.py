"""The recipes of docs/recipes/: their commands and files, done as they say, make a project that works."""

from __future__ import annotations

import ast
import json
import random
import re
import shlex
import subprocess
import threading
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner

from flaskdash.cli import cli
from flaskdash.project import Project, environment
from tests.support.data import sales_csv
from tests.support.projects import own_environment, run

RECIPES = Path(__file__).parents[2] / "docs/recipes"
STEP = re.compile(r"```(sh|python|html)\n(.*?)```", re.DOTALL)
FILE = re.compile(r"`(app/[\w/.]+)`")
TOKEN = "a-token-of-the-desk"


def cook(recipe: str, folder: Path, shared: Path) -> Path:
    """Run the commands of a recipe in a folder, and write its files; return the project."""
    text = (RECIPES / f"{recipe}.md").read_text("utf-8").replace("\\\n", " ")
    cwd, end = folder, 0
    for step in STEP.finditer(text):
        before, end = text[end : step.start()], step.end()
        if step[1] == "sh":
            for line in step[2].splitlines():
                cwd = run_command(shlex.split(line, comments=True), cwd, shared)
            continue
        file = cwd / FILE.findall(before)[-1]
        if file.name == "pages.py":
            file.write_text(f"{file.read_text('utf-8').rstrip()}\n\n\n{step[2]}", "utf-8")
        else:
            file.write_text(step[2], "utf-8")
    return cwd


def run_command(command: list[str], cwd: Path, shared: Path) -> Path:
    """Run a command; return the folder in which the next one runs."""
    match command:
        case []:
            return cwd
        case ["cd", folder]:
            own_environment(cwd / folder, shared)
            return cwd / folder
        case ["uv", "add", *packages]:
            environment.add(Project.find(cwd), packages)
            return cwd
        case ["flaskdash", "new", *arguments]:
            arguments = ["new", *arguments, "--no-install", "--no-git"]
        case ["flaskdash", *arguments]:
            pass
        case _:
            raise AssertionError(f"the recipe has another command: {command}")
    with chdir(cwd):
        result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    return cwd


def ask(project: Path, code: str, **variables: str) -> str:
    """Return what code prints that asks the app of a project by `client`."""
    start = (
        "from app import create_app; app = create_app(TESTING=True, SECRET_KEY='x')\n"
        "app.test_cli_runner().invoke(args=['release'])\n"
        "[data.build() for data in app.extensions['engine'].data.values()]\n"
        "client = app.test_client()\n"
    )
    done = subprocess.run(
        [project / ".venv/bin/python", "-c", start + code],
        cwd=project,
        env={"PATH": "/usr/bin:/bin", **variables},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_predictions_of_a_model(tmp_path: Path, shared_project: Path) -> None:
    draw = random.Random(1)
    rows = [
        (draw.randint(40, 250), draw.randint(1, 8), draw.randint(1900, 2024)) for _ in range(400)
    ]
    lines = [f"{a},{r},{b},{1000 * a + 9000 * r + 50 * (b - 1900)}" for a, r, b in rows]
    (tmp_path / "houses.csv").write_text("\n".join(["area,rooms,built,price", *lines]), "utf-8")
    project = cook("predictions", tmp_path, shared_project)
    answers = ask(
        project,
        "rows = client.get('/charts/expected-prices/data.json').get_json()['rows']\n"
        "print(len(rows), max(abs(row[0] - row[1]) / row[0] for row in rows))\n"
        "for area in (60, 200, 'x'):\n"
        "    page = client.get(f'/what-if?area={area}&rooms=4&built=1990').text\n"
        "    print(page.partition('price of <strong>')[2].partition('<')[0].replace(',', ''))\n",
    )
    rows_line, small, large, nothing = answers.split("\n")[:4]
    count, worst = rows_line.split()
    assert int(count) == 400
    assert 0 < float(worst) < 0.6
    assert 60_000 < int(small) < 140_000 < int(large) < 260_000
    assert nothing == ""
    assert (project / "instance/price_model.pickle").exists()


class Desk(BaseHTTPRequestHandler):
    """A service with three pages of tickets for whoever has the token; it is busy at first."""

    requests: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        page = int(parse_qs(urlsplit(self.path).query).get("page", ["1"])[0])
        self.requests.append(self.path)
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            self.send_error(401)
        elif self.requests.count(self.path) == 1:
            self.send_response(429)
            self.send_header("Retry-After", "0")
            self.end_headers()
        else:
            opened = f"2026-0{page}-11T08:00:00Z"
            items = [
                {"id": 10 * page + n, "opened": opened, "team": {"name": "A"}} for n in range(4)
            ]
            following = f"?page={page + 1}" if page < 3 else None
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"items": items, "next": following}).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def desk() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/tickets"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def test_a_rest_source_with_pages_and_a_token(tmp_path: Path, shared_project: Path) -> None:
    saved = [
        {"id": n, "opened": f"2026-01-{n % 28 + 1:02}T08:00:00Z", "team": {"name": "AB"[n % 2]}}
        for n in range(60)
    ]
    (tmp_path / "tickets.json").write_text(json.dumps({"items": saved, "next": None}), "utf-8")
    project = cook("rest", tmp_path, shared_project)
    with desk() as address:
        answer = ask(
            project,
            "data = app.extensions['engine'].data['tickets']\n"
            "with app.app_context(): print(data.query('SELECT count(*) n, min(team_name) t FROM tickets')"
            ".to_dict('records'))\n"
            "print(client.get('/').status_code)",
            TICKETS_URL=address,
            TICKETS_TOKEN=TOKEN,
        )
    assert answer.splitlines() == ["[{'n': 12, 't': 'A'}]", "200"]
    assert len(Desk.requests) == 6


def test_one_table_of_two_files(tmp_path: Path, shared_project: Path) -> None:
    days = [f"2026-{month:02}-{day:02}" for month in range(1, 7) for day in range(1, 29)]
    sales = [f"{day},{shop},{10 * n + 1}" for day in days for n, shop in enumerate("ABCX")]
    (tmp_path / "sales.csv").write_text("\n".join(["day,shop,amount", *sales]), "utf-8")
    shops = "shop,region\nA,North\nB,South\nC,North\n"
    (tmp_path / "shops.csv").write_text(shops, "utf-8")
    project = cook("merge", tmp_path, shared_project)
    rows = ask(project, "print(client.get('/charts/by-region/data.json').get_json()['rows'])")
    expected = [["unknown", 31 * 168], ["North", 22 * 168], ["South", 11 * 168]]
    assert ast.literal_eval(rows) == expected


def test_a_page_with_a_form(tmp_path: Path, shared_project: Path) -> None:
    (tmp_path / "sales.csv").write_text(sales_csv(), "utf-8")
    project = cook("form", tmp_path, shared_project)
    answer = ask(
        project,
        "import re\n"
        "def send(**values):\n"
        "    token = re.findall(r'name=.csrf_token.[^>]*value=.([^ \">]+)', client.get('/remarks').text)[0]\n"
        "    return client.post('/remarks', data={'csrf_token': token, **values})\n"
        "print(send(chart='Revenue', text='<b>Odd</b>').status_code)\n"
        "print('&lt;b&gt;Odd' in client.get('/remarks').text, '<b>Odd' in client.get('/remarks').text)\n"
        "print('required' in send(chart='Revenue').text)\n"
        "print(client.post('/remarks', data={'chart': 'Revenue', 'text': 'forged'}).status_code)\n"
        "print('forged' in client.get('/remarks').text.partition('<ul>')[2])\n",
    )
    assert answer.split() == ["302", "True", "False", "True", "200", "False"]
    run(project, "ruff", "check")


def test_each_recipe_is_tested() -> None:
    elsewhere = {"world-bank", "documents"}
    here = {path.stem for path in RECIPES.glob("*.md")} - elsewhere
    assert here == {"predictions", "rest", "merge", "form"}


@pytest.mark.parametrize("recipe", sorted(path.stem for path in RECIPES.glob("*.md")))
def test_no_recipe_is_linked_to_nothing(recipe: str) -> None:
    text = (RECIPES / f"{recipe}.md").read_text("utf-8")
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (RECIPES / link).exists(), link
