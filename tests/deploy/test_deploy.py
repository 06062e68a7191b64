"""Deploy: each rule sees the mistake that it is for; a bundle starts with no network at all."""

import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from click.testing import CliRunner

from flaskdash.check import rules
from flaskdash.check.rule import Finding, Rule
from flaskdash.check.run import run
from flaskdash.cli import cli
from flaskdash.commands.deploy import command
from flaskdash.deploy import bundle, targets
from flaskdash.deploy.target import Place
from flaskdash.errors import FlaskdashError
from flaskdash.project import Project, contents, environment
from flaskdash.ship import archive, files, leaks, lockfile, wheels
from flaskdash.ship.archive import Entry
from flaskdash.ship.errors import BuildError, PreflightError
from flaskdash.ship.machine import Machine, machine, this_platform
from tests.support.web import free_port

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a bundle starts on Linux or macOS")

PYPROJECT = """\
# what we have agreed on
[project]
name = "tiny"
version = "1.2.0"
requires-python = ">=3.11"  # as on the server
dependencies = []

[tool.flaskdash]
title = "Tiny"

[tool.uv]
package = false
"""
LOADER = 'from pathlib import Path\nSOURCE = Path(__file__).parents[2] / "data" / "sales.csv"\n'
KEY = "0123456789abcdef0123456789abcdef"
TREE = {
    ".env": f"SECRET_KEY={KEY}\nFLASK_APP=app:create_app\n",
    ".gitignore": ".env\n.venv/\n/dist/\ninstance/\n__pycache__/\n",
    ".python-version": "3.12\n",
    "Procfile": 'web: python -m gunicorn "app:create_app()"\n',
    "app/__init__.py": "def create_app(): ...\n",
    "app/loaders/__init__.py": "",
    "app/loaders/sales.py": LOADER,
    "data/sales.csv": "a,b\n1,2\n",
    "pyproject.toml": PYPROJECT,
}
LINUX = Machine("3.12", "manylinux_2_28_x86_64")


def build(root: Path, tree: dict[str, str]) -> None:
    for name, text in tree.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def script(file: Path, text: str) -> None:
    build(file.parent, {file.name: f"#!/bin/sh\n{text}\n"})
    file.chmod(0o755)


def git(project: Project, *args: str) -> None:
    subprocess.run(["git", *args], cwd=project.root, check=True, capture_output=True)


def sentences(findings: Any) -> list[str]:
    return [finding.sentence for finding in findings]


