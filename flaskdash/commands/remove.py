"""`flaskdash remove`: take a chart or a loader away."""

from pathlib import Path

import click


@click.command("remove")
@click.argument("name")
@click.option("--force", is_flag=True, help="Remove it although it was edited or is in use.")
def command(name: str, force: bool) -> None:
    """Delete a chart or a loader that flaskdash made, by its NAME in `flaskdash list`.

    A file that was edited since is kept, and the difference shown.

    \b
    Example:
      flaskdash remove revenue_by_region
    """
    from flaskdash.generate.remove import remove
    from flaskdash.project import Project

    remove(Project.find(Path.cwd()), name, click.echo, force)
