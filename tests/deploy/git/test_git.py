"""Deploy by git push: to a server that enforces the buildpack's rules, installs and starts what comes."""

from __future__ import annotations

import hashlib
import json
import os
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
from flaskdash.deploy.git import GitTarget, probe, servers
from flaskdash.deploy.git import buildpack as git_rules
from flaskdash.deploy.git.repository import Repository
from flaskdash.deploy.heroku import HerokuTarget
from flaskdash.deploy.heroku import api as heroku_api
from flaskdash.deploy.target import Place
from flaskdash.project import Project, environment
from flaskdash.ship.archive import Entry
from flaskdash.ship.errors import BuildError
from tests.support import buildpack
from tests.support.fixtures import Cli
from tests.support.projects import copy_project
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


class Server:
    """A server of the test's own, and what answers there."""

    def __init__(self, root: Path, kind: str, **settings: str) -> None:
        self.root = root
        self.asked: list[str] = []
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
    who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
    done = subprocess.run(["git", *who, *args], cwd=cwd, check=True, capture_output=True)
    return done.stdout.decode()


Start = Callable[..., Server]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the environment that servers keep between builds."""
    return tmp_path_factory.mktemp("built")


@pytest.fixture
def server(tmp_path: Path, built: Path) -> Iterator[Start]:
    """Return a function that makes a server; what it has started ends with the test."""
    made: list[Server] = []

    def make(kind: str = "heroku", **settings: str) -> Server:
        need("git")
        root = tmp_path / f"server{len(made)}"
        made.append(Server(root, kind, **({"SECRET_KEY": KEY} | settings)))
        (root / "venv").symlink_to(built)
        return made[-1]

    yield make
    for one in made:
        buildpack.stop(one.root)


@pytest.fixture
def shop(shared_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project as `new` makes it, in git with nothing to commit; work in it."""
    root = tmp_path / "shop"
    copy_project(shared_project, root)
    (root / ".venv").unlink()  # git takes no folder behind a link for one that is ignored
    shutil.copytree(shared_project / ".venv", root / ".venv", symlinks=True, copy_function=os.link)
    commit_all(root)
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project that needs no packages and starts at once, in git; work in it."""
    root = tmp_path / "tiny"
    build(root, TINY)
    subprocess.run([environment.uv(), "lock", "-q", "--offline"], cwd=root, check=True)
    commit_all(root)
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
    """Let everyone's rules hold, and a release have no time to lose."""
    monkeypatch.setattr(rules, "ALL", ())
    monkeypatch.setattr(probe, "PATIENCE", 1.5)
    monkeypatch.setattr(probe, "PAUSE", 0.1)


def edit(root: Path, path: str, old: str, new: str) -> None:
    file = root / path
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def told(result: Result) -> Any:
    return json.loads(result.stdout)


def state(root: Path) -> dict[str, str]:
    """Return all that a deploy must not touch: the work tree, and the whole of .git."""
    paths = [path for path in root.rglob("*") if path.is_file() and not path.is_symlink()]
    ours = {"dist", ".venv", "instance", ".pytest_cache"}
    kept = [path for path in paths if path.relative_to(root).parts[0] not in ours]
    kept = [path for path in kept if "__pycache__" not in path.parts]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in kept}


