"""What the commands that ask a target share: its argument, and how results and errors are printed."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flaskdash.errors import FlaskdashError

if TYPE_CHECKING:
    from flaskdash.deploy.target import Target

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
argument = click.argument("target", required=False)


def live(named: str | None) -> Target:
    """Return the target of the project around the working directory."""
    from flaskdash.deploy import targets
    from flaskdash.project import Project

    return targets.live(Project.find(Path.cwd()), named)


def dump(value: Any) -> None:
    """Print JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def echo(line: str) -> None:
    """Print a line of progress where JSON is the result: on stderr."""
    click.echo(line, err=True)


def errors_as_json(function: Callable[..., None]) -> Callable[..., None]:
    """Let a command with --json print its failure as JSON too, with the same exit code."""

    @functools.wraps(function)
    def wrapped(*args: Any, as_json: bool, **kwargs: Any) -> None:
        try:
            function(*args, as_json=as_json, **kwargs)
        except FlaskdashError as error:
            if not as_json:
                raise
            dump({"error": error.message, "hint": error.hint, "exit_code": error.exit_code})
            error.show(sys.stderr)
            raise click.exceptions.Exit(error.exit_code) from error

    return wrapped
