"""A real server: what is deployed answers from outside, and no request fails while it changes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.machine import booted
from tests.support.projects import copy_project, own_environment
from tests.support.shipping import SLOW, CommandResult, ServerDeploy
from tests.support.visitors import Visitors
from tests.support.waiting import wait_for
from tests.support.web import fetch, free_port

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the server is a container"),
]
ONLY_THERE = """
import os

if os.environ.get("HOME") == "/home/dash":
    raise RuntimeError("something that only the server lacks")
"""


@pytest.fixture(scope="module")
def shop(shared_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerDeploy]:
    """Return a project, and a server with an empty account for it."""
    project = tmp_path_factory.mktemp("server") / "shop"
    copy_project(shared_project, project)
    with (project / "app/pages.py").open("a", encoding="utf-8") as pages:
        pages.write(SLOW)
    with booted() as machine:
        yield ServerDeploy(project, machine, free_port())


@pytest.fixture(scope="module")
def deployed(shop: ServerDeploy) -> CommandResult:
    """Deploy it for the first time."""
    return shop.deploy("--yes")


def pages(shop: ServerDeploy) -> list[str]:
    """Return what a visitor asks for: the dashboard, its charts, and which release it is."""
    body = fetch(shop.url)[1].decode()
    charts = sorted(set(re.findall(r'href="(/charts/[a-z0-9-]+)"', body)))
    assert charts, body
    return ["/up", "/", charts[0], f"{charts[0]}/figure.json"]


def names(shop: ServerDeploy) -> list[str]:
    """Return the releases that the server has, the newest first."""
    completed = shop.run("releases", "--json")
    assert completed.code == 0, completed.output
    return [release["name"] for release in json.loads(completed.output)]


def test_one_command_from_an_empty_account_to_a_url_that_answers(
    shop: ServerDeploy, deployed: CommandResult
) -> None:
    assert deployed.code == 0, deployed.output
    assert shop.url in deployed.output
    assert shop.answers() == names(shop)[0]
    assert fetch(shop.url)[0] == 200
    assert json.loads(shop.run("status", "--json").output)["healthy"] is True


def test_no_request_fails_while_releases_come_and_go(
    shop: ServerDeploy, deployed: CommandResult, shared_project: Path
) -> None:
    assert deployed.code == 0, deployed.output
    releases = [shop.answers()]
    with Visitors(shop.url, pages(shop), slow="/slow") as visitors:
        shop.change("the code has changed")
        releases.append(next_release(shop, "deploy"))
        own_environment(shop.project, shared_project)
        uv = [sys.executable, "-m", "uv", "add", "--quiet", "humanize"]
        subprocess.run(uv, cwd=shop.project, check=True)
        releases.append(next_release(shop, "deploy"))
        releases.append(next_release(shop, "rollback"))
    assert visitors.failures == []
    assert len(set(releases)) == 3
    assert visitors.releases[-1] == releases[1] == releases[3]
    assert set(visitors.releases) == set(releases)
    assert min(visitors.counts[kind] for kind in ("new", "kept")) > 100
    assert visitors.counts["slow"] > 3


def next_release(shop: ServerDeploy, command: str) -> str:
    """Run a command that lets another release go live; return that release."""
    shop.pass_slow_rules()
    completed = shop.run(command)
    assert completed.code == 0, completed.output
    return shop.answers()


def test_a_release_that_fails_there_never_goes_live(
    shop: ServerDeploy, deployed: CommandResult
) -> None:
    assert deployed.code == 0, deployed.output
    old, releases, before = shop.answers(), names(shop), shop.traces()
    file = shop.project / "app/__init__.py"
    text = file.read_text("utf-8")
    file.write_text(text + ONLY_THERE, "utf-8")
    shop.pass_slow_rules()
    with Visitors(shop.url, pages(shop)) as visitors:
        completed = shop.run("deploy")
    file.write_text(text, "utf-8")
    assert completed.code == 4, completed.output
    assert "RuntimeError: something that only the server lacks" in completed.output
    assert old in completed.output
    assert visitors.failures == []
    assert visitors.releases == [old]
    assert names(shop) == releases
    assert shop.leaks(before) == []


def test_where_the_servers_side_is_killed_one_release_answers(
    shop: ServerDeploy, deployed: CommandResult
) -> None:
    assert deployed.code == 0, deployed.output
    old, before = shop.answers(), shop.traces()
    shop.change("it is not to be finished there")
    shop.pass_slow_rules()
    process = shop.start("deploy")
    wait_for(lambda: "\nstart " in shop.output(), "the new release to be started", 120)
    shop.machine.kill_commands()
    code = shop.wait(process)
    answers = {shop.answers() for _ in range(12)}
    assert len(answers) == 1, shop.output()
    assert (code, answers) == (4, {old}) or (code == 0 and answers != {old}), shop.output()
    assert shop.leaks(before) == []


def test_after_a_kill_and_a_power_failure_the_next_deploy_works(
    shop: ServerDeploy, deployed: CommandResult
) -> None:
    assert deployed.code == 0, deployed.output
    before = shop.traces()
    old = shop.answers()
    shop.change("it is not to be finished")
    shop.pass_slow_rules()
    process = shop.start("deploy")
    wait_for(lambda: "\nstart " in shop.output(), "the new release to be started", 120)
    process.kill()
    shop.wait(process)
    shop.machine.reboot(gently=False)
    live = shop.await_answer()
    assert live, shop.machine.journal()
    shop.change("it is the next one")
    assert next_release(shop, "deploy") not in (live, old, "")
    assert shop.leaks(before) == []
