"""The error that stops a command: a message for the user, and a command to run next."""

import click

from flaskdash.progress import printable_lines


class FlaskdashError(click.ClickException):
    """Stop the command with a message, and a hint on its own line.

    The hint is text that the user can type: a command or an option.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def format_message(self) -> str:
        """Return the message with its hint, without control characters of names in data."""
        text = f"{self.message}\nTry: {self.hint}" if self.hint else self.message
        return printable_lines(text)
