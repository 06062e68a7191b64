"""The error that stops a command: a message for the user, and a command to run next."""

import click


class FlaskdashError(click.ClickException):
    """Stop the command with a message, and a hint on its own line.

    The hint is text that the user can type: a command or an option.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def format_message(self) -> str:
        return f"{self.message}\nTry: {self.hint}" if self.hint else self.message
