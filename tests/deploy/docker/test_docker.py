"""The docker target: a real engine builds, checks, pushes and runs a project, and rolls it back."""

from __future__ import annotations

import fcntl
import json
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from click.testing import CliRunner, Result

from flaskdash import shell
from flaskdash.check import rules
from flaskdash.cli import cli
from flaskdash.deploy import docker
from flaskdash.deploy.docker import engine as engines
from flaskdash.deploy.docker import image as images
from flaskdash.deploy.docker import start
from flaskdash.deploy.docker.engine import Engine
from flaskdash.deploy.docker.image import Image
from flaskdash.deploy.docker.secrets import Secrets
from flaskdash.deploy.docker.service import Service
from flaskdash.deploy.platforms import kubernetes
from flaskdash.deploy.target import Place
from flaskdash.errors import FlaskdashError
from flaskdash.generate import render
from flaskdash.project import Project
from flaskdash.ship import files, leaks
from flaskdash.ship.errors import BuildError, PreflightError
from tests.support.engine import Podman, podman
from tests.support.projects import copy_project
from tests.support.visitors import Visitors
from tests.support.waiting import wait_for
from tests.support.web import fetch, free_port

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="podman needs Linux"),
]
OFFICIAL = 131_000_000  # bytes of python:3.11-slim-bookworm; later Pythons take less
MOST = 450_000_000
# What an engine prints about an image.
ANSWERS = {".Config.User": "1000", ".Config.Cmd": '[null, ["gunicorn"]]'}


@dataclass
class ContainerDeploy:
    """A project that was deployed to the engine and its registry."""

    root: Path
    engine: Podman
    port: int
    repository: str
    first: str  # the release of the first deploy
    output: str

    def cli(self, *args: str, code: int = 0, stdin: str | None = None) -> Result:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.root)
            patch.setattr(rules, "ALL", ())
            for name, value in self.engine.variables.items():
                patch.setenv(name, value)
            result = CliRunner().invoke(cli, args, input=stdin)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result

    def up(self) -> str:
        return fetch(f"http://127.0.0.1:{self.port}/up")[1].decode().strip()

    def names(self) -> list[str]:
        return sorted(self.engine("ps", "--all", "--format", "{{.Names}}").split())

    def expected_names(self) -> list[str]:
        """Return the names of the live release and of the container that holds its port."""
        return ["shop", f"shop-port-{self.port}"]

    def id(self) -> str:
        return self.engine("inspect", "--format", "{{.Id}}", "shop")

    def tags(self) -> set[str]:
        return set(self.engine("images", "--format", "{{.Tag}}", self.repository).split())

    def service(self, **changes: Any) -> Service:
        secrets = Secrets(Project.find(self.root), "shop")
        engine = Engine("podman")
        service = Service(engine, "shop", self.repository, self.port, secrets)
        return replace(service, **changes)


@pytest.fixture(scope="module")
def engine() -> Iterator[Podman]:
    with podman() as instance:
        yield instance


@pytest.fixture(scope="module")
def shop(
    engine: Podman, shared_project: Path, tmp_path_factory: pytest.TempPathFactory
) -> ContainerDeploy:
    """Return a project in git, after its first deploy."""
    root = tmp_path_factory.mktemp("docker") / "shop"
    copy_project(shared_project, root)
    (root / "app/charts/__init__.py").chmod(0o600)  # as an umask of 077 makes files
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    subprocess.run(["git", "add", "--all"], cwd=root, check=True)
    port, repository = free_port(), f"{engine.registry}/team/shop"
    shop = ContainerDeploy(root, engine, port, repository, "", "")
    address = f"docker://{repository}"
    shop.output = shop.cli("deploy", address, "--port", str(port), "--yes").output
    shop.first = shop.up().removeprefix("up ")
    # Later images take their packages from this one, which saves seconds for each.
    (root / "Dockerfile").write_text(
        f"FROM {repository}:{shop.first}\nUSER 0\nCOPY . .\nUSER 1000\n", "utf-8"
    )
    return shop


# --- the first deploy ---


