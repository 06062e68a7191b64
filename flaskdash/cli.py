"""The command line. Each command is a module in commands/."""

import errno
import importlib
import sys
from typing import Any

import click
from click.exceptions import NoSuchCommand

from flaskdash import __version__
from flaskdash.errors import FlaskdashError

# In the order in which a new user needs them. A module is imported when its command runs.
COMMANDS = {
    "new": "Create a project from data.",
    "serve": "Run the project; reload it after each save.",
    "add-chart": "Add a chart.",
    "add-data": "Add a data set and its loader.",
    "add-plotly": "Add what draws further types of Plotly's traces.",
    "add-auth": "Let people sign in, and close the rest.",
    "add-api": "Let programs and assistants read the data.",
    "add-database": "Add tables of the project's own, with migrations.",
    "add-form": "Add a form, whose rows are charted at once.",
    "add-redis": "Share cached answers between instances.",
    "inspect": "Show the contents of a data file.",
    "list": "List loaders, charts and dashboards.",
    "refresh": "Rebuild the snapshots now.",
    "remove": "Delete a chart, a loader or a part.",
    "user": "Manage who may sign in.",
    "key": "Manage the keys of programs.",
    "who-sees": "Print who sees which dashboards and rows.",
    "check": "Check whether the project is ready to deploy.",
    "deploy": "Check the project and deploy it to a target.",
    "releases": "List the releases of a target.",
    "rollback": "Make an earlier release live again.",
    "status": "Show the live release and whether it answers.",
    "logs": "Print the log of a target.",
    "open": "Open the live dashboard in the browser.",
    "secrets": "Store secrets on a target.",
}


class Commands(click.Group):
    """The commands, which are imported only when they run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing their modules."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"flaskdash.commands.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; for an unknown name, suggest similar ones.

        Raises FlaskdashError for text that is not UTF-8, which no file of a project could hold.
        The names of files may be in another encoding.
        """
        from pathlib import Path

        from flaskdash.names import is_utf8

        for text in args:
            path = text.partition("=")[2] if text.startswith("--") else text
            if not is_utf8(text) and not Path(path).exists():
                raise FlaskdashError(f"{text!r} is not valid UTF-8, and not the name of a file.")
        try:
            return super().resolve_command(ctx, args)
        except NoSuchCommand as error:
            raise NoSuchCommand(error.command_name, possibilities=COMMANDS, ctx=ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; report a full disk or a read-only folder without a traceback."""
        from flaskdash import temporary

        try:
            with temporary.folder():
                return super().invoke(ctx)
        except OSError as error:
            if error.errno == errno.EPIPE or error.strerror is None:
                raise
            prefix = f"{error.filename}: " if error.filename else ""
            raise FlaskdashError(f"{prefix}{error.strerror}") from error


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="flaskdash")
def cli() -> None:
    """Turn a data file into a live web dashboard in plain Flask, and deploy it to a server.

    \b
    Example:
      flaskdash new myproj --data sales.csv
      cd myproj && flaskdash serve
    """


def main() -> None:
    """Run the command line, with UTF-8 output in any locale.

    In answers to questions, bytes that are not text become the replacement character.
    """
    if hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(errors="replace")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        cli(prog_name="flaskdash")
    except OSError as error:  # --help on a full disk: no command is invoked
        from flaskdash.errors import FlaskdashError

        FlaskdashError(f"The help cannot be printed: {error.strerror}").show()
        sys.exit(1)
