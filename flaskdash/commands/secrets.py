"""`flaskdash secrets`: store settings on a target, and nowhere else."""

import re
import sys
from pathlib import Path

import click

from flaskdash.commands import _target
from flaskdash.errors import FlaskdashError
from flaskdash.progress import echo, echo_json


@click.group("secrets")
def command() -> None:
    """Store secrets, such as the URL of a database, on a target. Their values are never printed.

    \b
    Example:
      flaskdash secrets set DATABASE_URL
    """


@command.command("set")
@click.argument("name")
@_target.option
def set_secret(name: str, target: str | None) -> None:
    """Set NAME on the target. The command asks for the value, or reads it from standard input.

    \b
    Example:
      flaskdash secrets set DATABASE_URL
    """
    if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        prefix = name.partition("=")[0]  # without a value, which must not be printed
        raise FlaskdashError(
            f"{prefix!r} is not the name of a setting. Give only the name: a value on the command"
            " line would stay in the shell's history.",
            hint="flaskdash secrets set DATABASE_URL",
        )
    destination = _target.current(target)
    if sys.stdin.isatty():
        value = click.prompt(name, hide_input=True)
    else:
        value = sys.stdin.read().rstrip("\r\n")
    if not value or "\n" in value or "\0" in value:
        raise FlaskdashError(f"The value of {name} must be a single line that is not empty")
    destination.set_secrets({name: str(value)}, echo)


@command.command("list")
@_target.argument
@_target.as_json
@_target.errors_as_json
def list_names(target: str | None, as_json: bool) -> None:
    """List the names of the settings on TARGET.

    \b
    Example:
      flaskdash secrets list
    """
    names = sorted(_target.current(target).secrets())
    if as_json:
        echo_json(names)
    else:
        echo("\n".join(names) if names else "No settings are stored.")


@command.command("push")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_target.option
def push(file: Path, target: str | None) -> None:
    """Set all settings in FILE on the target; each line is NAME=VALUE.

    \b
    Example:
      flaskdash secrets push .env.production
    """
    from flaskdash.project import dotenv

    values = {name: value for name, value in dotenv(file).items() if value}
    if not values:
        raise FlaskdashError(f"{file} has no settings. Write lines such as DATABASE_URL=VALUE.")
    _target.current(target).set_secrets(values, echo)
