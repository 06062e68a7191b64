"""`flaskdash add-data`: add a data set to a project."""

from pathlib import Path

import click

from flaskdash.commands.inspect import TABLE, header_option, read_option
from flaskdash.progress import echo


@click.command("add-data")
@click.argument("source")
@click.option("--name", help="Name of the loader.  [default: from the file]")
@click.option("--table", metavar="NAME", help=TABLE)
@read_option
@header_option
@click.option("--query", metavar="SQL", help="Query to read from a database, instead of a table.")
@click.option("--live", is_flag=True, help="Query the database for each chart, without a snapshot.")
@click.option("--refresh", metavar="15m", default="", help="How often to read the data again.")
@click.option(
    "--dry-run", is_flag=True, help="Print the files that would be created, and create none."
)
def command(
    source: str,
    name: str | None,
    table: str | None,
    reading: tuple[str, ...],
    headers: tuple[str, ...],
    query: str | None,
    live: bool,
    refresh: str,
    dry_run: bool,
) -> None:
    """Copy the data file SOURCE into the project, and write a loader for it.

    SOURCE can also be a folder of files with the same columns, or - for standard input. If it is
    a URL, the loader checks it every hour and downloads the file when it has changed. If it is a
    database (postgresql://..., mysql://..., mongodb://..., or an environment variable such as
    DATABASE_URL that contains the address), the loader queries it. An address with a password or a key is only
    stored in .env.

    \b
    Example:
      flaskdash add-data costs.csv --name costs
    """
    from flaskdash.generate.add import add_data
    from flaskdash.generate.sources import SourceOptions, check_refresh
    from flaskdash.inspect import reading as readings
    from flaskdash.inspect.formats import url as urls
    from flaskdash.project import Project

    options = SourceOptions(
        table,
        query,
        live,
        check_refresh(refresh),
        reading=readings.parse(reading),
        headers=urls.parse_headers(headers),
    )
    project = Project.find(Path.cwd())
    data_set = add_data(project, source, name, echo, dry_run, options)
    for note in (*data_set.inspection.notes, data_set.inspection.declined):
        if note:
            echo(f"          {note}")
    if not dry_run:
        echo(f"\nNext:\n  flaskdash add-chart --data {data_set.name}\n")