def snapshot(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a project that is in git, with nothing wrong, and with no environment."""
    root = tmp_path / "tiny"
    build(root, TREE)
    found = Project.find(root)
    git(found, "init", "--quiet")
    git(found, "add", "--all")
    return found


@pytest.fixture
def no_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let pip and uv find no index: there is one, and it refuses."""
    (tmp_path / "pip.conf").touch()
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.setenv("UV_OFFLINE", "1")


# --- the rules: a project with nothing wrong, then one mistake ---


@pytest.mark.parametrize("rule", ["procfile", "debug", "data", "files", "secrets"])
def test_a_sound_project_has_no_finding(project: Project, rule: str) -> None:
    assert {one.id: list(one.look(project)) for one in rules.ALL if one.id == rule} == {rule: []}


@pytest.mark.parametrize(
    ("rule", "file", "text", "says"),
    [
        ("procfile", "Procfile", "web gunicorn app", "Procfile, line 1 is not 'NAME: COMMAND'"),
        ("procfile", "Procfile", "worker: python x.py", "the Procfile has no web line"),
        ("debug", ".env", "FLASK_DEBUG=1", ".env sets FLASK_DEBUG"),
        ("debug", ".flaskenv", "export FLASK_DEBUG='on'", ".flaskenv sets FLASK_DEBUG"),
        ("debug", "Procfile", "web: FLASK_DEBUG=true gunicorn app", "the Procfile turns debug on"),
        ("debug", "Procfile", "web: flask run --debug", "the Procfile turns debug on"),
        ("debug", "app/run.py", "\napp.run(debug=True)", "app/run.py, line 2 turns debug on"),
        ("debug", "wsgi.py", "app.debug = True", "wsgi.py, line 1 turns debug on"),
        ("debug", "app/c.py", "app.config['DEBUG'] = True", "app/c.py, line 1 turns debug on"),
        ("debug", "app/c.py", "class C:\n  DEBUG = True", "app/c.py, line 2 turns debug on"),
        ("data", "app/loaders/x.py", "SOURCE = 'data/x.csv'", "data/x.csv is not there"),
        ("data", "app/loaders/x.py", "SOURCE = '/etc/passwd'", "a loader reads /etc/passwd"),
        ("data", "app/loaders/x.py", "SOURCE = (", "not valid Python"),
        ("files", "requirements.txt", "flask", "the project has requirements.txt at its root"),
        ("files", "wheels/a.txt", "", "the project has wheels at its root"),
        ("files", "start", "", "the project has start at its root"),
        ("secrets", "app/x.py", f"KEY = '{KEY}'", "app/x.py holds the value of SECRET_KEY in .env"),
        ("secrets", "key.pem", "-----BEGIN RSA PRIVATE KEY-----", "key.pem holds a private key"),
        ("lock", "README.md", "", "there is no uv.lock"),
        ("environment", "README.md", "", "there is no environment, and uv.lock has to be mended"),
        ("tests", "README.md", "", "the tests can't run: there is no environment"),
    ],
)
def test_a_rule_finds_its_mistake(
    project: Project, rule: str, file: str, text: str, says: str
) -> None:
    build(project.root, {file: text})
    printed: list[str] = []
    with pytest.raises(PreflightError) as failure:
        run([one for one in rules.ALL if one.id == rule], project, printed.append)
    assert failure.value.exit_code == 2
    assert f"the preflight failed ({rule})" in failure.value.message
    assert says in printed[0]
    assert printed[0].startswith("FAIL ")
    assert KEY not in "\n".join(printed)


def test_every_rule_is_looked_at_before_it_stops(project: Project) -> None:
    (project.root / "Procfile").unlink()
    seen: list[str] = []
    rest = Rule("last", "all is well", lambda _: [Finding("but look at this", is_note=True)])
    with pytest.raises(PreflightError, match=r"\(procfile\)"):
        run([rules.ALL[0], rest], project, seen.append)
    assert [line.split()[:2] for line in seen if not line.startswith(" ")] == [
        ["FAIL", "procfile"],
        ["ok", "last"],
        ["note", "last"],
    ]


def test_debug_that_is_off_or_in_tests_is_fine(project: Project) -> None:
    build(
        project.root,
        {
            ".env": "FLASK_DEBUG=0\n",
            "app/config.py": "DEBUG = False\napp.run(debug=flag)\n",
            "tests/conftest.py": "create_app(DEBUG=True)\n",
        },
    )
    assert list(rules.debug(project)) == []


def test_data_that_git_ignores_is_shipped_and_noted(project: Project) -> None:
    build(
        project.root,
        {
            ".gitignore": "data/\n",
            "app/loaders/costs.py": LOADER.replace("sales", "costs"),
            "app/loaders/web.py": "SOURCE = 'https://example.org/x.csv'\n",
            "data/costs.csv": "a\n1\n",
            "data/unread.csv": "a\n1\n",
        },
    )
    (found,) = rules.data(project)
    assert found.is_note
    assert found.sentence == "data/costs.csv is not in git; it is shipped all the same"
    shipped = [str(path) for path in files.shipped(project) if path.parts[0] == "data"]
    assert shipped == ["data/costs.csv", "data/sales.csv"]


def test_links_out_of_the_project_are_refused(project: Project, tmp_path: Path) -> None:
    build(tmp_path, {"elsewhere/x.csv": f"{KEY}\n"})
    build(project.root, {"app/loaders/x.py": LOADER.replace("sales", "x")})
    (project.root / "data/x.csv").symlink_to(tmp_path / "elsewhere/x.csv")
    (project.root / "data/same.csv").symlink_to("sales.csv")
    assert sentences(rules.shipped_files(project)) == ["data/x.csv leads out of the project"]
    assert list(rules.no_secrets(project)) == []


def test_an_env_in_git_is_a_finding(project: Project) -> None:
    git(project, "add", "--force", ".env")
    assert sentences(rules.no_secrets(project)) == [".env is in git"]
    assert PurePosixPath(".env") not in files.shipped(project)


def test_the_lock_is_checked_with_no_network(project: Project, no_index: None) -> None:
    subprocess.run([environment.uv(), "lock", "-q"], cwd=project.root, check=True)
    assert list(rules.lock(project)) == []
    fresh = PYPROJECT.replace(">=3.11", ">=3.12")
    build(project.root, {"pyproject.toml": fresh})
    assert sentences(rules.lock(project)) == ["uv.lock does not fit pyproject.toml"]
    fresh = PYPROJECT.replace("dependencies = []", 'dependencies = ["no-such-flaskdash-thing"]')
    build(project.root, {"pyproject.toml": fresh})
    (found,) = rules.lock(project)
    assert found.sentence.startswith("uv.lock does not seem to fit pyproject.toml")


def test_the_server_must_be_locked_and_all_have_wheels(project: Project) -> None:
    own = '[[package]]\nname = "tiny"\nsource = { virtual = "." }\ndependencies = [%s]\n'
    gunicorn = '[[package]]\nname = "gunicorn"\nsource = { registry = "x" }\n'
    from_git = '[[package]]\nname = "mine"\nsource = { git = "x" }\n'
    build(project.root, {"uv.lock": own % '{ name = "gunicorn" }' + gunicorn})
    assert list(rules.dependencies(project)) == []
    build(project.root, {"uv.lock": own % "" + gunicorn + from_git})
    assert sentences(rules.dependencies(project)) == [
        "gunicorn is not among the main dependencies",
        "mine comes from a folder or from git",
    ]
    build(project.root, {"Procfile": "web: waitress-serve app:app", "uv.lock": own % ""})
    assert list(rules.dependencies(project)) == []


@pytest.mark.parametrize(
    ("exit_code", "said"),
    [
        (0, []),
        (1, ["the tests fail; FAILED tests/test_app.py::test_up; 1 failed"]),
        (5, ["the project has no tests"]),
    ],
)
def test_the_projects_tests_are_run(project: Project, exit_code: int, said: list[str]) -> None:
    python = project.root / ".venv/bin/python"
    script(
        python,
        f'echo "$@" >args; echo "FAILED tests/test_app.py::test_up"; echo "1 failed"; exit {exit_code}',
    )
    assert sentences(rules.tests(project)) == said
    assert (project.root / "args").read_text() == "-m pytest -q\n"


def test_the_environment_is_not_made_from_a_lock_that_would_change(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("the lock would be written")

    monkeypatch.setattr(rules, "ensure_environment", never)
    script(project.root / ".venv/bin/python", "")
    assert list(rules.environment(project)) == []


# --- the files, and the secrets in them ---


@pytest.mark.parametrize("with_git", [True, False])
def test_the_files_that_are_shipped(project: Project, with_git: bool) -> None:
    left_out = [
        ".env.local",
        ".flaskdash/app/x.orig",
        ".pytest_cache/x",
        ".venv/lib/x.py",
        ".envrc",
        ".netrc",
        ".npmrc",
        ".pypirc",
        ".ssh/config",
        "app/__pycache__/x.pyc",
        "certs/server.p12",
        "deploy_id_ed25519",
        "dist/old.tar.gz",
        "instance/sales.parquet",
        "node_modules/x.js",
    ]
    taken = [".env.example", "app/static/dist/x.js", "app/new.py", "Größe 1.md"]
    build(project.root, dict.fromkeys([*left_out, *taken], "x"))
    if not with_git:
        shutil.rmtree(project.root / ".git")
    (project.root / "data/gone.csv").symlink_to("nowhere")
    expected = {*taken, *TREE} - {".env"}
    assert {str(path) for path in files.shipped(project)} == expected
    notes = sentences(rules.data(project))
    assert any("the project is not in git" in note for note in notes) is not with_git


def test_without_git_hidden_files_stay_but_for_the_projects_own(project: Project) -> None:
    shutil.rmtree(project.root / ".git")
    taken = [".env.example", ".dockerignore", "app/static/.well-known/x", "certs/public.pem"]
    left_out = [".vscode/launch.json", ".direnv/x", ".bash_history", "app/.x.py.swp"]
    build(project.root, dict.fromkeys([*taken, *left_out], "x"))
    assert {str(path) for path in files.shipped(project)} == {*taken, *TREE} - {".env"}


@pytest.mark.parametrize("with_git", [True, False])
def test_secrets_of_other_files_are_found_too(project: Project, with_git: bool) -> None:
    if not with_git:
        shutil.rmtree(project.root / ".git")
    build(
        project.root,
        {
            ".envrc": "export DB_PASSWORD=correct-horse-battery\n",
            ".env.local": "API_KEY='staple-of-the-api'\n",
            ".env.example": "API_KEY=put-yours-in-here\n",
            "README.md": "put-yours-in-here",
            "app/db.py": "URL = 'postgresql://shop:correct-horse-battery@db/shop'\n",
            "data/notes.txt": "staple-of-the-api",
        },
    )
    assert sentences(rules.no_secrets(project)) == [
        "app/db.py holds the value of DB_PASSWORD in .envrc",
        "data/notes.txt holds the value of API_KEY in .env.local",
    ]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("-----BEGIN OPENSSH " + "PRIVATE KEY-----", "a private key"),
        ("id = 'AKIA" + "A7" * 8 + "'", "an access key of AWS"),
        ("ghp" + "_" + "a1" * 18, "a token of GitHub"),
        ("github" + "_pat_" + "a1_" * 20, "a token of GitHub"),
        ("glpat" + "-" + "a1" * 10, "a token of GitLab"),
        ("//registry.example/:_authToken=npm" + "_" + "a1" * 18, "a token of npm"),
        ("pypi" + "-AgEIcHlwaS5vcmc" + "a1" * 40, "a token of PyPI"),
        ("xox" + "b-1234567890-" + "a1" * 12, "a token of Slack"),
        ("sk" + "_live_" + "a1" * 12, "a key of Stripe"),
        ("AKIA", None),
        ("npm_config_registry", None),
    ],
)
def test_what_is_a_secret_by_its_shape(tmp_path: Path, text: str, what: str | None) -> None:
    (tmp_path / "x").write_text(f"a {text}\n")
    assert list(leaks.search(tmp_path / "x", {})) == ([what] if what else [])


