"""The ssh target: how it reaches a server, what it does there, and a real one that it is tried on."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dotenv
import pytest
from click.testing import CliRunner, Result

from flaskdash.check import rules
from flaskdash.cli import cli
from flaskdash.deploy import ssh
from flaskdash.deploy.ssh import connection, plan
from flaskdash.deploy.ssh.connection import Address, Connection, ConnectionLost
from flaskdash.deploy.ssh.probe import Facts, findings, probe
from flaskdash.deploy.ssh.result import outcome
from flaskdash.deploy.ssh.server import home, main
from flaskdash.deploy.ssh.server.basics import Failed, is_free
from flaskdash.deploy.ssh.server.build import Build
from flaskdash.deploy.ssh.server.units import plain
from flaskdash.deploy.target import Place
from flaskdash.errors import FlaskdashError
from flaskdash.project import Project, environment
from flaskdash.ship.errors import NotRolledBackError, PreflightError, RolledBackError
from tests.support.machine import Machine, booted
from tests.support.waiting import wait_for
from tests.support.web import fetch, free_port

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the server is a container"),
]

PYPROJECT = """\
[project]
name = "Tiny.App"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["gunicorn>=25.1"]

[tool.flaskdash]
title = "Tiny 100% $HOME"

[tool.uv]
package = false
"""
APP = '''\
"""A project of few lines: it says what MODE asks for."""

from pathlib import Path

MODE = "well"
ROOT = Path(__file__).parents[3]
RELEASE = (ROOT / ".release").read_text()

if MODE == "broken":
    raise RuntimeError("this release is broken")
if "POISON" in (ROOT / ".env").read_text():
    raise RuntimeError("this setting is wrong")


def create_app():
    def app(environ, start_response):
        path = environ["PATH_INFO"]
        status, body = "200 OK", f"up {RELEASE}" if path == "/up" else "<a href='/dashboards/two'>"
        if MODE == "silent" and path == "/up":
            body = "up"
        if MODE == "failing" and path == "/dashboards/two":
            status = "500 Internal Server Error"
        start_response(status, [("Content-Type", "text/html")])
        return [body.encode()]

    return app
'''


def build(root: Path) -> Path:
    """Write the project of few lines, with its lock."""
    files = {
        "pyproject.toml": PYPROJECT,
        "Procfile": 'web: python -m gunicorn --no-control-socket "app:create_app()"\n',
        "app/__init__.py": APP,
        "app/loaders/__init__.py": "",
        ".env": "POISON=of this machine\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return root


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    root = build(tmp_path / "tiny")
    monkeypatch.chdir(root)
    return Project.find(root)


def fake_ssh(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put an ssh on the PATH that is a shell script."""
    folder.mkdir(exist_ok=True)
    (folder / "ssh").write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    (folder / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def target(project: Project, address: str = "ssh://me@example.org", **settings: str) -> Any:
    return ssh.TARGET(project, Place("ssh", address, settings))


# --- the address, and the way there ---


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("ssh://example.org", Address("example.org")),
        ("ssh://me@example.org/", Address("example.org", "me")),
        ("ssh://me@10.0.0.7:2222", Address("10.0.0.7", "me", 2222)),
        ("ssh://me@[2001:db8::1]:22/sales", Address("2001:db8::1", "me", 22, "sales")),
        ("ssh://alias/sales-2", Address("alias", name="sales-2")),
    ],
)
def test_an_address_says_who_and_where(said: str, address: Address) -> None:
    assert Address.parse(said) == address


@pytest.mark.parametrize(
    "said",
    [
        "ssh://-oProxyCommand=touch evil",
        "ssh://-x@example.org",
        "ssh://me@-evil",
        "ssh://me@host:99999",
        "ssh://me@host/../x",
        "ssh://me@host/a/b",
        "ssh://me@host;reboot",
        "ssh://me@host/Name",
        "ssh://me@host\n",
    ],
)
def test_what_ssh_could_take_for_something_else_is_refused(said: str) -> None:
    with pytest.raises(FlaskdashError, match="is not the address of a server"):
        Address.parse(said)


