"""`flaskdash deploy`: put the project on a target."""

import click


@click.command("deploy")
def command() -> None:
    """Deploy."""
