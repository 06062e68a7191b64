"""`flaskdash add-api`: let programs and assistants read the data."""

from pathlib import Path

import click

from flaskdash.progress import echo


@click.command("add-api")
@click.option(
    "--dry-run", is_flag=True, help="Print the files that would be created, and create none."
)
def command(dry_run: bool) -> None:
    """Let programs read loaders and charts at /api/v1, and assistants ask at /mcp, with a key.

    Rows can be filtered, sorted and paged, as JSON, CSV or Parquet; /api/v1/docs describes all of it.
    Keys have a role and scopes, and see the rows of their user. This adds a database (see
    add-database) if the project has none.

    \b
    Example:
      flaskdash add-api
    """
    from flaskdash.generate.backend import API, add_with_database
    from flaskdash.project import Project

    add_with_database(Project.find(Path.cwd()), API, echo, dry_run)
    if not dry_run:
        echo("\nNext:\n  flaskdash key add reports\n")
