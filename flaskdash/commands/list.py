"""`flaskdash list`: what a project holds."""

from pathlib import Path

import click


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> None:
    """List the loaders, charts and dashboards, and where each lives.

    A loader's snapshot is told too: its rows, how old it is, and why it could not be rebuilt.

    \b
    Example:
      flaskdash list
    """
    from dataclasses import asdict

    from flaskdash.commands._report import table
    from flaskdash.project import Project, contents, snapshots

    project = Project.find(Path.cwd())
    found = contents.as_dict(project)
    loaders = contents.loaders(project)
    stand = {name: snapshots.of(project, name) for name in loaders}
    for loader in found["loaders"]:
        snapshot = stand[loader["name"]]
        loader["snapshot"] = asdict(snapshot) if as_json else str(snapshot)
        if loaders[loader["name"]].live and not as_json:
            loader["snapshot"] = "live"
    if as_json:
        import json

        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for heading, rows in found.items():
        click.echo(f"{heading}:")
        cells = [
            [value if isinstance(value, str) else ", ".join(value) for value in row.values()]
            for row in rows
        ]
        if rows:
            click.echo("\n".join(table(cells)))