def test_a_command_on_the_server_is_one_word_that_its_shell_takes_apart() -> None:
    argv = Connection(Address("host", "me", 2222)).argv(["echo", "a b", "$HOME;'"])
    assert argv[-2:] == ["host", "echo 'a b' '$HOME;'\"'\"''"]
    assert argv[argv.index("-p") + 1] == "2222"
    assert argv[argv.index("-l") + 1] == "me"
    assert "BatchMode=yes" in argv


@pytest.mark.parametrize(
    ("printed", "says", "hint"),
    [
        ("Host key verification failed.", "the key of host is not known here", "ssh me@host once"),
        (
            "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
            "host has another key",
            "ssh-keygen -R host",
        ),
        ("me@host: Permission denied (publickey).", "lets none of your keys in", "ssh-copy-id"),
        ("ssh: Could not resolve hostname host: Name", "there is no host host", "typing mistake"),
        ("connect to host host port 22: Connection refused", "no ssh server answers", "2222"),
        ("connect to host host port 22: Connection timed out", "does not answer", "firewall"),
        ("connect to host host port 22: No route to host", "there is no way to host", "connected"),
        ("client_loop: send disconnect: Broken pipe", "lost: client_loop: send disc", "again"),
    ],
)
def test_what_ssh_complains_of_is_said_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: str, says: str, hint: str
) -> None:
    fake_ssh(tmp_path / "bin", monkeypatch, f"echo '{printed}' >&2; exit 255")
    with Connection(Address("host", "me")) as there, pytest.raises(ConnectionLost) as failure:
        there.run(["true"])
    assert says in failure.value.message
    assert hint in failure.value.hint