def test_a_project_becomes_a_container_that_answers(shop: ContainerDeploy) -> None:
    tag = f"{shop.repository}:{shop.first}"
    lines = [line for line in shop.output.splitlines() if not line.startswith("ok ")]
    assert [line for line in lines if not line.endswith("...")] == [
        f'remember  production = {{address = "docker://{shop.repository}", port = "{shop.port}"}}'
        " in pyproject.toml, for `flaskdash deploy`",
        "create    .secrets/shop.env: a SECRET_KEY for this target; git ignores it",
        f"build     {tag}: it starts, and every dashboard answers",
        f"push      {tag}",
        "create    compose.yaml",
        f"live      {shop.first} on http://localhost:{shop.port}",
    ]
    assert fetch(f"http://127.0.0.1:{shop.port}/")[0] == 200
    assert shop.names() == shop.expected_names()
    pushed = json.loads(fetch(f"http://{shop.engine.registry}/v2/team/shop/tags/list")[1])
    assert pushed["tags"] == [shop.first]
    assert not list((shop.root / "dist").glob(".building-*"))


def test_the_image_is_small(shop: ContainerDeploy) -> None:
    def size(name: str) -> int:
        return int(shop.engine("image", "inspect", "--format", "{{.Size}}", name))

    base = next(
        name
        for name in shop.engine("images", "--format", "{{.Repository}}:{{.Tag}}").split()
        if "/library/python:" in name
    )
    own = size(f"{shop.repository}:{shop.first}") - size(base)
    assert OFFICIAL + own <= MOST


def test_no_layer_has_a_secret_or_files_for_development(shop: ContainerDeploy) -> None:
    driver = json.loads(
        shop.engine(
            "image",
            "inspect",
            "--format",
            "{{json .GraphDriver.Data}}",
            f"{shop.repository}:{shop.first}",
        )
    )
    layers = [Path(path) for path in f"{driver['UpperDir']}:{driver['LowerDir']}".split(":")]
    own = [layer for layer in layers if not (layer / "usr/bin/dpkg").exists()]
    assert len(own) >= 3
    assert len(own) < len(layers)
    names = {path.name for layer in own for path in (layer / "app").glob("*")}
    assert {"app", "data", ".release", ".venv", "pyproject.toml"} <= names
    assert names.isdisjoint({".env", ".secrets", ".git", ".flaskdash", "tests", "dist"})
    packages = {
        path.name for layer in own for path in layer.glob("app/.venv/lib/*/site-packages/*")
    }
    assert {"pandas", "plotly", "duckdb", "flask", "gunicorn"} <= packages
    assert packages.isdisjoint({"pytest", "mypy", "ruff", "pandas-stubs"})
    values = [*Secrets(Project.find(shop.root), "shop").read().values()]
    values += [line.partition("=")[2] for line in (shop.root / ".env").read_text().splitlines()]
    assert min(map(len, values)) > 20
    patterns = [flag for value in values for flag in ("-e", value)]
    grep = subprocess.run(["grep", "-rlF", *patterns, *own], capture_output=True, text=True)
    assert (grep.returncode, grep.stdout) == (1, "")
    assert "SECRET_KEY" not in shop.engine(
        "history", "--no-trunc", f"{shop.repository}:{shop.first}"
    )


def test_it_runs_as_an_ordinary_user_and_writes_only_to_its_volume(shop: ContainerDeploy) -> None:
    assert shop.engine("exec", "shop", "id", "--user") == "1000"
    shop.engine("exec", "shop", "touch", "/app/app/x", code=1)
    shop.engine("exec", "shop", "touch", "/etc/x", code=1)
    shop.engine("exec", "shop", "touch", "/app/instance/x")
    volumes = shop.engine("volume", "ls", "--quiet").split()
    assert volumes == ["shop-instance"]  # the volume of the checked container is removed


def test_the_health_check_needs_no_curl(shop: ContainerDeploy) -> None:
    shop.engine("healthcheck", "run", "shop")
    assert "curl" not in shop.engine("exec", "shop", "ls", "/usr/bin").split()


def test_secrets_are_for_their_owner_and_not_for_git(shop: ContainerDeploy) -> None:
    file = shop.root / ".secrets/shop.env"
    assert file.stat().st_mode & 0o777 == 0o600
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=shop.root, capture_output=True, text=True, check=True
    )
    assert ".secrets" not in status.stdout
    key = Secrets(Project.find(shop.root), "shop").read()["SECRET_KEY"]
    assert key not in (shop.root / ".env").read_text("utf-8")


# --- a second release, and a rollback ---


