"""Fixtures for all tests: a small data file, the command line, projects and a browser."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from filelock import FileLock
from playwright.sync_api import Browser, sync_playwright

from flaskdash.cli import cli
from flaskdash.project import Project
from flaskdash.project.results import RUN_LOADER
from tests.support.data import sales_csv
from tests.support.fixtures import Cli, Write
from tests.support.projects import copy_project
from tests.support.tiny import (
    TREE,
    build,
    git,
)
from tests.support.waiting import need
from tests.support.web import Watched


def pytest_configure() -> None:
    """Give the programs that tests start what they have on the machine of a user."""
    # Images of containers often set this: each of a thousand programs would compile pandas again.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # A shell lets what it starts in the background ignore these signals, and children inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if sys.platform != "win32" and signal.getsignal(signal.SIGQUIT) is signal.SIG_IGN:
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)


# Tests with one of these start a browser, or processes of a project: `make quick` leaves them out.
SLOW_FIXTURES = {"browser", "shared_project"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that start more than this process as slow; begin with the longest files."""
    # A file is one worker's: as the last, it would leave the other with nothing to do.
    items.sort(key=lambda item: item.path.name not in {"test_readme.py", "test_database.py"})
    for item in items:
        if not SLOW_FIXTURES.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker("slow")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a parameter of bytes by its argument, because archives contain the time.

    All workers of xdist must use the same names.
    """
    return argname if isinstance(val, bytes) else None


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    """Return a small, tidy CSV file, in a folder of its own."""
    path = tmp_path / "source" / "sales.csv"
    path.parent.mkdir()
    path.write_text(sales_csv(), "utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder, and work in it."""
    path = tmp_path / "work"
    path.mkdir()
    monkeypatch.chdir(path)
    return path


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a data file and returns its path."""

    def write_file(text: str | bytes, name: str = "data.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return write_file


@pytest.fixture
def flaskdash() -> Cli:
    """Return a function that runs a command, and fails the test unless it exits with `code`."""

    def run(*args: str | Path, code: int = 0, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(cli, [str(arg) for arg in args], input=stdin)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result

    return run


@pytest.fixture(scope="session", autouse=True)
def mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let all projects of a worker share what mypy knows of their packages, in a tenth of the time."""
    os.environ["MYPY_CACHE_DIR"] = str(tmp_path_factory.getbasetemp() / "mypy")


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project made from the sales, without an environment; tests must copy it.

    It has a snapshot, so that commands need not run its loader.
    """
    root = tmp_path_factory.mktemp("made")
    (root / "sales.csv").write_text(sales_csv(), "utf-8")
    with chdir(root):
        command = ["new", "shop", "--data", "sales.csv", "--no-install", "--no-git"]
        result = CliRunner().invoke(cli, command)
    assert result.exit_code == 0, result.output
    instance = root / "shop/instance"
    instance.mkdir()
    loader = [root / "shop/app/loaders/sales.py", instance / "sales.1.parquet"]
    subprocess.run([sys.executable, "-P", RUN_LOADER, *loader], cwd=root / "shop", check=True)
    (instance / "sales.json").write_text('{"file": "sales.1.parquet", "built": "now"}', "utf-8")
    return root / "shop"


@pytest.fixture
def made(folder: Path, made_once: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project made from the sales, without an environment, and work in it."""
    shutil.copytree(made_once, folder / "shop")
    monkeypatch.chdir(folder / "shop")
    return folder / "shop"


@pytest.fixture(scope="session")
def shared_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with its environment, shared by all workers; tests must copy it."""
    base = tmp_path_factory.getbasetemp()
    root = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "shared"
    root.mkdir(exist_ok=True)
    with FileLock(root / "lock"):
        if not (root / "shop").exists():
            (root / "sales.csv").write_text(sales_csv(), "utf-8")
            command = [sys.executable, "-m", "flaskdash", "new", "shop", "--data", "sales.csv"]
            subprocess.run([*command, "--no-git"], cwd=root, check=True)
    return root / "shop"


@pytest.fixture
def project(shared_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the project with its environment, and work in it."""
    root = copy_project(shared_project, tmp_path / "shop")
    monkeypatch.chdir(root)
    return root


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return a real Chromium."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None:
        need("chromium")
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-quic"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-sync", *quiet]
        )
        yield browser
        browser.close()


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    """Return a page in its own browser context; its errors and CSP violations fail the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    watched = Watched(context.new_page())
    yield watched
    context.close()
    assert watched.complaints == []


@pytest.fixture
def tiny_project(tmp_path: Path) -> Project:
    """Return a valid project in git, without an environment."""
    root = tmp_path / "tiny"
    build(root, TREE)
    project = Project.find(root)
    git(project, "init", "--quiet")
    git(project, "add", "--all")
    return project


@pytest.fixture
def no_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Point pip and uv to an index that refuses connections."""
    (tmp_path / "pip.conf").touch()
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.setenv("UV_OFFLINE", "1")
