"""Rows per user: what a loader's visible(user) hides is in no answer, whoever asked before."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from textwrap import dedent

import pytest

from flaskdash.deploy import static
from tests.support.fixtures import Cli
from tests.support.projects import inside, own_environment, run

ANSWERS = 400
ROUNDS = int(os.environ.get("ROUNDS", "1"))  # 26 are for a measurement: see bench/README.md
OWNERS = [f"owner{n}x" for n in range(6)]
VISIBLE = '''

def visible(user: dict[str, str]) -> object:
    """Return the rows that a user may see."""
    if user["name"] == "boss":
        return None
    if user["name"].startswith("sql"):
        return "owner = $owner OR owner = $second", {"owner": user["name"][3:], "second": "owner0x"}
    return {"owner": user["name"]}
'''
HOOK = """
from flask import request
from app.engine.visitor import Visitor
def who():
    name = request.headers.get("X-User")
    return Visitor(frozenset({"viewer"}), {"name": name} if name else None)
flask_app.extensions["visitor"] = who
"""
# Each owner has texts, numbers and days of their own, so that a leak can be recognised anywhere.
ASK = """
import collections, random, re
seed, answers, owners = SETTINGS
draw = random.Random(seed)
charts = list(engine.charts.values())
leaks, statuses = [], collections.Counter()
def path():
    chart = draw.choice(charts).slug
    column = draw.choice(["owner", "place", "day", "amount"])
    query = draw.choice([
        "", f"owner={draw.choice(owners)}", f"owner.not={draw.choice(owners)}", "owner.blank=1",
        f"place.has=town{draw.randrange(6)}", f"place=town{draw.randrange(6)}{draw.randrange(4)}y",
        f"amount.from={draw.randrange(6000)}", f"amount.to={draw.randrange(6000)}",
        f"day.from=202{draw.randrange(6)}-03-01", f"day.to=202{draw.randrange(6)}-09-01",
        f"{chart}.find={draw.choice(owners)}", f"{chart}.sort={column}&{chart}.desc=1",
        f"{column}.find={draw.choice(['', 'owner', 'town', '2'])}",
    ])
    route = draw.choice([
        "/", f"/charts/{chart}", f"/charts/{chart}.csv", f"/charts/{chart}/data.json",
        f"/charts/{chart}/figure.json", f"/charts/{chart}/rows", f"/charts/{chart}/choices",
    ])
    return f"{route}?{query}"
for _ in range(answers):
    user = draw.choice([*owners, *owners, "boss", "sql" + draw.choice(owners), ""])
    address = path()
    answer = get(address, **({"X-User": user} if user else {}))
    statuses[answer.status_code] += 1
    seen = owners if user == "boss" else [owners[0], user[3:]] if user.startswith("sql") else [user]
    # What was asked for may be repeated, in links and in the form.
    text = answer.text.replace(address, "") if answer.mimetype == "text/html" else answer.text
    for number, owner in enumerate(owners):
        marks = [owner, *(f"town{number}{n}y" for n in range(4))]
        marks = [mark for mark in marks if mark not in address]
        if owner not in seen and any(mark in text for mark in marks):
            leaks.append((user, address, owner))
