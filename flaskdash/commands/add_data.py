"""`flaskdash add-data`: one more data set."""

from pathlib import Path

import click

from flaskdash.commands.inspect import TABLE


@click.command("add-data")
@click.argument("source")
@click.option("--name", help="Name of the loader.  [default: from the file]")
@click.option("--table", metavar="NAME", help=TABLE)
@click.option("--dry-run", is_flag=True, help="Print what would be made, and make nothing.")
def command(source: str, name: str | None, table: str | None, dry_run: bool) -> None:
    """Copy SOURCE, a file with data, into the project, and write its loader.

    SOURCE may be a folder of files with one shape, - for standard input, or a URL: then the loader
    asks it again every hour, and fetches the file where it has changed.

    \b
    Example:
      flaskdash add-data costs.csv --name costs
    """
    from flaskdash.add import add_data
    from flaskdash.project import Project

    added = add_data(Project.find(Path.cwd()), source, name, click.echo, dry_run, table)
    for note in (*added.inspection.notes, added.inspection.declined):
        if note:
            click.echo(f"          {note}")
    if not dry_run:
        click.echo(f"\nNext:\n  flaskdash add-chart --data {added.name}\n")