def test_a_push_is_checked_built_started_and_answers(shop: Path, server: Start) -> None:
    """All of it, with the whole preflight; from a work tree that nobody has tidied."""
    there = server()
    edit(shop, "README.md", "# Shop", "# Our shop")
    git(shop, "add", "README.md")
    edit(shop, "README.md", "# Our shop", "# Our own shop")
    (shop / "app/charts/notes.txt").write_text("not in git yet", "utf-8")
    args = ["deploy", there.address, "--domain", there.domain, "--yes", "--json"]
    before = state(shop)
    done = subprocess.run(
        [sys.executable, "-m", "flaskdash", *args], cwd=shop, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    release = json.loads(done.stdout)["release"]
    assert there.up() == release
    assert json.loads(done.stdout)["url"] == f"http://{there.domain}"
    changed = {path for path, one in state(shop).items() if before.get(path) != one}
    assert changed == {str(shop / "pyproject.toml")}  # the target is remembered there
    assert set(before) == set(state(shop))
    pushed = there.git("ls-tree", "-r", "--name-only", there.head()).split()
    added = set(pushed) - set(git(shop, "ls-files").split())
    assert added == {".release", "app.json", "app/charts/notes.txt"}
    assert not {".env", "requirements.txt"} & set(pushed)
    assert there.git("show", f"{there.head()}:README.md").startswith("# Our own shop")
    assert (
        there.git("log", "-1", "--format=%an %s", there.head()).strip()
        == f"flaskdash Release {release}"
    )
    assert " and changes" in there.git("log", "-1", "--format=%b", there.head())
    assert fetch(f"http://{there.domain}/")[0] == 200

    edit(shop, "app/__init__.py", "def create_app", "import nowhere\n\n\ndef create_app")
    run = "from flaskdash.deploy import git_probe, rules; rules.ALL = (); git_probe.PATIENCE = 3\n"
    run += "from flaskdash.cli import cli; cli(['deploy', '--yes'])"
    done = subprocess.run([sys.executable, "-c", run], cwd=shop, capture_output=True, text=True)
    assert done.returncode == 4, done.stderr
    assert "No module named 'nowhere'" in done.stderr  # from the release phase
    assert f"{release} is live again" in done.stderr
    assert there.up() == release


@pytest.fixture
def live(tiny: Path, server: Start, quick: None, flaskdash: Cli) -> tuple[Server, str]:
    """Return a server with a first release, and its name."""
    there = server()
    result = flaskdash("deploy", there.address, "--domain", there.domain, "--yes", "--json")
    return there, told(result)["release"]


def test_the_next_release_goes_on_top_and_an_earlier_one_comes_back(
    tiny: Path, live: tuple[Server, str], flaskdash: Cli
) -> None:
    there, first = live
    edit(tiny, "README.md", "# Shop", "# Our shop")
    second = told(flaskdash("deploy", "--yes", "--json"))["release"]
    assert there.up() == second != first
    assert len(there.git("rev-list", there.head()).split()) == 2
    listed = told(flaskdash("releases", "--json"))
    assert [(one["name"], one["live"]) for one in listed] == [(second, True), (first, False)]
    own = git(tiny, "rev-parse", "--short", "HEAD").strip()
    assert listed[0]["note"] == f"{own} and changes"

    back = told(flaskdash("rollback", "--json"))
    assert (back["release"], there.up()) == (first, first)
    assert there.git("show", f"{there.head()}:README.md").startswith("# Shop")
    assert len(there.git("rev-list", there.head()).split()) == 3  # nothing was forced
    listed = told(flaskdash("releases", "--json"))
    assert [(one["name"], one["live"]) for one in listed] == [(second, False), (first, True)]
    assert "no release before the live one" in flaskdash("rollback", code=1).output
    assert "no release 'x'" in flaskdash("rollback", "x", code=1).output
    assert told(flaskdash("rollback", second, "--json"))["release"] == there.up() == second

    shown = flaskdash("status").output.split()
    assert {second, f"http://{there.domain}", "yes", "main"} <= set(shown)
    shutil.rmtree(next((tiny / "dist").glob(".push-*.git")))  # all that counts is on the server
    assert told(flaskdash("releases", "--json"))[0]["name"] == second


BROKEN = {
    "fails at the start": ("app/serve.py", "import os", 'raise RuntimeError("no")\nimport os'),
    "answers 500": ("app/serve.py", '"/":', '"/no":'),
    "has a dashboard that answers 500": ("app/serve.py", '"/dashboards/more":', '"/no":'),
    "is another": ("app/serve.py", "{release}", "me"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_release_that_does_not_answer_is_taken_back(
    tiny: Path, live: tuple[Server, str], flaskdash: Cli, what: str
) -> None:
    there, first = live
    edit(tiny, *BROKEN[what])
    result = flaskdash("deploy", "--yes", code=4)
    assert f"{first} is live again at http://{there.domain}" in result.output
    assert there.up() == first
    assert fetch(f"http://{there.domain}/")[0] == 200
    listed = told(flaskdash("releases", "--json"))
    assert [(one["live"], one["note"] == "failed") for one in listed] == [
        (False, True),
        (True, False),
    ]
    git(tiny, "checkout", "--quiet", "app")
    assert told(flaskdash("deploy", "--yes", "--json"))["release"] == there.up() != first


def test_a_first_release_that_fails_has_no_way_back(
    tiny: Path, server: Start, quick: None, flaskdash: Cli
) -> None:
    there = server()
    edit(tiny, *BROKEN["fails at the start"])
    args = ("deploy", there.address, "--domain", there.domain, "--yes")
    result = flaskdash(*args, code=5)
    assert "there is no release before it" in result.output
    git(tiny, "checkout", "--quiet", "app")
    assert told(flaskdash(*args, "--json"))["release"] == there.up() != ""


def test_a_refused_push_changes_nothing(
    tiny: Path, live: tuple[Server, str], flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, first = live
    head = there.head()
    edit(tiny, "pyproject.toml", ">=3.11", ">=3.10")  # the lock is stale now
    result = flaskdash("deploy", "--yes", code=3)
    assert f"the push was refused, and {first} is live, as before. It said:" in result.output
    assert "Error: uv failed" in result.output
    assert (there.head(), there.up()) == (head, first)


def test_a_killed_push_leaves_one_that_answers_and_the_next_just_works(
    tiny: Path, live: tuple[Server, str], flaskdash: Cli
) -> None:
    there, first = live
    (there.root / "pause").write_text("2")
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from flaskdash.deploy import rules; rules.ALL = ()\n"
            "from flaskdash.cli import cli; cli(['deploy', '--yes'])",
        ],
        cwd=tiny,
        start_new_session=True,
    )
    wait_for((there.root / "building").exists, "the build to begin")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert there.up() == first
    (there.root / "pause").unlink()
    second = told(flaskdash("deploy", "--yes", "--json"))["release"]
    assert there.up() == second
    assert {first, second} <= {one["name"] for one in told(flaskdash("releases", "--json"))}


def test_an_interrupted_deploy_says_how_to_see_what_is_live(
    tiny: Path, live: tuple[Server, str], flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(GitTarget, "wait", interrupt)
    assert "What is live: flaskdash status" in flaskdash("deploy", "--yes", code=1).output
    assert flaskdash("status").exit_code == 0


def test_a_connection_cut_after_the_push_is_no_failure(
    tiny: Path, live: tuple[Server, str], flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, first = live
    stream = shell.stream

    def cut(argv: list[str], *args: Any, **options: Any) -> str:
        stream(argv, *args, **options)
        raise shell.CommandError(argv, 128, "Connection reset by peer")

    monkeypatch.setattr(shell, "stream", cut)
    assert told(flaskdash("deploy", "--yes", "--json"))["release"] == there.up() != first


def test_what_was_pushed_by_hand_is_a_release_too(
    tiny: Path, server: Start, quick: None, flaskdash: Cli
) -> None:
    there = server()
    git(tiny, "push", "--quiet", there.address.removeprefix("git+"), "main")
    assert there.up() == ""
    own = git(tiny, "rev-parse", "main").strip()
    args = ("deploy", there.address, "--domain", there.domain, "--yes")
    release = told(flaskdash(*args, "--json"))["release"]
    assert there.git("rev-list", there.head()).split()[1:] == [own]
    listed = told(flaskdash("releases", "--json"))
    assert [(one["name"], one["live"]) for one in listed] == [(release, True), (own[:12], False)]
    edit(tiny, *BROKEN["fails at the start"])
    assert f"{release} is live again" in flaskdash("deploy", "--yes", code=4).output
    assert told(flaskdash("rollback", "--json"))["release"] == own[:12]
    assert there.up() == ""


def test_a_dry_run_prints_every_step_and_changes_nothing(
    tiny: Path, server: Start, flaskdash: Cli
) -> None:
    there = server()
    before = state(tiny)
    args = ("deploy", there.address, "--domain", there.domain, "--dry-run")
    printed = flaskdash(*args).output.splitlines()
    assert state(tiny) == before
    assert not (tiny / "dist").exists()
    assert not there.head()
    committed = [line.split()[1].rstrip(":") for line in printed if line.startswith("commit ")]
    assert committed == [*sorted(git(tiny, "ls-files").split()), ".release", "app.json"]
    url = there.address.removeprefix("git+")
    assert any(f"push --no-verify {url} COMMIT:refs/heads/main" in line for line in printed)
    assert f"ask       https://{there.domain}/up, until it says" in "\n".join(printed)
    checked = [line.split()[1].rstrip(":") for line in printed if line.startswith("check ")]
    assert {"procfile", "one-lock", "python", "web", "slug", "address"} <= set(checked)


def test_nobodys_settings_and_hooks_change_what_is_pushed(
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
    there = tmp_path / "there.git"
    subprocess.run(["git", "init", "-q", "--bare", str(there)], check=True)
    repository = Repository(tmp_path / "dist", f"file://{there}")
    assert repository.fetch() == []
    entries = [Entry("Größe/a b.csv", lines), Entry("run", b"x", executable=True)]
    commit = repository.commit(entries, "Release 1", None)
    repository.push(commit, print)
    shown = subprocess.run(
        ["git", f"--git-dir={there}", "show", "main:Größe/a b.csv"], capture_output=True, check=True
    )
    assert shown.stdout == b"a\r\nb\n"
    monkeypatch.delenv("GIT_CONFIG_GLOBAL")
    assert git(there, "ls-tree", "main", "run").startswith("100755")
    assert [one.release for one in repository.fetch()] == ["1"]
    with pytest.raises(BuildError, match="has a line break in its name"):
        repository.commit([Entry("a\nb", b"")], "Release 2", commit)


# --- Heroku: the same server, and an API as Heroku's ---


class Api(BaseHTTPRequestHandler):
    """Heroku's API, over a server of the test."""

    root: Path
    asked: list[str]

    def do_GET(self) -> None:
        self.answer("GET")

    def do_PATCH(self) -> None:
        self.answer("PATCH")

    def do_POST(self) -> None:
        self.answer("POST")

    def answer(self, verb: str) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)) or "{}")
        self.asked.append(f"{verb} {self.path}")
        if self.path == "/log":
            return self.say(200, "a line of the log\n\x1b[31mred\n")
        if self.headers["Authorization"] != f"Bearer {KEY}":
            return self.say(401, {"message": "Invalid credentials"})
        app, _, what = self.path.removeprefix("/apps/").partition("/")
        if app != "shop":
            return self.say(404, {"message": "no such app"})
        return self.say(200, getattr(self, f"{verb}_{what.replace('-', '_')}")(body))

    def say(self, status: int, what: Any) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write((what if isinstance(what, str) else json.dumps(what)).encode())

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
                "id": f"id-{one['version']}",
                "version": one["version"],
                "description": one.get("description") or f"Deploy {one['commit'][:8]}",
                "status": "failed" if one["failed"] else "succeeded",
                "slug": {"id": one["commit"]},
            }
            for one in reversed(buildpack.load(self.root)["releases"])
        ]

    def POST_releases(self, body: Any) -> Any:
        state = buildpack.load(self.root)
        wanted = [one for one in state["releases"] if body["release"] == f"id-{one['version']}"]
        self.append(state, f"Rollback to v{wanted[0]['version']}", wanted)
        return {}

    def POST_log_sessions(self, body: Any) -> Any:
        assert body == {"lines": 100, "tail": False}
        return {"logplex_url": f"http://{self.headers['Host']}/log"}

    def append(self, state: Any, description: str, of: list[Any]) -> None:
        for one in of:
            new = {"version": len(state["releases"]) + 1, "description": description}
            state["releases"].append({**one, **new})
        buildpack.save(self.root, state)
        for one in of:
            buildpack.restart(self.root, one["commit"])


