"""The files that are shipped."""

import shutil
import sys

import pytest

from flaskdash.check import rules
from flaskdash.project import Project
from flaskdash.ship import files
from tests.support.tiny import TREE, build, sentences

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links and shell scripts")


@pytest.mark.parametrize("with_git", [True, False])
def test_the_files_that_are_shipped(tiny_project: Project, with_git: bool) -> None:
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
    build(tiny_project.root, dict.fromkeys([*left_out, *taken], "x"))
    if not with_git:
        shutil.rmtree(tiny_project.root / ".git")
    (tiny_project.root / "data/gone.csv").symlink_to("nowhere")
    expected = {*taken, *TREE} - {".env"}
    assert {str(path) for path in files.shipped(tiny_project)} == expected
    notes = sentences(rules.data(tiny_project))
    assert any("the project is not in git" in note for note in notes) is not with_git


def test_without_git_hidden_files_stay_but_for_the_projects_own(tiny_project: Project) -> None:
    shutil.rmtree(tiny_project.root / ".git")
    taken = [".env.example", ".dockerignore", "app/static/.well-known/x", "certs/public.pem"]
    left_out = [".vscode/launch.json", ".direnv/x", ".bash_history", "app/.x.py.swp"]
    build(tiny_project.root, dict.fromkeys([*taken, *left_out], "x"))
    assert {str(path) for path in files.shipped(tiny_project)} == {*taken, *TREE} - {".env"}
