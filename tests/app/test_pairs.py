"""Each pair of options in one project: it starts, its checks pass, both are removed without a trace.

All pairs share one environment, which has the packages of all options.
"""

from __future__ import annotations

import itertools
import json
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest
from click.testing import CliRunner

from flaskdash.cli import cli
from tests.support.projects import add_parts, inside, run, snapshot

# The command that adds an option, and what `remove` calls it.
OPTIONS = {
    "database": ("add-database",),
    "auth": ("add-auth",),
    "oidc": ("add-auth", "--oidc"),
    "proxy": ("add-auth", "--proxy-header", "X-Forwarded-User"),
    "passkeys": ("add-auth", "--passkeys"),
    "visits-form": ("add-form", "visits", "--field", "day:date:required", "--field", "scan:file"),
    "sales-upload": ("add-form", "--upload", "sales"),
    "api": ("add-api",),
    "redis": ("add-redis",),
}
PAIRS = [*itertools.combinations(OPTIONS, 2)]
# Each project is started in a fork of a process that has imported all packages.
START_ALL = """
import multiprocessing

def start(root):
    os.chdir(root)
    sys.path.insert(0, root)
    for name in [name for name in sys.modules if name.split(".")[0] == "app"]:
        del sys.modules[name]
    from app import create_app

    flask_app = create_app()
    if "release" in flask_app.cli.commands:
        released = flask_app.test_cli_runner().invoke(args=["release"], catch_exceptions=False)
        assert released.exit_code == 0, released.output
    assert flask_app.test_client().get("/up").status_code == 200

failed = {}
for root in ROOTS:
    process = multiprocessing.get_context("fork").Process(target=start, args=[root])
    process.start()
    process.join(60)
    failed[root] = process.exitcode != 0
print(json.dumps(failed))
"""


@pytest.fixture(scope="module")
def everything(shared_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("everything") / "shop"
    return add_parts(shared_project, root, *OPTIONS.values())


@pytest.fixture(scope="module")
def singles(made_once: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return a project for each option, by its name."""
    folder = tmp_path_factory.mktemp("singles")
    return {name: add(made_once, folder / name / "shop", name) for name in OPTIONS}


@pytest.fixture(scope="module")
def pairs(
    singles: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], Path]:
    """Return a project for each pair of options."""
    folder = tmp_path_factory.mktemp("pairs")
    return {
        (first, second): add(singles[first], folder / first / second / "shop", second)
        for first, second in PAIRS
    }


@pytest.fixture(scope="module", autouse=True)
def known_python() -> Iterator[None]:
    """Spare uv its search for a Python, which takes longer than all else that it does here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UV_PYTHON", sys.executable)
        yield


def add(project: Path, root: Path, name: str) -> Path:
    """Copy a project, and add an option."""
    shutil.copytree(project, root)
    flaskdash(root, *OPTIONS[name])
    return root


def flaskdash(root: Path, *command: str) -> None:
    with chdir(root):
        result = CliRunner().invoke(cli, command)
    assert result.exit_code == 0 or "There is no" in result.output, result.output


def code_of(root: Path) -> dict[str, bytes]:
    """Return what an option writes, but for the packages and the records of parts."""
    return {
        name: content
        for name, content in snapshot(root).items()
        if not name.startswith(".flaskdash/parts/") and name != "pyproject.toml"
    }


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_passes_its_checks(
    name: str, singles: dict[str, Path], everything: Path, tmp_path: Path
) -> None:
    root = tmp_path / "shop"
    shutil.copytree(singles[name], root)
    (root / ".venv").symlink_to(everything / ".venv")
    assert "All checks passed" in run(root, "ruff", "check", "--no-cache")
    assert "already formatted" in run(root, "ruff", "format", "--check", "--no-cache")
    assert "no issues found" in run(root, "mypy")


def test_pairs_start(pairs: dict[tuple[str, str], Path], everything: Path) -> None:
    # The releases of apps write a line for each migration, before the result.
    output = inside(everything, f"ROOTS = {[*map(str, pairs.values())]}" + START_ALL)
    failed = json.loads(re.findall(r"^{.*}$", output, re.MULTILINE)[0])
    assert [pair for pair, root in pairs.items() if failed[str(root)]] == []


@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
def test_a_pair_comes_and_goes(
    pair: tuple[str, str],
    pairs: dict[tuple[str, str], Path],
    singles: dict[str, Path],
    made_once: Path,
    tmp_path: Path,
) -> None:
    """A pair has the files of each alone, in both orders: so ruff and mypy need not run again."""
    (first, second), root = pair, tmp_path / "shop"
    shutil.copytree(pairs[pair], root, ignore=shutil.ignore_patterns("instance", "__pycache__"))
    shutil.copytree(made_once / "instance", root / "instance")
    expected = code_of(singles[first]) | code_of(singles[second])
    assert code_of(root) == expected
    assert code_of(add(singles[second], tmp_path / "reversed", first)) == expected
    # Some options need accounts, and accounts need the database.
    needed = ("auth", "database")
    for name in (*({*pair} - {*needed}), *needed):
        flaskdash(root, "remove", name)
    assert snapshot(root) == snapshot(made_once)
