"""What the tests share: a small data file, the command line, a project that runs, a browser."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from filelock import FileLock
from playwright.sync_api import Browser, Page, sync_playwright

from flaskdash.cli import cli
from flaskdash.project import environment

REGIONS = ("North", "South", "East", "West")
PRODUCTS = ("Tea", "Coffee", "Cocoa")


def sales_csv(rows: int = 360) -> str:
    """Return sales as CSV: a row a day, with a region, a product and two measures."""
    lines = ["date,region,product,units,revenue"]
    for n in range(rows):
        day = f"{2023 + n // 336}-{n // 28 % 12 + 1:02}-{n % 28 + 1:02}"
        units = 3 + (n * 7) % 11
        revenue = f"{units * (4.5 + n % 3):.2f}"
        lines.append(f"{day},{REGIONS[n * 5 % 7 % 4]},{PRODUCTS[n % 3]},{units},{revenue}")
    return "\n".join(lines) + "\n"


def rows(line: Callable[[int], str], count: int = 40) -> str:
    return "\n".join(line(number) for number in range(count)) + "\n"


def pytest_configure() -> None:
    """Let tests interrupt what they start, also where this run was started in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a parameter of bytes by its argument: packed ones hold the time, and workers must agree."""
    return argname if isinstance(val, bytes) else None


def need(*tools: str) -> None:
    """Skip a test whose tools are missing; in CI, where the set-up installs them, fail."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if not missing:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"missing: {', '.join(missing)}")
    pytest.skip(f"missing: {', '.join(missing)}")


def wait_for(check: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Poll until a check holds; fail with `what` if it does not in time."""
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds} s for {what}")
        time.sleep(0.02)


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def fetch(url: str, **headers: str) -> tuple[int, bytes]:
    """Return the status and the body of a page; status 0 where nothing answers."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
    except (urllib.error.URLError, ConnectionError):
        return 0, b""


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


Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a data file and returns its path."""

    def write_file(text: str | bytes, name: str = "data.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return write_file


Cli = Callable[..., Result]


@pytest.fixture
def flaskdash() -> Cli:
    """Return the command line, as a function; it fails the test unless `code` is what it exits with."""

    def run(*args: str | Path, code: int = 0, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(cli, [str(arg) for arg in args], input=stdin)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result

    return run


@pytest.fixture
def made(folder: Path, sales: Path, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project made from the sales, without an environment, and work in it."""
    flaskdash("new", "shop", "--data", sales, "--no-install", "--no-git")
    monkeypatch.chdir(folder / "shop")
    return folder / "shop"


@pytest.fixture(scope="session")
def shared_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with its environment, made once for all workers: copy it, don't change it."""
    base = tmp_path_factory.getbasetemp()
    root = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "shared"
    root.mkdir(exist_ok=True)
    with FileLock(root / "lock"):
        if not (root / "shop").exists():
            (root / "sales.csv").write_text(sales_csv(), "utf-8")
            command = [sys.executable, "-m", "flaskdash", "new", "shop", "--data", "sales.csv"]
            subprocess.run([*command, "--no-git"], cwd=root, check=True)
    return root / "shop"


def borrow_environment(project: Path, shared: Path) -> None:
    """Give a project the environment and the lock of the shared one."""
    (project / ".venv").symlink_to(shared / ".venv")
    if not (project / "uv.lock").exists():
        shutil.copy(shared / "uv.lock", project)


def copy_project(shared: Path, root: Path) -> None:
    """Copy the shared project, without its snapshots; lend the copy its environment."""
    shutil.copytree(shared, root, ignore=shutil.ignore_patterns(".venv", "instance"))
    borrow_environment(root, shared)


def own_environment(project: Path, shared: Path) -> None:
    """Give a project the lock of the shared one, and an environment of its own: it adds packages."""
    if (project / ".venv").is_symlink():
        (project / ".venv").unlink()
    shutil.copy(shared / "uv.lock", project)
    environment.sync(project)


@pytest.fixture
def project(shared_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the project with its environment, and work in it."""
    root = tmp_path / "shop"
    copy_project(shared_project, root)
    monkeypatch.chdir(root)
    return root


@contextmanager
def serving(project: Path, **environment: str) -> Iterator[str]:
    """Run a project as in production; lend its address."""
    port = free_port()
    web = (project / "Procfile").read_text("utf-8").splitlines()[0]
    command = web.removeprefix("web: python ")
    hidden = {"FLASK_DEBUG", "SECRET_KEY"}
    env = {key: value for key, value in os.environ.items() if key not in hidden}
    with (project / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [project / ".venv/bin/python", *shlex.split(command)],
            cwd=project,
            env=env | {"GUNICORN_CMD_ARGS": f"--bind 127.0.0.1:{port}"} | environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(lambda: fetch(f"{url}/up")[0] == 200, "the server to be up")
            yield url
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return a real Chromium."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        need("chromium")
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-quic"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-sync", *quiet]
        )
        yield browser
        browser.close()


class Watched:
    """A page of the browser that remembers what went wrong on it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append("a dialog opened"))


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    """Return a page in a browser context of its own; errors on it, CSP violations too, fail."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    watched = Watched(context.new_page())
    yield watched
    context.close()
    assert watched.complaints == []