def test_no_request_fails_while_a_release_replaces_another(
    shop: ContainerDeploy, with_engine: None
) -> None:
    before = shop.id()
    with Visitors(f"http://127.0.0.1:{shop.port}", ["/up", "/"]) as visitors:
        shop.service().replace(shop.first)
        assert shop.id() != before
        shop.service().replace(shop.first)
    assert visitors.failures == []
    assert visitors.total > 0
    assert shop.names() == shop.expected_names()


def test_another_port_replaces_the_present_one(shop: ContainerDeploy, with_engine: None) -> None:
    port = free_port()
    shop.service(port=port).replace(shop.first)
    assert shop.names() == ["shop", f"shop-port-{port}"]
    assert fetch(f"http://127.0.0.1:{port}/up")[0] == 200
    shop.service().replace(shop.first)
    assert shop.names() == shop.expected_names()
    assert shop.up() == f"up {shop.first}"


def test_a_release_with_a_port_of_its_own_gives_it_up(
    shop: ContainerDeploy, with_engine: None
) -> None:
    """Earlier versions of flaskdash published the port of the release itself."""
    shop.engine("rm", "--force", "--time", "0", "shop", f"shop-port-{shop.port}")
    options = ("--env", f"PORT={shop.port}", "--env", "SECRET_KEY=x" * 8)
    image = f"{shop.repository}:{shop.first}"
    shop.engine("run", "--detach", "--name", "shop", *options, image)
    wait_for(lambda: shop.up() == f"up {shop.first}", "the earlier release")
    assert shop.service().has_port()
    shop.service().replace(shop.first)
    assert shop.up() == f"up {shop.first}"
    assert shop.names() == shop.expected_names()


def test_a_port_of_another_program_fails_the_preflight(
    shop: ContainerDeploy, with_engine: None
) -> None:
    project = Project.find(shop.root)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        (finding,) = docker.port_rule(shop.service(port=port)).look(project)
    assert finding.sentence.startswith(f"another program on this machine uses port {port}")
    assert list(docker.port_rule(shop.service()).look(project)) == []


def test_if_the_container_of_the_port_restarts_the_release_takes_the_new_socket(
    shop: ContainerDeploy,
) -> None:
    shop.engine("restart", "--time", "0", f"shop-port-{shop.port}")
    restarts = "{{.RestartCount}}"
    wait_for(lambda: shop.engine("inspect", "--format", restarts, "shop") == "1", "its restart")
    wait_for(lambda: shop.up() == f"up {shop.first}", "an answer")


def test_a_second_release_and_a_rollback(shop: ContainerDeploy) -> None:
    compose = shop.root / "compose.yaml"
    compose.write_text("# edited\n" + compose.read_text("utf-8"), "utf-8")
    (shop.root / "app/static/theme.css").write_text("/* new */\n", "utf-8")
    second = json.loads(shop.cli("deploy", "--json").stdout)["release"]
    assert shop.up() == f"up {second}"
    assert second > shop.first
    assert compose.read_text("utf-8").startswith("# edited\n")
    releases = json.loads(shop.cli("releases", "--json").output)
    assert [(release["name"], release["live"]) for release in releases] == [
        (second, True),
        (shop.first, False),
    ]

    assert shop.cli("rollback").output.endswith(
        f"live      {shop.first} on http://localhost:{shop.port}\n"
    )
    assert shop.up() == f"up {shop.first}"
    assert "no release exists before" in shop.cli("rollback", code=1).output
    assert "is already live" in shop.cli("rollback", shop.first, code=1).output

    shop.engine("rmi", f"{shop.repository}:{second}")  # the registry still has it
    shop.cli("rollback", second)
    assert shop.up() == f"up {second}"
    assert shop.names() == shop.expected_names()
    status = json.loads(shop.cli("status", "--json").output)
    assert (status["release"], status["healthy"]) == (second, True)
    assert status["facts"]["container"] == "shop"


def test_logs_prints_the_log_of_the_container(
    shop: ContainerDeploy, capfd: pytest.CaptureFixture[str]
) -> None:
    shop.cli("logs")
    assert "Listening at" in "".join(capfd.readouterr())


def test_a_secret_reaches_the_live_release_and_is_not_printed(shop: ContainerDeploy) -> None:
    value = 'it\'s $HOME "quoted" #1'
    result = shop.cli("secrets", "set", "PASSWORD", stdin=value + "\n")
    assert value not in result.output
    assert shop.engine("exec", "shop", "printenv", "PASSWORD") == value
    assert shop.cli("secrets", "list").output.split() == ["PASSWORD", "SECRET_KEY"]


