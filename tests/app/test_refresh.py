"""refresh: the project's own code rebuilds its snapshots, and says in a line what failed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.data import sales_csv
from tests.support.fixtures import Cli
from tests.support.waiting import wait_for
from tests.support.web import fetch

if os.name != "nt":
    import pexpect


def snapshot(flaskdash: Cli) -> Any:
    return json.loads(flaskdash("list", "--json").output)["loaders"][0]["snapshot"]


def test_refresh_rebuilds_what_is_fresh_too(project: Path, flaskdash: Cli) -> None:
    output = flaskdash("refresh").output
    assert "refresh   sales: 360 rows in " in output
    first = snapshot(flaskdash)
    assert first["rows"] == 360
    flaskdash("refresh", "sales", "sales")
    again = snapshot(flaskdash)
    assert again["built"] > first["built"]
    assert "360 rows, just now" in flaskdash("list").output


def test_a_loader_that_fails_is_told_and_the_others_are_refreshed(
    project: Path, flaskdash: Cli, sales: Path
) -> None:
    flaskdash("refresh")
    good = {path: path.read_bytes() for path in (project / "instance").glob("sales.*.parquet")}
    assert len(good) == 1
    loader = project / "app/loaders/sales.py"
    text = loader.read_text("utf-8").rstrip()
    broken = text.replace("    return", '    raise ValueError("no luck:\\n" + "today")\n    return')
    loader.write_text(broken, "utf-8")
    line = broken[: broken.index("raise")].count("\n") + 1
    (project / "app/loaders/z.py").write_text(text, "utf-8")
    output = flaskdash("refresh", code=1).output
    assert (
        f"failed    sales: ValueError: no luck: today (app/loaders/sales.py, line {line})" in output
    )
    assert "refresh   z: 360 rows in " in output
    assert "These loaders failed: sales." in output
    assert "Traceback" not in output
    assert {path: path.read_bytes() for path in good} == good
    assert "360 rows" in flaskdash("list").output
    assert snapshot(flaskdash)["error"] == "ValueError"
    loader.write_text(text, "utf-8")
    flaskdash("refresh", "sales")
    assert snapshot(flaskdash)["error"] is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("def load(:\n", "is not valid Python"),
        ("import nowhere_at_all\n", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("import os\nos._exit(7)\n", "exit code 7"),
        ("import sys\nsys.exit('enough')\n", "SystemExit: enough (app/loaders/sales.py, line 2)"),
        ("REFRESH = '1h'\n", "load is missing. See app/loaders/__init__.py."),
    ],
)
def test_a_project_that_does_not_start_is_told(
    project: Path, flaskdash: Cli, text: str, says: str
) -> None:
    (project / "app/loaders/sales.py").write_text(text, "utf-8")
    output = flaskdash("refresh", code=1).output
    assert says in output
    assert "Traceback" not in output


def test_refresh_without_a_secret_key_follows_the_source(project: Path, flaskdash: Cli) -> None:
    (project / ".env").unlink()
    (project / "data/sales.csv").write_text(sales_csv(20), "utf-8")
    assert "sales: 20 rows" in flaskdash("refresh").output


def test_refresh_knows_the_loaders(project: Path, flaskdash: Cli) -> None:
    assert (
        "Unknown loader 'sale'. Use one of: sales.\nTry: flaskdash list"
        in flaskdash("refresh", "sale", code=1).output
    )


SERVE = [sys.executable, "-m", "flaskdash", "serve", "--no-open", "--port", "0"]


def slow(project: Path) -> None:
    """Have the loader take two seconds, and write half a line meanwhile, as print() may."""
    loader = project / "app/loaders/sales.py"
    code = loader.read_text("utf-8")
    head, doc, body = code.partition('"""Read sales.csv, as it is written."""\n')
    assert doc, code
    wait = "    import sys, time; time.sleep(1.4); print('half', end='', file=sys.stderr)\n"
    wait += "    time.sleep(0.4); print(' and whole', file=sys.stderr); time.sleep(0.4)\n"
    loader.write_text(head + doc + wait + body, "utf-8")


@pytest.mark.skipif(os.name == "nt", reason="pexpect")
def test_the_development_server_shows_what_it_reads(project: Path) -> None:
    slow(project)
    child = pexpect.spawn(SERVE[0], SERVE[1:], encoding="utf-8", timeout=30, cwd=str(project))
    child.expect(r"Serving Shop on (http://127.0.0.1:\d+)")
    assert child.match
    assert fetch(child.match[1])[0] == 200
    child.expect(r"Read sales: 360 rows in \d\.\d s")
    output = child.before
    assert len(set(re.findall("([\u2801-\u28ff]) Reading sales[.]{3} [12] s\r", output))) > 3
    assert "\x1b[Khalf and whole\r\n" in output, "its line is in the middle of another"
    assert output.endswith("\r\x1b[K"), "it is left behind"
    assert not re.search("\x1b\\[[0-9;]*m", output), "colours"
    child.sendintr()
    child.expect(pexpect.EOF)
    assert "Reading" not in child.before


@pytest.mark.skipif(os.name == "nt", reason="a Unix signal")
def test_no_spinner_goes_into_a_file(project: Path) -> None:
    slow(project)
    log = project.parent / "log"
    with log.open("wb") as file:
        served = subprocess.Popen(SERVE, cwd=project, stdout=file, stderr=subprocess.STDOUT)
    try:
        address = re.compile(r"Serving Shop on (\S+)")
        wait_for(lambda: address.search(log.read_text("utf-8")) is not None, "the server")
        match = address.search(log.read_text("utf-8"))
        assert match
        assert fetch(match[1])[0] == 200
    finally:
        served.terminate()
        served.wait(30)
    output = log.read_text("utf-8")
    assert "half and whole" in output
    assert "Reading" not in output
    assert "\x1b" not in output
