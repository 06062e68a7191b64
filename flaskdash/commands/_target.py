"""Shared by the commands for targets: their arguments, and the output of results and errors."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flaskdash.errors import FlaskdashError
from flaskdash.progress import echo, echo_json

if TYPE_CHECKING:
    from flaskdash.deploy.target import Target

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
argument = click.argument("target", required=False)
option = click.option(
    "--target", metavar="TARGET", help="The target.  [default: the one in pyproject.toml]"
)


def current(requested: str | None) -> Target:
    """Return the requested or remembered target of the project in the working directory."""
    from flaskdash.deploy import targets
    from flaskdash.project import Project

    return targets.current(Project.find(Path.cwd()), requested)


def echo_on_stderr(line: str) -> None:
    """Print a line of progress on stderr, for commands whose stdout is JSON."""
    echo(line, err=True)


def errors_as_json(function: Callable[..., None]) -> Callable[..., None]:
    """Print the failure of a command as JSON if it has --json; keep its exit code."""

    @functools.wraps(function)
    def wrapped(*args: Any, as_json: bool, **kwargs: Any) -> None:
        try:
            function(*args, as_json=as_json, **kwargs)
        except FlaskdashError as error:
            if not as_json:
                raise
            echo_json({"error": error.message, "hint": error.hint, "exit_code": error.exit_code})
            error.show(sys.stderr)
            raise click.exceptions.Exit(error.exit_code) from error

    return wrapped
