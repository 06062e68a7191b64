"""Containers: a real engine builds, boots, pushes and runs a project, and puts it back where it fails."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from click.testing import CliRunner, Result

from flaskdash.check import rules
from flaskdash.cli import cli
from flaskdash.deploy import docker
from flaskdash.deploy.docker import engine as engines
from flaskdash.deploy.docker import image as images
from flaskdash.deploy.docker.engine import Engine
from flaskdash.deploy.docker.image import Image
from flaskdash.deploy.docker.secrets import Secrets
from flaskdash.deploy.platforms import kubernetes
from flaskdash.deploy.target import Place
from flaskdash.errors import FlaskdashError
from flaskdash.generate import render
from flaskdash.project import Project
from flaskdash.ship import files, leaks
from flaskdash.ship.errors import PreflightError
from tests.support.engine import Podman, podman
from tests.support.projects import copy_project
from tests.support.waiting import wait_for
from tests.support.web import fetch, free_port

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="podman needs Linux"),
]
OFFICIAL = 131_000_000  # bytes of python:3.11-slim-bookworm; later Pythons take less
MOST = 450_000_000


@dataclass
class Shop:
    """A project that was deployed to the engine's registry, and runs there."""

    root: Path
    engine: Podman
    port: int
    repository: str
    first: str  # its release
    printed: str

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

    def id(self) -> str:
        return self.engine("inspect", "--format", "{{.Id}}", "shop")

    def tags(self) -> set[str]:
        return set(self.engine("images", "--format", "{{.Tag}}", self.repository).split())

    def service(self, **changes: Any) -> docker.Service:
        secrets = Secrets(Project.find(self.root), "shop")
        made = docker.Service(Engine("podman"), "shop", self.repository, self.port, secrets)
        return replace(made, **changes)


@pytest.fixture(scope="module")
def engine() -> Iterator[Podman]:
    with podman() as found:
        yield found