def test_which_values_of_env_are_secrets(project: Project) -> None:
    build(
        project.root,
        {
            ".env": "A='quoted secret 1'\nexport B=plain-secret-2 # ours\n"
            "SHORT=abc\nFLASK_APP=app:create_app\n# C=commented-out-3\nEMPTY=\n"
        },
    )
    assert leaks.of_project(project) == {
        "A in .env": "quoted secret 1",
        "B in .env": "plain-secret-2",
    }


def test_a_secret_across_two_chunks_is_found_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaks, "CHUNK", 7)
    (tmp_path / "x").write_text(f"{'-' * 50}{KEY}{'-' * 200}{KEY}")
    assert list(leaks.search(tmp_path / "x", {"KEY": KEY, "OTHER": KEY + "0"})) == ["KEY"]


# --- the machine, the requirements, the wheels ---


def test_a_platform_stands_for_all_that_run_there() -> None:
    tags = LINUX.platforms()
    assert tags[0] == "manylinux_2_28_x86_64"
    assert tags.index("manylinux_2_17_x86_64") + 1 == tags.index("manylinux2014_x86_64")
    assert tags[-1] == "manylinux1_x86_64"
    assert Machine("3.12", "manylinux2014_aarch64").platforms() == [
        "manylinux_2_17_aarch64",
        "manylinux2014_aarch64",
    ]
    assert Machine("3.12", "musllinux_1_2_x86_64").platforms() == [
        "musllinux_1_2_x86_64",
        "musllinux_1_1_x86_64",
    ]
    mac = Machine("3.13", "macosx_14_0_arm64")
    assert (mac.platforms(), mac.system, mac.processor) == ([mac.platform], "Darwin", "arm64")


