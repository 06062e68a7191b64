"""`flaskdash new`: create a project from data."""

from pathlib import Path

import click

from flaskdash.commands.inspect import TABLE, header_option, read_option
from flaskdash.progress import echo


@click.command("new")
@click.argument("name")
@click.option(
    "--data",
    "sources",
    metavar="SOURCE",
    multiple=True,
    help="File, folder of files or URL with data; can be repeated.  [default: a sample]",
)
@click.option("--table", metavar="NAME", help=TABLE)
@read_option
@header_option
@click.option("--live", is_flag=True, help="Query the database for each chart, without a snapshot.")
@click.option("--title", default="", help="Title of the project.  [default: from its name]")
@click.option(
    "--charts",
    default=6,
    show_default=True,
    type=click.IntRange(0, 50),
    help="Number of charts to create, besides the KPIs.",
)
@click.option("--no-install", is_flag=True, help="Do not create an environment and a lock.")
@click.option("--no-git", is_flag=True, help="Do not create a git repository.")
@click.option(
    "--dry-run", is_flag=True, help="Print the files that would be created, and create none."
)
def command(
    name: str,
    sources: tuple[str, ...],
    table: str | None,
    reading: tuple[str, ...],
    headers: tuple[str, ...],
    live: bool,
    title: str,
    charts: int,
    no_install: bool,
    no_git: bool,
    dry_run: bool,
) -> None:
    """Create the project NAME, with a loader, KPIs, charts and filters that fit the data.

    Without --data, it uses a sample: flights from New York's airports in 2013, in the public
    domain, from the US Bureau of Transportation Statistics.

    \b
    Example:
      flaskdash new myproj --data sales.csv
    """
    from flaskdash.generate import new
    from flaskdash.inspect import reading as readings
    from flaskdash.inspect.formats import url as urls

    plan = new.plan(
        Path.cwd(),
        name,
        sources or (str(new.SAMPLE),),
        title=title,
        max_charts=charts,
        install=not no_install,
        git=not no_git,
        table=table,
        live=live,
        reading=readings.parse(reading),
        headers=urls.parse_headers(headers),
    )
    for source in plan.sources:
        rows = source.inspection.total or source.inspection.read.rows
        echo(f"read      {source.path.name}: {rows:,} rows as {source.name}")
        for note in (*source.inspection.notes, source.inspection.declined):
            if note:
                echo(f"          {note}")
        for variable in source.secrets():
            echo(f"          its address is stored in .env as {variable}; git ignores that file")
    for line in new.create(plan, echo, dry_run):
        echo(line, err=True)
    if dry_run:
        echo("Nothing was written, because of --dry-run.")
        return
    echo(
        f"\nNext:\n  cd {name}\n  flaskdash serve\n"
        "  flaskdash add-chart        # asks for one more chart\n"
    )
