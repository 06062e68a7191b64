"""The ssh target: the connection, the server's side, and deploys to a real server."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from flaskdash.check import rules
from flaskdash.cli import cli
from flaskdash.deploy import ssh
from flaskdash.deploy.ssh import connection, plan
from flaskdash.deploy.ssh.connection import Address, Connection, ConnectionLost
from flaskdash.deploy.ssh.probe import ServerFacts, findings, probe
from flaskdash.deploy.ssh.result import read_result
from flaskdash.deploy.ssh.server import home, main
from flaskdash.deploy.ssh.server.basics import StepError, is_free
from flaskdash.deploy.ssh.server.build import Build
from flaskdash.deploy.ssh.server.units import escape_title
from flaskdash.deploy.target import Place
from flaskdash.errors import FlaskdashError
from flaskdash.project import Project, environment
from flaskdash.ship.errors import NotRolledBackError, PreflightError, RolledBackError
from tests.support.machine import VirtualServer, booted
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
"""A project of few lines, which fails in the way that MODE names."""

import os
import threading
from pathlib import Path

MODE = "well"
ROOT = Path(__file__).parents[1]
RELEASE = (ROOT / ".release").read_text()

if MODE == "broken":
    raise RuntimeError("this release is broken")
if "POISON" in (ROOT / ".env").read_text():
    raise RuntimeError("this setting is wrong")


def create_app():
    if MODE == "dying":
        threading.Timer(0.7, os.kill, (os.getppid(), 9)).start()

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
    """Write the project of few lines."""
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


# --- the address and the connection ---


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ssh://example.org", Address("example.org")),
        ("ssh://me@example.org/", Address("example.org", "me")),
        ("ssh://me@10.0.0.7:2222", Address("10.0.0.7", "me", 2222)),
        ("ssh://me@[2001:db8::1]:22/sales", Address("2001:db8::1", "me", 22, "sales")),
        ("ssh://alias/sales-2", Address("alias", name="sales-2")),
    ],
)
def test_an_address_has_a_user_a_host_a_port_and_a_name(text: str, address: Address) -> None:
    assert Address.parse(text) == address


@pytest.mark.parametrize(
    "text",
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
def test_an_address_that_ssh_could_take_for_an_option_is_refused(text: str) -> None:
    with pytest.raises(FlaskdashError, match="is not the address of a server"):
        Address.parse(text)


def test_a_command_for_the_server_is_quoted_as_one_argument() -> None:
    argv = Connection(Address("host", "me", 2222)).argv(["echo", "a b", "$HOME;'"])
    assert argv[-2:] == ["host", "echo 'a b' '$HOME;'\"'\"''"]
    assert argv[argv.index("-p") + 1] == "2222"
    assert argv[argv.index("-l") + 1] == "me"
    assert "BatchMode=yes" in argv


@pytest.mark.parametrize(
    ("output", "message", "hint"),
    [
        ("Host key verification failed.", "does not know the key of host", "ssh me@host"),
        (
            "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
            "the key of host has changed",
            "ssh-keygen -R host",
        ),
        ("me@host: Permission denied (publickey).", "accepts none of your keys", "ssh-copy-id"),
        ("ssh: Could not resolve hostname host: Name", "the host host does not exist", "USER@HOST"),
        ("connect to host host port 22: Connection refused", "no ssh server answers", "2222"),
        (
            "connect to host host port 22: Connection timed out",
            "a firewall blocks ssh",
            "ssh me@host",
        ),
        (
            "connect to host host port 22: No route to host",
            "cannot be reached from this network",
            "ssh",
        ),
        (
            "client_loop: send disconnect: Broken pipe",
            "lost: client_loop: send disc",
            "flaskdash deploy",
        ),
    ],
)
def test_errors_of_ssh_are_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str, message: str, hint: str
) -> None:
    fake_ssh(tmp_path / "bin", monkeypatch, f"echo '{output}' >&2; exit 255")
    with Connection(Address("host", "me")) as server, pytest.raises(ConnectionLost) as failure:
        server.run(["true"])
    assert message in failure.value.message
    assert hint in failure.value.hint


def test_the_path_of_the_shared_socket_is_short_enough(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / ("x" * 80)
    folder.mkdir()
    monkeypatch.setattr(connection.tempfile, "tempdir", str(folder))
    with Connection(Address("host")) as server:
        match = re.search(r"ControlPath=(\S+)", " ".join(server.argv(["true"])))
        assert match is not None
        assert len(match[1]) + len(".0123456789abcdef") < 104


def test_the_folder_of_a_killed_connection_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    monkeypatch.setattr(connection.tempfile, "tempdir", str(tmp_path))
    parent = Path("/tmp") if len(str(tmp_path)) >= 60 else tmp_path
    stale, unrelated, running = (
        parent / f"fdash-{name}"
        for name in (f"{ended.pid}-abcdefgh", "x-y", f"{os.getpid()}-abcd_fgh")
    )
    for folder in (stale, unrelated, running):
        folder.mkdir()
    try:
        with Connection(Address("host")):
            assert [path.exists() for path in (stale, unrelated, running)] == [False, True, True]
    finally:
        unrelated.rmdir()
        running.rmdir()


def test_a_server_that_cannot_be_reached_fails_the_preflight(
    tiny: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_ssh(tmp_path / "bin", monkeypatch, "echo 'Permission denied (publickey).' >&2; exit 255")
    monkeypatch.setattr(rules, "ALL", ())
    result = CliRunner().invoke(cli, ["deploy", "ssh://me@host"])
    assert result.exit_code == 2
    assert "FAIL  ssh          me@host accepts none of your keys" in result.output
    assert "Fix: ssh-copy-id me@host" in result.output


def test_a_dry_run_prints_every_step_and_does_not_connect(
    tiny: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_ssh(tmp_path / "bin", monkeypatch, f"touch {tmp_path}/called")
    before = sorted(tiny.root.rglob("*"))
    result = CliRunner().invoke(cli, ["deploy", "ssh://me@host", "--dry-run"])
    assert result.exit_code == 0, result.output
    assert "check     ssh: the server can be reached" in result.output
    assert "send      app/__init__.py" in result.output
    assert ".env\n" not in result.output.replace("shared/.env", "")
    assert "server    write flaskdash-tiny-app, live.service" in result.output
    assert not (tmp_path / "called").exists()
    assert sorted(tiny.root.rglob("*")) == before


@pytest.mark.parametrize("domain", ["localhost", "-x.org", "a b.org", "x.org\nreboot", "X.ORG"])
def test_a_domain_that_is_none_is_refused(tiny: Project, domain: str) -> None:
    with pytest.raises(FlaskdashError, match="is not a domain"):
        target(tiny, domain=domain).plan()


# --- the facts about a server ---


def facts(**values: str) -> ServerFacts:
    defaults = {"system": "Linux", "systemd": "252", "processor": "x86_64", "libc": "glibc 2.36"}
    pythons = {"3.13": "/usr/bin/python3.13", "3.11": "/usr/bin/python3"}
    defaults |= {"free": "9000000", "root": "/home/me/flaskdash/shop", "end": "yes"}
    defaults |= {"user": "me", "lingers": "yes"}
    return ServerFacts(defaults | values, pythons)


def test_the_probe_reads_the_facts_of_a_server(
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
    # The probe takes another folder for root, and the tests may run as root.
    fake = tmp_path / "bin/id"
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\n[ "$1" = -u ] && echo 1000 || echo somebody\n')
    fake.chmod(0o755)
    fake_ssh(tmp_path / "bin", monkeypatch, 'for last; do :; done; exec sh -c "$last"')
    with Connection(Address("host")) as server:
        result = probe(server, "shop")
    assert (result["system"], result["root"], result["live"]) == ("Linux", str(root), "1")
    assert result.environments == {"whole"}
    assert result.wheels == {"a.whl": 5}
    assert result.pythons
    assert result["end"] == "yes"
    assert int(result["free"]) > 0


@pytest.mark.parametrize(
    ("preferred", "requested", "uv", "python"),
    [
        ("3.13", "", "", "3.13"),
        ("3.12", "", "", "3.13"),  # the newest that the project accepts
        ("3.12", "3.11", "", "3.11"),
        ("3.12", "3.12", "", ""),
        ("3.12", "3.12", "/bin/uv", "3.12"),
    ],
)
def test_the_python_that_runs_the_project(
    preferred: str, requested: str, uv: str, python: str
) -> None:
    assert facts(uv=uv).choose_python(preferred, requested, ">=3.11,<3.15") == python


def test_wheels_are_for_the_server_and_not_for_this_machine() -> None:
    assert facts().machine("3.12").platform == "manylinux_2_28_x86_64"
    assert facts(libc="glibc 2.17").machine("3.12").platform == "manylinux_2_17_x86_64"
    assert facts(libc="musl", processor="arm64").machine("3.12").platform == "musllinux_1_2_aarch64"


@pytest.mark.parametrize(
    ("values", "python", "sentence"),
    [
        ({"end": ""}, "3.13", "the account does not run programs"),
        (
            {"root": "/home/my name/flaskdash/shop"},
            "3.13",
            "systemd's unit files cannot contain the path /home/my",
        ),
        ({"system": "Darwin"}, "3.13", "the server runs Darwin"),
        ({"systemd": ""}, "3.13", "the server runs Linux without systemd"),
        ({}, "", "the server needs Python >=3.11 and has 3.13, 3.11. Install it"),
        ({"free": "1000"}, "3.13", "the server's disk has 1 MB free, and the project needs 700 MB"),
        ({"uv": "/bin/uv"}, "3.14", "uv on the server will download Python 3.14"),
        ({"lingers": ""}, "3.13", "systemd ends the services of me when me logs out"),
        ({"taken": "yes"}, "3.13", "another program on the server uses port 0"),
    ],
)
def test_a_server_that_cannot_run_the_project(
    values: dict[str, str], python: str, sentence: str
) -> None:
    (finding,) = findings(facts(**values), python, "", ">=3.11")
    assert finding.sentence.startswith(sentence)
    assert finding.fix or finding.is_note


def test_only_root_can_have_a_port_below_1024() -> None:
    (finding,) = findings(facts(), "3.13", "", ">=3.11", port=80)
    assert finding.sentence.startswith("only root can open port 80")
    assert list(findings(facts(admin="yes", lingers=""), "3.13", "", ">=3.11", port=80)) == []


def test_the_probe_finds_a_port_that_another_program_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    fake_ssh(tmp_path / "bin", monkeypatch, 'for last; do :; done; exec sh -c "$last"')
    unit = tmp_path / ".config/systemd/user/flaskdash-shop.socket"
    unit.parent.mkdir(parents=True)
    with (
        Connection(Address("host")) as server,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):
        port = listener.getsockname()[1]
        assert probe(server, "shop", port)["taken"] == "yes"
        assert probe(server, "shop", free_port())["taken"] == ""
        unit.write_text(f"ListenStream=127.0.0.1:{port}\n")
        assert probe(server, "shop", port)["taken"] == ""


def test_the_packed_pip_runs_from_its_zip_file(tmp_path: Path) -> None:
    packed = plan._pack_pip(tmp_path / "pip.zip")
    assert not any("__pycache__" in name for name in zipfile.ZipFile(packed).namelist())
    process = subprocess.run(
        [sys.executable, f"{packed}/pip", "--version"], capture_output=True, text=True, check=True
    )
    assert process.stdout.startswith("pip ")


# --- the server's side, without systemd ---


def project_home(root: Path, **values: Any) -> home.Home:
    request = {"root": str(root), "project": "tiny", "scope": "user", "files": [], "domain": ""}
    (root / "releases").mkdir(parents=True, exist_ok=True)
    return home.Home(request | values)


def release(root: Path, name: str, number: int, before: str = "", packages: str = "a") -> None:
    folder = root / "releases" / name
    folder.mkdir(parents=True)
    values = {"number": number, "before": before, "when": "", "environment": packages}
    (folder / "release.json").write_text(json.dumps(values))
    (folder / "lived").touch()


def test_releases_are_sorted_by_number_and_not_by_the_clock(
    tmp_path: Path,
) -> None:
    for number, name in enumerate(["20260301-120000", "19700101-000000", "20991231-235959"]):
        release(tmp_path, name, number)
    (tmp_path / "releases/half").mkdir()
    names = [release["name"] for release in project_home(tmp_path).read_releases()]
    assert names == ["20991231-235959", "19700101-000000", "20260301-120000"]
    build = Build(project_home(tmp_path, release="19700101-000000"), io.BytesIO())
    assert build.name() == "19700101-000000-2"


def test_pruning_retains_the_live_release_the_one_before_and_the_newest(tmp_path: Path) -> None:
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
    project = project_home(tmp_path)
    project.set_current("r2")
    project.prune()
    assert {release["name"] for release in project.read_releases()} == {
        "r1",
        "r2",
        "r9",
        "r8",
        "r7",
    }
    assert {path.name for path in (tmp_path / "environments").iterdir()} == {"old", "new"}
    assert {path.name for path in (tmp_path / "wheels").iterdir()} == {"old.whl", "new.whl"}


def test_a_snapshot_is_linked_if_its_loader_and_source_have_not_changed(tmp_path: Path) -> None:
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
    project = project_home(tmp_path, loaders=paths)
    project.set_current("old")
    Build(project, io.BytesIO()).link_snapshots(tmp_path / "incoming/new")
    assert list(new.iterdir()) == []
    paths["same"] = ["app/same.py", "data/t.csv"]
    Build(project, io.BytesIO()).link_snapshots(tmp_path / "incoming/new")
    assert {path.name for path in new.iterdir()} == {"same.json", "same.1.parquet"}
    assert (new / "same.1.parquet").samefile(old / "same.1.parquet")


def test_a_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    files = [{"name": "a.whl", "size": 5, "sha256": "0" * 64}]
    build = Build(project_home(tmp_path, files=files), io.BytesIO(b"1234"))
    with pytest.raises(StepError, match=r"the connection ended before a\.whl was complete"):
        build.receive("r1")
    assert not list((tmp_path / "releases").iterdir())


def test_what_a_killed_pip_leaves_goes_with_the_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = {"environment": "new", "packages": 1, "requirements": "", "wheels": [], "uv": ""}
    project = project_home(tmp_path, **request)
    project.incoming.mkdir()
    project.lock = os.open(tmp_path / "lock", os.O_CREAT)
    program = "import os, tempfile; tempfile.mkdtemp(prefix='pip-'); os.kill(os.getpid(), 9)"
    monkeypatch.setattr(Build, "install_commands", lambda *_: [[sys.executable, "-c", program]])
    with pytest.raises(StepError, match="cannot be installed"):
        Build(project, io.BytesIO()).install_packages()
    os.close(project.lock)
    assert len(list(project.incoming.rglob("pip-*"))) == 1


def test_a_lock_ends_with_the_process_that_holds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "LOCK_SECONDS", 0.3)
    program = (
        "import sys; from flaskdash.deploy.ssh.server.home import Home\n"
        f"home = Home({{'root': {str(tmp_path)!r}, 'project': 'x', 'scope': 'user'}})\n"
        "with home.locked():\n    print('locked', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"locked\n"
        with (
            pytest.raises(StepError, match="another deploy is running") as failure,
            project_home(tmp_path).locked(),
        ):
            pass
        assert failure.value.kind == "preflight"
    finally:
        holder.kill()
        holder.communicate()
    with project_home(tmp_path).locked():
        pass


def test_a_secret_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    project = project_home(tmp_path)
    project.shared.mkdir()
    (project.shared / ".env").write_text("OTHER=1\n")
    Build(project, io.BytesIO()).create_secret_key()
    first = (project.shared / ".env").read_text()
    Build(project, io.BytesIO()).create_secret_key()
    assert (project.shared / ".env").read_text() == first
    assert re.fullmatch(r"SECRET_KEY='[0-9a-f]{64}'\nOTHER=1\n", first)
    assert (project.shared / ".env").stat().st_mode & 0o777 == 0o600


def test_an_interrupted_deploy_is_cleaned_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    release(tmp_path, "whole", 1)
    release(tmp_path, "tried", 2)
    (tmp_path / "releases/tried/lived").unlink()
    for name in ("releases/half", "environments/half", "incoming/new", "shared"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "shared/.env").write_text("NEW=1\n")
    (tmp_path / "shared/.env.before").write_text("OLD=1\n")
    main.ServerProject(project_home(tmp_path).request, io.BytesIO()).recover()
    assert [path.name for path in (tmp_path / "releases").iterdir()] == ["whole"]
    assert list((tmp_path / "environments").iterdir()) == []
    assert not (tmp_path / "incoming").exists()
    assert (tmp_path / "shared/.env").read_text() == "OLD=1\n"


def test_a_release_that_still_answers_is_stopped_before_its_files_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    for number, name in enumerate(("live", "before", "half"), start=1):
        release(tmp_path, name, number)
    (tmp_path / "releases/half/lived").unlink()
    project = main.ServerProject(project_home(tmp_path).request, io.BytesIO())
    project.set_current("live")
    project.systemd.folder.mkdir(parents=True)
    (project.systemd.folder / f"{project.unit}@.service").touch()
    calls: list[tuple[bool, tuple[str, ...]]] = []
    systemd = type(project.systemd)

    def note(_self: object, *arguments: str, **_options: object) -> None:
        calls.append(((tmp_path / "releases/half").exists(), arguments))

    monkeypatch.setattr(systemd, "__call__", note)
    monkeypatch.setattr(systemd, "state", lambda *_: "active")
    monkeypatch.setattr(systemd, "running_releases", lambda _: ["live", "before", "half"])
    project.recover()
    stops = [call for call in calls if any("half" in text or "before" in text for text in call[1])]
    unit = project.systemd.release_unit
    assert stops == [
        (True, ("stop", "--no-block", unit("before"))),
        (True, ("stop", unit("half"))),  # and is waited for
    ]
    assert not (tmp_path / "releases/half").exists()


def test_a_release_starts_with_the_web_line_of_the_procfile(tiny: Project, tmp_path: Path) -> None:
    (entry,) = [entry for entry in target(tiny).plan()._entries() if entry.path == "run"]
    release = tmp_path / "releases/r1"
    (release / "app").mkdir(parents=True)
    (release / ".venv/bin").mkdir(parents=True)
    assert isinstance(entry.content, bytes)
    (release / "run").write_bytes(entry.content)
    (release / "app/.env").write_text("A=1\nWEB_CONCURRENCY='3'\n")
    python = release / ".venv/bin/python"
    python.write_text('#!/bin/sh\necho "$0 $WEB_CONCURRENCY $@"\n')
    python.chmod(0o755)
    process = subprocess.run(
        ["sh", str(release / "run")], cwd=release / "app", capture_output=True, text=True
    )
    assert process.stdout == f"{python} 3 -m gunicorn --no-control-socket app:create_app()\n"


def test_the_servers_side_imports_only_the_standard_library_and_modules_sent_before() -> None:
    allowed = set(sys.stdlib_module_names)
    for name in connection.MODULES:
        tree = ast.parse((connection.SERVER / f"{name}.py").read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                assert node.module in allowed or node.module.partition(".")[0] in allowed
            elif isinstance(node, ast.Import):
                assert {alias.name.partition(".")[0] for alias in node.names} <= allowed
        allowed.add(f"{connection.PACKAGE}.{name}")
    sent = {*connection.MODULES, "__init__"}
    assert {path.stem for path in connection.SERVER.glob("*.py")} == sent


@pytest.mark.parametrize("name", ["$(id)", "a;b", "a b", "-x", "é", ""])
def test_a_name_that_cannot_be_a_folder_on_the_server_is_refused(tiny: Project, name: str) -> None:
    place = Place("ssh", "ssh://me@example.org")
    with pytest.raises(FlaskdashError, match="cannot be the name of a folder on the server"):
        _ = ssh.SshTarget(replace(tiny, name=name), place).slug


def test_a_title_becomes_one_escaped_line_of_a_unit() -> None:
    assert escape_title("50% of\n[Service]\\") == "50%% of [Service]\\\\"


# --- the result of a request ---


@pytest.mark.parametrize(
    ("kind", "error", "text"),
    [
        ("", RolledBackError, "r1 is live, as before."),
        ("not-rolled-back", NotRolledBackError, "\nr1 does not answer any more."),
        ("preflight", PreflightError, "it went wrong\n  | line of the log"),
    ],
)
def test_a_failure_has_its_exit_code_and_the_log(
    kind: str, error: type[FlaskdashError], text: str
) -> None:
    message = {"error": "it went wrong", "hint": "this", "kind": kind, "live": "r1"}
    lines: list[str] = []
    messages = [{"line": "step"}, message | {"log": "line of the log"}]
    with pytest.raises(error) as failure:
        read_result(iter(messages), lines.append)
    assert lines == ["step"]
    assert text in failure.value.message
    assert failure.value.hint == "this"


def test_a_server_that_stops_talking_is_a_lost_connection() -> None:
    with pytest.raises(ConnectionLost):
        read_result(iter([{"line": "step"}]), print)


# --- a real server ---


class TinyDeploy:
    """The project of few lines, and a server for it."""

    def __init__(self, root: Path, machine: VirtualServer) -> None:
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

    def set_mode(self, mode: str) -> None:
        file = self.root / "app/__init__.py"
        file.write_text(re.sub(r'MODE = "\w*"', f'MODE = "{mode}"', file.read_text()), "utf-8")

    def answers(self) -> str:
        """Return the release that answers from outside."""
        return fetch(f"http://{self.machine.host}:{self.port}/up")[1].decode().strip()

    def units(self) -> str:
        return self.machine.run("systemctl list-units --all --plain 'flaskdash*'", user="root")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TinyDeploy]:
    """Deploy the project for the first time, to an account that may use sudo."""
    root = build(tmp_path_factory.mktemp("ssh") / "tiny")
    lock = [environment.uv(), "lock", "--quiet", "--python", sys.executable]
    subprocess.run(lock, cwd=root, check=True)
    with pytest.MonkeyPatch.context() as patch, booted(sudo=True) as machine:
        patch.setattr(rules, "ALL", ())
        shop = TinyDeploy(root, machine)
        result = shop.invoke("deploy", machine.address, "--port", str(shop.port), "--yes")
        assert f"at http://{machine.host}:{shop.port}" in result.output
        yield shop


def test_the_systems_service_is_sandboxed_and_runs_as_the_account(shop: TinyDeploy) -> None:
    name = shop.answers().removeprefix("up ")
    unit = f"flaskdash-tiny-app@{name}.service"
    output = shop.machine.run(f"systemd-analyze security --no-pager {unit}", user="root")
    exposure = re.search(r"Overall exposure level for .*: ([\d.]+)", output)
    assert exposure is not None
    assert float(exposure[1]) <= 2.0
    assert any("gunicorn" in line for line in shop.machine.processes())
    assert shop.machine.run("stat -c %a flaskdash/tiny-app/shared/.env").strip() == "600"
    complaints = shop.machine.run(f"systemd-analyze verify {unit} 2>&1; true", user="root")
    assert "flaskdash" not in complaints


def test_a_release_that_died_and_was_stopped_leaves_no_failed_unit(shop: TinyDeploy) -> None:
    before = shop.answers()
    unit = f"flaskdash-tiny-app@{before.removeprefix('up ')}.service"
    shop.machine.run(f"systemctl kill --signal KILL {unit}; systemctl stop {unit}", user="root")
    wait_for(lambda: unit not in shop.units(), "the end of the unit")
    shop.machine.run(f"systemctl start {unit}", user="root")
    assert shop.answers() == before


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        ("broken", "RuntimeError: this release is broken"),
        ("failing", "/dashboards/two does not answer: status 500"),
        ("dying", "starts, but dies soon afterwards"),
        ("silent", "/up answers 'up' instead of 'up 2"),
    ],
)
def test_a_release_that_fails_never_goes_live(shop: TinyDeploy, mode: str, error: str) -> None:
    before, releases = shop.answers(), shop.machine.run("ls flaskdash/tiny-app/releases")
    shop.set_mode(mode)
    result = shop.invoke("deploy", code=4)
    assert error in result.output
    assert f"{before.removeprefix('up ')} is live, as before." in result.output
    assert shop.answers() == before
    assert shop.machine.run("ls flaskdash/tiny-app/releases") == releases
    assert "trial" not in shop.units()


def test_a_release_that_was_tried_waits_for_the_preflight(shop: TinyDeploy) -> None:
    shop.set_mode("well")
    deploy = target(Project.find(shop.root), shop.machine.address, port=str(shop.port)).plan()
    before, releases = shop.answers(), shop.machine.run("ls flaskdash/tiny-app/releases")
    tried = threading.Event()
    lines: list[str] = []

    def echo(line: str) -> None:
        lines.append(line)
        if line.startswith("try"):
            tried.set()

    def fail() -> None:
        assert tried.wait(60)
        raise PreflightError("the tests fail")

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", shop.machine.environment["PATH"])
        with pytest.raises(PreflightError, match="the tests fail"):
            deploy.run_early(echo, fail)
    assert not any(line.startswith("start") for line in lines)
    assert shop.answers() == before
    assert shop.machine.run("ls flaskdash/tiny-app/releases") == releases


def test_rollback_goes_to_the_release_that_was_live_before(shop: TinyDeploy) -> None:
    shop.set_mode("well")
    first = shop.answers()
    shop.invoke("deploy")
    second = shop.answers()
    assert second not in (first, "")
    shop.invoke("rollback")
    assert shop.answers() == first
    releases = json.loads(shop.invoke("releases", "--json").output)
    assert [f"up {release['name']}" for release in releases] == [second, first]
    assert [release["live"] for release in releases] == [False, True]
    shop.invoke("rollback", second.removeprefix("up "))
    assert shop.answers() == second
    output = shop.invoke("rollback", "nonsense", code=1).output
    assert "the release nonsense does not exist" in output


def test_a_secret_is_applied_unless_it_breaks_the_release(shop: TinyDeploy) -> None:
    shop.invoke("secrets", "set", "DATABASE_URL", stdin="postgresql://u:p@h/d")
    assert shop.invoke("secrets", "list").output.split() == ["DATABASE_URL", "SECRET_KEY"]
    env = shop.machine.run("cat flaskdash/tiny-app/shared/.env")
    failed = shop.invoke("secrets", "set", "POISON", stdin="x", code=4)
    assert "RuntimeError: this setting is wrong" in failed.output
    assert shop.machine.run("cat flaskdash/tiny-app/shared/.env") == env
    status = json.loads(shop.invoke("status", "--json").output)
    assert status["healthy"]
    assert "Starting gunicorn" in shop.invoke("logs").output


def test_after_a_cut_connection_the_server_is_asked_for_the_result(shop: TinyDeploy) -> None:
    deploy = target(Project.find(shop.root), shop.machine.address, port=str(shop.port)).plan()
    before = shop.answers()

    def cut(line: str) -> None:
        if line.startswith("try"):
            assert shop.machine.cut()

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", shop.machine.environment["PATH"])
        outcome = deploy.run(cut)
    assert f"up {outcome.release}" == shop.answers() != before


def test_if_the_servers_side_is_killed_one_release_remains(shop: TinyDeploy) -> None:
    deploy = target(Project.find(shop.root), shop.machine.address, port=str(shop.port)).plan()
    before = shop.answers()

    def kill(line: str) -> None:
        if line.startswith("start"):  # both releases are about to share the port
            processes = shop.machine.run("ps -u dash -o pid=,args=").splitlines()
            (pid,) = [
                process.split()[0] for process in processes if " -I -c import json" in process[:60]
            ]
            shop.machine.run(f"kill -KILL {pid}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", shop.machine.environment["PATH"])
        with pytest.raises(RolledBackError, match=f"{before.removeprefix('up ')} is live"):
            deploy.run(kill)
    unit = f"flaskdash-tiny-app@{before.removeprefix('up ')}.service"
    wait_for(lambda: shop.units().count("flaskdash-tiny-app@") == 1, "the new release to end")
    assert unit in shop.units()
    assert shop.answers() == before


def test_a_domain_puts_nginx_in_front_and_closes_the_port(shop: TinyDeploy) -> None:
    if not is_free(80):
        pytest.skip("port 80 is in use on this machine, and the server shares its network")
    before = shop.answers()
    result = shop.invoke("deploy", "--domain", "tiny.example.org")
    assert "reload    nginx: tiny.example.org leads to port" in result.output
    assert "sudo certbot --nginx -d tiny.example.org" in result.output
    wait_for(lambda: shop.answers() == "", "the port to be closed")
    status, body = fetch(f"http://{shop.machine.host}/up", Host="tiny.example.org")
    assert (status, body.decode().strip()) != (200, before)
    assert status == 200


def test_an_account_without_linger_gets_the_command_for_an_administrator(
    tmp_path: Path, shop: TinyDeploy
) -> None:
    with booted(linger=False) as machine:
        second = TinyDeploy(shop.root, machine)
        result = second.invoke("deploy", machine.address, "--name", "other", "--yes", code=2)
        assert result.output.endswith(
            "logs out, and only an administrator of the server can change that, with the command"
            " below\n    Fix: sudo loginctl enable-linger dash\n"
        )
        assert machine.run("ls -A").split().count("flaskdash") == 0
