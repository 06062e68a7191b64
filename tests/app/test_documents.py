"""The form of docs/recipes/documents.md: a JSON column, by its commands and changes alone."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.support.fixtures import Cli
from tests.support.projects import copy_project, own_environment, run

RECIPE = Path(__file__).parents[2] / "docs/recipes/documents.md"
ENTER = """
import re
from app import create_app
client = create_app(SECRET_KEY="test").test_client()
for name, details in {rows!r}:
    token = re.findall('name="csrf_token"[^>]* value="([^"]+)"', client.get("/events/new").text)[0]
    row = {{"csrf_token": token, "name": name, "day": "2026-03-05", "details": details}}
    print(client.post("/events/new", data=row).status_code)
print(client.get("/events/1").text)
"""
CHART = """
from app import create_app
app = create_app(SECRET_KEY="test")
app.extensions["engine"].freeze()
print(app.test_client().get("/charts/guests-by-city/data.json").text)
"""
ROWS = [
    ("party", '{"city": "Oslo", "guests": 12, "tags": ["<b>a</b>"]}'),
    ("talk", '{"city": "Oslo", "guests": "many"}'),
    ("walk", '{"city": "Bergen", "guests": 3}'),
    ("nothing", ""),
    ("damaged", '{"city": '),
    ("list", "[1, 2]"),
]


def test_the_recipe(
    shared_project: Path, tmp_path: Path, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "shop"
    copy_project(shared_project, root)
    own_environment(root, shared_project)
    monkeypatch.chdir(root)
    text = RECIPE.read_text("utf-8")
    sh = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    form, upgrade, chart = ([shlex.split(line) for line in block.splitlines()] for block in sh)
    flaskdash(*form[0][1:])
    changes = "".join(re.findall(r"```diff\n(.*?)```", text, re.DOTALL))
    subprocess.run(["git", "apply"], input=changes, text=True, check=True)
    run(root, *upgrade[0][2:])
    output = run(root, "python", "-c", ENTER.format(rows=ROWS))
    assert output.splitlines()[:6] == ["303", "303", "303", "303", "422", "422"]
    assert "&#34;city&#34;: &#34;Oslo&#34;" in output
    assert "<b>a</b>" not in output
    flaskdash(*chart[0][1:])
    answer = json.loads(run(root, "python", "-c", CHART))
    assert answer["rows"] == [["Oslo", 12], ["Bergen", 3]]
    run(root, "ruff", "check")
    run(root, "ruff", "format", "--check")
    run(root, "mypy")
    assert " passed" in run(root, "pytest", "-q", "tests/test_events.py", "tests/test_database.py")
