"""Bundles: their build, and their start script, which needs no network."""

import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from flaskdash.check import rules
from flaskdash.deploy import bundle
from flaskdash.project import Project, contents
from flaskdash.ship import archive, files, leaks
from flaskdash.ship.errors import BuildError, PreflightError
from flaskdash.ship.machine import Machine, this_platform
from tests.support.deploying import invoke, lock
from tests.support.tiny import (
    PYPROJECT,
    TREE,
    build,
    script,
    snapshot,
)
from tests.support.web import free_port

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a bundle starts on Linux or macOS")


# --- the build ---


def test_a_dry_run_prints_every_step_and_changes_nothing(
    tiny_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(tiny_project.root)
    result = invoke(
        tiny_project, monkeypatch, "bundle", "--dry-run", "--platform", "manylinux_2_28_aarch64"
    )
    assert result.exit_code == 0, result.output
    assert snapshot(tiny_project.root) == before
    printed = result.output.splitlines()
    assert [line.split()[1] for line in printed if line.startswith("check")] == [
        f"{rule.id}:" for rule in rules.ALL
    ]
    uv, pip = (line for line in printed if line.startswith("run"))
    assert "uv export --frozen --no-default-groups --no-emit-project" in uv
    assert "--require-hashes --only-binary :all: --no-deps" in pip
    assert "--python-version 3.12 --platform manylinux_2_28_aarch64" in pip
    packed = [line.split()[1] for line in printed if line.startswith("pack")]
    shipped = [*sorted(set(TREE) - {".env"}), "requirements.txt", "start", "wheels/*.whl"]
    assert packed == [f"tiny-1.2.0/{path}" for path in shipped]
    assert printed[-2:] == [
        "create    dist/tiny-1.2.0.tar.gz",
        "Nothing was deployed, because of --dry-run.",
    ]


def test_check_only_runs_the_preflight(
    tiny_project: Project, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(tiny_project.root)
    assert invoke(tiny_project, monkeypatch, "bundle", "--check").exit_code == 0
    assert snapshot(tiny_project.root) == before


def test_a_failed_preflight_exits_with_2_and_writes_nothing(
    tiny_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(tiny_project.root)
    result = invoke(tiny_project, monkeypatch, "bundle")
    assert result.exit_code == 2
    assert "The preflight failed (lock, environment, tests). Nothing was deployed." in result.output
    (tiny_project.root / "dist/.deploy.lock").unlink(missing_ok=True)
    assert snapshot(tiny_project.root) == before


def test_a_second_deploy_at_the_same_time_is_refused(
    tiny_project: Project, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock(tiny_project)
    hold = (
        "import sys; from pathlib import Path\n"
        "from flaskdash.deploy import targets; from flaskdash.project import Project\n"
        "with targets.exclusive(Project.find(Path.cwd())):\n"
        "    print('locked', flush=True); sys.stdin.read()\n"
    )
    first = subprocess.Popen(
        [sys.executable, "-c", hold],
        cwd=tiny_project.root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"locked\n"
        result = invoke(tiny_project, monkeypatch, "bundle")
        assert result.exit_code == 2
        assert (
            "Another deploy of this project is running, so nothing was built. Wait until it ends."
            in result.output
        )
        assert invoke(tiny_project, monkeypatch, "bundle", "--check").exit_code == 0
        assert not list((tiny_project.root / "dist").glob("*.tar.gz"))
        first.kill()
    assert invoke(tiny_project, monkeypatch, "bundle").exit_code == 0


def test_a_failed_build_exits_with_3(
    tiny_project: Project, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = invoke(tiny_project, monkeypatch, "--check")
    assert result.exit_code == 0
    result = invoke(tiny_project, monkeypatch)  # there is no lock to export
    assert result.exit_code == 3
    assert "uv failed" in result.output
    assert [path.name for path in (tiny_project.root / "dist").iterdir()] == [".deploy.lock"]


@pytest.mark.parametrize(
    ("error", "expected"),
    [(KeyboardInterrupt(), KeyboardInterrupt), (OSError(28, "No space left"), BuildError)],
)
def test_an_interrupted_build_leaves_no_files(
    tiny_project: Project,
    quick: None,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    expected: type[BaseException],
) -> None:
    def fail(output: Path, _: object) -> None:
        output.write_bytes(b"half")
        raise error

    lock(tiny_project)
    monkeypatch.setattr(archive, "write", fail)
    with pytest.raises(expected):
        bundle.plan(tiny_project, None, None).run(print)
    assert list((tiny_project.root / "dist").iterdir()) == []


def test_the_files_of_a_killed_build_are_removed_later(tiny_project: Project, quick: None) -> None:
    lock(tiny_project)
    stale, running = (tiny_project.root / "dist" / f".building-{name}" for name in "ab")
    for folder in (stale, running):
        folder.mkdir(parents=True)
    os.utime(stale, (1, 1))
    bundle.plan(tiny_project, None, None).run(print)
    names = {path.name for path in (tiny_project.root / "dist").iterdir()}
    assert names == {".building-b", "tiny-1.2.0.tar.gz"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('version = "1.2.0"', "", "'' cannot be the version of a bundle"),
        ('name = "tiny"', 'name = "../x"', "'../x' cannot be the name of a bundle"),
        (">=3.11", ">=3.13", "The project needs Python >=3.13, and the bundle would be for 3.12"),
    ],
)
def test_invalid_metadata_is_an_error(
    tiny_project: Project, old: str, new: str, message: str
) -> None:
    build(tiny_project.root, {"pyproject.toml": PYPROJECT.replace(old, new)})
    with pytest.raises(PreflightError) as error:
        bundle.plan(Project.find(tiny_project.root), None, None)
    assert error.value.message.startswith(message)


# --- the start script, with an environment of small scripts ---


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    """Return an unpacked bundle for this machine, whose web process prints its environment."""
    root = tmp_path / "un packed"
    build(root, {"requirements.txt": "", "wheels/x": ""})
    machine = Machine(f"{sys.version_info.major}.{sys.version_info.minor}", this_platform())
    web = """python -c 'import os; print(os.environ["PORT"], os.getcwd(), os.getppid())'"""
    script(root / "start", bundle.start_script(machine, web).partition("\n")[2])
    return root


def complete(root: Path) -> None:
    """Create a complete environment."""
    script(root / ".venv/bin/python", f'exec "{sys.executable}" "$@"')
    listed = (root / "requirements.txt").read_bytes()
    checksum = subprocess.run(["cksum"], input=listed, capture_output=True)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    stamp = f"{version} {checksum.stdout.decode().strip()} {root}\n"
    build(root, {".venv/.complete": stamp})


def start(root: Path, **env: str) -> "subprocess.CompletedProcess[str]":
    variables = {"PATH": os.environ["PATH"], **env}
    return subprocess.run([root / "start"], cwd="/", env=variables, capture_output=True, text=True)


def test_start_uses_a_complete_environment_and_the_port(unpacked: Path) -> None:
    complete(unpacked)
    process = start(unpacked)
    assert process.returncode == 0, process.stderr
    # This process is its parent: no shell is between them, so signals reach it.
    assert process.stdout == f"8000 {unpacked} {os.getpid()}\n"
    assert "making .venv" not in process.stderr
    assert start(unpacked, PORT="9001").stdout.startswith("9001 ")


def test_start_writes_a_secret_key_once(unpacked: Path) -> None:
    complete(unpacked)
    build(unpacked, {".env": "TITLE=x"})
    assert "wrote a new SECRET_KEY" not in start(unpacked, SECRET_KEY="given").stderr
    assert "wrote a new SECRET_KEY" in start(unpacked, SECRET_KEY="").stderr
    env = (unpacked / ".env").read_text()
    assert re.fullmatch(r"TITLE=x\nSECRET_KEY=[0-9a-f]{64}\n", env)
    assert (unpacked / ".env").stat().st_mode & 0o777 == 0o600
    assert "wrote a new SECRET_KEY" not in start(unpacked).stderr
    assert (unpacked / ".env").read_text() == env


def test_start_repeats_an_interrupted_installation(unpacked: Path) -> None:
    complete(unpacked)
    (unpacked / ".venv/.complete").unlink()
    (unpacked / ".venv/half").touch()
    process = start(unpacked, PYTHON=sys.executable)
    assert process.returncode == 0, process.stderr
    assert "making .venv" in process.stderr
    assert not (unpacked / ".venv/half").exists()
    assert "making .venv" not in start(unpacked, PYTHON=sys.executable).stderr


def test_start_reports_an_unusable_python(unpacked: Path, tmp_path: Path) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("cat", "cksum", "dirname", "uname"):
        (tools / name).symlink_to(str(shutil.which(name)))
    assert f"Python {version} is not on the PATH" in start(unpacked, PATH=str(tools)).stderr
    assert "PYTHON=/none does not run" in start(unpacked, PYTHON="/none").stderr
    script(tools / "old", "echo 2.7")
    assert "old is Python 2.7" in start(unpacked, PYTHON=str(tools / "old")).stderr
    script(tools / "bare", f'case "$2" in *ensurepip*) exit 1 ;; esac; echo {version}')
    process = start(unpacked, PYTHON=str(tools / "bare"))
    assert f"apt install python{version}-venv" in process.stderr
    assert process.returncode == 1
    assert not (unpacked / ".venv").exists()


def test_start_refuses_another_machine(unpacked: Path) -> None:
    text = bundle.start_script(Machine("3.12", "macosx_99_0_sparc"), "true")
    script(unpacked / "start", text.partition("\n")[2])
    process = start(unpacked)
    assert process.returncode == 1
    assert "the wheels are for macosx_99_0_sparc, and this is " in process.stderr


# --- from a new project to a chart, without a network ---

CLIENT = r"""
import json, os, subprocess, sys, time, urllib.request

start, port, chart = sys.argv[1:]

def get(path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        return answer.read().decode()

def answers(url):
    try:
        urllib.request.urlopen(url, timeout=2).close()
    except OSError:
        return False
    return True

up = f"http://127.0.0.1:{port}/up"
server = subprocess.Popen([start], cwd="/", env={**os.environ, "PORT": port})
try:
    for _ in range(1200):
        if answers(up):
            break
        assert server.poll() is None, "the server ended"
        time.sleep(0.1)
    results = {"up": get("/up"), "page": get("/"), "network": answers("http://192.0.2.1/")}
    results["figure"] = json.loads(get(f"/charts/{chart}/figure.json"))
    server.terminate()
    results["code"] = server.wait(30)
    results["answers"] = answers(up)
finally:
    server.kill()
print(json.dumps(results))
"""


def no_network() -> list[str]:
    """Return a command prefix that leaves only the loopback network; empty if that is impossible."""
    prefix = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    try:
        works = subprocess.run([*prefix, "true"], capture_output=True).returncode == 0
    except OSError:
        works = False
    return prefix if works else []


def test_a_bundle_starts_without_a_network_and_serves_a_chart(tmp_path: Path) -> None:
    def flaskdash(*args: str, cwd: Path) -> str:
        process = subprocess.run(
            [sys.executable, "-m", "flaskdash", *args], cwd=cwd, capture_output=True, text=True
        )
        assert process.returncode == 0, process.stdout + process.stderr
        return process.stdout

    flaskdash("new", "myproj", cwd=tmp_path)
    project = Project.find(tmp_path / "myproj")
    output = flaskdash("deploy", "bundle", cwd=project.root)
    assert "FAIL" not in output
    assert "tar xzf dist/myproj-0.1.0.tar.gz && cd myproj-0.1.0 && PORT=8000 ./start" in output
    packed = project.root / "dist/myproj-0.1.0.tar.gz"
    first = hashlib.sha256(packed.read_bytes()).digest()

    # Times, permissions and the package index do not change the bundle.
    for path in files.shipped(project):
        os.utime(project.root / path)
    (project.root / "Procfile").chmod(0o600)
    bundle.plan(project, None, None).run(print)
    assert hashlib.sha256(packed.read_bytes()).digest() == first

    empty = tmp_path / "empty"
    empty.mkdir()
    with tarfile.open(packed) as tar:
        tar.extractall(empty, filter="data")
    root = empty / "myproj-0.1.0"
    assert [path.name for path in empty.iterdir()] == ["myproj-0.1.0"]
    assert not (root / ".env").exists()
    key = leaks.project_secrets(project)["SECRET_KEY in .env"].encode()
    assert key not in gzip.decompress(packed.read_bytes())

    refusing = {"PIP_INDEX_URL": "http://127.0.0.1:9", "UV_INDEX": "http://127.0.0.1:9"}
    prefix = no_network()
    chart = next(
        chart.name for chart in contents.charts(project).values() if chart.kind == "figure"
    )
    client = [sys.executable, "-c", CLIENT, str(root / "start"), str(free_port())]
    process = subprocess.run(
        [*prefix, *client, chart.replace("_", "-")],
        env={"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **refusing},
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    results = json.loads(process.stdout)
    assert results["up"].strip() == "up"
    assert "<title>" in results["page"]
    assert results["figure"]["data"]
    assert (results["code"], results["answers"]) == (0, False)
    assert not (prefix and results["network"])
    assert "Traceback" not in process.stderr
    assert (root / ".env").stat().st_mode & 0o777 == 0o600