def test_the_machine_is_the_projects_by_default(project: Project) -> None:
    assert machine(project, None, None) == Machine("3.12", this_platform())
    assert machine(project, "3.13", "musllinux_1_2_x86_64").tag == "cp313-musllinux_1_2_x86_64"
    for python, platform in (("3.12.1", None), ("latest", None), (None, "win_amd64"), (None, "x")):
        with pytest.raises(PreflightError):
            machine(project, python, platform)


def test_requirements_are_those_of_the_machine() -> None:
    exported = (
        "a==1 \\\n    --hash=sha256:11 \\\n    --hash=sha256:22\n"
        "b==1 ; python_full_version < '3.12' \\\n    --hash=sha256:33\n"
        "b==2 ; python_full_version >= '3.12' \\\n    --hash=sha256:44\n"
        "c==1 ; sys_platform == 'win32' \\\n    --hash=sha256:55\n"
        "d==1 ; python_full_version < '3.12.4' and platform_machine == 'x86_64' \\\n"
        "    --hash=sha256:66\n"
    )
    assert lockfile.for_machine(exported, LINUX) == (
        "a==1 \\\n    --hash=sha256:11 \\\n    --hash=sha256:22\n"
        "b==2 \\\n    --hash=sha256:44\nd==1 \\\n    --hash=sha256:66\n"
    )


