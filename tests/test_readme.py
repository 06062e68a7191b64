"""Install the wheel in a clean environment, and run each command of the README there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from uv import find_uv_bin

from tests.support.data import sales_csv
from tests.support.waiting import need, wait_for
from tests.support.web import fetch

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]


def blocks() -> list[list[str]]:
    """Return the commands of each sh block in the README, without their comments."""
    text = (ROOT / "README.md").read_text("utf-8")
    texts = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    return [[re.sub(r"\s+#.*", "", line) for line in block.splitlines()] for block in texts]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run([find_uv_bin(), "build", "--quiet", "--out-dir", out, ROOT], check=True)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def clean(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the variables of a clean environment, into which only the wheel was installed."""
    home = tmp_path_factory.mktemp("clean")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home / "venv"], check=True)
    python = home / "venv/bin/python"
    install = [find_uv_bin(), "pip", "install", "--quiet", "--python", python, wheel]
    subprocess.run(install, check=True)
    package = next((home / "venv").glob("lib/*/site-packages/flaskdash"))
    subprocess.run([python, "-m", "compileall", "-q", package], check=False)  # as pip does
    variables = {
        key: value for key, value in os.environ.items() if key not in {"VIRTUAL_ENV", "PYTHONPATH"}
    }
    return variables | {
        "PATH": f"{home / 'venv/bin'}{os.pathsep}{variables['PATH']}",
        "BROWSER": "true",
    }


def test_wheel_carries_the_skeletons_and_the_sample(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    tracked = subprocess.run(
        ["git", "ls-files", "templates"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert {f"flaskdash/{name}" for name in tracked} <= names
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


@contextmanager
def background(command: str, cwd: Path, env: dict[str, str]) -> Iterator[str]:
    """Run a command in the background, and yield the address that it prints."""
    with (cwd.parent / "background.log").open("w+", encoding="utf-8") as log:
        process = subprocess.Popen(
            command, shell=True, cwd=cwd, env=env, stdout=log, stderr=log, start_new_session=True
        )
        try:
            pattern = re.compile(r"https?://[\d.]+:\d+")

            def printed() -> str:
                return Path(log.name).read_text("utf-8")

            wait_for(lambda: bool(pattern.search(printed())), "the address", 120)
            match = pattern.search(printed())
            assert match
            yield match[0]
        finally:
            os.killpg(process.pid, 15)
            process.wait(30)


def test_the_four_commands(clean: dict[str, str], tmp_path: Path) -> None:
    cwd = tmp_path / "user"
    cwd.mkdir()
    (cwd / "sales.csv").write_text(sales_csv(), "utf-8")
    commands = blocks()[0]
    assert commands[0] == "pip install flaskdash"  # the fixture has installed the wheel
    count = 0
    for command in commands[1:]:
        if command.startswith("cd "):
            cwd = cwd / command[3:]
        elif command == "flaskdash serve":
            for flag in ("", " --prod"):
                with background(command + flag, cwd, clean) as url:
                    wait_for(lambda url=url: fetch(url)[0] == 200, f"the dashboard at {url}")
                    assert b"<h1>Overview</h1>" in fetch(url)[1]
        else:
            process = subprocess.run(
                command, shell=True, cwd=cwd, env=clean, capture_output=True, text=True
            )
            assert process.returncode == 0, process.stdout + process.stderr
            assert "__pycache__" not in process.stdout
        count += 1
    assert count == 5
    bundle = next((cwd / "dist").glob("*.tar.gz"))
    with tarfile.open(bundle) as archive:
        assert any(name.endswith("/start") for name in archive.getnames())


def test_the_commands_of_the_table(clean: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text(sales_csv(), "utf-8")
    (tmp_path / "costs.csv").write_text(sales_csv(50), "utf-8")
    rows = re.findall(r"^\| (`flaskdash .*?`) \|", (ROOT / "README.md").read_text("utf-8"), re.M)
    commands = [command for row in rows for command in re.findall(r"`(.*?)`", row)]
    assert len(commands) == 25
    without_target = "deploy check releases rollback status logs open secrets".split()
    cwd = tmp_path
    for command in commands:
        command = command.replace("NAME", "revenue_by_region")
        if command == "flaskdash serve" or command.split()[1] in without_target:
            command += " --help"  # the tests of serve and of the targets run them
        if command.startswith("flaskdash new"):
            command += " --no-install --no-git"
        if command == "flaskdash add-chart":
            command += " --kind table"  # without a terminal, it cannot ask
        if command.startswith(("flaskdash add-data", "flaskdash inspect")):
            command = command.replace(" costs", " ../costs").replace(" sales", " ../sales")
        process = subprocess.run(
            command, shell=True, cwd=cwd, env=clean, capture_output=True, text=True
        )
        assert process.returncode == 0, f"{command}\n{process.stdout}{process.stderr}"
        if command.startswith("flaskdash new"):
            cwd = tmp_path / "myproj"


def test_make_demo_on_a_fresh_checkout(tmp_path: Path) -> None:
    """`make demo` creates its own environment and serves; `make test` exists."""
    need("make", "git")
    assert blocks()[1] == ["make demo", "make test"]
    root = tmp_path / "checkout"
    for name in subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_file():
            shutil.copy(ROOT / name, root / name)
    env = {
        key: value for key, value in os.environ.items() if key not in {"VIRTUAL_ENV", "MAKEFLAGS"}
    }
    with background(f"make demo PYTHON={sys.executable}", root, env) as url:
        wait_for(lambda: fetch(url)[0] == 200, "the demo")
        assert b"Flights from New York" in fetch(url)[1]
    subprocess.run(["make", "-n", "test"], cwd=root, check=True, capture_output=True)
