"""`flaskdash add-plotly`: add what draws further types of Plotly's traces."""

from pathlib import Path

import click

from flaskdash.progress import echo


@click.command("add-plotly")
@click.option(
    "--dry-run", is_flag=True, help="Print the files that would be created, and create none."
)
def command(dry_run: bool) -> None:
    """Add what draws further types of Plotly's traces, such as histograms, boxes and maps.

    The first chart of a kind that needs it adds it too; this is for figures that you write
    yourself, with plotly.express or plotly.graph_objects.

    \b
    Example:
      flaskdash add-plotly
    """
    from flaskdash.generate.add import add_plotly
    from flaskdash.project import Project

    add_plotly(Project.find(Path.cwd()), echo, dry_run)