# --- releases that fail ---


def add_code(shop: ContainerDeploy, text: str) -> Path:
    """Add code to the end of a project's configuration, which is imported first."""
    file = shop.root / "app/config.py"
    file.with_name("config.py.orig").write_text(file.read_text("utf-8"), "utf-8")
    file.write_text(file.read_text("utf-8") + text, "utf-8")
    return file


# The check of an image is the first start of its release. A loader's own process is no start.
FAILS_THE_SECOND_TIME = """
import sys
mark = Path(os.environ["INSTANCE_PATH"], "started")
if mark.exists() and sys.argv[0] != "-c":
    raise RuntimeError("only there")
mark.touch()
"""


@pytest.fixture
def with_engine(shop: ContainerDeploy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process use the engine of the tests."""
    for name, value in shop.engine.variables.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def restored(shop: ContainerDeploy) -> Iterator[None]:
    yield
    original = shop.root / "app/config.py.orig"
    original.replace(shop.root / "app/config.py")


def test_a_release_that_does_not_start_is_never_live(shop: ContainerDeploy, restored: None) -> None:
    before, tags, container = shop.up(), shop.tags(), shop.id()
    add_code(shop, "\nraise RuntimeError('what a mess')\n")
    output = shop.cli("deploy", code=3).output
    assert "the image does not work" in output
    assert "RuntimeError: what a mess" in output
    assert (shop.up(), shop.tags(), shop.id()) == (before, tags, container)
    assert shop.names() == shop.expected_names()


def test_a_loader_that_fails_is_reported_at_once(
    shop: ContainerDeploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "BOOT_SECONDS", 500)
    loader = shop.root / "app/loaders/sales.py"
    text = loader.read_text("utf-8")
    try:
        loader.write_text(text + "\n\ndef load():\n    raise KeyError('gone')\n", "utf-8")
        output = shop.cli("deploy", code=3).output
    finally:
        loader.write_text(text, "utf-8")
    assert "the loader sales failed: KeyError" in output


def test_if_a_release_fails_when_live_the_one_before_runs_again(
    shop: ContainerDeploy, restored: None
) -> None:
    before, tags, container = shop.up(), shop.tags(), shop.id()
    add_code(shop, FAILS_THE_SECOND_TIME)
    output = shop.cli("deploy", code=4).output
    assert "RuntimeError: only there" in output
    assert f"{before.removeprefix('up ')} is live, as before" in output
    assert (shop.up(), shop.tags(), shop.id()) == (before, tags, container)
    assert shop.names() == shop.expected_names()


def test_a_live_release_that_does_not_answer_any_more_is_reported(
    shop: ContainerDeploy, restored: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = shop.up()
    probe = Engine.probe

    def fail(engine: Engine, name: str, *args: Any) -> list[str]:
        return ["false"] if name == "shop" else probe(engine, name, *args)

    monkeypatch.setattr(Engine, "probe", fail)
    add_code(shop, FAILS_THE_SECOND_TIME)
    output = shop.cli("deploy", code=5).output
    assert f"{before.removeprefix('up ')} does not answer any more" in output
    assert "answers    no" in shop.cli("status", code=1).output


def test_a_port_in_use_leaves_the_live_release_running(
    shop: ContainerDeploy, with_engine: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests' engine uses this machine's network, so gunicorn fails when it is live."""
    before, container = shop.up(), shop.id()
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: fetch(f"http://127.0.0.1:{port}/")[0] == 200, "the other server")
        monkeypatch.setattr(images, "BOOT_SECONDS", 3)
        with pytest.raises(FlaskdashError) as error:
            shop.service(port=port).replace(shop.first)
    finally:
        server.kill()
        server.wait(30)
    assert error.value.exit_code == 4
    assert f"port {port} cannot be opened" in error.value.message
    assert "Address already in use" in error.value.message
    assert (shop.up(), shop.id(), shop.names()) == (before, container, shop.expected_names())


