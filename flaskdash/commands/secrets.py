"""`flaskdash secrets`: settings that are kept on the target, and nowhere else."""

import re
import sys
from pathlib import Path

import click

from flaskdash.commands import _target
from flaskdash.errors import FlaskdashError


@click.group("secrets")
def command() -> None:
    """Keep secrets, such as a database's URL, on the target; their values are never shown.

    \b
    Example:
      flaskdash secrets set DATABASE_URL
    """


@command.command("set")
@click.argument("name")
@click.option("--target", metavar="TARGET", help="The target.  [default: the remembered one]")
def set_one(name: str, target: str | None) -> None:
    """Set NAME on the target. The value is asked for, or read from standard input.

    \b
    Example:
      flaskdash secrets set DATABASE_URL
    """
    if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        shown = name.partition("=")[0]
        raise FlaskdashError(
            f"{shown!r} is not a name for a setting",
            hint="the name alone, such as DATABASE_URL: a value on the command line stays in its history",
        )
    place = _target.live(target)
    if sys.stdin.isatty():
        value = click.prompt(name, hide_input=True)
    else:
        value = sys.stdin.read().rstrip("\r\n")
    if not value or "\n" in value or "\0" in value:
        raise FlaskdashError(f"the value of {name} has to be one line, and not empty")
    place.set_secrets({name: str(value)}, click.echo)


@command.command("list")
@_target.argument
@_target.as_json
@_target.errors_as_json
def list_names(target: str | None, as_json: bool) -> None:
    """List the names of what is set on TARGET.

    \b
    Example:
      flaskdash secrets list
    """
    names = sorted(_target.live(target).secrets())
    if as_json:
        _target.dump(names)
    else:
        click.echo("\n".join(names) if names else "Nothing is set.")


@command.command("push")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--target", metavar="TARGET", help="The target.  [default: the remembered one]")
def push(file: Path, target: str | None) -> None:
    """Set on the target all that FILE sets, a line NAME=VALUE each.

    \b
    Example:
      flaskdash secrets push .env.production
    """
    from flaskdash.project import dotenv

    values = {name: value for name, value in dotenv(file).items() if value}
    if not values:
        raise FlaskdashError(f"{file} sets nothing", hint="a line such as DATABASE_URL=...")
    _target.live(target).set_secrets(values, click.echo)
