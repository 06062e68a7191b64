"""The files of platforms: each is valid for its platform, and an existing one is kept."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from flaskdash.check import rules
from flaskdash.deploy import targets
from flaskdash.generate import render
from flaskdash.project import Project
from tests.support.fixtures import Cli

IMAGES = "cloudrun://europe-west1-docker.pkg.dev/acme-1/apps"
TARGETS = {
    "fly": ("fly",),
    "render": ("render",),
    "kamal": ("kamal", "--domain", "shop.example.org"),
    "cloudrun": (IMAGES,),
}
WORKFLOW = ".github/workflows/ci.yml"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the rules that apply to all targets."""
    monkeypatch.setattr(rules, "ALL", ())


def load(root: Path, name: str) -> Any:
    text = (root / name).read_text("utf-8")
    return tomllib.loads(text) if name.endswith(".toml") else yaml.safe_load(text)


# --- all platforms ---


@pytest.mark.parametrize("kind", TARGETS)
def test_files_are_written_once_and_then_kept(
    made: Path, quick: None, flaskdash: Cli, kind: str
) -> None:
    before = set(render.files(made))
    dry = flaskdash("deploy", *TARGETS[kind], "--dry-run").output
    assert set(render.files(made)) == before
    result = flaskdash("deploy", *TARGETS[kind], "--yes")
    new = {str(path) for path in set(render.files(made)) - before} - {"dist/.deploy.lock"}
    records = {path for path in new if path.startswith(".flaskdash/")}
    added = new - records
    assert records >= {f".flaskdash/{path}.orig" for path in added}
    project = Project.find(made)
    target = targets.target(project, targets.choose(project).place)
    assert added == {str(path) for path, _ in target.paths()}  # type: ignore[attr-defined]
    for path in added:
        assert f"create    {path}" in result.output
        assert f"create    {path}" in dry
        assert "shop" in (made / path).read_text("utf-8") or path == ".kamal/secrets"
        assert "cookiecutter" not in (made / path).read_text("utf-8")
    assert "The files are written and validated." in result.output
    assert "To roll back: " in result.output
    for line in target.commands():  # type: ignore[attr-defined]
        assert f"  {line}\n" in result.output
        assert f"print     {line}\n" in dry
        subprocess.run(["sh", "-n", "-c", line], check=True)

    first = min(added)
    (made / first).write_text("# edited\n", "utf-8")
    result = flaskdash("deploy", "--yes")
    assert f"keep      {first}" in result.output
    assert "create    " not in result.output
    assert (made / first).read_text("utf-8") == "# edited\n"
    assert "flaskdash does not manage" in flaskdash("logs", code=1).output


def test_a_projects_name_is_valid_for_platforms(folder: Path, sales: Path, flaskdash: Cli) -> None:
    flaskdash("new", "My_Shop", "--data", sales, "--no-install", "--no-git")
    project = Project.find(folder / "My_Shop")
    target = targets.target(project, targets.parse("fly", {}))
    assert target.values() == {"name": "my-shop"}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (("kamal",), "Kamal needs the domain"),
        (("kamal", "--domain", "a b"), "'a b' is not a domain"),
        (("kamal", "--domain", "<%= 1 %>.org"), "is not a domain"),
        (("cloudrun",), "Name a repository in the address"),
        (("cloudrun://a.b/c/d",), "Name a repository in the address"),
        ((f"{IMAGES};x",), "Name a repository in the address"),
        (("fly", "--domain", "a.org"), "The target fly does not have the setting 'domain'"),
    ],
)
def test_an_invalid_address_or_domain_is_an_error(
    made: Path, flaskdash: Cli, args: tuple[str, ...], error: str
) -> None:
    before = set(render.files(made))
    code = 1 if "does not have" in error else 2
    assert error in flaskdash("deploy", *args, "--yes", code=code).output
    assert set(render.files(made)) == before


def test_a_missing_dockerfile_and_a_package_json_are_reported(
    made: Path, quick: None, flaskdash: Cli
) -> None:
    (made / "Dockerfile").unlink()
    (made / "package.json").write_text("{}")
    output = flaskdash("check", "fly", code=2).output
    assert "the platform builds the Dockerfile" in output
    assert "package.json is at the root" in output
    assert "package.json" not in flaskdash("check", "render", code=2).output


# --- each file, by the rules of its platform ---


def port_of(made: Path) -> int:
    match = re.search(r"PORT=(\d+)", (made / "Dockerfile").read_text("utf-8"))
    assert match
    return int(match[1])


def test_fly(made: Path, quick: None, flaskdash: Cli) -> None:
    flaskdash("deploy", "fly", "--yes")
    config = load(made, "fly.toml")
    # The keys that `fly config validate --strict` accepts.
    assert set(config) <= {"app", "primary_region", "build", "deploy", "env", "http_service", "vm"}
    assert re.fullmatch(r"[a-z0-9-]{1,63}", config["app"])
    assert (made / config["build"]["dockerfile"]).is_file()
    service = config["http_service"]
    (check,) = service.pop("checks")
    assert set(service) == {
        *("internal_port", "force_https", "auto_stop_machines", "auto_start_machines"),
        "min_machines_running",
    }
    assert service["internal_port"] == int(config["env"]["PORT"]) == port_of(made)
    assert service["auto_stop_machines"] in {"off", "stop", "suspend"}
    assert (check["method"], check["path"]) == ("GET", "/up")
    assert all(re.fullmatch(r"\d+s", check[key]) for key in ("grace_period", "interval", "timeout"))
    assert config["vm"] == [{"size": "shared-cpu-1x", "memory": "1gb"}]