@pytest.mark.parametrize(
    "killed",
    [
        "before it started",
        "before it was verified",
        "between the two renames",
        "before the old one was removed",
    ],
)
def test_after_a_killed_deploy_the_next_one_recovers(
    shop: ContainerDeploy, killed: str, with_engine: None
) -> None:
    service, before = shop.service(), shop.id()
    service.engine.run(service.create(shop.first))
    following = shop.engine("inspect", "--format", "{{.Id}}", "shop-next")
    if killed != "before it started":
        service.engine.run(service.engine.start("shop-next"))
        service.engine.run(service.engine.probe("shop-next", shop.first, 60))
    if killed in {"between the two renames", "before the old one was removed"}:
        shop.engine("rename", "shop", "shop-old")
        before = following
    if killed == "before the old one was removed":
        shop.engine("rename", "shop-next", "shop")
    with Visitors(f"http://127.0.0.1:{shop.port}", ["/up"]) as visitors:
        service.recover()
    assert visitors.failures == []
    assert (shop.id(), shop.names()) == (before, shop.expected_names())


REPLACE = """
import sys
from pathlib import Path
from flaskdash.deploy.docker.engine import Engine
from flaskdash.deploy.docker.secrets import Secrets
from flaskdash.deploy.docker.service import Service
from flaskdash.project import Project
repository, port, release = sys.argv[1:]
secrets = Secrets(Project.find(Path.cwd()), "shop")
Service(Engine("podman"), "shop", repository, int(port), secrets).replace(release)
"""


@pytest.mark.parametrize("moment", ["shop-next", "shop-old"])
def test_a_deploy_that_is_killed_leaves_a_release_that_answers(
    shop: ContainerDeploy, with_engine: None, moment: str
) -> None:
    before = shop.id()
    with Visitors(f"http://127.0.0.1:{shop.port}", ["/up"]) as visitors:
        process = subprocess.Popen(
            [sys.executable, "-c", REPLACE, shop.repository, str(shop.port), shop.first],
            cwd=shop.root,
        )
        wait_for(lambda: moment in shop.names(), moment)
        process.kill()
        process.wait(30)
        shop.service().recover()
    assert visitors.failures == []
    assert (shop.id() == before) is (moment == "shop-next")
    assert shop.names() == shop.expected_names()


def test_the_images_of_the_oldest_releases_are_removed(
    shop: ContainerDeploy, with_engine: None
) -> None:
    old = [f"20200101-00000{n}" for n in range(docker.MAX_RELEASES + 2)]
    for tag in [*old, "latest"]:
        shop.engine("tag", f"{shop.repository}:{shop.first}", f"{shop.repository}:{tag}")
    lines: list[str] = []
    secrets = Secrets(Project.find(shop.root), "shop")
    image = Image(secrets.project, Engine("podman"), shop.repository, shop.first, secrets)
    docker.DockerPlan(image, shop.service(), "")._prune(lines.append)
    remaining = docker.release_tags(shop.service())
    assert len(remaining) == docker.MAX_RELEASES
    assert shop.first in remaining
    assert "latest" in shop.tags()
    assert lines[0].startswith(f"prune     {shop.repository}:2020")
    for tag in {*old, "latest"} & shop.tags():
        shop.engine("rmi", f"{shop.repository}:{tag}")


# --- the program that starts a release, without a container ---