print(json.dumps({"leaks": leaks[:5], "statuses": statuses}))
"""


@pytest.fixture
def shop(project: Path, flaskdash: Cli) -> Path:
    """Return a project whose rows belong to six owners."""
    draw = random.Random(5)
    rows = [
        f"202{n}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02},{owner},town{n}{draw.randrange(4)}y,"
        f"{1000 * n + draw.randrange(999)}"
        for n, owner in enumerate(OWNERS)
        for _ in range(80)
    ]
    draw.shuffle(rows)
    (project / "data/orders.csv").write_text("\n".join(["day,owner,place,amount", *rows]), "utf-8")
    for chart in (project / "app/charts").glob("[a-z]*.py"):
        chart.unlink()
    flaskdash("add-data", project / "data/orders.csv", "--name", "orders")
    filters = [part for name in ("owner", "place", "day", "amount") for part in ("--filter", name)]
    for kind, *flags in (
        ("bar", "--x", "place", "--y", "amount"),
        ("line", "--x", "day", "--y", "amount", "--color", "owner"),
        ("table",),
        ("kpi", "--y", "amount", "--agg", "sum"),
    ):
        flaskdash("add-chart", "--data", "orders", "--kind", kind, *flags, *filters)
    loader = project / "app/loaders/orders.py"
    loader.write_text(loader.read_text("utf-8") + VISIBLE, "utf-8")
    return project


def as_users(shop: Path, code: str) -> str:
    """Run code in which X-User says who asks; return what it prints."""
    return inside(shop, HOOK + dedent(code))


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_no_answer_has_a_row_of_somebody_else(shop: Path, seed: int) -> None:
    settings = json.dumps([seed, ANSWERS, OWNERS])
    report = json.loads(inside(shop, f"SETTINGS = {settings}\n{HOOK}{ASK}").splitlines()[-1])
    assert report["leaks"] == []
    assert report["statuses"]["200"] > ANSWERS / 2
    assert not {"500"} & {*report["statuses"]}


def test_counts_choices_and_sums_are_those_of_the_visible_rows(shop: Path) -> None:
    output = as_users(
        shop,
        """
        import re
        def facts(user):
            page = get("/", **({"X-User": user} if user else {})).text
            rows = get("/charts/total-amount/data.json", **({"X-User": user} if user else {})).get_json()["rows"]
            return re.findall(r"orders: (\\d+) rows", page), sorted(set(re.findall("town..y", page))), rows
        boss, own, nobody = facts("boss"), facts("owner3x"), facts("")
        print(json.dumps([boss[0], own[0], nobody[0], len(boss[1]), own[1], nobody[1], boss[2] != own[2], nobody[2]]))
        """,
    )
    *counts, boss_towns, towns, no_towns, differs, nothing = json.loads(output.splitlines()[-1])
    assert counts == [["480"], ["80"], []]
    assert boss_towns > 10
    assert towns == [f"town3{n}y" for n in range(4)]
    assert no_towns == []
    assert differs
    assert nothing == [[None]]


def test_users_with_equal_rights_share_answers(shop: Path) -> None:
    output = as_users(
        shop,
        """
        def files(user):
            assert get("/", **{"X-User": user}).status_code == 200
            return len(cached_files())
        print(json.dumps([files(user) for user in ("owner1x", "owner2x", "owner1x", "boss", "owner2x")]))
        """,
    )
    first, second, third, fourth, fifth = json.loads(output.splitlines()[-1])
    assert first < second == third < fourth == fifth


def test_a_wrong_condition_shows_nothing(shop: Path) -> None:
    loader = shop / "app/loaders/orders.py"
    text = loader.read_text("utf-8").replace('{"owner": user["name"]}', '{"owner"}')
    loader.write_text(text, "utf-8")
    output = as_users(
        shop,
        """
        for address in ("/", "/charts/total-amount", "/charts/total-amount.csv"):
            answer = get(address, **{"X-User": "owner1x"})
            print(answer.status_code, "town" in answer.text)
        """,
    )
    assert "True" not in output


def test_a_static_copy_is_refused(shop: Path, tmp_path: Path) -> None:
    command = [shop / ".venv/bin/python", static.CHILD, tmp_path / "copy", "release"]
    done = subprocess.run(command, cwd=shop, capture_output=True, text=True)
    assert done.returncode != 0
    assert "the loader orders has visible(user)" in done.stdout + done.stderr


def test_a_live_database_is_asked_for_the_visible_rows(
    project: Path, shared_project: Path, flaskdash: Cli, tmp_path: Path
) -> None:
    own_environment(project, shared_project)
    source = tmp_path / "orders.db"
    with closing(sqlite3.connect(source)) as connection:
        connection.execute("CREATE TABLE orders (owner TEXT, place TEXT, amount INT)")
        rows = [
            (owner, f"town{n}{m}y", 10 * n + m) for n, owner in enumerate(OWNERS) for m in range(4)
        ]
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?)", rows)
        connection.commit()
    flaskdash("add-data", f"sqlite:///{source}", "--table", "orders", "--live")
    for kind, *flags in (("bar", "--x", "place", "--y", "amount"), ("table",)):
        flaskdash(
            "add-chart",
            f"my_{kind}",
            "--data",
            "orders",
            "--kind",
            kind,
            *flags,
            "--filter",
            "place",
        )
    loader = project / "app/loaders/orders.py"
    loader.write_text(loader.read_text("utf-8") + VISIBLE, "utf-8")
    code = """
    for user in ("owner3x", "sqlowner3x", "boss", "owner3x"):
        towns = set()
        for address in ("/charts/my-bar", "/charts/my-table", "/charts/my-table.csv", "/charts/my-bar/data.json"):
            answer = get(address, **{"X-User": user})
            assert answer.status_code == 200
            towns |= set(re.findall("town(.).y", answer.text))
        print("".join(sorted(towns)))
    rows = get("/charts/my-bar/data.json?place=town00y", **{"X-User": "sqlowner3x"}).get_json()["rows"]
    print(len(rows))  # what the visitor may see, and the filter: both
    """
    output = inside(project, "import re\n" + HOOK + dedent(code))
    assert output.split()[-5:] == ["3", "03", "012345", "3", "1"]
    run(project, "mypy")
