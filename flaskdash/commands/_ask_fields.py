"""The questions of `add-form` on a terminal: the fields, until the answer is empty."""

from collections.abc import Callable
from typing import Any

import click

from flaskdash.errors import FlaskdashError
from flaskdash.generate import fields as form_fields
from flaskdash.generate.field_types import TYPES
from flaskdash.generate.fields import Field
from flaskdash.progress import echo


def name() -> str:
    """Ask for the name of the form."""
    return str(click.prompt("Name of the form, such as orders"))


def fields() -> tuple[Field, ...]:
    """Ask for fields; Enter ends the list."""
    echo(f"Types: {', '.join(TYPES)}")
    answers: list[Field] = []
    while field_name := click.prompt(
        "Field (Enter to finish)" if answers else "Field",
        default="" if answers else None,
        show_default=False,
        value_proc=_checked(_field_name),
    ):
        kind = click.prompt("  Type", type=click.Choice(list(TYPES)), default="text")
        choices: tuple[str, ...] = ()
        if kind == "choice":
            choices = click.prompt(
                "  Choices (separated by |)", value_proc=_checked(form_fields.parse_choices)
            )
        required = kind != "flag" and click.confirm("  Required?", default=False)
        answers.append(Field(field_name, kind, required, choices))
    return form_fields.check_all(answers)


def _field_name(text: str) -> str:
    if text:
        form_fields.check_name(text)
    return text


def _checked(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return a parser of answers that asks again if one is not valid."""

    def parse_answer(text: str) -> Any:
        try:
            return parse(text.strip())
        except FlaskdashError as error:
            raise click.BadParameter(error.message) from error

    return parse_answer
