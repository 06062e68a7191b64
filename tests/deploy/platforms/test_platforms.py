"""Platforms' own files: each is what its platform reads, and none that is there is written over."""

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
    """Let everyone's rules hold."""
    monkeypatch.setattr(rules, "ALL", ())


def written(root: Path, name: str) -> Any:
    text = (root / name).read_text("utf-8")
    return tomllib.loads(text) if name.endswith(".toml") else yaml.safe_load(text)


# --- what all have in common ---


@pytest.mark.parametrize("kind", TARGETS)
def test_files_are_written_once_and_kept(
    made: Path, quick: None, flaskdash: Cli, kind: str
) -> None:
    before = set(render.files(made))
    dry = flaskdash("deploy", *TARGETS[kind], "--dry-run").output
    assert set(render.files(made)) == before
    result = flaskdash("deploy", *TARGETS[kind], "--yes")
    added = {str(path) for path in set(render.files(made)) - before} - {"dist/.deploy.lock"}
    project = Project.find(made)
    target = targets.target(project, targets.choose(project).place)
    assert added == {str(path) for path, _ in target.paths()}  # type: ignore[attr-defined]
    for path in added:
        assert f"create    {path}" in result.output
        assert f"create    {path}" in dry
        assert "shop" in (made / path).read_text("utf-8") or path == ".kamal/secrets"
        assert "cookiecutter" not in (made / path).read_text("utf-8")
    assert "Written and validated, not run" in result.output
    assert "The way back: " in result.output
    for line in target.commands():  # type: ignore[attr-defined]
        assert f"  {line}\n" in result.output
        assert f"print     {line}\n" in dry
        subprocess.run(["sh", "-n", "-c", line], check=True)

    first = min(added)
    (made / first).write_text("# mine\n", "utf-8")
    result = flaskdash("deploy", "--yes")
    assert f"keep      {first}" in result.output
    assert "create    " not in result.output
    assert (made / first).read_text("utf-8") == "# mine\n"
    assert "is asked with its own tool" in flaskdash("logs", code=1).output


def test_names_are_what_platforms_take(folder: Path, sales: Path, flaskdash: Cli) -> None:
    flaskdash("new", "My_Shop", "--data", sales, "--no-install", "--no-git")
    project = Project.find(folder / "My_Shop")
    target = targets.target(project, targets.parse("fly", {}))
    assert target.values() == {"name": "my-shop"}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("kamal",), "Kamal has to know the domain"),
        (("kamal", "--domain", "a b"), "'a b' is not a domain"),
        (("kamal", "--domain", "<%= 1 %>.org"), "is not a domain"),
        (("cloudrun",), "no repository was named"),
        (("cloudrun://a.b/c/d",), "no repository was named"),
        ((f"{IMAGES};x",), "no repository was named"),
        (("fly", "--domain", "a.org"), "Fly takes no domain"),
    ],
)
def test_what_is_missing_is_said(
    made: Path, flaskdash: Cli, args: tuple[str, ...], says: str
) -> None:
    before = set(render.files(made))
    code = 1 if "takes no" in says else 2
    assert says in flaskdash("deploy", *args, "--yes", code=code).output
    assert set(render.files(made)) == before


def test_a_dockerfile_is_needed_and_a_package_json_misleads_fly(
    made: Path, quick: None, flaskdash: Cli
) -> None:
    (made / "Dockerfile").unlink()
    (made / "package.json").write_text("{}")
    output = flaskdash("check", "fly", code=2).output
    assert "there is no Dockerfile" in output
    assert "a package.json at the root makes it a Node app there" in output
    assert "package.json" not in flaskdash("check", "render", code=2).output


# --- each file, by the rules of its platform ---


def port_of(made: Path) -> int:
    found = re.search(r"PORT=(\d+)", (made / "Dockerfile").read_text("utf-8"))
    assert found
    return int(found[1])


def test_fly(made: Path, quick: None, flaskdash: Cli) -> None:
    flaskdash("deploy", "fly", "--yes")
    found = written(made, "fly.toml")
    # What `fly config validate --strict` knows, of what is there.
    assert set(found) <= {"app", "primary_region", "build", "deploy", "env", "http_service", "vm"}
    assert re.fullmatch(r"[a-z0-9-]{1,63}", found["app"])
    assert (made / found["build"]["dockerfile"]).is_file()
    service = found["http_service"]
    (check,) = service.pop("checks")
    assert set(service) == {
        *("internal_port", "force_https", "auto_stop_machines", "auto_start_machines"),
        "min_machines_running",
    }
    assert service["internal_port"] == int(found["env"]["PORT"]) == port_of(made)
    assert service["auto_stop_machines"] in {"off", "stop", "suspend"}
    assert (check["method"], check["path"]) == ("GET", "/up")
    assert all(re.fullmatch(r"\d+s", check[one]) for one in ("grace_period", "interval", "timeout"))
    assert found["vm"] == [{"size": "shared-cpu-1x", "memory": "1gb"}]