def test_render(made: Path, quick: None, flaskdash: Cli) -> None:
    flaskdash("deploy", "render", "--yes")
    config = load(made, "render.yaml")
    assert list(config) == ["services"]
    (service,) = config["services"]
    assert service == {
        "type": "web",
        "name": "shop",
        "runtime": "docker",
        "plan": "free",
        "healthCheckPath": "/up",
        "autoDeployTrigger": "checksPass",
        "envVars": [{"key": "SECRET_KEY", "generateValue": True}],
    }


def test_kamal(made: Path, quick: None, flaskdash: Cli) -> None:
    flaskdash("deploy", *TARGETS["kamal"], "--yes")
    config = load(made, "config/deploy.yml")
    # The keys and the types that Kamal's own validator accepts.
    assert set(config) == {
        *("service", "image", "servers", "proxy", "registry", "builder", "env", "volumes")
    }
    assert re.fullmatch(r"[a-z0-9_-]+", config["service"])
    assert config["servers"] == {"web": ["shop.example.org"]}
    proxy = config["proxy"]
    assert set(proxy) == {"host", "ssl", "app_port", "healthcheck"}
    assert (proxy["host"], proxy["ssl"], proxy["app_port"]) == (
        *("shop.example.org", True),
        port_of(made),
    )
    assert proxy["healthcheck"] == {"path": "/up", "interval": 1, "timeout": 5}
    assert config["builder"] == {"arch": "amd64"}
    assert config["env"] == {"clear": {"PORT": str(port_of(made))}, "secret": ["SECRET_KEY"]}
    assert config["volumes"] == ["shop-instance:/app/instance"]
    secrets = (made / ".kamal/secrets").read_text("utf-8").splitlines()
    assert [line for line in secrets if not line.startswith("#")] == ["SECRET_KEY=$SECRET_KEY"]


def test_cloud_run(made: Path, quick: None, flaskdash: Cli) -> None:
    result = flaskdash("deploy", IMAGES, "--yes")
    config = load(made, "service.yaml")
    assert (config["apiVersion"], config["kind"]) == ("serving.knative.dev/v1", "Service")
    assert re.fullmatch(r"[a-z]([-a-z0-9]{0,47}[a-z0-9])?", config["metadata"]["name"])
    template = config["spec"]["template"]
    assert all(isinstance(value, str) for value in template["metadata"]["annotations"].values())
    spec = template["spec"]
    assert set(spec) == {"containerConcurrency", "timeoutSeconds", "containers"}
    (container,) = spec["containers"]
    assert set(container) == {
        *("image", "ports", "env", "resources", "startupProbe", "livenessProbe")
    }
    assert container["image"] == "europe-west1-docker.pkg.dev/acme-1/apps/shop:RELEASE"
    assert container["ports"] == [{"name": "http1", "containerPort": 8080}]
    (setting,) = container["env"]  # PORT is reserved on Cloud Run
    assert setting["valueFrom"]["secretKeyRef"] == {"name": "shop-secret-key", "key": "latest"}
    for probe in (container["startupProbe"], container["livenessProbe"]):
        assert probe["httpGet"] == {"path": "/up"}
        assert probe["timeoutSeconds"] <= probe["periodSeconds"]
    start = container["startupProbe"]
    assert start["periodSeconds"] * start["failureThreshold"] <= 240  # the limit of Cloud Run
    assert not container["livenessProbe"]["httpGet"]["path"].endswith("z")

    line = next(line for line in result.output.splitlines() if "sed " in line)
    sed, replace = line.split(" | ")
    process = subprocess.run(
        ["sh", "-c", f"release=20260101-000000; {sed}"], cwd=made, capture_output=True, check=True
    )
    applied = yaml.safe_load(process.stdout)["spec"]["template"]["spec"]["containers"][0]["image"]
    assert applied.endswith("/apps/shop:20260101-000000")
    assert replace == "gcloud run services replace - --region europe-west1"


# --- the workflow that `new` writes ---


def test_the_workflow_is_valid_on_github(made: Path) -> None:
    program = Path(sys.executable).with_name("check-jsonschema")
    schema = ["--builtin-schema", "vendor.github-workflows"]
    process = subprocess.run([program, *schema, made / WORKFLOW], capture_output=True, text=True)
    assert process.returncode == 0, process.stdout
    (made / "broken.yml").write_text((made / WORKFLOW).read_text().replace("steps:", "step:"))
    process = subprocess.run([program, *schema, made / "broken.yml"], capture_output=True)
    assert process.returncode == 1


def test_the_workflow_tests_and_then_deploys_main_if_a_target_is_set(made: Path) -> None:
    config = load(made, WORKFLOW)
    assert config["permissions"] == {"contents": "read"}
    test, deploy = config["jobs"]["test"], config["jobs"]["deploy"]
    commands = [step["run"] for step in test["steps"] if "run" in step]
    assert commands[0] == "uv sync --locked"
    agents = (made / "AGENTS.md").read_text("utf-8")
    assert " && ".join(commands[1:]) in agents  # the commands to run before a commit
    assert deploy["needs"] == "test"
    assert "refs/heads/main" in deploy["if"]
    assert "vars.DEPLOY_TARGET" in deploy["if"]
    command = deploy["steps"][-1]["run"]
    assert command.startswith('uvx "flaskdash==$(jq -r .flaskdash .flaskdash/parts/project.json)" ')
    assert command.endswith(' deploy "$DEPLOY_TARGET" --yes')
    for job in (test, deploy):  # a secret is in a variable, never in the text of a command
        assert "timeout-minutes" in job
        assert not any("${{" in step.get("run", "") for step in job["steps"])
        for step in job["steps"]:
            subprocess.run(["sh", "-n", "-c", step.get("run", "")], check=True)