def tiny_wheel(folder: Path, name: str, version: str) -> str:
    """Write a wheel, and return its requirement."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}.py", "")
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        wheel.writestr(f"{info}/METADATA", metadata)
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def test_wheels_of_the_build_before_need_no_network(tmp_path: Path, no_index: None) -> None:
    house, work, listed = tmp_path / "house", tmp_path / "work", tmp_path / "requirements.txt"
    work.mkdir()
    tiny_wheel(house, "old", "1.0")
    listed.write_text(tiny_wheel(house, "new", "2.0"))
    assert [path.name for path in wheels.fill(LINUX, listed, house, work)] == [
        "new-2.0-py3-none-any.whl"
    ]
    assert len(list(house.iterdir())) == 1


def test_no_wheels_and_no_network_is_said(tmp_path: Path, no_index: None) -> None:
    listed = tmp_path / "requirements.txt"
    listed.write_text(f"flask==3.1.3 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(FlaskdashError, match="the package index can't be reached"):
        wheels.fill(LINUX, listed, tmp_path / "house", tmp_path)
    assert not (tmp_path / "house").exists()


def test_a_requirement_with_no_wheel_is_named(
    tmp_path: Path, no_index: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    listed = tmp_path / "requirements.txt"
    listed.write_text(f"flask==3.1.3 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(FlaskdashError, match=r"flask==3\.1\.3 has no wheel for Python 3\.12 on"):
        wheels.fill(LINUX, listed, tmp_path / "house", tmp_path)


# --- the archive ---


def test_an_archive_depends_on_its_content_alone(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("same")
    two.write_text("same")
    os.utime(two, (1, 1))
    two.chmod(0o600)
    entries = [Entry("d/b", b"b", executable=True), Entry("d/a", one)]
    archive.write(tmp_path / "1.tar.gz", entries)
    archive.write(tmp_path / "2.tar.gz", [Entry("d/a", two), entries[0]])
    assert (tmp_path / "1.tar.gz").read_bytes() == (tmp_path / "2.tar.gz").read_bytes()
    with tarfile.open(tmp_path / "1.tar.gz") as tar:
        assert [(info.name, info.mode, info.uid, info.uname) for info in tar] == [
            ("d/a", 0o644, 0, ""),
            ("d/b", 0o755, 0, ""),
        ]


def test_an_edit_that_keeps_the_size_changes_the_time(tmp_path: Path) -> None:
    times = []
    for text in (b"limit = 5", b"limit = 6"):
        archive.write(tmp_path / "x.tar.gz", [Entry("x", text)])
        with tarfile.open(tmp_path / "x.tar.gz") as tar:
            times.append(tar.getmember("x").mtime)
    assert times[0] != times[1]


# --- the plan, and its one effect ---


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let a build take no wheels, and the preflight hold."""
    monkeypatch.setattr(rules, "ALL", ())
    monkeypatch.setattr(wheels, "fill", lambda *_: [])


def lock(project: Project) -> None:
    subprocess.run([environment.uv(), "lock", "-q", "--offline"], cwd=project.root, check=True)


def invoke(project: Project, monkeypatch: pytest.MonkeyPatch, *args: str) -> Any:
    monkeypatch.chdir(project.root)
    return CliRunner().invoke(command, args)


def test_a_dry_run_prints_every_step_and_changes_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(project.root)
    result = invoke(
        project, monkeypatch, "bundle", "--dry-run", "--platform", "manylinux_2_28_aarch64"
    )
    assert result.exit_code == 0, result.output
    assert snapshot(project.root) == before
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
        "Nothing was done: that was --dry-run.",
    ]