def test_the_connection_is_shared_over_a_path_that_is_short_enough(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    far = tmp_path / ("x" * 80)
    far.mkdir()
    monkeypatch.setattr(connection.tempfile, "tempdir", str(far))
    with Connection(Address("host")) as there:
        path = re.search(r"ControlPath=(\S+)", " ".join(there.argv(["true"])))
        assert path is not None
        assert len(path[1]) + len(".0123456789abcdef") < 104


def test_what_a_killed_one_left_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    monkeypatch.setattr(connection.tempfile, "tempdir", str(tmp_path))
    short = Path("/tmp") if len(str(tmp_path)) >= 60 else tmp_path
    gone, theirs, running = (
        short / f"fdash-{name}"
        for name in (f"{ended.pid}-abcdefgh", "x-y", f"{os.getpid()}-abcd_fgh")
    )
    for folder in (gone, theirs, running):
        folder.mkdir()
    try:
        with Connection(Address("host")):
            assert [one.exists() for one in (gone, theirs, running)] == [False, True, True]
    finally:
        theirs.rmdir()
        running.rmdir()


def test_a_server_that_can_not_be_reached_ends_in_the_preflight(
    tiny: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_ssh(tmp_path / "bin", monkeypatch, "echo 'Permission denied (publickey).' >&2; exit 255")
    monkeypatch.setattr(rules, "ALL", ())
    result = CliRunner().invoke(cli, ["deploy", "ssh://me@host"])
    assert result.exit_code == 2
    assert "FAIL  ssh          me@host lets none of your keys in" in result.output
    assert "Try: ssh-copy-id me@host" in result.output


def test_a_dry_run_prints_every_step_and_asks_nobody(
    tiny: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_ssh(tmp_path / "bin", monkeypatch, f"touch {tmp_path}/called")
    before = sorted(tiny.root.rglob("*"))
    result = CliRunner().invoke(cli, ["deploy", "ssh://me@host", "--dry-run"])
    assert result.exit_code == 0, result.output
    assert "check     ssh: the server can be reached" in result.output
    assert "send      app/__init__.py" in result.output
    assert ".env\n" not in result.output.replace("shared/.env", "")
    assert "there     write flaskdash-tiny-app, live.service" in result.output
    assert not (tmp_path / "called").exists()
    assert sorted(tiny.root.rglob("*")) == before


@pytest.mark.parametrize("domain", ["localhost", "-x.org", "a b.org", "x.org\nreboot", "X.ORG"])
def test_a_domain_is_a_domain(tiny: Project, domain: str) -> None:
    with pytest.raises(FlaskdashError, match="is not a domain"):
        target(tiny, domain=domain).plan()


# --- what the server has ---


def facts(**said: str) -> Facts:
    known = {"system": "Linux", "systemd": "252", "processor": "x86_64", "libc": "glibc 2.36"}
    pythons = {"3.13": "/usr/bin/python3.13", "3.11": "/usr/bin/python3"}
    known |= {"free": "9000000", "root": "/home/me/flaskdash/shop", "end": "yes"}
    return Facts(known | said, pythons)


def test_the_probe_reads_and_says_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    root = home / "flaskdash/shop"
    for name in ("environments/whole/bin", "environments/part", "wheels", "releases/1"):
        (root / name).mkdir(parents=True)
    (root / "environments/whole/.complete").touch()
    (root / "environments/whole/bin/python").symlink_to(sys.executable)
    (root / "wheels/a.whl").write_bytes(b"12345")
    (root / "current").symlink_to("releases/1")
    monkeypatch.setenv("HOME", str(home))
    # Whoever runs this: the script asks id who it is.
    fake = tmp_path / "bin/id"
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\n[ "$1" = -u ] && echo 1000 || echo somebody\n')
    fake.chmod(0o755)
    fake_ssh(tmp_path / "bin", monkeypatch, 'for last; do :; done; exec sh -c "$last"')
    with Connection(Address("host")) as there:
        found = probe(there, "shop")
    assert (found["system"], found["root"], found["live"]) == ("Linux", str(root), "1")
    assert found.environments == {"whole"}
    assert found.wheels == {"a.whl": 5}
    assert found.pythons
    assert found["end"] == "yes"
    assert int(found["free"]) > 0


@pytest.mark.parametrize(
    ("wanted", "asked", "uv", "python"),
    [
        ("3.13", "", "", "3.13"),
        ("3.12", "", "", "3.13"),  # the newest that the project accepts
        ("3.12", "3.11", "", "3.11"),
        ("3.12", "3.12", "", ""),
        ("3.12", "3.12", "/bin/uv", "3.12"),
    ],
)
def test_which_python_runs_it(wanted: str, asked: str, uv: str, python: str) -> None:
    assert facts(uv=uv).python(wanted, asked, ">=3.11,<3.15") == python


def test_wheels_are_for_the_server_and_not_for_this_machine() -> None:
    assert facts().machine("3.12").platform == "manylinux_2_28_x86_64"
    assert facts(libc="glibc 2.17").machine("3.12").platform == "manylinux_2_17_x86_64"
    assert facts(libc="musl", processor="arm64").machine("3.12").platform == "musllinux_1_2_aarch64"


@pytest.mark.parametrize(
    ("said", "python", "sentence"),
    [
        ({"end": ""}, "3.13", "the account does not let programs run"),
        ({"root": "/home/my name/flaskdash/shop"}, "3.13", "systemd's files can't name /home/my"),
        ({"system": "Darwin"}, "3.13", "the server runs Darwin"),
        ({"systemd": ""}, "3.13", "the server runs Linux without systemd"),
        ({}, "", "the server needs Python >=3.11, and has 3.13, 3.11; uv, which could bring one,"),
        ({"free": "1000"}, "3.13", "1 MB are free on the server, and it takes 700"),
        ({"uv": "/bin/uv"}, "3.14", "uv on the server will download Python 3.14"),
    ],
)
def test_what_the_server_lacks_is_said(said: dict[str, str], python: str, sentence: str) -> None:
    (found,) = findings(facts(**said), python, "", ">=3.11")
    assert found.sentence.startswith(sentence)
    assert found.fix or found.is_note


def test_this_pip_runs_where_there_is_none(tmp_path: Path) -> None:
    packed = plan._pip(tmp_path / "pip.zip")
    assert not any("__pycache__" in name for name in zipfile.ZipFile(packed).namelist())
    told = subprocess.run(
        [sys.executable, f"{packed}/pip", "--version"], capture_output=True, text=True, check=True
    )
    assert told.stdout.startswith("pip ")


# --- the server's side, without systemd ---


def there(root: Path, **asked: Any) -> home.Home:
    request = {"root": str(root), "project": "tiny", "scope": "user", "files": [], "domain": ""}
    (root / "releases").mkdir(parents=True, exist_ok=True)
    return home.Home(request | asked)


def release(root: Path, name: str, number: int, before: str = "", packages: str = "a") -> None:
    folder = root / "releases" / name
    folder.mkdir(parents=True)
    known = {"number": number, "before": before, "when": "", "environment": packages}
    (folder / "release.json").write_text(json.dumps(known))
    (folder / "lived").touch()


def test_releases_are_in_the_order_in_which_they_came_whatever_the_clock_said(
    tmp_path: Path,
) -> None:
    for number, name in enumerate(["20260301-120000", "19700101-000000", "20991231-235959"]):
        release(tmp_path, name, number)
    (tmp_path / "releases/half").mkdir()
    names = [one["name"] for one in there(tmp_path).known()]
    assert names == ["20991231-235959", "19700101-000000", "20260301-120000"]
    coming = Build(there(tmp_path, release="19700101-000000"), io.BytesIO())
    assert coming.name() == "19700101-000000-2"


def test_pruning_keeps_what_is_live_the_one_before_and_the_newest(tmp_path: Path) -> None:
    for number in range(1, 10):
        release(tmp_path, f"r{number}", number, packages="old" if number < 4 else "new")
        for kind in ("old", "new", "gone"):
            (tmp_path / "environments" / kind).mkdir(parents=True, exist_ok=True)
            (tmp_path / "environments" / kind / ".complete").write_text(f"{kind}.whl\n")
    (tmp_path / "wheels").mkdir()
    for kind in ("old", "new", "gone"):
        (tmp_path / f"wheels/{kind}.whl").touch()
    (tmp_path / "releases/r2/release.json").write_text(
        json.dumps({"number": 2, "before": "r1", "when": "", "environment": "old"})
    )
    here = there(tmp_path)
    here.point("r2")
    here.prune()
    assert {one["name"] for one in here.known()} == {"r1", "r2", "r9", "r8", "r7"}
    assert {path.name for path in (tmp_path / "environments").iterdir()} == {"old", "new"}
    assert {path.name for path in (tmp_path / "wheels").iterdir()} == {"old.whl", "new.whl"}


def test_a_snapshot_is_carried_over_where_it_would_be_built_alike(tmp_path: Path) -> None:
    release(tmp_path, "old", 1)
    paths = {"same": ["app/same.py", "data"], "loader": ["app/loader.py"], "source": ["data/s.csv"]}
    for root in (tmp_path / "releases/old", tmp_path / "incoming/new"):
        for name in ("app/same.py", "app/loader.py", "data/t.csv", "data/s.csv"):
            file = root / "app" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("x")
            changed = root.name == "new" and name in ("app/loader.py", "data/s.csv")
            os.utime(file, (2, 2) if changed else (1, 1))
        (root / "instance").mkdir()
    old, new = tmp_path / "releases/old/instance", tmp_path / "incoming/new/instance"
    for name in paths:
        (old / f"{name}.json").write_text(json.dumps({"file": f"{name}.1.parquet"}))
        (old / f"{name}.1.parquet").write_text("rows")
    here = there(tmp_path, loaders=paths)
    here.point("old")
    Build(here, io.BytesIO()).carry_snapshots(tmp_path / "incoming/new")
    assert list(new.iterdir()) == []
    paths["same"] = ["app/same.py", "data/t.csv"]
    Build(here, io.BytesIO()).carry_snapshots(tmp_path / "incoming/new")
    assert {one.name for one in new.iterdir()} == {"same.json", "same.1.parquet"}
    assert (new / "same.1.parquet").samefile(old / "same.1.parquet")


def test_what_does_not_come_whole_is_not_taken(tmp_path: Path) -> None:
    known = [{"name": "a.whl", "size": 5, "sha256": "0" * 64}]
    coming = Build(there(tmp_path, files=known), io.BytesIO(b"1234"))
    with pytest.raises(Failed, match="the connection ended before all was sent"):
        coming.receive("r1")
    assert not list((tmp_path / "releases").iterdir())


def test_a_lock_ends_with_the_process_that_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "LOCK_SECONDS", 0.3)
    program = (
        "import sys; from flaskdash.deploy.ssh.server.home import Home\n"
        f"here = Home({{'root': {str(tmp_path)!r}, 'project': 'x', 'scope': 'user'}})\n"
        "with here.alone():\n    print('has it', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"has it\n"
        with (
            pytest.raises(Failed, match="another deploy is at work") as failure,
            there(tmp_path).alone(),
        ):
            pass
        assert failure.value.kind == "preflight"
    finally:
        holder.kill()
        holder.communicate()
    with there(tmp_path).alone():
        pass


def test_a_secret_key_is_made_once_and_is_nobody_elses(tmp_path: Path) -> None:
    here = there(tmp_path)
    here.shared.mkdir()
    (here.shared / ".env").write_text("OTHER=1\n")
    Build(here, io.BytesIO()).secret_key()
    first = (here.shared / ".env").read_text()
    Build(here, io.BytesIO()).secret_key()
    assert (here.shared / ".env").read_text() == first
    assert re.fullmatch(r"OTHER=1\nSECRET_KEY=[0-9a-f]{64}\n", first)
    assert (here.shared / ".env").stat().st_mode & 0o777 == 0o600


def test_what_was_cut_off_is_cleared_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    release(tmp_path, "whole", 1)
    release(tmp_path, "tried", 2)
    (tmp_path / "releases/tried/lived").unlink()
    for name in ("releases/half", "environments/half", "incoming/new", "shared"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "shared/.env").write_text("NEW=1\n")
    (tmp_path / "shared/.env.before").write_text("OLD=1\n")
    main.Server(there(tmp_path).asked, io.BytesIO()).settle()
    assert [path.name for path in (tmp_path / "releases").iterdir()] == ["whole"]
    assert list((tmp_path / "environments").iterdir()) == []
    assert not (tmp_path / "incoming").exists()
    assert (tmp_path / "shared/.env").read_text() == "OLD=1\n"


@pytest.mark.parametrize(
    "value", ["plain", "a b", "it's", 'a"b', "a\\b\\'", "${HOME}", "$HOME", "# no", "a=b", "ü€\t"]
)
def test_a_secret_is_read_as_it_was_set(tmp_path: Path, value: str) -> None:
    (tmp_path / ".env").write_text(f"NAME={main.quoted(value)}\nNEXT=1\n", "utf-8")
    assert dotenv.dotenv_values(tmp_path / ".env") == {"NAME": value, "NEXT": "1"}


def test_how_a_release_starts_is_what_the_procfile_says(tiny: Project, tmp_path: Path) -> None:
    (entry,) = [one for one in target(tiny).plan()._entries() if one.path == "run"]
    release = tmp_path / "releases/r1"
    (release / "app").mkdir(parents=True)
    (release / ".venv/bin").mkdir(parents=True)
    assert isinstance(entry.content, bytes)
    (release / "run").write_bytes(entry.content)
    (release / "app/.env").write_text("A=1\nWEB_CONCURRENCY='3'\n")
    python = release / ".venv/bin/python"
    python.write_text('#!/bin/sh\necho "$0 $WEB_CONCURRENCY $@"\n')
    python.chmod(0o755)
    told = subprocess.run(
        ["sh", str(release / "run")], cwd=release / "app", capture_output=True, text=True
    )
    assert told.stdout == f"{python} 3 -m gunicorn --no-control-socket app:create_app()\n"


def test_the_servers_side_imports_nothing_but_the_standard_library_and_what_was_sent_before() -> (
    None
):
    known = set(sys.stdlib_module_names)
    for name in connection.MODULES:
        tree = ast.parse((connection.SERVER / f"{name}.py").read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                assert node.module in known or node.module.partition(".")[0] in known
            elif isinstance(node, ast.Import):
                assert {one.name.partition(".")[0] for one in node.names} <= known
        known.add(f"{connection.PACKAGE}.{name}")
    sent = {*connection.MODULES, "__init__"}
    assert {path.stem for path in connection.SERVER.glob("*.py")} == sent


def test_a_title_is_one_line_of_a_unit_in_which_nothing_has_a_meaning() -> None:
    assert plain("50% of\n[Service]\\") == "50%% of [Service]\\\\"


# --- what the server says of a deploy ---


@pytest.mark.parametrize(
    ("kind", "error", "says"),
    [
        ("", RolledBackError, "r1 is live, as before."),
        ("not-rolled-back", NotRolledBackError, "And r1 does not answer any more."),
        ("preflight", PreflightError, "it went wrong\n  | line of the log"),
    ],
)
def test_a_failure_has_its_exit_code_and_the_log(
    kind: str, error: type[FlaskdashError], says: str
) -> None:
    failed = {"failed": "it went wrong", "hint": "this", "kind": kind, "live": "r1"}
    said: list[str] = []
    with pytest.raises(error) as failure:
        outcome(iter([{"say": "step"}, failed | {"log": "line of the log"}]), said.append)
    assert said == ["step"]
    assert says in failure.value.message
    assert failure.value.hint == "this"


def test_a_server_that_stops_talking_is_a_lost_connection() -> None:
    with pytest.raises(ConnectionLost):
        outcome(iter([{"say": "step"}]), print)


# --- a real server ---


class Shop:
    """The project of few lines, and a server for it."""

    def __init__(self, root: Path, machine: Machine) -> None:
        self.root, self.machine, self.port = root, machine, free_port()

    def invoke(self, *args: str, stdin: str | None = None, code: int = 0) -> Result:
        before = Path.cwd()
        os.chdir(self.root)
        try:
            result = CliRunner().invoke(cli, args, input=stdin, env=self.machine.environment)
        finally:
            os.chdir(before)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result

    def mode(self, mode: str) -> None:
        file = self.root / "app/__init__.py"
        file.write_text(re.sub(r'MODE = "\w*"', f'MODE = "{mode}"', file.read_text()), "utf-8")

    def answers(self) -> str:
        """Return the release that answers from outside."""
        return fetch(f"http://{self.machine.host}:{self.port}/up")[1].decode().strip()

    def units(self) -> str:
        return self.machine.run("systemctl list-units --all --plain 'flaskdash*'", user="root")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Deploy the project for the first time, to an account that may use sudo."""
    root = build(tmp_path_factory.mktemp("ssh") / "tiny")
    lock = [environment.uv(), "lock", "--quiet", "--python", sys.executable]
    subprocess.run(lock, cwd=root, check=True)
    with pytest.MonkeyPatch.context() as patch, booted(sudo=True) as machine:
        patch.setattr(rules, "ALL", ())
        shop = Shop(root, machine)
        done = shop.invoke("deploy", machine.address, "--port", str(shop.port), "--yes")
        assert f"at http://{machine.host}:{shop.port}" in done.output
        yield shop


def test_the_systems_service_is_shut_in_and_runs_as_the_account(shop: Shop) -> None:
    name = shop.answers().removeprefix("up ")
    unit = f"flaskdash-tiny-app@{name}.service"
    told = shop.machine.run(f"systemd-analyze security --no-pager {unit}", user="root")
    exposure = re.search(r"Overall exposure level for .*: ([\d.]+)", told)
    assert exposure is not None
    assert float(exposure[1]) <= 2.0
    assert any("gunicorn" in line for line in shop.machine.processes())
    assert shop.machine.run("stat -c %a flaskdash/tiny-app/shared/.env").strip() == "600"
    complaints = shop.machine.run(f"systemd-analyze verify {unit} 2>&1; true", user="root")
    assert "flaskdash" not in complaints


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        ("broken", "RuntimeError: this release is broken"),
        ("failing", "/dashboards/two does not answer: status 500"),
        ("silent", "/up answers 'up', and not 'up 2"),
    ],
)
def test_a_release_that_fails_never_goes_live(shop: Shop, mode: str, says: str) -> None:
    before, listed = shop.answers(), shop.machine.run("ls flaskdash/tiny-app/releases")
    shop.mode(mode)
    result = shop.invoke("deploy", code=4)
    assert says in result.output
    assert f"{before.removeprefix('up ')} is live, as before." in result.output
    assert shop.answers() == before
    assert shop.machine.run("ls flaskdash/tiny-app/releases") == listed
    assert "trial" not in shop.units()


def test_rollback_goes_to_what_was_live_before(shop: Shop) -> None:
    shop.mode("well")
    first = shop.answers()
    shop.invoke("deploy")
    second = shop.answers()
    assert second not in (first, "")
    shop.invoke("rollback")
    assert shop.answers() == first
    known = json.loads(shop.invoke("releases", "--json").output)
    assert [f"up {one['name']}" for one in known] == [second, first]
    assert [one["live"] for one in known] == [False, True]
    shop.invoke("rollback", second.removeprefix("up "))
    assert shop.answers() == second
    assert "there is no release nonsense" in shop.invoke("rollback", "nonsense", code=1).output


def test_a_secret_is_taken_up_and_one_that_breaks_it_is_not(shop: Shop) -> None:
    shop.invoke("secrets", "set", "DATABASE_URL", stdin="postgresql://u:p@h/d")
    assert shop.invoke("secrets", "list").output.split() == ["DATABASE_URL", "SECRET_KEY"]
    env = shop.machine.run("cat flaskdash/tiny-app/shared/.env")
    failed = shop.invoke("secrets", "set", "POISON", stdin="x", code=4)
    assert "RuntimeError: this setting is wrong" in failed.output
    assert shop.machine.run("cat flaskdash/tiny-app/shared/.env") == env
    status = json.loads(shop.invoke("status", "--json").output)
    assert status["healthy"]
    assert "Starting gunicorn" in shop.invoke("logs").output


def test_a_cut_connection_is_asked_again_what_came_of_it(shop: Shop) -> None:
    deploy = target(Project.find(shop.root), shop.machine.address, port=str(shop.port)).plan()
    before, said = shop.answers(), []

    def cut(line: str) -> None:
        said.append(line)
        if line.startswith("try"):
            assert shop.machine.cut()

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", shop.machine.environment["PATH"])
        done = deploy.run(cut)
    assert f"up {done.release}" == shop.answers() != before


def test_where_the_servers_side_is_killed_one_release_is_left(shop: Shop) -> None:
    deploy = target(Project.find(shop.root), shop.machine.address, port=str(shop.port)).plan()
    before = shop.answers()

    def kill(line: str) -> None:
        if line.startswith("start"):  # both share the port in a moment
            found = shop.machine.run("ps -u dash -o pid=,args=").splitlines()
            (pid,) = [one.split()[0] for one in found if " -I -c import json" in one[:60]]
            shop.machine.run(f"kill -KILL {pid}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", shop.machine.environment["PATH"])
        with pytest.raises(RolledBackError, match=f"{before.removeprefix('up ')} is live"):
            deploy.run(kill)
    alone = f"flaskdash-tiny-app@{before.removeprefix('up ')}.service"
    wait_for(lambda: shop.units().count("flaskdash-tiny-app@") == 1, "the new release to end")
    assert alone in shop.units()
    assert shop.answers() == before


def test_a_domain_comes_with_nginx_in_front_and_the_port_closed_to_others(shop: Shop) -> None:
    if not is_free(80):
        pytest.skip("port 80 of this machine, whose network the server has, is taken")
    before = shop.answers()
    result = shop.invoke("deploy", "--domain", "tiny.example.org")
    assert "reload    nginx: tiny.example.org leads to port" in result.output
    assert "sudo certbot --nginx -d tiny.example.org" in result.output
    wait_for(lambda: shop.answers() == "", "the port to be closed to others")
    status, body = fetch(f"http://{shop.machine.host}/up", Host="tiny.example.org")
    assert (status, body.decode().strip()) != (200, before)
    assert status == 200


def test_an_account_whose_services_would_end_is_told_what_an_administrator_does(
    tmp_path: Path, shop: Shop
) -> None:
    with booted(linger=False) as machine:
        other = Shop(shop.root, machine)
        result = other.invoke("deploy", machine.address, "--name", "other", "--yes", code=2)
        assert "sudo loginctl enable-linger dash" in result.output
        assert machine.run("ls -A flaskdash/tiny-app").split() == [".lock"]