def test_render(made: Path, quick: None, flaskdash: Cli) -> None:
    flaskdash("deploy", "render", "--yes")
    found = written(made, "render.yaml")
    assert list(found) == ["services"]
    (service,) = found["services"]
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
    found = written(made, "config/deploy.yml")
    # The keys that Kamal's own validator knows, and the types that it wants.
    assert set(found) == {
        *("service", "image", "servers", "proxy", "registry", "builder", "env", "volumes")
    }
    assert re.fullmatch(r"[a-z0-9_-]+", found["service"])
    assert found["servers"] == {"web": ["shop.example.org"]}
    proxy = found["proxy"]
    assert set(proxy) == {"host", "ssl", "app_port", "healthcheck"}
    assert (proxy["host"], proxy["ssl"], proxy["app_port"]) == (
        *("shop.example.org", True),
        port_of(made),
    )
    assert proxy["healthcheck"] == {"path": "/up", "interval": 1, "timeout": 5}
    assert found["builder"] == {"arch": "amd64"}
    assert found["env"] == {"clear": {"PORT": str(port_of(made))}, "secret": ["SECRET_KEY"]}
    assert found["volumes"] == ["shop-instance:/app/instance"]
    secrets = (made / ".kamal/secrets").read_text("utf-8").splitlines()
    assert [line for line in secrets if not line.startswith("#")] == ["SECRET_KEY=$SECRET_KEY"]


def test_cloud_run(made: Path, quick: None, flaskdash: Cli) -> None:
    result = flaskdash("deploy", IMAGES, "--yes")
    found = written(made, "service.yaml")
    assert (found["apiVersion"], found["kind"]) == ("serving.knative.dev/v1", "Service")
    assert re.fullmatch(r"[a-z]([-a-z0-9]{0,47}[a-z0-9])?", found["metadata"]["name"])
    template = found["spec"]["template"]
    assert all(isinstance(one, str) for one in template["metadata"]["annotations"].values())
    spec = template["spec"]
    assert set(spec) == {"containerConcurrency", "timeoutSeconds", "containers"}
    (container,) = spec["containers"]
    assert set(container) == {
        *("image", "ports", "env", "resources", "startupProbe", "livenessProbe")
    }
    assert container["image"] == "europe-west1-docker.pkg.dev/acme-1/apps/shop:RELEASE"
    assert container["ports"] == [{"name": "http1", "containerPort": 8080}]
    (setting,) = container["env"]  # PORT is reserved there
    assert setting["valueFrom"]["secretKeyRef"] == {"name": "shop-secret-key", "key": "latest"}
    for probe in (container["startupProbe"], container["livenessProbe"]):
        assert probe["httpGet"] == {"path": "/up"}
        assert probe["timeoutSeconds"] <= probe["periodSeconds"]
    start = container["startupProbe"]
    assert start["periodSeconds"] * start["failureThreshold"] <= 240  # no more is allowed
    assert not container["livenessProbe"]["httpGet"]["path"].endswith("z")

    line = next(line for line in result.output.splitlines() if "sed " in line)
    sed, replace = line.split(" | ")
    done = subprocess.run(
        ["sh", "-c", f"release=20260101-000000; {sed}"], cwd=made, capture_output=True, check=True
    )
    applied = yaml.safe_load(done.stdout)["spec"]["template"]["spec"]["containers"][0]["image"]
    assert applied.endswith("/apps/shop:20260101-000000")
    assert replace == "gcloud run services replace - --region europe-west1"


# --- the workflow that `new` writes ---


def test_the_workflow_is_one_of_github(made: Path) -> None:
    program = Path(sys.executable).with_name("check-jsonschema")
    schema = ["--builtin-schema", "vendor.github-workflows"]
    done = subprocess.run([program, *schema, made / WORKFLOW], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    (made / "broken.yml").write_text((made / WORKFLOW).read_text().replace("steps:", "step:"))
    done = subprocess.run([program, *schema, made / "broken.yml"], capture_output=True)
    assert done.returncode == 1


def test_the_workflow_tests_and_then_deploys_main_where_a_target_is_named(made: Path) -> None:
    found = written(made, WORKFLOW)
    assert found["permissions"] == {"contents": "read"}
    test, deploy = found["jobs"]["test"], found["jobs"]["deploy"]
    ran = [step["run"] for step in test["steps"] if "run" in step]
    assert ran[0] == "uv sync --locked"
    agents = (made / "AGENTS.md").read_text("utf-8")
    assert " && ".join(ran[1:]) in agents  # what a person is told to run before a commit
    assert deploy["needs"] == "test"
    assert "refs/heads/main" in deploy["if"]
    assert "vars.DEPLOY_TARGET" in deploy["if"]
    assert deploy["steps"][-1]["run"] == 'uvx flaskdash deploy "$DEPLOY_TARGET" --yes'
    for job in (test, deploy):  # a secret is in a variable, never in a command's text
        assert "timeout-minutes" in job
        assert not any("${{" in step.get("run", "") for step in job["steps"])
        for step in job["steps"]:
            subprocess.run(["sh", "-n", "-c", step.get("run", "")], check=True)
