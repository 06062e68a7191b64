"""The targets by name, as a project remembers them."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from flaskdash.cli import cli
from flaskdash.deploy import targets
from flaskdash.deploy.target import Place
from flaskdash.project import Project, environment
from tests.support.deploying import invoke, lock
from tests.support.tiny import PYPROJECT, build


def test_a_named_target_is_remembered_once_and_said(
    tiny_project: Project, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock(tiny_project)
    result = invoke(tiny_project, monkeypatch, "bundle")
    assert result.exit_code == 0, result.output
    line = 'remember  production = "bundle" in pyproject.toml, for `flaskdash deploy`'
    assert line in result.output
    assert (tiny_project.root / "pyproject.toml").read_text() == PYPROJECT.replace(
        'title = "Tiny"\n', 'title = "Tiny"\n\n[tool.flaskdash.targets]\nproduction = "bundle"\n'
    )
    first = (tiny_project.root / "dist/tiny-1.2.0.tar.gz").read_bytes()
    again = invoke(tiny_project, monkeypatch)
    assert again.exit_code == 0
    assert "remember" not in again.output
    assert (tiny_project.root / "dist/tiny-1.2.0.tar.gz").read_bytes() == first


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('title = "T" # ours\n', 'title = "T" # ours\n\n[tool.flaskdash.targets]\n'),
        ("[tool.flaskdash.targets] # none yet\n", "[tool.flaskdash.targets] # none yet\n"),
    ],
)
def test_remembering_keeps_the_file_as_it_is(
    tiny_project: Project, end: str, before: str, after: str
) -> None:
    head = f'# first{end}[project]{end}name   =   "tiny"{end}{end}[tool.flaskdash]{end}'
    file = tiny_project.root / "pyproject.toml"
    file.write_bytes((head + before.replace("\n", end)).encode())
    file.chmod(0o640)
    (tiny_project.root / ".venv").mkdir()
    environment.stamp(tiny_project.root)
    targets.remember(tiny_project, targets.Choice("production", Place("bundle", "bundle")), print)
    expected = head + after.replace("\n", end) + f'production = "bundle"{end}'
    assert file.read_bytes().decode() == expected
    assert file.stat().st_mode & 0o777 == 0o640
    assert environment.is_fresh(tiny_project.root)
    assert not list(tiny_project.root.glob(".pyproject*"))


BUNDLE = Place("bundle", "bundle")


def test_which_target_is_taken(tiny_project: Project) -> None:
    Choice = targets.Choice
    assert targets.choose(tiny_project) == Choice("production", BUNDLE)
    assert targets.choose(tiny_project, None, lambda: "bundle") == Choice(
        "production", BUNDLE, True
    )
    assert targets.choose(tiny_project, "bundle").is_new
    targets.remember(tiny_project, Choice("production", BUNDLE), print)
    for said in ("production", "bundle", None):
        assert targets.choose(tiny_project, said) == Choice("production", BUNDLE)
    named = targets.choose(tiny_project, "bundle", name="offline")
    assert (named.name, named.is_new) == ("offline", True)


def test_settings_are_remembered_with_the_address(tiny_project: Project) -> None:
    choice = targets.choose(tiny_project, "bundle", name="arm", settings={"python": "3.13"})
    said: list[str] = []
    targets.remember(tiny_project, choice, said.append)
    line = 'arm = {address = "bundle", python = "3.13"}'
    assert said == [f"remember  {line} in pyproject.toml, for `flaskdash deploy arm`"]
    assert line in (tiny_project.root / "pyproject.toml").read_text()
    assert targets.choose(tiny_project, "arm") == replace(choice, is_new=False)
    other = targets.choose(tiny_project, "arm", settings={"python": "3.12"})
    assert other.is_new
    assert other.place.settings == {"python": "3.12"}


def test_a_setting_that_a_target_does_not_take_is_refused(
    tiny_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = invoke(tiny_project, monkeypatch, "bundle", "--domain", "example.org")
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
    tiny_project: Project, monkeypatch: pytest.MonkeyPatch, args: list[str]
) -> None:
    monkeypatch.chdir(tiny_project.root)
    runner = CliRunner()
    result = runner.invoke(cli, args)
    assert result.exit_code == 1
    assert "this project has no target yet\nTry: flaskdash deploy TARGET" in result.output
    targets.remember(tiny_project, targets.Choice("production", BUNDLE), print)
    result = runner.invoke(cli, args)
    assert result.exit_code == 1
    assert result.output.startswith("Error: a bundle ")


def test_json_tells_failures_too(tiny_project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    result = invoke(tiny_project, monkeypatch, "bundle", "--json")
    assert result.exit_code == 2
    told = json.loads(result.stdout)
    assert told["exit_code"] == 2
    assert "the preflight failed" in told["error"]
    assert "the preflight failed" in result.stderr


def test_json_tells_the_outcome_alone_on_stdout(
    tiny_project: Project, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock(tiny_project)
    result = invoke(tiny_project, monkeypatch, "bundle", "--json")
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
    tiny_project: Project, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tiny_project.root)
    result = CliRunner().invoke(cli, ["secrets", "set", name])
    assert result.exit_code == 1
    assert "is not a name for a setting" in result.output
    assert "=v" not in result.output


def test_an_unknown_target_names_the_known_ones(
    tiny_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = invoke(tiny_project, monkeypatch, "moon")
    assert result.exit_code == 1
    assert "no target 'moon'\nTry: one of: bundle" in result.output
    build(
        tiny_project.root, {"pyproject.toml": PYPROJECT + '[tool.flaskdash.targets]\nx = "moon"\n'}
    )
    assert "no target 'moon'" in invoke(tiny_project, monkeypatch).output
    broken = PYPROJECT.replace('title = "Tiny"', "targets = 3")
    build(tiny_project.root, {"pyproject.toml": broken})
    assert "targets in pyproject.toml is not a table" in invoke(tiny_project, monkeypatch).output
