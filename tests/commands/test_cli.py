"""The command line: help, imports, errors and completion."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pexpect
import pytest

from flaskdash import __version__
from flaskdash.cli import COMMANDS, cli
from tests.support.fixtures import Cli

ROOT = Path(__file__).parents[2]


def command(name: str) -> click.Command:
    result = cli.get_command(click.Context(cli), name)  # type: ignore[attr-defined]
    assert result is not None
    return result  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help_with_an_example_and_is_in_the_readme(
    flaskdash: Cli, name: str
) -> None:
    text = flaskdash(name, "--help").output
    assert f"Example:\n    flaskdash {name}" in text
    assert f"flaskdash {name}" in (ROOT / "README.md").read_text("utf-8")
    for parameter in command(name).params:
        if isinstance(parameter, click.Option):
            assert parameter.help or parameter.name in {"x", "y"}, parameter


def test_each_module_is_a_command() -> None:
    modules = {path.stem for path in (ROOT / "flaskdash/commands").glob("[!_]*.py")}
    assert {name.replace("-", "_") for name in COMMANDS} == modules


def test_version(flaskdash: Cli) -> None:
    assert flaskdash("--version").output == f"flaskdash, version {__version__}\n"


def test_help_does_not_import_heavy_packages() -> None:
    code = (
        "import sys\nfrom flaskdash.cli import cli\n"
        "cli(['--help'], standalone_mode=False)\n"
        "print('LOADED', *sys.modules)"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = set(process.stdout.split("LOADED")[1].split())
    assert not loaded & {"pandas", "numpy", "duckdb", "cookiecutter", "jinja2", "rich", "tomlkit"}
    assert not loaded & {"subprocess", "http.server", "watchfiles", "uv"}


def test_an_unknown_command_is_a_usage_error(flaskdash: Cli) -> None:
    output = flaskdash("nwe", code=2).output
    assert "No such command 'nwe'. Did you mean 'new'?" in output
    assert output.startswith("Usage: ")
    assert "Did you mean" not in flaskdash("xyzzy", code=2).output


def test_an_unknown_option_suggests_similar_ones(flaskdash: Cli) -> None:
    assert "'--data'?" in flaskdash("new", "x", "--dat", "y", code=2).output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completion(shell: str) -> None:
    def complete(**env: str) -> str:
        process = subprocess.run(
            [sys.executable, "-m", "flaskdash"],
            env=os.environ | env,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        return process.stdout

    assert "flaskdash" in complete(_FLASKDASH_COMPLETE=f"{shell}_source")
    if shell == "bash":
        words = {"COMP_WORDS": "flaskdash add-", "COMP_CWORD": "1"}
        assert "add-chart" in complete(_FLASKDASH_COMPLETE="bash_complete", **words)


def test_output_is_utf8_in_any_locale(sales: Path) -> None:
    path = sales.with_name("größe.csv")
    path.write_text("größe,文字\n" + "".join(f"{n},x{n % 3}\n" for n in range(30)), "utf-8")
    process = subprocess.run(
        [sys.executable, "-m", "flaskdash", "inspect", str(path)],
        env=os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        capture_output=True,
        check=True,
    )
    assert "größe" in process.stdout.decode("utf-8")


def test_inspect_json_has_the_documented_keys(sales: Path, flaskdash: Cli) -> None:
    values = json.loads(flaskdash("inspect", sales, "--json").stdout)
    assert values["source"] == str(sales)
    assert values["read"] == {
        "format": "csv",
        "encoding": "utf-8",
        "delimiter": ",",
        "decimal": ".",
        "header_row": 1,
        "rows": 360,
        "skipped_rows": 0,
    }
    assert [column["name"] for column in values["columns"]][:2] == ["date", "region"]
    assert (
        values["columns"][1].items()
        >= {
            "name": "region",
            "type": "text",
            "role": "geography",
            "missing": 0,
            "distinct": 4,
        }.items()
    )
    keys = {"kind", "x", "y", "agg", "color", "grain", "title", "rank", "why"}
    assert all(keys <= chart.keys() for chart in values["charts"])
    ranks = [chart["rank"] for chart in values["charts"]]
    assert ranks == list(range(1, len(ranks) + 1))


def test_inspect_as_text(sales: Path, flaskdash: Cli) -> None:
    text = flaskdash("inspect", sales).output
    assert "Revenue by region" in text
    assert "\x1b" not in text


def test_errors_go_to_stderr_with_a_hint(folder: Path) -> None:
    (folder / "nov.csv").write_text("a,b\n1,2\n", "utf-8")
    process = subprocess.run(
        [sys.executable, "-m", "flaskdash", "inspect", "no.csv"], capture_output=True, text=True
    )
    assert process.returncode == 1
    assert process.stdout == ""
    assert process.stderr.startswith("Error: ")
    assert process.stderr.endswith("\nTry: nov.csv\n")


def test_a_terminal_shows_a_spinner() -> None:
    code = "import time; from flaskdash.progress import working\nwith working('Reading'): time.sleep(1)"
    child = pexpect.spawn(sys.executable, ["-c", code], encoding="utf-8", timeout=30)
    child.expect(pexpect.EOF)
    frames = re.findall("[\u2801-\u28ff]", child.before)  # the braille dots of the spinner
    assert len(set(frames)) > 3, "the spinner does not move"
