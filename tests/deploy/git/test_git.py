"""Deploys by git push, to a server that enforces the buildpack's rules and runs each push."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import Result

from flaskdash import shell
from flaskdash.check import rules
from flaskdash.deploy import git as git_target
from flaskdash.deploy.git import GitTarget, probe, servers
from flaskdash.deploy.git import buildpack as git_rules
from flaskdash.deploy.git.repository import Repository
from flaskdash.deploy.heroku import HerokuTarget
from flaskdash.deploy.heroku import api as heroku_api
from flaskdash.deploy.target import Place
from flaskdash.errors import FlaskdashError
from flaskdash.project import Project, environment
from flaskdash.ship.archive import Entry
from flaskdash.ship.errors import BuildError
from tests.support import buildpack
from tests.support.fixtures import Cli
from tests.support.projects import copy_project, link_environment
from tests.support.waiting import need, wait_for
from tests.support.web import fetch, free_port

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the test's server needs a Unix")
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
TINY = {
    ".env": "SECRET_KEY=not-that-of-production\n",
    ".gitignore": ".env\n.venv/\ndist/\n__pycache__/\n",
    ".python-version": f"{PYTHON}\n",
    "Procfile": "web: python app/serve.py $PORT\nrelease: python app/serve.py\n",
    "README.md": "# Shop\n",
    "app/serve.py": """\
import os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

os.environ["SECRET_KEY"]
file = Path(".release")
release = file.read_text().strip() if file.exists() else ""
PAGES = {
    "/up": f"up {release}".strip() + "\\n",
    "/": '<a href="/dashboards/more?x=1">',
    "/dashboards/more": "more",
}

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path in PAGES else 500)
        self.end_headers()
        self.wfile.write(PAGES.get(self.path, "").encode())

if sys.argv[1:]:
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
""",
    "pyproject.toml": """\
[project]
name = "tiny"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = []

[tool.flaskdash]
title = "Tiny"

[tool.uv]
package = false
""",
}
KEY = "0123456789abcdef0123456789abcdef"


class PushServer:
    """A git server that runs the pushed app on a local port."""

    def __init__(self, root: Path, kind: str, **settings: str) -> None:
        self.root = root
        self.requests: list[str] = []
        self.port = free_port()
        self.domain = f"127.0.0.1:{self.port}"
        self.address = buildpack.make(root, self.port, kind, **settings)

    def up(self) -> str:
        return fetch(f"http://{self.domain}/up")[1].decode().strip().removeprefix("up").strip()

    def git(self, *args: str) -> str:
        return git(self.root / "app.git", *args)

    def head(self) -> str:
        return self.git("for-each-ref", "--format=%(objectname)", "refs/heads").strip()


def git(cwd: Path, *args: str) -> str:
    identity = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
    process = subprocess.run(["git", *identity, *args], cwd=cwd, check=True, capture_output=True)
    return process.stdout.decode()


MakeServer = Callable[..., PushServer]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the environment that the servers share between builds."""
    return tmp_path_factory.mktemp("built")


@pytest.fixture
def make_server(tmp_path: Path, built: Path) -> Iterator[MakeServer]:
    """Return a function that makes a server; its processes end with the test."""
    push_servers: list[PushServer] = []

    def make(kind: str = "heroku", **settings: str) -> PushServer:
        need("git")
        root = tmp_path / f"server{len(push_servers)}"
        push_servers.append(PushServer(root, kind, **({"SECRET_KEY": KEY} | settings)))
        (root / "venv").symlink_to(built)
        return push_servers[-1]

    yield make
    for instance in push_servers:
        buildpack.stop(instance.root)


