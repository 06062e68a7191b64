"""Targets: how they are chosen, remembered and loaded."""

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


def test_a_target_is_remembered_once_and_the_command_prints_it(
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
def test_remember_preserves_comments_and_formatting(
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


def test_the_order_in_which_a_target_is_chosen(tiny_project: Project) -> None:
    Choice = targets.Choice
    assert targets.choose(tiny_project) == Choice("production", BUNDLE)
    assert targets.choose(tiny_project, None, lambda: "bundle") == Choice(
        "production", BUNDLE, True
    )
    assert targets.choose(tiny_project, "bundle").is_new
    targets.remember(tiny_project, Choice("production", BUNDLE), print)
    for name in ("production", "bundle", None):
        assert targets.choose(tiny_project, name) == Choice("production", BUNDLE)
    named = targets.choose(tiny_project, "bundle", name="offline")
    assert (named.name, named.is_new) == ("offline", True)


def test_settings_are_remembered_with_the_address(tiny_project: Project) -> None:
    choice = targets.choose(tiny_project, "bundle", name="arm", settings={"python": "3.13"})
    lines: list[str] = []
    targets.remember(tiny_project, choice, lines.append)
    line = 'arm = {address = "bundle", python = "3.13"}'
    assert lines == [f"remember  {line} in pyproject.toml, for `flaskdash deploy arm`"]
    assert line in (tiny_project.root / "pyproject.toml").read_text()
    assert targets.choose(tiny_project, "arm") == replace(choice, is_new=False)
    changed = targets.choose(tiny_project, "arm", settings={"python": "3.12"})
    assert changed.is_new
    assert changed.place.settings == {"python": "3.12"}


@pytest.mark.parametrize("name", ["", " ", "a b", "a\nb", "-x", "ssh://a"])
def test_a_target_needs_a_name_that_can_be_typed(
    tiny_project: Project, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    result = invoke(tiny_project, monkeypatch, "bundle", "--name", name)
    assert result.exit_code == 1
    assert f"{name!r} cannot be the name of a target" in result.output


def test_a_target_refuses_an_unknown_setting(
    tiny_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = invoke(tiny_project, monkeypatch, "bundle", "--domain", "example.org")
    assert result.exit_code == 1
    assert "The target bundle does not have the setting 'domain'" in result.output


@pytest.mark.parametrize(
    ("address", "kind"),
    [("bundle", "bundle"), ("ssh://me@host:22", "ssh"), ("git+ssh://a/b", "git"), ("a:b", "a:b")],
)
def test_the_kind_of_an_address(address: str, kind: str) -> None:
    assert targets.parse(address, {}) == Place(kind, address)


@pytest.mark.parametrize("address", ["me@example.org", "deploy@10.0.0.7:2222"])
def test_an_address_as_for_ssh_itself_is_that_of_the_ssh_target(address: str) -> None:
    assert targets.parse(address, {}) == Place("ssh", f"ssh://{address}")


@pytest.mark.parametrize("args", [["releases"], ["rollback"], ["status"], ["logs"], ["open"]])
def test_a_bundle_has_no_releases_status_or_log(
    tiny_project: Project, monkeypatch: pytest.MonkeyPatch, args: list[str]
) -> None:
    monkeypatch.chdir(tiny_project.root)
    runner = CliRunner()
    result = runner.invoke(cli, args)
    assert result.exit_code == 1
    assert "This project has not been deployed yet, so it has no target\nTry: " in result.output
    targets.remember(tiny_project, targets.Choice("production", BUNDLE), print)
    result = runner.invoke(cli, args)
    assert result.exit_code == 1
    assert result.output.startswith("Error: The target bundle ")


def test_json_includes_failures(tiny_project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    result = invoke(tiny_project, monkeypatch, "bundle", "--json")
    assert result.exit_code == 2
    failure = json.loads(result.stdout)
    assert failure["exit_code"] == 2
    assert "The preflight failed" in failure["error"]
    assert "The preflight failed" in result.stderr


def test_json_prints_only_the_outcome_on_stdout(
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
def test_an_invalid_name_of_a_secret_is_printed_without_the_value(
    tiny_project: Project, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tiny_project.root)
    result = CliRunner().invoke(cli, ["secrets", "set", name])
    assert result.exit_code == 1
    assert "is not the name of a setting" in result.output
    assert "=v" not in result.output


@pytest.fixture
def stored(tiny_project: Project, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return the settings that a target gets."""
    settings: dict[str, str] = {}
    monkeypatch.chdir(tiny_project.root)
    monkeypatch.setattr(
        "flaskdash.deploy.target.Target.set_secrets",
        lambda _, values, echo: settings.update(values),
    )
    return settings


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
@pytest.mark.parametrize(
    "value", ["a\rb\x0b\x85c", "line 1\nline 2\n", "it's $A \\ \u2028é", "\t x "]
)
def test_a_secret_from_standard_input_is_not_changed(
    stored: dict[str, str], value: str, end: str
) -> None:
    command = ["secrets", "set", "A", "--target", "bundle"]
    result = CliRunner().invoke(cli, command, input=(value.rstrip("\n") + end).encode())
    assert result.exit_code == 0, result.output
    assert stored == {"A": value.rstrip("\n")}


@pytest.mark.parametrize("value", [b"", b"\n", b"a\0b", b"caf\xe9"])
def test_a_secret_that_no_process_can_get_is_refused(stored: dict[str, str], value: bytes) -> None:
    result = CliRunner().invoke(cli, ["secrets", "set", "A", "--target", "bundle"], input=value)
    assert result.exit_code == 1
    assert "Error: The value of A is" in result.output
    assert stored == {}


PUSHED = r"""﻿FIRST=1
A="a\"b\nc"
B='it\'s'
KEY="-----BEGIN KEY-----
SECRET_KEY=evil
-----END KEY-----"
EMPTY=
"""


def test_a_pushed_file_is_read_as_the_project_reads_it(
    stored: dict[str, str], tiny_project: Project
) -> None:
    (tiny_project.root / "live.env").write_text(PUSHED, "utf-8-sig")
    result = CliRunner().invoke(cli, ["secrets", "push", "live.env", "--target", "bundle"])
    assert result.exit_code == 0, result.output
    key = "-----BEGIN KEY-----\nSECRET_KEY=evil\n-----END KEY-----"
    assert stored == {"FIRST": "1", "A": 'a"b\nc', "B": "it's", "KEY": key}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"A=caf\xe9", "live.env is not text in UTF-8."),
        (b"A=1\n$(id)=x", "'$(id)' is not the name of a setting"),
        (b"--flag=x", "'--flag' is not the name of a setting"),
        (b"A='x\0y'", "The value of A is not text in UTF-8."),
    ],
)
def test_a_pushed_file_with_a_name_or_value_that_cannot_be_set_is_refused(
    stored: dict[str, str], tiny_project: Project, content: bytes, message: str
) -> None:
    (tiny_project.root / "live.env").write_bytes(content)
    result = CliRunner().invoke(cli, ["secrets", "push", "live.env", "--target", "bundle"])
    assert result.exit_code == 1
    assert message in result.output
    assert stored == {}


def test_an_unknown_target_lists_the_kinds(
    tiny_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = invoke(tiny_project, monkeypatch, "moon")
    assert result.exit_code == 1
    assert "Unknown target 'moon'. Use one of: bundle" in result.output
    build(
        tiny_project.root, {"pyproject.toml": PYPROJECT + '[tool.flaskdash.targets]\nx = "moon"\n'}
    )
    assert "Unknown target 'moon'" in invoke(tiny_project, monkeypatch).output
    broken = PYPROJECT.replace('title = "Tiny"', "targets = 3")
    build(tiny_project.root, {"pyproject.toml": broken})
    assert "`targets` in pyproject.toml is not a table" in invoke(tiny_project, monkeypatch).output
