"""The one way to fail: an error for a person, with what to do next."""

import click


class FlaskdashError(click.ClickException):
    """Stop with a message and, where there is one, a hint on a line of its own."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def format_message(self) -> str:
        """Return the message, with the hint below it."""
        return f"{self.message}\nTry: {self.hint}" if self.hint else self.message