@pytest.fixture
def shop(shared_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a new project with everything committed, as the working directory."""
    root = tmp_path / "shop"
    copy_project(shared_project, root)
    (root / ".venv").unlink()  # .gitignore has .venv/, which does not match a link
    link_environment(root, shared_project)
    commit_all(root)
    monkeypatch.chdir(root)
    return root


@pytest.fixture(scope="module")
def tiny_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a committed project without dependencies; tests must copy it."""
    root = tmp_path_factory.mktemp("once") / "tiny"
    build(root, TINY)
    subprocess.run([environment.uv(), "lock", "-q", "--offline"], cwd=root, check=True)
    commit_all(root)
    return root


@pytest.fixture
def tiny(tiny_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a committed project without dependencies, as the working directory."""
    root = tmp_path / "tiny"
    shutil.copytree(tiny_once, root)
    monkeypatch.chdir(root)
    return root


def build(root: Path, tree: dict[str, str]) -> None:
    for name, text in tree.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")


def commit_all(root: Path) -> None:
    git(root, "init", "--quiet", "--initial-branch", "main")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "Start")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the rules for all targets, and shorten the wait for a release."""
    monkeypatch.setattr(rules, "ALL", ())
    monkeypatch.setattr(probe, "PATIENCE", 1.5)
    monkeypatch.setattr(probe, "PAUSE", 0.1)


def edit(root: Path, path: str, old: str, new: str) -> None:
    file = root / path
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def result_json(result: Result) -> Any:
    return json.loads(result.stdout)


def state(root: Path) -> dict[str, str]:
    """Return the digests of all files that a deploy must not change: the work tree and .git."""
    paths = [path for path in root.rglob("*") if path.is_file() and not path.is_symlink()]
    ignored = {"dist", ".venv", "instance", ".pytest_cache"}
    files = [
        path
        for path in paths
        if path.relative_to(root).parts[0] not in ignored and "__pycache__" not in path.parts
    ]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


# waitress waits for the end of what it takes for a request: 20 s for each try of TLS.
WITHOUT_TLS = """\
from flaskdash.__main__ import main
from flaskdash.deploy.git import probe

probe.urls = lambda domain: [f"http://{domain}"]
"""


def test_a_push_is_checked_built_started_and_answers(shop: Path, make_server: MakeServer) -> None:
    """It runs the complete preflight, on a work tree with uncommitted changes."""
    push_server = make_server()
    edit(shop, "README.md", "# Shop", "# Our shop")
    git(shop, "add", "README.md")
    edit(shop, "README.md", "# Our shop", "# Our own shop")
    (shop / "app/charts/notes.txt").write_text("not in git yet", "utf-8")
    args = ["deploy", push_server.address, "--domain", push_server.domain, "--yes", "--json"]
    before = state(shop)
    command = [sys.executable, "-c", f"{WITHOUT_TLS}main()", *args]
    process = subprocess.run(command, cwd=shop, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    release = json.loads(process.stdout)["release"]
    assert push_server.up() == release
    assert json.loads(process.stdout)["url"] == f"http://{push_server.domain}"
    changed = {path for path, digest in state(shop).items() if before.get(path) != digest}
    assert changed == {str(shop / "pyproject.toml")}  # it remembers the target
    assert set(before) == set(state(shop))
    pushed = push_server.git("ls-tree", "-r", "--name-only", push_server.head()).split()
    added = set(pushed) - set(git(shop, "ls-files").split())
    assert added == {".release", "app.json", "app/charts/notes.txt"}
    assert not {".env", "requirements.txt"} & set(pushed)
    assert push_server.git("show", f"{push_server.head()}:README.md").startswith("# Our own shop")
    assert (
        push_server.git("log", "-1", "--format=%an %s", push_server.head()).strip()
        == f"flaskdash Release {release}"
    )
    assert " and changes" in push_server.git("log", "-1", "--format=%b", push_server.head())
    assert fetch(f"http://{push_server.domain}/")[0] == 200

    edit(shop, "app/__init__.py", "def create_app", "import nowhere\n\n\ndef create_app")
    quick = "from flaskdash.check import rules; rules.ALL = (); probe.PATIENCE = 3; main()"
    command = [sys.executable, "-c", WITHOUT_TLS + quick, "deploy", "--yes"]
    process = subprocess.run(command, cwd=shop, capture_output=True, text=True)
    assert process.returncode == 4, process.stderr
    assert "No module named 'nowhere'" in process.stderr  # from the release phase
    assert f"{release} is live again" in process.stderr
    assert push_server.up() == release


@pytest.fixture
def live(
    tiny: Path, make_server: MakeServer, quick: None, flaskdash: Cli
) -> tuple[PushServer, str]:
    """Return a server, and the name of its first release."""
    push_server = make_server()
    result = flaskdash(
        "deploy", push_server.address, "--domain", push_server.domain, "--yes", "--json"
    )
    return push_server, result_json(result)["release"]


def test_a_second_release_is_pushed_and_the_first_is_restored(
    tiny: Path, live: tuple[PushServer, str], flaskdash: Cli
) -> None:
    push_server, first = live
    edit(tiny, "README.md", "# Shop", "# Our shop")
    second = result_json(flaskdash("deploy", "--yes", "--json"))["release"]
    assert push_server.up() == second != first
    assert len(push_server.git("rev-list", push_server.head()).split()) == 2
    listed = result_json(flaskdash("releases", "--json"))
    assert [(release["name"], release["live"]) for release in listed] == [
        (second, True),
        (first, False),
    ]
    head = git(tiny, "rev-parse", "--short", "HEAD").strip()
    assert listed[0]["note"] == f"{head} and changes"

    back = result_json(flaskdash("rollback", "--json"))
    assert (back["release"], push_server.up()) == (first, first)
    assert push_server.git("show", f"{push_server.head()}:README.md").startswith("# Shop")
    assert len(push_server.git("rev-list", push_server.head()).split()) == 3  # nothing was forced
    listed = result_json(flaskdash("releases", "--json"))
    assert [(release["name"], release["live"]) for release in listed] == [
        (second, False),
        (first, True),
    ]
    assert "There is no release before the live one" in flaskdash("rollback", code=1).output
    assert "Unknown release 'x'" in flaskdash("rollback", "x", code=1).output
    assert (
        result_json(flaskdash("rollback", second, "--json"))["release"]
        == push_server.up()
        == second
    )

    words = flaskdash("status").output.split()
    assert {second, f"http://{push_server.domain}", "yes", "main"} <= set(words)
    shutil.rmtree(next((tiny / "dist").glob(".push-*.git")))  # the state is on the server
    assert result_json(flaskdash("releases", "--json"))[0]["name"] == second


BROKEN = {
    "fails at the start": ("app/serve.py", "import os", 'raise RuntimeError("no")\nimport os'),
    "answers 500": ("app/serve.py", '"/":', '"/no":'),
    "has a dashboard that answers 500": ("app/serve.py", '"/dashboards/more":', '"/no":'),
    "names another release": ("app/serve.py", "{release}", "me"),
}


@pytest.mark.parametrize("mistake", BROKEN)
def test_a_release_that_does_not_answer_is_rolled_back(
    tiny: Path, live: tuple[PushServer, str], flaskdash: Cli, mistake: str
) -> None:
    push_server, first = live
    edit(tiny, *BROKEN[mistake])
    result = flaskdash("deploy", "--yes", code=4)
    assert f"{first} is live again at http://{push_server.domain}" in result.output
    assert push_server.up() == first
    assert fetch(f"http://{push_server.domain}/")[0] == 200
    listed = result_json(flaskdash("releases", "--json"))
    assert [(release["live"], release["note"] == "failed") for release in listed] == [
        (False, True),
        (True, False),
    ]
    git(tiny, "checkout", "--quiet", "app")
    assert (
        result_json(flaskdash("deploy", "--yes", "--json"))["release"] == push_server.up() != first
    )


def test_a_first_release_that_fails_cannot_be_rolled_back(
    tiny: Path, make_server: MakeServer, quick: None, flaskdash: Cli
) -> None:
    push_server = make_server()
    edit(tiny, *BROKEN["fails at the start"])
    args = ("deploy", push_server.address, "--domain", push_server.domain, "--yes")
    result = flaskdash(*args, code=5)
    assert "There is no release before it." in result.output
    git(tiny, "checkout", "--quiet", "app")
    assert result_json(flaskdash(*args, "--json"))["release"] == push_server.up() != ""


HEROKU_FAILED = """\
remote:  !     Release command declared: this new release will not be available until it succeeds.
remote:        Released v15
remote: Verifying deploy... done.
remote: Running release command...
remote: Traceback (most recent call last):
remote: RuntimeError: no
remote: Waiting for release.... failed.
To https://git.heroku.com/shop.git
"""
PIKU_FAILED = """\
remote: -----> Releasing
remote: RuntimeError: no
remote: -----> Exiting due to release command error value: 1
"""


@pytest.mark.parametrize(
    ("output", "problem"),
    [
        (HEROKU_FAILED, "its release phase failed: RuntimeError: no"),
        (PIKU_FAILED, "its release phase failed: RuntimeError: no"),
        ("remote: Release command failed\n", "its release phase failed: Release command failed"),
        (HEROKU_FAILED.replace("failed", "done"), ""),
        (PIKU_FAILED.rpartition("remote")[0], ""),
        ("", ""),
    ],
)
def test_a_failed_release_phase_is_read_from_the_output(output: str, problem: str) -> None:
    assert git_target._release_failure(output) == problem


@pytest.mark.parametrize("kind", ["heroku", "piku"])
def test_a_failed_release_phase_is_not_waited_for(
    tiny: Path,
    make_server: MakeServer,
    quick: None,
    flaskdash: Cli,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    push_server = make_server(kind)
    args = ("deploy", push_server.address, "--domain", push_server.domain, "--yes")
    edit(tiny, "Procfile", "release: python app/serve.py", "release: python app/nowhere.py")
    result = flaskdash(*args, code=5)
    reason = r"its release phase failed: \S*python\d*: can't open file .*nowhere.py"
    assert re.search(reason, result.output)
    assert "There is no release before it." in result.output
    git(tiny, "checkout", "--quiet", "Procfile")
    flaskdash(*args)
    first = push_server.up()
    edit(tiny, "Procfile", "release: python app/serve.py", "release: python app/nowhere.py")
    awaited: list[str] = []
    wait = probe.wait

    def record(urls: list[str], release: str) -> tuple[str, str]:
        awaited.append(release)
        return wait(urls, release)

    monkeypatch.setattr(probe, "wait", record)
    result = flaskdash(*args, code=4)
    assert re.search(reason, result.output)
    assert f"{first} is live again" in result.output
    assert (awaited, push_server.up()) == ([first], first)


def test_what_hides_a_deployed_app_is_noted_before_the_push(
    tiny: Path, make_server: MakeServer, quick: None, flaskdash: Cli
) -> None:
    push_server = make_server()
    args = ("deploy", push_server.address, "--domain", push_server.domain, "--yes", "--check")
    closed = f"nothing listens at {push_server.domain} (connection refused)"
    assert "note" not in flaskdash(*args).output  # nothing was deployed
    flaskdash(*args[:-1])
    assert "note" not in flaskdash(*args).output
    buildpack.stop(push_server.root)
    output = flaskdash(*args).output
    assert f"note  address      {closed}. The app was deployed before" in " ".join(
        output.split("\n")
    )
    assert f"answers  no: {closed}\n" in flaskdash("status", code=1).output


def test_a_refused_push_changes_nothing(
    tiny: Path, live: tuple[PushServer, str], flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    push_server, first = live
    head = push_server.head()
    edit(tiny, "pyproject.toml", ">=3.11", ">=3.10")  # the lock is stale now
    result = flaskdash("deploy", "--yes", code=3)
    assert (
        f"The server refused the push. {first} is still live. The server's output:" in result.output
    )
    assert "Error: uv failed" in result.output
    assert (push_server.head(), push_server.up()) == (head, first)


def test_after_a_killed_push_the_old_release_answers_and_the_next_deploy_works(
    tiny: Path, live: tuple[PushServer, str], flaskdash: Cli
) -> None:
    push_server, first = live
    (push_server.root / "pause").write_text("2")
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from flaskdash.check import rules; rules.ALL = ()\n"
            "from flaskdash.cli import cli; cli(['deploy', '--yes'])",
        ],
        cwd=tiny,
        start_new_session=True,
    )
    wait_for((push_server.root / "building").exists, "the build to begin")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert push_server.up() == first
    (push_server.root / "pause").unlink()
    second = result_json(flaskdash("deploy", "--yes", "--json"))["release"]
    assert push_server.up() == second
    assert {first, second} <= {
        release["name"] for release in result_json(flaskdash("releases", "--json"))
    }


def test_an_interrupted_deploy_names_the_status_command(
    tiny: Path, live: tuple[PushServer, str], flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(GitTarget, "wait", interrupt)
    assert "`flaskdash status` shows what is live" in flaskdash("deploy", "--yes", code=1).output
    assert flaskdash("status").exit_code == 0


def test_a_connection_that_drops_after_the_push_is_not_a_failure(
    tiny: Path, live: tuple[PushServer, str], flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    push_server, first = live
    stream = shell.stream

    def drop(argv: list[str], *args: Any, **options: Any) -> str:
        stream(argv, *args, **options)
        raise shell.CommandError(argv, 128, "Connection reset by peer")

    monkeypatch.setattr(shell, "stream", drop)
    assert (
        result_json(flaskdash("deploy", "--yes", "--json"))["release"] == push_server.up() != first
    )


def test_a_manual_push_is_a_release(
    tiny: Path, make_server: MakeServer, quick: None, flaskdash: Cli
) -> None:
    push_server = make_server()
    git(tiny, "push", "--quiet", push_server.address.removeprefix("git+"), "main")
    assert push_server.up() == ""
    head = git(tiny, "rev-parse", "main").strip()
    args = ("deploy", push_server.address, "--domain", push_server.domain, "--yes")
    release = result_json(flaskdash(*args, "--json"))["release"]
    assert push_server.git("rev-list", push_server.head()).split()[1:] == [head]
    listed = result_json(flaskdash("releases", "--json"))
    assert [(release["name"], release["live"]) for release in listed] == [
        (release, True),
        (head[:12], False),
    ]
    edit(tiny, *BROKEN["fails at the start"])
    assert f"{release} is live again" in flaskdash("deploy", "--yes", code=4).output
    assert result_json(flaskdash("rollback", "--json"))["release"] == head[:12]
    assert push_server.up() == ""


def test_a_dry_run_prints_every_step_and_changes_nothing(
    tiny: Path, make_server: MakeServer, flaskdash: Cli
) -> None:
    push_server = make_server()
    before = state(tiny)
    args = ("deploy", push_server.address, "--domain", push_server.domain, "--dry-run")
    printed = flaskdash(*args).output.splitlines()
    assert state(tiny) == before
    assert not (tiny / "dist").exists()
    assert not push_server.head()
    committed = [line.split()[1].rstrip(":") for line in printed if line.startswith("commit ")]
    assert committed == [*sorted(git(tiny, "ls-files").split()), ".release", "app.json"]
    url = push_server.address.removeprefix("git+")
    assert any(f"push --no-verify {url} COMMIT:refs/heads/main" in line for line in printed)
    assert f"verify    https://{push_server.domain}/up answers with the new release" in "\n".join(
        printed
    )
    checked = [line.split()[1].rstrip(":") for line in printed if line.startswith("check ")]
    assert {"procfile", "one-lock", "python", "web", "slug", "address"} <= set(checked)


def test_the_users_git_settings_and_hooks_do_not_change_the_push(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = tmp_path / "hooks"
    build(hooks, {"pre-push": "#!/bin/sh\nexit 1\n"})
    (hooks / "pre-push").chmod(0o755)
    config = tmp_path / "gitconfig"
    config.write_text(
        f"[core]\n\thooksPath = {hooks}\n\tautocrlf = true\n[commit]\n\tgpgSign = true\n"
        f"[init]\n\ttemplateDir = {hooks}\n[safe]\n\tbareRepository = explicit\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    lines = tmp_path / "lines.csv"
    lines.write_bytes(b"a\r\nb\n")
    remote = tmp_path / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", str(remote)], check=True)
    repository = Repository(tmp_path / "dist", f"file://{remote}")
    assert repository.fetch() == []
    entries = [Entry("Größe/a b.csv", lines), Entry("run", b"x", executable=True)]
    commit = repository.commit(entries, "Release 1")
    repository.push(commit, print)
    blob = subprocess.run(
        ["git", f"--git-dir={remote}", "show", "main:Größe/a b.csv"],
        capture_output=True,
        check=True,
    )
    assert blob.stdout == b"a\r\nb\n"
    monkeypatch.delenv("GIT_CONFIG_GLOBAL")
    assert git(remote, "ls-tree", "main", "run").startswith("100755")
    assert [commit.release for commit in repository.fetch()] == ["1"]
    with pytest.raises(BuildError, match="has a line break in its name"):
        repository.commit([Entry("a\nb", b"")], "Release 2")


# --- Heroku: the same server, and an imitation of Heroku's API ---


class HerokuApi(BaseHTTPRequestHandler):
    """An imitation of Heroku's API that works on the state of a PushServer."""

    root: Path
    requests: list[str]

    def do_GET(self) -> None:
        self.answer("GET")

    def do_PATCH(self) -> None:
        self.answer("PATCH")

    def do_POST(self) -> None:
        self.answer("POST")

    def answer(self, verb: str) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)) or "{}")
        self.requests.append(f"{verb} {self.path}")
        if self.path == "/log":
            return self.respond(200, "a line of the log\n\x1b[31mred\n")
        if self.headers["Authorization"] != f"Bearer {KEY}":
            return self.respond(401, {"message": "Invalid credentials"})
        app, _, resource = self.path.removeprefix("/apps/").partition("/")
        if app != "shop":
            return self.respond(404, {"message": "no such app"})
        return self.respond(200, getattr(self, f"{verb}_{resource.replace('-', '_')}")(body))

    def respond(self, status: int, body: Any) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write((body if isinstance(body, str) else json.dumps(body)).encode())

    def log_message(self, *args: Any) -> None:
        pass

    def GET_(self, _body: Any) -> Any:
        return {"web_url": f"http://127.0.0.1:{buildpack.load(self.root)['port']}/"}

    def GET_config_vars(self, _body: Any) -> Any:
        return buildpack.load(self.root)["settings"]

    def PATCH_config_vars(self, body: Any) -> Any:
        state = buildpack.load(self.root)
        state["settings"] |= body
        self.append(state, f"Set {', '.join(body)} config vars", state["releases"][-1:])
        return state["settings"]

    def GET_releases(self, _body: Any) -> Any:
        assert "order=desc" in self.headers["Range"]
        return [
            {
                "id": f"id-{release['version']}",
                "version": release["version"],
                "description": release.get("description") or f"Deploy {release['commit'][:8]}",
                "status": "failed" if release["failed"] else "succeeded",
                "slug": {"id": release["commit"]},
            }
            for release in reversed(buildpack.load(self.root)["releases"])
        ]

    def POST_releases(self, body: Any) -> Any:
        state = buildpack.load(self.root)
        (release,) = (
            release
            for release in state["releases"]
            if body["release"] == f"id-{release['version']}"
        )
        self.append(state, f"Rollback to v{release['version']}", [release])
        return {}

    def POST_log_sessions(self, body: Any) -> Any:
        assert body == {"lines": 100, "tail": False}
        return {"logplex_url": f"http://{self.headers['Host']}/log"}

    def append(self, state: Any, description: str, sources: list[Any]) -> None:
        """Add a release for each source release, and restart the app with its commit."""
        for source in sources:
            changes = {"version": len(state["releases"]) + 1, "description": description}
            state["releases"].append({**source, **changes})
        buildpack.save(self.root, state)
        for source in sources:
            buildpack.restart(self.root, source["commit"])


@pytest.fixture
def heroku(
    tiny: Path, make_server: MakeServer, quick: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PushServer]:
    """Return a server with the Heroku app `shop`, which has no settings yet."""
    push_server = make_server()
    buildpack.save(push_server.root, buildpack.load(push_server.root) | {"settings": {}})
    handler = type(
        "Handler", (HerokuApi,), {"root": push_server.root, "requests": push_server.requests}
    )
    (push_server.root / "shop.git").symlink_to(push_server.root / "app.git")
    monkeypatch.setenv("HEROKU_API_KEY", KEY)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as api:
        monkeypatch.setattr(heroku_api, "API", f"http://127.0.0.1:{api.server_port}")
        monkeypatch.setattr(heroku_api, "GIT", f"file://{push_server.root}")
        thread = Thread(target=api.serve_forever)
        thread.start()
        yield push_server
        api.shutdown()
        thread.join()


def test_heroku_from_the_first_push_to_a_rollback(
    tiny: Path, heroku: PushServer, flaskdash: Cli
) -> None:
    result = flaskdash("deploy", "heroku://shop", "--yes")
    first = heroku.up()
    assert "set       SECRET_KEY on shop" in result.output
    key = buildpack.load(heroku.root)["settings"]["SECRET_KEY"]
    assert len(key) == 64
    assert key not in result.output
    assert f"live      {first} at http://127.0.0.1:{heroku.port}" in result.output

    edit(tiny, "README.md", "# Shop", "# Our shop")
    result = flaskdash("deploy", "--yes")
    second = heroku.up()
    assert "SECRET_KEY" not in result.output  # it is only set once
    assert "set       TOKEN on shop" in flaskdash("secrets", "set", "TOKEN", stdin="abc").output
    assert flaskdash("secrets", "list").output.split() == ["SECRET_KEY", "TOKEN"]
    assert buildpack.load(heroku.root)["settings"]["SECRET_KEY"] == key
    listed = [
        (release["name"], release["live"], release["note"][:2])
        for release in result_json(flaskdash("releases", "--json"))
    ]
    assert listed == [(second, True, "v2"), (first, False, "v1")]

    assert result_json(flaskdash("rollback", "--json"))["release"] == heroku.up() == first
    assert result_json(flaskdash("rollback", second, "--json"))["release"] == heroku.up() == second
    last = buildpack.load(heroku.root)["releases"][-1]
    assert (
        last["description"] == "Rollback to v3"
    )  # the newest release of that commit, which has TOKEN
    assert flaskdash("status").output.split()[:2] == ["release", second]
    assert flaskdash("logs").output == "a line of the log\n[31mred\n"


def test_a_failed_release_phase_on_heroku_replaces_nothing(
    tiny: Path, heroku: PushServer, flaskdash: Cli
) -> None:
    flaskdash("deploy", "heroku://shop", "--yes")
    first = heroku.up()
    flaskdash("deploy", "--yes")
    second = heroku.up()
    edit(tiny, *BROKEN["fails at the start"])
    result = flaskdash("deploy", "--yes", code=4)
    assert "its release phase failed: RuntimeError: no. " in result.output
    assert f"{second} is live again" in result.output
    assert "POST /apps/shop/releases" not in heroku.requests
    head = git(tiny, "rev-parse", "--short", "HEAD").strip()
    notes = [release["note"] for release in result_json(flaskdash("releases", "--json"))]
    assert notes == ["v3 failed", f"v2 {head} and changes", f"v1 {head} and changes"]
    assert result_json(flaskdash("rollback", "--json"))["release"] == heroku.up() == first

    git(tiny, "checkout", "--quiet", "app")
    edit(tiny, *BROKEN["answers 500"])
    result = flaskdash("deploy", "--yes", code=4)
    assert f"/ answers 500. {first} is live again" in result.output
    assert heroku.requests.count("POST /apps/shop/releases") == 2
    assert heroku.up() == first


def test_a_refusal_of_heroku_is_explained(
    tiny: Path, heroku: PushServer, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = flaskdash("deploy", "heroku://other", "--yes", code=2).output
    assert "Your Heroku account has no app 'other'" in output
    assert "Fix: heroku create other" in output
    monkeypatch.setenv("HEROKU_API_KEY", "wrong")
    assert "Heroku rejects your key" in flaskdash("deploy", "heroku://shop", code=2).output
    monkeypatch.delenv("HEROKU_API_KEY")
    monkeypatch.setenv("NETRC", os.devnull)
    monkeypatch.setenv("HOME", str(tiny))
    monkeypatch.setenv("PATH", "")
    assert "You are not logged in to Heroku" in flaskdash("deploy", "heroku://shop", code=2).output
    build(tiny, {".netrc": f"machine 127.0.0.1\nlogin me\npassword {KEY}\n"})
    (tiny / ".netrc").chmod(0o600)
    assert heroku_api.token() == KEY
    (tiny / ".netrc").rename(tiny / "_netrc")  # on Windows
    assert heroku_api.token() == KEY
    monkeypatch.setattr(heroku_api, "API", "http://127.0.0.1:9")
    monkeypatch.setenv("HEROKU_API_KEY", KEY)
    assert "Heroku cannot be reached" in flaskdash("deploy", "heroku://shop", code=2).output
    assert (
        "is not the address of an app on Heroku"
        in flaskdash("deploy", "heroku://A b", code=1).output
    )


def test_only_a_domain_of_your_own_is_looked_at_before_a_push_to_heroku(tiny: Path) -> None:
    project = Project.find(tiny)
    ids = [
        [rule.id for rule in HerokuTarget(project, Place("heroku", "heroku://a", settings)).rules()]
        for settings in ({}, {"domain": "a.example.org"})
    ]
    assert ids == [["account"], ["account", "address"]]


def test_git_gets_the_heroku_key_without_showing_it_in_arguments(
    tiny: Path, heroku: PushServer
) -> None:
    target = HerokuTarget(Project.find(tiny), Place("heroku", "heroku://shop"))
    command = target.repository.push_command("x")
    assert KEY not in " ".join(command)
    query = "protocol=https\nhost=git.example.org\n\n"
    credentials = shell.run(
        [*command[:7], "credential", "fill"], tiny, target.repository.env(), stdin=query
    )
    assert f"password={KEY}\n" in credentials


# --- Dokku and Piku: git over an imitation of ssh ---

SSH = """\
#!{python}
import subprocess, sys
from pathlib import Path

args = sys.argv[1:]
args = args[2:] if args[0] == "-o" else args  # git adds -o SendEnv
has_terminal = args[0] == "-tt"
args = args[has_terminal:]
host, words = args[0], " ".join(args[1:]).split(" ")
home, repository = Path("{home}"), "{repository}"
with (home / "ssh.log").open("a") as log:
    print(host, *words, file=log)
marker = home / "created"
sys.path.insert(0, "{root_of_tests}")
from tests.support import buildpack

if words[0] in ("git-receive-pack", "git-upload-pack"):
    if words[0] == "git-receive-pack":
        marker.touch()
    elif not marker.exists():
        sys.exit("fatal: 'shop' does not appear to be a git repository")
    sys.exit(subprocess.run([words[0], repository]).returncode)
if words[0] == "apps:create":
    marker.touch()
elif not marker.exists():
    sys.exit("Error: app 'shop' not found.")
root = Path("{root}")
state = buildpack.load(root)
if words[0] == "config:keys":
    print(*state["settings"], sep="\\n")
elif words[0] == "config":
    print(*(f"{{key}}={{value}}" for key, value in state["settings"].items()), sep="\\n")
elif words[0] == "config:set":
    import base64, shlex
    words_after_app = shlex.split(" ".join(words[words.index("shop") + 1 :]))
    pairs = dict(pair.split("=", 1) for pair in words_after_app)
    if "--encoded" in words:
        pairs = {{key: base64.b64decode(value).decode() for key, value in pairs.items()}}
    state["settings"] |= pairs
    buildpack.save(root, state)
    print(pairs)
    if (home / "refuse").exists():
        sys.exit(1)
    if state["releases"] and "--no-restart" not in words:
        buildpack.restart(root, state["releases"][-1]["commit"])
elif words[0] == "logs":
    print("\x1b[37ma line of the log\x1b[0m" if has_terminal else "a line of the log", flush=True)
    if "--num" not in words:
        import time
        time.sleep(60)
"""


@pytest.fixture
def over_ssh(
    tiny: Path,
    make_server: MakeServer,
    quick: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[str], PushServer]:
    """Return a function that makes a server, and puts an `ssh` on the PATH that reaches it."""

    def make(kind: str) -> PushServer:
        push_server = make_server("piku" if kind == "piku" else "heroku")
        buildpack.save(push_server.root, buildpack.load(push_server.root) | {"settings": {}})
        script = SSH.format(
            python=sys.executable,
            home=tmp_path,
            repository=push_server.root / "app.git",
            root=push_server.root,
            root_of_tests=Path(__file__).parents[3],
        )
        build(tmp_path, {"bin/ssh": script})
        (tmp_path / "bin/ssh").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
        return push_server

    return make


@pytest.mark.parametrize("kind", ["dokku", "piku"])
def test_settings_and_logs_of_dokku_and_piku(
    tiny: Path,
    over_ssh: Callable[[str], PushServer],
    flaskdash: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    push_server = over_ssh(kind)
    monkeypatch.setattr(servers, "LOG_SECONDS", 3)
    args = ("deploy", f"git+ssh://{kind}@example.org/shop", "--domain", push_server.domain, "--yes")
    assert result_json(flaskdash(*args, "--json"))["release"] == push_server.up()
    settings = buildpack.load(push_server.root)["settings"]
    assert len(settings["SECRET_KEY"]) == 64
    assert settings.get("PORT") == (str(push_server.port) if kind == "piku" else None)
    pushed = push_server.git("ls-tree", "--name-only", push_server.head()).split()
    assert ("requirements.txt" in pushed) == (kind == "piku")
    commands = [line.split()[1] for line in (tmp_path / "ssh.log").read_text().splitlines()]
    if kind == "dokku":  # the key is set before the app starts
        assert (
            commands.index("apps:create")
            < commands.index("config:set")
            < commands.index("git-receive-pack")
        )
    else:  # a push of nothing creates the app
        assert commands.count("git-receive-pack") == 2
        assert commands.index("git-receive-pack") < commands.index("config:set")
        assert commands.index("config:set") < len(commands) - 1 - commands[::-1].index(
            "git-receive-pack"
        )
        assert len(buildpack.load(push_server.root)["releases"]) == 2
        assert len(result_json(flaskdash("releases", "--json"))) == 1
    log = (push_server.root / "web.log").read_text("utf-8")
    assert "SECRET_KEY" not in log

    build(tiny, {"live.env": "A=x\nURL='postgres://u:p;a b$c@h/d'\n"})
    result = flaskdash("secrets", "push", "live.env")
    assert result.output == "set       A, URL on shop\n"
    assert buildpack.load(push_server.root)["settings"]["URL"] == "postgres://u:p;a b$c@h/d"
    assert flaskdash("secrets", "list").output.split() == sorted(["A", "URL", *settings])
    (tmp_path / "refuse").touch()
    result = flaskdash("secrets", "set", "B", stdin="very-secret", code=1)
    assert "did not accept the settings" in result.output
    assert "very-secret" not in result.output
    assert flaskdash("logs").output == "a line of the log\n"


def test_piku_accepts_any_push_and_a_broken_release_is_rolled_back(
    tiny: Path, make_server: MakeServer, quick: None, flaskdash: Cli
) -> None:
    push_server = make_server("piku")
    flaskdash("deploy", push_server.address, "--domain", push_server.domain, "--yes")
    first = push_server.up()
    edit(tiny, "Procfile", "app/serve.py $PORT", "app/nowhere.py $PORT")
    result = flaskdash("deploy", "--yes", code=4)
    reason = f"nothing listens at {push_server.domain} (connection refused) after 1.5 s"
    assert f"{reason}. {first} is live" in result.output
    assert push_server.up() == first


# --- the output of servers ---


def test_output_is_streamed_without_control_characters(tmp_path: Path) -> None:
    lines: list[str] = []
    script = "printf 'a\\033[2J\\tb\\n'; echo c >&2; exec sleep 60"
    shell.stream(["sh", "-c", script], tmp_path, lines.append, seconds=0.5)
    assert lines == ["a[2J\tb", "c"]
    with pytest.raises(shell.CommandError, match="exit code 3: last words"):
        shell.stream(["sh", "-c", "echo last words; exit 3"], tmp_path, lines.append)


# --- addresses ---


@pytest.mark.parametrize(
    ("address", "error"),
    [
        ("git", "git is not an address to push to"),
        ("git+ssh://dokku@example.org", "is not an address to push to"),
        ("git+ssh://dokku@-oProxyCommand=x/app", "is not an address to push to"),
        *(
            (f"git+{address}", "is not an address to push to")
            for address in (
                "ssh://dokku@example.org/$(id)",
                "ssh://dokku@example.org/a;id",
                "ssh://dokku@example.org/a/`id`",
                "ssh://piku@example.org/a&b",
                "ssh://piku@example.org/-x",
                "ssh://piku@example.org/a b",
                "ssh://piku@example.org/a\nb",
                "ssh://$(id)@example.org/a",
                "ssh://-oProxyCommand=x@example.org/a",
                "ssh://git@example.org/$(id)",
                "https://example.org/a'b",
                "ssh://dokku@example.org:port/a",
                "ssh://dokku@example.org:70000/a",
            )
        ),
        ("git+https://me:secret@example.org/app", "The address contains a password"),
    ],
)
def test_invalid_addresses(tiny: Path, flaskdash: Cli, address: str, error: str) -> None:
    result = flaskdash("deploy", address, "--dry-run", code=1)
    assert error in result.output


@pytest.mark.parametrize("value", ["a\nb", "a\rb", " a", "a\t", "$HOME", "x${A}y"])
def test_a_value_that_piku_would_change_is_refused(tiny: Path, value: str) -> None:
    piku = servers.Piku(urlsplit("git+ssh://piku@example.org/shop"), tiny)
    with pytest.raises(FlaskdashError, match="Piku would change the value of A"):
        piku.set({"A": value}, restart=True)


def test_the_urls_of_an_app(tiny: Path, quick: None, flaskdash: Cli) -> None:
    def urls(address: str, **settings: str) -> list[str]:
        return GitTarget(Project.find(tiny), Place("git", address, settings)).candidate_urls()

    assert urls("git+ssh://dokku@example.org:22/shop")[0] == "https://shop.example.org"
    assert urls("git+ssh://dokku@h/shop", domain="a.org") == ["https://a.org", "http://a.org"]
    assert urls("git+ssh://piku@example.org/shop") == []
    piku = servers.Piku(urlsplit("git+ssh://piku@example.org/shop"), tiny)
    assert piku.initial_settings("a.org")["NGINX_SERVER_NAME"] == "a.org"
    assert piku.ssh("logs", "shop") == ["ssh", "piku@example.org", "logs", "shop"]
    dokku = servers.server(urlsplit("git+ssh://dokku@h:2222/shop"), tiny)
    assert dokku.ssh("logs")[:3] == ["ssh", "-p", "2222"]
    result = flaskdash("check", f"git+file://{tiny}/.git", code=2)
    assert "the URL of the app is unknown" in result.output
    result = flaskdash("deploy", f"git+file://{tiny}/none", "--domain", "a.org", "--check")
    assert "ok    remote" in result.output  # some servers create it at the first push
    result = flaskdash("check", "git+http://127.0.0.1:9/shop", code=2)
    assert "FAIL  remote       fatal: unable to access" in result.output
    assert "Fix: git ls-remote http://127.0.0.1:9/shop" in result.output
    args = ("deploy", "git+ssh://piku@h/shop", "--domain", "a/b", "--check")
    assert "'a/b' is not a domain" in flaskdash(*args, code=2).output


# --- the buildpack's rules: a valid project, then one mistake each ---


def findings(root: Path) -> list[str]:
    project = Project.find(root)
    return [
        f"{rule.id}: {finding.sentence}"
        for rule in git_rules.BUILDPACK
        for finding in rule.look(project)
    ]


def test_a_valid_project_has_no_finding(tiny: Path, made: Path) -> None:
    assert findings(tiny) == []
    shutil.copy(tiny / "uv.lock", made)
    assert findings(made) == []


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("requirements.txt", b"flask", "one-lock: requirements.txt is at the root"),
        ("poetry.lock", b"", "one-lock: poetry.lock is at the root"),
        ("Pipfile", b"", "one-lock: Pipfile is at the root"),
        (".python-version", b"python-3.13\n", "python: .python-version contains python-3.13"),
        (".python-version", b"3.13\n3.12\n", "python: .python-version contains 3.13 and 3.12"),
        (".python-version", b"'3.13'\n", "python: .python-version contains '3.13'"),
        (".python-version", b"3.9\n", "python: the build does not offer Python 3.9"),
        (".python-version", b"\xef\xbb\xbf3.13\n", "python: .python-version contains \ufeff3.13"),
        (".python-version", "3.13\n".encode("utf-16"), "python: .python-version contains "),
        (".python-version", None, "python: .python-version does not exist"),
        ("runtime.txt", b"python-3.13", "runtime-txt: runtime.txt is deprecated"),
        ("Procfile", b"web: gunicorn -w 4 app", "web: the web command or gunicorn.conf.py fixes"),
        (
            "Procfile",
            b"web: gunicorn --workers=2 app",
            "web: the web command or gunicorn.conf.py fixes",
        ),
        ("gunicorn.conf.py", b"workers = 3\n", "web: the web command or gunicorn.conf.py fixes"),
        ("gunicorn.conf.py", b"bind = '0.0.0.0:8000'\n", "web: the web command listens on"),
        ("Procfile", b"web: gunicorn -b 127.0.0.1:8000 app", "web: the web command listens on 127"),
        (
            "Procfile",
            b"web: waitress-serve --listen=*:80 a:b",
            "web: the web command listens on *:80",
        ),
        ("Procfile", b"web: waitress-serve app:app", "web: the web command does not use $PORT"),
        (
            "Procfile",
            b"web: flask run -p $PORT",
            "web: the web command starts the development server",
        ),
    ],
)
def test_a_rule_finds_its_mistake(
    tiny: Path, file: str, content: bytes | None, sentence: str
) -> None:
    if content is None:
        (tiny / file).unlink()
    else:
        (tiny / file).parent.mkdir(exist_ok=True)
        (tiny / file).write_bytes(content)
    assert [finding for finding in findings(tiny) if finding.startswith(sentence)]


def test_on_windows_a_program_has_its_full_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", {"heroku": r"C:\heroku.cmd"}.get)
    assert shell._command(["heroku", "auth:token"])[0] == "heroku"
    monkeypatch.setattr(sys, "platform", "win32")
    assert shell._command(["heroku", "auth:token"]) == [r"C:\heroku.cmd", "auth:token"]
    assert shell._command(["no-program"]) == ["no-program"]


def test_the_size_is_estimated_from_the_files_and_the_lock(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cp = f"cp{PYTHON.replace('.', '')}"
    wheels = [
        (f"big-1-{cp}-{cp}-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", 300),
        (f"big-1-{cp}-{cp}-macosx_11_0_arm64.whl", 900),
        ("big-1-cp39-cp39-manylinux_2_17_x86_64.whl", 900),
    ]
    listed = ", ".join(
        f'{{ url = "https://x/{name}", size = {size * 1_000_000} }}' for name, size in wheels
    )
    lock = (
        '[[package]]\nname = "tiny"\nsource = { virtual = "." }\ndependencies = [{ name = "big" }]\n'
        f'[[package]]\nname = "big"\nsource = {{ registry = "x" }}\nwheels = [{listed}]\n'
        '[[package]]\nname = "unused"\nsource = { registry = "x" }\n'
        'wheels = [{ url = "https://x/unused-1-py3-none-any.whl", size = 900000000 }]\n'
    )
    build(tiny, {"uv.lock": lock})
    project = Project.find(tiny)
    assert git_rules.wheels_size(project) == 300_000_000
    (note,) = git_rules.check_slug(project)
    assert note.is_note
    assert note.sentence.startswith("the slug will have about 360 MB, including 0 MB of files")
    monkeypatch.setattr(git_rules, "SLUG_LIMIT", 350_000_000)
    (failure,) = git_rules.check_slug(project)
    assert not failure.is_note