@pytest.fixture
def container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a project in an image, with a loader, its source and a live release."""
    monkeypatch.setattr(start, "APP", tmp_path)
    monkeypatch.setattr(start, "INSTANCE", tmp_path / "instance")
    for name in ("app/loaders/sales.py", "data/sales.csv", "instance/20260101-000000/sales.1"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name, "utf-8")
    files = [(tmp_path / name).stat() for name in ("app/loaders/sales.py", "data/sales.csv")]
    signature = "".join(f"{file.st_mtime_ns}-{file.st_size} " for file in files)
    state = json.dumps({"file": "sales.1", "signature": signature})
    (tmp_path / "instance/20260101-000000/sales.json").write_text(state, "utf-8")
    return tmp_path


@pytest.mark.parametrize("changed", ["", "app/loaders/sales.py", "data/sales.csv"])
def test_a_release_has_the_snapshots_of_loaders_that_have_not_changed(
    container: Path, changed: str
) -> None:
    if changed:
        (container / changed).write_text("changed", "utf-8")
    folder = container / "instance/20260202-000000"
    folder.mkdir()
    start.link_snapshots(folder)
    names = {path.name for path in folder.iterdir()}
    assert names == (set() if changed else {"sales.1", "sales.json"})
    if not changed:
        assert (folder / "sales.1").samefile(container / "instance/20260101-000000/sales.1")


def test_old_snapshots_are_deleted_unless_a_release_uses_them(container: Path) -> None:
    instance = container / "instance"
    for number in range(2, 9):
        (instance / f"2026010{number}-000000").mkdir()
    (instance / "uploads").mkdir()
    with (instance / "20260101-000000/.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        start.prune()
    names = sorted(path.name for path in instance.iterdir())
    assert names == [
        *("20260101-000000", "20260104-000000", "20260105-000000", "20260106-000000"),
        *("20260107-000000", "20260108-000000", "uploads"),
    ]


# --- without an engine ---


def test_a_container_that_ends_while_it_is_removed_is_removed_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outputs = ["container state improper: stopped", ""]

    def run(argv: Sequence[str], *_: object, **_options: object) -> str:
        if output := outputs.pop(0):
            raise shell.CommandError(argv, 2, output)
        return "removed"

    monkeypatch.setattr(shell, "run", run)
    assert Engine("podman").run(["podman", "rm", "shop"]) == "removed"
    outputs[:] = ["no space left on device"]
    with pytest.raises(shell.CommandError):
        Engine("podman").run(["podman", "rm", "shop"])


def test_an_image_is_built_while_the_live_release_goes_first(tmp_path: Path) -> None:
    print_priority = [sys.executable, "-c", "import os; print(os.nice(0))"]
    low = Engine("podman").run(print_priority, low_priority=True)
    assert int(low) > int(Engine("podman").run(print_priority))
    with pytest.raises(FlaskdashError, match="Cannot run no-such-engine"):
        shell.run(["no-such-engine"], tmp_path, low_priority=True)


def test_an_engine_that_does_not_answer_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PreflightError, match="neither docker nor podman is installed"):
        engines.find()
    for name, code in (("docker", 1), ("podman", 0)):
        (tmp_path / name).write_text(f"#!/bin/sh\nexit {code}\n", "utf-8")
        (tmp_path / name).chmod(0o755)
    assert engines.find() == Engine("podman")
    (tmp_path / "podman").unlink()
    with pytest.raises(PreflightError, match="does not answer: docker"):
        engines.find()


def test_a_dry_run_prints_every_command_and_changes_nothing(
    made: Path, flaskdash: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "find", lambda: Engine("docker"))
    before = {path for path in made.rglob("*") if path.is_file()}
    output = flaskdash("deploy", "docker://r.example/shop", "--dry-run").output
    assert {path for path in made.rglob("*") if path.is_file()} == before
    commands = [line.split()[1:3] for line in output.splitlines() if line.startswith("run ")]
    assert commands == [
        ["docker", word]
        for word in (
            "build create start exec rm push create start create start exec rename rename stop rm"
        ).split()
    ]
    assert "--read-only --tmpfs /tmp --cap-drop ALL" in output
    assert "--restart unless-stopped --no-healthcheck --publish 8000:8000" in output
    staged = [line.split()[1] for line in output.splitlines() if line.startswith("stage")]
    assert {"app/__init__.py", "data/sales.csv", ".release"} <= set(staged)
    assert ".env" not in staged


def test_secrets_of_a_container_are_searched_for_in_the_shipped_files(made: Path) -> None:
    secrets = Secrets(Project.find(made), "shop")
    secrets.write({"PASSWORD": "correct-horse-battery"})
    values = leaks.project_secrets(secrets.project)
    assert values["PASSWORD in shop.env"] == "correct-horse-battery"
    assert PurePosixPath(".secrets/shop.env") not in files.shipped(secrets.project)


@pytest.mark.parametrize(
    ("address", "repository"),
    [
        ("docker", "my-shop-2"),
        ("docker://shop", "shop"),
        ("docker://127.0.0.1:5000/team/shop", "127.0.0.1:5000/team/shop"),
        ("docker://registry.example.org/a/b_c.d", "registry.example.org/a/b_c.d"),
        ("docker://r/shop:latest", None),
        ("docker://r/Shop", None),
        ("docker://r/shop --privileged", None),
        ("docker://-r/shop", None),
    ],
)
def test_the_repository_of_an_address(tmp_path: Path, address: str, repository: str | None) -> None:
    project = Project(tmp_path, "My shop_2", "")
    if repository is None:
        with pytest.raises(PreflightError, match="cannot be the name of an image"):
            images.repository(project, address)
    else:
        assert images.repository(project, address) == repository


def run_or_fail(monkeypatch: pytest.MonkeyPatch, failing: str, output: str) -> list[list[str]]:
    """Let the engine's commands answer nothing, and one of them fail; return them as they come."""
    commands: list[list[str]] = []

    def run(_: Engine, argv: list[str], *, low_priority: bool = False) -> str:
        commands.append([*argv])
        assert low_priority is (argv[1] in {"build", "start"}), argv
        if argv[1] == failing:
            raise shell.CommandError(argv, 1, output)
        return next((text for sign, text in ANSWERS.items() if sign in " ".join(argv)), "")

    monkeypatch.setattr(Engine, "run", run)
    monkeypatch.setattr(Engine, "inspect", lambda *_: None)
    return commands