@pytest.fixture
def heroku(
    tiny: Path, server: Start, quick: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    """Return a server with the app `shop` of Heroku's, which has no settings yet."""
    there = server()
    buildpack.save(there.root, buildpack.load(there.root) | {"settings": {}})
    handler = type("Handler", (Api,), {"root": there.root, "asked": there.asked})
    (there.root / "shop.git").symlink_to(there.root / "app.git")
    monkeypatch.setenv("HEROKU_API_KEY", KEY)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as api:
        monkeypatch.setattr(heroku_api, "API", f"http://127.0.0.1:{api.server_port}")
        monkeypatch.setattr(heroku_api, "GIT", f"file://{there.root}")
        thread = Thread(target=api.serve_forever)
        thread.start()
        yield there
        api.shutdown()
        thread.join()


def test_heroku_from_the_first_push_to_the_way_back(
    tiny: Path, heroku: Server, flaskdash: Cli
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
    assert "SECRET_KEY" not in result.output  # it is set once
    assert "set       TOKEN on shop" in flaskdash("secrets", "set", "TOKEN", stdin="abc").output
    assert flaskdash("secrets", "list").output.split() == ["SECRET_KEY", "TOKEN"]
    assert buildpack.load(heroku.root)["settings"]["SECRET_KEY"] == key
    listed = [
        (one["name"], one["live"], one["note"][:2]) for one in told(flaskdash("releases", "--json"))
    ]
    assert listed == [(second, True, "v2"), (first, False, "v1")]

    assert told(flaskdash("rollback", "--json"))["release"] == heroku.up() == first
    assert told(flaskdash("rollback", second, "--json"))["release"] == heroku.up() == second
    last = buildpack.load(heroku.root)["releases"][-1]
    assert last["description"] == "Rollback to v3"  # the newest of that commit: it has TOKEN
    assert flaskdash("status").output.split()[:2] == ["release", second]
    assert flaskdash("logs").output == "a line of the log\n[31mred\n"


def test_a_failed_release_phase_replaces_nothing_at_heroku(
    tiny: Path, heroku: Server, flaskdash: Cli
) -> None:
    flaskdash("deploy", "heroku://shop", "--yes")
    first = heroku.up()
    flaskdash("deploy", "--yes")
    second = heroku.up()
    edit(tiny, *BROKEN["fails at the start"])
    result = flaskdash("deploy", "--yes", code=4)
    assert "its release phase failed (v3)" in result.output
    assert f"{second} is live again" in result.output
    assert "POST /apps/shop/releases" not in heroku.asked
    own = git(tiny, "rev-parse", "--short", "HEAD").strip()
    notes = [one["note"] for one in told(flaskdash("releases", "--json"))]
    assert notes == ["v3 failed", f"v2 {own} and changes", f"v1 {own} and changes"]
    assert told(flaskdash("rollback", "--json"))["release"] == heroku.up() == first

    git(tiny, "checkout", "--quiet", "app")
    edit(tiny, *BROKEN["answers 500"])
    result = flaskdash("deploy", "--yes", code=4)
    assert f"/ answers 500; {first} is live again" in result.output
    assert heroku.asked.count("POST /apps/shop/releases") == 2
    assert heroku.up() == first


def test_what_heroku_refuses_is_said(
    tiny: Path, heroku: Server, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = flaskdash("deploy", "heroku://other", "--yes", code=2).output
    assert "you have no app 'other' at Heroku" in output
    assert "Try: heroku create other" in output
    monkeypatch.setenv("HEROKU_API_KEY", "wrong")
    assert "Heroku does not know your key" in flaskdash("deploy", "heroku://shop", code=2).output
    monkeypatch.delenv("HEROKU_API_KEY")
    monkeypatch.setenv("NETRC", os.devnull)
    monkeypatch.setenv("HOME", str(tiny))
    monkeypatch.setenv("PATH", "")
    assert "nobody says who you are" in flaskdash("deploy", "heroku://shop", code=2).output
    build(tiny, {".netrc": f"machine 127.0.0.1\nlogin me\npassword {KEY}\n"})
    (tiny / ".netrc").chmod(0o600)
    assert heroku_api.token() == KEY
    monkeypatch.setattr(heroku_api, "API", "http://127.0.0.1:9")
    monkeypatch.setenv("HEROKU_API_KEY", KEY)
    assert "Heroku can't be reached" in flaskdash("deploy", "heroku://shop", code=2).output
    assert "is not an app at Heroku" in flaskdash("deploy", "heroku://A b", code=1).output


def test_the_key_of_heroku_is_given_to_git_where_nobody_sees_it(tiny: Path, heroku: Server) -> None:
    target = HerokuTarget(Project.find(tiny), Place("heroku", "heroku://shop"))
    command = target.repository.push_command("x")
    assert KEY not in " ".join(command)
    asked = "protocol=https\nhost=git.example.org\n\n"
    filled = shell.run(
        [*command[:7], "credential", "fill"], tiny, target.repository.env(), stdin=asked
    )
    assert f"password={KEY}\n" in filled


# --- Dokku and Piku: git over an ssh that is none ---

SSH = """\
#!{python}
import subprocess, sys
from pathlib import Path

args = sys.argv[1:]
args = args[2:] if args[0] == "-o" else args  # git says SendEnv
host, words = args[0], " ".join(args[1:]).split(" ")
home, repository = Path("{home}"), "{repository}"
with (home / "ssh.log").open("a") as log:
    print(host, *words, file=log)
there = home / "created"
sys.path.insert(0, "{root_of_tests}")
from tests.support import buildpack

if words[0] in ("git-receive-pack", "git-upload-pack"):
    if words[0] == "git-receive-pack":
        there.touch()
    elif not there.exists():
        sys.exit("fatal: 'shop' does not appear to be a git repository")
    sys.exit(subprocess.run([words[0], repository]).returncode)
if words[0] == "apps:create":
    there.touch()
elif not there.exists():
    sys.exit("Error: app 'shop' not found.")
root = Path("{root}")
state = buildpack.load(root)
if words[0] == "config:keys":
    print(*state["settings"], sep="\\n")
elif words[0] == "config":
    print(*(f"{{key}}={{value}}" for key, value in state["settings"].items()), sep="\\n")
elif words[0] == "config:set":
    import base64, shlex
    given = shlex.split(" ".join(words[words.index("shop") + 1 :]))
    pairs = dict(one.split("=", 1) for one in given)
    if "--encoded" in words:
        pairs = {{key: base64.b64decode(one).decode() for key, one in pairs.items()}}
    state["settings"] |= pairs
    buildpack.save(root, state)
    print(pairs)
    if (home / "refuse").exists():
        sys.exit(1)
    if state["releases"] and "--no-restart" not in words:
        buildpack.restart(root, state["releases"][-1]["commit"])
elif words[0] == "logs":
    print("a line of the log", flush=True)
    if "--num" not in words:
        import time
        time.sleep(60)
"""


@pytest.fixture
def over_ssh(
    tiny: Path, server: Start, quick: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Server]:
    """Return a function that makes a server which is reached by an `ssh` of the test's own."""

    def make(kind: str) -> Server:
        there = server("piku" if kind == "piku" else "heroku")
        buildpack.save(there.root, buildpack.load(there.root) | {"settings": {}})
        script = SSH.format(
            python=sys.executable,
            home=tmp_path,
            repository=there.root / "app.git",
            root=there.root,
            root_of_tests=Path(__file__).parents[3],
        )
        build(tmp_path, {"bin/ssh": script})
        (tmp_path / "bin/ssh").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
        return there

    return make


@pytest.mark.parametrize("kind", ["dokku", "piku"])
def test_dokku_and_piku_keep_settings_and_logs(
    tiny: Path,
    over_ssh: Callable[[str], Server],
    flaskdash: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    there = over_ssh(kind)
    monkeypatch.setattr(servers, "QUIET", 0.5)
    args = ("deploy", f"git+ssh://{kind}@example.org/shop", "--domain", there.domain, "--yes")
    assert told(flaskdash(*args, "--json"))["release"] == there.up()
    settings = buildpack.load(there.root)["settings"]
    assert len(settings["SECRET_KEY"]) == 64
    assert settings.get("PORT") == (str(there.port) if kind == "piku" else None)
    pushed = there.git("ls-tree", "--name-only", there.head()).split()
    assert ("requirements.txt" in pushed) == (kind == "piku")
    ran = [line.split()[1] for line in (tmp_path / "ssh.log").read_text().splitlines()]
    if kind == "dokku":  # the key is there before anything starts
        assert ran.index("apps:create") < ran.index("config:set") < ran.index("git-receive-pack")
    else:  # the app comes into being with the push
        assert ran.index("git-receive-pack") < ran.index("config:set")

    build(tiny, {"live.env": "A=x\nURL='postgres://u:p;a b$c@h/d'\n"})
    result = flaskdash("secrets", "push", "live.env")
    assert result.output == "set       A, URL on shop\n"
    assert buildpack.load(there.root)["settings"]["URL"] == "postgres://u:p;a b$c@h/d"
    assert flaskdash("secrets", "list").output.split() == sorted(["A", "URL", *settings])
    (tmp_path / "refuse").touch()
    result = flaskdash("secrets", "set", "B", stdin="very-secret", code=1)
    assert "did not take the settings" in result.output
    assert "very-secret" not in result.output
    assert flaskdash("logs").output == "a line of the log\n"


def test_piku_takes_any_push_and_what_does_not_start_is_taken_back(
    tiny: Path, server: Start, quick: None, flaskdash: Cli
) -> None:
    there = server("piku")
    flaskdash("deploy", there.address, "--domain", there.domain, "--yes")
    first = there.up()
    edit(tiny, "Procfile", "app/serve.py $PORT", "app/nowhere.py $PORT")
    result = flaskdash("deploy", "--yes", code=4)
    assert (
        f"nothing answers at https://{there.domain}/up after 1.5 s; {first} is live"
        in result.output
    )
    assert there.up() == first


# --- what a server prints ---


def test_lines_come_as_they_are_printed_without_what_a_terminal_obeys(tmp_path: Path) -> None:
    seen: list[str] = []
    script = "printf 'a\\033[2J\\tb\\n'; echo c >&2; exec sleep 60"
    shell.stream(["sh", "-c", script], tmp_path, seen.append, seconds=0.5)
    assert seen == ["a[2J\tb", "c"]
    with pytest.raises(shell.CommandError, match="exit code 3: last words"):
        shell.stream(["sh", "-c", "echo last words; exit 3"], tmp_path, seen.append)


# --- addresses ---


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("git", "git is not an address to push to"),
        ("git+ssh://dokku@example.org", "is not an address to push to"),
        ("git+ssh://dokku@-oProxyCommand=x/app", "is not an address to push to"),
        ("git+https://me:secret@example.org/app", "the address holds a password"),
    ],
)
def test_addresses_that_are_none(tiny: Path, flaskdash: Cli, address: str, says: str) -> None:
    result = flaskdash("deploy", address, "--dry-run", code=1)
    assert says in result.output


def test_where_an_app_answers(tiny: Path, quick: None, flaskdash: Cli) -> None:
    def domains(address: str, **settings: str) -> list[str]:
        return GitTarget(Project.find(tiny), Place("git", address, settings)).domains()

    assert domains("git+ssh://dokku@example.org:22/shop")[0] == "https://shop.example.org"
    assert domains("git+ssh://dokku@h/shop", domain="a.org") == ["https://a.org", "http://a.org"]
    assert domains("git+ssh://piku@example.org/shop") == []
    piku = servers.Piku(urlsplit("git+ssh://piku@example.org/shop"), tiny)
    assert piku.first("a.org")["NGINX_SERVER_NAME"] == "a.org"
    assert piku.ssh("logs", "shop") == ["ssh", "piku@example.org", "logs", "shop"]
    there = servers.server(urlsplit("git+ssh://dokku@h:2222/shop"), tiny)
    assert there.ssh("logs")[:3] == ["ssh", "-p", "2222"]
    result = flaskdash("check", f"git+file://{tiny}/.git", code=2)
    assert "nobody says where the app will answer" in result.output
    result = flaskdash("deploy", f"git+file://{tiny}/none", "--domain", "a.org", "--check")
    assert "ok    remote" in result.output  # some servers make it at the first push
    result = flaskdash("check", "git+http://127.0.0.1:9/shop", code=2)
    assert "FAIL  remote       fatal: unable to access" in result.output
    assert "Try: git ls-remote http://127.0.0.1:9/shop" in result.output
    args = ("deploy", "git+ssh://piku@h/shop", "--domain", "a/b", "--check")
    assert "'a/b' is not a domain" in flaskdash(*args, code=2).output


# --- the buildpack's rules: a project with nothing wrong, then one mistake ---


def findings(root: Path) -> list[str]:
    project = Project.find(root)
    found = [(rule, list(rule.look(project))) for rule in git_rules.BUILDPACK]
    return [f"{rule.id}: {one.sentence}" for rule, all in found for one in all]


def test_a_sound_project_has_no_finding(tiny: Path, made: Path) -> None:
    assert findings(tiny) == []
    shutil.copy(tiny / "uv.lock", made)
    assert findings(made) == []


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("requirements.txt", b"flask", "one-lock: requirements.txt is at the root"),
        ("poetry.lock", b"", "one-lock: poetry.lock is at the root"),
        ("Pipfile", b"", "one-lock: Pipfile is at the root"),
        (".python-version", b"python-3.13\n", "python: .python-version says python-3.13"),
        (".python-version", b"3.13\n3.12\n", "python: .python-version says 3.13 and 3.12"),
        (".python-version", b"'3.13'\n", "python: .python-version says '3.13'"),
        (".python-version", b"3.9\n", "python: there is no Python 3.9 there"),
        (".python-version", b"\xef\xbb\xbf3.13\n", "python: .python-version says \ufeff3.13"),
        (".python-version", "3.13\n".encode("utf-16"), "python: .python-version says "),
        (".python-version", None, "python: there is no .python-version"),
        ("runtime.txt", b"python-3.13", "runtime-txt: runtime.txt goes before"),
        ("Procfile", b"web: gunicorn -w 4 app", "web: the number of workers is fixed"),
        ("Procfile", b"web: gunicorn --workers=2 app", "web: the number of workers is fixed"),
        ("gunicorn.conf.py", b"workers = 3\n", "web: the number of workers is fixed"),
        ("gunicorn.conf.py", b"bind = '0.0.0.0:8000'\n", "web: the web command listens on"),
        ("Procfile", b"web: gunicorn -b 127.0.0.1:8000 app", "web: the web command listens on 127"),
        (
            "Procfile",
            b"web: waitress-serve --listen=*:80 a:b",
            "web: the web command listens on *:80",
        ),
        ("Procfile", b"web: waitress-serve app:app", "web: the web command does not say $PORT"),
        ("Procfile", b"web: flask run -p $PORT", "web: the web command is the development server"),
    ],
)
def test_a_rule_finds_its_mistake(tiny: Path, file: str, content: bytes | None, says: str) -> None:
    if content is None:
        (tiny / file).unlink()
    else:
        (tiny / file).parent.mkdir(exist_ok=True)
        (tiny / file).write_bytes(content)
    assert [one for one in findings(tiny) if one.startswith(says)]


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
    (note,) = git_rules.slug(project)
    assert note.is_note
    assert note.sentence.startswith("it comes to about 360 MB (0 MB of them are files)")
    monkeypatch.setattr(git_rules, "MOST", 350_000_000)
    (failure,) = git_rules.slug(project)
    assert not failure.is_note
