"""`flaskdash add-database`: add tables of the project's own."""

from pathlib import Path

import click

from flaskdash.progress import echo


@click.command("add-database")
@click.option(
    "--url",
    metavar="ADDRESS",
    default="",
    help="Address of a database on a server.  [default: an SQLite file in instance/]",
)
@click.option(
    "--dry-run", is_flag=True, help="Print the files that would be created, and create none."
)
def command(url: str, dry_run: bool) -> None:
    """Add a database to the project: models in SQLAlchemy, and migrations.

    Its tables are the project's own, such as those of forms and accounts. (To chart tables of a
    database that exists, use add-data.) ADDRESS, such as postgresql://ann:secret@host/shop or
    mariadb://..., is stored in .env as DATABASE_URL. Each release brings the tables up to date
    before it answers.

    \b
    Example:
      flaskdash add-database
    """
    from flaskdash.generate.database import add_database
    from flaskdash.project import Project

    add_database(Project.find(Path.cwd()), url, echo, dry_run)
    if not dry_run:
        echo("\nNext:\n  uv run flask db upgrade\n")