def image_for(root: Path, platform: str) -> Image:
    project = Project.find(root)
    secrets = Secrets(project, "shop")
    return Image(project, Engine("docker"), "r.example/shop", "1", secrets, platform)


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        (
            "no match for platform in manifest: not found",
            "a base image in the Dockerfile does not exist for it",
        ),
        (
            "no image found in image index for architecture riscv64",
            "a base image in the Dockerfile does not exist for it",
        ),
        ("exec /bin/sh: exec format error", "this machine cannot run its programs"),
    ],
)
def test_an_image_that_cannot_be_built_for_a_platform(
    made: Path, monkeypatch: pytest.MonkeyPatch, output: str, sentence: str
) -> None:
    commands = run_or_fail(monkeypatch, "build", output)
    with pytest.raises(BuildError) as error:
        image_for(made, "linux/riscv64").make(lambda _: None, lambda: None)
    assert f"the image cannot be built for linux/riscv64: {sentence}" in error.value.message
    assert "--platform linux/riscv64" in " ".join(commands[0])
    with pytest.raises(shell.CommandError):
        image_for(made, "").make(lambda _: None, lambda: None)


def test_the_platform_is_that_of_each_container(
    made: Path, flaskdash: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "find", lambda: Engine("docker"))
    output = flaskdash("deploy", "docker", "--platform", "linux/amd64", "--dry-run").output
    lines = [line for line in output.splitlines() if "--platform linux/amd64" in line]
    assert [line.split()[2] for line in lines] == ["build", "create", "create", "create"]
    with pytest.raises(PreflightError, match="'manylinux' is not a platform of images"):
        images.check_platform("manylinux")


def test_an_image_is_not_pushed_before_the_preflight_has_passed(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = run_or_fail(monkeypatch, "", "")

    def fail() -> None:
        raise PreflightError("the tests fail")

    with pytest.raises(PreflightError, match="the tests fail"):
        image_for(made, "").make(lambda _: None, fail)
    assert [argv[1] for argv in commands] == ("build inspect inspect create start exec rmi".split())


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "the project does not have a Dockerfile"),
        ("FROM x\nUSER app\nFROM y\nCMD z\n", "the Dockerfile runs as root"),
        ("FROM x\nUSER app\nUSER root\n", "the Dockerfile runs as root"),
        ("FROM x\nUSER 0:0\n", "the Dockerfile runs as root"),
        ("FROM x\nuser 1000\n", None),
    ],
)
def test_a_dockerfile_that_is_missing_or_runs_as_root(
    tmp_path: Path, text: str | None, sentence: str | None
) -> None:
    if text is not None:
        (tmp_path / "Dockerfile").write_text(text, "utf-8")
    findings = list(images.dockerfile(Project(tmp_path, "x", "x")))
    assert len(findings) == (sentence is not None)
    for finding in findings:
        assert finding.sentence.partition(".")[0] == sentence


def test_a_secret_of_a_container_is_stored_as_the_engine_reads_it(made: Path) -> None:
    secrets = Secrets(Project.find(made), "shop")
    values = {
        "A": "'x' \"y\" long #$z\\ ",
        "B": "a\x0bC=evil\x0c\x85D=evil\u2028E=evil\t",
        "F": " 1",
    }
    secrets.write({"B": "before"})
    for name, value in values.items():
        secrets.write({name: value})
    assert secrets.read() == values
    lines = secrets.file.read_bytes().decode().split("\n")
    assert dict(line.split("=", 1) for line in lines if line) == values
    assert leaks.project_secrets(secrets.project)["A in shop.env"] == values["A"]
    for value in ("a\nb", "a\rb", "a\r"):
        with pytest.raises(FlaskdashError, match=r"A has several lines, and \.secrets/shop\.env"):
            secrets.write({"A": value})
    assert secrets.read() == values


