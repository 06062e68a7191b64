"""`flaskdash secrets`: store settings on a target, and nowhere else."""

import re
import sys
from pathlib import Path

import click

from flaskdash.commands import _target
from flaskdash.errors import FlaskdashError
from flaskdash.names import is_utf8
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

    The line end after the last line is not part of the value.

    \b
    Example:
      flaskdash secrets set DATABASE_URL
    """
    _check_name(name)
    destination = _target.current(target)
    if sys.stdin.isatty():
        value = click.prompt(name, hide_input=True)
    else:
        text = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
        value = text.removesuffix("\n").removesuffix("\r")
    _check_value(name, value)
    destination.set_secrets({name: value}, echo)


def _check_name(name: str) -> None:
    """Raise FlaskdashError if a shell or a target could take a name for something else."""
    if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        prefix = name.partition("=")[0]  # without a value, which must not be printed
        raise FlaskdashError(
            f"{prefix!r} is not the name of a setting. Give only the name: a value on the command"
            " line would stay in the shell's history.",
            hint="flaskdash secrets set DATABASE_URL",
        )


def _check_value(name: str, value: str) -> None:
    """Raise FlaskdashError if a value cannot be that of an environment variable."""
    if not value:
        raise FlaskdashError(f"The value of {name} is empty.")
    if "\0" in value or not is_utf8(value):
        raise FlaskdashError(f"The value of {name} is not text in UTF-8.")


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

    if not is_utf8(file.read_bytes().decode("utf-8", "surrogateescape")):
        raise FlaskdashError(f"{file} is not text in UTF-8.")
    values = {name: value for name, value in dotenv(file).items() if value}
    for name, value in values.items():
        _check_name(name)
        _check_value(name, value)
    if not values:
        raise FlaskdashError(f"{file} has no settings. Write lines such as DATABASE_URL=VALUE.")
    _target.current(target).set_secrets(values, echo)
