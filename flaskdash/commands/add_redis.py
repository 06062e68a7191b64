"""`flaskdash add-redis`: share cached answers between instances."""

from pathlib import Path

import click

from flaskdash.progress import echo


@click.command("add-redis")
@click.option(
    "--dry-run", is_flag=True, help="Print the files that would be created, and create none."
)
def command(dry_run: bool) -> None:
    """Share cached answers between several instances of the dashboard.

    REDIS_URL is the address of the Redis that stores them. Without it, or while Redis does not
    answer, each instance has its own cache.

    \b
    Example:
      flaskdash add-redis
    """
    from flaskdash.generate.parts import REDIS, add_part
    from flaskdash.project import Project

    add_part(Project.find(Path.cwd()), REDIS, echo, dry_run)
    if not dry_run:
        echo("\nNext:\n  REDIS_URL=redis://localhost:6379 flaskdash serve --prod\n")
