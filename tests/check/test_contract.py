"""The contract: each name is checked and documented, and no more names are used."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from flaskdash.check.boots import boots
from flaskdash.check.contract import contract
from flaskdash.contract import PROMISES, Promise
from flaskdash.project import Project
from tests.support.fixtures import Cli
from tests.support.projects import borrow_environment, copy_project

ROOT = Path(__file__).parents[2]
MINIMAL = ROOT / "tests/support/minimal"


@pytest.fixture
def minimal(shared_project: Path, tmp_path: Path) -> Project:
    """Return a project that has the names of the contract and nothing else."""
    folder = tmp_path / "minimal"
    shutil.copytree(MINIMAL, folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(shared_project / "pyproject.toml", folder)
    borrow_environment(folder, shared_project)
    return Project.find(folder)


def test_a_generated_project_keeps_the_contract(shared_project: Path) -> None:
    assert list(contract(Project.find(shared_project))) == []


def test_a_minimal_project_is_enough(
    minimal: Project, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(minimal.root)
    assert list(contract(minimal)) == []
    assert list(boots(minimal)) == []
    assert "3 rows" in flaskdash("refresh").output
    child = ROOT / "flaskdash/deploy/static/child.py"
    command = [minimal.python, child, "dist/static", "release-1"]
    export = subprocess.run(command, cwd=minimal.root, capture_output=True, text=True)
    assert export.returncode == 0, export.stderr
    assert ">6</a>" in (minimal.root / "dist/static/charts/total.html").read_text("utf-8")
    assert (minimal.root / "dist/static/charts/total.csv").read_text("utf-8") == "n\n1\n2\n3\n"


# The replacement that removes each name from the minimal project.
REMOVED = {
    "app.create_app": ("def create_app(", "def make_app("),
    "app.engine": ('app.extensions["engine"] =', 'app.extensions["motor"] ='),
    "engine.data": ("    data: dict[str, Data] = field(", "    numbers: dict[str, Data] = field("),
    "engine.charts": (
        "    charts: dict[str, Chart] = field(",
        "    kpis: dict[str, Chart] = field(",
    ),
    "engine.cache": ("    cache: Cache = field(", "    answers: Cache = field("),
    "chart.kind": ('kind: str = "kpi"', "pass"),
    "chart.draw": ("draw: Callable[[pd.DataFrame], Any] = total.kpi", "pass"),
    "chart.filters": ("filters: dict[str, str] = field(default_factory=dict)", "pass"),
    "cache.code_version": ('code_version: str = "1"', "pass"),
}


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.id)
def test_each_missing_name_is_a_finding_with_its_line(minimal: Project, promise: Promise) -> None:
    renamed = {
        "config": (f'"{promise.name}"', '"RENAMED"'),
        "route": (f'get("{promise.name}")', 'get("/renamed")'),
    }
    default = (f"def {promise.name}(", "def renamed(")
    old, new = REMOVED.get(promise.id) or renamed.get(promise.owner) or default
    file = minimal.root / "app/__init__.py"
    code = file.read_text("utf-8")
    assert code.count(old) == 1
    file.write_text(code.replace(old, new), "utf-8")
    (finding,) = contract(minimal)
    assert finding.sentence.startswith(f"{promise.file} lacks {promise.id}, which ")
    assert promise.line in finding.fix


def test_code_that_cannot_be_imported_is_a_finding(minimal: Project) -> None:
    file = minimal.root / "app/__init__.py"
    file.write_text(file.read_text("utf-8") + "\nimport nowhere\n", "utf-8")
    (finding,) = contract(minimal)
    assert finding.sentence == "create_app() fails: ModuleNotFoundError: No module named 'nowhere'"


def test_the_lines_are_those_of_a_generated_project(made: Path) -> None:
    for promise in PROMISES:
        line = promise.line.partition("...")[0].partition("):")[0]
        assert line in (made / promise.file).read_text("utf-8"), promise.id


def test_the_docs_and_the_readme_have_each_name(made: Path) -> None:
    docs = (ROOT / "docs/contract.md").read_text("utf-8")
    assert re.findall(
        r"^\| `([a-z]+\.[\w/]+)` \|", docs.partition("## Files")[0], re.MULTILINE
    ) == [promise.id for promise in PROMISES]
    readme = (made / "README.md").read_text("utf-8")
    for promise in PROMISES:
        if promise.owner in {"config", "engine", "route"}:
            assert f"`{promise.name}" in readme, promise.id


def test_renaming_private_functions_leaves_the_static_export_working(
    shared_project: Path, tmp_path: Path
) -> None:
    copy_project(shared_project, tmp_path / "shop")
    project = Project.find(tmp_path / "shop")
    for chart in (project.root / "app/charts").glob("[a-z]*.py"):  # one filter: few pages
        text = chart.read_text("utf-8")
        chart.write_text(re.sub("FILTERS = .*", 'FILTERS = ["region"]', text), "utf-8")
    files = [*(project.root / "app").glob("*.py"), *(project.root / "app/engine").glob("*.py")]
    texts = {file: file.read_text("utf-8") for file in files}
    names = {name for text in texts.values() for name in re.findall(r"def (_[a-z]\w*)\(", text)}
    assert len(names) > 20
    pattern = re.compile(rf"(?<![\w/])({'|'.join(names)})\b")
    for file, text in texts.items():
        file.write_text(pattern.sub(r"\1_renamed", text), "utf-8")
    assert list(contract(project)) == []
    child = ROOT / "flaskdash/deploy/static/child.py"
    command = [project.python, child, "dist/static", "release-1"]
    export = subprocess.run(command, cwd=project.root, capture_output=True, text=True)
    assert export.returncode == 0, export.stderr
    assert (project.root / "dist/static/index.html").exists()
