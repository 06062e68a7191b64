"""The files that a deploy ships."""

import shutil
import sys
from pathlib import PurePosixPath

import pytest

from flaskdash.check import rules
from flaskdash.project import Project
from flaskdash.ship import files
from tests.support.tiny import TREE, build, sentences

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links and shell scripts")


@pytest.mark.parametrize("with_git", [True, False])
def test_a_project_ships_its_files_without_secrets_and_caches(
    tiny_project: Project, with_git: bool
) -> None:
    excluded = [
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
    included = [".env.example", "app/static/dist/x.js", "app/new.py", "Größe 1.md"]
    build(tiny_project.root, dict.fromkeys([*excluded, *included], "x"))
    if not with_git:
        shutil.rmtree(tiny_project.root / ".git")
    (tiny_project.root / "data/gone.csv").symlink_to("nowhere")
    expected = {*included, *TREE} - {".env"}
    assert {str(path) for path in files.shipped(tiny_project)} == expected
    notes = sentences(rules.data(tiny_project))
    assert any("the project is not in git" in note for note in notes) is not with_git


def test_without_git_only_known_hidden_files_are_shipped(tiny_project: Project) -> None:
    shutil.rmtree(tiny_project.root / ".git")
    included = [".env.example", ".dockerignore", "app/static/.well-known/x", "certs/public.pem"]
    excluded = [".vscode/launch.json", ".direnv/x", ".bash_history", "app/.x.py.swp"]
    build(tiny_project.root, dict.fromkeys([*included, *excluded], "x"))
    assert {str(path) for path in files.shipped(tiny_project)} == {*included, *TREE} - {".env"}


@pytest.mark.parametrize(
    ("name", "is_env"),
    [(".env", True), (".env.local", True), (".env.orig", True)]
    + [(".env.example", False), (".env.example.orig", False), ("env.py", False)],
)
def test_which_files_hold_settings(name: str, is_env: bool) -> None:
    assert files.is_env(PurePosixPath(".flaskdash", name)) is is_env
