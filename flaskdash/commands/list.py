"""`flaskdash list`: list the contents of a project."""

from pathlib import Path

import click

from flaskdash.progress import echo, echo_json


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> None:
    """List the loaders, charts and dashboards with their files.

    For each loader, it also shows the rows and the age of its snapshot, and the error of the last
    rebuild if that failed.

    \b
    Example:
      flaskdash list
    """
    from dataclasses import asdict

    from flaskdash.commands._report import table
    from flaskdash.project import Project, contents, snapshots

    project = Project.find(Path.cwd())
    listing = contents.as_dict(project)
    loaders = contents.loaders(project)
    for row in listing["loaders"]:
        loader = loaders[row["name"]]
        snapshot = snapshots.state(project, loader.name)
        if as_json:
            row["snapshot"] = asdict(snapshot)
        else:
            row["snapshot"] = "live" if loader.live else str(snapshot)
    if as_json:
        echo_json(listing)
        return
    for heading, rows in listing.items():
        echo(f"{heading}:")
        cells = [
            [value if isinstance(value, str) else ", ".join(value) for value in row.values()]
            for row in rows
        ]
        if rows:
            echo("\n".join(table(cells)))