def test_check_runs_the_preflight_alone(
    project: Project, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(project.root)
    assert invoke(project, monkeypatch, "bundle", "--check").exit_code == 0
    assert snapshot(project.root) == before


def test_a_failed_preflight_exits_with_2_and_writes_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(project.root)
    result = invoke(project, monkeypatch, "bundle")
    assert result.exit_code == 2
    assert "the preflight failed (lock, environment, tests); nothing was built" in result.output
    (project.root / "dist/.deploy.lock").unlink(missing_ok=True)
    assert snapshot(project.root) == before


def test_two_deploys_at_once_are_one_too_many(
    project: Project, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock(project)
    hold = (
        "import sys; from pathlib import Path\n"
        "from flaskdash.deploy import targets; from flaskdash.project import Project\n"
        "with targets.alone(Project.find(Path.cwd())):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    first = subprocess.Popen(
        [sys.executable, "-c", hold],
        cwd=project.root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"held\n"
        result = invoke(project, monkeypatch, "bundle")
        assert result.exit_code == 2
        assert (
            "another deploy of this project is under way; nothing was built\nTry: " in result.output
        )
        assert invoke(project, monkeypatch, "bundle", "--check").exit_code == 0
        assert not list((project.root / "dist").glob("*.tar.gz"))
        first.kill()
    assert invoke(project, monkeypatch, "bundle").exit_code == 0


def test_a_failed_build_exits_with_3(
    project: Project, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = invoke(project, monkeypatch, "--check")
    assert result.exit_code == 0
    result = invoke(project, monkeypatch)  # there is no lock to export
    assert result.exit_code == 3
    assert "uv failed" in result.output
    assert [path.name for path in (project.root / "dist").iterdir()] == [".deploy.lock"]


@pytest.mark.parametrize(
    ("error", "expected"),
    [(KeyboardInterrupt(), KeyboardInterrupt), (OSError(28, "No space left"), BuildError)],
)
def test_a_build_that_is_cut_short_leaves_nothing(
    project: Project,
    quick: None,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    expected: type[BaseException],
) -> None:
    def cut(output: Path, _: object) -> None:
        output.write_bytes(b"half")
        raise error

    lock(project)
    monkeypatch.setattr(archive, "write", cut)
    with pytest.raises(expected):
        bundle.plan(project, None, None).run(print)
    assert list((project.root / "dist").iterdir()) == []


def test_what_a_killed_build_left_is_removed_later(project: Project, quick: None) -> None:
    lock(project)
    stale, running = (project.root / "dist" / f".building-{name}" for name in "ab")
    for folder in (stale, running):
        folder.mkdir(parents=True)
    os.utime(stale, (1, 1))
    bundle.plan(project, None, None).run(print)
    kept = {path.name for path in (project.root / "dist").iterdir()}
    assert kept == {".building-b", "tiny-1.2.0.tar.gz"}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('version = "1.2.0"', "", "'' can't be the version of a bundle"),
        ('name = "tiny"', 'name = "../x"', "'../x' can't be the name of a bundle"),
        (">=3.11", ">=3.13", "the project needs Python >=3.13, and the bundle would be for 3.12"),
    ],
)
def test_settings_that_make_no_bundle(project: Project, old: str, new: str, says: str) -> None:
    build(project.root, {"pyproject.toml": PYPROJECT.replace(old, new)})
    with pytest.raises(PreflightError) as error:
        bundle.plan(Project.find(project.root), None, None)
    assert error.value.message == says


# --- the target that is remembered ---


def test_a_named_target_is_remembered_once_and_said(
    project: Project, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock(project)
    result = invoke(project, monkeypatch, "bundle")
    assert result.exit_code == 0, result.output
    line = 'remember  production = "bundle" in pyproject.toml, for `flaskdash deploy`'
    assert line in result.output
    assert (project.root / "pyproject.toml").read_text() == PYPROJECT.replace(
        'title = "Tiny"\n', 'title = "Tiny"\n\n[tool.flaskdash.targets]\nproduction = "bundle"\n'
    )
    first = (project.root / "dist/tiny-1.2.0.tar.gz").read_bytes()
    again = invoke(project, monkeypatch)
    assert again.exit_code == 0
    assert "remember" not in again.output
    assert (project.root / "dist/tiny-1.2.0.tar.gz").read_bytes() == first


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('title = "T" # ours\n', 'title = "T" # ours\n\n[tool.flaskdash.targets]\n'),
        ("[tool.flaskdash.targets] # none yet\n", "[tool.flaskdash.targets] # none yet\n"),
    ],
)
def test_remembering_keeps_the_file_as_it_is(
    project: Project, end: str, before: str, after: str
) -> None:
    head = f'# first{end}[project]{end}name   =   "tiny"{end}{end}[tool.flaskdash]{end}'
    file = project.root / "pyproject.toml"
    file.write_bytes((head + before.replace("\n", end)).encode())
    file.chmod(0o640)
    (project.root / ".venv").mkdir()
    environment.stamp(project.root)
    targets.remember(project, targets.Choice("production", Place("bundle", "bundle")), print)
    expected = head + after.replace("\n", end) + f'production = "bundle"{end}'
    assert file.read_bytes().decode() == expected
    assert file.stat().st_mode & 0o777 == 0o640
    assert environment.is_fresh(project.root)
    assert not list(project.root.glob(".pyproject*"))


BUNDLE = Place("bundle", "bundle")


def test_which_target_is_taken(project: Project) -> None:
    Choice = targets.Choice
    assert targets.choose(project) == Choice("production", BUNDLE)
    assert targets.choose(project, None, lambda: "bundle") == Choice("production", BUNDLE, True)
    assert targets.choose(project, "bundle").is_new
    targets.remember(project, Choice("production", BUNDLE), print)
    for said in ("production", "bundle", None):
        assert targets.choose(project, said) == Choice("production", BUNDLE)
    named = targets.choose(project, "bundle", name="offline")
    assert (named.name, named.is_new) == ("offline", True)


def test_settings_are_remembered_with_the_address(project: Project) -> None:
    choice = targets.choose(project, "bundle", name="arm", settings={"python": "3.13"})
    said: list[str] = []
    targets.remember(project, choice, said.append)
    line = 'arm = {address = "bundle", python = "3.13"}'
    assert said == [f"remember  {line} in pyproject.toml, for `flaskdash deploy arm`"]
    assert line in (project.root / "pyproject.toml").read_text()
    assert targets.choose(project, "arm") == replace(choice, is_new=False)
    other = targets.choose(project, "arm", settings={"python": "3.12"})
    assert other.is_new
    assert other.place.settings == {"python": "3.12"}


def test_a_setting_that_a_target_does_not_take_is_refused(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = invoke(project, monkeypatch, "bundle", "--domain", "example.org")
    assert result.exit_code == 1
    assert "a bundle takes no domain" in result.output


@pytest.mark.parametrize(
    ("said", "kind"),
    [("bundle", "bundle"), ("ssh://me@host:22", "ssh"), ("git+ssh://a/b", "git"), ("a:b", "a:b")],
)
def test_the_kind_of_an_address(said: str, kind: str) -> None:
    assert targets.parse(said, {}) == Place(kind, said)


@pytest.mark.parametrize("args", [["releases"], ["rollback"], ["status"], ["logs"], ["open"]])
def test_what_a_bundle_has_not_is_said(
    project: Project, monkeypatch: pytest.MonkeyPatch, args: list[str]
) -> None:
    monkeypatch.chdir(project.root)
    runner = CliRunner()
    result = runner.invoke(cli, args)
    assert result.exit_code == 1
    assert "this project has no target yet\nTry: flaskdash deploy TARGET" in result.output
    targets.remember(project, targets.Choice("production", BUNDLE), print)
    result = runner.invoke(cli, args)
    assert result.exit_code == 1
    assert result.output.startswith("Error: a bundle ")


def test_json_tells_failures_too(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    result = invoke(project, monkeypatch, "bundle", "--json")
    assert result.exit_code == 2
    told = json.loads(result.stdout)
    assert told["exit_code"] == 2
    assert "the preflight failed" in told["error"]
    assert "the preflight failed" in result.stderr


def test_json_tells_the_outcome_alone_on_stdout(
    project: Project, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock(project)
    result = invoke(project, monkeypatch, "bundle", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {
        "target": "production",
        "address": "bundle",
        "release": "",
        "url": "",
        "file": "dist/tiny-1.2.0.tar.gz",
    }


@pytest.mark.parametrize("name", ["KEY=v", "a-b", ""])
def test_a_secret_is_named_without_its_value(
    project: Project, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(project.root)
    result = CliRunner().invoke(cli, ["secrets", "set", name])
    assert result.exit_code == 1
    assert "is not a name for a setting" in result.output
    assert "=v" not in result.output


def test_an_unknown_target_names_the_known_ones(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = invoke(project, monkeypatch, "moon")
    assert result.exit_code == 1
    assert "no target 'moon'\nTry: one of: bundle" in result.output
    build(project.root, {"pyproject.toml": PYPROJECT + '[tool.flaskdash.targets]\nx = "moon"\n'})
    assert "no target 'moon'" in invoke(project, monkeypatch).output
    broken = PYPROJECT.replace('title = "Tiny"', "targets = 3")
    build(project.root, {"pyproject.toml": broken})
    assert "targets in pyproject.toml is not a table" in invoke(project, monkeypatch).output


# --- the start script, with an environment that is made of small scripts ---


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    """Return an unpacked bundle for this very machine, whose web process prints what it got."""
    root = tmp_path / "un packed"
    build(root, {"requirements.txt": "", "wheels/x": ""})
    here = Machine(f"{sys.version_info.major}.{sys.version_info.minor}", this_platform())
    web = """python -c 'import os; print(os.environ["PORT"], os.getcwd(), os.getppid())'"""
    script(root / "start", bundle.start_script(here, web).partition("\n")[2])
    return root


def complete(root: Path) -> None:
    """Make the environment as it is when it is complete."""
    script(root / ".venv/bin/python", f'exec "{sys.executable}" "$@"')
    listed = (root / "requirements.txt").read_bytes()
    shown = subprocess.run(["cksum"], input=listed, capture_output=True)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    stamp = f"{version} {shown.stdout.decode().strip()} {root}\n"
    build(root, {".venv/.complete": stamp})


def start(root: Path, **env: str) -> "subprocess.CompletedProcess[str]":
    given = {"PATH": os.environ["PATH"], **env}
    return subprocess.run([root / "start"], cwd="/", env=given, capture_output=True, text=True)


def test_start_takes_a_complete_environment_and_the_port(unpacked: Path) -> None:
    complete(unpacked)
    done = start(unpacked)
    assert done.returncode == 0, done.stderr
    # Our own process is its parent: nothing stands between, so that signals reach it.
    assert done.stdout == f"8000 {unpacked} {os.getpid()}\n"
    assert "making .venv" not in done.stderr
    assert start(unpacked, PORT="9001").stdout.startswith("9001 ")


def test_start_makes_one_secret_unless_there_is_one(unpacked: Path) -> None:
    complete(unpacked)
    build(unpacked, {".env": "TITLE=x"})
    assert "wrote a new SECRET_KEY" not in start(unpacked, SECRET_KEY="given").stderr
    assert "wrote a new SECRET_KEY" in start(unpacked, SECRET_KEY="").stderr
    env = (unpacked / ".env").read_text()
    assert re.fullmatch(r"TITLE=x\nSECRET_KEY=[0-9a-f]{64}\n", env)
    assert (unpacked / ".env").stat().st_mode & 0o777 == 0o600
    assert "wrote a new SECRET_KEY" not in start(unpacked).stderr
    assert (unpacked / ".env").read_text() == env


def test_start_does_an_interrupted_environment_again(unpacked: Path) -> None:
    complete(unpacked)
    (unpacked / ".venv/.complete").unlink()
    (unpacked / ".venv/half").touch()
    done = start(unpacked, PYTHON=sys.executable)
    assert done.returncode == 0, done.stderr
    assert "making .venv" in done.stderr
    assert not (unpacked / ".venv/half").exists()
    assert "making .venv" not in start(unpacked, PYTHON=sys.executable).stderr


def test_start_says_what_is_wrong_with_the_python(unpacked: Path, tmp_path: Path) -> None:
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
    done = start(unpacked, PYTHON=str(tools / "bare"))
    assert f"apt install python{version}-venv" in done.stderr
    assert done.returncode == 1
    assert not (unpacked / ".venv").exists()


def test_start_refuses_another_machine(unpacked: Path) -> None:
    other = bundle.start_script(Machine("3.12", "macosx_99_0_sparc"), "true")
    script(unpacked / "start", other.partition("\n")[2])
    done = start(unpacked)
    assert done.returncode == 1
    assert "the wheels are for macosx_99_0_sparc, and this is " in done.stderr


# --- from nothing to a chart, with no network ---

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
        assert server.poll() is None, "it ended"
        time.sleep(0.1)
    seen = {"up": get("/up"), "page": get("/"), "network": answers("http://192.0.2.1/")}
    seen["figure"] = json.loads(get(f"/charts/{chart}/figure.json"))
    server.terminate()
    seen["code"] = server.wait(30)
    seen["still there"] = answers(up)
finally:
    server.kill()
print(json.dumps(seen))
"""


def no_network() -> list[str]:
    """Return what to put before a command so that it has loopback and no other network."""
    alone = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    try:
        works = subprocess.run([*alone, "true"], capture_output=True).returncode == 0
    except OSError:
        works = False
    return alone if works else []


def test_a_bundle_starts_with_no_network_and_serves_a_chart(tmp_path: Path) -> None:
    def flaskdash(*args: str, cwd: Path) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "flaskdash", *args], cwd=cwd, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    flaskdash("new", "myproj", cwd=tmp_path)
    project = Project.find(tmp_path / "myproj")
    said = flaskdash("deploy", "bundle", cwd=project.root)
    assert "FAIL" not in said
    assert "tar xzf dist/myproj-0.1.0.tar.gz && cd myproj-0.1.0 && PORT=8000 ./start" in said
    packed = project.root / "dist/myproj-0.1.0.tar.gz"
    first = hashlib.sha256(packed.read_bytes()).digest()

    # Another time and other permissions, and no index, don't make another bundle.
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
    key = leaks.of_project(project)["SECRET_KEY in .env"].encode()
    assert key not in gzip.decompress(packed.read_bytes())

    refusing = {"PIP_INDEX_URL": "http://127.0.0.1:9", "UV_INDEX": "http://127.0.0.1:9"}
    alone = no_network()
    chart = next(one.name for one in contents.charts(project).values() if one.kind == "figure")
    client = [sys.executable, "-c", CLIENT, str(root / "start"), str(free_port())]
    done = subprocess.run(
        [*alone, *client, chart.replace("_", "-")],
        env={"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **refusing},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["up"].strip() == "up"
    assert "<title>" in seen["page"]
    assert seen["figure"]["data"]
    assert (seen["code"], seen["still there"]) == (0, False)
    assert not (alone and seen["network"])
    assert "Traceback" not in done.stderr
    assert (root / ".env").stat().st_mode & 0o777 == 0o600
