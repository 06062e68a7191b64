"""`flaskdash new`: a project from data."""

from pathlib import Path

import click

from flaskdash.commands.inspect import TABLE


@click.command("new")
@click.argument("name")
@click.option(
    "--data",
    "sources",
    metavar="SOURCE",
    multiple=True,
    help="A file, a folder of files or a URL with data; may be given several times.  [default: a sample]",
)
@click.option("--table", metavar="NAME", help=TABLE)
@click.option("--live", is_flag=True, help="Have charts ask the database itself: no snapshot.")
@click.option("--title", default="", help="Title of the project.  [default: from its name]")
@click.option(
    "--charts",
    default=6,
    show_default=True,
    type=click.IntRange(0, 50),
    help="How many charts to make, besides the KPIs.",
)
@click.option("--no-install", is_flag=True, help="Make no environment and no lock.")
@click.option("--no-git", is_flag=True, help="Make no git repository.")
@click.option("--dry-run", is_flag=True, help="Print what would be made, and make nothing.")
def command(
    name: str,
    sources: tuple[str, ...],
    table: str | None,
    live: bool,
    title: str,
    charts: int,
    no_install: bool,
    no_git: bool,
    dry_run: bool,
) -> None:
    """Make a project NAME: loader, KPIs, charts and filters, chosen from the data.

    Without --data it uses a sample: flights from New York's airports in 2013, from the US Bureau of
    Transportation Statistics, which is in the public domain.

    \b
    Example:
      flaskdash new myproj --data sales.csv
    """
    from flaskdash.generate import new

    given = sources or (str(new.SAMPLE),)
    plan = new.plan(Path.cwd(), name, title, given, charts, not no_install, not no_git, table, live)
    for source in plan.sources:
        rows = source.inspection.read.rows
        click.echo(f"read      {source.path.name}: {rows:,} rows as {source.name}")
        for note in (*source.inspection.notes, source.inspection.declined):
            if note:
                click.echo(f"          {note}")
        for variable in source.secrets():
            click.echo(
                f"          its address goes into .env, as {variable}; git ignores that file"
            )
    for line in new.create(plan, click.echo, dry_run):
        click.echo(line, err=True)
    if dry_run:
        click.echo("Nothing was written: that was --dry-run.")
        return
    click.echo(
        f"\nNext:\n  cd {name}\n  flaskdash serve\n"
        "  flaskdash add-chart        # one more chart; it asks which\n"
    )
