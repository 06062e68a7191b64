"""`flaskdash add-data`: one more data set."""

from pathlib import Path

import click

from flaskdash.commands.inspect import TABLE


@click.command("add-data")
@click.argument("source")
@click.option("--name", help="Name of the loader.  [default: from the file]")
@click.option("--table", metavar="NAME", help=TABLE)
@click.option("--query", metavar="SQL", help="What to read from a database, in place of a table.")
@click.option("--live", is_flag=True, help="Have charts ask the database itself: no snapshot.")
@click.option("--refresh", metavar="15m", default="", help="How long the data is good for.")
@click.option("--dry-run", is_flag=True, help="Print what would be made, and make nothing.")
def command(
    source: str,
    name: str | None,
    table: str | None,
    query: str | None,
    live: bool,
    refresh: str,
    dry_run: bool,
) -> None:
    """Copy SOURCE, a file with data, into the project, and write its loader.

    SOURCE may be a folder of files with one shape, - for standard input, or a URL: then the loader
    asks it again every hour, and fetches the file where it has changed. It may be a database too:
    postgresql://..., mysql://..., or DATABASE_URL, a variable that holds such an address. An
    address with a password or a key in it goes into .env, and nowhere else.

    \b
    Example:
      flaskdash add-data costs.csv --name costs
    """
    from flaskdash.generate.add import add_data
    from flaskdash.generate.sources import Wanted, checked
    from flaskdash.project import Project

    wanted = Wanted(query, live, checked(refresh))
    added = add_data(Project.find(Path.cwd()), source, name, click.echo, dry_run, table, wanted)
    for note in (*added.inspection.notes, added.inspection.declined):
        if note:
            click.echo(f"          {note}")
    if not dry_run:
        click.echo(f"\nNext:\n  flaskdash add-chart --data {added.name}\n")
