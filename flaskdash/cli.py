"""The command line: parse, call, echo. Each command is a file in commands/."""

import errno
import importlib
import sys
from typing import Any

import click
from click.exceptions import NoSuchCommand

from flaskdash import __version__
from flaskdash.errors import FlaskdashError

# In the order in which a user meets them. Their modules are imported when they are asked for.
COMMANDS = {
    "new": "Make a project from data.",
    "serve": "Run the project; reload it on each save.",
    "add-chart": "Write one more chart.",
    "add-data": "Add a data set and its loader.",
    "add-redis": "Share answers between instances.",
    "inspect": "Show what is in a data file.",
    "list": "List loaders, charts and dashboards.",
    "refresh": "Rebuild the snapshots now.",
    "remove": "Delete a chart or a loader.",
    "check": "Look whether the project is fit to deploy.",
    "deploy": "Check the project and put it on a target.",
    "releases": "List what was deployed, and what is live.",
    "rollback": "Make an earlier release live again.",
    "status": "Show what is live, and whether it answers.",
    "logs": "Show the log of what is live.",
    "open": "Open what is live in the browser.",
    "secrets": "Keep secrets on the target.",
}


class Commands(click.Group):
    """The commands, each a module in commands/."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        return list(COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what each command does, without importing it."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"flaskdash.commands.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that was named; for one that is not there, name those that are near."""
        try:
            return super().resolve_command(ctx, args)
        except NoSuchCommand as error:
            raise NoSuchCommand(error.command_name, possibilities=COMMANDS, ctx=ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a full disk or a folder that can't be written is said in a line."""
        try:
            return super().invoke(ctx)
        except OSError as error:
            if error.errno == errno.EPIPE or error.strerror is None:
                raise
            where = f"{error.filename}: " if error.filename else ""
            raise FlaskdashError(f"{where}{error.strerror}") from error


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="flaskdash")
def cli() -> None:
    """Turn a data file into a live web dashboard in plain Flask, and put it on a server.

    \b
    Example:
      flaskdash new myproj --data sales.csv
      cd myproj && flaskdash serve
    """


def main() -> None:
    """Run the command line; text is UTF-8 whatever the system says."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    cli(prog_name="flaskdash")