def test_an_address_that_a_loader_needs_has_to_be_among_the_secrets(made: Path) -> None:
    loader = made / "app/loaders/orders.py"
    loader.write_text(
        'from app.engine.database import Table\nTABLE = Table("ORDERS_URL", "orders", {})\nREFRESH = "1h"\n',
        "utf-8",
    )
    secrets = Secrets(Project.find(made), "shop")
    (finding,) = secrets.missing(secrets.project)
    assert finding.sentence == (
        "the loader orders needs ORDERS_URL, which .secrets/shop.env does not set"
    )
    secrets.write({"ORDERS_URL": "postgresql://a:b=c@d/e"})
    assert list(secrets.missing(secrets.project)) == []
    assert secrets.read() == {"ORDERS_URL": "postgresql://a:b=c@d/e"}


def test_the_url_has_the_host_of_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = docker.DockerTarget(
        Project(tmp_path, "shop", ""), Place("docker", "docker", {"port": "81"})
    )
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    assert target.url() == "http://localhost:81"
    monkeypatch.setenv("DOCKER_HOST", "ssh://me@box.example.org:2222")
    assert target.url() == "http://box.example.org:81"


# --- the written files, checked by validators ---


def run_tool(name: str, *args: str | Path) -> str:
    program = Path(sys.executable).with_name(name)
    process = subprocess.run([program, *args], capture_output=True, text=True)
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout + process.stderr


def test_the_dockerfile_and_compose_are_valid(made: Path, tmp_path: Path) -> None:
    run_tool("hadolint", "--failure-threshold", "info", made / "Dockerfile")
    values = {"name": "shop", "repository": "r.example/team/shop", "port": "8000"}
    render.render("compose", values, tmp_path)
    run_tool(
        "check-jsonschema", "--builtin-schema", "vendor.compose-spec", tmp_path / "compose.yaml"
    )


@pytest.mark.parametrize("domain", ["", "dash.example.org"])
def test_kubernetes_gets_a_pushed_image_and_valid_manifests(
    made: Path, flaskdash: Any, monkeypatch: pytest.MonkeyPatch, domain: str
) -> None:
    monkeypatch.setattr(rules, "ALL", ())
    monkeypatch.setattr(engines, "find", lambda: Engine("docker"))
    commands = run_or_fail(monkeypatch, "", "")
    address = "kubernetes://r.example/team/shop"
    settings = ["--domain", domain] if domain else []
    output = flaskdash("deploy", address, *settings).output
    assert [argv[1] for argv in commands] == (
        "build inspect inspect create start exec push".split()
    )
    release = commands[-1][-1].removeprefix("r.example/team/shop:")
    assert "note  cache" in output
    assert f"sed 's|:RELEASE$|:{release}|' kubernetes.yaml | kubectl apply --filename=-" in output
    assert "kubectl create secret generic shop --from-env-file=.secrets/shop.env" in output
    report = run_tool("kubernetes-validate", "--strict", made / "kubernetes.yaml")
    for kind in ("deployment", "service", "ingress", "horizontalpodautoscaler"):
        assert f"{kind}/shop against version" in report
    text = (made / "kubernetes.yaml").read_text("utf-8")
    assert ("host: dash.example.org" in text) is bool(domain)
    assert text.count(":RELEASE\n") == 1
    (made / "kubernetes.yaml").write_text("# edited", "utf-8")
    again = flaskdash("deploy").output
    assert "create    kubernetes.yaml" not in again
    assert (made / "kubernetes.yaml").read_text("utf-8") == "# edited"


@pytest.mark.parametrize(
    ("address", "domain", "message"),
    [
        ("kubernetes", "", "Kubernetes pulls its images from a registry"),
        ("kubernetes://r.example/2nd", "", "'2nd' cannot be a name on Kubernetes"),
        ("kubernetes://r.example/a_b", "", "'a_b' cannot be a name on Kubernetes"),
        ("kubernetes://r.example/shop", "x]\n- y", "cannot be a domain"),
    ],
)
def test_an_address_that_kubernetes_would_reject(
    made: Path, address: str, domain: str, message: str
) -> None:
    target = kubernetes.KubernetesTarget(
        Project.find(made), Place("kubernetes", address, {"domain": domain})
    )
    with pytest.raises(PreflightError) as error:
        target.plan()
    assert message in error.value.message
