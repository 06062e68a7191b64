"""Secrets in the files that a deploy ships."""

import shutil
from pathlib import Path

import pytest

from flaskdash.check import rules
from flaskdash.project import Project
from flaskdash.ship import leaks
from tests.support.tiny import KEY, build, sentences


@pytest.mark.parametrize("with_git", [True, False])
def test_secrets_of_several_files_are_found(tiny_project: Project, with_git: bool) -> None:
    if not with_git:
        shutil.rmtree(tiny_project.root / ".git")
    build(
        tiny_project.root,
        {
            ".envrc": "export DB_PASSWORD=correct-horse-battery\n",
            ".env.local": "API_KEY='staple-of-the-api'\n",
            ".env.example": "API_KEY=put-yours-in-here\n",
            "README.md": "put-yours-in-here",
            "app/db.py": "URL = 'postgresql://shop:correct-horse-battery@db/shop'\n",
            "data/notes.txt": "staple-of-the-api",
        },
    )
    assert sentences(rules.no_secrets(tiny_project)) == [
        "app/db.py contains the value of DB_PASSWORD in .envrc",
        "data/notes.txt contains the value of API_KEY in .env.local",
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("-----BEGIN OPENSSH " + "PRIVATE KEY-----", "a private key"),
        ("id = 'AKIA" + "A7" * 8 + "'", "an AWS access key"),
        ("ghp" + "_" + "a1" * 18, "a GitHub token"),
        ("github" + "_pat_" + "a1_" * 20, "a GitHub token"),
        ("glpat" + "-" + "a1" * 10, "a GitLab token"),
        ("//registry.example/:_authToken=npm" + "_" + "a1" * 18, "an npm token"),
        ("pypi" + "-AgEIcHlwaS5vcmc" + "a1" * 40, "a PyPI token"),
        ("xox" + "b-1234567890-" + "a1" * 12, "a Slack token"),
        ("sk" + "_live_" + "a1" * 12, "a Stripe key"),
        ("AKIA", None),
        ("npm_config_registry", None),
    ],
)
def test_tokens_of_known_services_are_found(tmp_path: Path, text: str, kind: str | None) -> None:
    (tmp_path / "x").write_text(f"a {text}\n")
    assert list(leaks.search(tmp_path / "x", {})) == ([kind] if kind else [])


def test_which_values_of_env_are_secrets(tiny_project: Project) -> None:
    build(
        tiny_project.root,
        {
            ".env": "A='quoted secret 1'\nexport B=plain-secret-2 # ours\n"
            "SHORT=abc\nFLASK_APP=app:create_app\n# C=commented-out-3\nEMPTY=\n"
        },
    )
    assert leaks.project_secrets(tiny_project) == {
        "A in .env": "quoted secret 1",
        "B in .env": "plain-secret-2",
    }


def test_a_secret_across_two_chunks_is_found_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaks, "CHUNK", 7)
    (tmp_path / "x").write_text(f"{'-' * 50}{KEY}{'-' * 200}{KEY}")
    assert list(leaks.search(tmp_path / "x", {"KEY": KEY, "OTHER": KEY + "0"})) == ["KEY"]
