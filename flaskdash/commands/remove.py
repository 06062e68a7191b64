"""`flaskdash remove`: delete a chart, a loader or a part."""

from pathlib import Path

import click

from flaskdash.progress import echo


@click.command("remove")
@click.argument("name")
@click.option("--force", is_flag=True, help="Delete it even if it was edited or is in use.")
def command(name: str, force: bool) -> None:
    """Delete a chart or a loader that flaskdash created, by its NAME in `flaskdash list`.

    If its file has been edited, the command prints the changes and keeps the file. NAME can also
    be a part that was added, such as database: its packages go, too, unless others use them.

    \b
    Example:
      flaskdash remove revenue_by_region
    """
    from flaskdash.generate.remove import remove
    from flaskdash.project import Project

    remove(Project.find(Path.cwd()), name, echo, force)