@pytest.fixture(scope="module")
def shop(engine: Podman, shared_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Return a project in git, after its first deploy."""
    root = tmp_path_factory.mktemp("docker") / "shop"
    copy_project(shared_project, root)
    (root / "app/charts/__init__.py").chmod(0o600)  # as an umask of 077 makes files
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    subprocess.run(["git", "add", "--all"], cwd=root, check=True)
    port, repository = free_port(), f"{engine.registry}/team/shop"
    found = Shop(root, engine, port, repository, "", "")
    found.printed = found.cli(
        "deploy", f"docker://{repository}", "--port", str(port), "--yes"
    ).output
    found.first = found.up().removeprefix("up ")
    # Further images take their packages from this one: seconds less for each.
    (root / "Dockerfile").write_text(
        f"FROM {repository}:{found.first}\nUSER 0\nCOPY . .\nUSER 1000\n", "utf-8"
    )
    return found


# --- the first deploy ---


def test_a_project_becomes_a_container_that_answers(shop: Shop) -> None:
    tag = f"{shop.repository}:{shop.first}"
    told = [line for line in shop.printed.splitlines() if not line.startswith("ok ")]
    assert [line for line in told if not line.endswith("...")] == [
        f'remember  production = {{address = "docker://{shop.repository}", port = "{shop.port}"}}'
        " in pyproject.toml, for `flaskdash deploy`",
        "create    .secrets/shop.env: a SECRET_KEY for this target; git ignores it",
        f"build     {tag}: it starts, and every dashboard answers",
        f"push      {tag}",
        "create    compose.yaml",
        f"live      {shop.first} on http://localhost:{shop.port}",
    ]
    assert fetch(f"http://127.0.0.1:{shop.port}/")[0] == 200
    assert shop.names() == ["shop"]
    pushed = json.loads(fetch(f"http://{shop.engine.registry}/v2/team/shop/tags/list")[1])
    assert pushed["tags"] == [shop.first]
    assert not list((shop.root / "dist").glob(".building-*"))


def test_the_image_is_small(shop: Shop) -> None:
    def size(name: str) -> int:
        return int(shop.engine("image", "inspect", "--format", "{{.Size}}", name))

    base = next(
        name
        for name in shop.engine("images", "--format", "{{.Repository}}:{{.Tag}}").split()
        if "/library/python:" in name
    )
    own = size(f"{shop.repository}:{shop.first}") - size(base)
    assert OFFICIAL + own <= MOST


def test_no_layer_has_a_secret_or_what_is_for_development(shop: Shop) -> None:
    driver = json.loads(
        shop.engine(
            "image",
            "inspect",
            "--format",
            "{{json .GraphDriver.Data}}",
            f"{shop.repository}:{shop.first}",
        )
    )
    layers = [Path(one) for one in f"{driver['UpperDir']}:{driver['LowerDir']}".split(":")]
    own = [layer for layer in layers if not (layer / "usr/bin/dpkg").exists()]
    assert len(own) >= 3
    assert len(own) < len(layers)
    found = {path.name for layer in own for path in (layer / "app").glob("*")}
    assert {"app", "data", ".release", ".venv", "pyproject.toml"} <= found
    assert found.isdisjoint({".env", ".secrets", ".git", ".flaskdash", "tests", "dist"})
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


def test_it_runs_as_an_ordinary_user_and_writes_to_its_volume_alone(shop: Shop) -> None:
    assert shop.engine("exec", "shop", "id", "--user") == "1000"
    shop.engine("exec", "shop", "touch", "/app/app/x", code=1)
    shop.engine("exec", "shop", "touch", "/etc/x", code=1)
    shop.engine("exec", "shop", "touch", "/app/instance/x")
    volumes = shop.engine("volume", "ls", "--quiet").split()
    assert volumes == ["shop-instance"]  # that of the container that was only tried is gone


def test_the_health_check_needs_no_curl(shop: Shop) -> None:
    shop.engine("healthcheck", "run", "shop")
    assert "curl" not in shop.engine("exec", "shop", "ls", "/usr/bin").split()


def test_secrets_are_for_their_owner_and_not_for_git(shop: Shop) -> None:
    file = shop.root / ".secrets/shop.env"
    assert file.stat().st_mode & 0o777 == 0o600
    seen = subprocess.run(
        ["git", "status", "--porcelain"], cwd=shop.root, capture_output=True, text=True, check=True
    )
    assert ".secrets" not in seen.stdout
    key = Secrets(Project.find(shop.root), "shop").read()["SECRET_KEY"]
    assert key not in (shop.root / ".env").read_text("utf-8")


# --- another release, and back ---


def test_another_release_and_the_way_back(shop: Shop) -> None:
    compose = shop.root / "compose.yaml"
    compose.write_text("# mine\n" + compose.read_text("utf-8"), "utf-8")
    (shop.root / "app/static/theme.css").write_text("/* new */\n", "utf-8")
    second = json.loads(shop.cli("deploy", "--json").stdout)["release"]
    assert shop.up() == f"up {second}"
    assert second > shop.first
    assert compose.read_text("utf-8").startswith("# mine\n")
    listed = json.loads(shop.cli("releases", "--json").output)
    assert [(one["name"], one["live"]) for one in listed] == [(second, True), (shop.first, False)]

    assert shop.cli("rollback").output.endswith(
        f"live      {shop.first} on http://localhost:{shop.port}\n"
    )
    assert shop.up() == f"up {shop.first}"
    assert "no release before" in shop.cli("rollback", code=1).output
    assert "is live already" in shop.cli("rollback", shop.first, code=1).output

    shop.engine("rmi", f"{shop.repository}:{second}")  # it is in the registry still
    shop.cli("rollback", second)
    assert shop.up() == f"up {second}"
    assert shop.names() == ["shop"]
    status = json.loads(shop.cli("status", "--json").output)
    assert (status["release"], status["healthy"]) == (second, True)
    assert status["facts"]["container"] == "shop"


def test_the_log_is_that_of_the_container(shop: Shop, capfd: pytest.CaptureFixture[str]) -> None:
    shop.cli("logs")
    assert "Listening at" in "".join(capfd.readouterr())


def test_a_secret_reaches_the_live_release_and_no_terminal(shop: Shop) -> None:
    value = 'it\'s $HOME "quoted" #1'
    result = shop.cli("secrets", "set", "PASSWORD", stdin=value + "\n")
    assert value not in result.output
    assert shop.engine("exec", "shop", "printenv", "PASSWORD") == value
    assert shop.cli("secrets", "list").output.split() == ["PASSWORD", "SECRET_KEY"]


# --- what fails ---


def breaking(shop: Shop, text: str) -> Path:
    """Put code at the end of a project's configuration, which is imported first."""
    file = shop.root / "app/config.py"
    file.with_name("config.py.orig").write_text(file.read_text("utf-8"), "utf-8")
    file.write_text(file.read_text("utf-8") + text, "utf-8")
    return file


@pytest.fixture
def inside(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process ask the shop's own engine."""
    for name, value in shop.engine.variables.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def mended(shop: Shop) -> Iterator[None]:
    yield
    original = shop.root / "app/config.py.orig"
    original.replace(shop.root / "app/config.py")


def test_a_release_that_does_not_start_is_never_live(shop: Shop, mended: None) -> None:
    before, tags, container = shop.up(), shop.tags(), shop.id()
    breaking(shop, "\nraise RuntimeError('what a mess')\n")
    output = shop.cli("deploy", code=3).output
    assert "the image does not work" in output
    assert "RuntimeError: what a mess" in output
    assert (shop.up(), shop.tags(), shop.id()) == (before, tags, container)
    assert shop.names() == ["shop"]


def test_a_loader_that_fails_is_said_at_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "BOOT_SECONDS", 500)
    loader = shop.root / "app/loaders/sales.py"
    was = loader.read_text("utf-8")
    try:
        loader.write_text(was + "\n\ndef load():\n    raise KeyError('gone')\n", "utf-8")
        output = shop.cli("deploy", code=3).output
    finally:
        loader.write_text(was, "utf-8")
    assert "the loader sales failed: KeyError" in output


def test_a_release_that_fails_when_live_gives_way_to_the_one_before(
    shop: Shop, mended: None
) -> None:
    before, tags, container = shop.up(), shop.tags(), shop.id()
    test = f"os.environ['PORT'] == '{shop.port}'"  # and so not where it is tried
    breaking(shop, f"\nif {test}:\n    raise RuntimeError('only there')\n")
    output = shop.cli("deploy", code=4).output
    assert "RuntimeError: only there" in output
    assert f"{before.removeprefix('up ')} is live, as before" in output
    assert (shop.up(), shop.tags(), shop.id()) == (before, tags, container)
    assert shop.names() == ["shop"]


def test_what_can_not_be_put_back_is_said(
    shop: Shop, mended: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = shop.up()
    start = Engine.start
    failing = ["false"]
    monkeypatch.setattr(Engine, "start", lambda s, n: failing if n == "shop" else start(s, n))
    breaking(shop, f"\nif os.environ['PORT'] == '{shop.port}':\n    raise RuntimeError\n")
    output = shop.cli("deploy", code=5).output
    assert f"{before.removeprefix('up ')} could not be brought back" in output
    status = shop.cli("status", code=1).output
    assert "answers    no" in status
    shop.engine("start", "shop")
    wait_for(lambda: shop.up() == before, "the release from before")


def test_a_port_that_is_taken_changes_nothing(
    shop: Shop, inside: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine has no port of its own here, so gunicorn finds that out, when it is live."""
    before, container = shop.up(), shop.id()
    port = free_port()
    listening = subprocess.Popen(
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
        listening.kill()
        listening.wait(30)
    assert error.value.exit_code == 4
    assert (shop.up(), shop.id(), shop.names()) == (before, container, ["shop"])


@pytest.mark.parametrize(
    "killed",
    [
        "before it stopped the old",
        "before it started",
        "before it was verified",
        "before it was renamed",
    ],
)
def test_what_a_killed_deploy_left_is_settled_by_the_next(
    shop: Shop, killed: str, inside: None
) -> None:
    service, before = shop.service(), shop.up()
    service.engine.run(service.create(shop.first, service.secrets.file))
    if killed != "before it stopped the old":
        shop.engine("stop", "shop")
    if killed in {"before it was verified", "before it was renamed"}:
        shop.engine("start", "shop-next")
        wait_for(lambda: shop.up() == f"up {shop.first}", "the next")
    if killed == "before it was renamed":
        shop.engine("rm", "shop")
        before = f"up {shop.first}"
    service.settle()
    wait_for(lambda: shop.up() == before, killed)
    assert shop.names() == ["shop"]


REPLACE = """
import sys
from pathlib import Path
from flaskdash.deploy.docker import Service
from flaskdash.deploy.docker.engine import Engine
from flaskdash.deploy.docker.secrets import Secrets
from flaskdash.project import Project
repository, port, release = sys.argv[1:]
secrets = Secrets(Project.find(Path.cwd()), "shop")
Service(Engine("podman"), "shop", repository, int(port), secrets).replace(release)
"""


def test_a_deploy_that_is_killed_between_two_releases_leaves_one_that_answers(
    shop: Shop, inside: None
) -> None:
    before = shop.up()
    process = subprocess.Popen(
        [sys.executable, "-c", REPLACE, shop.repository, str(shop.port), shop.first],
        cwd=shop.root,
    )

    def stops() -> bool:
        state = shop.engine("inspect", "--format", "{{.State.Status}}", "shop")
        return state != "running"

    wait_for(stops, "the live container to be stopped")
    process.kill()
    process.wait(30)
    wait_for(lambda: shop.up() == f"up {shop.first}", "the next")
    shop.service().settle()
    wait_for(lambda: shop.up() == before, "the one from before")
    assert shop.names() == ["shop"]


def test_the_oldest_releases_are_forgotten_here(shop: Shop, inside: None) -> None:
    old = [f"20200101-00000{n}" for n in range(docker.KEPT + 2)]
    for tag in [*old, "latest"]:
        shop.engine("tag", f"{shop.repository}:{shop.first}", f"{shop.repository}:{tag}")
    said: list[str] = []
    secrets = Secrets(Project.find(shop.root), "shop")
    image = Image(secrets.project, Engine("podman"), shop.repository, shop.first, secrets)
    docker.Docker(image, shop.service(), "")._prune(said.append)
    left = docker.found(shop.service())
    assert len(left) == docker.KEPT
    assert shop.first in left
    assert "latest" in shop.tags()
    assert said[0].startswith(f"prune     {shop.repository}:2020")
    for tag in {*old, "latest"} & shop.tags():
        shop.engine("rmi", f"{shop.repository}:{tag}")


# --- without an engine ---


def test_an_engine_that_does_not_answer_is_passed_over(
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
    with pytest.raises(PreflightError, match="docker: no engine answers"):
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
        for word in "build create start exec rm push create stop start exec rm rename".split()
    ]
    assert "--read-only --tmpfs /tmp --cap-drop ALL" in output
    assert "--restart unless-stopped --publish 8000:8000" in output
    staged = [line.split()[1] for line in output.splitlines() if line.startswith("stage")]
    assert {"app/__init__.py", "data/sales.csv", ".release"} <= set(staged)
    assert ".env" not in staged


def test_secrets_of_a_container_are_looked_for_in_what_is_shipped(made: Path) -> None:
    secrets = Secrets(Project.find(made), "shop")
    secrets.write({"PASSWORD": "correct-horse-battery"})
    found = leaks.of_project(secrets.project)
    assert found["PASSWORD in shop.env"] == "correct-horse-battery"
    assert PurePosixPath(".secrets/shop.env") not in files.shipped(secrets.project)


@pytest.mark.parametrize(
    ("address", "found"),
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
def test_the_repository_of_an_address(tmp_path: Path, address: str, found: str | None) -> None:
    project = Project(tmp_path, "My shop_2", "")
    if found is None:
        with pytest.raises(PreflightError, match="can't be the name of an image"):
            images.repository(project, address)
    else:
        assert images.repository(project, address) == found


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "there is no Dockerfile"),
        ("FROM x\nUSER app\nFROM y\nCMD z\n", "the Dockerfile stays root"),
        ("FROM x\nUSER app\nUSER root\n", "the Dockerfile stays root"),
        ("FROM x\nUSER 0:0\n", "the Dockerfile stays root"),
        ("FROM x\nuser 1000\n", None),
    ],
)
def test_what_is_wrong_with_a_dockerfile(
    tmp_path: Path, text: str | None, says: str | None
) -> None:
    if text is not None:
        (tmp_path / "Dockerfile").write_text(text, "utf-8")
    found = [one.sentence for one in images.dockerfile(Project(tmp_path, "x", "x"))]
    assert found == ([says] if says else [])


def test_an_address_that_a_loader_needs_is_asked_for(made: Path) -> None:
    loader = made / "app/loaders/orders.py"
    loader.write_text(
        'from app.database import Table\nTABLE = Table("ORDERS_URL", "orders", {})\nREFRESH = "1h"\n',
        "utf-8",
    )
    secrets = Secrets(Project.find(made), "shop")
    (found,) = secrets.needed(secrets.project)
    assert found.sentence == (
        "the loader orders needs ORDERS_URL, and .secrets/shop.env does not set it"
    )
    secrets.write({"ORDERS_URL": "postgresql://a:b=c@d/e"})
    assert list(secrets.needed(secrets.project)) == []
    assert secrets.read() == {"ORDERS_URL": "postgresql://a:b=c@d/e"}


def test_the_url_is_that_of_the_engines_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = docker.DockerTarget(
        Project(tmp_path, "shop", ""), Place("docker", "docker", {"port": "81"})
    )
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    assert target.url() == "http://localhost:81"
    monkeypatch.setenv("DOCKER_HOST", "ssh://me@box.example.org:2222")
    assert target.url() == "http://box.example.org:81"


# --- files that are written, and read by those who know their rules ---


def tool(name: str, *args: str | Path) -> str:
    program = Path(sys.executable).with_name(name)
    done = subprocess.run([program, *args], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_dockerfile_and_compose_are_valid(made: Path, tmp_path: Path) -> None:
    tool("hadolint", "--failure-threshold", "info", made / "Dockerfile")
    values = {"name": "shop", "repository": "r.example/team/shop", "port": "8000"}
    render.render("compose", values, tmp_path)
    tool("check-jsonschema", "--builtin-schema", "vendor.compose-spec", tmp_path / "compose.yaml")


@pytest.mark.parametrize("domain", ["", "dash.example.org"])
def test_kubernetes_gets_a_pushed_image_and_valid_manifests(
    made: Path, flaskdash: Any, monkeypatch: pytest.MonkeyPatch, domain: str
) -> None:
    monkeypatch.setattr(rules, "ALL", ())
    monkeypatch.setattr(engines, "find", lambda: Engine("docker"))
    ran: list[list[str]] = []
    monkeypatch.setattr(Engine, "run", lambda _, argv: ran.append([*argv]) or "1000")
    monkeypatch.setattr(Engine, "look", lambda *_: None)
    address = "kubernetes://r.example/team/shop"
    settings = ["--domain", domain] if domain else []
    output = flaskdash("deploy", address, *settings).output
    assert [argv[1] for argv in ran] == ["build", "inspect", "create", "start", "exec", "push"]
    release = ran[-1][-1].removeprefix("r.example/team/shop:")
    assert "note  cache" in output
    assert f"sed 's|:RELEASE$|:{release}|' kubernetes.yaml | kubectl apply --filename=-" in output
    assert "kubectl create secret generic shop --from-env-file=.secrets/shop.env" in output
    told = tool("kubernetes-validate", "--strict", made / "kubernetes.yaml")
    for kind in ("deployment", "service", "ingress", "horizontalpodautoscaler"):
        assert f"{kind}/shop against version" in told
    text = (made / "kubernetes.yaml").read_text("utf-8")
    assert ("host: dash.example.org" in text) is bool(domain)
    assert text.count(":RELEASE\n") == 1
    (made / "kubernetes.yaml").write_text("# mine", "utf-8")
    again = flaskdash("deploy").output
    assert "create    kubernetes.yaml" not in again
    assert (made / "kubernetes.yaml").read_text("utf-8") == "# mine"


@pytest.mark.parametrize(
    ("address", "domain", "says"),
    [
        ("kubernetes", "", "a cluster gets its images from a registry"),
        ("kubernetes://r.example/2nd", "", "'2nd' can't be a name on Kubernetes"),
        ("kubernetes://r.example/a_b", "", "'a_b' can't be a name on Kubernetes"),
        ("kubernetes://r.example/shop", "x]\n- y", "can't be a domain"),
    ],
)
def test_what_kubernetes_would_refuse(made: Path, address: str, domain: str, says: str) -> None:
    target = kubernetes.KubernetesTarget(
        Project.find(made), Place("kubernetes", address, {"domain": domain})
    )
    with pytest.raises(PreflightError) as error:
        target.plan()
    assert says in error.value.message
