"""The fields of a form: what is typed as name:type, and the Python that each type becomes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flaskdash import names
from flaskdash.charts.suggest.wording import humanise
from flaskdash.errors import FlaskdashError
from flaskdash.generate.field_types import TYPES, FieldType
from flaskdash.names import capital

LONGEST_CHOICE = 200
MOST_CHOICES = 200
EXAMPLE = "--field name:text:required --field 'region:choice(North|South)' --field amount:money"
# Attributes that models and forms have already, and names that their modules use in a class body.
RESERVED = frozenset(
    """id created changed version metadata registry data errors meta form_errors csrf_token validate
    process populate_obj hidden_tag is_submitted validate_on_submit clean now sa dt file find sort
    desc page row rows""".split()
)


@dataclass(frozen=True)
class Field:
    """A field of a form; `choices` are those of the type choice."""

    name: str
    type: str
    required: bool = False
    choices: tuple[str, ...] = ()

    @property
    def kind(self) -> FieldType:
        return TYPES[self.type]

    @property
    def label(self) -> str:
        return capital(humanise(self.name))

    @property
    def annotation(self) -> str:
        """Return the type of the model's attribute."""
        is_filled = self.required or self.type == "flag"
        return self.kind.python if is_filled else f"{self.kind.python} | None"

    @property
    def validators(self) -> list[str]:
        """Return the validators of the form's field, as Python source."""
        if self.type == "file":  # an edited row has one already
            return [*["NeedsFile()"] * self.required, *self.kind.checks]
        if not self.required:
            return [] if self.type == "flag" else ["Optional()", *self.kind.checks]
        is_zero_valid = self.kind.is_number
        return ["InputRequired()" if is_zero_valid else "DataRequired()", *self.kind.checks]

    @property
    def source(self) -> str:
        """Return the line of the form's class."""
        arguments = [repr(self.label)]
        if self.validators:
            arguments.append(f"[{', '.join(self.validators)}]")
        if self.choices:
            arguments.append(f"choices=[BLANK, *CHOICES[{self.name!r}]]")
        return f"{self.kind.field}({', '.join([*arguments, *self.kind.arguments])})"

    @property
    def typed(self) -> str:
        """Return a valid text for a test."""
        return self.choices[0] if self.choices else self.kind.typed

    def sample(self, number: int) -> Any:
        """Return an invented value, from which a chart is suggested."""
        return (
            self.choices[number % len(self.choices)] if self.choices else self.kind.sample(number)
        )


def parse(texts: Sequence[str]) -> tuple[Field, ...]:
    """Return the fields of a form; raise FlaskdashError if a text does not describe one."""
    return check_all([parse_field(text) for text in texts])


def check_all(fields: Sequence[Field]) -> tuple[Field, ...]:
    """Return the fields; raise FlaskdashError if they do not go together."""
    columns = [column for field in fields for column in _columns(field)]
    if clashes := sorted({column for column in columns if columns.count(column) > 1}):
        raise FlaskdashError(f"Two fields need the column {clashes[0]}. Rename one.", hint=EXAMPLE)
    if all(not field.kind.dtype for field in fields):
        raise FlaskdashError(
            "A form of e-mail addresses or files alone has nothing to chart. Add a field of another"
            " type.",
            hint=EXAMPLE,
        )
    return tuple(fields)


def parse_field(text: str) -> Field:
    """Return the field of a text such as amount:money:required or region:choice(North|South)."""
    match = re.fullmatch(r"([^:]*):([a-z]+)(?:\((.*)\))?(:required)?", text, re.DOTALL)
    if match is None:
        raise FlaskdashError(
            f"--field {text!r} is not NAME:TYPE or NAME:TYPE:required.", hint=EXAMPLE
        )
    name, kind, choices, required = match.groups()
    check_name(name)
    if kind not in TYPES:
        raise FlaskdashError(
            f"--field {text!r} has an unknown type. Use one of: {', '.join(TYPES)}.",
            hint=f"--field {name}:text",
        )
    if (kind == "choice") != (choices is not None):
        problem = "needs its choices" if kind == "choice" else "takes no choices"
        raise FlaskdashError(
            f"--field {text!r}: the type {kind} {problem}.", hint=f"--field '{name}:choice(A|B|C)'"
        )
    values = parse_choices(choices) if choices is not None else ()
    return Field(name, kind, bool(required), values)


def check_name(name: str) -> None:
    """Raise FlaskdashError if a field cannot have this name."""
    identifier = names.identifier(name, "field")
    if name in RESERVED:
        identifier = f"{name}_field"
    if name != identifier:
        raise FlaskdashError(
            f"{name!r} cannot be the name of a field: use lower-case letters, digits and _, and no"
            " word that Python, SQL or the form itself uses.",
            hint=f"--field {identifier}:text",
        )


def parse_choices(text: str) -> tuple[str, ...]:
    """Return the choices in a text such as North|South."""
    choices = tuple(dict.fromkeys(choice.strip() for choice in text.split("|")))
    is_valid = all(
        choice and len(choice) <= LONGEST_CHOICE and choice.isprintable() for choice in choices
    )
    if not is_valid or not 2 <= len(choices) <= MOST_CHOICES:
        raise FlaskdashError(
            f"Choices are 2 to {MOST_CHOICES} different texts of up to {LONGEST_CHOICE} characters,"
            " separated by |.",
            hint="--field 'region:choice(North|South)'",
        )
    return choices


def _columns(field: Field) -> list[str]:
    return [field.name, f"{field.name}_file"] if field.type == "file" else [field.name]
